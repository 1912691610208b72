/* Time stamps of pcapng: every resolution, offsets, and what 64 bits cannot hold. */
#include "analyzer/capture/stamp.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define BINARY 0x80

static int64_t ns(uint8_t resolution, int64_t offset, uint64_t units)
{
    assert_true(stamp_resolution_is_known(resolution));
    struct stamp_clock clock = stamp_clock_of(resolution, offset);
    return stamp_ns(&clock, units);
}

static void decimal_fractions_are_rounded_down_to_nanoseconds(void **state)
{
    (void)state;
    assert_int_equal(ns(0, 0, 1700000000), 1700000000 * SECOND_NS);
    assert_int_equal(ns(3, 0, 1700000000123), 1700000000123 * 1000000);
    assert_int_equal(ns(6, 0, 1700000000123456), 1700000000123456 * 1000);
    assert_int_equal(ns(9, 0, 1700000000123456789), 1700000000123456789);
    assert_int_equal(ns(10, 0, 12345678999), 1234567899);
    assert_int_equal(ns(19, 0, UINT64_C(17999999999999999999)), 1799999999);
}

static void binary_fractions_are_exact_however_fine(void **state)
{
    (void)state;
    for (unsigned exponent = 1; exponent <= 63; exponent++) {
        uint64_t second = UINT64_C(1) << exponent;
        uint8_t resolution = (uint8_t)(BINARY | exponent);
        assert_int_equal(ns(resolution, 0, second), SECOND_NS);
        assert_int_equal(ns(resolution, 0, second / 2), SECOND_NS / 2);
        if (exponent >= 9) { /* a 512th of a second is 1,953,125 ns */
            assert_int_equal(ns(resolution, 0, second / 512 * 511), 511 * 1953125);
        }
        if (exponent >= 31) { /* finer than a nanosecond */
            assert_int_equal(ns(resolution, 0, second - 1), SECOND_NS - 1);
        }
        if (exponent <= 60) {
            assert_int_equal(ns(resolution, 0, 5 * second), 5 * SECOND_NS);
        }
    }
    assert_int_equal(ns(BINARY | 0, 0, 7), 7 * SECOND_NS);
    /* By hand: 0x123456789abcdef * 10^9 / 2^60 */
    assert_int_equal(ns(BINARY | 60, 0, UINT64_C(0x123456789abcdef)), 71111111);
}

static void offsets_are_whole_seconds_of_either_sign(void **state)
{
    (void)state;
    assert_int_equal(ns(6, 100, 0), 100 * SECOND_NS);
    assert_int_equal(ns(6, 100, 2500000), 102 * SECOND_NS + SECOND_NS / 2);
    assert_int_equal(ns(9, -3, 1500000000), -3 * SECOND_NS + 3 * SECOND_NS / 2);
    assert_int_equal(ns(BINARY | 1, -1, 1), -SECOND_NS / 2);
}

static void times_beyond_64_bits_become_the_last_or_the_first(void **state)
{
    (void)state;
    assert_int_equal(ns(9, 0, INT64_MAX), INT64_MAX);
    assert_int_equal(ns(9, 0, UINT64_C(1) << 63), INT64_MAX);
    assert_int_equal(ns(0, 0, INT64_MAX / SECOND_NS + 1), INT64_MAX);
    assert_int_equal(ns(6, 0, UINT64_MAX), INT64_MAX);
    assert_int_equal(ns(6, INT64_MIN / 2, 0), INT64_MIN);
    assert_int_equal(ns(6, INT64_MAX, 0), INT64_MAX);
}

static void resolutions_that_libpcap_refuses_are_unknown(void **state)
{
    (void)state;
    assert_true(stamp_resolution_is_known(19));
    assert_false(stamp_resolution_is_known(20));
    assert_true(stamp_resolution_is_known(BINARY | 63));
    assert_false(stamp_resolution_is_known(BINARY | 64));
    assert_int_equal(stamp_digits(6), 6);
    assert_int_equal(stamp_digits(7), 9);
    assert_int_equal(stamp_digits(BINARY | 20), 6);
    assert_int_equal(stamp_digits(BINARY | 21), 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decimal_fractions_are_rounded_down_to_nanoseconds),
        cmocka_unit_test(binary_fractions_are_exact_however_fine),
        cmocka_unit_test(offsets_are_whole_seconds_of_either_sign),
        cmocka_unit_test(times_beyond_64_bits_become_the_last_or_the_first),
        cmocka_unit_test(resolutions_that_libpcap_refuses_are_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
