/* A short memory of connections that are over. */
#include "closed.h"

#include "analyzer/limits.h"

#include <stdlib.h>

#define CLOSED_SLOTS 4096

struct closed {
    struct {
        uint32_t hash;
        uint32_t end[2]; /* sequence numbers behind the last byte of each side */
        bool used;
        int64_t ts;
    } slots[CLOSED_SLOTS];
};

struct closed *closed_new(void)
{
    return calloc(1, sizeof(struct closed));
}

void closed_free(struct closed *c)
{
    free(c);
}

void closed_remember(struct closed *c, const struct flow *f, int64_t now)
{
    size_t i = f->hash % CLOSED_SLOTS;
    c->slots[i].hash = f->hash;
    c->slots[i].end[0] = f->side[0].next;
    c->slots[i].end[1] = f->side[1].next;
    c->slots[i].ts = now;
    c->slots[i].used = true;
}

bool closed_repeats(const struct closed *c, uint32_t hash, const struct segment *g, int64_t now)
{
    size_t i = hash % CLOSED_SLOTS;
    if (!c->slots[i].used || c->slots[i].hash != hash || now - c->slots[i].ts > TCP_CLOSED_NS) {
        return false;
    }
    uint32_t end = g->seq + (uint32_t)g->b.n + g->cut;
    for (int d = 0; d < 2; d++) { /* which side it is the hash does not tell */
        if (c->slots[i].end[d] - end <= TCP_WAITING_DIRECTION_MAX_BYTES) {
            return true;
        }
    }
    return false;
}
