/* The word nearest to one that was mistyped. */
#include "analyzer/suggest.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char *const names[] = {"report", "follow", "registry", "help"};

static const char *near(const char *word)
{
    return suggest(word, strlen(word), names, sizeof names / sizeof *names);
}

static void letters_left_out_put_in_changed_or_swapped_are_forgiven(void **state)
{
    (void)state;
    assert_string_equal(near("reprot"), "report");
    assert_string_equal(near("repor"), "report");
    assert_string_equal(near("folllow"), "follow");
    assert_string_equal(near("regestry"), "registry");
    assert_string_equal(near("hlep"), "help");
}

static void what_is_too_far_from_everything_is_not_guessed(void **state)
{
    (void)state;
    assert_null(near(""));
    assert_null(near("zzz"));
    assert_null(near("hop"));
    assert_null(near("capture"));
    assert_null(near("a-word-that-is-much-longer-than-any-of-the-names"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(letters_left_out_put_in_changed_or_swapped_are_forgiven),
        cmocka_unit_test(what_is_too_far_from_everything_is_not_guessed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
