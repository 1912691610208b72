/* A session as JSON, in the words of wsight.report/1. */
#include "ui/report/session_json.h"

#include "analyzer/community_id.h"
#include "decoders/websocket/version.h"
#include "ui/report/address.h"
#include "ui/report/list.h"
#include "ui/report/time_text.h"
#include "ui/report/tls_text.h"

const char *direction_name(enum dir dir)
{
    return dir == DIR_CLIENT_TO_SERVER ? "client_to_server" : "server_to_client";
}

static const char *side_name(int dir)
{
    return dir == DIR_CLIENT_TO_SERVER ? "client" : "server";
}

const char *close_name(const struct registry *r, int code)
{
    return code == CLOSE_CODE_NONE ? "No Status Rcvd" : registry_close_code_name(r, (uint32_t)code);
}

void json_ms(struct json *w, const char *name, int64_t ns, unsigned digits)
{
    json_fixed(w, name, ns, 6, digits - 3);
}

const char *version_status(const struct registry *r, const struct websocket_version *v)
{
    const struct registry_entry *e =
        v->number >= 0 ? registry_version(r, (uint32_t)v->number) : NULL;
    return e != NULL ? e->name : "Unregistered";
}

const char *session_close_name(const struct registry *r, const struct handshake *h, int code)
{
    const struct websocket_version *v = h->protocol;
    if (v != NULL && v->close != VERSION_CLOSE_CODE) {
        return CLOSE_CODELESS;
    }
    const char *name = code == CLOSE_CODE_NONE ? NULL : version_close_code_name(v, code);
    return name != NULL ? name : close_name(r, code);
}

int session_close_code(const struct handshake *h, struct bytes body)
{
    const struct websocket_version *v = h->protocol;
    bool coded = v == NULL || v->close == VERSION_CLOSE_CODE;
    return coded && body.n >= 2 ? be16_at(body, 0) : CLOSE_CODE_NONE;
}

/*--- Connection ---------------------------------------------------------------------------------*/

void json_endpoint(struct json *w, const char *name, const struct endpoint *e, uint8_t family)
{
    char text[ADDRESS_BYTES];
    size_t n = address_text(text, e, family);
    json_object_begin(w, name);
    json_bytes(w, "ip", (struct bytes){(const uint8_t *)text, n});
    json_u64(w, "port", e->port);
    json_end(w);
}

static void json_layers(struct json *w, const struct session *s)
{
    static const char *const names[] = {
        "ethernet", "vlan",   "qinq", "sll",  "null",      "raw",   "pppoe",
        "ppp",      "802.11", "mpls", "gre",  "ipip",      "vxlan", "geneve",
        "gtp-u",    "teredo", "ipv4", "ipv6", "fragments",
    };
    json_array_begin(w, "layers");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (s->connection.layers >> i & 1) {
            json_text(w, NULL, names[i]);
        }
    }
    json_text(w, NULL, "tcp");
    if (s->connection.layers & LAYER_TLS) {
        json_text(w, NULL, "tls");
    }
    if (s->has_handshake) {
        json_text(w, NULL, s->connection.layers & LAYER_HTTP2 ? "h2" : "http/1.1");
    }
    if (s->outcome == OUTCOME_OPEN || s->outcome == OUTCOME_MIDSTREAM) {
        json_text(w, NULL, "websocket");
    }
    json_end(w);
}

static void json_connection(struct json *w, const struct session *s,
                            const struct capture_summary *capture)
{
    const struct connection *c = &s->connection;
    json_endpoint(w, "client", &c->client, c->family);
    json_endpoint(w, "server", &c->server, c->family);
    json_layers(w, s);
    json_array_begin(w, "vlan");
    for (int i = 0; i < 2; i++) {
        if (c->vlan[i] != 0xffff) {
            json_u64(w, NULL, c->vlan[i]);
        }
    }
    json_end(w);
    if (c->http2_stream != 0) {
        json_u64(w, "http2_stream", c->http2_stream);
    }
    if (c->tunnel != 0) {
        json_u64(w, "tunnel", c->tunnel);
    } else {
        json_nothing(w, "tunnel");
    }
    const char *interface =
        c->interface < capture->interfaces_n ? capture->interfaces[c->interface].name : NULL;
    json_text(w, "interface", interface != NULL && *interface != '\0' ? interface : NULL);
}

