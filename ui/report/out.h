/*
 * Buffered output that remembers its first error.
 *
 * Every report writes through one of these: to a FILE, or to a growable buffer. After a write has
 * failed (full disk, closed pipe, no memory) the rest is dropped and `error` holds the errno of the
 * first failure, so that nobody has to look at the result of each call. The buffer makes a small
 * write a few instructions; out_flush hands everything to the FILE and flushes that as well.
 */
#ifndef WSIGHT_OUT_H
#define WSIGHT_OUT_H

#include "decoders/base/buffer.h"

#include <stdio.h>

#define OUT_BUFFER_BYTES 65536
/* The most bytes that out_room may be asked for. */
#define OUT_ROOM_MAX_BYTES 1024
/* Bytes of the longest number that out_u64 and out_i64 write. */
#define OUT_NUMBER_BYTES 24

struct out {
    FILE *file;          /* where it goes, */
    struct buffer *into; /* or here */
    int error;           /* errno of the first failure; 0: none */
    size_t n;            /* bytes in the buffer */
    uint8_t buffer[OUT_BUFFER_BYTES];
};

/* One of file and into is NULL; both are borrowed. */
void out_init(struct out *o, FILE *file, struct buffer *into);

/* Hands over what is in the buffer. Returns o->error. */
int out_flush(struct out *o);

/* Makes room: hands over all, or to a FILE whole pages of it, which stdio passes on without a copy.
 */
void out_drain(struct out *o);

void out_bytes(struct out *o, struct bytes b);

/* Room for n bytes (at most OUT_ROOM_MAX_BYTES), to be filled and then counted: o->n += used. */
static inline uint8_t *out_room(struct out *o, size_t n)
{
    if (n > OUT_BUFFER_BYTES - o->n) {
        out_drain(o);
    }
    return o->buffer + o->n;
}

/* A literal, or any C string of at most OUT_ROOM_MAX_BYTES. */
static inline void out_text(struct out *o, const char *s)
{
    size_t n = strlen(s);
    memcpy(out_room(o, n), s, n);
    o->n += n;
}

static inline void out_char(struct out *o, char c)
{
    *out_room(o, 1) = (uint8_t)c;
    o->n++;
}

void out_repeat(struct out *o, char c, size_t n);

/* Decimal digits of v at p, which has room for OUT_NUMBER_BYTES; returns how many. */
size_t number_write(uint8_t *p, uint64_t v);

void out_u64(struct out *o, uint64_t v);
void out_i64(struct out *o, int64_t v);
/* v / 10^scale with `digits` decimal places (at most scale, at most 9), rounded half away from 0.
 */
void out_fixed(struct out *o, int64_t v, unsigned scale, unsigned digits);

/* Formatted text, for what is not written often; cut after 255 bytes. */
void out_printf(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

#endif
