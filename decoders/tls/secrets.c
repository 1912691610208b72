/* Key logs (RFC 9850): reading lines, and a table of secrets by client random and label. */
#include "secrets.h"

#include "../base/buffer.h"
#include "protection.h"

#include <stdio.h>
#include <stdlib.h>

/* A line is at most 225 bytes long; comments may be longer. */
#define LINE_MAX_BYTES 4096
/* Of 99 bytes each, in a table that is at most 4/5 full: 52 MB. A browser writes six a connection.
 */
#define SECRETS_MAX 400000
#define FIRST_SLOTS 64
#define BYTE_ORDER_MARK "\xef\xbb\xbf" /* some editors begin a file with it */

struct entry {
    uint8_t random[TLS_RANDOM_BYTES];
    uint8_t kind; /* enum tls_secret_kind */
    bool used;
    struct tls_secret secret;
};

struct tls_secrets {
    struct entry *entries; /* open addressing */
    size_t mask;
    uint64_t seed;
    uint64_t generation;
    uint64_t line_number;
    struct tls_secrets_counts counts;
    struct buffer line; /* what has come of a line that is not over */
    bool too_long;      /* ... and it is no longer kept */
    bool expected;
    const struct tls_rsa_keys *rsa;
    struct tls_kit *kit;
};

