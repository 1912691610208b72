/*
 * The filters of the command line, before anything is opened: -Y (analyzer/filter.h) and -f
 * (analyzer/capture/bpf.h). Who mistakes one for the other is told so.
 */
#ifndef WSIGHT_FILTERS_H
#define WSIGHT_FILTERS_H

#include "analyzer/filter/filter.h"
#include "options.h"

/* *filter is the display filter, the caller's to free; NULL: there is none. -1: one of the two
 * makes no sense, and complain() was told why, line by line. */
int filters_open(const struct options *options, struct filter **filter,
                 void (*complain)(const char *line));

#endif
