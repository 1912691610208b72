/*
 * The contract between the reassembly, the streams and the decoders. Read this first.
 *
 * A stream is one byte stream in two directions: a TCP connection, or the inside of a TLS
 * connection or of an HTTP/2 stream. It runs one decoder at a time. The decoder is given chunks of
 * ordered bytes and takes what it can; it emits events and findings, and may make way for another
 * decoder. What data() promises:
 *
 * 1. The bytes are yours until you return. Take one thing (a frame header, a piece of payload, a
 *    record) and return how many bytes it was; you are called again at once while you take bytes.
 * 2. Return 0 if you need more; stream_want(n) says how many in all, so that only those are copied.
 * 3. If you need the other direction first, call stream_block and return 0: you are offered the
 * same bytes after each step of the other direction. (A passive observer may see client frames
 * before the 101.)
 * 4. stream_switch takes effect when you return, and re-offers whatever either direction had left.
 * 5. A gap comes in its place: after you were offered the bytes before it. Those you did not take
 * are lost with it and counted in. If you need the other direction first, call stream_block in
 * gap().
 * 6. An end comes when you were offered all bytes before it, what you did not take once more,
 * unless they wait for the other direction; then when they do not any more, or at the latest before
 * close(). After a switch the new decoder is told of the ends as well.
 * 7. You cannot fail. Say what is wrong with a finding; if you cannot find your place again, give
 * the direction up.
 */
#ifndef WSIGHT_DECODER_H
#define WSIGHT_DECODER_H

#include "event.h"

struct stream;
struct slab_heap; /* base/pool.h */
struct stream_pools;
struct upgrade_memory;
struct tls_secrets;

/* An ordered piece of one direction. */
struct chunk {
    int64_t ts;
    uint64_t pkt;
    struct bytes b;
    enum dir dir;
};

enum verdict {
    VERDICT_NO,
    VERDICT_MORE, /* cannot tell yet */
    VERDICT_YES,
    VERDICT_YES_SWAPPED /* yes, but client and server are the other way round */
};

/* What a decoder may look at to tell whether a stream is its own, and what it is opened with. */
struct hint {
    struct bytes
        first[2];    /* the stream's first bytes in each direction, as far as they are known */
    bool from_start; /* the connection's SYN was seen, so these really are the first bytes */
    bool last;       /* no more will come before the decision: MORE counts as NO */
    const void *arg; /* open() only: what stream_switch was given */
};

struct decoder {
    const char *name;
    size_t state_size; /* zeroed state that the stream owns, at the start of a cache line */
    size_t max_keep;   /* most bytes it may leave for next time, per direction */
    enum verdict (*match)(const struct hint *); /* NULL: only ever switched to */
    void (*open)(struct stream *, const struct hint *);
    size_t (*data)(struct stream *, const struct chunk *); /* bytes taken; 0: need more */
    bool (*gap)(struct stream *, enum dir, uint64_t n);    /* n bytes are missing: can you go on? */
    void (*end)(struct stream *, enum dir);                /* no more bytes in this direction */
    void (*close)(struct stream *); /* the state is freed next; both directions were ended before */
    /* The direction waits for the other one (stream_block), and no more of it can be kept: it will
     * be offered once more. NULL, or blocked again: it is given up. */
    void (*waited)(struct stream *, enum dir);
    void (*prefetch)(const void *state, enum dir); /* brings it towards the cache; may be NULL */
    /* A stream inside this one, however deep, began a session: the place to emit on it what this
     * decoder knows of it. May be NULL. */
    void (*session)(struct stream *, struct stream *inner);
};

/* What the outputs want from the decoders. Constant for the life of an engine. */
struct decode_options {
    bool frames;       /* EVENT_FRAME for every frame */
    bool deflated;     /* EVENT_DEFLATED of what permessage-deflate has compressed */
    bool digest;       /* EVENT_DIGEST per direction */
    bool heads;        /* raw heads in EVENT_HANDSHAKE */
    bool late;         /* message events may come late, out of order and in runs, for speed */
    uint64_t body_max; /* bytes of a data message's body wanted in its event; 0 for none */
};

