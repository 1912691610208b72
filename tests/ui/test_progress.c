/* The line that says how far a long reading has come. */
#include "ui/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define SECOND INT64_C(1000000000)

static void a_file_has_percent_rate_and_time_left(void **state)
{
    char text[PROGRESS_TEXT_MAX_BYTES];
    (void)state;
    progress_text(text, 3000000, 250, 1000, 3 * SECOND);
    assert_string_equal(text, "25 %, 3000000 packets, 1000000 packets/s, 0:09 left");
    progress_text(text, 10, 1, 3601, SECOND);
    assert_string_equal(text, "0 %, 10 packets, 10 packets/s, 1:00:00 left");
}

static void a_pipe_has_no_percent(void **state)
{
    char text[PROGRESS_TEXT_MAX_BYTES];
    (void)state;
    progress_text(text, 50, 1000, 0, 2 * SECOND);
    assert_string_equal(text, "50 packets, 25 packets/s");
}

static void a_live_capture_tells_of_what_was_lost(void **state)
{
    char text[PROGRESS_TEXT_MAX_BYTES];
    (void)state;
    progress_live_text(text, 5000, 1200, 7, 3, 12);
    assert_string_equal(text, "5000 packets, 1200/s, 7 sessions, 3 open, 12 packets lost");
}

static void a_file_that_grew_is_never_more_than_done(void **state)
{
    char text[PROGRESS_TEXT_MAX_BYTES];
    (void)state;
    progress_text(text, 50, 2000, 1000, SECOND);
    assert_string_equal(text, "100 %, 50 packets, 50 packets/s, 0:00 left");
}

static void nothing_is_due_within_the_first_second_or_unless_wanted(void **state)
{
    struct progress p;
    (void)state;
    progress_start(&p, true);
    assert_false(progress_due(&p));
    p.next = p.started; /* as if the second were over */
    assert_true(progress_due(&p));
    assert_false(progress_due(&p));
    progress_start(&p, false);
    assert_false(progress_due(&p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_has_percent_rate_and_time_left),
        cmocka_unit_test(a_pipe_has_no_percent),
        cmocka_unit_test(a_live_capture_tells_of_what_was_lost),
        cmocka_unit_test(a_file_that_grew_is_never_more_than_done),
        cmocka_unit_test(nothing_is_due_within_the_first_second_or_unless_wanted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
