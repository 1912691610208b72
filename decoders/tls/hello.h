/*
 * What the hellos of a TLS connection say (RFC 8446 sections 4.1 and 4.2, RFC 6066, RFC 7301), and
 * whether bytes are TLS at all.
 */
#ifndef WSIGHT_TLS_HELLO_H
#define WSIGHT_TLS_HELLO_H

#include "../base/buffer.h"
#include "../decoder.h"
#include "secrets.h"

#define TLS_HANDSHAKE_HEADER_BYTES 4
/* A host name has at most 255 bytes; a list of application protocols in use about 20. */
#define TLS_NAME_MAX_BYTES 512
#define TLS_JA4_CHARACTERS 36

enum tls_record_type {
    TLS_CHANGE_CIPHER_SPEC = 20,
    TLS_ALERT = 21,
    TLS_HANDSHAKE = 22,
    TLS_APPLICATION_DATA = 23
};

enum tls_handshake_type {
    TLS_CLIENT_HELLO = 1,
    TLS_SERVER_HELLO = 2,
    TLS_NEW_SESSION_TICKET = 4,
    TLS_END_OF_EARLY_DATA = 5,
    TLS_ENCRYPTED_EXTENSIONS = 8,
    TLS_CERTIFICATE = 11,
    TLS_SERVER_HELLO_DONE = 14,
    TLS_CLIENT_KEY_EXCHANGE = 16,
    TLS_FINISHED = 20,
    TLS_KEY_UPDATE = 24
};

enum tls_extension {
    TLS_EXTENSION_SERVER_NAME = 0,
    TLS_EXTENSION_SIGNATURE_ALGORITHMS = 13,
    TLS_EXTENSION_ALPN = 16,
    TLS_EXTENSION_ENCRYPT_THEN_MAC = 22,
    TLS_EXTENSION_EXTENDED_MASTER = 23,
    TLS_EXTENSION_SESSION_TICKET = 35,
    TLS_EXTENSION_EARLY_DATA = 42,
    TLS_EXTENSION_SUPPORTED_VERSIONS = 43
};

/* Both hellos of a connection, of a renegotiated one the newest. */
struct tls_hellos {
    struct buffer sni, alpn; /* alpn: names joined with ","; the server's choice once it is known */
    uint8_t random[2][TLS_RANDOM_BYTES];
    bool has_random[2];
    bool has_sni, has_alpn;
    bool server_spoke; /* version and alpn are the server's choice */
    bool retry;        /* the server's newest hello is a HelloRetryRequest (RFC 8446 4.1.4) */
    bool early_data;   /* the client offers data before the handshake is over */
    bool early_accepted;
    bool encrypt_then_mac, extended_master; /* the server agreed */
    uint8_t compression;
    uint16_t version, cipher;
    struct tls_kit *kit;
    char ja4[TLS_JA4_CHARACTERS + 1]; /* of the client; empty when not known */
};

/* The kit is what fingerprints are hashed with, borrowed until tls_hellos_done; NULL: none. */
void tls_hellos_init(struct tls_hellos *, struct tls_kit *);
void tls_hellos_done(struct tls_hellos *);

/* Reads a ClientHello or ServerHello, header and all. Of one that was cut off the extensions that
 * are whole are read. */
void tls_hello_read(struct tls_hellos *, enum dir, struct bytes message);

/* Reads EncryptedExtensions, what a server of TLS 1.3 says besides its hello (RFC 8446 4.3.1). */
void tls_encrypted_extensions_read(struct tls_hellos *, struct bytes message);

/* The session id of a hello, header and all, of TLS 1.2 and before, and the ticket of a ClientHello
 * (RFC 5077): views into the message, empty when it has none. */
struct bytes tls_hello_session(enum dir, struct bytes message, struct bytes *ticket);

/* The random of a ClientHello at the beginning of b, which begins with a record. false: there is
 * none, or not so much of it. */
bool tls_client_random(struct bytes b, uint8_t random[TLS_RANDOM_BYTES]);

/* The client's fingerprint: JA4 (FoxIO's specification of 2023), of a ClientHello's fields behind
 * its header. Nothing when it is cut off. */
void tls_ja4(struct bytes hello, struct tls_kit *, char out[TLS_JA4_CHARACTERS + 1]);

/* Values that only keep others from relying on a list (RFC 8701): 0a0a, 1a1a ... fafa. */
static inline bool tls_is_grease(uint16_t v)
{
    return v >> 8 == (v & 0xff) && (v & 0xf) == 0xa;
}

/* Does b, of at least 5 bytes, begin with a record header that a sender could mean? */
bool tls_is_record(struct bytes b);

/* Does b begin with a record that begins a hello of that type (enum tls_handshake_type)? */
enum verdict tls_begins_hello(struct bytes b, unsigned type);

extern const struct decoder tls_decoder;

/* Is a connection's beginning TLS? */
enum verdict tls_match(const struct hint *);

#endif
