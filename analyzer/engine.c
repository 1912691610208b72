/* The engine: packets in, events out. */
#include "engine.h"

#include "decoders/base/pool.h"
#include "decoders/http/upgrade.h"
#include "decoders/net/net.h"
#include "limits.h"
#include "shard.h"
#include "tcp/closed.h"
#include "tcp/flow.h"
#include "tcp/fragments.h"
#include "tcp/reassembly.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#define AHEAD 64 /* packets parsed ahead, so that flows come into the cache in time */
#define STEP 2   /* packets between the steps of reading ahead */

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
    struct closed *closed;
    struct reassembly reassembly;
    struct fragments *fragments;
    struct shard *shard; /* NULL: everything is taken */
    bool takes_rest;     /* what belongs to no connection */
    uint64_t fragment_overlaps;
    struct engine_stats stats;
    int64_t clock; /* the time that the flow table was last told */
    size_t n_ahead;
    struct ahead ahead[AHEAD];
};

/* ---- Findings ---- */

static void capture_finding(struct engine *e, enum finding_id id, int64_t ts, uint64_t pkt,
                            const char *detail)
{
    struct event event = {.type = EVENT_FINDING, .ts = ts, .pkt = pkt};
    event.finding.id = id;
    event.finding.detail = bytes_of(detail);
    e->sink->emit(e->sink, &event);
}

static enum dir stream_dir(const struct flow *f, enum dir dir)
{
    return f->stream != NULL && stream_swapped(f->stream) ? dir_other(dir) : dir;
}

static void flow_finding(void *ctx, struct flow *f, enum dir dir, enum finding_id id, uint64_t pkt)
{
    struct engine *e = ctx;
    if (f->stream != NULL) {
        stream_finding(f->stream, stream_dir(f, dir), id, NULL);
    } else {
        capture_finding(e, id, f->seen_ts, pkt, "");
    }
}

/* ---- From reassembly to streams ---- */

static struct connection connection_of(const struct flow *f)
{
    struct connection c = {.family = f->key.family,
                           .vlan = {f->key.vlan[0], f->key.vlan[1]},
                           .tunnel = f->key.tunnel,
                           .layers = f->layers,
                           .interface = f->interface,
                           .number = f->number,
                           .started = f->started,
                           .first_pkt = f->first_pkt,
                           .syn_rtt = f->syn_rtt};
    memcpy(c.client.ip, f->key.ip[0], 16);
    memcpy(c.server.ip, f->key.ip[1], 16);
    c.client.port = f->key.port[0];
    c.server.port = f->key.port[1];
    return c;
}

/* A stream that nobody wants any more. One that has a session lives on, to say how it ended. */
static void stop_decoding(struct flow *f)
{
    f->ignored = true;
    if (!stream_has_sessions(f->stream)) {
        struct session_end end = {.how = END_OPEN, .first_fin = -1, .last_ts = f->seen_ts};
        stream_close(f->stream, &end);
        f->stream = NULL;
    }
}

static void flow_data(void *ctx, struct flow *f, const struct chunk *c)
{
    struct engine *e = ctx;
    if (f->ignored) {
        return;
    }
    if (f->stream == NULL) {
        struct connection connection = connection_of(f);
        f->stream = stream_new(&e->shared, &connection, f->from_start);
        if (f->stream == NULL) {
            f->ignored = true;
            return;
        }
    }
    if (!stream_data(f->stream, c)) {
        stop_decoding(f);
    }
}

static void flow_gap(void *ctx, struct flow *f, enum dir dir, uint64_t n, int64_t ts, uint64_t pkt)
{
    struct engine *e = ctx;
    if (f->ignored) {
        return;
    }
    e->stats.gaps++;
    e->stats.lost_bytes += n;
    if (f->stream == NULL) {
        f->from_start = false; /* the first bytes are missing, so what follows is mid-stream */
        return;
    }
    stream_finding(f->stream, stream_dir(f, dir), FINDING_TCP_GAP, "%llu bytes",
                   (unsigned long long)n);
    f->told_gap = true;
    if (!stream_gap(f->stream, dir, n, ts, pkt)) {
        stop_decoding(f);
    }
}

static void flow_end(void *ctx, struct flow *f, enum dir dir, int64_t ts, uint64_t pkt)
{
    (void)ctx;
    if (f->stream != NULL && !f->ignored) {
        stream_end(f->stream, dir, ts, pkt);
    }
}

/* ---- The end of a connection ---- */

