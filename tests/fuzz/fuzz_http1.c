/*
 * HTTP/1 connections as a stream of pieces, gaps and ends.
 *
 * Input: a byte of flags (1: picked up mid-stream, 2: raw heads wanted), a byte that cuts every
 * piece into parts of so many bytes (0: whole), then what stream_feed takes. What would go to
 * WebSocket or TLS is swallowed.
 */
#include "decoders/http/http1.h"
#include "decoders/http/upgrade.h"
#include "lib/stream_feed.h"

#include <stdlib.h>

static void swallow_open(struct stream *s, const struct hint *hint)
{
    (void)s;
    (void)hint;
}

static size_t swallow_data(struct stream *s, const struct chunk *c)
{
    (void)s;
    return c->b.n;
}

static bool swallow_gap(struct stream *s, enum dir d, uint64_t n)
{
    (void)s;
    (void)d;
    return n > 0;
}

static void swallow_end(struct stream *s, enum dir d)
{
    (void)s;
    (void)d;
}

static void swallow_close(struct stream *s)
{
    (void)s;
}

static enum verdict match_record(const struct hint *hint)
{
    bool record = (hint->first[0].n > 0 && hint->first[0].p[0] == 0x16) ||
                  (hint->first[1].n > 0 && hint->first[1].p[0] == 0x16);
    return record ? VERDICT_YES : VERDICT_NO;
}

extern const struct decoder tls_decoder;
extern const struct decoder websocket_pickup_decoder;
#define SWALLOW                                                                                    \
    {                                                                                              \
        "swallow", 1, 0, match_record, swallow_open, swallow_data, swallow_gap, swallow_end,       \
            swallow_close, NULL, NULL, NULL                                                        \
    }
const struct decoder websocket_decoder = SWALLOW;
const struct decoder websocket_draft_decoder = SWALLOW;
const struct decoder websocket_deflate_stream_decoder = SWALLOW;
const struct decoder tls_decoder = SWALLOW;
const struct decoder websocket_pickup_decoder = SWALLOW;

static unsigned touched;

static void touch(struct bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        touched += b.p[i];
    }
}

// Whatever an event points to must be there to be read.
static void read_event(struct event_sink *sink, const struct event *e)
{
    (void)sink;
    if (e->type == EVENT_HANDSHAKE) {
#define TOUCH(name) touch(e->handshake->name);
        HANDSHAKE_TEXTS(TOUCH)
#undef TOUCH
    } else if (e->type == EVENT_FINDING) {
        touch(e->finding.detail);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = reader_of((struct bytes){data, size});
    uint8_t flags = read_u8(&r);
    size_t most = read_u8(&r);
    struct event_sink sink = {read_event};
    struct decode_options options = {.heads = flags & 2};
    struct stream_shared shared = {.options = &options, .sink = &sink, .next_session = 1};
    shared.upgrades = flags & 4 ? upgrade_memory_new() : NULL;
    shared.scratch = malloc(STREAM_SCRATCH_BYTES);
    struct connection connection = {.family = 4};
    struct stream *s = stream_new(&shared, &connection, !(flags & 1));
    if (s != NULL && shared.scratch != NULL) {
        (void)stream_feed(s, r, most > 0 ? most : SIZE_MAX);
    }
    stream_close(s, &(struct session_end){.first_fin = -1, .last_ts = 1});
    upgrade_memory_free(shared.upgrades);
    free(shared.scratch);
    return 0;
}
