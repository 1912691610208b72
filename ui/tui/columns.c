/* The columns of the sessions list. */
#include "columns.h"

#include "decoders/http/fields.h"
#include "tui.h"
#include "ui/report/address.h"

#include <stdio.h>

#define SHOW(name)                                                                                 \
    static void show_##name(const struct tui *t, const struct store_session *s,                    \
                            struct column_cell *c)
#define NUMBER(name) static uint64_t number_##name(const struct store_session *s, int64_t now)
#define TEXT(name) static struct bytes text_##name(const struct store_session *s)

static uint64_t not_negative(int64_t n)
{
    return n > 0 ? (uint64_t)n : 0;
}

static bool is_open(const struct session *s)
{
    return !s->ended && s->outcome != OUTCOME_REFUSED;
}

/*--- State and ending ---------------------------------------------------------------------------*/

SHOW(state)
{
    static const struct {
        const char *mark;
        enum role role;
    } marks[] = {[OUTCOME_OPEN] = {"●", ROLE_GOOD},
                 [OUTCOME_REFUSED] = {"✕", ROLE_ERROR},
                 [OUTCOME_MIDSTREAM] = {"◐", ROLE_WARNING},
                 [OUTCOME_INCOMPLETE] = {"?", ROLE_WARNING},
                 [OUTCOME_TLS] = {"?", ROLE_DIM}};
    const struct session *session = s->session;
    (void)t;
    bool over = session->outcome == OUTCOME_OPEN && session->ended;
    snprintf(c->text, sizeof c->text, "%s", over ? "○" : marks[session->outcome].mark);
    c->role = over ? ROLE_DIM : marks[session->outcome].role;
}

NUMBER(state)
{
    (void)now;
    return (uint64_t)s->session->outcome * 2 + s->session->ended;
}

SHOW(closed)
{
    const struct session *x = s->session;
    enum close_how how = session_close_how(x);
    int first = session_close_first(x);
    (void)t;
    c->role = how == CLOSE_CLEAN ? ROLE_TEXT : how == CLOSE_STILL_OPEN ? ROLE_GOOD : ROLE_WARNING;
    if (x->outcome == OUTCOME_REFUSED) {
        snprintf(c->text, sizeof c->text, "HTTP %d", x->handshake.status);
        c->role = ROLE_ERROR;
    } else if (how == CLOSE_NEVER_OPENED) {
        snprintf(c->text, sizeof c->text, "no answer");
    } else if (first >= 0) {
        int code = x->close[first].code;
        snprintf(c->text, sizeof c->text, "%d%s", code == CLOSE_CODE_NONE ? 1005 : code,
                 how == CLOSE_CLEAN        ? ""
                 : how == CLOSE_STILL_OPEN ? " ..."
                                           : " !");
        c->role = how == CLOSE_CLEAN && (code == 1000 || code == 1001) ? ROLE_TEXT : ROLE_WARNING;
    } else {
        snprintf(c->text, sizeof c->text, "%s", close_how_name(how));
    }
}

TEXT(closed)
{
    return bytes_of(close_how_name(session_close_how(s->session)));
}

SHOW(finding)
{
    static const enum role roles[] = {ROLE_NOTE, ROLE_WARNING, ROLE_ERROR};
    (void)t;
    if (s->worst >= 0) {
        unsigned n = s->session->finding_count < 99 ? s->session->finding_count : 99;
        snprintf(c->text, sizeof c->text, "%c%u", "NWE"[s->worst], n);
        c->role = roles[s->worst];
    }
}

NUMBER(finding)
{
    (void)now;
    return (uint64_t)(s->worst + 1) << 32 | s->session->finding_count;
}

/*--- Who ----------------------------------------------------------------------------------------*/

SHOW(number)
{
    (void)t;
    snprintf(c->text, sizeof c->text, "%llu", (unsigned long long)s->session->id);
    c->role = ROLE_DIM;
}

NUMBER(number)
{
    (void)now;
    return s->session->id;
}

