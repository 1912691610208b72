/* Filtering and sorting in pieces: a merge sort from the bottom up, one merge after the other. */
#include "order.h"

#include <stdlib.h>

#define PIECE 256

struct order_item {
    uint64_t key;
    uint32_t index;
};

void order_init(struct order *o)
{
    *o = (struct order){.sorted = true};
}

void order_done(struct order *o)
{
    free(o->shown);
    free(o->was);
    free(o->items);
    free(o->spare);
    order_init(o);
}

static void stop_job(struct order *o)
{
    free(o->items);
    free(o->spare);
    o->items = o->spare = NULL;
    o->job = ORDER_IDLE;
}

void order_restart(struct order *o, size_t first)
{
    stop_job(o);
    if (o->was == NULL) {
        o->was = o->shown;
        o->was_n = o->n;
    } else {
        free(o->shown);
    }
    o->shown = NULL;
    o->n = o->size = 0;
    o->seen = first;
}

void order_sort(struct order *o, const struct order_by *by, const struct store *store)
{
    (void)store;
    stop_job(o);
    o->by = *by;
    o->sorted = false;
    o->items = malloc((o->n + 1) * sizeof *o->items);
    o->spare = malloc((o->n + 1) * sizeof *o->spare);
    if (o->items == NULL || o->spare == NULL) {
        stop_job(o);
        return;
    }
    o->job = ORDER_KEYS;
    o->job_n = o->n;
    o->job_at = 0;
}

static int by_index(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

void order_unsort(struct order *o)
{
    stop_job(o);
    o->sorted = true;
    if (o->n > 0) {
        qsort(o->shown, o->n, sizeof *o->shown, by_index);
    }
}

static size_t without_gone(uint32_t *list, size_t n, const struct store *store)
{
    size_t kept = 0;
    for (size_t i = 0; i < n; i++) {
        if (!store_is_gone(store_session(store, list[i]))) {
            list[kept++] = list[i];
        }
    }
    return kept;
}

void order_forget_gone(struct order *o, const struct store *store)
{
    bool sorting = o->job != ORDER_IDLE;
    struct order_by by = o->by;
    o->n = without_gone(o->shown, o->n, store);
    o->was_n = o->was != NULL ? without_gone(o->was, o->was_n, store) : 0;
    if (sorting) {
        order_sort(o, &by, store);
    }
}

static bool push(struct order *o, uint32_t index)
{
    if (o->n == o->size) {
        size_t size = o->size == 0 ? 1024 : o->size * 2;
        uint32_t *more = realloc(o->shown, size * sizeof *more);
        if (more == NULL) {
            return false;
        }
        o->shown = more;
        o->size = size;
    }
    o->shown[o->n++] = index;
    return true;
}

static struct bytes text_of(const struct order *o, const struct store *s, uint32_t index)
{
    return o->by.text != NULL ? o->by.text(store_session(s, index)) : (struct bytes){NULL, 0};
}

static uint64_t key_of(const struct order *o, const struct store *s, uint32_t index)
{
    uint64_t key = 0;
    if (o->by.number != NULL) {
        key = o->by.number(store_session(s, index), o->by.now);
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

static bool finish_job(struct order *o)
{
    for (size_t i = 0; i < o->job_n; i++) {
        o->shown[i] = o->items[i].index;
    }
    stop_job(o);
    return true;
}

static bool sort_piece(struct order *o, const struct store *s)
{
    if (o->job == ORDER_KEYS) {
        for (size_t i = 0; i < PIECE && o->job_at < o->job_n; i++, o->job_at++) {
            uint32_t index = o->shown[o->job_at];
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
        return finish_job(o);
    }
    merge_piece(o, s);
    return false;
}

static bool ask_piece(struct order *o, const struct store *s, size_t count,
                      bool (*wanted)(void *, const struct store_session *), void *ctx)
{
    bool changed = false;
    for (size_t i = 0; i < PIECE && o->seen < count; i++, o->seen++) {
        const struct store_session *row = store_session(s, o->seen);
        if (!store_is_gone(row) && wanted(ctx, row)) {
            changed |= push(o, (uint32_t)o->seen);
        }
    }
    if (o->seen >= count && o->was != NULL) {
        free(o->was);
        o->was = NULL;
        changed = true;
    }
    return changed && o->was == NULL;
}

bool order_step(struct order *o, const struct store *s, size_t count,
                bool (*wanted)(void *, const struct store_session *), void *ctx,
                int64_t (*now)(void), int64_t until)
{
    bool changed = false;
    unsigned pieces = 0;
    while (order_busy(o, count)) {
        changed |= o->seen < count || o->was != NULL ? ask_piece(o, s, count, wanted, ctx)
                                                     : sort_piece(o, s);
        if ((++pieces & 15) == 0 && now() >= until) {
            break;
        }
    }
    return changed;
}

bool order_busy(const struct order *o, size_t count)
{
    return o->seen < count || o->was != NULL || o->job != ORDER_IDLE;
}

size_t order_count(const struct order *o)
{
    return o->was != NULL ? o->was_n : o->n;
}

uint32_t order_at(const struct order *o, size_t position)
{
    return o->was != NULL ? o->was[position] : o->shown[position];
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
