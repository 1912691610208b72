/* Texts come back whole and in the order of their ids, from memory, from a file, and from both. */
#include "ui/report/spool.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct texts {
    char *p;
    size_t n;
};

static void take(void *ctx, struct bytes piece, bool first)
{
    struct texts *t = ctx;
    t->p = realloc(t->p, t->n + piece.n + 2);
    assert_non_null(t->p);
    if (first) {
        t->p[t->n++] = '|';
    }
    if (piece.n > 0) {
        memcpy(t->p + t->n, piece.p, piece.n);
        t->n += piece.n;
    }
    t->p[t->n] = '\0';
}

static void expect(struct spool *s, const char *expected)
{
    struct texts t = {0};
    assert_int_equal(spool_read(s, take, &t), 0);
    assert_string_equal(t.p != NULL ? t.p : "", expected);
    free(t.p);
}

static void texts_come_in_the_order_of_their_ids(void **state)
{
    struct spool *s = spool_new(1000, 0);
    (void)state;
    expect(s, "");
    spool_add(s, 3, bytes_of("three"));
    spool_add(s, 1, bytes_of("one"));
    spool_add(s, 2, bytes_of(""));
    assert_int_equal(spool_count(s), 3);
    expect(s, "|one||three");
    expect(s, "|one||three");
    spool_free(s);
}

/* n texts of growing length, added from both ends; `memory` decides how many are in the file. */
static void check_many(size_t memory, unsigned n)
{
    struct spool *s = spool_new(memory, 0);
    struct texts expected = {0};
    struct texts got = {0};
    char text[4096];
    for (unsigned i = 0; i < n; i++) {
        unsigned id = i % 2 == 0 ? i / 2 : n - 1 - i / 2;
        memset(text, 'a' + (int)(id % 26), sizeof text);
        spool_add(s, id, (struct bytes){(const uint8_t *)text, id * 7 % sizeof text});
    }
    for (unsigned id = 0; id < n; id++) {
        memset(text, 'a' + (int)(id % 26), sizeof text);
        take(&expected, (struct bytes){(const uint8_t *)text, id * 7 % sizeof text}, true);
    }
    assert_int_equal(spool_read(s, take, &got), 0);
    assert_int_equal(got.n, expected.n);
    assert_memory_equal(got.p, expected.p, expected.n);
    free(got.p);
    free(expected.p);
    spool_free(s);
}

static void many_texts_are_the_same_from_memory_and_from_a_file(void **state)
{
    (void)state;
    check_many(1U << 24, 700);
    check_many(100000, 700);
    check_many(5000, 700);
    check_many(0, 300); /* each in the file as soon as the next one comes */
}

static void a_text_larger_than_the_memory_is_moved_out_by_the_next(void **state)
{
    char old[4096];
    (void)state;
    snprintf(old, sizeof old, "%s", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    setenv("TMPDIR", "/nonexistent", 1);
    struct spool *s = spool_new(4, 0);
    spool_add(s, 1, bytes_of("larger than four bytes"));
    spool_add(s, 2, bytes_of("needs the file"));
    assert_int_equal(spool_dropped(s), 1);
    expect(s, "|larger than four bytes");
    spool_free(s);
    setenv("TMPDIR", old, 1);
}

static void only_the_lowest_ids_are_wanted_of_a_limited_spool(void **state)
{
    struct spool *s = spool_new(1000, 2);
    (void)state;
    spool_add(s, 7, bytes_of("7"));
    assert_true(spool_wants(s, 9));
    spool_add(s, 9, bytes_of("9"));
    assert_false(spool_wants(s, 10));
    spool_add(s, 10, bytes_of("10")); /* is taken all the same, and not given */
    assert_true(spool_wants(s, 8));
    spool_add(s, 8, bytes_of("8"));
    assert_false(spool_wants(s, 9));
    spool_add(s, 1, bytes_of("1"));
    assert_false(spool_wants(s, 8));
    assert_int_equal(spool_count(s), 2);
    expect(s, "|1|7");
    spool_free(s);
}

static void a_file_that_cannot_be_made_loses_texts_but_not_those_in_memory(void **state)
{
    char old[4096];
    (void)state;
    snprintf(old, sizeof old, "%s", getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "");
    setenv("TMPDIR", "/nonexistent", 1);
    struct spool *s = spool_new(40, 0);
    spool_add(s, 1, bytes_of("kept"));
    spool_add(s, 2, bytes_of("lost, because it does not fit"));
    spool_add(s, 3, bytes_of("lost"));
    assert_int_equal(spool_dropped(s), 2);
    assert_int_equal(spool_error(s), ENOENT);
    expect(s, "|kept");
    spool_free(s);
    if (old[0] != '\0') {
        setenv("TMPDIR", old, 1);
    } else {
        unsetenv("TMPDIR");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_come_in_the_order_of_their_ids),
        cmocka_unit_test(many_texts_are_the_same_from_memory_and_from_a_file),
        cmocka_unit_test(a_text_larger_than_the_memory_is_moved_out_by_the_next),
        cmocka_unit_test(only_the_lowest_ids_are_wanted_of_a_limited_spool),
        cmocka_unit_test(a_file_that_cannot_be_made_loses_texts_but_not_those_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