static void end_flow(struct engine *e, struct flow *f, enum end_how how)
{
    if (e->watch.segment != NULL) {
        e->watch.over(e->watch.self, f->first_pkt);
    }
    if (!f->ignored) {
        reassembly_finish(&e->reassembly, f);
    }
    reassembly_drop(&e->reassembly, f);
    for (int d = 0; d < 2; d++) {
        e->stats.retransmitted += f->side[d].counts.retransmitted;
        e->stats.out_of_order += f->side[d].counts.out_of_order;
    }
    if (f->stream != NULL) {
        bool fin = f->first_fin >= 0 && (how == END_OPEN || how == END_IDLE);
        struct session_end end = {.how = fin ? END_FIN : how,
                                  .first_fin = f->first_fin,
                                  .fin_ts = f->fin_ts,
                                  .last_ts = f->seen_ts,
                                  .tcp = {f->side[0].counts, f->side[1].counts}};
        stream_close(f->stream, &end);
        f->stream = NULL;
    }
}

static void close_flow(struct engine *e, struct flow *f, enum end_how how)
{
    end_flow(e, f, how);
    closed_remember(e->closed, f, flow_now(e->flows));
    flow_remove(e->flows, f);
}

static void flow_gone(void *ctx, struct flow *f, enum flow_gone gone)
{
    struct engine *e = ctx;
    if (gone == FLOW_GONE_EVICTED) {
        if (e->stats.connections_evicted++ == 0) {
            capture_finding(e, FINDING_TCP_LIMIT_CONNECTIONS, f->seen_ts, f->last_pkt, "");
        }
        end_flow(e, f, END_EVICTED);
    } else {
        end_flow(e, f, END_IDLE);
    }
}

static void finish_flow(void *ctx, struct flow *f)
{
    close_flow(ctx, f, END_OPEN);
}

/* ---- Segments ---- */

/* Whether the sender of a connection's first captured segment is its server: what SYN/ACK says, and
 * else the lower port. A decoder that knows better turns the stream round. */
static bool sender_is_server(const struct segment *g)
{
    if (g->flags & TCP_SYN) {
        return g->flags & TCP_ACK;
    }
    return g->key.port[0] < g->key.port[1];
}

static struct flow *add_flow(struct engine *e, const struct segment *g, uint32_t hash,
                             uint32_t interface, enum dir *dir)
{
    struct flow_key key = g->key;
    *dir = sender_is_server(g) ? DIR_SERVER_TO_CLIENT : DIR_CLIENT_TO_SERVER;
    if (*dir == DIR_SERVER_TO_CLIENT) {
        memcpy(key.ip[0], g->key.ip[1], 16);
        memcpy(key.ip[1], g->key.ip[0], 16);
        key.port[0] = g->key.port[1];
        key.port[1] = g->key.port[0];
    }
    struct flow *f = flow_add(e->flows, &key, hash);
    if (f != NULL) {
        f->number = (uint32_t)e->stats.connections++;
        f->started = f->seen_ts = g->ts;
        f->first_pkt = f->last_pkt = g->pkt;
        f->layers = g->layers;
        f->interface = interface;
        f->from_start = g->flags & TCP_SYN;
    }
    return f;
}

/* Whether a SYN is the connection's own, and not that of a new one or forged. */
static bool is_own_syn(const struct flow *f, enum dir dir, const struct segment *g)
{
    if (f->side[dir].started) {
        return g->seq + 1 == f->side[dir].first;
    }
    return f->from_start || (g->flags & TCP_ACK); /* nobody opens a connection he talked on */
}

static void own_syn(struct flow *f, enum dir dir, const struct segment *g)
{
    reassembly_syn(f, dir, g->seq);
    if (!(g->flags & TCP_ACK) && f->syn_ts == 0) {
        f->syn_ts = g->ts;
    }
}

static void other_syn(struct flow *f, enum dir dir, const struct segment *g)
{
    f->new_syn = g->seq;
    f->new_syn_dir = (uint8_t)(dir + 1);
    f->new_syn_flags = g->flags & (TCP_SYN | TCP_ACK);
    f->new_syn_ts = g->ts;
    f->new_syn_pkt = g->pkt;
}

/* A SYN on a connection that is not over begins a new one only when somebody takes it up: the other
 * side acknowledges it (with a SYN of its own, unless this is the answer), or its sender goes on
 * from there and not from where the old one is (RFC 5961 section 4: else it may be forged). */