static uint64_t endpoint_number(const struct endpoint *e)
{
    uint64_t n = 0;
    for (size_t i = 0; i < 6; i++) {
        n = n << 8 | e->ip[i];
    }
    return n << 16 | e->port;
}

SHOW(client)
{
    (void)t;
    address_port_text(c->text, &s->session->connection.client, s->session->connection.family);
    c->role = ROLE_CLIENT;
}

NUMBER(client)
{
    (void)now;
    return endpoint_number(&s->session->connection.client);
}

SHOW(server)
{
    (void)t;
    address_port_text(c->text, &s->session->connection.server, s->session->connection.family);
    c->role = ROLE_SERVER;
}

NUMBER(server)
{
    (void)now;
    return endpoint_number(&s->session->connection.server);
}

#define SHOW_WIRE(name, member)                                                                    \
    TEXT(name)                                                                                     \
    {                                                                                              \
        return s->session->handshake.member;                                                       \
    }                                                                                              \
    SHOW(name)                                                                                     \
    {                                                                                              \
        c->wire = tui_shown_text(t, s->session->handshake.member);                                 \
    }
SHOW_WIRE(host, host)
SHOW_WIRE(path, target)
SHOW_WIRE(origin, origin)
SHOW_WIRE(agent, user_agent)
SHOW_WIRE(software, server)

TEXT(subprotocol)
{
    return s->session->handshake.subprotocol;
}

SHOW(subprotocol)
{
    c->wire = tui_shown_subprotocol(t, &s->session->handshake);
}

SHOW(url)
{
    const struct handshake *h = &s->session->handshake;
    struct bytes target = tui_shown_text(t, h->target);
    if (!s->session->has_handshake) {
        snprintf(c->text, sizeof c->text, "%s",
                 s->session->outcome == OUTCOME_MIDSTREAM ? "(picked up mid-stream)" : "");
        c->role = ROLE_DIM;
        return;
    }
    /* An absolute target holds the host already; an address stands in another column. */
    char address[ADDRESS_BYTES];
    address_port_text(address, &s->session->connection.server, s->session->connection.family);
    bool whole = (target.n > 0 && target.p[0] != '/') || bytes_equal(h->host, bytes_of(address));
    c->wire = whole ? target : tui_join(t, h->host, target);
}

TEXT(url)
{
    return s->session->handshake.host;
}

SHOW(extensions)
{
    struct bytes rest = s->session->handshake.extensions;
    struct extension e;
    (void)t;
    if (extension_list_next(&rest, &e)) {
        c->wire = bytes_equal_nocase(e.name, bytes_of("permessage-deflate")) ? bytes_of("deflate")
                                                                             : e.name;
    }
}

TEXT(extensions)
{
    return s->session->handshake.extensions;
}

SHOW(status)
{
    (void)t;
    if (s->session->handshake.status != 0) {
        snprintf(c->text, sizeof c->text, "%d", s->session->handshake.status);
        c->role = s->session->handshake.status == 101 ? ROLE_TEXT : ROLE_ERROR;
    }
}

NUMBER(status)
{
    (void)now;
    return not_negative(s->session->handshake.status);
}

/*--- How much -----------------------------------------------------------------------------------*/

static uint64_t data_messages(const struct session *s, int d)
{
    return s->dir[d].text + s->dir[d].binary;
}

static void show_amount(struct column_cell *c, uint64_t n, bool bytes)
{
    (bytes ? short_bytes : short_count)(c->text, n);
    c->role = n == 0 ? ROLE_DIM : ROLE_TEXT;
}

