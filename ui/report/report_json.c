/*
 * wsight.report/1: the whole report as one JSON document, as report.schema.json writes it down.
 *
 * A session is written as text when it ends and waits in a spool for its turn; the document is put
 * together at the end. Memory does not grow with the capture but for 16 bytes a session.
 */
#include "analyzer/limits.h"
#include "ui/report/close_counts.h"
#include "ui/report/losses.h"
#include "ui/report/printed_names.h"
#include "ui/report/session_json.h"
#include "ui/report/spool.h"
#include "ui/report/tally.h"
#include "ui/report/time_text.h"

#include <errno.h>
#include <stdlib.h>

#define SCHEMA "wsight.report/1"
#define TEXT_MAX_BYTES (16U << 20) /* of one session */
/* Of the memory for texts, refused handshakes and TLS connections get this part each. */
#define SMALL_SPOOL_SHARE 8

struct json_report {
    struct report_context context;
    struct redactor redactor;
    struct json_style style;
    struct tally tally;
    struct spool *sessions, *refused, *tls;
    struct buffer text; /* of one session */
    uint64_t left_out;  /* sessions whose text there was no memory for */
    struct out out;     /* to the document */
    struct out session; /* to the text */
};

static void json_free(void *self)
{
    struct json_report *r = self;
    if (r == NULL) {
        return;
    }
    spool_free(r->sessions);
    spool_free(r->refused);
    spool_free(r->tls);
    buffer_done(&r->text);
    redact_done(&r->redactor);
    free(r);
}

static void *json_start(const struct report_context *context)
{
    struct json_report *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return NULL;
    }
    r->context = *context;
    redact_init(&r->redactor, context->options.show_secrets);
    r->style = (struct json_style){
        .registry = context->registry, .capture = context->capture, .redactor = &r->redactor};
    buffer_init(&r->text, TEXT_MAX_BYTES);
    out_init(&r->out, context->out, NULL);
    r->sessions = report_spool(&context->options, 1, 0);
    r->refused = report_spool(&context->options, SMALL_SPOOL_SHARE, 0);
    r->tls = report_spool(&context->options, SMALL_SPOOL_SHARE, TLS_LISTED_MAX);
    if (r->sessions == NULL || r->refused == NULL || r->tls == NULL) {
        json_free(r);
        return NULL;
    }
    return r;
}

/*--- While reading ------------------------------------------------------------------------------*/

static void begin_text(struct json_report *r, struct json *w)
{
    buffer_clear(&r->text);
    out_init(&r->session, NULL, &r->text);
    json_init(w, &r->session, 0);
}

static void end_text(struct json_report *r, struct spool *spool, uint64_t id)
{
    if (out_flush(&r->session) != 0) {
        r->left_out++;
        return;
    }
    spool_add(spool, id, buffer_bytes(&r->text));
}

static void json_refused(struct json *w, const struct session *s, const struct json_style *style)
{
    const struct handshake *h = &s->handshake;
    struct redactor *r = style->redactor;
    json_object_begin(w, NULL);
    json_u64(w, "session", s->id);
    json_endpoint(w, "client", &s->connection.client, s->connection.family);
    json_endpoint(w, "server", &s->connection.server, s->connection.family);
    json_bytes_or_null(w, "host", redact_text(r, h->host));
    json_bytes_or_null(w, "target", redact_text(r, h->target));
    json_i64(w, "status", h->status);
    json_bytes_or_null(w, "reason", redact_text(r, h->reason));
    json_list(w, "supported_versions", h->supported_versions, NULL);
    json_time(w, "time", h->response_ts, style->capture->digits);
    json_u64(w, "packet", h->response_pkt);
    json_end(w);
}

static void take_tls(struct json_report *r, const struct session *s)
{
    struct json w;
    if (spool_wants(r->tls, s->id)) {
        begin_text(r, &w);
        json_tls(&w, NULL, s, &r->style);
        end_text(r, r->tls, s->id);
    }
}

static void session_ended(void *self, struct session *s)
{
    struct json_report *r = self;
    struct json w;
    tally_session(&r->tally, s);
    if (s->outcome == OUTCOME_TLS) {
        take_tls(r, s);
        return;
    }
    redact_learn(&r->redactor, &s->handshake);
    begin_text(r, &w);
    json_session(&w, s, &r->style);
    end_text(r, r->sessions, s->id);
    if (s->outcome == OUTCOME_REFUSED) {
        begin_text(r, &w);
        json_refused(&w, s, &r->style);
        end_text(r, r->refused, s->id);
    }
}

