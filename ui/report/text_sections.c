/* The text report's sections in words: capture, overview, TLS, findings, losses. */
#include "ui/report/text_sections.h"
#include "ui/report/address.h"
#include "ui/report/losses.h"
#include "ui/report/time_text.h"
#include "ui/report/tls_text.h"

#include <stdlib.h>

/*--- Capture ------------------------------------------------------------------------------------*/

/* "2026-11-22 15:55:13 to 15:57:10 UTC" */
static void put_span(struct out *o, int64_t from, int64_t to)
{
    uint8_t first[TIME_TEXT_BYTES];
    uint8_t last[TIME_TEXT_BYTES];
    time_text(first, from, 0);
    time_text(last, to, 0);
    first[10] = last[10] = ' ';
    bool same_day = memcmp(first, last, 11) == 0;
    out_bytes(o, (struct bytes){first, 19});
    out_text(o, " to ");
    out_bytes(o, same_day ? (struct bytes){last + 11, 8} : (struct bytes){last, 19});
    out_text(o, " UTC\n");
}

static void put_file(struct text_report *r, const struct capture_file *f)
{
    struct out *o = &r->out;
    size_t width = r->context.options.width;
    out_text(o, "  ");
    plain_put(o, bytes_of(f->name), width - 30);
    out_text(o, "  ");
    if (f->format != NULL) {
        out_text(o, f->format);
        out_text(o, ", ");
    }
    out_printf(o, "%s packet%s\n", human_count(f->packets).s, plural(f->packets));
    if (f->error != NULL) {
        out_text(o, "    ");
        plain_wrap(o, f->error, 4, 4, width);
    }
}

void section_capture(struct text_report *r)
{
    struct out *o = &r->out;
    const struct capture_summary *c = r->context.capture;
    out_printf(o, "%s %s: ", r->context.tool_name, r->context.tool_version);
    out_printf(o, "%s packet%s, %s", human_count(c->packets).s, plural(c->packets),
               human_bytes(c->bytes).s);
    if (c->packets > 0) {
        out_printf(o, ", %s", human_time(time_between(c->first, c->last)).s);
    }
    out_char(o, '\n');
    for (size_t i = 0; i < c->files_n; i++) {
        put_file(r, &c->files[i]);
    }
    if (c->packets > 0) {
        out_text(o, "  ");
        put_span(o, c->first, c->last);
    }
    if (c->filter != NULL) {
        out_text(o, "  only what the filter lets pass: ");
        plain_put(o, bytes_of(c->filter), r->context.options.width - 34);
        out_printf(o, " (%s packets left out)\n", human_count(c->filtered_out).s);
    }
    if (c->shards > 0) {
        out_printf(o, "  only connections of part %u of %u\n", c->shard, c->shards);
    }
    if (r->context.filter != NULL) {
        uint64_t left_out = model_totals(r->context.model)->left_out;
        out_text(o, "  only sessions that match: ");
        plain_put(o, bytes_of(r->context.filter), r->context.options.width - 28);
        out_printf(o, " (%s session%s left out)\n", human_count(left_out).s, plural(left_out));
    }
    if (c->interrupted) {
        out_text(o, "  interrupted: this is what was read until then\n");
    }
}

/*--- Overview -----------------------------------------------------------------------------------*/

static void put_nothing(struct text_report *r, const struct totals *t)
{
    const struct engine_stats *s = r->context.stats;
    uint64_t packets = r->context.capture->packets;
    char text[256];
    char tcp[64] = "";
    char tls[80] = "";
    if (s->connections > 0) {
        snprintf(tcp, sizeof tcp, ": %s TCP connection%s", human_count(s->connections).s,
                 plural(s->connections));
    } else if (packets > 0) {
        snprintf(tcp, sizeof tcp, ", and no TCP connection");
    }
    if (t->tls_connections > 0) {
        snprintf(tls, sizeof tls, ", %s of them TLS that cannot be read",
                 human_count(t->tls_connections).s);
    }
    snprintf(text, sizeof text, "No WebSocket in %s packet%s%s%s.", human_count(packets).s,
             plural(packets), tcp, tls);
    out_char(&r->out, '\n');
    plain_wrap(&r->out, text, 0, 0, r->context.options.width);
}

