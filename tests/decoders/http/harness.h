/*
 * For the HTTP tests: runs a conversation through a stream and writes down, as text, what came of
 * it. In place of the real WebSocket and TLS decoders stand two that only write down which bytes
 * they got, so that a test sees where exactly HTTP ended.
 */
#ifndef WSIGHT_TEST_HTTP_HARNESS_H
#define WSIGHT_TEST_HTTP_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above.
#include <cmocka.h>

#include "decoders/http/http1.h"
#include "decoders/http/upgrade.h"

#include <stdio.h>
#include <stdlib.h>

#define LOG_BYTES 16384

struct log {
    struct event_sink sink;
    char text[LOG_BYTES];
    size_t n;
};

__attribute__((format(printf, 2, 3))) static inline void log_line(struct log *log, const char *fmt,
                                                                  ...)
{
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(log->text + log->n, LOG_BYTES - log->n, fmt, args);
    va_end(args);
    assert_true(n >= 0 && (size_t)n < LOG_BYTES - log->n);
    log->n += (size_t)n;
}

static inline void log_text(struct log *log, const char *name, struct bytes b)
{
    if (b.p != NULL) {
        log_line(log, " %s=%.*s", name, (int)b.n, (const char *)b.p);
    }
}

static inline void log_handshake(struct log *log, const struct handshake *h)
{
    static const char *const accept[] = {"-", "ok", "wrong"};
    log_line(log, "handshake %d version=%d accept=%s", h->status, h->version,
             accept[h->accept_state]);
#define LOG_TEXT(name)                                                                             \
    if (h->name.p != h->key.p && h->name.p != h->accept.p) {                                       \
        log_text(log, #name, h->name);                                                             \
    }
    HANDSHAKE_TEXTS(LOG_TEXT)
#undef LOG_TEXT
    log_line(log, "%s%s%s%s\n", h->answer_lost ? " answer-lost" : "",
             h->has_cookie ? " cookie" : "", h->has_authorization ? " authorization" : "",
             h->through_proxy ? " through_proxy" : "");
}

static inline void log_emit(struct event_sink *sink, const struct event *e)
{
    struct log *log = (struct log *)(void *)sink;
    switch (e->type) {
    case EVENT_SESSION:
        log_line(log, "session %llu\n", (unsigned long long)e->session);
        break;
    case EVENT_HANDSHAKE:
        log_handshake(log, e->handshake);
        break;
    case EVENT_FINDING:
        log_line(log, "%s %s%s%.*s\n", e->dir == DIR_CLIENT_TO_SERVER ? ">" : "<",
                 finding_kind(e->finding.id)->id, e->finding.detail.n > 0 ? ": " : "",
                 (int)e->finding.detail.n, (const char *)e->finding.detail.p);
        break;
    case EVENT_END:
        log_line(log, "end %llu\n", (unsigned long long)e->session);
        break;
    default:
        log_line(log, "event %d\n", (int)e->type);
        break;
    }
}

/* ---- Decoders that write down what they get ---- */

struct recorded {
    char text[2][512];
    size_t n[2];
    uint64_t lost[2];
};

static inline void record_open(struct stream *s, const struct hint *hint)
{
    struct log *log = (struct log *)(void *)stream_shared(s)->sink;
    const struct websocket_setup *setup = hint->arg;
    if (setup == NULL) {
        log_line(log, "tls\n");
        return;
    }
    log_line(log, "websocket %d deflate=%d%s%s%s%s\n", setup->version, (int)setup->deflate,
             setup->no_context_takeover[0] ? " client_no_context_takeover" : "",
             setup->no_context_takeover[1] ? " server_no_context_takeover" : "",
             setup->other_extensions ? " other" : "", setup->unsure ? " unsure" : "");
    if (setup->frames != DEFLATE_FRAMES_NONE) {
        log_line(log, "with frames=%d\n", (int)setup->frames);
    }
}

static inline size_t record_data(struct stream *s, const struct chunk *c)
{
    struct recorded *r = stream_state(s);
    size_t room = sizeof r->text[0] - r->n[c->dir];
    size_t n = c->b.n < room ? c->b.n : room;
    memcpy(r->text[c->dir] + r->n[c->dir], c->b.p, n);
    r->n[c->dir] += n;
    return c->b.n;
}

static inline bool record_gap(struct stream *s, enum dir d, uint64_t n)
{
    struct recorded *r = stream_state(s);
    r->lost[d] += n;
    return true;
}

static inline void record_end(struct stream *s, enum dir d)
{
    (void)s;
    (void)d;
}

static inline void record_close(struct stream *s)
{
    struct log *log = (struct log *)(void *)stream_shared(s)->sink;
    struct recorded *r = stream_state(s);
    for (int d = 0; d < 2; d++) {
        if (r->lost[d] > 0) {
            log_line(log, "%c lost %llu\n", d == 0 ? '>' : '<', (unsigned long long)r->lost[d]);
        }
        if (r->n[d] > 0) {
            log_line(log, "%c bytes %.*s\n", d == 0 ? '>' : '<', (int)r->n[d], r->text[d]);
        }
    }
}

static inline enum verdict match_tls(const struct hint *hint)
{
    for (int d = 0; d < 2; d++) {
        if (hint->first[d].n > 0 && hint->first[d].p[0] == 0x16) {
            return VERDICT_YES;
        }
    }
    return VERDICT_NO;
}

static inline enum verdict match_nothing(const struct hint *hint)
{
    (void)hint;
    return VERDICT_NO;
}

#define RECORDER(variable, match_function)                                                         \
    const struct decoder variable = {                                                              \
        .name = #variable,                                                                         \
        .state_size = sizeof(struct recorded),                                                     \
        .match = match_function,                                                                   \
        .open = record_open,                                                                       \
        .data = record_data,                                                                       \
        .gap = record_gap,                                                                         \
        .end = record_end,                                                                         \
        .close = record_close,                                                                     \
    }
extern const struct decoder tls_decoder;
extern const struct decoder websocket_pickup_decoder;
RECORDER(websocket_decoder, match_nothing);
RECORDER(websocket_draft_decoder, match_nothing);
RECORDER(websocket_deflate_stream_decoder, match_nothing);
RECORDER(tls_decoder, match_tls);
RECORDER(websocket_pickup_decoder, match_nothing);

/* ---- Conversations ---- */

struct step {
    enum dir dir;
    const char *text;
    uint64_t lost; /* with text NULL: so many bytes are missing; 0: the direction ends */
};

#define C(text)                                                                                    \
    {                                                                                              \
        DIR_CLIENT_TO_SERVER, text, 0                                                              \
    }
#define S(text)                                                                                    \
    {                                                                                              \
        DIR_SERVER_TO_CLIENT, text, 0                                                              \
    }
#define C_LOST(n)                                                                                  \
    {                                                                                              \
        DIR_CLIENT_TO_SERVER, NULL, n                                                              \
    }
#define S_LOST(n)                                                                                  \
    {                                                                                              \
        DIR_SERVER_TO_CLIENT, NULL, n                                                              \
    }
#define C_END                                                                                      \
    {                                                                                              \
        DIR_CLIENT_TO_SERVER, NULL, 0                                                              \
    }
#define S_END                                                                                      \
    {                                                                                              \
        DIR_SERVER_TO_CLIENT, NULL, 0                                                              \
    }

struct world {
    struct decode_options options;
    struct stream_shared shared;
    struct connection connection;
    struct log log;
    bool midstream;
};

static inline void world_init(struct world *w)
{
    memset(w, 0, sizeof *w);
    w->log.sink.emit = log_emit;
    w->shared.options = &w->options;
    w->shared.sink = &w->log.sink;
    w->shared.next_session = 1;
    w->shared.upgrades = upgrade_memory_new();
    w->shared.scratch = malloc(STREAM_SCRATCH_BYTES);
    assert_non_null(w->shared.upgrades);
    assert_non_null(w->shared.scratch);
}

static inline void world_done(struct world *w)
{
    upgrade_memory_free(w->shared.upgrades);
    free(w->shared.scratch);
}

/* One exact allocation a piece, so that a sanitizer sees reads past its end. */
static inline void feed(struct stream *s, struct chunk c, const char *text, size_t n)
{
    if (n == 0) {
        return;
    }
    uint8_t *copy = malloc(n);
    assert_non_null(copy);
    memcpy(copy, text, n);
    c.b = (struct bytes){copy, n};
    stream_data(s, &c);
    free(copy);
}

/* Where a conversation's steps are cut: one of them in two, or all into single bytes. */
struct cut {
    size_t step, at;
    bool every_byte;
};

static inline void converse(struct world *w, const struct step *steps, size_t n, struct cut cut)
{
    struct stream *s = stream_new(&w->shared, &w->connection, !w->midstream);
    assert_non_null(s);
    for (size_t i = 0; i < n; i++) {
        struct chunk c = {.ts = 1000 * (int64_t)(i + 1), .pkt = i + 1, .dir = steps[i].dir};
        size_t length = steps[i].text != NULL ? strlen(steps[i].text) : 0;
        if (steps[i].text == NULL && steps[i].lost > 0) {
            stream_gap(s, c.dir, steps[i].lost, c.ts, c.pkt);
        } else if (steps[i].text == NULL) {
            stream_end(s, c.dir, c.ts, c.pkt);
        } else if (cut.every_byte) {
            for (size_t k = 0; k < length; k++) {
                feed(s, c, steps[i].text + k, 1);
            }
        } else {
            size_t at = i == cut.step ? cut.at : length;
            feed(s, c, steps[i].text, at);
            feed(s, c, steps[i].text + at, length - at);
        }
    }
    struct session_end end = {.how = END_FIN, .first_fin = -1, .last_ts = 1000 * (int64_t)(n + 1)};
    stream_close(s, &end);
}

static inline void expect_cut(const struct step *steps, size_t n, struct cut cut, bool midstream,
                              const char *expected)
{
    struct world w;
    world_init(&w);
    w.midstream = midstream;
    converse(&w, steps, n, cut);
    if (strcmp(w.log.text, expected) != 0) {
        print_error("cut in step %zu at %zu%s\n", cut.step, cut.at,
                    cut.every_byte ? ", every byte" : "");
    }
    assert_string_equal(w.log.text, expected);
    world_done(&w);
}

/* The same must come of it wherever it is cut. */
static inline void expect_at_every_cut(const struct step *steps, size_t n, bool midstream,
                                       const char *expected)
{
    expect_cut(steps, n, (struct cut){SIZE_MAX, 0, false}, midstream, expected);
    expect_cut(steps, n, (struct cut){0, 0, true}, midstream, expected);
    for (size_t i = 0; i < n; i++) {
        size_t length = steps[i].text != NULL ? strlen(steps[i].text) : 0;
        for (size_t at = 1; at < length; at++) {
            expect_cut(steps, n, (struct cut){i, at, false}, midstream, expected);
        }
    }
}

#define EXPECT(steps, expected)                                                                    \
    expect_at_every_cut(steps, sizeof(steps) / sizeof(steps)[0], false, expected)
#define EXPECT_MIDSTREAM(steps, expected)                                                          \
    expect_at_every_cut(steps, sizeof(steps) / sizeof(steps)[0], true, expected)

/* A handshake in good order; more header lines may be added. */
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define ACCEPT "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
#define REQUEST_LINES                                                                              \
    "Host: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" KEY "Sec-WebSocket-Version: 13\r\n"
#define REQUEST(more) "GET /chat HTTP/1.1\r\n" REQUEST_LINES "Origin: http://h\r\n" more "\r\n"
#define SWITCHING(more)                                                                            \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" ACCEPT     \
        more "\r\n"

#endif
