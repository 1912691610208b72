/*
 * The flow table: TCP connections by addresses, ports, VLAN and tunnel.
 *
 * A flow is found by either direction's key in one probe of an open-addressing table. Flows live in
 * slabs and keep their address until they are removed. Time-outs are by packet time, on a wheel of
 * one-second slots that is corrected lazily: a packet costs it nothing. The table owns the flows;
 * what a flow's stream and waiting pieces hold belongs to whoever set them, who is told by the
 * `gone` callback before a flow is removed by the table itself (idle, evicted).
 */
#ifndef WSIGHT_FLOW_H
#define WSIGHT_FLOW_H

#include "decoders/decoder.h"

struct piece; /* out-of-order bytes: reassembly.c */

/* Digests of the last pieces delivered, to tell a retransmission that carries other bytes. */
#define TCP_DIGESTS 8

struct piece_digest {
    uint32_t seq, n, digest;
};

/* One direction: what its sender sent. reassembly.c keeps it. */
struct tcp_side {
    /* The first line of the cache is what a segment in order needs. */
    _Alignas(64) uint32_t next; /* sequence number of the next byte in order */
    uint32_t acked;             /* highest acknowledgement by the other side */
    uint32_t highest;           /* end of the highest segment seen */
    uint32_t first; /* sequence number of the first byte, or the first acknowledgement before it */
    uint32_t fin;   /* sequence number of the FIN */
    bool started, acked_seen, fin_seen, ended;
    bool urgent_seen;         /* urgent data came: see `urgent` */
    bool hole_seen;           /* the three hole_ fields tell of the first hole */
    uint8_t strays;           /* how many segments that were far off followed each other */
    uint8_t newest;           /* index of the newest digest */
    uint64_t offset;          /* stream offset of `next`: passes 4 GiB */
    struct piece *waiting;    /* sorted by offset; NULL in the usual case */
    struct tcp_counts counts; /* its packets and bytes are still in the first line */

    struct piece *last; /* the last of those that wait */
    uint32_t waiting_bytes, waiting_pieces;
    uint32_t hole_packets; /* packets of the connection when the hole was acknowledged */
    uint32_t hole_acked;   /* and how far it was */
    uint32_t urgent;       /* sequence number of the newest urgent byte */
    uint32_t urgent_bytes; /* left out of the stream; `offset` counts them */
    bool urgent_waits;     /* the newest was not passed over yet */
    uint32_t stray_next;   /* end of the last segment that was far off */
    int64_t hole_ts;
    _Alignas(32) struct piece_digest digests[TCP_DIGESTS]; /* in two lines of the cache */
};

struct flow {
    /* The first two lines of the cache are what every packet needs. */
    _Alignas(64) struct flow_key key; /* [0] the client's end, as far as is known */
    uint32_t hash;
    uint32_t packets;
    struct stream *stream; /* NULL before the first payload and once nobody is interested */

    int64_t last_ts; /* by the table's clock */
    int64_t seen_ts; /* of the last packet */
    uint64_t last_pkt;
    int64_t syn_rtt;
    bool ignored; /* no decoder wants it: a look-up is all it costs */
    bool from_start, had_data;
    int8_t first_fin;      /* enum dir of the side that sent FIN or RST first, or -1 */
    uint8_t new_syn_dir;   /* 1 + enum dir of its sender; 0: there is none */
    uint8_t new_syn_flags; /* TCP_SYN, or with TCP_ACK */
    bool told_gap;         /* to its stream, by the packet that is being worked on */
    uint32_t new_syn;      /* sequence number of a SYN that may begin a new connection */
    int64_t expires;       /* when the wheel looks at it next; at or before the true time-out */
    uint32_t layers, interface;
    uint32_t number; /* of all flows, from 0 */

    struct tcp_side side[2];

    struct flow *wheel_next, **wheel_link;
    struct flow *holder_next, *holder_previous; /* among the flows that hold waiting pieces */
    int64_t started, syn_ts, fin_ts;
    uint64_t first_pkt;
    int64_t new_syn_ts;
    uint64_t new_syn_pkt;
};

enum flow_gone { FLOW_GONE_IDLE, FLOW_GONE_EVICTED };

struct flow_table;
struct slab_heap; /* decoders/base/pool.h */

typedef void (*flow_gone_fn)(void *ctx, struct flow *, enum flow_gone);

/* seed makes the hash unpredictable to those who would collide it. Flows are taken from the heap,
 * which is borrowed. NULL when out of memory. */
struct flow_table *flow_table_new(uint64_t seed, size_t max_flows, struct slab_heap *,
                                  flow_gone_fn gone, void *ctx);
void flow_table_free(struct flow_table *);

/* The same for both directions of a connection. */
uint32_t flow_hash(const struct flow_table *, const struct flow_key *);

/* For reading ahead: brings the table's slot, then the flow, towards the cache. */
void flow_prefetch_slot(const struct flow_table *, uint32_t hash);
void flow_prefetch_flow(const struct flow_table *, uint32_t hash);
/* The flow that this hash most likely means, without looking at its key; NULL: cannot tell. */
const struct flow *flow_guess(const struct flow_table *, uint32_t hash);

/* Finds a connection; *dir says which side sent a segment with this key. NULL when there is none.
 */
struct flow *flow_find(const struct flow_table *, const struct flow_key *, uint32_t hash,
                       enum dir *dir);

/* A new, zeroed flow with this key, its [0] being the client; evicts when the table is full. NULL
 * when out of memory. */
struct flow *flow_add(struct flow_table *, const struct flow_key *, uint32_t hash);
void flow_remove(struct flow_table *, struct flow *);

/* Packet time moves on; flows that were idle too long are removed. Steps of the clock are survived.
 */
void flow_clock(struct flow_table *, int64_t ts);
/* How far a clock has come that nobody sets, in ns from anywhere: for live capture, told now and
 * then. Packet time that jumps far beyond it was set, and nothing was silent so long. When it is
 * never told, a jump ahead is silence. */
void flow_steady_clock(struct flow_table *, int64_t ns);
/* The table's clock: packet time made monotonic. */
int64_t flow_now(const struct flow_table *);

/* Gives up the flow that is due next: the one idle longest, for its kind. false: there is none. */
bool flow_evict(struct flow_table *);
/* No more than so many flows (at least 1) from now on; what there is more stays until then. */
void flow_limit(struct flow_table *, size_t max_flows);

size_t flow_count(const struct flow_table *);
size_t flow_peak(const struct flow_table *);

/* Calls fn for each flow in the order in which they were added (allocates; falls back to table
 * order when it cannot). fn may remove the flow it is given. */
void flow_each(struct flow_table *, void (*fn)(void *ctx, struct flow *), void *ctx);

#endif
