/*
 * Keys of the handshakes before hybi-05: the two keys and 8 bytes of hixie-76 to hybi-03, and the
 * connection's key of hybi-04, which masks its frames. Internal to upgrade.
 */
#ifndef WSIGHT_OLD_KEYS_H
#define WSIGHT_OLD_KEYS_H

#include "../base/bytes.h"

#define KEY3_BYTES 8         /* behind the request's head */
#define KEYS_ANSWER_BYTES 16 /* behind the answer's head */
#define CONNECTION_KEY_BYTES 20

/* The number that Sec-WebSocket-Key1 or -Key2 hides: its digits divided by its count of spaces.
 * false: it is no such key. */
bool old_key_number(struct bytes key, uint32_t *out);

/* What answers the two numbers and the 8 bytes: MD5 of them all. */
bool old_keys_answer(const uint32_t numbers[2], const uint8_t key3[KEY3_BYTES],
                     uint8_t out[KEYS_ANSWER_BYTES]);

/* hybi-04: SHA-1 over the texts of key and nonce, as they were sent, and a constant. */
bool old_connection_key(struct bytes key, struct bytes nonce, uint8_t out[CONNECTION_KEY_BYTES]);

#endif
