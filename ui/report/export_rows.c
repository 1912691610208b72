/* Sessions and messages as rows of cells. */
#include "ui/report/export_rows.h"

#include "analyzer/community_id.h"
#include "ui/report/address.h"
#include "ui/report/list.h"
#include "ui/report/message_words.h"
#include "ui/report/session_json.h"
#include "ui/report/time_text.h"

#define TEXT "string"
#define LIST "vector[string]"

/*--- Pieces of rows -----------------------------------------------------------------------------*/

/* FNV-1a over the Community ID, the connection's first packet, and which session on it this is. */
uint64_t session_hash(const struct session *s, uint64_t seed)
{
    char id[COMMUNITY_ID_BYTES];
    uint64_t numbers[3] = {s->connection.first_pkt, (uint64_t)s->connection.started, s->id};
    uint64_t hash = UINT64_C(0xcbf29ce484222325) ^ seed;
    community_id(&s->connection, id);
    for (const char *p = id; *p != '\0'; p++) {
        hash = (hash ^ (uint8_t)*p) * UINT64_C(0x100000001b3);
    }
    for (size_t i = 0; i < 24; i++) {
        hash = (hash ^ (numbers[i / 8] >> (i % 8 * 8) & 255)) * UINT64_C(0x100000001b3);
    }
    return hash ^ hash >> 32;
}

const char *message_fault(const struct message *m, uint64_t shown_most, unsigned i)
{
    static const char *const words[] = {"unfinished", "damaged", "not_inflated",
                                        "bad_utf8",   "raw",     "cut"};
    struct bytes shown = message_shown(m, shown_most);
    bool faults[] = {(m->flags & (MESSAGE_FINISHED | MESSAGE_DAMAGED)) == 0,
                     (m->flags & MESSAGE_DAMAGED) != 0,
                     (m->flags & MESSAGE_NOT_INFLATED) != 0,
                     (m->flags & MESSAGE_BAD_UTF8) != 0,
                     (m->flags & MESSAGE_RAW) != 0,
                     m->opcode != 8 && shown.p != NULL && message_is_cut(m, shown)};
    for (unsigned word = 0; word < sizeof faults / sizeof faults[0]; word++) {
        if (faults[word] && i-- == 0) {
            return words[word];
        }
    }
    return NULL;
}

static void cell_address(struct table *t, const struct endpoint *e, uint8_t family)
{
    char text[ADDRESS_BYTES];
    size_t n = address_text(text, e, family);
    table_text(t, (struct bytes){(const uint8_t *)text, n});
    table_u64(t, e->port);
}

static void cells_endpoints(struct table *t, const struct session *s)
{
    cell_address(t, &s->connection.client, s->connection.family);
    cell_address(t, &s->connection.server, s->connection.family);
}

static void cell_community_id(struct table *t, const struct session *s)
{
    char id[COMMUNITY_ID_BYTES];
    community_id(&s->connection, id);
    table_name(t, id);
}

static void cell_redacted(struct table *t, struct bytes text, struct redactor *r)
{
    table_text(t, text.p != NULL ? redact_text(r, text) : text);
}

static void cell_items(struct table *t, struct bytes list, struct redactor *secrets)
{
    struct bytes item;
    struct bytes before = {0};
    if (list.p == NULL) {
        table_none(t);
        return;
    }
    table_list(t);
    while (quoted_list_next(&list, &item)) {
        table_item(t, secrets != NULL ? redact_subprotocol(secrets, item, before) : item);
        before = item;
    }
    table_list_end(t);
}

/* What was negotiated, and what was offered. */
static void cells_negotiated(struct table *t, const struct handshake *h, struct redactor *r)
{
    table_text(t, h->subprotocol.p != NULL ? redact_chosen(r, h) : h->subprotocol);
    cell_items(t, h->offered_subprotocols, r);
    cell_items(t, h->extensions, NULL);
    cell_items(t, h->offered_extensions, NULL);
}