static void put_outcomes(struct text_report *r, const struct totals *t)
{
    static const char *const names[] = {[OUTCOME_OPEN] = "opened",
                                        [OUTCOME_REFUSED] = "refused",
                                        [OUTCOME_MIDSTREAM] = "picked up mid-stream",
                                        [OUTCOME_INCOMPLETE] = "without an answer"};
    const char *before = ": ";
    char text[256];
    int n = snprintf(text, sizeof text, "%s WebSocket session%s", human_count(t->sessions).s,
                     plural(t->sessions));
    for (int i = 0; i < OUTCOME_TLS; i++) {
        if (t->outcomes[i] > 0 && n >= 0 && (size_t)n < sizeof text) {
            n += snprintf(text + n, sizeof text - (size_t)n, "%s%s %s", before,
                          human_count(t->outcomes[i]).s, names[i]);
            before = ", ";
        }
    }
    out_char(&r->out, '\n');
    plain_wrap(&r->out, text, 0, 2, r->context.options.width);
}

void section_overview(struct text_report *r, const struct totals *t)
{
    struct out *o = &r->out;
    if (t->sessions == 0) {
        put_nothing(r, t);
    } else {
        put_outcomes(r, t);
    }
    const uint64_t *by = t->findings_by_severity;
    if (by[SEVERITY_ERROR] + by[SEVERITY_WARNING] + by[SEVERITY_NOTE] > 0) {
        out_printf(o, "Findings: %s error%s, ", human_count(by[SEVERITY_ERROR]).s,
                   plural(by[SEVERITY_ERROR]));
        out_printf(o, "%s warning%s, ", human_count(by[SEVERITY_WARNING]).s,
                   plural(by[SEVERITY_WARNING]));
        out_printf(o, "%s note%s\n", human_count(by[SEVERITY_NOTE]).s, plural(by[SEVERITY_NOTE]));
    }
}

/*--- TLS ----------------------------------------------------------------------------------------*/

#define TLS_INDENT 22

/* A text of the wire with a word before it, cut to the page. */
static void put_text(struct text_report *r, const char *word, const struct tls_text *text)
{
    struct out *o = &r->out;
    size_t column = TLS_INDENT + strlen(word);
    if (text->n > 0) {
        out_repeat(o, ' ', TLS_INDENT);
        out_text(o, word);
        plain_put(o, (struct bytes){text->bytes, text->n}, r->context.options.width - column);
        out_char(o, '\n');
    }
}

static void put_why(struct text_report *r, const struct tls_group *g)
{
    char line[160], number[TLS_NUMBER_BYTES];
    const char *version = tls_version_name(g->version), *why = tls_why_not_name(g->why);
    snprintf(line, sizeof line, "%s%s%s%s%s", why != NULL ? why : "", version != NULL ? ", " : "",
             version != NULL ? version : "", g->cipher != 0 ? ", " : "",
             g->cipher != 0 ? tls_cipher_name(g->cipher, number) : "");
    out_repeat(&r->out, ' ', TLS_INDENT);
    plain_wrap(&r->out, line, TLS_INDENT, TLS_INDENT, r->context.options.width);
}

static void tls_row(struct text_report *r, const struct tls_group *g)
{
    struct out *o = &r->out;
    char server[ADDRESS_BYTES];
    size_t n = address_port_text(server, &g->server, g->family);
    plain_put_right(o, human_count(g->connections).s, 10);
    plain_put_right(o, human_bytes(g->bytes).s, 10);
    out_text(o, "  ");
    if (g->name.n > 0) {
        size_t width = r->context.options.width;
        plain_put(o, (struct bytes){g->name.bytes, g->name.n}, width > 25 + n ? width - 25 - n : 1);
        out_printf(o, " (%s)\n", server);
    } else {
        out_printf(o, "%s\n", server);
    }
    put_why(r, g);
    put_text(r, "ALPN ", &g->alpn);
    put_text(r, "client ", &g->ja4);
    put_text(r, "certificate ", &g->certificate);
}

