/* What the fields of sessions, handshakes, TLS and findings hold. */
#include "../community_id.h"
#include "decoders/http/fields.h"
#include "decoders/tls/protection.h"
#include "tree.h"

#include <stdio.h>

#define GET(name)                                                                                  \
    bool filter_get_##name(const struct filter_question *q, unsigned i, struct filter_value *v)

static const struct session *session(const struct filter_question *q)
{
    return q->subject->session;
}

static bool one_text(unsigned i, struct filter_value *v, struct bytes b)
{
    v->text = b;
    return i == 0 && b.n > 0;
}

static bool one_word(unsigned i, struct filter_value *v, const char *word)
{
    return one_text(i, v, bytes_of(word));
}

/*--- Session ------------------------------------------------------------------------------------*/

GET(id)
{
    return one_count(i, v, session(q)->id);
}

GET(outcome)
{
    return one_word(i, v, outcome_name(session(q)->outcome));
}

GET(websocket)
{
    return one_number(
        i, v, session(q)->outcome == OUTCOME_OPEN || session(q)->outcome == OUTCOME_MIDSTREAM);
}

GET(closed)
{
    return one_word(i, v, close_how_name(session_close_how(session(q))));
}

GET(closed_by)
{
    int side = session_close_first(session(q));
    return side >= 0 && one_word(i, v, side == DIR_CLIENT_TO_SERVER ? "client" : "server");
}

GET(start)
{
    return one_number(i, v, session(q)->started);
}

GET(duration)
{
    return one_number(i, v, session(q)->last_ts - session(q)->started);
}

static bool end_address(const struct filter_question *q, int side, struct filter_value *v)
{
    const struct connection *c = &session(q)->connection;
    memcpy(v->address.ip, side == 0 ? c->client.ip : c->server.ip, sizeof v->address.ip);
    v->address.family = c->family;
    return true;
}

GET(ip)
{
    return i < 2 && end_address(q, (int)i, v);
}

GET(ipv6)
{
    return session(q)->connection.family == 6 && filter_get_ip(q, i, v);
}

GET(client_ip)
{
    return i == 0 && end_address(q, 0, v);
}

GET(server_ip)
{
    return i == 0 && end_address(q, 1, v);
}

GET(client_port)
{
    return one_number(i, v, session(q)->connection.client.port);
}

GET(server_port)
{
    return one_number(i, v, session(q)->connection.server.port);
}

GET(port)
{
    return i == 0 ? filter_get_client_port(q, 0, v) : i == 1 && filter_get_server_port(q, 0, v);
}

GET(vlan)
{
    const uint16_t *vlan = session(q)->connection.vlan;
    v->number = i < 2 ? vlan[i] : 0;
    return i < 2 && vlan[i] != 0;
}

GET(community_id)
{
    _Static_assert(sizeof v->room >= COMMUNITY_ID_BYTES, "it is made there");
    if (i == 0) {
        community_id(&session(q)->connection, v->room);
    }
    return one_word(i, v, v->room);
}

GET(stream)
{
    return one_number(i, v, session(q)->connection.number);
}

GET(confidence)
{
    return one_number(i, v, session(q)->confidence) && session(q)->outcome == OUTCOME_MIDSTREAM;
}

/* Without frames that continue a message of which the beginning is not known. */
static uint64_t messages_of(const struct session *s, int side)
{
    uint64_t n = 0;
    for (int opcode = 1; opcode < 16; opcode++) {
        n += s->dir[side].opcodes[opcode];
    }
    return n;
}

GET(messages)
{
    return one_count(i, v, messages_of(session(q), 0) + messages_of(session(q), 1));
}

GET(client_messages)
{
    return one_count(i, v, messages_of(session(q), 0));
}

GET(server_messages)
{
    return one_count(i, v, messages_of(session(q), 1));
}

GET(bytes)
{
    return one_count(i, v, session(q)->dir[0].payload_bytes + session(q)->dir[1].payload_bytes);
}

