/*
 * The opening handshake of WebSocket (RFC 6455 section 4): checks H1 to H16 of the request and S1
 * to S12 of the answer, each a finding of its own.
 */
#include "upgrade.h"

#include "exposure.h"
#include "memory.h"
#include "negotiate.h"
#include "old_handshake.h"

#include <stdlib.h>

#define UNIQUE_MAX 64 /* subprotocols that are compared with each other */

/* A handshake under way. The texts of h point into bytes: a copy of the request's head, and behind
 * it the room for header fields that came in several lines. */
struct upgrade {
    struct handshake h;
    struct bytes key_text; /* what the key's hash is of: the first line's value */
    unsigned key_lines;
    bool key_valid;
    struct old_keys old;
    bool has_upgrade;    /* the request named websocket in Upgrade */
    bool has_connection; /* ... and Upgrade in Connection */
    bool http2;
    char accept[ACCEPT_TEXT_BYTES + 1];
    uint64_t key_hash;
    int64_t early_ts; /* 0: no early bytes */
    uint64_t early_pkt;
    size_t head_bytes;
    uint8_t bytes[];
};

static void request_finding(struct stream *s, enum finding_id id, const char *detail)
{
    stream_finding(s, DIR_CLIENT_TO_SERVER, id, detail != NULL ? "%s" : NULL, detail);
}

static void answer_finding(struct stream *s, enum finding_id id, const char *detail)
{
    stream_finding(s, DIR_SERVER_TO_CLIENT, id, detail != NULL ? "%s" : NULL, detail);
}

static struct upgrade_memory *memory_of(const struct stream *s)
{
    return stream_shared(s)->upgrades;
}

bool upgrade_is_request(const struct http_head *request)
{
    return fields_have(&request->fields, FIELD_WS_KEY) ||
           (fields_have(&request->fields, FIELD_UPGRADE) &&
            list_has(fields_last(&request->fields, FIELD_UPGRADE), "websocket"));
}

/* ---- The request ---- */

/* H1 to H6. */
static void check_request_head(struct stream *s, const struct http_head *r, struct upgrade *u)
{
    const struct fields *f = &r->fields;
    if (r->major >= 2) {
        return; /* who follows HTTP/2 knows its own rules */
    }
    if (!bytes_equal(r->method, bytes_of("GET"))) {
        stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_HANDSHAKE_METHOD, "%.*s",
                       (int)(r->method.n < 40 ? r->method.n : 40), (const char *)r->method.p);
    }
    if (r->major < 1 || (r->major == 1 && r->minor < 1)) {
        stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_HANDSHAKE_HTTP_VERSION, "HTTP/%d.%d",
                       r->major, r->minor);
    }
    if (f->count[FIELD_HOST] != 1) {
        request_finding(s, FINDING_HANDSHAKE_HOST,
                        f->count[FIELD_HOST] == 0 ? "it is missing" : "it appears more than once");
    }
    if (!u->has_upgrade) {
        request_finding(s, FINDING_HANDSHAKE_UPGRADE,
                        fields_have(f, FIELD_UPGRADE) ? NULL : "it is missing");
    }
    if (!u->has_connection) {
        request_finding(s, FINDING_HANDSHAKE_CONNECTION,
                        fields_have(f, FIELD_CONNECTION) ? NULL : "it is missing");
    }
    if (f->malformed) {
        request_finding(s, FINDING_HTTP_MALFORMED, "a line of the head has no name");
    }
}

/* H3: a path, or an http or https URI that names the host; and no fragment. */
static void check_target(struct stream *s, const struct handshake *h)
{
    struct uri uri;
    const char *wrong = NULL;
    if (bytes_find(h->target, '#') < h->target.n) {
        wrong = "it has a fragment";
    } else if (h->target.n > 0 && h->target.p[0] == '/') {
        return;
    } else if (!uri_read(&uri, h->target)) {
        wrong = "it is neither a path nor a URI";
    } else if (!bytes_equal_nocase(uri.scheme, bytes_of("http")) &&
               !bytes_equal_nocase(uri.scheme, bytes_of("https"))) {
        wrong = "its scheme is neither http nor https";
    } else if (h->host.p != NULL && !uri_is_host(&uri, h->host)) {
        wrong = "it names another host than Host";
    }
    if (wrong != NULL) {
        request_finding(s, FINDING_HANDSHAKE_TARGET, wrong);
    }
}

