/* Saving, in pieces: what the Save dialog does while its bar moves. */
#ifndef WSIGHT_SAVE_JOB_H
#define WSIGHT_SAVE_JOB_H

#include "tui.h"

enum save_scope { SAVE_ALL, SAVE_FILTERED, SAVE_MARKED, SAVE_THIS, SAVE_SCOPES };
enum save_format { SAVE_PCAPNG, SAVE_JSON, SAVE_TEXT, SAVE_PAYLOADS, SAVE_FORMATS };

struct save_job;

struct save_request {
    enum save_scope scope;
    enum save_format format;
    const char *path;              /* borrowed until save_begin returns */
    const struct subject *subject; /* what stands under the cursor, or NULL; borrowed likewise */
    bool with_keys;                /* packets: with the TLS secrets of the sessions */
};

/* Sessions of a scope. */
size_t save_count(struct tui *, enum save_scope, const struct subject *);

/* NULL with err filled. */
struct save_job *save_begin(struct tui *, const struct save_request *, struct err *err);
/* 1: there is more to do; 0: done, and the file is there under its name; -1 with err filled. */
int save_step(struct save_job *, struct tui *, int64_t until, struct err *err);
/* Percent, and what was written so far. */
unsigned save_progress(const struct save_job *, uint64_t *written);
/* Frees it; what is not done is taken away again. */
void save_end(struct save_job *);

#endif
