/*
 * One run over capture files or interfaces: packets from the source through the engine into the
 * model and on to the report, until the end, an interrupt, or until nobody can take what comes out.
 */
#ifndef WSIGHT_RUN_H
#define WSIGHT_RUN_H

#include "analyzer/filter/selection.h"
#include "child.h"
#include "keylogs.h"
#include "metrics.h"
#include "options.h"
#include "output.h"
#include "saving.h"
#include "summary.h"

struct run {
    const struct options *options;
    struct source *source;
    struct model *model;
    struct batch *batch;
    struct engine *engine;
    struct saving saving;
    struct selection selection; /* with a display filter */
    struct metrics *metrics;    /* NULL: not asked for */
    struct keylogs keylogs;
    struct child child; /* run: the command */
    struct summary summary;
    struct engine_stats stats;
    struct report_context context;
    const struct report_format *format;
    void *report;
    void *listening;                          /* the self of what listens to the model for it */
    bool started;                             /* a packet came */
    int64_t last_ts;                          /* of the newest packet */
    struct err problem;                       /* why the reading was ended */
    uint64_t findings_before[SEVERITY_COUNT]; /* of the intervals before this one */
    bool streams;                             /* what was found is written at once */
};

/* How the report is to look. */
struct run_output {
    FILE *stream;
    int folder; /* for a format that is many files, else -1 */
    unsigned width;
    bool color, progress;
    const struct registry *registry;
    struct filter *filter;                    /* display filter; NULL: none */
    const struct late_values *late;           /* what a first pass learnt for it, or NULL */
    const struct model_listener *instead;     /* is told in place of a report; NULL: a report is */
    void (*notice)(void *, const char *text); /* what becomes of the interfaces */
};

/* -1 with err filled when the capture filter is wrong or memory is short; files that cannot be read
 * are no failure here: summary_complaints tells of them. Everything is borrowed until run_close. */
int run_open(struct run *run, const struct options *options, const struct run_output *output,
             struct err *err);

/* Reads everything and ends every connection. SIGINT and SIGTERM stop the reading early; a second
 * one ends the program. -1 with run->problem filled when an interval's report could not be
 * written. */
int run_packets(struct run *run, const struct run_output *look, struct output *output);

/* Starts the report that listens to the model; run_open does it, and again after each
 * run_forget_report. -1 with err filled. */
int run_start_report(struct run *run, const struct run_output *output, struct err *err);
void run_forget_report(struct run *run);

/* Writes the report. -1 with err filled. */
int run_report(struct run *run, struct err *err);

void run_close(struct run *run);

#endif
