/*
 * deflate-stream (drafts 04 to about 12): behind the handshake each direction is one DEFLATE
 * stream, flushed with every send, and what it inflates to is WebSocket: frames, masks and all. The
 * stream is raw; one library wrapped it as zlib does, which its first two bytes show.
 *
 * What comes out goes to a stream inside this one, which takes the session over. After a loss
 * nothing more of the direction can be read, as all of it refers back.
 */
#include "websocket.h"

#include <zlib.h>

#define ZLIB_HEADER_BYTES 2
#define BOMB_CHECK_BYTES (UINT64_C(4) << 20)
#define BOMB_RATIO 200

struct inflated {
    z_stream z;
    bool begun;
    uint64_t in, out;
};

struct deflate_stream {
    struct websocket_setup setup;
    struct stream *child;
    struct inflated dir[2];
};

static void deflate_stream_open(struct stream *s, const struct hint *hint)
{
    struct deflate_stream *t = stream_state(s);
    t->setup = *(const struct websocket_setup *)hint->arg;
    t->setup.deflate_stream = false;
    t->child = stream_child(s, 0, true);
    if (t->child == NULL) {
        stream_give_up_both(s);
        return;
    }
    stream_hand_session(s, t->child);
    stream_start(t->child, websocket_decoder_for(&t->setup), &t->setup);
}

/* RFC 1950 section 2.2. */
static bool has_zlib_header(struct bytes b)
{
    return (b.p[0] & 0x0f) == 8 && b.p[0] >> 4 <= 7 && be16_at(b, 0) % 31 == 0;
}

static bool begin(struct inflated *d, struct bytes b)
{
    d->begun = inflateInit2(&d->z, has_zlib_header(b) ? MAX_WBITS : -MAX_WBITS) == Z_OK;
    return d->begun;
}

/* The direction cannot be read any further; the frames inside are told that they lost their place.
 */
static size_t stop(struct stream *s, const struct chunk *c, enum finding_id id)
{
    struct deflate_stream *t = stream_state(s);
    stream_finding(s, c->dir, id, "after %llu bytes", (unsigned long long)t->dir[c->dir].out);
    stream_gap(t->child, c->dir, 1, c->ts, c->pkt);
    stream_give_up(s, c->dir);
    return c->b.n;
}

static bool is_bomb(const struct inflated *d)
{
    return d->out > BOMB_CHECK_BYTES && d->out / BOMB_RATIO > d->in;
}

/* Inflates into the room once and hands that on. The zlib code, Z_OK while it goes on. */
static int inflate_once(struct stream *s, const struct chunk *c, uint8_t *room, bool *wanted)
{
    struct deflate_stream *t = stream_state(s);
    struct inflated *d = &t->dir[c->dir];
    d->z.next_out = room;
    d->z.avail_out = STREAM_ROOM_BYTES;
    int result = inflate(&d->z, Z_SYNC_FLUSH);
    struct chunk out = {c->ts, c->pkt, {room, STREAM_ROOM_BYTES - d->z.avail_out}, c->dir};
    d->out += out.b.n;
    if (out.b.n > 0 && !stream_data(t->child, &out)) {
        *wanted = false;
    }
    if (result == Z_STREAM_END) { /* a sender may finish the stream and begin another */
        result = inflateReset(&d->z);
    }
    return result;
}

static size_t deflate_stream_data(struct stream *s, const struct chunk *c)
{
    struct deflate_stream *t = stream_state(s);
    struct inflated *d = &t->dir[c->dir];
    uint8_t *room = stream_room(s);
    bool wanted = true;
    if (!d->begun && c->b.n < ZLIB_HEADER_BYTES) {
        stream_want(s, ZLIB_HEADER_BYTES);
        return 0;
    }
    if (room == NULL || (!d->begun && !begin(d, c->b))) {
        stream_give_up(s, c->dir);
        return c->b.n;
    }
    size_t n = c->b.n < STREAM_ROOM_BYTES ? c->b.n : STREAM_ROOM_BYTES;
    d->z.next_in = (z_const Bytef *)c->b.p;
    d->z.avail_in = (uInt)n;
    d->in += n;
    int result = Z_OK;
    while (wanted && result == Z_OK && (d->z.avail_in > 0 || d->z.avail_out == 0)) {
        result = inflate_once(s, c, room, &wanted);
        if (wanted && is_bomb(d)) {
            return stop(s, c, FINDING_DEFLATE_BOMB);
        }
    }
    if (!wanted) {
        stream_give_up_both(s);
        return n; /* whatever became of the rest */
    }
    return result == Z_OK || result == Z_BUF_ERROR ? n : stop(s, c, FINDING_DEFLATE_INVALID);
}

static bool deflate_stream_gap(struct stream *s, enum dir dir, uint64_t n)
{
    struct deflate_stream *t = stream_state(s);
    stream_finding(s, dir, FINDING_DEFLATE_WINDOW_UNKNOWN, NULL);
    stream_gap(t->child, dir, n, stream_ts(s), stream_pkt(s));
    return false;
}

static void deflate_stream_end(struct stream *s, enum dir dir)
{
    (void)s;
    (void)dir;
}

static void deflate_stream_close(struct stream *s)
{
    struct deflate_stream *t = stream_state(s);
    for (int dir = 0; dir < 2; dir++) {
        if (t->dir[dir].begun) {
            inflateEnd(&t->dir[dir].z);
        }
    }
}

const struct decoder websocket_deflate_stream_decoder = {.name = "websocket deflate-stream",
                                                         .state_size =
                                                             sizeof(struct deflate_stream),
                                                         .max_keep = ZLIB_HEADER_BYTES + 65536,
                                                         .open = deflate_stream_open,
                                                         .data = deflate_stream_data,
                                                         .gap = deflate_stream_gap,
                                                         .end = deflate_stream_end,
                                                         .close = deflate_stream_close};
