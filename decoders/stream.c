/*
 * Streams: run decoders over ordered bytes. Keeps what a decoder leaves, asks the decoders in turn
 * whose stream it is, switches, waits for the other direction and passes on gaps and ends.
 *
 * The common case costs nothing: a chunk that the decoder takes whole is never copied. What is left
 * over is kept with the time and packet of each piece, so that events made of it later still say
 * when their bytes came.
 */
#include "decoder.h"

#include "base/buffer.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define CACHE_LINE_BYTES 64
#define DETAIL_MAX_BYTES 160
#define KEPT_MARKS_MAX 4096      /* pieces that kept bytes may consist of */
#define FINDING_FORMATTED_MAX 64 /* details that are still made for one id on one stream */

#define DECODER(name) extern const struct decoder name;
#include "decoders.def"
#undef DECODER

static const struct decoder *const decoders[] = {
#define DECODER(name) &name,
#include "decoders.def"
#undef DECODER
};

/* Where a piece of the kept bytes came from. */
struct mark {
    size_t end; /* offset of the piece's end in the kept bytes */
    int64_t ts;
    uint64_t pkt;
};

struct keep {
    struct buffer bytes;
    struct buffer marks; /* of struct mark */
    size_t offered;      /* marks that the decoder has already been shown */
    size_t want;         /* the decoder asked for this many bytes; 0: any more */
};

enum side_flag {
    SIDE_BLOCKED = 1 << 0,  /* waits for a step of the other direction */
    SIDE_GIVEN_UP = 1 << 1, /* no more data() calls */
    SIDE_ENDED = 1 << 2,    /* no more bytes will come */
    SIDE_TOLD_END = 1 << 3, /* the decoder knows */
};

/* The first line of the cache has what a chunk needs that is taken whole. */
struct stream {
    _Alignas(CACHE_LINE_BYTES) const struct decoder *decoder; /* NULL while nobody has said yes */
    void *state;
    struct stream_shared *shared;
    struct keep *keep[2]; /* NULL while nothing was ever kept */
    int64_t ts;
    uint64_t pkt;
    uint8_t side[2]; /* enum side_flag */
    bool from_start, swapped, block_asked;
    const struct decoder *next; /* switch asked for by the running call */
    size_t wanted;              /* by the running call */
    uint64_t session;
    uint64_t lost[2]; /* a gap that waits for the other direction, before what is kept */
    const void *next_arg;
    const struct session_end *ending;
    uint8_t *finding_counts; /* FINDING_COUNT counters, once a finding was made */
    struct connection connection;
};

/* Zeroed, and at the start of a cache line. */
static void *line_alloc(size_t n)
{
    n = (n + CACHE_LINE_BYTES - 1) & ~(size_t)(CACHE_LINE_BYTES - 1);
    void *p = aligned_alloc(CACHE_LINE_BYTES, n);
    return p != NULL ? memset(p, 0, n) : NULL;
}

