/*
 * follow in the field names of the Elastic Common Schema 8.11: one object for each opening,
 * message, end of a session, finding and, when asked for, frame. What ECS has no field for is below
 * `wsight`.
 *
 * client and server are the ends of the connection; source and destination are those of what the
 * line is about: of a message its sender and receiver, of a session client and server.
 */
#include "analyzer/community_id.h"
#include "ui/report/address.h"
#include "ui/report/export_rows.h" /* message_fault */
#include "ui/report/line_report.h"
#include "ui/report/losses.h"
#include "ui/report/message_words.h"
#include "ui/report/session_json.h"
#include "ui/report/session_url.h"
#include "ui/report/time_text.h"

#include <stdlib.h>

#define ECS_VERSION "8.11.0"
#define DOMAIN_MAX_BYTES 4096

static void *ecs_start(const struct report_context *context)
{
    return line_report_new(sizeof(struct line_report), context);
}

/*--- What every line has ------------------------------------------------------------------------*/

/* event is left open. */
static void begin_line(struct json *w, struct line_report *f, int64_t ts, const char *kind,
                       const char *action, const char *type)
{
    json_init(w, &f->out, 0);
    json_object_begin(w, NULL);
    json_time(w, "@timestamp", ts, f->context.capture->digits);
    json_object_begin(w, "ecs");
    json_text(w, "version", ECS_VERSION);
    json_end(w);
    json_object_begin(w, "event");
    json_text(w, "kind", kind);
    json_text(w, "module", f->context.tool_name);
    json_text(w, "action", action);
    json_array_begin(w, "category");
    json_text(w, NULL, "network");
    json_end(w);
    json_array_begin(w, "type");
    if (strcmp(type, "start") == 0 || strcmp(type, "end") == 0 || strcmp(type, "denied") == 0) {
        json_text(w, NULL, "connection");
    }
    json_text(w, NULL, type);
    json_end(w);
}

static void end_line(struct json *w)
{
    json_end(w);
    out_char(w->out, '\n');
}

struct traffic {
    uint64_t bytes, packets;
};

/* t NULL: not counted. */
static void write_end(struct json *w, const char *name, const struct endpoint *e, uint8_t family,
                      const struct traffic *t)
{
    char text[ADDRESS_BYTES];
    size_t n = address_text(text, e, family);
    json_object_begin(w, name);
    json_bytes(w, "ip", (struct bytes){(const uint8_t *)text, n});
    json_u64(w, "port", e->port);
    if (t != NULL) {
        json_u64(w, "bytes", t->bytes);
        json_u64(w, "packets", t->packets);
    }
    json_end(w);
}

/* dir: who sent what the line is about; traffic of both directions, or NULL. */
static void write_network(struct json *w, const struct session *s, enum dir dir,
                          const struct traffic traffic[2])
{
    const struct connection *c = &s->connection;
    char id[COMMUNITY_ID_BYTES];
    const struct endpoint *ends[2] = {&c->client, &c->server};
    community_id(c, id);
    json_object_begin(w, "network");
    json_text(w, "transport", "tcp");
    json_text(w, "type", c->family == 6 ? "ipv6" : "ipv4");
    json_text(w, "protocol", "websocket");
    json_text(w, "community_id", id);
    if (traffic != NULL) {
        json_u64(w, "bytes", traffic[0].bytes + traffic[1].bytes);
        json_u64(w, "packets", traffic[0].packets + traffic[1].packets);
    }
    json_end(w);
    write_end(w, "source", ends[dir], c->family, traffic != NULL ? &traffic[dir] : NULL);
    write_end(w, "destination", ends[1 - dir], c->family,
              traffic != NULL ? &traffic[1 - dir] : NULL);
    write_end(w, "client", &c->client, c->family, traffic);
    write_end(w, "server", &c->server, c->family, traffic != NULL ? &traffic[1] : NULL);
}

/*--- Handshake ----------------------------------------------------------------------------------*/

/* Without the port. */
static struct bytes domain_of(struct bytes host)
{
    size_t bracket = bytes_find(host, ']');
    size_t colon = bytes_find(bytes_from(host, bracket < host.n ? bracket : 0), ':');
    return bytes_part(host, 0, (bracket < host.n ? bracket : 0) + colon);
}

static void write_url(struct json *w, struct line_report *f, const struct session *s)
{
    const struct handshake *h = &s->handshake;
    struct buffer url;
    buffer_init(&url, REDACTED_TEXT_MAX_BYTES);
    json_object_begin(w, "url");
    json_text(w, "scheme", s->has_tls ? "wss" : "ws");
    if (session_url(s, &url)) {
        json_bytes(w, "full", redact_text(&f->redactor, buffer_bytes(&url)));
    }
    if (h->host.n > 0) {
        json_bytes(w, "domain",
                   bytes_part(redact_text(&f->redactor, domain_of(h->host)), 0, DOMAIN_MAX_BYTES));
    }
    struct bytes target = redact_text(&f->redactor, h->target);
    size_t question = bytes_find(target, '?');
    json_bytes(w, "path", bytes_part(target, 0, question));
    if (question < target.n) {
        json_bytes(w, "query", bytes_from(target, question + 1));
    }
    json_end(w);
    buffer_done(&url);
}

