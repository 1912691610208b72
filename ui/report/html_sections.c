/* The parts of the HTML report that come from totals. */
#include "ui/report/html_sections.h"

#include "ui/report/close_counts.h"
#include "ui/report/message_words.h"
#include "ui/report/session_json.h" /* close_name */
#include "ui/report/time_text.h"

#define POWERS 64

static void put_time(struct out *o, int64_t ns)
{
    uint8_t text[TIME_TEXT_BYTES];
    size_t n = time_text(text, ns, 0);
    out_bytes(o, (struct bytes){text, n});
}

static void row(struct out *o, const char *name, const char *value)
{
    out_printf(o, "<tr><th scope=\"row\">%s</th><td>%s</td></tr>\n", name, value);
}

void html_overview(struct page_report *r)
{
    struct out *o = &r->out;
    const struct capture_summary *c = r->context.capture;
    const struct totals *t = model_totals(r->context.model);
    out_text(o, "<h1>WebSocket traffic</h1>\n<p class=\"soft\">");
    for (size_t i = 0; i < c->files_n; i++) {
        out_text(o, i > 0 ? "<br>" : "");
        markup_text(o, c->files[i].name);
        out_printf(o, ", %s packets", human_count(c->files[i].packets).s);
        if (c->files[i].error != NULL) {
            out_text(o, ": ");
            markup_text(o, c->files[i].error);
        }
    }
    if (c->packets > 0) {
        out_text(o, "<br>");
        put_time(o, c->first);
        out_text(o, " to ");
        put_time(o, c->last);
    }
    if (r->context.filter != NULL) {
        out_text(o, "<br>only sessions that match ");
        markup_text(o, r->context.filter);
        out_printf(o, ", %s left out", human_count(t->left_out).s);
    }
    out_printf(o, "<br>%s %s</p>\n<table>\n", r->context.tool_name, r->context.tool_version);
    row(o, "Sessions", human_count(t->sessions).s);
    for (int outcome = 0; outcome < OUTCOME_TLS; outcome++) {
        if (t->outcomes[outcome] > 0) {
            row(o, outcome_name((enum outcome)outcome), human_count(t->outcomes[outcome]).s);
        }
    }
    row(o, "TLS connections that cannot be read", human_count(t->tls_connections).s);
    for (int i = SEVERITY_COUNT - 1; i >= 0; i--) {
        out_printf(o, "<tr><th scope=\"row\" class=\"%s\">Findings: %s</th><td>%s</td></tr>\n",
                   finding_severity_name((enum finding_severity)i),
                   finding_severity_name((enum finding_severity)i),
                   human_count(t->findings_by_severity[i]).s);
    }
    row(o, "Packets lost by the capture", human_count(c->dropped).s);
    row(o, "Bytes missing in connections", human_count(r->context.stats->lost_bytes).s);
    out_text(o, "</table>\n");
}

void html_timeline(struct page_report *r)
{
    struct out *o = &r->out;
    const struct timeline *t = &r->timeline;
    char end[64];
    if (!t->begun) {
        return;
    }
    snprintf(end, sizeof end, "+%s", human_time(time_between(0, t->width) * TIMELINE_BINS).s);
    out_text(o, "<h2>Over time</h2>\n<div class=\"charts\"><figure><figcaption>Sessions begun"
                "</figcaption>\n");
    chart_bars(o, "Sessions begun, over time", t->sessions, NULL, TIMELINE_BINS, "0", end);
    out_text(o, "</figure><figure><figcaption>Messages of <b class=\"c\"></b>clients and "
                "<b class=\"s\"></b>servers</figcaption>\n");
    chart_bars(o, "Messages of clients and servers, over time", t->messages[0], t->messages[1],
               TIMELINE_BINS, "0", end);
    out_text(o, "</figure></div>\n");
}

/*--- Counts -------------------------------------------------------------------------------------*/

static void opcode_rows(struct out *o, const struct totals *t)
{
    out_text(o, "<section><h2>Frames by opcode</h2>\n<table><thead><tr><th>Opcode</th>"
                "<th class=\"n\">Client</th><th class=\"n\">Server</th></tr></thead>\n");
    for (unsigned opcode = 0; opcode < 16; opcode++) {
        uint64_t client = t->dir[0].opcodes[opcode];
        uint64_t server = t->dir[1].opcodes[opcode];
        if (client + server > 0) {
            out_printf(o, "<tr><td>%u %s</td><td class=\"n\">%s</td>", opcode, opcode_word(opcode),
                       human_count(client).s);
            out_printf(o, "<td class=\"n\">%s</td></tr>\n", human_count(server).s);
        }
    }
    out_text(o, "</table></section>\n");
}

static void code_row(void *ctx, const struct close_count *c)
{
    struct out *o = ctx;
    out_text(o, "<tr><td>");
    if (c->code != CLOSE_CODE_NONE) {
        out_printf(o, "%d ", c->code);
    }
    markup_text(o, c->name);
    out_printf(o, "</td><td class=\"n\">%s</td>", human_count(c->n[0]).s);
    out_printf(o, "<td class=\"n\">%s</td></tr>\n", human_count(c->n[1]).s);
}

static void ending_rows(struct out *o, const struct totals *t)
{
    out_text(o, "<section><h2>How sessions ended</h2>\n<table>\n");
    for (int how = 0; how < CLOSE_NEVER_OPENED; how++) {
        if (t->ends[how] > 0) {
            row(o, close_how_name((enum close_how)how), human_count(t->ends[how]).s);
        }
    }
    out_text(o, "</table></section>\n");
}

