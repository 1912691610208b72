/* TLS hellos: what they say in clear, and how a connection is known as TLS. */
#include "hello.h"

#include "protection.h"

#define HELLO_MIN_BYTES 38          /* version, random and the least of the rest */
#define HELLO_PLAUSIBLE_MAX 0x1ffff /* a length that still looks like one */

/* ---- Whose stream is it? ---- */

/* Nothing beyond the record is looked at: a hello may be cut into very small ones. */
enum verdict tls_begins_hello(struct bytes b, unsigned type)
{
    size_t n = b.n >= TLS_RECORD_HEADER_BYTES ? be16_at(b, 3) : 1;
    if (n == 0 || n > TLS_RECORD_MAX_BYTES) {
        return VERDICT_NO;
    }
    b = bytes_part(b, 0, TLS_RECORD_HEADER_BYTES + n);
    if ((b.n > 0 && u8_at(b, 0) != TLS_HANDSHAKE) || (b.n > 1 && u8_at(b, 1) != 3) ||
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
    size_t needed = TLS_RECORD_HEADER_BYTES + (n < 6 ? n : 6);
    return b.n < needed ? VERDICT_MORE : VERDICT_YES;
}

bool tls_client_random(struct bytes b, uint8_t random[TLS_RANDOM_BYTES])
{
    size_t before = TLS_RECORD_HEADER_BYTES + TLS_HANDSHAKE_HEADER_BYTES + 2;
    if (tls_begins_hello(b, TLS_CLIENT_HELLO) != VERDICT_YES || b.n < before + TLS_RANDOM_BYTES) {
        return false;
    }
    memcpy(random, b.p + before, TLS_RANDOM_BYTES);
    return true;
}

/* A record header as every version sends it after its first flight. */
bool tls_is_record(struct bytes b)
{
    unsigned type = u8_at(b, 0);
    size_t n = be16_at(b, 3);
    if (u8_at(b, 1) != 3 || u8_at(b, 2) > 4 || n == 0 || n > TLS_RECORD_MAX_BYTES) {
        return false;
    }
    switch (type) {
    case TLS_CHANGE_CIPHER_SPEC:
        return n == 1;
    case TLS_ALERT:
        return n == 2 || n > 16;
    case TLS_HANDSHAKE:
    case TLS_APPLICATION_DATA:
        return true;
    default:
        return false;
    }
}

/* Whether b is a run of records, as far as it goes. */
static enum verdict begins_records(struct bytes b)
{
    if (b.n < TLS_RECORD_HEADER_BYTES) {
        bool may_be = (b.n < 1 || (u8_at(b, 0) >= TLS_CHANGE_CIPHER_SPEC &&
                                   u8_at(b, 0) <= TLS_APPLICATION_DATA)) &&
                      (b.n < 2 || u8_at(b, 1) == 3) && (b.n < 3 || u8_at(b, 2) <= 4);
        return may_be ? VERDICT_MORE : VERDICT_NO;
    }
    while (b.n >= TLS_RECORD_HEADER_BYTES) {
        if (!tls_is_record(b)) {
            return VERDICT_NO;
        }
        b = bytes_from(b, TLS_RECORD_HEADER_BYTES + (size_t)be16_at(b, 3));
    }
    return VERDICT_YES;
}

static enum verdict match_midstream(const struct hint *h)
{
    static const uint8_t types[] = {TLS_CLIENT_HELLO, TLS_SERVER_HELLO};
    bool more = false;
    for (unsigned d = 0; d < 2; d++) {
        if (h->first[d].n == 0) {
            continue;
        }
        for (unsigned sender = 0; sender < 2; sender++) {
            enum verdict v = tls_begins_hello(h->first[d], types[sender]);
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

enum verdict tls_match(const struct hint *h)
{
    if (!h->from_start) {
        return match_midstream(h);
    }
    if (h->first[DIR_CLIENT_TO_SERVER].n > 0) {
        return tls_begins_hello(h->first[DIR_CLIENT_TO_SERVER], TLS_CLIENT_HELLO);
    }
    return tls_begins_hello(h->first[DIR_SERVER_TO_CLIENT], TLS_SERVER_HELLO);
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

static bool is_grease_name(struct bytes b)
{
    return b.n == 2 && tls_is_grease(be16_at(b, 0));
}

static void read_server_name(struct tls_hellos *t, struct bytes b)
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

static void read_alpn(struct tls_hellos *t, struct bytes b)
{
    struct reader r = reader_of(b);
    struct reader names = reader_of(read_vector16(&r));
    buffer_clear(&t->alpn);
    t->has_alpn = true;
    while (names.b.n > 0) {
        struct bytes name = read_vector8(&names);
        if (names.bad || name.n > TLS_NAME_MAX_BYTES - 1 ||
            t->alpn.n > TLS_NAME_MAX_BYTES - 1 - name.n) {
            return;
        }
        if (!is_grease_name(name)) {
            buffer_append(&t->alpn, bytes_of(t->alpn.n > 0 ? "," : ""));
            buffer_append(&t->alpn, name);
        }
    }
}

static void read_offered_versions(struct tls_hellos *t, struct bytes b)
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

static void read_chosen_version(struct tls_hellos *t, struct bytes b)
{
    struct reader r = reader_of(b);
    uint16_t version = read_be16(&r);
    if (!r.bad) {
        t->version = version;
    }
}

static void read_extension(struct tls_hellos *t, enum dir d, unsigned type, struct bytes b)
{
    bool server = d == DIR_SERVER_TO_CLIENT;
    switch (type) {
    case TLS_EXTENSION_SERVER_NAME:
        if (!server) {
            read_server_name(t, b);
        }
        break;
    case TLS_EXTENSION_ALPN:
        if (server || !t->server_spoke || !t->has_alpn) {
            read_alpn(t, b);
        }
        break;
    case TLS_EXTENSION_SUPPORTED_VERSIONS:
        if (server) {
            read_chosen_version(t, b);
        } else {
            read_offered_versions(t, b);
        }
        break;
    case TLS_EXTENSION_EARLY_DATA:
        t->early_data = t->early_data || !server;
        t->early_accepted = t->early_accepted || server;
        break;
    case TLS_EXTENSION_ENCRYPT_THEN_MAC:
        t->encrypt_then_mac = server;
        break;
    case TLS_EXTENSION_EXTENDED_MASTER:
        t->extended_master = server;
        break;
    default:
        break;
    }
}

/* Of a message that was cut off (its end lost, or beyond HELLO_MAX_BYTES) the extensions that are
 * whole are read. */
static void read_extensions(struct tls_hellos *t, enum dir d, struct reader r)
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

/* The random of a HelloRetryRequest: SHA-256 of "HelloRetryRequest" (RFC 8446 section 4.1.3). */
static const uint8_t retry_random[TLS_RANDOM_BYTES] = {
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c};

static void take_random(struct tls_hellos *t, enum dir d, struct bytes random)
{
    bool server = d == DIR_SERVER_TO_CLIENT;
    if (random.n < TLS_RANDOM_BYTES) {
        return;
    }
    t->retry = server && memcmp(random.p, retry_random, TLS_RANDOM_BYTES) == 0;
    memcpy(t->random[d], random.p, TLS_RANDOM_BYTES);
    t->has_random[d] = true;
}

void tls_hello_read(struct tls_hellos *t, enum dir d, struct bytes message)
{
    size_t length = be32_at(message, 0) & 0xffffff; /* other messages may follow */
    struct bytes hello = bytes_part(message, TLS_HANDSHAKE_HEADER_BYTES, length);
    struct reader r = reader_of(hello);
    bool server = d == DIR_SERVER_TO_CLIENT;
    uint16_t version = read_be16(&r);
    take_random(t, d, read_bytes(&r, TLS_RANDOM_BYTES));
    read_vector8(&r); /* session id */
    uint16_t cipher = 0;
    if (server) {
        cipher = read_be16(&r);
        t->compression = read_u8(&r);
        t->server_spoke = true;
        t->encrypt_then_mac = t->extended_master = false;
    } else {
        read_vector16(&r); /* cipher suites */
        read_vector8(&r);  /* compression methods */
        if (t->ja4[0] == '\0' && hello.n == length) {
            tls_ja4(hello, t->kit, t->ja4);
        }
    }
    if (server || t->version == 0) {
        t->version = version;
        t->cipher = cipher;
    }
    read_extensions(t, d, r);
}

struct bytes tls_hello_session(enum dir d, struct bytes message, struct bytes *ticket)
{
    struct reader r = reader_of(bytes_part(message, TLS_HANDSHAKE_HEADER_BYTES,
                                           message.n > 3 ? be32_at(message, 0) & 0xffffff : 0));
    *ticket = (struct bytes){0};
    read_skip(&r, 2 + TLS_RANDOM_BYTES);
    struct bytes id = read_vector8(&r);
    if (r.bad || d == DIR_SERVER_TO_CLIENT) {
        return r.bad ? (struct bytes){0} : id;
    }
    read_vector16(&r); /* cipher suites */
    read_vector8(&r);  /* compression methods */
    struct reader extensions = reader_of(read_vector16(&r));
    while (!extensions.bad && extensions.b.n > 0) {
        unsigned type = read_be16(&extensions);
        struct bytes body = read_vector16(&extensions);
        if (type == TLS_EXTENSION_SESSION_TICKET && !extensions.bad) {
            *ticket = body;
        }
    }
    return id;
}

void tls_encrypted_extensions_read(struct tls_hellos *t, struct bytes message)
{
    read_extensions(t, DIR_SERVER_TO_CLIENT,
                    reader_of(bytes_from(message, TLS_HANDSHAKE_HEADER_BYTES)));
}

void tls_hellos_init(struct tls_hellos *t, struct tls_kit *kit)
{
    *t = (struct tls_hellos){.kit = kit};
    buffer_init(&t->sni, TLS_NAME_MAX_BYTES);
    buffer_init(&t->alpn, TLS_NAME_MAX_BYTES);
}

void tls_hellos_done(struct tls_hellos *t)
{
    buffer_done(&t->sni);
    buffer_done(&t->alpn);
}