static bool is_replaced(const struct flow *f, enum dir dir, const struct segment *g)
{
    if (f->new_syn_dir == 0) {
        return false;
    }
    if (dir == (enum dir)(f->new_syn_dir - 1)) {
        return !(g->flags & TCP_SYN) && g->seq == f->new_syn + 1 && g->seq != f->side[dir].next;
    }
    uint8_t expected = f->new_syn_flags & TCP_ACK ? TCP_ACK : TCP_SYN | TCP_ACK;
    return (g->flags & (TCP_SYN | TCP_ACK)) == expected && g->ack == f->new_syn + 1;
}

static struct flow *replace_flow(struct engine *e, struct flow *old, enum dir *dir)
{
    enum dir syn_dir = (enum dir)(old->new_syn_dir - 1);
    struct segment s = {.ts = old->new_syn_ts,
                        .pkt = old->new_syn_pkt,
                        .seq = old->new_syn,
                        .flags = old->new_syn_flags,
                        .layers = old->layers,
                        .key = old->key};
    if (syn_dir == DIR_SERVER_TO_CLIENT) {
        memcpy(s.key.ip[0], old->key.ip[1], 16);
        memcpy(s.key.ip[1], old->key.ip[0], 16);
        s.key.port[0] = old->key.port[1];
        s.key.port[1] = old->key.port[0];
    }
    uint32_t hash = old->hash;
    uint32_t interface = old->interface;
    close_flow(e, old, END_REPLACED);
    enum dir new_dir;
    struct flow *f = add_flow(e, &s, hash, interface, &new_dir);
    if (f != NULL) {
        own_syn(f, new_dir, &s);
        *dir = *dir == syn_dir ? new_dir : dir_other(new_dir);
    }
    return f;
}

static bool reset_fits(uint32_t seq, uint32_t of)
{
    int32_t distance = (int32_t)(seq - of);
    return distance > -(1 << 16) && distance < (int32_t)(1 << 20);
}

/* A reset that the receiver would accept: within reach of what its sender sent (RFC 5961). */
static bool reset_is_credible(const struct flow *f, enum dir dir, const struct segment *g)
{
    const struct tcp_side *side = &f->side[dir];
    return f->ignored || !side->started || reset_fits(g->seq, side->next) ||
           reset_fits(g->seq, side->highest);
}

static void note_fin(struct flow *f, enum dir dir, const struct segment *g)
{
    if (f->first_fin < 0) {
        f->first_fin = (int8_t)dir;
        f->fin_ts = g->ts;
    }
}

static void note_handshake(struct flow *f, enum dir dir, const struct segment *g)
{
    if (f->syn_rtt < 0 && f->syn_ts != 0 && dir == DIR_CLIENT_TO_SERVER &&
        (g->flags & (TCP_SYN | TCP_ACK)) == TCP_ACK && f->side[1].started &&
        g->ack == f->side[1].first) {
        f->syn_rtt = g->ts - f->syn_ts;
    }
}

/* A segment of a connection that nobody decodes: its end is all there is to see. */
static bool ignored_segment(struct flow *f, enum dir dir, const struct segment *g)
{
    f->side[dir].counts.bytes += g->b.n + g->cut;
    if (g->flags & TCP_FIN) {
        note_fin(f, dir, g);
        f->side[dir].ended = true;
        f->side[dir].next = g->seq + (uint32_t)g->b.n + g->cut;
    }
    return f->side[0].ended && f->side[1].ended;
}

/* What waited behind a gap was handed on, too. */
static void after_gap(struct flow *f)
{
    f->told_gap = false;
    if (!f->ignored && f->stream != NULL && !stream_settle(f->stream)) {
        stop_decoding(f);
    }
}

