/* The engine: packets in, events out. */
#include "engine_inside.h"

#include "decoders/http/upgrade.h"
#include "limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

void engine_finding(struct engine *e, enum finding_id id, int64_t ts, uint64_t pkt,
                    const char *detail)
{
    struct event event = {.type = EVENT_FINDING, .ts = ts, .pkt = pkt};
    event.finding.id = id;
    event.finding.detail = bytes_of(detail);
    e->sink->emit(e->sink, &event);
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
            engine_finding(e, FINDING_IP_FRAGMENT_OVERLAP, p->ts, p->no, "");
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
        engine_finding(e, id, loss->first_ts, loss->first_pkt, detail);
    }
}

static void count_cut(struct engine *e, const struct packet *p)
{
    if (e->stats.cut_packets++ == 0) {
        engine_finding(e, FINDING_CAPTURE_SNAPLEN, p->ts, p->no, "");
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
            engine_finding(e, FINDING_NET_MALFORMED, p->ts, p->no, "");
        }
        break;
    case NET_TOO_DEEP:
        if (e->stats.too_deep++ == 0) {
            engine_finding(e, FINDING_NET_TOO_DEEP, p->ts, p->no, "");
        }
        break;
    case NET_LINK_UNKNOWN:
        if (e->stats.unknown_link++ == 0) {
            char detail[48];
            snprintf(detail, sizeof detail, "link type %d", p->link);
            engine_finding(e, FINDING_CAPTURE_LINK_UNKNOWN, p->ts, p->no, detail);
        }
        break;
    case NET_ENCRYPTED:
        if (e->stats.encrypted++ == 0) {
            engine_finding(e, FINDING_CAPTURE_ENCRYPTED, p->ts, p->no, "");
        }
        break;
    default:
        e->stats.other_packets += result == NET_OTHER;
        break;
    }
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
    if (fragment || e->n_ahead == ENGINE_AHEAD) {
        engine_take_ahead(
            e); /* the bytes of a reassembled datagram last only until the next fragment */
    }
}

void engine_packets(struct engine *e, const struct packet *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        parse_packet(e, &p[i]);
    }
    engine_take_ahead(e);
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
    e->limit = flow_count(e->flows);
    flow_limit(e->flows, e->limit);
}

void engine_take_more(struct engine *e)
{
    if (e->limit < e->max_connections) {
        size_t more = e->limit / 8 + 1, room = e->max_connections - e->limit;
        e->limit += more < room ? more : room;
        flow_limit(e->flows, e->limit);
    }
}

size_t engine_spare_bytes(const struct engine *e)
{
    return e->heap.spare;
}

void engine_steady_clock(struct engine *e, int64_t ns)
{
    flow_steady_clock(e->flows, ns);
}

void engine_finish(struct engine *e)
{
    flow_each(e->flows, engine_finish_flow, e);
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
    e->shared = (struct stream_shared){.options = &e->decode,
                                       .sink = sink,
                                       .next_session = 1,
                                       .secrets = o->secrets,
                                       .waits = engine_flow_waits};
    e->shared.scratch = malloc(STREAM_SCRATCH_BYTES);
    e->shared.upgrades = upgrade_memory_new();
    e->shared.pools = stream_pools_new(&e->heap);
    e->fragments = fragments_new();
    e->max_connections = o->max_connections != 0 ? o->max_connections : TCP_CONNECTIONS_MAX;
    e->limit = e->max_connections;
    e->flows = flow_table_new(o->seed, e->limit, &e->heap, engine_flow_gone, e);
    e->closed = closed_new();
    struct reassembly_output output = engine_reassembly_output(e);
    reassembly_init(&e->reassembly, &output, o->seed);
    e->shard = o->shards > 0 ? shard_new(o->shard, o->shards) : NULL;
    e->takes_rest = e->shard == NULL || shard_is_first(e->shard);
    if ((o->shards > 0 && e->shard == NULL) || e->shared.scratch == NULL ||
        e->shared.upgrades == NULL || e->shared.pools == NULL || e->flows == NULL ||
        e->closed == NULL || e->fragments == NULL) {
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
        flow_each(e->flows, engine_finish_flow, e);
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
