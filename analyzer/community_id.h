/*
 * Community ID version 1: one name for a connection in every tool that speaks of it (Zeek,
 * Suricata, Wireshark, Arkime ...). "1:" and the base64 of a SHA-1 over seed 0, addresses, protocol
 * and ports, the smaller end first. https://github.com/corelight/community-id-spec
 */
#ifndef WSIGHT_COMMUNITY_ID_H
#define WSIGHT_COMMUNITY_ID_H

#include "decoders/event.h"

#define COMMUNITY_ID_BYTES 31 /* with the NUL */

#define COMMUNITY_HASH_BYTES 20

/* The SHA-1 that the ID is the base64 of, of TCP between two ends in either order; family is 4 or
 * 6. false when the library refuses SHA-1: the hash is as it was. */
bool community_hash(const struct endpoint *a, const struct endpoint *b, uint8_t family,
                    uint8_t hash[COMMUNITY_HASH_BYTES]);

/* Of a TCP connection. Empty when the library refuses SHA-1. */
void community_id(const struct connection *c, char out[COMMUNITY_ID_BYTES]);

#endif
