/*
 * TLS (RFC 8446 section 5.1): recognised by its record header, and not read any further.
 */
#include "../decoder.h"

extern const struct decoder tls_decoder;

#define RECORD_HANDSHAKE 22
#define RECORD_HEADER_BYTES 5

static enum verdict tls_match(const struct hint *hint)
{
    struct bytes b = hint->first[DIR_CLIENT_TO_SERVER];
    struct reader r = reader_of(b);
    if (b.n > 0 && b.p[0] != RECORD_HANDSHAKE) {
        return VERDICT_NO;
    }
    if (b.n < RECORD_HEADER_BYTES) {
        return b.n > 0 ? VERDICT_MORE : VERDICT_NO;
    }
    read_skip(&r, 1);
    return read_u8(&r) == 3 ? VERDICT_YES : VERDICT_NO;
}

static void tls_open(struct stream *s, const struct hint *hint)
{
    (void)hint;
    stream_give_up(s, DIR_CLIENT_TO_SERVER);
    stream_give_up(s, DIR_SERVER_TO_CLIENT);
}

static size_t tls_data(struct stream *s, const struct chunk *c)
{
    (void)s;
    return c->b.n;
}

static bool tls_gap(struct stream *s, enum dir dir, uint64_t n)
{
    (void)s;
    (void)dir;
    (void)n;
    return false;
}

static void tls_end(struct stream *s, enum dir dir)
{
    (void)s;
    (void)dir;
}

static void tls_close(struct stream *s)
{
    (void)s;
}

const struct decoder tls_decoder = {.name = "tls",
                                    .state_size = 1,
                                    .match = tls_match,
                                    .open = tls_open,
                                    .data = tls_data,
                                    .gap = tls_gap,
                                    .end = tls_end,
                                    .close = tls_close};
