/*
 * A session as the model keeps it: what was negotiated, what was counted, what was found, how it
 * ended.
 */
#ifndef WSIGHT_SESSION_H
#define WSIGHT_SESSION_H

#include "decoders/event.h"

enum outcome {
    OUTCOME_OPEN,       /* the upgrade succeeded */
    OUTCOME_REFUSED,    /* the server answered with another status than 101 */
    OUTCOME_MIDSTREAM,  /* picked up without its handshake, or without the answer */
    OUTCOME_INCOMPLETE, /* an upgrade was requested and no answer was captured */
    OUTCOME_TLS,        /* a TLS connection that cannot be read: not a WebSocket session */
    OUTCOME_COUNT
};

/* One direction of a session, or of everything. */
struct direction_counts {
    uint64_t frames;
    uint64_t masked;         /* frames */
    uint64_t payload_bytes;  /* on the wire after unmasking, all frames */
    uint64_t overhead_bytes; /* frame headers */
    uint64_t message_bytes;  /* after inflation, finished data messages */
    uint64_t text, binary;   /* finished messages */
    uint64_t opcodes[16];    /* frames; those of a message's continuation count as opcode 0 */
    uint64_t fragmented, compressed;                          /* of the finished messages */
    uint64_t compressed_wire_bytes, compressed_message_bytes; /* of compressed, inflated messages */
    uint64_t damaged;      /* data messages of which bytes were not captured */
    uint64_t unfinished;   /* data messages that ended before their last frame */
    uint64_t not_inflated; /* compressed messages whose content could not be had in full */
    uint64_t raw;          /* messages of an extension that is not decoded, finished or not */
    uint64_t pings, pongs;
};

static inline uint64_t direction_unmasked(const struct direction_counts *d)
{
    return d->frames - d->masked;
}

/* A direction's first Close. */
struct close_record {
    bool seen;
    int code; /* CLOSE_CODE_NONE when it carried none */
    int64_t ts;
    uint64_t pkt;
    struct bytes reason; /* raw; owned by the session */
};

struct rtt_counts {
    uint64_t count;
    int64_t min, max, sum; /* ns */
};

/* A finding of a session, or of the capture: the first of its kind and direction, and how many. */
struct finding_record {
    enum finding_id id;
    enum dir dir;
    int64_t ts; /* of the first */
    uint64_t pkt;
    uint64_t count;
    struct bytes detail; /* of the first; text without control characters */
};

/* How a session ended, in one word; close_how_name() gives the word. */
enum close_how {
    CLOSE_STILL_OPEN,  /* at the end of the capture */
    CLOSE_CLEAN,       /* Close from both sides */
    CLOSE_UNANSWERED,  /* Close from one side only, then FIN, RST or silence */
    CLOSE_FIN,         /* FIN without any Close */
    CLOSE_RESET,       /* RST without any Close */
    CLOSE_IDLE,        /* silence */
    CLOSE_EVICTED,     /* given up by wsight for want of room */
    CLOSE_REPLACED,    /* another connection took its ports */
    CLOSE_NEVER_OPENED /* refused, incomplete or TLS */
};

/* A channel of a session that multiplexes. */
struct channel_record {
    struct channel_record *next;
    struct mux_channel channel; /* its target is owned by the session */
};

struct text_block; /* texts.h */

/* Whether a session counts, in a model that is selective. */
struct session_choice {
    bool selected;  /* set by a listener, right when its session_ended returns */
    unsigned state; /* that listener's own */
    void *own;      /* ... and what free_own frees, unless it is NULL */
    void (*free_own)(void *own);
    struct session *session; /* whose it is */
    struct share *share;     /* what it may add to the totals (share.h); the model's */
};

struct session {
    _Alignas(64) uint64_t id; /* in the order of their beginning, from 1 */
    int64_t started, last_ts; /* first and last event or packet */
    enum outcome outcome;
    int confidence; /* percent; of a mid-stream pickup */
    bool ended;
    bool reported; /* model_interval told of it before */
    bool has_handshake;
    bool has_tls; /* tls is set: the session is in TLS, or is a TLS connection */
    uint32_t finding_count;
    void *user;                      /* a listener's own (one listener at most uses it) */
    struct finding_record *findings; /* in the order of their first packet */
    uint64_t findings_left_out;      /* kinds beyond FINDINGS_PER_SESSION */
    struct session_choice *choice;   /* NULL in a model that is not selective, and when memory was
                                        short: then the session is left out */
    _Alignas(64) struct direction_counts dir[2];
    struct connection connection;
    struct handshake handshake; /* its texts are owned by the session */
    struct close_record close[2];
    struct rtt_counts rtt[2];         /* by the direction of the Ping */
    const uint8_t *digest[2];         /* MESSAGES_DIGEST_BYTES each; NULL: not asked for */
    struct session_end end;           /* once ended */
    struct tls_hello tls;             /* its texts are owned by the session */
    struct channel_record *channels;  /* in the order of their first appearance */
    struct text_block *texts;         /* what the bytes above point into; the model's */
    struct text_block *finding_texts; /* the same for the findings */
};

/* How a session ended, judged by its Closes and by TCP. */
enum close_how session_close_how(const struct session *);
/* "clean", "reset", ... as in the report. */
const char *close_how_name(enum close_how);
/* "open", "refused", "midstream", "incomplete", "tls". */
const char *outcome_name(enum outcome);
/* The side that sent the first Close, -1 when none did. */
int session_close_first(const struct session *);
/* Is finding i of the session of the same kind as one before it, of the other direction? */
bool session_finding_again(const struct session *, uint32_t i);

#endif
