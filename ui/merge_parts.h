/*
 * Parts of one reading (--shard): reports that tell of the same files and of different connections
 * in them. What they say of the files is the same in each and counts once.
 */
#ifndef WSIGHT_MERGE_PARTS_H
#define WSIGHT_MERGE_PARTS_H

#include "analyzer/err.h"

#include <jansson.h>
#include <stdbool.h>

/* Both are parts of the same reading. */
bool merge_are_parts(const json_t *a, const json_t *b);

/* Two parts of one reading have a part in common, which would count twice. */
bool merge_parts_overlap(const json_t *a, const json_t *b);

/* Sets what the sum of parts a and b says of the files; `findings` are those of both captures. Once
 * all parts are there, it is the report of the whole. */
void merge_set_files(json_t *sum, const json_t *a, const json_t *b, json_t *findings);

#endif
