/*
 * Lets the packets of some TCP connections pass and no others, when whose connections they are is
 * learnt a little later than their packets come.
 *
 * Packets wait in their order until the first of them is known to be wanted, or has waited
 * GATE_WAIT_NS. A connection is wanted when somebody says so (gate_admit), or when the key log that
 * is at hand knows the client random of its TLS handshake: whoever wrote that log made it. Only
 * connections outside of tunnels and VLANs are told apart.
 */
#ifndef WSIGHT_CAPTURE_GATE_H
#define WSIGHT_CAPTURE_GATE_H

#include "../../decoders/net/packet.h"
#include "../../decoders/tls/secrets.h"

struct gate;

/* The secrets are borrowed, and may be those of nobody (an empty store). NULL when out of memory.
 */
struct gate *gate_new(uint64_t seed, const struct tls_secrets *secrets);
void gate_free(struct gate *);

/* The connection between these ends is wanted, from its packets that wait on; vlan, tunnel and
 * depth of the key are those of none. */
void gate_admit(struct gate *, const struct flow_key *);
/* Every connection that was open at that time is told of. */
void gate_told_until(struct gate *, int64_t ts);

/* Keeps a copy of the packet; of more than GATE_HELD_MAX_BYTES the oldest are judged at once. */
void gate_add(struct gate *, const struct packet *);

/* Hands out packets that pass, max at most, in the order in which they came; they are borrowed
 * until the next call. Returns how many. */
size_t gate_take(struct gate *, struct packet *packets, size_t max);

/* Packets that were held back for good. */
uint64_t gate_refused(const struct gate *);

#endif
