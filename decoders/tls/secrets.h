/*
 * The secrets of TLS sessions, as programs write them to a key log (RFC 9850, the format of
 * SSLKEYLOGFILE):
 *
 *     <label> <client random, 64 hex digits> <secret, hex digits>
 *
 * Lines may come in pieces and at any time; who needs a secret looks it up by the client random of
 * the handshake. Nothing is read from a file here: the key log comes in as bytes.
 */
#ifndef WSIGHT_TLS_SECRETS_H
#define WSIGHT_TLS_SECRETS_H

#include "../base/bytes.h"

#define TLS_RANDOM_BYTES 32
#define TLS_SECRET_MAX_BYTES 64

enum tls_secret_kind {
    TLS_MASTER_SECRET, /* CLIENT_RANDOM: TLS 1.2 and before */
    TLS_CLIENT_EARLY,
    TLS_CLIENT_HANDSHAKE,
    TLS_SERVER_HANDSHAKE,
    TLS_CLIENT_TRAFFIC,
    TLS_SERVER_TRAFFIC,
    TLS_SECRET_KINDS
};

struct tls_secret {
    uint8_t n; /* 32 or 48 bytes in use */
    uint8_t bytes[TLS_SECRET_MAX_BYTES];
};

struct tls_secrets_counts {
    uint64_t secrets;         /* kept */
    uint64_t lines;           /* that held a secret, known already or not */
    uint64_t malformed;       /* lines that are no key log */
    uint64_t first_malformed; /* number of the first such line; 0: none */
    uint64_t others;          /* lines with labels that are not needed to decrypt */
    uint64_t left_out;        /* secrets beyond the maximum */
};

struct tls_secrets;

/* The seed keeps who writes a key log from choosing what collides. NULL when out of memory. */
struct tls_secrets *tls_secrets_new(uint64_t seed);
void tls_secrets_free(struct tls_secrets *);

/* Takes a piece of a key log; a line that is not over waits for the next piece. One `from` at a
 * time: end each log with tls_secrets_end before the next begins. */
void tls_secrets_add(struct tls_secrets *, struct bytes piece);
/* The log has no more: its last line needs no line break. */
void tls_secrets_end(struct tls_secrets *);

/* More secrets may come while traffic is read, so it is worth waiting for them. */
void tls_secrets_expect(struct tls_secrets *, bool more);
bool tls_secrets_expected(const struct tls_secrets *);
/* Are there none, and will there be none? NULL counts as that. */
bool tls_secrets_none(const struct tls_secrets *);

/* A number that changes when a secret is added. */
uint64_t tls_secrets_generation(const struct tls_secrets *);

/* Keeps a secret that was found out, as if a log had it. */
void tls_secrets_keep(struct tls_secrets *, const uint8_t random[TLS_RANDOM_BYTES],
                      enum tls_secret_kind, const struct tls_secret *);

/* Servers' private keys that lead to further secrets (rsa.h), borrowed; NULL: there are none. */
struct tls_rsa_keys;
void tls_secrets_use_rsa(struct tls_secrets *, const struct tls_rsa_keys *);
const struct tls_rsa_keys *tls_secrets_rsa(const struct tls_secrets *);

/* What the openers of records are made with (protection.h). */
struct tls_kit;
struct tls_kit *tls_secrets_kit(const struct tls_secrets *);

/* false: it is not known. */
bool tls_secrets_find(const struct tls_secrets *, const uint8_t random[TLS_RANDOM_BYTES],
                      enum tls_secret_kind, struct tls_secret *out);

/* Writes what is known of a session as lines of a key log; returns their length. */
#define TLS_SESSION_LOG_MAX_BYTES (TLS_SECRET_KINDS * 200)
size_t tls_secrets_write(const struct tls_secrets *, const uint8_t random[TLS_RANDOM_BYTES],
                         char out[TLS_SESSION_LOG_MAX_BYTES]);

struct tls_secrets_counts tls_secrets_counts(const struct tls_secrets *);

#endif
