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
};

/* wanted false: nothing will ever be shown. */
void progress_start(struct progress *progress, bool wanted);

/* Time to look how far it has come? Not within the first second, then a few times a second. */
bool progress_due(struct progress *progress);

/* Shows it: packets read, bytes read of all there are (0: not known). */
void progress_show(struct progress *progress, uint64_t packets, uint64_t read, uint64_t total);

/* Erases the line. */
void progress_end(struct progress *progress);

/* The line's text for so many ns. */
void progress_text(char text[PROGRESS_TEXT_MAX_BYTES], uint64_t packets, uint64_t read,
                   uint64_t total, int64_t elapsed);

#endif