void section_tls(struct text_report *r, const struct totals *t)
{
    struct out *o = &r->out;
    uint64_t limit = r->context.options.limit;
    uint64_t others = r->tls.others;
    if (t->tls_connections == 0) {
        return;
    }
    text_heading(o, &r->context, "TLS that cannot be read");
    out_text(o, "  WebSocket inside stays hidden. To see it, give the sessions' keys (-k FILE;\n"
                "  the manual says under DECRYPTING how programs log them), have 'wsight run'\n"
                "  start the program, or capture where the traffic is plain: behind the TLS\n"
                "  proxy, or on the server's loopback interface.\n"
                "  connections   bytes  server\n");
    tls_groups_sort(&r->tls);
    for (size_t i = 0; i < r->tls.n; i++) {
        if (limit > 0 && i >= limit) {
            others += r->tls.list[i].connections;
        } else {
            tls_row(r, &r->tls.list[i]);
        }
    }
    if (others > 0) {
        out_printf(o, "%10s  to further servers\n", human_count(others).s);
    }
}

/*--- Findings -----------------------------------------------------------------------------------*/

#define FINDING_INDENT 11

/* "Once, in session 4, packet 120: the detail" */
static void put_where(char *p, size_t n, const struct finding_tally *tally, uint64_t count,
                      struct bytes detail)
{
    const char *colon = detail.n > 0 ? ": " : "";
    int detail_n = (int)detail.n;
    const char *text = detail.n > 0 ? (const char *)detail.p : "";
    if (tally->sessions == 0) {
        snprintf(p, n, "%s time%s", human_count(count).s, plural(count));
    } else if (count == 1) {
        snprintf(p, n, "Once, in session %llu, packet %llu%s%.*s",
                 (unsigned long long)tally->first_session, (unsigned long long)tally->first_pkt,
                 colon, detail_n, text);
    } else {
        snprintf(p, n, "%s times in %s session%s, first in session %llu, packet %llu%s%.*s",
                 human_count(count).s, human_count(tally->sessions).s, plural(tally->sessions),
                 (unsigned long long)tally->first_session, (unsigned long long)tally->first_pkt,
                 colon, detail_n, text);
    }
}

static void put_finding(struct text_report *r, enum finding_id id, uint64_t count)
{
    struct out *o = &r->out;
    const struct finding_kind *kind = finding_kind(id);
    const struct finding_tally *tally = &r->tally.findings[id];
    char text[512];
    int n = snprintf(text, sizeof text, "%s%s%s%s. ", kind->sentence,
                     *kind->section != '\0' ? " (" : "", kind->section,
                     *kind->section != '\0' ? ")" : "");
    size_t used = n > 0 && (size_t)n < sizeof text ? (size_t)n : 0;
    put_where(text + used, sizeof text - used, tally, count,
              redact_text(&r->redactor, (struct bytes){tally->detail, tally->detail_n}));
    out_text(o, "  ");
    text_severity(o, &r->context, kind->severity);
    out_repeat(o, ' ', FINDING_INDENT - 4 - strlen(finding_severity_name(kind->severity)));
    out_text(o, kind->id);
    out_char(o, '\n');
    out_repeat(o, ' ', FINDING_INDENT);
    plain_wrap(o, text, FINDING_INDENT, FINDING_INDENT, r->context.options.width);
}

void section_findings(struct text_report *r, const struct totals *t)
{
    enum finding_id ids[FINDING_COUNT];
    size_t n = tally_findings(t, ids);
    if (n > 0) {
        text_heading(&r->out, &r->context, "Findings");
    }
    for (size_t i = 0; i < n; i++) {
        put_finding(r, ids[i], t->findings[ids[i]]);
    }
}

/*--- Losses -------------------------------------------------------------------------------------*/

struct loss_list {
    struct text_report *report;
    bool any;
};

static void put_loss(void *self, uint64_t n, const char *text)
{
    struct loss_list *l = self;
    if (!l->any) {
        text_heading(&l->report->out, &l->report->context, "Not seen, or not in full");
    }
    l->any = true;
    plain_put_right(&l->report->out, human_count(n).s, 12);
    out_text(&l->report->out, "  ");
    plain_wrap(&l->report->out, text, 14, 14, l->report->context.options.width);
}

void section_loss(struct text_report *r)
{
    struct loss_list list = {.report = r};
    struct losses losses = {.context = &r->context,
                            .tally = &r->tally,
                            .sessions_left_out =
                                spool_dropped(r->sessions) + spool_dropped(r->refused),
                            .tell = put_loss,
                            .self = &list};
    losses_tell(&losses);
}
