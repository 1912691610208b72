/* A ring of packets, chained by connection. */
#include "lookback.h"

#include <stdlib.h>

#define BUCKETS 65536 /* of chains */

/* Positions count up for ever; a position's place in the ring is what is left of it modulo the
 * size. An entry never wraps. */
struct entry {
    uint64_t connection; /* 0: a filler at the end of the ring */
    uint64_t previous;   /* 1 + position of the chain's entry before; 0: none */
    uint64_t total;      /* bytes of the entry */
    struct packet packet;
};

struct lookback {
    uint8_t *ring;
    uint64_t size, head, tail; /* positions */
    uint64_t newest[BUCKETS];  /* 1 + position of each chain's newest entry */
};

struct lookback *lookback_new(size_t bytes)
{
    struct lookback *l = calloc(1, sizeof *l);
    if (l == NULL) {
        return NULL;
    }
    l->size = bytes & ~(size_t)15;
    l->ring = malloc(l->size);
    if (l->ring == NULL) {
        free(l);
        return NULL;
    }
    return l;
}

void lookback_free(struct lookback *l)
{
    if (l != NULL) {
        free(l->ring);
        free(l);
    }
}

static struct entry *entry_at(const struct lookback *l, uint64_t position)
{
    return (struct entry *)(void *)(l->ring + position % l->size);
}

static uint64_t *chain_of(struct lookback *l, uint64_t connection)
{
    return &l->newest[(connection * UINT64_C(0x9e3779b97f4a7c15)) >> 48];
}

static void make_room(struct lookback *l, uint64_t n)
{
    while (l->size - (l->head - l->tail) < n) {
        uint64_t left = l->size - l->tail % l->size;
        /* too little for an entry at the end of the ring: nobody wrote there */
        l->tail += left < sizeof(struct entry) ? left : entry_at(l, l->tail)->total;
    }
}

/* Goes on at the beginning of the ring when n bytes do not fit before its end. */
static void skip_to_fit(struct lookback *l, uint64_t n)
{
    uint64_t left = l->size - l->head % l->size;
    if (left >= n) {
        return;
    }
    make_room(l, left);
    if (left >= sizeof(struct entry)) {
        *entry_at(l, l->head) = (struct entry){.total = left};
    }
    l->head += left;
}

void lookback_add(struct lookback *l, uint64_t connection, const struct packet *p)
{
    uint64_t total = (sizeof(struct entry) + p->b.n + 15) & ~UINT64_C(15);
    if (total > l->size / 2) {
        return;
    }
    skip_to_fit(l, total);
    make_room(l, total);
    uint64_t *chain = chain_of(l, connection);
    struct entry *e = entry_at(l, l->head);
    uint8_t *copy = (uint8_t *)(e + 1);
    *e = (struct entry){connection, *chain, total, *p};
    memcpy(copy, p->b.p, p->b.n);
    e->packet.b.p = copy;
    *chain = l->head + 1;
    l->head += total;
}

size_t lookback_take(struct lookback *l, uint64_t connection, struct packet *packets, size_t max)
{
    size_t n = 0;
    uint64_t at = *chain_of(l, connection);
    while (at > l->tail && n < max) {
        const struct entry *e = entry_at(l, at - 1);
        if (e->connection == connection) {
            packets[n++] = e->packet;
        }
        at = e->previous;
    }
    for (size_t i = 0; i < n / 2; i++) {
        struct packet p = packets[i];
        packets[i] = packets[n - 1 - i];
        packets[n - 1 - i] = p;
    }
    return n;
}