static void cell_known(struct table *t, bool known, int64_t v)
{
    if (known) {
        table_i64(t, v);
    } else {
        table_none(t);
    }
}

static void cell_span(struct table *t, bool known, int64_t ns)
{
    if (known) {
        table_seconds(t, ns);
    } else {
        table_none(t);
    }
}

static void cells_counts(struct table *t, const struct session *s)
{
    for (int dir = 0; dir < 2; dir++) {
        const struct direction_counts *d = &s->dir[dir];
        table_u64(t, d->frames);
        table_u64(t, d->text + d->binary);
        table_u64(t, d->message_bytes);
        table_u64(t, d->payload_bytes);
        table_u64(t, d->pings);
        table_u64(t, s->end.tcp[dir].lost_bytes);
    }
}

static void cells_closes(struct table *t, const struct session *s)
{
    static const char *const sides[] = {"client", "server"};
    int first = session_close_first(s);
    table_name(t, close_how_name(session_close_how(s)));
    table_name(t, first < 0 ? NULL : sides[first]);
    for (int dir = 0; dir < 2; dir++) {
        const struct close_record *c = &s->close[dir];
        cell_known(t, c->seen && c->code != CLOSE_CODE_NONE, c->code);
        table_text(t, c->seen ? c->reason : (struct bytes){0});
    }
}

static void cells_rtt(struct table *t, const struct session *s)
{
    for (int dir = 0; dir < 2; dir++) {
        const struct rtt_counts *r = &s->rtt[dir];
        cell_span(t, r->count > 0, r->count > 0 ? r->sum / (int64_t)r->count : 0);
    }
    cell_span(t, s->connection.syn_rtt >= 0, s->connection.syn_rtt);
}

static void cell_findings(struct table *t, const struct session *s)
{
    table_list(t);
    for (uint32_t i = 0; i < s->finding_count; i++) {
        if (!session_finding_again(s, i)) {
            table_item(t, bytes_of(finding_kind(s->findings[i].id)->id));
        }
    }
    table_list_end(t);
}

static void cells_tls(struct table *t, const struct session *s)
{
    table_bool(t, s->has_tls);
    table_text(t, s->has_tls ? s->tls.sni : (struct bytes){0});
    table_text(t, s->has_tls ? s->tls.ja4 : (struct bytes){0});
}

/* What rows of sessions end with, in every dialect. */
static void cells_traffic(struct table *t, const struct session *s)
{
    cells_tls(t, s);
    cells_counts(t, s);
    cells_closes(t, s);
    cells_rtt(t, s);
    cell_findings(t, s);
}

/*--- Sessions -----------------------------------------------------------------------------------*/

#define COUNT_COLUMNS(side)                                                                        \
    {side "_frames", "count"}, {side "_messages", "count"}, {side "_message_bytes", "count"},      \
        {side "_payload_bytes", "count"}, {side "_pings", "count"},                                \
    {                                                                                              \
        side "_lost_bytes", "count"                                                                \
    }
#define CLOSE_COLUMNS(client, server)                                                              \
    {"close_how", TEXT}, {"close_first", TEXT}, {client "_close_code", "count"},                   \
        {client "_close_reason", TEXT}, {server "_close_code", "count"},                           \
    {                                                                                              \
        server "_close_reason", TEXT                                                               \
    }
#define RTT_COLUMNS(client, server)                                                                \
    {client "_ping_rtt", "interval"}, {server "_ping_rtt", "interval"},                            \
    {                                                                                              \
        "tcp_rtt", "interval"                                                                      \
    }

