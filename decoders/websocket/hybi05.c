/*
 * The framing of hybi-05 and hybi-06: the header of hybi-01 with FIN in place of MORE. A client's
 * frame begins with a key of 4 bytes, and all that follows is masked with it, the header too; so at
 * the payload the key stands where the header has left it.
 */
#include "framing.h"

static size_t read_masked(struct bytes b, struct header *out)
{
    struct reader r = reader_of(b);
    struct bytes key = read_bytes(&r, 4);
    uint8_t plain[HYBI_HEADER_MAX];
    size_t n = r.b.n < sizeof plain ? r.b.n : sizeof plain;
    for (size_t i = 0; i < n; i++) {
        plain[i] = r.b.p[i] ^ key.p[i & 3];
    }
    size_t length = hybi_header((struct bytes){plain, n}, false, out);
    if (length <= n) {
        out->f.masked = true;
        out->f.header_len = (uint8_t)(out->f.header_len + 4);
        out->key_len = 4;
        out->phase = (uint8_t)(length & 3);
        memcpy(out->key, key.p, 4);
        memcpy(out->f.masking_key, key.p, 4);
    }
    return 4 + length;
}

static size_t read_hybi05(struct framing_state *state, enum dir dir, struct bytes b,
                          struct header *out)
{
    (void)state;
    return dir == DIR_CLIENT_TO_SERVER ? read_masked(b, out) : hybi_header(b, false, out);
}

const struct framing framing_hybi05 = {"hybi-05", read_hybi05};
