/* Record protection with libcrypto: keys, AEAD ciphers and CBC with its MAC. */
#include "protection.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdlib.h>

#define TAG_BYTES 16
#define NONCE_BYTES 12
#define EXPLICIT_NONCE_BYTES 8
#define MAC_MAX_BYTES 48
#define BLOCK_MAX_BYTES 16
#define KEY_BLOCK_MAX_BYTES (2 * (MAC_MAX_BYTES + 32 + BLOCK_MAX_BYTES))

enum mode { MODE_GCM, MODE_CHACHA, MODE_CCM, MODE_CBC };

struct shape {
    const char *name; /* libcrypto's */
    enum mode mode;
    uint8_t key, tag;
};

static const struct shape shapes[] = {
    [TLS_CIPHER_AES_128_GCM] = {"AES-128-GCM", MODE_GCM, 16, TAG_BYTES},
    [TLS_CIPHER_AES_256_GCM] = {"AES-256-GCM", MODE_GCM, 32, TAG_BYTES},
    [TLS_CIPHER_CHACHA20_POLY1305] = {"ChaCha20-Poly1305", MODE_CHACHA, 32, TAG_BYTES},
    [TLS_CIPHER_AES_128_CCM] = {"AES-128-CCM", MODE_CCM, 16, TAG_BYTES},
    [TLS_CIPHER_AES_256_CCM] = {"AES-256-CCM", MODE_CCM, 32, TAG_BYTES},
    [TLS_CIPHER_AES_128_CCM_8] = {"AES-128-CCM", MODE_CCM, 16, 8},
    [TLS_CIPHER_AES_256_CCM_8] = {"AES-256-CCM", MODE_CCM, 32, 8},
    [TLS_CIPHER_AES_128_CBC] = {"AES-128-CBC", MODE_CBC, 16, 0},
    [TLS_CIPHER_AES_256_CBC] = {"AES-256-CBC", MODE_CBC, 32, 0},
    [TLS_CIPHER_DES_EDE3_CBC] = {"DES-EDE3-CBC", MODE_CBC, 24, 0},
};

static const struct tls_suite suites[] = {
#define SUITE(id, name, cipher, prf, mac)                                                          \
    {id, name, TLS_CIPHER_##cipher, TLS_DIGEST_##prf, TLS_DIGEST_##mac},
#include "suites.def"
#undef SUITE
};

/* One context of each cipher serves all openers, and takes on the key of whoever opens a record:
 * with thousands of connections that is a third of the time that it takes to bring contexts of
 * their own, of 2 KB each, into the cache. */
struct tls_kit {
    struct {
        EVP_CIPHER_CTX *ctx;
        const struct tls_opener *user;           /* whose key it has */
    } ciphers[sizeof shapes / sizeof shapes[0]]; /* by enum tls_cipher */
    EVP_MAC_CTX *hmac[TLS_DIGEST_SHA384 + 1];    /* by enum tls_digest */
    EVP_MD *sha256;
    EVP_MD_CTX *hash;
};

struct tls_opener {
    const struct tls_suite *suite;
    const struct shape *shape;
    struct tls_kit *kit;
    EVP_MAC_CTX *mac; /* of CBC */
    uint8_t key[32];
    uint16_t version;
    bool encrypt_then_mac;
    bool chained;  /* TLS 1.0: the last block of a record is the vector of the next */
    bool blind;    /* ... and that was lost */
    uint8_t block; /* of CBC */
    uint8_t mac_bytes;
    uint8_t iv[BLOCK_MAX_BYTES]; /* fixed part of the nonce, or the chained block */
};

const struct tls_suite *tls_suite_find(uint16_t id)
{
    for (size_t i = 0; i < sizeof suites / sizeof suites[0]; i++) {
        if (suites[i].id == id) {
            return &suites[i];
        }
    }
    return NULL;
}

/* IANA's names begin with the key exchange (RFC 5246 appendix A.5). */
bool tls_suite_is_rsa(const struct tls_suite *suite)
{
    return bytes_start_with(bytes_of(suite->name), bytes_of("TLS_RSA_WITH_"));
}

const char *tls_digest_name(enum tls_digest d)
{
    static const char *const names[] = {[TLS_DIGEST_NONE] = "",
                                        [TLS_DIGEST_SHA1] = "SHA1",
                                        [TLS_DIGEST_SHA256] = "SHA256",
                                        [TLS_DIGEST_SHA384] = "SHA384"};
    return names[d];
}

static size_t digest_bytes(enum tls_digest d)
{
    static const uint8_t sizes[] = {
        [TLS_DIGEST_SHA1] = 20, [TLS_DIGEST_SHA256] = 32, [TLS_DIGEST_SHA384] = 48};
    return sizes[d];
}

/* ---- Key derivation ---- */

static bool derive(const char *kdf_name, const OSSL_PARAM *params, uint8_t *out, size_t n)
{
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, kdf_name, NULL);
    EVP_KDF_CTX *ctx = kdf != NULL ? EVP_KDF_CTX_new(kdf) : NULL;
    bool done = ctx != NULL && EVP_KDF_derive(ctx, out, n, params) == 1;
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
    return done;
}