static bool is_base64_byte(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

/* Base64 of 16 bytes; the spare bits of the last digit may be set, as in the RFC's own example. */
static bool is_key(struct bytes key)
{
    if (key.n != 24 || key.p[22] != '=' || key.p[23] != '=') {
        return false;
    }
    for (size_t i = 0; i < 22; i++) {
        if (!is_base64_byte(key.p[i])) {
            return false;
        }
    }
    return true;
}

/* H7 to H9. The key itself is never shown. */
static void check_key(struct stream *s, struct upgrade *u)
{
    u->key_valid = is_key(u->key_text);
    if (!u->key_valid) {
        request_finding(s, FINDING_HANDSHAKE_KEY,
                        u->key_text.p == NULL ? "it is missing" : "it does not decode to 16 bytes");
    }
    if (u->key_lines > 1) {
        request_finding(s, FINDING_HANDSHAKE_KEY_TWICE, NULL);
    }
    if (u->key_text.p == NULL) {
        return;
    }
    u->key_hash = upgrade_accept_text(memory_of(s), u->key_text, u->accept);
    if (upgrade_key_seen(memory_of(s), u->key_hash)) {
        request_finding(s, FINDING_HANDSHAKE_KEY_REPEATED, NULL);
    }
}

/* 0 to 255 without a leading zero (RFC 6455 section 4.3), or -1. */
static int version_number(struct bytes text)
{
    uint64_t n = 0;
    if (!bytes_to_u64(text, &n) || n > 255 || (text.n > 1 && text.p[0] == '0')) {
        return -1;
    }
    return (int)n;
}

/* Before RFC 6455: which version it was, whose rules count. */
static void tell_version(struct stream *s, const struct websocket_version *v)
{
    bool reserved = v->number >= 9 && v->number <= 12;
    if (reserved) {
        stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_VERSION_RESERVED, "version %d", v->number);
    } else if (v->number != 13) {
        stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_VERSION_DRAFT, "%s", v->draft);
    }
}

/* H10. */
static void check_version(struct stream *s, const struct fields *f, const struct handshake *h)
{
    if (!fields_have(f, FIELD_WS_VERSION)) {
        request_finding(s, FINDING_HANDSHAKE_VERSION, "it is missing");
    } else if (f->count[FIELD_WS_VERSION] > 1) {
        request_finding(s, FINDING_HANDSHAKE_VERSION, "it appears more than once");
    } else if (h->version < 0) {
        request_finding(s, FINDING_HANDSHAKE_VERSION, "it is not a number from 0 to 255");
    } else if (h->protocol == NULL) {
        stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_HANDSHAKE_VERSION, "version %d",
                       h->version);
    }
}

/* H12. What the names are is not shown: some are tokens. */
static void check_offered_subprotocols(struct stream *s, struct bytes list)
{
    struct bytes seen[UNIQUE_MAX];
    struct bytes name;
    unsigned n = 0;
    if (list.p == NULL) {
        return;
    }
    while (list_next(&list, &name)) {
        if (!is_token(name)) {
            stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_HANDSHAKE_PROTOCOL,
                           "name %u is not a token", n + 1);
            return;
        }
        for (unsigned i = 0; i < n && i < UNIQUE_MAX; i++) {
            if (bytes_equal(seen[i], name)) {
                stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_HANDSHAKE_PROTOCOL,
                               "name %u is the same as name %u", n + 1, i + 1);
                return;
            }
        }
        if (n < UNIQUE_MAX) {
            seen[n] = name;
        }
        n++;
    }
    if (n == 0) {
        request_finding(s, FINDING_HANDSHAKE_PROTOCOL, "it is empty");
    }
}

/* The two that IANA has registered (WebSocket Extension Name Registry). */
static bool is_registered_extension(struct bytes name)
{
    return bytes_equal(name, bytes_of("permessage-deflate")) ||
           bytes_equal(name, bytes_of("bbf-usp-protocol"));
}

