/*
 * What decoders say: events, in the order of the bytes that caused them.
 *
 * Everything an event points to is borrowed and valid only until the sink's emit returns. Times are
 * nanoseconds since 1970 UTC, packet numbers count from 1; both are those of the last byte the
 * event needed. Session ids count from 1; 0 means that no session is known (a finding about the
 * capture).
 */
#ifndef WSIGHT_EVENT_H
#define WSIGHT_EVENT_H

#include "finding.h"
#include "net/packet.h"

enum dir { DIR_CLIENT_TO_SERVER, DIR_SERVER_TO_CLIENT };

static inline enum dir dir_other(enum dir d)
{
    return d == DIR_CLIENT_TO_SERVER ? DIR_SERVER_TO_CLIENT : DIR_CLIENT_TO_SERVER;
}

enum event_type {
    EVENT_SESSION,   /* a session begins: begin */
    EVENT_HANDSHAKE, /* request, and response when it came: handshake */
    EVENT_VERSION,   /* the first frames tell which version is spoken: version */
    EVENT_FRAME,     /* one frame header, only when options.frames asks for it */
    EVENT_DEFLATED,  /* a piece of a compressed message before inflation, unmasked: deflated; only
                        when options.deflated asks for it, before its EVENT_MESSAGE */
    EVENT_MESSAGE,   /* a message or control frame is complete, or was lost in part */
    EVENT_RUN,       /* several plain messages at once, only when options.late allows it */
    EVENT_FINDING,
    EVENT_DIGEST,  /* SHA-256 of all messages of a direction, at the end of a session */
    EVENT_CHANNEL, /* at the end of a session that multiplexes, for each of its channels: channel */
    EVENT_TLS,     /* of a TLS connection that stays closed, or around another session: tls */
    EVENT_END      /* the session is over: end */
};

enum session_kind {
    SESSION_UPGRADE,   /* an opening handshake was seen, at least in part */
    SESSION_MIDSTREAM, /* picked up without its handshake */
    SESSION_TLS        /* a TLS connection that cannot be read */
};

/* The TCP connection that a session runs on. */
struct connection {
    struct endpoint client, server;
    uint8_t family; /* 4 or 6 */
    uint16_t vlan[2];
    uint32_t tunnel;
    uint32_t layers;       /* enum layer */
    uint32_t http2_stream; /* its identifier; 0: not a stream of HTTP/2 */
    uint32_t interface;    /* index into the source's interfaces */
    uint32_t number;       /* of the capture's TCP connections, from 0, as they begin */
    int64_t started;       /* time of its first packet */
    uint64_t first_pkt;
    int64_t syn_rtt; /* SYN to the ACK of SYN/ACK, ns; -1 when not seen whole */
};

enum accept_state { ACCEPT_NOT_SEEN, ACCEPT_OK, ACCEPT_WRONG };

/*
 * An opening handshake (RFC 6455 section 4). Texts are raw bytes of the wire, blanks trimmed; a
 * field that was not seen has p == NULL, one that was empty has n == 0. Header fields that came in
 * several lines are joined with ", ". HANDSHAKE_TEXTS lists every text member.
 */
#define HANDSHAKE_TEXTS(X)                                                                         \
    X(method)                                                                                      \
    X(target)                                                                                      \
    X(host)                                                                                        \
    X(origin)                                                                                      \
    X(user_agent)                                                                                  \
    X(server)                                                                                      \
    X(key)                                                                                         \
    X(accept)                                                                                      \
    X(version_text)         /* Sec-WebSocket-Version of the request */                             \
    X(supported_versions)   /* Sec-WebSocket-Version of the response (426) */                      \
    X(offered_subprotocols) /* Sec-WebSocket-Protocol of the request */                            \
    X(subprotocol)          /* ... of the response */                                              \
    X(offered_extensions)   /* Sec-WebSocket-Extensions of the request */                          \
    X(extensions)           /* ... of the response */                                              \
    X(reason)               /* reason phrase of the response */                                    \
    X(request_head)         /* whole, raw; only when options.heads asks for it */                  \
    X(response_head)

