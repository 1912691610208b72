/* The HTML and the Markdown report while they are made. */
#include "ui/report/page_report.h"

#include <errno.h>
#include <stdlib.h>

#define ROW_MAX_BYTES (1U << 20)

void page_free(void *self)
{
    struct page_report *r = self;
    if (r != NULL) {
        spool_free(r->sessions);
        buffer_done(&r->text);
        redact_done(&r->redactor);
        free(r);
    }
}

void *page_start(const struct report_context *context)
{
    struct page_report *r = calloc(1, sizeof *r);
    size_t memory = context->options.memory > 0 ? context->options.memory : SPOOL_MEMORY_BYTES;
    if (r == NULL) {
        return NULL;
    }
    r->context = *context;
    redact_init(&r->redactor, context->options.show_secrets);
    buffer_init(&r->text, ROW_MAX_BYTES);
    out_init(&r->out, context->out, NULL);
    r->sessions = spool_new(memory, context->options.limit);
    if (r->sessions == NULL) {
        page_free(r);
        return NULL;
    }
    if (context->options.no_files) {
        spool_stay_in_memory(r->sessions);
    }
    return r;
}

int page_flush(void *self)
{
    struct page_report *r = self;
    return out_flush(&r->out);
}

int page_end(struct page_report *r, int error, struct err *err)
{
    if (report_output_error(out_flush(&r->out), err) != 0) {
        return -1;
    }
    if (error != 0 || r->left_out > 0) {
        return err_set(err, "the report lacks sessions: the temporary file or memory failed: %s",
                       strerror(error != 0 ? error : ENOMEM));
    }
    return 0;
}