#define STREAM_DEPTH_MAX 8      /* streams inside streams: TLS in a tunnel in HTTP/2 in TLS is 4 */
#define STREAM_ROOM_BYTES 32768 /* a record's plaintext, and to spare */

/* What all streams of one engine share; the engine owns it. */
struct stream_shared {
    const struct decode_options *options;
    struct event_sink *sink;
    uint64_t next_session;           /* the id the next session gets; starts at 1 */
    struct upgrade_memory *upgrades; /* what checks across connections need; http/upgrade owns it */
    uint8_t *scratch;                /* STREAM_SCRATCH_BYTES for use within one data() call */
    struct stream_pools *pools;      /* for streams and states; NULL: the allocator */
    size_t held_bytes;               /* held back by decoders for later (compressed messages) */
    size_t unpack_bytes;             /* in use to unpack messages other than by DEFLATE */
    size_t kept_bytes;               /* kept by all streams for their decoders */
    struct tls_secrets *secrets;     /* of TLS sessions; tls/secrets.h; NULL: there are none */
    size_t tls_waiting;              /* bytes that wait for such secrets */
    uint8_t *rooms[STREAM_DEPTH_MAX]; /* stream_room; freed by stream_shared_done */
    /* Who feeds a stream (stream_set_feeder) is asked by stream_waits. NULL: nothing ever waits. */
    bool (*waits)(const void *feeder, enum dir);
};

#define STREAM_SCRATCH_BYTES 65536
#define STREAM_BLOCKED_MAX_BYTES 262144 /* a client may send this much before the 101 is seen */
#define STREAM_MATCH_MAX_BYTES 16384    /* looked at, per direction, to recognise a protocol */
/* Kept by all streams together; once it is more, a direction gets only so much that 250,000
 * connections have enough with half a gigabyte. */
#define STREAM_KEPT_ALL_MAX_BYTES (64U << 20)
#define STREAM_KEPT_CROWDED_BYTES 1024

/* ---- For decoders ---- */

/* The zeroed state of state_size bytes that belongs to the running decoder. */
void *stream_state(const struct stream *);
const struct decode_options *stream_options(const struct stream *);
struct stream_shared *stream_shared(const struct stream *);
const struct connection *stream_connection(const struct stream *);

/* Time and packet number of what is being worked on: the chunk in data(), the newest packet else.
 */
int64_t stream_ts(const struct stream *);
uint64_t stream_pkt(const struct stream *);

/* Are bytes of the direction known to be missing that may still come, and were sent before what has
 * come since? What was decoded of the other direction may then answer to what was not decoded yet.
 */
bool stream_waits(const struct stream *, enum dir);

/* How the connection ended; NULL until stream_close, that is outside of end() and close() calls
 * that it makes. */
const struct session_end *stream_ending(const struct stream *);

/* From data() before returning 0: offer the bytes again when there are n in all. */
void stream_want(struct stream *, size_t n);
/* From data() before returning 0, or from gap() before returning true: offer the bytes, or the gap,
 * again after the other direction has moved. */
void stream_block(struct stream *);
/* From data(): what both directions waited for has come, so after this step the direction, the
 * other one, is offered again what it did not take. */
void stream_offer_again(struct stream *, enum dir);
/* Makes way for another decoder once the running call has returned; arg is passed to its open() and
 * must live until then (it may lie in the old state, which is closed after the new open()). */
void stream_switch(struct stream *, const struct decoder *, const void *arg);
/* No interest in the further bytes of a direction: data() is not called for it again. */
void stream_give_up(struct stream *, enum dir);
void stream_give_up_both(struct stream *);

/* Begins a session on this stream, which must have none, and emits EVENT_SESSION. Returns its id.
 * Events and findings of the stream carry it from then on. */
uint64_t stream_begin_session(struct stream *, enum session_kind, int confidence);
/* Ends the session before the stream ends, because another one begins on the same connection (a
 * second upgrade after a refused one): emits EVENT_END with END_OPEN and without counters. */