static void known_segment(struct engine *e, struct flow *f, enum dir dir, struct segment *g)
{
    f->packets++;
    f->seen_ts = g->ts;
    f->last_pkt = g->pkt;
    f->last_ts = flow_now(e->flows);
    f->side[dir].counts.packets++;
    if (g->flags & TCP_SYN) {
        if (!is_own_syn(f, dir, g)) {
            other_syn(f, dir, g);
            return;
        }
        own_syn(f, dir, g);
        g->seq++; /* of the data, if there is any */
    }
    if (f->syn_rtt < 0) {
        note_handshake(f, dir, g);
    }
    if (g->flags & TCP_RST) {
        if (reset_is_credible(f, dir, g)) {
            note_fin(f, dir, g);
            close_flow(e, f, END_RESET);
        }
        return;
    }
    if (g->flags & TCP_FIN) {
        note_fin(f, dir, g);
    }
    if (f->ignored) {
        if (ignored_segment(f, dir, g)) {
            close_flow(e, f, END_FIN);
        }
        return;
    }
    f->had_data = f->had_data || g->b.n > 0;
    if ((g->flags & TCP_URG) && g->b.n > 0 && !f->side[dir].urgent_seen) {
        flow_finding(e, f, dir, FINDING_TCP_URGENT, g->pkt);
    }
    reassembly_push(&e->reassembly, f, dir, g);
    if (f->told_gap) {
        after_gap(f);
    }
    if (f->ignored) {
        reassembly_drop(&e->reassembly, f); /* what still waits for its turn is not wanted either */
    }
    if (f->side[0].ended && f->side[1].ended) {
        close_flow(e, f, END_FIN);
    }
}

/* The flow table need not hear of every microsecond. */
static void tell_time(struct engine *e, int64_t ts)
{
    if ((uint64_t)ts - (uint64_t)e->clock >= CLOCK_STEP_NS) {
        flow_clock(e->flows, ts);
        e->clock = ts;
    }
}

static void take_segment(struct engine *e, struct ahead *a)
{
    struct segment *g = &a->parsed.segment;
    enum dir dir = DIR_CLIENT_TO_SERVER;
    tell_time(e, g->ts);
    if (e->shard != NULL && !shard_has(e->shard, &g->key, a->hash)) {
        return; /* only its time counts */
    }
    struct flow *f = flow_find(e->flows, &g->key, a->hash, &dir);
    if (f != NULL && is_replaced(f, dir, g)) {
        f = replace_flow(e, f, &dir);
    } else if (f == NULL) {
        if (!(g->flags & TCP_SYN) && g->b.n == 0) {
            return; /* the tail of a connection that is over, or one that says nothing */
        }
        if (!(g->flags & TCP_SYN) && closed_repeats(e->closed, a->hash, g, flow_now(e->flows))) {
            e->stats.retransmitted++;
            return;
        }
        f = add_flow(e, g, a->hash, a->interface, &dir);
        if (f != NULL && e->shed == SHED_CONNECTIONS) {
            f->ignored = true;
            e->stats.connections_shed++;
        }
    }
    if (f != NULL) {
        if (e->watch.segment != NULL) {
            e->watch.segment(e->watch.self, g->pkt, f->first_pkt, !f->ignored);
        }
        known_segment(e, f, dir, g);
    }
}

/* ---- Packets ---- */

/* Goes on with the datagram that the fragment makes whole; inside may be another fragment. */
static enum net_result take_fragment(struct engine *e, const struct packet *p,
                                     struct net_parsed *parsed)
{
    enum net_result result = NET_FRAGMENT;
    e->stats.fragments += e->takes_rest;
    if (e->watch.segment != NULL) {
        e->watch.segment(e->watch.self, p->no, 0, true);
    }
    while (result == NET_FRAGMENT) {
        struct ip_fragment whole;
        enum fragments_result r =
            fragments_push(e->fragments, &parsed->fragment, p->ts, p->no, &whole);
        if ((r == FRAGMENTS_OVERLAP || r == FRAGMENTS_COMPLETE_OVERLAP) && e->takes_rest &&
            e->fragment_overlaps++ < FINDINGS_PER_SESSION_AND_ID) {
            capture_finding(e, FINDING_IP_FRAGMENT_OVERLAP, p->ts, p->no, "");
        }
        if (r == FRAGMENTS_WAITING || r == FRAGMENTS_OVERLAP) {
            break;
        }
        result = net_parse_ip(&whole, p->ts, p->no, parsed);
    }
    return result;
}

static void tell_fragments_lost(struct engine *e, enum finding_id id,
                                const struct fragments_loss *loss)
{
    if (loss->datagrams > 0) {
        char detail[48];
        snprintf(detail, sizeof detail, "%" PRIu64 " datagrams", loss->datagrams);
        capture_finding(e, id, loss->first_ts, loss->first_pkt, detail);
    }
}

static void count_cut(struct engine *e, const struct packet *p)
{
    if (e->stats.cut_packets++ == 0) {
        capture_finding(e, FINDING_CAPTURE_SNAPLEN, p->ts, p->no, "");
    }
}

