/*
 * The opening handshakes before RFC 6455: which version a request or an answer is of, the two keys
 * of hixie-76 to hybi-03, the nonce of hybi-04. Internal to upgrade.
 *
 * hixie-75 has no key. hixie-76 to hybi-03 have Sec-WebSocket-Key1 and -Key2 and 8 bytes behind the
 * request's head, which 16 bytes behind the answer's head answer. From hybi-04 on it is the
 * handshake of RFC 6455, where the frames of hybi-04 also need Sec-WebSocket-Nonce.
 */
#ifndef WSIGHT_OLD_HANDSHAKE_H
#define WSIGHT_OLD_HANDSHAKE_H

#include "../websocket/version.h"
#include "old_keys.h"
#include "upgrade.h"

struct old_keys {
    uint32_t number[2];
    bool valid;
    bool has_key3;
    uint8_t key3[KEY3_BYTES];
};

/* The version of a request with these fields; number is that of Sec-WebSocket-Version, or -1. NULL:
 * of no known version. */
const struct websocket_version *old_version_of_request(const struct fields *, int number);

/* The version of a 101, whose request was of the version `asked`, if it was seen. NULL: the answer
 * does not tell. */
const struct websocket_version *old_version_of_answer(const struct websocket_version *asked,
                                                      const struct fields *, bool request_seen);

/* Does the version have the two keys? NULL has not. */
bool old_is_keyed(const struct websocket_version *);

void old_keys_read(struct old_keys *, const struct fields *);
/* Makes the finding about the request's keys. */
void old_keys_check(struct stream *, const struct old_keys *, const struct websocket_version *);
/* The finding about the bytes behind the answer. */
enum accept_state old_keys_check_answer(struct stream *, const struct old_keys *,
                                        struct bytes behind);

/* Subprotocols were separated by spaces: the same list with commas. */
struct bytes old_subprotocols(const struct fields *, struct bytes list, struct field_room *);

/* Do the origin and location of the answer repeat those of the request? */
void old_check_origin(struct stream *, const struct fields *answer, const struct handshake *);

/* hybi-04: the connection's key, when the request's key and the answer's nonce are known. */
void old_connection_key_read(struct stream *, const struct fields *answer, struct bytes key,
                             struct websocket_setup *);

#endif
