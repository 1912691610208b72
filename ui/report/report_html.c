/*
 * The report as one HTML page that needs nothing else: no network, and no script to be read. Each
 * session's row and ladder of messages are written as it ends and wait in a spool.
 *
 * Of a session the first messages are shown, as far as LADDER_BYTES go; all sessions that are open
 * share LADDERS_BYTES, and beyond that their ladders are cut short, which they say.
 */
#include "ui/report/html_sections.h"

#include "ui/report/address.h"
#include "ui/report/html_page.h"
#include "ui/report/message_words.h"
#include "ui/report/session_json.h" /* close_name */
#include "ui/report/time_text.h"

#include <stdlib.h>

#define LADDER_BYTES 16384
#define LADDERS_BYTES (32U << 20)
#define TEXT_SHOWN_BYTES 400

struct ladder {
    struct buffer rows;
    uint64_t shown, left_out;
};

/*--- Ladders ------------------------------------------------------------------------------------*/

static void put_body(struct page_report *r, const struct message *m)
{
    struct out *o = &r->piece;
    struct bytes shown = message_shown(m, r->context.options.bodies);
    if (m->opcode == 8) {
        if (m->close_code != CLOSE_CODE_NONE) {
            out_printf(o, "%d ", m->close_code);
        }
        markup_text(o, close_name(r->context.registry, m->close_code));
        out_char(o, ' ');
        markup_put(o, message_reason(m), TEXT_SHOWN_BYTES);
        return;
    }
    out_text(o, "<code>");
    if (message_is_text(m)) {
        markup_put(o, shown, TEXT_SHOWN_BYTES);
    } else {
        struct bytes b = bytes_part(shown, 0, 32);
        for (size_t i = 0; i < b.n; i++) {
            out_printf(o, "%02x ", b.p[i]);
        }
        out_text(o, b.n < shown.n ? "..." : "");
    }
    out_text(o, message_is_cut(m, shown) && shown.p != NULL ? "...</code>" : "</code>");
}

static void put_step(struct page_report *r, const struct session *s, const struct event *e)
{
    struct out *o = &r->piece;
    const struct message *m = &e->message;
    const char *fault;
    out_printf(o,
               "<tr><td class=\"n\">+%s</td><td class=\"l\">%s</td><td>%s</td>"
               "<td class=\"n\">%s</td><td class=\"w\">",
               human_time(time_between(s->started, e->ts)).s,
               e->dir == DIR_CLIENT_TO_SERVER ? "client &#8594;" : "&#8592; server",
               opcode_word(m->opcode), human_bytes(m->len).s);
    put_body(r, m);
    for (unsigned i = 0; (fault = message_fault(m, 0, i)) != NULL; i++) {
        out_printf(o, " <span class=\"warning\">%s</span>", fault);
    }
    out_text(o, "</td></tr>\n");
}

static void on_message(void *self, const struct session *s, const struct event *e)
{
    struct page_report *r = self;
    struct ladder *ladder = s->user;
    timeline_add(&r->timeline, e->ts,
                 e->dir == DIR_CLIENT_TO_SERVER ? TIMELINE_FROM_CLIENT : TIMELINE_FROM_SERVER);
    if (ladder == NULL) {
        return;
    }
    if (ladder->left_out > 0 || r->ladders > LADDERS_BYTES || !spool_wants(r->sessions, s->id)) {
        ladder->left_out++;
        return;
    }
    page_begin_piece(r);
    put_step(r, s, e);
    if (out_flush(&r->piece) != 0 || !buffer_append(&ladder->rows, buffer_bytes(&r->text))) {
        ladder->left_out++;
        return;
    }
    r->ladders += r->text.n;
    ladder->shown++;
}

static void on_opened(void *self, struct session *s)
{
    (void)self;
    struct ladder *ladder = s->user == NULL ? calloc(1, sizeof *ladder) : NULL;
    if (ladder != NULL) { /* else this session has none */
        buffer_init(&ladder->rows, LADDER_BYTES);
        s->user = ladder;
    }
}

/*--- Rows of sessions ---------------------------------------------------------------------------*/

static void put_end(struct out *o, const struct endpoint *e, uint8_t family)
{
    char text[ADDRESS_BYTES];
    size_t n = address_port_text(text, e, family);
    out_text(o, "<td class=\"l\">");
    out_bytes(o, (struct bytes){(const uint8_t *)text, n});
    out_text(o, "</td>");
}

static void put_number(struct out *o, int64_t value, const char *text)
{
    out_printf(o, "<td class=\"n\" data-v=\"%lld\">%s</td>", (long long)value, text);
}

static void put_path(struct page_report *r, const struct session *s)
{
    struct out *o = &r->piece;
    const struct handshake *h = &s->handshake;
    out_text(o, "<td class=\"w\">");
    markup_put(o, redact_text(&r->redactor, h->host), TEXT_SHOWN_BYTES);
    markup_put(o, redact_text(&r->redactor, h->target), TEXT_SHOWN_BYTES);
    if (s->outcome != OUTCOME_OPEN) {
        out_printf(o, " <span class=\"warning\">%s</span>", outcome_name(s->outcome));
    }
    if (h->status != 0 && h->status != 101) {
        out_printf(o, " %d", h->status);
    }
    if (h->subprotocol.n > 0) {
        out_text(o, "<br><span class=\"soft\">");
        markup_put(o, redact_chosen(&r->redactor, h), TEXT_SHOWN_BYTES);
        out_text(o, "</span>");
    }
    out_text(o, "</td>");
}

