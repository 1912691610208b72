// Fuzz target: an HTTP/2 connection. The first byte says whether its start was seen; then pieces of
// a direction (low bit; high bits all set: a hole) and length byte, and that many bytes.
#include "decoders/http/http2.h"
#include "decoders/http/upgrade.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void emit(struct event_sink *sink, const struct event *e)
{
    static volatile unsigned sum; // reads every byte of the texts
    (void)sum;
    (void)sink;
    if (e->type == EVENT_HANDSHAKE) {
#define READ(name)                                                                                 \
    for (size_t i = 0; i < e->handshake->name.n; i++)                                              \
        sum += e->handshake->name.p[i];
        HANDSHAKE_TEXTS(READ)
#undef READ
    }
    if (e->type == EVENT_MESSAGE)
        for (size_t i = 0; i < e->message.body.n; i++)
            sum += e->message.body.p[i];
}

static void feed(struct stream *s, struct reader *r, int64_t ts)
{
    uint8_t dir = read_u8(r);
    size_t n = read_u8(r);
    if ((dir & 0xf0) == 0xf0) {
        stream_gap(s, dir & 1, n, ts, (uint64_t)ts);
        return;
    }
    struct bytes b = bytes_part(r->b, 0, n);
    read_skip(r, b.n);
    uint8_t *copy = malloc(b.n ? b.n : 1); // a sanitizer sees a byte too far
    if (copy == NULL)
        abort();
    if (b.n > 0)
        memcpy(copy, b.p, b.n);
    struct chunk c = {ts, (uint64_t)ts, {copy, b.n}, dir & 1};
    if (b.n > 0)
        stream_data(s, &c);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = reader_of((struct bytes){data, size});
    uint8_t first = read_u8(&r);
    struct decode_options options = {.body_max = 1024};
    struct event_sink sink = {emit};
    static uint8_t scratch[STREAM_SCRATCH_BYTES];
    struct stream_shared shared = {
        .options = &options, .sink = &sink, .next_session = 1, .scratch = scratch};
    struct connection connection = {.family = 4};
    struct hint hint = {.first = {r.b, r.b}, .from_start = first & 1};
    shared.upgrades = upgrade_memory_new();
    http2_decoder.match(&hint);
    struct stream *s = stream_new(&shared, &connection, first & 1);
    if (s != NULL) {
        stream_start(s, &http2_decoder, NULL);
        for (int64_t ts = 1; r.b.n > 0; ts++)
            feed(s, &r, ts);
        stream_close(s, &(struct session_end){.first_fin = -1});
    }
    stream_shared_done(&shared);
    upgrade_memory_free(shared.upgrades);
    return 0;
}
