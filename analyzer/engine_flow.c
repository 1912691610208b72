/* The engine's connections: from segments through reassembly to streams. */
#include "engine_inside.h"

#include "limits.h"

#define STEP 2 /* packets between the steps of reading ahead */

/* ---- What reassembly tells ---- */

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
        engine_finding(e, id, f->seen_ts, pkt, "");
    }
}

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
        stream_set_feeder(f->stream, f);
    }
    if (!stream_data(f->stream, c)) {
        stop_decoding(f);
    }
}

bool engine_flow_waits(const void *flow, enum dir dir)
{
    return reassembly_waits(flow, dir);
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

struct reassembly_output engine_reassembly_output(struct engine *e)
{
    return (struct reassembly_output){
        .data = flow_data, .gap = flow_gap, .end = flow_end, .finding = flow_finding, .ctx = e};
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

void engine_flow_gone(void *ctx, struct flow *f, enum flow_gone gone)
{
    struct engine *e = ctx;
    if (gone == FLOW_GONE_EVICTED) {
        if (e->stats.connections_evicted++ == 0) {
            engine_finding(e, FINDING_TCP_LIMIT_CONNECTIONS, f->seen_ts, f->last_pkt, "");
        }
        end_flow(e, f, END_EVICTED);
    } else {
        end_flow(e, f, END_IDLE);
    }
}

void engine_finish_flow(void *ctx, struct flow *f)
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

/* ---- Reading ahead ---- */

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
void engine_take_ahead(struct engine *e)
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
