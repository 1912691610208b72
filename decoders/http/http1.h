/*
 * HTTP/1 connections (RFC 9112), followed as far as it takes to find WebSocket in them.
 *
 * Request and response heads are read, bodies are passed over. An opening handshake goes to
 * upgrade, and when it succeeded the stream becomes WebSocket's. Behind a CONNECT that succeeded
 * the stream is looked at anew: HTTP or TLS. A connection that can hold no upgrade any more is
 * given up, so that the rest of a download costs nothing.
 */
#ifndef WSIGHT_HTTP1_H
#define WSIGHT_HTTP1_H

#include "../decoder.h"

extern const struct decoder http1_decoder;

#endif
