/*
 * One of N parts of the traffic: the connections whose Community ID falls in it, so that N runs
 * over the same capture see every connection once.
 *
 * The part is that of the first 8 bytes of the ID's SHA-1, as a big-endian number: of N equal
 * ranges of it the K-th, from 1. VLANs and tunnels are no part of the ID. It is worked out once for
 * each direction of a connection and remembered in a table of fixed size.
 */
#ifndef WSIGHT_SHARD_H
#define WSIGHT_SHARD_H

#include "decoders/net/packet.h"

#include <stdbool.h>

struct shard;

/* 1 <= part <= of. NULL when out of memory. */
struct shard *shard_new(uint32_t part, uint32_t of);
void shard_free(struct shard *);

/* Whether the part has this connection. hash: of the key, unpredictable to the senders. */
bool shard_has(struct shard *, const struct flow_key *, uint32_t hash);

/* Exactly one of the parts has what belongs to no connection. */
bool shard_is_first(const struct shard *);

#endif