/* H13 and H15. */
static void check_offered_extensions(struct stream *s, struct bytes list)
{
    struct extension e;
    unsigned n = 0;
    bool unregistered = false;
    if (list.p == NULL) {
        return;
    }
    while (extension_list_next(&list, &e)) {
        n++;
        if (e.bad) {
            stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_HANDSHAKE_EXTENSIONS, "extension %u",
                           n);
            return;
        }
        if (!unregistered && !is_registered_extension(e.name)) {
            stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_HANDSHAKE_EXTENSION_UNREGISTERED,
                           "%.*s", (int)(e.name.n < 80 ? e.name.n : 80), (const char *)e.name.p);
            unregistered = true;
        }
    }
    if (n == 0) {
        request_finding(s, FINDING_HANDSHAKE_EXTENSIONS, "it is empty");
    }
}

/* A view into `from` as the same view into its copy. */
static struct bytes moved(struct bytes view, struct bytes from, const uint8_t *copy)
{
    if (view.p == NULL) {
        return view;
    }
    return (struct bytes){copy + (view.p - from.p), view.n};
}

/* Fills in the texts of the request; they point into the copy. */
static void read_request(struct upgrade *u, const struct http_head *r, struct fields *f)
{
    struct handshake *h = &u->h;
    struct field_room room = {u->bytes + r->whole.n, f->lines.n};
    f->lines = moved(f->lines, r->whole, u->bytes);
    for (int id = 0; id < FIELD_ID_COUNT; id++) {
        f->value[id] = moved(f->value[id], r->whole, u->bytes);
    }
    h->method = moved(r->method, r->whole, u->bytes);
    h->target = moved(r->target, r->whole, u->bytes);
    h->host = fields_value(f, FIELD_HOST, &room);
    h->origin = fields_value(f, FIELD_ORIGIN, &room);
    if (h->origin.p == NULL) { /* its name before version 13 */
        h->origin = fields_value(f, FIELD_WS_ORIGIN, &room);
    }
    h->user_agent = fields_value(f, FIELD_USER_AGENT, &room);
    h->key = fields_value(f, FIELD_WS_KEY, &room);
    h->version_text = fields_value(f, FIELD_WS_VERSION, &room);
    h->offered_subprotocols = fields_value(f, FIELD_WS_PROTOCOL, &room);
    h->offered_extensions = fields_value(f, FIELD_WS_EXTENSIONS, &room);
    h->has_cookie = fields_have(f, FIELD_COOKIE);
    h->has_authorization = fields_have(f, FIELD_AUTHORIZATION);
    u->key_text = f->value[FIELD_WS_KEY];
    u->key_lines = f->count[FIELD_WS_KEY];
    u->has_upgrade = list_has(fields_value(f, FIELD_UPGRADE, &room), "websocket");
    u->has_connection = list_has(fields_value(f, FIELD_CONNECTION, &room), "upgrade");
    u->h.accept_state = ACCEPT_NOT_SEEN;
    h->version = version_number(f->value[FIELD_WS_VERSION]);
    h->protocol = r->major >= 2 ? websocket_version(13) : old_version_of_request(f, h->version);
    if (old_is_keyed(h->protocol)) {
        h->version = h->protocol->number;
        old_keys_read(&u->old, f);
    }
    if (h->protocol != NULL && h->protocol->handshake <= VERSION_HANDSHAKE_KEYS) {
        h->offered_subprotocols = old_subprotocols(f, h->offered_subprotocols, &room);
    }
}

static void check_request(struct stream *s, const struct http_head *r, struct fields *f,
                          struct upgrade *u)
{
    check_request_head(s, r, u);
    check_target(s, &u->h);
    if (u->h.protocol != NULL) {
        tell_version(s, u->h.protocol);
    }
    if (u->http2) { /* RFC 8441 section 5: it has no key */
        check_version(s, f, &u->h);
    } else if (u->h.protocol == NULL || u->h.protocol->handshake >= VERSION_HANDSHAKE_NONCE) {
        check_key(s, u);
        check_version(s, f, &u->h);
    } else {
        old_keys_check(s, &u->old, u->h.protocol);
    }
    check_offered_subprotocols(s, u->h.offered_subprotocols);
    check_offered_extensions(s, u->h.offered_extensions);
    if (r->major < 2 && upgrade_connecting(memory_of(s), stream_connection(s))) {
        request_finding(s, FINDING_HANDSHAKE_CONCURRENT, NULL);
    }
    exposure_check(s, &u->h);
}

