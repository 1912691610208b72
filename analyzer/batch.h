/*
 * A batch of events on its way from an engine to the model.
 *
 * It is an event sink: it copies each event and what the event points to. When it is full it hands
 * itself to `full` and is empty again afterwards. A batch belongs to whoever holds it.
 */
#ifndef WSIGHT_BATCH_H
#define WSIGHT_BATCH_H

#include "decoders/event.h"

#define BATCH_EVENTS 256
#define BATCH_ARENA_BYTES (256U << 10)

struct batch;

struct batch {
    struct event_sink sink; /* first, so that a sink is a batch */
    void (*full)(void *ctx, const struct batch *);
    void *ctx;
    size_t n;
    size_t arena_used;
    uint64_t dropped; /* events for whose bodies there was no memory: they went without */
    void *large;      /* bodies that did not fit the arena, chained; freed with the next flush */
    struct event events[BATCH_EVENTS];
    uint8_t arena[BATCH_ARENA_BYTES];
};

/* NULL when out of memory. */
struct batch *batch_new(void (*full)(void *ctx, const struct batch *), void *ctx);
void batch_free(struct batch *);

/* Hands over what is there, full or not. */
void batch_flush(struct batch *);

#endif
