/*
 * A TLS connection under way; shared by the files that decode it:
 *
 *     records.c     the decoder: records in clear, gaps, waiting
 *     handshake.c   handshake messages, and which keys follow from them
 *     resume.c      sessions that are resumed, when servers' private keys lead to their secrets
 *     sealed.c      protected records: opened, found again after a loss, their content handed on
 *     tell.c        what is told of the connection: sessions, events, findings
 */
#ifndef WSIGHT_TLS_CONNECTION_H
#define WSIGHT_TLS_CONNECTION_H

#include "hello.h"
#include "protection.h"
#include "rsa.h"

/* Handshake messages that are read. Hellos are 200 bytes to 2 KB, or 4 KB with large keys; of a
 * longer one this much is read: it waits for its end on every connection that sends one, so it must
 * be small. */
#define TLS_MESSAGE_MAX_BYTES 16384
/* Protected bytes of a direction that wait for keys. */
#define TLS_WAITING_MAX_BYTES 65536
/* Handshake messages of a direction that are kept for an extended master secret (RFC 7627), when
 * there are RSA keys: a certificate chain is 3 to 6 KB. */
#define TLS_TRANSCRIPT_MAX_BYTES 65536
/* ... and of all connections. */
#define TLS_WAITING_ALL_MAX_BYTES ((size_t)32 << 20)

enum tls_state {
    TLS_PASSIVE,  /* nothing will be opened: the hellos are read, then no more */
    TLS_HELLOS,   /* what is needed to choose keys is not known yet */
    TLS_EXCHANGE, /* waits for the secret that the client sends to the server's RSA key */
    TLS_WAITING,  /* for keys */
    TLS_OPEN,
    TLS_CLOSED /* given up */
};

/* Which keys protect a direction, in the order of their use. TLS 1.2 has CLEAR and TRAFFIC. */
enum tls_epoch { TLS_EPOCH_CLEAR, TLS_EPOCH_EARLY, TLS_EPOCH_HANDSHAKE, TLS_EPOCH_TRAFFIC };

struct tls_side {
    struct buffer message;    /* handshake message so far */
    struct buffer transcript; /* messages in clear, while there may be an RSA key exchange */
    uint64_t message_skip;    /* of a message that is not read, and of a long one's rest */
    size_t left;              /* of a clear handshake record's payload */
    bool hello_done;          /* passive: all that is wanted of this side was told */
    bool message_lost;        /* bytes are missing: no message is read up to the next record */

    enum tls_epoch epoch;
    enum tls_epoch awaited;    /* TLS 1.3: has begun, and no secret from it on is known; or CLEAR */
    bool finished;             /* TLS 1.3: its Finished was read, so its place is sure */
    enum tls_why shut;         /* why nothing of it is opened any more; DECRYPTED: it is */
    bool gap_due;              /* shut before there was a child to tell */
    struct tls_opener *opener; /* of the epoch, NULL while in clear */
    struct tls_opener *next;   /* TLS 1.2: after the next change_cipher_spec */
    struct tls_secret traffic; /* TLS 1.3, of TLS_EPOCH_TRAFFIC */
    uint64_t number;           /* of the next record */
    uint64_t opened;           /* records, in this epoch */
    uint32_t failures;         /* records in a row that could not be opened */
    size_t pending;            /* bytes of the record whose header was seen, header and all */
    uint64_t skip;             /* of a record that was lost in part */
    uint64_t lost;             /* bytes since the last record's end; 0: the place is known */
    bool searching;            /* for a record, after a loss */
    uint64_t tried;            /* bytes decrypted in vain to find records again */
};

struct tls {
    struct tls_hellos hellos;
    struct tls_side side[2];
    enum tls_state state;
    enum tls_why why;
    const struct tls_suite *suite;
    uint16_t version;
    bool from_start, ever_opened;
    bool early_decided;  /* whether early data is accepted is known */
    bool rsa;            /* there are servers' private keys */
    bool exchange_due;   /* ... and no other way to the secret has shown */
    bool transcripts;    /* kept */
    bool server_done;    /* the server's messages before the key exchange are all there */
    bool child_done;     /* nobody wants what is inside */
    uint64_t generation; /* of the secrets when they were last looked at */
    size_t waiting[2];   /* bytes, counted in shared->tls_waiting */
    struct stream *child;
    struct buffer certificate; /* subject and names, as text */
};

/* ---- handshake.c ---- */

/* Bytes of handshake messages, in order. */
void tls_handshake_bytes(struct stream *, enum dir, struct bytes);
/* The handshake message under way will not be read. */
void tls_forget_message(struct tls_side *);
/* Before a handshake from which an RSA key exchange may be opened; the ClientHello, if it was read
 * already, stands first in the transcript. */
void tls_begin_exchange(struct tls *, struct bytes client_hello);
void tls_drop_transcripts(struct tls *);
/* Looks for keys, now that both hellos are known. */
void tls_choose_keys(struct stream *);
/* A change_cipher_spec (TLS 1.2 and before). */
void tls_change_cipher(struct stream *, enum dir);
/* An opener for the epoch in TLS 1.3; NULL when its secret is not known. */
struct tls_opener *tls_epoch_opener(struct stream *, enum dir, enum tls_epoch, struct tls_secret *);
/* The direction goes over to the epoch, or to the first later one whose secret is known. Without
 * any it stays, and awaits the epoch. */
void tls_enter_epoch(struct stream *, enum dir, enum tls_epoch);

/* ---- resume.c ---- */

/* The session whose master secret has just become known may be resumed by its id. */
void tls_keep_session(struct stream *);
/* ... by the ticket in this NewSessionTicket. */
void tls_keep_ticket(struct stream *, struct bytes message);
/* Do the hellos resume a session whose secret is known? Then it is that of their client random. */
bool tls_resume(struct stream *);

/* ---- sealed.c ---- */

/* One whole record that may be protected, header and all. */
void tls_take_record(struct stream *, enum dir, struct bytes record);
/* Looks for a record in b after a loss. Returns how many bytes were taken; 0: *want in all are
 * needed, or a record begins here. */
size_t tls_search(struct stream *, enum dir, struct bytes b, size_t *want);
/* Nothing more of the direction can be opened; the other may go on. */
void tls_shut_side(struct stream *, enum dir, enum tls_why);
/* n bytes are missing; false: the direction cannot be followed any more. */
bool tls_lose(struct stream *, enum dir, uint64_t n);

/* ---- tell.c ---- */

/* EVENT_TLS with all that is known; on inner, or on the connection's own session when it is NULL.
 */
void tls_tell(struct stream *, struct stream *inner, enum dir);
/* On inner, or on s itself: that the direction stays closed, if it does. */
void tls_tell_shut(struct stream *s, struct stream *inner, enum dir);
/* The connection stays closed: begins its session, says why, and gives it up. */
void tls_close_for(struct stream *, enum tls_why);
void tls_read_certificate(struct tls *, struct bytes message);

#endif
