/*
 * Streams: run decoders over ordered bytes. Keeps what a decoder leaves, asks the decoders in turn
 * whose stream it is, switches, waits for the other direction and passes on gaps and ends.
 *
 * The common case costs nothing: a chunk that the decoder takes whole is never copied. What is left
 * over is kept with the time and packet of each piece, so that events made of it later still say
 * when their bytes came.
 */
#include "kept.h"
#include "stream_state.h"

#include <assert.h>
#include <stdlib.h>

#define DECODER(name) extern const struct decoder name;
#include "decoders.def"
#undef DECODER

static const struct decoder *const decoders[] = {
#define DECODER(name) &name,
#include "decoders.def"
#undef DECODER
};

void stream_prefetch(const struct stream *s)
{
    const char *p = (const char *)s;
    __builtin_prefetch(p);
    __builtin_prefetch(p + POOL_LINE_BYTES);
}

void stream_prefetch_state(const struct stream *s, enum dir dir)
{
    if (s->decoder != NULL && s->decoder->prefetch != NULL) {
        s->decoder->prefetch(s->state, s->swapped ? dir_other(dir) : dir);
    }
}

/* ---- Kept bytes ---- */

static void drop_kept(struct stream *s, enum dir d)
{
    if (s->kept[d] == NULL) {
        return;
    }
    s->shared->kept_bytes -= kept_bytes(s->kept[d]);
    kept_free(s->kept[d]);
    s->kept[d] = NULL;
}

static bool given_up(const struct stream *s, enum dir d)
{
    return s->side[d] & SIDE_GIVEN_UP;
}

static bool nothing_kept(const struct stream *s, enum dir d)
{
    return s->kept[d] == NULL || kept_is_empty(s->kept[d]);
}

static size_t keep_limit(const struct stream *s, enum dir d)
{
    size_t limit = s->decoder == NULL          ? STREAM_MATCH_MAX_BYTES
                   : s->side[d] & SIDE_BLOCKED ? STREAM_BLOCKED_MAX_BYTES
                                               : s->decoder->max_keep;
    bool crowded = s->shared->kept_bytes > STREAM_KEPT_ALL_MAX_BYTES;
    return crowded && limit > STREAM_KEPT_CROWDED_BYTES ? STREAM_KEPT_CROWDED_BYTES : limit;
}

/* How much more may be kept. */
static size_t keep_room(const struct stream *s, enum dir d)
{
    size_t limit = keep_limit(s, d);
    size_t n = kept_bytes(s->kept[d]);
    return n < limit ? limit - n : 0;
}

static bool keep_ready(struct stream *s, enum dir d)
{
    if (s->kept[d] == NULL) {
        s->kept[d] = kept_new(STREAM_BLOCKED_MAX_BYTES + STREAM_MATCH_MAX_BYTES);
    }
    return s->kept[d] != NULL;
}

static void give_up_full(struct stream *s, enum dir d, size_t n)
{
    stream_finding(s, d, FINDING_STREAM_LIMIT_KEPT, "%zu bytes", kept_bytes(s->kept[d]) + n);
    stream_give_up(s, d);
    drop_kept(s, d);
}

/* Keeps a chunk; gives the direction up when that is too much. */
static bool keep(struct stream *s, const struct chunk *c)
{
    enum dir d = c->dir;
    if (c->b.n > keep_room(s, d) || !keep_ready(s, d) || !kept_append(s->kept[d], c)) {
        s->ts = c->ts;
        s->pkt = c->pkt;
        give_up_full(s, d, c->b.n);
        return false;
    }
    s->shared->kept_bytes += c->b.n;
    return true;
}

/* ---- Running the decoder ---- */

static void show_first(const struct stream *s, struct hint *hint)
{
    for (int d = 0; d < 2; d++) {
        if (s->kept[d] != NULL) {
            hint->first[d] = kept_view(s->kept[d]);
        }
    }
}

