/* A run on interfaces. */
#include "live_run.h"

#include "clock.h"
#include "confine.h"
#include "signals.h"

#include <fcntl.h>
#include <poll.h>
#include <unistd.h>

/*--- Privileges ---------------------------------------------------------------------------------*/

int live_confine(struct run *run, const struct output *output,
                 const struct privileges_account *account, struct err *err)
{
    struct seal seal = {0};
    if (confine_prepare(err) != 0) {
        return -1;
    }
    if (output->directory >= 0) {
        seal.directories[seal.directories_n++] = output->directory;
    }
    if (privileges_drop(account, err) != 0) {
        return -1;
    }
    if (run->saving.recorder != NULL) {
        int directory = recorder_directory(run->saving.recorder);
        seal.directories[seal.directories_n++] = directory;
        bool rotates = run->options->rotate_size > 0 || run->options->rotate_every > 0;
        if (rotates && faccessat(directory, ".", W_OK | X_OK, AT_EACCESS) != 0) {
            return err_set(err, "-w: user %.60s may make no files there; --user names another one",
                           account->name);
        }
    }
    seal.sockets = source_sockets(run->source, &seal.sockets_n);
    seal.accepts = run->metrics != NULL;
    return privileges_seal(&seal, err);
}

/*--- Intervals ----------------------------------------------------------------------------------*/

void live_begin(struct live_run *live, struct run *run, const struct run_output *look,
                struct output *output)
{
    *live = (struct live_run){.run = run, .look = look, .output = output, .channel = -1};
    live->every = (int64_t)run->options->every * SECOND_NS;
    live->next_report = live->every > 0 ? clock_ns(CLOCK_MONOTONIC) + live->every : 0;
    struct upkeep_options upkeep = {.source = run->source,
                                    .engine = run->engine,
                                    .model = run->model,
                                    .batch = run->batch,
                                    .keylogs = &run->keylogs,
                                    .memory = run->options->memory,
                                    .ring = run->options->buffer,
                                    .notice = look->notice};
    upkeep_begin(&live->upkeep, &upkeep);
}

struct engine_stats live_stats(const struct live_run *live)
{
    return engine_stats_since(live->run->engine, &live->stats_before);
}

/* The next report, which counts from nothing. */
static int begin_interval(struct live_run *live, struct err *err)
{
    struct run *run = live->run;
    const struct totals *t = model_totals(run->model);
    for (int i = 0; i < SEVERITY_COUNT; i++) {
        run->findings_before[i] += t->findings_by_severity[i];
    }
    if (run->metrics != NULL) {
        metrics_keep(run->metrics, t);
    }
    live->stats_before = engine_stats(run->engine);
    summary_begin_interval(&run->summary, run->source);
    model_interval_begin(run->model);
    return run_start_report(run, live->look, err);
}

/* The report of what came since the last one. */
static int report_interval(struct live_run *live, struct err *err)
{
    struct run *run = live->run;
    batch_flush(run->batch);
    source_refresh(run->source);
    run->stats = live_stats(live);
    (void)summary_update(&run->summary, run->source);
    model_interval_end(run->model);
    if (run_report(run, err) != 0) {
        return -1;
    }
    fputc('\n', live->look->stream);
    if (fflush(live->look->stream) != 0) {
        return err_set(err, "cannot write the report");
    }
    run_forget_report(run);
    return begin_interval(live, err);
}

static bool is_report_due(struct live_run *live, int64_t time)
{
    bool asked = signals_take_report() && live->run->options->command == COMMAND_REPORT;
    if (live->next_report == 0 || time < live->next_report) {
        return asked;
    }
    live->next_report += live->every;
    if (live->next_report <= time) { /* the machine slept */
        live->next_report = time + live->every;
    }
    return true;
}

/*--- Looking after itself -----------------------------------------------------------------------*/

/* What the metrics are told by. */
static void serve_metrics(struct live_run *live, int64_t time)
{
    if (live->run->metrics != NULL && metrics_serve(live->run->metrics, live->run, time)) {
        live->watches = true;
    }
}

/* What ends the waiting for packets besides packets. */
static void watch_descriptors(struct live_run *live)
{
    struct run *run = live->run;
    struct pollfd watched[METRICS_WATCHED_MAX + 1];
    size_t n = run->metrics != NULL ? metrics_watched(run->metrics, watched) : 0;
    if (run->child.channel >= 0) {
        watched[n++] = (struct pollfd){.fd = run->child.channel, .events = POLLIN};
    }
    if (live->watches || run->child.channel != live->channel) {
        source_watch(run->source, watched, n);
    }
    live->watches = false;
    live->channel = run->child.channel;
}

static void reopen(struct live_run *live)
{
    struct err problem;
    if (live->run->saving.recorder != NULL) {
        recorder_rotate(live->run->saving.recorder);
    }
    if (output_reopen(live->output, &problem) != 0) {
        live->look->notice(NULL, problem.text);
    }
}

int live_tick(struct live_run *live, struct err *err)
{
    int64_t time = clock_ns(CLOCK_MONOTONIC);
    serve_metrics(live, time);
    watch_descriptors(live);
    if (signals_take_reopen()) {
        reopen(live);
    }
    if (upkeep_tick(&live->upkeep, live->run->last_ts) && live->run->saving.recorder != NULL) {
        recorder_flush(live->run->saving.recorder);
        saving_check(&live->run->saving, live->look->notice);
    }
    return is_report_due(live, time) ? report_interval(live, err) : 0;
}
