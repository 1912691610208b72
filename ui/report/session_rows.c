/* A session in the text report. */
#include "ui/report/session_rows.h"

#include "analyzer/community_id.h"
#include "decoders/websocket/version.h"
#include "ui/report/address.h"
#include "ui/report/list.h"
#include "ui/report/plain.h"
#include "ui/report/session_json.h" /* version_status */
#include "ui/report/text_style.h"
#include "ui/report/time_text.h"
#include "ui/report/tls_text.h"

#define ID_COLUMNS 5
#define INDENT 7
#define END_COLUMNS_MIN 17
#define ADDRESS_COLUMNS 23 /* an IPv4 address, a port and two spaces */
#define DURATION_COLUMNS 12
#define COUNT_COLUMNS 7
#define BYTES_COLUMNS 9
#define PING_COLUMNS 9
#define PICKED_UP_COLUMNS 34 /* "(picked up mid-stream, 100 % sure)" */

void session_rows_heading(struct out *o)
{
    out_text(o, "    #  client                 server                 host and path\n"
                "       lasted          client sent     server sent     ping  end\n");
}

/*--- First line ---------------------------------------------------------------------------------*/

static struct bytes text_bytes(const char *text, size_t n)
{
    return (struct bytes){(const uint8_t *)text, n};
}

/* Host and path behind the server's address at `column`, or on a line of their own when they do not
 * fit there. The host is left out when it is that address. */
static void put_location(struct out *o, const struct session *s, struct redactor *r,
                         struct bytes server, size_t column, size_t width)
{
    const struct handshake *h = &s->handshake;
    struct bytes host = bytes_equal(h->host, server) ? (struct bytes){0} : h->host;
    size_t columns = PICKED_UP_COLUMNS;
    if (s->has_handshake) {
        columns = plain_columns(redact_text(r, host));
        columns += plain_columns(redact_text(r, h->target));
    }
    size_t padding = server.n < ADDRESS_COLUMNS ? ADDRESS_COLUMNS - server.n : 1;
    column += server.n + padding;
    if (column > width || columns > width - column) {
        out_char(o, '\n');
        padding = column = INDENT;
    }
    out_repeat(o, ' ', padding);
    if (!s->has_handshake) {
        out_printf(o, "(picked up mid-stream, %d %% sure)", s->confidence);
        return;
    }
    column += plain_put(o, redact_text(r, host), width - column);
    plain_put(o, redact_text(r, h->target), width - column);
}

static void put_who(struct out *o, const struct session *s, struct redactor *r, unsigned width)
{
    const struct connection *c = &s->connection;
    char client[ADDRESS_BYTES];
    char server[ADDRESS_BYTES];
    struct bytes client_text = text_bytes(client, address_port_text(client, &c->client, c->family));
    struct bytes server_text = text_bytes(server, address_port_text(server, &c->server, c->family));
    struct human id;
    snprintf(id.s, sizeof id.s, "%llu", (unsigned long long)s->id);
    plain_put_right(o, id.s, ID_COLUMNS);
    out_text(o, "  ");
    plain_put_left(o, client_text, ADDRESS_COLUMNS);
    out_bytes(o, server_text);
    size_t column = client_text.n < ADDRESS_COLUMNS ? ADDRESS_COLUMNS : client_text.n + 1;
    put_location(o, s, r, server_text, INDENT + column, width);
    out_char(o, '\n');
}

/*--- Second line --------------------------------------------------------------------------------*/

static void put_sent(struct out *o, const struct session *s, int dir)
{
    const struct direction_counts *d = &s->dir[dir];
    if (s->outcome != OUTCOME_OPEN && s->outcome != OUTCOME_MIDSTREAM) {
        plain_put_right(o, "-", COUNT_COLUMNS + BYTES_COLUMNS);
        return;
    }
    plain_put_right(o, human_count(d->text + d->binary).s, COUNT_COLUMNS);
    plain_put_right(o, human_bytes(d->message_bytes).s, BYTES_COLUMNS);
}

static void put_ping(struct out *o, const struct session *s)
{
    uint64_t count = s->rtt[0].count + s->rtt[1].count;
    if (count == 0) {
        plain_put_right(o, "-", PING_COLUMNS);
        return;
    }
    int64_t average = s->rtt[0].count > 0 ? s->rtt[0].sum / (int64_t)s->rtt[0].count
                                          : s->rtt[1].sum / (int64_t)s->rtt[1].count;
    plain_put_right(o, human_time(average).s, PING_COLUMNS);
}