struct websocket_version;

struct handshake {
#define HANDSHAKE_MEMBER(name) struct bytes name;
    HANDSHAKE_TEXTS(HANDSHAKE_MEMBER)
#undef HANDSHAKE_MEMBER
    int status;  /* HTTP status; 0 when no response was seen */
    int version; /* WebSocket version; -1 when it was not seen or is no number */
    const struct websocket_version *protocol; /* the version that is spoken; NULL: not known */
    enum accept_state accept_state;
    bool has_cookie, has_authorization;
    bool through_proxy; /* inside a CONNECT tunnel */
    bool answer_lost;   /* there must have been one that was not captured: frames follow */
    int64_t request_ts, response_ts;
    uint64_t request_pkt, response_pkt; /* 0: not seen */
};

enum message_flag {
    MESSAGE_FINISHED = 1 << 0,   /* its last frame came, and nothing of it was lost */
    MESSAGE_FRAGMENTED = 1 << 1, /* more than one frame */
    MESSAGE_COMPRESSED = 1 << 2, /* RSV1, and permessage-deflate is in use */
    MESSAGE_DAMAGED = 1 << 3,    /* bytes of it are missing from the capture */
    MESSAGE_NOT_INFLATED =
        1 << 4, /* window unknown, data invalid or a bomb; len counts what came out */
    MESSAGE_BAD_UTF8 = 1 << 5,
    MESSAGE_BODY_IS_CUT = 1 << 6, /* body holds less than the message (options.body_max) */
    MESSAGE_RAW = 1 << 7 /* an extension that is not decoded has to do with it: it is told as it was
                            on the wire */
};

#define CLOSE_CODE_NONE (-1) /* a Close without a code: 1005 "No Status Rcvd" */

/* A data message or a control frame. What is unfinished still counts its frames and bytes. */
struct message {
    uint8_t opcode;      /* of its first frame */
    uint8_t flags;       /* enum message_flag */
    uint8_t wire_opcode; /* a reserved one's number on the wire; 0 for the others */
    uint32_t frames;
    uint32_t masked;   /* of those frames */
    uint64_t wire_len; /* payload bytes of all its frames, unmasked, before inflation */
    uint64_t overhead; /* header bytes of all its frames */
    uint64_t len;      /* bytes after inflation */
    int64_t first_ts;  /* of its first byte */
    uint64_t first_pkt;
    int64_t rtt;       /* a Pong: ns since the Ping it answers; -1 when it answers none */
    int close_code;    /* a Close: its code or CLOSE_CODE_NONE */
    struct bytes body; /* control frames: always; data: as options.body_max says */
};

/* The reason of a Close: what stands behind its code. Before hybi-06 there was none, and a body of
 * more than one byte was free. */
static inline struct bytes message_reason(const struct message *m)
{
    return m->close_code == CLOSE_CODE_NONE && m->body.n > 1 ? m->body : bytes_from(m->body, 2);
}

/* Finished messages of one frame each, not compressed, with nothing to complain of. Whatever else a
 * struct message would say of them follows from their lengths. */
struct message_run {
    uint8_t opcode;
    bool masked;
    uint8_t n;
    const uint32_t *lengths; /* bytes, n of them */
};

/* Bytes of the shortest header for a payload (RFC 6455 section 5.2). */
static inline uint64_t frame_header_length(uint64_t payload, bool masked)
{
    return 2U + (payload > 65535 ? 8U : payload > 125 ? 2U : 0U) + (masked ? 4U : 0U);
}

/* A frame header as it was on the wire (RFC 6455 section 5.2). */
struct frame {
    bool fin, masked;
    uint8_t rsv;         /* RSV1 is 4, RSV2 2, RSV3 1 */
    uint8_t opcode;      /* RFC 6455's, also when an older version had another number for it */
    uint8_t wire_opcode; /* as it was sent; of hixie-75 and -76 the frame's type */
    uint8_t header_len;
    uint8_t masking_key[4];
    uint64_t len;
};

