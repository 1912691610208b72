/* A histogram of 64-bit values with 16 buckets a power of two. */
#include "histogram.h"

static uint64_t bucket_upper_edge(unsigned i)
{
    if (i < 16) {
        return i;
    }
    unsigned power = (i - 16) / 16; /* the bucket is 2^power wide */
    uint64_t low = (16 + (uint64_t)((i - 16) % 16)) << power;
    return low + ((UINT64_C(1) << power) - 1);
}

uint64_t histogram_percentile(const struct histogram *h, double share)
{
    double wanted = share * (double)h->count;
    uint64_t seen = 0;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += h->buckets[i];
        if (h->buckets[i] > 0 && (double)seen >= wanted) {
            uint64_t edge = bucket_upper_edge(i);
            return edge > h->max ? h->max : edge < h->min ? h->min : edge;
        }
    }
    return h->max;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    if (from->count == 0) {
        return;
    }
    histogram_add_sums(into, from->count, from->sum, from->min, from->max);
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        histogram_add_bucket(into, i, from->buckets[i]);
    }
}
