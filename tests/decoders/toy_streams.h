/*
 * For the tests of streams: decoders made for them, which stand in for the real ones of
 * decoders.def, and scripts of what they are fed. They speak a protocol of records:
 *
 *     T3abc   three bytes of text, taken whole; asks for exactly what it needs
 *     Labc;   text up to a semicolon; asks for more without saying how much
 *     P5      five bytes follow that are taken as they come
 *     B2      waits until the other direction has taken two records
 *     E       waits until the other direction has ended
 *     S       makes way for the second decoder, which speaks the same; s: without taking the byte
 *     W9      wants nine bytes, then takes these two
 *     G, X    gives up this direction, both
 *
 * A connection is theirs when a direction begins with '!', after '?' once there are four bytes, and
 * turned round when the server begins with '~'.
 */
#ifndef WSIGHT_TEST_TOY_STREAMS_H
#define WSIGHT_TEST_TOY_STREAMS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above.
#include <cmocka.h>

#include "decoders/decoder.h"

#include <stdio.h>
#include <stdlib.h>

#define C2S DIR_CLIENT_TO_SERVER
#define S2C DIR_SERVER_TO_CLIENT
#define LOG_BYTES 4096
#define TOY_KEEP_BYTES 12

/* What happened, as text, in all and by direction. */
struct log {
    struct event_sink sink;
    bool packets; /* with packet numbers */
    bool big;     /* count only */
    size_t lines;
    size_t n[3];
    char text[3][LOG_BYTES];
};

struct toy {
    int level; /* 1: the first decoder */
    unsigned records[2];
    unsigned skip[2];
    unsigned passed[2]; /* bytes of the P record under way */
    bool begun[2];
    bool ended[2];
    bool hold_gap; /* the next gap waits for the other direction */
    unsigned hold_until;
};

extern const struct decoder http1_decoder, tls_decoder, websocket_pickup_decoder;
static const struct decoder second_decoder;

static inline struct log *log_of(const struct stream *s)
{
    return (struct log *)(void *)stream_shared(s)->sink;
}

static inline void put(struct log *l, int which, const char *text)
{
    size_t n = strlen(text);
    assert_true(n < LOG_BYTES - l->n[which]);
    memcpy(l->text[which] + l->n[which], text, n + 1);
    l->n[which] += n;
}

