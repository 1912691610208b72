/*
 * Compressed messages (RFC 7692 section 6): inflated as they come, or, when nobody minds that their
 * events come late, held back and inflated several at a time (held.h says why).
 *
 * Held messages of a direction are always inflated before a later one of it, so its window is
 * right. Messages of other codings have no window and are unpacked as they come.
 */
#include "mask.h"
#include "session.h"
#include "unpack.h"

#include <stdlib.h>

/* Held back in all: 4 KB for each of 6,000 directions; who comes later is inflated as it comes. */
#define HELD_ALL_MAX_BYTES (24U << 20)

/* Of permessage-deflate (RFC 7692 section 7.1.2); the largest is that of DEFLATE. */
#define WINDOW_BITS_MIN 8
#define WINDOW_BITS_MAX 15

/* Kept with a held message until it is inflated. */
struct held_head {
    struct ws_message message;
    int64_t ts;
    uint64_t pkt;
};

/* Where inflated bytes go. */
struct target {
    struct stream *s;
    enum dir dir;
    struct ws_direction *d;
    struct ws_message *message;
    struct ws_message held;
};

static bool has_smaller_window(const struct ws *ws, enum dir dir)
{
    return ws->setup.window_bits[dir] >= WINDOW_BITS_MIN &&
           ws->setup.window_bits[dir] < WINDOW_BITS_MAX;
}

static struct inflater *inflater_of(struct stream *s, enum dir dir)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    if (d->inflater == NULL) {
        d->inflater = inflater_new(ws->setup.no_context_takeover[dir], !ws->setup.midstream);
        if (d->inflater != NULL && has_smaller_window(ws, dir) && !ws->setup.midstream) {
            inflater_watch_window(d->inflater, ws->setup.window_bits[dir]);
        }
    }
    return d->inflater;
}

static void take_plain(void *ctx, struct bytes plain)
{
    struct target *t = ctx;
    message_plain(t->s, t->d, t->message, plain, false);
}

/* A message's inflation is over. */
static void judge(struct stream *s, enum dir dir, struct ws_message *m, enum inflate_result result,
                  int64_t ts, uint64_t pkt)
{
    const struct ws *ws = stream_state(s);
    if (has_smaller_window(ws, dir) && ws->dir[dir].inflater != NULL &&
        inflater_broke_window(ws->dir[dir].inflater)) {
        stream_finding_at(s, dir, ts, pkt, FINDING_DEFLATE_WINDOW, "%u bits were agreed on",
                          ws->setup.window_bits[dir]);
    }
    unsigned long long wire = m->m.wire_len;
    unsigned long long len = m->m.len;
    switch (result) {
    case INFLATE_OK:
        return;
    case INFLATE_EMPTY:
        stream_finding_at(s, dir, ts, pkt, FINDING_DEFLATE_EMPTY, NULL);
        return;
    case INFLATE_INVALID:
        stream_finding_at(s, dir, ts, pkt, FINDING_DEFLATE_INVALID, "after %llu bytes", len);
        break;
    case INFLATE_BOMB:
        stream_finding_at(s, dir, ts, pkt, FINDING_DEFLATE_BOMB,
                          "%llu bytes inflate to more than %llu", wire, len);
        break;
    case INFLATE_WINDOW_UNKNOWN:
        stream_finding_at(s, dir, ts, pkt, FINDING_DEFLATE_WINDOW_UNKNOWN, "after %llu bytes", len);
        break;
    case INFLATE_NO_MEMORY:
        stream_finding_at(s, dir, ts, pkt, FINDING_EXTENSION_LIMIT, "after %llu bytes", len);
        break;
    }
    m->m.flags |= MESSAGE_NOT_INFLATED;
}

/* ---- Held back ---- */

static void held_begin(void *ctx, const void *head)
{
    struct target *t = ctx;
    t->held = ((const struct held_head *)head)->message;
    t->message = &t->held;
}

static void held_finish(void *ctx, const void *head, enum inflate_result result)
{
    struct target *t = ctx;
    const struct held_head *h = head;
    judge(t->s, t->dir, &t->held, result, h->ts, h->pkt);
    message_complete(t->s, t->dir, &t->held, h->ts, h->pkt);
}

void compressed_flush(struct stream *s, enum dir dir)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    if (held_count(&d->held) == 0) {
        return;
    }
    struct target target = {.s = s, .dir = dir, .d = d};
    struct held_visitor visitor = {held_begin, take_plain, held_finish, &target};
    struct inflater *inflater = inflater_of(s, dir);
    if (inflater != NULL) {
        held_run(&d->held, inflater, stream_shared(s)->scratch, STREAM_SCRATCH_BYTES, &visitor);
    } else {
        held_give_up(&d->held, &visitor);
    }
}

/* The queue's memory may have grown since it was `before`. */
static void account(struct stream *s, const struct ws_direction *d, size_t before)
{
    stream_shared(s)->held_bytes += held_memory(&d->held) - before;
}

/* Appends to the queue. false: it does not fit there, even alone. */
static bool hold_piece(struct stream *s, enum dir dir, const struct ws_frame *f, struct bytes wire)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    uint8_t *p = held_room(&d->held, wire.n);
    if (p == NULL && held_count(&d->held) > 0) {
        compressed_flush(s, dir);
        p = held_room(&d->held, wire.n);
    }
    if (p == NULL) {
        return false;
    }
    if (f->masked) {
        mask_copy(p, wire, f->key, f->phase);
    } else {
        memcpy(p, wire.p, wire.n);
    }
    held_add(&d->held, wire.n);
    return true;
}

