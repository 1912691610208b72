/*
 * TLS connections (RFC 8446, RFC 5246): records, their protection taken off where the session's own
 * secrets are known, and what is inside given to a stream of its own.
 *
 * Without any secrets the hellos (and up to TLS 1.2 the certificate) are read for what they say,
 * and nothing more of the connection is wanted. A connection picked up later is known by its
 * records alone. Each EVENT_TLS says all that is known so far, so the last one is enough.
 */
#include "connection.h"

#define KEEP_MAX_BYTES                                                                             \
    (TLS_WAITING_MAX_BYTES + 65536 + TLS_RECORD_HEADER_BYTES + TLS_RECORD_MAX_BYTES)

static void tls_open(struct stream *s, const struct hint *hint)
{
    struct tls *t = stream_state(s);
    const struct tls_secrets *secrets = stream_shared(s)->secrets;
    tls_hellos_init(&t->hellos, secrets != NULL ? tls_secrets_kit(secrets) : NULL);
    for (int d = 0; d < 2; d++) {
        buffer_init(&t->side[d].message, TLS_MESSAGE_MAX_BYTES);
    }
    t->rsa = secrets != NULL && tls_secrets_rsa(secrets) != NULL;
    tls_begin_exchange(t, (struct bytes){0});
    buffer_init(&t->certificate, 0);
    t->from_start = hint->from_start;
    t->why = TLS_WHY_HANDSHAKE;
    t->state = tls_secrets_none(secrets) ? TLS_PASSIVE : TLS_HELLOS;
    if (t->state == TLS_PASSIVE && stream_session(s) == 0) {
        stream_begin_session(s, SESSION_TLS, 100);
    }
}

/* ---- Records in clear ---- */

static bool is_hello_of(struct bytes message, enum dir d)
{
    unsigned type = d == DIR_CLIENT_TO_SERVER ? TLS_CLIENT_HELLO : TLS_SERVER_HELLO;
    return message.n > TLS_HANDSHAKE_HEADER_BYTES && u8_at(message, 0) == type;
}

/* No more handshake messages come that could be read: the one under way is read as far as it came.
 */
static void finish_side(struct stream *s, enum dir d)
{
    struct tls *t = stream_state(s);
    struct tls_side *side = &t->side[d];
    struct bytes message = buffer_bytes(&side->message);
    if (!side->hello_done && is_hello_of(message, d) && t->state != TLS_CLOSED) {
        tls_hello_read(&t->hellos, d, message);
        if (t->state == TLS_PASSIVE) {
            t->why = t->hellos.has_random[0] ? TLS_WHY_NO_KEYS : TLS_WHY_HANDSHAKE;
            tls_tell(s, NULL, d);
        }
    }
    buffer_done(&side->message);
    buffer_init(&side->message, TLS_MESSAGE_MAX_BYTES);
    side->hello_done = true;
}

static size_t take_passive(struct stream *s, const struct chunk *c)
{
    struct tls *t = stream_state(s);
    struct tls_side *side = &t->side[c->dir];
    if (!tls_is_record(c->b) || u8_at(c->b, 0) != TLS_HANDSHAKE) {
        finish_side(s, c->dir);
        stream_give_up(s, c->dir);
        return c->b.n;
    }
    side->left = be16_at(c->b, 3);
    return TLS_RECORD_HEADER_BYTES;
}

/* A piece of a handshake record in clear. */
static size_t take_clear(struct stream *s, const struct chunk *c)
{
    struct tls *t = stream_state(s);
    struct tls_side *side = &t->side[c->dir];
    struct bytes b = bytes_part(c->b, 0, side->left);
    side->left -= b.n;
    tls_handshake_bytes(s, c->dir, b);
    if (t->state == TLS_PASSIVE && (side->hello_done || side->message_lost)) {
        finish_side(s, c->dir);
        stream_give_up(s, c->dir);
    }
    return b.n;
}

/* ---- Waiting ---- */

