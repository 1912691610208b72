/*
 * HTTP/2 connections: two sides of frames (RFC 9113 section 4), the streams that carry WebSocket
 * (RFC 8441), and the checks that belong to them.
 */
#include "http2.h"

#include "../base/buffer.h"
#include "http2_head.h"
#include "upgrade.h"

#include <stdlib.h>

#define FRAME_HEADER_BYTES 9
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" /* section 3.4 */
#define PREFACE_BYTES 24
/* A header block as sent. Servers allow 8 to 64 KB decoded. */
#define BLOCK_MAX_BYTES 65536
#define CONTINUATIONS_MAX 64 /* of one block; a block of 64 KB fits in 5 frames */
#define STREAMS_MAX 1024     /* WebSockets at once on one connection; browsers allow about 100 */
#define BUCKETS 32
/* Frames that cost the receiver more than the sender, in one second: nobody needs so many. */
#define FLOOD_FRAMES 1000
#define SECOND 1000000000
/* Frames of one direction that begin a connection picked up later. */
#define CHAIN_MIN 3
#define PLAUSIBLE_FRAME_BYTES 16384 /* the largest one unless the receiver allows more */

enum frame_type {
    FRAME_DATA,
    FRAME_HEADERS,
    FRAME_PRIORITY,
    FRAME_RST_STREAM,
    FRAME_SETTINGS,
    FRAME_PUSH_PROMISE,
    FRAME_PING,
    FRAME_GOAWAY,
    FRAME_WINDOW_UPDATE,
    FRAME_CONTINUATION
};

enum frame_flag {
    FLAG_END_STREAM = 0x1,
    FLAG_END_HEADERS = 0x4,
    FLAG_PADDED = 0x8,
    FLAG_PRIORITY = 0x20
};

#define SETTING_ENABLE_CONNECT_PROTOCOL 8

/* A stream with WebSocket in it. */
struct ws_stream {
    struct ws_stream *next;  /* in its bucket */
    struct stream *inner;    /* NULL: nobody wants it, or it is over */
    struct upgrade *upgrade; /* while the answer is awaited */
    uint32_t id;
    bool ended[2];
    bool picked_up; /* its header block was not seen */
    bool told_after_end;
};

struct h2_side {
    uint32_t left;    /* of the frame's payload */
    uint32_t content; /* of that, before the padding */
    uint32_t stream;
    uint8_t type, flags;
    bool in_frame, started;
    bool blocks_lost; /* header blocks cannot be decoded any more */
    bool told_flood;
    uint32_t block_stream; /* header block under way */
    uint8_t block_flags;
    bool in_block;
    unsigned continuations;
    struct buffer block;
    nghttp2_hd_inflater *inflater;
    int64_t second; /* whose frames are counted */
    unsigned frames;
};

struct http2 {
    struct h2_side side[2];
    struct ws_stream *buckets[BUCKETS];
    unsigned streams;
    uint32_t newest; /* stream that the client began */
    bool connect_allowed, from_start, told_limit, server_ended;
};

/* ---- Whose stream is it? ---- */

static bool is_frame_header(struct bytes b)
{
    uint32_t length = be32_at(b, 0) >> 8;
    unsigned type = u8_at(b, 3);
    uint32_t stream = be32_at(b, 5);
    bool of_connection = type == FRAME_SETTINGS || type == FRAME_PING || type == FRAME_GOAWAY;
    if (length > PLAUSIBLE_FRAME_BYTES || type > FRAME_CONTINUATION || stream >> 31 != 0) {
        return false;
    }
    if (type == FRAME_WINDOW_UPDATE) {
        return length == 4;
    }
    if (of_connection != (stream == 0)) {
        return false;
    }
    return type == FRAME_SETTINGS     ? length % 6 == 0
           : type == FRAME_PING       ? length == 8
           : type == FRAME_RST_STREAM ? length == 4
           : type == FRAME_PRIORITY   ? length == 5
                                      : true;
}

