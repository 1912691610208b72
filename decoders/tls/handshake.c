/* TLS handshake messages, and the keys that follow from them (RFC 8446 section 7, RFC 5246 8). */
#include "connection.h"

#include <openssl/crypto.h>

/* ---- Keys ---- */

static struct tls_kit *kit_of(const struct stream *s)
{
    return tls_secrets_kit(stream_shared(s)->secrets);
}

static bool find_secret(struct stream *s, enum tls_secret_kind kind, struct tls_secret *out)
{
    const struct tls *t = stream_state(s);
    return tls_secrets_find(stream_shared(s)->secrets, t->hellos.random[DIR_CLIENT_TO_SERVER], kind,
                            out);
}

void tls_forget_message(struct tls_side *side)
{
    buffer_clear(&side->message);
    side->message_skip = 0;
    side->message_lost = false;
}

static void use_opener(struct tls_side *side, struct tls_opener *o, enum tls_epoch epoch)
{
    tls_opener_free(side->opener);
    side->opener = o;
    side->epoch = epoch;
    side->number = side->opened = 0;
    side->message_lost = false;
}

struct tls_opener *tls_epoch_opener(struct stream *s, enum dir d, enum tls_epoch epoch,
                                    struct tls_secret *secret)
{
    static const enum tls_secret_kind kinds[2][4] = {
        {0, TLS_CLIENT_EARLY, TLS_CLIENT_HANDSHAKE, TLS_CLIENT_TRAFFIC},
        {0, TLS_SECRET_KINDS, TLS_SERVER_HANDSHAKE, TLS_SERVER_TRAFFIC}};
    const struct tls *t = stream_state(s);
    enum tls_secret_kind kind = kinds[d][epoch];
    if (kind == TLS_SECRET_KINDS || !find_secret(s, kind, secret)) {
        return NULL;
    }
    return tls_opener_from_traffic(kit_of(s), t->suite, secret);
}

void tls_enter_epoch(struct stream *s, enum dir d, enum tls_epoch epoch)
{
    struct tls *t = stream_state(s);
    struct tls_side *side = &t->side[d];
    for (enum tls_epoch e = epoch; e <= TLS_EPOCH_TRAFFIC; e++) {
        struct tls_secret secret;
        struct tls_opener *o = tls_epoch_opener(s, d, e, &secret);
        if (o != NULL) {
            side->traffic = secret;
            side->awaited = TLS_EPOCH_CLEAR;
            use_opener(side, o, e);
            return;
        }
    }
    side->awaited = epoch;
}

static bool knows_13(struct stream *s)
{
    static const enum tls_secret_kind kinds[] = {TLS_CLIENT_HANDSHAKE, TLS_SERVER_HANDSHAKE,
                                                 TLS_CLIENT_TRAFFIC, TLS_SERVER_TRAFFIC};
    struct tls_secret secret;
    bool known = false;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        known = known || find_secret(s, kinds[i], &secret);
    }
    return known;
}

static bool open_13(struct stream *s)
{
    struct tls *t = stream_state(s);
    if (!knows_13(s)) {
        return false;
    }
    for (int d = 0; d < 2; d++) {
        enum tls_epoch first = d == DIR_CLIENT_TO_SERVER && t->hellos.early_data
                                   ? TLS_EPOCH_EARLY
                                   : TLS_EPOCH_HANDSHAKE;
        tls_enter_epoch(s, (enum dir)d, first);
        t->side[d].epoch = t->side[d].epoch == TLS_EPOCH_CLEAR ? first : t->side[d].epoch;
    }
    return true;
}

static bool open_12(struct stream *s)
{
    struct tls *t = stream_state(s);
    struct tls_secret master;
    struct tls_handshake_keys k = {.suite = t->suite,
                                   .version = t->version,
                                   .encrypt_then_mac = t->hellos.encrypt_then_mac,
                                   .master = &master,
                                   .client_random = t->hellos.random[0],
                                   .server_random = t->hellos.random[1]};
    if (!find_secret(s, TLS_MASTER_SECRET, &master)) {
        return false;
    }
    for (int d = 0; d < 2; d++) {
        tls_opener_free(t->side[d].next);
        t->side[d].next = tls_opener_from_master(kit_of(s), &k, d == DIR_SERVER_TO_CLIENT);
    }
    return true;
}

