/*
 * Header blocks of HTTP/2 (RFC 7541, RFC 9113 section 8.3): decoded, and the few that matter turned
 * into the head of an HTTP/1 message, which the opening handshake is read from.
 */
#ifndef WSIGHT_HTTP2_HEAD_H
#define WSIGHT_HTTP2_HEAD_H

#include "head.h"

#include <nghttp2/nghttp2.h>

#define HTTP2_HEAD_MAX_BYTES 32000         /* decoded, of one that is kept; fits stream_room */
#define HTTP2_TABLE_MAX_BYTES (256U << 10) /* browsers and servers use 4 to 64 KB */

/* Which heads are wanted. */
enum http2_want { HTTP2_WANT_NONE, HTTP2_WANT_WEBSOCKET, HTTP2_WANT_RESPONSE };

struct http2_head {
    struct http_head head; /* valid when wanted */
    bool wanted; /* it is an extended CONNECT for WebSocket, or a response that was wanted */
    bool other_protocol; /* ... for another protocol */
    bool has_scheme, has_path, has_authority;
    bool too_large;
    const char *forbidden; /* a header field that HTTP/2 does not have, or NULL */
    int status;
};

/* A decoder of one direction's blocks; NULL when out of memory. */
nghttp2_hd_inflater *http2_inflater_new(void);

/* Decodes a whole block; the head's texts lie in room (HTTP2_HEAD_MAX_BYTES). false: the block is
 * damaged, and no later one of this direction can be decoded. */
bool http2_head_read(struct http2_head *, nghttp2_hd_inflater *, enum http2_want,
                     struct bytes block, uint8_t *room);

#endif
