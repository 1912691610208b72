/*
 * The engine: packets in, events out.
 *
 * Packet -> segment -> flow -> reassembly -> stream and its decoders -> events to the sink. One
 * engine runs on one thread and owns its flows and streams. Time comes with the packets; the same
 * packets give the same events.
 */
#ifndef WSIGHT_ENGINE_H
#define WSIGHT_ENGINE_H

#include "decoders/decoder.h"

struct engine;

/* Who wants to know which packets make up a connection; connections go by the number of their first
 * packet. segment may be NULL. */
struct engine_watch {
    /* Connection 0: an IP fragment, of whatever. wanted false: it carries no WebSocket. */
    void (*segment)(void *self, uint64_t packet, uint64_t connection, bool wanted);
    void (*over)(void *self, uint64_t connection);
    void *self;
};

struct engine_options {
    struct engine_watch watch;
    struct decode_options decode;
    uint64_t seed;               /* of the hashes; unpredictable in use, fixed in tests */
    size_t max_connections;      /* 0: TCP_CONNECTIONS_MAX */
    uint32_t shard, shards;      /* take this part of so many (analyzer/shard.h); 0: everything */
    struct tls_secrets *secrets; /* of TLS sessions (decoders/tls/secrets.h), borrowed; or NULL */
};

/* What the engine counted; totals of the report. */
struct engine_stats {
    uint64_t packets, bytes; /* bytes on the wire */
    uint64_t tcp_packets;    /* that held a TCP segment */
    uint64_t other_packets;  /* sound, but no TCP */
    uint64_t bad_packets;    /* contradicting headers */
    uint64_t cut_packets;    /* cut by the snap length inside headers or payload */
    uint64_t unknown_link, encrypted, too_deep;
    uint64_t fragments, fragments_dropped; /* IP fragments; those never completed */
    uint64_t connections, connections_peak, connections_evicted;
    uint64_t retransmitted, out_of_order, gaps, lost_bytes;
    uint64_t bodies_shed, connections_shed; /* engine_shed */
    uint64_t waiting_limit_hits;            /* holes given up because too much waited behind them */
};

/* The sink is borrowed. NULL when out of memory. */
struct engine *engine_new(const struct engine_options *, struct event_sink *);
void engine_free(struct engine *);

/* Works through n packets in order. */
void engine_packets(struct engine *, const struct packet *, size_t n);

/* Live: how far a clock has come that nobody sets, in ns from anywhere; told between two calls of
 * engine_packets. A step of the clock that packets are stamped by then ends no connection. */
void engine_steady_clock(struct engine *, int64_t ns);

/*
 * What is left out while packets come faster than they can be worked through, in this order: the
 * bodies of data messages (bodies_shed counts the messages), and connections that begin, which are
 * then not decoded as long as they last (connections_shed). What comes next is the kernel's: it
 * drops packets.
 */
enum engine_shed { SHED_NOTHING, SHED_BODIES, SHED_CONNECTIONS };
void engine_shed(struct engine *, enum engine_shed);

/* Memory is short: gives up an eighth of the connections, those idle longest, which counts as
 * connections_evicted, and will hold no more than are left. Between two calls of engine_packets. */
void engine_give_way(struct engine *);
/* There is memory again: an eighth more connections may be held, up to what the options say. */
void engine_take_more(struct engine *);
/* Bytes that connections have left, for those that come. */
size_t engine_spare_bytes(const struct engine *);

/* The capture is over: ends every connection. */
void engine_finish(struct engine *);

struct engine_stats engine_stats(const struct engine *);

/* What was counted since `before`; the peak is that of all. */
struct engine_stats engine_stats_since(const struct engine *, const struct engine_stats *before);

#endif
