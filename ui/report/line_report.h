/*
 * What formats have in common that write line by line, as things happen: what they were given, the
 * masking of secrets, and the way out.
 *
 * The state of such a format begins with a struct line_report, and these are its start, flush,
 * finish and free, or a part of them.
 */
#ifndef WSIGHT_LINE_REPORT_H
#define WSIGHT_LINE_REPORT_H

#include "ui/report/out.h"
#include "ui/report/redact.h"
#include "ui/report/report.h"

struct line_report {
    struct report_context context;
    struct redactor redactor;
    struct out out; /* to context.out */
};

/* `size` bytes of state, zeroed but for the line report at their beginning. NULL: out of memory. */
void *line_report_new(size_t size, const struct report_context *context);

int line_report_flush(void *self);
int line_report_finish(void *self, struct err *err);

/* The state itself, with what line_report_new made. NULL is nothing. */
void line_report_free(void *self);

#endif
