/*
 * Sessions of TLS 1.2 and before that another connection, or a renegotiation, goes on with (RFC
 * 5246 section 7.3 by the session's id, RFC 5077 by a ticket): their master secret is the earlier
 * one. Key logs tell it anew; with servers' private keys alone it has to be remembered.
 *
 * Ids and tickets are kept among the secrets, under their SHA-256 in place of a client random,
 * which it is as long as.
 */
#include "connection.h"

#include <openssl/crypto.h>

/* How a session is called among the secrets. */
static bool name_session(struct stream *s, struct bytes id, uint8_t name[TLS_RANDOM_BYTES])
{
    return id.n > 0 && tls_kit_sha256(tls_secrets_kit(stream_shared(s)->secrets), id, name);
}

static void keep_session(struct stream *s, struct bytes id)
{
    const struct tls *t = stream_state(s);
    struct tls_secrets *secrets = stream_shared(s)->secrets;
    struct tls_secret master;
    uint8_t name[TLS_RANDOM_BYTES];
    if (tls_secrets_find(secrets, t->hellos.random[DIR_CLIENT_TO_SERVER], TLS_MASTER_SECRET,
                         &master) &&
        name_session(s, id, name)) {
        tls_secrets_keep(secrets, name, TLS_MASTER_SECRET, &master);
    }
}

static bool find_session(struct stream *s, struct bytes id, struct tls_secret *master)
{
    uint8_t name[TLS_RANDOM_BYTES];
    return name_session(s, id, name) &&
           tls_secrets_find(stream_shared(s)->secrets, name, TLS_MASTER_SECRET, master);
}

void tls_keep_session(struct stream *s)
{
    const struct tls *t = stream_state(s);
    struct bytes ticket;
    keep_session(s, tls_hello_session(DIR_SERVER_TO_CLIENT,
                                      buffer_bytes(&t->side[DIR_SERVER_TO_CLIENT].transcript),
                                      &ticket));
}

void tls_keep_ticket(struct stream *s, struct bytes message)
{
    struct reader r = reader_of(bytes_from(message, TLS_HANDSHAKE_HEADER_BYTES));
    read_skip(&r, 4); /* how long it may be used */
    struct bytes ticket = read_bytes(&r, read_be16(&r));
    if (!r.bad) {
        keep_session(s, ticket);
    }
}

bool tls_resume(struct stream *s)
{
    const struct tls *t = stream_state(s);
    struct tls_secret master;
    struct bytes ticket, none;
    struct bytes asked = tls_hello_session(
        DIR_CLIENT_TO_SERVER, buffer_bytes(&t->side[DIR_CLIENT_TO_SERVER].transcript), &ticket);
    struct bytes answered = tls_hello_session(
        DIR_SERVER_TO_CLIENT, buffer_bytes(&t->side[DIR_SERVER_TO_CLIENT].transcript), &none);
    bool resumed = asked.n > 0 && bytes_equal(asked, answered) &&
                   (find_session(s, asked, &master) || find_session(s, ticket, &master));
    if (resumed) {
        tls_secrets_keep(stream_shared(s)->secrets, t->hellos.random[DIR_CLIENT_TO_SERVER],
                         TLS_MASTER_SECRET, &master);
        OPENSSL_cleanse(&master, sizeof master);
    }
    return resumed;
}