static bool open_keys(struct stream *s)
{
    const struct tls *t = stream_state(s);
    if (t->version == 0x0304) {
        return open_13(s);
    }
    return open_12(s) || (t->rsa && tls_resume(s) && open_12(s));
}

static bool is_supported(const struct tls *t)
{
    bool new = t->suite != NULL && t->suite->id >> 8 == 0x13;
    return t->suite != NULL && t->version >= 0x0301 && t->version <= 0x0304 &&
           new == (t->version == 0x0304) && t->hellos.compression == 0;
}

void tls_choose_keys(struct stream *s)
{
    struct tls *t = stream_state(s);
    struct tls_secrets *secrets = stream_shared(s)->secrets;
    t->suite = tls_suite_find(t->hellos.cipher);
    t->version = t->hellos.version;
    if (!t->hellos.has_random[DIR_CLIENT_TO_SERVER]) {
        tls_close_for(s, TLS_WHY_HANDSHAKE);
        return;
    }
    if (!is_supported(t)) {
        tls_close_for(s, TLS_WHY_UNSUPPORTED);
        return;
    }
    t->generation = tls_secrets_generation(secrets);
    bool opened = open_keys(s);
    t->exchange_due =
        t->exchange_due && !opened && t->version < 0x0304 && tls_suite_is_rsa(t->suite);
    if (t->exchange_due) { /* in a renegotiation the connection is open, and stays so */
        t->state = t->state == TLS_HELLOS ? TLS_EXCHANGE : t->state;
        return;
    }
    tls_drop_transcripts(t);
    if (opened) {
        t->state = TLS_OPEN;
    } else if (tls_secrets_expected(secrets) && t->state != TLS_OPEN) {
        t->state = TLS_WAITING;
    } else {
        tls_close_for(s, TLS_WHY_NO_KEYS);
    }
}

void tls_change_cipher(struct stream *s, enum dir d)
{
    struct tls *t = stream_state(s);
    struct tls_side *side = &t->side[d];
    if (t->state != TLS_OPEN || t->version >= 0x0304) {
        return; /* TLS 1.3 sends it for middleboxes alone */
    }
    if (side->next == NULL) {
        tls_close_for(s, side->opener != NULL ? TLS_WHY_NO_KEYS : TLS_WHY_HANDSHAKE);
        return;
    }
    use_opener(side, side->next, TLS_EPOCH_TRAFFIC);
    side->next = NULL;
    tls_forget_message(side);
}

/* ---- Messages ---- */

/* The client's secret, sealed for the server's key: where it opens, its session is one of those
 * whose secrets are known. */
static void take_key_exchange(struct stream *s, struct bytes message)
{
    struct tls *t = stream_state(s);
    struct tls_secrets *secrets = stream_shared(s)->secrets;
    const struct tls_exchange e = {
        .version = t->version,
        .prf = t->suite->prf,
        .client_random = t->hellos.random[DIR_CLIENT_TO_SERVER],
        .server_random = t->hellos.random[DIR_SERVER_TO_CLIENT],
        .extended = t->hellos.extended_master,
        .client = buffer_bytes(&t->side[DIR_CLIENT_TO_SERVER].transcript),
        .server = buffer_bytes(&t->side[DIR_SERVER_TO_CLIENT].transcript)};
    struct tls_secret master;
    if (tls_rsa_master(tls_secrets_rsa(secrets), &e, message, &master)) {
        tls_secrets_keep(secrets, e.client_random, TLS_MASTER_SECRET, &master);
        OPENSSL_cleanse(&master, sizeof master);
        tls_keep_session(s);
    }
    t->exchange_due = false;
    tls_choose_keys(s);
}

static void take_client_hello(struct stream *s, struct bytes message)
{
    struct tls *t = stream_state(s);
    tls_hello_read(&t->hellos, DIR_CLIENT_TO_SERVER, message);
    if (t->state == TLS_OPEN && t->rsa) {
        tls_begin_exchange(t, message);
    }
    if (t->state == TLS_PASSIVE) {
        t->why = TLS_WHY_NO_KEYS;
        tls_tell(s, NULL, DIR_CLIENT_TO_SERVER);
        t->side[DIR_CLIENT_TO_SERVER].hello_done = true;
    }
}

