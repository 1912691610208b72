/* Filtering and sorting in pieces: a merge sort from the bottom up, one merge after the other. */
#include "order.h"

#include <stdlib.h>

/* The clock is looked at after so many: a piece takes far less than a millisecond. */
#define PIECE 256        /* sessions that are compared or copied */
#define ASKED_AT_ONCE 16 /* sessions */

struct order_item {
    uint64_t key;
    uint32_t index;
};

/* A session that may be wanted later. */
struct order_doubt {
    uint32_t index, at_message;
    bool ended; /* it is asked for the last time */
};

void order_init(struct order *o)
{
    *o = (struct order){.sorted = false};
}

static void stop_job(struct order *o)
{
    free(o->items);
    free(o->spare);
    o->items = o->spare = NULL;
    o->job = ORDER_IDLE;
}

void order_done(struct order *o)
{
    stop_job(o);
    index_list_done(&o->shown);
    index_list_done(&o->was);
    free(o->doubts);
    order_init(o);
}

void order_restart(struct order *o, size_t first)
{
    stop_job(o);
    if (o->was.at == NULL) {
        o->was = o->shown;
        o->shown = (struct index_list){.n = 0};
    } else {
        index_list_done(&o->shown);
    }
    o->seen = first;
    o->at_message = 0;
    o->doubts_n = o->doubt_at = o->doubt_to = 0;
}

void order_ask_again(struct order *o)
{
    if (o->doubt_at == o->doubts_n) {
        o->doubt_at = o->doubt_to = 0;
    }
}

/*--- Sorting ------------------------------------------------------------------------------------*/

static void begin_job(struct order *o)
{
    stop_job(o);
    o->items = malloc((o->shown.n + 1) * sizeof *o->items);
    o->spare = malloc((o->shown.n + 1) * sizeof *o->spare);
    if (o->items == NULL || o->spare == NULL) {
        stop_job(o);
        return;
    }
    o->job = ORDER_KEYS;
    o->job_n = o->shown.n;
    o->job_at = 0;
}

void order_sort(struct order *o, const struct order_by *by)
{
    o->by = *by;
    o->sorted = true;
    begin_job(o);
}

void order_unsort(struct order *o)
{
    o->by = (struct order_by){.number = NULL};
    o->sorted = false;
    begin_job(o);
}

/*--- Giving way ---------------------------------------------------------------------------------*/

static void drop_gone(struct index_list *l, const struct store *store)
{
    size_t kept = 0;
    for (size_t i = 0; i < l->n; i++) {
        if (!store_is_gone(store_session(store, l->at[i]))) {
            l->at[kept++] = l->at[i];
        }
    }
    l->n = kept;
}

/* Messages gave way, too, so those that are left have other numbers: all are asked again. */
static void doubts_without_gone(struct order *o, const struct store *store)
{
    size_t kept = 0;
    for (size_t i = 0; i < o->doubts_n; i++) {
        if (!store_is_gone(store_session(store, o->doubts[i].index))) {
            o->doubts[kept] = o->doubts[i];
            o->doubts[kept++].at_message = 0;
        }
    }
    o->doubts_n = o->doubt_at = kept;
    o->doubt_to = 0;
    o->at_message = 0;
}

void order_forget_gone(struct order *o, const struct store *store)
{
    drop_gone(&o->shown, store);
    drop_gone(&o->was, store);
    doubts_without_gone(o, store);
    if (o->job != ORDER_IDLE) {
        begin_job(o);
    }
}

static struct bytes text_of(const struct order *o, const struct store *s, uint32_t index)
{
    return o->by.text(store_session(s, index));
}

static uint64_t key_of(const struct order *o, const struct store *s, uint32_t index)
{
    uint64_t key = 0;
    if (o->by.number != NULL) {
        key = o->by.number(store_session(s, index), o->by.now);
    } else if (o->by.text == NULL) {
        key = index;
    } else {
        struct bytes text = text_of(o, s, index);
        for (size_t i = 0; i < 8; i++) {
            key = key << 8 | (i < text.n ? text.p[i] : 0);
        }
    }
    return o->by.down ? ~key : key;
}

static bool not_after(const struct order *o, const struct store *s, const struct order_item *a,
                      const struct order_item *b)
{
    if (a->key != b->key || o->by.text == NULL) {
        return a->key <= b->key;
    }
    struct bytes x = text_of(o, s, a->index), y = text_of(o, s, b->index);
    size_t n = x.n < y.n ? x.n : y.n;
    int c = n > 0 ? memcmp(x.p, y.p, n) : 0;
    c = c != 0 ? c : (x.n > y.n) - (x.n < y.n);
    return o->by.down ? c >= 0 : c <= 0;
}

/* The next few of the two runs that begin at job_at; then the next two are due. */
static void merge_piece(struct order *o, const struct store *s)
{
    size_t middle = o->job_at + o->job_width, end = middle + o->job_width;
    middle = middle < o->job_n ? middle : o->job_n;
    end = end < o->job_n ? end : o->job_n;
    if (o->job_to == o->job_at) {
        o->job_left = o->job_at;
        o->job_right = middle;
    }
    for (unsigned i = 0; i < PIECE && o->job_to < end; i++) {
        bool first = o->job_left < middle &&
                     (o->job_right >= end ||
                      not_after(o, s, &o->items[o->job_left], &o->items[o->job_right]));
        o->spare[o->job_to++] = first ? o->items[o->job_left++] : o->items[o->job_right++];
    }
    if (o->job_to < end) {
        return;
    }
    o->job_at = end;
    if (end == o->job_n) {
        struct order_item *items = o->items;
        o->items = o->spare;
        o->spare = items;
        o->job_at = o->job_to = 0;
        o->job_width *= 2;
    }
}

