/*
 * What a stream keeps of one direction for its decoder: bytes that it left for next time or that
 * wait for the other direction, and gaps between them. Each piece keeps the time and packet it came
 * with.
 *
 * The decoder is shown the kept bytes from the first one to the end of a piece, piece by piece: as
 * it would have seen them had they just come. A gap is told once the bytes before it are taken;
 * those that are not are lost with it, as whatever they began will never be whole.
 */
#ifndef WSIGHT_KEPT_H
#define WSIGHT_KEPT_H

#include "decoder.h"

struct kept;

/* max: most bytes at a time. NULL when out of memory. */
struct kept *kept_new(size_t max);
void kept_free(struct kept *);

/* Bytes kept; 0 for NULL. */
size_t kept_bytes(const struct kept *);
/* All of them in a row, gaps or not. */
struct bytes kept_view(const struct kept *);
/* No bytes and no gap; true for NULL. */
bool kept_is_empty(const struct kept *);
/* Packet number of the first piece; there must be one. */
uint64_t kept_first_pkt(const struct kept *);

/* Both are false when there is no room or no memory. */
bool kept_append(struct kept *, const struct chunk *);
bool kept_append_gap(struct kept *, uint64_t n, int64_t ts, uint64_t pkt);

/* What the decoder has not been shown: bytes, or a gap when gap is not 0. */
struct kept_offer {
    int64_t ts;
    uint64_t pkt;
    struct bytes b;
    uint64_t gap; /* with the bytes before it that were not taken */
};

/* The next thing to show; false when there is nothing that was not shown, or not as much as the
 * decoder wants, or only what came after packet `last`. */
bool kept_next(struct kept *, uint64_t last, struct kept_offer *);
/* The decoder took n of the bytes. What is left is shown anew. */
void kept_take(struct kept *, size_t n);
/* The decoder took the gap. */
void kept_take_gap(struct kept *);
/* The decoder wants n bytes in all before it is shown any; 0: one more. */
void kept_want(struct kept *, size_t n);
size_t kept_wanted(const struct kept *);
/* All that is there was shown. */
void kept_shown(struct kept *);
/* Everything is shown anew. */
void kept_again(struct kept *);

#endif
