/* Pools of equal-sized objects in slabs that ask for huge pages. */
#include "pool.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define POOL_SLABS 0
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) ||                         \
    __has_feature(memory_sanitizer)
#define POOL_SLABS 0
#else
#define POOL_SLABS 1
#endif
#else
#define POOL_SLABS 1
#endif

#define SLAB_FIRST_BYTES ((size_t)32 << 10)
#define SLAB_LAST_BYTES ((size_t)2 << 20) /* one huge page */

void pool_init(struct pool *p, size_t object_size)
{
    size_t lines = (object_size + POOL_LINE_BYTES - 1) / POOL_LINE_BYTES;
    *p = (struct pool){.size = lines * POOL_LINE_BYTES, .next_slab = SLAB_FIRST_BYTES};
}

/* Chains of objects, and of slabs, run through their first word. */
struct link {
    struct link *next;
};

#if POOL_SLABS
static void push(struct link **list, void *object)
{
    struct link *link = object;
    link->next = *list;
    *list = link;
}

/* One more slab, each twice the size of the one before. Its first line is the link to the others.
 */
static int add_slab(struct pool *p)
{
    size_t bytes = p->next_slab;
    while (bytes < p->size + POOL_LINE_BYTES) {
        bytes *= 2;
    }
    uint8_t *slab =
        aligned_alloc(bytes < SLAB_LAST_BYTES ? POOL_LINE_BYTES : SLAB_LAST_BYTES, bytes);
    if (slab == NULL) {
        return -1;
    }
    if (bytes >= SLAB_LAST_BYTES) {
        (void)madvise(slab, bytes, MADV_HUGEPAGE); /* a wish: without it all works, only slower */
    } else {
        p->next_slab *= 2;
    }
    push(&p->slabs, slab);
    size_t objects = (bytes - POOL_LINE_BYTES) / p->size;
    for (size_t i = objects; i > 0; i--) {
        push(&p->free, slab + POOL_LINE_BYTES + (i - 1) * p->size);
    }
    return 0;
}
#endif

void *pool_alloc(struct pool *p)
{
#if POOL_SLABS
    if (p->free == NULL && add_slab(p) != 0) {
        return NULL;
    }
    struct link *object = p->free;
    p->free = object->next;
    return memset(object, 0, p->size);
#else
    void *object = aligned_alloc(POOL_LINE_BYTES, p->size);
    return object != NULL ? memset(object, 0, p->size) : NULL;
#endif
}

void pool_free(struct pool *p, void *object)
{
    if (object == NULL) {
        return;
    }
#if POOL_SLABS
    push(&p->free, object);
#else
    (void)p;
    free(object);
#endif
}

void pool_done(struct pool *p)
{
    while (p->slabs != NULL) {
        struct link *next = p->slabs->next;
        free(p->slabs);
        p->slabs = next;
    }
    p->free = NULL;
}
