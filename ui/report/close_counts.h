/*
 * The Closes of the totals, row by row: each code with what it meant to who sent it. Versions
 * before RFC 6455 had tables of their own, so one code may have several rows.
 */
#ifndef WSIGHT_CLOSE_COUNTS_H
#define WSIGHT_CLOSE_COUNTS_H

#include "analyzer/totals.h"
#include "decoders/registry/registry.h"

struct close_count {
    int code; /* CLOSE_CODE_NONE: none; those of 5000 and more are left out */
    const char *name;
    uint64_t n[2]; /* by enum dir; not both 0 */
};

void close_counts(const struct totals *, const struct registry *,
                  void (*row)(void *ctx, const struct close_count *), void *ctx);

#endif
