/* The table of fields, and how each gets its values. */
#include "filter_fields.h"

#include <strings.h>

#define GET(name)                                                                                  \
    static bool get_##name(const struct filter_subject *it, unsigned i, struct filter_value *v)

static const struct session *session(const struct filter_subject *it)
{
    return it->session;
}

static bool one_number(unsigned i, struct filter_value *v, int64_t n)
{
    v->number = n;
    return i == 0;
}

static bool one_count(unsigned i, struct filter_value *v, uint64_t n)
{
    return one_number(i, v, n < INT64_MAX ? (int64_t)n : INT64_MAX);
}

static bool one_text(unsigned i, struct filter_value *v, struct bytes b)
{
    v->text = b;
    return i == 0 && b.p != NULL && b.n > 0;
}

#define HANDSHAKE_TEXT(member)                                                                     \
    GET(member)                                                                                    \
    {                                                                                              \
        return one_text(i, v, session(it)->handshake.member);                                      \
    }
HANDSHAKE_TEXT(host)
HANDSHAKE_TEXT(target)
HANDSHAKE_TEXT(origin)
HANDSHAKE_TEXT(user_agent)
HANDSHAKE_TEXT(server)
HANDSHAKE_TEXT(subprotocol)
HANDSHAKE_TEXT(offered_subprotocols)
HANDSHAKE_TEXT(extensions)
HANDSHAKE_TEXT(method)

GET(header)
{
    v->text = i == 0 ? session(it)->handshake.request_head : session(it)->handshake.response_head;
    return i < 2;
}

GET(id)
{
    return one_count(i, v, session(it)->id);
}

GET(outcome)
{
    return one_text(i, v, bytes_of(outcome_name(session(it)->outcome)));
}

GET(closed)
{
    return one_text(i, v, bytes_of(close_how_name(session_close_how(session(it)))));
}

GET(status)
{
    return one_number(i, v, session(it)->handshake.status) && session(it)->handshake.status != 0;
}

GET(version)
{
    return one_number(i, v, session(it)->handshake.version) && session(it)->has_handshake &&
           session(it)->handshake.version >= 0;
}

GET(ip)
{
    const struct connection *c = &session(it)->connection;
    v->ip = i == 0 ? c->client.ip : c->server.ip;
    v->family = c->family;
    return i < 2;
}

GET(client_ip)
{
    return get_ip(it, 0, v) && i == 0;
}

GET(server_ip)
{
    return get_ip(it, 1, v) && i == 0;
}

GET(port)
{
    const struct connection *c = &session(it)->connection;
    v->number = i == 0 ? c->client.port : c->server.port;
    return i < 2;
}

GET(client_port)
{
    return get_port(it, 0, v) && i == 0;
}

GET(server_port)
{
    return get_port(it, 1, v) && i == 0;
}

GET(messages)
{
    uint64_t n = 0;
    for (int opcode = 1; opcode < 16; opcode++) { /* 0: frames of messages that are counted */
        n += session(it)->dir[0].opcodes[opcode] + session(it)->dir[1].opcodes[opcode];
    }
    return one_count(i, v, n);
}

GET(bytes)
{
    return one_count(i, v, session(it)->dir[0].payload_bytes + session(it)->dir[1].payload_bytes);
}

GET(duration)
{
    return one_number(i, v, session(it)->last_ts - session(it)->started);
}

/* The longest round trip of a Ping. */
GET(rtt)
{
    const struct rtt_counts *r = session(it)->rtt;
    int64_t most = -1;
    for (int d = 0; d < 2; d++) {
        most = r[d].count > 0 && r[d].max > most ? r[d].max : most;
    }
    return one_number(i, v, most) && most >= 0;
}

/* The side whose value is the i-th that there is; -1: no more. */
static int close_side(unsigned i, bool has0, bool has1)
{
    if (i == 0) {
        return has0 ? 0 : has1 ? 1 : -1;
    }
    return i == 1 && has0 && has1 ? 1 : -1;
}

