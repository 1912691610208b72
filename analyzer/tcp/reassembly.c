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

void reassembly_init(struct reassembly *r, const struct reassembly_output *output, uint64_t seed)
{
    *r = (struct reassembly){.output = *output};
    digest_key_init(&r->digest_key, seed);
}

/* Distance of two sequence numbers, within half the space (RFC 9293 section 3.4). */
static int32_t seq_distance(uint32_t to, uint32_t from)
{
    return (int32_t)(to - from);
}

static bool within_window(uint32_t seq, uint32_t of)
{
    int32_t distance = seq_distance(seq, of);
    return distance >= -TCP_WINDOW_MAX_BYTES && distance <= TCP_WINDOW_MAX_BYTES;
}

static bool is_near(const struct tcp_side *side, uint32_t seq)
{
    return within_window(seq, side->next) || within_window(seq, side->highest);
}

static void finding(struct reassembly *r, struct flow *f, enum dir dir, enum finding_id id,
                    uint64_t pkt)
{
    r->output.finding(r->output.ctx, f, dir, id, pkt);
}

/* ---- Retransmissions that carry other bytes ---- */

static void digest_remember(const struct reassembly *r, struct tcp_side *side, struct bytes b)
{
    side->newest = (uint8_t)((side->newest + 1) % TCP_DIGESTS);
    side->digests[side->newest] =
        (struct piece_digest){side->next, (uint32_t)b.n, payload_digest(&r->digest_key, b)};
}

/* Old bytes again: were they the same the first time? Tells for each of the last pieces that lies
 * within them. */
static void digest_compare(struct reassembly *r, struct flow *f, enum dir dir,
                           const struct segment *g)
{
    const struct tcp_side *side = &f->side[dir];
    for (int i = 0; i < TCP_DIGESTS; i++) {
        const struct piece_digest *d = &side->digests[i];
        uint32_t from = d->seq - g->seq;
        if (d->n > 0 && from < g->b.n && d->n <= g->b.n - from &&
            d->digest != payload_digest(&r->digest_key, bytes_part(g->b, from, d->n))) {
            finding(r, f, dir, FINDING_TCP_OVERLAP_DIFFERS, g->pkt);
            return;
        }
    }
}

/* ---- Handing on ---- */

static void deliver_plain(struct reassembly *r, struct flow *f, enum dir dir, struct bytes b,
                          int64_t ts, uint64_t pkt)
{
    struct tcp_side *side = &f->side[dir];
    side->next += (uint32_t)b.n;
    side->offset += b.n;
    if (b.n > 0) {
        struct chunk c = {ts, pkt, b, dir};
        r->output.data(r->output.ctx, f, &c);
    }
}

/* An urgent byte is no part of the stream that the receiver's program reads, unless it asked for it
 * in line, which nobody does (RFC 6093 section 3.1; the pointer is past the byte, as in every
 * stack).
 */
static void deliver(struct reassembly *r, struct flow *f, enum dir dir, struct bytes b, int64_t ts,
                    uint64_t pkt)
{
    struct tcp_side *side = &f->side[dir];
    digest_remember(r, side, b);
    uint32_t before = side->urgent - side->next;
    if (side->urgent_seen && side->urgent_waits && before < b.n) {
        side->urgent_waits = false;
        deliver_plain(r, f, dir, bytes_part(b, 0, before), ts, pkt);
        side->next++;
        side->offset++;
        side->urgent_bytes++;
        b = bytes_from(b, before + 1);
    }
    deliver_plain(r, f, dir, b, ts, pkt);
}

static void give_gap(struct reassembly *r, struct flow *f, enum dir dir, uint64_t n, int64_t ts,
                     uint64_t pkt)
{
    struct tcp_side *side = &f->side[dir];
    side->counts.gaps++;
    side->counts.lost_bytes += n;
    side->next += (uint32_t)n;
    side->offset += n;
    r->output.gap(r->output.ctx, f, dir, n, ts, pkt);
}

/* ---- Who holds pieces ---- */

