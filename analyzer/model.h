/*
 * The model: sessions, messages counted, findings and totals. Reports are told by it, screens look
 * at it.
 *
 * It takes batches of events. A session lives from its first event to EVENT_END; then the listeners
 * are told and, unless options.retain says otherwise, it is freed, so that a capture of any size
 * needs no more memory than its open sessions. Everything a listener is given is borrowed and valid
 * only during the call.
 */
#ifndef WSIGHT_MODEL_H
#define WSIGHT_MODEL_H

#include "batch.h"
#include "session.h"
#include "totals.h"

struct model;

/* Who wants to be told. Any member may be NULL. */
struct model_listener {
    void (*session_opened)(void *self, struct session *); /* handshake finished, or picked up */
    void (*message)(void *self, const struct session *, const struct event *);
    void (*frame)(void *self, const struct session *, const struct event *);
    void (*deflated)(void *self, const struct session *, const struct event *);
    void (*finding)(void *self, const struct session *, const struct finding_record *); /* each one;
                                                          session NULL: of the capture */
    void (*session_ended)(void *self, struct session *);
    void *self;
};

struct model_options {
    bool retain;    /* keep ended sessions, but no TLS connections */
    bool selective; /* the totals are of those sessions that a listener has selected (struct
                       session_choice); names are then in the order of the ends */
};

struct model *model_new(const struct model_options *);
void model_free(struct model *);

/* Listeners are called in the order in which they were added; the struct is copied. At most 4. */
void model_listen(struct model *, const struct model_listener *);

/* Ends what model_listen began, by the listener's self. */
void model_forget(struct model *, const void *self);

/*
 * For reports at intervals. model_interval_end tells the listeners' session_ended of every session
 * that is still open, in the order of their ids, as it is by now, and adds them to the totals: what
 * a report of the interval needs. model_interval_begin then counts from nothing again: totals,
 * findings, and what the open sessions have counted. Refused, incomplete and TLS sessions are told
 * of once.
 */
void model_interval_end(struct model *);
void model_interval_begin(struct model *);

/* The totals with what open sessions have counted so far. */
void model_totals_now(const struct model *, struct totals *);

/* Bytes that sessions have left, for those that come. */
size_t model_spare_bytes(const struct model *);

/* Forgets an ended session that is retained, by its id; listeners are not told. */
void model_drop(struct model *, uint64_t id);

/* Takes what a batch holds, in order. */
void model_take(struct model *, const struct batch *);

/* Sessions that have ended since the model began; TLS connections and those that are left out are
 * not counted. */
uint64_t model_sessions_ended(const struct model *);

const struct totals *model_totals(const struct model *);

/* Findings about the capture itself. */
const struct finding_record *model_findings(const struct model *, size_t *n);

#endif