/* What was kept for one decoder is shown anew to the next, and so are the ends. */
static void take_switch(struct stream *s)
{
    while (s->next != NULL) {
        const struct decoder *old = s->decoder;
        void *old_state = s->state;
        struct hint hint = {.from_start = s->from_start, .last = true, .arg = s->next_arg};
        show_first(s, &hint);
        void *state = shared_alloc(s->shared, s->next->state_size);
        if (state == NULL) {
            s->next = NULL;
            stream_give_up_both(s);
            return;
        }
        s->decoder = s->next;
        s->state = state;
        s->next = NULL;
        s->decoder->open(s, &hint);
        if (old != NULL) {
            s->state = old_state;
            old->close(s);
            s->state = state;
            shared_free(s->shared, old_state, old->state_size);
        }
        for (int d = 0; d < 2; d++) {
            s->side[d] &= (uint8_t) ~(SIDE_BLOCKED | SIDE_TOLD_END);
            stream_offer_again(s, (enum dir)d);
        }
    }
}

/* One data() call. Afterwards the decoder may be another one. */
static size_t call_data(struct stream *s, const struct chunk *c)
{
    s->wanted = 0;
    s->block_asked = false;
    s->ts = c->ts;
    s->pkt = c->pkt;
    size_t took = s->decoder->data(s, c);
    assert(took <= c->b.n);
    if (s->next != NULL) {
        take_switch(s);
    } else if (took == 0 && s->block_asked) {
        s->side[c->dir] |= SIDE_BLOCKED;
    }
    return took;
}

static bool can_run(const struct stream *s, enum dir d)
{
    return (s->side[d] & (SIDE_GIVEN_UP | SIDE_BLOCKED)) == 0;
}

static bool offer_bytes(struct stream *s, enum dir d, const struct kept_offer *o)
{
    const struct decoder *before = s->decoder;
    struct chunk c = {o->ts, o->pkt, o->b, d};
    size_t took = call_data(s, &c);
    bool switched = s->decoder != before;
    if (took > 0) {
        kept_take(s->kept[d], took);
        s->shared->kept_bytes -= took;
    } else if (!switched) {
        kept_want(s->kept[d], s->wanted);
    }
    return took > 0 || switched;
}

/* The decoder may want to hear of a gap only after the other direction moved. */
static bool offer_gap(struct stream *s, enum dir d, const struct kept_offer *o)
{
    s->block_asked = false;
    s->ts = o->ts;
    s->pkt = o->pkt;
    bool goes_on = s->decoder->gap(s, d, o->gap);
    if (!goes_on) {
        stream_give_up(s, d);
    } else if (s->block_asked && s->next == NULL) {
        s->side[d] |= SIDE_BLOCKED;
        return false;
    }
    kept_take_gap(s->kept[d]);
    if (s->next != NULL) {
        take_switch(s);
    }
    return true;
}

/* Offers what is kept of a direction until the decoder wants more. true: it moved. */
static bool drain_kept(struct stream *s, enum dir d)
{
    bool moved = false;
    struct kept_offer o;
    int64_t ts = s->ts;
    uint64_t pkt = s->pkt;
    while (can_run(s, d) && !nothing_kept(s, d)) {
        size_t before = kept_bytes(s->kept[d]);
        if (!kept_next(s->kept[d], s->last_offer - 1, &o)) {
            break;
        }
        s->shared->kept_bytes -= before - kept_bytes(s->kept[d]); /* lost before a gap */
        moved = (o.gap > 0 ? offer_gap(s, d, &o) : offer_bytes(s, d, &o)) || moved;
    }
    s->ts = ts; /* of the newest packet again */
    s->pkt = pkt;
    if (given_up(s, d) || nothing_kept(s, d)) {
        drop_kept(s, d); /* without it a chunk touches a line of the cache less */
    }
    return moved;
}

static bool may_tell_end(const struct stream *s, enum dir d)
{
    return s->decoder != NULL && !(s->side[d] & SIDE_BLOCKED) &&
           (s->side[d] & (SIDE_ENDED | SIDE_TOLD_END)) == SIDE_ENDED;
}

/* true: a step, as the decoder heard that the direction is over, or took bytes before that. */
static bool tell_end(struct stream *s, enum dir d)
{
    if (!may_tell_end(s, d)) {
        return false;
    }
    stream_offer_again(s, d); /* nothing will be added to it */
    if (drain_kept(s, d)) {
        return true;
    }
    if (!may_tell_end(s, d)) {
        return false;
    }
    s->side[d] |= SIDE_TOLD_END;
    s->decoder->end(s, d);
    for (struct stream *c = s->children; c != NULL; c = c->next_child) {
        stream_end(c, d, s->ts, s->pkt);
    }
    if (s->next != NULL) {
        take_switch(s);
    }
    return true;
}

