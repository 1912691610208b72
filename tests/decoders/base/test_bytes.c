/* Views, the reader and the bounded buffer. */
#include "decoders/base/buffer.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static void parts_stay_within_the_view(void **state)
{
    (void)state;
    struct bytes b = bytes_of("hello");
    assert_true(bytes_equal(bytes_part(b, 1, 3), bytes_of("ell")));
    assert_true(bytes_equal(bytes_part(b, 3, SIZE_MAX), bytes_of("lo")));
    assert_int_equal(bytes_part(b, 5, 1).n, 0);
    assert_int_equal(bytes_part(b, SIZE_MAX, 1).n, 0);
    assert_int_equal(bytes_from(b, 2).n, 3);
}

static void comparisons(void **state)
{
    (void)state;
    assert_true(bytes_equal_nocase(bytes_of("UpGrade"), bytes_of("upgrade")));
    assert_false(bytes_equal_nocase(bytes_of("upgrad"), bytes_of("upgrade")));
    assert_false(bytes_equal_nocase(bytes_of("["), bytes_of("{")));
    assert_true(bytes_start_with(bytes_of("GET /"), bytes_of("GET ")));
    assert_false(bytes_start_with(bytes_of("GE"), bytes_of("GET ")));
    assert_true(bytes_equal((struct bytes){NULL, 0}, bytes_of("")));
}

static void searches(void **state)
{
    (void)state;
    assert_int_equal(bytes_find(bytes_of("a:b"), ':'), 1);
    assert_int_equal(bytes_find(bytes_of("ab"), ':'), 2);
    assert_int_equal(bytes_find_bytes(bytes_of("ab\r\n\r\nc"), bytes_of("\r\n\r\n")), 2);
    assert_int_equal(bytes_find_bytes(bytes_of(""), bytes_of("x")), 0);
    assert_true(bytes_equal(bytes_trim(bytes_of(" \t x y\t ")), bytes_of("x y")));
    assert_int_equal(bytes_trim(bytes_of(" \t ")).n, 0);
}

static void decimal_numbers_do_not_overflow(void **state)
{
    (void)state;
    uint64_t v = 0;
    assert_true(bytes_to_u64(bytes_of("18446744073709551615"), &v));
    assert_true(v == UINT64_MAX);
    assert_false(bytes_to_u64(bytes_of("18446744073709551616"), &v));
    assert_false(bytes_to_u64(bytes_of("99999999999999999999999"), &v));
    assert_false(bytes_to_u64(bytes_of(""), &v));
    assert_false(bytes_to_u64(bytes_of("-1"), &v));
    assert_false(bytes_to_u64(bytes_of("1 "), &v));
    assert_true(bytes_to_u64(bytes_of("007"), &v));
    assert_true(v == 7);
}

static void a_short_read_is_bad_and_stays_so(void **state)
{
    (void)state;
    struct reader r = reader_of((struct bytes){(const uint8_t *)"\x01\x02\x03\x04\x05", 5});
    assert_int_equal(read_u8(&r), 1);
    assert_int_equal(read_be16(&r), 0x0203);
    assert_int_equal(read_be32(&r), 0);
    assert_true(r.bad);
    assert_int_equal(read_u8(&r), 0);
    r = reader_of((struct bytes){(const uint8_t *)"\x01\x02\x03\x04\x05\x06\x07\x08", 8});
    assert_true(read_be64(&r) == UINT64_C(0x0102030405060708));
    assert_false(r.bad);
}

static void a_buffer_never_passes_its_maximum(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 10);
    assert_true(buffer_append(&b, bytes_of("12345678")));
    assert_false(buffer_append(&b, bytes_of("abc")));
    assert_int_equal(b.n, 8);
    assert_true(buffer_append(&b, bytes_of("ab")));
    assert_true(bytes_equal(buffer_bytes(&b), bytes_of("12345678ab")));
    assert_null(buffer_reserve(&b, 1));
    assert_null(buffer_reserve(&b, SIZE_MAX));
    buffer_drop(&b, 8);
    assert_true(bytes_equal(buffer_bytes(&b), bytes_of("ab")));
    buffer_drop(&b, 2);
    assert_int_equal(b.n, 0);
    buffer_done(&b);
    assert_int_equal(b.max, 10);
}

static void a_buffer_grows_to_a_maximum_that_is_no_power_of_two(void **state)
{
    (void)state;
    struct buffer b;
    buffer_init(&b, 100003);
    for (int i = 0; i < 100003; i++) {
        uint8_t byte = (uint8_t)i;
        assert_true(buffer_append(&b, (struct bytes){&byte, 1}));
    }
    assert_true(b.cap <= 100003);
    assert_false(buffer_append(&b, bytes_of("x")));
    for (int i = 0; i < 100003; i++) {
        assert_int_equal(b.p[i], (uint8_t)i);
    }
    buffer_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parts_stay_within_the_view),
        cmocka_unit_test(comparisons),
        cmocka_unit_test(searches),
        cmocka_unit_test(decimal_numbers_do_not_overflow),
        cmocka_unit_test(a_short_read_is_bad_and_stays_so),
        cmocka_unit_test(a_buffer_never_passes_its_maximum),
        cmocka_unit_test(a_buffer_grows_to_a_maximum_that_is_no_power_of_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
