/*
 * follow as JSON Lines: one object for each message, handshake, end of a session, finding and, when
 * asked for, frame; `type` says which. Objects of a kind have the same members in the same order,
 * but for flags that are there only when they are true.
 *
 * A message's line is written by hand, since there are millions: what is the same in all of a
 * session and direction is kept with the session, the text of a second is kept as long as it lasts.
 */
#include "analyzer/community_id.h"
#include "ui/report/line_report.h"
#include "ui/report/losses.h"
#include "ui/report/message_words.h"
#include "ui/report/session_json.h"
#include "ui/report/time_text.h"

#include <stdlib.h>

#define CONSTANT_PART_MAX_BYTES (128U << 10)
#define SUBPROTOCOL_MAX_BYTES 256 /* shown with each message */

struct jsonl {
    struct line_report lines;
    struct json_style style;
    struct time_cache second;
    struct buffer part; /* a session's constant part, while it is made */
    struct out part_out;
};

/* What all messages of a session share; the session owns it. */
struct constant_part {
    size_t n;
    uint8_t bytes[];
};

static void jsonl_free(void *self)
{
    struct jsonl *f = self;
    if (f != NULL) {
        buffer_done(&f->part);
        line_report_free(f);
    }
}

static void *jsonl_start(const struct report_context *context)
{
    struct jsonl *f = line_report_new(sizeof *f, context);
    if (f != NULL) {
        f->style = (struct json_style){.registry = context->registry,
                                       .capture = context->capture,
                                       .redactor = &f->lines.redactor};
        buffer_init(&f->part, CONSTANT_PART_MAX_BYTES);
    }
    return f;
}

/*--- What stays the same in a session -----------------------------------------------------------*/

static struct bytes make_part(struct jsonl *f, const struct session *s)
{
    struct out *o = &f->part_out;
    char community[COMMUNITY_ID_BYTES];
    community_id(&s->connection, community);
    buffer_clear(&f->part);
    out_init(o, NULL, &f->part);
    out_text(o, "\",\"session\":");
    out_u64(o, s->id);
    out_text(o, ",\"community_id\":\"");
    out_text(o, community);
    out_text(o, "\",\"subprotocol\":");
    if (s->handshake.subprotocol.p == NULL) {
        out_text(o, "null");
    } else {
        struct bytes name = redact_chosen(&f->lines.redactor, &s->handshake);
        json_put_string(o, bytes_part(name, 0, SUBPROTOCOL_MAX_BYTES));
    }
    out_drain(o);
    return buffer_bytes(&f->part);
}

static void keep_part(struct jsonl *f, struct session *s)
{
    struct bytes made = make_part(f, s);
    free(s->user);
    struct constant_part *part = malloc(sizeof *part + made.n);
    if (part != NULL) {
        part->n = made.n;
        memcpy(part->bytes, made.p, made.n);
    }
    s->user = part;
}

static struct bytes constant_part(struct jsonl *f, const struct session *s)
{
    const struct constant_part *part = s->user;
    if (part == NULL) {
        return make_part(f, s); /* there was no memory to keep it */
    }
    return (struct bytes){part->bytes, part->n};
}

/*--- Messages and frames ------------------------------------------------------------------------*/

/* Appends to a line whose room was asked for. */
static inline uint8_t *put(uint8_t *p, const char *text)
{
    size_t n = strlen(text);
    memcpy(p, text, n);
    return p + n;
}

static inline uint8_t *put_number(uint8_t *p, const char *name, uint64_t v)
{
    p = put(p, name);
    return p + number_write(p, v);
}

/* {"type":"message","time":"...", what is constant, and the direction, up to the opcode's word. */
static void begin_line(struct jsonl *f, const char *begin, const struct session *s,
                       const struct event *e)
{
    static const char *const directions[] = {",\"direction\":\"client_to_server\",\"opcode\":\"",
                                             ",\"direction\":\"server_to_client\",\"opcode\":\""};
    struct out *o = &f->lines.out;
    uint8_t *p = out_room(o, 128);
    uint8_t *at = put(p, begin);
    at += time_text_cached(&f->second, at, e->ts, f->lines.context.capture->digits);
    o->n += (size_t)(at - p);
    out_bytes(o, constant_part(f, s));
    out_text(o, directions[e->dir]);
}

