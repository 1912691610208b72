/*
 * The framing of hybi-07 and later (RFC 6455 section 5.2): FIN, three reserved bits and the opcode,
 * the mask bit and the length, the masking key; only the payload is masked.
 */
#include "rfc6455.h"

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
