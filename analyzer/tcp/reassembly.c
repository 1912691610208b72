/* TCP reassembly (RFC 9293 sections 3.4 and 3.10.7.4). */
#include "reassembly.h"

#include "analyzer/limits.h"

#include <assert.h>
#include <stdlib.h>

/* Bytes that came before their turn. */
struct piece {
    struct piece *next;
    uint64_t offset;
    int64_t ts;
    uint64_t pkt;
    uint32_t n;
    uint32_t cut; /* bytes behind them that the snap length took */
    uint8_t bytes[];
};

/* Distance of two sequence numbers, within half the space (RFC 9293 section 3.4). */
static int32_t seq_distance(uint32_t to, uint32_t from)
{
    return (int32_t)(to - from);
}

/* ---- Retransmissions that carry other bytes ---- */

/* A digest of a payload that costs little: 64 bits, 32 bytes at a time. It only has to tell two
 * versions of the same segment apart, for somebody who does not know the seed. */
static uint64_t payload_digest(struct bytes b, uint64_t seed)
{
    uint64_t lane[4] = {seed, seed ^ 0x9e3779b97f4a7c15, seed + 0xd6e8feb86659fd93, ~seed};
    const uint8_t *p = b.p;
    size_t n = b.n;
    for (; n >= 32; n -= 32, p += 32) {
        for (int i = 0; i < 4; i++) {
            uint64_t v;
            memcpy(&v, p + 8 * i, 8);
            lane[i] = (lane[i] ^ v) * 0xff51afd7ed558ccd;
            lane[i] ^= lane[i] >> 32;
        }
    }
    uint64_t tail[4] = {0};
    memcpy(tail, p, n);
    uint64_t h = b.n;
    for (int i = 0; i < 4; i++) {
        h = (h ^ lane[i] ^ (tail[i] * 0xc4ceb9fe1a85ec53)) * 0xff51afd7ed558ccd;
        h ^= h >> 29;
    }
    return h;
}

static void digest_remember(const struct reassembly *r, struct tcp_side *side, uint32_t seq,
                            struct bytes b)
{
    side->newest = (uint8_t)((side->newest + 1) % TCP_DIGESTS);
    side->digests[side->newest] =
        (struct segment_digest){seq, (uint32_t)b.n, payload_digest(b, r->digest_seed)};
}

/* A whole segment again: were its bytes the same the first time? */
static void digest_compare(struct reassembly *r, struct flow *f, enum dir dir,
                           const struct segment *g)
{
    const struct tcp_side *side = &f->side[dir];
    for (int i = 0; i < TCP_DIGESTS; i++) {
        const struct segment_digest *d = &side->digests[i];
        if (d->seq == g->seq && d->len == g->b.n && d->len > 0) {
            if (d->digest != payload_digest(g->b, r->digest_seed)) {
                r->output.finding(r->output.ctx, f, dir, FINDING_TCP_OVERLAP_DIFFERS, g->pkt);
            }
            return;
        }
    }
}

/* ---- In order ---- */

static void advance(struct tcp_side *side, uint64_t n)
{
    side->next += (uint32_t)n;
    side->offset += n;
    side->hole_packets = 0;
}

static void give_gap(struct reassembly *r, struct flow *f, enum dir dir, uint64_t n, int64_t ts,
                     uint64_t pkt)
{
    struct tcp_side *side = &f->side[dir];
    side->counts.gaps++;
    side->counts.lost_bytes += n;
    advance(side, n);
    r->output.gap(r->output.ctx, f, dir, n, ts, pkt);
}

/* The bytes that are next, and what the snap length cut behind them. */
static void deliver(struct reassembly *r, struct flow *f, enum dir dir, struct bytes b,
                    uint32_t cut, int64_t ts, uint64_t pkt)
{
    struct tcp_side *side = &f->side[dir];
    if (b.n > 0) {
        advance(side, b.n);
        struct chunk c = {ts, pkt, b, dir};
        r->output.data(r->output.ctx, f, &c);
    }
    if (cut > 0) {
        give_gap(r, f, dir, cut, ts, pkt);
    }
}

/* The FIN counts once every byte before it was handed on. */
static void check_end(struct reassembly *r, struct flow *f, enum dir dir, int64_t ts, uint64_t pkt)
{
    struct tcp_side *side = &f->side[dir];
    if (side->fin_seen && !side->ended && seq_distance(side->next, side->fin) >= 0) {
        side->ended = true;
        r->output.end(r->output.ctx, f, dir, ts, pkt);
    }
}

/* ---- Waiting pieces ---- */

static void piece_free(struct reassembly *r, struct tcp_side *side, struct piece *p)
{
    side->waiting = p->next;
    side->waiting_bytes -= p->n;
    side->waiting_pieces--;
    r->waiting_bytes -= p->n;
    free(p);
}