GET(client_bytes)
{
    return one_count(i, v, session(q)->dir[0].payload_bytes);
}

GET(server_bytes)
{
    return one_count(i, v, session(q)->dir[1].payload_bytes);
}

GET(rtt)
{
    const struct rtt_counts *r = session(q)->rtt;
    int64_t most = -1;
    for (int d = 0; d < 2; d++) {
        most = r[d].count > 0 && r[d].max > most ? r[d].max : most;
    }
    return most >= 0 && one_number(i, v, most);
}

GET(syn_rtt)
{
    int64_t rtt = session(q)->connection.syn_rtt;
    return rtt >= 0 && one_number(i, v, rtt);
}

static bool close_of(const struct filter_question *q, int side, unsigned i, struct filter_value *v)
{
    const struct close_record *c = &session(q)->close[side];
    return c->seen && one_number(i, v, c->code == CLOSE_CODE_NONE ? 1005 : c->code);
}

GET(client_close)
{
    return close_of(q, 0, i, v);
}

GET(server_close)
{
    return close_of(q, 1, i, v);
}

GET(close)
{
    unsigned of_client = session(q)->close[0].seen;
    return i < of_client ? close_of(q, 0, 0, v) : close_of(q, 1, i - of_client, v);
}

GET(reason)
{
    const struct close_record *c = session(q)->close;
    unsigned of_client = c[0].reason.n > 0;
    return i < of_client ? one_text(0, v, c[0].reason) : one_text(i - of_client, v, c[1].reason);
}

GET(lost)
{
    const struct tcp_counts *tcp = session(q)->end.tcp;
    return one_count(i, v, tcp[0].lost_bytes + tcp[1].lost_bytes);
}

/*--- Handshake ----------------------------------------------------------------------------------*/

#define HANDSHAKE_TEXT(member)                                                                     \
    GET(member)                                                                                    \
    {                                                                                              \
        return one_text(i, v, session(q)->handshake.member);                                       \
    }
HANDSHAKE_TEXT(host)
HANDSHAKE_TEXT(target)
HANDSHAKE_TEXT(method)
HANDSHAKE_TEXT(origin)
HANDSHAKE_TEXT(user_agent)
HANDSHAKE_TEXT(server)
HANDSHAKE_TEXT(subprotocol)
HANDSHAKE_TEXT(offered_subprotocols)
HANDSHAKE_TEXT(extensions)
HANDSHAKE_TEXT(offered_extensions)
HANDSHAKE_TEXT(key)
HANDSHAKE_TEXT(accept)

GET(http)
{
    return one_number(i, v, session(q)->has_handshake);
}

#define HANDSHAKE_FLAG(name, condition)                                                            \
    GET(name)                                                                                      \
    {                                                                                              \
        const struct handshake *h = &session(q)->handshake;                                        \
        return session(q)->has_handshake && one_number(i, v, condition);                           \
    }
HANDSHAKE_FLAG(accepted, h->accept_state == ACCEPT_OK)
HANDSHAKE_FLAG(cookie, h->has_cookie)
HANDSHAKE_FLAG(authorization, h->has_authorization)
HANDSHAKE_FLAG(proxied, h->through_proxy)

GET(http2)
{
    return one_number(i, v, (session(q)->connection.layers & LAYER_HTTP2) != 0);
}

GET(status)
{
    int status = session(q)->handshake.status;
    return status != 0 && one_number(i, v, status);
}

GET(version)
{
    const struct session *s = session(q);
    bool known = s->handshake.version >= 0 && (s->has_handshake || s->handshake.protocol != NULL);
    return known && one_number(i, v, s->handshake.version);
}

GET(handshake_time)
{
    const struct handshake *h = &session(q)->handshake;
    return h->request_pkt != 0 && h->response_pkt != 0 &&
           one_number(i, v, h->response_ts - h->request_ts);
}

static struct bytes head_of(const struct filter_question *q, unsigned i)
{
    const struct handshake *h = &session(q)->handshake;
    return i == 0 ? h->request_head : h->response_head;
}

