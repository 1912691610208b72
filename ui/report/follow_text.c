/*
 * follow for people: a line for each message as it completes, and for handshakes, ends of sessions
 * and findings.
 *
 *     15:33:36.197496  #1     open     10.0.0.1:39144 to 10.0.0.2:8080/chat, 1:slAWB4M2N0qsKiUCz/U=
 *     15:33:36.198012  #1     >        text 5 B: hello
 *     15:33:36.198230  #1     <        close 1000 Normal Closure: bye
 *     15:33:36.198500  #1     end      clean, 302 us, client sent 1 (5 B), server 0 (0 B)
 *
 * '>' is from the client. The day stands on a line of its own whenever it changes.
 */
#include "analyzer/community_id.h"
#include "ui/report/address.h"
#include "ui/report/line_report.h"
#include "ui/report/losses.h"
#include "ui/report/message_words.h"
#include "ui/report/plain.h"
#include "ui/report/session_json.h" /* close_name */
#include "ui/report/spoken.h"
#include "ui/report/text_style.h"
#include "ui/report/time_text.h"
#include "ui/report/tls_text.h"

#include <stdlib.h>

#define DATE_BYTES 10 /* "2026-11-22" */
#define TIME_AT 11
#define SESSION_COLUMNS 7
#define SEVERITY_COLUMNS 7

struct follow_text {
    struct line_report lines;
    struct time_cache second;
    uint8_t day[DATE_BYTES];
};

static void *follow_start(const struct report_context *context)
{
    return line_report_new(sizeof(struct follow_text), context);
}

/* "15:33:36.197496  #1     ", after a line with the day when that is a new one. */
static void begin_line(struct follow_text *f, int64_t ts, uint64_t session)
{
    struct out *o = &f->lines.out;
    uint8_t text[TIME_TEXT_BYTES];
    struct human id = {"-"};
    size_t n = time_text_cached(&f->second, text, ts, f->lines.context.capture->digits);
    if (memcmp(f->day, text, DATE_BYTES) != 0) {
        memcpy(f->day, text, DATE_BYTES);
        out_bytes(o, (struct bytes){text, DATE_BYTES});
        out_text(o, " (UTC)\n");
    }
    out_bytes(o, (struct bytes){text + TIME_AT, n - TIME_AT - 1});
    if (session > 0) {
        snprintf(id.s, sizeof id.s, "#%llu", (unsigned long long)session);
    }
    out_text(o, "  ");
    plain_put_left(o, bytes_of(id.s), SESSION_COLUMNS);
}

/*--- Messages and frames ------------------------------------------------------------------------*/

static void put_direction(struct out *o, enum dir dir)
{
    out_text(o, dir == DIR_CLIENT_TO_SERVER ? ">        " : "<        ");
}

/* The length, and in brackets what is special about how the message came. */
static void put_length(struct out *o, const struct message *m)
{
    const char *before = " (";
    out_printf(o, " %s", human_bytes(m->len).s);
    if (m->flags & MESSAGE_COMPRESSED) {
        out_printf(o, "%scompressed %s", before, human_bytes(m->wire_len).s);
        before = ", ";
    }
    if (m->frames > 1) {
        out_printf(o, "%s%s frames", before, human_count(m->frames).s);
        before = ", ";
    }
    static const struct {
        unsigned flag;
        const char *text;
    } flags[] = {{MESSAGE_DAMAGED, "damaged by loss"},
                 {MESSAGE_NOT_INFLATED, "not inflated in full"},
                 {MESSAGE_BAD_UTF8, "not UTF-8"},
                 {MESSAGE_RAW, "raw: of an extension that is not decoded"}};
    for (size_t i = 0; i < sizeof flags / sizeof flags[0]; i++) {
        if (m->flags & flags[i].flag) {
            out_printf(o, "%s%s", before, flags[i].text);
            before = ", ";
        }
    }
    if ((m->flags & (MESSAGE_FINISHED | MESSAGE_DAMAGED)) == 0) {
        out_printf(o, "%sunfinished", before);
        before = ", ";
    }
    out_text(o, *before == ',' ? ")" : "");
}

static void put_hex(struct out *o, struct bytes b)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < b.n; i++) {
        uint8_t *p = out_room(o, 3);
        p[0] = ' ';
        p[1] = (uint8_t)digits[b.p[i] >> 4];
        p[2] = (uint8_t)digits[b.p[i] & 15];
        o->n += 3;
    }
}

static void put_body(struct out *o, const struct message *m, uint64_t most)
{
    struct bytes shown = message_shown(m, most);
    if (shown.n > 0) {
        out_char(o, ':');
        if (message_is_text(m)) {
            out_char(o, ' ');
            plain_put(o, shown, SIZE_MAX);
        } else {
            put_hex(o, shown);
        }
    }
    if (shown.p != NULL && message_is_cut(m, shown)) {
        out_text(o, shown.n > 0 ? " ..." : ": ...");
    }
}

