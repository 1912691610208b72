/*
 * The WebSocket decoder: frames of RFC 6455 section 5.2, in both directions, with every check that
 * a passive observer can make of them (F1-F11 and F17 of section 5; the message's own checks are in
 * message.c, those of Close, Ping and Pong in control.c).
 *
 * A frame is taken header first; its payload is consumed as it comes, so a frame of any length
 * costs no memory. A control frame is taken whole; of one that is too long to be one, as much as it
 * may have.
 */
#include "mask.h"
#include "rfc6455.h"
#include "session.h"

#include <stdlib.h>

/* ---- Checks ---- */

static void check_rsv(struct stream *s, enum dir dir, const struct frame *f)
{
    const struct ws *ws = stream_state(s);
    bool deflate = ws->setup.deflate != DEFLATE_NONE;
    bool first = f->opcode != OPCODE_CONTINUATION && !opcode_is_control(f->opcode);
    uint8_t undefined = f->rsv;
    if (deflate && (f->rsv & 4)) {
        undefined &= 3;
        if (!first) {
            stream_finding(s, dir, FINDING_DEFLATE_RSV1, "opcode %u", f->opcode);
        }
    }
    if (undefined != 0 && !ws->setup.other_extensions) {
        enum finding_id id = ws->version->judges_rsv ? FINDING_FRAME_RSV : FINDING_VERSION_RSV;
        stream_finding(s, dir, id, "RSV bits %u%u%u, opcode %u", f->rsv >> 2 & 1, f->rsv >> 1 & 1,
                       f->rsv & 1, f->opcode);
    }
}

static void check_header(struct stream *s, enum dir dir, const struct header *h)
{
    const struct ws *ws = stream_state(s);
    const struct frame *f = &h->f;
    if (f->masked != (dir == DIR_CLIENT_TO_SERVER) && ws->version->judges_mask) {
        stream_finding(s, dir, f->masked ? FINDING_MASK_UNEXPECTED : FINDING_MASK_MISSING, NULL);
    }
    if (f->rsv != 0) {
        check_rsv(s, dir, f);
    }
    if (opcode_is_reserved(f->opcode) && !ws->setup.other_extensions) {
        stream_finding(s, dir, FINDING_FRAME_OPCODE, "opcode %u", f->opcode);
    }
    if (opcode_is_control(f->opcode) && f->len > CONTROL_PAYLOAD_MAX) {
        stream_finding(s, dir, FINDING_CONTROL_LENGTH, "opcode %u, %llu bytes", f->opcode,
                       (unsigned long long)f->len);
    }
    if (opcode_is_control(f->opcode) && !f->fin) {
        stream_finding(s, dir, FINDING_CONTROL_FRAGMENTED, "opcode %u", f->opcode);
    }
    if (h->top_bit) {
        stream_finding(s, dir, FINDING_FRAME_LENGTH_TOP_BIT, NULL);
    } else if (h->not_minimal && ws->version->judges_length) {
        stream_finding(s, dir, FINDING_FRAME_LENGTH_NOT_MINIMAL, "%llu bytes",
                       (unsigned long long)f->len);
    }
}

/* One comparison for the frames that have nothing to complain of: nearly all. */
static bool is_plain(enum dir dir, const struct header *h)
{
    const struct frame *f = &h->f;
    return f->masked == (dir == DIR_CLIENT_TO_SERVER) && f->rsv == 0 &&
           !opcode_is_reserved(f->opcode) && !h->not_minimal && !h->top_bit &&
           (!opcode_is_control(f->opcode) || (f->fin && f->len <= CONTROL_PAYLOAD_MAX));
}

/* ---- Frames ---- */

/* The frame under way has all its payload. */
static void frame_ended(struct stream *s, enum dir dir)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    if (!d->frame.control && d->frame.fin) {
        message_finish(s, dir, &d->message);
    }
    d->frame.control = false;
}

/* Takes what there is of the payload of the frame under way. */
static size_t take_payload(struct stream *s, enum dir dir, struct bytes b)
{
    struct ws *ws = stream_state(s);
    struct ws_frame *f = &ws->dir[dir].frame;
    size_t n = b.n < f->left ? b.n : (size_t)f->left;
    f->left -= n;
    if (!f->control && n > 0) {
        message_piece(s, dir, &ws->dir[dir].message, f, (struct bytes){b.p, n});
    }
    f->phase = (uint8_t)((f->phase + n) & 3);
    if (f->left == 0) {
        frame_ended(s, dir);
    }
    return n;
}

/* Bytes of its payload that a control frame is told with. */
static size_t control_part(const struct frame *f)
{
    return f->len < CONTROL_PAYLOAD_MAX ? (size_t)f->len : CONTROL_PAYLOAD_MAX;
}

/* Its payload is unmasked into a buffer of its own: it is short. */
static void control_frame(struct stream *s, enum dir dir, const struct frame *f,
                          struct bytes payload)
{
    uint8_t plain[CONTROL_PAYLOAD_MAX];
    if (f->masked) {
        mask_copy(plain, payload, f->masking_key, 0);
        payload.p = plain;
    }
    control_whole(s, dir, f, payload);
}

/* Where there may be no frame at all: is it legal? After its own Close a sender may send nothing
 * more; what still looks like a frame is counted, what does not is passed over (sections 1.4,
 * 5.5.1, 7.1.7). After a search the place may be wrong. */