static void finish_job(struct order *o)
{
    for (size_t i = 0; i < o->job_n; i++) {
        o->shown.at[i] = o->items[i].index;
    }
    stop_job(o);
    index_list_done(&o->was);
}

/* true: the order is there. */
static bool sort_piece(struct order *o, const struct store *s)
{
    if (o->job == ORDER_KEYS) {
        for (size_t i = 0; i < PIECE && o->job_at < o->job_n; i++, o->job_at++) {
            uint32_t index = o->shown.at[o->job_at];
            o->items[o->job_at] = (struct order_item){key_of(o, s, index), index};
        }
        if (o->job_at == o->job_n) {
            o->job = ORDER_MERGE;
            o->job_at = o->job_to = 0;
            o->job_width = 1;
        }
        return false;
    }
    if (o->job_width >= o->job_n) {
        finish_job(o);
        return true;
    }
    merge_piece(o, s);
    return false;
}

/*--- Asking -------------------------------------------------------------------------------------*/

static void push_doubt(struct order *o, struct order_doubt doubt)
{
    if (o->doubts_n == o->doubts_size) {
        size_t size = o->doubts_size == 0 ? 256 : o->doubts_size * 2;
        struct order_doubt *more = realloc(o->doubts, size * sizeof *more);
        if (more == NULL) {
            return;
        }
        o->doubts = more;
        o->doubts_size = size;
    }
    o->doubt_at += o->doubt_at == o->doubts_n; /* no round begins by this */
    o->doubts[o->doubts_n++] = doubt;
}

/* The next session, or some messages of it. */
static bool ask_next(struct order *o, const struct store *s, const struct order_ask *ask)
{
    const struct store_session *row = store_session(s, o->seen);
    if (store_is_gone(row)) {
        o->seen++;
        return false;
    }
    enum filter_answer answer = ask->wanted(ask->ctx, row, &o->at_message);
    if (answer == FILTER_MORE) {
        return false;
    }
    if (answer == FILTER_NO && !row->session->ended) {
        push_doubt(o, (struct order_doubt){(uint32_t)o->seen, o->at_message, false});
    }
    o->at_message = 0;
    o->seen++;
    return answer == FILTER_YES && index_list_push(&o->shown, row->index);
}

/* All were asked: what they gave is shown, at once or when it is sorted. */
static bool end_asking(struct order *o)
{
    if (o->was.at == NULL || o->job != ORDER_IDLE) {
        return false;
    }
    if (o->sorted) {
        begin_job(o);
    }
    if (o->job == ORDER_IDLE) {
        index_list_done(&o->was);
    }
    return true;
}

/* The next of those in doubt. One that has ended is asked whole, for the last time: what is known
 * of its end may matter to messages before. */
static bool ask_doubt(struct order *o, const struct store *s, const struct order_ask *ask)
{
    struct order_doubt *d = &o->doubts[o->doubt_at];
    const struct store_session *row = store_session(s, d->index);
    enum filter_answer answer = FILTER_NO;
    if (row->session->ended && !d->ended) {
        d->ended = true;
        d->at_message = 0;
    }
    if (d->ended || d->at_message < row->n) {
        answer = ask->wanted(ask->ctx, row, &d->at_message);
    }
    if (answer == FILTER_MORE) {
        return false;
    }
    if (answer == FILTER_NO && !d->ended) {
        o->doubts[o->doubt_to++] = *d;
    }
    if (++o->doubt_at == o->doubts_n) {
        o->doubts_n = o->doubt_at = o->doubt_to;
    }
    return answer == FILTER_YES && index_list_push(&o->shown, row->index);
}

static bool ask_piece(struct order *o, const struct store *s, size_t count,
                      const struct order_ask *ask)
{
    bool changed = false;
    for (size_t i = 0; i < ASKED_AT_ONCE; i++) {
        if (o->seen < count) {
            changed |= ask_next(o, s, ask);
        } else if (o->doubt_at < o->doubts_n) {
            changed |= ask_doubt(o, s, ask);
        }
    }
    return changed && o->was.at == NULL;
}

bool order_step(struct order *o, const struct store *s, size_t count, const struct order_ask *ask,
                int64_t until)
{
    bool changed = false;
    while (order_busy(o, count)) {
        if (o->seen < count || o->doubt_at < o->doubts_n) {
            changed |= ask_piece(o, s, count, ask);
        } else if (o->job != ORDER_IDLE) {
            changed |= sort_piece(o, s);
        } else {
            changed |= end_asking(o);
        }
        if (ask->now() >= until) {
            break;
        }
    }
    return changed;
}

bool order_busy(const struct order *o, size_t count)
{
    return o->seen < count || o->doubt_at < o->doubts_n || o->was.at != NULL ||
           o->job != ORDER_IDLE;
}

/*--- What is shown ------------------------------------------------------------------------------*/

static const struct index_list *current(const struct order *o)
{
    return o->was.at != NULL ? &o->was : &o->shown;
}

size_t order_count(const struct order *o)
{
    return current(o)->n;
}

uint32_t order_at(const struct order *o, size_t position)
{
    return current(o)->at[position];
}

size_t order_find(const struct order *o, uint32_t session, size_t hint, bool *found)
{
    size_t n = order_count(o);
    *found = true;
    if (hint < n && order_at(o, hint) == session) {
        return hint;
    }
    for (size_t i = 0; i < n; i++) {
        if (order_at(o, i) == session) {
            return i;
        }
    }
    *found = false;
    return hint < n ? hint : n == 0 ? 0 : n - 1;
}
