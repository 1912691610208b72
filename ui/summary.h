/*
 * What was read, in the words of a report: the source's files and notes as a capture summary, as
 * findings about the capture, and as lines for standard error.
 */
#ifndef WSIGHT_SUMMARY_H
#define WSIGHT_SUMMARY_H

#include "analyzer/capture/source.h"
#include "ui/report/report.h"

struct summary {
    struct capture_summary capture;      /* what report_context points to */
    struct capture_file *files, *before; /* before: as it was when the interval began */
    uint64_t filtered_out_before;
    struct capture_interface *interfaces;
    char (*formats)[16];
    size_t interfaces_size;
};

/* n files will be read. The summary must not move afterwards. -1: out of memory. */
int summary_init(struct summary *summary, size_t n, const char *filter);
void summary_done(struct summary *summary);

/* Brings it up to date. What it points to is the source's, borrowed. -1: out of memory. */
int summary_update(struct summary *summary, const struct source *source);

/* From here on only what comes now counts. */
void summary_begin_interval(struct summary *summary, const struct source *source);

/* Tells the sink of files that end within a packet and of damaged records. */
void summary_findings(const struct source *source, struct event_sink *sink);

/* Calls complain with one line for each file that was not read, or not whole, and for a filter that
 * made no sense. Returns how many files those were. */
size_t summary_complaints(const struct source *source, void (*complain)(const char *text));

/* Nothing at all could be read: there is nothing to report on. */
bool summary_is_void(const struct source *source);

#endif
