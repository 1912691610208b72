/*
 * Streams: run decoders over ordered bytes. Keeps what a decoder leaves, asks the decoders in turn
 * whose stream it is, switches, waits for the other direction and passes on gaps and ends.
 *
 * The common case costs nothing: a chunk that the decoder takes whole is never copied. What is left
 * over is kept with the time and packet of each piece, so that events made of it later still say
 * when their bytes came.
 */
#include "decoder.h"

#include "base/pool.h"
#include "kept.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define DETAIL_MAX_BYTES 160
#define FINDING_FORMATTED_MAX 64 /* details that are still made for one id on one stream */

#define DECODER(name) extern const struct decoder name;
#include "decoders.def"
#undef DECODER

static const struct decoder *const decoders[] = {
#define DECODER(name) &name,
#include "decoders.def"
#undef DECODER
};

enum side_flag {
    SIDE_BLOCKED = 1 << 0,  /* waits for a step of the other direction */
    SIDE_GIVEN_UP = 1 << 1, /* no more data() calls */
    SIDE_ENDED = 1 << 2,    /* no more bytes will come */
    SIDE_TOLD_END = 1 << 3, /* the decoder knows */
};

/* The first line of the cache has what a chunk needs that is taken whole. */
struct stream {
    _Alignas(POOL_LINE_BYTES) const struct decoder *decoder; /* NULL while nobody has said yes */
    void *state;
    struct stream_shared *shared;
    struct kept *kept[2]; /* NULL while nothing is kept */
    int64_t ts;
    uint64_t pkt;
    uint8_t side[2]; /* enum side_flag */
    bool from_start, swapped, block_asked;
    uint8_t unsettled;          /* 1 + enum dir of a gap: a step whose bytes may follow at once */
    const struct decoder *next; /* switch asked for by the running call */
    size_t wanted;              /* by the running call */
    uint64_t session;
    const void *next_arg;
    uint64_t last_offer; /* 1 + the last packet to be offered of what is kept; 0: any */
    const struct session_end *ending;
    uint8_t *finding_counts; /* FINDING_COUNT counters, once a finding was made */
    struct stream *parent, *children, *next_child; /* the newest child first */
    unsigned depth;
    struct connection connection;
};

/* ---- Memory ---- */

#define POOL_LINES_MAX 32 /* larger states come from the allocator */

struct stream_pools {
    struct pool by_lines[POOL_LINES_MAX + 1]; /* objects of so many cache lines */
};

struct stream_pools *stream_pools_new(void)
{
    struct stream_pools *pools = malloc(sizeof *pools);
    for (size_t i = 0; pools != NULL && i <= POOL_LINES_MAX; i++) {
        pool_init(&pools->by_lines[i], i * POOL_LINE_BYTES);
    }
    return pools;
}

void stream_pools_free(struct stream_pools *pools)
{
    for (size_t i = 0; pools != NULL && i <= POOL_LINES_MAX; i++) {
        pool_done(&pools->by_lines[i]);
    }
    free(pools);
}

static struct pool *pool_of(const struct stream_shared *shared, size_t n)
{
    size_t lines = (n + POOL_LINE_BYTES - 1) / POOL_LINE_BYTES;
    return shared->pools != NULL && lines <= POOL_LINES_MAX ? &shared->pools->by_lines[lines]
                                                            : NULL;
}

/* Zeroed, and at the start of a cache line. */
static void *shared_alloc(const struct stream_shared *shared, size_t n)
{
    struct pool *pool = pool_of(shared, n);
    if (pool != NULL) {
        return pool_alloc(pool);
    }
    n = (n + POOL_LINE_BYTES - 1) & ~(size_t)(POOL_LINE_BYTES - 1);
    void *p = aligned_alloc(POOL_LINE_BYTES, n);
    return p != NULL ? memset(p, 0, n) : NULL;
}

static void shared_free(const struct stream_shared *shared, void *p, size_t n)
{
    struct pool *pool = pool_of(shared, n);
    if (pool != NULL) {
        pool_free(pool, p);
    } else {
        free(p);
    }
}

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

void *stream_state(const struct stream *s)
{
    return s->state;
}

const struct decode_options *stream_options(const struct stream *s)
{
    return s->shared->options;
}

struct stream_shared *stream_shared(const struct stream *s)
{
    return s->shared;
}

const struct connection *stream_connection(const struct stream *s)
{
    return &s->connection;
}

int64_t stream_ts(const struct stream *s)
{
    return s->ts;
}

uint64_t stream_pkt(const struct stream *s)
{
    return s->pkt;
}

uint64_t stream_session(const struct stream *s)
{
    return s->session;
}

bool stream_swapped(const struct stream *s)
{
    return s->swapped;
}

const struct session_end *stream_ending(const struct stream *s)
{
    return s->ending;
}

void stream_want(struct stream *s, size_t n)
{
    s->wanted = n;
}

void stream_block(struct stream *s)
{
    s->block_asked = true;
}

void stream_switch(struct stream *s, const struct decoder *next, const void *arg)
{
    s->next = next;
    s->next_arg = arg;
}

/* ---- Events ---- */

/* The session that an event of the stream belongs to: its own, or else the oldest inside it. */
static uint64_t session_of(const struct stream *s)
{
    uint64_t id = s->session;
    if (id == 0 && s->children != NULL) {
        for (const struct stream *c = s->children; c != NULL; c = c->next_child) {
            uint64_t inner = session_of(c);
            id = inner != 0 && (id == 0 || inner < id) ? inner : id;
        }
    }
    return id;
}

bool stream_has_sessions(const struct stream *s)
{
    return session_of(s) != 0;
}

