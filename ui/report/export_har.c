/*
 * export har: HTTP Archive 1.2, an entry for each session, its messages in `_webSocketMessages` as
 * browsers and proxies write them, and how it was closed in `_webSocketClose`.
 *
 * An entry is one piece of JSON and sessions overlap, so messages wait as text: a session has up to
 * SESSION_TEXT_BYTES in memory, all sessions together MEMORY_BYTES, and the rest is in a spool.
 * Times in `_webSocketMessages` are seconds since 1970; text is text, all else base64, and so is
 * what an extension that is not decoded has made of a text (`_raw`).
 */
#include "analyzer/community_id.h"
#include "ui/report/address.h"
#include "ui/report/har_http.h"
#include "ui/report/message_words.h"
#include "ui/report/report.h"
#include "ui/report/spool.h"
#include "ui/report/time_text.h"

#include <errno.h>
#include <stdlib.h>

#define SESSION_TEXT_BYTES 16384
#define MEMORY_BYTES (16U << 20)
#define TEXT_MAX_BYTES (1U << 30) /* of a message in base64, escaped */

struct har {
    struct report_context context;
    struct redactor redactor;
    struct spool *spool;
    size_t waiting;     /* bytes of text in the memory of sessions */
    struct buffer text; /* of one message, or of the end of an entry */
    struct out piece;
    int error;
    bool first;
    struct out out;
};

struct har_session {
    bool begun, messages; /* something of the entry is written; of its messages */
    struct buffer text;
};

static void har_free(void *self)
{
    struct har *x = self;
    if (x != NULL) {
        spool_free(x->spool);
        buffer_done(&x->text);
        redact_done(&x->redactor);
        free(x);
    }
}

static void *har_start(const struct report_context *context)
{
    struct har *x = calloc(1, sizeof *x);
    if (x == NULL) {
        return NULL;
    }
    x->context = *context;
    redact_init(&x->redactor, context->options.show_secrets);
    buffer_init(&x->text, TEXT_MAX_BYTES);
    out_init(&x->out, context->out, NULL);
    x->spool = report_spool(&context->options, 1, 0);
    if (x->spool == NULL) {
        har_free(x);
        return NULL;
    }
    return x;
}

/*--- Text that waits ----------------------------------------------------------------------------*/

static void spill(struct har *x, uint64_t id, struct har_session *mine)
{
    if (mine->text.n > 0) {
        spool_add(x->spool, id, buffer_bytes(&mine->text));
        x->waiting -= mine->text.n;
        buffer_done(&mine->text);
        buffer_init(&mine->text, SESSION_TEXT_BYTES);
    }
}

/* Adds what x->text holds to the session's entry. */
static void keep(struct har *x, const struct session *s, struct har_session *mine)
{
    if (out_flush(&x->piece) != 0) {
        x->error = ENOMEM;
        return;
    }
    struct bytes text = buffer_bytes(&x->text);
    if (text.n > SESSION_TEXT_BYTES - mine->text.n || x->waiting > MEMORY_BYTES) {
        spill(x, s->id, mine);
    }
    if (text.n > SESSION_TEXT_BYTES / 2 || !buffer_append(&mine->text, text)) {
        spill(x, s->id, mine);
        spool_add(x->spool, s->id, text);
        return;
    }
    x->waiting += text.n;
}

static void begin_piece(struct har *x)
{
    buffer_clear(&x->text);
    out_init(&x->piece, NULL, &x->text);
}

/*--- Messages -----------------------------------------------------------------------------------*/

/* Seconds since 1970, as exact as the capture. */
static void put_seconds(struct har *x, struct json *w, const char *name, int64_t ns)
{
    int64_t unit = x->context.capture->digits == 9 ? 1 : 1000;
    unsigned digits = unit == 1 ? 9 : 6;
    json_value(w, name);
    out_fixed(w->out, ns / unit - (ns % unit < 0), digits, digits);
}

