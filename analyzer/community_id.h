/*
 * Community ID version 1: one name for a connection in every tool that speaks of it (Zeek,
 * Suricata, Wireshark, Arkime ...). "1:" and the base64 of a SHA-1 over seed 0, addresses, protocol
 * and ports, the smaller end first. https://github.com/corelight/community-id-spec
 */
#ifndef WSIGHT_COMMUNITY_ID_H
#define WSIGHT_COMMUNITY_ID_H

#include "decoders/event.h"

#define COMMUNITY_ID_BYTES 31 /* with the NUL */

/* Of a TCP connection. Empty when the library refuses SHA-1. */
void community_id(const struct connection *c, char out[COMMUNITY_ID_BYTES]);

#endif