static uint8_t *put_flags(uint8_t *p, unsigned flags, bool cut)
{
    if ((flags & (MESSAGE_FINISHED | MESSAGE_DAMAGED)) == 0) {
        p = put(p, ",\"unfinished\":true");
    }
    if (flags & MESSAGE_DAMAGED) {
        p = put(p, ",\"damaged\":true");
    }
    if (flags & MESSAGE_NOT_INFLATED) {
        p = put(p, ",\"not_inflated\":true");
    }
    if (flags & MESSAGE_BAD_UTF8) {
        p = put(p, ",\"bad_utf8\":true");
    }
    if (flags & MESSAGE_RAW) {
        p = put(p, ",\"raw\":true");
    }
    return cut ? put(p, ",\"cut\":true") : p;
}

static void put_close(struct jsonl *f, const struct session *s, const struct message *m)
{
    struct out *o = &f->lines.out;
    if (m->close_code == CLOSE_CODE_NONE) {
        out_text(o, ",\"code\":null");
    } else {
        out_text(o, ",\"code\":");
        out_i64(o, m->close_code);
    }
    out_text(o, ",\"name\":");
    json_put_string(
        o, bytes_of(session_close_name(f->lines.context.registry, &s->handshake, m->close_code)));
    out_text(o, ",\"reason\":");
    json_put_string(o, message_reason(m));
}

static void put_rtt(struct jsonl *f, int64_t rtt)
{
    struct out *o = &f->lines.out;
    out_text(o, ",\"rtt_ms\":");
    if (rtt < 0) {
        out_text(o, "null");
    } else {
        out_fixed(o, rtt, 6, f->lines.context.capture->digits - 3);
    }
}

static void put_body(struct out *o, const struct message *m, struct bytes shown)
{
    if (message_is_text(m)) {
        out_text(o, ",\"text\":");
        json_put_string(o, shown);
        return;
    }
    out_text(o, ",\"base64\":\"");
    json_put_base64(o, shown);
    out_char(o, '"');
}

static void jsonl_message(void *self, const struct session *s, const struct event *e)
{
    struct jsonl *f = self;
    struct out *o = &f->lines.out;
    const struct message *m = &e->message;
    struct bytes shown = message_shown(m, f->lines.context.options.bodies);
    begin_line(f, "{\"type\":\"message\",\"time\":\"", s, e);
    uint8_t *p = out_room(o, 512);
    uint8_t *at = put(p, opcode_word(m->opcode));
    if ((m->opcode & 7) > 2) { /* reserved */
        at = put_number(at,
                        "\",\"opcode_number\":", m->wire_opcode != 0 ? m->wire_opcode : m->opcode);
        at = put_number(at, ",\"length\":", m->len);
    } else {
        at = put_number(at, "\",\"length\":", m->len);
    }
    at = put_number(at, ",\"wire_length\":", m->wire_len);
    at = put_number(at, ",\"frames\":", m->frames);
    at = put(at, m->flags & MESSAGE_COMPRESSED ? ",\"compressed\":true" : ",\"compressed\":false");
    at = put_number(at, ",\"first_packet\":", m->first_pkt);
    at = put_number(at, ",\"last_packet\":", e->pkt);
    at = put_flags(at, m->flags, shown.p != NULL && message_is_cut(m, shown));
    o->n += (size_t)(at - p);
    if (m->opcode == 8) {
        put_close(f, s, m);
    } else {
        if (m->opcode == 10) {
            put_rtt(f, m->rtt);
        }
        if (shown.p != NULL) {
            put_body(o, m, shown);
        }
    }
    out_text(o, "}\n");
}

static void jsonl_frame(void *self, const struct session *s, const struct event *e)
{
    static const char digits[] = "0123456789abcdef";
    struct jsonl *f = self;
    struct out *o = &f->lines.out;
    const struct frame *frame = &e->frame;
    begin_line(f, "{\"type\":\"frame\",\"time\":\"", s, e);
    uint8_t *p = out_room(o, 512);
    uint8_t *at = put(p, opcode_word(frame->opcode));
    at = put_number(at, "\",\"opcode_number\":", frame->wire_opcode);
    at = put(at, frame->fin ? ",\"fin\":true" : ",\"fin\":false");
    at = put_number(at, ",\"rsv\":", frame->rsv);
    at = put_number(at, ",\"length\":", frame->len);
    at = put_number(at, ",\"header_length\":", frame->header_len);
    at = put(at, ",\"masking_key\":");
    if (frame->masked) {
        *at++ = '"';
        for (int i = 0; i < 4; i++) {
            *at++ = (uint8_t)digits[frame->masking_key[i] >> 4];
            *at++ = (uint8_t)digits[frame->masking_key[i] & 15];
        }
        *at++ = '"';
    } else {
        at = put(at, "null");
    }
    at = put_number(at, ",\"packet\":", e->pkt);
    at = put(at, "}\n");
    o->n += (size_t)(at - p);
}

/*--- Sessions and findings ----------------------------------------------------------------------*/

