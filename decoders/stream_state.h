/*
 * What a stream is made of: for stream.c, which runs decoders, stream_decoder.c, which answers what
 * they ask, stream_events.c, which passes on what they say, and stream_pools.c, where all get
 * memory.
 */
#ifndef WSIGHT_STREAM_STATE_H
#define WSIGHT_STREAM_STATE_H

#include "base/pool.h"
#include "decoder.h"

enum side_flag {
    SIDE_BLOCKED = 1 << 0,  /* waits for a step of the other direction */
    SIDE_GIVEN_UP = 1 << 1, /* no more data() calls */
    SIDE_ENDED = 1 << 2,    /* no more bytes will come */
    SIDE_TOLD_END = 1 << 3, /* the decoder knows */
};

/* The first line of the cache has what a chunk needs that is taken whole. */
struct stream {
    _Alignas(POOL_LINE_BYTES) const struct decoder *decoder; /* NULL while nobody has said yes */
    void *state;
    struct stream_shared *shared;
    struct kept *kept[2]; /* NULL while nothing is kept */
    int64_t ts;
    uint64_t pkt;
    uint8_t side[2]; /* enum side_flag */
    bool from_start, swapped, block_asked;
    uint8_t unsettled;          /* 1 + enum dir of a gap: a step whose bytes may follow at once */
    const struct decoder *next; /* switch asked for by the running call */
    size_t wanted;              /* by the running call */
    uint64_t session;
    const void *next_arg;
    uint64_t last_offer; /* 1 + the last packet to be offered of what is kept; 0: any */
    const struct session_end *ending;
    uint8_t *finding_counts; /* FINDING_COUNT counters, once a finding was made */
    struct stream *parent, *children, *next_child; /* the newest child first */
    unsigned depth;
    const void *feeder; /* of the outermost stream */
    struct connection connection;
};

/* Zeroed, and at the start of a cache line; NULL when out of memory. To be freed with the same n.
 */
void *shared_alloc(const struct stream_shared *, size_t n);
void shared_free(const struct stream_shared *, void *, size_t n);

#endif
