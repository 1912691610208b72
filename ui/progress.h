/* The line on standard error that says how far a long reading has come. */
#ifndef WSIGHT_PROGRESS_H
#define WSIGHT_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PROGRESS_TEXT_MAX_BYTES 128

struct progress {
    bool wanted, shown;
    int64_t started, next; /* ns of the monotonic clock */
    int64_t shown_at;      /* live: when the line was shown last, and how many packets there were */
    uint64_t shown_packets;
};

/* wanted false: nothing will ever be shown. */
void progress_start(struct progress *progress, bool wanted);

/* Time to look how far it has come? Not within the first second, then a few times a second. */
bool progress_due(struct progress *progress);

/* Shows it: packets read, bytes read of all there are (0: not known). */
void progress_show(struct progress *progress, uint64_t packets, uint64_t read, uint64_t total);

/* The same for a live capture: packets, sessions seen and open now, packets lost. */
void progress_show_live(struct progress *progress, uint64_t packets, uint64_t sessions,
                        uint64_t open, uint64_t dropped);

/* Erases the line. */
void progress_end(struct progress *progress);

/* The lines' texts for so many ns. */
void progress_text(char text[PROGRESS_TEXT_MAX_BYTES], uint64_t packets, uint64_t read,
                   uint64_t total, int64_t elapsed);
void progress_live_text(char text[PROGRESS_TEXT_MAX_BYTES], uint64_t packets, uint64_t rate,
                        uint64_t sessions, uint64_t open, uint64_t dropped);

#endif