static void begin_session(struct stream *s)
{
    if (stream_session(s) != 0) {
        stream_end_session(s);
    }
    stream_begin_session(s, SESSION_UPGRADE, 100);
}

struct upgrade *upgrade_new(struct stream *s, const struct http_head *request, bool through_proxy)
{
    /* The copy, and room for joined fields: one is never longer than the lines it came in. */
    struct upgrade *u = malloc(sizeof *u + 2 * request->whole.n);
    struct fields f = request->fields;
    if (u == NULL) {
        return NULL;
    }
    memset(u, 0, sizeof *u);
    memcpy(u->bytes, request->whole.p, request->whole.n);
    u->head_bytes = request->whole.n;
    read_request(u, request, &f);
    u->h.through_proxy = through_proxy;
    u->http2 = request->major >= 2;
    u->h.request_ts = stream_ts(s);
    u->h.request_pkt = stream_pkt(s);
    if (stream_options(s)->heads) {
        u->h.request_head = (struct bytes){u->bytes, u->head_bytes};
    }
    begin_session(s);
    check_request(s, request, &f, u);
    return u;
}

bool upgrade_has_key3(const struct upgrade *u)
{
    return u != NULL && old_is_keyed(u->h.protocol);
}

void upgrade_key3(struct upgrade *u, struct bytes key3)
{
    if (u != NULL && key3.n == KEY3_BYTES) {
        memcpy(u->old.key3, key3.p, KEY3_BYTES);
        u->old.has_key3 = true;
    }
}

void upgrade_note_early(struct upgrade *u, int64_t ts, uint64_t pkt)
{
    if (u->early_ts == 0) {
        u->early_ts = ts;
        u->early_pkt = pkt;
    }
}

/* ---- The answer ---- */

/* S4. */
static void check_accept(struct stream *s, const struct upgrade *u, const struct fields *f,
                         struct handshake *h)
{
    const char *wrong = NULL;
    struct bytes accept = f->value[FIELD_WS_ACCEPT];
    if (accept.p == NULL) {
        wrong = "it is missing";
    } else if (f->count[FIELD_WS_ACCEPT] > 1) {
        wrong = "it appears more than once";
    } else if (u->key_text.p == NULL) {
        wrong = "the request had no key";
    } else if (!bytes_equal(accept, bytes_of(u->accept))) {
        wrong = "it does not answer the key";
    }
    h->accept_state = wrong == NULL ? ACCEPT_OK : accept.p != NULL ? ACCEPT_WRONG : ACCEPT_NOT_SEEN;
    if (wrong != NULL) {
        answer_finding(s, FINDING_RESPONSE_ACCEPT, wrong);
    }
}

/* S7, S8 and S11. */
static void check_subprotocol(struct stream *s, const struct fields *f, const struct handshake *h,
                              bool offer_seen)
{
    struct bytes offered = h->offered_subprotocols;
    struct bytes name;
    if (h->subprotocol.p == NULL) {
        if (offered.n > 0) {
            answer_finding(s, FINDING_RESPONSE_PROTOCOL_NONE, NULL);
        }
        return;
    }
    if (h->subprotocol.n == 0) {
        answer_finding(s, FINDING_RESPONSE_PROTOCOL_EMPTY, NULL);
        return;
    }
    if (f->count[FIELD_WS_PROTOCOL] > 1 || !is_token(h->subprotocol)) {
        answer_finding(s, FINDING_RESPONSE_PROTOCOL, "it is not one name");
        return;
    }
    while (offer_seen && list_next(&offered, &name)) {
        if (bytes_equal(name, h->subprotocol)) {
            return;
        }
    }
    if (offer_seen) {
        bool secret = subprotocol_is_secret(h->subprotocol, (struct bytes){0});
        name = secret ? bytes_of("it") : bytes_part(h->subprotocol, 0, 80);
        stream_finding(s, DIR_SERVER_TO_CLIENT, FINDING_RESPONSE_PROTOCOL, "%.*s was not offered",
                       (int)name.n, (const char *)name.p);
    }
}