static void holder_remove(struct reassembly *r, struct flow *f)
{
    *(f->holder_previous != NULL ? &f->holder_previous->holder_next : &r->holders) = f->holder_next;
    *(f->holder_next != NULL ? &f->holder_next->holder_previous : &r->newest_holder) =
        f->holder_previous;
    f->holder_next = f->holder_previous = NULL;
}

static bool is_holder(const struct flow *f)
{
    return f->side[0].waiting != NULL || f->side[1].waiting != NULL;
}

/* Before f is given a piece. */
static void holder_renew(struct reassembly *r, struct flow *f)
{
    if (r->newest_holder == f) {
        return;
    }
    if (is_holder(f)) {
        holder_remove(r, f);
    }
    f->holder_previous = r->newest_holder;
    *(r->newest_holder != NULL ? &r->newest_holder->holder_next : &r->holders) = f;
    r->newest_holder = f;
}

/* ---- Waiting pieces ---- */

static size_t piece_memory(size_t n)
{
    return sizeof(struct piece) + n;
}

/* Takes the first piece out of the list. */
static struct piece *piece_pop(struct reassembly *r, struct flow *f, enum dir dir)
{
    struct tcp_side *side = &f->side[dir];
    struct piece *p = side->waiting;
    side->waiting = p->next;
    side->last = p->next != NULL ? side->last : NULL;
    side->waiting_bytes -= p->n;
    side->waiting_pieces--;
    r->waiting_bytes -= piece_memory(p->n);
    if (!is_holder(f)) {
        holder_remove(r, f);
    }
    return p;
}

/* Puts a piece like `like`, with the bytes b, where `at` points to. */
static bool piece_insert(struct reassembly *r, struct flow *f, enum dir dir, struct piece **at,
                         const struct piece *like, struct bytes b)
{
    struct tcp_side *side = &f->side[dir];
    struct piece *p = malloc(piece_memory(b.n));
    if (p == NULL) {
        return false;
    }
    *p = *like;
    p->n = (uint32_t)b.n;
    p->next = *at;
    if (b.n > 0) {
        memcpy(p->bytes, b.p, b.n);
    }
    holder_renew(r, f);
    *at = p;
    side->last = p->next == NULL ? p : side->last;
    side->waiting_bytes += p->n;
    side->waiting_pieces++;
    r->waiting_bytes += piece_memory(p->n);
    return true;
}

/* Hands on the first piece, whose turn has come, and says where what it knows of ends. */
static uint64_t deliver_piece(struct reassembly *r, struct flow *f, enum dir dir)
{
    struct tcp_side *side = &f->side[dir];
    struct piece *p = piece_pop(r, f, dir);
    uint64_t old = side->offset - p->offset;
    uint64_t end = p->offset + p->n + p->cut;
    if (old < p->n) {
        deliver(r, f, dir, bytes_from((struct bytes){p->bytes, p->n}, (size_t)old), p->ts, p->pkt);
    }
    free(p);
    return end;
}

/* Hands on the pieces whose turn has come. What no piece has before offset `cut_end`, or before the
 * end of what was cut off a piece, is known not to be in the capture. */
static void go_on(struct reassembly *r, struct flow *f, enum dir dir, uint64_t cut_end, int64_t ts,
                  uint64_t pkt)
{
    struct tcp_side *side = &f->side[dir];
    for (;;) {
        const struct piece *p = side->waiting;
        if (p != NULL && p->offset <= side->offset) {
            ts = p->ts;
            pkt = p->pkt;
            uint64_t end = deliver_piece(r, f, dir);
            cut_end = end > cut_end ? end : cut_end;
            continue;
        }
        if (side->offset >= cut_end) {
            return;
        }
        uint64_t end = p != NULL && p->offset < cut_end ? p->offset : cut_end;
        give_gap(r, f, dir, end - side->offset, ts, pkt);
    }
}

/* Where the first hole ends: at a piece, else at the FIN, else nobody knows. */
static uint64_t hole_end(const struct tcp_side *side)
{
    if (side->waiting != NULL) {
        return side->waiting->offset;
    }
    return side->fin_seen ? side->offset + (side->fin - side->next) : UINT64_MAX;
}

