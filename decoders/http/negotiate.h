/*
 * What the extensions of an answer mean, and whether they fit the offer (RFC 6455 section 9.1,
 * RFC 7692 sections 5 and 7.1). Internal to upgrade.
 */
#ifndef WSIGHT_NEGOTIATE_H
#define WSIGHT_NEGOTIATE_H

#include "upgrade.h"

/* Findings about the answer's Sec-WebSocket-Extensions; fills in setup's deflate,
 * no_context_takeover and other_extensions. offer_seen: the request was seen, so that `offered` is
 * what was offered (none, if empty). */
void negotiate_extensions(struct stream *, struct bytes offered, bool offer_seen,
                          struct bytes answer, struct websocket_setup *setup);

#endif
