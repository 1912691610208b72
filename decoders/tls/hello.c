/*
 * TLS connections (RFC 8446, RFC 5246): what their hellos say in clear.
 *
 * Reads records (section 5.1) until each side's first handshake message is whole: ClientHello
 * (server name, RFC 6066; offered application protocols, RFC 7301; highest offered version) and
 * ServerHello (chosen version, cipher suite and, up to TLS 1.2, application protocol). Then nothing
 * more of the connection is wanted. A connection picked up later is known by its records alone.
 *
 * Each EVENT_TLS says all that is known so far, so the last one is enough.
 */
#include "../base/buffer.h"
#include "../decoder.h"

#define RECORD_HEADER_BYTES 5
#define RECORD_MAX_BYTES (16384 + 2048) /* RFC 5246 section 6.2.3 */
#define HANDSHAKE_HEADER_BYTES 4
#define HELLO_MIN_BYTES 38          /* version, random and the least of the rest */
#define HELLO_PLAUSIBLE_MAX 0x1ffff /* a length that still looks like one */

/* Hellos are 200 bytes to 2 KB, or 4 KB with large keys. Of a longer one this much is read: it
 * waits for its end on every connection that sends one, so it must be small. */
#define HELLO_MAX_BYTES 16384
/* A host name has at most 255 bytes; a list of application protocols in use about 20. */
#define NAME_MAX_BYTES 512

enum record_type {
    RECORD_CHANGE_CIPHER_SPEC = 20,
    RECORD_ALERT = 21,
    RECORD_HANDSHAKE = 22,
    RECORD_APPLICATION_DATA = 23
};

enum handshake_type { HANDSHAKE_CLIENT_HELLO = 1, HANDSHAKE_SERVER_HELLO = 2 };

enum extension_type {
    EXTENSION_SERVER_NAME = 0,
    EXTENSION_ALPN = 16,
    EXTENSION_SUPPORTED_VERSIONS = 43
};

struct tls_side {
    struct buffer hello; /* handshake message so far */
    size_t left;         /* of the record's payload */
};

struct tls {
    struct tls_side side[2];
    struct buffer sni, alpn;
    bool has_sni, has_alpn;
    bool server_spoke; /* version and alpn are the server's choice */
    uint16_t version, cipher;
};

extern const struct decoder tls_decoder;

/* ---- Whose stream is it? ---- */

/* Whether b begins with a record that begins a hello of the given type. Nothing beyond the record
 * is looked at: it may be cut into very small ones. */
static enum verdict begins_hello(struct bytes b, unsigned type)
{
    size_t n = b.n >= RECORD_HEADER_BYTES ? be16_at(b, 3) : 1;
    if (n == 0 || n > RECORD_MAX_BYTES) {
        return VERDICT_NO;
    }
    b = bytes_part(b, 0, RECORD_HEADER_BYTES + n);
    if ((b.n > 0 && u8_at(b, 0) != RECORD_HANDSHAKE) || (b.n > 1 && u8_at(b, 1) != 3) ||
        (b.n > 2 && u8_at(b, 2) > 4) || (b.n > 5 && u8_at(b, 5) != type)) {
        return VERDICT_NO;
    }
    if (b.n > 8) {
        uint32_t length = be32_at(b, 5) & 0xffffff;
        if (length < HELLO_MIN_BYTES || length > HELLO_PLAUSIBLE_MAX) {
            return VERDICT_NO;
        }
    }
    if ((b.n > 9 && u8_at(b, 9) != 3) || (b.n > 10 && u8_at(b, 10) > 4)) {
        return VERDICT_NO;
    }
    size_t needed = RECORD_HEADER_BYTES + (n < 6 ? n : 6);
    return b.n < needed ? VERDICT_MORE : VERDICT_YES;
}

/* A record header as every version sends it after its first flight. */
static bool is_record(struct bytes b)
{
    unsigned type = u8_at(b, 0);
    size_t n = be16_at(b, 3);
    if (u8_at(b, 1) != 3 || u8_at(b, 2) > 4 || n == 0 || n > RECORD_MAX_BYTES) {
        return false;
    }
    switch (type) {
    case RECORD_CHANGE_CIPHER_SPEC:
        return n == 1;
    case RECORD_ALERT:
        return n == 2 || n > 16;
    case RECORD_HANDSHAKE:
    case RECORD_APPLICATION_DATA:
        return true;
    default:
        return false;
    }
}

/* Whether b is a run of records, as far as it goes. */
static enum verdict begins_records(struct bytes b)
{
    if (b.n < RECORD_HEADER_BYTES) {
        bool may_be = (b.n < 1 || (u8_at(b, 0) >= RECORD_CHANGE_CIPHER_SPEC &&
                                   u8_at(b, 0) <= RECORD_APPLICATION_DATA)) &&
                      (b.n < 2 || u8_at(b, 1) == 3) && (b.n < 3 || u8_at(b, 2) <= 4);
        return may_be ? VERDICT_MORE : VERDICT_NO;
    }
    while (b.n >= RECORD_HEADER_BYTES) {
        if (!is_record(b)) {
            return VERDICT_NO;
        }
        b = bytes_from(b, RECORD_HEADER_BYTES + (size_t)be16_at(b, 3));
    }
    return VERDICT_YES;
}

