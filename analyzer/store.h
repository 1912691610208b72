/*
 * What the screen keeps: every session with a record of each of its messages, in order, and their
 * bodies (body_log.h), so that nothing that was read is missing.
 *
 * It is a listener of a model that retains its sessions, and is freed before it. Decoders are asked
 * for frames and bodies (store_decode_options). Sessions have an index, from 0, in the order in
 * which they became known; it never changes. Everything it gives out is borrowed and valid until
 * the model takes another batch.
 */
#ifndef WSIGHT_STORE_H
#define WSIGHT_STORE_H

#include "body_log.h"
#include "decoders/base/buffer.h"
#include "decoders/decoder.h"
#include "frame_queue.h"
#include "model.h"

#define STORE_SPARK_BUCKETS 16
#define STORE_SERIES_BUCKETS 480
/* Of a compressed message, its payload as it was before inflation: what there is to be looked at.
 */
#define STORE_DEFLATED_MAX_BYTES 65536U
/* Distinct addresses that are counted. */
#define STORE_TALKERS_MAX 65536U

enum store_bit {
    STORE_TO_CLIENT = 1 << 0,  /* from the server */
    STORE_MASKED = 1 << 1,     /* its first frame */
    STORE_HAS_FRAME = 1 << 2,  /* first, header_len and key are those of its first frame */
    STORE_HAS_FRAMES = 1 << 3, /* more than one frame: they lie before the body */
    STORE_NO_BODY = 1 << 4,    /* there was no memory for its body */
    STORE_HAS_DEFLATED = 1 << 5
};

/* A message or control frame. 72 bytes: there may be tens of millions. */
struct store_message {
    int64_t ts; /* of its last byte */
    uint64_t pkt;
    uint64_t wire_len; /* payload, before inflation */
    uint64_t len;      /* after */
    uint64_t body_at;  /* in the log: frames if any, the body, what it was before inflation */
    int64_t rtt;       /* a Pong: ns since its Ping, or -1 */
    uint32_t body_n;
    uint32_t frames;
    uint32_t packets_before; /* its first byte was in packet pkt - this; capped */
    uint32_t unit_before;    /* what subprotocol_track_message told; 0 without such a one */
    uint8_t key[4];
    uint8_t first;      /* the first byte of its first frame: FIN, RSV, opcode */
    uint8_t header_len; /* of its first frame */
    uint8_t flags;      /* enum message_flag */
    uint8_t bits;       /* enum store_bit */
};

static inline enum dir store_dir(const struct store_message *m)
{
    return m->bits & STORE_TO_CLIENT ? DIR_SERVER_TO_CLIENT : DIR_CLIENT_TO_SERVER;
}

static inline unsigned store_opcode(const struct store_message *m)
{
    return m->first & 15;
}

/* Bytes by time. The buckets grow wider as the time grows longer, or, when they slide, the oldest
 * are forgotten. */
struct store_spark {
    int64_t origin, width; /* ns; width 0: nothing yet */
    uint32_t bytes[STORE_SPARK_BUCKETS];
};

struct subprotocol;
struct subprotocol_track;

struct store_session {
    const struct session *session;
    struct store_message *messages;
    uint32_t n, size;
    uint64_t left_out; /* messages before these, which gave way */
    uint32_t index;
    int worst;  /* enum finding_severity, -1 when it has none */
    float rate; /* payload bytes a second at rate_ts, decaying */
    int64_t rate_ts;
    struct store_spark spark;
    uint32_t talker[2]; /* of client and server */
    struct frame_queue queue[2];
    struct buffer *deflated[2];            /* of the compressed message under way; NULL: none is */
    const struct subprotocol *subprotocol; /* what the messages are; NULL: not known */
    struct subprotocol_track *track;       /* of a subprotocol that is a stream; NULL else */
};

/* Messages and bytes by time, over everything. */
struct store_series {
    int64_t origin, width;
    size_t n;
    uint64_t messages[STORE_SERIES_BUCKETS], bytes[2][STORE_SERIES_BUCKETS];
};

struct store_talker {
    uint8_t ip[16];
    uint8_t family;
    bool server;
    uint32_t sessions;
    uint64_t messages, bytes;
};

/* Counted as messages come: the model's totals are those of ended sessions. By direction. */
struct store_totals {
    uint64_t opcodes[2][16]; /* messages and control frames */
    uint64_t frames[2], wire_bytes[2], message_bytes[2];
    uint64_t compressed_wire[2], compressed_bytes[2];
    uint64_t fragmented[2], damaged[2];
};

struct store_options {
    uint64_t budget_bytes; /* of bodies in memory */
    uint64_t file_bytes;   /* of older ones, as body_log_new has it */
    bool live; /* sparklines show the last seconds, not the whole; no file can be opened later */
};

struct store;

struct store *store_new(const struct store_options *);
void store_free(struct store *);
struct model_listener store_listener(struct store *);
/* What the decoders have to be asked for. */
struct decode_options store_decode_options(void);

size_t store_count(const struct store *);
const struct store_session *store_session(const struct store *, size_t index);
/* All before this one gave way. */
size_t store_first(const struct store *);
/* Is it what stands in the place of a session that gave way? */
bool store_is_gone(const struct store_session *);
/* When the first session of all began. */
int64_t store_started(const struct store *);

/*
 * Memory is short: gives up an eighth of the sessions, those that have ended and began first, and
 * the older half of the messages of those that go on and have many. Sessions in use stay as they
 * are. The model loses them too. Returns how many sessions that were; store_gave_way counts those
 * given up, left_out of a session the messages.
 */
size_t store_give_way(struct store *, struct model *, bool (*in_use)(void *ctx, uint32_t index),
                      void *ctx);
uint64_t store_gave_way(const struct store *);
uint64_t store_messages(const struct store *); /* of all sessions */
/* The newest time seen. 0: none yet. */
int64_t store_clock(const struct store *);

/* Payload bytes a second at the time `now`: of an open session lately, of an ended one on average.
 */
double store_rate(const struct store_session *, int64_t now);

/* The body, or its first `most` bytes, into `into`, which is cleared. false: it was lost. */
bool store_body(const struct store *, const struct store_message *, size_t most,
                struct buffer *into);
/* The message as it was told, without its body; and with it, which for a Close tells the code. */
struct event store_event(const struct store_session *, const struct store_message *);
void store_event_body(struct event *, struct bytes body);
/* The first STORE_DEFLATED_MAX_BYTES of a compressed message's payload, unmasked, before inflation.
 * false: it is not compressed by permessage-deflate, or was not seen whole. */
bool store_deflated(const struct store *, const struct store_message *, struct buffer *into);
/* Frame i of m->frames. false: it is beyond FRAME_QUEUE_MAX, or was not seen. */
bool store_frame(const struct store *, const struct store_message *, uint32_t i,
                 struct queued_frame *);
/* The index of the Ping that this Pong answers, or of the Pong that answers this Ping; -1: none. */
int64_t store_partner(const struct store_session *, uint32_t index);

const struct store_totals *store_totals(const struct store *);
const struct store_series *store_series(const struct store *);
const struct store_talker *store_talkers(const struct store *, size_t *n);
/* In how many sessions a finding was made. */
uint64_t store_finding_sessions(const struct store *, enum finding_id);
struct body_log_stats store_bodies(const struct store *);

#endif
