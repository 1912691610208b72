/*
 * A growable byte buffer with a maximum.
 *
 * No size from the wire reaches an allocator except through one of these. An append that would pass
 * the maximum, or that the allocator refuses, appends nothing and returns false; what is in the
 * buffer stays as it was. The buffer owns its bytes; buffer_done frees them and leaves it empty.
 */
#ifndef WSIGHT_BUFFER_H
#define WSIGHT_BUFFER_H

#include "bytes.h"

struct buffer {
    uint8_t *p;
    size_t n;   /* bytes in use */
    size_t cap; /* bytes allocated */
    size_t max; /* most bytes it may ever hold */
};

void buffer_init(struct buffer *b, size_t max);
void buffer_done(struct buffer *b);

/* Appends the bytes; false when they do not fit. They must not lie in the buffer itself. */
bool buffer_append(struct buffer *b, struct bytes bytes);

/* Room for n more bytes at the end, to be filled and then counted by the caller (b->n += used);
 * NULL when they do not fit. */
uint8_t *buffer_reserve(struct buffer *b, size_t n);

/* Takes the first n bytes away (n <= b->n). */
void buffer_drop(struct buffer *b, size_t n);

static inline struct bytes buffer_bytes(const struct buffer *b)
{
    return (struct bytes){b->p, b->n};
}

static inline void buffer_clear(struct buffer *b)
{
    b->n = 0;
}

#endif
