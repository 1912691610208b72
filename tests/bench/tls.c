/*
 * TLS 1.3 around a session (RFC 8446): a handshake as short as a reader of hellos and key logs
 * needs it, then the session's bytes in records of AES-128-GCM, as long as they were sent. Secrets
 * are random numbers, told in a key log; nobody checks that a key exchange led to them.
 */
#include "generate.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>
#include <stdlib.h>
#include <string.h>

enum {
    RECORD_MOST = 16384,
    KEY_BYTES = 16,
    IV_BYTES = 12,
    TAG_BYTES = 16,
    SECRET_BYTES = 32,
    RANDOM_BYTES = 32
};
enum record { RECORD_CHANGE = 20, RECORD_HANDSHAKE = 22, RECORD_DATA = 23 };
enum phase { PHASE_HANDSHAKE, PHASE_TRAFFIC };

struct seal {
    EVP_CIPHER_CTX *cipher;
    uint8_t iv[IV_BYTES];
    uint64_t number;
};

struct tls {
    struct seal seal[2];
};

static void insist(bool done)
{
    if (!done) {
        fputs("generate: libcrypto fails\n", stderr);
        exit(1);
    }
}

static void fill(struct run *run, uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (uint8_t)random_next(&run->tls_random);
}

/* HKDF-Expand-Label, section 7.1. */
static void expand(const uint8_t *secret, const char *label, uint8_t *out, size_t n)
{
    uint8_t info[32];
    size_t label_n = strlen(label) + 6;
    int mode = EVP_KDF_HKDF_MODE_EXPAND_ONLY;
    char digest[] = "SHA256";
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "HKDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    OSSL_PARAM params[5];

    info[0] = 0;
    info[1] = (uint8_t)n;
    info[2] = (uint8_t)label_n;
    snprintf((char *)info + 3, sizeof info - 3, "tls13 %s", label);
    info[3 + label_n] = 0;
    params[0] = OSSL_PARAM_construct_int(OSSL_KDF_PARAM_MODE, &mode);
    params[1] = OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0);
    params[2] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, (void *)(uintptr_t)secret,
                                                  SECRET_BYTES);
    params[3] = OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, 4 + label_n);
    params[4] = OSSL_PARAM_construct_end();
    insist(ctx != NULL && EVP_KDF_derive(ctx, out, n, params) == 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

static void tell_secret(struct run *run, const char *label, const uint8_t *random,
                        const uint8_t *secret)
{
    fprintf(run->keylog, "%s ", label);
    for (int i = 0; i < RANDOM_BYTES; i++)
        fprintf(run->keylog, "%02x", random[i]);
    fputc(' ', run->keylog);
    for (int i = 0; i < SECRET_BYTES; i++)
        fprintf(run->keylog, "%02x", secret[i]);
    fputc('\n', run->keylog);
}

/* A secret of its own for each direction and phase. */
static void change_key(struct run *run, struct tls *t, enum side side, enum phase phase,
                       const uint8_t *random)
{
    static const char *const labels[2][2] = {
        [SIDE_CLIENT] = {"CLIENT_HANDSHAKE_TRAFFIC_SECRET", "CLIENT_TRAFFIC_SECRET_0"},
        [SIDE_SERVER] = {"SERVER_HANDSHAKE_TRAFFIC_SECRET", "SERVER_TRAFFIC_SECRET_0"}};
    struct seal *seal = &t->seal[side];
    uint8_t secret[SECRET_BYTES], key[KEY_BYTES];

    fill(run, secret, sizeof secret);
    tell_secret(run, labels[side][phase], random, secret);
    expand(secret, "key", key, sizeof key);
    expand(secret, "iv", seal->iv, sizeof seal->iv);
    if (seal->cipher == NULL)
        seal->cipher = EVP_CIPHER_CTX_new();
    insist(EVP_EncryptInit_ex2(seal->cipher, EVP_aes_128_gcm(), key, NULL, NULL) == 1);
    seal->number = 0;
}

static size_t record_head(uint8_t *p, enum record type, size_t n)
{
    const uint8_t head[] = {(uint8_t)type, 3, 3, (uint8_t)(n >> 8), (uint8_t)n};

    memcpy(p, head, sizeof head);
    return sizeof head;
}

/* One record, its content and type (section 5.2); the length of what was written. */
static size_t put_sealed(struct run *run, struct seal *seal, enum record type, const uint8_t *p,
                         size_t n, uint8_t *out)
{
    uint8_t iv[IV_BYTES], kind = (uint8_t)type;
    size_t head = record_head(out, RECORD_DATA, n + 1 + TAG_BYTES);
    uint8_t *at = out + head;
    int part;

    memcpy(iv, seal->iv, sizeof iv);
    for (int i = 0; i < 8; i++)
        iv[IV_BYTES - 1 - i] ^= (uint8_t)(seal->number >> (8 * i));
    seal->number++;
    insist(EVP_EncryptInit_ex2(seal->cipher, NULL, NULL, iv, NULL) == 1 &&
           EVP_EncryptUpdate(seal->cipher, NULL, &part, out, (int)head) == 1 &&
           EVP_EncryptUpdate(seal->cipher, at, &part, p, (int)n) == 1 &&
           EVP_EncryptUpdate(seal->cipher, at + n, &part, &kind, 1) == 1 &&
           EVP_EncryptFinal_ex(seal->cipher, at + n + 1, &part) == 1 &&
           EVP_CIPHER_CTX_ctrl(seal->cipher, EVP_CTRL_AEAD_GET_TAG, TAG_BYTES, at + n + 1) == 1);
    run->truth.records++;
    run->truth.record_bytes += n;
    return head + n + 1 + TAG_BYTES;
}

static void say_hello(struct run *run, struct conn *c, enum side from, const uint8_t *random)
{
    static const uint8_t client_rest[] = {0, 0, 2, 0x13, 1, 1, 0, 0, 7, 0, 43, 0, 3, 2, 3, 4};
    static const uint8_t server_rest[] = {0, 0x13, 1, 0, 0, 6, 0, 43, 0, 2, 3, 4};
    bool client = from == SIDE_CLIENT;
    size_t rest = client ? sizeof client_rest : sizeof server_rest;
    size_t body = 2 + RANDOM_BYTES + rest;
    uint8_t out[128], *p = out + record_head(out, RECORD_HANDSHAKE, 4 + body);

    *p++ = client ? 1 : 2;
    *p++ = 0;
    *p++ = 0;
    *p++ = (uint8_t)body;
    *p++ = 3;
    *p++ = 3;
    memcpy(p, random, RANDOM_BYTES);
    memcpy(p + RANDOM_BYTES, client ? client_rest : server_rest, rest);
    conn_send(&run->tap, c, from, out, (size_t)(p - out) + RANDOM_BYTES + rest);
}

/* EncryptedExtensions from the server, and Finished. */
static void say_finished(struct run *run, struct conn *c, struct tls *t, enum side from)
{
    uint8_t text[6 + 4 + 32] = {8, 0, 0, 2, 0, 0, 20, 0, 0, 32}, out[128];
    size_t skip = from == SIDE_CLIENT ? 6 : 0;
    size_t n =
        put_sealed(run, &t->seal[from], RECORD_HANDSHAKE, text + skip, sizeof text - skip, out);

    conn_send(&run->tap, c, from, out, n);
}

void tls_begin(struct run *run, struct conn *c)
{
    struct tls *t = c->tls = calloc(1, sizeof *t);
    uint8_t random[2][RANDOM_BYTES];

    insist(t != NULL);
    fill(run, random[0], sizeof random);
    say_hello(run, c, SIDE_CLIENT, random[SIDE_CLIENT]);
    say_hello(run, c, SIDE_SERVER, random[SIDE_SERVER]);
    for (int side = 0; side < 2; side++)
        change_key(run, t, (enum side)side, PHASE_HANDSHAKE, random[SIDE_CLIENT]);
    say_finished(run, c, t, SIDE_SERVER);
    say_finished(run, c, t, SIDE_CLIENT);
    for (int side = 0; side < 2; side++)
        change_key(run, t, (enum side)side, PHASE_TRAFFIC, random[SIDE_CLIENT]);
}

void tls_send(struct run *run, struct conn *c, enum side from, const uint8_t *p, size_t n)
{
    static uint8_t sealed[OUT_BYTES + OUT_BYTES / 16];
    size_t used = 0;

    while (n > 0) {
        size_t part = n < RECORD_MOST ? n : RECORD_MOST;
        used += put_sealed(run, &c->tls->seal[from], RECORD_DATA, p, part, sealed + used);
        p += part;
        n -= part;
    }
    conn_send(&run->tap, c, from, sealed, used);
}

void tls_free(struct tls *t)
{
    if (t == NULL)
        return;
    for (int side = 0; side < 2; side++)
        EVP_CIPHER_CTX_free(t->seal[side].cipher);
    free(t);
}
