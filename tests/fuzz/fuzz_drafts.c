/*
 * The framings of every version: a byte that chooses the version and extensions, one of flags, then
 * what stream_feed takes. Cut into single bytes the same must come of it.
 */
#include "decoders/websocket/version.h"
#include "decoders/websocket/websocket.h"
#include "lib/stream_feed.h"

#include <assert.h>
#include <stdlib.h>

struct counts {
    uint64_t frames, messages, bytes, closes, findings;
};

struct counter {
    struct event_sink sink;
    struct counts counts;
};

static void count_event(struct event_sink *sink, const struct event *e)
{
    struct counts *c = &((struct counter *)(void *)sink)->counts;
    c->frames += e->type == EVENT_FRAME;
    c->findings += e->type == EVENT_FINDING;
    if (e->type == EVENT_MESSAGE) {
        c->messages++;
        c->bytes += e->message.len;
        c->closes += e->message.opcode == OPCODE_CLOSE;
    }
    if (e->type == EVENT_RUN) {
        c->messages += e->run.n;
        for (unsigned i = 0; i < e->run.n; i++) {
            c->bytes += e->run.lengths[i];
        }
    }
}

static struct counts run(struct bytes input, size_t most)
{
    struct reader r = reader_of(input);
    uint8_t first = read_u8(&r);
    int version = first % 15 - 1;
    unsigned extensions = first / 15;
    uint8_t flags = read_u8(&r);
    struct counter counter = {.sink = {count_event}};
    struct decode_options options = {
        .frames = flags & 1, .late = flags & 2, .body_max = flags & 4 ? 100 : 0};
    struct stream_shared shared = {.options = &options, .sink = &counter.sink, .next_session = 1};
    struct websocket_setup setup = {.version = version,
                                    .frames = (enum deflate_frames)((flags >> 3 & 3) % 3),
                                    .unsure = flags & 0x20 && (version <= 3 || version == 13),
                                    .has_connection_key = flags & 0x40,
                                    .mux = extensions & 1,
                                    .other_extensions = extensions & 2,
                                    .coding = (enum message_coding)((extensions >> 2) % 3),
                                    .deflate_stream = flags & 0x80};
    struct connection connection = {.family = 4};
    if (!websocket_unpacks(setup.coding) || setup.frames != DEFLATE_FRAMES_NONE) {
        setup.coding = CODING_DEFLATE;
    }
    bool compressed = setup.frames != DEFLATE_FRAMES_NONE || setup.coding != CODING_DEFLATE;
    setup.deflate = compressed ? DEFLATE_IN_USE : DEFLATE_NONE;
    shared.scratch = malloc(STREAM_SCRATCH_BYTES);
    struct stream *s = stream_new(&shared, &connection, true);
    if (s != NULL && shared.scratch != NULL) {
        stream_start(s, websocket_decoder_for(&setup), &setup);
        (void)stream_feed(s, r, most);
    }
    stream_close(s, &(struct session_end){.how = END_FIN, .first_fin = -1, .last_ts = 1});
    assert(shared.held_bytes == 0 && shared.unpack_bytes == 0);
    stream_shared_done(&shared);
    free(shared.scratch);
    if (setup.unsure) { /* which direction is read first depends on the cuts */
        counter.counts.findings = 0;
    }
    return counter.counts;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct counts whole = run((struct bytes){data, size}, SIZE_MAX);
    struct counts bytewise = run((struct bytes){data, size}, 1);
    bool gaps = false;
    struct reader r = reader_of(bytes_from((struct bytes){data, size}, 2));
    while (r.b.n > 0) {
        uint16_t header = read_be16(&r);
        gaps = gaps || header & 0x4000;
        read_skip(&r, header & 0x4000 ? 0 : header & 0x3fff);
    }
    assert(gaps || memcmp(&whole, &bytewise, sizeof whole) == 0);
    return 0;
}