static enum verdict match_midstream(const struct hint *h)
{
    static const uint8_t types[] = {HANDSHAKE_CLIENT_HELLO, HANDSHAKE_SERVER_HELLO};
    bool more = false;
    for (unsigned d = 0; d < 2; d++) {
        if (h->first[d].n == 0) {
            continue;
        }
        for (unsigned sender = 0; sender < 2; sender++) {
            enum verdict v = begins_hello(h->first[d], types[sender]);
            if (v == VERDICT_YES) {
                return sender == d ? VERDICT_YES : VERDICT_YES_SWAPPED;
            }
            more = more || v == VERDICT_MORE;
        }
        enum verdict v = begins_records(h->first[d]);
        if (v == VERDICT_YES && (!more || h->last)) {
            return VERDICT_YES;
        }
        more = more || v == VERDICT_MORE;
    }
    return more ? VERDICT_MORE : VERDICT_NO;
}

static enum verdict tls_match(const struct hint *h)
{
    if (!h->from_start) {
        return match_midstream(h);
    }
    if (h->first[DIR_CLIENT_TO_SERVER].n > 0) {
        return begins_hello(h->first[DIR_CLIENT_TO_SERVER], HANDSHAKE_CLIENT_HELLO);
    }
    return begins_hello(h->first[DIR_SERVER_TO_CLIENT], HANDSHAKE_SERVER_HELLO);
}

/* ---- Hellos ---- */

static struct bytes read_vector8(struct reader *r)
{
    return read_bytes(r, read_u8(r));
}

static struct bytes read_vector16(struct reader *r)
{
    return read_bytes(r, read_be16(r));
}

/* Values that only keep others from relying on the list (RFC 8701): 0a0a, 1a1a ... fafa. */
static bool is_grease(struct bytes b)
{
    return b.n == 2 && u8_at(b, 0) == u8_at(b, 1) && (u8_at(b, 0) & 0xf) == 0xa;
}

static void read_server_name(struct tls *t, struct bytes b)
{
    struct reader r = reader_of(b);
    struct reader names = reader_of(read_vector16(&r));
    while (!names.bad && names.b.n > 0 && !t->has_sni) {
        unsigned type = read_u8(&names);
        struct bytes name = read_vector16(&names);
        if (type == 0 && !names.bad) {
            t->has_sni = buffer_append(&t->sni, name);
        }
    }
}

static void read_alpn(struct tls *t, struct bytes b)
{
    struct reader r = reader_of(b);
    struct reader names = reader_of(read_vector16(&r));
    buffer_clear(&t->alpn);
    t->has_alpn = true;
    while (names.b.n > 0) {
        struct bytes name = read_vector8(&names);
        if (names.bad || name.n > NAME_MAX_BYTES - 1 || t->alpn.n > NAME_MAX_BYTES - 1 - name.n) {
            return;
        }
        if (!is_grease(name)) {
            buffer_append(&t->alpn, bytes_of(t->alpn.n > 0 ? "," : ""));
            buffer_append(&t->alpn, name);
        }
    }
}

static void read_offered_versions(struct tls *t, struct bytes b)
{
    struct reader r = reader_of(b);
    struct reader versions = reader_of(read_vector8(&r));
    uint16_t highest = 0;
    while (versions.b.n > 0) {
        uint16_t version = read_be16(&versions);
        if (version >> 8 == 3 && version > highest) {
            highest = version;
        }
    }
    if (highest != 0 && !t->server_spoke) {
        t->version = highest;
    }
}

static void read_chosen_version(struct tls *t, struct bytes b)
{
    struct reader r = reader_of(b);
    uint16_t version = read_be16(&r);
    if (!r.bad) {
        t->version = version;
    }
}

static void read_extension(struct tls *t, enum dir d, unsigned type, struct bytes b)
{
    bool server = d == DIR_SERVER_TO_CLIENT;
    switch (type) {
    case EXTENSION_SERVER_NAME:
        if (!server) {
            read_server_name(t, b);
        }
        break;
    case EXTENSION_ALPN:
        if (server || !t->server_spoke || !t->has_alpn) {
            read_alpn(t, b);
        }
        break;
    case EXTENSION_SUPPORTED_VERSIONS:
        if (server) {
            read_chosen_version(t, b);
        } else {
            read_offered_versions(t, b);
        }
        break;
    default:
        break;
    }
}

/* Of a message that was cut off (its end lost, or beyond HELLO_MAX_BYTES) the extensions that are
 * whole are read. */
static void read_extensions(struct tls *t, enum dir d, struct reader r)
{
    size_t n = read_be16(&r);
    r.b = bytes_part(r.b, 0, n);
    while (!r.bad && r.b.n > 0) {
        unsigned type = read_be16(&r);
        struct bytes body = read_vector16(&r);
        if (!r.bad) {
            read_extension(t, d, type, body);
        }
    }
}