GET(header)
{
    bool has_request = head_of(q, 0).n > 0;
    return i == 0 && has_request ? one_text(0, v, head_of(q, 0))
                                 : one_text(i - has_request, v, head_of(q, 1));
}

/* The lines behind the request or status line. */
static struct bytes lines_of(struct bytes head)
{
    const uint8_t *end = head.n > 0 ? memchr(head.p, '\n', head.n) : NULL;
    return end != NULL ? bytes_from(head, (size_t)(end - head.p) + 1) : (struct bytes){0};
}

/* The request's, then the response's. v->number tells which one v->rest is of. */
GET(header_field)
{
    struct field f;
    if (i == 0) {
        v->number = 0;
        v->rest = lines_of(head_of(q, 0));
    }
    for (;;) {
        while (field_next(&v->rest, &f)) {
            if (bytes_equal_nocase(f.name, q->part)) {
                v->text = f.value;
                return true;
            }
        }
        if (v->number++ > 0) {
            return false;
        }
        v->rest = lines_of(head_of(q, 1));
    }
}

/*--- TLS ----------------------------------------------------------------------------------------*/

GET(tls)
{
    return one_number(i, v, session(q)->has_tls);
}

GET(tls_decrypted)
{
    return session(q)->has_tls && one_number(i, v, session(q)->tls.why_not == TLS_WHY_DECRYPTED);
}

#define TLS_TEXT(member)                                                                           \
    GET(tls_##member)                                                                              \
    {                                                                                              \
        return session(q)->has_tls && one_text(i, v, session(q)->tls.member);                      \
    }
TLS_TEXT(sni)
TLS_TEXT(alpn)
TLS_TEXT(ja4)
TLS_TEXT(certificate)

GET(tls_version)
{
    uint16_t version = session(q)->tls.version;
    return version != 0 && one_number(i, v, version);
}

GET(tls_cipher_id)
{
    uint16_t cipher = session(q)->tls.cipher;
    return cipher != 0 && one_number(i, v, cipher);
}

GET(tls_cipher)
{
    uint16_t cipher = session(q)->tls.cipher;
    const struct tls_suite *suite = tls_suite_find(cipher);
    snprintf(v->room, sizeof v->room, "0x%04x", cipher);
    return cipher != 0 && one_word(i, v, suite != NULL ? suite->name : v->room);
}

/*--- Findings -----------------------------------------------------------------------------------*/

static const struct finding_record *finding(const struct filter_question *q, unsigned i)
{
    return i < session(q)->finding_count ? &session(q)->findings[i] : NULL;
}

GET(finding)
{
    const struct finding_record *f = finding(q, i);
    return f != NULL && one_word(0, v, finding_kind(f->id)->id);
}

GET(finding_severity)
{
    const struct finding_record *f = finding(q, i);
    return f != NULL && one_number(0, v, (int64_t)finding_kind(f->id)->severity);
}

GET(severity)
{
    int64_t worst = -1;
    for (unsigned f = 0; filter_get_finding_severity(q, f, v); f++) {
        worst = v->number > worst ? v->number : worst;
    }
    return worst >= 0 && one_number(i, v, worst);
}

GET(finding_class)
{
    const struct finding_record *f = finding(q, i);
    return f != NULL && one_word(0, v, finding_class_name(finding_kind(f->id)->class));
}

GET(finding_by)
{
    const struct finding_record *f = finding(q, i);
    return f != NULL && one_word(0, v, f->dir == DIR_CLIENT_TO_SERVER ? "client" : "server");
}

GET(finding_packet)
{
    const struct finding_record *f = finding(q, i);
    return f != NULL && one_count(0, v, f->pkt);
}

GET(finding_count)
{
    const struct finding_record *f = finding(q, i);
    return f != NULL && one_count(0, v, f->count);
}

GET(finding_detail)
{
    const struct finding_record *f = finding(q, i);
    v->text = f != NULL ? f->detail : (struct bytes){0};
    return f != NULL;
}
