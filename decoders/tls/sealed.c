/*
 * Protected TLS records: opened with the keys at hand, found again after a loss, and their content
 * handed on to the stream inside.
 */
#include "connection.h"

/* Records that a direction may begin with before one opens: handshake records whose keys are not
 * known. With early data that was rejected there are as many as the server allows. */
#define UNOPENED_FIRST_MAX 64
#define UNOPENED_EARLY_MAX 4096
/* Records in a row that do not open, after some did. */
#define UNOPENED_LATER_MAX 8
/* After a loss: record numbers that are tried ahead, and bytes decrypted in vain for it over the
 * life of a direction. */
#define AHEAD_MAX 1024
#define TRIED_MAX_BYTES ((uint64_t)64 << 20)
/* A gap whose length in content cannot be told: longer than any frame's rest. */
#define GAP_UNKNOWN_BYTES ((uint64_t)1 << 40)

/* ---- Content ---- */

static void hand_on(struct stream *s, enum dir d, struct bytes b)
{
    struct tls *t = stream_state(s);
    if (b.n == 0 || t->child_done) {
        return;
    }
    if (t->child == NULL) {
        t->child = stream_child(s, LAYER_TLS, t->from_start);
    }
    struct chunk c = {stream_ts(s), stream_pkt(s), b, d};
    bool wanted = t->child != NULL && stream_data(t->child, &c);
    struct tls_side *other = &t->side[dir_other(d)];
    if (wanted && other->gap_due) { /* now there is somebody to tell */
        other->gap_due = false;
        wanted = stream_gap(t->child, dir_other(d), GAP_UNKNOWN_BYTES, c.ts, c.pkt);
    }
    if (!wanted) {
        t->child_done = true;
        stream_give_up_both(s);
    }
}

static void hand_gap(struct stream *s, enum dir d, uint64_t n)
{
    struct tls *t = stream_state(s);
    if (n == 0 || t->child_done) {
        return;
    }
    if (t->child == NULL) {
        t->from_start = false; /* the first bytes are missing, so what follows is mid-stream */
    } else if (!stream_gap(t->child, d, n, stream_ts(s), stream_pkt(s))) {
        t->child_done = true;
        stream_give_up_both(s);
    }
}

static void take_alert(struct stream *s, enum dir d, struct bytes b)
{
    const struct tls *t = stream_state(s);
    if (b.n != 2) {
        return;
    }
    if (u8_at(b, 1) == 0 && t->child != NULL) { /* close_notify */
        stream_end(t->child, d, stream_ts(s), stream_pkt(s));
    } else if (u8_at(b, 1) != 0 && stream_has_sessions(s)) {
        stream_finding(s, d, FINDING_TLS_ALERT, "alert %d", u8_at(b, 1));
    }
}

static void take_content(struct stream *s, enum dir d, unsigned type, struct bytes b)
{
    switch (type) {
    case TLS_HANDSHAKE:
        tls_handshake_bytes(s, d, b);
        break;
    case TLS_ALERT:
        take_alert(s, d, b);
        break;
    case TLS_CHANGE_CIPHER_SPEC:
        tls_change_cipher(s, d);
        break;
    case TLS_APPLICATION_DATA:
        hand_on(s, d, b);
        break;
    default:
        break;
    }
}

/* The type stands behind the content, and padding behind that (RFC 8446 section 5.2). */
static bool unwrap(struct bytes *content, unsigned *type)
{
    while (content->n > 0 && u8_at(*content, content->n - 1) == 0) {
        content->n--;
    }
    if (content->n == 0) {
        return false;
    }
    *type = u8_at(*content, --content->n);
    return true;
}

/* ---- Opening ---- */

struct opened {
    uint8_t *room;
    size_t n;
};

static bool try_open(struct tls_opener *o, uint64_t number, struct bytes record, struct opened *out)
{
    return tls_opener_open(o, number, bytes_part(record, 0, TLS_RECORD_HEADER_BYTES),
                           bytes_from(record, TLS_RECORD_HEADER_BYTES), out->room, &out->n);
}

/* The keys of later epochs, in case the message that announces them was not seen. */
static bool try_later_epochs(struct stream *s, enum dir d, struct bytes record, struct opened *out)
{
    struct tls *t = stream_state(s);
    struct tls_side *side = &t->side[d];
    for (int e = (int)side->epoch + 1; t->version >= 0x0304 && e <= TLS_EPOCH_TRAFFIC; e++) {
        struct tls_secret secret;
        struct tls_opener *o = tls_epoch_opener(s, d, (enum tls_epoch)e, &secret);
        bool fits = o != NULL && try_open(o, 0, record, out);
        tls_opener_free(o);
        if (fits) {
            tls_enter_epoch(s, d, (enum tls_epoch)e);
            tls_forget_message(side);
            return true;
        }
    }
    return false;
}