/* Hands on the pieces whose turn has come. */
static void deliver_waiting(struct reassembly *r, struct flow *f, enum dir dir)
{
    struct tcp_side *side = &f->side[dir];
    while (side->waiting != NULL && side->waiting->offset <= side->offset) {
        struct piece *p = side->waiting;
        uint64_t old = side->offset - p->offset;
        struct bytes b =
            bytes_from((struct bytes){p->bytes, p->n}, old < p->n ? (size_t)old : p->n);
        uint64_t end = p->offset + p->n + p->cut;
        if (end > side->offset) {
            uint32_t cut = b.n > 0 ? p->cut : (uint32_t)(end - side->offset);
            deliver(r, f, dir, b, cut, p->ts, p->pkt);
        }
        piece_free(r, side, p);
    }
}

/* Gives the first hole up, and hands on what stood behind it. */
static void give_hole_up(struct reassembly *r, struct flow *f, enum dir dir)
{
    struct tcp_side *side = &f->side[dir];
    struct piece *p = side->waiting;
    give_gap(r, f, dir, p->offset - side->offset, p->ts, p->pkt);
    deliver_waiting(r, f, dir);
}

/* Where bytes of a new piece are there already: are they the same? */
static void compare_overlap(struct reassembly *r, struct flow *f, enum dir dir,
                            const struct piece *old, uint64_t offset, struct bytes b, uint64_t pkt)
{
    uint64_t from = offset > old->offset ? offset : old->offset;
    uint64_t old_end = old->offset + old->n;
    uint64_t new_end = offset + b.n;
    uint64_t to = old_end < new_end ? old_end : new_end;
    if (from < to && memcmp(old->bytes + (from - old->offset), b.p + (from - offset), to - from)) {
        r->output.finding(r->output.ctx, f, dir, FINDING_TCP_OVERLAP_DIFFERS, pkt);
    }
}

static bool piece_insert(struct reassembly *r, struct tcp_side *side, struct piece **at,
                         const struct piece *from, struct bytes b)
{
    struct piece *p = malloc(sizeof *p + b.n);
    if (p == NULL) {
        return false;
    }
    *p = *from;
    p->n = (uint32_t)b.n;
    p->next = *at;
    if (b.n > 0) {
        memcpy(p->bytes, b.p, b.n);
    }
    *at = p;
    side->waiting_bytes += p->n;
    side->waiting_pieces++;
    r->waiting_bytes += p->n;
    return true;
}

/* Files a segment among the waiting pieces: only the parts that no earlier piece has. */
static bool wait_for_turn(struct reassembly *r, struct flow *f, enum dir dir,
                          const struct segment *g, uint64_t offset)
{
    struct tcp_side *side = &f->side[dir];
    struct piece **at = &side->waiting;
    struct bytes rest = g->b;
    uint64_t from = offset;
    bool added = false;
    while (rest.n > 0 || g->cut > 0) {
        while (*at != NULL && (*at)->offset + (*at)->n <= from) {
            at = &(*at)->next;
        }
        uint64_t room = *at == NULL ? UINT64_MAX : (*at)->offset <= from ? 0 : (*at)->offset - from;
        if (room > 0) {
            bool tail = rest.n <= room;
            struct bytes part = bytes_part(rest, 0, tail ? rest.n : (size_t)room);
            struct piece p = {.offset = from, .ts = g->ts, .pkt = g->pkt, .cut = tail ? g->cut : 0};
            if (!piece_insert(r, side, at, &p, part)) {
                return added;
            }
            added = true;
            if (tail) {
                return true;
            }
            from += part.n;
            rest = bytes_from(rest, part.n);
            at = &(*at)->next;
        }
        compare_overlap(r, f, dir, *at, from, rest, g->pkt);
        uint64_t old_end = (*at)->offset + (*at)->n;
        if (old_end - from >= rest.n) {
            return added;
        }
        rest = bytes_from(rest, (size_t)(old_end - from));
        from = old_end;
    }
    return added;
}

static bool over_limit(const struct reassembly *r, const struct tcp_side *side)
{
    return side->waiting_bytes > TCP_WAITING_DIRECTION_MAX_BYTES ||
           side->waiting_pieces > TCP_WAITING_DIRECTION_MAX_PIECES ||
           r->waiting_bytes > TCP_WAITING_ALL_MAX_BYTES;
}

static void early_segment(struct reassembly *r, struct flow *f, enum dir dir,
                          const struct segment *g, uint64_t offset)
{
    struct tcp_side *side = &f->side[dir];
    if (offset - side->offset > TCP_WINDOW_MAX_BYTES &&
        !(side->acked_seen && seq_distance(side->acked, g->seq) >= 0)) {
        return; /* beyond any window: the receiver drops it too, unless it said otherwise */
    }
    bool fills = seq_distance(side->highest, g->seq) > 0;
    if (wait_for_turn(r, f, dir, g, offset)) {
        side->counts.out_of_order += fills;
    } else {
        side->counts.retransmitted++;
    }
    while (side->waiting != NULL && over_limit(r, side)) {
        r->limit_hits++;
        r->output.finding(r->output.ctx, f, dir, FINDING_TCP_LIMIT_OUT_OF_ORDER, g->pkt);
        give_hole_up(r, f, dir);
    }
}

/* ---- Segments ---- */