#define SHOW_AMOUNT(name, bytes, value)                                                            \
    NUMBER(name)                                                                                   \
    {                                                                                              \
        (void)now;                                                                                 \
        return value;                                                                              \
    }                                                                                              \
    SHOW(name)                                                                                     \
    {                                                                                              \
        (void)t;                                                                                   \
        show_amount(c, number_##name(s, 0), bytes);                                                \
    }
SHOW_AMOUNT(messages_up, false, data_messages(s->session, 0))
SHOW_AMOUNT(messages_down, false, data_messages(s->session, 1))
SHOW_AMOUNT(messages, false, data_messages(s->session, 0) + data_messages(s->session, 1))
SHOW_AMOUNT(bytes_up, true, s->session->dir[0].payload_bytes)
SHOW_AMOUNT(bytes_down, true, s->session->dir[1].payload_bytes)
SHOW_AMOUNT(bytes, true, s->session->dir[0].payload_bytes + s->session->dir[1].payload_bytes)
SHOW_AMOUNT(frames, false, s->session->dir[0].frames + s->session->dir[1].frames)
SHOW_AMOUNT(lost, true, s->session->end.tcp[0].lost_bytes + s->session->end.tcp[1].lost_bytes)

NUMBER(rate)
{
    return (uint64_t)(store_rate(s, now) * 16);
}

SHOW(rate)
{
    double rate = store_rate(s, store_clock(t->feed->store));
    show_amount(c, rate < 0.5 ? 0 : (uint64_t)rate, true);
    c->role = is_open(s->session) ? c->role : ROLE_DIM;
}

SHOW(ratio)
{
    const struct direction_counts *d = s->session->dir;
    uint64_t wire = d[0].compressed_wire_bytes + d[1].compressed_wire_bytes;
    uint64_t all = d[0].compressed_message_bytes + d[1].compressed_message_bytes;
    (void)t;
    if (all > 0) {
        snprintf(c->text, sizeof c->text, "%u%%", (unsigned)(wire * 100 / all));
    }
}

NUMBER(ratio)
{
    const struct direction_counts *d = s->session->dir;
    uint64_t all = d[0].compressed_message_bytes + d[1].compressed_message_bytes;
    (void)now;
    return all > 0 ? (d[0].compressed_wire_bytes + d[1].compressed_wire_bytes) * 1000 / all : 0;
}

SHOW(traffic)
{
    static const char *const bars[] = {"▁", "▂", "▃", "▄", "▅", "▆", "▇", "█"};
    const struct store_spark *k = &s->spark;
    uint32_t most = 1;
    (void)t;
    for (size_t i = 0; i < STORE_SPARK_BUCKETS; i++) {
        most = k->bytes[i] > most ? k->bytes[i] : most;
    }
    for (size_t i = 0; i < STORE_SPARK_BUCKETS && k->width > 0; i++) {
        size_t level = k->bytes[i] == 0 ? 0 : 1 + (size_t)((uint64_t)k->bytes[i] * 7 / most);
        strcat(c->text, level == 0 ? " " : bars[level - 1]);
    }
    c->role = ROLE_SPARK;
}

/*--- When ---------------------------------------------------------------------------------------*/

SHOW(started)
{
    tui_time(t, c->text, s->session->started, tui_start(t), tui_start(t), 0);
}

NUMBER(started)
{
    (void)now;
    return not_negative(s->session->started);
}

SHOW(last)
{
    tui_time(t, c->text, s->session->last_ts, tui_start(t), s->session->started, 0);
}

NUMBER(last)
{
    (void)now;
    return not_negative(s->session->last_ts);
}

NUMBER(duration)
{
    (void)now;
    return not_negative(s->session->last_ts - s->session->started);
}

SHOW(duration)
{
    (void)t;
    short_duration(c->text, (int64_t)number_duration(s, 0));
}

NUMBER(rtt)
{
    const struct rtt_counts *r = s->session->rtt;
    uint64_t n = r[0].count + r[1].count;
    (void)now;
    return n > 0 ? not_negative((r[0].sum + r[1].sum) / (int64_t)n) : 0;
}

SHOW(rtt)
{
    (void)t;
    if (s->session->rtt[0].count + s->session->rtt[1].count > 0) {
        short_duration(c->text, (int64_t)number_rtt(s, 0));
    }
}

NUMBER(syn)
{
    (void)now;
    return not_negative(s->session->connection.syn_rtt);
}

SHOW(syn)
{
    (void)t;
    if (s->session->connection.syn_rtt >= 0) {
        short_duration(c->text, s->session->connection.syn_rtt);
    }
}

/*--- The table ----------------------------------------------------------------------------------*/

static const struct column table[] = {
    {"state", " ", "open, closed, refused, picked up", 1, false, show_state, number_state, NULL},
    {"number", "#", "number of the session", 4, true, show_number, number_number, NULL},
    {"finding", "!", "worst finding (E W N) and how many", 3, false, show_finding, number_finding,
     NULL},
    {"client", "Client", "address and port", 15, false, show_client, number_client, NULL},
    {"server", "Server", "address and port", 15, false, show_server, number_server, NULL},
    {"url", "Host and path", "of the request", 0, false, show_url, NULL, text_url},
    {"host", "Host", "of the request", 20, false, show_host, NULL, text_host},
    {"path", "Path", "of the request", 20, false, show_path, NULL, text_path},
    {"subprotocol", "Subprotocol", "that was chosen", 12, false, show_subprotocol, NULL,
     text_subprotocol},
    {"extensions", "Extension", "that was chosen", 9, false, show_extensions, NULL,
     text_extensions},
    {"messages", "Msgs", "data messages", 5, true, show_messages, number_messages, NULL},
    {"messages-up", "Msg→", "data messages of the client", 5, true, show_messages_up,
     number_messages_up, NULL},
    {"messages-down", "Msg←", "data messages of the server", 5, true, show_messages_down,
     number_messages_down, NULL},
    {"bytes", "Bytes", "payload", 6, true, show_bytes, number_bytes, NULL},
    {"bytes-up", "Byte→", "payload of the client", 5, true, show_bytes_up, number_bytes_up, NULL},
    {"bytes-down", "Byte←", "payload of the server", 5, true, show_bytes_down, number_bytes_down,
     NULL},
    {"frames", "Frames", "of both sides", 6, true, show_frames, number_frames, NULL},
    {"rate", "Rate/s", "payload a second, lately", 6, true, show_rate, number_rate, NULL},
    {"traffic", "Traffic", "bytes over time", 16, false, show_traffic, number_bytes, NULL},
    {"ratio", "Ratio", "compressed size of what is compressed", 5, true, show_ratio, number_ratio,
     NULL},
    {"started", "Started", "time of its first packet", 8, false, show_started, number_started,
     NULL},
    {"last", "Last", "time of its last packet", 8, false, show_last, number_last, NULL},
    {"duration", "Lasted", "from the first packet to the last", 6, true, show_duration,
     number_duration, NULL},
    {"rtt", "Ping", "mean round trip of a Ping", 6, true, show_rtt, number_rtt, NULL},
    {"tcp-rtt", "SYN", "round trip of the TCP handshake", 6, true, show_syn, number_syn, NULL},
    {"closed", "Closed", "close code, or how it ended", 9, false, show_closed, NULL, text_closed},
    {"status", "HTTP", "status of the answer", 4, true, show_status, number_status, NULL},
    {"origin", "Origin", "of the request", 20, false, show_origin, NULL, text_origin},
    {"user-agent", "User-Agent", "of the request", 20, false, show_agent, NULL, text_agent},
    {"software", "Software", "Server of the answer", 12, false, show_software, NULL, text_software},
    {"lost", "Lost", "bytes that were not captured", 5, true, show_lost, number_lost, NULL},
};

const char columns_default[] =
    "state number finding client url messages-up messages-down closed bytes-up bytes-down "
    "subprotocol traffic duration rtt server extensions rate last started";

size_t columns_count(void)
{
    return sizeof table / sizeof *table;
}

const struct column *column_at(size_t index)
{
    return &table[index];
}

int column_find(const char *name)
{
    for (size_t i = 0; i < columns_count(); i++) {
        if (strcmp(table[i].name, name) == 0) {
            return (int)i;
        }
    }
    return -1;
}
