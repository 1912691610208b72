/*
 * UTF-8 validation of text that comes in pieces (RFC 3629; RFC 6455 section 8.1).
 *
 * A piece may end anywhere, in the middle of a character too. A zeroed struct utf8 is the start of
 * a text. Once a byte was wrong the text stays invalid, whatever follows.
 */
#ifndef WSIGHT_UTF8_H
#define WSIGHT_UTF8_H

#include "bytes.h"

struct utf8 {
    uint8_t state; /* enum utf8_state of utf8.c; 0: between two characters */
};

/* Takes the next piece. false: the text is invalid (in this piece or before). */
bool utf8_push(struct utf8 *u, struct bytes piece);

/* true: the text may end here: all bytes so far were right and no character is cut. */
static inline bool utf8_complete(const struct utf8 *u)
{
    return u->state == 0;
}

/* How many bytes at the start of b are ASCII. */
size_t utf8_ascii_prefix(struct bytes b);

/* All of b as one text. */
bool utf8_valid(struct bytes b);

#endif