static inline void say(const struct stream *s, enum dir d, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static inline void say(const struct stream *s, enum dir d, const char *format, ...)
{
    struct log *l = log_of(s);
    const struct toy *toy = stream_state(s);
    char text[300];
    l->lines++;
    if (l->big) {
        return;
    }
    int n = snprintf(text, sizeof text, "%c%s:", "cs"[d], toy -> level == 2 ? "2" : "");
    va_list args;
    va_start(args, format);
    n += vsnprintf(text + n, sizeof text - (size_t)n, format, args);
    va_end(args);
    if (l->packets) {
        n +=
            snprintf(text + n, sizeof text - (size_t)n, "@%llu", (unsigned long long)stream_pkt(s));
        assert_int_equal(stream_ts(s), 1000 * (int64_t)stream_pkt(s));
    }
    snprintf(text + n, sizeof text - (size_t)n, " ");
    put(l, 2, text);
    put(l, (int)d, text);
}

static inline void on_event(struct event_sink *sink, const struct event *e)
{
    struct log *l = (struct log *)(void *)sink;
    if (e->type == EVENT_FINDING) {
        assert_int_equal(e->finding.id, FINDING_STREAM_LIMIT_KEPT);
        put(l, (int)e->dir, e->dir == C2S ? "c:LIMIT " : "s:LIMIT ");
        put(l, 2, e->dir == C2S ? "c:LIMIT " : "s:LIMIT ");
    }
}

/* ---- The decoders ---- */

static inline enum verdict toy_match(const struct hint *h)
{
    for (int d = 0; d < 2; d++) {
        struct bytes b = h->first[d];
        if (b.n > 0 && b.p[0] == '!') {
            return VERDICT_YES;
        }
        if (b.n > 0 && b.p[0] == '~') {
            return d == S2C ? VERDICT_YES : VERDICT_YES_SWAPPED;
        }
        if (b.n > 0 && b.p[0] == '?') {
            return b.n >= 4 || h->last ? VERDICT_YES : VERDICT_MORE;
        }
    }
    return VERDICT_NO;
}

static inline void toy_open(struct stream *s, const struct hint *h)
{
    struct toy *t = stream_state(s);
    t->level = 1;
    assert_null(h->arg);
}

static inline void second_open(struct stream *s, const struct hint *h)
{
    struct toy *t = stream_state(s);
    const struct toy *first = h->arg; /* lies in the state that is still there */
    assert_int_equal(first->level, 1);
    t->level = 2;
    t->begun[0] = t->begun[1] = true;
}

static inline unsigned digit(const struct chunk *c, size_t at)
{
    return (unsigned)(c->b.p[at] - '0');
}

static inline size_t take(struct stream *s, enum dir d, size_t n)
{
    struct toy *t = stream_state(s);
    t->records[d]++;
    (void)s;
    return n;
}

static inline size_t text_record(struct stream *s, const struct chunk *c)
{
    size_t n = 2 + (size_t)digit(c, 1);
    if (c->b.n < n) {
        stream_want(s, n);
        return 0;
    }
    say(s, c->dir, "%.*s", (int)n - 2, (const char *)c->b.p + 2);
    return take(s, c->dir, n);
}

static inline size_t line_record(struct stream *s, const struct chunk *c)
{
    size_t end = bytes_find(c->b, ';');
    if (end == c->b.n) {
        return 0;
    }
    say(s, c->dir, "%.*s;", (int)end - 1, (const char *)c->b.p + 1);
    return take(s, c->dir, end + 1);
}

static inline size_t block_record(struct stream *s, const struct chunk *c)
{
    const struct toy *t = stream_state(s);
    if (t->records[dir_other(c->dir)] < digit(c, 1)) {
        stream_block(s);
        return 0;
    }
    say(s, c->dir, "B%u", digit(c, 1));
    return take(s, c->dir, 2);
}

static inline size_t want_record(struct stream *s, const struct chunk *c)
{
    if (c->b.n < digit(c, 1)) {
        stream_want(s, digit(c, 1));
        return 0;
    }
    say(s, c->dir, "W%u", digit(c, 1));
    return take(s, c->dir, 2);
}

static inline size_t pass(struct stream *s, struct toy *t, const struct chunk *c)
{
    unsigned n = c->b.n < t->skip[c->dir] ? (unsigned)c->b.n : t->skip[c->dir];
    t->skip[c->dir] -= n;
    t->passed[c->dir] += n;
    if (t->skip[c->dir] == 0) {
        say(s, c->dir, "P%u", t->passed[c->dir]);
        t->passed[c->dir] = 0;
        t->records[c->dir]++;
    }
    return n;
}

/* Records of one byte. */
static inline size_t short_record(struct stream *s, struct toy *t, const struct chunk *c)
{
    switch (c->b.p[0]) {
    case 'S':
    case 's':
        stream_switch(s, &second_decoder, t);
        say(s, c->dir, "switch");
        return c->b.p[0] == 'S' ? 1 : 0;
    case 'E':
        if (!t->ended[dir_other(c->dir)]) {
            stream_block(s);
            return 0;
        }
        say(s, c->dir, "E");
        return take(s, c->dir, 1);
    case 'G':
    case 'X':
        say(s, c->dir, "gives up");
        stream_give_up(s, c->dir);
        if (c->b.p[0] == 'X') {
            stream_give_up(s, dir_other(c->dir));
        }
        return 1;
    default:
        fail_msg("no record: %.*s", (int)c->b.n, (const char *)c->b.p);
        return 0;
    }
}

static inline size_t toy_data(struct stream *s, const struct chunk *c)
{
    struct toy *t = stream_state(s);
    assert_true(c->b.n > 0);
    assert_false(t->ended[c->dir]);
    if (!t->begun[c->dir]) {
        t->begun[c->dir] = true;
        if (c->b.p[0] == '!' || c->b.p[0] == '?' || c->b.p[0] == '~') {
            return 1;
        }
    }
    if (t->skip[c->dir] > 0) {
        return pass(s, t, c);
    }
    uint8_t type = c->b.p[0];
    if (t->level == 2 && type == 's') {
        say(s, c->dir, "s");
        return 1;
    }
    if (c->b.n < 2 && strchr("TPBW", type) != NULL) {
        stream_want(s, 2);
        return 0;
    }
    switch (type) {
    case 'T':
        return text_record(s, c);
    case 'L':
        return line_record(s, c);
    case 'B':
        return block_record(s, c);
    case 'W':
        return want_record(s, c);
    case 'P':
        t->skip[c->dir] = digit(c, 1);
        return 2;
    default:
        return short_record(s, t, c);
    }
}

static inline bool toy_gap(struct stream *s, enum dir d, uint64_t n)
{
    struct toy *t = stream_state(s);
    if (t->hold_gap && t->records[dir_other(d)] < t->hold_until) {
        stream_block(s);
        return true;
    }
    say(s, d, "[%llu]", (unsigned long long)n);
    return n != 666;
}

static inline void toy_end(struct stream *s, enum dir d)
{
    struct toy *t = stream_state(s);
    assert_false(t->ended[d]);
    t->ended[d] = true;
    say(s, d, ".");
}

static inline void toy_close(struct stream *s)
{
    const struct toy *t = stream_state(s);
    if (t->level == 2 || stream_ending(s) != NULL) {
        assert_true(t->ended[0] && t->ended[1]);
    }
}

const struct decoder http1_decoder = {.name = "toy",
                                      .state_size = sizeof(struct toy),
                                      .max_keep = TOY_KEEP_BYTES,
                                      .match = toy_match,
                                      .open = toy_open,
                                      .data = toy_data,
                                      .gap = toy_gap,
                                      .end = toy_end,
                                      .close = toy_close};

static const struct decoder second_decoder = {.name = "second",
                                              .state_size = sizeof(struct toy),
                                              .max_keep = TOY_KEEP_BYTES,
                                              .open = second_open,
                                              .data = toy_data,
                                              .gap = toy_gap,
                                              .end = toy_end,
                                              .close = toy_close};

static inline enum verdict never(const struct hint *h)
{
    (void)h;
    return VERDICT_NO;
}

const struct decoder tls_decoder = {.name = "none", .match = never};
const struct decoder websocket_pickup_decoder = {.name = "none", .match = never};

/* ---- Running a script ---- */

enum what { DATA, GAP, END, HOLD };

struct step {
    enum what what;
    enum dir dir;
    const char *text;
    uint64_t n;
};

#define C(t)                                                                                       \
    {                                                                                              \
        DATA, C2S, t, 0                                                                            \
    }
#define S(t)                                                                                       \
    {                                                                                              \
        DATA, S2C, t, 0                                                                            \
    }
#define C_GAP(k)                                                                                   \
    {                                                                                              \
        GAP, C2S, NULL, k                                                                          \
    }
#define S_GAP(k)                                                                                   \
    {                                                                                              \
        GAP, S2C, NULL, k                                                                          \
    }
#define C_END                                                                                      \
    {                                                                                              \
        END, C2S, NULL, 0                                                                          \
    }
#define S_END                                                                                      \
    {                                                                                              \
        END, S2C, NULL, 0                                                                          \
    }
#define HOLD_GAP_UNTIL(k)                                                                          \
    {                                                                                              \
        HOLD, C2S, NULL, k                                                                         \
    }

struct world {
    struct log log;
    struct stream_shared shared;
    struct stream *stream;
    uint64_t pkt;
    bool alive;
};

static inline struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->log.sink.emit = on_event;
    w->shared = (struct stream_shared){.sink = &w->log.sink, .next_session = 1};
    struct connection connection = {.client.port = 1, .server.port = 2};
    w->stream = stream_new(&w->shared, &connection, true);
    assert_non_null(w->stream);
    w->alive = true;
    return w;
}

