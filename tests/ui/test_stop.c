/* When a run stops by itself. */
#include "ui/stop.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

static void a_run_without_limits_never_stops(void **state)
{
    struct options o = {0};
    struct stop stop;
    (void)state;
    stop_init(&stop, &o);
    stop.packets = UINT64_MAX;
    assert_false(stop_is_due(&stop, 1000000));
    assert_int_equal(stop_room(&stop, 64), 64);
}

static void no_packet_is_taken_beyond_the_count(void **state)
{
    struct options o = {.count = 100};
    struct stop stop;
    (void)state;
    stop_init(&stop, &o);
    assert_int_equal(stop_room(&stop, 64), 64);
    stop.packets = 64;
    assert_int_equal(stop_room(&stop, 64), 36);
    assert_false(stop_is_due(&stop, 1000000));
    stop.packets = 100;
    assert_true(stop_is_due(&stop, 1000000));
}

static void sessions_count_when_they_have_ended(void **state)
{
    struct options o = {.sessions = 2};
    struct stop stop;
    (void)state;
    stop_init(&stop, &o);
    assert_false(stop_is_due(&stop, 1));
    assert_true(stop_is_due(&stop, 2));
}

static void the_time_runs_from_the_beginning(void **state)
{
    struct options o = {.duration = 3600};
    struct stop stop;
    (void)state;
    stop_init(&stop, &o);
    assert_false(stop_is_due(&stop, 1000000));
    stop.deadline -= INT64_C(3601) * 1000000000;
    assert_true(stop_is_due(&stop, 1000000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_run_without_limits_never_stops),
        cmocka_unit_test(no_packet_is_taken_beyond_the_count),
        cmocka_unit_test(sessions_count_when_they_have_ended),
        cmocka_unit_test(the_time_runs_from_the_beginning),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