enum mux_dropped { MUX_NOT_DROPPED, MUX_DROPPED_BY_CLIENT, MUX_DROPPED_BY_SERVER };

/* A channel of a multiplexed connection (websocket/mux.h). */
struct mux_channel {
    uint32_t id; /* 0: control, 1: the connection itself */
    enum mux_dropped dropped;
    int drop_code;       /* CLOSE_CODE_NONE: none was given */
    uint64_t frames[2];  /* inner frames by enum dir; of channel 0 messages */
    uint64_t bytes[2];   /* their payload */
    struct bytes target; /* of the request that added it; empty: none was seen */
};

enum end_how {
    END_OPEN,     /* the capture ended first, or the connection went on to another session */
    END_FIN,      /* both sides closed with FIN, or one did and nothing followed */
    END_RESET,    /* RST */
    END_IDLE,     /* no packet for the idle time */
    END_REPLACED, /* a new SYN took the same ports */
    END_EVICTED   /* given up because too many connections were open */
};

/* Counters of one direction of a TCP connection. */
struct tcp_counts {
    uint64_t packets, bytes; /* bytes of payload, retransmissions included */
    uint32_t retransmitted, out_of_order;
    uint32_t gaps;
    uint64_t lost_bytes; /* in those gaps */
};

struct session_end {
    enum end_how how;
    int first_fin;   /* enum dir of the side that sent FIN or RST first; -1 when none did */
    int64_t fin_ts;  /* when; 0 when none did */
    int64_t last_ts; /* of the connection's last packet */
    struct tcp_counts tcp[2];
};

/* Why a TLS connection stays closed; tls_why_name gives the word. */
enum tls_why {
    TLS_WHY_DECRYPTED,   /* it does not */
    TLS_WHY_NO_KEYS,     /* its secrets are in no key log */
    TLS_WHY_WRONG_KEYS,  /* they do not fit */
    TLS_WHY_UNSUPPORTED, /* version, cipher suite or compression */
    TLS_WHY_HANDSHAKE,   /* the hellos were not captured */
    TLS_WHY_LOST         /* too much was lost to find the records again */
};

/* A TLS connection: the session's own, or what a session of another kind is in. Texts are raw bytes
 * of the wire, empty where they were not seen; TLS_TEXTS lists them. */
#define TLS_TEXTS(X)                                                                               \
    X(sni)                                                                                         \
    X(alpn)          /* the names the client offers, joined with ","; or the server's choice */    \
    X(ja4)           /* the client's fingerprint */                                                \
    X(certificate)   /* the server's, up to TLS 1.2: subject and names */                          \
    X(client_random) /* 32 bytes, by which key logs name the session */

struct tls_hello {
#define TLS_MEMBER(name) struct bytes name;
    TLS_TEXTS(TLS_MEMBER)
#undef TLS_MEMBER
    uint16_t version; /* highest version offered, or the one the server chose; 0: none was seen */
    uint16_t cipher;  /* chosen; 0 when not seen */
    enum tls_why why_not;
};

#define MESSAGES_DIGEST_BYTES 32 /* SHA-256 */

struct event {
    enum event_type type;
    enum dir dir;
    uint64_t session;
    int64_t ts;
    uint64_t pkt;
    union {
        struct {
            enum session_kind kind;
            int confidence; /* percent; of a mid-stream pickup */
            const struct connection *connection;
        } begin;
        const struct handshake *handshake;
        const struct websocket_version *version;
        struct message message;
        struct message_run run;
        struct bytes deflated;
        struct frame frame;
        struct {
            enum finding_id id;
            struct bytes detail; /* UTF-8 text without control characters, or empty */
        } finding;
        uint8_t digest[MESSAGES_DIGEST_BYTES];
        struct mux_channel channel;
        struct tls_hello tls;
        const struct session_end *end;
    };
};

struct event_sink {
    void (*emit)(struct event_sink *, const struct event *);
};

#endif