static inline void world_close(struct world *w)
{
    struct session_end end = {.how = END_OPEN, .first_fin = -1};
    stream_close(w->stream, &end);
    w->stream = NULL;
    assert_int_equal(w->shared.kept_bytes, 0);
}

/* Bytes in a buffer of their own, so that a sanitizer sees what reaches too far or is kept. */
static inline void feed_as(struct world *w, enum dir d, const char *p, size_t n, uint64_t pkt)
{
    uint8_t *own = malloc(n + (n == 0));
    assert_non_null(own);
    memcpy(own, p, n);
    w->pkt = pkt;
    struct chunk c = {1000 * (int64_t)w->pkt, w->pkt, {own, n}, d};
    w->alive = stream_data(w->stream, &c);
    free(own);
}

static inline void feed(struct world *w, enum dir d, const char *p, size_t n)
{
    feed_as(w, d, p, n, w->pkt + 1);
}

static inline void run_step(struct world *w, const struct step *step, size_t cut)
{
    int64_t ts = 1000 * (int64_t)(w->pkt + 1);
    size_t n = step->text != NULL ? strlen(step->text) : 0;
    switch (step->what) {
    case DATA:
        if (cut > 0 && cut < n) {
            feed(w, step->dir, step->text, cut);
            feed(w, step->dir, step->text + cut, n - cut);
        } else {
            for (size_t i = 0; cut == 0 && i < n; i++) {
                feed(w, step->dir, step->text + i, 1);
            }
            if (cut > 0) {
                feed(w, step->dir, step->text, n);
            }
        }
        break;
    case GAP:
        w->pkt++;
        w->alive = stream_gap(w->stream, step->dir, step->n, ts, w->pkt);
        break;
    case END:
        w->pkt++;
        stream_end(w->stream, step->dir, ts, w->pkt);
        break;
    case HOLD: {
        struct toy *t = stream_state(w->stream);
        t->hold_gap = true;
        t->hold_until = (unsigned)step->n;
        break;
    }
    }
}

