/*
 * What the opening handshake remembers across connections, within fixed bounds: the keys seen
 * lately (RFC 6455 section 4.1: each handshake has a fresh one), and which clients are connecting
 * to which server (the same section: one at a time). Internal to upgrade.
 */
#ifndef WSIGHT_UPGRADE_MEMORY_H
#define WSIGHT_UPGRADE_MEMORY_H

#include "upgrade.h"

#define ACCEPT_TEXT_BYTES 28

/* Sec-WebSocket-Accept for a key (RFC 6455 section 4.2.2). Returns 64 bits of the SHA-1, which
 * stand for the key below. memory may be NULL: it is only slower then. */
uint64_t upgrade_accept_text(struct upgrade_memory *, struct bytes key,
                             char out[ACCEPT_TEXT_BYTES + 1]);

/* Notes a key. true: an earlier handshake, over by now, had the same. While one is still under way
 * the second one is taken for the first, forwarded by a proxy that was captured on both sides. */
bool upgrade_key_seen(struct upgrade_memory *, uint64_t key);
/* The handshake with that key is over. */
void upgrade_key_done(struct upgrade_memory *, uint64_t key);

/* Notes that the connection's client connects to its server. true: it was at it already. */
bool upgrade_connecting(struct upgrade_memory *, const struct connection *);
/* ... and that it no longer does. */
void upgrade_connected(struct upgrade_memory *, const struct connection *);

#endif