void stream_emit(struct stream *s, struct event *e)
{
    e->session = s->session != 0 ? s->session : session_of(s);
    if (e->ts == 0) {
        e->ts = s->ts;
        e->pkt = s->pkt;
    }
    s->shared->sink->emit(s->shared->sink, e);
}

uint64_t stream_begin_session(struct stream *s, enum session_kind kind, int confidence)
{
    assert(s->session == 0);
    s->session = s->shared->next_session++;
    struct event e = {.type = EVENT_SESSION};
    e.begin.kind = kind;
    e.begin.confidence = confidence;
    e.begin.connection = &s->connection;
    stream_emit(s, &e);
    for (struct stream *p = s->parent; p != NULL; p = p->parent) {
        if (p->decoder->session != NULL) {
            p->decoder->session(p, s);
        }
    }
    return s->session;
}

void stream_end_session(struct stream *s)
{
    struct session_end end = {.how = END_OPEN, .first_fin = -1, .last_ts = s->ts};
    struct event e = {.type = EVENT_END, .end = &end};
    stream_emit(s, &e);
    s->session = 0;
}

/* Counts a finding; true while its detail is worth making. */
static bool finding_is_new(struct stream *s, enum finding_id id)
{
    if (s->finding_counts == NULL) {
        s->finding_counts = calloc(FINDING_COUNT, 1);
        if (s->finding_counts == NULL) {
            return true;
        }
    }
    if (s->finding_counts[id] >= FINDING_FORMATTED_MAX) {
        return false;
    }
    s->finding_counts[id]++;
    return true;
}

static void clean_detail(char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c >= 0x7f) {
            text[i] = '.';
        }
    }
}

static void make_finding(struct stream *s, const struct event *at, enum finding_id id,
                         const char *fmt, va_list args)
{
    char text[DETAIL_MAX_BYTES];
    int n = 0;
    if (fmt != NULL && finding_is_new(s, id)) {
        n = vsnprintf(text, sizeof text, fmt, args);
        n = n < 0 ? 0 : n >= (int)sizeof text ? (int)sizeof text - 1 : n;
        clean_detail(text, (size_t)n);
    }
    struct event e = *at;
    e.type = EVENT_FINDING;
    e.finding.id = id;
    e.finding.detail = (struct bytes){(const uint8_t *)text, (size_t)n};
    stream_emit(s, &e);
}

void stream_finding(struct stream *s, enum dir dir, enum finding_id id, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    make_finding(s, &(struct event){.dir = dir}, id, fmt, args);
    va_end(args);
}

void stream_finding_at(struct stream *s, enum dir dir, int64_t ts, uint64_t pkt, enum finding_id id,
                       const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    make_finding(s, &(struct event){.dir = dir, .ts = ts, .pkt = pkt}, id, fmt, args);
    va_end(args);
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

void stream_give_up(struct stream *s, enum dir d)
{
    s->side[d] |= SIDE_GIVEN_UP;
    s->side[d] &= (uint8_t)~SIDE_BLOCKED;
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

/* What was kept for one decoder is shown anew to the next, and so are the ends. */
static void take_switch(struct stream *s)
{
    while (s->next != NULL) {
        const struct decoder *old = s->decoder;
        void *old_state = s->state;
        struct hint hint = {.from_start = s->from_start, .last = true, .arg = s->next_arg};
        void *state = shared_alloc(s->shared, s->next->state_size);
        if (state == NULL) {
            s->next = NULL;
            stream_give_up(s, DIR_CLIENT_TO_SERVER);
            stream_give_up(s, DIR_SERVER_TO_CLIENT);
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
            if (s->kept[d] != NULL) {
                kept_again(s->kept[d]);
            }
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
    if (drain_kept(s, d)) { /* left to it by the decoder before it */
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
        if ((s->side[d] & SIDE_BLOCKED) && s->kept[d] != NULL) {
            kept_again(s->kept[d]);
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
    for (int d = 0; d < 2; d++) {
        if (s->kept[d] != NULL) {
            hint.first[d] = kept_view(s->kept[d]);
        }
    }
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

void stream_start(struct stream *s, const struct decoder *decoder, const void *arg)
{
    stream_switch(s, decoder, arg);
    take_switch(s);
    replay(s);
}

void stream_shared_done(struct stream_shared *shared)
{
    for (unsigned i = 0; i < STREAM_DEPTH_MAX; i++) {
        free(shared->rooms[i]);
        shared->rooms[i] = NULL;
    }
}

/* ---- Streams inside streams ---- */

uint8_t *stream_room(struct stream *s)
{
    uint8_t **room = &s->shared->rooms[s->depth];
    if (*room == NULL) {
        *room = malloc(STREAM_ROOM_BYTES);
    }
    return *room;
}

struct stream *stream_child(struct stream *s, uint32_t layers, bool from_start)
{
    if (s->depth + 1 >= STREAM_DEPTH_MAX) {
        return NULL;
    }
    struct stream *c = stream_new(s->shared, &s->connection, from_start);
    if (c != NULL) {
        c->connection.layers |= layers;
        c->depth = s->depth + 1;
        c->ts = s->ts;
        c->pkt = s->pkt;
        c->parent = s;
        c->next_child = s->children;
        s->children = c;
    }
    return c;
}

void stream_now(struct stream *inner)
{
    inner->ts = inner->parent->ts;
    inner->pkt = inner->parent->pkt;
}

void stream_hand_session(struct stream *s, struct stream *child)
{
    assert(child->session == 0);
    child->session = s->session;
    s->session = 0;
}

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