static struct model_listener json_listener(void *self)
{
    return (struct model_listener){.session_ended = session_ended, .self = self};
}

static int json_flush(void *self)
{
    struct json_report *r = self;
    return out_flush(&r->out);
}

/*--- The document: tool and capture -------------------------------------------------------------*/

static void write_tool(struct json *w, const struct report_context *c)
{
    json_object_begin(w, "tool");
    json_text(w, "name", c->tool_name);
    json_text(w, "version", c->tool_version);
    json_text(w, "registry", c->registry->updated);
    json_end(w);
}

/* first and last; null when there are no packets. */
static void write_span(struct json *w, uint64_t packets, int64_t first, int64_t last,
                       unsigned digits)
{
    if (packets == 0) {
        json_nothing(w, "first");
        json_nothing(w, "last");
        return;
    }
    json_time(w, "first", first, digits);
    json_time(w, "last", last, digits);
}

static void write_live(struct json *w, const struct capture_file *f)
{
    json_object_begin(w, "live");
    json_u64(w, "dropped_by_kernel", f->dropped_by_kernel);
    json_u64(w, "dropped_by_device", f->dropped_by_device);
    json_u64(w, "ring_overflows", f->overflows);
    json_u64(w, "downs", f->downs);
    json_end(w);
}

static void write_file(struct json *w, const struct capture_file *f, unsigned digits)
{
    json_object_begin(w, NULL);
    json_text(w, "name", f->name);
    json_text(w, "format", f->format);
    json_text(w, "error", f->error);
    write_span(w, f->packets, f->first, f->last, digits);
    json_u64(w, "packets", f->packets);
    json_u64(w, "bytes", f->bytes);
    json_u64(w, "dropped", f->dropped);
    json_bool(w, "truncated", f->truncated > 0);
    json_u64(w, "damaged", f->damaged);
    json_u64(w, "skipped_bytes", f->skipped);
    json_u64(w, "cut", f->cut);
    if (f->live) {
        write_live(w, f);
    }
    json_end(w);
}

static void write_capture(struct json *w, const struct json_report *r)
{
    const struct capture_summary *c = r->context.capture;
    size_t n = 0;
    const struct finding_record *findings = model_findings(r->context.model, &n);
    json_object_begin(w, "capture");
    json_array_begin(w, "files");
    for (size_t i = 0; i < c->files_n; i++) {
        write_file(w, &c->files[i], c->digits);
    }
    json_end(w);
    write_span(w, c->packets, c->first, c->last, c->digits);
    json_u64(w, "packets", c->packets);
    json_u64(w, "bytes", c->bytes);
    json_u64(w, "dropped", c->dropped);
    json_u64(w, "filtered_out", c->filtered_out);
    json_text(w, "filter", c->filter);
    if (r->context.filter != NULL) {
        json_text(w, "display_filter", r->context.filter);
        json_u64(w, "sessions_left_out", model_totals(r->context.model)->left_out);
    }
    json_bool(w, "interrupted", c->interrupted);
    if (c->shards > 0) {
        json_object_begin(w, "shards");
        json_u64(w, "of", c->shards);
        json_array_begin(w, "parts");
        json_u64(w, NULL, c->shard);
        json_end(w);
        json_end(w);
    }
    json_array_begin(w, "findings");
    for (size_t i = 0; i < n; i++) {
        json_finding(w, &findings[i], &r->style);
    }
    json_end(w);
    json_end(w);
}

/*--- The document: totals -----------------------------------------------------------------------*/

/* [index, count] of the buckets that have any, as analyzer/histogram.h numbers them. */
static void write_buckets(struct json *w, const struct histogram *h)
{
    json_array_begin(w, "buckets");
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (h->buckets[i] > 0) {
            json_array_begin(w, NULL);
            json_u64(w, NULL, i);
            json_u64(w, NULL, h->buckets[i]);
            json_end(w);
        }
    }
    json_end(w);
}

static void write_sizes(struct json *w, const char *name, const struct histogram *h)
{
    if (h->count == 0) {
        json_nothing(w, name);
        return;
    }
    json_object_begin(w, name);
    json_u64(w, "count", h->count);
    json_u64(w, "min", h->min);
    json_u64(w, "p50", histogram_percentile(h, 0.5));
    json_u64(w, "p90", histogram_percentile(h, 0.9));
    json_u64(w, "p99", histogram_percentile(h, 0.99));
    json_u64(w, "max", h->max);
    json_ratio(w, "mean", h->sum, h->count);
    json_u64(w, "sum", h->sum);
    write_buckets(w, h);
    json_end(w);
}

