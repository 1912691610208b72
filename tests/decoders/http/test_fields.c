// HTTP header fields: lines, lists, extension lists.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above.
#include <cmocka.h>

#include "decoders/http/fields.h"

#include <stdio.h>

static void same(struct bytes b, const char *text)
{
    assert_non_null(b.p);
    assert_int_equal(b.n, strlen(text));
    assert_memory_equal(b.p, text, b.n);
}

static void lines_are_names_and_trimmed_values(void **state)
{
    (void)state;
    struct bytes lines = bytes_of("A: b \r\nC:\t\r\nno colon\nD:e:f\r\n\r\nbehind: x\r\n");
    struct field f;
    assert_true(field_next(&lines, &f));
    same(f.name, "A");
    same(f.value, "b");
    assert_true(field_next(&lines, &f));
    same(f.name, "C");
    same(f.value, "");
    assert_true(field_next(&lines, &f));
    assert_int_equal(f.name.n, 0);
    same(f.value, "no colon");
    assert_true(field_next(&lines, &f));
    same(f.value, "e:f");
    assert_false(field_next(&lines, &f));
}

static void a_folded_line_is_one_field(void **state)
{
    (void)state;
    struct bytes lines = bytes_of("A:\r\n b,\r\n\tc\r\nD: e");
    struct field f;
    assert_true(field_next(&lines, &f));
    assert_true(f.folded);
    same(f.value, "b,\r\n\tc");
    assert_true(field_next(&lines, &f));
    assert_false(f.folded);
    same(f.name, "D");
    same(f.value, "e");
    assert_false(field_next(&lines, &f));
}

static void known_fields_are_found_in_any_case(void **state)
{
    (void)state;
    struct fields f;
    fields_read(&f, bytes_of("hOST: a\r\nSEC-WEBSOCKET-KEY: k\r\nHostess: b\r\n\r\n"));
    assert_int_equal(f.count[FIELD_HOST], 1);
    same(f.value[FIELD_HOST], "a");
    same(f.value[FIELD_WS_KEY], "k");
    assert_false(fields_have(&f, FIELD_ORIGIN));
    assert_null(f.value[FIELD_ORIGIN].p);
    assert_false(f.malformed);
    fields_read(&f, bytes_of("Host: a\r\nno name\r\n"));
    assert_true(f.malformed);
}

static void several_lines_of_a_name_are_joined(void **state)
{
    (void)state;
    static const char text[] = "Sec-WebSocket-Version: 13\r\nHost: h\r\n"
                               "Sec-WebSocket-Version: 8,\r\n  7\r\nServer:\r\n\tx\r\n\r\n";
    uint8_t memory[sizeof text];
    struct field_room room = {memory, sizeof text - 1};
    struct fields f;
    fields_read(&f, bytes_of(text));
    same(fields_value(&f, FIELD_WS_VERSION, &room), "13, 8, 7");
    same(fields_value(&f, FIELD_SERVER, &room), "x");
    same(fields_value(&f, FIELD_HOST, &room), "h");
    assert_null(fields_value(&f, FIELD_ORIGIN, &room).p);
    same(fields_last(&f, FIELD_WS_VERSION), "8,\r\n  7");
    same(fields_last(&f, FIELD_HOST), "h");
}

static void joined_values_never_need_more_room_than_their_lines(void **state)
{
    (void)state;
    static const char text[] = "Host:\nHost:\nHost:\nOrigin:a\nOrigin:b\n\n";
    uint8_t memory[sizeof text];
    struct field_room room = {memory, sizeof text - 1};
    struct fields f;
    fields_read(&f, bytes_of(text));
    assert_int_equal(f.count[FIELD_HOST], 3);
    same(fields_value(&f, FIELD_ORIGIN, &room), "a, b");
    assert_true(fields_value(&f, FIELD_HOST, &room).n <= 6);
    assert_true(room.n > 0);
}

