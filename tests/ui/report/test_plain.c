/* Text for terminals: nothing steers them, widths are right, numbers are readable. */
#include "ui/report/plain.h"

#include <locale.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#define B(literal) ((struct bytes){(const uint8_t *)(literal), sizeof(literal) - 1})

struct written {
    struct buffer buffer;
    struct out out;
    bool utf8; /* the locale has it */
};

static int set_up(void **state)
{
    struct written *t = calloc(1, sizeof *t);
    assert_non_null(t);
    buffer_init(&t->buffer, 1U << 16);
    out_init(&t->out, NULL, &t->buffer);
    t->utf8 = setlocale(LC_CTYPE, "C.UTF-8") != NULL;
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    struct written *t = *state;
    buffer_done(&t->buffer);
    free(t);
    setlocale(LC_CTYPE, "C");
    return 0;
}

static void expect(struct written *t, const char *expected)
{
    out_flush(&t->out);
    assert_true(buffer_append(&t->buffer, (struct bytes){(const uint8_t *)"", 1}));
    assert_string_equal((const char *)t->buffer.p, expected);
    buffer_clear(&t->buffer);
}

static void what_steers_a_terminal_is_escaped(void **state)
{
    struct written *t = *state;
    plain_put(&t->out, B("a\x1b[2J\r\n\x7f\0z"), SIZE_MAX);
    expect(t, "a\\x1b[2J\\x0d\\x0a\\x7f\\x00z");
    plain_put(&t->out,
              B("\xc2\x9b"
                "31m"),
              SIZE_MAX); /* CSI of the C1 set */
    expect(t, "\\u{9b}31m");
    plain_put(&t->out, B("\x9b\xff\xc3"), SIZE_MAX);
    expect(t, "\\x9b\\xff\\xc3");
}

static void what_deceives_a_reader_is_escaped(void **state)
{
    struct written *t = *state;
    plain_put(&t->out,
              B("a\xe2\x80\xae"
                "b\xe2\x80\x8b"
                "c\xef\xbb\xbf"),
              SIZE_MAX);
    expect(t, "a\\u{202e}b\\u{200b}c\\u{feff}");
}

static void wide_characters_take_two_columns(void **state)
{
    struct written *t = *state;
    if (!t->utf8) {
        skip();
    }
    assert_int_equal(plain_columns(B("\xe6\x97\xa5\xe6\x9c\xac")), 4);
    assert_int_equal(plain_put(&t->out, B("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"), 6), 6);
    expect(t, "\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e");
    assert_int_equal(plain_put(&t->out, B("\xe6\x97\xa5\xe6\x9c\xac\xe8\xaa\x9e"), 5), 5);
    expect(t, "\xe6\x97\xa5...");
}

static void a_heap_of_marks_is_broken_up(void **state)
{
    struct written *t = *state;
    char text[64] = "a";
    if (!t->utf8) {
        skip();
    }
    for (int i = 0; i < 6; i++) {
        strcat(text, "\xcc\x81");
    }
    plain_put(&t->out, bytes_of(text), SIZE_MAX);
    expect(t, "a\xcc\x81\xcc\x81\xcc\x81\xcc\x81\\u{301}\\u{301}");
}

static void a_locale_without_utf8_gets_ascii(void **state)
{
    struct written *t = *state;
    setlocale(LC_CTYPE, "C");
    plain_put(&t->out, B("\xc3\xa4"), SIZE_MAX);
    expect(t, "\\u{e4}");
}

static void what_does_not_fit_is_cut_with_dots(void **state)
{
    struct written *t = *state;
    assert_int_equal(plain_put(&t->out, B("abcdef"), 6), 6);
    assert_int_equal(plain_put(&t->out, B("abcdef"), 5), 5);
    assert_int_equal(plain_put(&t->out, B("abcdef"), 2), 2);
    assert_int_equal(plain_put(&t->out, B("ab\x1b"), 5), 5); /* an escape is whole or not there */
    expect(t, "abcdefab.....ab...");
    plain_put_left(&t->out, B("ab"), 4);
    plain_put_left(&t->out, B("abcd"), 4);
    plain_put_right(&t->out, "ab", 4);
    expect(t, "ab  abcd   ab");
}

static void words_are_wrapped(void **state)
{
    struct written *t = *state;
    plain_wrap(&t->out, "one two three four", 4, 2, 10);
    expect(t, "one\n  two\n  three\n  four\n");
    plain_wrap(&t->out, "one two three four", 0, 0, 9);
    expect(t, "one two\nthree\nfour\n");
    plain_wrap(&t->out, "one-very-long-word x", 0, 2, 5);
    expect(t, "one-very-long-word\n  x\n");
    plain_wrap(&t->out, "", 0, 2, 5);
    expect(t, "\n");
}

static void numbers_have_units(void **state)
{
    (void)state;
    assert_string_equal(human_count(0).s, "0");
    assert_string_equal(human_count(999).s, "999");
    assert_string_equal(human_count(1234567).s, "1,234,567");
    assert_string_equal(human_count(UINT64_MAX).s, "18,446,744,073,709,551,615");
    assert_string_equal(human_bytes(999).s, "999 B");
    assert_string_equal(human_bytes(1000).s, "1.0 kB");
    assert_string_equal(human_bytes(99949).s, "99.9 kB");
    assert_string_equal(human_bytes(99950).s, "100 kB");
    assert_string_equal(human_bytes(999499).s, "999 kB");
    assert_string_equal(human_bytes(999500).s, "1.0 MB");
    assert_string_equal(human_bytes(UINT64_MAX).s, "18446 PB");
    assert_string_equal(human_percent(1, 3).s, "33.3 %");
    assert_string_equal(human_percent(0, 0).s, "0.0 %");
    assert_string_equal(human_percent(UINT64_MAX, UINT64_MAX).s, "100.0 %");
}

static void durations_are_those_of_people(void **state)
{
    (void)state;
    assert_string_equal(human_time(0).s, "0 ns");
    assert_string_equal(human_time(1500).s, "1.5 us");
    assert_string_equal(human_time(999999).s, "1.0 ms");
    assert_string_equal(human_time(12345678).s, "12.3 ms");
    assert_string_equal(human_time(INT64_C(59900000000)).s, "59.9 s");
    assert_string_equal(human_time(INT64_C(125000000000)).s, "2 min 5 s");
    assert_string_equal(human_time(INT64_C(3720000000000)).s, "1 h 2 min");
    assert_string_equal(human_time(INT64_C(360000000000000)).s, "4 d 4 h");
    assert_string_equal(human_time(INT64_MAX).s, "106751 d 23 h");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_steers_a_terminal_is_escaped),
        TEST(what_deceives_a_reader_is_escaped),
        TEST(wide_characters_take_two_columns),
        TEST(a_heap_of_marks_is_broken_up),
        TEST(a_locale_without_utf8_gets_ascii),
        TEST(what_does_not_fit_is_cut_with_dots),
        TEST(words_are_wrapped),
        cmocka_unit_test(numbers_have_units),
        cmocka_unit_test(durations_are_those_of_people),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
