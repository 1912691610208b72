/* What the user asks for by signals. */
#include "ui/signals.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void a_report_and_new_outputs_are_asked_for_once_a_signal(void **state)
{
    (void)state;
    signals_catch(true);
    assert_false(signals_take_report());
    raise(SIGUSR1);
    assert_true(signals_take_report());
    assert_false(signals_take_report());
    raise(SIGHUP);
    assert_true(signals_take_reopen());
    assert_false(signals_take_reopen());
    assert_false(signals_stop());
}

static void ctrl_c_stops_and_the_next_one_kills(void **state)
{
    struct sigaction now;
    (void)state;
    signals_catch(false);
    raise(SIGINT);
    assert_true(signals_stop());
    sigaction(SIGINT, NULL, &now);
    assert_true(now.sa_handler == SIG_DFL);
}

static void an_ignored_signal_stays_ignored(void **state)
{
    (void)state;
    signal(SIGTERM, SIG_IGN);
    signals_catch(true);
    raise(SIGTERM);
    assert_false(signals_stop());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_report_and_new_outputs_are_asked_for_once_a_signal),
        cmocka_unit_test(ctrl_c_stops_and_the_next_one_kills),
        cmocka_unit_test(an_ignored_signal_stays_ignored),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
