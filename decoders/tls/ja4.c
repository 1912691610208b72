/*
 * JA4, a fingerprint of a TLS client's first message: what it is (transport, version, server name,
 * how many suites and extensions, first application protocol), a hash of its sorted suites, and one
 * of its sorted extensions with its signature algorithms.
 */
#include "hello.h"

#include "protection.h"

#include <stdio.h>
#include <stdlib.h>

#define LIST_MAX 256 /* entries that are hashed; a list of 128 KB is no client's */
#define HASH_CHARACTERS 12

struct list {
    uint16_t entry[LIST_MAX];
    size_t n;
};

struct client {
    struct list suites, extensions, algorithms;
    size_t extension_count; /* those that are left out of the hash counted */
    uint16_t version;
    bool has_sni;
    struct bytes alpn; /* first name */
};

static void add(struct list *l, uint16_t v)
{
    if (!tls_is_grease(v) && l->n < LIST_MAX) {
        l->entry[l->n++] = v;
    }
}

static void read_list(struct list *l, struct bytes b)
{
    struct reader r = reader_of(b);
    while (r.b.n >= 2) {
        add(l, read_be16(&r));
    }
}

static void read_extension(struct client *c, uint16_t type, struct bytes b)
{
    struct reader r = reader_of(b);
    switch (type) {
    case TLS_EXTENSION_SERVER_NAME:
        c->has_sni = true;
        break;
    case TLS_EXTENSION_ALPN: {
        struct reader names = reader_of(read_bytes(&r, read_be16(&r)));
        c->alpn = read_bytes(&names, read_u8(&names));
        break;
    }
    case TLS_EXTENSION_SIGNATURE_ALGORITHMS:
        read_list(&c->algorithms, read_bytes(&r, read_be16(&r)));
        break;
    case TLS_EXTENSION_SUPPORTED_VERSIONS: {
        struct list versions = {.n = 0};
        read_list(&versions, read_bytes(&r, read_u8(&r)));
        for (size_t i = 0; i < versions.n; i++) {
            c->version = versions.entry[i] > c->version ? versions.entry[i] : c->version;
        }
        break;
    }
    default:
        break;
    }
}

static bool read_client(struct client *c, struct bytes hello)
{
    struct reader r = reader_of(hello);
    uint16_t legacy = read_be16(&r);
    read_skip(&r, TLS_RANDOM_BYTES);
    read_skip(&r, read_u8(&r));
    read_list(&c->suites, read_bytes(&r, read_be16(&r)));
    read_skip(&r, read_u8(&r));
    if (r.bad) {
        return false;
    }
    struct reader extensions = reader_of(r.b.n > 0 ? read_bytes(&r, read_be16(&r)) : r.b);
    while (extensions.b.n > 0 && !extensions.bad) {
        uint16_t type = read_be16(&extensions);
        struct bytes body = read_bytes(&extensions, read_be16(&extensions));
        if (extensions.bad || tls_is_grease(type)) {
            continue;
        }
        c->extension_count++;
        if (type != TLS_EXTENSION_SERVER_NAME && type != TLS_EXTENSION_ALPN) {
            add(&c->extensions, type);
        }
        read_extension(c, type, body);
    }
    c->version = c->version != 0 ? c->version : legacy;
    return !r.bad && !extensions.bad;
}

static int compare(const void *a, const void *b)
{
    uint16_t x = *(const uint16_t *)a, y = *(const uint16_t *)b;
    return x < y ? -1 : x > y;
}

static const char hex[] = "0123456789abcdef";

static char *write_byte(char *out, unsigned byte)
{
    *out++ = hex[byte >> 4];
    *out++ = hex[byte & 15];
    return out;
}

/* The list in hex, comma between, behind what text holds; its new length. */
static size_t write_list(char *text, size_t at, const struct list *l)
{
    char *out = text + at;
    for (size_t i = 0; i < l->n; i++) {
        if (i > 0) {
            *out++ = ',';
        }
        out = write_byte(write_byte(out, l->entry[i] >> 8), l->entry[i] & 0xff);
    }
    return (size_t)(out - text);
}

static void write_hash(char *out, struct tls_kit *kit, const char *text, size_t n)
{
    uint8_t digest[TLS_SHA256_BYTES];
    if (n == 0 || !tls_kit_sha256(kit, (struct bytes){(const uint8_t *)text, n}, digest)) {
        memset(digest, 0, sizeof digest);
    }
    for (size_t i = 0; i < HASH_CHARACTERS / 2; i++) {
        out = write_byte(out, digest[i]);
    }
    *out = '\0';
}

static bool is_alphanumeric(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/* First and last character of the first name; of bytes that are no such characters the first and
 * last hex digit. */
static void write_alpn(char out[3], struct bytes name)
{
    if (name.n == 0) {
        memcpy(out, "00", 3);
        return;
    }
    uint8_t first = u8_at(name, 0), last = u8_at(name, name.n - 1);
    bool plain = is_alphanumeric(first) && is_alphanumeric(last);
    out[0] = plain ? (char)first : hex[first >> 4];
    out[1] = plain ? (char)last : hex[last & 15];
    out[2] = '\0';
}

static const char *version_text(uint16_t version)
{
    switch (version) {
    case 0x0304:
        return "13";
    case 0x0303:
        return "12";
    case 0x0302:
        return "11";
    case 0x0301:
        return "10";
    case 0x0300:
        return "s3";
    default:
        return "00";
    }
}

void tls_ja4(struct bytes hello, struct tls_kit *kit, char out[TLS_JA4_CHARACTERS + 1])
{
    char text[2 * 5 * LIST_MAX + 8];
    char alpn[3];
    struct client c = {.has_sni = false};
    out[0] = '\0';
    if (!read_client(&c, hello)) {
        return;
    }
    write_alpn(alpn, c.alpn);
    int at = snprintf(out, TLS_JA4_CHARACTERS + 1, "t%s%c%02u%02u%s_", version_text(c.version),
                      c.has_sni ? 'd' : 'i', (unsigned)(c.suites.n < 99 ? c.suites.n : 99),
                      (unsigned)(c.extension_count < 99 ? c.extension_count : 99), alpn);
    qsort(c.suites.entry, c.suites.n, sizeof c.suites.entry[0], compare);
    write_hash(out + at, kit, text, write_list(text, 0, &c.suites));
    qsort(c.extensions.entry, c.extensions.n, sizeof c.extensions.entry[0], compare);
    size_t n = write_list(text, 0, &c.extensions);
    if (n > 0 && c.algorithms.n > 0) {
        text[n++] = '_';
        n = write_list(text, n, &c.algorithms);
    }
    out[at + HASH_CHARACTERS] = '_';
    write_hash(out + at + HASH_CHARACTERS + 1, kit, text, n);
}
