/* RSA key exchange with libcrypto. */
#include "rsa.h"

#include "hello.h"

#include <openssl/crypto.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdlib.h>

#define PREMASTER_BYTES 48
#define MASTER_BYTES 48
#define RSA_MAX_BYTES 2048 /* a modulus of 16384 bits, OpenSSL's largest */

struct tls_rsa_keys {
    EVP_PKEY_CTX *keys[TLS_RSA_KEYS_MAX];
    size_t n;
};

struct tls_rsa_keys *tls_rsa_keys_new(void)
{
    return calloc(1, sizeof(struct tls_rsa_keys));
}

void tls_rsa_keys_free(struct tls_rsa_keys *k)
{
    if (k != NULL) {
        for (size_t i = 0; i < k->n; i++) {
            EVP_PKEY_CTX_free(k->keys[i]);
        }
        free(k);
    }
}

/* Nobody is there to type one. */
static int no_passphrase(char *buffer, int n, int writing, void *was_asked)
{
    (void)buffer;
    (void)n;
    (void)writing;
    *(bool *)was_asked = true;
    return -1;
}

static const char *keep(struct tls_rsa_keys *k, EVP_PKEY *key)
{
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    if (ctx == NULL || EVP_PKEY_decrypt_init(ctx) != 1 ||
        EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) != 1) {
        EVP_PKEY_CTX_free(ctx);
        return "the key cannot be used";
    }
    k->keys[k->n++] = ctx;
    return NULL;
}

const char *tls_rsa_keys_add(struct tls_rsa_keys *k, struct bytes pem)
{
    bool asked = false;
    if (k->n == TLS_RSA_KEYS_MAX) {
        return "too many keys";
    }
    if (pem.n > TLS_PEM_MAX_BYTES) {
        return "no private key in PEM: it is too long";
    }
    BIO *bio = BIO_new_mem_buf(pem.p, (int)pem.n);
    EVP_PKEY *key = bio != NULL ? PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked) : NULL;
    const char *why = key == NULL && asked ? "the key is encrypted; 'openssl pkey' decrypts it"
                      : key == NULL        ? "no private key in PEM"
                      : EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA ? "the key is not an RSA key"
                                                                  : keep(k, key);
    EVP_PKEY_free(key);
    BIO_free(bio);
    ERR_clear_error();
    return why;
}

/* The session hash (RFC 7627 section 3) of the handshake so far. */
static bool hash_session(const struct tls_exchange *e, uint8_t *out, size_t *n)
{
    const char *name = e->version < 0x0303 ? "MD5-SHA1" : tls_digest_name(e->prf);
    size_t hello = TLS_HANDSHAKE_HEADER_BYTES;
    unsigned written = 0;
    if (e->client.n < hello || e->server.n < hello) {
        return false;
    }
    hello += be32_at(e->client, 0) & 0xffffff;
    struct bytes first = bytes_part(e->client, 0, hello);
    struct bytes rest = bytes_from(e->client, first.n);
    EVP_MD *digest = EVP_MD_fetch(NULL, name, NULL);
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    bool done = digest != NULL && ctx != NULL && EVP_DigestInit_ex2(ctx, digest, NULL) == 1 &&
                EVP_DigestUpdate(ctx, first.p, first.n) == 1 &&
                EVP_DigestUpdate(ctx, e->server.p, e->server.n) == 1 &&
                EVP_DigestUpdate(ctx, rest.p, rest.n) == 1 &&
                EVP_DigestFinal_ex(ctx, out, &written) == 1;
    EVP_MD_CTX_free(ctx);
    EVP_MD_free(digest);
    *n = written;
    return done;
}

static bool make_master(const struct tls_exchange *e, struct bytes premaster,
                        struct tls_secret *master)
{
    uint8_t hash[EVP_MAX_MD_SIZE];
    struct bytes seed1 = {e->client_random, TLS_RANDOM_BYTES};
    struct bytes seed2 = {e->server_random, TLS_RANDOM_BYTES};
    const char *label = "master secret";
    if (e->extended) {
        label = "extended master secret";
        seed1.p = hash;
        seed2.n = 0;
        if (!hash_session(e, hash, &seed1.n)) {
            return false;
        }
    }
    master->n = MASTER_BYTES;
    return tls_prf(e->version, e->prf, premaster, label, seed1, seed2, master->bytes, MASTER_BYTES);
}

/* Opened with the wrong key there is no such version in front; newer libraries make bytes up then.
 */
static bool open_premaster(EVP_PKEY_CTX *key, struct bytes sealed, uint8_t *out)
{
    size_t n = RSA_MAX_BYTES;
    bool done = EVP_PKEY_decrypt(key, out, &n, sealed.p, sealed.n) == 1 && n == PREMASTER_BYTES &&
                out[0] == 3 && out[1] <= 3;
    ERR_clear_error();
    return done;
}

bool tls_rsa_master(const struct tls_rsa_keys *k, const struct tls_exchange *e,
                    struct bytes message, struct tls_secret *master)
{
    struct reader r = reader_of(bytes_from(message, TLS_HANDSHAKE_HEADER_BYTES));
    uint8_t premaster[RSA_MAX_BYTES];
    struct bytes sealed = read_bytes(&r, read_be16(&r));
    bool done = false;
    for (size_t i = 0; !r.bad && sealed.n > 0 && i < k->n && !done; i++) {
        done = open_premaster(k->keys[i], sealed, premaster) &&
               make_master(e, (struct bytes){premaster, PREMASTER_BYTES}, master);
    }
    OPENSSL_cleanse(premaster, sizeof premaster);
    return done;
}
