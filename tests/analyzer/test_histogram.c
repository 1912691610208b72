/* The histogram: small values exact, large ones within a sixteenth, merges like adding. */
#include "analyzer/histogram.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void an_empty_histogram_has_no_percentiles(void **state)
{
    (void)state;
    static struct histogram h;
    memset(&h, 0, sizeof h);
    assert_int_equal(histogram_percentile(&h, 0.5), 0);
}

static void small_values_are_exact(void **state)
{
    (void)state;
    static struct histogram h;
    memset(&h, 0, sizeof h);
    for (uint64_t v = 1; v <= 10; v++) {
        histogram_add(&h, v);
    }
    assert_int_equal(histogram_percentile(&h, 0.5), 5);
    assert_int_equal(histogram_percentile(&h, 0.9), 9);
    assert_int_equal(histogram_percentile(&h, 1.0), 10);
    assert_int_equal(histogram_percentile(&h, 0.0), 1);
    assert_int_equal(h.sum, 55);
}

static void large_values_are_within_a_sixteenth(void **state)
{
    (void)state;
    for (unsigned shift = 4; shift < 64; shift++) {
        static struct histogram h;
        uint64_t value = (UINT64_C(1) << shift) + (UINT64_C(1) << shift) / 3;
        memset(&h, 0, sizeof h);
        histogram_add(&h, value);
        histogram_add(&h, UINT64_MAX);
        uint64_t p50 = histogram_percentile(&h, 0.5);
        assert_true(p50 >= value);
        assert_true(p50 - value <= value / 16);
        assert_int_equal(histogram_percentile(&h, 1.0), UINT64_MAX);
    }
}

static void every_value_has_a_bucket(void **state)
{
    (void)state;
    assert_int_equal(histogram_bucket(0), 0);
    assert_int_equal(histogram_bucket(15), 15);
    assert_int_equal(histogram_bucket(16), 16);
    assert_int_equal(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
}

static void merging_is_adding(void **state)
{
    (void)state;
    static struct histogram a, b, both;
    memset(&a, 0, sizeof a);
    memset(&b, 0, sizeof b);
    memset(&both, 0, sizeof both);
    for (uint64_t v = 3; v < 100000; v = v * 3 + 1) {
        histogram_add(v % 2 ? &a : &b, v);
        histogram_add(&both, v);
    }
    histogram_merge(&a, &b);
    assert_memory_equal(&a, &both, sizeof a);
    static struct histogram empty;
    histogram_merge(&a, &empty);
    assert_memory_equal(&a, &both, sizeof a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_histogram_has_no_percentiles),
        cmocka_unit_test(small_values_are_exact),
        cmocka_unit_test(large_values_are_within_a_sixteenth),
        cmocka_unit_test(every_value_has_a_bucket),
        cmocka_unit_test(merging_is_adding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
