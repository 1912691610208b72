/*
 * The WebSocket decoder as a stream of pieces, gaps and ends.
 *
 * Input: a byte of flags (bits 0-1 the use of deflate, 2 no context takeover, 4 frames, 5 digests,
 * 6 bodies, 7 late; bit 3 mid-stream), then what stream_feed takes. Every input runs twice, with
 * its pieces whole and cut to single bytes; what is counted must be the same.
 */
#include "decoders/websocket/websocket.h"
#include "lib/stream_feed.h"

#include <assert.h>
#include <stdlib.h>

struct counts {
    uint64_t messages, frames, finished, length, wire, overhead;
};

struct counter {
    struct event_sink sink;
    struct counts counts;
    unsigned touched; /* whatever an event points to must be there to be read */
};

static void touch(struct counter *c, struct bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        c->touched += b.p[i];
    }
}

static void count_event(struct event_sink *sink, const struct event *e)
{
    struct counter *c = (struct counter *)sink;
    if (e->type == EVENT_MESSAGE) {
        touch(c, e->message.body);
        assert(e->message.body.n <= e->message.len || (e->message.opcode & 8));
        c->counts.messages++;
        c->counts.frames += e->message.frames;
        c->counts.finished += (e->message.flags & MESSAGE_FINISHED) != 0;
        c->counts.length += e->message.len;
        c->counts.wire += e->message.wire_len;
        c->counts.overhead += e->message.overhead;
    } else if (e->type == EVENT_RUN) {
        c->counts.messages += e->run.n;
        c->counts.frames += e->run.n;
        c->counts.finished += e->run.n;
        for (unsigned i = 0; i < e->run.n; i++) {
            c->counts.length += e->run.lengths[i];
            c->counts.wire += e->run.lengths[i];
            c->counts.overhead += frame_header_length(e->run.lengths[i], e->run.masked);
        }
    } else if (e->type == EVENT_FINDING) {
        touch(c, e->finding.detail);
    }
}

static bool run(struct bytes input, size_t most, struct counts *counts)
{
    struct reader r = reader_of(input);
    uint8_t flags = read_u8(&r);
    struct counter counter = {.sink = {count_event}};
    struct decode_options options = {.frames = flags & 0x10,
                                     .digest = flags & 0x20,
                                     .body_max = flags & 0x40 ? 100 : 0,
                                     .late = flags & 0x80};
    struct stream_shared shared = {.options = &options, .sink = &counter.sink, .next_session = 1};
    struct websocket_setup setup = {.version = 13,
                                    .deflate = (enum deflate_use)((flags & 3) % 3),
                                    .no_context_takeover = {flags & 4, flags & 4},
                                    .midstream = flags & 8};
    struct connection connection = {.family = 4};
    bool lossy = flags & 8;
    shared.scratch = malloc(STREAM_SCRATCH_BYTES);
    struct stream *s = stream_new(&shared, &connection, true);
    if (s != NULL && shared.scratch != NULL) {
        stream_start(s, &websocket_decoder, &setup);
        lossy =
            stream_feed(s, r, most) || lossy; /* where frames are found again depends on the cuts */
    }
    stream_close(s, &(struct session_end){.how = END_FIN, .first_fin = -1, .last_ts = 1});
    assert(shared.held_bytes == 0);
    free(shared.scratch);
    *counts = counter.counts;
    return lossy;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct counts whole, bytewise;
    bool lossy = run((struct bytes){data, size}, SIZE_MAX, &whole);
    (void)run((struct bytes){data, size}, 1, &bytewise);
    assert(lossy || memcmp(&whole, &bytewise, sizeof whole) == 0);
    return 0;
}