static void write_http(struct json *w, struct line_report *f, const struct handshake *h)
{
    json_object_begin(w, "http");
    json_object_begin(w, "request");
    json_bytes_or_null(w, "method", h->method);
    json_end(w);
    if (h->status != 0) {
        json_object_begin(w, "response");
        json_i64(w, "status_code", h->status);
        json_end(w);
    }
    json_end(w);
    if (h->user_agent.p != NULL) {
        json_object_begin(w, "user_agent");
        json_bytes(w, "original", redact_text(&f->redactor, h->user_agent));
        json_end(w);
    }
}

static void write_tls(struct json *w, const struct session *s)
{
    if (!s->has_tls) {
        return;
    }
    json_object_begin(w, "tls");
    json_bool(w, "established", s->outcome != OUTCOME_TLS);
    if (s->tls.sni.p != NULL) {
        json_object_begin(w, "client");
        json_bytes(w, "server_name", s->tls.sni);
        json_end(w);
    }
    json_end(w);
}

static void write_handshake(struct json *w, struct line_report *f, const struct session *s)
{
    if (s->has_handshake) {
        write_url(w, f, s);
        write_http(w, f, &s->handshake);
    }
    write_tls(w, s);
}

/* The last line: what was not seen, or not in full. */
static int ecs_finish(void *self, struct err *err)
{
    struct line_report *f = self;
    struct json w;
    if (losses_any(&f->context)) {
        begin_line(&w, f, f->context.capture->last, "event", "capture-loss", "info");
        json_end(&w);
        json_object_begin(&w, "wsight");
        losses_json(&(struct losses){.context = &f->context}, &w);
        json_end(&w);
        end_line(&w);
    }
    return line_report_finish(self, err);
}

/* wsight is left open. */
static void begin_own(struct json *w, const struct session *s)
{
    json_object_begin(w, "wsight");
    json_u64(w, "session", s->id);
}

static void write_negotiated(struct json *w, struct line_report *f, const struct session *s)
{
    const struct handshake *h = &s->handshake;
    json_text(w, "outcome", outcome_name(s->outcome));
    if (h->subprotocol.p != NULL) {
        json_bytes(w, "subprotocol", redact_chosen(&f->redactor, h));
    }
    if (h->extensions.p != NULL) {
        json_list(w, "extensions", h->extensions, NULL);
    }
    if (h->origin.p != NULL) {
        json_bytes(w, "origin", redact_text(&f->redactor, h->origin));
    }
    if (s->has_tls && s->tls.ja4.p != NULL) {
        json_bytes(w, "ja4", s->tls.ja4);
    }
}

/*--- Lines --------------------------------------------------------------------------------------*/

static void on_opened(void *self, struct session *s)
{
    struct line_report *f = self;
    struct json w;
    begin_line(&w, f, s->started, "event", "websocket-open", "start");
    json_end(&w);
    write_network(&w, s, DIR_CLIENT_TO_SERVER, NULL);
    write_handshake(&w, f, s);
    begin_own(&w, s);
    write_negotiated(&w, f, s);
    json_end(&w);
    end_line(&w);
}

static void write_body(struct json *w, const struct message *m, uint64_t bodies)
{
    struct bytes shown = m->opcode == 8 ? message_reason(m) : message_shown(m, bodies);
    const char *fault;
    if (m->opcode == 8 && m->close_code != CLOSE_CODE_NONE) {
        json_i64(w, "close_code", m->close_code);
    }
    if (m->opcode == 10 && m->rtt >= 0) {
        json_i64(w, "rtt_ns", m->rtt);
    }
    json_array_begin(w, "faults");
    for (unsigned i = 0; (fault = message_fault(m, bodies, i)) != NULL; i++) {
        json_text(w, NULL, fault);
    }
    json_end(w);
    if (shown.p == NULL) {
        return;
    }
    if (message_is_text(m) || m->opcode == 8) {
        json_bytes(w, "text", shown);
    } else {
        json_base64(w, "base64", shown);
    }
}

static void on_message(void *self, const struct session *s, const struct event *e)
{
    struct line_report *f = self;
    const struct message *m = &e->message;
    struct json w;
    begin_line(&w, f, e->ts, "event", "websocket-message", "protocol");
    json_end(&w);
    write_network(&w, s, e->dir, NULL);
    begin_own(&w, s);
    json_text(&w, "direction", direction_name(e->dir));
    json_text(&w, "opcode", opcode_word(m->opcode));
    json_u64(&w, "length", m->len);
    json_u64(&w, "wire_length", m->wire_len);
    json_u64(&w, "frames", m->frames);
    json_bool(&w, "compressed", (m->flags & MESSAGE_COMPRESSED) != 0);
    json_u64(&w, "packet", e->pkt);
    write_body(&w, m, f->context.options.bodies);
    json_end(&w);
    end_line(&w);
}

