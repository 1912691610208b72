/*
 * The opening handshake's memory. Both tables are fixed in size and forget the oldest of a bucket:
 * what is asked of them is a hint for a finding, not an account.
 *
 * SHA-1 is looked up in libcrypto once and its context is reused: SHA1() looks the algorithm up on
 * every call, which costs more than the hash of a key.
 */
#include "memory.h"

#include <openssl/evp.h>
#include <stdlib.h>

#define KEY_BUCKETS 16384 /* times 4: the last 65,536 keys, more or less */
#define KEY_WAYS 4
#define CONNECTING_BUCKETS 1024
#define CONNECTING_WAYS 8
#define KEY_OPEN ((uint64_t)1) /* lowest bit of a key's hash: its handshake is under way */

struct connecting {
    uint64_t who;
    uint32_t handshakes;
};

struct upgrade_memory {
    EVP_MD *sha1;
    EVP_MD_CTX *context;
    uint64_t keys[KEY_BUCKETS][KEY_WAYS]; /* newest first; 0: free */
    struct connecting connecting[CONNECTING_BUCKETS][CONNECTING_WAYS];
};

struct upgrade_memory *upgrade_memory_new(void)
{
    struct upgrade_memory *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return NULL;
    }
    m->sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
    m->context = EVP_MD_CTX_new();
    if (m->sha1 == NULL || m->context == NULL) {
        upgrade_memory_free(m);
        return NULL;
    }
    return m;
}

void upgrade_memory_free(struct upgrade_memory *m)
{
    if (m != NULL) {
        EVP_MD_CTX_free(m->context);
        EVP_MD_free(m->sha1);
        free(m);
    }
}

static const char guid[] = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

static bool digest(struct upgrade_memory *m, struct bytes key, uint8_t out[20])
{
    EVP_MD_CTX *context = m != NULL ? m->context : EVP_MD_CTX_new();
    bool ok = context != NULL &&
              EVP_DigestInit_ex(context, m != NULL ? m->sha1 : EVP_sha1(), NULL) == 1 &&
              EVP_DigestUpdate(context, key.p, key.n) == 1 &&
              EVP_DigestUpdate(context, guid, sizeof guid - 1) == 1 &&
              EVP_DigestFinal_ex(context, out, NULL) == 1;
    if (m == NULL) {
        EVP_MD_CTX_free(context);
    }
    return ok;
}

uint64_t upgrade_accept_text(struct upgrade_memory *m, struct bytes key,
                             char out[ACCEPT_TEXT_BYTES + 1])
{
    uint8_t hash[20] = {0};
    out[0] = '\0';
    if (!digest(m, key, hash)) {
        return 0; /* out of memory: nothing equals the empty text */
    }
    EVP_EncodeBlock((unsigned char *)out, hash, sizeof hash);
    struct reader r = reader_of((struct bytes){hash, sizeof hash});
    return read_be64(&r) & ~KEY_OPEN;
}

static uint64_t *key_bucket(struct upgrade_memory *m, uint64_t key)
{
    return m->keys[(key >> 1) % KEY_BUCKETS];
}

bool upgrade_key_seen(struct upgrade_memory *m, uint64_t key)
{
    if (m == NULL || key == 0) {
        return false;
    }
    uint64_t *bucket = key_bucket(m, key);
    size_t at = 0;
    while (at < KEY_WAYS - 1 && (bucket[at] & ~KEY_OPEN) != key) {
        at++;
    }
    bool seen = bucket[at] == key; /* and not KEY_OPEN */
    memmove(bucket + 1, bucket, at * sizeof *bucket);
    bucket[0] = key | KEY_OPEN;
    return seen;
}

void upgrade_key_done(struct upgrade_memory *m, uint64_t key)
{
    if (m == NULL || key == 0) {
        return;
    }
    uint64_t *bucket = key_bucket(m, key);
    for (size_t i = 0; i < KEY_WAYS; i++) {
        if (bucket[i] == (key | KEY_OPEN)) {
            bucket[i] = key;
        }
    }
}

static uint64_t mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * 0x9e3779b97f4a7c15u; /* 2^64 by the golden ratio: Fibonacci hashing */
    return h ^ h >> 32;
}

static uint64_t mix_address(uint64_t h, const uint8_t ip[16])
{
    uint64_t half[2];
    memcpy(half, ip, sizeof half);
    return mix(mix(h, half[0]), half[1]);
}

/* Who connects to whom: the client's address without its port, the server's with it. */
static uint64_t connection_hash(const struct connection *c)
{
    uint64_t h = mix_address(mix_address(0, c->client.ip), c->server.ip);
    h = mix(h, (uint64_t)c->vlan[0] << 32 | (uint64_t)c->vlan[1] << 16 | c->server.port);
    return mix(h, c->tunnel);
}

static struct connecting *connecting_find(struct upgrade_memory *m, uint64_t who, bool add)
{
    struct connecting *bucket = m->connecting[who % CONNECTING_BUCKETS];
    struct connecting *unused = NULL;
    for (size_t i = 0; i < CONNECTING_WAYS; i++) {
        if (bucket[i].handshakes > 0 && bucket[i].who == who) {
            return &bucket[i];
        }
        if (bucket[i].handshakes == 0) {
            unused = &bucket[i];
        }
    }
    if (add && unused != NULL) {
        unused->who = who;
        return unused;
    }
    return NULL;
}

bool upgrade_connecting(struct upgrade_memory *m, const struct connection *c)
{
    struct connecting *found = m != NULL ? connecting_find(m, connection_hash(c), true) : NULL;
    if (found == NULL) {
        return false;
    }
    found->handshakes++;
    return found->handshakes > 1;
}

void upgrade_connected(struct upgrade_memory *m, const struct connection *c)
{
    struct connecting *found = m != NULL ? connecting_find(m, connection_hash(c), false) : NULL;
    if (found != NULL) {
        found->handshakes--;
    }
}