static void write_rtt_all(struct json *w, const struct histogram *h, unsigned digits)
{
    if (h->count == 0) {
        json_nothing(w, "all");
        return;
    }
    json_object_begin(w, "all");
    json_u64(w, "count", h->count);
    json_ms(w, "min_ms", (int64_t)h->min, digits);
    json_ms(w, "p50_ms", (int64_t)histogram_percentile(h, 0.5), digits);
    json_ms(w, "p90_ms", (int64_t)histogram_percentile(h, 0.9), digits);
    json_ms(w, "p99_ms", (int64_t)histogram_percentile(h, 0.99), digits);
    json_ms(w, "max_ms", (int64_t)h->max, digits);
    json_ms(w, "mean_ms", (int64_t)(h->sum / h->count), digits);
    json_ms(w, "sum_ms", (int64_t)h->sum, digits);
    write_buckets(w, h);
    json_end(w);
}

static void write_rtt(struct json *w, const struct json_report *r, const struct totals *t)
{
    unsigned digits = r->context.capture->digits;
    json_object_begin(w, "rtt");
    write_rtt_all(w, &t->rtt_ns, digits);
    json_rtt(w, "client_to_server", &t->rtt[0], digits);
    json_rtt(w, "server_to_client", &t->rtt[1], digits);
    json_rtt(w, "tcp_handshake", &r->tally.syn_rtt, digits);
    json_end(w);
}

struct close_codes {
    struct json *w;
    int dir;
};

static void write_close_code(void *ctx, const struct close_count *c)
{
    const struct close_codes *codes = ctx;
    struct json *w = codes->w;
    if (c->n[codes->dir] == 0) {
        return;
    }
    json_object_begin(w, NULL);
    if (c->code == CLOSE_CODE_NONE) {
        json_nothing(w, "code");
    } else {
        json_i64(w, "code", c->code);
    }
    json_text(w, "name", c->name);
    json_u64(w, "count", c->n[codes->dir]);
    json_end(w);
}

static void write_close_codes(struct json *w, const struct json_report *r, const struct totals *t)
{
    json_object_begin(w, "close_codes");
    for (int dir = 0; dir < 2; dir++) {
        struct close_codes codes = {w, dir};
        json_array_begin(w, direction_name((enum dir)dir));
        close_counts(t, r->context.registry, write_close_code, &codes);
        json_end(w);
    }
    json_end(w);
    json_u64(w, "close_codes_out_of_range", t->close_other[0] + t->close_other[1]);
}

static void write_versions(struct json *w, const struct json_report *r, const struct totals *t)
{
    json_array_begin(w, "versions");
    for (int i = 1; i <= VERSION_COUNT; i++) { /* the one without a number last */
        int at = i % VERSION_COUNT;
        if (t->versions[at] > 0) {
            json_object_begin(w, NULL);
            json_version_members(w, websocket_version(at + VERSION_HIXIE_75), r->context.registry);
            json_u64(w, "sessions", t->versions[at]);
            json_end(w);
        }
    }
    json_end(w);
}

static void write_ends(struct json *w, const struct totals *t)
{
    json_object_begin(w, "ends");
    for (int how = 0; how < CLOSE_NEVER_OPENED; how++) {
        json_u64(w, close_how_name((enum close_how)how), t->ends[how]);
    }
    json_end(w);
}

static void write_name(struct json *w, const struct json_report *r, struct bytes text,
                       const struct printed_name *n, bool extension)
{
    const struct registry *registry = r->context.registry;
    const char *name = (const char *)text.p;
    bool registered = extension ? registry_extension(registry, name, text.n) != NULL
                                : registry_subprotocol(registry, name, text.n) != NULL;
    json_object_begin(w, NULL);
    json_bytes(w, "name", text);
    json_bool(w, "registered", registered);
    json_u64(w, "sessions", n->sessions);
    json_u64(w, "offered", n->offered);
    json_end(w);
}

static void write_names(struct json *w, const char *name, const char *others,
                        const struct name_counts *names, const struct json_report *r)
{
    bool extensions = strcmp(name, "extensions") == 0;
    struct printed_names printed;
    printed_names_init(&printed, names, extensions ? NULL : r->style.redactor);
    json_array_begin(w, name);
    for (size_t i = 0; i < printed.n; i++) {
        write_name(w, r, printed_name(&printed, &printed.list[i]), &printed.list[i], extensions);
    }
    json_end(w);
    json_u64(w, others, names->others);
    printed_names_done(&printed);
}

