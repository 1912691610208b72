/* The text report's numbers: traffic, sizes, round trips, endings, names. */
#include "ui/report/text_sections.h"

#include "ui/report/close_counts.h"
#include "ui/report/session_json.h" /* close_name */
#include "ui/report/session_rows.h" /* put_version_name */

#define LABEL_COLUMNS 26
#define VALUE_COLUMNS 20

static void row_heading(struct out *o)
{
    out_repeat(o, ' ', LABEL_COLUMNS);
    plain_put_right(o, "client to server", VALUE_COLUMNS);
    plain_put_right(o, "server to client", VALUE_COLUMNS);
    out_char(o, '\n');
}

static void row_texts(struct out *o, const char *label, const char *a, const char *b)
{
    out_text(o, "  ");
    plain_put_left(o, bytes_of(label), LABEL_COLUMNS - 2);
    plain_put_right(o, a, VALUE_COLUMNS);
    plain_put_right(o, b, VALUE_COLUMNS);
    out_char(o, '\n');
}

/* Nothing when both are 0. */
static void row_counts(struct out *o, const char *label, uint64_t a, uint64_t b)
{
    if (a > 0 || b > 0) {
        row_texts(o, label, human_count(a).s, human_count(b).s);
    }
}

static void row_bytes(struct out *o, const char *label, uint64_t a, uint64_t b)
{
    if (a > 0 || b > 0) {
        row_texts(o, label, human_bytes(a).s, human_bytes(b).s);
    }
}

static uint64_t reserved_opcodes(const struct direction_counts *d)
{
    uint64_t n = 0;
    for (int i = 3; i < 16; i++) {
        n += i < 8 || i > 10 ? d->opcodes[i] : 0;
    }
    return n;
}

static void rows_messages(struct out *o, const struct direction_counts *a,
                          const struct direction_counts *b)
{
    row_counts(o, "text messages", a->text, b->text);
    row_counts(o, "binary messages", a->binary, b->binary);
    row_counts(o, "  fragmented", a->fragmented, b->fragmented);
    row_counts(o, "  compressed", a->compressed, b->compressed);
    row_counts(o, "  not inflated", a->not_inflated, b->not_inflated);
    row_counts(o, "  raw, of an extension", a->raw, b->raw);
    row_counts(o, "damaged by loss", a->damaged, b->damaged);
    row_counts(o, "unfinished", a->unfinished, b->unfinished);
    row_bytes(o, "bytes of messages", a->message_bytes, b->message_bytes);
    row_bytes(o, "bytes of payload on wire", a->payload_bytes, b->payload_bytes);
    row_bytes(o, "bytes of frame headers", a->overhead_bytes, b->overhead_bytes);
}

static void rows_frames(struct out *o, const struct direction_counts *a,
                        const struct direction_counts *b)
{
    row_counts(o, "frames", a->frames, b->frames);
    row_counts(o, "  Text", a->opcodes[1], b->opcodes[1]);
    row_counts(o, "  Binary", a->opcodes[2], b->opcodes[2]);
    row_counts(o, "  Continuation", a->opcodes[0], b->opcodes[0]);
    row_counts(o, "  Ping", a->opcodes[9], b->opcodes[9]);
    row_counts(o, "  Pong", a->opcodes[10], b->opcodes[10]);
    row_counts(o, "  Close", a->opcodes[8], b->opcodes[8]);
    row_counts(o, "  reserved opcodes", reserved_opcodes(a), reserved_opcodes(b));
    if (a->masked < a->frames || b->masked > 0) {
        row_counts(o, "  masked", a->masked, b->masked);
    }
}

void section_traffic(struct text_report *r, const struct totals *t)
{
    struct out *o = &r->out;
    const struct tcp_counts *tcp = r->tally.tcp;
    if (t->dir[0].frames == 0 && t->dir[1].frames == 0) {
        return;
    }
    text_heading(o, &r->context, "Traffic");
    row_heading(o);
    rows_messages(o, &t->dir[0], &t->dir[1]);
    rows_frames(o, &t->dir[0], &t->dir[1]);
    row_counts(o, "TCP packets", tcp[0].packets, tcp[1].packets);
    row_counts(o, "  retransmitted", tcp[0].retransmitted, tcp[1].retransmitted);
    row_counts(o, "  out of order", tcp[0].out_of_order, tcp[1].out_of_order);
}

