/* WebSocket on streams of HTTP/2 (RFC 8441): their sessions from the request to the end. */
#include "http2_streams.h"

#include "upgrade.h"

#include <stdlib.h>

#define STREAMS_MAX 1024 /* WebSockets at once on one connection; browsers allow about 100 */

struct http2_stream {
    struct http2_stream *next; /* in its bucket */
    struct stream *inner;      /* NULL: nobody wants it, or it is over */
    struct upgrade *upgrade;   /* while the answer is awaited */
    uint32_t id;
    bool ended[2];
    bool told_after_end;
};

/* ---- The table ---- */

/* Ids of one side are odd, those of the other even (RFC 9113 section 5.1.1). */
static size_t bucket_of(uint32_t id)
{
    return (id >> 1) % HTTP2_STREAM_BUCKETS;
}

static struct http2_stream *find(const struct http2_streams *all, uint32_t id)
{
    struct http2_stream *w = all->buckets[bucket_of(id)];
    while (w != NULL && w->id != id) {
        w = w->next;
    }
    return w;
}

bool http2_streams_have(const struct http2_streams *all, uint32_t id)
{
    return find(all, id) != NULL;
}

static void forget(struct http2_streams *all, struct http2_stream *w)
{
    struct http2_stream **link = &all->buckets[bucket_of(w->id)];
    while (*link != w) {
        link = &(*link)->next;
    }
    *link = w->next;
    all->n--;
    free(w);
}

/* With a stream inside; NULL when there is no room for it, which is told. */
static struct http2_stream *add(struct stream *s, struct http2_streams *all, uint32_t id,
                                bool from_start)
{
    struct http2_stream *w = all->n < STREAMS_MAX ? calloc(1, sizeof *w) : NULL;
    if (w == NULL) {
        if (!all->told_limit) {
            stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_HTTP2_LIMIT_STREAMS, "more than %d",
                           STREAMS_MAX);
        }
        all->told_limit = true;
        return NULL;
    }
    *w = (struct http2_stream){.next = all->buckets[bucket_of(id)], .id = id};
    all->buckets[bucket_of(id)] = w;
    all->n++;
    w->inner = stream_child(s, LAYER_HTTP2, from_start);
    if (w->inner != NULL) {
        stream_set_http2(w->inner, id);
    }
    return w;
}

void http2_streams_pick_up(struct stream *s, struct http2_streams *all, uint32_t id)
{
    (void)add(s, all, id, false);
}

static void leave_unanswered(struct http2_stream *w)
{
    if (w->upgrade != NULL) {
        upgrade_unanswered(w->inner, w->upgrade);
        w->upgrade = NULL;
    }
}

static void close_inner(struct stream *s, struct http2_stream *w, enum end_how how, int first)
{
    struct session_end end = {
        .how = how, .first_fin = first, .fin_ts = stream_ts(s), .last_ts = stream_ts(s)};
    if (w->upgrade != NULL) {
        stream_now(w->inner);
        leave_unanswered(w);
    }
    stream_close(w->inner, &end);
    w->inner = NULL;
}

void http2_streams_server_ended(struct http2_streams *all)
{
    all->server_ended = true;
    for (size_t i = 0; i < HTTP2_STREAM_BUCKETS; i++) {
        for (struct http2_stream *w = all->buckets[i]; w != NULL; w = w->next) {
            leave_unanswered(w);
        }
    }
}

void http2_streams_done(struct http2_streams *all)
{
    for (size_t i = 0; i < HTTP2_STREAM_BUCKETS; i++) {
        while (all->buckets[i] != NULL) {
            forget(all, all->buckets[i]);
        }
    }
}

/* ---- Waiting for the answer ---- */

/* Stands in place of WebSocket until the answer is there. */
static size_t await_data(struct stream *s, const struct chunk *c)
{
    (void)c;
    stream_block(s);
    return 0;
}

static bool await_gap(struct stream *s, enum dir d, uint64_t n)
{
    (void)d;
    (void)n;
    stream_block(s);
    return true;
}

static void await_open(struct stream *s, const struct hint *hint)
{
    (void)s;
    (void)hint;
}

static void await_end(struct stream *s, enum dir d)
{
    (void)s;
    (void)d;
}

static void await_close(struct stream *s)
{
    (void)s;
}

static const struct decoder await_decoder = {.name = "http2 stream",
                                             .state_size = 1,
                                             .max_keep = STREAM_MATCH_MAX_BYTES,
                                             .open = await_open,
                                             .data = await_data,
                                             .gap = await_gap,
                                             .end = await_end,
                                             .close = await_close};

/* ---- Heads ---- */

enum http2_want http2_streams_want(const struct http2_streams *all, uint32_t id, enum dir d)
{
    const struct http2_stream *w = find(all, id);
    if (d == DIR_CLIENT_TO_SERVER) {
        return w == NULL ? HTTP2_WANT_WEBSOCKET : HTTP2_WANT_NONE;
    }
    return w != NULL && w->upgrade != NULL ? HTTP2_WANT_RESPONSE : HTTP2_WANT_NONE;
}

static void check_request(struct stream *inner, const struct http2_head *head)
{
    if (!head->has_scheme || !head->has_path || !head->has_authority) {
        stream_finding(inner, DIR_CLIENT_TO_SERVER, FINDING_HTTP2_PSEUDO, "no %s",
                       !head->has_scheme ? ":scheme"
                       : !head->has_path ? ":path"
                                         : ":authority");
    }
    if (head->forbidden != NULL) {
        stream_finding(inner, DIR_CLIENT_TO_SERVER, FINDING_HTTP2_FORBIDDEN, "%s", head->forbidden);
    }
}

