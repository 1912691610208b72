/*
 * The report as Markdown, to paste into an issue: totals, findings, how sessions ended, and the
 * first sessions. What comes from the wire stands in <code>, where Markdown makes no links and
 * mentions nobody, and is escaped for both languages.
 */
#include "analyzer/community_id.h"
#include "ui/report/address.h"
#include "ui/report/close_counts.h"
#include "ui/report/markup.h"
#include "ui/report/page_report.h"
#include "ui/report/plain.h"
#include "ui/report/session_json.h" /* close_name */
#include "ui/report/time_text.h"

#define TEXT_SHOWN_BYTES 120

/*--- Sessions -----------------------------------------------------------------------------------*/

static void put_code(struct out *o, struct bytes text)
{
    if (text.n > 0) {
        out_text(o, "<code>");
        markup_put(o, text, TEXT_SHOWN_BYTES);
        out_text(o, "</code>");
    }
}

static void put_end(struct out *o, const struct endpoint *e, uint8_t family)
{
    char text[ADDRESS_BYTES];
    size_t n = address_port_text(text, e, family);
    put_code(o, (struct bytes){(const uint8_t *)text, n});
    out_text(o, " | ");
}

static void put_row(struct page_report *r, const struct session *s)
{
    struct out *o = &r->piece;
    char id[COMMUNITY_ID_BYTES];
    out_printf(o, "| %llu | ", (unsigned long long)s->id);
    put_end(o, &s->connection.client, s->connection.family);
    put_end(o, &s->connection.server, s->connection.family);
    put_code(o, redact_text(&r->redactor, s->handshake.host));
    put_code(o, redact_text(&r->redactor, s->handshake.target));
    out_printf(o, " | %s ", human_time(time_between(s->started, s->last_ts)).s);
    for (int dir = 0; dir < 2; dir++) {
        const struct direction_counts *d = &s->dir[dir];
        out_printf(o, "| %s, %s ", human_count(d->text + d->binary).s,
                   human_bytes(d->message_bytes).s);
    }
    out_printf(o, "| %s | ",
               s->outcome == OUTCOME_REFUSED || s->outcome == OUTCOME_INCOMPLETE
                   ? outcome_name(s->outcome)
                   : close_how_name(session_close_how(s)));
    for (uint32_t i = 0; i < s->finding_count; i++) {
        const struct finding_kind *kind = finding_kind(s->findings[i].id);
        if (kind->severity > SEVERITY_NOTE && !session_finding_again(s, i)) {
            out_printf(o, "%s ", kind->id);
        }
    }
    community_id(&s->connection, id);
    out_printf(o, "| %s |\n", id);
}

static void on_end(void *self, struct session *s)
{
    struct page_report *r = self;
    tally_session(&r->tally, s);
    if (s->outcome != OUTCOME_TLS) {
        page_row(r, s, put_row);
    }
}

static int write_sessions(struct page_report *r, const struct totals *t)
{
    struct out *o = &r->out;
    if (spool_count(r->sessions) == 0) {
        return 0;
    }
    out_text(o, "\n### Sessions\n\n"
                "| # | client | server | host and path | lasted | client sent | server sent | end "
                "| errors and warnings | Community ID |\n"
                "|--:|---|---|---|--:|--:|--:|---|---|---|\n");
    int error = page_rows(r);
    if (t->sessions > spool_count(r->sessions)) {
        out_printf(o, "\n... and %s more\n", human_count(t->sessions - spool_count(r->sessions)).s);
    }
    return error;
}

/*--- Totals -------------------------------------------------------------------------------------*/