static void set_waiting(struct stream *s, enum dir d, size_t n)
{
    struct tls *t = stream_state(s);
    struct stream_shared *shared = stream_shared(s);
    shared->tls_waiting -= t->waiting[d];
    shared->tls_waiting += n;
    t->waiting[d] = n;
}

/* Counts what waits; false when that is enough. */
static bool may_wait(struct stream *s, const struct chunk *c)
{
    const struct stream_shared *shared = stream_shared(s);
    set_waiting(s, c->dir, c->b.n);
    return tls_secrets_expected(shared->secrets) && c->b.n <= TLS_WAITING_MAX_BYTES &&
           shared->tls_waiting <= TLS_WAITING_ALL_MAX_BYTES && stream_ending(s) == NULL;
}

/* Protected bytes that came before their keys: true once they can be worked at. */
static bool keys_came(struct stream *s, const struct chunk *c)
{
    struct tls *t = stream_state(s);
    if (tls_secrets_generation(stream_shared(s)->secrets) != t->generation) {
        tls_choose_keys(s);
    }
    if (t->state == TLS_WAITING && !may_wait(s, c)) {
        tls_close_for(s, TLS_WHY_NO_KEYS);
    }
    if (t->state != TLS_WAITING) {
        set_waiting(s, DIR_CLIENT_TO_SERVER, 0);
        set_waiting(s, DIR_SERVER_TO_CLIENT, 0);
        stream_offer_again(s, dir_other(c->dir));
    }
    return t->state != TLS_WAITING;
}

/* The same for the secret of one direction's next epoch. */
static bool secret_came(struct stream *s, const struct chunk *c)
{
    struct tls *t = stream_state(s);
    struct tls_side *side = &t->side[c->dir];
    tls_enter_epoch(s, c->dir, side->awaited);
    if (side->awaited != TLS_EPOCH_CLEAR && may_wait(s, c)) {
        return false;
    }
    set_waiting(s, c->dir, 0);
    stream_offer_again(s, dir_other(c->dir));
    if (side->awaited != TLS_EPOCH_CLEAR) {
        tls_shut_side(s, c->dir, TLS_WHY_NO_KEYS);
    }
    return true;
}

/* What a direction must know of the other before its next record makes sense. */
static bool must_block(const struct stream *s, enum dir d, unsigned type)
{
    const struct tls *t = stream_state(s);
    const struct tls_side *side = &t->side[d];
    if (stream_ending(s) != NULL) {
        return false;
    }
    if (t->state == TLS_HELLOS && d == DIR_SERVER_TO_CLIENT) {
        return !t->hellos.has_random[DIR_CLIENT_TO_SERVER] && t->from_start;
    }
    if (t->state == TLS_HELLOS) {
        return type != TLS_HANDSHAKE || (t->hellos.server_spoke && !t->hellos.retry);
    }
    if (t->state == TLS_EXCHANGE) { /* the server's part, the client's secret, then the rest */
        return d == DIR_CLIENT_TO_SERVER ? !t->server_done : type != TLS_HANDSHAKE;
    }
    return t->state == TLS_OPEN && side->epoch == TLS_EPOCH_EARLY && side->opened == 0 &&
           !t->early_decided && t->side[DIR_SERVER_TO_CLIENT].epoch <= TLS_EPOCH_HANDSHAKE;
}

/* ---- One record ---- */

/* Early data that the server rejected is not read: the client sends it again. */
static bool is_rejected(const struct tls *t, enum dir d)
{
    return d == DIR_CLIENT_TO_SERVER && t->side[d].epoch == TLS_EPOCH_EARLY && t->early_decided &&
           !t->hellos.early_accepted;
}

