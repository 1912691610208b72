/*
 * What messages mean to the protocol that is spoken over the WebSocket: Sec-WebSocket-Protocol
 * (RFC 6455 section 1.9), or what is known without it by the path or the first message.
 *
 * A subprotocol is one file and one line in subprotocols.def. Its read() is a pure function from
 * the bytes of a unit to a dissection: it keeps nothing, allocates nothing, and whatever the bytes
 * are, it ends in time linear in their number. A unit is a message, unless the subprotocol is a
 * byte stream of its own that may be cut anywhere into messages (MQTT 5.0 section 6.0): then
 * struct subprotocol_track finds out where units begin.
 */
#ifndef WSIGHT_SUBPROTOCOL_H
#define WSIGHT_SUBPROTOCOL_H

#include "decoders/event.h"
#include "dissection.h"

#define SUBPROTOCOL_OPENING_BYTES 24 /* holds the version of an MQTT CONNECT */
#define SUBPROTOCOL_HEAD_BYTES 8     /* the longest head that tells a unit's length */
#define SUBPROTOCOL_UNIT_BAD UINT64_MAX

/* What read() may know beside the unit. */
struct subprotocol_hint {
    bool text;            /* the opcode is text */
    struct bytes opening; /* the first bytes that the client sent, or empty; of streams only */
};

struct subprotocol {
    const char *name;          /* for people: "MQTT" */
    const char *const *tokens; /* values of Sec-WebSocket-Protocol, ended by NULL; NULL: none */
    /* It is spoken though no subprotocol was agreed: the request's target, or the first data
     * message of a session, tells. The other one is empty. NULL: never. */
    bool (*guess)(struct bytes target, struct bytes first);
    /* The bytes of the stream's unit that begins with b; 0: b is too short to tell,
     * SUBPROTOCOL_UNIT_BAD: none begins so. NULL: every message is a unit. */
    uint64_t (*unit)(struct bytes b);
    /* Fills the dissection, which is empty. What is malformed is said in it. */
    void (*read)(struct dissection *, struct bytes unit, const struct subprotocol_hint *);
};

/* By what was agreed, else by the request's target. NULL: not known. */
const struct subprotocol *subprotocol_of_handshake(const struct handshake *);
/* By a session's first data message. NULL: not known. */
const struct subprotocol *subprotocol_of_message(struct bytes first);

/* Where units lie in a session's messages, for a subprotocol with unit(). Zeroed before the first
 * message. */
struct subprotocol_track {
    uint8_t opening[SUBPROTOCOL_OPENING_BYTES];
    uint8_t opening_n;
    struct {
        uint8_t head[SUBPROTOCOL_HEAD_BYTES];
        uint8_t head_n;
        uint64_t left;  /* bytes of the unit under way that are still to come */
        uint64_t begun; /* bytes of it that came in messages before */
    } side[2];
};

#define SUBPROTOCOL_NOT_ALIGNED UINT32_MAX

/* The next data message of a direction. Returns how many bytes before it the unit begins that its
 * first byte belongs to: 0 when one begins with it, SUBPROTOCOL_NOT_ALIGNED when that is unknown or
 * 4 GiB away. Of a body that is cut the rest is passed over when it is one unit's. After bytes that
 * were lost, or that no unit begins with, the next message is taken for the beginning of one. */
uint32_t subprotocol_track_message(struct subprotocol_track *, const struct subprotocol *, enum dir,
                                   const struct message *);

#endif
