/* Keys of the handshakes before hybi-05. */
#include "old_keys.h"

#include <openssl/evp.h>

#define KEY_MAX_BYTES 256 /* a legal one has less than 40 */

bool old_key_number(struct bytes key, uint32_t *out)
{
    uint64_t digits = 0;
    uint64_t spaces = 0;
    for (size_t i = 0; i < key.n && i < KEY_MAX_BYTES; i++) {
        uint8_t c = key.p[i];
        if (c >= '0' && c <= '9') {
            if (digits > (UINT64_MAX - 9) / 10) {
                return false;
            }
            digits = digits * 10 + (uint64_t)(c - '0');
        }
        spaces += c == ' ';
    }
    if (key.n > KEY_MAX_BYTES || spaces == 0 || digits % spaces != 0 ||
        digits / spaces > UINT32_MAX) {
        return false;
    }
    *out = (uint32_t)(digits / spaces);
    return true;
}

static void put_be32(uint8_t *p, uint32_t n)
{
    for (int i = 0; i < 4; i++) {
        p[i] = (uint8_t)(n >> (24 - 8 * i));
    }
}

bool old_keys_answer(const uint32_t numbers[2], const uint8_t key3[KEY3_BYTES],
                     uint8_t out[KEYS_ANSWER_BYTES])
{
    uint8_t text[8 + KEY3_BYTES];
    put_be32(text, numbers[0]);
    put_be32(text + 4, numbers[1]);
    memcpy(text + 8, key3, KEY3_BYTES);
    return EVP_Digest(text, sizeof text, out, NULL, EVP_md5(), NULL) == 1;
}

bool old_connection_key(struct bytes key, struct bytes nonce, uint8_t out[CONNECTION_KEY_BYTES])
{
    static const char constant[] = "61AC5F19-FBBA-4540-B96F-6561F1AB40A8";
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    bool ok = context != NULL && EVP_DigestInit_ex(context, EVP_sha1(), NULL) == 1 &&
              EVP_DigestUpdate(context, key.p, key.n) == 1 &&
              EVP_DigestUpdate(context, nonce.p, nonce.n) == 1 &&
              EVP_DigestUpdate(context, constant, sizeof constant - 1) == 1 &&
              EVP_DigestFinal_ex(context, out, NULL) == 1;
    EVP_MD_CTX_free(context);
    return ok;
}
