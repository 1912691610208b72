/* Packets wait in a list until it is known whose they are. */
#include "gate.h"

#include "../../decoders/base/pool.h"
#include "../../decoders/net/net.h"
#include "../../decoders/tls/hello.h"
#include "../limits.h"
#include "../tcp/flow.h"

#include <stdlib.h>

#define HELLOS_MAX 256 /* handshakes whose keys may still come */

struct held {
    struct held *next;
    struct packet packet;
    struct flow_key key;
    uint8_t bytes[];
};

struct hello {
    struct flow_key key;
    uint8_t random[TLS_RANDOM_BYTES];
    bool waits;
};

struct gate {
    struct slab_heap heap; /* of the table */
    struct flow_table *admitted;
    const struct tls_secrets *secrets;
    uint64_t generation; /* of the secrets when they were last looked at */
    struct held *first, **end;
    struct held *given; /* handed out, to be freed */
    size_t bytes;
    uint64_t refused;
    int64_t told_until;
    struct hello hellos[HELLOS_MAX]; /* the newest */
    size_t next_hello;
};

/* The table makes room by itself; a connection that it gave up is not wanted any more. */
static void forget(void *ctx, struct flow *f, enum flow_gone how)
{
    (void)ctx;
    (void)f;
    (void)how;
}

struct gate *gate_new(uint64_t seed, const struct tls_secrets *secrets)
{
    struct gate *g = calloc(1, sizeof *g);
    if (g == NULL) {
        return NULL;
    }
    g->secrets = secrets;
    g->end = &g->first;
    g->admitted = flow_table_new(seed, GATE_CONNECTIONS_MAX, &g->heap, forget, NULL);
    if (g->admitted == NULL) {
        free(g);
        return NULL;
    }
    return g;
}

static void free_all(struct held *h)
{
    while (h != NULL) {
        struct held *next = h->next;
        free(h);
        h = next;
    }
}

void gate_free(struct gate *g)
{
    if (g != NULL) {
        free_all(g->first);
        free_all(g->given);
        flow_table_free(g->admitted);
        slab_heap_free(&g->heap);
        free(g);
    }
}

static bool is_admitted(const struct gate *g, const struct flow_key *key)
{
    enum dir dir;
    return flow_find(g->admitted, key, flow_hash(g->admitted, key), &dir) != NULL;
}

void gate_admit(struct gate *g, const struct flow_key *key)
{
    if (!is_admitted(g, key)) {
        (void)flow_add(g->admitted, key, flow_hash(g->admitted, key));
    }
}

void gate_told_until(struct gate *g, int64_t ts)
{
    g->told_until = ts > g->told_until ? ts : g->told_until;
}

/*--- Handshakes ---------------------------------------------------------------------------------*/

static void note_hello(struct gate *g, const struct segment *s)
{
    struct hello *h = &g->hellos[g->next_hello];
    if (tls_client_random(s->b, h->random)) {
        h->key = s->key;
        h->waits = true;
        g->next_hello = (g->next_hello + 1) % HELLOS_MAX;
        g->generation = 0; /* its keys may be there already */
    }
}

static bool has_keys(const struct gate *g, const struct hello *h)
{
    struct tls_secret secret;
    for (int kind = 0; kind < TLS_SECRET_KINDS; kind++) {
        if (tls_secrets_find(g->secrets, h->random, (enum tls_secret_kind)kind, &secret)) {
            return true;
        }
    }
    return false;
}

static void look_for_keys(struct gate *g)
{
    uint64_t generation = tls_secrets_generation(g->secrets);
    if (generation == g->generation) {
        return;
    }
    g->generation = generation;
    for (size_t i = 0; i < HELLOS_MAX; i++) {
        struct hello *h = &g->hellos[i];
        if (h->waits && has_keys(g, h)) {
            gate_admit(g, &h->key);
            h->waits = false;
        }
    }
}

/*--- The queue ----------------------------------------------------------------------------------*/

static struct held *pop(struct gate *g)
{
    struct held *h = g->first;
    g->first = h->next;
    g->end = g->first == NULL ? &g->first : g->end;
    g->bytes -= sizeof *h + h->packet.b.n;
    h->next = NULL;
    return h;
}

static void refuse(struct gate *g)
{
    g->refused++;
    free(pop(g));
}

void gate_add(struct gate *g, const struct packet *p)
{
    struct net_parsed parsed;
    if (net_parse(p, &parsed) != NET_SEGMENT) {
        g->refused++;
        return;
    }
    struct held *h = malloc(sizeof *h + p->b.n);
    if (h == NULL) {
        g->refused++;
        return;
    }
    note_hello(g, &parsed.segment);
    memcpy(h->bytes, p->b.p, p->b.n);
    h->next = NULL;
    h->key = parsed.segment.key;
    h->packet = *p;
    h->packet.b.p = h->bytes;
    *g->end = h;
    g->end = &h->next;
    g->bytes += sizeof *h + p->b.n;
    while (g->bytes > GATE_HELD_MAX_BYTES && !is_admitted(g, &g->first->key)) {
        refuse(g);
    }
}

size_t gate_take(struct gate *g, struct packet *packets, size_t max)
{
    struct held **end = &g->given;
    size_t n = 0;
    free_all(g->given);
    g->given = NULL;
    look_for_keys(g);
    while (g->first != NULL && n < max) {
        if (is_admitted(g, &g->first->key)) {
            *end = pop(g);
            packets[n++] = (*end)->packet;
            end = &(*end)->next;
        } else if (g->told_until - GATE_WAIT_NS >= g->first->packet.ts) {
            refuse(g);
        } else {
            break;
        }
    }
    return n;
}

uint64_t gate_refused(const struct gate *g)
{
    return g->refused;
}