static void take_server_hello(struct stream *s, struct bytes message)
{
    struct tls *t = stream_state(s);
    tls_hello_read(&t->hellos, DIR_SERVER_TO_CLIENT, message);
    if (t->hellos.retry) {
        t->early_decided = true; /* early data is rejected by it */
    }
    if (t->state == TLS_PASSIVE) {
        t->why = t->hellos.has_random[0] ? TLS_WHY_NO_KEYS : TLS_WHY_HANDSHAKE;
        tls_tell(s, NULL, DIR_SERVER_TO_CLIENT);
        t->side[DIR_SERVER_TO_CLIENT].hello_done = t->hellos.version >= 0x0304;
    } else if (!t->hellos.retry) {
        tls_choose_keys(s);
    }
}

static void take_certificate(struct stream *s, struct bytes message)
{
    struct tls *t = stream_state(s);
    if (t->hellos.version >= 0x0304) {
        return;
    }
    tls_read_certificate(t, message);
    if (t->state == TLS_PASSIVE) {
        if (t->certificate.n > 0) {
            tls_tell(s, NULL, DIR_SERVER_TO_CLIENT);
        }
        t->side[DIR_SERVER_TO_CLIENT].hello_done = true;
    }
}

static void take_key_update(struct stream *s, enum dir d)
{
    struct tls *t = stream_state(s);
    struct tls_side *side = &t->side[d];
    struct tls_opener *o = NULL;
    if (side->epoch == TLS_EPOCH_TRAFFIC &&
        tls_traffic_update(kit_of(s), t->suite, &side->traffic)) {
        o = tls_opener_from_traffic(kit_of(s), t->suite, &side->traffic);
    }
    if (o != NULL) {
        use_opener(side, o, TLS_EPOCH_TRAFFIC);
    }
}

static void take_message_13(struct stream *s, enum dir d, unsigned type, struct bytes message)
{
    struct tls *t = stream_state(s);
    if (type == TLS_ENCRYPTED_EXTENSIONS && d == DIR_SERVER_TO_CLIENT) {
        tls_encrypted_extensions_read(&t->hellos, message);
        t->early_decided = true;
    } else if (type == TLS_END_OF_EARLY_DATA && t->side[d].epoch == TLS_EPOCH_EARLY) {
        tls_enter_epoch(s, d, TLS_EPOCH_HANDSHAKE);
    } else if (type == TLS_FINISHED && t->side[d].epoch < TLS_EPOCH_TRAFFIC) {
        t->side[d].finished = true;
        tls_enter_epoch(s, d, TLS_EPOCH_TRAFFIC);
    } else if (type == TLS_KEY_UPDATE) {
        take_key_update(s, d);
    }
}

/* Does the secret that the client sends next count? The server's choice is known. */
static bool is_exchange(const struct tls *t)
{
    return t->exchange_due && t->server_done;
}

static void take_message(struct stream *s, enum dir d, struct bytes message)
{
    struct tls *t = stream_state(s);
    unsigned type = u8_at(message, 0);
    bool server = d == DIR_SERVER_TO_CLIENT;
    if (t->state == TLS_OPEN && t->version >= 0x0304) {
        if (t->side[d].opener != NULL) {
            take_message_13(s, d, type, message);
        }
    } else if (type == TLS_CLIENT_HELLO && !server) {
        take_client_hello(s, message);
    } else if (type == TLS_SERVER_HELLO && server) {
        take_server_hello(s, message);
    } else if (type == TLS_CERTIFICATE && server) {
        take_certificate(s, message);
    } else if (type == TLS_SERVER_HELLO_DONE && server) {
        t->server_done = true;
    } else if (type == TLS_CLIENT_KEY_EXCHANGE && !server && is_exchange(t)) {
        take_key_exchange(s, message);
    } else if (type == TLS_NEW_SESSION_TICKET && server && t->rsa) {
        tls_keep_ticket(s, message);
    } else if (t->state == TLS_PASSIVE) {
        t->side[d].hello_done = true; /* not what should come first, or after the certificate */
    }
}