static void put_code(struct out *o, const struct close_record *c)
{
    if (c->code == CLOSE_CODE_NONE) {
        out_text(o, "no code");
    } else {
        out_i64(o, c->code);
    }
}

static void put_close(struct out *o, const struct session *s, bool answered)
{
    int first = session_close_first(s);
    put_code(o, &s->close[first]);
    if (!answered) {
        out_text(o, ", unanswered");
        return;
    }
    if (s->close[0].code != s->close[1].code) {
        out_char(o, '/');
        put_code(o, &s->close[1 - first]);
    }
    out_text(o, first == DIR_CLIENT_TO_SERVER ? " by client" : " by server");
}

static void put_end(struct out *o, const struct session *s, struct redactor *r, size_t columns)
{
    switch (session_close_how(s)) {
    case CLOSE_CLEAN:
        put_close(o, s, true);
        return;
    case CLOSE_UNANSWERED:
        put_close(o, s, false);
        return;
    case CLOSE_STILL_OPEN:
        out_text(o, "still open");
        return;
    case CLOSE_FIN:
        out_text(o, "FIN, no Close");
        return;
    case CLOSE_RESET:
        out_text(o, "reset, no Close");
        return;
    case CLOSE_IDLE:
        out_text(o, "fell silent");
        return;
    case CLOSE_EVICTED:
        out_text(o, "given up by us");
        return;
    case CLOSE_REPLACED:
        out_text(o, "ports reused");
        return;
    case CLOSE_NEVER_OPENED:
        break;
    }
    if (s->handshake.status == 0) {
        out_text(o, "no answer");
        return;
    }
    out_i64(o, s->handshake.status);
    out_char(o, ' ');
    plain_put(o, redact_text(r, s->handshake.reason), columns - 4);
}

static void put_what(struct out *o, const struct session *s, struct redactor *r, unsigned width)
{
    size_t column =
        INDENT + DURATION_COLUMNS + 2 * (COUNT_COLUMNS + BYTES_COLUMNS) + PING_COLUMNS + 2;
    size_t left = width > column + END_COLUMNS_MIN ? width - column : END_COLUMNS_MIN;
    out_repeat(o, ' ', INDENT);
    plain_put_left(o, bytes_of(human_time(time_between(s->started, s->last_ts)).s),
                   DURATION_COLUMNS);
    put_sent(o, s, DIR_CLIENT_TO_SERVER);
    put_sent(o, s, DIR_SERVER_TO_CLIENT);
    put_ping(o, s);
    out_text(o, "  ");
    put_end(o, s, r, left);
    out_char(o, '\n');
}

/*--- Further lines ------------------------------------------------------------------------------*/

void put_version_name(struct out *o, const struct websocket_version *v,
                      const struct registry *registry)
{
    if (v->number >= 0) {
        out_printf(o, "version %d, %s, %s", v->number, v->draft, version_status(registry, v));
    } else {
        out_printf(o, "%s, which has no number", v->draft);
    }
}

/* What was spoken, when it was not RFC 6455. */
static void put_version(struct out *o, const struct session *s, const struct registry *registry)
{
    const struct websocket_version *v = s->handshake.protocol;
    if (v == NULL || v->number == 13) {
        return;
    }
    out_repeat(o, ' ', INDENT);
    put_version_name(o, v, registry);
    out_char(o, '\n');
    if (v->spoken_by[0] != '\0') {
        out_repeat(o, ' ', INDENT);
        out_printf(o, "spoken by %s\n", v->spoken_by);
    }
}

/* TLS and HTTP/2, where there is such a thing between TCP and the session. */
static void put_transport(struct out *o, const struct session *s, unsigned width)
{
    char text[TRANSPORT_TEXT_BYTES];
    size_t n = strlen(transport_text(s, true, text));
    if (n == 0) {
        return;
    }
    out_repeat(o, ' ', INDENT);
    out_text(o, text);
    if (s->has_tls && s->tls.sni.n > 0 && width > INDENT + n + 6) {
        out_text(o, ", for ");
        plain_put(o, s->tls.sni, width - INDENT - n - 6);
    }
    out_char(o, '\n');
}

