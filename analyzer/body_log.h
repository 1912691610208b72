/*
 * Bytes that are kept for later: appended once, read back at any time, never changed.
 *
 * The newest lie in memory, up to a budget; older ones move to a file under TMPDIR that has no name
 * any more, so nothing of it outlives the program. When that file cannot be written (full disk) the
 * bytes it should have taken are lost, and reading them fails.
 */
#ifndef WSIGHT_BODY_LOG_H
#define WSIGHT_BODY_LOG_H

#include "decoders/base/bytes.h"

#define BODY_LOG_CHUNK_BYTES (256U << 10)

struct body_log;

/* NULL when out of memory. The budget is rounded up to whole chunks, two at least. spools false:
 * what does not fit is lost, and no file is made. */
struct body_log *body_log_new(uint64_t budget_bytes, bool spools);
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
