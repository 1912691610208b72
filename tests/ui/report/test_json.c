/* The JSON writer: structure, numbers, strings of hostile bytes, times, base64; and the output
 * under it: large writes and failed ones. */
#include "ui/report/json.h"
#include "ui/report/time_text.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define B_INIT(literal)                                                                            \
    {                                                                                              \
        (const uint8_t *)(literal), sizeof(literal) - 1                                            \
    }
#define B(literal) ((struct bytes)B_INIT(literal))

struct written {
    struct buffer buffer;
    struct out out;
    struct json w;
};

static int set_up(void **state)
{
    struct written *t = calloc(1, sizeof *t);
    assert_non_null(t);
    buffer_init(&t->buffer, 1U << 22);
    out_init(&t->out, NULL, &t->buffer);
    json_init(&t->w, &t->out, 0);
    *state = t;
    return 0;
}

static int tear_down(void **state)
{
    struct written *t = *state;
    buffer_done(&t->buffer);
    free(t);
    return 0;
}

static void expect_bytes(struct written *t, struct bytes expected)
{
    assert_int_equal(out_flush(&t->out), 0);
    assert_int_equal(t->buffer.n, expected.n);
    assert_memory_equal(t->buffer.p, expected.p, expected.n);
    buffer_clear(&t->buffer);
    json_init(&t->w, &t->out, t->w.lines);
}

static void expect(struct written *t, const char *expected)
{
    expect_bytes(t, bytes_of(expected));
}

static void objects_and_arrays_nest(void **state)
{
    struct written *t = *state;
    json_object_begin(&t->w, NULL);
    json_u64(&t->w, "a", 1);
    json_array_begin(&t->w, "b");
    json_object_begin(&t->w, NULL);
    json_end(&t->w);
    json_nothing(&t->w, NULL);
    json_bool(&t->w, NULL, true);
    json_end(&t->w);
    json_object_begin(&t->w, "c");
    json_bool(&t->w, "d", false);
    json_end(&t->w);
    json_raw(&t->w, "e", B("[0]"));
    json_raw_members(&t->w, B("\"f\":1"));
    json_end(&t->w);
    expect(t, "{\"a\":1,\"b\":[{},null,true],\"c\":{\"d\":false},\"e\":[0],\"f\":1}");
}

static void outer_containers_can_have_a_line_for_each_element(void **state)
{
    struct written *t = *state;
    json_init(&t->w, &t->out, 2);
    json_object_begin(&t->w, NULL);
    json_array_begin(&t->w, "a");
    json_array_begin(&t->w, NULL);
    json_u64(&t->w, NULL, 1);
    json_u64(&t->w, NULL, 2);
    json_end(&t->w);
    json_u64(&t->w, NULL, 3);
    json_end(&t->w);
    json_array_begin(&t->w, "b");
    json_end(&t->w);
    json_end(&t->w);
    expect(t, "{\n  \"a\":[\n    [1,2],\n    3\n  ],\n  \"b\":[]\n}");
}

static void numbers_are_written_whole(void **state)
{
    struct written *t = *state;
    static const uint64_t values[] = {0, 9, 10, 99, 100, 12345, 1000000, UINT64_MAX};
    json_array_begin(&t->w, NULL);
    for (size_t i = 0; i < sizeof values / sizeof values[0]; i++) {
        json_u64(&t->w, NULL, values[i]);
    }
    json_i64(&t->w, NULL, INT64_MIN);
    json_i64(&t->w, NULL, -7);
    json_end(&t->w);
    expect(t, "[0,9,10,99,100,12345,1000000,18446744073709551615,-9223372036854775808,-7]");
}

static void fixed_point_rounds_and_keeps_its_sign(void **state)
{
    struct written *t = *state;
    json_array_begin(&t->w, NULL);
    json_fixed(&t->w, NULL, 1234567890, 9, 6);
    json_fixed(&t->w, NULL, 1234567499, 9, 6);
    json_fixed(&t->w, NULL, 1234567500, 9, 6);
    json_fixed(&t->w, NULL, 5, 9, 9);
    json_fixed(&t->w, NULL, -1500000, 6, 3);
    json_fixed(&t->w, NULL, -1, 6, 3);
    json_fixed(&t->w, NULL, 999999999, 9, 0);
    json_fixed(&t->w, NULL, INT64_MIN, 9, 9);
    json_fixed(&t->w, NULL, 42, 0, 0);
    json_ratio(&t->w, NULL, 1, 3);
    json_ratio(&t->w, NULL, 1, 0);
    json_ratio(&t->w, NULL, UINT64_MAX, UINT64_MAX);
    json_end(&t->w);
    expect(t, "[1.234568,1.234567,1.234568,0.000000005,-1.500,0.000,1,-9223372036.854775808,42,"
              "0.333,null,1.000]");
}