static bool may_skip_records(const struct tls *t, enum dir d)
{
    const struct tls_side *side = &t->side[d];
    bool early = d == DIR_CLIENT_TO_SERVER && t->hellos.early_data && !t->hellos.early_accepted;
    if (side->opened > 0 || side->epoch == TLS_EPOCH_TRAFFIC) {
        return side->failures < (side->opened > 0 ? UNOPENED_LATER_MAX : UNOPENED_FIRST_MAX);
    }
    return side->failures < (early ? UNOPENED_EARLY_MAX : UNOPENED_FIRST_MAX);
}

static void fail_record(struct stream *s, enum dir d)
{
    struct tls *t = stream_state(s);
    struct tls_side *side = &t->side[d];
    side->failures++;
    if (side->opened > 0) {
        side->number++;
        stream_finding(s, d, FINDING_TLS_RECORD, NULL);
        hand_gap(s, d, GAP_UNKNOWN_BYTES);
    }
    if (!may_skip_records(t, d)) {
        tls_shut_side(s, d, side->opened > 0 ? TLS_WHY_LOST : TLS_WHY_WRONG_KEYS);
    }
}

static void take_opened(struct stream *s, enum dir d, unsigned type, const struct opened *o)
{
    struct tls *t = stream_state(s);
    struct bytes content = {o->room, o->n};
    if (t->version >= 0x0304 && !unwrap(&content, &type)) {
        return;
    }
    take_content(s, d, type, content);
}

/* A record of known length was lost: what is missing of its content. */
static void lose_record(struct stream *s, enum dir d, size_t whole)
{
    struct tls *t = stream_state(s);
    struct tls_side *side = &t->side[d];
    bool exact = false;
    if (side->opener == NULL) {
        side->message_lost = true;
        return;
    }
    size_t overhead = tls_opener_overhead(side->opener, &exact);
    side->number++;
    tls_forget_message(side);
    if (side->epoch == TLS_EPOCH_TRAFFIC) {
        hand_gap(s, d, exact && whole > overhead ? whole - overhead : GAP_UNKNOWN_BYTES);
    }
}

static void open_record(struct stream *s, enum dir d, struct bytes record)
{
    struct tls *t = stream_state(s);
    struct tls_side *side = &t->side[d];
    struct opened o = {.room = stream_room(s)};
    if (o.room == NULL) {
        tls_close_for(s, TLS_WHY_LOST);
        return;
    }
    if (side->opener != NULL && tls_opener_is_blind(side->opener)) {
        lose_record(s, d, record.n);
        tls_opener_pass(side->opener, bytes_from(record, TLS_RECORD_HEADER_BYTES));
        return;
    }
    if (t->child != NULL) { /* it comes while the record is being opened */
        stream_prefetch_state(t->child, d);
    }
    bool fits = side->opener != NULL && try_open(side->opener, side->number, record, &o);
    if (side->opener != NULL) {
        tls_opener_pass(side->opener, bytes_from(record, TLS_RECORD_HEADER_BYTES));
    }
    if (!fits && !try_later_epochs(s, d, record, &o)) {
        fail_record(s, d);
        return;
    }
    side->number++;
    side->opened++;
    side->failures = 0;
    t->ever_opened = true;
    take_opened(s, d, u8_at(record, 0), &o);
}

void tls_take_record(struct stream *s, enum dir d, struct bytes record)
{
    const struct tls *t = stream_state(s);
    unsigned type = u8_at(record, 0);
    bool sealed =
        t->version >= 0x0304 ? type == TLS_APPLICATION_DATA : t->side[d].epoch != TLS_EPOCH_CLEAR;
    if (sealed) {
        open_record(s, d, record);
    } else {
        take_content(s, d, type, bytes_from(record, TLS_RECORD_HEADER_BYTES));
    }
}

/* ---- Losses ---- */

void tls_shut_side(struct stream *s, enum dir d, enum tls_why why)
{
    struct tls *t = stream_state(s);
    t->side[d].shut = why;
    bool other_shut = t->side[dir_other(d)].shut != TLS_WHY_DECRYPTED;
    if (other_shut || (why != TLS_WHY_NO_KEYS && !t->ever_opened)) {
        tls_close_for(s, why);
        return;
    }
    t->side[d].gap_due = t->child == NULL;
    hand_gap(s, d, GAP_UNKNOWN_BYTES);
    stream_give_up(s, d);
    if (stream_has_sessions(s)) {
        tls_tell_shut(s, s, d);
    }
}

bool tls_lose(struct stream *s, enum dir d, uint64_t n)
{
    struct tls *t = stream_state(s);
    struct tls_side *side = &t->side[d];
    if (side->opener != NULL) {
        tls_opener_lose(side->opener);
    }
    if (side->left > 0) { /* of a handshake record in clear */
        uint64_t part = n < side->left ? n : side->left;
        side->left -= (size_t)part;
        side->message_lost = true;
        n -= part;
    } else if (side->skip > 0) {
        uint64_t part = n < side->skip ? n : side->skip;
        side->skip -= part;
        n -= part;
    } else if (side->pending > 0 && !side->searching && n >= side->pending) {
        n -= side->pending;
        lose_record(s, d, side->pending);
    } else if (side->pending > 0 && !side->searching) {
        side->skip = side->pending - n;
        n = 0;
        lose_record(s, d, side->pending);
    }
    side->pending = 0;
    side->lost += n;
    side->searching = side->searching || n > 0;
    return t->state == TLS_OPEN;
}

