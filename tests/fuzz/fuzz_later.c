/*
 * Connections that may go over to TLS (STARTTLS and its kin): lines, then a ClientHello, whoever
 * speaks first and however it is cut.
 *
 * Input: a byte of flags (1: secrets may come), a byte that cuts every piece into parts of so many
 * bytes (0: whole), then what stream_feed takes. Uncut, the same input must lead to TLS as well,
 * or not, unless bytes are missing.
 */
#include "decoders/http/upgrade.h"
#include "decoders/tls/secrets.h"
#include "lib/stream_feed.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct heard {
    struct event_sink sink;
    bool tls;
};

static void note(struct event_sink *sink, const struct event *e)
{
    struct heard *h = (struct heard *)sink;
    h->tls = h->tls || e->type == EVENT_TLS;
}

/* Whether a hello of TLS was read. */
static bool hears_tls(struct reader r, bool secrets, size_t most, bool *gap)
{
    static uint8_t scratch[STREAM_SCRATCH_BYTES];
    struct heard h = {.sink = {note}};
    struct decode_options options = {0};
    struct connection connection = {.family = 4};
    struct stream_shared shared = {.options = &options,
                                   .sink = &h.sink,
                                   .next_session = 1,
                                   .scratch = scratch,
                                   .secrets = secrets ? tls_secrets_new(1) : NULL,
                                   .upgrades = upgrade_memory_new()};
    if (shared.upgrades == NULL || (secrets && shared.secrets == NULL)) {
        abort();
    }
    if (secrets) {
        tls_secrets_expect(shared.secrets, true);
    }
    struct stream *s = stream_new(&shared, &connection, true);
    if (s == NULL) {
        abort();
    }
    *gap = stream_feed(s, r, most > 0 ? most : SIZE_MAX);
    stream_close(s, &(struct session_end){.first_fin = -1, .last_ts = 1});
    if (shared.tls_waiting != 0) {
        abort();
    }
    stream_shared_done(&shared);
    tls_secrets_free(shared.secrets);
    upgrade_memory_free(shared.upgrades);
    return h.tls;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = reader_of((struct bytes){data, size});
    bool secrets = read_u8(&r) & 1, gap;
    size_t most = read_u8(&r);
    bool cut = hears_tls(r, secrets, most, &gap);
    if (most > 0 && cut != hears_tls(r, secrets, 0, &gap) && !gap) {
        abort(); /* how it was cut decided */
    }
    return 0;
}
