/* One run over capture files. */
#include "run.h"

#include "config.h"
#include "memory.h"
#include "progress.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>

#define RUN_PACKETS 64
#define LIBCRYPTO_BYTES (4U << 20) /* more than it takes to begin */

/* A signal handler can leave word in a variable of the program only. */
static volatile sig_atomic_t interrupted;

static void interrupt(int signal_number)
{
    interrupted = signal_number;
}

/* The first signal interrupts the waiting for input; the next has its usual effect. */
static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND};
    struct sigaction old;
    const int signals[] = {SIGINT, SIGTERM};
    interrupted = 0;
    for (size_t i = 0; i < sizeof signals / sizeof *signals; i++) {
        if (sigaction(signals[i], NULL, &old) == 0 && old.sa_handler != SIG_IGN) {
            sigaction(signals[i], &action, NULL);
        }
    }
}

static void to_model(void *model, const struct batch *batch)
{
    model_take(model, batch);
}

/* The seed keeps senders from choosing what collides in the hash tables; nothing that is printed
 * depends on it. */
static struct engine_options engine_options(const struct options *o)
{
    struct engine_options e = {.max_connections = (size_t)o->max_connections};
    if (getrandom(&e.seed, sizeof e.seed, GRND_NONBLOCK) != (ssize_t)sizeof e.seed) {
        e.seed = (uint64_t)(uintptr_t)&e; /* where the stack happens to be */
    }
    bool follows = o->command == COMMAND_FOLLOW;
    e.decode.digest = o->digest;
    e.decode.frames = follows && o->frames;
    e.decode.body_max = follows ? o->bodies : 0;
    e.decode.late = !follows && !o->digest;
    return e;
}

/* The report's format, started and listening to the model. */
static int start_report(struct run *run, const struct options *o, const struct run_output *output,
                        struct err *err)
{
    run->context = (struct report_context){
        .out = output->stream,
        .options = {.width = output->width,
                    .colour = output->color,
                    .limit = o->limit,
                    .show_secrets = o->show_secrets,
                    .frames = o->frames,
                    .bodies = o->bodies},
        .tool_name = "wsight",
        .tool_version = WSIGHT_VERSION,
        .registry = output->registry,
        .capture = &run->summary.capture,
        .stats = &run->stats,
        .model = run->model,
    };
    run->format = report_find(command_name(o->command), o->format);
    if (run->format == NULL) {
        return err_set(err, "there is no format '%s'", o->format);
    }
    run->report = run->format->start(&run->context);
    if (run->report == NULL) {
        return err_set(err, "out of memory");
    }
    struct model_listener listener = run->format->listener(run->report);
    model_listen(run->model, &listener);
    return 0;
}

static int open_parts(struct run *run, const struct options *o, struct err *err)
{
    struct source_options source = {
        .filter = o->bpf, .secrets = keylogs_from_capture, .context = &run->keylogs};
    struct model_options model = {.retain = false};
    struct engine_options engine = engine_options(o);
    if (keylogs_open(&run->keylogs, o->keylogs, o->n_keylogs, false, err) != 0) {
        return -1;
    }
    engine.secrets = run->keylogs.secrets;
    run->source = source_open(o->operands, o->n_operands, &source, err);
    if (run->source == NULL) {
        return -1;
    }
    run->model = model_new(&model);
    run->batch = run->model != NULL ? batch_new(to_model, run->model) : NULL;
    run->engine = run->batch != NULL ? engine_new(&engine, &run->batch->sink) : NULL;
    if (run->engine == NULL || summary_init(&run->summary, o->n_operands, o->bpf) != 0) {
        return err_set(err, "out of memory");
    }
    return 0;
}

int run_open(struct run *run, const struct options *o, const struct run_output *output,
             struct err *err)
{
    *run = (struct run){.options = o};
    if (!memory_available(LIBCRYPTO_BYTES)) {
        return err_set(err, "out of memory");
    }
    if (open_parts(run, o, err) != 0 || start_report(run, o, output, err) != 0) {
        run_close(run);
        return -1;
    }
    return 0;
}

static void show(struct run *run, struct progress *progress)
{
    struct source_info info;
    source_info(run->source, &info);
    progress_show(progress, info.packets, info.read_bytes, info.total_bytes);
}

/* Until the end, a signal, or an output that takes no more. */
static void read_packets(struct run *run, FILE *stream, struct progress *progress)
{
    struct packet packets[RUN_PACKETS];
    bool first = true;
    bool follows = run->options->command == COMMAND_FOLLOW;
    while (!interrupted && !ferror(stream) && !memory_ran_out()) {
        size_t n = source_batch(run->source, packets, RUN_PACKETS);
        if (n == 0 && source_state(run->source) == SOURCE_ENDED) {
            return;
        }
        if (first && n > 0) { /* the precision of the times is known from here on */
            (void)summary_update(&run->summary, run->source);
            first = false;
        }
        engine_packets(run->engine, packets, n);
        if (follows && n < RUN_PACKETS) { /* the input has no more at the moment */
            batch_flush(run->batch);
            run->format->flush(run->report);
        }
        if (progress_due(progress)) {
            show(run, progress);
        }
    }
}

void run_packets(struct run *run, const struct run_output *output)
{
    struct progress progress;
    catch_signals();
    progress_start(&progress, output->progress);
    read_packets(run, output->stream, &progress);
    progress_end(&progress);
    engine_finish(run->engine);
    summary_findings(run->source, &run->batch->sink);
    keylogs_findings(&run->keylogs, &run->batch->sink);
    batch_flush(run->batch);
    run->stats = engine_stats(run->engine);
    run->summary.capture.interrupted = interrupted != 0;
    (void)summary_update(&run->summary, run->source); /* without memory an interface lacks a name */
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
    batch_free(run->batch);
    model_free(run->model);
    source_free(run->source);
    keylogs_close(&run->keylogs);
    summary_done(&run->summary);
    *run = (struct run){0};
}
