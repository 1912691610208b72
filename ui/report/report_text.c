/*
 * The report as a summary for people, written to be acted on: what was captured, who talked to whom
 * and how it ended, the traffic in numbers, then what is wrong, what could not be read and what was
 * lost. Sections with nothing to say are left out.
 */
#include "ui/report/text_sections.h"

#include <errno.h>
#include <stdlib.h>

#define TEXT_MAX_BYTES (1U << 20) /* of one session */
#define NARROWEST_COLUMNS 40

static void text_free(void *self)
{
    struct text_report *r = self;
    if (r == NULL) {
        return;
    }
    spool_free(r->sessions);
    spool_free(r->refused);
    buffer_done(&r->text);
    redact_done(&r->redactor);
    free(r);
}

static void *text_start(const struct report_context *context)
{
    struct text_report *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return NULL;
    }
    r->context = *context;
    if (r->context.options.width < NARROWEST_COLUMNS) {
        r->context.options.width =
            r->context.options.width == 0 ? REPORT_WIDTH_DEFAULT : NARROWEST_COLUMNS;
    }
    redact_init(&r->redactor, context->options.show_secrets);
    buffer_init(&r->text, TEXT_MAX_BYTES);
    out_init(&r->out, context->out, NULL);
    r->sessions = report_spool(&context->options, 1, context->options.limit);
    r->refused = report_spool(&context->options, 1, context->options.limit);
    if (r->sessions == NULL || r->refused == NULL) {
        text_free(r);
        return NULL;
    }
    return r;
}

static void keep_rows(struct text_report *r, const struct session *s, struct spool *spool,
                      void (*rows)(struct out *, const struct session *, struct redactor *,
                                   const struct report_context *))
{
    if (!spool_wants(spool, s->id)) {
        return;
    }
    buffer_clear(&r->text);
    out_init(&r->session, NULL, &r->text);
    rows(&r->session, s, &r->redactor, &r->context);
    if (out_flush(&r->session) == 0) {
        spool_add(spool, s->id, buffer_bytes(&r->text));
    }
}

static void session_ended(void *self, struct session *s)
{
    struct text_report *r = self;
    tally_session(&r->tally, s);
    if (s->outcome == OUTCOME_TLS) {
        tls_groups_add(&r->tls, s);
        return;
    }
    redact_learn(&r->redactor, &s->handshake);
    if (s->outcome == OUTCOME_REFUSED) {
        keep_rows(r, s, r->refused, refused_rows);
    } else {
        keep_rows(r, s, r->sessions, session_rows);
    }
}

static struct model_listener text_listener(void *self)
{
    return (struct model_listener){.session_ended = session_ended, .self = self};
}

static int text_flush(void *self)
{
    struct text_report *r = self;
    return out_flush(&r->out);
}

static void take_piece(void *ctx, struct bytes piece, bool first)
{
    (void)first;
    out_bytes(ctx, piece);
}

/* A list of rows; total: how many there would be without a limit. */
static int list_section(struct text_report *r, const char *heading, void (*columns)(struct out *),
                        struct spool *spool, uint64_t total)
{
    struct out *o = &r->out;
    if (spool_count(spool) == 0) {
        return 0;
    }
    text_heading(o, &r->context, heading);
    columns(o);
    int error = spool_read(spool, take_piece, o);
    if (total > spool_count(spool)) {
        out_printf(o, "       ... and %s more (--limit all shows them)\n",
                   human_count(total - spool_count(spool)).s);
    }
    return error != 0 ? error : spool_error(spool);
}

static int text_finish(void *self, struct err *err)
{
    struct text_report *r = self;
    const struct totals *t = model_totals(r->context.model);
    uint64_t refused = t->outcomes[OUTCOME_REFUSED];
    section_capture(r);
    section_overview(r, t);
    int error =
        list_section(r, "Sessions", session_rows_heading, r->sessions, t->sessions - refused);
    int other = list_section(r, "Refused upgrades", refused_rows_heading, r->refused, refused);
    section_traffic(r, t);
    section_sizes(r, t);
    section_pings(r, t);
    section_endings(r, t);
    section_close_codes(r, t);
    section_versions(r, t);
    section_names(r, "Subprotocols", &t->subprotocols, false);
    section_names(r, "Extensions", &t->extensions, true);
    section_tls(r, t);
    section_findings(r, t);
    section_loss(r);
    if (report_output_error(out_flush(&r->out), err) != 0) {
        return -1;
    }
    error = error != 0 ? error : other;
    if (error != 0) {
        return err_set(err, "the report lacks sessions: the temporary file or memory failed: %s",
                       strerror(error));
    }
    return 0;
}

const struct report_format report_text = {.command = "report",
                                          .name = "text",
                                          .start = text_start,
                                          .listener = text_listener,
                                          .flush = text_flush,
                                          .finish = text_finish,
                                          .free = text_free};
