/* Closes by what their codes meant: each version's table, and the registry's. */
#include "ui/report/close_counts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static void write_row(void *ctx, const struct close_count *c)
{
    char *text = ctx;
    size_t n = strlen(text);
    snprintf(text + n, 1024 - n, "%d %s %d %d\n", c->code, c->name, (int)c->n[0], (int)c->n[1]);
}

static void check(const struct totals *t, const char *expected)
{
    char text[1024] = "";
    close_counts(t, registry_builtin(), write_row, text);
    assert_string_equal(text, expected);
}

static void a_code_has_a_row_for_each_of_its_names(void **state)
{
    (void)state;
    static struct totals t;
    for (int version = 6; version <= 13; version++) {
        totals_add_closes(&t, DIR_CLIENT_TO_SERVER, 1004, 1, websocket_version(version));
    }
    totals_add_closes(&t, DIR_SERVER_TO_CLIENT, 1004, 1, NULL);
    check(&t, "1004 Message Too Large 3 0\n"
              "1004 Reserved 5 1\n");
}

static void names_that_never_changed_have_one_row(void **state)
{
    (void)state;
    static struct totals t;
    for (int version = 6; version <= 13; version++) {
        totals_add_closes(&t, DIR_SERVER_TO_CLIENT, 1000, 1, websocket_version(version));
        totals_add_closes(&t, DIR_SERVER_TO_CLIENT, 4004, 1, websocket_version(version));
    }
    check(&t, "1000 Normal Closure 0 8\n"
              "4004 Private Use 0 8\n");
}

static void codes_that_came_later_were_unassigned(void **state)
{
    (void)state;
    static struct totals t;
    totals_add_closes(&t, DIR_CLIENT_TO_SERVER, 1007, 1, websocket_version(7));
    totals_add_closes(&t, DIR_CLIENT_TO_SERVER, 1007, 1, websocket_version(8));
    totals_add_closes(&t, DIR_CLIENT_TO_SERVER, 1011, 1, websocket_version(8));
    totals_add_closes(&t, DIR_CLIENT_TO_SERVER, 1011, 1, websocket_version(13));
    check(&t, "1007 Invalid UTF-8 1 0\n"
              "1007 Unassigned 1 0\n"
              "1011 Internal Error 1 0\n"
              "1011 Unassigned 1 0\n");
}

static void a_close_that_never_has_a_code_is_not_one_that_lacks_it(void **state)
{
    (void)state;
    static struct totals t;
    totals_add_closes(&t, DIR_CLIENT_TO_SERVER, CLOSE_CODE_NONE, 1, websocket_version(3));
    totals_add_closes(&t, DIR_CLIENT_TO_SERVER, CLOSE_CODE_NONE, 1, websocket_version(5));
    totals_add_closes(&t, DIR_CLIENT_TO_SERVER, CLOSE_CODE_NONE, 1, websocket_version(6));
    totals_add_closes(&t, DIR_CLIENT_TO_SERVER, CLOSE_CODE_NONE, 1, websocket_version(13));
    check(&t, "-1 No Status Rcvd 2 0\n"
              "-1 without a code 2 0\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_has_a_row_for_each_of_its_names),
        cmocka_unit_test(names_that_never_changed_have_one_row),
        cmocka_unit_test(codes_that_came_later_were_unassigned),
        cmocka_unit_test(a_close_that_never_has_a_code_is_not_one_that_lacks_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
