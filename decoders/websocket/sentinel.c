/*
 * The framing of hixie-75 and of hixie-76, which is hybi-00: a byte of type, then text up to a byte
 * FF, or, when the type's first bit is set, a length of 7 bits a byte and so many bytes. Only type
 * 00 was ever used for data, and FF with length 0 to close (not in hixie-75). Receivers discard all
 * others. Neither side masks.
 */
#include "framing.h"

#define LENGTH_BYTES_MAX 9 /* 63 bits; no sender had reason to send more than 5 */

static size_t read_length_frame(struct framing_state *state, struct bytes b, struct header *out)
{
    uint64_t len = 0;
    size_t n = 1;
    uint8_t byte = 0x80;
    while (byte & 0x80) {
        if (n == b.n) {
            return n + 1;
        }
        if (n > LENGTH_BYTES_MAX) {
            out->top_bit = true;
            break;
        }
        byte = b.p[n++];
        len = len << 7 | (byte & 0x7f);
    }
    out->f.len = len;
    out->f.header_len = (uint8_t)n;
    if (out->f.wire_opcode == 0xff && len == 0 && state->has_close) {
        out->f.opcode = OPCODE_CLOSE;
    }
    return n;
}

static size_t read_sentinel(struct framing_state *state, enum dir dir, struct bytes b,
                            struct header *out)
{
    (void)dir;
    if (b.n == 0) {
        return 1;
    }
    uint8_t type = b.p[0];
    *out = (struct header){.f = {.fin = true,
                                 .opcode = type == 0 ? OPCODE_TEXT : OPCODE_UNKNOWN,
                                 .wire_opcode = type,
                                 .header_len = 2}}; /* with the FF at its end */
    if (type & 0x80) {
        return read_length_frame(state, b, out);
    }
    out->sentinel = true;
    return 1;
}

const struct framing framing_sentinel = {"hixie-76", read_sentinel};
