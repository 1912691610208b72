/*
 * HTTP header fields: lines, comma-separated lists, and the grammar of Sec-WebSocket-Extensions
 * (RFC 9110 section 5, RFC 9112 section 5, RFC 6455 section 9.1).
 *
 * Nothing here allocates; every result is a view of the bytes that were given.
 *
 * To read a list that came in a header field:
 *
 *     struct bytes rest = handshake->offered_subprotocols, item;
 *     while (list_next(&rest, &item)) { ... }
 *
 * and an extension list:
 *
 *     struct bytes rest = handshake->extensions;
 *     struct extension e;
 *     while (extension_list_next(&rest, &e)) {
 *         struct extension_parameter p;
 *         while (extension_parameter_next(&e.parameters, &p)) { ... }
 *     }
 */
#ifndef WSIGHT_FIELDS_H
#define WSIGHT_FIELDS_H

#include "../base/bytes.h"

/* The fields that wsight looks at. */
#define FIELD_IDS(X)                                                                               \
    X(HOST, "Host")                                                                                \
    X(ORIGIN, "Origin")                                                                            \
    X(COOKIE, "Cookie")                                                                            \
    X(SERVER, "Server")                                                                            \
    X(UPGRADE, "Upgrade")                                                                          \
    X(CONNECTION, "Connection")                                                                    \
    X(USER_AGENT, "User-Agent")                                                                    \
    X(AUTHORIZATION, "Authorization")                                                              \
    X(CONTENT_LENGTH, "Content-Length")                                                            \
    X(TRANSFER_ENCODING, "Transfer-Encoding")                                                      \
    X(WS_KEY, "Sec-WebSocket-Key")                                                                 \
    X(WS_ACCEPT, "Sec-WebSocket-Accept")                                                           \
    X(WS_VERSION, "Sec-WebSocket-Version")                                                         \
    X(WS_PROTOCOL, "Sec-WebSocket-Protocol")                                                       \
    X(WS_EXTENSIONS, "Sec-WebSocket-Extensions")                                                   \
    X(WS_ORIGIN, "Sec-WebSocket-Origin")                                                           \
    X(WS_KEY1, "Sec-WebSocket-Key1")                                                               \
    X(WS_KEY2, "Sec-WebSocket-Key2")                                                               \
    X(WS_DRAFT, "Sec-WebSocket-Draft")                                                             \
    X(WS_NONCE, "Sec-WebSocket-Nonce")                                                             \
    X(WS_LOCATION, "Sec-WebSocket-Location")                                                       \
    X(OLD_ORIGIN, "WebSocket-Origin")                                                              \
    X(OLD_LOCATION, "WebSocket-Location")                                                          \
    X(OLD_PROTOCOL, "WebSocket-Protocol")

enum field_id {
#define FIELD_ID(id, name) FIELD_##id,
    FIELD_IDS(FIELD_ID)
#undef FIELD_ID
        FIELD_ID_COUNT
};

struct field {
    struct bytes name;  /* empty when the line has no colon */
    struct bytes value; /* blanks trimmed; a folded one still holds its line breaks */
    bool folded;        /* obs-fold: goes on over more than one line */
};

/* Memory for joined values. */
struct field_room {
    uint8_t *p;
    size_t n;
};

/* What one pass over the lines of a head found of the fields above. */
struct fields {
    struct bytes lines;
    struct bytes value[FIELD_ID_COUNT]; /* of the first line; p == NULL: there is none */
    uint32_t count[FIELD_ID_COUNT];     /* lines of that name */
    bool folded[FIELD_ID_COUNT];        /* one of them is folded */
    bool malformed;                     /* a line has no name */
};

/* Takes the next field line, with its folded continuations, off `lines`; false at their end. */
bool field_next(struct bytes *lines, struct field *out);

void fields_read(struct fields *f, struct bytes lines);

static inline bool fields_have(const struct fields *f, enum field_id id)
{
    return f->count[id] > 0;
}

/* The value of the last line of that name; p == NULL when there is none. */
struct bytes fields_last(const struct fields *f, enum field_id id);

/* The whole value: the only line's as it is; several joined with ", " and folds made one space in
 * the room, which shrinks by that much. A room of f->lines.n bytes does for all fields together. */
struct bytes fields_value(const struct fields *f, enum field_id id, struct field_room *room);

/* Is it a token (RFC 9110 section 5.6.2), and not empty? */
bool is_token(struct bytes b);

/* Takes the next item, trimmed and not empty, off a comma-separated list; false at its end. */
bool list_next(struct bytes *list, struct bytes *item);

/* Does the list hold that token, in any case? */
bool list_has(struct bytes list, const char *token);

/* One extension of a list. bad: it does not fit the grammar; name is then what could be read. */
struct extension {
    struct bytes name;
    struct bytes parameters; /* for extension_parameter_next */
    bool bad;
};

struct extension_parameter {
    struct bytes name;
    struct bytes value; /* p == NULL: none; of a quoted one what is between the quotes */
    bool bad;
};

/* Takes the next extension off the list; false at its end. After a bad one the list goes on with
 * the next comma outside quotes. */
bool extension_list_next(struct bytes *list, struct extension *out);
bool extension_parameter_next(struct bytes *parameters, struct extension_parameter *out);

#endif
