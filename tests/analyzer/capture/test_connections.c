/* A set of connections. */
#include "analyzer/capture/connections.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void connections_come_and_go(void **state)
{
    struct connections set = {0};
    (void)state;
    assert_false(connections_has(&set, 1));
    connections_remove(&set, 1);
    for (uint64_t i = 1; i <= 5000; i++) {
        assert_true(connections_add(&set, i * 64));
        assert_true(connections_add(&set, i * 64)); /* twice is once */
    }
    assert_int_equal(set.n, 5000);
    for (uint64_t i = 1; i <= 5000; i += 2) {
        connections_remove(&set, i * 64);
    }
    for (uint64_t i = 1; i <= 5000; i++) {
        assert_int_equal(connections_has(&set, i * 64), i % 2 == 0);
    }
    connections_done(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(connections_come_and_go)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
