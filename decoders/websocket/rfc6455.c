/*
 * The framing of hybi-07 and later (RFC 6455 section 5.2): FIN, three reserved bits and the opcode,
 * the mask bit and the length, the masking key; only the payload is masked.
 */
#include "rfc6455.h"

#include "websocket.h"

static size_t read_rfc6455(struct framing_state *state, enum dir dir, struct bytes b,
                           struct header *out)
{
    (void)state;
    (void)dir;
    size_t n = b.n < 2 ? 2 : rfc6455_header_length(b.p);
    if (n <= b.n) {
        *out = (struct header){0};
        rfc6455_read_header(b, n, out);
        out->key_len = out->f.masked ? 4 : 0;
        memcpy(out->key, out->f.masking_key, 4);
    }
    return n;
}

const struct framing framing_rfc6455 = {"RFC 6455", read_rfc6455};

/* ---- Where WebSocket is expected ---- */

/* What every sender keeps to of a header's first byte; RSV1 means a compressed message. */
static bool is_legal_begin(uint8_t first)
{
    unsigned opcode = first & 0x0f;
    if (opcode >= OPCODE_CLOSE) {
        return opcode <= OPCODE_PONG && (first & 0xf0) == 0x80;
    }
    return opcode <= OPCODE_BINARY && (first & 0x30) == 0;
}

static bool is_legal(enum dir dir, const struct header *h)
{
    const struct frame *f = &h->f;
    return f->masked == (dir == DIR_CLIENT_TO_SERVER) && !h->not_minimal && !h->top_bit &&
           (f->opcode < OPCODE_CLOSE || f->len <= CONTROL_PAYLOAD_MAX);
}

enum verdict websocket_frames_follow(enum dir dir, struct bytes b)
{
    enum verdict verdict = VERDICT_MORE;
    while (b.n > 0) {
        struct header h;
        bool continues = (b.p[0] & 0x0f) == OPCODE_CONTINUATION;
        if (!is_legal_begin(b.p[0]) || (verdict == VERDICT_MORE && continues)) {
            return VERDICT_NO;
        }
        size_t n = read_rfc6455(NULL, dir, b, &h);
        if (n > b.n) {
            break;
        }
        if (!is_legal(dir, &h)) {
            return VERDICT_NO;
        }
        verdict = VERDICT_YES;
        b = bytes_from(b, n);
        b = h.f.len < b.n ? bytes_from(b, (size_t)h.f.len) : (struct bytes){0};
    }
    return verdict;
}
