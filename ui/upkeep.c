/* A capture that runs for long looks after itself. */
#include "upkeep.h"

#include "clock.h"
#include "heap.h"
#include "shed.h"

#include <stdio.h>
#include <stdlib.h>

#define LOOK_NS (SECOND_NS / 10)

/* So large a part of --memory is left for what comes until the next look. */
#define MEMORY_AHEAD_PART 8
/* So large a part of --memory more must be needed after something gave way, before more does. */
#define MEMORY_STEP_PART 64

/* What gave way comes back, bit by bit, while no larger part of --memory is really needed. */
#define MEMORY_CALM_PART 2

/* The kernel's own bookkeeping for each packet in the ring. */
#define RING_PACKET_BYTES 80

/* The time of day never moves so much against the other clock unless it is set. */
#define CLOCK_SET_NS (SECOND_NS / 20)

void upkeep_begin(struct upkeep *u, const struct upkeep_options *options)
{
    int64_t now = clock_ns(CLOCK_MONOTONIC);
    *u = (struct upkeep){.options = *options};
    u->next_look = now + LOOK_NS;
    u->clock_offset = clock_ns(CLOCK_REALTIME) - now;
}

static uint64_t ring_load(const struct source *source)
{
    struct source_info info;
    source_info(source, &info);
    return info.bytes + info.packets * RING_PACKET_BYTES;
}

static void tell_shed(const struct upkeep *u)
{
    char text[128];
    if (u->shed == SHED_NOTHING) {
        u->options.notice(u->options.context, "it keeps up again: everything is decoded");
        return;
    }
    snprintf(text, sizeof text,
             "packets come faster than they can be worked through: %s are left out",
             u->shed == SHED_BODIES ? "bodies" : "bodies and new connections");
    u->options.notice(u->options.context, text);
}

/* How far behind the packets are that are worked through, and what to do about it. Packets carry
 * the time of day: while that is set, nothing is judged by it. */
static void watch_load(struct upkeep *u, int64_t now, int64_t last_ts)
{
    uint64_t load = ring_load(u->options.source), came = load - u->load_before;
    int64_t spanned = last_ts - u->ts_before;
    int64_t offset = clock_ns(CLOCK_REALTIME) - now;
    bool was_set = llabs(offset - u->clock_offset) > CLOCK_SET_NS;
    u->load_before = load;
    u->ts_before = last_ts;
    u->clock_offset = offset;
    if (was_set) {
        return;
    }
    /* By the packets' own times: so fast does the ring fill, however slowly it is emptied. */
    double rate = spanned > 0 ? (double)came * (double)SECOND_NS / (double)spanned : 0;
    enum engine_shed shed = shed_level(u->shed, now + offset - last_ts, rate, u->options.ring);
    if (shed != u->shed) {
        u->shed = shed;
        engine_shed(u->options.engine, shed);
        tell_shed(u);
    }
}

/* The oldest gives way when there is more than is allowed: first what is kept of the past, then
 * connections. */
static void watch_memory(struct upkeep *u)
{
    const struct upkeep_options *o = &u->options;
    uint64_t used = heap_bytes();
    /* What was given up is used again (decoders/base/pool.h) and so may still count as allocated.
     */
    uint64_t enough = o->memory - o->memory / MEMORY_AHEAD_PART;
    if (used <= enough || used <= u->memory_after + o->memory / MEMORY_STEP_PART) {
        return;
    }
    if (o->give_way == NULL || !o->give_way(o->context)) {
        engine_give_way(o->engine);
        batch_flush(o->batch); /* their sessions go with the events that tell of it */
    }
    u->memory_after = heap_bytes();
}

/* What is spare is used again, but not for everything, so it counts as well where it is too much.
 */
bool upkeep_has_room(uint64_t used, uint64_t spare, uint64_t memory)
{
    return used <= memory && used - spare <= memory / MEMORY_CALM_PART;
}

static void let_come_back(const struct upkeep *u)
{
    const struct upkeep_options *o = &u->options;
    uint64_t spare = engine_spare_bytes(o->engine) + model_spare_bytes(o->model);
    if (upkeep_has_room(heap_bytes(), spare, o->memory)) {
        engine_take_more(o->engine);
    }
}

bool upkeep_tick(struct upkeep *u, int64_t last_ts)
{
    int64_t now = clock_ns(CLOCK_MONOTONIC);
    engine_steady_clock(u->options.engine, now);
    if (now >= u->next_look) {
        watch_load(u, now, last_ts);
        u->next_look = now + LOOK_NS;
        watch_memory(u);
    }
    if (now < u->next_second) {
        return false;
    }
    u->next_second = now + SECOND_NS;
    source_refresh(u->options.source);
    keylogs_read(u->options.keylogs);
    let_come_back(u);
    return true;
}
