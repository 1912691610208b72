/*
 * Files are read twice when a display filter asks what only the end of a session tells and messages
 * are told on the way: the first pass learns it (analyzer/filter/late.h). What cannot be read twice
 * is filtered by what is known so far.
 */
#ifndef WSIGHT_FIRST_PASS_H
#define WSIGHT_FIRST_PASS_H

#include "analyzer/filter/late.h"
#include "run.h"

/* Whether the answer may differ, and the inputs are all files. */
bool first_pass_helps(const struct options *options, const struct filter *filter);

/* -1 with err filled: it could not be made. An interrupt ends it like any reading. */
int first_pass(const struct options *options, const struct run_output *look, struct output *output,
               struct late_values *late, struct err *err);

#endif
