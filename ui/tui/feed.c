/* From packets to the store. */
#include "feed.h"

#include "analyzer/limits.h"
#include "config.h"
#include "ui/keylogs.h"
#include "ui/summary.h"

#include <stdio.h>
#include <stdlib.h>

#define PACKETS 64

static size_t source_read(void *self, struct packet *packets, size_t max, int wait_ms)
{
    (void)wait_ms; /* a file does not keep one waiting; a pipe is interrupted by the timer */
    return source_batch(self, packets, max);
}

static bool source_ended(void *self)
{
    return source_state(self) == SOURCE_ENDED;
}

static void source_progress(void *self, uint64_t *read, uint64_t *total)
{
    struct source_info info;
    source_info(self, &info);
    *read = info.read_bytes;
    *total = info.total_bytes;
}

static const char *source_problem(void *self)
{
    struct source_info info;
    source_info(self, &info);
    for (size_t i = 0; i < info.files_n; i++) {
        if (info.files[i].error.text[0] != '\0') {
            return info.files[i].error.text;
        }
    }
    return info.filter_problem;
}

static unsigned source_digits(void *self)
{
    struct source_info info;
    source_info(self, &info);
    return info.digits;
}

static uint64_t source_dropped(void *self)
{
    struct source_info info;
    source_info(self, &info);
    return info.dropped;
}

struct packet_feed feed_of_source(struct source *source)
{
    return (struct packet_feed){.read = source_read,
                                .ended = source_ended,
                                .progress = source_progress,
                                .problem = source_problem,
                                .digits = source_digits,
                                .dropped = source_dropped,
                                .fd = -1,
                                .self = source};
}

static void to_model(void *model, const struct batch *batch)
{
    model_take(model, batch);
}

static bool give_way(void *feed)
{
    struct feed *f = feed;
    return f->give_way != NULL && f->give_way(f->give_way_context);
}

static uint64_t less(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* Where the engine's events go first: to what keeps packets, or to the batch. When no packets can
 * be kept the rest goes on, and it is told to who wants to save them. */
static struct event_sink *keep_packets(struct feed *f, struct engine_options *engine,
                                       const struct feed_options *o)
{
    uint64_t memory = f->packets.live ? o->upkeep.memory : UINT64_MAX;
    char path[4096];
    const char *folder = getenv("TMPDIR");
    struct recorder_options options = {.path = path,
                                       .rotate_bytes = less(FEED_PACKETS_BYTES, memory) / 2,
                                       .lookback_bytes =
                                           (size_t)less(SAVE_LOOKBACK_BYTES, memory / 8),
                                       .unnamed = true,
                                       .only_sessions = true,
                                       .application = "wsight " WSIGHT_VERSION};
    snprintf(path, sizeof path, "%s/wsight", folder != NULL && folder[0] == '/' ? folder : "/tmp");
    if (!o->keep_packets ||
        saving_open(&f->saving, &options, &f->batch->sink, engine, &f->not_saved) != 0) {
        return &f->batch->sink;
    }
    return &f->saving.sink;
}

static void note_end(void *feed, struct session *s)
{
    struct feed *f = feed;
    if (s->outcome == OUTCOME_TLS) {
        tls_groups_add(&f->tls, s);
    }
}

int feed_open(struct feed *f, const struct packet_feed *packets, const struct feed_options *options,
              struct err *err)
{
    struct model_options model = {.retain = true};
    struct store_options store = {
        .budget_bytes = FEED_BODIES_BYTES, .file_bytes = BODY_LOG_ALL, .live = packets->live};
    if (packets->live) { /* for ever: and the folder of files may be memory, too */
        store.budget_bytes = less(store.budget_bytes, options->upkeep.memory / 4);
        store.file_bytes = options->upkeep.memory;
    }
    struct engine_options engine = {.decode = store_decode_options(),
                                    .seed = options->seed,
                                    .secrets = options->secrets,
                                    .max_connections = options->max_connections};
    *f = (struct feed){.packets = *packets,
                       .name = "",
                       .secrets = options->secrets,
                       .source = options->upkeep.source,
                       .keylogs = options->upkeep.keylogs};
    f->model = model_new(&model);
    f->store = f->model != NULL ? store_new(&store) : NULL;
    f->batch = f->store != NULL ? batch_new(to_model, f->model) : NULL;
    struct event_sink *sink = f->batch != NULL ? keep_packets(f, &engine, options) : NULL;
    f->engine = sink != NULL ? engine_new(&engine, sink) : NULL;
    if (f->engine == NULL) {
        feed_close(f);
        return err_set(err, "out of memory");
    }
    struct model_listener listener = store_listener(f->store);
    model_listen(f->model, &listener);
    model_listen(f->model, &(struct model_listener){.session_ended = note_end, .self = f});
    if (packets->live) {
        struct upkeep_options upkeep = options->upkeep;
        upkeep.engine = f->engine;
        upkeep.model = f->model;
        upkeep.batch = f->batch;
        upkeep.notice = feed_notice;
        upkeep.give_way = give_way;
        upkeep.context = f;
        upkeep_begin(&f->upkeep, &upkeep);
    }
    return 0;
}

void feed_notice(void *feed, const char *text)
{
    struct feed *f = feed;
    (void)err_set(&f->news, "%s", text);
}

void feed_close(struct feed *f)
{
    engine_free(f->engine);
    saving_close(&f->saving);
    batch_free(f->batch);
    store_free(f->store);
    model_free(f->model);
    *f = (struct feed){0};
}

static void finish(struct feed *f)
{
    if (f->keylogs != NULL) {
        keylogs_read(f->keylogs); /* for what waits */
    }
    engine_finish(f->engine);
    if (f->source != NULL) {
        summary_findings(f->source, &f->batch->sink);
    }
    if (f->keylogs != NULL) {
        keylogs_findings(f->keylogs, &f->batch->sink);
    }
    batch_flush(f->batch);
    f->finished = true;
}

bool feed_step(struct feed *f, int64_t (*now)(void), int64_t until)
{
    struct packet packets[PACKETS];
    bool some = false;
    while (!f->finished) {
        size_t n = f->packets.read(f->packets.self, packets, PACKETS, 0);
        if (n == 0) {
            if (f->packets.ended(f->packets.self)) {
                finish(f);
                return true;
            }
            break;
        }
        if (f->keylogs != NULL) {
            keylogs_read(f->keylogs);
        }
        if (f->saving.recorder != NULL) {
            recorder_expect(f->saving.recorder, f->source, packets, n);
        }
        engine_packets(f->engine, packets, n);
        if (f->saving.recorder != NULL) {
            recorder_packets(f->saving.recorder);
        }
        f->first_ts = f->first_ts == 0 ? packets[0].ts : f->first_ts;
        f->last_ts = packets[n - 1].ts;
        some = true;
        if (now() >= until) {
            break;
        }
    }
    if (some) {
        batch_flush(f->batch);
    }
    if (f->packets.live && upkeep_tick(&f->upkeep, f->last_ts)) {
        some = true; /* what was lost is shown */
    }
    return some;
}
