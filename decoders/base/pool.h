/*
 * Pools of equal-sized objects that are touched at random, once or twice a packet: flows, streams,
 * decoder states, sessions.
 *
 * Objects start at a cache line, are zeroed, and lie together in slabs of up to 2 MiB that ask for
 * huge pages: with tens of thousands of connections most look-ups would else miss the TLB as well
 * as the cache (6 to 8 % of the time of the chat workload). Slabs are given back when the pool is
 * done. Sanitizer builds take every object from the allocator instead, so that they see each
 * misuse.
 */
#ifndef WSIGHT_POOL_H
#define WSIGHT_POOL_H

#include <stddef.h>

#define POOL_LINE_BYTES 64 /* of the cache; objects start at one */

struct link;

struct pool {
    size_t size; /* of an object, a multiple of POOL_LINE_BYTES */
    size_t next_slab;
    struct link *free, *slabs;
};

void pool_init(struct pool *, size_t object_size);

/* Frees all slabs; every object is gone. */
void pool_done(struct pool *);

/* A zeroed object; NULL when out of memory. */
void *pool_alloc(struct pool *);
void pool_free(struct pool *, void *object); /* NULL is accepted */

#endif
