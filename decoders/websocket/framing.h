/*
 * A framing: how the frames of some versions lie on the wire. One file each:
 *
 *   sentinel.c  hixie-75, hixie-76 (hybi-00)   00 text FF, or a length in base 128
 *   hybi01.c    hybi-01 to -03                 the MORE bit, opcodes from before the renumbering
 *   hybi04.c    hybi-04                        FIN; the client's frames masked by SHA-1, header too
 *   hybi05.c    hybi-05 and -06                the same, masked by a key of 4 bytes
 *   rfc6455.c   hybi-07 and later              as it stayed
 *
 * A framing only reads headers. What comes of them is the business of frames.c (rfc6455.c, where
 * speed counts) and of drafts.c (all others), and both share message.c and control.c.
 */
#ifndef WSIGHT_WEBSOCKET_FRAMING_H
#define WSIGHT_WEBSOCKET_FRAMING_H

#include "../event.h"

enum opcode {
    OPCODE_CONTINUATION = 0,
    OPCODE_TEXT = 1,
    OPCODE_BINARY = 2,
    OPCODE_CLOSE = 8,
    OPCODE_PING = 9,
    OPCODE_PONG = 10
};

static inline bool opcode_is_control(uint8_t opcode)
{
    return opcode & 8;
}

/* One of today's numbers that has no meaning today. */
static inline bool opcode_is_reserved(uint8_t opcode)
{
    return (opcode & 7) > 2;
}

#define OPCODE_UNKNOWN 3        /* what a frame is called that the version has no name for */
#define CONTROL_PAYLOAD_MAX 125 /* RFC 6455 section 5.5 */
#define FRAMING_KEY_MAX 20

/* A header as a framing has read it. */
struct header {
    struct frame f;            /* its opcode is RFC 6455's, whatever was on the wire */
    bool not_minimal, top_bit; /* of the length */
    bool rsv4;                 /* the fourth reserved bit, before there was a mask bit */
    bool sentinel;             /* the payload ends before the next FF; f.len says nothing */
    uint8_t key_len;           /* how many bytes of key mask the payload; 0: it is not masked */
    uint8_t phase;             /* index of the key's byte for the first payload byte */
    uint8_t key[FRAMING_KEY_MAX];
};

/* What a framing must know besides the bytes. */
struct framing_state {
    bool has_close;             /* sentinel: FF 00 closes (not so in hixie-75) */
    bool has_connection_key;    /* hybi-04: both halves of the handshake were seen */
    uint8_t connection_key[20]; /* hybi-04: SHA-1 of key, nonce and a constant */
    bool faulty;                /* hybi-04: the sender masks with that key itself */
};

struct framing {
    const char *name;
    /* Reads the header that b begins with. Returns its length. When that is more than b.n, the
     * header is not all there, and *out says nothing. 0: this direction cannot be read. */
    size_t (*header)(struct framing_state *, enum dir, struct bytes b, struct header *out);
};

extern const struct framing framing_sentinel, framing_hybi01, framing_hybi04, framing_hybi05,
    framing_rfc6455;

#define HYBI_HEADER_MAX 10

/* The header that hybi-01 to hybi-06 share once it is unmasked: what header() returns. `more`: the
 * first bit says that more fragments follow, and not that this is the last. */
size_t hybi_header(struct bytes plain, bool more, struct header *out);

/* The length of a header whose first two bytes were read: of the 7 bits in h->f.len, or of the 16
 * or 64 that follow (RFC 6455 section 5.2). */
static inline void framing_read_length(struct reader *r, struct header *h)
{
    if (h->f.len == 126) {
        h->f.len = read_be16(r);
        h->not_minimal = h->f.len < 126;
    } else if (h->f.len == 127) {
        h->f.len = read_be64(r);
        h->not_minimal = h->f.len < 65536;
        h->top_bit = h->f.len >> 63;
    }
}

#endif
