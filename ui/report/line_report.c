/* What formats have in common that write line by line. */
#include "ui/report/line_report.h"

#include <stdlib.h>

void *line_report_new(size_t size, const struct report_context *context)
{
    struct line_report *lines = calloc(1, size);
    if (lines != NULL) {
        lines->context = *context;
        redact_init(&lines->redactor, context->options.show_secrets);
        out_init(&lines->out, context->out, NULL);
    }
    return lines;
}

int line_report_flush(void *self)
{
    struct line_report *lines = self;
    return out_flush(&lines->out);
}

int line_report_finish(void *self, struct err *err)
{
    return report_output_error(line_report_flush(self), err);
}

void line_report_free(void *self)
{
    struct line_report *lines = self;
    if (lines != NULL) {
        redact_done(&lines->redactor);
        free(lines);
    }
}
