/*
 * A histogram of 64-bit values with a relative error of at most 1/16: for sizes and round-trip
 * times.
 *
 * Values below 16 have a bucket each; above, every power of two has 16 buckets. Adding costs a few
 * instructions, and two histograms merge exactly by adding up.
 */
#ifndef WSIGHT_HISTOGRAM_H
#define WSIGHT_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_BUCKETS (16 + 60 * 16)

struct histogram {
    uint64_t count, sum, min, max;
    uint32_t buckets[HISTOGRAM_BUCKETS];
};

static inline unsigned histogram_bucket(uint64_t v)
{
    if (v < 16) {
        return (unsigned)v;
    }
    unsigned power = 63 - (unsigned)__builtin_clzll(v); /* 4 or more */
    return 16 + (power - 4) * 16 + (unsigned)(v >> (power - 4) & 15);
}

static inline void histogram_add(struct histogram *h, uint64_t v)
{
    h->min = h->count == 0 || v < h->min ? v : h->min;
    h->max = v > h->max ? v : h->max;
    h->count++;
    h->sum += v;
    uint32_t *b = &h->buckets[histogram_bucket(v)];
    *b += *b < UINT32_MAX;
}

/* What so many values add besides their buckets. */
static inline void histogram_add_sums(struct histogram *h, uint64_t count, uint64_t sum,
                                      uint64_t min, uint64_t max)
{
    h->min = h->count == 0 || min < h->min ? min : h->min;
    h->max = max > h->max ? max : h->max;
    h->count += count;
    h->sum += sum;
}

static inline void histogram_add_bucket(struct histogram *h, unsigned bucket, uint32_t n)
{
    uint32_t *b = &h->buckets[bucket];
    *b = n > UINT32_MAX - *b ? UINT32_MAX : *b + n;
}

/* The value below or at which the given share (0 to 1) of the values lies; the upper edge of its
 * bucket, never more than the maximum. 0 when the histogram is empty. */
uint64_t histogram_percentile(const struct histogram *, double share);

void histogram_merge(struct histogram *into, const struct histogram *from);

#endif
