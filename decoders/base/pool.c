/* Pools of equal-sized objects in slabs that ask for huge pages. */
#include "pool.h"

#include "sanitizer.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define POOL_SLABS (!SANITIZER_ALLOCATES)

#define SLAB_BYTES ((size_t)32 << 10)
#define REGION_FIRST_BYTES ((size_t)64 << 10)
#define REGION_LAST_BYTES ((size_t)2 << 20) /* one huge page */

/* Chains of objects, and of regions, run through their first word. */
struct link {
    struct link *next;
};

void pool_init(struct pool *p, struct slab_heap *heap, size_t object_size)
{
    size_t lines = (object_size + POOL_LINE_BYTES - 1) / POOL_LINE_BYTES;
    *p = (struct pool){.size = lines * POOL_LINE_BYTES, .heap = heap};
}

void slab_heap_free(struct slab_heap *h)
{
    while (h->regions != NULL) {
        struct link *next = h->regions->next;
        free(h->regions);
        h->regions = next;
    }
    *h = (struct slab_heap){0};
}

#if POOL_SLABS
static void push(struct link **list, void *object)
{
    struct link *link = object;
    link->next = *list;
    *list = link;
}

/* One more region, twice the size of the one before. Its first line is the link to the others. */
static int add_region(struct slab_heap *h, size_t least)
{
    size_t bytes = h->newest_bytes == 0 ? REGION_FIRST_BYTES : h->newest_bytes * 2;
    bytes = bytes < REGION_LAST_BYTES ? bytes : REGION_LAST_BYTES;
    while (bytes < least + POOL_LINE_BYTES) {
        bytes *= 2;
    }
    uint8_t *region =
        aligned_alloc(bytes < REGION_LAST_BYTES ? POOL_LINE_BYTES : REGION_LAST_BYTES, bytes);
    if (region == NULL) {
        return -1;
    }
    if (bytes >= REGION_LAST_BYTES) {
        (void)madvise(region, bytes, MADV_HUGEPAGE); /* a wish: it works without, only slower */
    }
    push(&h->regions, region);
    h->newest_bytes = bytes;
    h->next = region + POOL_LINE_BYTES;
    h->left = bytes - POOL_LINE_BYTES;
    return 0;
}

/* One more slab, of as many objects as fit into SLAB_BYTES or into what is left of the region. */
static int add_slab(struct pool *p)
{
    struct slab_heap *h = p->heap;
    if (h->left < p->size && add_region(h, p->size) != 0) {
        return -1;
    }
    size_t bytes = h->left < SLAB_BYTES ? h->left : SLAB_BYTES;
    size_t objects = bytes < p->size ? 1 : bytes / p->size;
    for (size_t i = objects; i > 0; i--) {
        push(&p->free, h->next + (i - 1) * p->size);
    }
    h->next += objects * p->size;
    h->left -= objects * p->size;
    h->spare += objects * p->size;
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
    p->heap->spare -= p->size;
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
    p->heap->spare += p->size;
#else
    (void)p;
    free(object);
#endif
}
