/* What a live run leaves out when it cannot keep up. */
#include "ui/shed.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#define MIB (UINT64_C(1) << 20)
#define MS INT64_C(1000000)

static void bodies_go_first_then_new_connections(void **state)
{
    (void)state;
    /* 100 MiB a second: half a second of it fills 50 MiB of 64 */
    double rate = 100.0 * (double)MIB;
    assert_int_equal(shed_level(SHED_NOTHING, 100 * MS, rate, 64 * MIB), SHED_NOTHING);
    assert_int_equal(shed_level(SHED_NOTHING, 400 * MS, rate, 64 * MIB), SHED_BODIES);
    assert_int_equal(shed_level(SHED_BODIES, 600 * MS, rate, 64 * MIB), SHED_CONNECTIONS);
}

static void it_takes_everything_again_only_when_the_ring_has_emptied(void **state)
{
    double rate = 100.0 * (double)MIB;
    (void)state;
    assert_int_equal(shed_level(SHED_CONNECTIONS, 250 * MS, rate, 64 * MIB), SHED_CONNECTIONS);
    assert_int_equal(shed_level(SHED_BODIES, 250 * MS, rate, 64 * MIB), SHED_BODIES);
    assert_int_equal(shed_level(SHED_CONNECTIONS, 100 * MS, rate, 64 * MIB), SHED_NOTHING);
}

static void a_quiet_link_or_a_clock_set_back_sheds_nothing(void **state)
{
    (void)state;
    assert_int_equal(shed_level(SHED_NOTHING, 5000 * MS, 1000, 64 * MIB), SHED_NOTHING);
    assert_int_equal(shed_level(SHED_NOTHING, -3600000 * MS, 1e9, 64 * MIB), SHED_NOTHING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bodies_go_first_then_new_connections),
        cmocka_unit_test(it_takes_everything_again_only_when_the_ring_has_emptied),
        cmocka_unit_test(a_quiet_link_or_a_clock_set_back_sheds_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