static OSSL_PARAM octets(const char *key, struct bytes b)
{
    return OSSL_PARAM_construct_octet_string(key, (void *)(uintptr_t)b.p, b.n);
}

static OSSL_PARAM text(const char *key, const char *value)
{
    return OSSL_PARAM_construct_utf8_string(key, (char *)(uintptr_t)value, 0);
}

static EVP_MAC_CTX *new_hmac(enum tls_digest digest)
{
    const OSSL_PARAM params[] = {text(OSSL_MAC_PARAM_DIGEST, tls_digest_name(digest)),
                                 OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    EVP_MAC_CTX *ctx = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
    EVP_MAC_free(mac);
    if (ctx != NULL && EVP_MAC_CTX_set_params(ctx, params) != 1) {
        EVP_MAC_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

/* HMAC under a secret, for several expansions of it. NULL when libcrypto cannot. */
static EVP_MAC_CTX *begin_expansion(struct tls_kit *kit, enum tls_digest digest,
                                    struct bytes secret)
{
    EVP_MAC_CTX **hmac = &kit->hmac[digest];
    *hmac = *hmac != NULL ? *hmac : new_hmac(digest);
    return *hmac != NULL && EVP_MAC_init(*hmac, secret.p, secret.n, NULL) == 1 ? *hmac : NULL;
}

static bool again_expansion(EVP_MAC_CTX *hmac)
{
    return EVP_MAC_init(hmac, NULL, 0, NULL) == 1;
}

/* HKDF-Expand-Label with an empty context (RFC 8446 section 7.1). So few bytes are wanted, no more
 * than the digest has, that HKDF-Expand is one HMAC (RFC 5869 section 2.3). The label begins with
 * "tls13 ". Before the next expansion of the secret comes again_expansion. */
static bool expand_label(EVP_MAC_CTX *hmac, const char *label, uint8_t *out, size_t n)
{
    uint8_t info[32] = {(uint8_t)(n >> 8), (uint8_t)n}, made[MAC_MAX_BYTES];
    size_t label_n = strlen(label), made_n = 0;
    info[2] = (uint8_t)label_n;
    memcpy(info + 3, label, label_n);
    info[4 + label_n] = 1; /* behind the length of the context; the only block */
    bool done = hmac != NULL && EVP_MAC_update(hmac, info, 5 + label_n) == 1 &&
                EVP_MAC_final(hmac, made, &made_n, sizeof made) == 1 && made_n >= n;
    if (done) {
        memcpy(out, made, n);
    }
    OPENSSL_cleanse(made, sizeof made);
    return done;
}

bool tls_prf(uint16_t version, enum tls_digest digest, struct bytes secret, const char *label,
             struct bytes seed1, struct bytes seed2, uint8_t *out, size_t n)
{
    const char *name = version < 0x0303 ? "MD5-SHA1" : tls_digest_name(digest);
    const OSSL_PARAM params[] = {text(OSSL_KDF_PARAM_DIGEST, name),
                                 octets(OSSL_KDF_PARAM_SECRET, secret),
                                 octets(OSSL_KDF_PARAM_SEED, bytes_of(label)),
                                 octets(OSSL_KDF_PARAM_SEED, seed1),
                                 octets(OSSL_KDF_PARAM_SEED, seed2),
                                 OSSL_PARAM_construct_end()};
    return derive("TLS1-PRF", params, out, n);
}

/* ---- Life ---- */

struct tls_kit *tls_kit_new(void)
{
    return calloc(1, sizeof(struct tls_kit));
}

void tls_kit_free(struct tls_kit *kit)
{
    if (kit == NULL) {
        return;
    }
    for (size_t i = 0; i < sizeof kit->ciphers / sizeof kit->ciphers[0]; i++) {
        EVP_CIPHER_CTX_free(kit->ciphers[i].ctx);
    }
    for (size_t i = 0; i < sizeof kit->hmac / sizeof kit->hmac[0]; i++) {
        EVP_MAC_CTX_free(kit->hmac[i]);
    }
    EVP_MD_CTX_free(kit->hash);
    EVP_MD_free(kit->sha256);
    free(kit);
}

bool tls_kit_sha256(struct tls_kit *kit, struct bytes b, uint8_t out[TLS_SHA256_BYTES])
{
    if (kit == NULL) {
        return EVP_Digest(b.p, b.n, out, NULL, EVP_sha256(), NULL) == 1;
    }
    kit->sha256 = kit->sha256 != NULL ? kit->sha256 : EVP_MD_fetch(NULL, "SHA256", NULL);
    kit->hash = kit->hash != NULL ? kit->hash : EVP_MD_CTX_new();
    return kit->sha256 != NULL && kit->hash != NULL &&
           EVP_DigestInit_ex2(kit->hash, kit->sha256, NULL) == 1 &&
           EVP_DigestUpdate(kit->hash, b.p, b.n) == 1 &&
           EVP_DigestFinal_ex(kit->hash, out, NULL) == 1;
}

static EVP_CIPHER_CTX *new_cipher(const struct shape *shape)
{
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, shape->name, NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    bool done =
        cipher != NULL && ctx != NULL && EVP_DecryptInit_ex2(ctx, cipher, NULL, NULL, NULL) == 1;
    if (shape->mode == MODE_CBC) {
        done = done && EVP_CIPHER_CTX_set_padding(ctx, 0) == 1;
    } else if (shape->mode == MODE_CCM) {
        done = done && EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_IVLEN, NONCE_BYTES, NULL) == 1 &&
               EVP_CIPHER_CTX_ctrl(ctx, EVP_CTRL_AEAD_SET_TAG, shape->tag, NULL) == 1;
    }
    EVP_CIPHER_free(cipher);
    if (!done) {
        EVP_CIPHER_CTX_free(ctx);
        return NULL;
    }
    return ctx;
}

static bool start_cipher(struct tls_kit *kit, struct tls_opener *o, const uint8_t *key)
{
    EVP_CIPHER_CTX **ctx = &kit->ciphers[o->suite->cipher].ctx;
    *ctx = *ctx != NULL ? *ctx : new_cipher(o->shape);
    o->kit = kit;
    memcpy(o->key, key, o->shape->key);
    o->block = *ctx != NULL && o->shape->mode == MODE_CBC
                   ? (uint8_t)EVP_CIPHER_CTX_get_block_size(*ctx)
                   : 0;
    return *ctx != NULL;
}

/* The context with the opener's key, this vector and parameters, to decrypt; NULL when libcrypto
 * cannot. */
static EVP_CIPHER_CTX *begin_record(struct tls_opener *o, const uint8_t *iv,
                                    const OSSL_PARAM *params)
{
    EVP_CIPHER_CTX *ctx = o->kit->ciphers[o->suite->cipher].ctx;
    const struct tls_opener **user = &o->kit->ciphers[o->suite->cipher].user;
    const uint8_t *key = *user == o ? NULL : o->key;
    *user = o;
    return EVP_DecryptInit_ex2(ctx, NULL, key, iv, params) == 1 ? ctx : NULL;
}

static bool start_mac(struct tls_opener *o, struct bytes key)
{
    o->mac = new_hmac(o->suite->mac);
    o->mac_bytes = (uint8_t)key.n;
    return o->mac != NULL && EVP_MAC_init(o->mac, key.p, key.n, NULL) == 1;
}

static struct tls_opener *opener_new(const struct tls_suite *suite, uint16_t version)
{
    struct tls_opener *o = calloc(1, sizeof *o);
    if (o != NULL) {
        o->suite = suite;
        o->shape = &shapes[suite->cipher];
        o->version = version;
    }
    return o;
}

void tls_opener_free(struct tls_opener *o)
{
    if (o != NULL) {
        if (o->kit != NULL && o->kit->ciphers[o->suite->cipher].user == o) {
            o->kit->ciphers[o->suite->cipher].user = NULL;
        }
        EVP_MAC_CTX_free(o->mac);
        OPENSSL_cleanse(o->key, sizeof o->key);
        free(o);
    }
}

static struct tls_opener *opener_or_nothing(struct tls_opener *o, bool fine)
{
    if (!fine) {
        tls_opener_free(o);
        return NULL;
    }
    return o;
}

struct tls_opener *tls_opener_from_traffic(struct tls_kit *kit, const struct tls_suite *suite,
                                           const struct tls_secret *secret)
{
    uint8_t key[32];
    struct bytes from = {secret->bytes, secret->n};
    if (secret->n != digest_bytes(suite->prf) || suite->mac != TLS_DIGEST_NONE) {
        return NULL;
    }
    struct tls_opener *o = opener_new(suite, 0x0304);
    EVP_MAC_CTX *hmac = begin_expansion(kit, suite->prf, from);
    bool fine = o != NULL && expand_label(hmac, "tls13 key", key, o->shape->key) &&
                again_expansion(hmac) && expand_label(hmac, "tls13 iv", o->iv, NONCE_BYTES) &&
                start_cipher(kit, o, key);
    OPENSSL_cleanse(key, sizeof key);
    return opener_or_nothing(o, fine);
}

bool tls_traffic_update(struct tls_kit *kit, const struct tls_suite *suite,
                        struct tls_secret *secret)
{
    uint8_t next[TLS_SECRET_MAX_BYTES];
    struct bytes from = {secret->bytes, secret->n};
    if (!expand_label(begin_expansion(kit, suite->prf, from), "tls13 traffic upd", next,
                      secret->n)) {
        return false;
    }
    memcpy(secret->bytes, next, secret->n);
    return true;
}

/* The key block (RFC 5246 section 6.3): MAC keys, keys and vectors, the client's first each. */
static bool cut_key_block(struct tls_kit *kit, struct tls_opener *o, const uint8_t *block,
                          bool server)
{
    size_t mac = digest_bytes(o->suite->mac);
    size_t key = o->shape->key;
    size_t iv = o->shape->mode == MODE_CHACHA                 ? NONCE_BYTES
                : o->shape->mode != MODE_CBC                  ? NONCE_BYTES - EXPLICIT_NONCE_BYTES
                : o->suite->cipher == TLS_CIPHER_DES_EDE3_CBC ? 8U
                                                              : 16U;
    size_t who = server ? 1 : 0;
    memcpy(o->iv, block + 2 * mac + 2 * key + who * iv, iv);
    return start_cipher(kit, o, block + 2 * mac + who * key) &&
           (mac == 0 || start_mac(o, (struct bytes){block + who * mac, mac}));
}

struct tls_opener *tls_opener_from_master(struct tls_kit *kit, const struct tls_handshake_keys *k,
                                          bool server)
{
    uint8_t block[KEY_BLOCK_MAX_BYTES];
    struct bytes master = {k->master->bytes, k->master->n};
    struct bytes seed1 = {k->server_random, TLS_RANDOM_BYTES};
    struct bytes seed2 = {k->client_random, TLS_RANDOM_BYTES};
    bool cbc = k->suite->mac != TLS_DIGEST_NONE;
    if (k->suite->id >> 8 == 0x13 || (!cbc && k->version < 0x0303)) {
        return NULL;
    }
    struct tls_opener *o = opener_new(k->suite, k->version);
    if (o != NULL) {
        o->encrypt_then_mac = k->encrypt_then_mac && cbc;
        o->chained = cbc && k->version < 0x0302;
    }
    bool fine = o != NULL &&
                tls_prf(k->version, k->suite->prf, master, "key expansion", seed1, seed2, block,
                        sizeof block) &&
                cut_key_block(kit, o, block, server);
    OPENSSL_cleanse(block, sizeof block);
    return opener_or_nothing(o, fine);
}

/* ---- Opening ---- */

static void put64(uint8_t *p, uint64_t v)
{
    for (int i = 7; i >= 0; i--) {
        p[i] = (uint8_t)v;
        v >>= 8;
    }
}

static size_t explicit_nonce(const struct tls_opener *o)
{
    bool has = o->version < 0x0304 && (o->shape->mode == MODE_GCM || o->shape->mode == MODE_CCM);
    return has ? EXPLICIT_NONCE_BYTES : 0;
}

/* What is authenticated besides the content; its length. */
static size_t additional_data(const struct tls_opener *o, uint64_t number, struct bytes header,
                              size_t content, uint8_t *out)
{
    if (o->version >= 0x0304) {
        memcpy(out, header.p, TLS_RECORD_HEADER_BYTES);
        return TLS_RECORD_HEADER_BYTES;
    }
    put64(out, number);
    memcpy(out + 8, header.p, 3);
    out[11] = (uint8_t)(content >> 8);
    out[12] = (uint8_t)content;
    return 13;
}

static bool open_aead(struct tls_opener *o, uint64_t number, struct bytes header,
                      struct bytes payload, uint8_t *out, size_t *n)
{
    size_t explicit = explicit_nonce(o);
    size_t tag = o->shape->tag;
    uint8_t nonce[NONCE_BYTES];
    uint8_t aad[13];
    int part = 0;
    if (payload.n < explicit + tag) {
        return false;
    }
    memcpy(nonce, o->iv, NONCE_BYTES);
    if (explicit > 0) {
        memcpy(nonce + NONCE_BYTES - explicit, payload.p, explicit);
    } else {
        uint8_t count[8];
        put64(count, number);
        for (size_t i = 0; i < sizeof count; i++) {
            nonce[NONCE_BYTES - sizeof count + i] ^= count[i];
        }
    }
    struct bytes sealed = bytes_part(payload, explicit, payload.n - explicit - tag);
    struct bytes mark = bytes_from(payload, payload.n - tag);
    size_t aad_n = additional_data(o, number, header, sealed.n, aad);
    bool ccm = o->shape->mode == MODE_CCM;
    const OSSL_PARAM params[] = {octets(OSSL_CIPHER_PARAM_AEAD_TAG, mark),
                                 OSSL_PARAM_construct_end()};
    EVP_CIPHER_CTX *ctx = begin_record(o, nonce, params);
    if (ctx == NULL || (ccm && EVP_DecryptUpdate(ctx, NULL, &part, NULL, (int)sealed.n) != 1) ||
        EVP_DecryptUpdate(ctx, NULL, &part, aad, (int)aad_n) != 1) {
        return false;
    }
    *n = sealed.n;
    if (ccm) {
        return EVP_DecryptUpdate(ctx, out, &part, sealed.p, (int)sealed.n) == 1;
    }
    return (sealed.n == 0 || EVP_DecryptUpdate(ctx, out, &part, sealed.p, (int)sealed.n) == 1) &&
           EVP_DecryptFinal_ex(ctx, out + sealed.n, &part) == 1;
}

static bool mac_fits(struct tls_opener *o, const uint8_t *aad, struct bytes content,
                     struct bytes mac)
{
    uint8_t made[MAC_MAX_BYTES];
    size_t n = 0;
    return EVP_MAC_init(o->mac, NULL, 0, NULL) == 1 && EVP_MAC_update(o->mac, aad, 13) == 1 &&
           EVP_MAC_update(o->mac, content.p, content.n) == 1 &&
           EVP_MAC_final(o->mac, made, &n, sizeof made) == 1 && n == mac.n &&
           CRYPTO_memcmp(made, mac.p, n) == 0;
}

/* Takes the padding off (RFC 5246 section 6.2.3.2); false when it is none. */
static bool unpad(const uint8_t *p, size_t *n)
{
    size_t pad = *n > 0 ? (size_t)p[*n - 1] + 1 : 1;
    if (pad > *n) {
        return false;
    }
    for (size_t i = *n - pad; i < *n; i++) {
        if (p[i] != p[*n - 1]) {
            return false;
        }
    }
    *n -= pad;
    return true;
}

static bool open_cbc(struct tls_opener *o, uint64_t number, struct bytes header,
                     struct bytes payload, uint8_t *out, size_t *n)
{
    EVP_CIPHER_CTX *ctx;
    uint8_t aad[13];
    int part = 0;
    struct bytes sealed = payload;
    struct bytes mac = {0};
    if (o->encrypt_then_mac) {
        if (payload.n < o->mac_bytes) {
            return false;
        }
        sealed.n -= o->mac_bytes;
        mac = bytes_from(payload, sealed.n);
        additional_data(o, number, header, sealed.n, aad);
        if (!mac_fits(o, aad, sealed, mac)) {
            return false;
        }
    }
    const uint8_t *iv = o->chained ? o->iv : sealed.p;
    struct bytes body = o->chained ? sealed : bytes_from(sealed, o->block);
    if (o->blind || sealed.n < (o->chained ? o->block : 2U * o->block) || body.n % o->block != 0 ||
        (ctx = begin_record(o, iv, NULL)) == NULL ||
        EVP_DecryptUpdate(ctx, out, &part, body.p, (int)body.n) != 1) {
        return false;
    }
    size_t left = body.n;
    if (!unpad(out, &left)) {
        return false;
    }
    if (!o->encrypt_then_mac) {
        if (left < o->mac_bytes) {
            return false;
        }
        left -= o->mac_bytes;
        additional_data(o, number, header, left, aad);
        if (!mac_fits(o, aad, (struct bytes){out, left},
                      (struct bytes){out + left, o->mac_bytes})) {
            return false;
        }
    }
    *n = left;
    return true;
}

void tls_opener_pass(struct tls_opener *o, struct bytes payload)
{
    size_t behind = o->encrypt_then_mac ? o->mac_bytes : 0;
    if (o->chained && payload.n >= behind + o->block) {
        memcpy(o->iv, payload.p + payload.n - behind - o->block, o->block);
        o->blind = false;
    }
}

void tls_opener_lose(struct tls_opener *o)
{
    o->blind = o->chained;
}

bool tls_opener_is_blind(const struct tls_opener *o)
{
    return o->blind;
}

bool tls_opener_open(struct tls_opener *o, uint64_t number, struct bytes header,
                     struct bytes payload, uint8_t *out, size_t *n)
{
    if (o->shape->mode == MODE_CBC) {
        return open_cbc(o, number, header, payload, out, n);
    }
    return open_aead(o, number, header, payload, out, n);
}

size_t tls_opener_overhead(const struct tls_opener *o, bool *exact)
{
    *exact = o->shape->mode != MODE_CBC;
    if (o->shape->mode == MODE_CBC) {
        return (size_t)TLS_RECORD_HEADER_BYTES + o->mac_bytes + o->block;
    }
    return (size_t)TLS_RECORD_HEADER_BYTES + explicit_nonce(o) + o->shape->tag +
           (o->version >= 0x0304 ? 1U : 0U);
}

size_t tls_opener_least(const struct tls_opener *o)
{
    if (o->shape->mode == MODE_CBC) {
        return o->mac_bytes + 1U;
    }
    return explicit_nonce(o) + o->shape->tag + (o->version >= 0x0304 ? 1U : 0U);
}
