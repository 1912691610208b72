/* The HTML and the Markdown report while they are made. */
#include "ui/report/page_report.h"

#include "ui/report/losses.h"

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
    if (r == NULL) {
        return NULL;
    }
    r->context = *context;
    redact_init(&r->redactor, context->options.show_secrets);
    buffer_init(&r->text, ROW_MAX_BYTES);
    out_init(&r->out, context->out, NULL);
    r->sessions = report_spool(&context->options, 1, context->options.limit);
    if (r->sessions == NULL) {
        page_free(r);
        return NULL;
    }
    return r;
}

void page_row(struct page_report *r, const struct session *s,
              void (*put_row)(struct page_report *, const struct session *))
{
    if (!spool_wants(r->sessions, s->id)) {
        return;
    }
    page_begin_piece(r);
    put_row(r, s);
    if (out_flush(&r->piece) == 0) {
        spool_add(r->sessions, s->id, buffer_bytes(&r->text));
    } else {
        r->left_out++;
    }
}

void page_begin_piece(struct page_report *r)
{
    buffer_clear(&r->text);
    out_init(&r->piece, NULL, &r->text);
}

static void take_piece(void *ctx, struct bytes piece, bool first)
{
    (void)first;
    out_bytes(ctx, piece);
}

int page_rows(struct page_report *r)
{
    int error = spool_read(r->sessions, take_piece, &r->out);
    return error != 0 ? error : spool_error(r->sessions);
}

void page_losses(struct page_report *r, void (*tell)(void *self, uint64_t n, const char *text),
                 void *self)
{
    struct losses losses = {.context = &r->context,
                            .tally = &r->tally,
                            .sessions_left_out = r->left_out + spool_dropped(r->sessions),
                            .tell = tell,
                            .self = self};
    losses_tell(&losses);
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
