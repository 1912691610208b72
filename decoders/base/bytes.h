/*
 * Borrowed views of bytes, and reading big-endian fields from them.
 *
 * A struct bytes never owns what it points to and is never freed. Network bytes are read through a
 * struct reader and nowhere else: it checks every length once, and after the first short read it is
 * `bad` and returns zeros, so that a decoder tests once at the end of a header.
 */
#ifndef WSIGHT_BYTES_H
#define WSIGHT_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct bytes {
    const uint8_t *p;
    size_t n;
};

/* The bytes of a C string, without its NUL. */
static inline struct bytes bytes_of(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

/* The part of b from `from` on, at most n bytes; empty when from lies beyond the end. */
static inline struct bytes bytes_part(struct bytes b, size_t from, size_t n)
{
    if (from >= b.n) {
        return (struct bytes){b.p, 0};
    }
    if (n > b.n - from) {
        n = b.n - from;
    }
    return (struct bytes){b.p + from, n};
}

static inline struct bytes bytes_from(struct bytes b, size_t from)
{
    return bytes_part(b, from, SIZE_MAX);
}

static inline bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static inline bool bytes_start_with(struct bytes b, struct bytes prefix)
{
    return b.n >= prefix.n && (prefix.n == 0 || memcmp(b.p, prefix.p, prefix.n) == 0);
}

/* ASCII-case-insensitive comparison (RFC 9110 section 5.1), independent of the locale. */
bool bytes_equal_nocase(struct bytes a, struct bytes b);

/* Without leading and trailing spaces and tabs (OWS, RFC 9110 section 5.6.3). */
struct bytes bytes_trim(struct bytes b);

/* Index of the first c, or b.n. */
static inline size_t bytes_find(struct bytes b, uint8_t c)
{
    const uint8_t *at = b.n > 0 ? memchr(b.p, c, b.n) : NULL;
    return at != NULL ? (size_t)(at - b.p) : b.n;
}

/* Index of the first `needle`, or hay.n. */
size_t bytes_find_bytes(struct bytes hay, struct bytes needle);

/* The decimal number that b is, whole; false when it is empty, has another byte or passes
 * UINT64_MAX. */
bool bytes_to_u64(struct bytes b, uint64_t *out);

/* Fields at a fixed place, for where a length was checked once for many of them: the caller has
 * made sure that b reaches beyond the field. */
static inline uint8_t u8_at(struct bytes b, size_t at)
{
    return b.p[at];
}

static inline uint16_t be16_at(struct bytes b, size_t at)
{
    return (uint16_t)(b.p[at] << 8 | b.p[at + 1]);
}

static inline uint32_t be32_at(struct bytes b, size_t at)
{
    return (uint32_t)b.p[at] << 24 | (uint32_t)b.p[at + 1] << 16 | (uint32_t)b.p[at + 2] << 8 |
           b.p[at + 3];
}

static inline uint64_t be64_at(struct bytes b, size_t at)
{
    return (uint64_t)be32_at(b, at) << 32 | be32_at(b, at + 4);
}

struct reader {
    struct bytes b; /* what is left */
    bool bad;       /* a read went past the end */
};

static inline struct reader reader_of(struct bytes b)
{
    return (struct reader){b, false};
}

/* The next n bytes; on a short read bad is set and the result is empty. */
static inline struct bytes read_bytes(struct reader *r, size_t n)
{
    if (n > r->b.n) {
        r->bad = true;
        r->b.n = 0;
        return (struct bytes){r->b.p, 0};
    }
    struct bytes out = {r->b.p, n};
    r->b.p += n;
    r->b.n -= n;
    return out;
}

static inline void read_skip(struct reader *r, size_t n)
{
    (void)read_bytes(r, n);
}

static inline uint8_t read_u8(struct reader *r)
{
    struct bytes b = read_bytes(r, 1);
    return b.n == 1 ? b.p[0] : 0;
}

static inline uint16_t read_be16(struct reader *r)
{
    struct bytes b = read_bytes(r, 2);
    return (uint16_t)(b.n == 2 ? b.p[0] << 8 | b.p[1] : 0);
}

static inline uint32_t read_be32(struct reader *r)
{
    struct bytes b = read_bytes(r, 4);
    return b.n == 4
               ? (uint32_t)b.p[0] << 24 | (uint32_t)b.p[1] << 16 | (uint32_t)b.p[2] << 8 | b.p[3]
               : 0;
}

static inline uint64_t read_be64(struct reader *r)
{
    uint64_t high = read_be32(r);
    return high << 32 | read_be32(r);
}

#endif