/*--- Sizes and round trips ----------------------------------------------------------------------*/

#define SIZE_COLUMNS 10

static void sizes_row(struct out *o, const char *label, const struct histogram *h)
{
    if (h->count == 0) {
        return;
    }
    out_text(o, "  ");
    plain_put_left(o, bytes_of(label), 18);
    plain_put_right(o, human_count(h->count).s, SIZE_COLUMNS);
    plain_put_right(o, human_bytes(histogram_percentile(h, 0.5)).s, SIZE_COLUMNS);
    plain_put_right(o, human_bytes(histogram_percentile(h, 0.9)).s, SIZE_COLUMNS);
    plain_put_right(o, human_bytes(histogram_percentile(h, 0.99)).s, SIZE_COLUMNS);
    plain_put_right(o, human_bytes(h->max).s, SIZE_COLUMNS);
    out_char(o, '\n');
}

void section_sizes(struct text_report *r, const struct totals *t)
{
    struct out *o = &r->out;
    if (t->message_sizes[0].count == 0 && t->message_sizes[1].count == 0) {
        return;
    }
    text_heading(o, &r->context, "Message sizes");
    out_text(o, "                      messages       p50       p90       p99       max\n");
    sizes_row(o, "client to server", &t->message_sizes[0]);
    sizes_row(o, "server to client", &t->message_sizes[1]);
}

static void rtt_row(struct out *o, const char *label, const struct rtt_counts *c)
{
    if (c->count == 0) {
        return;
    }
    out_text(o, "  ");
    plain_put_left(o, bytes_of(label), 28);
    plain_put_right(o, human_count(c->count).s, SIZE_COLUMNS);
    plain_put_right(o, human_time(c->min).s, SIZE_COLUMNS);
    plain_put_right(o, human_time(c->sum / (int64_t)c->count).s, SIZE_COLUMNS);
    plain_put_right(o, human_time(c->max).s, SIZE_COLUMNS);
    out_char(o, '\n');
}

void section_pings(struct text_report *r, const struct totals *t)
{
    struct out *o = &r->out;
    if (t->rtt[0].count == 0 && t->rtt[1].count == 0) {
        return; /* TCP's round trips alone are not worth a section */
    }
    text_heading(o, &r->context, "Round trips");
    out_text(o, "                                   count       min   average       max\n");
    rtt_row(o, "Ping of the client", &t->rtt[0]);
    rtt_row(o, "Ping of the server", &t->rtt[1]);
    rtt_row(o, "TCP handshake", &r->tally.syn_rtt);
}

/*--- Endings ------------------------------------------------------------------------------------*/

void section_endings(struct text_report *r, const struct totals *t)
{
    static const char *const texts[] = {
        [CLOSE_STILL_OPEN] = "still open when the capture ended",
        [CLOSE_CLEAN] = "closed cleanly: a Close from both sides",
        [CLOSE_UNANSWERED] = "closed by one side, without an answer",
        [CLOSE_FIN] = "TCP ended (FIN) without a Close",
        [CLOSE_RESET] = "TCP was reset (RST) without a Close",
        [CLOSE_IDLE] = "fell silent",
        [CLOSE_EVICTED] = "given up by wsight for want of room",
        [CLOSE_REPLACED] = "replaced by a new connection of the same ports",
    };
    struct out *o = &r->out;
    bool any = false;
    for (int how = 0; how < CLOSE_NEVER_OPENED; how++) {
        if (t->ends[how] == 0) {
            continue;
        }
        if (!any) {
            text_heading(o, &r->context, "How sessions ended");
        }
        any = true;
        plain_put_right(o, human_count(t->ends[how]).s, 12);
        out_text(o, "  ");
        out_text(o, texts[how]);
        out_char(o, '\n');
    }
}

