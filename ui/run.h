/*
 * One run over capture files: packets from the source through the engine into the model, until the
 * end, an interrupt, or until nobody can take what comes out.
 *
 *     run_open(&run, &options, &err);
 *     model_listen(run.model, ...);
 *     run_packets(&run, &output, show_progress);
 *     source_info(run.source, &info) ... engine_stats(run.engine) ... model_totals(run.model)
 *     run_close(&run);
 */
#ifndef WSIGHT_RUN_H
#define WSIGHT_RUN_H

#include "analyzer/capture/source.h"
#include "analyzer/engine.h"
#include "analyzer/model.h"
#include "options.h"
#include "output.h"

struct run {
    struct source *source;
    struct model *model;
    struct batch *batch;
    struct engine *engine;
    bool line_by_line; /* output is handed on whenever the input pauses */
};

/* -1 with err filled when the capture filter is wrong or memory is short; files that cannot be read
 * are no failure here: source_info tells of them. The options are borrowed until run_close. */
int run_open(struct run *run, const struct options *options, struct err *err);

/* Reads everything and ends every connection. SIGINT and SIGTERM stop the reading early; a second
 * one ends the program. */
void run_packets(struct run *run, struct output *output, bool show_progress);

void run_close(struct run *run);

#endif