/* Runs all steps; step `at` is cut at `cut` (0: into single bytes), or all of them. */
static inline struct world *run(const struct step *steps, size_t n, size_t at, size_t cut)
{
    struct world *w = world_new();
    for (size_t i = 0; i < n; i++) {
        run_step(w, &steps[i], at == SIZE_MAX || at == i ? cut : SIZE_MAX);
    }
    return w;
}

/* The whole script gives `expected`; every cut of it the same by direction. */
static inline void expect(const struct step *steps, size_t n, const char *expected)
{
    struct world *whole = run(steps, n, n, SIZE_MAX);
    world_close(whole);
    assert_string_equal(whole->log.text[2], expected);
    for (size_t at = 0; at <= n; at++) {
        size_t len = at < n && steps[at].text != NULL ? strlen(steps[at].text) : 1;
        for (size_t cut = 0; cut < len; cut++) {
            struct world *w = run(steps, n, at == n ? SIZE_MAX : at, cut);
            world_close(w);
            assert_string_equal(w->log.text[0], whole->log.text[0]);
            assert_string_equal(w->log.text[1], whole->log.text[1]);
            free(w);
        }
    }
    free(whole);
}

#define EXPECT(steps, text) expect(steps, sizeof steps / sizeof *(steps), text)

#endif