void stream_end_session(struct stream *);
/* The session's id, or 0. */
uint64_t stream_session(const struct stream *);

/* Emits an event. Session, and when ts is 0 time and packet, are filled in. */
void stream_emit(struct stream *, struct event *);
/* Emits a finding at the current time and packet. The detail is printf-made, cut to fit and cleaned
 * of control characters; bytes of the wire are passed as "%.*s". fmt NULL: no detail. */
void stream_finding(struct stream *, enum dir, enum finding_id, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
/* The same for something that was seen earlier. */
void stream_finding_at(struct stream *, enum dir, int64_t ts, uint64_t pkt, enum finding_id,
                       const char *fmt, ...) __attribute__((format(printf, 6, 7)));

/* ---- For decoders that have streams inside ---- */

/* A new stream inside this one, whose decoder feeds it with the functions below, naming directions
 * as its own chunks do. layers (enum layer) are added to those of the connection. It is told of the
 * end of either direction when the decoder itself has been told, and is closed before the decoder
 * is, unless that closed it earlier. NULL when out of memory or nested too deep. */
struct stream *stream_child(struct stream *, uint32_t layers, bool from_start);
/* The inner stream is one of HTTP/2, with this identifier: before its session begins. */
void stream_set_http2(struct stream *inner, uint32_t id);
/* The inner stream's time and packet become those of the stream it is in: before emitting on it,
 * when it is not given bytes. */
void stream_now(struct stream *inner);
/* Gives the stream's session to the one inside it, which goes on with it and ends it. */
void stream_hand_session(struct stream *, struct stream *child);
/* STREAM_ROOM_BYTES to make the bytes for a child in, during one data() call; other depths have
 * other rooms. NULL when out of memory. */
uint8_t *stream_room(struct stream *);
/* Does the stream, or one inside it, have a session? */
bool stream_has_sessions(const struct stream *);

/* ---- For who feeds a stream (the engine, and decoders that have streams inside) ---- */

/* Frees what streams took for all of them; the rest of the struct is its owner's. */
void stream_shared_done(struct stream_shared *);

/* Memory for many streams, that all streams of a stream_shared may share. NULL when out of memory.
 * It outlives the streams. */
struct stream_pools *stream_pools_new(struct slab_heap *); /* borrowed */
void stream_pools_free(struct stream_pools *);

/* A new stream. shared is borrowed and outlives it, the connection is copied. NULL when out of
 * memory. from_start: the connection's SYN was seen. */
struct stream *stream_new(struct stream_shared *, const struct connection *, bool from_start);
/* For shared->waits; borrowed as long as the stream lives. */
void stream_set_feeder(struct stream *, const void *feeder);
/* Runs this decoder without asking whose stream it is. For who knows already what the stream holds;
 * not from within the stream's own decoder. What was kept is offered to it. arg is passed to
 * open().
 */
void stream_start(struct stream *, const struct decoder *, const void *arg);
/* For reading ahead: brings the stream, and once it has come its decoder's state, towards the
 * cache. */
void stream_prefetch(const struct stream *);
void stream_prefetch_state(const struct stream *, enum dir);
/* One ordered piece. false: nobody wants more of this stream, in either direction. */
bool stream_data(struct stream *, const struct chunk *);
/* n bytes of a direction are missing (after what was given so far). */
bool stream_gap(struct stream *, enum dir, uint64_t n, int64_t ts, uint64_t pkt);
/* Once what was waiting behind a gap was given, too: only now is the other direction offered what
 * it keeps, as those bytes came before. An end does this by itself. */
bool stream_settle(struct stream *);
/* A direction is over (FIN, RST or the end of everything). */
void stream_end(struct stream *, enum dir, int64_t ts, uint64_t pkt);
/* Ends both directions if need be, closes the decoder, emits EVENT_END when there is a session, and
 * frees the stream. NULL is accepted. */
void stream_close(struct stream *, const struct session_end *);
/* Client and server turned out to be the other way round than the connection said. Whoever feeds
 * the stream goes on naming the directions as before; the stream turns them. */
bool stream_swapped(const struct stream *);

#endif