static void count_unreadable(struct engine *e, const struct packet *p, enum net_result result)
{
    switch (result) {
    case NET_CUT:
        count_cut(e, p);
        break;
    case NET_BAD:
        if (e->stats.bad_packets++ < FINDINGS_PER_SESSION_AND_ID) {
            capture_finding(e, FINDING_NET_MALFORMED, p->ts, p->no, "");
        }
        break;
    case NET_TOO_DEEP:
        if (e->stats.too_deep++ == 0) {
            capture_finding(e, FINDING_NET_TOO_DEEP, p->ts, p->no, "");
        }
        break;
    case NET_LINK_UNKNOWN:
        if (e->stats.unknown_link++ == 0) {
            char detail[48];
            snprintf(detail, sizeof detail, "link type %d", p->link);
            capture_finding(e, FINDING_CAPTURE_LINK_UNKNOWN, p->ts, p->no, detail);
        }
        break;
    case NET_ENCRYPTED:
        if (e->stats.encrypted++ == 0) {
            capture_finding(e, FINDING_CAPTURE_ENCRYPTED, p->ts, p->no, "");
        }
        break;
    default:
        e->stats.other_packets += result == NET_OTHER;
        break;
    }
}

static void prefetch_flow(const struct engine *e, size_t i)
{
    if (i < e->n_ahead) {
        flow_prefetch_flow(e->flows, e->ahead[i].hash);
    }
}

static void prefetch_stream(const struct engine *e, size_t i)
{
    const struct flow *f = i < e->n_ahead ? flow_guess(e->flows, e->ahead[i].hash) : NULL;
    if (f != NULL && f->stream != NULL) {
        stream_prefetch(f->stream);
    }
}

static void prefetch_state(const struct engine *e, size_t i)
{
    const struct flow *f = i < e->n_ahead ? flow_guess(e->flows, e->ahead[i].hash) : NULL;
    if (f != NULL && f->stream != NULL && e->ahead[i].parsed.segment.b.n > 0) {
        bool from_client = e->ahead[i].parsed.segment.key.port[0] == f->key.port[0];
        enum dir dir = from_client ? DIR_CLIENT_TO_SERVER : DIR_SERVER_TO_CLIENT;
        __builtin_prefetch(f->side[dir].digests, 1);
        stream_prefetch_state(f->stream, dir);
    }
}

/* Works through what was parsed ahead. What a segment will need is called into the cache in three
 * steps, each some segments before the next, because each is found through the one before. */
static void take_ahead(struct engine *e)
{
    for (size_t i = 0; i < 3 * STEP && i < e->n_ahead; i++) {
        prefetch_flow(e, i);
    }
    for (size_t i = 0; i < 2 * STEP && i < e->n_ahead; i++) {
        prefetch_stream(e, i);
    }
    for (size_t i = 0; i < STEP && i < e->n_ahead; i++) {
        prefetch_state(e, i);
    }
    for (size_t i = 0; i < e->n_ahead; i++) {
        prefetch_flow(e, i + 3 * STEP);
        prefetch_stream(e, i + 2 * STEP);
        prefetch_state(e, i + STEP);
        take_segment(e, &e->ahead[i]);
    }
    e->n_ahead = 0;
}

static void parse_packet(struct engine *e, const struct packet *p)
{
    e->stats.packets++;
    e->stats.bytes += p->wire_len;
    struct ahead *a = &e->ahead[e->n_ahead];
    enum net_result result = net_parse(p, &a->parsed);
    bool fragment = result == NET_FRAGMENT;
    if (fragment) {
        result = take_fragment(e, p, &a->parsed);
    }
    if (result != NET_SEGMENT) {
        if (e->takes_rest) {
            count_unreadable(e, p, result);
        }
        return;
    }
    e->n_ahead++;
    a->hash = flow_hash(e->flows, &a->parsed.segment.key);
    a->interface = p->interface;
    e->stats.tcp_packets++;
    if (a->parsed.segment.cut > 0 && e->takes_rest) {
        count_cut(e, p);
    }
    flow_prefetch_slot(e->flows, a->hash);
    if (fragment || e->n_ahead == AHEAD) {
        take_ahead(e); /* the bytes of a reassembled datagram last only until the next fragment */
    }
}

void engine_packets(struct engine *e, const struct packet *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        parse_packet(e, &p[i]);
    }
    take_ahead(e);
}