static bool may_hold(struct stream *s, const struct ws_direction *d)
{
    const struct ws *ws = stream_state(s);
    const struct decode_options *o = stream_options(s);
    return o->late && ws->setup.coding == CODING_DEFLATE && !o->digest && o->body_max == 0 &&
           (held_memory(&d->held) > 0 || stream_shared(s)->held_bytes < HELD_ALL_MAX_BYTES);
}

/* ---- As they come ---- */

static enum inflate_result unpack_piece(struct stream *s, enum dir dir, struct bytes plain,
                                        const struct inflate_output *output)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    if (d->unpacker == NULL) {
        d->unpacker = unpacker_new(ws->setup.coding, &stream_shared(s)->unpack_bytes);
    }
    return d->unpacker != NULL ? unpacker_piece(d->unpacker, plain, output) : INFLATE_NO_MEMORY;
}

static void inflate_piece(struct stream *s, enum dir dir, struct ws_message *m, struct bytes plain)
{
    struct ws *ws = stream_state(s);
    uint8_t *scratch = stream_shared(s)->scratch + STREAM_SCRATCH_BYTES / 2;
    struct target target = {.s = s, .dir = dir, .d = &ws->dir[dir], .message = m};
    struct inflate_output output = {take_plain, &target, scratch, STREAM_SCRATCH_BYTES / 2};
    if (ws->setup.coding != CODING_DEFLATE) {
        m->inflated = unpack_piece(s, dir, plain, &output);
        return;
    }
    if (stream_options(s)->deflated) {
        stream_emit(s, &(struct event){.type = EVENT_DEFLATED, .dir = dir, .deflated = plain});
    }
    struct inflater *inflater = inflater_of(s, dir);
    m->inflated =
        inflater != NULL ? inflater_piece(inflater, plain, &output) : INFLATE_WINDOW_UNKNOWN;
}

/* Unmasks into the first half of the scratch buffer; the inflater's output takes the second. */
static void inflate_wire(struct stream *s, enum dir dir, struct ws_message *m,
                         const struct ws_frame *f, struct bytes wire)
{
    uint8_t *scratch = stream_shared(s)->scratch;
    unsigned phase = f->phase;
    while (f->masked && wire.n > 0) {
        struct bytes block = bytes_part(wire, 0, STREAM_SCRATCH_BYTES / 2);
        mask_copy(scratch, block, f->key, phase);
        inflate_piece(s, dir, m, (struct bytes){scratch, block.n});
        phase = (phase + (unsigned)block.n) & 3;
        wire = bytes_from(wire, block.n);
    }
    if (wire.n > 0) {
        inflate_piece(s, dir, m, wire);
    }
}

/* A held message became too long: what there is of it goes to the inflater now. */
static void stop_holding(struct stream *s, enum dir dir, struct ws_message *m)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    compressed_flush(s, dir);
    inflate_piece(s, dir, m, held_open_part(&d->held));
    held_drop_open(&d->held);
    m->held = false;
}

void compressed_piece(struct stream *s, enum dir dir, struct ws_message *m,
                      const struct ws_frame *f, struct bytes wire)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    if (m->m.flags & MESSAGE_DAMAGED) {
        return;
    }
    if (!m->begun) {
        m->begun = true;
        m->held = may_hold(s, d);
        if (!m->held) {
            compressed_flush(s, dir);
        }
    }
    if (m->held) {
        size_t before = held_memory(&d->held);
        bool held = hold_piece(s, dir, f, wire);
        account(s, d, before);
        if (held) {
            return;
        }
        stop_holding(s, dir, m);
    }
    inflate_wire(s, dir, m, f, wire);
}

/* All of the message was given to its inflater. Snappy makes nothing of nothing. */
static enum inflate_result finish_inflating(struct stream *s, enum dir dir, struct ws_message *m)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    if (m->m.wire_len == 0) {
        return ws->setup.coding == CODING_SNAPPY ? INFLATE_OK : INFLATE_EMPTY;
    }
    if (d->unpacker != NULL) {
        return unpacker_finish(d->unpacker);
    }
    if (d->inflater == NULL) {
        return m->inflated;
    }
    uint8_t *scratch = stream_shared(s)->scratch;
    struct target target = {.s = s, .dir = dir, .d = d, .message = m};
    struct inflate_output output = {take_plain, &target, scratch, STREAM_SCRATCH_BYTES};
    return inflater_finish(d->inflater, &output);
}

void compressed_finish(struct stream *s, enum dir dir, struct ws_message *m)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    if (m->held) {
        struct held_head head = {*m, stream_ts(s), stream_pkt(s)};
        size_t before = held_memory(&d->held);
        bool held = held_end(&d->held, &head);
        account(s, d, before);
        if (held) {
            m->open = false;
            return;
        }
        stop_holding(s, dir, m);
    }
    compressed_flush(s, dir);
    judge(s, dir, m, finish_inflating(s, dir, m), stream_ts(s), stream_pkt(s));
    message_complete(s, dir, m, stream_ts(s), stream_pkt(s));
}

void compressed_lost(struct stream *s, enum dir dir)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    compressed_flush(s, dir);
    held_drop_open(&d->held);
    d->message.held = false;
    if (d->unpacker != NULL) {
        unpacker_lost(d->unpacker);
    } else if (inflater_of(s, dir) != NULL) {
        inflater_lost(d->inflater);
    }
}

void compressed_direction_open(struct ws_direction *d)
{
    held_init(&d->held, sizeof(struct held_head));
}

void compressed_direction_close(struct stream *s, enum dir dir)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    compressed_flush(s, dir);
    stream_shared(s)->held_bytes -= held_memory(&d->held);
    held_done(&d->held);
    inflater_free(d->inflater);
    unpacker_free(d->unpacker);
}
