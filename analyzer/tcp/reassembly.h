/*
 * TCP reassembly: segments of one connection into ordered bytes, or gaps of exact length.
 *
 * In-order payload is handed on at once and never copied. What comes too early waits, copied and
 * bounded, until the bytes before it come. The first copy of a byte wins; another one that differs
 * is a finding. Bytes that the snap length cut are a gap when their turn comes, unless another
 * segment brought them by then. A hole is real once the receiver has acknowledged past it (with a
 * little grace, as captures are not always in order), when a cap is hit or when the connection
 * ends; then a gap of its exact length goes down the stream. Sequence arithmetic is RFC 9293's;
 * offsets are 64-bit, so a stream may wrap any number of times.
 *
 * What no receiver would take is not taken here: segments and acknowledgements far outside of any
 * window, a FIN before bytes that were sent, data after the FIN.
 */
#ifndef WSIGHT_REASSEMBLY_H
#define WSIGHT_REASSEMBLY_H

#include "digest.h"
#include "flow.h"

/* Where the bytes go. Each may be called many times from one reassembly call. */
struct reassembly_output {
    void (*data)(void *ctx, struct flow *, const struct chunk *);
    void (*gap)(void *ctx, struct flow *, enum dir, uint64_t n, int64_t ts, uint64_t pkt);
    void (*end)(void *ctx, struct flow *, enum dir, int64_t ts, uint64_t pkt); /* FIN in order */
    void (*finding)(void *ctx, struct flow *, enum dir, enum finding_id, uint64_t pkt);
    void *ctx;
};

/* Shared by all connections of an engine. */
struct reassembly {
    struct reassembly_output output;
    size_t waiting_bytes; /* memory of waiting pieces of all connections */
    uint64_t limit_hits;  /* holes that were given up because a cap was hit */
    struct flow *holders,
        *newest_holder; /* flows that hold waiting pieces, the longest idle first */
    struct digest_key digest_key;
};

/* The seed makes digests unpredictable, so that nobody can make two payloads look alike. */
void reassembly_init(struct reassembly *, const struct reassembly_output *, uint64_t seed);

/* One segment of a flow, with everything but SYN: payload, FIN, acknowledgement, cut. seq is that
 * of the first byte of payload. flow.packets counts the segment already. */
void reassembly_push(struct reassembly *, struct flow *, enum dir, const struct segment *);

/* A SYN or SYN/ACK: where the direction's numbers start. Data that comes with it follows by push.
 */
void reassembly_syn(struct flow *, enum dir, uint32_t seq);

/* Are bytes of the direction missing that were sent, and may still come out of order? */
bool reassembly_waits(const struct flow *, enum dir);

/* Hands on what waits in both directions, with the gaps before it, because nothing more will come.
 */
void reassembly_finish(struct reassembly *, struct flow *);

/* Frees what waits without handing it on. Before a flow is removed, and once nobody wants its
 * bytes; not from within one of the output functions. */
void reassembly_drop(struct reassembly *, struct flow *);

#endif