static void put_negotiated(struct out *o, const struct session *s, struct redactor *r,
                           unsigned width)
{
    const struct handshake *h = &s->handshake;
    struct bytes subprotocol = redact_chosen(r, h);
    size_t left = width > INDENT ? width - INDENT : 1;
    if (subprotocol.n == 0 && h->extensions.n == 0) {
        return;
    }
    out_repeat(o, ' ', INDENT);
    if (subprotocol.n > 0) {
        left -= plain_put(o, subprotocol, left);
    }
    if (h->extensions.n > 0) {
        if (subprotocol.n > 0 && left > 2) {
            out_text(o, ", ");
            left -= 2;
        }
        plain_put(o, h->extensions, left);
    }
    out_char(o, '\n');
}

static void put_community_id(struct out *o, const struct session *s)
{
    char id[COMMUNITY_ID_BYTES];
    community_id(&s->connection, id);
    out_repeat(o, ' ', INDENT);
    out_text(o, id);
    out_char(o, '\n');
}

const char *channel_text(const struct mux_channel *c, char out[CHANNEL_TEXT_BYTES])
{
    static const char *const dropped[] = {[MUX_NOT_DROPPED] = "",
                                          [MUX_DROPPED_BY_CLIENT] = ", dropped by client",
                                          [MUX_DROPPED_BY_SERVER] = ", dropped by server"};
    uint64_t frames = c->frames[0] + c->frames[1];
    char code[20] = "";
    if (c->drop_code != CLOSE_CODE_NONE) {
        snprintf(code, sizeof code, " with %d", c->drop_code);
    }
    snprintf(out, CHANNEL_TEXT_BYTES, "channel %u: %s frame%s, %s%s%s", c->id,
             human_count(frames).s, frames == 1 ? "" : "s",
             human_bytes(c->bytes[0] + c->bytes[1]).s, dropped[c->dropped], code);
    return out;
}

/* The channels of a session that multiplexes, one a line. */
static void put_channels(struct out *o, const struct session *s, unsigned width)
{
    for (const struct channel_record *r = s->channels; r != NULL; r = r->next) {
        const struct mux_channel *c = &r->channel;
        char text[CHANNEL_TEXT_BYTES];
        out_repeat(o, ' ', INDENT);
        out_text(o, channel_text(c, text));
        if (c->target.n > 0) {
            out_text(o, ", ");
            plain_put(o, c->target, width > 60 ? width - 60 : 1);
        }
        out_char(o, '\n');
    }
}

static void put_findings_of(struct out *o, const struct session *s, enum finding_severity severity,
                            const struct report_context *context)
{
    char line[512];
    size_t n = 0;
    for (uint32_t i = 0; i < s->finding_count && n < sizeof line; i++) {
        const struct finding_kind *kind = finding_kind(s->findings[i].id);
        if (kind->severity != severity || session_finding_again(s, i)) {
            continue;
        }
        int more = snprintf(line + n, sizeof line - n, "%s%s", n > 0 ? ", " : "", kind->id);
        n += more > 0 ? (size_t)more : 0;
    }
    if (n == 0) {
        return;
    }
    const char *name = finding_severity_name(severity);
    out_repeat(o, ' ', INDENT);
    text_severity(o, context, severity);
    plain_wrap(o, line, INDENT + strlen(name) + 2, INDENT + strlen(name) + 2,
               context->options.width);
}

void session_rows(struct out *o, const struct session *s, struct redactor *r,
                  const struct report_context *context)
{
    unsigned width = context->options.width;
    put_who(o, s, r, width);
    put_what(o, s, r, width);
    put_version(o, s, context->registry);
    put_transport(o, s, width);
    put_negotiated(o, s, r, width);
    put_community_id(o, s);
    put_channels(o, s, width);
    put_findings_of(o, s, SEVERITY_ERROR, context);
    put_findings_of(o, s, SEVERITY_WARNING, context);
}

/*--- Refused handshakes -------------------------------------------------------------------------*/

void refused_rows_heading(struct out *o)
{
    out_text(o, "    #  client                 server                 host and path\n"
                "       the server's answer\n");
}

void refused_rows(struct out *o, const struct session *s, struct redactor *r,
                  const struct report_context *context)
{
    const struct handshake *h = &s->handshake;
    put_who(o, s, r, context->options.width);
    out_repeat(o, ' ', INDENT);
    out_i64(o, h->status);
    out_char(o, ' ');
    plain_put(o, redact_text(r, h->reason), 40);
    if (h->supported_versions.n > 0) {
        out_text(o, "; it speaks WebSocket version ");
        plain_put(o, h->supported_versions, 20);
    }
    out_char(o, '\n');
    put_community_id(o, s);
}
