/*
 * What a display filter lets through to a report: it stands between a model and the report's
 * listener, and decides which sessions are told of and, of those, which messages.
 *
 * The model has to be selective (model_options): only the sessions that pass are in its totals.
 *
 * A report that listens to sessions' ends alone gets those that match at their end, or of which a
 * message matched. One that listens to more gets it while packets come, by what is known until
 * then, or by what a first pass learnt (late.h): a session's findings and its opening are told as
 * soon as the session matches, its messages when they match, its end when anything of it was told
 * before, or when it matches then. A filter that asks about messages lets no findings of sessions
 * through, and frames with their messages; findings of the capture always pass.
 */
#ifndef WSIGHT_SELECTION_H
#define WSIGHT_SELECTION_H

#include "late.h"

struct selection {
    struct filter *filter;          /* borrowed */
    const struct late_values *late; /* what a first pass learnt, borrowed; NULL: there was none */
    struct model_listener to;       /* the report */
    size_t held;                    /* frames that wait for their messages, of all sessions */
    uint64_t left_out;              /* ... that there was no room for */
    bool by_message;                /* the filter asks about messages */
    bool streams;                   /* the report listens to more than ends */
};

/* The listener to give to the model; the selection is borrowed by it. */
struct model_listener selection_begin(struct selection *, struct filter *,
                                      const struct late_values *, const struct model_listener *to);

/* Tells the sink, as a finding of the capture, of frames that were left out: of their messages the
 * filter did not know all. */
void selection_findings(const struct selection *, struct event_sink *);

#endif
