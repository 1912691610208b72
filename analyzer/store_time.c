/* Bytes and messages by time. */
#include "store_inside.h"

#include "limits.h"

#define SPARK_FIRST_NS (SECOND_NS / 100)
#define SPARK_LIVE_NS SECOND_NS
#define SERIES_FIRST_NS (SECOND_NS / 1000)

static void spark_fold(struct store_spark *k)
{
    for (size_t i = 0; i < STORE_SPARK_BUCKETS / 2; i++) {
        uint64_t both = (uint64_t)k->bytes[2 * i] + k->bytes[2 * i + 1];
        k->bytes[i] = both < UINT32_MAX ? (uint32_t)both : UINT32_MAX;
    }
    memset(k->bytes + STORE_SPARK_BUCKETS / 2, 0, sizeof k->bytes / 2);
    k->width *= 2;
}

static void spark_slide(struct store_spark *k, uint64_t by)
{
    if (by >= STORE_SPARK_BUCKETS) {
        memset(k->bytes, 0, sizeof k->bytes);
    } else {
        size_t n = (size_t)by;
        memmove(k->bytes, k->bytes + n, (STORE_SPARK_BUCKETS - n) * sizeof *k->bytes);
        memset(k->bytes + STORE_SPARK_BUCKETS - n, 0, n * sizeof *k->bytes);
    }
    k->origin += (int64_t)by * k->width;
}

uint64_t store_since(int64_t from, int64_t to)
{
    return to > from ? (uint64_t)to - (uint64_t)from : 0;
}

void store_spark_add(struct store_spark *k, int64_t ts, uint64_t n, bool live)
{
    if (k->width == 0) {
        k->width = live ? SPARK_LIVE_NS : SPARK_FIRST_NS;
        k->origin = ts;
    }
    uint64_t i = store_since(k->origin, ts) / (uint64_t)k->width;
    if (live && i >= STORE_SPARK_BUCKETS) {
        spark_slide(k, i - STORE_SPARK_BUCKETS + 1);
        i = STORE_SPARK_BUCKETS - 1;
    }
    while (i >= STORE_SPARK_BUCKETS) {
        spark_fold(k);
        i /= 2;
    }
    uint32_t *b = &k->bytes[i];
    *b = n < UINT32_MAX - *b ? *b + (uint32_t)n : UINT32_MAX;
}

static void series_fold(struct store_series *k)
{
    for (size_t i = 0; i < STORE_SERIES_BUCKETS / 2; i++) {
        k->messages[i] = k->messages[2 * i] + k->messages[2 * i + 1];
        for (int d = 0; d < 2; d++) {
            k->bytes[d][i] = k->bytes[d][2 * i] + k->bytes[d][2 * i + 1];
        }
    }
    memset(k->messages + STORE_SERIES_BUCKETS / 2, 0, sizeof k->messages / 2);
    for (int d = 0; d < 2; d++) {
        memset(k->bytes[d] + STORE_SERIES_BUCKETS / 2, 0, sizeof k->bytes[d] / 2);
    }
    k->width *= 2;
    k->n = (k->n + 1) / 2;
}

void store_series_add(struct store_series *k, const struct event *e)
{
    if (k->width == 0) {
        k->width = SERIES_FIRST_NS;
        k->origin = e->ts;
    }
    uint64_t i = store_since(k->origin, e->ts) / (uint64_t)k->width;
    while (i >= STORE_SERIES_BUCKETS) {
        series_fold(k);
        i /= 2;
    }
    k->messages[i]++;
    k->bytes[e->dir][i] += e->message.wire_len;
    k->n = i + 1 > k->n ? (size_t)i + 1 : k->n;
}