/* What it says to the subprotocol; of the part that is shown. */
static void put_summary(struct follow_text *f, const struct session *s, const struct event *e)
{
    struct dissection d;
    struct spoken *spoken = s->user;
    if (spoken != NULL && f->lines.context.options.bodies > 0 &&
        spoken_dissect(spoken, e->dir, &e->message, &d)) {
        out_printf(&f->lines.out, ", %s ", spoken->subprotocol->name);
        plain_put(&f->lines.out, (struct bytes){d.summary, d.summary_n}, SIZE_MAX);
    }
}

static void put_close(struct follow_text *f, const struct session *s, const struct message *m)
{
    struct out *o = &f->lines.out;
    struct bytes reason = message_reason(m);
    if (m->close_code != CLOSE_CODE_NONE) {
        out_printf(o, " %d", m->close_code);
    }
    out_char(o, ' ');
    out_text(o, session_close_name(f->lines.context.registry, &s->handshake, m->close_code));
    if (reason.n > 0) {
        out_text(o, ": ");
        plain_put(o, reason, SIZE_MAX);
    }
}

static void follow_message(void *self, const struct session *s, const struct event *e)
{
    struct follow_text *f = self;
    struct out *o = &f->lines.out;
    const struct message *m = &e->message;
    begin_line(f, e->ts, s->id);
    put_direction(o, e->dir);
    out_text(o, opcode_word(m->opcode));
    if (m->opcode == 8) {
        put_close(f, s, m);
    } else {
        put_length(o, m);
        if (m->opcode == 10 && m->rtt >= 0) {
            out_printf(o, ", %s after the ping", human_time(m->rtt).s);
        }
        put_summary(f, s, e);
        put_body(o, m, f->lines.context.options.bodies);
    }
    out_char(o, '\n');
}

static void follow_frame(void *self, const struct session *s, const struct event *e)
{
    struct follow_text *f = self;
    struct out *o = &f->lines.out;
    const struct frame *frame = &e->frame;
    begin_line(f, e->ts, s->id);
    put_direction(o, e->dir);
    out_printf(o, "frame %s, %s", opcode_word(frame->opcode), human_bytes(frame->len).s);
    out_text(o, frame->fin ? ", FIN" : "");
    for (unsigned bit = 1; bit <= 3; bit++) {
        if (frame->rsv & 8U >> bit) {
            out_printf(o, ", RSV%u", bit);
        }
    }
    if (frame->masked) {
        const uint8_t *key = frame->masking_key;
        out_printf(o, ", key %02x%02x%02x%02x", key[0], key[1], key[2], key[3]);
    } else {
        out_text(o, ", not masked");
    }
    out_printf(o, ", packet %llu\n", (unsigned long long)e->pkt);
}

/*--- Sessions and findings ----------------------------------------------------------------------*/

static void put_endpoint(struct out *o, const struct endpoint *e, uint8_t family)
{
    char text[ADDRESS_BYTES];
    size_t n = address_port_text(text, e, family);
    out_bytes(o, (struct bytes){(const uint8_t *)text, n});
}

static void put_community_id(struct out *o, const struct connection *c)
{
    char id[COMMUNITY_ID_BYTES];
    community_id(c, id);
    out_text(o, ", ");
    out_text(o, id);
}

/* Host and path behind the server's address; the host only when it is another. */
static void put_handshake(struct follow_text *f, const struct session *s)
{
    struct out *o = &f->lines.out;
    const struct handshake *h = &s->handshake;
    char server[ADDRESS_BYTES], transport[TRANSPORT_TEXT_BYTES];
    size_t n = address_port_text(server, &s->connection.server, s->connection.family);
    if (!bytes_equal(h->host, (struct bytes){(const uint8_t *)server, n})) {
        out_char(o, ' ');
        plain_put(o, redact_text(&f->lines.redactor, h->host), SIZE_MAX);
    }
    plain_put(o, redact_text(&f->lines.redactor, h->target), SIZE_MAX);
    if (h->subprotocol.n > 0) {
        out_text(o, ", ");
        plain_put(o, redact_chosen(&f->lines.redactor, h), SIZE_MAX);
    }
    if (h->extensions.n > 0) {
        out_text(o, ", ");
        plain_put(o, h->extensions, SIZE_MAX);
    }
    if (transport_text(s, false, transport)[0] != '\0') {
        out_printf(o, ", %s", transport);
    }
    if (s->tls.sni.n > 0 && !bytes_start_with(h->host, s->tls.sni)) { /* it stands there already */
        out_text(o, ", for ");
        plain_put(o, s->tls.sni, SIZE_MAX);
    }
    if (s->outcome == OUTCOME_REFUSED && h->status != 0) {
        out_printf(o, ": %d ", h->status);
        plain_put(o, redact_text(&f->lines.redactor, h->reason), SIZE_MAX);
    }
}

