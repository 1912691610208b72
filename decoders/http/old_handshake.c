/* The opening handshakes before RFC 6455. */
#include "old_handshake.h"

/* ---- Which version is it? ---- */

bool old_is_keyed(const struct websocket_version *v)
{
    return v != NULL && v->handshake == VERSION_HANDSHAKE_KEYS;
}

static bool has_keys(const struct fields *f)
{
    return fields_have(f, FIELD_WS_KEY1) && fields_have(f, FIELD_WS_KEY2);
}

/* Sec-WebSocket-Draft: 0 to 3, the others never were. */
static const struct websocket_version *version_of_draft(struct bytes text)
{
    uint64_t n = 0;
    return websocket_version(bytes_to_u64(text, &n) && n <= 3 ? (int)n : 0);
}

const struct websocket_version *old_version_of_request(const struct fields *f, int number)
{
    if (fields_have(f, FIELD_WS_VERSION) && number > 3) {
        return websocket_version(number);
    }
    if (has_keys(f)) {
        return version_of_draft(f->value[FIELD_WS_DRAFT]);
    }
    bool nothing = !fields_have(f, FIELD_WS_VERSION) && !fields_have(f, FIELD_WS_KEY);
    if (nothing && bytes_equal(f->value[FIELD_UPGRADE], bytes_of("WebSocket"))) {
        return websocket_version(VERSION_HIXIE_75);
    }
    return NULL;
}

const struct websocket_version *old_version_of_answer(const struct websocket_version *asked,
                                                      const struct fields *f, bool request_seen)
{
    bool sec = fields_have(f, FIELD_WS_ORIGIN) || fields_have(f, FIELD_WS_LOCATION);
    bool bare = fields_have(f, FIELD_OLD_ORIGIN) || fields_have(f, FIELD_OLD_LOCATION);
    if (request_seen) {
        bool as_hixie_75 = old_is_keyed(asked) && bare && !sec;
        return as_hixie_75 ? websocket_version(VERSION_HIXIE_75) : asked;
    }
    if (fields_have(f, FIELD_WS_ACCEPT)) {
        return fields_have(f, FIELD_WS_NONCE) ? websocket_version(4) : NULL;
    }
    return sec ? websocket_version(0) : bare ? websocket_version(VERSION_HIXIE_75) : NULL;
}

/* ---- Keys ---- */

void old_keys_read(struct old_keys *k, const struct fields *f)
{
    bool first = old_key_number(f->value[FIELD_WS_KEY1], &k->number[0]);
    k->valid = first && old_key_number(f->value[FIELD_WS_KEY2], &k->number[1]);
}

void old_keys_check(struct stream *s, const struct old_keys *k, const struct websocket_version *v)
{
    if (old_is_keyed(v) && !k->valid) {
        stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_VERSION_KEYS, NULL);
    }
}

enum accept_state old_keys_check_answer(struct stream *s, const struct old_keys *k,
                                        struct bytes behind)
{
    uint8_t expected[KEYS_ANSWER_BYTES];
    if (!k->has_key3) {
        return ACCEPT_NOT_SEEN;
    }
    bool ok = k->valid && old_keys_answer(k->number, k->key3, expected) &&
              bytes_equal(behind, (struct bytes){expected, sizeof expected});
    if (!ok) {
        stream_finding(s, DIR_SERVER_TO_CLIENT, FINDING_VERSION_ANSWER, NULL);
    }
    return ok ? ACCEPT_OK : ACCEPT_WRONG;
}

static bool is_base64_of_16(struct bytes text)
{
    return text.n == 24 && text.p[22] == '=' && text.p[23] == '=';
}

void old_connection_key_read(struct stream *s, const struct fields *answer, struct bytes key,
                             struct websocket_setup *setup)
{
    struct bytes nonce = answer->value[FIELD_WS_NONCE];
    if (!is_base64_of_16(nonce)) {
        stream_finding(s, DIR_SERVER_TO_CLIENT, FINDING_VERSION_NONCE, NULL);
    }
    setup->has_connection_key =
        key.n > 0 && nonce.n > 0 && old_connection_key(key, nonce, setup->connection_key);
}

/* ---- What else changed ---- */

struct bytes old_subprotocols(const struct fields *f, struct bytes list, struct field_room *room)
{
    if (list.p == NULL) {
        list = fields_value(f, FIELD_OLD_PROTOCOL, room);
    }
    if (list.p == NULL || bytes_find(list, ' ') == list.n || room->n < list.n) {
        return list;
    }
    uint8_t *p = room->p;
    for (size_t i = 0; i < list.n; i++) {
        p[i] = list.p[i] == ' ' ? ',' : list.p[i];
    }
    room->p += list.n;
    room->n -= list.n;
    return (struct bytes){p, list.n};
}

/* ws://HOST/TARGET, or wss. */
static bool is_location(struct bytes text, const struct handshake *h)
{
    static const char *const schemes[] = {"ws://", "wss://"};
    for (int i = 0; i < 2; i++) {
        struct bytes scheme = bytes_of(schemes[i]);
        if (bytes_start_with(text, scheme)) {
            struct bytes rest = bytes_from(text, scheme.n);
            return bytes_equal_nocase(bytes_part(rest, 0, h->host.n), h->host) &&
                   bytes_equal(bytes_from(rest, h->host.n), h->target);
        }
    }
    return false;
}

void old_check_origin(struct stream *s, const struct fields *answer, const struct handshake *h)
{
    bool old = h->protocol->handshake == VERSION_HANDSHAKE_KEYLESS;
    struct bytes origin = answer->value[old ? FIELD_OLD_ORIGIN : FIELD_WS_ORIGIN];
    struct bytes location = answer->value[old ? FIELD_OLD_LOCATION : FIELD_WS_LOCATION];
    if (!bytes_equal(origin, h->origin)) {
        stream_finding(s, DIR_SERVER_TO_CLIENT, FINDING_VERSION_ORIGIN, "the origin differs");
    } else if (!is_location(location, h)) {
        stream_finding(s, DIR_SERVER_TO_CLIENT, FINDING_VERSION_ORIGIN, "the location differs");
    }
}
