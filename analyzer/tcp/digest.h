/*
 * A keyed digest of a payload, to tell a retransmission that carries other bytes than the first
 * copy.
 *
 * It runs over every payload, so it has to cost little: it is NH, the universal hash of UMAC (RFC
 * 4418 section 5.2.1): sums of products of 32-bit words, four multiplications for 32 bytes. For
 * somebody who does not know the key, two different payloads of one length have the same digest
 * with a chance of about 2^-32. It is no good for anything else: whoever sees digests can compute
 * the key.
 */
#ifndef WSIGHT_DIGEST_H
#define WSIGHT_DIGEST_H

#include "decoders/base/bytes.h"

/* The key is as long as what is hashed at once: a payload of a usual packet. Longer payloads, as
 * network cards hand them over, use it again for each such block. */
#define DIGEST_BLOCK_BYTES 2048
#define DIGEST_KEY_WORDS (DIGEST_BLOCK_BYTES / 4)

struct digest_key {
    uint32_t words[DIGEST_KEY_WORDS];
};

void digest_key_init(struct digest_key *, uint64_t seed);

uint32_t payload_digest(const struct digest_key *, struct bytes);

/* The same without the processor's vector instructions: what other machines use. */
uint32_t payload_digest_plain(const struct digest_key *, struct bytes);

#endif