static void plain_strings_of_every_length_are_copied(void **state)
{
    struct written *t = *state;
    uint8_t plain[40];
    char expected[48];
    for (size_t n = 0; n <= sizeof plain; n++) {
        memset(plain, 'x', sizeof plain);
        json_bytes(&t->w, NULL, (struct bytes){plain, n});
        snprintf(expected, sizeof expected, "\"%.*s\"", (int)n, (const char *)plain);
        expect(t, expected);
    }
}

static void what_json_forbids_is_escaped_at_every_place(void **state)
{
    struct written *t = *state;
    static const struct {
        uint8_t byte;
        const char *escaped;
    } cases[] = {{'"', "\\\""},         {'\\', "\\\\"},    {'\n', "\\n"},
                 {'\r', "\\r"},         {'\t', "\\t"},     {'\b', "\\b"},
                 {'\f', "\\f"},         {0, "\\u0000"},    {0x1b, "\\u001b"},
                 {0x1f, "\\u001f"},     {0x7f, "\\u007f"}, {0x80, "\xef\xbf\xbd"},
                 {0xff, "\xef\xbf\xbd"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        for (size_t at = 0; at < 20; at++) {
            char text[21] = "abcdefghijklmnopqrst";
            char expected[64];
            text[at] = (char)cases[i].byte;
            json_bytes(&t->w, NULL, (struct bytes){(const uint8_t *)text, 20});
            snprintf(expected, sizeof expected, "\"%.*s%s%s\"", (int)at, "abcdefghijklmnopqrst",
                     cases[i].escaped, &"abcdefghijklmnopqrst"[at + 1]);
            expect(t, expected);
        }
    }
}

static void what_is_no_utf8_becomes_a_replacement_character(void **state)
{
    struct written *t = *state;
    static const struct {
        struct bytes in;
        const char *out;
    } cases[] = {
        {B_INIT("\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"),
         "\"\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80\""},
        {B_INIT("\xc3"), "\"\xef\xbf\xbd\""},                 /* cut */
        {B_INIT("\xe2\x82"), "\"\xef\xbf\xbd\""},             /* cut: one character */
        {B_INIT("\xe2\x82z"), "\"\xef\xbf\xbdz\""},           /* broken off */
        {B_INIT("\xc0\xaf"), "\"\xef\xbf\xbd\xef\xbf\xbd\""}, /* longer than needed */
        {B_INIT("\xed\xa0\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""}, /* a surrogate */
        {B_INIT("\xf4\x90\x80\x80"), "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\""},
        {B_INIT("\xf5z"), "\"\xef\xbf\xbdz\""},
        {B_INIT("a\0b"), "\"a\\u0000b\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_bytes(&t->w, NULL, cases[i].in);
        expect(t, cases[i].out);
    }
}

static void what_could_deceive_a_reader_is_escaped(void **state)
{
    struct written *t = *state;
    json_bytes(&t->w, NULL, B("\xc2\x9b\xe2\x80\xae\xe2\x80\x8b\xf3\xa0\x81\x81"));
    expect(t, "\"\\u009b\\u202e\\u200b\\udb40\\udc41\"");
}

static void long_strings_pass_the_buffer(void **state)
{
    struct written *t = *state;
    size_t n = 3 * OUT_BUFFER_BYTES;
    uint8_t *text = malloc(n + 2);
    assert_non_null(text);
    memset(text + 1, 'a', n);
    json_bytes(&t->w, NULL, (struct bytes){text + 1, n});
    text[0] = text[n + 1] = '"';
    expect_bytes(t, (struct bytes){text, n + 2});
    json_raw(&t->w, NULL, (struct bytes){text, n + 2});
    expect_bytes(t, (struct bytes){text, n + 2});
    free(text);
}

static void base64_and_hex(void **state)
{
    struct written *t = *state;
    json_array_begin(&t->w, NULL);
    json_base64(&t->w, NULL, B(""));
    json_base64(&t->w, NULL, B("f"));
    json_base64(&t->w, NULL, B("fo"));
    json_base64(&t->w, NULL, B("foo"));
    json_base64(&t->w, NULL, B("\xfb\xff\xfe\0"));
    json_hex(&t->w, NULL, B("\x01\xab"));
    json_end(&t->w);
    expect(t, "[\"\",\"Zg==\",\"Zm8=\",\"Zm9v\",\"+//+AA==\",\"01ab\"]");
}

static void base64_of_much_is_all_there(void **state)
{
    struct written *t = *state;
    size_t n = 3 * OUT_BUFFER_BYTES;
    uint8_t *zeros = calloc(1, n);
    uint8_t *expected = malloc(n / 3 * 4);
    assert_non_null(zeros);
    assert_non_null(expected);
    memset(expected, 'A', n / 3 * 4);
    json_put_base64(&t->out, (struct bytes){zeros, n});
    expect_bytes(t, (struct bytes){expected, n / 3 * 4});
    free(zeros);
    free(expected);
}

static void times_are_rfc_3339(void **state)
{
    struct written *t = *state;
    static const struct {
        int64_t ns;
        unsigned digits;
        const char *text;
    } cases[] = {
        {0, 6, "\"1970-01-01T00:00:00.000000Z\""},
        {INT64_C(1795362913123456789), 9, "\"2026-11-22T15:55:13.123456789Z\""},
        {INT64_C(1795362913123456789), 6, "\"2026-11-22T15:55:13.123456Z\""},
        {INT64_C(1795362913123456789), 0, "\"2026-11-22T15:55:13Z\""},
        {INT64_C(951782400000000000), 6, "\"2000-02-29T00:00:00.000000Z\""},
        {INT64_C(4107542399999999999), 9, "\"2100-02-28T23:59:59.999999999Z\""},
        {-1, 9, "\"1969-12-31T23:59:59.999999999Z\""},
        {INT64_MIN, 9, "\"1677-09-21T00:12:43.145224192Z\""},
        {INT64_MAX, 9, "\"2262-04-11T23:47:16.854775807Z\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_time(&t->w, NULL, cases[i].ns, cases[i].digits);
        expect(t, cases[i].text);
    }
}

static void a_kept_second_is_not_mistaken_for_another(void **state)
{
    struct time_cache cache = {0};
    uint8_t p[TIME_TEXT_BYTES];
    uint8_t q[TIME_TEXT_BYTES];
    static const int64_t times[] = {5, 999999999, 1000000000, 999999999, -1, 0, INT64_MIN};
    (void)state;
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        size_t n = time_text_cached(&cache, p, times[i], 9);
        assert_int_equal(n, time_text(q, times[i], 9));
        assert_memory_equal(p, q, n);
    }
}

/* Pieces of growing size, through a FILE, by both ways of writing. */
static void a_file_gets_every_byte_in_order(void **state)
{
    struct out *o = calloc(1, sizeof *o);
    FILE *file = tmpfile();
    size_t total = 0;
    uint8_t piece[OUT_ROOM_MAX_BYTES * 4];
    (void)state;
    assert_non_null(o);
    assert_non_null(file);
    out_init(o, file, NULL);
    for (size_t n = 0; total < 5 * OUT_BUFFER_BYTES; n = (n * 7 + 13) % sizeof piece) {
        for (size_t i = 0; i < n; i++) {
            piece[i] = (uint8_t)((total + i) % 251);
        }
        if (n <= OUT_ROOM_MAX_BYTES) {
            memcpy(out_room(o, n), piece, n);
            o->n += n;
        } else {
            out_bytes(o, (struct bytes){piece, n});
        }
        total += n;
    }
    assert_int_equal(out_flush(o), 0);
    rewind(file);
    for (size_t i = 0; i < total; i++) {
        assert_int_equal(fgetc(file), (int)(i % 251));
    }
    assert_int_equal(fgetc(file), EOF);
    fclose(file);
    free(o);
}

static void a_full_disk_is_remembered(void **state)
{
    struct out *o = calloc(1, sizeof *o);
    FILE *full = fopen("/dev/full", "w");
    (void)state;
    if (full == NULL) {
        free(o);
        skip();
    }
    out_init(o, full, NULL);
    out_text(o, "lost");
    assert_int_equal(out_flush(o), ENOSPC);
    out_repeat(o, 'x', 3 * OUT_BUFFER_BYTES);
    assert_int_equal(out_flush(o), ENOSPC);
    fclose(full);
    free(o);
}

static void a_buffer_that_is_full_is_remembered(void **state)
{
    struct out *o = calloc(1, sizeof *o);
    struct buffer small;
    (void)state;
    buffer_init(&small, 100);
    out_init(o, NULL, &small);
    out_repeat(o, 'x', 101);
    assert_int_equal(out_flush(o), ENOMEM);
    out_text(o, "y");
    assert_int_equal(out_flush(o), ENOMEM);
    assert_int_equal(small.n, 0);
    buffer_done(&small);
    free(o);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(objects_and_arrays_nest),
        TEST(outer_containers_can_have_a_line_for_each_element),
        TEST(numbers_are_written_whole),
        TEST(fixed_point_rounds_and_keeps_its_sign),
        TEST(plain_strings_of_every_length_are_copied),
        TEST(what_json_forbids_is_escaped_at_every_place),
        TEST(what_is_no_utf8_becomes_a_replacement_character),
        TEST(what_could_deceive_a_reader_is_escaped),
        TEST(long_strings_pass_the_buffer),
        TEST(base64_and_hex),
        TEST(base64_of_much_is_all_there),
        TEST(times_are_rfc_3339),
        cmocka_unit_test(a_kept_second_is_not_mistaken_for_another),
        cmocka_unit_test(a_file_gets_every_byte_in_order),
        cmocka_unit_test(a_full_disk_is_remembered),
        cmocka_unit_test(a_buffer_that_is_full_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
