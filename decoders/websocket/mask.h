/*
 * Unmasking of frame payload (RFC 6455 section 5.3).
 */
#ifndef WSIGHT_MASK_H
#define WSIGHT_MASK_H

#include "../base/bytes.h"

/*
 * Writes src, XORed with the masking key, to dst. offset is how far into the frame's payload src
 * begins (only its low two bits matter). dst has room for src.n bytes and does not overlap src: the
 * last block may be done twice. Returns true when all of the result is ASCII (below 80 hex), found
 * on the way at no cost.
 */
bool mask_copy(uint8_t *dst, struct bytes src, const uint8_t key[4], uint64_t offset);

#endif