static void read_hello(struct tls *t, enum dir d, struct bytes message)
{
    size_t length = be32_at(message, 0) & 0xffffff; /* other messages may follow */
    struct reader r = reader_of(bytes_part(message, HANDSHAKE_HEADER_BYTES, length));
    bool server = d == DIR_SERVER_TO_CLIENT;
    uint16_t version = read_be16(&r);
    read_skip(&r, 32);
    read_vector8(&r); /* session id */
    uint16_t cipher = 0;
    if (server) {
        cipher = read_be16(&r);
        read_skip(&r, 1);
        t->server_spoke = true;
    } else {
        read_vector16(&r); /* cipher suites */
        read_vector8(&r);  /* compression methods */
    }
    if (server || t->version == 0) {
        t->version = version;
        t->cipher = cipher;
    }
    read_extensions(t, d, r);
}

/* ---- Records ---- */

static void tls_open(struct stream *s, const struct hint *hint)
{
    (void)hint;
    struct tls *t = stream_state(s);
    for (int d = 0; d < 2; d++) {
        buffer_init(&t->side[d].hello, HELLO_MAX_BYTES);
    }
    buffer_init(&t->sni, NAME_MAX_BYTES);
    buffer_init(&t->alpn, NAME_MAX_BYTES);
    if (stream_session(s) == 0) {
        stream_begin_session(s, SESSION_TLS, 100);
    }
}

static bool is_hello_of(struct bytes message, enum dir d)
{
    unsigned type = d == DIR_CLIENT_TO_SERVER ? HANDSHAKE_CLIENT_HELLO : HANDSHAKE_SERVER_HELLO;
    return message.n > HANDSHAKE_HEADER_BYTES && u8_at(message, 0) == type;
}

/* Tells what the hello says, if there is one, whole or not; the rest of the direction is not of
 * interest. */
static void finish_side(struct stream *s, enum dir d)
{
    struct tls *t = stream_state(s);
    struct bytes message = buffer_bytes(&t->side[d].hello);
    if (is_hello_of(message, d)) {
        read_hello(t, d, message);
        struct event e = {.type = EVENT_TLS, .dir = d};
        e.tls.version = t->version;
        e.tls.cipher = t->cipher;
        e.tls.sni = t->has_sni ? (struct bytes){t->sni.p, t->sni.n} : e.tls.sni;
        e.tls.alpn = t->has_alpn ? (struct bytes){t->alpn.p, t->alpn.n} : e.tls.alpn;
        stream_emit(s, &e);
    }
    buffer_done(&t->side[d].hello);
    stream_give_up(s, d);
}

static size_t take_record_header(struct stream *s, const struct chunk *c)
{
    struct tls *t = stream_state(s);
    if (c->b.n < RECORD_HEADER_BYTES) {
        stream_want(s, RECORD_HEADER_BYTES);
        return 0;
    }
    if (!is_record(c->b) || u8_at(c->b, 0) != RECORD_HANDSHAKE) {
        finish_side(s, c->dir);
        return c->b.n;
    }
    t->side[c->dir].left = be16_at(c->b, 3);
    return RECORD_HEADER_BYTES;
}

/* Whether the hello is whole, or as much of it as is kept, or no hello at all. */
static bool is_enough(const struct buffer *hello, enum dir d)
{
    struct bytes b = buffer_bytes(hello);
    if (b.n <= HANDSHAKE_HEADER_BYTES) {
        return false;
    }
    return !is_hello_of(b, d) || b.n == HELLO_MAX_BYTES ||
           b.n - HANDSHAKE_HEADER_BYTES >= (be32_at(b, 0) & 0xffffff);
}

static size_t tls_data(struct stream *s, const struct chunk *c)
{
    struct tls *t = stream_state(s);
    struct tls_side *side = &t->side[c->dir];
    if (side->left == 0) {
        return take_record_header(s, c);
    }
    struct bytes b = bytes_part(c->b, 0, side->left);
    side->left -= b.n;
    bool kept = buffer_append(&side->hello, bytes_part(b, 0, HELLO_MAX_BYTES - side->hello.n));
    if (!kept || is_enough(&side->hello, c->dir)) {
        finish_side(s, c->dir);
    }
    return b.n;
}

static bool tls_gap(struct stream *s, enum dir d, uint64_t n)
{
    (void)n;
    finish_side(s, d);
    return false;
}

static void tls_end(struct stream *s, enum dir d)
{
    finish_side(s, d);
}

static void tls_close(struct stream *s)
{
    struct tls *t = stream_state(s);
    buffer_done(&t->side[0].hello);
    buffer_done(&t->side[1].hello);
    buffer_done(&t->sni);
    buffer_done(&t->alpn);
}

const struct decoder tls_decoder = {.name = "tls",
                                    .state_size = sizeof(struct tls),
                                    .max_keep = RECORD_HEADER_BYTES,
                                    .match = tls_match,
                                    .open = tls_open,
                                    .data = tls_data,
                                    .gap = tls_gap,
                                    .end = tls_end,
                                    .close = tls_close};
