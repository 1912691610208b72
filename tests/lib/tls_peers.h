/*
 * Real TLS peers for the tests: two ends of libssl joined by memory, a WebSocket conversation
 * between them, everything they put on the wire, and the secrets they log.
 */
#ifndef WSIGHT_TEST_TLS_PEERS_H
#define WSIGHT_TEST_TLS_PEERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above.
#include <cmocka.h>

#include "decoders/base/buffer.h"
#include "decoders/decoder.h"
#include "decoders/http/upgrade.h"
#include "decoders/tls/secrets.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>

#define WIRE_MAX 4096

struct wire_piece {
    enum dir dir;
    uint8_t *p;
    size_t n;
};

/* The server's RSA key in PEM; encrypted for a passphrase when `sealed`. Freed by the caller. */
char *peers_rsa_pem(bool sealed);

struct wire {
    struct wire_piece pieces[WIRE_MAX];
    size_t n;
};

struct peers_options {
    int version;       /* TLS1_2_VERSION ... */
    const char *suite; /* OpenSSL's name; NULL: its choice */
    const char *client_groups, *server_groups;
    uint64_t options;   /* SSL_OP_... of both */
    bool rsa;           /* certificate */
    size_t padding;     /* TLS 1.3 records are padded to a multiple of it */
    const char *alpn;   /* wire format, or NULL */
    bool early_refused; /* the server takes no early data */
};

struct peers {
    SSL_CTX *ctx[2];
    SSL *ssl[2]; /* client, server */
    struct wire wire;
    struct wire earlier; /* of the connection before this one */
    struct buffer keylog;
    uint32_t sent[2]; /* messages */
};

/* Both ends, with the handshake done. */
struct peers *peers_new(const struct peers_options *);
/* ... before the handshake. */
struct peers *peers_begin(const struct peers_options *);
void peers_handshake(struct peers *);
void peers_free(struct peers *);
/* Moves what waits to the other end, in turn, until nothing does. */
void peers_pump(struct peers *);
/* One end writes plaintext, and the other reads it. */
void peers_write(struct peers *, enum dir, struct bytes);
void peers_upgrade(struct peers *);
/* Bytes on the wire that no peer sent, behind what is there. */
void peers_wire(struct peers *, enum dir, struct bytes);
/* What was said in clear before the handshake; called in reverse order. */
void peers_say_before(struct peers *, enum dir, const char *text);
/* A text message "cN" or "sN" and n more bytes. */
void peers_message(struct peers *, enum dir, size_t n);
void peers_shutdown(struct peers *);
/* A TLS 1.2 handshake inside the connection, which the client asks for; both ends must allow it
 * (SSL_OP_ALLOW_CLIENT_RENEGOTIATION). */
void peers_renegotiate(struct peers *);
/* New ends of the same contexts, to resume the session; before the handshake. */
void peers_reconnect(struct peers *, SSL_SESSION *);

/* What came of decoding. */
struct heard {
    struct event_sink sink;
    char log[32768];
    size_t n;
};

struct hearing {
    size_t cut;               /* pieces of so many bytes at most; 0: as written */
    size_t drop;              /* number of the wire piece that is missing; SIZE_MAX: none */
    size_t drop_from, drop_n; /* bytes of it, when drop_n > 0 */
    size_t keys_after;        /* the keys come after that many pieces; 0: at once */
    bool no_keys;             /* another session's */
    bool wrong_keys;
    const char *label;   /* keys_after, no_keys, wrong_keys: of lines that begin so; NULL: all */
    const char *rsa_key; /* PEM instead of the logged secrets */
    bool earlier;        /* the earlier connection is heard first; the log is of the later one */
};

/* The log of what a decoder says of the wire: "session upgrade", "101", "> text c1 ...", "tls ..."
 */
void peers_hear(const struct peers *, const struct hearing *, struct heard *);

#endif
