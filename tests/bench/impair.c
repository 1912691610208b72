/*
 * A bad wire between a sender and the tap. In a thousand data segments 10 are lost and sent again
 * (after three later ones, or 200 ms), 20 come after their successor or 2 ms late, 5 are repeated
 * and 5 are followed by a retransmission cut at other places. The receiver acknowledges no byte
 * beyond a hole and repeats its acknowledgement for each segment that comes past one (RFC 5681).
 */
#include "tap.h"

#include <string.h>

enum {
    LOST_PER_MILLE = 10,
    LATE_PER_MILLE = 20,
    REPEAT_PER_MILLE = 5,
    OVERLAP_PER_MILLE = 5,
    FAST_RETRANSMIT = 3,
    RETRANSMIT_NS = 200 * 1000 * 1000,
    LATE_NS = 2 * 1000 * 1000,
};

void impair_remember(struct peer *peer, const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        peer->history[(peer->seq + i) % TAP_HISTORY_BYTES] = p[i];
}

/* Sends bytes again: from `seq`, `n` bytes. */
static void send_again(struct tap *t, struct conn *c, enum side from, uint32_t seq, uint32_t n)
{
    uint8_t bytes[TCP_SEGMENT_BYTES];

    if (n > sizeof bytes)
        n = sizeof bytes;
    for (uint32_t i = 0; i < n; i++)
        bytes[i] = c->peer[from].history[(seq + i) % TAP_HISTORY_BYTES];
    conn_emit(t, c, from, TCP_ACK | TCP_PSH, seq, bytes, n);
}

static void repair(struct tap *t, struct conn *c, enum side from)
{
    struct peer *me = &c->peer[from];
    struct hole hole = me->hole;
    uint32_t before = 0, after = 0;

    /* A sender that packs its segments anew: some of what had arrived comes along. */
    if (hole.kind == HOLE_LOST && random_chance(t->random, 300)) {
        before = random_below(t->random, 60);
        after = random_below(t->random, 60);
        if (before > hole.seq - me->start)
            before = hole.seq - me->start;
        if (after > me->seq - hole.seq - hole.length)
            after = me->seq - hole.seq - hole.length;
        if (hole.length + before + after > TCP_SEGMENT_BYTES)
            before = after = 0;
    }
    me->hole = (struct hole){0};
    send_again(t, c, from, hole.seq - before, hole.length + before + after);
    me->reached = me->seq;
    conn_emit(t, c, !from, TCP_ACK, c->peer[!from].seq, NULL, 0);
}

static void repair_oldest(struct tap *t, struct due_queue *q)
{
    const struct due *d = &q->item[q->head++ % IMPAIR_QUEUE];
    const struct hole *hole;

    if (d->conn == NULL)
        return;
    hole = &d->conn->peer[d->from].hole;
    if (hole->kind != HOLE_NONE && hole->seq == d->seq)
        repair(t, d->conn, d->from);
}

static void make_hole(struct tap *t, struct conn *c, enum side from, enum hole_kind kind, size_t n)
{
    struct due_queue *q = kind == HOLE_LOST ? &t->impair->lost : &t->impair->late;
    struct peer *me = &c->peer[from];

    if (q->tail - q->head == IMPAIR_QUEUE)
        repair_oldest(t, q);
    q->item[q->tail++ % IMPAIR_QUEUE] =
        (struct due){.conn = c,
                     .from = from,
                     .seq = me->seq,
                     .at_ns = t->now_ns + (kind == HOLE_LOST ? RETRANSMIT_NS : LATE_NS)};
    me->hole = (struct hole){.seq = me->seq, .length = (uint32_t)n, .kind = kind};
    me->seq += (uint32_t)n;
}

static void pass_hole(struct tap *t, struct conn *c, enum side from, const uint8_t *p, size_t n)
{
    struct peer *me = &c->peer[from];

    conn_emit(t, c, from, TCP_ACK | TCP_PSH, me->seq, p, n);
    me->seq += (uint32_t)n;
    conn_emit(t, c, !from, TCP_ACK, c->peer[!from].seq, NULL, 0);
    if (me->hole.kind == HOLE_LATE || ++me->hole.passed >= FAST_RETRANSMIT ||
        me->seq - me->hole.seq > TAP_HISTORY_BYTES / 2)
        repair(t, c, from);
}

static void overlap(struct tap *t, struct conn *c, enum side from, size_t n)
{
    const struct peer *me = &c->peer[from];
    uint32_t back = (uint32_t)n / 2 + random_below(t->random, (uint32_t)n + 40);

    if (back > me->seq - me->start)
        back = me->seq - me->start;
    if (back > TCP_SEGMENT_BYTES)
        back = TCP_SEGMENT_BYTES;
    send_again(t, c, from, me->seq - back, back);
    conn_emit(t, c, !from, TCP_ACK, c->peer[!from].seq, NULL, 0);
    t->impair->overlaps++;
}

void impair_segment(struct tap *t, struct conn *c, enum side from, const uint8_t *p, size_t n)
{
    struct peer *me = &c->peer[from];
    uint32_t roll = random_below(t->random, 1000);

    if (me->hole.kind != HOLE_NONE) {
        pass_hole(t, c, from, p, n);
        return;
    }
    if (roll < LOST_PER_MILLE) {
        t->impair->losses++;
        make_hole(t, c, from, HOLE_LOST, n);
        return;
    }
    roll -= LOST_PER_MILLE;
    if (roll < LATE_PER_MILLE) {
        t->impair->reorderings++;
        make_hole(t, c, from, HOLE_LATE, n);
        return;
    }
    roll -= LATE_PER_MILLE;
    conn_emit(t, c, from, TCP_ACK | TCP_PSH, me->seq, p, n);
    me->seq += (uint32_t)n;
    conn_arrived(t, c, from);
    if (roll < REPEAT_PER_MILLE) {
        send_again(t, c, from, me->seq - (uint32_t)n, (uint32_t)n);
        conn_emit(t, c, !from, TCP_ACK, c->peer[!from].seq, NULL, 0);
        t->impair->duplicates++;
    } else if (roll < REPEAT_PER_MILLE + OVERLAP_PER_MILLE) {
        overlap(t, c, from, n);
    }
}

static void forget(struct due_queue *q, const struct conn *c)
{
    for (uint64_t i = q->head; i != q->tail; i++) {
        if (q->item[i % IMPAIR_QUEUE].conn == c)
            q->item[i % IMPAIR_QUEUE].conn = NULL;
    }
}

void impair_settle(struct tap *t, struct conn *c)
{
    if (t->impair == NULL)
        return;
    for (int from = SIDE_CLIENT; from <= SIDE_SERVER; from++) {
        if (c->peer[from].hole.kind != HOLE_NONE)
            repair(t, c, (enum side)from);
    }
    forget(&t->impair->lost, c);
    forget(&t->impair->late, c);
}

static void run_queue(struct tap *t, struct due_queue *q)
{
    while (q->head != q->tail && q->item[q->head % IMPAIR_QUEUE].at_ns <= t->now_ns)
        repair_oldest(t, q);
}

void impair_tick(struct tap *t)
{
    run_queue(t, &t->impair->late);
    run_queue(t, &t->impair->lost);
}
