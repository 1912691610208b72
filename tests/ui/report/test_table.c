/* Rows of cells: what every dialect makes of numbers, and of text that nobody should trust. */
#include "ui/report/table.h"

#include <setjmp.h>
#include <stdarg.h>

#include <cmocka.h>

#define B(literal) ((struct bytes){(const uint8_t *)(literal), sizeof(literal) - 1})

static const struct table_column one_text[] = {{"a.b", "string"}, {NULL, NULL}};
static const struct table_column many[] = {
    {"n", "count"},  {"t", "time"},           {"d", "interval"}, {"yes", "bool"},
    {"x", "string"}, {"l", "vector[string]"}, {NULL, NULL}};

/* What a row with this one text is, without its end. */
static void expect_text(enum table_dialect dialect, struct bytes text, const char *expected)
{
    struct buffer into;
    struct out *out = test_malloc(sizeof *out);
    struct table t;
    buffer_init(&into, 4096);
    out_init(out, NULL, &into);
    table_init(&t, out, dialect, one_text);
    table_begin(&t);
    table_text(&t, text);
    table_end(&t);
    assert_int_equal(out_flush(out), 0);
    size_t end = dialect == TABLE_CSV ? 2 : 1;
    assert_int_equal(into.n, strlen(expected) + end);
    assert_memory_equal(into.p, expected, strlen(expected));
    buffer_done(&into);
    test_free(out);
}

static void csv_quotes_as_rfc_4180_says(void **state)
{
    (void)state;
    expect_text(TABLE_CSV, B("plain"), "plain");
    expect_text(TABLE_CSV, B("a,b"), "\"a,b\"");
    expect_text(TABLE_CSV, B("say \"hi\""), "\"say \"\"hi\"\"\"");
    expect_text(TABLE_CSV, B("two\r\nlines"), "\"two\r\nlines\"");
    expect_text(TABLE_CSV, B(""), "\"\"");
    expect_text(TABLE_CSV, (struct bytes){0}, "");
}

static void tsv_is_what_copy_reads(void **state)
{
    (void)state;
    expect_text(TABLE_TSV, B("a\tb\nc\rd\\e"), "a\\tb\\nc\\rd\\\\e");
    expect_text(TABLE_TSV, B(""), "");
    expect_text(TABLE_TSV, (struct bytes){0}, "\\N");
    expect_text(TABLE_TSV, B("\\N"), "\\\\N");
}

static void zeek_escapes_what_means_something_to_it(void **state)
{
    (void)state;
    expect_text(TABLE_ZEEK, B("a\tb"), "a\\x09b");
    expect_text(TABLE_ZEEK, B("-"), "\\x2d");
    expect_text(TABLE_ZEEK, B("--"), "--");
    expect_text(TABLE_ZEEK, B("(empty)"), "\\x28empty)");
    expect_text(TABLE_ZEEK, B("#close"), "\\x23close");
    expect_text(TABLE_ZEEK, B(""), "(empty)");
    expect_text(TABLE_ZEEK, (struct bytes){0}, "-");
    expect_text(TABLE_ZEEK, B("gr\xc3\xbc\xc3\x9f"), "gr\xc3\xbc\xc3\x9f");
    expect_text(TABLE_ZEEK_JSON, (struct bytes){0}, "{}");
    expect_text(TABLE_ZEEK_JSON, B("x"), "{\"a.b\":\"x\"}");
}

static void nothing_steers_a_terminal(void **state)
{
    (void)state;
    expect_text(TABLE_CSV, B("a\x1b[2J"), "a\xef\xbf\xbd[2J");
    expect_text(TABLE_TSV, B("a\x1b[2J"), "a\\x1b[2J");
    expect_text(TABLE_ZEEK, B("a\x1b[2J"), "a\\x1b[2J");
    expect_text(TABLE_ZEEK_JSON, B("a\x1b[2J"), "{\"a.b\":\"a\\u001b[2J\"}");
    expect_text(TABLE_TSV, B("\xe2\x80\xae"), "\\xe2\\x80\\xae"); /* right to left from here */
    expect_text(TABLE_TSV, B("\xff"), "\xef\xbf\xbd");            /* COPY refuses it */
    expect_text(TABLE_ZEEK, B("\xff"), "\\xff");
    expect_text(TABLE_CSV, B("\xff"), "\xef\xbf\xbd");
}