static uint64_t load64(const uint8_t *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static uint64_t mix(uint64_t h, uint64_t v)
{
    __extension__ unsigned __int128 product =
        (unsigned __int128)(h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash(const struct tls_secrets *t, const uint8_t *random, unsigned kind)
{
    uint64_t h = t->seed ^ kind;
    for (size_t i = 0; i < TLS_RANDOM_BYTES; i += 8) {
        h = mix(h, load64(random + i)) + t->seed;
    }
    return h;
}

static struct entry *slot_of(const struct tls_secrets *t, const uint8_t *random, unsigned kind)
{
    size_t i = hash(t, random, kind) & t->mask;
    while (t->entries[i].used && (t->entries[i].kind != kind ||
                                  memcmp(t->entries[i].random, random, TLS_RANDOM_BYTES) != 0)) {
        i = (i + 1) & t->mask;
    }
    return &t->entries[i];
}

static bool grow(struct tls_secrets *t)
{
    struct entry *old = t->entries;
    size_t n = t->mask + 1;
    struct entry *more = calloc(2 * n, sizeof *more);
    if (more == NULL) {
        return false;
    }
    t->entries = more;
    t->mask = 2 * n - 1;
    for (size_t i = 0; i < n; i++) {
        if (old[i].used) {
            *slot_of(t, old[i].random, old[i].kind) = old[i];
        }
    }
    free(old);
    return true;
}

/* The newest secret of a label counts: a log may hold an attempt that was given up. */
static void keep_secret(struct tls_secrets *t, const struct entry *e)
{
    struct entry *slot = slot_of(t, e->random, e->kind);
    if (!slot->used) {
        bool full =
            t->counts.secrets >= SECRETS_MAX || (t->counts.secrets * 5 > t->mask * 4 && !grow(t));
        if (full) {
            t->counts.left_out++;
            return;
        }
        slot = slot_of(t, e->random, e->kind);
        t->counts.secrets++;
    }
    *slot = *e;
    t->generation++;
}

/* ---- Lines ---- */

static int hex_digit(uint8_t c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool read_hex(struct bytes text, uint8_t *out, size_t n)
{
    if (text.n != 2 * n) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        int high = hex_digit(u8_at(text, 2 * i));
        int low = hex_digit(u8_at(text, 2 * i + 1));
        if (high < 0 || low < 0) {
            return false;
        }
        out[i] = (uint8_t)(high << 4 | low);
    }
    return true;
}

static struct bytes next_word(struct bytes *line)
{
    *line = bytes_trim(*line);
    size_t end = bytes_find(*line, ' ');
    end = bytes_find(bytes_part(*line, 0, end), '\t');
    struct bytes word = bytes_part(*line, 0, end);
    *line = bytes_from(*line, end);
    return word;
}

static const char *const labels[TLS_SECRET_KINDS] = {
    [TLS_MASTER_SECRET] = "CLIENT_RANDOM",
    [TLS_CLIENT_EARLY] = "CLIENT_EARLY_TRAFFIC_SECRET",
    [TLS_CLIENT_HANDSHAKE] = "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
    [TLS_SERVER_HANDSHAKE] = "SERVER_HANDSHAKE_TRAFFIC_SECRET",
    [TLS_CLIENT_TRAFFIC] = "CLIENT_TRAFFIC_SECRET_0",
    [TLS_SERVER_TRAFFIC] = "SERVER_TRAFFIC_SECRET_0",
};

static int kind_of(struct bytes label)
{
    for (int i = 0; i < TLS_SECRET_KINDS; i++) {
        if (bytes_equal(label, bytes_of(labels[i]))) {
            return i;
        }
    }
    return -1;
}

/* Labels of other purposes, and of formats that say nothing about the client random. */
static bool is_label(struct bytes label)
{
    for (size_t i = 0; i < label.n; i++) {
        uint8_t c = label.p[i];
        if (!((c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_')) {
            return false;
        }
    }
    return label.n > 0;
}

static bool length_fits(int kind, size_t n)
{
    return n == 48 || (n == 32 && kind != TLS_MASTER_SECRET);
}

static void take_line(struct tls_secrets *t, struct bytes line)
{
    struct entry e = {.used = true};
    if (t->line_number++ == 0 && bytes_start_with(line, bytes_of(BYTE_ORDER_MARK))) {
        line = bytes_from(line, 3);
    }
    if (line.n > 0 && line.p[line.n - 1] == '\r') {
        line.n--;
    }
    line = bytes_trim(line);
    if (line.n == 0 || line.p[0] == '#') {
        return;
    }
    struct bytes label = next_word(&line);
    struct bytes random = next_word(&line);
    struct bytes secret = next_word(&line);
    int kind = kind_of(label);
    if (kind < 0 && is_label(label) && random.n > 0) {
        t->counts.others++;
        return;
    }
    e.kind = (uint8_t)kind;
    e.secret.n = (uint8_t)(secret.n / 2 <= TLS_SECRET_MAX_BYTES ? secret.n / 2 : 0);
    if (kind < 0 || bytes_trim(line).n > 0 || !length_fits(kind, e.secret.n) ||
        !read_hex(random, e.random, TLS_RANDOM_BYTES) ||
        !read_hex(secret, e.secret.bytes, e.secret.n)) {
        t->counts.malformed++;
        t->counts.first_malformed =
            t->counts.first_malformed != 0 ? t->counts.first_malformed : t->line_number;
        return;
    }
    t->counts.lines++;
    keep_secret(t, &e);
}

static void end_line(struct tls_secrets *t)
{
    if (t->too_long) {
        buffer_clear(&t->line); /* a comment, or nothing that could be read */
    }
    take_line(t, buffer_bytes(&t->line));
    buffer_clear(&t->line);
    t->too_long = false;
}

void tls_secrets_add(struct tls_secrets *t, struct bytes piece)
{
    while (piece.n > 0) {
        size_t end = bytes_find(piece, '\n');
        struct bytes part = bytes_part(piece, 0, end);
        if (end < piece.n && t->line.n == 0 && !t->too_long) {
            take_line(t, part);
        } else {
            t->too_long = !buffer_append(&t->line, part) || t->too_long;
            if (end < piece.n) {
                end_line(t);
            }
        }
        piece = bytes_from(piece, end + 1);
    }
}

void tls_secrets_end(struct tls_secrets *t)
{
    if (t->line.n > 0 || t->too_long) {
        end_line(t);
    }
    t->line_number = 0;
}

/* ---- Looking up ---- */

void tls_secrets_expect(struct tls_secrets *t, bool more)
{
    t->expected = more;
}

bool tls_secrets_expected(const struct tls_secrets *t)
{
    return t->expected;
}

bool tls_secrets_none(const struct tls_secrets *t)
{
    return t == NULL || (t->counts.secrets == 0 && !t->expected && t->rsa == NULL);
}

void tls_secrets_keep(struct tls_secrets *t, const uint8_t random[TLS_RANDOM_BYTES],
                      enum tls_secret_kind kind, const struct tls_secret *secret)
{
    struct entry e = {.kind = (uint8_t)kind, .used = true, .secret = *secret};
    memcpy(e.random, random, TLS_RANDOM_BYTES);
    keep_secret(t, &e);
}

void tls_secrets_use_rsa(struct tls_secrets *t, const struct tls_rsa_keys *keys)
{
    t->rsa = keys;
}

const struct tls_rsa_keys *tls_secrets_rsa(const struct tls_secrets *t)
{
    return t->rsa;
}

struct tls_kit *tls_secrets_kit(const struct tls_secrets *t)
{
    return t->kit;
}

uint64_t tls_secrets_generation(const struct tls_secrets *t)
{
    return t->generation;
}

bool tls_secrets_find(const struct tls_secrets *t, const uint8_t random[TLS_RANDOM_BYTES],
                      enum tls_secret_kind kind, struct tls_secret *out)
{
    const struct entry *e = slot_of(t, random, kind);
    if (e->used) {
        *out = e->secret;
    }
    return e->used;
}

static size_t write_hex(char *out, const uint8_t *p, size_t n)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < n; i++) {
        out[2 * i] = digits[p[i] >> 4];
        out[2 * i + 1] = digits[p[i] & 15];
    }
    return 2 * n;
}

size_t tls_secrets_write(const struct tls_secrets *t, const uint8_t random[TLS_RANDOM_BYTES],
                         char out[TLS_SESSION_LOG_MAX_BYTES])
{
    struct tls_secret secret;
    size_t n = 0;
    for (int kind = 0; kind < TLS_SECRET_KINDS; kind++) {
        if (tls_secrets_find(t, random, (enum tls_secret_kind)kind, &secret)) {
            n += (size_t)sprintf(out + n, "%s ", labels[kind]);
            n += write_hex(out + n, random, TLS_RANDOM_BYTES);
            out[n++] = ' ';
            n += write_hex(out + n, secret.bytes, secret.n);
            out[n++] = '\n';
        }
    }
    return n;
}

struct tls_secrets_counts tls_secrets_counts(const struct tls_secrets *t)
{
    return t->counts;
}

struct tls_secrets *tls_secrets_new(uint64_t seed)
{
    struct tls_secrets *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return NULL;
    }
    t->seed = seed | 1;
    t->mask = FIRST_SLOTS - 1;
    t->entries = calloc(FIRST_SLOTS, sizeof *t->entries);
    buffer_init(&t->line, LINE_MAX_BYTES);
    t->kit = tls_kit_new();
    if (t->entries == NULL || t->kit == NULL) {
        tls_secrets_free(t);
        return NULL;
    }
    return t;
}

void tls_secrets_free(struct tls_secrets *t)
{
    if (t != NULL) {
        free(t->entries);
        tls_kit_free(t->kit);
        buffer_done(&t->line);
        free(t);
    }
}