static void a_token_has_no_separators(void **state)
{
    (void)state;
    assert_true(is_token(bytes_of("permessage-deflate")));
    assert_true(is_token(bytes_of("!#$%&'*+-.^_`|~09AZaz")));
    assert_false(is_token(bytes_of("")));
    assert_false(is_token((struct bytes){(const uint8_t *)"a\0", 2}));
    for (const char *c = " \t()<>@,;:\\\"/[]?={}\x7f\x80"; *c != '\0'; c++) {
        assert_false(is_token((struct bytes){(const uint8_t *)c, 1}));
    }
}

static void a_list_skips_empty_items(void **state)
{
    (void)state;
    struct bytes list = bytes_of(" a,,b c ,\t, d");
    struct bytes item;
    assert_true(list_next(&list, &item));
    same(item, "a");
    assert_true(list_next(&list, &item));
    same(item, "b c");
    assert_true(list_next(&list, &item));
    same(item, "d");
    assert_false(list_next(&list, &item));
    assert_true(list_has(bytes_of("keep-alive, Upgrade"), "upgrade"));
    assert_false(list_has(bytes_of("keep-alive, Upgrades"), "upgrade"));
    assert_false(list_has((struct bytes){0}, "upgrade"));
}

/* An extension list as text again: what was read, with ! where it is bad. */
static void expect_extensions(const char *text, const char *expected)
{
    char out[512];
    int n = 0;
    struct bytes list = bytes_of(text);
    struct extension e;
    out[0] = '\0';
    while (extension_list_next(&list, &e)) {
        n += snprintf(out + n, sizeof out - (size_t)n, "%s%.*s", e.bad ? "!" : "", (int)e.name.n,
                      (const char *)e.name.p);
        struct extension_parameter p;
        while (extension_parameter_next(&e.parameters, &p)) {
            n += snprintf(out + n, sizeof out - (size_t)n, ";%s%.*s", p.bad ? "!" : "",
                          (int)p.name.n, (const char *)p.name.p);
            if (p.value.p != NULL) {
                n += snprintf(out + n, sizeof out - (size_t)n, "=%.*s", (int)p.value.n,
                              (const char *)p.value.p);
            }
        }
        n += snprintf(out + n, sizeof out - (size_t)n, "|");
    }
    assert_string_equal(out, expected);
}

static void extensions_are_read_by_their_grammar(void **state)
{
    (void)state;
    expect_extensions("a", "a|");
    expect_extensions("", "");
    expect_extensions(" a ; b = c , ,d;e;f=\"g\"", "a;b=c|d;e;f=g|");
    expect_extensions("foo; x=\"a,b\", bar", "!foo;!x=a,b|bar|");
    expect_extensions("foo; x=\"1\\5\"", "foo;x=1\\5|");
}

static void broken_extensions_are_marked_and_passed(void **state)
{
    (void)state;
    expect_extensions("a;, b", "!a|b|");
    expect_extensions("a;b;, c", "!a;b|c|");
    expect_extensions("a b, c", "!a b|c|");
    expect_extensions("a; b=, c", "!a;!b=|c|");
    expect_extensions("a; b=\"\", c", "!a;!b=\"\"|c|");
    expect_extensions("a; b=\"c, d", "!a;!b=\"c, d|");
    expect_extensions("a; b=\"c\\", "!a;!b=\"c\\|");
    expect_extensions(";a", "!;a|");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_names_and_trimmed_values),
        cmocka_unit_test(a_folded_line_is_one_field),
        cmocka_unit_test(known_fields_are_found_in_any_case),
        cmocka_unit_test(several_lines_of_a_name_are_joined),
        cmocka_unit_test(joined_values_never_need_more_room_than_their_lines),
        cmocka_unit_test(a_token_has_no_separators),
        cmocka_unit_test(a_list_skips_empty_items),
        cmocka_unit_test(extensions_are_read_by_their_grammar),
        cmocka_unit_test(broken_extensions_are_marked_and_passed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