/* Gives the first hole up as far as offset `to`, and hands on what stood behind it. */
static void give_hole_up(struct reassembly *r, struct flow *f, enum dir dir, uint64_t to)
{
    struct tcp_side *side = &f->side[dir];
    const struct piece *p = side->waiting;
    uint64_t end = hole_end(side);
    end = to < end ? to : end;
    int64_t ts = p != NULL ? p->ts : f->seen_ts;
    uint64_t pkt = p != NULL ? p->pkt : f->last_pkt;
    if (end > side->offset) {
        give_gap(r, f, dir, end - side->offset, ts, pkt);
    }
    go_on(r, f, dir, 0, ts, pkt);
}

/* ---- Segments that come too early ---- */

/* Where bytes of a new piece are there already: are they the same? */
static void compare_overlap(struct reassembly *r, struct flow *f, enum dir dir,
                            const struct piece *old, uint64_t offset, struct bytes b, uint64_t pkt)
{
    uint64_t from = offset > old->offset ? offset : old->offset;
    uint64_t old_end = old->offset + old->n;
    uint64_t new_end = offset + b.n;
    uint64_t to = old_end < new_end ? old_end : new_end;
    if (from < to && memcmp(old->bytes + (from - old->offset), b.p + (from - offset), to - from)) {
        finding(r, f, dir, FINDING_TCP_OVERLAP_DIFFERS, pkt);
    }
}

/* Whether a segment from `from` to `end`, of which `n` bytes were captured, says nothing that piece
 * p could know. */
static bool lies_behind(const struct piece *p, uint64_t from, uint64_t end, size_t n)
{
    return p->offset + p->n <= from && (n > 0 || p->offset + p->n + p->cut < end);
}

/* Makes a piece of the bytes of the segment g from `from` on that no piece has. Returns whether
 * there were any. */
static bool wait_for_turn(struct reassembly *r, struct flow *f, enum dir dir,
                          const struct segment *g, uint64_t from)
{
    struct tcp_side *side = &f->side[dir];
    struct piece **at = &side->waiting;
    struct bytes rest = g->b;
    uint64_t end = from + g->b.n + g->cut;
    bool added = false;
    if (side->last != NULL && lies_behind(side->last, from, end, rest.n)) {
        at = &side->last->next;
    }
    for (;;) {
        while (*at != NULL && lies_behind(*at, from, end, rest.n)) {
            at = &(*at)->next;
        }
        struct piece *p = *at;
        uint64_t room = p == NULL ? UINT64_MAX : p->offset > from ? p->offset - from : 0;
        if (room > 0) {
            struct bytes part = bytes_part(rest, 0, room < rest.n ? (size_t)room : rest.n);
            struct piece like = {.offset = from, .ts = g->ts, .pkt = g->pkt};
            like.cut = part.n == rest.n ? g->cut : 0;
            if (!piece_insert(r, f, dir, at, &like, part)) {
                return added;
            }
            added = true;
            from += part.n;
            rest = bytes_from(rest, part.n);
            at = &(*at)->next;
            if (rest.n == 0) {
                return true;
            }
        }
        uint64_t old_end = p->offset + p->n;
        compare_overlap(r, f, dir, p, from, rest, g->pkt);
        if (rest.n == 0 || old_end - from >= rest.n) {
            uint64_t known = old_end + p->cut;
            p->cut += end > known ? (uint32_t)(end - known) : 0;
            return added;
        }
        rest = bytes_from(rest, (size_t)(old_end - from));
        from = old_end;
    }
}

static void limit_hit(struct reassembly *r, struct flow *f, enum dir dir, uint64_t pkt)
{
    r->limit_hits++;
    finding(r, f, dir, FINDING_TCP_LIMIT_OUT_OF_ORDER, pkt);
    give_hole_up(r, f, dir, UINT64_MAX);
}

