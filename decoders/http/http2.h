/*
 * HTTP/2 connections (RFC 9113), followed as far as it takes to find WebSocket in them (RFC 8441).
 *
 * Each extended CONNECT with `:protocol websocket` becomes a stream of its own with a session of
 * its own; its DATA goes there, and the rest is passed over. Header compression is followed for all
 * streams, since each block depends on those before it. A connection that is picked up later, or of
 * which header blocks were lost, has streams recognised by what their DATA looks like.
 */
#ifndef WSIGHT_HTTP2_H
#define WSIGHT_HTTP2_H

#include "../decoder.h"

extern const struct decoder http2_decoder;

#endif
