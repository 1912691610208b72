/*
 * --metrics: counters for Prometheus in its text format (version 0.0.4), over HTTP.
 *
 * A few connections at once, each with a small request and a few seconds; nothing here ever waits.
 * The listening socket is opened before privileges are given away, on loopback unless an address is
 * given. Labels come from fixed sets: opcodes, directions, close codes, finding ids, interfaces.
 */
#ifndef WSIGHT_METRICS_H
#define WSIGHT_METRICS_H

#include "analyzer/err.h"
#include "analyzer/model.h"

#include <stdio.h>

struct metrics;
struct run;
struct pollfd;

#define METRICS_CONNECTIONS_MAX 4
#define METRICS_WATCHED_MAX (METRICS_CONNECTIONS_MAX + 1)

/* "9100", "127.0.0.1:9100" or "[::1]:9100". NULL with err filled. */
struct metrics *metrics_open(const char *address, struct err *err);
void metrics_free(struct metrics *metrics);

/* Answers who is ready; `time` in ns. true: metrics_watched has changed, or was never asked. */
bool metrics_serve(struct metrics *metrics, struct run *run, int64_t time);

/* The descriptors to wait for; METRICS_WATCHED_MAX at most. Returns how many. */
size_t metrics_watched(const struct metrics *metrics, struct pollfd *fds);

/* An interval is over: its totals count on. */
void metrics_keep(struct metrics *metrics, const struct totals *totals);

/* Writes the metrics; for metrics_serve and the tests. before: what metrics_keep added up; may be
 * NULL. */
struct source_info;
struct engine_stats;
void metrics_write(FILE *out, const struct totals *now, const struct source_info *info,
                   const struct engine_stats *stats, uint64_t memory_max);

#endif
