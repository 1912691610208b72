/* A run on interfaces. */
#include "live_run.h"

#include "shed.h"
#include "signals.h"

#include <fcntl.h>
#include <malloc.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <poll.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

/*--- Privileges ---------------------------------------------------------------------------------*/

/* libcrypto reads its configuration when it is first used, and must have done so by then. */
static void begin_crypto(void)
{
    (void)OPENSSL_init_crypto(OPENSSL_INIT_LOAD_CONFIG, NULL);
    EVP_MD *digest = EVP_MD_fetch(NULL, "SHA256", NULL);
    EVP_MD_free(digest);
}

int live_confine(struct run *run, const struct output *output,
                 const struct privileges_account *account, struct err *err)
{
    struct seal seal = {0};
    run->keylogs.sealed = true;
    begin_crypto();
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
    seal.accepts = run->metrics != NULL;
    return privileges_seal(&seal, err);
}

/*--- Intervals ----------------------------------------------------------------------------------*/

void live_begin(struct live_run *live, struct run *run, const struct run_output *look,
                struct output *output)
{
    *live = (struct live_run){.run = run, .look = look, .output = output, .channel = -1};
    live->every = (int64_t)run->options->every * SECOND;
    live->next_look = now() + SECOND / 10;
    live->next_report = live->every > 0 ? now() + live->every : 0;
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

static void each_second(struct live_run *live)
{
    source_refresh(live->run->source);
    keylogs_poll(&live->run->keylogs);
    if (live->run->saving.recorder != NULL) {
        recorder_flush(live->run->saving.recorder);
        saving_check(&live->run->saving, live->look->notice);
    }
}

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

/* The kernel's own bookkeeping for each packet in the ring. */
#define RING_PACKET_BYTES 80

/* How far behind the packets are that are worked through, and what to do about it. */
static void watch_load(struct live_run *live, int64_t passed)
{
    static const char *const words[] = {
        "it keeps up again: everything is decoded",
        "packets come faster than they can be worked through: bodies are left out",
        "packets come faster than they can be worked through: new connections are left out"};
    struct source_info info;
    struct timespec t;
    clock_gettime(CLOCK_REALTIME, &t);
    source_info(live->run->source, &info);
    uint64_t load = info.bytes + info.packets * RING_PACKET_BYTES;
    double rate = (double)(load - live->load_before) / ((double)passed / (double)SECOND);
    int64_t behind = t.tv_sec * SECOND + t.tv_nsec - live->run->last_ts;
    bool idle = live->load_before == load;
    enum engine_shed shed =
        idle ? SHED_NOTHING : shed_level(live->shed, behind, rate, live->run->options->buffer);
    live->load_before = load;
    if (shed != live->shed) {
        live->shed = shed;
        engine_shed(live->run->engine, shed);
        live->look->notice(NULL, words[shed]);
    }
}

/* The oldest connections give way when there is more than --memory allows. */
static void watch_memory(struct live_run *live)
{
    struct mallinfo2 memory = mallinfo2();
    if (memory.uordblks + memory.hblkhd > live->run->options->memory) {
        engine_give_way(live->run->engine);
        batch_flush(live->run->batch); /* their sessions go with the events that tell of it */
    }
}

int live_tick(struct live_run *live, struct err *err)
{
    int64_t time = now();
    serve_metrics(live, time);
    watch_descriptors(live);
    if (signals_take_reopen()) {
        struct err problem;
        if (live->run->saving.recorder != NULL) {
            recorder_rotate(live->run->saving.recorder);
        }
        if (output_reopen(live->output, &problem) != 0) {
            live->look->notice(NULL, problem.text);
        }
    }
    if (time >= live->next_look) {
        watch_load(live, time - live->next_look + SECOND / 10);
        live->next_look = time + SECOND / 10;
        watch_memory(live);
    }
    if (time >= live->next_second) {
        live->next_second = time + SECOND;
        each_second(live);
    }
    return is_report_due(live, time) ? report_interval(live, err) : 0;
}
