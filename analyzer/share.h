/*
 * What one session adds to the totals besides its own counters, kept until it is known whether the
 * session counts: sizes of messages, round trips, close codes and findings.
 *
 * It is a sparse array of counters, since most sessions have few different ones; it cannot grow
 * beyond the number of keys there are. What there is no memory for is not counted.
 */
#ifndef WSIGHT_SHARE_H
#define WSIGHT_SHARE_H

#include "totals.h"

enum share_histogram { SHARE_SIZES_OF_CLIENT, SHARE_SIZES_OF_SERVER, SHARE_RTT, SHARE_HISTOGRAMS };

struct share;

/* NULL: out of memory, or nothing was counted; all functions take it. */
struct share *share_new(void);
void share_free(struct share *);

void share_value(struct share *, enum share_histogram, uint64_t value);
/* code: CLOSE_CODE_NONE when the Close carried none. */
void share_close(struct share *, enum dir, int code);
void share_finding(struct share *, enum finding_id);

/* Adds it all to the totals; version: what the session speaks, or NULL. */
void share_count(const struct share *, struct totals *, const struct websocket_version *version);

#endif