static void follow_opened(void *self, struct session *s)
{
    static const char *const words[] = {[OUTCOME_OPEN] = "open     ",
                                        [OUTCOME_REFUSED] = "refused  ",
                                        [OUTCOME_MIDSTREAM] = "joined   ",
                                        [OUTCOME_INCOMPLETE] = "asked    ",
                                        [OUTCOME_TLS] = "tls      "};
    struct follow_text *f = self;
    struct out *o = &f->lines.out;
    const struct connection *c = &s->connection;
    s->user = s->user != NULL ? s->user : malloc(sizeof(struct spoken));
    if (s->user != NULL) { /* else its messages have no summaries */
        spoken_begin(s->user, s);
    }
    begin_line(f, s->started, s->id);
    out_text(o, words[s->outcome]);
    put_endpoint(o, &c->client, c->family);
    out_text(o, " to ");
    put_endpoint(o, &c->server, c->family);
    if (s->has_handshake) {
        put_handshake(f, s);
    } else {
        out_printf(o, ", picked up mid-stream, %d %% sure", s->confidence);
    }
    put_community_id(o, c);
    out_char(o, '\n');
}

static void follow_finding(void *self, const struct session *s, const struct finding_record *r)
{
    struct follow_text *f = self;
    struct out *o = &f->lines.out;
    const struct finding_kind *kind = finding_kind(r->id);
    begin_line(f, r->ts, s != NULL ? s->id : 0);
    text_severity(o, &f->lines.context, kind->severity);
    out_repeat(o, ' ', SEVERITY_COLUMNS - strlen(finding_severity_name(kind->severity)));
    out_text(o, kind->id);
    out_text(o, ": ");
    out_text(o, kind->sentence);
    if (r->detail.n > 0) {
        out_text(o, " (");
        plain_put(o, redact_text(&f->lines.redactor, r->detail), SIZE_MAX);
        out_char(o, ')');
    }
    if (s != NULL) {
        out_text(o, r->dir == DIR_CLIENT_TO_SERVER ? ", by the client" : ", by the server");
    }
    out_printf(o, ", packet %llu\n", (unsigned long long)r->pkt);
}

static void put_tls(struct follow_text *f, const struct session *s)
{
    struct out *o = &f->lines.out;
    const struct connection *c = &s->connection;
    out_text(o, "tls      ");
    put_endpoint(o, &c->client, c->family);
    out_text(o, " to ");
    put_endpoint(o, &c->server, c->family);
    if (s->tls.sni.n > 0) {
        out_char(o, ' ');
        plain_put(o, s->tls.sni, SIZE_MAX);
    }
    const char *version = tls_version_name(s->tls.version), *why = tls_why_not_name(s->tls.why_not);
    out_printf(o, ", %s cannot be read: %s", version != NULL ? version : "TLS",
               why != NULL ? why : "");
    if (s->tls.alpn.n > 0) {
        out_text(o, ", ALPN ");
        plain_put(o, s->tls.alpn, SIZE_MAX);
    }
    if (s->tls.ja4.n > 0) {
        out_text(o, ", client ");
        plain_put(o, s->tls.ja4, SIZE_MAX);
    }
    out_printf(o, ", %s", human_bytes(s->end.tcp[0].bytes + s->end.tcp[1].bytes).s);
    put_community_id(o, c);
    out_char(o, '\n');
}

static void put_end(struct out *o, const struct session *s)
{
    const struct direction_counts *d = s->dir;
    out_printf(o, "end      %s, %s", close_how_name(session_close_how(s)),
               human_time(time_between(s->started, s->last_ts)).s);
    out_printf(o, ", client sent %s (%s)", human_count(d[0].text + d[0].binary).s,
               human_bytes(d[0].message_bytes).s);
    out_printf(o, ", server %s (%s)\n", human_count(d[1].text + d[1].binary).s,
               human_bytes(d[1].message_bytes).s);
}

static void follow_ended(void *self, struct session *s)
{
    struct follow_text *f = self;
    if (s->outcome == OUTCOME_TLS) {
        begin_line(f, s->last_ts, s->id);
        put_tls(f, s);
    } else if (session_close_how(s) != CLOSE_NEVER_OPENED) {
        begin_line(f, s->last_ts, s->id);
        put_end(&f->lines.out, s);
    }
    free(s->user);
    s->user = NULL;
}

static void put_loss(void *self, uint64_t n, const char *text)
{
    struct follow_text *f = self;
    begin_line(f, f->lines.context.capture->last, 0);
    out_printf(&f->lines.out, "loss     %s %s\n", human_count(n).s, text);
}

/* The last lines: what was not seen, or not in full. */
static int follow_finish(void *self, struct err *err)
{
    struct follow_text *f = self;
    losses_tell(&(struct losses){.context = &f->lines.context, .tell = put_loss, .self = f});
    return line_report_finish(self, err);
}

/*--- The format ---------------------------------------------------------------------------------*/

static struct model_listener follow_listener(void *self)
{
    const struct follow_text *f = self;
    return (struct model_listener){.session_opened = follow_opened,
                                   .message = follow_message,
                                   .frame = f->lines.context.options.frames ? follow_frame : NULL,
                                   .finding = follow_finding,
                                   .session_ended = follow_ended,
                                   .self = self};
}

const struct report_format follow_text = {.command = "follow",
                                          .name = "text",
                                          .start = follow_start,
                                          .listener = follow_listener,
                                          .flush = line_report_flush,
                                          .finish = follow_finish,
                                          .free = line_report_free};
