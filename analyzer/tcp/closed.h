/*
 * A short memory of connections that are over, so that a retransmission which comes after their end
 * is not taken for a connection whose beginning was not captured.
 *
 * The last CLOSED_CONNECTIONS are remembered, whatever their hashes, so that what is reported does
 * not depend on the seed; one that is forgotten costs no more than that mistake.
 */
#ifndef WSIGHT_CLOSED_H
#define WSIGHT_CLOSED_H

#include "flow.h"

#define CLOSED_CONNECTIONS 4096

struct closed;

/* NULL when out of memory. */
struct closed *closed_new(void);
void closed_free(struct closed *);

/* A connection ends at this time. */
void closed_remember(struct closed *, const struct flow *, int64_t now);

/* Whether a segment of no known connection, with this hash, only repeats what one that ended lately
 * had said already. What goes beyond is new, whatever ended the connection. */
bool closed_repeats(const struct closed *, uint32_t hash, const struct segment *, int64_t now);

#endif
