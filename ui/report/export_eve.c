/*
 * export eve: lines as Suricata's EVE writes them (https://docs.suricata.io/), one JSON object
 * each.
 *
 *   websocket  one for each frame; the message's last frame also tells of the message
 *   http       the opening handshake
 *   anomaly    a finding
 *   flow       the end of the session
 *
 * Suricata's own object has fin, mask, opcode and the payload; what is added stands beside them. A
 * frame's header is known before its message, so the line of a direction's newest frame waits until
 * either the next frame comes or the message it ends.
 */
#include "analyzer/community_id.h"
#include "ui/report/address.h"
#include "ui/report/export_rows.h"
#include "ui/report/line_report.h"
#include "ui/report/message_words.h"
#include "ui/report/session_json.h"
#include "ui/report/time_text.h"

#include <errno.h>
#include <stdlib.h>

struct eve {
    struct line_report lines;
    struct json json;
};

/* A frame whose line is not written yet. */
struct waiting {
    bool is;
    int64_t ts;
    uint64_t pkt;
    struct frame frame;
};

/* What a session keeps. */
struct eve_session {
    uint64_t frames; /* lines so far: tx_id */
    struct waiting waiting[2];
};

static void *eve_start(const struct report_context *context)
{
    return line_report_new(sizeof(struct eve), context);
}

/*--- What all lines have ------------------------------------------------------------------------*/

/* "2026-11-22T15:55:13.123456+0000" */
static void eve_time(struct json *w, const char *name, int64_t ns)
{
    uint8_t text[TIME_TEXT_BYTES];
    size_t n = time_text(text, ns, 6);
    json_value(w, name);
    out_char(w->out, '"');
    out_bytes(w->out, (struct bytes){text, n - 1});
    out_text(w->out, "+0000\"");
}

static void eve_end(struct json *w, const char *ip, const char *port, const struct endpoint *e,
                    uint8_t family)
{
    char text[ADDRESS_BYTES];
    size_t n = address_text(text, e, family);
    json_bytes(w, ip, (struct bytes){(const uint8_t *)text, n});
    json_u64(w, port, e->port);
}

/* Begins a line. dir: who sent what it tells of. Numbers stay within what a double holds. */
static struct json *begin(struct eve *x, const char *type, const struct session *s, enum dir dir,
                          int64_t ts, uint64_t pkt)
{
    struct json *w = &x->json;
    json_init(w, &x->lines.out, 0);
    json_object_begin(w, NULL);
    eve_time(w, "timestamp", ts);
    if (s != NULL) {
        json_u64(w, "flow_id", session_hash(s, 0) >> 11);
    }
    if (pkt != 0) {
        json_u64(w, "pcap_cnt", pkt);
    }
    json_text(w, "event_type", type);
    if (s != NULL) {
        const struct connection *c = &s->connection;
        const struct endpoint *ends[2] = {&c->client, &c->server};
        char id[COMMUNITY_ID_BYTES];
        community_id(c, id);
        eve_end(w, "src_ip", "src_port", ends[dir], c->family);
        eve_end(w, "dest_ip", "dest_port", ends[1 - dir], c->family);
        json_text(w, "proto", "TCP");
        json_text(w, "pkt_src", "wire/pcap");
        json_text(w, "community_id", id);
        json_u64(w, "session", s->id);
    }
    return w;
}

static void end(struct eve *x)
{
    json_end(&x->json);
    out_char(&x->lines.out, '\n');
}

/*--- Frames -------------------------------------------------------------------------------------*/

static void eve_opcode(struct json *w, unsigned opcode)
{
    char unknown[16];
    bool known = opcode <= 2 || (opcode >= 8 && opcode <= 10);
    snprintf(unknown, sizeof unknown, "unknown-%u", opcode);
    json_text(w, "opcode", known ? opcode_word(opcode) : unknown);
}

static void eve_frame(struct json *w, const struct frame *f)
{
    json_bool(w, "fin", f->fin);
    if (f->masked) {
        json_u64(w, "mask", be32_at((struct bytes){f->masking_key, 4}, 0));
    }
    eve_opcode(w, f->opcode);
    json_u64(w, "rsv", f->rsv);
    json_u64(w, "length", f->len);
}

