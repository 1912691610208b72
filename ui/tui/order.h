/*
 * Which sessions the list shows, and in which order. A million sessions are filtered and sorted in
 * small pieces, between two keys: what was shown before stays until the new order is ready.
 */
#ifndef WSIGHT_ORDER_H
#define WSIGHT_ORDER_H

#include "analyzer/filter/store_filter.h"
#include "index_list.h"

struct order_by {
    /* Sort by this number, then by this text, then by index. Either may be NULL. */
    uint64_t (*number)(const struct store_session *, int64_t now);
    struct bytes (*text)(const struct store_session *);
    bool down; /* the largest first */
    int64_t now;
};

/* Whether a session is wanted, asked in pieces: from message *at on. */
struct order_ask {
    enum filter_answer (*wanted)(void *ctx, const struct store_session *, uint32_t *at);
    void *ctx;
    int64_t (*now)(void);
};

struct order_item;
struct order_doubt;

struct order {
    struct index_list shown;    /* sessions */
    size_t seen;                /* sessions asked so far whether they are to be shown */
    uint32_t at_message;        /* the next to be asked of the session under way */
    struct index_list was;      /* what is shown while a new filter is at work; empty: the above */
    struct order_doubt *doubts; /* open sessions that were not wanted so far */
    size_t doubts_n, doubts_size;
    size_t doubt_at, doubt_to; /* of the round under way; doubt_at == doubts_n: none is */
    struct order_by by;
    bool sorted; /* by is in use: else shown is by index */
    struct order_item *items, *spare;
    size_t job_n, job_at, job_width;
    size_t job_left, job_right, job_to; /* within the merge under way */
    enum order_job { ORDER_IDLE, ORDER_KEYS, ORDER_MERGE } job;
};

void order_init(struct order *);
void order_done(struct order *);

/* Asks every session anew; those beneath `first` are not shown. */
void order_restart(struct order *, size_t first);
/* Asks those again that were not wanted and have gone on since. */
void order_ask_again(struct order *);
/* Sorts anew, by this; also what is found later, by order_restart. */
void order_sort(struct order *, const struct order_by *);
/* Back to the order of their beginning. */
void order_unsort(struct order *);

/* Sessions gave way: they are shown no longer. */
void order_forget_gone(struct order *, const struct store *);

/* Works until `until` (of now()), or for one small piece: asks sessions below `count`, then sorts.
 * true: what is shown has changed. */
bool order_step(struct order *, const struct store *, size_t count, const struct order_ask *,
                int64_t until);
/* There is more to do. */
bool order_busy(const struct order *, size_t count);

/* What is shown now. */
size_t order_count(const struct order *);
uint32_t order_at(const struct order *, size_t position);
/* The position of a session, or the nearest to `hint` when it is not shown. */
size_t order_find(const struct order *, uint32_t session, size_t hint, bool *found);

#endif