/* S2, S3 and S12. */
static void check_switching(struct stream *s, const struct fields *f, struct field_room *room)
{
    if (!bytes_equal_nocase(fields_value(f, FIELD_UPGRADE, room), bytes_of("websocket"))) {
        answer_finding(s, FINDING_RESPONSE_UPGRADE,
                       fields_have(f, FIELD_UPGRADE) ? NULL : "it is missing");
    }
    if (!list_has(fields_value(f, FIELD_CONNECTION, room), "upgrade")) {
        answer_finding(s, FINDING_RESPONSE_CONNECTION,
                       fields_have(f, FIELD_CONNECTION) ? NULL : "it is missing");
    }
    if (fields_have(f, FIELD_CONTENT_LENGTH) || fields_have(f, FIELD_TRANSFER_ENCODING)) {
        answer_finding(s, FINDING_RESPONSE_BODY_HEADERS, NULL);
    }
    if (f->malformed) {
        answer_finding(s, FINDING_HTTP_MALFORMED, "a line of the head has no name");
    }
}

/* S1 and S10. */
static void check_refusal(struct stream *s, const struct upgrade *u, const struct handshake *h)
{
    stream_finding(s, DIR_SERVER_TO_CLIENT, FINDING_HANDSHAKE_REFUSED, "status %d", h->status);
    bool current = h->version == 13 || (h->protocol != NULL && h->protocol->number <= 8);
    bool about_version =
        h->status == 426 ? u->has_upgrade || !current : h->status >= 400 && !current;
    if (about_version && h->supported_versions.p == NULL) {
        stream_finding(s, DIR_SERVER_TO_CLIENT, FINDING_RESPONSE_VERSIONS_MISSING, "status %d",
                       h->status);
    }
}

/* H14. */
static void check_early(struct stream *s, const struct upgrade *u)
{
    if (u->early_ts != 0 && u->early_ts < stream_ts(s)) {
        stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_HANDSHAKE_EARLY_DATA, "in packet %llu",
                       (unsigned long long)u->early_pkt);
    }
}

/* Does the answer fit the request? By the rules of the version that both speak. */
static void check_answer(struct stream *s, const struct upgrade *u, const struct http_head *r,
                         struct bytes behind, struct handshake *h)
{
    check_early(s, u);
    if (u->http2) {
        return;
    }
    if (h->protocol == NULL || h->protocol->handshake >= VERSION_HANDSHAKE_NONCE) {
        check_accept(s, u, &r->fields, h);
        return;
    }
    old_check_origin(s, &r->fields, h);
    if (old_is_keyed(h->protocol)) {
        h->accept_state = old_keys_check_answer(s, &u->old, behind);
    }
}

/* What WebSocket has to know of the handshake. */
static void set_up(struct stream *s, const struct upgrade *u, const struct fields *f,
                   const struct handshake *h, struct websocket_setup *setup)
{
    *setup = (struct websocket_setup){.version = h->protocol != NULL ? h->protocol->number : 13,
                                      .unsure = old_is_keyed(h->protocol) || h->protocol == NULL};
    setup->unsure = setup->unsure && (u == NULL || h->protocol != NULL);
    if (h->protocol != NULL && h->protocol->handshake == VERSION_HANDSHAKE_NONCE) {
        old_connection_key_read(s, f, u != NULL ? u->key_text : (struct bytes){0}, setup);
    }
}

/* Is what follows WebSocket, of a version that can be read? */
static enum upgrade_outcome outcome_of_switch(const struct upgrade *u, const struct handshake *h)
{
    const struct websocket_version *v = h->protocol;
    if (u != NULL && u->http2) {
        return UPGRADE_WEBSOCKET;
    }
    if (u == NULL) {
        return v != NULL || h->accept.p != NULL ? UPGRADE_WEBSOCKET : UPGRADE_UNKNOWN;
    }
    bool spoken = v != NULL && (v->number <= 8 || v->number == 13);
    return spoken || h->accept_state == ACCEPT_OK ? UPGRADE_WEBSOCKET : UPGRADE_UNKNOWN;
}

