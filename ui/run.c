/* One run over capture files or interfaces. */
#include "run.h"

#include "analyzer/limits.h"
#include "clock.h"
#include "config.h"
#include "live_run.h"
#include "memory.h"
#include "progress.h"
#include "signals.h"
#include "stop.h"

#include <stdlib.h>
#include <sys/random.h>

#define RUN_PACKETS 64
#define LIVE_CONNECTION_BYTES 1024
#define LIBCRYPTO_BYTES (4U << 20)   /* more than it takes to begin */
#define DRAIN_NS (SECOND_NS / 10)    /* a block is handed over within half of it */
#define DRAIN_MAX_NS (5 * SECOND_NS) /* a second signal ends the program at once */
#define LIVE_WAIT_MS 200 /* as late may a signal be noticed that came just before the waiting */

static void to_model(void *model, const struct batch *batch)
{
    model_take(model, batch);
}

/* The seed keeps senders from choosing what collides in the hash tables; nothing that is printed
 * depends on it. */
static struct engine_options engine_options(const struct options *o,
                                            const struct report_format *format,
                                            const struct filter *filter)
{
    unsigned needs = filter != NULL ? filter_needs(filter) : 0;
    struct engine_options e = {
        .max_connections = (size_t)o->max_connections, .shard = o->shard, .shards = o->shards};
    size_t fit = (size_t)o->memory / 2 / LIVE_CONNECTION_BYTES + 1;
    if (o->n_interfaces > 0 && e.max_connections == 0 && fit < TCP_CONNECTIONS_MAX) {
        e.max_connections = fit; /* a flood fills memory faster than it is looked at */
    }
    if (getrandom(&e.seed, sizeof e.seed, GRND_NONBLOCK) != (ssize_t)sizeof e.seed) {
        e.seed = (uint64_t)(uintptr_t)&e; /* where the stack happens to be */
    }
    bool messages =
        o->command == COMMAND_FOLLOW || o->messages || (format->needs & REPORT_NEEDS_MESSAGES) != 0;
    e.decode.digest = o->digest;
    e.decode.frames =
        o->frames || (format->needs & REPORT_NEEDS_FRAMES) != 0 || (needs & FILTER_FRAMES) != 0;
    e.decode.heads = (format->needs & REPORT_NEEDS_HEADS) != 0 || (needs & FILTER_HEADS) != 0;
    e.decode.body_max = needs & FILTER_BODIES ? OPTIONS_UNLIMITED : messages ? o->bodies : 0;
    e.decode.late = !messages && !(needs & FILTER_MESSAGES) && !o->digest && o->n_interfaces == 0;
    return e;
}

/* The report's format, started and listening to the model. */
int run_start_report(struct run *run, const struct run_output *output, struct err *err)
{
    if (output->instead != NULL) {
        model_listen(run->model, output->instead);
        return 0;
    }
    const struct options *o = run->options;
    run->context = (struct report_context){
        .out = output->stream,
        .folder = output->folder,
        .path = o->output,
        .options = {.width = output->width,
                    .colour = output->color,
                    .limit = o->limit,
                    .show_secrets = o->show_secrets,
                    .frames = o->frames,
                    .no_files = o->n_interfaces > 0,
                    .messages = o->messages,
                    .directions = o->directions,
                    .bodies = o->bodies},
        .tool_name = "wsight",
        .tool_version = WSIGHT_VERSION,
        .registry = output->registry,
        .capture = &run->summary.capture,
        .filter = o->filter,
        .stats = &run->stats,
        .model = run->model,
    };
    run->report = run->format->start(&run->context);
    if (run->report == NULL) {
        return err_set(err, "out of memory");
    }
    struct model_listener listener = run->format->listener(run->report);
    if (output->filter != NULL) {
        listener = selection_begin(&run->selection, output->filter, output->late, &listener);
    }
    run->listening = listener.self;
    model_listen(run->model, &listener);
    return 0;
}

void run_forget_report(struct run *run)
{
    model_forget(run->model, run->listening);
    run->format->free(run->report);
    run->report = NULL;
}

static struct source *open_source(struct run *run, const struct options *o,
                                  const struct run_output *output, struct err *err)
{
    struct source_options source = {
        .filter = o->bpf, .secrets = keylogs_from_capture, .context = &run->keylogs};
    if (o->n_interfaces == 0) {
        return source_open(o->operands, o->n_operands, &source, err);
    }
    source.live = (struct source_live_options){.snaplen = (uint32_t)o->snaplen,
                                               .promiscuous = o->promiscuous,
                                               .prompt = o->command == COMMAND_FOLLOW,
                                               .buffer_bytes = (size_t)o->buffer,
                                               .wait_ms = LIVE_WAIT_MS,
                                               .notice = output->notice};
    return source_open_live(o->interfaces, o->n_interfaces, &source, err);
}

