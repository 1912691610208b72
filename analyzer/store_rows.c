/* The store's sessions: by id, by index, and how the oldest give way. */
#include "store_inside.h"

#include <stdlib.h>

#define FIRST_SLOTS 1024
#define GIVE_WAY_PART 8          /* so large a part of the sessions goes at once */
#define GIVE_WAY_MESSAGES_MIN 64 /* fewer of a session are not worth the work */

/*--- By id --------------------------------------------------------------------------------------*/

static size_t slot_of(const struct store *s, uint64_t id)
{
    size_t i = (size_t)id & s->mask;
    while (s->slots[i].id != 0 && s->slots[i].id != id) {
        i = (i + 1) & s->mask;
    }
    return i;
}

struct store_session *store_find(struct store *s, const struct session *session)
{
    if (s->last != NULL && s->last->session->id == session->id) {
        return s->last;
    }
    if (s->slots == NULL) {
        return NULL;
    }
    size_t i = slot_of(s, session->id);
    return s->slots[i].id != 0 ? (s->last = s->sessions[s->slots[i].index]) : NULL;
}

static void put_slot(struct store *s, const struct store_session *row)
{
    size_t at = slot_of(s, row->session->id);
    s->slots[at].id = row->session->id;
    s->slots[at].index = row->index;
}

/* The sessions that are there, in the slots. */
static void fill_slots(struct store *s)
{
    for (size_t i = s->first; i < s->n; i++) {
        if (s->sessions[i] != NULL) {
            put_slot(s, s->sessions[i]);
        }
    }
}

static bool grow_slots(struct store *s)
{
    size_t n = s->slots != NULL ? (s->mask + 1) * 2 : FIRST_SLOTS;
    void *before = s->slots;
    void *more = calloc(n, sizeof *s->slots);
    if (more == NULL) {
        return false;
    }
    s->slots = more;
    s->mask = n - 1;
    fill_slots(s);
    free(before);
    return true;
}

static bool grow_sessions(struct store *s)
{
    size_t size = s->size == 0 ? 256 : s->size * 2;
    struct store_session **more = realloc(s->sessions, size * sizeof *more);
    if (more == NULL) {
        return false;
    }
    s->sessions = more;
    s->size = size;
    return true;
}

struct store_session *store_add(struct store *s, const struct session *session)
{
    if (s->n >= UINT32_MAX - 1 || (s->n == s->size && !grow_sessions(s)) ||
        ((s->slots == NULL || s->kept * 2 > s->mask) && !grow_slots(s))) {
        return NULL;
    }
    struct store_session *row = calloc(1, sizeof *row);
    if (row == NULL) {
        return NULL;
    }
    row->session = session;
    row->index = (uint32_t)s->n;
    row->worst = -1;
    s->started = s->n == 0 ? session->started : s->started;
    s->sessions[s->n++] = row;
    s->kept++;
    put_slot(s, row);
    return row;
}

void store_free_deflated(struct store_session *row, enum dir dir)
{
    if (row->deflated[dir] != NULL) {
        buffer_done(row->deflated[dir]);
        free(row->deflated[dir]);
        row->deflated[dir] = NULL;
    }
}

void store_free_queues(struct store_session *row)
{
    for (int d = 0; d < 2; d++) {
        frame_queue_done(&row->queue[d]);
        store_free_deflated(row, (enum dir)d);
    }
}

void store_free_row(struct store_session *row)
{
    if (row != NULL) {
        store_free_queues(row);
        free(row->messages);
        free(row->track);
        free(row);
    }
}

/*--- By index -----------------------------------------------------------------------------------*/

size_t store_count(const struct store *s)
{
    return s->n;
}

size_t store_first(const struct store *s)
{
    return s->first;
}

uint64_t store_gave_way(const struct store *s)
{
    return s->gave_way;
}

int64_t store_started(const struct store *s)
{
    return s->started;
}

/* What stands in the place of those that gave way; ids begin at 1. */
static const struct session no_session = {.id = 0, .ended = true};
static const struct store_session no_row = {
    .session = &no_session, .worst = -1, .talker = {UINT32_MAX, UINT32_MAX}};

const struct store_session *store_session(const struct store *s, size_t index)
{
    return s->sessions[index] != NULL ? s->sessions[index] : &no_row;
}

bool store_is_gone(const struct store_session *row)
{
    return row->session->id == 0;
}

/*--- Giving way ---------------------------------------------------------------------------------*/

static size_t drop_oldest(struct store *s, struct model *m, size_t most,
                          bool (*in_use)(void *, uint32_t), void *ctx)
{
    size_t dropped = 0;
    for (size_t i = s->first; i < s->n && dropped < most; i++) {
        struct store_session *row = s->sessions[i];
        if (row != NULL && row->session->ended && !in_use(ctx, (uint32_t)i)) {
            model_drop(m, row->session->id);
            store_free_row(row);
            s->sessions[i] = NULL;
            dropped++;
        }
    }
    while (s->first < s->n && s->sessions[s->first] == NULL) {
        s->first++;
    }
    if (dropped > 0) {
        s->last = NULL;
        s->kept -= dropped;
        s->gave_way += dropped;
        memset(s->slots, 0, (s->mask + 1) * sizeof *s->slots);
        fill_slots(s);
    }
    return dropped;
}

/* The older half of a session's messages. */
static void halve(struct store_session *row)
{
    uint32_t keep = row->n - row->n / 2;
    memmove(row->messages, row->messages + (row->n - keep), keep * sizeof *row->messages);
    row->left_out += row->n - keep;
    row->n = keep;
    struct store_message *less = realloc(row->messages, keep * sizeof *less);
    if (less != NULL) {
        row->messages = less;
        row->size = keep;
    }
}

/* Sessions that go on for long have more messages than all others together. */
static size_t halve_longest(struct store *s, bool (*in_use)(void *, uint32_t), void *ctx)
{
    uint64_t all = 0;
    size_t halved = 0;
    for (size_t i = s->first; i < s->n; i++) {
        all += s->sessions[i] != NULL ? s->sessions[i]->n : 0;
    }
    for (size_t i = s->first; i < s->n; i++) {
        struct store_session *row = s->sessions[i];
        if (row != NULL && !row->session->ended && row->n >= GIVE_WAY_MESSAGES_MIN &&
            row->n > all / (2 * s->kept) && !in_use(ctx, (uint32_t)i)) {
            halve(row);
            halved++;
        }
    }
    return halved;
}

size_t store_give_way(struct store *s, struct model *m, bool (*in_use)(void *, uint32_t), void *ctx)
{
    size_t dropped = drop_oldest(s, m, s->kept / GIVE_WAY_PART + 1, in_use, ctx);
    return dropped + halve_longest(s, in_use, ctx);
}
