/* What a capture that runs for days decides between two batches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ui/upkeep.h"

static void connections_come_back_when_half_of_the_memory_is_not_needed(void **state)
{
    (void)state;
    assert_true(upkeep_has_room(50, 0, 100));
    assert_false(upkeep_has_room(51, 0, 100));
    assert_true(upkeep_has_room(90, 40, 100)); /* connections that are over left the rest */
    assert_false(upkeep_has_room(90, 39, 100));
}

static void spare_memory_does_not_grow_beyond_the_limit(void **state)
{
    (void)state;
    assert_true(upkeep_has_room(100, 100, 100));
    assert_false(upkeep_has_room(101, 101, 100));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(connections_come_back_when_half_of_the_memory_is_not_needed),
        cmocka_unit_test(spare_memory_does_not_grow_beyond_the_limit),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