/*--- Handshake ----------------------------------------------------------------------------------*/

void json_list(struct json *w, const char *name, struct bytes list, struct redactor *secrets)
{
    struct bytes item;
    struct bytes before = {0};
    if (list.p == NULL) {
        json_nothing(w, name);
        return;
    }
    json_array_begin(w, name);
    while (quoted_list_next(&list, &item)) {
        json_bytes(w, NULL, secrets != NULL ? redact_subprotocol(secrets, item, before) : item);
        before = item;
    }
    json_end(w);
}

static void json_redacted(struct json *w, const char *name, struct bytes text, struct redactor *r)
{
    if (text.p == NULL) {
        json_nothing(w, name);
    } else {
        json_bytes(w, name, redact_text(r, text));
    }
}

void json_version_members(struct json *w, const struct websocket_version *v,
                          const struct registry *r)
{
    if (v->number >= 0) {
        json_i64(w, "version", v->number);
    } else {
        json_nothing(w, "version");
    }
    json_text(w, "draft", v->draft);
    json_text(w, "status", version_status(r, v));
}

void json_protocol(struct json *w, const struct session *s, const struct registry *r)
{
    const struct websocket_version *v = s->handshake.protocol;
    if (v == NULL) {
        json_nothing(w, "protocol");
        return;
    }
    json_object_begin(w, "protocol");
    json_version_members(w, v, r);
    json_text(w, "spoken_by", v->spoken_by);
    json_end(w);
}

static void json_channels(struct json *w, const struct session *s)
{
    static const char *const dropped[] = {NULL, "client", "server"};
    json_array_begin(w, "channels");
    for (const struct channel_record *r = s->channels; r != NULL; r = r->next) {
        const struct mux_channel *c = &r->channel;
        json_object_begin(w, NULL);
        json_u64(w, "id", c->id);
        json_bytes_or_null(w, "target", c->target.n > 0 ? c->target : (struct bytes){0});
        for (int dir = 0; dir < 2; dir++) {
            json_object_begin(w, direction_name((enum dir)dir));
            json_u64(w, "frames", c->frames[dir]);
            json_u64(w, "payload_bytes", c->bytes[dir]);
            json_end(w);
        }
        if (c->dropped == MUX_NOT_DROPPED) {
            json_nothing(w, "dropped_by");
        } else {
            json_text(w, "dropped_by", dropped[c->dropped]);
        }
        if (c->drop_code == CLOSE_CODE_NONE) {
            json_nothing(w, "drop_code");
        } else {
            json_i64(w, "drop_code", c->drop_code);
        }
        json_end(w);
    }
    json_end(w);
}

static void json_request(struct json *w, const struct handshake *h, const struct json_style *style)
{
    struct redactor *r = style->redactor;
    json_bytes_or_null(w, "method", h->method);
    json_redacted(w, "target", h->target, r);
    json_redacted(w, "host", h->host, r);
    json_redacted(w, "origin", h->origin, r);
    json_redacted(w, "user_agent", h->user_agent, r);
    json_bytes_or_null(w, "key", h->key);
    if (h->version >= 0) {
        json_i64(w, "version", h->version);
    } else {
        json_nothing(w, "version");
    }
    json_bytes_or_null(w, "version_text", h->version_text);
    json_list(w, "offered_subprotocols", h->offered_subprotocols, r);
    json_list(w, "offered_extensions", h->offered_extensions, NULL);
    json_bool(w, "has_cookie", h->has_cookie);
    json_bool(w, "has_authorization", h->has_authorization);
    json_bool(w, "through_proxy", h->through_proxy);
}