/* After a step of one direction the other one, if it waits, is offered its bytes again; and so on
 * until neither moves. */
static void offer_in_turn(struct stream *s, enum dir moved)
{
    enum dir d = moved;
    do {
        d = dir_other(d);
        if (s->side[d] & SIDE_BLOCKED) {
            stream_offer_again(s, d);
        }
        s->side[d] &= (uint8_t)~SIDE_BLOCKED;
    } while (drain_kept(s, d));
}

/* What the other direction keeps from before a chunk is offered before it. */
static void catch_up(struct stream *s, const struct chunk *c)
{
    enum dir other = dir_other(c->dir);
    if (!nothing_kept(s, other) && kept_first_pkt(s->kept[other]) < c->pkt) {
        s->last_offer = c->pkt;
        offer_in_turn(s, c->dir);
        s->last_offer = 0;
    }
}

/* What follows a step of one direction: steps of the other, and ends that may be told now, which
 * are steps as well. */
static void settle(struct stream *s, enum dir moved)
{
    s->unsettled = 0;
    offer_in_turn(s, moved);
    for (int d = 0; d < 2; d++) {
        if (tell_end(s, (enum dir)d)) {
            offer_in_turn(s, (enum dir)d);
            d = -1;
        }
    }
}

static bool may_settle(const struct stream *s, enum dir moved)
{
    return ((s->side[0] | s->side[1]) & (SIDE_BLOCKED | SIDE_ENDED)) ||
           !nothing_kept(s, dir_other(moved));
}

/* Runs the decoder over a chunk when nothing of the direction is kept. */
static void run_direct(struct stream *s, struct chunk c)
{
    bool moved = false;
    while (c.b.n > 0 && can_run(s, c.dir)) {
        const struct decoder *before = s->decoder;
        size_t took = call_data(s, &c);
        if (took == 0 && s->decoder == before) {
            break;
        }
        moved = true;
        c.b = bytes_from(c.b, took);
    }
    if (c.b.n > 0 && !given_up(s, c.dir) && keep(s, &c)) {
        kept_want(s->kept[c.dir], s->wanted);
        kept_shown(s->kept[c.dir]);
    }
    if (moved && s->unsettled == 0 && may_settle(s, c.dir)) {
        settle(s, c.dir);
    }
}

/* There is no room to wait any longer. true: a step was made all the same. */
static bool wait_no_more(struct stream *s, enum dir d)
{
    if (!(s->side[d] & SIDE_BLOCKED) || s->decoder->waited == NULL) {
        return false;
    }
    s->decoder->waited(s, d);
    s->side[d] &= (uint8_t)~SIDE_BLOCKED;
    kept_again(s->kept[d]);
    return drain_kept(s, d);
}

/* Runs the decoder when bytes of the direction are already kept: adds no more than it asked for, or
 * than may be kept. */
static void run_kept(struct stream *s, struct chunk c)
{
    bool moved = false;
    while (c.b.n > 0 && !nothing_kept(s, c.dir) && !given_up(s, c.dir)) {
        struct chunk piece = c;
        if (can_run(s, c.dir)) {
            size_t have = kept_bytes(s->kept[c.dir]);
            size_t want = kept_wanted(s->kept[c.dir]);
            size_t room = keep_room(s, c.dir);
            size_t n = want > have && want - have < room ? want - have : room;
            piece.b = n > 0 ? bytes_part(c.b, 0, n) : c.b; /* no room: it is given up */
        }
        if (piece.b.n > keep_room(s, c.dir) && wait_no_more(s, c.dir)) {
            moved = true;
            continue;
        }
        if (!keep(s, &piece)) {
            break;
        }
        c.b = bytes_from(c.b, piece.b.n);
        moved = drain_kept(s, c.dir) || moved;
    }
    if (moved && s->unsettled == 0 && may_settle(s, c.dir)) {
        settle(s, c.dir);
    }
    if (c.b.n > 0 && !given_up(s, c.dir)) {
        run_direct(s, c);
    }
}

static void run(struct stream *s, const struct chunk *c)
{
    if (nothing_kept(s, c->dir)) {
        run_direct(s, *c);
    } else {
        run_kept(s, *c);
    }
}

