/*
 * The members of a JSON object or array (RFC 8259), one after the other, as they stand in the text.
 *
 * Subprotocols ask for a few names at the top of a message. This looks no deeper, allocates nothing
 * and works on the first bytes of a message as well, which a parser that builds a tree cannot. It
 * does not check what it passes over: a value ends where its brackets and quotes say.
 */
#ifndef WSIGHT_JSON_MEMBERS_H
#define WSIGHT_JSON_MEMBERS_H

#include "decoders/base/bytes.h"

struct json_members {
    struct bytes rest;
    bool object;
    bool bad; /* the text is no such thing, or ends too early */
};

/* false: it is neither an object nor an array. */
bool json_members_of(struct json_members *, struct bytes text);
/* The next member; the key (of an object) is without its quotes, escapes as they stand, the value
 * is raw. false: there is no more, or the text is bad. */
bool json_members_next(struct json_members *, struct bytes *key, struct bytes *value);

/* The value of a name at the top of an object; empty when it is not there. */
struct bytes json_member(struct bytes object, const char *key);
/* Element i of an array; empty when there are fewer. */
struct bytes json_element(struct bytes array, size_t i);
/* A string's characters without the quotes, escapes as they stand; another value as it is. */
struct bytes json_unquoted(struct bytes value);
#endif
