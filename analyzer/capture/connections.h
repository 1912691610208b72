/* A set of connections, by the number of their first packet (never 0). */
#ifndef WSIGHT_CAPTURE_CONNECTIONS_H
#define WSIGHT_CAPTURE_CONNECTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connections {
    uint64_t *slots; /* open addressing; 0: free */
    size_t size, n;  /* size: a power of 2 */
};

/* false when out of memory, or already as many as SAVE_CONNECTIONS_MAX. */
bool connections_add(struct connections *set, uint64_t connection);
bool connections_has(const struct connections *set, uint64_t connection);
void connections_remove(struct connections *set, uint64_t connection);
void connections_done(struct connections *set);

#endif
