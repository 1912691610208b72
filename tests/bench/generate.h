/*
 * What the parts of the workload generator share: the run, and the truth about what it wrote.
 *
 * The generator is an encoder of its own: it shares no code with what it measures, so that its
 * counts are a second opinion.
 */
#ifndef WSIGHT_BENCH_GENERATE_H
#define WSIGHT_BENCH_GENERATE_H

#include "tap.h"

#include <stdio.h>
#include <zlib.h>

enum { CLOSE_CODES = 5000, OUT_BYTES = 64 << 10, POOL_BYTES = 1 << 20 };

enum opcode {
    OP_CONTINUATION = 0,
    OP_TEXT = 1,
    OP_BINARY = 2,
    OP_CLOSE = 8,
    OP_PING = 9,
    OP_PONG = 10
};

/* One direction of all sessions together; `payload_bytes` as on the wire, unmasked; `message_bytes`
 * of data messages, inflated. close[0] counts the empty Close. */
struct flow_truth {
    uint64_t frames, opcode[16], masked;
    uint64_t text, binary, fragmented, compressed;
    uint64_t payload_bytes, message_bytes;
    uint64_t close[CLOSE_CODES];
};

struct truth {
    uint64_t sessions, refused, http_connections, tls_connections, most_open;
    uint64_t records, record_bytes; /* of TLS around sessions: their content */
    uint64_t inflated_bytes;        /* of compressed messages alone, both directions */
    struct flow_truth flow[2];
};

enum talk { TALK_CHAT, TALK_FEED, TALK_BULK };

struct run {
    struct tap tap;
    struct random random;
    struct truth truth;
    enum talk talk;
    uint32_t refused_per_mille, abrupt_per_mille;
    uint32_t messages_low, messages_high; /* steps of talking per session */
    uint8_t *out;                         /* what one step sends */
    size_t out_used;
    uint8_t *pool;            /* random bytes for binary payloads and downloads */
    FILE *messages;           /* compressed messages in wire order, for the bare inflater */
    FILE *keylog;             /* NULL: no TLS around sessions */
    struct random tls_random; /* of its own, so that TLS changes nothing inside */
    z_stream packer;          /* one deflater serves all lanes, see lane.c */
};

/* A stream that is told in one go. */
void out_bytes(struct run *run, const void *p, size_t n);
void out_format(struct run *run, const char *format, ...) __attribute__((format(printf, 2, 3)));
void out_send(struct run *run, struct conn *c, enum side from);

/* payload.c: JSON of a chat and of a feed whose messages resemble each other. Both return the
 * length and write no more than PAYLOAD_BYTES. */
enum { PAYLOAD_BYTES = 8192 };
size_t payload_chat(struct random *random, uint64_t now_ms, uint8_t *out);
size_t payload_feed(struct random *random, uint64_t now_ms, uint32_t topic, uint8_t *out);

/* lane.c: one direction's permessage-deflate compressor with context takeover. */
struct lane;
struct packed {
    const uint8_t *bytes; /* without the 00 00 ff ff tail */
    uint32_t length, inflated;
};
struct lane *lane_new(uint32_t topic);
void lane_free(struct lane *lane);
struct packed lane_next(struct run *run, struct lane *lane);

/* session.c: one WebSocket session, from SYN to FIN. A step is what happens at one moment; it
 * returns false when the connection is over. */
struct session;
struct session *session_new(struct run *run, uint32_t id);
bool session_step(struct run *run, struct session *s);
void session_free(struct session *s);

/* frame.c: frames, counted as they are written to run->out. A key of 0 leaves them unmasked. */
struct frame {
    enum opcode opcode;
    bool fin, rsv1;
    uint64_t length;
};
size_t frame_head(struct run *run, enum side from, const struct frame *f, const uint8_t *key,
                  uint8_t *out);
void frame_mask(uint8_t *p, size_t n, const uint8_t *key, uint64_t phase);
void frame_key(struct run *run, enum side from, uint8_t *key);
void frame_put(struct run *run, enum side from, const struct frame *f, const uint8_t *payload);

/* bulk.c: messages too large to be held; the stream is made as it is sent. */
struct outflow {
    uint64_t message_left, frame_left, frame_limit, phase;
    uint32_t pool_at;
    uint8_t head[14], head_used, head_at;
    uint8_t key[4];
    bool active, first;
};
void bulk_start(struct run *run, enum side from, struct outflow *flow);
/* Up to `n` bytes of the stream; fewer at the end of the message. */
size_t bulk_fill(struct run *run, enum side from, struct outflow *flow, uint8_t *p, size_t n);

/* tls.c: TLS around a connection: its handshake, and what is sent from then on. */
void tls_begin(struct run *run, struct conn *c);
void tls_send(struct run *run, struct conn *c, enum side from, const uint8_t *p, size_t n);
void tls_free(struct tls *t);

/* web.c: connections without WebSocket: HTTP downloads, or TLS. */
struct web;
struct web *web_new(struct run *run, uint32_t id, uint64_t budget);
bool web_step(struct run *run, struct web *w);
void web_free(struct web *w);

#endif