const struct table_column session_columns[] = {
    {"session", "count"},
    {"community_id", TEXT},
    {"outcome", TEXT},
    {"started", "time"},
    {"ended", "time"},
    {"duration", "interval"},
    {"client_ip", "addr"},
    {"client_port", "port"},
    {"server_ip", "addr"},
    {"server_port", "port"},
    {"host", TEXT},
    {"target", TEXT},
    {"origin", TEXT},
    {"user_agent", TEXT},
    {"status", "count"},
    {"version", "count"},
    {"subprotocol", TEXT},
    {"offered_subprotocols", LIST},
    {"extensions", LIST},
    {"offered_extensions", LIST},
    {"tls", "bool"},
    {"sni", TEXT},
    {"ja4", TEXT},
    COUNT_COLUMNS("client"),
    COUNT_COLUMNS("server"),
    CLOSE_COLUMNS("client", "server"),
    RTT_COLUMNS("client", "server"),
    {"findings", LIST},
    {NULL, NULL},
};

void session_row(struct table *t, const struct session *s, const struct row_style *style)
{
    const struct handshake *h = &s->handshake;
    struct redactor *r = style->redactor;
    table_begin(t);
    table_u64(t, s->id);
    cell_community_id(t, s);
    table_name(t, outcome_name(s->outcome));
    table_time(t, s->started);
    table_time(t, s->last_ts);
    table_seconds(t, time_between(s->started, s->last_ts));
    cells_endpoints(t, s);
    cell_redacted(t, h->host, r);
    cell_redacted(t, h->target, r);
    cell_redacted(t, h->origin, r);
    cell_redacted(t, h->user_agent, r);
    cell_known(t, h->status != 0, h->status);
    cell_known(t, s->has_handshake && h->version >= 0, h->version);
    cells_negotiated(t, h, r);
    cells_traffic(t, s);
    table_end(t);
}

const struct table_column zeek_session_columns[] = {
    {"ts", "time"},
    {"uid", TEXT},
    {"id.orig_h", "addr"},
    {"id.orig_p", "port"},
    {"id.resp_h", "addr"},
    {"id.resp_p", "port"},
    {"host", TEXT},
    {"uri", TEXT},
    {"user_agent", TEXT},
    {"subprotocol", TEXT},
    {"client_protocols", LIST},
    {"server_extensions", LIST},
    {"client_extensions", LIST},
    {"community_id", TEXT},
    {"session", "count"},
    {"outcome", TEXT},
    {"duration", "interval"},
    {"origin", TEXT},
    {"status_code", "count"},
    {"version", "count"},
    {"tls", "bool"},
    {"sni", TEXT},
    {"ja4", TEXT},
    COUNT_COLUMNS("orig"),
    COUNT_COLUMNS("resp"),
    CLOSE_COLUMNS("orig", "resp"),
    RTT_COLUMNS("orig", "resp"),
    {"findings", LIST},
    {NULL, NULL},
};

/* "C" and 17 digits to the base of 62, as Zeek's connections are called. */
static void cell_uid(struct table *t, const struct session *s)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    char uid[19] = "C";
    uint64_t v = session_hash(s, 1);
    for (size_t i = 1; i < sizeof uid - 1; i++) {
        v = i == 10 ? session_hash(s, 2) : v;
        uid[i] = digits[v % 62];
        v /= 62;
    }
    table_name(t, uid);
}

void zeek_session_row(struct table *t, const struct session *s, const struct row_style *style)
{
    const struct handshake *h = &s->handshake;
    struct redactor *r = style->redactor;
    table_begin(t);
    table_time(t, s->has_handshake && h->response_pkt != 0 ? h->response_ts : s->started);
    cell_uid(t, s);
    cells_endpoints(t, s);
    cell_redacted(t, h->host, r);
    cell_redacted(t, h->target, r);
    cell_redacted(t, h->user_agent, r);
    cells_negotiated(t, h, r);
    cell_community_id(t, s);
    table_u64(t, s->id);
    table_name(t, outcome_name(s->outcome));
    table_seconds(t, time_between(s->started, s->last_ts));
    cell_redacted(t, h->origin, r);
    cell_known(t, h->status != 0, h->status);
    cell_known(t, s->has_handshake && h->version >= 0, h->version);
    cells_traffic(t, s);
    table_end(t);
}

/*--- Messages -----------------------------------------------------------------------------------*/