static void on_frame(void *self, const struct session *s, const struct event *e)
{
    struct line_report *f = self;
    const struct frame *frame = &e->frame;
    struct json w;
    begin_line(&w, f, e->ts, "event", "websocket-frame", "protocol");
    json_end(&w);
    write_network(&w, s, e->dir, NULL);
    begin_own(&w, s);
    json_text(&w, "direction", direction_name(e->dir));
    json_text(&w, "opcode", opcode_word(frame->opcode));
    json_bool(&w, "fin", frame->fin);
    json_u64(&w, "rsv", frame->rsv);
    json_bool(&w, "masked", frame->masked);
    json_u64(&w, "length", frame->len);
    json_u64(&w, "packet", e->pkt);
    json_end(&w);
    end_line(&w);
}

static void on_finding(void *self, const struct session *s, const struct finding_record *r)
{
    struct line_report *f = self;
    const struct finding_kind *kind = finding_kind(r->id);
    struct json w;
    begin_line(&w, f, r->ts, kind->severity == SEVERITY_NOTE ? "event" : "alert",
               "websocket-finding", "info");
    json_u64(&w, "severity", kind->severity);
    json_end(&w);
    json_text(&w, "message", kind->sentence);
    json_object_begin(&w, "rule");
    json_text(&w, "id", kind->id);
    json_text(&w, "category", finding_class_name(kind->class));
    json_text(&w, "reference", kind->section);
    json_end(&w);
    if (s != NULL) {
        write_network(&w, s, r->dir, NULL);
        begin_own(&w, s);
    } else {
        json_object_begin(&w, "wsight");
    }
    json_text(&w, "severity", finding_severity_name(kind->severity));
    if (r->detail.n > 0) {
        json_bytes(&w, "detail", redact_text(&f->redactor, r->detail));
    }
    json_u64(&w, "packet", r->pkt);
    json_end(&w);
    end_line(&w);
}

static const char *success_of(const struct session *s)
{
    enum close_how how = session_close_how(s);
    if (how == CLOSE_CLEAN) {
        return "success";
    }
    bool unknown = how == CLOSE_STILL_OPEN || how == CLOSE_NEVER_OPENED;
    return unknown && s->outcome != OUTCOME_REFUSED ? "unknown" : "failure";
}

static void write_counts(struct json *w, const struct session *s)
{
    for (int dir = 0; dir < 2; dir++) {
        const struct direction_counts *d = &s->dir[dir];
        json_object_begin(w, direction_name((enum dir)dir));
        json_u64(w, "messages", d->text + d->binary);
        json_u64(w, "frames", d->frames);
        json_u64(w, "message_bytes", d->message_bytes);
        if (s->close[dir].seen && s->close[dir].code != CLOSE_CODE_NONE) {
            json_i64(w, "close_code", s->close[dir].code);
        }
        json_end(w);
    }
}

static void on_end(void *self, struct session *s)
{
    struct line_report *f = self;
    struct json w;
    bool tls = s->outcome == OUTCOME_TLS;
    unsigned digits = f->context.capture->digits;
    struct traffic traffic[2];
    for (int dir = 0; dir < 2; dir++) {
        traffic[dir] = (struct traffic){s->end.tcp[dir].bytes, s->end.tcp[dir].packets};
    }
    begin_line(&w, f, s->last_ts, "event", tls ? "tls-connection" : "websocket-end",
               s->outcome == OUTCOME_REFUSED ? "denied" : "end");
    json_text(&w, "outcome", tls ? "unknown" : success_of(s));
    json_time(&w, "start", s->started, digits);
    json_time(&w, "end", s->last_ts, digits);
    json_i64(&w, "duration", time_between(s->started, s->last_ts));
    json_end(&w);
    write_network(&w, s, DIR_CLIENT_TO_SERVER, traffic);
    write_handshake(&w, f, s);
    begin_own(&w, s);
    write_negotiated(&w, f, s);
    if (!tls) {
        json_text(&w, "close", close_how_name(session_close_how(s)));
        write_counts(&w, s);
    }
    json_end(&w);
    end_line(&w);
}

/*--- The format ---------------------------------------------------------------------------------*/

static struct model_listener ecs_listener(void *self)
{
    const struct line_report *f = self;
    return (struct model_listener){.session_opened = on_opened,
                                   .message = on_message,
                                   .frame = f->context.options.frames ? on_frame : NULL,
                                   .finding = on_finding,
                                   .session_ended = on_end,
                                   .self = self};
}

const struct report_format follow_ecs = {.command = "follow",
                                         .name = "ecs",
                                         .start = ecs_start,
                                         .listener = ecs_listener,
                                         .flush = line_report_flush,
                                         .finish = ecs_finish,
                                         .free = line_report_free};