/* A command is run: its key log is read, and its packets alone pass. */
static int prepare_program(struct run *run, const struct options *o, struct err *err)
{
    return o->program == NULL || (child_prepare(&run->child, o->program, err) == 0 &&
                                  keylogs_add(&run->keylogs, run->child.keylog, err) == 0)
               ? 0
               : -1;
}

static int open_parts(struct run *run, const struct options *o, const struct run_output *output,
                      struct err *err)
{
    struct model_options model = {.selective = output->filter != NULL};
    struct engine_options engine = engine_options(o, run->format, output->filter);
    size_t inputs = o->n_interfaces > 0 ? o->n_interfaces : o->n_operands;
    bool live = o->n_interfaces > 0 || o->program != NULL;
    enum keylogs_growth growth = keylogs_growth(live, o->operands, o->n_operands);
    if (keylogs_open(&run->keylogs, o->keylogs, o->n_keylogs, growth, err) != 0 ||
        keylogs_add_rsa(&run->keylogs, o->rsa_keys, o->n_rsa_keys, err) != 0) {
        return -1;
    }
    if (prepare_program(run, o, err) != 0) {
        return -1;
    }
    engine.secrets = run->keylogs.secrets;
    run->source = open_source(run, o, output, err);
    if (run->source == NULL) {
        return -1;
    }
    if (o->metrics != NULL && (run->metrics = metrics_open(o->metrics, err)) == NULL) {
        return -1;
    }
    run->model = model_new(&model);
    run->batch = run->model != NULL ? batch_new(to_model, run->model) : NULL;
    struct recorder_options recorder = saving_options(o);
    if (run->batch != NULL &&
        saving_open(&run->saving, &recorder, &run->batch->sink, &engine, err) != 0) {
        return -1;
    }
    struct event_sink *sink = run->saving.recorder != NULL ? &run->saving.sink : &run->batch->sink;
    run->engine = run->batch != NULL ? engine_new(&engine, sink) : NULL;
    if (run->engine == NULL || summary_init(&run->summary, inputs, o->bpf) != 0) {
        return err_set(err, "out of memory");
    }
    run->summary.capture.shard = o->shard;
    run->summary.capture.shards = o->shards;
    return o->program != NULL ? child_fork(&run->child, engine.seed, run->keylogs.secrets, err) : 0;
}

int run_open(struct run *run, const struct options *o, const struct run_output *output,
             struct err *err)
{
    *run = (struct run){.options = o, .child = {.channel = -1}};
    if (!memory_available(LIBCRYPTO_BYTES)) {
        return err_set(err, "out of memory");
    }
    run->format = report_find(command_name(o->command), o->format);
    if (run->format == NULL) {
        return err_set(err, "there is no format '%s'", o->format);
    }
    run->streams = o->command != COMMAND_REPORT;
    if (open_parts(run, o, output, err) != 0 || run_start_report(run, output, err) != 0) {
        run_close(run);
        return -1;
    }
    return 0;
}

static void show(struct run *run, struct progress *progress)
{
    struct source_info info;
    const struct totals *t = model_totals(run->model);
    source_refresh(run->source);
    source_info(run->source, &info);
    if (source_is_live(run->source)) {
        progress_show_live(progress, info.packets, t->sessions, t->open_now, info.dropped);
    } else {
        progress_show(progress, info.packets, info.read_bytes, info.total_bytes);
    }
}

/* Packets that came, and what they led to. */
static void take_packets(struct run *run, const struct packet *packets, size_t n)
{
    if (!run->started && n > 0) { /* the precision of the times is known from here on */
        (void)summary_update(&run->summary, run->source);
        run->started = run->keylogs.packets_came = true;
        if (run->selection.filter != NULL) {
            filter_set_origin(run->selection.filter, packets[0].ts);
        }
    }
    if (run->saving.recorder != NULL) {
        recorder_expect(run->saving.recorder, run->source, packets, n);
    }
    engine_packets(run->engine, packets, n);
    if (run->saving.recorder != NULL) {
        recorder_packets(run->saving.recorder);
    }
    if (n < RUN_PACKETS) { /* the input has no more at the moment */
        if (run->streams) {
            batch_flush(run->batch);
            run->format->flush(run->report);
        } else if (n == 0) {
            batch_flush(run->batch);
        }
    }
}

