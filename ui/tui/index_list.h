/* A list of indices (of sessions, of messages) that grows. Zeroed it is empty. */
#ifndef WSIGHT_INDEX_LIST_H
#define WSIGHT_INDEX_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct index_list {
    uint32_t *at; /* NULL: nothing was put into it yet */
    size_t n, size;
};

/* false when out of memory. */
bool index_list_push(struct index_list *, uint32_t index);
void index_list_done(struct index_list *);

#endif
