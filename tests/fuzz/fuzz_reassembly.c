/*
 * Reassembly: any segments, in any order, of two connections.
 *
 * Input: commands of six bytes: what (bit 0 direction, 1 connection, 2-3 where, 4 FIN, 5 ACK, 6
 * cut, 7 other bytes), two bytes of distance, length, time, and a byte for the acknowledgement and
 * the cut. Where: from the next byte, from the highest, from the next in units of 64 KiB, or
 * instead of a segment something else (SYN, the end, nobody wants more).
 */
#include "analyzer/limits.h"
#include "analyzer/tcp/reassembly.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

struct world {
    struct reassembly r;
    struct flow flows[2];
    uint64_t heard[2][2]; /* bytes and gaps by connection and direction */
    bool ended[2][2];
    uint64_t pkt;
    int64_t now;
};

static uint64_t *heard(struct world *w, const struct flow *f, enum dir d)
{
    size_t i = (size_t)(f - w->flows);
    require(i < 2 && !w->ended[i][d]);
    return &w->heard[i][d];
}

static void on_data(void *ctx, struct flow *f, const struct chunk *c)
{
    struct world *w = ctx;
    require(c->b.n > 0 && c->pkt <= w->pkt && c->ts <= w->now);
    volatile uint8_t sum = 0; /* the bytes are there */
    for (size_t i = 0; i < c->b.n; i++) {
        sum = (uint8_t)(sum + c->b.p[i]);
    }
    *heard(w, f, c->dir) += c->b.n;
    require(f->side[c->dir].offset - f->side[c->dir].urgent_bytes == *heard(w, f, c->dir));
}

static void on_gap(void *ctx, struct flow *f, enum dir d, uint64_t n, int64_t ts, uint64_t pkt)
{
    struct world *w = ctx;
    require(n > 0 && pkt <= w->pkt && ts <= w->now);
    *heard(w, f, d) += n;
    require(f->side[d].offset - f->side[d].urgent_bytes == *heard(w, f, d));
}

static void on_end(void *ctx, struct flow *f, enum dir d, int64_t ts, uint64_t pkt)
{
    struct world *w = ctx;
    (void)heard(w, f, d);
    require(pkt <= w->pkt && ts <= w->now);
    w->ended[f - w->flows][d] = true;
}

static void on_finding(void *ctx, struct flow *f, enum dir d, enum finding_id id, uint64_t pkt)
{
    (void)ctx;
    (void)f;
    (void)d;
    (void)pkt;
    require(id == FINDING_TCP_OVERLAP_DIFFERS || id == FINDING_TCP_LIMIT_OUT_OF_ORDER);
}

static void check(const struct world *w)
{
    size_t pieces = 0;
    size_t bytes = 0;
    for (int i = 0; i < 4; i++) {
        const struct tcp_side *side = &w->flows[i / 2].side[i % 2];
        require(side->offset - side->urgent_bytes == w->heard[i / 2][i % 2]);
        require(side->waiting_bytes <= TCP_WAITING_DIRECTION_MAX_BYTES);
        require(side->waiting_pieces <= TCP_WAITING_DIRECTION_MAX_PIECES);
        require((side->waiting == NULL) == (side->waiting_pieces == 0));
        require((side->waiting == NULL) == (side->last == NULL));
        pieces += side->waiting_pieces;
        bytes += side->waiting_bytes;
    }
    require((pieces == 0) == (w->r.waiting_bytes == 0) && w->r.waiting_bytes >= bytes);
    require((w->r.holders == NULL) == (pieces == 0));
}

static void other_command(struct world *w, struct flow *f, enum dir d, const uint8_t c[6])
{
    if (c[3] < 250) {
        reassembly_syn(f, d, (uint32_t)c[1] << 24 | (uint32_t)c[2] << 16 | c[3]);
    } else if (c[3] < 253) {
        reassembly_finish(&w->r, f);
    } else {
        reassembly_drop(&w->r, f);
    }
}

static void segment(struct world *w, struct flow *f, enum dir d, const uint8_t c[6])
{
    const struct tcp_side *side = &f->side[d];
    const struct tcp_side *other = &f->side[dir_other(d)];
    uint32_t distance = (uint32_t)(int32_t)(int16_t)(c[1] << 8 | c[2]);
    unsigned where = c[0] >> 2 & 3;
    size_t n = c[3] < 240 ? c[3] : (size_t)(c[3] - 239) * 4000;
    uint8_t *own = malloc(n + (n == 0));
    require(own != NULL);
    struct segment g = {.ts = w->now, .pkt = w->pkt, .b = {own, n}};
    g.seq = (where == 1 ? side->highest : side->next) + distance * (where == 2 ? 65536 : 1);
    for (size_t i = 0; i < n; i++) {
        own[i] = (uint8_t)(g.seq + i + (c[0] >> 7));
    }
    g.cut = c[0] & 1 << 6 ? (c[5] < 250 ? c[5] : 65535) : 0;
    g.flags = (uint8_t)((c[0] & 1 << 4 ? TCP_FIN : 0) | (c[0] & 1 << 5 ? TCP_ACK : 0));
    g.ack = other->next + (uint32_t)(int32_t)(int8_t)c[5] * (c[5] % 3 == 0 ? 1 : 1000);
    if (c[5] == 77) {
        g.flags |= TCP_URG;
        g.urgent = (uint16_t)(n / 2 + 1);
    }
    f->packets++;
    f->seen_ts = w->now;
    f->last_pkt = w->pkt;
    reassembly_push(&w->r, f, d, &g);
    free(own);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world *w = calloc(1, sizeof *w);
    require(w != NULL);
    struct reassembly_output output = {on_data, on_gap, on_end, on_finding, w};
    reassembly_init(&w->r, &output, 1);
    w->flows[0].from_start = true;
    for (; size >= 6; data += 6, size -= 6) {
        struct flow *f = &w->flows[data[0] >> 1 & 1];
        enum dir d = data[0] & 1 ? DIR_SERVER_TO_CLIENT : DIR_CLIENT_TO_SERVER;
        w->pkt++;
        w->now += (int64_t)data[4] * 10000000;
        if ((data[0] >> 2 & 3) == 3) {
            other_command(w, f, d, data);
        } else {
            segment(w, f, d, data);
        }
        check(w);
    }
    for (int i = 0; i < 2; i++) {
        reassembly_finish(&w->r, &w->flows[i]);
        require(w->flows[i].side[0].waiting == NULL && w->flows[i].side[1].waiting == NULL);
    }
    check(w);
    require(w->r.waiting_bytes == 0);
    free(w);
    return 0;
}
