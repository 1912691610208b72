/*
 * Reports of wsight.report/1 put together and compared.
 *
 * merge adds up reports of different packets: counters and histograms exactly, so that what comes
 * out says what one report of all captures would. Sessions are numbered anew in the order of their
 * beginning. What cannot be known from the parts is told as follows: open_peak is the sum of the
 * parts', an upper bound.
 */
#ifndef WSIGHT_MERGE_H
#define WSIGHT_MERGE_H

#include "analyzer/err.h"

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* Writes the sum of the reports in these files ("-": standard input). -1 with err filled. */
int merge_reports(FILE *out, const char *const *paths, size_t n, struct err *err);

/* ... of n reports, 1 or more, as report_read gave them; it numbers their sessions anew, and lets
 * go of those that it puts NULL for. */
int merge_write(FILE *out, json_t **reports, size_t n, struct err *err);

/* Writes what differs between two reports' totals, findings and losses, in the format "text",
 * "json" or "markdown". The files are open at their beginning. -1 with err filled. */
int diff_reports(FILE *out, const char *format, FILE *files[2], const char *const names[2],
                 struct err *err);

#endif
