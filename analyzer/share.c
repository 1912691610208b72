/* What one session adds to the totals: a sorted array of keys and counts. */
#include "share.h"

#include <stdlib.h>

/* Keys: the buckets of each histogram, then Closes of each direction, then findings. Codes that the
 * totals do not tell apart are one. */
#define CLOSES_AT (SHARE_HISTOGRAMS * HISTOGRAM_BUCKETS)
#define CLOSE_KEYS (TOTALS_CLOSE_CODES + 2)
#define FINDINGS_AT (CLOSES_AT + 2 * CLOSE_KEYS)

struct counter {
    uint32_t key, n;
};

struct share {
    struct counter *counters; /* by rising key */
    size_t n, size;
    struct {
        uint64_t count, sum, min, max;
    } sums[SHARE_HISTOGRAMS];
};

struct share *share_new(void)
{
    return calloc(1, sizeof(struct share));
}

void share_free(struct share *s)
{
    if (s != NULL) {
        free(s->counters);
        free(s);
    }
}

/* The first counter whose key is not lower. */
static size_t place_of(const struct share *s, uint32_t key)
{
    size_t low = 0, high = s->n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->counters[middle].key < key) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static bool grow(struct share *s)
{
    size_t size = s->size == 0 ? 4 : s->size * 2;
    struct counter *more = realloc(s->counters, size * sizeof *more);
    if (more == NULL) {
        return false;
    }
    s->counters = more;
    s->size = size;
    return true;
}

static void count(struct share *s, uint32_t key)
{
    size_t at = place_of(s, key);
    if (at < s->n && s->counters[at].key == key) {
        s->counters[at].n += s->counters[at].n < UINT32_MAX;
    } else if (s->n < s->size || grow(s)) {
        memmove(s->counters + at + 1, s->counters + at, (s->n - at) * sizeof *s->counters);
        s->counters[at] = (struct counter){key, 1};
        s->n++;
    }
}

void share_value(struct share *s, enum share_histogram histogram, uint64_t v)
{
    if (s != NULL) {
        s->sums[histogram].min = s->sums[histogram].count == 0 || v < s->sums[histogram].min
                                     ? v
                                     : s->sums[histogram].min;
        s->sums[histogram].max = v > s->sums[histogram].max ? v : s->sums[histogram].max;
        s->sums[histogram].count++;
        s->sums[histogram].sum += v;
        count(s, (uint32_t)histogram * HISTOGRAM_BUCKETS + histogram_bucket(v));
    }
}

void share_close(struct share *s, enum dir dir, int code)
{
    int which = code < TOTALS_CLOSE_CODES ? code + 1 : TOTALS_CLOSE_CODES + 1;
    if (s != NULL) {
        count(s, CLOSES_AT + (uint32_t)dir * CLOSE_KEYS + (uint32_t)which);
    }
}

void share_finding(struct share *s, enum finding_id id)
{
    if (s != NULL) {
        count(s, FINDINGS_AT + (uint32_t)id);
    }
}

static struct histogram *histogram_of(struct totals *t, size_t i)
{
    return i == SHARE_RTT ? &t->rtt_ns : &t->message_sizes[i];
}

static void count_histogram(const struct share *s, size_t i, struct histogram *into)
{
    uint32_t first = (uint32_t)i * HISTOGRAM_BUCKETS;
    for (size_t at = place_of(s, first); at < s->n; at++) {
        uint32_t bucket = s->counters[at].key - first;
        if (bucket >= HISTOGRAM_BUCKETS) {
            break;
        }
        histogram_add_bucket(into, bucket, s->counters[at].n);
    }
    histogram_add_sums(into, s->sums[i].count, s->sums[i].sum, s->sums[i].min, s->sums[i].max);
}

void share_count(const struct share *s, struct totals *t, const struct websocket_version *version)
{
    for (size_t i = 0; s != NULL && i < SHARE_HISTOGRAMS; i++) {
        if (s->sums[i].count > 0) {
            count_histogram(s, i, histogram_of(t, i));
        }
    }
    for (size_t at = s != NULL ? place_of(s, CLOSES_AT) : 0; s != NULL && at < s->n; at++) {
        uint32_t key = s->counters[at].key - CLOSES_AT, n = s->counters[at].n;
        if (key >= 2 * CLOSE_KEYS) {
            totals_add_findings(t, (enum finding_id)(key - 2 * CLOSE_KEYS), n);
        } else {
            totals_add_closes(t, key / CLOSE_KEYS, (int)(key % CLOSE_KEYS) - 1, n, version);
        }
    }
}
