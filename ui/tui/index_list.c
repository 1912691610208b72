/* Indices one after the other. */
#include "index_list.h"

#include <stdlib.h>

#define FIRST_SIZE 256

bool index_list_push(struct index_list *l, uint32_t index)
{
    if (l->n == l->size) {
        size_t size = l->size == 0 ? FIRST_SIZE : l->size * 2;
        uint32_t *more = realloc(l->at, size * sizeof *more);
        if (more == NULL) {
            return false;
        }
        l->at = more;
        l->size = size;
    }
    l->at[l->n++] = index;
    return true;
}

void index_list_done(struct index_list *l)
{
    free(l->at);
    *l = (struct index_list){.n = 0};
}