static bool looks_like_frame(struct stream *s, enum dir dir, const struct header *h)
{
    const struct frame *f = &h->f;
    const struct ws *ws = stream_state(s);
    uint8_t undefined = ws->setup.deflate != DEFLATE_NONE ? 3 : 7;
    return (f->rsv & undefined) == 0 && !opcode_is_reserved(f->opcode) && !h->not_minimal &&
           !h->top_bit && f->masked == (dir == DIR_CLIENT_TO_SERVER) &&
           (!opcode_is_control(f->opcode) || (f->fin && f->len <= CONTROL_PAYLOAD_MAX));
}

/* Takes a header, and as much of the payload as there is. */
static size_t take_frame(struct stream *s, enum dir dir, struct bytes b)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    size_t n = b.n < 2 ? 2 : rfc6455_header_length(b.p);
    if (b.n < n) {
        stream_want(s, n);
        return 0;
    }
    struct header h;
    rfc6455_read_header(b, n, &h);
    const struct frame *f = &h.f;
    bool control = opcode_is_control(f->opcode);
    if (d->close_ts != 0 && !looks_like_frame(s, dir, &h)) {
        stream_finding(s, dir, FINDING_CLOSE_BYTES_AFTER, NULL);
        stream_give_up(s, dir);
        return b.n;
    }
    if (control && control_part(f) > b.n - n) {
        stream_want(s, n + control_part(f));
        return 0;
    }
    if (d->on_trial > 0) {
        d->on_trial--;
        if (!looks_like_frame(s, dir, &h)) {
            search_again(s, dir);
            return search_data(s, dir, b);
        }
    }
    if (d->close_ts != 0) {
        control_after_close(s, dir, f->opcode);
    }
    if (!is_plain(dir, &h)) {
        check_header(s, dir, &h);
    }
    if (f->masked && f->len > 0) {
        mask_key_seen(s, dir, f->masking_key);
    }
    if (stream_options(s)->frames) {
        message_emit_frame(s, dir, f);
    }
    if (control) {
        control_frame(s, dir, f, bytes_part(b, n, control_part(f)));
        if (f->len > CONTROL_PAYLOAD_MAX) {
            d->frame = ws_frame_of(f);
            d->frame.left -= CONTROL_PAYLOAD_MAX;
        }
        return n + control_part(f);
    }
    if (f->fin && f->opcode != OPCODE_CONTINUATION && !d->message.open && f->len <= b.n - n) {
        d->joined = false;
        message_whole(s, dir, f, bytes_part(b, n, (size_t)f->len));
        return n + (size_t)f->len;
    }
    message_data_frame(s, dir, f);
    d->frame = ws_frame_of(f);
    return n + take_payload(s, dir, bytes_from(b, n));
}

static size_t websocket_data(struct stream *s, const struct chunk *c)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[c->dir];
    if (d->searching) {
        size_t passed = search_data(s, c->dir, c->b);
        if (d->searching || passed > 0) {
            return passed;
        }
    }
    if (d->frame.left > 0) {
        return take_payload(s, c->dir, c->b);
    }
    return take_frame(s, c->dir, c->b);
}

/* ---- Beginning, loss and end ---- */

static void websocket_open(struct stream *s, const struct hint *hint)
{
    struct ws *ws = stream_state(s);
    ws->setup = *(const struct websocket_setup *)hint->arg;
    ws->version = websocket_version(ws->setup.version);
    if (ws->version == NULL) {
        ws->version = websocket_version(13);
    }
    for (int dir = 0; dir < 2; dir++) {
        ws->dir[dir].close_code = CLOSE_CODE_NONE;
        message_direction_open(s, &ws->dir[dir]);
        search_open(s, (enum dir)dir);
    }
}

/* Inside a payload a gap costs that message; beyond it, the place of the next header is unknown. */
static bool websocket_gap(struct stream *s, enum dir dir, uint64_t n)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    struct ws_frame *f = &d->frame;
    if (!d->searching && f->left >= n && n > 0) {
        f->left -= n;
        f->phase = (uint8_t)((f->phase + n) & 3);
        if (!f->control) {
            message_damage(s, dir);
        }
        if (f->left == 0) {
            frame_ended(s, dir);
        }
        return true;
    }
    if (d->message.open) {
        message_damage(s, dir);
        message_abandon(s, dir);
    }
    *f = (struct ws_frame){0};
    search_after_gap(s, dir, n);
    return true;
}

static void websocket_end(struct stream *s, enum dir dir)
{
    struct ws *ws = stream_state(s);
    message_direction_end(s, dir, ws->dir[dir].frame.left > 0);
    search_end(s, dir);
}

static void websocket_close(struct stream *s)
{
    struct ws *ws = stream_state(s);
    control_ended(s);
    for (int dir = 0; dir < 2; dir++) {
        message_direction_close(s, (enum dir)dir);
        control_direction_close(&ws->dir[dir]);
        search_close(&ws->dir[dir]);
    }
}

static void websocket_prefetch(const void *state, enum dir dir)
{
    const struct ws *ws = state;
    __builtin_prefetch(&ws->dir[dir]);
    __builtin_prefetch(&ws->dir[dir].run);
}

const struct decoder websocket_decoder = {.name = "websocket",
                                          .state_size = sizeof(struct ws),
                                          .max_keep = SYNC_MAX_KEEP_BYTES,
                                          .open = websocket_open,
                                          .data = websocket_data,
                                          .gap = websocket_gap,
                                          .end = websocket_end,
                                          .prefetch = websocket_prefetch,
                                          .close = websocket_close};