static void write_message(struct har *x, struct json *w, const struct event *e)
{
    const struct message *m = &e->message;
    struct bytes shown = message_shown(m, x->context.options.bodies);
    json_object_begin(w, NULL);
    json_text(w, "type", e->dir == DIR_CLIENT_TO_SERVER ? "send" : "receive");
    put_seconds(x, w, "time", e->ts);
    json_u64(w, "opcode", m->opcode);
    if (m->opcode == 1 && message_is_text(m)) {
        json_bytes(w, "data", shown);
    } else {
        json_base64(w, "data", shown);
    }
    json_u64(w, "_length", m->len);
    if (m->flags & MESSAGE_RAW) {
        json_bool(w, "_raw", true);
    }
    if ((m->flags & MESSAGE_FINISHED) == 0 || message_is_cut(m, shown) ||
        (m->flags & MESSAGE_NOT_INFLATED) != 0) {
        json_bool(w, "_incomplete", true);
    }
    json_end(w);
}

/* Control frames too; the Close has a member of its own. */
static void on_message(void *self, const struct session *s, const struct event *e)
{
    struct har *x = self;
    struct har_session *mine = s->user;
    struct json w;
    if (e->message.opcode == 8 || mine == NULL) {
        return;
    }
    begin_piece(x);
    out_text(&x->piece, mine->messages ? "," : "{\"_webSocketMessages\":[");
    mine->messages = true;
    json_init(&w, &x->piece, 0);
    write_message(x, &w, e);
    keep(x, s, mine);
}

static struct har_session *session_new(struct har *x)
{
    struct har_session *mine = calloc(1, sizeof *mine);
    if (mine == NULL) {
        x->error = ENOMEM;
        return NULL;
    }
    buffer_init(&mine->text, SESSION_TEXT_BYTES);
    return mine;
}

static void on_opened(void *self, struct session *s)
{
    if (s->user == NULL) {
        s->user = session_new(self);
    }
}

/*--- Entries ------------------------------------------------------------------------------------*/

static void write_address(struct json *w, const char *name, const struct session *s)
{
    char text[ADDRESS_BYTES];
    size_t n = address_text(text, &s->connection.server, s->connection.family);
    json_bytes(w, name, (struct bytes){(const uint8_t *)text, n});
}

static void write_close(struct har *x, struct json *w, const struct session *s)
{
    int first = session_close_first(s);
    if (first < 0) {
        return;
    }
    const struct close_record *c = &s->close[first];
    json_object_begin(w, "_webSocketClose");
    json_i64(w, "code", c->code == CLOSE_CODE_NONE ? 1005 : c->code);
    json_bytes(w, "reason", c->reason);
    put_seconds(x, w, "time", c->ts);
    json_text(w, "type", first == DIR_CLIENT_TO_SERVER ? "send" : "receive");
    json_end(w);
}

static const char *comment_of(const struct session *s)
{
    return s->outcome == OUTCOME_MIDSTREAM    ? "picked up mid-stream: the handshake is made up"
           : s->outcome == OUTCOME_INCOMPLETE ? "no response was captured"
                                              : NULL;
}

/* timings: no more than the handshake and what came after it can be told. */
static void write_times(struct har *x, struct json *w, const struct session *s)
{
    const struct handshake *h = &s->handshake;
    int64_t began = h->request_pkt != 0 ? h->request_ts : s->started;
    bool answered = h->request_pkt != 0 && h->response_pkt != 0;
    int64_t wait = answered ? time_between(began, h->response_ts) : 0;
    int64_t all = time_between(began, s->last_ts);
    wait = wait > 0 ? wait : 0;
    all = all > wait ? all : wait;
    json_time(w, "startedDateTime", began, x->context.capture->digits);
    json_fixed(w, "time", all, 6, 6);
    json_object_begin(w, "timings");
    json_u64(w, "send", 0);
    json_fixed(w, "wait", wait, 6, 6);
    json_fixed(w, "receive", all - wait, 6, 6);
    json_end(w);
}

