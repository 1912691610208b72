/*
 * Copies of texts that live as long as their owner, in blocks, so that they never move. A list of
 * blocks begins as NULL.
 */
#ifndef WSIGHT_TEXTS_H
#define WSIGHT_TEXTS_H

#include "decoders/base/bytes.h"

struct text_block;

/* One block for the texts that follow, of n bytes in all; false: no memory. */
bool reserve_texts(struct text_block **, size_t n);

/* NULL stays NULL. Without memory the copy is empty. */
struct bytes keep_text(struct text_block **, struct bytes);

void free_texts(struct text_block *);

#endif