static void json_response(struct json *w, const struct handshake *h, const struct json_style *style)
{
    struct redactor *r = style->redactor;
    if (h->status != 0) {
        json_i64(w, "status", h->status);
    } else {
        json_nothing(w, "status");
    }
    json_redacted(w, "reason", h->reason, r);
    json_redacted(w, "server", h->server, r);
    json_bytes_or_null(w, "accept", h->accept);
    if (h->accept_state == ACCEPT_NOT_SEEN) {
        json_nothing(w, "accept_ok");
    } else {
        json_bool(w, "accept_ok", h->accept_state == ACCEPT_OK);
    }
    json_list(w, "supported_versions", h->supported_versions, NULL);
    if (h->subprotocol.p == NULL) {
        json_nothing(w, "subprotocol");
    } else {
        json_bytes(w, "subprotocol", redact_chosen(r, h));
    }
    json_list(w, "extensions", h->extensions, NULL);
}

static void json_when(struct json *w, const char *time_name, const char *packet_name, int64_t ts,
                      uint64_t pkt, unsigned digits)
{
    if (pkt == 0) {
        json_nothing(w, time_name);
        json_nothing(w, packet_name);
    } else {
        json_time(w, time_name, ts, digits);
        json_u64(w, packet_name, pkt);
    }
}

void json_handshake(struct json *w, const char *name, const struct handshake *h,
                    const struct json_style *style)
{
    unsigned digits = style->capture->digits;
    json_object_begin(w, name);
    json_request(w, h, style);
    json_response(w, h, style);
    json_when(w, "request_time", "request_packet", h->request_ts, h->request_pkt, digits);
    json_when(w, "response_time", "response_packet", h->response_ts, h->response_pkt, digits);
    json_end(w);
}

/*--- Directions ---------------------------------------------------------------------------------*/

static void json_opcodes(struct json *w, const uint64_t opcodes[16])
{
    uint64_t reserved = 0;
    for (int i = 3; i < 16; i++) {
        reserved += i < 8 || i > 10 ? opcodes[i] : 0;
    }
    json_object_begin(w, "opcodes");
    json_u64(w, "text", opcodes[1]);
    json_u64(w, "binary", opcodes[2]);
    json_u64(w, "continuation", opcodes[0]);
    json_u64(w, "ping", opcodes[9]);
    json_u64(w, "pong", opcodes[10]);
    json_u64(w, "close", opcodes[8]);
    json_u64(w, "reserved", reserved);
    json_end(w);
}

void json_direction_counts(struct json *w, const struct direction_counts *d)
{
    json_u64(w, "frames", d->frames);
    json_opcodes(w, d->opcodes);
    json_u64(w, "masked", d->masked);
    json_u64(w, "unmasked", direction_unmasked(d));
    json_object_begin(w, "messages");
    json_u64(w, "text", d->text);
    json_u64(w, "binary", d->binary);
    json_end(w);
    json_u64(w, "fragmented", d->fragmented);
    json_u64(w, "compressed", d->compressed);
    json_u64(w, "payload_bytes", d->payload_bytes);
    json_u64(w, "message_bytes", d->message_bytes);
    json_u64(w, "overhead_bytes", d->overhead_bytes);
    json_u64(w, "compressed_wire_bytes", d->compressed_wire_bytes);
    json_u64(w, "compressed_message_bytes", d->compressed_message_bytes);
    json_ratio(w, "compression_ratio", d->compressed_wire_bytes, d->compressed_message_bytes);
    json_u64(w, "damaged", d->damaged);
    json_u64(w, "unfinished", d->unfinished);
    json_u64(w, "not_inflated", d->not_inflated);
    json_u64(w, "raw", d->raw);
}

void json_tcp_counts(struct json *w, const char *name, const struct tcp_counts *t)
{
    json_object_begin(w, name);
    json_u64(w, "packets", t->packets);
    json_u64(w, "bytes", t->bytes);
    json_u64(w, "retransmitted", t->retransmitted);
    json_u64(w, "out_of_order", t->out_of_order);
    json_u64(w, "gaps", t->gaps);
    json_u64(w, "lost_bytes", t->lost_bytes);
    json_end(w);
}