/* The server's first frame is SETTINGS. */
static bool is_server_preface(struct bytes b)
{
    return b.n >= FRAME_HEADER_BYTES && is_frame_header(b) && u8_at(b, 3) == FRAME_SETTINGS &&
           u8_at(b, 4) == 0;
}

/* Frames in a row, one ending where the next begins. */
static bool is_chain(struct bytes b)
{
    unsigned n = 0;
    while (b.n >= FRAME_HEADER_BYTES && is_frame_header(b)) {
        b = bytes_from(b, FRAME_HEADER_BYTES + (size_t)(be32_at(b, 0) >> 8));
        n++;
    }
    return n >= CHAIN_MIN && b.n < FRAME_HEADER_BYTES;
}

static enum verdict http2_match(const struct hint *h)
{
    static const uint8_t preface[] = PREFACE;
    for (int d = 0; d < 2; d++) {
        size_t n = h->first[d].n < PREFACE_BYTES ? h->first[d].n : PREFACE_BYTES;
        if (n > 0 && memcmp(h->first[d].p, preface, n) == 0) {
            return n < PREFACE_BYTES ? VERDICT_MORE : d == 0 ? VERDICT_YES : VERDICT_YES_SWAPPED;
        }
    }
    if (h->from_start) {
        bool server_first = h->first[0].n == 0 && is_server_preface(h->first[1]);
        return server_first ? VERDICT_YES : VERDICT_NO;
    }
    for (int d = 0; d < 2; d++) {
        if (is_chain(h->first[d])) {
            return VERDICT_YES;
        }
    }
    return VERDICT_NO;
}

static void http2_open(struct stream *s, const struct hint *hint)
{
    struct http2 *h = stream_state(s);
    h->from_start = hint->from_start;
    for (int d = 0; d < 2; d++) {
        struct h2_side *side = &h->side[d];
        buffer_init(&side->block, BLOCK_MAX_BYTES);
        side->inflater = h->from_start ? http2_inflater_new() : NULL;
        side->blocks_lost = side->inflater == NULL;
        side->started = d == DIR_SERVER_TO_CLIENT || !h->from_start;
    }
}

/* ---- Streams ---- */

static struct ws_stream *find(struct http2 *h, uint32_t id)
{
    struct ws_stream *w = h->buckets[(id >> 1) % BUCKETS];
    while (w != NULL && w->id != id) {
        w = w->next;
    }
    return w;
}

static struct ws_stream *add(struct stream *s, uint32_t id)
{
    struct http2 *h = stream_state(s);
    struct ws_stream *w = h->streams < STREAMS_MAX ? calloc(1, sizeof *w) : NULL;
    if (w == NULL) {
        if (!h->told_limit) {
            stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_HTTP2_LIMIT_STREAMS, "more than %d",
                           STREAMS_MAX);
        }
        h->told_limit = true;
        return NULL;
    }
    w->id = id;
    w->next = h->buckets[(id >> 1) % BUCKETS];
    h->buckets[(id >> 1) % BUCKETS] = w;
    h->streams++;
    return w;
}

static void close_inner(struct stream *s, struct ws_stream *w, enum end_how how, int first)
{
    struct session_end end = {
        .how = how, .first_fin = first, .fin_ts = stream_ts(s), .last_ts = stream_ts(s)};
    if (w->upgrade != NULL) {
        stream_now(w->inner);
        upgrade_unanswered(w->inner, w->upgrade);
        w->upgrade = NULL;
    }
    stream_close(w->inner, &end);
    w->inner = NULL;
}

static void forget(struct stream *s, struct ws_stream *w)
{
    struct http2 *h = stream_state(s);
    struct ws_stream **link = &h->buckets[(w->id >> 1) % BUCKETS];
    while (*link != w) {
        link = &(*link)->next;
    }
    *link = w->next;
    h->streams--;
    free(w);
}

