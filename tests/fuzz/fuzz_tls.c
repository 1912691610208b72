// Fuzz target: a TLS connection. The first byte says whether its start was seen (1), whether a key
// log comes first (2), as its length in two bytes and the log, and whether the server's private key
// is there as well (4); then pieces of a direction (low bit) and length byte, and that many bytes.
#include "decoders/http/upgrade.h"
#include "decoders/tls/rsa.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

extern const struct decoder tls_decoder;

/* Made for this; short, since each input may use it often. */
static const char private_key[] =
    "-----BEGIN RSA PRIVATE KEY-----\n"
    "MIIBPAIBAAJBAPUD4ptMXy4umPvcRoMW6iivGxOWc76k/ytKELV5j5cLEPEDWmbi\n"
    "PGzcX2j1Ppp7LLVlzfTXAqSeH4Onjetgb7ECAwEAAQJBAJY8GKHy9VXC+slMauwM\n"
    "i+4AWNDs6vHWCCSKGK695/7LdiI7/eJ/8bp+/MY1fp+OXQ5GSxgeCltr7TyZSu3K\n"
    "4tUCIQD9huVDO6Yw6M5XzPewX0n/SDXx2gbme2ZHfL6zFRvFAwIhAPdnu/H8v/VO\n"
    "KxI/M65EsM6ng2t1UxxWIOzCfjcOa1g7AiEA3oF7ySwayaYpIunjIMoguYn4vlBp\n"
    "6fK3a1pSS/3kp10CIQCMPjNd4yZ1SZBE0arcGHgZTP/EREeOgow7aazeTMAwzQIg\n"
    "FSFt9cNewEYsQQ2TNRz70i413QZyoRpVDAmoJTPp4JM=\n"
    "-----END RSA PRIVATE KEY-----\n";

static struct tls_rsa_keys *read_private_key(void)
{
    struct tls_rsa_keys *keys = tls_rsa_keys_new();
    if (keys == NULL || tls_rsa_keys_add(keys, bytes_of(private_key)) != NULL)
        abort();
    return keys;
}

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
    struct tls_rsa_keys *rsa = NULL;
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
        rsa = first & 4 ? read_private_key() : NULL;
        tls_secrets_use_rsa(shared.secrets, rsa);
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
    tls_rsa_keys_free(rsa);
    upgrade_memory_free(shared.upgrades);
    return 0;
}