static void eve_body(struct json *w, const struct message *m, uint64_t most)
{
    struct bytes shown = m->opcode == 8 ? m->body : message_shown(m, most);
    if (shown.p != NULL) {
        json_base64(w, "payload_base64", shown);
        if (message_is_text(m)) {
            json_bytes(w, "payload_printable", shown);
        }
    }
}

static void eve_message(struct eve *x, struct json *w, const struct message *m)
{
    uint64_t most = x->lines.context.options.bodies;
    const char *fault;
    json_object_begin(w, "message");
    eve_opcode(w, m->opcode);
    json_u64(w, "length", m->len);
    json_u64(w, "wire_length", m->wire_len);
    json_u64(w, "frames", m->frames);
    json_bool(w, "compressed", (m->flags & MESSAGE_COMPRESSED) != 0);
    json_u64(w, "first_packet", m->first_pkt);
    if (m->opcode == 8 && m->close_code != CLOSE_CODE_NONE) {
        json_i64(w, "close_code", m->close_code);
        json_bytes(w, "close_reason", message_reason(m));
    }
    if (m->opcode == 10 && m->rtt >= 0) {
        json_ms(w, "rtt_ms", m->rtt, 6);
    }
    json_array_begin(w, "faults");
    for (unsigned i = 0; (fault = message_fault(m, most, i)) != NULL; i++) {
        json_text(w, NULL, fault);
    }
    json_end(w);
    json_end(w);
}

/* Writes the line of a frame, of which a message may be known: with one, m. */
static void write_frame(struct eve *x, const struct session *s, enum dir dir,
                        const struct waiting *f, const struct message *m)
{
    struct eve_session *mine = s->user;
    struct json *w = begin(x, "websocket", s, dir, f->ts, f->pkt);
    json_u64(w, "tx_id", mine->frames++);
    json_text(w, "app_proto", "websocket");
    json_text(w, "direction", dir == DIR_CLIENT_TO_SERVER ? "to_server" : "to_client");
    json_object_begin(w, "websocket");
    eve_frame(w, &f->frame);
    if (m != NULL) {
        eve_body(w, m, x->lines.context.options.bodies);
        eve_message(x, w, m);
    }
    json_end(w);
    end(x);
}

static void release(struct eve *x, const struct session *s, enum dir dir, const struct message *m)
{
    struct eve_session *mine = s->user;
    if (mine != NULL && mine->waiting[dir].is) {
        mine->waiting[dir].is = false;
        write_frame(x, s, dir, &mine->waiting[dir], m);
    }
}

static void on_frame(void *self, const struct session *s, const struct event *e)
{
    struct eve *x = self;
    struct eve_session *mine = s->user;
    release(x, s, e->dir, NULL);
    if (mine != NULL) {
        mine->waiting[e->dir] =
            (struct waiting){.is = true, .ts = e->ts, .pkt = e->pkt, .frame = e->frame};
    }
}

static void on_message(void *self, const struct session *s, const struct event *e)
{
    release(self, s, e->dir, &e->message);
}

/*--- Sessions and findings ----------------------------------------------------------------------*/

static void eve_text(struct json *w, const char *name, struct bytes text, struct redactor *r)
{
    if (text.p != NULL) {
        json_bytes(w, name, redact_text(r, text));
    }
}

static void write_http(struct eve *x, const struct session *s)
{
    const struct handshake *h = &s->handshake;
    struct redactor *r = &x->lines.redactor;
    int64_t ts = h->response_pkt != 0 ? h->response_ts : h->request_ts;
    uint64_t pkt = h->response_pkt != 0 ? h->response_pkt : h->request_pkt;
    struct json *w = begin(x, "http", s, DIR_CLIENT_TO_SERVER, ts, pkt);
    json_u64(w, "tx_id", 0);
    json_text(w, "app_proto", "http");
    json_object_begin(w, "http");
    eve_text(w, "hostname", h->host, r);
    eve_text(w, "url", h->target, r);
    eve_text(w, "http_user_agent", h->user_agent, r);
    json_bytes_or_null(w, "http_method", h->method);
    json_text(w, "protocol", s->connection.layers & LAYER_HTTP2 ? "HTTP/2" : "HTTP/1.1");
    if (h->status != 0) {
        json_i64(w, "status", h->status);
    }
    json_end(w);
    json_object_begin(w, "websocket");
    json_handshake(w, "handshake", h,
                   &(struct json_style){.registry = x->lines.context.registry,
                                        .capture = x->lines.context.capture,
                                        .redactor = r});
    json_protocol(w, s, x->lines.context.registry);
    json_end(w);
    end(x);
}