static bool is_read(const struct tls *t, unsigned type)
{
    switch (type) {
    case TLS_CLIENT_HELLO:
    case TLS_SERVER_HELLO:
    case TLS_ENCRYPTED_EXTENSIONS:
    case TLS_END_OF_EARLY_DATA:
    case TLS_FINISHED:
    case TLS_KEY_UPDATE:
    case TLS_SERVER_HELLO_DONE:
        return true;
    case TLS_CLIENT_KEY_EXCHANGE:
        return is_exchange(t);
    case TLS_NEW_SESSION_TICKET:
        return t->rsa;
    case TLS_CERTIFICATE:
        return t->hellos.version < 0x0304;
    default:
        return t->state == TLS_PASSIVE;
    }
}

static uint64_t message_length(const struct buffer *m)
{
    return TLS_HANDSHAKE_HEADER_BYTES + (uint64_t)(be32_at(buffer_bytes(m), 0) & 0xffffff);
}

static bool keeps_transcript(const struct tls *t, enum dir d)
{
    return t->transcripts && !(d == DIR_SERVER_TO_CLIENT && t->server_done);
}

/* Keeps bytes of handshake messages in clear; when there are too many, no secret follows. */
static void note_bytes(struct tls *t, enum dir d, struct bytes b)
{
    if (keeps_transcript(t, d) && !buffer_append(&t->side[d].transcript, b)) {
        tls_drop_transcripts(t);
    }
}

void tls_begin_exchange(struct tls *t, struct bytes client_hello)
{
    tls_drop_transcripts(t);
    t->exchange_due = t->transcripts = t->rsa;
    t->server_done = false;
    note_bytes(t, DIR_CLIENT_TO_SERVER, client_hello);
}

void tls_drop_transcripts(struct tls *t)
{
    t->transcripts = false;
    for (int d = 0; d < 2; d++) {
        buffer_done(&t->side[d].transcript);
        buffer_init(&t->side[d].transcript, TLS_TRANSCRIPT_MAX_BYTES);
    }
}

/* Takes what belongs to the message under way; its end is dealt with. */
static struct bytes take_some(struct stream *s, enum dir d, struct bytes b)
{
    struct tls *t = stream_state(s);
    struct tls_side *side = &t->side[d];
    struct buffer *m = &side->message;
    uint64_t whole =
        m->n < TLS_HANDSHAKE_HEADER_BYTES ? TLS_HANDSHAKE_HEADER_BYTES : message_length(m);
    uint64_t keep = whole < TLS_MESSAGE_MAX_BYTES ? whole : TLS_MESSAGE_MAX_BYTES;
    if (m->n >= TLS_HANDSHAKE_HEADER_BYTES && !is_read(t, m->p[0])) {
        keep = m->n;
    }
    struct bytes part = bytes_part(b, 0, (size_t)keep - m->n);
    if (!buffer_append(m, part)) {
        side->message_lost = true;
        return bytes_part(b, b.n, 0);
    }
    note_bytes(t, d, part);
    b = bytes_from(b, part.n);
    if (m->n < TLS_HANDSHAKE_HEADER_BYTES || (m->n < keep) ||
        (m->n == TLS_HANDSHAKE_HEADER_BYTES && message_length(m) > m->n && is_read(t, m->p[0]))) {
        return b;
    }
    side->message_skip = message_length(m) - m->n;
    struct buffer taken = *m;
    buffer_init(m, TLS_MESSAGE_MAX_BYTES);
    if (is_read(t, taken.p[0])) {
        take_message(s, d, buffer_bytes(&taken));
    }
    buffer_done(&taken);
    return b;
}

void tls_handshake_bytes(struct stream *s, enum dir d, struct bytes b)
{
    struct tls *t = stream_state(s);
    struct tls_side *side = &t->side[d];
    while (b.n > 0 && t->state != TLS_CLOSED && !side->message_lost && !side->hello_done) {
        if (side->message_skip > 0) {
            size_t n = side->message_skip < b.n ? (size_t)side->message_skip : b.n;
            side->message_skip -= n;
            note_bytes(t, d, bytes_part(b, 0, n));
            b = bytes_from(b, n);
        } else {
            b = take_some(s, d, b);
        }
    }
}
