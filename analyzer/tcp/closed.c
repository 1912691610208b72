/* A short memory of connections that are over. */
#include "closed.h"

#include "analyzer/limits.h"

#include <stdlib.h>

#define CLOSED_NONE UINT32_MAX

struct closed {
    struct closed_slot {
        uint32_t hash;
        uint32_t end[2]; /* sequence numbers behind the last byte of each side */
        uint32_t before; /* the slot of one that ended earlier, with the same head */
        int64_t ts;
    } slots[CLOSED_CONNECTIONS]; /* in the order of their ends: a ring */
    uint32_t heads[CLOSED_CONNECTIONS];
    uint64_t n; /* remembered so far */
};

struct closed *closed_new(void)
{
    struct closed *c = calloc(1, sizeof *c);
    for (size_t i = 0; c != NULL && i < CLOSED_CONNECTIONS; i++) {
        c->heads[i] = CLOSED_NONE;
    }
    return c;
}

void closed_free(struct closed *c)
{
    free(c);
}

/* It is the last of its chain, as it is the oldest of all. */
static void forget_slot(struct closed *c, uint32_t slot)
{
    uint32_t *at = &c->heads[c->slots[slot].hash % CLOSED_CONNECTIONS];
    while (*at != slot) {
        at = &c->slots[*at].before;
    }
    *at = CLOSED_NONE;
}

void closed_remember(struct closed *c, const struct flow *f, int64_t now)
{
    uint32_t slot = (uint32_t)(c->n % CLOSED_CONNECTIONS);
    uint32_t *head = &c->heads[f->hash % CLOSED_CONNECTIONS];
    if (c->n++ >= CLOSED_CONNECTIONS) {
        forget_slot(c, slot);
    }
    c->slots[slot] = (struct closed_slot){f->hash, {f->side[0].next, f->side[1].next}, *head, now};
    *head = slot;
}

/* The newest with this hash. */
static const struct closed_slot *find_slot(const struct closed *c, uint32_t hash)
{
    uint32_t at = c->heads[hash % CLOSED_CONNECTIONS];
    while (at != CLOSED_NONE && c->slots[at].hash != hash) {
        at = c->slots[at].before;
    }
    return at != CLOSED_NONE ? &c->slots[at] : NULL;
}

bool closed_repeats(const struct closed *c, uint32_t hash, const struct segment *g, int64_t now)
{
    const struct closed_slot *slot = find_slot(c, hash);
    if (slot == NULL || now - slot->ts > TCP_CLOSED_NS) {
        return false;
    }
    uint32_t end = g->seq + (uint32_t)g->b.n + g->cut;
    for (int d = 0; d < 2; d++) { /* which side it is the hash does not tell */
        if (slot->end[d] - end <= TCP_WAITING_DIRECTION_MAX_BYTES) {
            return true;
        }
    }
    return false;
}