static size_t take_record(struct stream *s, const struct chunk *c)
{
    struct tls *t = stream_state(s);
    struct tls_side *side = &t->side[c->dir];
    unsigned type = u8_at(c->b, 0);
    size_t whole = TLS_RECORD_HEADER_BYTES + (size_t)be16_at(c->b, 3);
    if (must_block(s, c->dir, type)) {
        stream_block(s);
        return 0;
    }
    bool clear = side->epoch == TLS_EPOCH_CLEAR || t->version >= 0x0304;
    if (type == TLS_HANDSHAKE && clear) {
        side->left = whole - TLS_RECORD_HEADER_BYTES;
        return TLS_RECORD_HEADER_BYTES;
    }
    if (t->state == TLS_HELLOS && type != TLS_CHANGE_CIPHER_SPEC && type != TLS_ALERT) {
        tls_close_for(s, TLS_WHY_HANDSHAKE);
        return c->b.n;
    }
    if (t->state == TLS_EXCHANGE && type != TLS_ALERT) { /* none comes: the session is resumed */
        tls_close_for(s, TLS_WHY_NO_KEYS);
        return c->b.n;
    }
    side->pending = whole;
    if (c->b.n < whole) {
        stream_want(s, whole);
        return 0;
    }
    if (is_rejected(t, c->dir)) {
        tls_enter_epoch(s, c->dir, TLS_EPOCH_HANDSHAKE);
    }
    side->pending = 0;
    tls_take_record(s, c->dir, bytes_part(c->b, 0, whole));
    return whole;
}

/* In a renegotiation a change_cipher_spec is protected, so it is longer than in clear. */
static bool is_record(const struct tls *t, enum dir d, struct bytes b)
{
    return tls_is_record(b) ||
           (t->side[d].opener != NULL && u8_at(b, 0) == TLS_CHANGE_CIPHER_SPEC &&
            u8_at(b, 1) == 3 && be16_at(b, 3) <= TLS_RECORD_MAX_BYTES);
}

static size_t take_search(struct stream *s, const struct chunk *c)
{
    struct tls *t = stream_state(s);
    size_t want = 0;
    size_t took = tls_search(s, c->dir, c->b, &want);
    if (took == 0 && t->side[c->dir].searching) {
        stream_want(s, want);
        return 0;
    }
    return took > 0 ? took : take_record(s, c);
}

static size_t tls_data(struct stream *s, const struct chunk *c)
{
    struct tls *t = stream_state(s);
    struct tls_side *side = &t->side[c->dir];
    if (t->state == TLS_CLOSED || t->child_done) {
        return c->b.n;
    }
    if (side->left > 0) {
        return take_clear(s, c);
    }
    if ((t->state == TLS_WAITING && !keys_came(s, c)) ||
        (side->awaited != TLS_EPOCH_CLEAR && !secret_came(s, c))) {
        return 0;
    }
    if (t->state == TLS_CLOSED || side->shut != TLS_WHY_DECRYPTED) {
        return c->b.n;
    }
    if (side->skip > 0) {
        size_t n = side->skip < c->b.n ? (size_t)side->skip : c->b.n;
        side->skip -= n;
        return n;
    }
    if (side->searching) {
        return take_search(s, c);
    }
    if (c->b.n < TLS_RECORD_HEADER_BYTES) {
        stream_want(s, TLS_RECORD_HEADER_BYTES);
        return 0;
    }
    if (t->state == TLS_PASSIVE) {
        return take_passive(s, c);
    }
    if (!is_record(t, c->dir, c->b)) {
        if (t->state != TLS_OPEN || !tls_lose(s, c->dir, 1)) {
            tls_close_for(s, TLS_WHY_HANDSHAKE);
            return c->b.n;
        }
        return 1;
    }
    return take_record(s, c);
}

/* ---- Losses and ends ---- */

static bool tls_gap(struct stream *s, enum dir d, uint64_t n)
{
    struct tls *t = stream_state(s);
    if (t->state == TLS_PASSIVE) {
        finish_side(s, d);
        return false;
    }
    if (t->state != TLS_OPEN) {
        finish_side(s, d);
        set_waiting(s, DIR_CLIENT_TO_SERVER, 0);
        set_waiting(s, DIR_SERVER_TO_CLIENT, 0);
        tls_close_for(s, t->state == TLS_WAITING ? TLS_WHY_NO_KEYS : TLS_WHY_HANDSHAKE);
        return false;
    }
    return tls_lose(s, d, n);
}

