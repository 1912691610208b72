/*
 * Bytes that are kept for later: appended once, read back at any time, never changed.
 *
 * The newest lie in memory, up to a budget; older ones move to a file under TMPDIR that has no name
 * any more, so nothing of it outlives the program. When that file cannot be written (full disk) the
 * bytes it should have taken are lost, and reading them fails. So are those that were written
 * first, when it may grow no longer.
 */
#ifndef WSIGHT_BODY_LOG_H
#define WSIGHT_BODY_LOG_H

#include "decoders/base/bytes.h"

#define BODY_LOG_CHUNK_BYTES (256U << 10)

struct body_log;

#define BODY_LOG_ALL UINT64_MAX

/* NULL when out of memory. The budget and the file's most are rounded up to whole chunks, two and
 * one at least; file_bytes 0: no file is made, BODY_LOG_ALL: it takes whatever there is. */
struct body_log *body_log_new(uint64_t budget_bytes, uint64_t file_bytes);
/* Opens the file at once, rather than when it is needed: where nothing can be opened later. When
 * that fails body_log_stats has the error, and what should go there will be lost. */
void body_log_open(struct body_log *);
void body_log_free(struct body_log *);

/* Where the bytes are from now on, in *at. false: no memory, and nothing was kept. */
bool body_log_append(struct body_log *, struct bytes, uint64_t *at);

/* Copies n bytes from `at` on to `to`. false: they were lost, or never there. */
bool body_log_read(const struct body_log *, uint64_t at, void *to, size_t n);

/* Bytes kept, of which so many in the file; lost ones, and errno of why. */
struct body_log_stats {
    uint64_t bytes, spooled, lost;
    int error;
};
struct body_log_stats body_log_stats(const struct body_log *);

#endif