/* END_STREAM (RFC 8441 section 5: as a FIN of TCP). */
static void end_side(struct stream *s, struct ws_stream *w, enum dir d)
{
    if (w->ended[d]) {
        return;
    }
    w->ended[d] = true;
    if (w->inner != NULL) {
        stream_end(w->inner, d, stream_ts(s), stream_pkt(s));
    }
    if (w->ended[0] && w->ended[1]) {
        if (w->inner != NULL) {
            close_inner(s, w, END_FIN, (int)dir_other(d));
        }
        forget(s, w);
    }
}

/* ---- Heads ---- */

/* Waits in place of WebSocket until the answer is there. */
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

static void take_request(struct stream *s, uint32_t id, const struct http2_head *head)
{
    const struct http2 *h = stream_state(s);
    struct ws_stream *w = add(s, id);
    if (w == NULL) {
        return;
    }
    w->inner = stream_child(s, LAYER_HTTP2, true);
    if (w->inner == NULL) {
        forget(s, w);
        return;
    }
    stream_set_http2(w->inner, id);
    stream_start(w->inner, &await_decoder, NULL);
    w->upgrade = upgrade_new(w->inner, &head->head, false);
    if (w->upgrade == NULL) {
        close_inner(s, w, END_OPEN, -1);
        forget(s, w);
        return;
    }
    check_request(w->inner, head);
    if (h->server_ended) {
        upgrade_unanswered(w->inner, w->upgrade);
        w->upgrade = NULL;
    }
}