static void tls_end(struct stream *s, enum dir d)
{
    const struct tls *t = stream_state(s);
    const struct tls_side *side = &t->side[d];
    if (t->state == TLS_PASSIVE) {
        finish_side(s, d);
        stream_give_up(s, d);
    } else if (t->state == TLS_OPEN && side->shut == TLS_WHY_DECRYPTED && side->finished &&
               side->opened == 0 && side->failures > 0) {
        tls_shut_side(s, d, TLS_WHY_WRONG_KEYS);
    }
}

/* Of a connection that was opened: a direction that was not, or waited for its secret in vain. */
static void judge_side(struct stream *s, enum dir d)
{
    struct tls *t = stream_state(s);
    struct tls_side *side = &t->side[d];
    if (side->shut == TLS_WHY_DECRYPTED && t->waiting[d] > 0) {
        side->shut = TLS_WHY_NO_KEYS;
        if (t->child != NULL) { /* it is gone by now */
            tls_tell_shut(s, s, d);
        }
    }
    if (side->shut != TLS_WHY_DECRYPTED && t->child == NULL) {
        tls_close_for(s, side->shut);
    }
}

/* A connection that ended before it could be judged. */
static void judge_late(struct stream *s)
{
    struct tls *t = stream_state(s);
    if (t->state == TLS_HELLOS || t->state == TLS_EXCHANGE) {
        finish_side(s, DIR_CLIENT_TO_SERVER);
        finish_side(s, DIR_SERVER_TO_CLIENT);
        tls_close_for(s, TLS_WHY_HANDSHAKE);
    } else if (t->state == TLS_WAITING) {
        tls_close_for(s, TLS_WHY_NO_KEYS);
    } else if (t->state == TLS_OPEN && !t->ever_opened &&
               t->side[0].failures + t->side[1].failures > 0) {
        tls_close_for(s, TLS_WHY_WRONG_KEYS);
    }
    for (int d = 0; d < 2 && t->state == TLS_OPEN; d++) {
        judge_side(s, (enum dir)d);
    }
}

static void tls_close(struct stream *s)
{
    struct tls *t = stream_state(s);
    judge_late(s);
    set_waiting(s, DIR_CLIENT_TO_SERVER, 0);
    set_waiting(s, DIR_SERVER_TO_CLIENT, 0);
    for (int d = 0; d < 2; d++) {
        buffer_done(&t->side[d].message);
        buffer_done(&t->side[d].transcript);
        tls_opener_free(t->side[d].opener);
        tls_opener_free(t->side[d].next);
    }
    tls_hellos_done(&t->hellos);
    buffer_done(&t->certificate);
}

static void tls_session(struct stream *s, struct stream *inner)
{
    tls_tell(s, inner, DIR_SERVER_TO_CLIENT);
    tls_tell_shut(s, inner, DIR_CLIENT_TO_SERVER);
    tls_tell_shut(s, inner, DIR_SERVER_TO_CLIENT);
}

static void tls_prefetch(const void *state, enum dir d)
{
    const struct tls *t = state;
    __builtin_prefetch(&t->state);
    __builtin_prefetch(&t->side[d].message_skip);
    __builtin_prefetch(&t->side[d].number);
}

const struct decoder tls_decoder = {.name = "tls",
                                    .state_size = sizeof(struct tls),
                                    .max_keep = KEEP_MAX_BYTES,
                                    .match = tls_match,
                                    .open = tls_open,
                                    .data = tls_data,
                                    .gap = tls_gap,
                                    .end = tls_end,
                                    .close = tls_close,
                                    .session = tls_session,
                                    .prefetch = tls_prefetch};