static void write_entry(struct har *x, struct json *w, const struct session *s)
{
    struct har_http http = {.redactor = &x->redactor, .session = s};
    char id[COMMUNITY_ID_BYTES];
    char port[8];
    community_id(&s->connection, id);
    snprintf(port, sizeof port, "%u", s->connection.client.port);
    json_text(w, "_resourceType", "websocket");
    write_times(x, w, s);
    har_request(w, &http);
    har_response(w, &http);
    json_object_begin(w, "cache");
    json_end(w);
    write_address(w, "serverIPAddress", s);
    json_text(w, "connection", port);
    json_u64(w, "_session", s->id);
    json_text(w, "_communityId", id);
    json_text(w, "_outcome", outcome_name(s->outcome));
    json_text(w, "_closed", close_how_name(session_close_how(s)));
    write_close(x, w, s);
    if (comment_of(s) != NULL) {
        json_text(w, "comment", comment_of(s));
    }
}

static void on_end(void *self, struct session *s)
{
    struct har *x = self;
    struct har_session *mine = s->user != NULL ? s->user : session_new(x);
    struct json w;
    s->user = NULL;
    if (mine == NULL) {
        return;
    }
    if (s->outcome != OUTCOME_TLS) {
        begin_piece(x);
        out_text(&x->piece, mine->messages ? "]," : "{\"_webSocketMessages\":[],");
        json_init(&w, &x->piece, 0);
        w.depth = 1; /* in the entry's object, which is begun */
        write_entry(x, &w, s);
        json_end(&w);
        keep(x, s, mine);
        spill(x, s->id, mine);
    }
    buffer_done(&mine->text);
    free(mine);
}

/*--- The document -------------------------------------------------------------------------------*/

static void take_piece(void *ctx, struct bytes piece, bool first)
{
    struct har *x = ctx;
    if (first && bytes_start_with(piece, bytes_of("{"))) {
        out_text(&x->out, x->first ? "\n" : ",\n");
        x->first = false;
    }
    out_bytes(&x->out, piece);
}

static struct model_listener har_listener(void *self)
{
    return (struct model_listener){
        .session_opened = on_opened, .message = on_message, .session_ended = on_end, .self = self};
}

static int har_flush(void *self)
{
    struct har *x = self;
    return out_flush(&x->out);
}

static int har_finish(void *self, struct err *err)
{
    struct har *x = self;
    struct json w;
    x->first = true;
    json_init(&w, &x->out, 0);
    json_object_begin(&w, NULL);
    json_object_begin(&w, "log");
    json_text(&w, "version", "1.2");
    json_object_begin(&w, "creator");
    json_text(&w, "name", x->context.tool_name);
    json_text(&w, "version", x->context.tool_version);
    json_end(&w);
    json_array_begin(&w, "pages");
    json_end(&w);
    json_array_begin(&w, "entries");
    int error = spool_read(x->spool, take_piece, x);
    json_end(&w);
    json_end(&w);
    json_end(&w);
    out_char(&x->out, '\n');
    if (report_output_error(out_flush(&x->out), err) != 0) {
        return -1;
    }
    error = error != 0 ? error : x->error != 0 ? x->error : spool_error(x->spool);
    if (error != 0 || spool_dropped(x->spool) > 0) {
        return err_set(err, "the archive lacks messages: the temporary file or memory failed: %s",
                       strerror(error != 0 ? error : ENOMEM));
    }
    return 0;
}

const struct report_format export_har = {.command = "export",
                                         .name = "har",
                                         .needs = REPORT_NEEDS_MESSAGES | REPORT_NEEDS_BODIES |
                                                  REPORT_NEEDS_HEADS,
                                         .start = har_start,
                                         .listener = har_listener,
                                         .flush = har_flush,
                                         .finish = har_finish,
                                         .free = har_free};