static void take_answer(struct stream *s, struct ws_stream *w, const struct http2_head *head)
{
    const struct http2 *h = stream_state(s);
    struct websocket_setup setup;
    struct upgrade *u = w->upgrade;
    if (head->status < 200 || u == NULL) {
        return; /* 100 Continue and its like, or trailers */
    }
    w->upgrade = NULL;
    stream_now(w->inner);
    if (!h->connect_allowed) {
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

/* No header block of the direction can be decoded any more. */
static void lose_blocks(struct stream *s, enum dir d, const char *why)
{
    struct h2_side *side = &((struct http2 *)stream_state(s))->side[d];
    if (!side->blocks_lost) {
        stream_finding(s, d, FINDING_HTTP2_BLOCKS_LOST, "%s", why);
    }
    side->blocks_lost = true;
    side->in_block = false;
    buffer_done(&side->block);
    buffer_init(&side->block, BLOCK_MAX_BYTES);
}

static void take_block(struct stream *s, enum dir d)
{
    struct http2 *h = stream_state(s);
    struct h2_side *side = &h->side[d];
    struct http2_head head;
    uint8_t *room = stream_room(s);
    struct ws_stream *w = find(h, side->block_stream);
    bool request = d == DIR_CLIENT_TO_SERVER && w == NULL && side->block_flags != 0xff;
    bool answer = d == DIR_SERVER_TO_CLIENT && w != NULL && w->upgrade != NULL;
    enum http2_want want = request  ? HTTP2_WANT_WEBSOCKET
                           : answer ? HTTP2_WANT_RESPONSE
                                    : HTTP2_WANT_NONE;
    side->in_block = false;
    if (room == NULL ||
        !http2_head_read(&head, side->inflater, want, buffer_bytes(&side->block), room)) {
        lose_blocks(s, d, "a header block is damaged");
        return;
    }
    buffer_clear(&side->block);
    if (head.too_large) {
        stream_finding(s, d, FINDING_HTTP2_HEADER_LIST, "more than %d bytes", HTTP2_HEAD_MAX_BYTES);
    } else if (request && head.wanted) {
        take_request(s, side->block_stream, &head);
    } else if (answer && head.wanted) {
        take_answer(s, w, &head);
    }
    w = find(h, side->block_stream);
    if (w != NULL && side->block_flags != 0xff && (side->block_flags & FLAG_END_STREAM)) {
        end_side(s, w, d);
    }
}

/* ---- Frames ---- */

static void count_frame(struct stream *s, enum dir d)
{
    struct h2_side *side = &((struct http2 *)stream_state(s))->side[d];
    int64_t second = stream_ts(s) / SECOND;
    bool costly =
        side->type == FRAME_RST_STREAM || side->type == FRAME_PING ||
        side->type == FRAME_SETTINGS || side->type == FRAME_PRIORITY ||
        (side->type != FRAME_WINDOW_UPDATE && side->left == 0 && !(side->flags & FLAG_END_STREAM));
    if (second != side->second) {
        side->second = second;
        side->frames = 0;
    }
    if (costly && ++side->frames > FLOOD_FRAMES && !side->told_flood) {
        side->told_flood = true;
        stream_finding(s, d, FINDING_HTTP2_FLOOD, "more than %d in a second", FLOOD_FRAMES);
    }
}

/* How many bytes of a frame's payload stand before what it is about: padding length, priority,
 * promised stream. */
static uint32_t lead_bytes(const struct h2_side *side)
{
    bool padded =
        side->type == FRAME_DATA || side->type == FRAME_HEADERS || side->type == FRAME_PUSH_PROMISE;
    uint32_t n = padded && (side->flags & FLAG_PADDED) ? 1 : 0;
    n += side->type == FRAME_HEADERS && (side->flags & FLAG_PRIORITY) ? 5U : 0U;
    return n + (side->type == FRAME_PUSH_PROMISE ? 4U : 0U);
}

static bool begin_block(struct stream *s, enum dir d)
{
    struct h2_side *side = &((struct http2 *)stream_state(s))->side[d];
    if (side->type == FRAME_CONTINUATION) {
        if (!side->in_block || side->stream != side->block_stream) {
            lose_blocks(s, d, "a CONTINUATION without its beginning");
            return false;
        }
        if (++side->continuations > CONTINUATIONS_MAX) {
            stream_finding(s, d, FINDING_HTTP2_LIMIT_CONTINUATION, "more than %d",
                           CONTINUATIONS_MAX);
            lose_blocks(s, d, "too many CONTINUATION frames");
            return false;
        }
        return true;
    }
    if (side->in_block) {
        lose_blocks(s, d, "a header block without its end");
        return false;
    }
    side->in_block = true;
    side->continuations = 0;
    side->block_stream = side->stream;
    side->block_flags = side->type == FRAME_HEADERS ? side->flags & FLAG_END_STREAM : 0xff;
    return true;
}

static bool is_block(uint8_t type)
{
    return type == FRAME_HEADERS || type == FRAME_CONTINUATION || type == FRAME_PUSH_PROMISE;
}

/* A stream of which no header block was seen: what it carries is looked at, as if picked up. */
static void pick_up(struct stream *s, uint32_t id)
{
    struct ws_stream *w = add(s, id);
    if (w != NULL) {
        w->picked_up = true;
        w->inner = stream_child(s, LAYER_HTTP2, false);
        if (w->inner != NULL) {
            stream_set_http2(w->inner, id);
        }
    }
}

static void end_frame(struct stream *s, enum dir d)
{
    struct http2 *h = stream_state(s);
    struct h2_side *side = &h->side[d];
    side->in_frame = false;
    if (is_block(side->type) && side->in_block && (side->flags & FLAG_END_HEADERS)) {
        take_block(s, d);
    } else if (side->type == FRAME_DATA && (side->flags & FLAG_END_STREAM)) {
        struct ws_stream *w = find(h, side->stream);
        if (w != NULL) {
            end_side(s, w, d);
        }
    }
}

/* Before the lead: decides what becomes of the frame, and takes its lead. */
static size_t begin_payload(struct stream *s, const struct chunk *c)
{
    struct http2 *h = stream_state(s);
    struct h2_side *side = &h->side[c->dir];
    uint32_t lead = lead_bytes(side);
    bool whole = lead <= side->left;
    lead = whole ? lead : side->left;
    if (c->b.n - FRAME_HEADER_BYTES < lead) {
        stream_want(s, FRAME_HEADER_BYTES + (size_t)lead);
        return 0;
    }
    uint32_t padding = 0;
    if (whole && (side->flags & FLAG_PADDED) && side->type != FRAME_CONTINUATION && lead > 0) {
        padding = u8_at(c->b, FRAME_HEADER_BYTES);
    }
    side->left -= lead;
    side->content = side->left > padding ? side->left - padding : 0;
    side->in_frame = true;
    if (is_block(side->type) && (side->blocks_lost || !begin_block(s, c->dir))) {
        side->content = 0;
        side->type = FRAME_PRIORITY; /* passed over */
    }
    if (side->type == FRAME_DATA && side->content > 0 && find(h, side->stream) == NULL &&
        (h->side[0].blocks_lost || h->side[1].blocks_lost)) {
        pick_up(s, side->stream);
    }
    count_frame(s, c->dir);
    if (side->left == 0) {
        end_frame(s, c->dir);
    }
    return FRAME_HEADER_BYTES + lead;
}

/* An answer whose request the capture has later. */
static bool comes_too_early(const struct stream *s, enum dir d)
{
    const struct http2 *h = stream_state(s);
    const struct h2_side *side = &h->side[d];
    return d == DIR_SERVER_TO_CLIENT && h->from_start && !h->side[0].blocks_lost &&
           side->type == FRAME_HEADERS && (side->stream & 1) && side->stream > h->newest;
}

static size_t take_small(struct stream *s, const struct chunk *c);

static size_t begin_frame(struct stream *s, const struct chunk *c)
{
    struct http2 *h = stream_state(s);
    struct h2_side *side = &h->side[c->dir];
    if (c->b.n < FRAME_HEADER_BYTES) {
        stream_want(s, FRAME_HEADER_BYTES);
        return 0;
    }
    side->left = be32_at(c->b, 0) >> 8;
    side->type = u8_at(c->b, 3);
    side->flags = u8_at(c->b, 4);
    side->stream = be32_at(c->b, 5) & 0x7fffffff;
    if (comes_too_early(s, c->dir)) {
        stream_block(s);
        return 0;
    }
    if (c->dir == DIR_CLIENT_TO_SERVER && side->type == FRAME_HEADERS && side->stream > h->newest) {
        h->newest = side->stream;
    }
    bool small = side->type == FRAME_SETTINGS || side->type == FRAME_RST_STREAM;
    return small && side->left <= 6 * 64 ? take_small(s, c) : begin_payload(s, c);
}

static void take_settings(struct http2 *h, enum dir d, struct bytes payload)
{
    struct reader r = reader_of(payload);
    while (r.b.n >= 6) {
        uint16_t id = read_be16(&r);
        uint32_t value = read_be32(&r);
        if (d == DIR_SERVER_TO_CLIENT && id == SETTING_ENABLE_CONNECT_PROTOCOL && value == 1) {
            h->connect_allowed = true;
        }
    }
}

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

static void take_reset(struct stream *s, enum dir d, uint32_t id, struct bytes payload)
{
    struct ws_stream *w = find(stream_state(s), id);
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
    forget(s, w);
}

/* A frame that is read whole. */
static size_t take_small(struct stream *s, const struct chunk *c)
{
    struct http2 *h = stream_state(s);
    struct h2_side *side = &h->side[c->dir];
    size_t whole = FRAME_HEADER_BYTES + (size_t)side->left;
    if (c->b.n < whole) {
        stream_want(s, whole);
        return 0;
    }
    struct bytes payload = bytes_part(c->b, FRAME_HEADER_BYTES, side->left);
    if (side->type == FRAME_SETTINGS) {
        take_settings(h, c->dir, payload);
    } else {
        take_reset(s, c->dir, side->stream, payload);
    }
    count_frame(s, c->dir);
    return whole;
}

/* ---- Payload ---- */

static void give(struct stream *s, const struct chunk *c, struct bytes content)
{
    struct http2 *h = stream_state(s);
    struct h2_side *side = &h->side[c->dir];
    struct ws_stream *w = find(h, side->stream);
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
    struct chunk inner = {c->ts, c->pkt, content, c->dir};
    if (w->inner != NULL && !stream_data(w->inner, &inner) && !stream_has_sessions(w->inner)) {
        close_inner(s, w, END_OPEN, -1);
    }
}

static size_t take_payload(struct stream *s, const struct chunk *c)
{
    struct http2 *h = stream_state(s);
    struct h2_side *side = &h->side[c->dir];
    struct bytes b = bytes_part(c->b, 0, side->left);
    struct bytes content = bytes_part(b, 0, side->content);
    side->left -= (uint32_t)b.n;
    side->content -= (uint32_t)content.n;
    if (content.n > 0 && is_block(side->type)) {
        if (!buffer_append(&side->block, content)) {
            stream_finding(s, c->dir, FINDING_HTTP2_HEADER_LIST, "a block of more than %d bytes",
                           BLOCK_MAX_BYTES);
            lose_blocks(s, c->dir, "a header block is too long");
        }
    } else if (content.n > 0 && side->type == FRAME_DATA) {
        give(s, c, content);
    }
    if (side->left == 0) {
        end_frame(s, c->dir);
    }
    return b.n;
}

static size_t http2_data(struct stream *s, const struct chunk *c)
{
    struct http2 *h = stream_state(s);
    struct h2_side *side = &h->side[c->dir];
    if (!side->started) {
        if (c->b.n < PREFACE_BYTES) {
            stream_want(s, PREFACE_BYTES);
            return 0;
        }
        side->started = true;
        return bytes_start_with(c->b, bytes_of(PREFACE)) ? PREFACE_BYTES : begin_frame(s, c);
    }
    return side->in_frame ? take_payload(s, c) : begin_frame(s, c);
}

/* ---- Losses ---- */

static bool http2_gap(struct stream *s, enum dir d, uint64_t n)
{
    struct http2 *h = stream_state(s);
    struct h2_side *side = &h->side[d];
    if (!side->in_frame || n > side->left) {
        stream_finding(s, d, FINDING_HTTP2_LOST, NULL);
        return false;
    }
    uint32_t content = n < side->content ? (uint32_t)n : side->content;
    struct ws_stream *w = side->type == FRAME_DATA ? find(h, side->stream) : NULL;
    if (is_block(side->type)) {
        lose_blocks(s, d, "a header block was not captured");
        side->type = FRAME_PRIORITY;
    } else if (w != NULL && w->inner != NULL && content > 0) {
        stream_gap(w->inner, d, content, stream_ts(s), stream_pkt(s));
    }
    side->left -= (uint32_t)n;
    side->content -= content;
    if (side->left == 0) {
        end_frame(s, d);
    }
    return true;
}

static void http2_end(struct stream *s, enum dir d)
{
    struct http2 *h = stream_state(s);
    if (d == DIR_CLIENT_TO_SERVER) {
        h->newest = UINT32_MAX; /* no request will come */
        return;
    }
    h->server_ended = true;
    for (size_t i = 0; i < BUCKETS; i++) {
        for (struct ws_stream *w = h->buckets[i]; w != NULL; w = w->next) {
            if (w->upgrade != NULL) {
                upgrade_unanswered(w->inner, w->upgrade);
                w->upgrade = NULL;
            }
        }
    }
}

/* The streams inside are closed already. */
static void http2_close(struct stream *s)
{
    struct http2 *h = stream_state(s);
    for (size_t i = 0; i < BUCKETS; i++) {
        while (h->buckets[i] != NULL) {
            struct ws_stream *w = h->buckets[i];
            h->buckets[i] = w->next;
            free(w);
        }
    }
    for (int d = 0; d < 2; d++) {
        buffer_done(&h->side[d].block);
        if (h->side[d].inflater != NULL) {
            nghttp2_hd_inflate_del(h->side[d].inflater);
        }
    }
}

const struct decoder http2_decoder = {.name = "http2",
                                      .state_size = sizeof(struct http2),
                                      .max_keep = STREAM_MATCH_MAX_BYTES,
                                      .match = http2_match,
                                      .open = http2_open,
                                      .data = http2_data,
                                      .gap = http2_gap,
                                      .end = http2_end,
                                      .close = http2_close};
