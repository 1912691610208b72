/*
 * The last packets of connections of which it is not known yet what they carry: a ring of bytes, in
 * which the oldest packets make room for new ones.
 */
#ifndef WSIGHT_CAPTURE_LOOKBACK_H
#define WSIGHT_CAPTURE_LOOKBACK_H

#include "../../decoders/net/packet.h"

struct lookback;

/* NULL when out of memory. */
struct lookback *lookback_new(size_t bytes);
void lookback_free(struct lookback *lookback);

/* Keeps a copy; a packet that is longer than the ring is not kept. */
void lookback_add(struct lookback *lookback, uint64_t connection, const struct packet *packet);

/* Hands out the connection's packets, the oldest first, at most max; they are borrowed until the
 * next lookback_add. Returns how many. */
size_t lookback_take(struct lookback *lookback, uint64_t connection, struct packet *packets,
                     size_t max);

#endif