static enum upgrade_outcome check_switch(struct stream *s, const struct upgrade *u,
                                         const struct http_head *r, struct bytes behind,
                                         struct field_room *room, struct handshake *h,
                                         struct websocket_setup *setup)
{
    bool request_seen = u != NULL;
    if (r->major < 2) {
        check_switching(s, &r->fields, room);
        h->protocol = old_version_of_answer(h->protocol, &r->fields, request_seen);
    }
    if (!request_seen && h->protocol != NULL) {
        h->version = h->protocol->number;
        tell_version(s, h->protocol);
    }
    if (request_seen) {
        check_answer(s, u, r, behind, h);
    }
    check_subprotocol(s, &r->fields, h, request_seen);
    if (r->fields.count[FIELD_WS_EXTENSIONS] > 1) {
        answer_finding(s, FINDING_RESPONSE_EXTENSIONS_TWICE, NULL);
    }
    set_up(s, u, &r->fields, h, setup);
    negotiate_extensions(s, h->offered_extensions, request_seen, h->extensions, setup);
    return outcome_of_switch(u, h);
}

size_t upgrade_answer_behind(const struct upgrade *u, const struct http_head *response)
{
    const struct websocket_version *asked = u != NULL ? u->h.protocol : NULL;
    const struct websocket_version *v =
        response->status == 101 ? old_version_of_answer(asked, &response->fields, u != NULL) : NULL;
    return old_is_keyed(v) ? KEYS_ANSWER_BYTES : 0;
}

static void read_answer(struct stream *s, const struct http_head *r, struct field_room *room,
                        struct handshake *h)
{
    const struct fields *f = &r->fields;
    h->status = r->status;
    h->reason = r->reason;
    h->server = fields_value(f, FIELD_SERVER, room);
    h->accept = fields_value(f, FIELD_WS_ACCEPT, room);
    h->supported_versions = fields_value(f, FIELD_WS_VERSION, room);
    h->subprotocol = fields_value(f, FIELD_WS_PROTOCOL, room);
    if (h->subprotocol.p == NULL) { /* its name in hixie-75 */
        h->subprotocol = fields_value(f, FIELD_OLD_PROTOCOL, room);
    }
    h->extensions = fields_value(f, FIELD_WS_EXTENSIONS, room);
    h->response_ts = stream_ts(s);
    h->response_pkt = stream_pkt(s);
    if (stream_options(s)->heads) {
        h->response_head = r->whole;
    }
}

/* The handshake is over, answered or not. */
static void finish(struct stream *s, struct upgrade *u, const struct handshake *h)
{
    struct event e = {.type = EVENT_HANDSHAKE, .handshake = h};
    stream_emit(s, &e);
    if (u != NULL) {
        if (!u->http2) {
            upgrade_connected(memory_of(s), stream_connection(s));
            upgrade_key_done(memory_of(s), u->key_hash);
        }
        free(u);
    }
}

enum upgrade_outcome upgrade_answer(struct stream *s, struct upgrade *u,
                                    const struct http_head *response, struct bytes behind,
                                    bool through_proxy, struct websocket_setup *setup)
{
    struct handshake unseen = {.version = -1, .through_proxy = through_proxy};
    struct handshake *h = u != NULL ? &u->h : &unseen;
    struct field_room room = {stream_shared(s)->scratch, STREAM_SCRATCH_BYTES};
    enum upgrade_outcome outcome = UPGRADE_REFUSED;
    if (u == NULL) {
        begin_session(s);
    }
    read_answer(s, response, &room, h);
    /* As the request was made: an answer's line may name any version. */
    bool http2 = u != NULL && u->http2;
    bool accepted = http2 ? response->status / 100 == 2 : response->status == 101;
    if (accepted) {
        outcome = check_switch(s, u, response, behind, &room, h, setup);
    } else if (u != NULL) {
        check_refusal(s, u, h);
    }
    finish(s, u, h);
    return outcome;
}

bool upgrade_frames_are_known(const struct upgrade *u)
{
    return u->h.protocol == NULL || u->h.protocol->framing == &framing_rfc6455;
}

void upgrade_went_on(struct stream *s, struct upgrade *u, struct websocket_setup *setup)
{
    *setup = (struct websocket_setup){.version = u->h.protocol != NULL ? u->h.protocol->number : 13,
                                      .deflate = DEFLATE_UNKNOWN,
                                      .midstream = true};
    u->h.answer_lost = true;
    stream_finding(s, DIR_SERVER_TO_CLIENT, FINDING_PICKED_UP, "the request was captured");
    finish(s, u, &u->h);
}

void upgrade_unanswered(struct stream *s, struct upgrade *u)
{
    if (u != NULL) {
        finish(s, u, &u->h);
    }
}
