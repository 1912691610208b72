/*
 * What only the end of a session tells, learnt in a pass over the capture before the one that
 * reports: then messages can be told in their order of sessions that turn out to match.
 *
 * It listens to a model; session ids are those of any pass over the same packets with the same
 * engine options that decide about connections.
 */
#ifndef WSIGHT_LATE_H
#define WSIGHT_LATE_H

#include "filter.h"

struct late_values {
    struct filter *filter; /* borrowed */
    uint64_t *bits;        /* filter_late, by session id; owned */
    size_t size;
    bool failed; /* memory ran out */
};

void late_init(struct late_values *, struct filter *);
void late_done(struct late_values *);
struct model_listener late_listener(struct late_values *);

/* Of a session; NULL: it was not seen, or `values` is NULL. */
const uint64_t *late_of(const struct late_values *values, uint64_t id);

#endif
