/*
 * Pools of equal-sized objects that are touched at random, once or twice a packet: flows, streams,
 * decoder states, sessions.
 *
 * Objects start at a cache line, are zeroed, and lie together in slabs. Pools that live and die
 * together take their slabs from one heap, in regions of up to 2 MiB that ask for huge pages: with
 * tens of thousands of connections most look-ups would else miss the TLB as well as the cache (6 to
 * 8 % of the time of the chat workload). Memory goes back when the heap is freed. Sanitizer builds
 * take every object from the allocator instead, so that they see each misuse.
 */
#ifndef WSIGHT_POOL_H
#define WSIGHT_POOL_H

#include <stddef.h>
#include <stdint.h>

#define POOL_LINE_BYTES 64 /* of the cache; objects start at one */

struct link;

/* Where pools have their slabs from. Zeroed, it is empty. */
struct slab_heap {
    struct link *regions;
    uint8_t *next; /* what is left of the newest */
    size_t left;
    size_t newest_bytes;
    size_t spare; /* bytes of objects that were given back, or not used yet */
};

/* Frees all slabs; every object of every pool is gone. */
void slab_heap_free(struct slab_heap *);

struct pool {
    size_t size; /* of an object, a multiple of POOL_LINE_BYTES */
    struct slab_heap *heap;
    struct link *free;
};

/* The heap is borrowed. Objects still in use need not be given back before it is freed, except that
 * the sanitizers call them leaks. */
void pool_init(struct pool *, struct slab_heap *, size_t object_size);

/* A zeroed object; NULL when out of memory. */
void *pool_alloc(struct pool *);
void pool_free(struct pool *, void *object); /* NULL is accepted */

#endif
