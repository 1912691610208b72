/* The memory of connections that are over. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyzer/limits.h"
#include "analyzer/tcp/closed.h"

static bool repeats(const struct closed *c, uint32_t hash, uint32_t seq, size_t n, int64_t now)
{
    static const uint8_t bytes[100];
    struct segment g = {.seq = seq, .b = {bytes, n}};
    return closed_repeats(c, hash, &g, now);
}

static void what_was_said_before_is_known_and_nothing_else(void **state)
{
    (void)state;
    struct closed *c = closed_new();
    assert_non_null(c);
    assert_false(repeats(c, 7, 0, 0, 0));
    assert_false(repeats(c, 0, 0, 0, 0));
    struct flow f = {.hash = 7, .side = {{.next = 1000}, {.next = 50}}};
    closed_remember(c, &f, 5 * SECOND_NS);
    assert_true(repeats(c, 7, 990, 10, 5 * SECOND_NS));
    assert_true(repeats(c, 7, 950, 10, 5 * SECOND_NS));
    assert_true(repeats(c, 7, (uint32_t)-50, 100, 5 * SECOND_NS)); /* over the wrap */
    assert_false(repeats(c, 7, 990, 11, 5 * SECOND_NS));
    assert_false(repeats(c, 7, 100000000, 10, 5 * SECOND_NS));
    assert_false(repeats(c, 8, 990, 10, 5 * SECOND_NS));
    assert_false(repeats(c, 7 + 4096, 990, 10, 5 * SECOND_NS)); /* the same place */
    closed_free(c);
}

static void it_is_forgotten_in_time(void **state)
{
    (void)state;
    struct closed *c = closed_new();
    assert_non_null(c);
    struct flow f = {.hash = 7, .side = {{.next = 1000}, {.next = 50}}};
    closed_remember(c, &f, SECOND_NS);
    assert_true(repeats(c, 7, 990, 10, SECOND_NS + TCP_CLOSED_NS));
    assert_false(repeats(c, 7, 990, 10, SECOND_NS + TCP_CLOSED_NS + 1));
    closed_free(c);
}

static void which_are_remembered_does_not_depend_on_their_hashes(void **state)
{
    static const uint32_t steps[] = {1, 3, 64, CLOSED_CONNECTIONS}; /* the last: one chain */
    (void)state;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        struct closed *c = closed_new();
        assert_non_null(c);
        for (uint32_t n = 0; n < 3 * CLOSED_CONNECTIONS; n++) {
            struct flow f = {.hash = n * steps[i], .side = {{.next = 1000}, {.next = 50}}};
            closed_remember(c, &f, SECOND_NS);
        }
        for (uint32_t n = 0; n < 3 * CLOSED_CONNECTIONS; n++) {
            assert_int_equal(repeats(c, n * steps[i], 990, 10, SECOND_NS),
                             n >= 2 * CLOSED_CONNECTIONS);
        }
        closed_free(c);
    }
}

static void of_one_that_ended_twice_the_newer_end_counts(void **state)
{
    (void)state;
    struct closed *c = closed_new();
    assert_non_null(c);
    struct flow f = {.hash = 7, .side = {{.next = 1000}, {.next = 50}}};
    closed_remember(c, &f, SECOND_NS);
    f.side[0].next = 2000000000;
    closed_remember(c, &f, 2 * SECOND_NS);
    assert_true(repeats(c, 7, 1999999990, 10, 2 * SECOND_NS));
    assert_false(repeats(c, 7, 990, 10, 2 * SECOND_NS));
    closed_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_said_before_is_known_and_nothing_else),
        cmocka_unit_test(it_is_forgotten_in_time),
        cmocka_unit_test(which_are_remembered_does_not_depend_on_their_hashes),
        cmocka_unit_test(of_one_that_ended_twice_the_newer_end_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
