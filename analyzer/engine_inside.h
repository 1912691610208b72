/*
 * The engine's parts among themselves: packets (engine.c), and what segments do to connections
 * (engine_flow.c).
 */
#ifndef WSIGHT_ENGINE_INSIDE_H
#define WSIGHT_ENGINE_INSIDE_H

#include "engine.h"

#include "decoders/base/pool.h"
#include "decoders/net/net.h"
#include "shard.h"
#include "tcp/closed.h"
#include "tcp/flow.h"
#include "tcp/fragments.h"
#include "tcp/reassembly.h"

#define ENGINE_AHEAD 64 /* packets parsed ahead, so that flows come into the cache in time */

/* A segment that was parsed, and waits for its turn. */
struct ahead {
    struct net_parsed parsed;
    uint32_t hash;
    uint32_t interface;
};

/* Takes the bodies out of events while they are shed. */
struct shedding {
    struct event_sink sink; /* first */
    struct event_sink *next;
    uint64_t bodies;
};

struct engine {
    struct shedding shedding;
    enum engine_shed shed;
    struct stream_shared shared;
    struct decode_options decode;
    struct event_sink *sink;
    struct engine_watch watch;
    struct slab_heap heap; /* of flows, streams and their states */
    struct flow_table *flows;
    size_t max_connections, limit; /* limit: how many the table may hold at the moment */
    struct closed *closed;
    struct reassembly reassembly;
    struct fragments *fragments;
    struct shard *shard; /* NULL: everything is taken */
    bool takes_rest;     /* what belongs to no connection */
    uint64_t fragment_overlaps;
    struct engine_stats stats;
    int64_t clock; /* the time that the flow table was last told */
    size_t n_ahead;
    struct ahead ahead[ENGINE_AHEAD];
};

/* A finding about the capture, not about a session. */
void engine_finding(struct engine *, enum finding_id, int64_t ts, uint64_t pkt, const char *detail);

/*--- engine_flow.c ------------------------------------------------------------------------------*/

/* Finds or begins the connection of each segment parsed ahead and hands it on to reassembly. */
void engine_take_ahead(struct engine *);

/* What reassembly tells, and the flow table, and the end of the capture. */
struct reassembly_output engine_reassembly_output(struct engine *);
/* For the streams: does the flow wait for bytes of a direction (reassembly_waits)? */
bool engine_flow_waits(const void *flow, enum dir);
void engine_flow_gone(void *engine, struct flow *, enum flow_gone);
void engine_finish_flow(void *engine, struct flow *);

#endif