const struct table_column message_columns[] = {
    {"time", "time"},        {"session", "count"},      {"community_id", TEXT},
    {"client_ip", "addr"},   {"client_port", "port"},   {"server_ip", "addr"},
    {"server_port", "port"}, {"direction", TEXT},       {"opcode", TEXT},
    {"length", "count"},     {"wire_length", "count"},  {"frames", "count"},
    {"compressed", "bool"},  {"faults", LIST},          {"close_code", "count"},
    {"rtt", "interval"},     {"first_packet", "count"}, {"last_packet", "count"},
    {"text", TEXT},          {"base64", TEXT},          {NULL, NULL},
};

static void cell_faults(struct table *t, const struct message *m, uint64_t most)
{
    const char *fault;
    table_list(t);
    for (unsigned i = 0; (fault = message_fault(m, most, i)) != NULL; i++) {
        table_item(t, bytes_of(fault));
    }
    table_list_end(t);
}

static void cells_message(struct table *t, const struct message *m, uint64_t bodies)
{
    table_name(t, opcode_word(m->opcode));
    table_u64(t, m->len);
    table_u64(t, m->wire_len);
    table_u64(t, m->frames);
    table_bool(t, (m->flags & MESSAGE_COMPRESSED) != 0);
    cell_faults(t, m, bodies);
    cell_known(t, m->opcode == 8 && m->close_code != CLOSE_CODE_NONE, m->close_code);
    cell_span(t, m->opcode == 10 && m->rtt >= 0, m->rtt);
}

/* What is text as text, and what that does not say exactly as base64. */
static void cells_body(struct table *t, const struct message *m, uint64_t bodies)
{
    struct bytes shown = m->opcode == 8 ? message_reason(m) : message_shown(m, bodies);
    bool text = message_is_text(m) || m->opcode == 8;
    table_text(t, text ? shown : (struct bytes){0});
    if (shown.p == NULL || (text && table_is_exact(t->dialect, shown))) {
        table_none(t);
    } else {
        table_base64(t, shown);
    }
}

void message_row(struct table *t, const struct session *s, const struct event *e,
                 const struct row_style *style)
{
    const struct message *m = &e->message;
    table_begin(t);
    table_time(t, e->ts);
    table_u64(t, s->id);
    cell_community_id(t, s);
    cells_endpoints(t, s);
    table_name(t, direction_name(e->dir));
    cells_message(t, m, style->context->options.bodies);
    table_u64(t, m->first_pkt);
    table_u64(t, e->pkt);
    cells_body(t, m, style->context->options.bodies);
    table_end(t);
}

const struct table_column zeek_message_columns[] = {
    {"ts", "time"},
    {"uid", TEXT},
    {"id.orig_h", "addr"},
    {"id.orig_p", "port"},
    {"id.resp_h", "addr"},
    {"id.resp_p", "port"},
    {"community_id", TEXT},
    {"session", "count"},
    {"is_orig", "bool"},
    {"opcode", TEXT},
    {"payload_len", "count"},
    {"wire_len", "count"},
    {"frames", "count"},
    {"compressed", "bool"},
    {"faults", LIST},
    {"close_code", "count"},
    {"rtt", "interval"},
    {"first_packet", "count"},
    {"last_packet", "count"},
    {"payload", TEXT},
    {NULL, NULL},
};

void zeek_message_row(struct table *t, const struct session *s, const struct event *e,
                      const struct row_style *style)
{
    const struct message *m = &e->message;
    uint64_t bodies = style->context->options.bodies;
    table_begin(t);
    table_time(t, e->ts);
    cell_uid(t, s);
    cells_endpoints(t, s);
    cell_community_id(t, s);
    table_u64(t, s->id);
    table_bool(t, e->dir == DIR_CLIENT_TO_SERVER);
    cells_message(t, m, bodies);
    table_u64(t, m->first_pkt);
    table_u64(t, e->pkt);
    table_text(t, m->opcode == 8 ? message_reason(m) : message_shown(m, bodies));
    table_end(t);
}
