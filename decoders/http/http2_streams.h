/*
 * The streams of an HTTP/2 connection that carry WebSocket (RFC 8441): each with a session and a
 * stream (decoder.h) of its own, from the extended CONNECT to END_STREAM or RST_STREAM. Who follows
 * the connection's frames tells of each what came on it; ids of other streams are passed over.
 *
 * The struct stream in the arguments is the connection's. Heads and payloads are borrowed for the
 * call.
 */
#ifndef WSIGHT_HTTP2_STREAMS_H
#define WSIGHT_HTTP2_STREAMS_H

#include "../decoder.h"
#include "http2_head.h"

#define HTTP2_STREAM_BUCKETS 32

struct http2_stream;

/* Part of the connection's state; zeroed it is ready. */
struct http2_streams {
    struct http2_stream *buckets[HTTP2_STREAM_BUCKETS];
    unsigned n;
    bool connect_allowed; /* the server's SETTINGS_ENABLE_CONNECT_PROTOCOL (RFC 8441 section 3) */
    bool server_ended;    /* no answer will come */
    bool told_limit;
};

/* Frees what is left; the streams inside are closed by the connection's own end. */
void http2_streams_done(struct http2_streams *);

bool http2_streams_have(const struct http2_streams *, uint32_t id);

/* What a header block on that stream may be that has to be read. */
enum http2_want http2_streams_want(const struct http2_streams *, uint32_t id, enum dir);
/* A head that was wanted: a request begins a session, an answer ends its handshake. */
void http2_streams_head(struct stream *, struct http2_streams *, uint32_t id, enum dir,
                        const struct http2_head *);

/* A stream of which no header block was seen: what it carries is looked at, as if picked up. */
void http2_streams_pick_up(struct stream *, struct http2_streams *, uint32_t id);

/* Content of DATA, without its padding; n bytes of it that are missing. */
void http2_streams_data(struct stream *, struct http2_streams *, uint32_t id, const struct chunk *);
void http2_streams_gap(struct stream *, struct http2_streams *, uint32_t id, enum dir, uint64_t n);

/* END_STREAM of a direction, and the payload of RST_STREAM (RFC 8441 section 5: as FIN and RST of
 * TCP). */
void http2_streams_end(struct stream *, struct http2_streams *, uint32_t id, enum dir);
void http2_streams_reset(struct stream *, struct http2_streams *, uint32_t id, enum dir,
                         struct bytes payload);

/* The server says no more: requests without an answer have none. */
void http2_streams_server_ended(struct http2_streams *);

#endif
