/*
 * Subprotocols and extensions as a report prints them: masked, each name once, in the order of
 * their bytes. Which came first would be lost when reports are merged.
 */
#ifndef WSIGHT_PRINTED_NAMES_H
#define WSIGHT_PRINTED_NAMES_H

#include "analyzer/totals.h"
#include "decoders/base/buffer.h"
#include "ui/report/redact.h"

struct printed_name {
    size_t at, n; /* in `text` */
    uint64_t sessions, offered;
};

struct printed_names {
    struct printed_name list[TOTALS_NAMES_MAX];
    size_t n;
    struct buffer text;
};

/* redactor NULL: none is masked. Without memory names are missing. */
void printed_names_init(struct printed_names *, const struct name_counts *,
                        struct redactor *redactor);
void printed_names_done(struct printed_names *);

struct bytes printed_name(const struct printed_names *, const struct printed_name *);

#endif
