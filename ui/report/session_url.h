/* The URL that a session's client asked for. */
#ifndef WSIGHT_SESSION_URL_H
#define WSIGHT_SESSION_URL_H

#include "analyzer/model.h"
#include "decoders/base/buffer.h"

/* "wss://example.org/chat?room=7": the host as the client said it, else the server's address. As it
 * was, with its secrets. false: there is no room for it. */
bool session_url(const struct session *s, struct buffer *url);

#endif