/* A segment that starts before the next byte: old bytes again, and maybe new ones behind them. */
static void late_segment(struct reassembly *r, struct flow *f, enum dir dir,
                         const struct segment *g, uint32_t old)
{
    struct tcp_side *side = &f->side[dir];
    uint64_t n = (uint64_t)g->b.n + g->cut;
    if (n <= old) {
        bool probe = n <= 1 && old == n && (f->packets > 1); /* keep-alive: one old byte, or none */
        side->counts.retransmitted += !probe;
        digest_compare(r, f, dir, g);
        return;
    }
    side->counts.retransmitted++;
    struct bytes b = bytes_from(g->b, old);
    uint32_t cut = b.n > 0 ? g->cut : (uint32_t)(n - old);
    deliver(r, f, dir, b, cut, g->ts, g->pkt);
}

static void payload(struct reassembly *r, struct flow *f, enum dir dir, const struct segment *g)
{
    struct tcp_side *side = &f->side[dir];
    int32_t distance = seq_distance(g->seq, side->next);
    uint32_t end = g->seq + (uint32_t)g->b.n + g->cut;
    if (distance == 0) {
        side->counts.out_of_order += seq_distance(side->highest, end) >= 0;
        digest_remember(r, side, g->seq, g->b);
        deliver(r, f, dir, g->b, g->cut, g->ts, g->pkt);
    } else if (distance < 0) {
        late_segment(r, f, dir, g, (uint32_t)-distance);
    } else {
        early_segment(r, f, dir, g, side->offset + (uint32_t)distance);
    }
    if (seq_distance(end, side->highest) > 0) {
        side->highest = end;
    }
    if (side->waiting != NULL) {
        deliver_waiting(r, f, dir);
    }
}

/* Has the other side acknowledged past this side's first hole, and was it waited long enough? */
static void check_hole(struct reassembly *r, struct flow *f, enum dir dir, int64_t ts)
{
    struct tcp_side *side = &f->side[dir];
    if (side->waiting == NULL || !side->acked_seen || seq_distance(side->acked, side->next) <= 0) {
        return;
    }
    if (side->hole_packets == 0) {
        side->hole_packets = f->packets;
        side->hole_ts = ts;
        return;
    }
    if (f->packets - side->hole_packets >= TCP_HOLE_GRACE_PACKETS ||
        ts - side->hole_ts >= TCP_HOLE_GRACE_NS) {
        give_hole_up(r, f, dir);
    }
}

static void acknowledgement(struct tcp_side *side, uint32_t ack)
{
    if (!side->acked_seen || seq_distance(ack, side->acked) > 0) {
        side->acked_seen = true;
        side->acked = ack;
    }
}

static void start_midstream(struct tcp_side *side, uint32_t seq)
{
    side->started = true;
    side->first = seq;
    side->next = seq;
    side->highest = seq;
}

void reassembly_syn(struct flow *f, enum dir dir, uint32_t seq)
{
    struct tcp_side *side = &f->side[dir];
    if (!side->started) {
        start_midstream(side, seq + 1);
    }
}

void reassembly_push(struct reassembly *r, struct flow *f, enum dir dir, const struct segment *g)
{
    struct tcp_side *side = &f->side[dir];
    struct tcp_side *other = &f->side[dir_other(dir)];
    uint64_t n = (uint64_t)g->b.n + g->cut;
    if (n > 0 || (g->flags & TCP_FIN)) {
        if (!side->started) {
            start_midstream(side, g->seq);
        }
        if (n > 0) {
            side->counts.bytes += n;
            payload(r, f, dir, g);
        }
        if ((g->flags & TCP_FIN) && !side->fin_seen) {
            side->fin_seen = true;
            side->fin = g->seq + (uint32_t)n;
        }
        check_end(r, f, dir, g->ts, g->pkt);
    }
    if (g->flags & TCP_ACK) {
        acknowledgement(other, g->ack);
    }
    if (side->waiting != NULL) {
        check_hole(r, f, dir, g->ts);
        check_end(r, f, dir, g->ts, g->pkt);
    }
    if (other->waiting != NULL) {
        check_hole(r, f, dir_other(dir), g->ts);
        check_end(r, f, dir_other(dir), g->ts, g->pkt);
    }
}

void reassembly_finish(struct reassembly *r, struct flow *f)
{
    for (int d = 0; d < 2; d++) {
        struct tcp_side *side = &f->side[d];
        while (side->waiting != NULL) {
            give_hole_up(r, f, (enum dir)d);
        }
        bool lost_tail = side->fin_seen && !side->ended && side->started;
        if (lost_tail && seq_distance(side->fin, side->next) > 0) {
            give_gap(r, f, (enum dir)d, side->fin - side->next, f->seen_ts, f->last_pkt);
        }
        check_end(r, f, (enum dir)d, f->seen_ts, f->last_pkt);
    }
}

void reassembly_drop(struct reassembly *r, struct flow *f)
{
    for (int d = 0; d < 2; d++) {
        while (f->side[d].waiting != NULL) {
            piece_free(r, &f->side[d], f->side[d].waiting);
        }
    }
}
