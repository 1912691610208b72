/* Progress of a long reading: percent, packets, packets per second, time left. */
#include "progress.h"

#include "analyzer/limits.h"
#include "clock.h"

#include <inttypes.h>
#include <stdio.h>

#define PROGRESS_EVERY (SECOND_NS / 4)

void progress_start(struct progress *p, bool wanted)
{
    *p = (struct progress){.wanted = wanted};
    if (wanted) {
        p->started = clock_ns(CLOCK_MONOTONIC);
        p->next = p->started + SECOND_NS;
    }
}

bool progress_due(struct progress *p)
{
    if (!p->wanted) {
        return false;
    }
    int64_t t = clock_ns(CLOCK_MONOTONIC);
    if (t < p->next) {
        return false;
    }
    p->next = t + PROGRESS_EVERY;
    return true;
}

/* "0:07", "12:34", "1:02:03". */
static void left_text(char text[32], int64_t seconds)
{
    int64_t minutes = seconds / 60;
    if (minutes < 60) {
        snprintf(text, 32, "%" PRId64 ":%02" PRId64, minutes, seconds % 60);
    } else {
        snprintf(text, 32, "%" PRId64 ":%02" PRId64 ":%02" PRId64, minutes / 60, minutes % 60,
                 seconds % 60);
    }
}

void progress_text(char text[PROGRESS_TEXT_MAX_BYTES], uint64_t packets, uint64_t read,
                   uint64_t total, int64_t elapsed)
{
    double seconds = (double)(elapsed > 0 ? elapsed : 1) / (double)SECOND_NS;
    double rate = (double)packets / seconds;
    if (total == 0 || read == 0) {
        snprintf(text, PROGRESS_TEXT_MAX_BYTES, "%" PRIu64 " packets, %.0f packets/s", packets,
                 rate);
        return;
    }
    double done = read < total ? (double)read / (double)total : 1;
    char left[32];
    left_text(left, (int64_t)(seconds * (1 - done) / done));
    snprintf(text, PROGRESS_TEXT_MAX_BYTES, "%.0f %%, %" PRIu64 " packets, %.0f packets/s, %s left",
             done * 100, packets, rate, left);
}

void progress_live_text(char text[PROGRESS_TEXT_MAX_BYTES], uint64_t packets, uint64_t rate,
                        uint64_t sessions, uint64_t open, uint64_t dropped)
{
    snprintf(text, PROGRESS_TEXT_MAX_BYTES,
             "%" PRIu64 " packets, %" PRIu64 "/s, %" PRIu64 " sessions, %" PRIu64 " open, %" PRIu64
             " packets lost",
             packets, rate, sessions, open, dropped);
}

static void show_line(struct progress *p, const char *text)
{
    fprintf(stderr, "\r%s\033[K", text);
    fflush(stderr);
    p->shown = true;
}

void progress_show_live(struct progress *p, uint64_t packets, uint64_t sessions, uint64_t open,
                        uint64_t dropped)
{
    char text[PROGRESS_TEXT_MAX_BYTES];
    int64_t t = clock_ns(CLOCK_MONOTONIC);
    int64_t since = p->shown_at != 0 ? p->shown_at : p->started;
    double seconds = (double)(t > since ? t - since : 1) / (double)SECOND_NS;
    uint64_t rate = (uint64_t)((double)(packets - p->shown_packets) / seconds);
    p->shown_at = t;
    p->shown_packets = packets;
    progress_live_text(text, packets, rate, sessions, open, dropped);
    show_line(p, text);
}

void progress_show(struct progress *p, uint64_t packets, uint64_t read, uint64_t total)
{
    char text[PROGRESS_TEXT_MAX_BYTES];
    progress_text(text, packets, read, total, clock_ns(CLOCK_MONOTONIC) - p->started);
    show_line(p, text);
}

void progress_end(struct progress *p)
{
    if (p->shown) {
        fputs("\r\033[K", stderr);
        fflush(stderr);
        p->shown = false;
    }
}
