/* Bytes of any kind become harmless cells. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ui/tui/text.h"

#include <locale.h>

static struct canvas canvas_of(bool utf8)
{
    struct canvas c = {.utf8 = utf8};
    assert_true(canvas_resize(&c, 2, 20));
    return c;
}

static void expect_row(const struct canvas *c, const char *expected)
{
    char out[512];
    size_t n = 0;
    for (int x = 0; x < c->columns; x++) {
        const struct cell *cell = canvas_at(c, 0, x);
        if (!(cell->flags & CELL_RIGHT)) {
            out[n++] = cell->c[0] < 0x80 ? (char)cell->c[0] : cell->c[0] == 0xb7 ? '.' : '#';
        }
    }
    while (n > 0 && out[n - 1] == ' ') {
        n--;
    }
    out[n] = '\0';
    assert_string_equal(out, expected);
}

static void no_byte_sequence_reaches_a_cell_as_a_control_character(void **state)
{
    uint64_t random = 88172645463325252U;
    (void)state;
    for (int utf8 = 0; utf8 < 2; utf8++) {
        struct canvas c = canvas_of(utf8);
        for (int i = 0; i < 20000; i++) {
            uint8_t bytes[24];
            for (size_t k = 0; k < sizeof bytes; k++) {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                bytes[k] = (uint8_t)(random >> 40);
            }
            canvas_clear(&c);
            text_put(&c, 0, 0, 20, ROLE_TEXT, (struct bytes){bytes, 1 + (size_t)(i % 24)});
            for (int x = 0; x < 20; x++) {
                uint32_t ch = canvas_at(&c, 0, x)->c[0];
                assert_true(ch >= 0x20 && (ch < 0x7f || ch >= 0xa0));
                assert_true(utf8 || ch < 0x80 || ch == 0xb7 || ch == 0xfffd || ch == 0x2026 ||
                            ch == 0x21b5);
            }
        }
        canvas_done(&c);
    }
}

static void every_character_that_controls_or_deceives_becomes_a_dot(void **state)
{
    static const char *const bad[] = {
        "\x1b",         "\x07",         "\x7f",         "\xc2\x9b",     "\xc2\x85",
        "\xe2\x80\xae", "\xe2\x81\xa6", "\xe2\x80\x8b", "\xef\xbb\xbf", "\xf3\xa0\x81\x81"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct glyph g = text_glyph(bytes_of(bad[i]), true);
        assert_int_equal(g.c, 0xb7);
        assert_int_equal(g.bytes, strlen(bad[i]));
        assert_int_equal(g.columns, 1);
    }
}

static void wide_characters_are_never_cut_in_half(void **state)
{
    struct canvas c = canvas_of(true);
    (void)state;
    assert_int_equal(text_put(&c, 0, 0, 6, ROLE_TEXT, bytes_of("\xe4\xb8\xad\xe6\x96\x87")), 4);
    canvas_clear(&c);
    assert_int_equal(text_put(&c, 0, 0, 3, ROLE_TEXT, bytes_of("\xe4\xb8\xad\xe6\x96\x87")), 3);
    assert_int_equal(canvas_at(&c, 0, 2)->c[0], 0x2026);
    canvas_fill(&c, 0, 1, 1, ROLE_TEXT, 'x'); /* over the right half */
    assert_int_equal(canvas_at(&c, 0, 0)->c[0], ' ');
    canvas_clear(&c);
    text_put(&c, 0, 0, 10, ROLE_TEXT, bytes_of("e\xcc\x81x"));
    assert_int_equal(canvas_at(&c, 0, 0)->c[1], 0x301);
    assert_int_equal(canvas_at(&c, 0, 1)->c[0], 'x');
    canvas_done(&c);
}

static void long_text_ends_with_an_ellipsis(void **state)
{
    struct canvas c = canvas_of(true);
    (void)state;
    text_put(&c, 0, 0, 5, ROLE_TEXT, bytes_of("abcde"));
    expect_row(&c, "abcde");
    canvas_clear(&c);
    text_put(&c, 0, 0, 5, ROLE_TEXT, bytes_of("abcdef"));
    expect_row(&c, "abcd#");
    canvas_done(&c);
}

static void numbers_are_short(void **state)
{
    char out[SHORT_TEXT_BYTES];
    (void)state;
    static const struct {
        int64_t ns;
        const char *text;
    } durations[] = {{0, "0"},
                     {999, "999ns"},
                     {1500, "1.5us"},
                     {2000000, "2.0ms"},
                     {34000000000, "34s"},
                     {312000000000, "5m12"},
                     {7380000000000, "2h03"},
                     {90000000000000, "1d01"},
                     {-5, "0"}};
    for (size_t i = 0; i < sizeof durations / sizeof *durations; i++) {
        short_duration(out, durations[i].ns);
        assert_string_equal(out, durations[i].text);
    }
    for (uint64_t n = 1; n < UINT64_MAX / 3; n *= 3) {
        short_count(out, n);
        assert_true(strlen(out) <= 5);
        short_bytes(out, n);
        assert_true(strlen(out) <= 5);
    }
    long_count(out, 1234567);
    assert_string_equal(out, "1,234,567");
}

static void a_line_is_wrapped_where_it_has_to_be(void **state)
{
    size_t taken;
    (void)state;
    assert_int_equal(text_wrap(bytes_of("abc\r\ndef"), true, 10, &taken), 3);
    assert_int_equal(taken, 5);
    assert_int_equal(text_wrap(bytes_of("abcdef"), true, 4, &taken), 4);
    assert_int_equal(taken, 4);
    assert_int_equal(text_wrap(bytes_of("\xe4\xb8\xad\xe6\x96\x87"), true, 3, &taken), 3);
    assert_int_equal(text_wrap(bytes_of("\xe4\xb8\xad"), true, 1, &taken), 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_byte_sequence_reaches_a_cell_as_a_control_character),
        cmocka_unit_test(every_character_that_controls_or_deceives_becomes_a_dot),
        cmocka_unit_test(wide_characters_are_never_cut_in_half),
        cmocka_unit_test(long_text_ends_with_an_ellipsis),
        cmocka_unit_test(numbers_are_short),
        cmocka_unit_test(a_line_is_wrapped_where_it_has_to_be),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