void json_close(struct json *w, const char *name, const struct session *s, int dir,
                const struct json_style *style)
{
    const struct close_record *c = &s->close[dir];
    if (!c->seen) {
        json_nothing(w, name);
        return;
    }
    json_object_begin(w, name);
    if (c->code == CLOSE_CODE_NONE) {
        json_nothing(w, "code");
    } else {
        json_i64(w, "code", c->code);
    }
    json_text(w, "name", session_close_name(style->registry, &s->handshake, c->code));
    json_bytes(w, "reason", c->reason);
    json_time(w, "time", c->ts, style->capture->digits);
    json_u64(w, "packet", c->pkt);
    json_end(w);
}

static void json_direction(struct json *w, const struct session *s, int dir,
                           const struct json_style *style)
{
    json_object_begin(w, direction_name((enum dir)dir));
    json_direction_counts(w, &s->dir[dir]);
    if (s->digest[dir] != NULL) {
        json_hex(w, "messages_sha256", (struct bytes){s->digest[dir], MESSAGES_DIGEST_BYTES});
    } else {
        json_nothing(w, "messages_sha256");
    }
    json_close(w, "close", s, dir, style);
    json_tcp_counts(w, "tcp", &s->end.tcp[dir]);
    json_end(w);
}

/*--- The end, round trips, findings -------------------------------------------------------------*/

void json_ending(struct json *w, const char *name, const struct session *s)
{
    static const char *const tcp_names[] = {
        [END_OPEN] = "open", [END_FIN] = "fin",           [END_RESET] = "reset",
        [END_IDLE] = "idle", [END_REPLACED] = "replaced", [END_EVICTED] = "evicted"};
    enum close_how how = session_close_how(s);
    int first = session_close_first(s);
    json_object_begin(w, name);
    json_text(w, "first", first < 0 ? NULL : side_name(first));
    json_bool(w, "clean", how == CLOSE_CLEAN);
    json_text(w, "how", close_how_name(how));
    if (s->close[0].seen && s->close[1].seen) {
        int64_t first_ts = s->close[first].ts;
        json_fixed(w, "answer_time", time_between(first_ts, s->close[1 - first].ts), 9, 6);
    } else {
        json_nothing(w, "answer_time");
    }
    json_text(w, "tcp", tcp_names[s->end.how]);
    json_text(w, "tcp_first", s->end.first_fin < 0 ? NULL : side_name(s->end.first_fin));
    json_end(w);
}

void json_rtt(struct json *w, const char *name, const struct rtt_counts *r, unsigned digits)
{
    if (r->count == 0) {
        json_nothing(w, name);
        return;
    }
    json_object_begin(w, name);
    json_u64(w, "count", r->count);
    json_ms(w, "min_ms", r->min, digits);
    json_ms(w, "avg_ms", r->sum / (int64_t)r->count, digits);
    json_ms(w, "max_ms", r->max, digits);
    json_ms(w, "sum_ms", r->sum, digits);
    json_end(w);
}

static void json_session_rtt(struct json *w, const struct session *s, unsigned digits)
{
    json_object_begin(w, "rtt");
    json_rtt(w, "client_to_server", &s->rtt[0], digits);
    json_rtt(w, "server_to_client", &s->rtt[1], digits);
    if (s->connection.syn_rtt >= 0) {
        json_ms(w, "tcp_handshake_ms", s->connection.syn_rtt, digits);
    } else {
        json_nothing(w, "tcp_handshake_ms");
    }
    json_end(w);
}

void json_finding_kind(struct json *w, enum finding_id id)
{
    const struct finding_kind *kind = finding_kind(id);
    json_text(w, "id", kind->id);
    json_text(w, "severity", finding_severity_name(kind->severity));
    json_text(w, "class", finding_class_name(kind->class));
    json_text(w, "section", *kind->section != '\0' ? kind->section : NULL);
    json_text(w, "text", kind->sentence);
}