static void write_totals(struct json *w, const struct json_report *r)
{
    const struct totals *t = model_totals(r->context.model);
    json_object_begin(w, "totals");
    json_u64(w, "sessions", t->sessions);
    for (int outcome = 0; outcome < OUTCOME_TLS; outcome++) {
        json_u64(w, outcome_name((enum outcome)outcome), t->outcomes[outcome]);
    }
    json_u64(w, "open_peak", t->open_peak);
    json_u64(w, "tls_connections", t->tls_connections);
    json_u64(w, "tcp_connections", r->context.stats->connections);
    for (int dir = 0; dir < 2; dir++) {
        json_object_begin(w, direction_name((enum dir)dir));
        json_direction_counts(w, &t->dir[dir]);
        json_tcp_counts(w, "tcp", &r->tally.tcp[dir]);
        write_sizes(w, "message_sizes", &t->message_sizes[dir]);
        json_end(w);
    }
    write_versions(w, r, t);
    write_close_codes(w, r, t);
    write_ends(w, t);
    write_names(w, "subprotocols", "subprotocols_others", &t->subprotocols, r);
    write_names(w, "extensions", "extensions_others", &t->extensions, r);
    write_rtt(w, r, t);
    json_object_begin(w, "findings");
    for (int i = 0; i < SEVERITY_COUNT; i++) {
        json_u64(w, finding_severity_name((enum finding_severity)i), t->findings_by_severity[i]);
    }
    json_end(w);
    json_end(w);
}

/*--- The document: sessions, findings -----------------------------------------------------*/

static void take_piece(void *ctx, struct bytes piece, bool first)
{
    struct json *w = ctx;
    if (first) {
        json_value(w, NULL);
    }
    out_bytes(w->out, piece);
}

static int write_spool(struct json *w, const char *name, struct spool *spool)
{
    json_array_begin(w, name);
    int error = spool_read(spool, take_piece, w);
    json_end(w);
    return error;
}

static void write_findings(struct json *w, const struct json_report *r)
{
    const struct totals *t = model_totals(r->context.model);
    json_array_begin(w, "findings");
    for (int id = 0; id < FINDING_COUNT; id++) {
        const struct finding_tally *tally = &r->tally.findings[id];
        if (t->findings[id] == 0) {
            continue;
        }
        json_object_begin(w, NULL);
        json_finding_kind(w, (enum finding_id)id);
        json_u64(w, "count", t->findings[id]);
        json_u64(w, "sessions", tally->sessions);
        if (tally->first_session > 0) {
            json_u64(w, "first_session", tally->first_session);
            json_u64(w, "first_packet", tally->first_pkt);
        } else {
            json_nothing(w, "first_session");
            json_nothing(w, "first_packet");
        }
        json_end(w);
    }
    json_end(w);
}

static int first_error(int a, int b)
{
    return a != 0 ? a : b;
}

static int json_finish(void *self, struct err *err)
{
    struct json_report *r = self;
    struct json w;
    const struct losses losses = {.context = &r->context,
                                  .tally = &r->tally,
                                  .sessions_left_out = r->left_out + spool_dropped(r->sessions)};
    json_init(&w, &r->out, 2);
    json_object_begin(&w, NULL);
    json_text(&w, "schema", SCHEMA);
    write_tool(&w, &r->context);
    write_capture(&w, r);
    write_totals(&w, r);
    int error = write_spool(&w, "sessions", r->sessions);
    error = first_error(error, write_spool(&w, "refused", r->refused));
    error = first_error(error, write_spool(&w, "undecrypted_tls", r->tls));
    write_findings(&w, r);
    losses_json(&losses, &w);
    json_end(&w);
    out_char(&r->out, '\n');
    if (report_output_error(out_flush(&r->out), err) != 0) {
        return -1;
    }
    error = first_error(error, spool_error(r->sessions));
    error = first_error(error, first_error(spool_error(r->refused), spool_error(r->tls)));
    if (error != 0 || r->left_out > 0) {
        return err_set(err, "the report lacks sessions: the temporary file or memory failed: %s",
                       strerror(error != 0 ? error : ENOMEM));
    }
    return 0;
}

const struct report_format report_json = {.command = "report",
                                          .name = "json",
                                          .start = json_start,
                                          .listener = json_listener,
                                          .flush = json_flush,
                                          .finish = json_finish,
                                          .free = json_free};
