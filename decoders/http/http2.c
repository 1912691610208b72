/* HTTP/2 connections: two sides of frames (RFC 9113 section 4) and of header blocks. */
#include "http2.h"

#include "../base/buffer.h"
#include "http2_streams.h"

#define FRAME_HEADER_BYTES 9
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" /* section 3.4 */
#define PREFACE_BYTES 24
/* A header block as sent. Servers allow 8 to 64 KB decoded. */
#define BLOCK_MAX_BYTES 65536
#define CONTINUATIONS_MAX 64 /* of one block; a block of 64 KB fits in 5 frames */
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

struct h2_side {
    uint32_t left;    /* of the frame's payload */
    uint32_t content; /* of that, before the padding */
    uint32_t stream;
    uint8_t type, flags;
    bool in_frame, started;
    bool blocks_lost; /* header blocks cannot be decoded any more */
    bool told_flood;
    bool in_block; /* a header block is under way */
    bool block_is_promise, block_ends_stream;
    uint32_t block_stream;
    unsigned continuations;
    struct buffer block;
    nghttp2_hd_inflater *inflater;
    int64_t second; /* whose frames are counted */
    unsigned frames;
};

struct http2 {
    struct h2_side side[2];
    struct http2_streams streams; /* that carry WebSocket */
    uint32_t newest;              /* stream that the client began */
    bool from_start;
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

/* ---- Header blocks ---- */

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
    enum http2_want want = side->block_is_promise
                               ? HTTP2_WANT_NONE
                               : http2_streams_want(&h->streams, side->block_stream, d);
    side->in_block = false;
    if (room == NULL ||
        !http2_head_read(&head, side->inflater, want, buffer_bytes(&side->block), room)) {
        lose_blocks(s, d, "a header block is damaged");
        return;
    }
    buffer_clear(&side->block);
    if (head.too_large) {
        stream_finding(s, d, FINDING_HTTP2_HEADER_LIST, "more than %d bytes", HTTP2_HEAD_MAX_BYTES);
    } else if (head.wanted) {
        http2_streams_head(s, &h->streams, side->block_stream, d, &head);
    }
    if (side->block_ends_stream) {
        http2_streams_end(s, &h->streams, side->block_stream, d);
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
    side->block_is_promise = side->type == FRAME_PUSH_PROMISE;
    side->block_ends_stream = side->type == FRAME_HEADERS && (side->flags & FLAG_END_STREAM);
    return true;
}

static bool is_block(uint8_t type)
{
    return type == FRAME_HEADERS || type == FRAME_CONTINUATION || type == FRAME_PUSH_PROMISE;
}

static void end_frame(struct stream *s, enum dir d)
{
    struct http2 *h = stream_state(s);
    struct h2_side *side = &h->side[d];
    side->in_frame = false;
    if (is_block(side->type) && side->in_block && (side->flags & FLAG_END_HEADERS)) {
        take_block(s, d);
    } else if (side->type == FRAME_DATA && (side->flags & FLAG_END_STREAM)) {
        http2_streams_end(s, &h->streams, side->stream, d);
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
    if (side->type == FRAME_DATA && side->content > 0 &&
        (h->side[0].blocks_lost || h->side[1].blocks_lost) &&
        !http2_streams_have(&h->streams, side->stream)) {
        http2_streams_pick_up(s, &h->streams, side->stream);
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

static void take_settings(struct http2 *h, enum dir d, struct bytes payload)
{
    struct reader r = reader_of(payload);
    while (r.b.n >= 6) {
        uint16_t id = read_be16(&r);
        uint32_t value = read_be32(&r);
        if (d == DIR_SERVER_TO_CLIENT && id == SETTING_ENABLE_CONNECT_PROTOCOL && value == 1) {
            h->streams.connect_allowed = true;
        }
    }
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
        http2_streams_reset(s, &h->streams, side->stream, c->dir, payload);
    }
    count_frame(s, c->dir);
    return whole;
}

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

/* ---- Payload ---- */

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
        struct chunk inner = {c->ts, c->pkt, content, c->dir};
        http2_streams_data(s, &h->streams, side->stream, &inner);
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
    if (is_block(side->type)) {
        lose_blocks(s, d, "a header block was not captured");
        side->type = FRAME_PRIORITY;
    } else if (side->type == FRAME_DATA) {
        http2_streams_gap(s, &h->streams, side->stream, d, content);
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
    } else {
        http2_streams_server_ended(&h->streams);
    }
}

static void http2_close(struct stream *s)
{
    struct http2 *h = stream_state(s);
    http2_streams_done(&h->streams);
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
