/*
 * The framing of hybi-01 to hybi-03: MORE, three reserved bits and the opcode; a fourth reserved
 * bit and the length. Neither side masks.
 *
 * Opcodes had other numbers until hybi-07. They are read as what they mean; those that mean nothing
 * take the numbers that mean nothing today, each its own.
 */
#include "framing.h"

static const uint8_t opcodes[16] = {OPCODE_CONTINUATION,
                                    OPCODE_CLOSE,
                                    OPCODE_PING,
                                    OPCODE_PONG,
                                    OPCODE_TEXT,
                                    OPCODE_BINARY,
                                    6,
                                    7,
                                    3,
                                    4,
                                    5,
                                    11,
                                    12,
                                    13,
                                    14,
                                    15};

size_t hybi_header(struct bytes plain, bool more, struct header *out)
{
    struct reader r = reader_of(plain);
    uint8_t first = read_u8(&r);
    uint8_t second = read_u8(&r);
    unsigned len7 = second & 0x7f;
    size_t n = 2U + (r.bad ? 0U : len7 == 126 ? 2U : len7 == 127 ? 8U : 0U);
    if (n > plain.n) {
        return n;
    }
    *out = (struct header){.f = {.fin = (first & 0x80) != 0,
                                 .rsv = first >> 4 & 7,
                                 .opcode = opcodes[first & 0x0f],
                                 .wire_opcode = first & 0x0f,
                                 .header_len = (uint8_t)n,
                                 .len = len7},
                           .rsv4 = second & 0x80};
    out->f.fin = out->f.fin != more;
    framing_read_length(&r, out);
    return n;
}

static size_t read_hybi01(struct framing_state *state, enum dir dir, struct bytes b,
                          struct header *out)
{
    (void)state;
    (void)dir;
    return hybi_header(b, true, out);
}

const struct framing framing_hybi01 = {"hybi-01", read_hybi01};