GET(close)
{
    const struct close_record *c = session(it)->close;
    int side = close_side(i, c[0].seen, c[1].seen);
    v->number = side < 0 ? 0 : c[side].code == CLOSE_CODE_NONE ? 1005 : c[side].code;
    return side >= 0;
}

GET(reason)
{
    const struct close_record *c = session(it)->close;
    int side = close_side(i, c[0].reason.n > 0, c[1].reason.n > 0);
    v->text = c[side > 0].reason;
    return side >= 0;
}

GET(finding)
{
    if (i >= session(it)->finding_count) {
        return false;
    }
    v->text = bytes_of(finding_kind(session(it)->findings[i].id)->id);
    return true;
}

GET(severity)
{
    int worst = -1;
    for (uint32_t f = 0; f < session(it)->finding_count; f++) {
        int severity = (int)finding_kind(session(it)->findings[f].id)->severity;
        worst = severity > worst ? severity : worst;
    }
    return one_number(i, v, worst) && worst >= 0;
}

GET(confidence)
{
    return one_number(i, v, session(it)->confidence) && session(it)->outcome == OUTCOME_MIDSTREAM;
}

/*--- Of messages --------------------------------------------------------------------------------*/

static const struct message *message(const struct filter_subject *it)
{
    return &it->message->message;
}

GET(opcode)
{
    return one_number(i, v, message(it)->opcode);
}

GET(direction)
{
    return one_text(i, v, bytes_of(it->message->dir == DIR_CLIENT_TO_SERVER ? "client" : "server"));
}

GET(len)
{
    return one_count(i, v, message(it)->len);
}

GET(wire_len)
{
    return one_count(i, v, message(it)->wire_len);
}

GET(frames)
{
    return one_number(i, v, message(it)->frames);
}

GET(packet)
{
    return one_count(i, v, it->message->pkt);
}

GET(pong_rtt)
{
    return one_number(i, v, message(it)->rtt) && message(it)->rtt >= 0;
}

#define MESSAGE_FLAG_FIELD(name, flag)                                                             \
    GET(name)                                                                                      \
    {                                                                                              \
        return one_number(i, v, 1) && message(it)->flags & (flag);                                 \
    }
MESSAGE_FLAG_FIELD(compressed, MESSAGE_COMPRESSED)
MESSAGE_FLAG_FIELD(fragmented, MESSAGE_FRAGMENTED)
MESSAGE_FLAG_FIELD(damaged, MESSAGE_DAMAGED | MESSAGE_NOT_INFLATED)
MESSAGE_FLAG_FIELD(bad_utf8, MESSAGE_BAD_UTF8)

GET(masked)
{
    return one_number(i, v, 1) && message(it)->masked > 0;
}

GET(payload)
{
    v->text = message(it)->body;
    return i == 0 && (it->body == NULL || it->body(it->context, &v->text));
}

/* The payload of a text message. */
GET(text)
{
    return message(it)->opcode == 1 && get_payload(it, i, v);
}

static const struct filter_kind kinds[] = {
#define SESSION 0
#define LATE FILTER_LATE
#define HEADS FILTER_HEADS
#define MESSAGE FILTER_MESSAGES
#define BODY (FILTER_MESSAGES | FILTER_BODIES)
#define FIELD(name, type, needs, get, help)                                                        \
    {{name, #type, help, ((needs)&FILTER_MESSAGES) != 0}, FIELD_##type, get_##get, needs},
#include "filter_fields.def"
#undef FIELD
#undef SESSION
#undef LATE
#undef HEADS
#undef MESSAGE
#undef BODY
};
#define KINDS (sizeof kinds / sizeof *kinds)

const struct filter_kind *filter_find(const char *name, size_t n)
{
    for (size_t i = 0; i < KINDS; i++) {
        const char *own = kinds[i].field.name;
        if (strlen(own) == n && strncasecmp(own, name, n) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

const struct filter_field *filter_field_at(size_t i)
{
    return i < KINDS ? &kinds[i].field : NULL;
}