void json_finding(struct json *w, const struct finding_record *r, const struct json_style *style)
{
    json_object_begin(w, NULL);
    json_finding_kind(w, r->id);
    json_text(w, "direction", direction_name(r->dir));
    json_time(w, "time", r->ts, style->capture->digits);
    json_u64(w, "packet", r->pkt);
    if (r->detail.n > 0) {
        json_bytes(w, "detail", redact_text(style->redactor, r->detail));
    } else {
        json_nothing(w, "detail");
    }
    json_u64(w, "count", r->count);
    json_end(w);
}

/*--- The session --------------------------------------------------------------------------------*/

/*--- TLS ----------------------------------------------------------------------------------------*/

/* What is known of the TLS connection, as members of an object. */
static void json_tls_members(struct json *w, const struct tls_hello *tls)
{
    char number[TLS_NUMBER_BYTES];
    json_bytes_or_null(w, "sni", tls->sni);
    json_list(w, "alpn", tls->alpn, NULL);
    json_text(w, "version", tls_version_name(tls->version));
    json_text(w, "cipher", tls->cipher != 0 ? tls_cipher_name(tls->cipher, number) : NULL);
    json_bytes_or_null(w, "ja4", tls->ja4);
    json_bytes_or_null(w, "certificate", tls->certificate);
    json_bool(w, "decrypted", tls->why_not == TLS_WHY_DECRYPTED);
    json_text(w, "why_not", tls_why_not_name(tls->why_not));
}

void json_session(struct json *w, const struct session *s, const struct json_style *style)
{
    unsigned digits = style->capture->digits;
    char id[COMMUNITY_ID_BYTES];
    community_id(&s->connection, id);
    json_object_begin(w, NULL);
    json_u64(w, "id", s->id);
    json_text(w, "community_id", id);
    json_text(w, "outcome", outcome_name(s->outcome));
    json_connection(w, s, style->capture);
    json_time(w, "started", s->started, digits);
    json_time(w, "ended", s->last_ts, digits);
    json_fixed(w, "duration", time_between(s->started, s->last_ts), 9, digits);
    if (s->has_handshake) {
        json_handshake(w, "handshake", &s->handshake, style);
    } else {
        json_nothing(w, "handshake");
    }
    json_protocol(w, s, style->registry);
    if (s->channels != NULL) {
        json_channels(w, s);
    }
    if (s->has_tls) {
        json_object_begin(w, "tls");
        json_tls_members(w, &s->tls);
        json_end(w);
    }
    if (s->outcome == OUTCOME_MIDSTREAM) {
        json_i64(w, "confidence", s->confidence);
    } else {
        json_nothing(w, "confidence");
    }
    json_direction(w, s, DIR_CLIENT_TO_SERVER, style);
    json_direction(w, s, DIR_SERVER_TO_CLIENT, style);
    json_ending(w, "close", s);
    json_session_rtt(w, s, digits);
    json_array_begin(w, "findings");
    for (uint32_t i = 0; i < s->finding_count; i++) {
        json_finding(w, &s->findings[i], style);
    }
    json_end(w);
    json_u64(w, "findings_left_out", s->findings_left_out);
    json_end(w);
}

void json_tls(struct json *w, const char *name, const struct session *s,
              const struct json_style *style)
{
    unsigned digits = style->capture->digits;
    char id[COMMUNITY_ID_BYTES];
    community_id(&s->connection, id);
    json_object_begin(w, name);
    json_u64(w, "session", s->id);
    json_text(w, "community_id", id);
    json_endpoint(w, "client", &s->connection.client, s->connection.family);
    json_endpoint(w, "server", &s->connection.server, s->connection.family);
    json_tls_members(w, &s->tls);
    json_time(w, "started", s->started, digits);
    json_time(w, "ended", s->last_ts, digits);
    json_u64(w, "client_to_server_bytes", s->end.tcp[0].bytes);
    json_u64(w, "server_to_client_bytes", s->end.tcp[1].bytes);
    json_end(w);
}
