/* One run over capture files. */
#include "run.h"

#include "progress.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/random.h>

#define RUN_PACKETS 64

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

int run_open(struct run *run, const struct options *o, struct err *err)
{
    struct source_options source = {.filter = o->bpf};
    struct model_options model = {.retain = false};
    struct engine_options engine = engine_options(o);
    *run = (struct run){.line_by_line = o->command == COMMAND_FOLLOW};
    run->source = source_open(o->operands, o->n_operands, &source, err);
    if (run->source == NULL) {
        return -1;
    }
    run->model = model_new(&model);
    run->batch = run->model != NULL ? batch_new(to_model, run->model) : NULL;
    run->engine = run->batch != NULL ? engine_new(&engine, &run->batch->sink) : NULL;
    if (run->engine == NULL) {
        run_close(run);
        return err_set(err, "out of memory");
    }
    return 0;
}

static void show(struct run *run, struct progress *progress)
{
    struct source_info info;
    source_info(run->source, &info);
    progress_show(progress, info.packets, info.read_bytes, info.total_bytes);
}

void run_packets(struct run *run, struct output *output, bool show_progress)
{
    struct packet packets[RUN_PACKETS];
    struct progress progress;
    catch_signals();
    progress_start(&progress, show_progress);
    while (!interrupted && !output_failed(output)) {
        size_t n = source_batch(run->source, packets, RUN_PACKETS);
        if (n == 0 && source_state(run->source) == SOURCE_ENDED) {
            break;
        }
        engine_packets(run->engine, packets, n);
        if (run->line_by_line && n < RUN_PACKETS) { /* the input has no more at the moment */
            batch_flush(run->batch);
            output_flush(output);
        }
        if (progress_due(&progress)) {
            show(run, &progress);
        }
    }
    progress_end(&progress);
    engine_finish(run->engine);
    batch_flush(run->batch);
}

void run_close(struct run *run)
{
    engine_free(run->engine);
    batch_free(run->batch);
    model_free(run->model);
    source_free(run->source);
    *run = (struct run){0};
}
