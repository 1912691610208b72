/* A capture file read through engine and model. */
#include "capture_world.h"

#include "../../analyzer/capture/source.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void to_model(void *model, const struct batch *batch)
{
    model_take(model, batch);
}

void world_begin(struct world *w, const struct model_options *model,
                 const struct decode_options *decode)
{
    struct engine_options engine = {.decode = *decode};
    *w = (struct world){.model = model_new(model)};
    assert_non_null(w->model);
    w->batch = batch_new(to_model, w->model);
    assert_non_null(w->batch);
    w->engine = engine_new(&engine, &w->batch->sink);
    assert_non_null(w->engine);
}

void world_read(struct world *w, const char *path)
{
    struct source_options options = {0};
    struct packet packet;
    struct err err = {""};
    struct source *source = source_open(&path, 1, &options, &err);
    assert_non_null(source);
    while (source_next(source, &packet, &err) == 1) {
        engine_packets(w->engine, &packet, 1);
    }
    assert_string_equal(err.text, "");
    engine_finish(w->engine);
    batch_flush(w->batch);
    source_free(source);
}

void world_of(struct world *w, const char *path, uint64_t budget_bytes)
{
    struct store_options options = {.budget_bytes = budget_bytes, .file_bytes = BODY_LOG_ALL};
    struct decode_options decode = store_decode_options();
    world_begin(w, &(struct model_options){.retain = true}, &decode);
    w->store = store_new(&options);
    assert_non_null(w->store);
    struct model_listener listener = store_listener(w->store);
    model_listen(w->model, &listener);
    world_read(w, path);
}

void world_done(struct world *w)
{
    store_free(w->store);
    engine_free(w->engine);
    batch_free(w->batch);
    model_free(w->model);
}
