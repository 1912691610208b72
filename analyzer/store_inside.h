/*
 * The store's parts among themselves: the sessions and how they give way (store_rows.c), bytes by
 * time (store_time.c), and being told (store.c).
 */
#ifndef WSIGHT_STORE_INSIDE_H
#define WSIGHT_STORE_INSIDE_H

#include "store.h"

struct store {
    struct store_options options;
    struct store_session **sessions; /* by index; NULL: it gave way */
    size_t n, size;
    size_t first, kept; /* the first that is there, and how many are */
    uint64_t gave_way;
    int64_t started; /* of the first session ever */
    struct {
        uint64_t id; /* 0: free */
        uint32_t index;
    } * slots; /* open addressing by session id */
    size_t mask;
    struct store_session *last;
    struct queued_frame control; /* the control frame whose message comes next */
    bool has_control;
    struct body_log *bodies;
    uint64_t messages;
    int64_t clock;
    struct store_totals totals;
    struct store_series series;
    struct store_talker *talkers;
    size_t n_talkers;
    uint32_t *talker_slots; /* index + 1 */
    uint64_t finding_sessions[FINDING_COUNT];
};

/*--- store_rows.c -------------------------------------------------------------------------------*/

/* NULL: it is not known, or gave way. */
struct store_session *store_find(struct store *, const struct session *);
/* A row for a session that has none. NULL when out of memory. */
struct store_session *store_add(struct store *, const struct session *);
/* What was kept of a message for before its inflation. */
void store_free_deflated(struct store_session *, enum dir);
/* Frames and such of messages that will not be finished. */
void store_free_queues(struct store_session *);
void store_free_row(struct store_session *);

/*--- store_time.c -------------------------------------------------------------------------------*/

/* ns from `from` to `to`, 0 when that is before. */
uint64_t store_since(int64_t from, int64_t to);
void store_spark_add(struct store_spark *, int64_t ts, uint64_t n, bool live);
void store_series_add(struct store_series *, const struct event *);

#endif
