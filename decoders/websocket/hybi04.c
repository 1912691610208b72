/*
 * The framing of hybi-04: the header of hybi-01 with FIN in place of MORE. A client's frame begins
 * with 4 bytes in clear; their SHA-1 together with the connection's key is what masks all that
 * follows, header and payload, 20 bytes at a time.
 *
 * One library (libwebsockets until 2013) computed that key and then masked with the connection's
 * key itself. Such a sender is known by headers that make no sense otherwise.
 */
#include "framing.h"

#include <openssl/evp.h>

#define NONCE_BYTES 4
#define KEY_BYTES 20
#define LENGTH_MAX (UINT64_C(1) << 40) /* no frame of that time is as long */

static bool frame_key(const struct framing_state *state, struct bytes nonce, uint8_t out[KEY_BYTES])
{
    uint8_t text[NONCE_BYTES + KEY_BYTES];
    memcpy(text, nonce.p, NONCE_BYTES);
    memcpy(text + NONCE_BYTES, state->connection_key, KEY_BYTES);
    return EVP_Digest(text, sizeof text, out, NULL, EVP_sha1(), NULL) == 1;
}

static size_t read_with(struct bytes masked, const uint8_t key[KEY_BYTES], struct header *out)
{
    uint8_t plain[HYBI_HEADER_MAX];
    size_t n = masked.n < sizeof plain ? masked.n : sizeof plain;
    for (size_t i = 0; i < n; i++) {
        plain[i] = masked.p[i] ^ key[i];
    }
    return hybi_header((struct bytes){plain, n}, false, out);
}

/* May a header begin like this? */
static bool makes_sense(const struct header *h)
{
    bool control = opcode_is_control(h->f.opcode);
    return h->f.rsv == 0 && !h->rsv4 && h->f.wire_opcode <= 5 && h->f.len < LENGTH_MAX &&
           !h->not_minimal && (!control || (h->f.fin && h->f.len <= CONTROL_PAYLOAD_MAX));
}

/* The same for a header of which perhaps only two bytes are there. */
static bool may_make_sense(struct bytes masked, const uint8_t key[KEY_BYTES])
{
    uint8_t first = masked.p[0] ^ key[0];
    uint8_t second = masked.p[1] ^ key[1];
    struct header h;
    bool start = (first & 0x70) == 0 && (first & 0x0f) <= 5 && (second & 0x80) == 0;
    return start && (read_with(masked, key, &h) > masked.n || makes_sense(&h));
}

static size_t read_masked(struct framing_state *state, struct bytes b, struct header *out)
{
    struct bytes nonce = bytes_part(b, 0, NONCE_BYTES);
    struct bytes masked = bytes_from(b, NONCE_BYTES);
    uint8_t key[KEY_BYTES];
    if (masked.n < 2) {
        return NONCE_BYTES + 2;
    }
    if (!frame_key(state, nonce, key)) {
        return 0;
    }
    bool faulty = state->faulty ||
                  (!may_make_sense(masked, key) && may_make_sense(masked, state->connection_key));
    if (faulty) {
        memcpy(key, state->connection_key, KEY_BYTES);
    }
    size_t length = read_with(masked, key, out);
    if (length <= masked.n) {
        state->faulty = faulty;
        out->f.masked = true;
        out->f.header_len = (uint8_t)(out->f.header_len + NONCE_BYTES);
        out->key_len = KEY_BYTES;
        out->phase = (uint8_t)length;
        memcpy(out->key, key, KEY_BYTES);
        memcpy(out->f.masking_key, nonce.p, NONCE_BYTES);
    }
    return NONCE_BYTES + length;
}

static size_t read_hybi04(struct framing_state *state, enum dir dir, struct bytes b,
                          struct header *out)
{
    if (dir == DIR_SERVER_TO_CLIENT) {
        return hybi_header(b, false, out);
    }
    return state->has_connection_key ? read_masked(state, b, out) : 0;
}

const struct framing framing_hybi04 = {"hybi-04", read_hybi04};
