/* Community ID version 1. */
#include "community_id.h"

#include <openssl/evp.h>
#include <openssl/sha.h>

#define PROTOCOL_TCP 6

static bool is_smaller(const struct endpoint *a, const struct endpoint *b, size_t ip_bytes)
{
    int difference = memcmp(a->ip, b->ip, ip_bytes);
    return difference != 0 ? difference < 0 : a->port < b->port;
}

bool community_hash(const struct endpoint *a, const struct endpoint *b, uint8_t family,
                    uint8_t hash[COMMUNITY_HASH_BYTES])
{
    size_t ip_bytes = family == 6 ? 16 : 4;
    bool swap = is_smaller(b, a, ip_bytes);
    const struct endpoint *ends[2] = {swap ? b : a, swap ? a : b};
    uint8_t input[2 + 2 * 16 + 2 + 4] = {0}; /* begins with the seed, 0 */
    size_t n = 2;
    for (int i = 0; i < 2; i++) {
        memcpy(input + n, ends[i]->ip, ip_bytes);
        n += ip_bytes;
    }
    input[n++] = PROTOCOL_TCP;
    input[n++] = 0;
    for (int i = 0; i < 2; i++) {
        input[n++] = (uint8_t)(ends[i]->port >> 8);
        input[n++] = (uint8_t)ends[i]->port;
    }
    return SHA1(input, n, hash) != NULL;
}

void community_id(const struct connection *c, char out[COMMUNITY_ID_BYTES])
{
    uint8_t hash[COMMUNITY_HASH_BYTES];
    out[0] = '\0';
    if (community_hash(&c->client, &c->server, c->family, hash)) {
        memcpy(out, "1:", 2);
        EVP_EncodeBlock((unsigned char *)out + 2, hash, sizeof hash);
    }
}
