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
    into->min = into->count == 0 || from->min < into->min ? from->min : into->min;
    into->max = from->max > into->max ? from->max : into->max;
    into->count += from->count;
    into->sum += from->sum;
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        uint64_t sum = (uint64_t)into->buckets[i] + from->buckets[i];
        into->buckets[i] = sum > UINT32_MAX ? UINT32_MAX : (uint32_t)sum;
    }
}