static void nothing_is_a_formula_of_a_spreadsheet(void **state)
{
    (void)state;
    expect_text(TABLE_CSV, B("=1+1"), "'=1+1");
    expect_text(TABLE_CSV, B("@SUM(A1,A2)"), "\"'@SUM(A1,A2)\"");
    expect_text(TABLE_TSV, B("+1"), "'+1");
    expect_text(TABLE_ZEEK, B("=1+1"), "=1+1");
}

static void what_a_cell_does_not_hold_exactly_is_told(void **state)
{
    (void)state;
    assert_true(table_is_exact(TABLE_CSV, B("a\nb \xc3\xbc")));
    assert_true(table_is_exact(TABLE_TSV, B("a\x1b")));
    assert_false(table_is_exact(TABLE_TSV, B("a\xff")));
    assert_false(table_is_exact(TABLE_TSV, B("a\0b")));
    assert_false(table_is_exact(TABLE_CSV, B("a\x1b")));
    assert_false(table_is_exact(TABLE_CSV, B("\xff")));
    assert_false(table_is_exact(TABLE_TSV, B("=1")));
}

static void write_many(struct table *t)
{
    table_head(t, INT64_C(1795362913000000000));
    table_begin(t);
    table_u64(t, 7);
    table_time(t, INT64_C(1795362913123456789));
    table_seconds(t, 1500000000);
    table_bool(t, true);
    table_none(t);
    table_list(t);
    table_item(t, B("a,b"));
    table_item(t, B("c"));
    table_list_end(t);
    table_end(t);
    table_foot(t, INT64_C(1795362914000000000));
}

static void every_kind_of_cell_has_its_form_in_every_dialect(void **state)
{
    static const char *const expected[] = {
        "n,t,d,yes,x,l\r\n7,2026-11-22T15:55:13.123456Z,1.500000,true,,\"a,b c\"\r\n",
        "n\tt\td\tyes\tx\tl\n7\t2026-11-22T15:55:13.123456Z\t1.500000\ttrue\t\\N\ta,b c\n",
        "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n#path\tp\n"
        "#open\t2026-11-22-15-55-13\n#fields\tn\tt\td\tyes\tx\tl\n"
        "#types\tcount\ttime\tinterval\tbool\tstring\tvector[string]\n"
        "7\t1795362913.123456\t1.500000\tT\t-\ta\\x2cb,c\n#close\t2026-11-22-15-55-14\n",
        "{\"n\":7,\"t\":1795362913.123456,\"d\":1.500000,\"yes\":true,\"l\":[\"a,b\",\"c\"]}\n"};
    struct out *out = test_malloc(sizeof *out);
    (void)state;
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        struct buffer into;
        struct table t;
        buffer_init(&into, 4096);
        out_init(out, NULL, &into);
        table_init(&t, out, (enum table_dialect)i, many);
        t.path = "p";
        write_many(&t);
        assert_int_equal(out_flush(out), 0);
        assert_true(buffer_append(&into, (struct bytes){(const uint8_t *)"", 1}));
        assert_string_equal((const char *)into.p, expected[i]);
        buffer_done(&into);
    }
    test_free(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_quotes_as_rfc_4180_says),
        cmocka_unit_test(tsv_is_what_copy_reads),
        cmocka_unit_test(zeek_escapes_what_means_something_to_it),
        cmocka_unit_test(nothing_steers_a_terminal),
        cmocka_unit_test(nothing_is_a_formula_of_a_spreadsheet),
        cmocka_unit_test(what_a_cell_does_not_hold_exactly_is_told),
        cmocka_unit_test(every_kind_of_cell_has_its_form_in_every_dialect),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