/* ---- Whose stream is it? ---- */

static const struct decoder *ask_decoders(struct stream *s, bool last, bool *undecided)
{
    struct hint hint = {.from_start = s->from_start, .last = last};
    show_first(s, &hint);
    for (size_t i = 0; i < sizeof decoders / sizeof decoders[0]; i++) {
        enum verdict v = decoders[i]->match(&hint);
        if (v == VERDICT_YES || v == VERDICT_YES_SWAPPED) {
            s->swapped = v == VERDICT_YES_SWAPPED;
            return decoders[i];
        }
        if (v == VERDICT_MORE && !last) {
            *undecided = true;
            return NULL;
        }
    }
    return NULL;
}

static void swap_sides(struct stream *s)
{
    struct kept *k = s->kept[0];
    s->kept[0] = s->kept[1];
    s->kept[1] = k;
    uint8_t side = s->side[0];
    s->side[0] = s->side[1];
    s->side[1] = side;
    struct endpoint e = s->connection.client;
    s->connection.client = s->connection.server;
    s->connection.server = e;
}

/* Offers what was kept while nobody had said yes, the older direction first. */
static void replay(struct stream *s)
{
    uint64_t first[2];
    for (int d = 0; d < 2; d++) {
        first[d] = nothing_kept(s, (enum dir)d) ? UINT64_MAX : kept_first_pkt(s->kept[d]);
    }
    enum dir d = first[1] < first[0] ? DIR_SERVER_TO_CLIENT : DIR_CLIENT_TO_SERVER;
    drain_kept(s, d);
    settle(s, d);
    settle(s, dir_other(d));
}

static void give_up_both(struct stream *s)
{
    for (int d = 0; d < 2; d++) {
        stream_give_up(s, (enum dir)d);
        drop_kept(s, (enum dir)d);
    }
}

static void match(struct stream *s, bool last)
{
    bool undecided = false;
    for (int d = 0; d < 2; d++) {
        last = last || keep_room(s, (enum dir)d) == 0;
    }
    const struct decoder *d = ask_decoders(s, last, &undecided);
    if (d == NULL) {
        if (!undecided) {
            give_up_both(s);
        }
        return;
    }
    if (s->swapped) {
        swap_sides(s);
    }
    stream_switch(s, d, NULL);
    take_switch(s);
    replay(s);
}

static enum dir turned(const struct stream *s, enum dir d)
{
    return s->swapped ? dir_other(d) : d;
}

static void collect(struct stream *s, struct chunk c)
{
    while (c.b.n > 0 && s->decoder == NULL && !given_up(s, c.dir)) {
        struct chunk piece = c;
        piece.b = bytes_part(c.b, 0, keep_room(s, c.dir));
        if (piece.b.n > 0 && !keep(s, &piece)) {
            return;
        }
        c.b = bytes_from(c.b, piece.b.n);
        match(s, c.b.n > 0);
    }
    c.dir = turned(s, c.dir);
    if (c.b.n > 0 && s->decoder != NULL && !given_up(s, c.dir)) {
        run(s, &c);
    }
}

/* ---- For who feeds a stream ---- */

struct stream *stream_new(struct stream_shared *shared, const struct connection *connection,
                          bool from_start)
{
    struct stream *s = shared_alloc(shared, sizeof *s);
    if (s != NULL) {
        s->shared = shared;
        s->connection = *connection;
        s->from_start = from_start;
    }
    return s;
}

void stream_set_feeder(struct stream *s, const void *feeder)
{
    s->feeder = feeder;
}

void stream_start(struct stream *s, const struct decoder *decoder, const void *arg)
{
    stream_switch(s, decoder, arg);
    take_switch(s);
    replay(s);
}

/* ---- Streams inside streams ---- */

static void leave_parent(struct stream *s)
{
    if (s->parent == NULL) {
        return;
    }
    struct stream **link = &s->parent->children;
    while (*link != s) {
        link = &(*link)->next_child;
    }
    *link = s->next_child;
}

static void close_children(struct stream *s, const struct session_end *end)
{
    while (s->children != NULL) {
        s->children->ts = s->ts;
        s->children->pkt = s->pkt;
        stream_close(s->children, end);
    }
}

/* ---- Giving ---- */

static bool alive(const struct stream *s)
{
    return !(s->side[0] & s->side[1] & SIDE_GIVEN_UP);
}