void stream_prefetch(const struct stream *s)
{
    const char *p = (const char *)s;
    __builtin_prefetch(p);
    __builtin_prefetch(p + CACHE_LINE_BYTES);
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

void stream_emit(struct stream *s, struct event *e)
{
    e->session = s->session;
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

static size_t kept_bytes(const struct stream *s, enum dir d)
{
    return s->keep[d] != NULL ? s->keep[d]->bytes.n : 0;
}

static size_t mark_count(const struct keep *k)
{
    return k->marks.n / sizeof(struct mark);
}

static struct mark *mark_at(const struct keep *k, size_t i)
{
    return (struct mark *)(void *)k->marks.p + i;
}

static void keep_free(struct stream *s, enum dir d)
{
    if (s->keep[d] != NULL) {
        buffer_done(&s->keep[d]->bytes);
        buffer_done(&s->keep[d]->marks);
        free(s->keep[d]);
        s->keep[d] = NULL;
    }
}

void stream_give_up(struct stream *s, enum dir d)
{
    s->side[d] |= SIDE_GIVEN_UP;
    s->side[d] &= (uint8_t)~SIDE_BLOCKED;
}

static size_t keep_limit(const struct stream *s, enum dir d)
{
    if (s->decoder == NULL) {
        return STREAM_MATCH_MAX_BYTES;
    }
    return s->side[d] & SIDE_BLOCKED ? STREAM_BLOCKED_MAX_BYTES : s->decoder->max_keep;
}

/* Appends to the kept bytes; false when the memory for them is not to be had. */
static bool keep_append(struct stream *s, enum dir d, const struct chunk *c)
{
    struct keep *k = s->keep[d];
    if (k == NULL) {
        k = s->keep[d] = calloc(1, sizeof *k);
        if (k == NULL) {
            return false;
        }
        buffer_init(&k->bytes, STREAM_BLOCKED_MAX_BYTES + STREAM_MATCH_MAX_BYTES);
        buffer_init(&k->marks, KEPT_MARKS_MAX * sizeof(struct mark));
    }
    if (!buffer_append(&k->bytes, c->b)) {
        return false;
    }
    struct mark m = {k->bytes.n, c->ts, c->pkt};
    if (!buffer_append(&k->marks, (struct bytes){(const uint8_t *)&m, sizeof m})) {
        *mark_at(k, mark_count(k) - 1) = m; /* many tiny pieces: they share the newest mark */
    }
    return true;
}

/* Takes n bytes away from the front, with the marks they had. */
static void keep_drop(struct keep *k, size_t n)
{
    size_t gone = 0;
    size_t marks = mark_count(k);
    while (gone < marks && mark_at(k, gone)->end <= n) {
        gone++;
    }
    buffer_drop(&k->marks, gone * sizeof(struct mark));
    for (size_t i = 0; i < mark_count(k); i++) {
        mark_at(k, i)->end -= n;
    }
    buffer_drop(&k->bytes, n);
    k->offered = 0;
    k->want = 0;
}

/* ---- Running the decoder ---- */

static void take_switch(struct stream *s)
{
    const struct decoder *old = s->decoder;
    void *old_state = s->state;
    struct hint hint = {.from_start = s->from_start, .last = true, .arg = s->next_arg};
    s->decoder = s->next;
    s->next = NULL;
    s->state = line_alloc(s->decoder->state_size);
    if (s->state == NULL) {
        s->decoder = old;
        s->state = old_state;
        stream_give_up(s, DIR_CLIENT_TO_SERVER);
        stream_give_up(s, DIR_SERVER_TO_CLIENT);
        return;
    }
    s->decoder->open(s, &hint);
    if (old != NULL) {
        void *state = s->state;
        s->state = old_state;
        old->close(s);
        s->state = state;
        free(old_state);
    }
    for (int d = 0; d < 2; d++) {
        s->side[d] &= (uint8_t)~SIDE_BLOCKED;
        if (s->keep[d] != NULL) {
            s->keep[d]->offered = 0;
            s->keep[d]->want = 0;
        }
    }
}

/* One data() call. Afterwards the decoder may be another one. */
static size_t call_data(struct stream *s, const struct chunk *c)
{
    s->wanted = 0;
    s->block_asked = false;
    size_t took = s->decoder->data(s, c);
    assert(took <= c->b.n);
    bool switched = s->next != NULL;
    if (switched) {
        take_switch(s);
    }
    if (took == 0 && s->block_asked && !switched) {
        s->side[c->dir] |= SIDE_BLOCKED;
    }
    return took;
}

static bool can_run(const struct stream *s, enum dir d)
{
    return (s->side[d] & (SIDE_GIVEN_UP | SIDE_BLOCKED)) == 0;
}

/* Tells the decoder of a gap; it may want to hear of it only after the other direction moved. */
static void call_gap(struct stream *s, enum dir d, uint64_t n)
{
    s->block_asked = false;
    if (!s->decoder->gap(s, d, n)) {
        stream_give_up(s, d);
    } else if (s->block_asked) {
        s->lost[d] = n;
        s->side[d] |= SIDE_BLOCKED;
    }
    if (s->next != NULL) {
        take_switch(s);
    }
}

static bool deliver_lost(struct stream *s, enum dir d)
{
    uint64_t n = s->lost[d];
    if (n == 0 || !can_run(s, d)) {
        return false;
    }
    s->lost[d] = 0;
    call_gap(s, d, n);
    return s->lost[d] == 0;
}

/* Is anything held back for the decoder? */
static bool has_rest(const struct stream *s, enum dir d)
{
    return kept_bytes(s, d) > 0 || s->lost[d] > 0;
}

/* Offers what is held back of a direction until the decoder wants more. true: it moved. */
static bool drain_kept(struct stream *s, enum dir d)
{
    bool moved = deliver_lost(s, d);
    while (can_run(s, d) && kept_bytes(s, d) > 0) {
        struct keep *k = s->keep[d];
        size_t i = k->offered;
        if (i >= mark_count(k) || (k->want > k->bytes.n && i > 0)) {
            break;
        }
        while (mark_at(k, i)->end < k->want && i + 1 < mark_count(k)) {
            i++;
        }
        const struct mark *m = mark_at(k, i);
        struct chunk c = {m->ts, m->pkt, {k->bytes.p, m->end}, d};
        const struct decoder *before = s->decoder;
        k->offered = i + 1;
        s->ts = c.ts;
        s->pkt = c.pkt;
        size_t took = call_data(s, &c);
        if (took > 0) {
            keep_drop(k, took);
        } else if (s->decoder == before) {
            k->want = s->wanted;
        }
        moved = moved || took > 0 || s->decoder != before;
    }
    if ((s->side[d] & SIDE_GIVEN_UP) || kept_bytes(s, d) == 0) {
        keep_free(s, d); /* without it a chunk touches a line of the cache less */
    }
    return moved;
}

static void tell_end(struct stream *s, enum dir d)
{
    if ((s->side[d] & (SIDE_ENDED | SIDE_TOLD_END)) == SIDE_ENDED && s->decoder != NULL &&
        !(s->side[d] & SIDE_BLOCKED)) {
        s->side[d] |= SIDE_TOLD_END;
        s->decoder->end(s, d);
    }
}

/* After a step of one direction the other one, if it waits, is offered its bytes again; and so on
 * until neither moves. */
static void settle(struct stream *s, enum dir moved)
{
    enum dir d = dir_other(moved);
    for (;;) {
        bool waited = s->side[d] & SIDE_BLOCKED;
        s->side[d] &= (uint8_t)~SIDE_BLOCKED;
        if (waited && s->keep[d] != NULL) {
            s->keep[d]->offered = 0;
        }
        if (!has_rest(s, d) || !drain_kept(s, d)) {
            break;
        }
        d = dir_other(d);
    }
    tell_end(s, DIR_CLIENT_TO_SERVER);
    tell_end(s, DIR_SERVER_TO_CLIENT);
}

/* Keeps what the decoder left of a chunk; gives the direction up when that is too much. */
static void keep_rest(struct stream *s, const struct chunk *rest)
{
    enum dir d = rest->dir;
    if (rest->b.n == 0 || (s->side[d] & SIDE_GIVEN_UP)) {
        return;
    }
    if (rest->b.n > keep_limit(s, d) - kept_bytes(s, d) || kept_bytes(s, d) > keep_limit(s, d) ||
        !keep_append(s, d, rest)) {
        stream_finding(s, d, FINDING_STREAM_LIMIT_KEPT, "%zu bytes", kept_bytes(s, d) + rest->b.n);
        stream_give_up(s, d);
        keep_free(s, d);
        return;
    }
    struct keep *k = s->keep[d];
    k->want = s->wanted;
    k->offered = mark_count(k);
}

/* Runs the decoder over a chunk when nothing of the direction is kept. */
static void run_direct(struct stream *s, struct chunk c)
{
    size_t took = 0;
    bool moved = false;
    while (c.b.n > 0 && can_run(s, c.dir)) {
        const struct decoder *before = s->decoder;
        took = call_data(s, &c);
        moved = moved || took > 0 || s->decoder != before;
        if (took == 0 && s->decoder == before) {
            break;
        }
        c.b = bytes_from(c.b, took);
    }
    keep_rest(s, &c);
    if (moved && ((s->side[0] | s->side[1]) & SIDE_BLOCKED || has_rest(s, dir_other(c.dir)))) {
        settle(s, c.dir);
    }
}

/* Runs the decoder when bytes of the direction are already kept: adds no more than it asked for. */
static void run_kept(struct stream *s, struct chunk c)
{
    bool moved = false;
    while (c.b.n > 0 && kept_bytes(s, c.dir) > 0 && !(s->side[c.dir] & SIDE_GIVEN_UP)) {
        struct keep *k = s->keep[c.dir];
        struct chunk piece = c;
        if (can_run(s, c.dir) && k->want > k->bytes.n) {
            piece.b = bytes_part(c.b, 0, k->want - k->bytes.n);
        }
        size_t before = mark_count(k);
        size_t want = k->want;
        keep_rest(s, &piece);
        if (s->keep[c.dir] == NULL) {
            return;
        }
        k->want = want;
        k->offered = before < mark_count(k) ? before : mark_count(k) - 1;
        c.b = bytes_from(c.b, piece.b.n);
        moved = drain_kept(s, c.dir) || moved;
        s->ts = c.ts;
        s->pkt = c.pkt;
    }
    if (moved) {
        settle(s, c.dir);
    }
    if (c.b.n > 0) {
        run_direct(s, c);
    }
}

/* ---- Whose stream is it? ---- */

static const struct decoder *ask_decoders(struct stream *s, bool last, bool *undecided)
{
    struct hint hint = {.from_start = s->from_start, .last = last};
    for (int d = 0; d < 2; d++) {
        if (s->keep[d] != NULL) {
            hint.first[d] = buffer_bytes(&s->keep[d]->bytes);
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
    struct keep *k = s->keep[0];
    s->keep[0] = s->keep[1];
    s->keep[1] = k;
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
    uint64_t first[2] = {UINT64_MAX, UINT64_MAX};
    for (int d = 0; d < 2; d++) {
        if (kept_bytes(s, (enum dir)d) > 0) {
            s->keep[d]->offered = 0;
            first[d] = mark_at(s->keep[d], 0)->pkt;
        }
    }
    enum dir d = first[1] < first[0] ? DIR_SERVER_TO_CLIENT : DIR_CLIENT_TO_SERVER;
    drain_kept(s, d);
    settle(s, d);
    settle(s, dir_other(d));
}

static void match(struct stream *s, bool last)
{
    bool undecided = false;
    for (int d = 0; d < 2; d++) {
        last = last || kept_bytes(s, (enum dir)d) >= STREAM_MATCH_MAX_BYTES;
    }
    const struct decoder *d = ask_decoders(s, last, &undecided);
    if (d == NULL) {
        if (!undecided) {
            stream_give_up(s, DIR_CLIENT_TO_SERVER);
            stream_give_up(s, DIR_SERVER_TO_CLIENT);
            keep_free(s, DIR_CLIENT_TO_SERVER);
            keep_free(s, DIR_SERVER_TO_CLIENT);
        }
        return;
    }
    if (s->swapped) {
        swap_sides(s);
    }
    s->next = d;
    s->next_arg = NULL;
    take_switch(s);
    replay(s);
}

static void collect(struct stream *s, struct chunk c)
{
    int64_t ts = s->ts;
    uint64_t pkt = s->pkt;
    while (c.b.n > 0 && s->decoder == NULL && !(s->side[c.dir] & SIDE_GIVEN_UP)) {
        struct chunk piece = c;
        piece.b = bytes_part(c.b, 0, STREAM_MATCH_MAX_BYTES - kept_bytes(s, c.dir));
        c.b = bytes_from(c.b, piece.b.n);
        keep_rest(s, &piece);
        match(s, c.b.n > 0);
        s->ts = ts;
        s->pkt = pkt;
    }
    if (c.b.n > 0 && s->decoder != NULL) {
        c.dir = s->swapped ? dir_other(c.dir) : c.dir;
        if (kept_bytes(s, c.dir) > 0) {
            run_kept(s, c);
        } else {
            run_direct(s, c);
        }
    }
}

/* ---- For who feeds a stream ---- */

struct stream *stream_new(struct stream_shared *shared, const struct connection *connection,
                          bool from_start)
{
    struct stream *s = line_alloc(sizeof *s);
    if (s != NULL) {
        s->shared = shared;
        s->connection = *connection;
        s->from_start = from_start;
    }
    return s;
}

void stream_start(struct stream *s, const struct decoder *decoder, const void *arg)
{
    assert(s->decoder == NULL);
    stream_switch(s, decoder, arg);
    take_switch(s);
}

static bool alive(const struct stream *s)
{
    return !(s->side[0] & s->side[1] & SIDE_GIVEN_UP);
}

static enum dir turned(const struct stream *s, enum dir d)
{
    return s->swapped ? dir_other(d) : d;
}

bool stream_data(struct stream *s, const struct chunk *chunk)
{
    struct chunk c = *chunk;
    c.dir = turned(s, c.dir);
    s->ts = c.ts;
    s->pkt = c.pkt;
    if (s->side[c.dir] & SIDE_GIVEN_UP) {
        return alive(s);
    }
    if (s->decoder == NULL) {
        collect(s, c);
    } else if (kept_bytes(s, c.dir) > 0) {
        run_kept(s, c);
    } else {
        run_direct(s, c);
    }
    return alive(s);
}

static uint64_t add_lost(uint64_t a, uint64_t b)
{
    return a > UINT64_MAX - b ? UINT64_MAX : a + b;
}

bool stream_gap(struct stream *s, enum dir dir, uint64_t n, int64_t ts, uint64_t pkt)
{
    s->ts = ts;
    s->pkt = pkt;
    if (s->decoder == NULL) {
        match(s, true);
    }
    enum dir d = turned(s, dir);
    if (s->decoder == NULL || (s->side[d] & SIDE_GIVEN_UP)) {
        return alive(s);
    }
    n = add_lost(add_lost(n, kept_bytes(s, d)), s->lost[d]);
    s->lost[d] = 0;
    keep_free(s, d); /* an unfinished thing whose rest is lost is lost as well */
    if (s->side[d] & SIDE_BLOCKED) {
        s->lost[d] = n;
        return true;
    }
    call_gap(s, d, n);
    settle(s, d);
    return alive(s);
}

void stream_end(struct stream *s, enum dir dir, int64_t ts, uint64_t pkt)
{
    s->ts = ts;
    s->pkt = pkt;
    s->side[turned(s, dir)] |= SIDE_ENDED;
    if (s->decoder == NULL && (s->side[0] & s->side[1] & SIDE_ENDED)) {
        match(s, true);
    }
    tell_end(s, turned(s, dir));
    if (s->decoder != NULL) {
        settle(s, turned(s, dir)); /* the other direction may have waited for this one */
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
    s->side[0] |= SIDE_ENDED;
    s->side[1] |= SIDE_ENDED;
    if (s->decoder == NULL && alive(s)) {
        match(s, true);
    }
    for (int d = 0; d < 2; d++) {
        s->side[d] &= (uint8_t)~SIDE_BLOCKED;
        tell_end(s, (enum dir)d);
        if (s->decoder != NULL) {
            settle(s, (enum dir)d); /* what waited for more of d waits no longer */
        }
    }
    if (s->decoder != NULL) {
        s->decoder->close(s);
        free(s->state);
    }
    if (s->session != 0) {
        struct event event = {.type = EVENT_END, .ts = e.last_ts, .pkt = s->pkt};
        event.end = &e;
        stream_emit(s, &event);
    }
    keep_free(s, DIR_CLIENT_TO_SERVER);
    keep_free(s, DIR_SERVER_TO_CLIENT);
    free(s->finding_counts);
    free(s);
}