/* The caps: a direction's own, and that of all together, where the one longest idle gives way. */
static void keep_to_limits(struct reassembly *r, struct flow *f, enum dir dir, uint64_t pkt)
{
    const struct tcp_side *side = &f->side[dir];
    while (side->waiting_bytes > TCP_WAITING_DIRECTION_MAX_BYTES ||
           side->waiting_pieces > TCP_WAITING_DIRECTION_MAX_PIECES) {
        limit_hit(r, f, dir, pkt);
    }
    while (r->waiting_bytes > TCP_WAITING_ALL_MAX_BYTES) {
        struct flow *oldest = r->holders;
        enum dir d = oldest->side[0].waiting != NULL ? DIR_CLIENT_TO_SERVER : DIR_SERVER_TO_CLIENT;
        limit_hit(r, oldest, d, oldest->last_pkt);
    }
}

static void early_segment(struct reassembly *r, struct flow *f, enum dir dir,
                          const struct segment *g, uint64_t offset)
{
    struct tcp_side *side = &f->side[dir];
    bool fills = seq_distance(side->highest, g->seq) > 0;
    if (wait_for_turn(r, f, dir, g, offset)) {
        side->counts.out_of_order += fills;
        keep_to_limits(r, f, dir, g->pkt);
    } else {
        side->counts.retransmitted++;
    }
}

/* ---- Segments whose turn it is ---- */

/* A segment whose first `old` bytes are old and whose others are next. Where a piece waits already,
 * that piece came first. */
static void segment_in_turn(struct reassembly *r, struct flow *f, enum dir dir,
                            const struct segment *g, uint32_t old)
{
    struct tcp_side *side = &f->side[dir];
    struct bytes b = bytes_from(g->b, old);
    uint64_t end = side->offset + (g->b.n + g->cut - old);
    while (b.n > 0) {
        const struct piece *p = side->waiting;
        struct bytes part = b;
        if (p != NULL && p->offset <= side->offset) {
            compare_overlap(r, f, dir, p, side->offset, b, g->pkt);
            uint64_t there = p->offset + p->n - side->offset;
            part.n = there < b.n ? (size_t)there : b.n;
            uint64_t piece_end = deliver_piece(r, f, dir);
            end = piece_end > end ? piece_end : end;
        } else {
            if (p != NULL && p->offset - side->offset < b.n) {
                part.n = (size_t)(p->offset - side->offset);
            }
            deliver(r, f, dir, part, g->ts, g->pkt);
        }
        b = bytes_from(b, part.n);
    }
    if (end > side->offset || side->waiting != NULL) {
        go_on(r, f, dir, end, g->ts, g->pkt);
    }
}

/* A segment that starts before the next byte: old bytes again, and maybe new ones behind them. */
static void late_segment(struct reassembly *r, struct flow *f, enum dir dir,
                         const struct segment *g, uint32_t old)
{
    struct tcp_side *side = &f->side[dir];
    uint64_t n = (uint64_t)g->b.n + g->cut;
    if (n == 1 && old == 1) {
        return; /* a keep-alive probe repeats the last byte, or puts anything in its place */
    }
    side->counts.retransmitted++;
    digest_compare(r, f, dir, g);
    if (n > old) {
        segment_in_turn(r, f, dir, g, old);
    }
}

/* ---- Segments ---- */

/* A segment outside of any window: is it one of a row that nothing interrupts? */
static bool stray_is_believed(struct tcp_side *side, uint32_t seq, uint32_t end)
{
    side->strays = seq == side->stray_next ? (uint8_t)(side->strays + 1) : 1;
    side->stray_next = end;
    if (side->strays < TCP_STRAYS_BELIEVED) {
        return false;
    }
    side->strays = 0;
    side->highest = end;
    return true;
}

