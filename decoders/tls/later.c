/*
 * Connections that begin with lines of text and go over to TLS (STARTTLS of RFC 3207 and its kin):
 * the last decoder that is asked. It looks on for a ClientHello, whatever the talk before it was,
 * until it is too late for one, and makes way for TLS.
 */
#include "hello.h"

/* What is said before TLS: a greeting, what the server can do, and the wish. Mail servers with long
 * lists come to 1 KB. */
#define LATER_MAX_BYTES 4096
#define LINE_MAX_BYTES 512   /* RFC 5321 section 4.5.3.1.5 */
#define HELLO_KNOWN_BYTES 11 /* by so many a hello is known */

struct later {
    uint64_t seen[2];
};

/* Protocols that go over to TLS by a word of theirs are made of lines. SSH is, too, but never does.
 */
static enum verdict begins_line(struct bytes b)
{
    size_t n = bytes_find(b, '\n');
    for (size_t i = 0; i < n; i++) {
        uint8_t c = u8_at(b, i);
        if ((c < 0x20 && c != '\t' && c != '\r') || c >= 0x7f) {
            return VERDICT_NO;
        }
    }
    if (n > LINE_MAX_BYTES || bytes_start_with(b, bytes_of("SSH-"))) {
        return VERDICT_NO;
    }
    return n < b.n ? VERDICT_YES : VERDICT_MORE;
}

static enum verdict later_match(const struct hint *h)
{
    struct bytes first = h->first[DIR_SERVER_TO_CLIENT];
    first = first.n > 0 ? first : h->first[DIR_CLIENT_TO_SERVER];
    return h->from_start ? begins_line(first) : VERDICT_NO;
}

static void later_open(struct stream *s, const struct hint *hint)
{
    (void)s;
    (void)hint;
}

/* Where a hello begins, or may begin with what comes next; b.n: nowhere. */
static size_t find_hello(struct bytes b, unsigned type, enum verdict *verdict)
{
    size_t i = bytes_find(b, TLS_HANDSHAKE);
    while (i < b.n && (*verdict = tls_begins_hello(bytes_from(b, i), type)) == VERDICT_NO) {
        i += 1 + bytes_find(bytes_from(b, i + 1), TLS_HANDSHAKE);
    }
    return i < b.n ? i : b.n;
}

static size_t later_data(struct stream *s, const struct chunk *c)
{
    struct later *l = stream_state(s);
    bool client = c->dir == DIR_CLIENT_TO_SERVER;
    enum verdict verdict = VERDICT_NO;
    size_t at = find_hello(c->b, client ? TLS_CLIENT_HELLO : TLS_SERVER_HELLO, &verdict);
    if (at == 0 && verdict == VERDICT_MORE) {
        stream_want(s, HELLO_KNOWN_BYTES);
        return 0;
    }
    if (at == 0 && client) {
        stream_switch(s, &tls_decoder, NULL);
        return 0;
    }
    if (at == 0) { /* the answer to a hello that the capture has later */
        stream_block(s);
        return 0;
    }
    l->seen[c->dir] += at;
    if (l->seen[c->dir] > LATER_MAX_BYTES) {
        stream_give_up_both(s);
        return c->b.n;
    }
    return at;
}

static bool later_gap(struct stream *s, enum dir d, uint64_t n)
{
    (void)d;
    (void)n;
    stream_give_up_both(s);
    return false;
}

static void later_end(struct stream *s, enum dir d)
{
    stream_give_up(s, d);
}

static void later_close(struct stream *s)
{
    (void)s;
}

const struct decoder tls_later_decoder = {.name = "tls later",
                                          .state_size = sizeof(struct later),
                                          .max_keep = STREAM_MATCH_MAX_BYTES,
                                          .match = later_match,
                                          .open = later_open,
                                          .data = later_data,
                                          .gap = later_gap,
                                          .end = later_end,
                                          .close = later_close};