static void take_request(struct stream *s, struct http2_streams *all, uint32_t id,
                         const struct http2_head *head)
{
    struct http2_stream *w = add(s, all, id, true);
    if (w == NULL) {
        return;
    }
    if (w->inner == NULL) {
        forget(all, w);
        return;
    }
    stream_start(w->inner, &await_decoder, NULL);
    w->upgrade = upgrade_new(w->inner, &head->head, false);
    if (w->upgrade == NULL) {
        close_inner(s, w, END_OPEN, -1);
        forget(all, w);
        return;
    }
    check_request(w->inner, head);
    if (all->server_ended) {
        leave_unanswered(w);
    }
}

static void take_answer(struct stream *s, const struct http2_streams *all, struct http2_stream *w,
                        const struct http2_head *head)
{
    struct websocket_setup setup;
    struct upgrade *u = w->upgrade;
    if (head->status < 200) {
        return; /* 100 Continue and its like */
    }
    w->upgrade = NULL;
    stream_now(w->inner);
    if (!all->connect_allowed) {
        stream_finding(w->inner, DIR_CLIENT_TO_SERVER, FINDING_HTTP2_SETTING, NULL);
    }
    if (head->forbidden != NULL) {
        stream_finding(w->inner, DIR_SERVER_TO_CLIENT, FINDING_HTTP2_FORBIDDEN, "%s",
                       head->forbidden);
    }
    if (upgrade_answer(w->inner, u, &head->head, (struct bytes){0}, false, &setup) ==
        UPGRADE_WEBSOCKET) {
        stream_start(w->inner, &websocket_decoder, &setup);
    } else {
        close_inner(s, w, END_FIN, DIR_SERVER_TO_CLIENT);
    }
}

void http2_streams_head(struct stream *s, struct http2_streams *all, uint32_t id, enum dir d,
                        const struct http2_head *head)
{
    struct http2_stream *w = find(all, id);
    if (d == DIR_CLIENT_TO_SERVER && w == NULL) {
        take_request(s, all, id, head);
    } else if (d == DIR_SERVER_TO_CLIENT && w != NULL && w->upgrade != NULL) {
        take_answer(s, all, w, head);
    }
}

/* ---- Content ---- */

void http2_streams_data(struct stream *s, struct http2_streams *all, uint32_t id,
                        const struct chunk *c)
{
    struct http2_stream *w = find(all, id);
    if (w == NULL) {
        return;
    }
    if (w->ended[c->dir]) {
        if (!w->told_after_end && w->inner != NULL) {
            stream_now(w->inner);
            stream_finding(w->inner, c->dir, FINDING_HTTP2_AFTER_END, NULL);
        }
        w->told_after_end = true;
        return;
    }
    if (w->upgrade != NULL && c->dir == DIR_CLIENT_TO_SERVER) {
        upgrade_note_early(w->upgrade, c->ts, c->pkt);
    }
    if (w->inner != NULL && !stream_data(w->inner, c) && !stream_has_sessions(w->inner)) {
        close_inner(s, w, END_OPEN, -1);
    }
}

void http2_streams_gap(struct stream *s, struct http2_streams *all, uint32_t id, enum dir d,
                       uint64_t n)
{
    const struct http2_stream *w = find(all, id);
    if (w != NULL && w->inner != NULL && n > 0) {
        stream_gap(w->inner, d, n, stream_ts(s), stream_pkt(s));
    }
}

/* ---- Ends ---- */

void http2_streams_end(struct stream *s, struct http2_streams *all, uint32_t id, enum dir d)
{
    struct http2_stream *w = find(all, id);
    if (w == NULL || w->ended[d]) {
        return;
    }
    w->ended[d] = true;
    if (w->inner != NULL) {
        stream_end(w->inner, d, stream_ts(s), stream_pkt(s));
    }
    if (w->ended[dir_other(d)]) {
        if (w->inner != NULL) {
            close_inner(s, w, END_FIN, (int)dir_other(d));
        }
        forget(all, w);
    }
}

/* RFC 9113 section 7. */
static const char *error_name(uint32_t code)
{
    static const char *const names[] = {"NO_ERROR",
                                        "PROTOCOL_ERROR",
                                        "INTERNAL_ERROR",
                                        "FLOW_CONTROL_ERROR",
                                        "SETTINGS_TIMEOUT",
                                        "STREAM_CLOSED",
                                        "FRAME_SIZE_ERROR",
                                        "REFUSED_STREAM",
                                        "CANCEL",
                                        "COMPRESSION_ERROR",
                                        "CONNECT_ERROR",
                                        "ENHANCE_YOUR_CALM",
                                        "INADEQUATE_SECURITY",
                                        "HTTP_1_1_REQUIRED"};
    return code < sizeof names / sizeof names[0] ? names[code] : "unknown error";
}

void http2_streams_reset(struct stream *s, struct http2_streams *all, uint32_t id, enum dir d,
                         struct bytes payload)
{
    struct http2_stream *w = find(all, id);
    if (w == NULL || payload.n != 4) {
        return;
    }
    if (w->inner != NULL) {
        stream_now(w->inner);
        uint32_t code = be32_at(payload, 0);
        if (stream_has_sessions(w->inner)) {
            stream_finding(w->inner, d, FINDING_HTTP2_RESET, "%s (%u)", error_name(code), code);
        }
        close_inner(s, w, END_RESET, (int)d);
    }
    forget(all, w);
}
