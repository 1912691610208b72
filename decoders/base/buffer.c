/* A growable byte buffer with a maximum. */
#include "buffer.h"

#include <assert.h>
#include <stdlib.h>

#define BUFFER_FIRST_BYTES 64

void buffer_init(struct buffer *b, size_t max)
{
    *b = (struct buffer){.max = max};
}

void buffer_done(struct buffer *b)
{
    free(b->p);
    *b = (struct buffer){.max = b->max};
}

uint8_t *buffer_reserve(struct buffer *b, size_t n)
{
    if (n > b->max - b->n) {
        return NULL;
    }
    if (n > b->cap - b->n) {
        size_t need = b->n + n;
        size_t cap = b->cap < BUFFER_FIRST_BYTES ? BUFFER_FIRST_BYTES : b->cap;
        while (cap < need) {
            cap = cap > b->max / 2 ? b->max : cap * 2;
        }
        uint8_t *p = realloc(b->p, cap);
        if (p == NULL) {
            return NULL;
        }
        b->p = p;
        b->cap = cap;
    }
    return b->p + b->n;
}

bool buffer_append(struct buffer *b, struct bytes bytes)
{
    if (bytes.n == 0) {
        return true;
    }
    uint8_t *room = buffer_reserve(b, bytes.n);
    if (room == NULL) {
        return false;
    }
    memcpy(room, bytes.p, bytes.n);
    b->n += bytes.n;
    return true;
}

void buffer_drop(struct buffer *b, size_t n)
{
    assert(n <= b->n);
    b->n -= n;
    if (b->n > 0 && n > 0) {
        memmove(b->p, b->p + n, b->n);
    }
}
