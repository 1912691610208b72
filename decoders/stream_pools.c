/* Memory for streams and the states of their decoders: pools by size, for the many of a size that
 * come and go. */
#include "stream_state.h"

#include <stdlib.h>

#define POOL_LINES_MAX 32 /* larger states come from the allocator */

struct stream_pools {
    struct pool by_lines[POOL_LINES_MAX + 1]; /* objects of so many cache lines */
};

struct stream_pools *stream_pools_new(struct slab_heap *heap)
{
    struct stream_pools *pools = malloc(sizeof *pools);
    for (size_t i = 0; pools != NULL && i <= POOL_LINES_MAX; i++) {
        pool_init(&pools->by_lines[i], heap, i * POOL_LINE_BYTES);
    }
    return pools;
}

void stream_pools_free(struct stream_pools *pools)
{
    free(pools);
}

static struct pool *pool_of(const struct stream_shared *shared, size_t n)
{
    size_t lines = (n + POOL_LINE_BYTES - 1) / POOL_LINE_BYTES;
    return shared->pools != NULL && lines <= POOL_LINES_MAX ? &shared->pools->by_lines[lines]
                                                            : NULL;
}

void *shared_alloc(const struct stream_shared *shared, size_t n)
{
    struct pool *pool = pool_of(shared, n);
    if (pool != NULL) {
        return pool_alloc(pool);
    }
    n = (n + POOL_LINE_BYTES - 1) & ~(size_t)(POOL_LINE_BYTES - 1);
    void *p = aligned_alloc(POOL_LINE_BYTES, n);
    return p != NULL ? memset(p, 0, n) : NULL;
}

void shared_free(const struct stream_shared *shared, void *p, size_t n)
{
    struct pool *pool = pool_of(shared, n);
    if (pool != NULL) {
        pool_free(pool, p);
    } else {
        free(p);
    }
}

void stream_shared_done(struct stream_shared *shared)
{
    for (unsigned i = 0; i < STREAM_DEPTH_MAX; i++) {
        free(shared->rooms[i]);
        shared->rooms[i] = NULL;
    }
}
