/*
 * Where a report goes: standard output, or a file that appears under its name only when it is
 * whole.
 *
 * What is written to a file first has a temporary name beside it. A regular file of that name is
 * replaced; anything else that is there already (a device, a pipe) is written to as it is.
 */
#ifndef WSIGHT_OUTPUT_H
#define WSIGHT_OUTPUT_H

#include "analyzer/err.h"

#include <stdbool.h>
#include <stdio.h>

struct output {
    FILE *stream;
    const char *name; /* for messages; borrowed */
    char *path;       /* what `temporary` becomes, links followed; NULL: nothing to rename */
    char *temporary;
    int directory; /* of a file that grows, for opening it anew; -1: it does not */
    const char *base;
    int folder; /* open, after output_open_folder; else -1 */
};

/* path NULL: standard output. -1 with err filled when it cannot be opened. */
int output_open(struct output *output, const char *path, struct err *err);

/* For output that grows as long as a live capture runs: the file has its name at once. path NULL:
 * standard output. */
int output_open_growing(struct output *output, const char *path, struct err *err);

/* Opens a file that grows anew, under the same name, which another file may have by now; nothing
 * for other outputs. -1 with err filled: what was open before goes on. */
int output_reopen(struct output *output, struct err *err);

/* For a file that somebody else opens and writes, under its name from the beginning: it is empty. A
 * regular file of that name is replaced, anything else refused; the stream leads nowhere. */
int output_open_empty(struct output *output, const char *path, struct err *err);

/* For what is many files: `path` becomes a folder if there is none, and the stream is index.tsv in
 * it, which must not be there yet. */
int output_open_folder(struct output *output, const char *path, struct err *err);

/* A file of this name in an open directory, when paths cannot be opened any more; it has its name
 * at once. -1 with err filled. */
int output_open_in(struct output *output, int directory, const char *name, struct err *err);

/* Whether that directory has such a file; where nothing can be looked up any more. */
bool output_is_in(int directory, const char *name);

/* Gives the file its name. -1 with err filled when not everything could be written: the file that
 * had the name before is then still there. */
int output_close(struct output *output, struct err *err);

/* Forgets a file that is not wanted after all; nothing where output_close was called before. */
void output_abandon(struct output *output);

#endif