static void close_row(void *ctx, const struct close_count *c)
{
    struct out *o = ctx;
    char label[16] = "none";
    if (c->code != CLOSE_CODE_NONE) {
        snprintf(label, sizeof label, "%d", c->code);
    }
    out_text(o, "  ");
    plain_put_left(o, bytes_of(label), 6);
    plain_put_left(o, bytes_of(c->name), 34);
    plain_put_right(o, human_count(c->n[0]).s, 14);
    plain_put_right(o, human_count(c->n[1]).s, 14);
    out_char(o, '\n');
}

void section_close_codes(struct text_report *r, const struct totals *t)
{
    struct out *o = &r->out;
    if (t->dir[0].opcodes[8] == 0 && t->dir[1].opcodes[8] == 0) {
        return;
    }
    text_heading(o, &r->context, "Close codes");
    out_repeat(o, ' ', 42);
    out_text(o, "   from client   from server\n");
    struct close_count other = {
        5000, close_name(r->context.registry, 5000), {t->close_other[0], t->close_other[1]}};
    close_counts(t, r->context.registry, close_row, o);
    if (other.n[0] + other.n[1] > 0) {
        close_row(o, &other);
    }
}

void section_versions(struct text_report *r, const struct totals *t)
{
    struct out *o = &r->out;
    bool any = false;
    for (int i = 0; i < VERSION_COUNT; i++) {
        if (t->versions[i] == 0) {
            continue;
        }
        if (!any) {
            text_heading(o, &r->context, "Versions");
            out_text(o, "  sessions\n");
            any = true;
        }
        plain_put_right(o, human_count(t->versions[i]).s, 10);
        out_text(o, "  ");
        put_version_name(o, websocket_version(i + VERSION_HIXIE_75), r->context.registry);
        out_char(o, '\n');
    }
}

/*--- Subprotocols and extensions ----------------------------------------------------------------*/

static void name_row(struct text_report *r, const struct name_count *n, bool extension)
{
    struct out *o = &r->out;
    const struct registry *registry = r->context.registry;
    const char *name = (const char *)n->name.p;
    const struct registry_entry *entry = extension
                                             ? registry_extension(registry, name, n->name.n)
                                             : registry_subprotocol(registry, name, n->name.n);
    struct bytes shown =
        extension ? n->name : redact_counted_name(&r->redactor, n->name, n->sessions > 0);
    plain_put_right(o, human_count(n->sessions).s, 10);
    plain_put_right(o, human_count(n->offered).s, 10);
    out_text(o, "  ");
    size_t width = r->context.options.width;
    size_t left = width - 22 - plain_put(o, shown, width - 22);
    if (entry == NULL && left >= 16) {
        out_text(o, " (unregistered)");
    } else if (entry != NULL && left > 10 && strcmp(entry->description, entry->name) != 0) {
        out_text(o, " (");
        plain_put(o, bytes_of(entry->description), left - 3);
        out_char(o, ')');
    }
    out_char(o, '\n');
}

static void ratio_row(struct text_report *r, const char *who, const struct direction_counts *d)
{
    struct out *o = &r->out;
    if (d->compressed_message_bytes == 0) {
        return;
    }
    out_repeat(o, ' ', 22);
    out_printf(o, "%s: %s became %s (%s)\n", who, human_bytes(d->compressed_message_bytes).s,
               human_bytes(d->compressed_wire_bytes).s,
               human_percent(d->compressed_wire_bytes, d->compressed_message_bytes).s);
}

void section_names(struct text_report *r, const char *heading, const struct name_counts *names,
                   bool extensions)
{
    struct out *o = &r->out;
    const struct direction_counts *d = model_totals(r->context.model)->dir;
    if (names->n == 0) {
        return;
    }
    text_heading(o, &r->context, heading);
    out_text(o, "    chosen   offered\n");
    for (size_t i = 0; i < names->n; i++) {
        name_row(r, &names->list[i], extensions);
        if (extensions && bytes_equal(names->list[i].name, bytes_of("permessage-deflate"))) {
            ratio_row(r, "client to server", &d[0]);
            ratio_row(r, "server to client", &d[1]);
        }
    }
    if (names->others > 0) {
        out_printf(o, "%20s  further names\n", human_count(names->others).s);
    }
}