static void emit_without_body(struct event_sink *sink, const struct event *event)
{
    struct shedding *s = (struct shedding *)sink;
    if (event->type == EVENT_MESSAGE && event->message.opcode < 8 && event->message.body.n > 0) {
        struct event bare = *event;
        bare.message.body.n = 0;
        bare.message.flags |= MESSAGE_BODY_IS_CUT;
        s->bodies++;
        s->next->emit(s->next, &bare);
        return;
    }
    s->next->emit(s->next, event);
}

void engine_shed(struct engine *e, enum engine_shed what)
{
    e->shed = what;
    e->shedding.sink.emit = emit_without_body;
    e->shedding.next = e->sink;
    e->shared.sink = what >= SHED_BODIES ? &e->shedding.sink : e->sink;
}

void engine_give_way(struct engine *e)
{
    for (size_t n = flow_count(e->flows) / 8 + 1; n > 0 && flow_evict(e->flows); n--) {
    }
    flow_limit(e->flows, flow_count(e->flows));
}

void engine_finish(struct engine *e)
{
    flow_each(e->flows, finish_flow, e);
    fragments_finish(e->fragments);
    struct fragments_counts lost = fragments_counts(e->fragments);
    if (e->takes_rest) {
        tell_fragments_lost(e, FINDING_IP_FRAGMENT_INCOMPLETE, &lost.incomplete);
        tell_fragments_lost(e, FINDING_IP_FRAGMENT_LIMIT, &lost.over_limit);
    }
}

struct engine_stats engine_stats(const struct engine *e)
{
    struct engine_stats s = e->stats;
    s.connections_peak = flow_peak(e->flows);
    s.bodies_shed = e->shedding.bodies;
    s.fragments_dropped = e->takes_rest ? fragments_dropped(e->fragments) : 0;
    s.waiting_limit_hits = e->reassembly.limit_hits;
    return s;
}

struct engine_stats engine_stats_since(const struct engine *e, const struct engine_stats *before)
{
    _Static_assert(sizeof *before % sizeof(uint64_t) == 0, "only 64-bit counters");
    struct engine_stats s = engine_stats(e);
    uint64_t peak = s.connections_peak;
    uint64_t *a = (uint64_t *)&s;
    const uint64_t *b = (const uint64_t *)before;
    for (size_t i = 0; i < sizeof s / sizeof(uint64_t); i++) {
        a[i] -= b[i];
    }
    s.connections_peak = peak;
    return s;
}

/* ---- Life ---- */

struct engine *engine_new(const struct engine_options *o, struct event_sink *sink)
{
    struct engine *e = calloc(1, sizeof *e);
    if (e == NULL) {
        return NULL;
    }
    e->decode = o->decode;
    e->sink = sink;
    e->watch = o->watch;
    e->shared = (struct stream_shared){
        .options = &e->decode, .sink = sink, .next_session = 1, .secrets = o->secrets};
    e->shared.scratch = malloc(STREAM_SCRATCH_BYTES);
    e->shared.upgrades = upgrade_memory_new();
    e->shared.pools = stream_pools_new(&e->heap);
    e->fragments = fragments_new();
    size_t max = o->max_connections != 0 ? o->max_connections : TCP_CONNECTIONS_MAX;
    e->flows = flow_table_new(o->seed, max, &e->heap, flow_gone, e);
    e->closed = closed_new();
    struct reassembly_output output = {
        .data = flow_data, .gap = flow_gap, .end = flow_end, .finding = flow_finding, .ctx = e};
    reassembly_init(&e->reassembly, &output, o->seed);
    e->shard = o->shards > 0 ? shard_new(o->shard, o->shards) : NULL;
    e->takes_rest = e->shard == NULL || shard_is_first(e->shard);
    if ((o->shards > 0 && e->shard == NULL) || e->shared.scratch == NULL ||
        e->shared.upgrades == NULL || e->shared.pools == NULL || e->flows == NULL ||
        e->fragments == NULL) {
        engine_free(e);
        return NULL;
    }
    return e;
}

void engine_free(struct engine *e)
{
    if (e == NULL) {
        return;
    }
    if (e->flows != NULL) {
        flow_each(e->flows, finish_flow, e);
    }
    flow_table_free(e->flows);
    closed_free(e->closed);
    fragments_free(e->fragments);
    shard_free(e->shard);
    upgrade_memory_free(e->shared.upgrades);
    stream_pools_free(e->shared.pools);
    slab_heap_free(&e->heap);
    stream_shared_done(&e->shared);
    free(e->shared.scratch);
    free(e);
}
