/*
 * Servers' RSA private keys: with RSA key exchange (TLS 1.2 and before, RFC 5246 section 7.4.7.1)
 * they open what the client sends as the premaster secret, and from that the master secret follows.
 */
#ifndef WSIGHT_TLS_RSA_H
#define WSIGHT_TLS_RSA_H

#include "protection.h"

#define TLS_RSA_KEYS_MAX 64
#define TLS_PEM_MAX_BYTES 65536 /* a key of 16384 bits has 13 KB */

struct tls_rsa_keys;

/* NULL when out of memory. */
struct tls_rsa_keys *tls_rsa_keys_new(void);
void tls_rsa_keys_free(struct tls_rsa_keys *);

/* Takes the first private key of a PEM file. NULL when it was taken, else why not, in words. */
const char *tls_rsa_keys_add(struct tls_rsa_keys *, struct bytes pem);

/* What a master secret is made of besides the premaster secret. */
struct tls_exchange {
    uint16_t version;
    enum tls_digest prf;
    const uint8_t *client_random, *server_random;
    bool extended; /* RFC 7627: it is made of the handshake itself, from the ClientHello */
    /* ... on, each message with its header: the client's up to the ClientKeyExchange, the server's
     * up to ServerHelloDone. */
    struct bytes client, server;
};

/* The master secret of a ClientKeyExchange message (its header and all). false: none of the keys
 * opens it. */
bool tls_rsa_master(const struct tls_rsa_keys *, const struct tls_exchange *, struct bytes message,
                    struct tls_secret *master);

#endif
