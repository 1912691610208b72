// Fuzz target: a TLS connection. The first byte says whether its start was seen (1) and whether a
// key log comes first (2), as its length in two bytes and the log; then pieces of a direction (low
// bit) and length byte, and that many bytes.
#include "decoders/http/upgrade.h"
#include "decoders/tls/secrets.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern const struct decoder tls_decoder;

static void emit(struct event_sink *sink, const struct event *e)
{
    static volatile unsigned sum; // reads every byte of the texts
    (void)sum;
    (void)sink;
    if (e->type != EVENT_TLS)
        return;
#define READ(name)                                                                                 \
    for (size_t i = 0; i < e->tls.name.n; i++)                                                     \
        sum += e->tls.name.p[i];
    TLS_TEXTS(READ)
#undef READ
}

static void feed(struct stream *s, struct reader *r, int64_t ts)
{
    uint8_t dir = read_u8(r);
    size_t n = read_u8(r);
    struct bytes b = bytes_part(r->b, 0, n);
    read_skip(r, b.n);
    uint8_t *copy = malloc(b.n ? b.n : 1);
    if (copy == NULL)
        abort();
    if (b.n > 0)
        memcpy(copy, b.p, b.n);
    struct chunk c = {ts, (uint64_t)ts, {copy, b.n}, dir & 1};
    if ((dir & 0xf0) == 0xf0)
        stream_gap(s, c.dir, n, ts, c.pkt);
    else if (b.n > 0)
        stream_data(s, &c);
    free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = reader_of((struct bytes){data, size});
    uint8_t first = read_u8(&r);
    struct decode_options options = {0};
    struct event_sink sink = {emit};
    static uint8_t scratch[STREAM_SCRATCH_BYTES];
    struct stream_shared shared = {
        .options = &options, .sink = &sink, .next_session = 1, .scratch = scratch};
    if (first & 2) {
        size_t n = read_be16(&r);
        struct bytes log = bytes_part(r.b, 0, n);
        shared.secrets = tls_secrets_new(1);
        shared.upgrades = upgrade_memory_new();
        if (shared.secrets == NULL || shared.upgrades == NULL)
            abort();
        tls_secrets_add(shared.secrets, log);
        tls_secrets_end(shared.secrets);
        read_skip(&r, log.n);
    }
    struct connection connection = {.family = 4};
    struct hint hint = {.first = {r.b, r.b}, .from_start = first & 1};
    tls_decoder.match(&hint);
    struct stream *s = stream_new(&shared, &connection, first & 1);
    if (s == NULL)
        abort();
    stream_start(s, &tls_decoder, NULL);
    for (int64_t ts = 1; r.b.n > 0; ts++)
        feed(s, &r, ts);
    struct session_end end = {.first_fin = -1};
    stream_close(s, &end);
    if (shared.tls_waiting != 0)
        abort();
    stream_shared_done(&shared);
    tls_secrets_free(shared.secrets);
    upgrade_memory_free(shared.upgrades);
    return 0;
}
