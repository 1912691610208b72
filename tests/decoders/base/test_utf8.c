/* UTF-8 validation against a decoder written from the definition in RFC 3629 section 3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decoders/base/utf8.h"

#include <stdlib.h>

/* Length of the character at p by code point ranges, 0 when there is none. */
static size_t one_character(const uint8_t *p, size_t n)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t len = p[0] < 0x80             ? 1
                 : (p[0] & 0xe0) == 0xc0 ? 2
                 : (p[0] & 0xf0) == 0xe0 ? 3
                 : (p[0] & 0xf8) == 0xf0 ? 4
                                         : 0;
    if (len < 2 || len > n) {
        return len > n ? 0 : len;
    }
    uint32_t code = p[0] & (0x7fU >> len);
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80) {
            return 0;
        }
        code = code << 6 | (p[i] & 0x3fU);
    }
    bool surrogate = code >= 0xd800 && code <= 0xdfff;
    return code >= least[len] && code <= 0x10ffff && !surrogate ? len : 0;
}

static bool valid_by_definition(const uint8_t *p, size_t n)
{
    while (n > 0) {
        size_t len = one_character(p, n);
        if (len == 0) {
            return false;
        }
        p += len;
        n -= len;
    }
    return true;
}

static void every_two_and_three_byte_string_is_judged_by_the_definition(void **state)
{
    (void)state;
    for (uint32_t v = 0; v < 1 << 24; v += v % 3 + 1) {
        const uint8_t b[3] = {(uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
        if (b[0] < 0x80 && b[1] < 0x80) {
            continue;
        }
        assert_int_equal(utf8_valid((struct bytes){b, 3}), valid_by_definition(b, 3));
    }
    for (uint32_t v = 0; v < 1 << 16; v++) {
        const uint8_t b[2] = {(uint8_t)(v >> 8), (uint8_t)v};
        assert_int_equal(utf8_valid((struct bytes){b, 2}), valid_by_definition(b, 2));
    }
}

/* Bytes at and beside each limit of the grammar, in all places. */
static void every_limit_of_the_grammar_is_kept_in_four_byte_strings(void **state)
{
    (void)state;
    static const uint8_t limits[] = {0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf,
                                     0xc0, 0xc1, 0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed,
                                     0xee, 0xef, 0xf0, 0xf1, 0xf3, 0xf4, 0xf5, 0xff};
    const uint32_t count = sizeof limits;
    for (uint32_t v = 0; v < count * count * count * count; v++) {
        const uint8_t b[9] = {limits[v % count], limits[v / count % count],
                              limits[v / count / count % count], limits[v / count / count / count]};
        bool expected = valid_by_definition(b, 4);
        assert_int_equal(utf8_valid((struct bytes){b, 4}), expected);
        assert_int_equal(utf8_valid((struct bytes){b, 9}), expected); /* by the other way */
    }
}

static bool push_cut(struct bytes b, size_t cut)
{
    struct utf8 u = {0};
    bool first = utf8_push(&u, bytes_part(b, 0, cut));
    bool second = utf8_push(&u, bytes_from(b, cut));
    assert_true(first || !second);
    return second && utf8_complete(&u);
}

static void long_texts_with_one_odd_place_are_judged_right_at_every_cut(void **state)
{
    (void)state;
    static const char *const odd[] = {
        "\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xc3",
        "\xe2\x82", "\xff",         "\xf0\x9f\x98"};
    for (size_t o = 0; o < sizeof odd / sizeof odd[0]; o++) {
        size_t len = strlen(odd[o]);
        for (size_t n = len; n <= 100; n += 7) {
            uint8_t *text = malloc(n);
            assert_non_null(text);
            for (size_t at = 0; at <= n - len; at++) {
                memset(text, 'x', n);
                memcpy(text + at, odd[o], len);
                bool expected = valid_by_definition(text, n);
                for (size_t cut = 0; cut <= n; cut++) {
                    assert_int_equal(push_cut((struct bytes){text, n}, cut), expected);
                }
                size_t prefix = utf8_ascii_prefix((struct bytes){text, n});
                assert_int_equal(prefix, at);
            }
            free(text);
        }
    }
}

static void a_cut_character_is_no_error_but_not_complete(void **state)
{
    (void)state;
    struct utf8 u = {0};
    assert_true(utf8_complete(&u));
    assert_true(utf8_push(&u, bytes_of("\xe2")));
    assert_false(utf8_complete(&u));
    assert_true(utf8_push(&u, bytes_of("")));
    assert_true(utf8_push(&u, bytes_of("\x82")));
    assert_false(utf8_complete(&u));
    assert_true(utf8_push(&u, bytes_of("\xac")));
    assert_true(utf8_complete(&u));
}

static void invalid_text_stays_invalid(void **state)
{
    (void)state;
    struct utf8 u = {0};
    assert_false(utf8_push(&u, bytes_of("good\xff")));
    assert_false(utf8_push(&u, bytes_of("good again, and long enough for the fast way over it")));
    assert_false(utf8_push(&u, bytes_of("")));
    assert_false(utf8_complete(&u));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_two_and_three_byte_string_is_judged_by_the_definition),
        cmocka_unit_test(every_limit_of_the_grammar_is_kept_in_four_byte_strings),
        cmocka_unit_test(long_texts_with_one_odd_place_are_judged_right_at_every_cut),
        cmocka_unit_test(a_cut_character_is_no_error_but_not_complete),
        cmocka_unit_test(invalid_text_stays_invalid),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