/* A command that is run has the signals first; its end is the end. */
static bool is_stopped(struct run *run)
{
    if (run->options->program == NULL) {
        return signals_stop() != 0;
    }
    if (signals_stop() != 0) {
        child_signal(&run->child, signals_stop());
    }
    return child_is_over(&run->child);
}

static bool goes_on(struct run *run, const struct stop *stop, FILE *stream)
{
    return !is_stopped(run) && !ferror(stream) && !memory_ran_out() &&
           !stop_is_due(stop, model_sessions_ended(run->model));
}

/* Of packets that came, those of the command that is run, and earlier ones that turn out to be. */
static size_t take_of_program(struct run *run, const struct packet *packets, size_t n)
{
    struct packet own[RUN_PACKETS];
    size_t taken = 0, part;
    child_serve(&run->child);
    do {
        part = child_packets(&run->child, packets, n, own, RUN_PACKETS);
        take_packets(run, own, part);
        taken += part;
        n = 0;
    } while (part == RUN_PACKETS);
    return taken;
}

/* Packets of the source, or that there were none; how many count. */
static size_t take_batch(struct run *run, const struct packet *packets, size_t n)
{
    run->last_ts = n > 0 ? packets[n - 1].ts : run->last_ts;
    keylogs_read(&run->keylogs);
    if (run->options->program != NULL) {
        return take_of_program(run, packets, n);
    }
    take_packets(run, packets, n);
    return n;
}

/* What came before the signal that ended a live run may still lie in the kernel's ring, at last in
 * a block that is not full yet. */
static void drain(struct run *run)
{
    struct packet packets[RUN_PACKETS];
    int64_t asked = clock_ns(CLOCK_REALTIME), begun = clock_ns(CLOCK_MONOTONIC), spent;
    size_t n;
    do {
        n = source_batch(run->source, packets, RUN_PACKETS);
        (void)take_batch(run, packets, n);
        spent = clock_ns(CLOCK_MONOTONIC) - begun;
    } while (spent < DRAIN_NS || (n > 0 && run->last_ts < asked && spent < DRAIN_MAX_NS));
}

/* Until the end, a signal, or an output that takes no more. live is NULL for files. */
static int read_packets(struct run *run, struct live_run *live, FILE *stream,
                        struct progress *progress)
{
    struct packet packets[RUN_PACKETS];
    struct stop stop;
    stop_init(&stop, run->options);
    while (goes_on(run, &stop, stream)) {
        size_t n = source_batch(run->source, packets, stop_room(&stop, RUN_PACKETS));
        if (n == 0 && source_state(run->source) == SOURCE_ENDED) {
            return 0;
        }
        stop.packets += take_batch(run, packets, n);
        if (live != NULL && live_tick(live, &run->problem) != 0) {
            return -1;
        }
        if (progress_due(progress)) {
            show(run, progress);
        }
    }
    if (live != NULL && signals_stop()) {
        drain(run);
    }
    return 0;
}

int run_packets(struct run *run, const struct run_output *look, struct output *output)
{
    struct progress progress;
    struct live_run live;
    bool is_live = source_is_live(run->source);
    signals_catch(is_live);
    live_begin(&live, run, look, output);
    child_start(&run->child);
    progress_start(&progress, look->progress);
    int status = read_packets(run, is_live ? &live : NULL, look->stream, &progress);
    progress_end(&progress);
    source_refresh(run->source);
    keylogs_read(&run->keylogs); /* for what waits */
    engine_finish(run->engine);
    saving_end(&run->saving, look->notice);
    keylogs_notices(&run->keylogs, look->notice);
    if (run->options->shard <= 1) { /* else that of the first part tells of the files */
        summary_findings(run->source, &run->batch->sink);
        keylogs_findings(&run->keylogs, &run->batch->sink);
    }
    selection_findings(&run->selection, &run->batch->sink);
    batch_flush(run->batch);
    run->stats = live_stats(&live);
    run->summary.capture.interrupted = signals_stop() && !is_live;
    (void)summary_update(&run->summary, run->source); /* without memory an interface lacks a name */
    return status;
}

int run_report(struct run *run, struct err *err)
{
    return run->format->finish(run->report, err);
}

void run_close(struct run *run)
{
    if (run->report != NULL) {
        run->format->free(run->report);
    }
    engine_free(run->engine);
    saving_close(&run->saving);
    metrics_free(run->metrics);
    batch_free(run->batch);
    model_free(run->model);
    source_free(run->source);
    keylogs_close(&run->keylogs);
    summary_done(&run->summary);
    child_done(&run->child);
    *run = (struct run){0};
}