static void payload(struct reassembly *r, struct flow *f, enum dir dir, const struct segment *g)
{
    struct tcp_side *side = &f->side[dir];
    int32_t distance = seq_distance(g->seq, side->next);
    uint32_t end = g->seq + (uint32_t)g->b.n + g->cut;
    if (side->ended && (seq_distance(end, side->next) > 0 || !is_near(side, g->seq))) {
        return; /* after the FIN: the receiver drops it too */
    }
    if (distance != 0 && !is_near(side, g->seq) && !stray_is_believed(side, g->seq, end)) {
        return;
    }
    side->strays = 0;
    if (side->fin_seen && !side->ended && seq_distance(end, side->fin) > 0) {
        side->fin_seen = false; /* there was more to come: that FIN was a forged one */
    }
    if (distance == 0) {
        side->counts.out_of_order += seq_distance(side->highest, end) >= 0;
        segment_in_turn(r, f, dir, g, 0);
    } else if (distance < 0 && distance >= -TCP_WINDOW_MAX_BYTES) {
        late_segment(r, f, dir, g, side->next - g->seq);
    } else {
        early_segment(r, f, dir, g, side->offset + (uint32_t)distance);
    }
    if (seq_distance(end, side->highest) > 0) {
        side->highest = end;
    }
}

/* The FIN counts once every byte before it was handed on. */
static void check_end(struct reassembly *r, struct flow *f, enum dir dir, int64_t ts, uint64_t pkt)
{
    struct tcp_side *side = &f->side[dir];
    if (side->fin_seen && !side->ended && seq_distance(side->next, side->fin) >= 0) {
        side->ended = true;
        while (side->waiting != NULL) {
            free(piece_pop(r, f, dir));
        }
        r->output.end(r->output.ctx, f, dir, ts, pkt);
    }
}

static void fin(struct tcp_side *side, uint32_t seq)
{
    if (!side->fin_seen && is_near(side, seq) && seq_distance(seq, side->next) >= 0 &&
        seq_distance(seq, side->highest) >= 0) {
        side->fin_seen = true;
        side->fin = seq;
    }
}

static bool has_hole(const struct tcp_side *side)
{
    return side->waiting != NULL || side->fin_seen != side->ended;
}

/* Has the other side acknowledged past this side's first hole, and was it waited long enough? All
 * that was acknowledged when the wait began is given up when it is over. */
static void check_hole(struct reassembly *r, struct flow *f, enum dir dir, int64_t ts)
{
    struct tcp_side *side = &f->side[dir];
    if (!side->acked_seen || seq_distance(side->acked, side->next) <= 0) {
        return;
    }
    if (!side->hole_seen || seq_distance(side->hole_acked, side->next) <= 0) {
        side->hole_seen = true;
        side->hole_packets = f->packets;
        side->hole_ts = ts;
        side->hole_acked = side->acked;
        return;
    }
    if (f->packets - side->hole_packets < TCP_HOLE_GRACE_PACKETS &&
        ts - side->hole_ts < TCP_HOLE_GRACE_NS) {
        return;
    }
    side->hole_seen = false;
    while (has_hole(side) && seq_distance(side->hole_acked, side->next) > 0) {
        give_hole_up(r, f, dir, side->offset + (side->hole_acked - side->next));
        check_end(r, f, dir, ts, f->last_pkt);
    }
}

static void acknowledgement(struct tcp_side *side, uint32_t ack)
{
    if (side->started && !is_near(side, ack)) {
        return;
    }
    if (!side->acked_seen) {
        side->first = side->started ? side->first : ack; /* or a guess at it */
        side->acked_seen = true;
        side->acked = ack;
    } else if (seq_distance(ack, side->acked) > 0) {
        side->acked = ack;
    }
}

static void start(struct tcp_side *side, uint32_t seq)
{
    side->started = true;
    side->first = seq;
    side->next = seq;
    side->highest = seq;
    side->acked_seen = side->acked_seen && is_near(side, side->acked);
}

/* Data of a side whose SYN was not captured. Where that of the other side was, what the other side
 * acknowledged first is where this one began. */
static void start_without_syn(const struct flow *f, struct tcp_side *side, uint32_t seq)
{
    bool known = f->from_start && side->acked_seen && seq_distance(seq, side->first) > 0 &&
                 within_window(seq, side->first);
    start(side, known ? side->first : seq);
}

void reassembly_syn(struct flow *f, enum dir dir, uint32_t seq)
{
    struct tcp_side *side = &f->side[dir];
    if (!side->started) {
        start(side, seq + 1);
    }
}

