/*
 * A capture file read through engine and model, with or without the screen's store. What goes wrong
 * on the way fails the test.
 */
#ifndef WSIGHT_CAPTURE_WORLD_H
#define WSIGHT_CAPTURE_WORLD_H

#include "../../analyzer/engine.h"
#include "../../analyzer/store.h"

struct world {
    struct model *model;
    struct store *store; /* NULL: none */
    struct batch *batch;
    struct engine *engine;
};

/* Listeners are added between the two. */
void world_begin(struct world *w, const struct model_options *model,
                 const struct decode_options *decode);
void world_read(struct world *w, const char *path);

/* Both, with a store that keeps so many bytes in memory. */
void world_of(struct world *w, const char *path, uint64_t budget_bytes);

void world_done(struct world *w);

#endif
