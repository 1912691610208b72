/* The loop: packets, work, keys, drawing, in turn, none of them for long. */
#include "tui.h"

#include <signal.h>
#include <sys/time.h>
#include <time.h>

#define MS INT64_C(1000000)
/* A key waits for one of each at most, and for a redraw. */
#define PACKETS_NS (10 * MS)
#define WORK_NS (5 * MS)
#define REDRAW_NS (50 * MS)
#define IDLE_MS 1000
#define KEYS_AT_ONCE 256

/* A signal handler can leave word in a variable of the program only. */
static volatile sig_atomic_t stopped;

static void stop(int number)
{
    stopped = number;
}

/* Only there to interrupt the reading of a pipe. */
static void wake(int number)
{
    (void)number;
}

static void catch_signals(bool blocks)
{
    const int signals[] = {SIGINT, SIGTERM, SIGHUP};
    struct sigaction action = {.sa_handler = stop};
    stopped = 0;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        sigaction(signals[i], &action, NULL);
    }
    if (blocks) {
        struct itimerval every = {{0, 20000}, {0, 20000}};
        action.sa_handler = wake;
        sigaction(SIGALRM, &action, NULL);
        setitimer(ITIMER_REAL, &every, NULL);
    }
}

static void stop_timer(void)
{
    struct itimerval never = {{0, 0}, {0, 0}};
    setitimer(ITIMER_REAL, &never, NULL);
}

/* Keys that have come, and one more that is waited for. */
static void take_keys(struct tui *t, int wait_ms, int also)
{
    struct terminal_mouse mouse = {0};
    uint32_t key = display_key(t->display, wait_ms, also, &mouse);
    for (int i = 0; key != KEYS_NONE && i < KEYS_AT_ONCE && !t->quit; i++) {
        tui_key(t, key, &mouse);
        key = display_key(t->display, 0, -1, &mouse);
    }
}

static int wait_for(const struct tui *t, const struct feed *feed, bool busy, int64_t drawn)
{
    if (busy || (!feed->finished && feed->packets.fd < 0)) {
        return 0;
    }
    if (t->changed) {
        int64_t left = drawn + REDRAW_NS - t->now();
        return left > 0 ? (int)(left / MS) + 1 : 0;
    }
    return IDLE_MS;
}

void tui_loop(struct tui *t, struct feed *feed)
{
    int64_t drawn = t->now() - REDRAW_NS;
    catch_signals(feed->packets.blocks);
    while (!t->quit && !stopped && !display_lost(t->display)) {
        bool some = feed_step(feed, t->now, t->now() + PACKETS_NS);
        if (feed->finished && feed->packets.blocks) {
            stop_timer();
        }
        if (feed->news.text[0] != '\0') {
            tui_say(t, true, "%s", feed->news.text);
            feed->news.text[0] = '\0';
        }
        bool busy = tui_step(t, t->now() + WORK_NS);
        t->changed |= some && !t->paused;
        if (t->changed && t->now() - drawn >= REDRAW_NS) {
            tui_draw(t);
            drawn = t->now();
        }
        take_keys(t, wait_for(t, feed, busy, drawn), feed->packets.fd);
    }
}