static void begin_object(struct json *w, struct jsonl *f, const char *type, int64_t ts)
{
    json_init(w, &f->lines.out, 0);
    json_object_begin(w, NULL);
    json_text(w, "type", type);
    json_time(w, "time", ts, f->lines.context.capture->digits);
}

static void end_object(struct json *w)
{
    json_end(w);
    out_char(w->out, '\n');
}

static void json_who(struct json *w, const struct session *s)
{
    char community[COMMUNITY_ID_BYTES];
    const struct connection *c = &s->connection;
    community_id(c, community);
    json_u64(w, "session", s->id);
    json_text(w, "community_id", community);
    json_endpoint(w, "client", &c->client, c->family);
    json_endpoint(w, "server", &c->server, c->family);
}

static void jsonl_opened(void *self, struct session *s)
{
    struct jsonl *f = self;
    struct json w;
    keep_part(f, s);
    begin_object(&w, f, "session", s->started);
    json_who(&w, s);
    json_text(&w, "outcome", outcome_name(s->outcome));
    if (s->has_handshake) {
        json_handshake(&w, "handshake", &s->handshake, &f->style);
    } else {
        json_nothing(&w, "handshake");
    }
    json_protocol(&w, s, f->style.registry);
    if (s->outcome == OUTCOME_MIDSTREAM) {
        json_i64(&w, "confidence", s->confidence);
    } else {
        json_nothing(&w, "confidence");
    }
    end_object(&w);
}

static void jsonl_finding(void *self, const struct session *s, const struct finding_record *r)
{
    struct jsonl *f = self;
    struct json w;
    char community[COMMUNITY_ID_BYTES];
    begin_object(&w, f, "finding", r->ts);
    if (s != NULL) {
        community_id(&s->connection, community);
        json_u64(&w, "session", s->id);
        json_text(&w, "community_id", community);
        json_text(&w, "direction", direction_name(r->dir));
    } else {
        json_nothing(&w, "session");
        json_nothing(&w, "community_id");
        json_nothing(&w, "direction");
    }
    json_finding_kind(&w, r->id);
    if (r->detail.n > 0) {
        json_bytes(&w, "detail", redact_text(&f->lines.redactor, r->detail));
    } else {
        json_nothing(&w, "detail");
    }
    json_u64(&w, "packet", r->pkt);
    end_object(&w);
}

static void write_end(struct json *w, struct jsonl *f, const struct session *s)
{
    unsigned digits = f->lines.context.capture->digits;
    json_who(w, s);
    json_text(w, "outcome", outcome_name(s->outcome));
    json_time(w, "started", s->started, digits);
    json_fixed(w, "duration", time_between(s->started, s->last_ts), 9, digits);
    for (int dir = 0; dir < 2; dir++) {
        json_object_begin(w, direction_name((enum dir)dir));
        json_direction_counts(w, &s->dir[dir]);
        json_close(w, "close", s, dir, &f->style);
        json_end(w);
    }
    json_ending(w, "close", s);
}

static void jsonl_ended(void *self, struct session *s)
{
    struct jsonl *f = self;
    struct json w;
    if (s->outcome == OUTCOME_TLS) {
        begin_object(&w, f, "tls", s->last_ts);
        json_tls(&w, "connection", s, &f->style);
    } else {
        begin_object(&w, f, "end", s->last_ts);
        write_end(&w, f, s);
    }
    end_object(&w);
    free(s->user);
    s->user = NULL;
}

/* The last line: what was not seen, or not in full. */
static int jsonl_finish(void *self, struct err *err)
{
    struct jsonl *f = self;
    const struct report_context *c = &f->lines.context;
    struct json w;
    if (losses_any(c)) {
        begin_object(&w, f, "loss", c->capture->last);
        json_nothing(&w, "session");
        json_nothing(&w, "community_id");
        losses_json(&(struct losses){.context = c}, &w);
        end_object(&w);
    }
    return line_report_finish(self, err);
}

/*--- The format ---------------------------------------------------------------------------------*/

static struct model_listener jsonl_listener(void *self)
{
    const struct jsonl *f = self;
    return (struct model_listener){.session_opened = jsonl_opened,
                                   .message = jsonl_message,
                                   .frame = f->lines.context.options.frames ? jsonl_frame : NULL,
                                   .finding = jsonl_finding,
                                   .session_ended = jsonl_ended,
                                   .self = self};
}

const struct report_format follow_jsonl = {.command = "follow",
                                           .name = "jsonl",
                                           .start = jsonl_start,
                                           .listener = jsonl_listener,
                                           .flush = line_report_flush,
                                           .finish = jsonl_finish,
                                           .free = jsonl_free};