static void write_head(struct page_report *r, const struct totals *t)
{
    struct out *o = &r->out;
    const struct capture_summary *c = r->context.capture;
    out_text(o, "## WebSocket traffic\n\n");
    for (size_t i = 0; i < c->files_n; i++) {
        out_text(o, "- ");
        put_code(o, bytes_of(c->files[i].name));
        out_printf(o, ": %s packets\n", human_count(c->files[i].packets).s);
    }
    if (r->context.filter != NULL) {
        out_text(o, "- only sessions that match ");
        put_code(o, bytes_of(r->context.filter));
        out_printf(o, ", %s left out\n", human_count(t->left_out).s);
    }
    out_printf(o, "- %s sessions", human_count(t->sessions).s);
    for (int outcome = 0; outcome < OUTCOME_TLS; outcome++) {
        if (t->outcomes[outcome] > 0) {
            out_printf(o, ", %s %s", human_count(t->outcomes[outcome]).s,
                       outcome_name((enum outcome)outcome));
        }
    }
    out_printf(o, "\n- %s messages of clients", human_count(t->dir[0].text + t->dir[0].binary).s);
    out_printf(o, " (%s), ", human_bytes(t->dir[0].message_bytes).s);
    out_printf(o, "%s of servers", human_count(t->dir[1].text + t->dir[1].binary).s);
    out_printf(o, " (%s)\n", human_bytes(t->dir[1].message_bytes).s);
}

static void write_findings(struct page_report *r, const struct totals *t)
{
    struct out *o = &r->out;
    enum finding_id ids[FINDING_COUNT];
    size_t n = tally_findings(t, ids);
    if (n > 0) {
        out_text(o, "\n### Findings\n\n| severity | finding | what it says | section | times | "
                    "sessions |\n|---|---|---|---|--:|--:|\n");
    }
    for (size_t i = 0; i < n; i++) {
        const struct finding_kind *kind = finding_kind(ids[i]);
        out_printf(o, "| %s | `%s` | ", finding_severity_name(kind->severity), kind->id);
        markup_text(o, kind->sentence);
        out_printf(o, " | %s | %llu ", kind->section, (unsigned long long)t->findings[ids[i]]);
        out_printf(o, "| %llu |\n", (unsigned long long)r->tally.findings[ids[i]].sessions);
    }
}

static void write_code(void *ctx, const struct close_count *c)
{
    struct out *o = ctx;
    out_text(o, "| ");
    if (c->code != CLOSE_CODE_NONE) {
        out_printf(o, "%d ", c->code);
    }
    markup_text(o, c->name);
    out_printf(o, " | %s ", human_count(c->n[0]).s);
    out_printf(o, "| %s |\n", human_count(c->n[1]).s);
}

static void write_ends(struct page_report *r, const struct totals *t)
{
    struct out *o = &r->out;
    out_text(o, "\n### Ends\n\n| how | sessions |\n|---|--:|\n");
    for (int how = 0; how < CLOSE_NEVER_OPENED; how++) {
        if (t->ends[how] > 0) {
            out_printf(o, "| %s | %s |\n", close_how_name((enum close_how)how),
                       human_count(t->ends[how]).s);
        }
    }
    out_text(o, "\n| close code | client | server |\n|---|--:|--:|\n");
    close_counts(t, r->context.registry, write_code, o);
}

struct loss_rows {
    struct out *out;
    bool any;
};

static void put_loss(void *self, uint64_t n, const char *text)
{
    struct loss_rows *l = self;
    if (!l->any) {
        out_text(l->out, "\n### Not seen, or not in full\n\n| what | times |\n|---|--:|\n");
    }
    l->any = true;
    out_text(l->out, "| ");
    markup_text(l->out, text);
    out_printf(l->out, " | %s |\n", human_count(n).s);
}

static void write_losses(struct page_report *r)
{
    struct loss_rows rows = {.out = &r->out};
    page_losses(r, put_loss, &rows);
}

static int markdown_finish(void *self, struct err *err)
{
    struct page_report *r = self;
    const struct totals *t = model_totals(r->context.model);
    write_head(r, t);
    write_findings(r, t);
    write_ends(r, t);
    write_losses(r);
    int error = write_sessions(r, t);
    return page_end(r, error, err);
}

static struct model_listener markdown_listener(void *self)
{
    return (struct model_listener){.session_ended = on_end, .self = self};
}

const struct report_format report_markdown = {.command = "report",
                                              .name = "markdown",
                                              .start = page_start,
                                              .listener = markdown_listener,
                                              .flush = page_flush,
                                              .finish = markdown_finish,
                                              .free = page_free};
