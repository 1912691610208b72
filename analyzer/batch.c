/* A batch of events: copies what events point to into its arena. */
#include "batch.h"

#include <stdlib.h>

/* A body too large for the arena. */
struct large {
    struct large *next;
    uint8_t bytes[];
};

static void *arena_copy(struct batch *b, const void *p, size_t n)
{
    size_t aligned = (n + 7) & ~(size_t)7;
    if (aligned <= BATCH_ARENA_BYTES - b->arena_used) {
        void *copy = b->arena + b->arena_used;
        b->arena_used += aligned;
        return memcpy(copy, p, n);
    }
    struct large *l = malloc(sizeof *l + n);
    if (l == NULL) {
        b->dropped++;
        return NULL;
    }
    l->next = b->large;
    b->large = l;
    return memcpy(l->bytes, p, n);
}

static void copy_bytes(struct batch *b, struct bytes *bytes)
{
    if (bytes->n == 0) {
        return; /* p stays: NULL and empty mean different things, and it is not read */
    }
    bytes->p = arena_copy(b, bytes->p, bytes->n);
    bytes->n = bytes->p != NULL ? bytes->n : 0;
}

static const struct handshake *copy_handshake(struct batch *b, const struct handshake *h)
{
    struct handshake *copy = arena_copy(b, h, sizeof *h);
    if (copy != NULL) {
#define COPY(name) copy_bytes(b, &copy->name);
        HANDSHAKE_TEXTS(COPY)
#undef COPY
    }
    return copy;
}

/* true: whole. An event whose struct cannot be copied is dropped. */
static bool copy_pointed_to(struct batch *b, struct event *e)
{
    switch (e->type) {
    case EVENT_SESSION:
        e->begin.connection = arena_copy(b, e->begin.connection, sizeof *e->begin.connection);
        return e->begin.connection != NULL;
    case EVENT_HANDSHAKE:
        e->handshake = copy_handshake(b, e->handshake);
        return e->handshake != NULL;
    case EVENT_MESSAGE:
        copy_bytes(b, &e->message.body);
        return true;
    case EVENT_DEFLATED:
        copy_bytes(b, &e->deflated);
        return true;
    case EVENT_RUN:
        e->run.lengths = arena_copy(b, e->run.lengths, e->run.n * sizeof *e->run.lengths);
        return e->run.lengths != NULL;
    case EVENT_FINDING:
        copy_bytes(b, &e->finding.detail);
        return true;
    case EVENT_TLS:
#define COPY(name) copy_bytes(b, &e->tls.name);
        TLS_TEXTS(COPY)
#undef COPY
        return true;
    case EVENT_CHANNEL:
        copy_bytes(b, &e->channel.target);
        return true;
    case EVENT_END:
        e->end = arena_copy(b, e->end, sizeof *e->end);
        return e->end != NULL;
    case EVENT_VERSION: /* points to what never goes */
    case EVENT_FRAME:
    case EVENT_DIGEST:
        return true;
    }
    return false;
}

void batch_flush(struct batch *b)
{
    if (b->n > 0) {
        b->full(b->ctx, b);
    }
    b->n = 0;
    b->arena_used = 0;
    while (b->large != NULL) {
        struct large *next = ((struct large *)b->large)->next;
        free(b->large);
        b->large = next;
    }
}

static void batch_emit(struct event_sink *sink, const struct event *e)
{
    struct batch *b = (struct batch *)sink;
    if (b->n == BATCH_EVENTS || b->large != NULL || b->arena_used > BATCH_ARENA_BYTES / 2) {
        batch_flush(b);
    }
    b->events[b->n] = *e;
    if (copy_pointed_to(b, &b->events[b->n])) {
        b->n++;
    }
}

struct batch *batch_new(void (*full)(void *ctx, const struct batch *), void *ctx)
{
    struct batch *b = malloc(sizeof *b);
    if (b != NULL) {
        b->sink.emit = batch_emit;
        b->full = full;
        b->ctx = ctx;
        b->n = 0;
        b->arena_used = 0;
        b->dropped = 0;
        b->large = NULL;
    }
    return b;
}

void batch_free(struct batch *b)
{
    if (b != NULL) {
        b->n = 0;
        batch_flush(b);
        free(b);
    }
}
