/*
 * Record protection: from secrets to keys, and from protected records to what they hold.
 *
 * TLS 1.3: RFC 8446 sections 5.2, 7.1 to 7.3. TLS 1.2: RFC 5246 section 6, with RFC 5288 (GCM), RFC
 * 6655 (CCM), RFC 7905 (ChaCha20-Poly1305) and RFC 7366 (encrypt-then-MAC). TLS 1.0 and 1.1: RFC
 * 2246 and 4346, CBC. All cryptography is libcrypto's.
 */
#ifndef WSIGHT_TLS_PROTECTION_H
#define WSIGHT_TLS_PROTECTION_H

#include "secrets.h"

#define TLS_RECORD_HEADER_BYTES 5
#define TLS_RECORD_MAX_BYTES (16384 + 2048) /* RFC 5246 section 6.2.3 */

enum tls_cipher {
    TLS_CIPHER_AES_128_GCM,
    TLS_CIPHER_AES_256_GCM,
    TLS_CIPHER_CHACHA20_POLY1305,
    TLS_CIPHER_AES_128_CCM,
    TLS_CIPHER_AES_256_CCM,
    TLS_CIPHER_AES_128_CCM_8,
    TLS_CIPHER_AES_256_CCM_8,
    TLS_CIPHER_AES_128_CBC,
    TLS_CIPHER_AES_256_CBC,
    TLS_CIPHER_DES_EDE3_CBC
};

enum tls_digest { TLS_DIGEST_NONE, TLS_DIGEST_SHA1, TLS_DIGEST_SHA256, TLS_DIGEST_SHA384 };

struct tls_suite {
    uint16_t id;
    const char *name;
    enum tls_cipher cipher;
    enum tls_digest prf; /* of TLS 1.2 and 1.3 */
    enum tls_digest mac; /* of CBC */
};

/* NULL: not one that is decrypted. */
const struct tls_suite *tls_suite_find(uint16_t id);

/* Does the client send a secret that the server's RSA key opens? */
bool tls_suite_is_rsa(const struct tls_suite *);
/* libcrypto's name of a digest. */
const char *tls_digest_name(enum tls_digest);

/* libcrypto's algorithms, fetched once each: that costs more than opening a record. */
struct tls_kit;
/* NULL when out of memory. */
struct tls_kit *tls_kit_new(void);
void tls_kit_free(struct tls_kit *);

#define TLS_SHA256_BYTES 32
/* The kit may be NULL: it is only slower then. false: libcrypto cannot. */
bool tls_kit_sha256(struct tls_kit *, struct bytes, uint8_t out[TLS_SHA256_BYTES]);

/* What opens the records of one direction under one key. */
struct tls_opener;

/* TLS 1.3, from a traffic secret. NULL: it does not fit the suite, or out of memory. */
struct tls_opener *tls_opener_from_traffic(struct tls_kit *, const struct tls_suite *,
                                           const struct tls_secret *);
/* The traffic secret after a key update, in place. */
bool tls_traffic_update(struct tls_kit *, const struct tls_suite *, struct tls_secret *);

/* TLS 1.2 and before: both directions from a master secret and the randoms. */
struct tls_handshake_keys {
    const struct tls_suite *suite;
    uint16_t version; /* 0x0301 to 0x0303 */
    bool encrypt_then_mac;
    const struct tls_secret *master;
    const uint8_t *client_random, *server_random;
};
/* Client's records when `server` is false. NULL: they do not fit, or out of memory. */
struct tls_opener *tls_opener_from_master(struct tls_kit *, const struct tls_handshake_keys *,
                                          bool server);

/* The TLS 1.0 to 1.2 pseudorandom function (RFC 5246 section 5). */
bool tls_prf(uint16_t version, enum tls_digest, struct bytes secret, const char *label,
             struct bytes seed1, struct bytes seed2, uint8_t *out, size_t n);

void tls_opener_free(struct tls_opener *);

/* Opens the record of that number. The header is its 5 bytes; out has room for as many bytes as the
 * payload. false: it is not a record of this key and number. In TLS 1.3 what comes out is the
 * content, its type and padding. The same record can be opened again until tls_opener_pass. */
bool tls_opener_open(struct tls_opener *, uint64_t number, struct bytes header,
                     struct bytes payload, uint8_t *out, size_t *n);

/* Bytes that protection adds to the content of a record, its header and, in TLS 1.3, the type
 * counted; *exact says whether it is always as many (with CBC it is not). */
size_t tls_opener_overhead(const struct tls_opener *, bool *exact);
/* The least payload that a record can have. */
size_t tls_opener_least(const struct tls_opener *);

/* The next record follows one with this payload, opened or not. TLS 1.0 alone wants to know: the
 * last block of a record is the vector of the next (RFC 2246 section 6.2.3.2). */
void tls_opener_pass(struct tls_opener *, struct bytes payload);
/* Bytes before the next record were lost. */
void tls_opener_lose(struct tls_opener *);
/* Must one more record be passed before any can be opened? */
bool tls_opener_is_blind(const struct tls_opener *);

#endif
