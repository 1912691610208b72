/*
 * What a run on interfaces does besides a run over files: it gives privileges away before the first
 * packet, reports at intervals and when asked to, opens outputs anew, and looks after itself.
 */
#ifndef WSIGHT_LIVE_RUN_H
#define WSIGHT_LIVE_RUN_H

#include "analyzer/capture/privileges.h"
#include "output.h"
#include "run.h"
#include "upkeep.h"

struct live_run {
    struct run *run;
    const struct run_output *look;
    struct output *output;
    int64_t every, next_report; /* ns; 0: no intervals */
    struct upkeep upkeep;
    bool watches;                     /* other descriptors than before */
    int channel;                      /* of the command that is run; -1: none is waited for */
    struct engine_stats stats_before; /* when the interval began */
};

/* After everything is opened: gives root and capabilities away and seals the process. -1 with err
 * filled. */
int live_confine(struct run *run, const struct output *output,
                 const struct privileges_account *account, struct err *err);

void live_begin(struct live_run *live, struct run *run, const struct run_output *look,
                struct output *output);

/* Between two batches of packets: what is due. -1 with err filled when the output failed. */
int live_tick(struct live_run *live, struct err *err);

/* The last interval's counters, for the report at the end. */
struct engine_stats live_stats(const struct live_run *live);

#endif