/* Can a record of this direction begin so? */
static bool is_candidate(const struct tls *t, enum dir d, struct bytes b)
{
    const struct tls_side *side = &t->side[d];
    size_t n = be16_at(b, 3);
    unsigned type = u8_at(b, 0);
    bool fits = t->version >= 0x0304
                    ? type == TLS_APPLICATION_DATA
                    : type >= TLS_CHANGE_CIPHER_SPEC && type <= TLS_APPLICATION_DATA;
    unsigned minor = t->version >= 0x0304 ? 3 : t->version & 0xff;
    return fits && u8_at(b, 1) == 3 && u8_at(b, 2) == minor && n <= TLS_RECORD_MAX_BYTES &&
           (side->opener == NULL || n >= tls_opener_least(side->opener));
}

/* How many records may have been lost in that many bytes. */
static uint64_t most_lost(const struct tls_side *side)
{
    bool exact = false;
    uint64_t least = side->opener != NULL ? tls_opener_overhead(side->opener, &exact) : 22;
    uint64_t n = side->lost / least + 1;
    return n < AHEAD_MAX ? n : AHEAD_MAX;
}

static void found(struct stream *s, enum dir d, uint64_t ahead)
{
    struct tls *t = stream_state(s);
    struct tls_side *side = &t->side[d];
    bool exact = false;
    uint64_t overhead = tls_opener_overhead(side->opener, &exact) * ahead;
    side->number += ahead;
    if (side->epoch == TLS_EPOCH_TRAFFIC && ahead > 0) {
        hand_gap(s, d, exact && side->lost > overhead ? side->lost - overhead : GAP_UNKNOWN_BYTES);
    }
    side->searching = false;
    side->lost = 0;
    tls_forget_message(side);
}

/* Does the opener open it, as the record of that number or of a later one? Then it is *ahead. */
static bool try_ahead(struct tls_side *side, struct tls_opener *opener, uint64_t number,
                      struct bytes record, struct opened *out, uint64_t *ahead)
{
    uint64_t most = most_lost(side);
    for (*ahead = 0; *ahead <= most && side->tried < TRIED_MAX_BYTES; ++*ahead) {
        if (try_open(opener, number + *ahead, record, out)) {
            return true;
        }
        side->tried += record.n;
    }
    return false;
}

/* Is it the record after the loss? */
static bool is_record_of_ours(struct stream *s, enum dir d, struct bytes record)
{
    struct tls *t = stream_state(s);
    struct tls_side *side = &t->side[d];
    struct opened o = {.room = stream_room(s)};
    uint64_t ahead;
    if (o.room == NULL) {
        return false;
    }
    if (side->opener != NULL && try_ahead(side, side->opener, side->number, record, &o, &ahead)) {
        found(s, d, ahead);
        return true;
    }
    if (side->opener == NULL && side->next != NULL &&
        try_ahead(side, side->next, 0, record, &o, &ahead)) {
        tls_change_cipher(s, d); /* TLS 1.2: its announcement is what was lost */
        side->number = ahead;
        found(s, d, 0);
        return true;
    }
    enum tls_epoch before = side->epoch;
    if (try_later_epochs(s, d, record, &o)) {
        found(s, d, 0);
        hand_gap(s, d, before == TLS_EPOCH_TRAFFIC ? GAP_UNKNOWN_BYTES : 0);
        return true;
    }
    return false;
}

size_t tls_search(struct stream *s, enum dir d, struct bytes b, size_t *want)
{
    struct tls *t = stream_state(s);
    struct tls_side *side = &t->side[d];
    *want = TLS_RECORD_HEADER_BYTES;
    for (size_t i = 0; b.n - i >= TLS_RECORD_HEADER_BYTES; i++) {
        struct bytes here = bytes_from(b, i);
        if (!is_candidate(t, d, here)) {
            continue;
        }
        size_t whole = TLS_RECORD_HEADER_BYTES + (size_t)be16_at(here, 3);
        *want = whole;
        if (here.n < whole) {
            side->lost += i;
            return i;
        }
        side->lost += i;
        if (is_record_of_ours(s, d, bytes_part(here, 0, whole))) {
            return i;
        }
        if (side->opener != NULL) { /* TLS 1.0: the next one needs this one's last block */
            tls_opener_pass(side->opener, bytes_part(here, TLS_RECORD_HEADER_BYTES,
                                                     whole - TLS_RECORD_HEADER_BYTES));
        }
        side->lost -= i;
        if (side->tried >= TRIED_MAX_BYTES) {
            tls_close_for(s, TLS_WHY_LOST);
            return b.n;
        }
    }
    size_t kept = b.n < TLS_RECORD_HEADER_BYTES ? b.n : TLS_RECORD_HEADER_BYTES - 1;
    *want = TLS_RECORD_HEADER_BYTES;
    side->lost += b.n - kept;
    return b.n - kept;
}
