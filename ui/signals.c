/* Signals. */
#include "signals.h"

#include <signal.h>
#include <stddef.h>

/* A signal handler can leave word in a variable of the program only. */
static volatile sig_atomic_t stop, report, reopen;

static void note_signal(int signal_number)
{
    if (signal_number == SIGUSR1) {
        report = 1;
    } else if (signal_number == SIGHUP) {
        reopen = 1;
    } else {
        stop = signal_number;
    }
}

static void catch_one(int signal_number, int flags)
{
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = flags};
    struct sigaction old;
    if (sigaction(signal_number, NULL, &old) == 0 && old.sa_handler != SIG_IGN) {
        sigaction(signal_number, &action, NULL);
    }
}

void signals_catch(bool live)
{
    stop = report = reopen = 0;
    catch_one(SIGINT, (int)SA_RESETHAND);
    catch_one(SIGTERM, (int)SA_RESETHAND);
    if (live) {
        catch_one(SIGUSR1, 0);
        catch_one(SIGHUP, 0);
    }
}

int signals_stop(void)
{
    return stop;
}

bool signals_take_report(void)
{
    bool came = report != 0;
    report = 0;
    return came;
}

bool signals_take_reopen(void)
{
    bool came = reopen != 0;
    reopen = 0;
    return came;
}
