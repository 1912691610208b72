/* The last packets of connections. */
#include "analyzer/capture/lookback.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void add(struct lookback *l, uint64_t connection, uint64_t number, size_t n)
{
    uint8_t bytes[2000];
    memset(bytes, (int)(number & 255), n);
    struct packet p = {.no = number, .b = {bytes, n}};
    lookback_add(l, connection, &p);
}

static void a_connection_s_packets_come_back_in_order(void **state)
{
    struct lookback *l = lookback_new(65536);
    struct packet taken[8];
    (void)state;
    for (uint64_t i = 1; i <= 6; i++) {
        add(l, i % 2 + 1, i, 10 * i);
    }
    assert_int_equal(lookback_take(l, 1, taken, 8), 3);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(taken[i].no, 2 * i + 2);
        assert_int_equal(taken[i].b.n, 20 * i + 20);
        assert_int_equal(taken[i].b.p[taken[i].b.n - 1], 2 * i + 2);
    }
    assert_int_equal(lookback_take(l, 9, taken, 8), 0);
    lookback_free(l);
}

/* Lengths of all kinds over many turns of the ring: what comes back is what was put in, and it is
 * the newest. */
static void the_oldest_packets_make_room(void **state)
{
    struct lookback *l = lookback_new(5000);
    struct packet taken[64];
    (void)state;
    for (uint64_t i = 1; i <= 20000; i++) {
        add(l, i % 7 + 1, i, (i * 131) % 900);
        size_t n = lookback_take(l, i % 7 + 1, taken, 64);
        assert_true(n >= 1);
        assert_int_equal(taken[n - 1].no, i);
        for (size_t k = 0; k < n; k++) {
            assert_int_equal(taken[k].no % 7, i % 7);
            assert_int_equal(taken[k].b.n, (taken[k].no * 131) % 900);
            assert_true(k == 0 || taken[k].no == taken[k - 1].no + 7);
            if (taken[k].b.n > 0) {
                assert_int_equal(taken[k].b.p[taken[k].b.n - 1], taken[k].no & 255);
            }
        }
    }
    lookback_free(l);
}

static void what_is_too_long_is_not_kept(void **state)
{
    struct lookback *l = lookback_new(1024);
    struct packet taken[4];
    (void)state;
    add(l, 1, 1, 1500);
    assert_int_equal(lookback_take(l, 1, taken, 4), 0);
    add(l, 1, 2, 100);
    assert_int_equal(lookback_take(l, 1, taken, 4), 1);
    lookback_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_s_packets_come_back_in_order),
        cmocka_unit_test(the_oldest_packets_make_room),
        cmocka_unit_test(what_is_too_long_is_not_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