static void put_findings(struct out *o, const struct session *s)
{
    out_printf(o, "<td class=\"w\" data-v=\"%u\">", s->finding_count);
    for (uint32_t i = 0; i < s->finding_count; i++) {
        const struct finding_kind *kind = finding_kind(s->findings[i].id);
        if (session_finding_again(s, i)) {
            continue;
        }
        out_printf(o, "<span class=\"%s\">%s</span> ", finding_severity_name(kind->severity),
                   kind->id);
    }
    out_text(o, "</td>");
}

static void put_ladder(struct out *o, const struct session *s)
{
    const struct ladder *ladder = s->user;
    char id[COMMUNITY_ID_BYTES];
    community_id(&s->connection, id);
    out_printf(o,
               "<tr><td colspan=\"%d\"><details><summary>Messages of session %llu "
               "<span class=\"soft\">%s</span></summary><table>\n",
               HTML_SESSION_COLUMNS, (unsigned long long)s->id, id);
    if (ladder != NULL) {
        out_bytes(o, buffer_bytes(&ladder->rows));
    }
    out_text(o, "</table>");
    if (ladder != NULL && ladder->left_out > 0) {
        out_printf(o, "<p>... and %s more</p>", human_count(ladder->left_out).s);
    }
    out_text(o, "</details></td></tr>");
}

static void put_row(struct page_report *r, const struct session *s)
{
    struct out *o = &r->piece;
    int64_t lasted = time_between(s->started, s->last_ts);
    uint64_t pings = s->rtt[0].count + s->rtt[1].count;
    int64_t rtt = pings > 0 ? (s->rtt[0].sum + s->rtt[1].sum) / (int64_t)pings : -1;
    out_printf(o, "<tbody><tr><td class=\"n\">%llu</td>", (unsigned long long)s->id);
    put_end(o, &s->connection.client, s->connection.family);
    put_end(o, &s->connection.server, s->connection.family);
    put_path(r, s);
    put_number(o, lasted, human_time(lasted).s);
    for (int dir = 0; dir < 2; dir++) {
        const struct direction_counts *d = &s->dir[dir];
        put_number(o, (int64_t)(d->text + d->binary), human_count(d->text + d->binary).s);
        put_number(o, (int64_t)d->message_bytes, human_bytes(d->message_bytes).s);
    }
    put_number(o, rtt, rtt >= 0 ? human_time(rtt).s : "");
    out_printf(o, "<td class=\"l\">%s</td>", close_how_name(session_close_how(s)));
    put_findings(o, s);
    out_text(o, "</tr>\n");
    put_ladder(o, s);
    out_text(o, "</tbody>\n");
}

static void on_end(void *self, struct session *s)
{
    struct page_report *r = self;
    struct ladder *ladder = s->user;
    tally_session(&r->tally, s);
    if (s->outcome != OUTCOME_TLS) {
        timeline_add(&r->timeline, s->started, TIMELINE_SESSION);
        redact_learn(&r->redactor, &s->handshake);
        page_row(r, s, put_row);
    }
    if (ladder != NULL) {
        r->ladders -= ladder->rows.n;
        buffer_done(&ladder->rows);
        free(ladder);
        s->user = NULL;
    }
}

/*--- The page -----------------------------------------------------------------------------------*/

static int write_sessions(struct page_report *r)
{
    static const char *const heads[HTML_SESSION_COLUMNS] = {
        "#",    "Client",      "Server", "Host and path", "Lasted", "Client sent",
        "Data", "Server sent", "Data",   "Ping",          "End",    "Findings"};
    struct out *o = &r->out;
    uint64_t all = model_totals(r->context.model)->sessions;
    out_text(o, "<h2>Sessions</h2>\n<div class=\"wide\"><table class=\"sorts\" id=\"sessions\">"
                "<thead><tr>");
    for (size_t i = 0; i < HTML_SESSION_COLUMNS; i++) {
        bool number = i == 0 || (i > 3 && i < 10);
        out_printf(o, "<th scope=\"col\"%s>%s</th>", number ? " class=\"n\"" : "", heads[i]);
    }
    out_text(o, "</tr></thead>\n");
    int error = page_rows(r);
    out_text(o, "</table></div>\n");
    if (all > spool_count(r->sessions)) {
        out_printf(o, "<p>... and %s more sessions (--limit=all shows them)</p>\n",
                   human_count(all - spool_count(r->sessions)).s);
    }
    return error;
}

static int html_finish(void *self, struct err *err)
{
    struct page_report *r = self;
    html_page_begin(&r->out, "WebSocket traffic");
    html_overview(r);
    html_timeline(r);
    html_counts(r);
    html_distributions(r);
    html_findings(r);
    html_losses(r);
    int error = write_sessions(r);
    html_page_end(&r->out);
    return page_end(r, error, err);
}

static struct model_listener html_listener(void *self)
{
    return (struct model_listener){
        .session_opened = on_opened, .message = on_message, .session_ended = on_end, .self = self};
}

const struct report_format report_html = {.command = "report",
                                          .name = "html",
                                          .needs = REPORT_NEEDS_MESSAGES,
                                          .start = page_start,
                                          .listener = html_listener,
                                          .flush = page_flush,
                                          .finish = html_finish,
                                          .free = page_free};