void html_counts(struct page_report *r)
{
    struct out *o = &r->out;
    const struct totals *t = model_totals(r->context.model);
    out_text(o, "<div class=\"beside\">");
    opcode_rows(o, t);
    ending_rows(o, t);
    out_text(o, "<section><h2>Close codes</h2>\n<table><thead><tr><th>Code</th>"
                "<th class=\"n\">Client</th><th class=\"n\">Server</th></tr></thead>\n");
    close_counts(t, r->context.registry, code_row, o);
    out_text(o, "</table></section></div>\n");
}

/*--- Distributions ------------------------------------------------------------------------------*/

/* How many values lie in each power of two, between the first and the last that has any. */
static size_t powers(const struct histogram *h, uint64_t counts[POWERS], unsigned *first)
{
    uint64_t all[POWERS] = {0};
    size_t n = 0;
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        unsigned power = i >= 16  ? (unsigned)(i - 16) / 16 + 4
                         : i >= 8 ? 3
                         : i >= 4 ? 2
                         : i >= 2 ? 1
                                  : 0;
        all[power] += h->buckets[i];
    }
    *first = 0;
    while (*first < POWERS && all[*first] == 0) {
        ++*first;
    }
    for (unsigned i = *first; i < POWERS; i++) {
        counts[i - *first] = all[i];
        n = all[i] > 0 ? i - *first + 1 : n;
    }
    return n;
}

static void distribution(struct out *o, const char *title, const struct histogram *h,
                         struct human (*text)(uint64_t))
{
    uint64_t counts[POWERS] = {0};
    unsigned first;
    if (h->count == 0) {
        return;
    }
    size_t n = powers(h, counts, &first);
    out_printf(o, "<figure><figcaption><strong>%s</strong><br>%s: ", title,
               human_count(h->count).s);
    out_printf(o, "least %s, half up to %s, ", text(h->min).s,
               text(histogram_percentile(h, 0.5)).s);
    out_printf(o, "90 %% up to %s, 99 %% up to %s, ", text(histogram_percentile(h, 0.9)).s,
               text(histogram_percentile(h, 0.99)).s);
    out_printf(o, "most %s. Each bar is twice as far as the one before.</figcaption>\n",
               text(h->max).s);
    chart_bars(o, title, counts, NULL, n, text(h->min).s, text(h->max).s);
    out_text(o, "</figure>\n");
}

static struct human as_time(uint64_t ns)
{
    return human_time(ns > INT64_MAX ? INT64_MAX : (int64_t)ns);
}

void html_distributions(struct page_report *r)
{
    struct out *o = &r->out;
    const struct totals *t = model_totals(r->context.model);
    out_text(o, "<h2>Sizes and round trips</h2>\n<div class=\"charts\">\n");
    distribution(o, "Sizes of clients' messages", &t->message_sizes[0], human_bytes);
    distribution(o, "Sizes of servers' messages", &t->message_sizes[1], human_bytes);
    distribution(o, "Round trips of Pings", &t->rtt_ns, as_time);
    out_text(o, "</div>\n");
}

/*--- Findings -----------------------------------------------------------------------------------*/

void html_findings(struct page_report *r)
{
    struct out *o = &r->out;
    const struct totals *t = model_totals(r->context.model);
    enum finding_id ids[FINDING_COUNT];
    size_t n = tally_findings(t, ids);
    out_text(
        o,
        "<h2>Findings</h2>\n<div class=\"wide\"><table class=\"sorts\"><thead><tr><th>Severity</th>"
        "<th>Finding</th><th>What it says</th><th>Section</th><th class=\"n\">Times</th>"
        "<th class=\"n\">Sessions</th><th class=\"n\">First in</th></tr></thead>\n");
    for (size_t i = 0; i < n; i++) {
        const struct finding_kind *kind = finding_kind(ids[i]);
        const struct finding_tally *tally = &r->tally.findings[ids[i]];
        const char *severity = finding_severity_name(kind->severity);
        out_printf(o,
                   "<tbody><tr><td data-v=\"%d\" class=\"%s\">%s</td><td class=\"l\">%s</td><td>",
                   (int)kind->severity, severity, severity, kind->id);
        markup_text(o, kind->sentence);
        out_text(o, "</td><td class=\"l\">");
        markup_text(o, kind->section);
        out_printf(o, "</td><td class=\"n\">%llu</td><td class=\"n\">%llu</td>",
                   (unsigned long long)t->findings[ids[i]], (unsigned long long)tally->sessions);
        out_printf(o, "<td class=\"n\">%llu</td></tr></tbody>\n",
                   (unsigned long long)tally->first_session);
    }
    out_text(o, "</table></div>\n");
}

struct loss_rows {
    struct out *out;
    bool any;
};

static void put_loss(void *self, uint64_t n, const char *text)
{
    struct loss_rows *l = self;
    if (!l->any) {
        out_text(l->out, "<h2>Not seen, or not in full</h2>\n<table>\n");
    }
    l->any = true;
    row(l->out, text, human_count(n).s);
}

void html_losses(struct page_report *r)
{
    struct loss_rows rows = {.out = &r->out};
    page_losses(r, put_loss, &rows);
    if (rows.any) {
        out_text(&r->out, "</table>\n");
    }
}