static void on_opened(void *self, struct session *s)
{
    struct eve *x = self;
    if (s->user == NULL) {
        s->user = calloc(1, sizeof(struct eve_session)); /* without it the frames are not told */
        x->lines.out.error =
            s->user == NULL && x->lines.out.error == 0 ? ENOMEM : x->lines.out.error;
    }
    if (s->has_handshake) {
        write_http(x, s);
    }
}

static void on_finding(void *self, const struct session *s, const struct finding_record *r)
{
    struct eve *x = self;
    const struct finding_kind *kind = finding_kind(r->id);
    struct json *w = begin(x, "anomaly", s, r->dir, r->ts, r->pkt);
    json_object_begin(w, "anomaly");
    if (s != NULL) {
        json_text(w, "app_proto", "websocket");
    }
    json_text(w, "type", s != NULL ? "applayer" : "stream");
    json_text(w, "event", kind->id);
    json_text(w, "severity", finding_severity_name(kind->severity));
    json_text(w, "section", *kind->section != '\0' ? kind->section : NULL);
    json_text(w, "text", kind->sentence);
    if (r->detail.n > 0) {
        json_bytes(w, "detail", redact_text(&x->lines.redactor, r->detail));
    }
    json_end(w);
    end(x);
}

static void write_flow(struct eve *x, const struct session *s)
{
    static const char *const names[2][2] = {{"pkts_toserver", "bytes_toserver"},
                                            {"pkts_toclient", "bytes_toclient"}};
    static const char *const messages[2] = {"messages_toserver", "messages_toclient"};
    struct json *w = begin(x, "flow", s, DIR_CLIENT_TO_SERVER, s->last_ts, 0);
    json_text(w, "app_proto", s->outcome == OUTCOME_TLS ? "tls" : "websocket");
    json_object_begin(w, "flow");
    for (int dir = 0; dir < 2; dir++) {
        json_u64(w, names[dir][0], s->end.tcp[dir].packets);
        json_u64(w, names[dir][1], s->end.tcp[dir].bytes);
    }
    eve_time(w, "start", s->started);
    eve_time(w, "end", s->last_ts);
    json_fixed(w, "age", time_between(s->started, s->last_ts), 9, 0);
    json_text(w, "state", s->end.how == END_OPEN ? "established" : "closed");
    json_text(w, "reason", close_how_name(session_close_how(s)));
    json_end(w);
    if (s->outcome != OUTCOME_TLS) {
        json_object_begin(w, "websocket");
        json_text(w, "outcome", outcome_name(s->outcome));
        for (int dir = 0; dir < 2; dir++) {
            json_u64(w, messages[dir], s->dir[dir].text + s->dir[dir].binary);
        }
        json_ending(w, "close", s);
        json_end(w);
    }
    end(x);
}

static void on_end(void *self, struct session *s)
{
    struct eve *x = self;
    release(x, s, DIR_CLIENT_TO_SERVER, NULL);
    release(x, s, DIR_SERVER_TO_CLIENT, NULL);
    free(s->user);
    s->user = NULL;
    write_flow(x, s);
}

/*--- The format ---------------------------------------------------------------------------------*/

static struct model_listener eve_listener(void *self)
{
    return (struct model_listener){.session_opened = on_opened,
                                   .message = on_message,
                                   .frame = on_frame,
                                   .finding = on_finding,
                                   .session_ended = on_end,
                                   .self = self};
}

const struct report_format export_eve = {.command = "export",
                                         .name = "eve",
                                         .needs = REPORT_NEEDS_MESSAGES | REPORT_NEEDS_FRAMES,
                                         .start = eve_start,
                                         .listener = eve_listener,
                                         .flush = line_report_flush,
                                         .finish = line_report_finish,
                                         .free = line_report_free};