static void note_urgent(struct tcp_side *side, const struct segment *g)
{
    uint32_t urgent = g->seq + g->urgent - 1;
    side->urgent_seen = true;
    if (g->urgent > 0 && seq_distance(urgent, side->next) >= 0) {
        side->urgent = urgent;
        side->urgent_waits = true;
    }
}

/* What nearly every segment is: the next bytes, while nothing is missing and nothing ends. */
static inline bool is_usual(const struct tcp_side *side, const struct segment *g)
{
    return g->seq == side->next && side->highest == g->seq && side->started && !side->fin_seen &&
           !side->urgent_waits && side->waiting == NULL && g->cut == 0 && g->b.n > 0 &&
           !(g->flags & (TCP_FIN | TCP_URG));
}

static void usual_segment(struct reassembly *r, struct flow *f, enum dir dir,
                          const struct segment *g)
{
    struct tcp_side *side = &f->side[dir];
    side->counts.bytes += g->b.n;
    side->highest += (uint32_t)g->b.n;
    side->strays = 0;
    digest_remember(r, side, g->b);
    deliver_plain(r, f, dir, g->b, g->ts, g->pkt);
}

static __attribute__((noinline)) void any_segment(struct reassembly *r, struct flow *f,
                                                  enum dir dir, const struct segment *g)
{
    struct tcp_side *side = &f->side[dir];
    uint64_t n = (uint64_t)g->b.n + g->cut;
    if (!side->started) {
        start_without_syn(f, side, g->seq);
    }
    if (g->flags & TCP_URG) {
        note_urgent(side, g);
    }
    if (n > 0) {
        side->counts.bytes += n;
        payload(r, f, dir, g);
    }
    if (g->flags & TCP_FIN) {
        fin(side, g->seq + (uint32_t)n);
    }
    check_end(r, f, dir, g->ts, g->pkt);
}

void reassembly_push(struct reassembly *r, struct flow *f, enum dir dir, const struct segment *g)
{
    struct tcp_side *side = &f->side[dir];
    struct tcp_side *other = &f->side[dir_other(dir)];
    /* First what the segment knows of the other side: its bytes were sent after that. */
    if ((g->flags & TCP_ACK) && !(other->acked_seen && g->ack == other->acked)) {
        acknowledgement(other, g->ack);
    }
    if (is_usual(side, g)) {
        usual_segment(r, f, dir, g);
    } else if (g->b.n > 0 || g->cut > 0 || (g->flags & TCP_FIN)) {
        any_segment(r, f, dir, g);
    }
    if (has_hole(side)) {
        check_hole(r, f, dir, g->ts);
    }
    if (has_hole(other)) {
        check_hole(r, f, dir_other(dir), g->ts);
    }
}

bool reassembly_waits(const struct flow *f, enum dir dir)
{
    const struct tcp_side *side = &f->side[dir];
    bool acknowledged = side->started && side->acked_seen && !side->ended &&
                        seq_distance(side->acked, side->next) > 0;
    return side->waiting != NULL || acknowledged;
}

void reassembly_finish(struct reassembly *r, struct flow *f)
{
    for (int d = 0; d < 2; d++) {
        struct tcp_side *side = &f->side[d];
        while (has_hole(side)) {
            give_hole_up(r, f, (enum dir)d, UINT64_MAX);
            check_end(r, f, (enum dir)d, f->seen_ts, f->last_pkt);
        }
        uint32_t lost = side->acked - side->next; /* one may be that of a FIN that was not seen */
        if (side->started && side->acked_seen && !side->ended && lost > 1 &&
            seq_distance(side->acked, side->next) > 0) {
            give_gap(r, f, (enum dir)d, lost, f->seen_ts, f->last_pkt);
        }
    }
}

void reassembly_drop(struct reassembly *r, struct flow *f)
{
    for (int d = 0; d < 2; d++) {
        while (f->side[d].waiting != NULL) {
            free(piece_pop(r, f, (enum dir)d));
        }
    }
}
