/* -w: what a run reads is also written to files. */
#ifndef WSIGHT_SAVING_H
#define WSIGHT_SAVING_H

#include "analyzer/capture/recorder.h"
#include "analyzer/engine.h"
#include "options.h"

/* Between the engine and the batch: hears of sessions, for --only-sessions. */
struct saving {
    struct event_sink sink; /* first */
    struct event_sink *next;
    struct recorder *recorder;         /* NULL: nothing is saved */
    bool told;                         /* of the problem */
    const struct tls_secrets *secrets; /* --with-keys; else NULL */
    uint64_t waiting;                  /* connection whose secrets come next; 0: none */
};

/* What -w and its kin ask for; the path NULL: nothing. */
struct recorder_options saving_options(const struct options *options);

/* Opens the first file when there is a path. The engine's options are completed, and the engine's
 * sink is then &saving->sink. -1 with err filled. */
int saving_open(struct saving *saving, const struct recorder_options *options,
                struct event_sink *next, struct engine_options *engine, struct err *err);
/* Tells once of a file that cannot be written any more. */
void saving_check(struct saving *saving, void (*notice)(void *, const char *text));

/* Ends the file, after the engine has finished. */
void saving_end(struct saving *saving, void (*notice)(void *, const char *text));

/* After the engine is gone. */
void saving_close(struct saving *saving);

#endif
