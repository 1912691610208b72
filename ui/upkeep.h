/*
 * What a capture that runs for days looks after between two batches of packets: what was lost, key
 * logs that grow, whether it keeps up, and how much memory it holds.
 */
#ifndef WSIGHT_UPKEEP_H
#define WSIGHT_UPKEEP_H

#include "analyzer/batch.h"
#include "analyzer/capture/source.h"
#include "analyzer/engine.h"
#include "analyzer/model.h"
#include "keylogs.h"

/* All borrowed. */
struct upkeep_options {
    struct source *source;
    struct engine *engine;
    const struct model *model;
    struct batch *batch;
    struct keylogs *keylogs;
    uint64_t memory; /* bytes that may be allocated */
    uint64_t ring;   /* bytes of the kernel's ring of each interface */
    void (*notice)(void *context, const char *text); /* what is left out, or no more */
    /* Gives up the oldest of what is kept besides open connections; false: there was nothing. May
     * be NULL. */
    bool (*give_way)(void *context);
    void *context;
};

struct upkeep {
    struct upkeep_options options;
    int64_t next_second, next_look; /* of a clock that only goes on, ns */
    uint64_t load_before;           /* bytes of the ring that were used, ever */
    int64_t ts_before;              /* of the newest packet by then */
    int64_t clock_offset;           /* of the time of day to that clock */
    uint64_t memory_after;          /* bytes allocated when something had given way */
    enum engine_shed shed;
};

void upkeep_begin(struct upkeep *, const struct upkeep_options *);

/* last_ts: of the newest packet that was worked through. true: a second has passed, and what was
 * lost is known anew. */
bool upkeep_tick(struct upkeep *, int64_t last_ts);

/* Whether more connections may be held again after some gave way: bytes that are allocated, those
 * of them that are spare, and those that may be. */
bool upkeep_has_room(uint64_t used, uint64_t spare, uint64_t memory);

#endif
