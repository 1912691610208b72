/*
 * What an opening handshake exposes (RFC 6455 section 10): a foreign Origin with cookies, secrets
 * in the request target or among the subprotocols, credentials without TLS. Internal to upgrade.
 *
 * No finding ever shows a secret's value.
 */
#ifndef WSIGHT_EXPOSURE_H
#define WSIGHT_EXPOSURE_H

#include "upgrade.h"

/* The authority of an absolute URI, taken apart. Empty views where a part is missing. */
struct uri {
    struct bytes scheme, userinfo, host, port;
};

/* false: not of the form scheme://authority. */
bool uri_read(struct uri *, struct bytes text);

/* Do a URI and a Host header field name the same host and port? A port that Host leaves out is the
 * URI's scheme's default. */
bool uri_is_host(const struct uri *, struct bytes host);

/* Does a subprotocol's name look like a token that was put there to be sent (bearer, JWT, API key)?
 * `before` is the name before it in the list, or empty. */
bool subprotocol_is_secret(struct bytes name, struct bytes before);

/* Makes the findings. */
void exposure_check(struct stream *, const struct handshake *);

#endif