/* Whether anybody wants more. */
static bool goes_on(struct stream *s)
{
    if (!alive(s)) {
        give_up_both(s); /* frees what is kept */
        return false;
    }
    return true;
}

bool stream_settle(struct stream *s)
{
    if (s->unsettled != 0) {
        settle(s, (enum dir)(s->unsettled - 1));
    }
    return goes_on(s);
}

bool stream_data(struct stream *s, const struct chunk *chunk)
{
    struct chunk c = *chunk;
    c.dir = turned(s, c.dir);
    s->ts = c.ts;
    s->pkt = c.pkt;
    if (given_up(s, c.dir)) {
        return alive(s);
    }
    if (s->unsettled == 1 + (uint8_t)c.dir) {
        catch_up(s, &c);
    } else if (s->unsettled != 0) {
        stream_settle(s);
    }
    if (given_up(s, c.dir)) {
        return goes_on(s);
    }
    if (s->decoder == NULL) {
        collect(s, c);
    } else {
        run(s, &c);
    }
    return goes_on(s);
}

bool stream_gap(struct stream *s, enum dir dir, uint64_t n, int64_t ts, uint64_t pkt)
{
    s->ts = ts;
    s->pkt = pkt;
    if (s->decoder == NULL && alive(s)) {
        match(s, true);
    }
    enum dir d = turned(s, dir);
    if (s->unsettled == 1 + (uint8_t)dir_other(d)) {
        stream_settle(s);
    }
    if (s->decoder == NULL || given_up(s, d)) {
        return goes_on(s);
    }
    s->ts = ts;
    s->pkt = pkt;
    if (!keep_ready(s, d) || !kept_append_gap(s->kept[d], n, ts, pkt)) {
        give_up_full(s, d, 0);
    } else if (drain_kept(s, d)) {
        s->unsettled = (uint8_t)(1 + d);
    }
    return goes_on(s);
}

void stream_end(struct stream *s, enum dir dir, int64_t ts, uint64_t pkt)
{
    s->ts = ts;
    s->pkt = pkt;
    s->side[turned(s, dir)] |= SIDE_ENDED;
    if (s->decoder == NULL && alive(s) && (s->side[0] & s->side[1] & SIDE_ENDED)) {
        match(s, true);
    }
    stream_settle(s);
    if (tell_end(s, turned(s, dir))) {
        settle(s, turned(s, dir)); /* the other direction may have waited for this one */
    }
}

/* Tells the ends that were not told: first of the directions that wait for nothing. What still
 * waits then waits in vain. */
static void end_both(struct stream *s)
{
    s->side[0] |= SIDE_ENDED;
    s->side[1] |= SIDE_ENDED;
    if (s->decoder == NULL && alive(s)) {
        match(s, true);
    }
    stream_settle(s);
    for (;;) {
        for (int d = 0; d < 2; d++) {
            if (tell_end(s, (enum dir)d)) {
                settle(s, (enum dir)d);
            }
        }
        enum dir d = s->side[0] & SIDE_BLOCKED ? DIR_CLIENT_TO_SERVER : DIR_SERVER_TO_CLIENT;
        if (!(s->side[d] & SIDE_BLOCKED)) {
            return;
        }
        s->side[d] &= (uint8_t)~SIDE_BLOCKED;
        drop_kept(s, d);
    }
}

void stream_close(struct stream *s, const struct session_end *end)
{
    if (s == NULL) {
        return;
    }
    struct session_end e = *end;
    if (s->swapped) {
        e.tcp[0] = end->tcp[1];
        e.tcp[1] = end->tcp[0];
        e.first_fin = end->first_fin < 0 ? -1 : 1 - end->first_fin;
    }
    s->ending = &e;
    end_both(s);
    close_children(s, &e);
    if (s->decoder != NULL) {
        s->decoder->close(s);
        shared_free(s->shared, s->state, s->decoder->state_size);
    }
    if (s->session != 0) {
        struct event event = {.type = EVENT_END, .ts = e.last_ts, .pkt = s->pkt};
        event.end = &e;
        stream_emit(s, &event);
    }
    give_up_both(s); /* frees what is kept */
    free(s->finding_counts);
    leave_parent(s);
    shared_free(s->shared, s, sizeof *s);
}
