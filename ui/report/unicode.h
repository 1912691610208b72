/*
 * Bytes from the wire as characters (RFC 3629), for those who print them.
 */
#ifndef WSIGHT_UNICODE_H
#define WSIGHT_UNICODE_H

#include "decoders/base/bytes.h"

/*
 * The first character of b, which is not empty. Returns how many bytes it takes. Where b does not
 * begin with valid UTF-8, *character becomes UNICODE_INVALID and the result is the length of what
 * one U+FFFD stands for: the longest beginning of a character, or one byte (Unicode 15,
 * section 3.9, "substitution of maximal subparts").
 */
#define UNICODE_INVALID UINT32_MAX
size_t unicode_decode(struct bytes b, uint32_t *character);

#define UNICODE_BYTES_MAX 4
/* The character, of at most U+10FFFF, as UTF-8. Returns how many bytes it takes. */
size_t unicode_encode(uint32_t character, uint8_t out[UNICODE_BYTES_MAX]);

/* Control characters, those that reorder what is read, and those that cannot be seen at all: shown
 * as they are they could deceive the reader or steer the terminal. */
bool unicode_is_unsafe(uint32_t character);

#endif
