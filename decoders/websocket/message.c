/*
 * The life of a data message: unmasking, inflating, UTF-8, body and digest (RFC 6455 sections 5.4,
 * 5.6 and 8.1; RFC 7692 section 6).
 *
 * Payload is worked on as it comes, in blocks of the shared scratch buffer, and only as far as
 * somebody needs it: a binary message whose body nobody asked for is counted, not touched.
 */
#include "mask.h"
#include "permessage_deflate.h"
#include "session.h"

#include <openssl/evp.h>
#include <stdlib.h>

#define BODY_MAX_BYTES (64U << 20) /* whatever options.body_max says */

/* SHA-256 of the finished messages of a direction. A message is hashed into a copy of the state, which
 * takes the state's place when the message is finished. */
struct ws_digest {
    EVP_MD_CTX *finished, *message;
};

static struct ws_digest *digest_new(void)
{
    struct ws_digest *g = calloc(1, sizeof *g);
    if (g == NULL) {
        return NULL;
    }
    g->finished = EVP_MD_CTX_new();
    g->message = EVP_MD_CTX_new();
    if (g->finished == NULL || g->message == NULL ||
        EVP_DigestInit_ex(g->finished, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(g->finished);
        EVP_MD_CTX_free(g->message);
        free(g);
        return NULL;
    }
    return g;
}

static void digest_free(struct ws_digest *g)
{
    if (g != NULL) {
        EVP_MD_CTX_free(g->finished);
        EVP_MD_CTX_free(g->message);
        free(g);
    }
}

static void digest_emit(struct stream *s, enum dir dir, struct ws_digest *g)
{
    struct event e = {.type = EVENT_DIGEST, .dir = dir};
    unsigned n = 0;
    if (EVP_DigestFinal_ex(g->finished, e.digest, &n) == 1) {
        stream_emit(s, &e);
    }
}

void message_direction_open(struct stream *s, struct ws_direction *d)
{
    uint64_t max = stream_options(s)->body_max;
    buffer_init(&d->body, max < BODY_MAX_BYTES ? (size_t)max : BODY_MAX_BYTES);
    if (stream_options(s)->digest) {
        d->digest = digest_new();
    }
}

void message_direction_close(struct stream *s, enum dir dir)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    if (d->digest != NULL) {
        digest_emit(s, dir, d->digest);
        digest_free(d->digest);
    }
    inflater_free(d->inflater);
    buffer_done(&d->body);
}

static bool is_data(const struct message *m)
{
    return m->opcode == OPCODE_TEXT || m->opcode == OPCODE_BINARY;
}

/* ---- Payload ---- */

/* A piece of the message as the application gets it: unmasked and inflated. */
static void plain_piece(struct stream *s, struct ws_direction *d, struct bytes plain, bool ascii)
{
    struct ws_message *m = &d->message;
    m->m.len += plain.n;
    if (m->m.opcode == OPCODE_TEXT && !(m->m.flags & (MESSAGE_BAD_UTF8 | MESSAGE_DAMAGED)) &&
        !(ascii && utf8_complete(&m->utf8)) && !utf8_push(&m->utf8, plain)) {
        m->m.flags |= MESSAGE_BAD_UTF8;
    }
    if (d->digest != NULL && is_data(&m->m)) {
        EVP_DigestUpdate(d->digest->message, plain.p, plain.n);
    }
    if (stream_options(s)->body_max > 0) {
        size_t room = d->body.max - d->body.n;
        if (plain.n > room || !buffer_append(&d->body, plain)) {
            buffer_append(&d->body, bytes_part(plain, 0, room));
            m->m.flags |= MESSAGE_BODY_IS_CUT;
        }
    }
}

struct inflate_target {
    struct stream *s;
    struct ws_direction *d;
};

static void inflated_piece(void *ctx, struct bytes plain)
{
    struct inflate_target *t = ctx;
    plain_piece(t->s, t->d, plain, false);
}

static void inflate_failed(struct stream *s, enum dir dir, struct ws_message *m,
                           enum inflate_result result)
{
    m->inflates = false;
    m->m.flags |= MESSAGE_NOT_INFLATED;
    switch (result) {
    case INFLATE_OK:
        break;
    case INFLATE_INVALID:
        stream_finding(s, dir, FINDING_DEFLATE_INVALID, NULL);
        break;
    case INFLATE_BOMB:
        stream_finding(s, dir, FINDING_DEFLATE_BOMB, "%llu bytes inflate to more than %llu",
                       (unsigned long long)m->m.wire_len, (unsigned long long)m->m.len);
        break;
    case INFLATE_WINDOW_UNKNOWN:
        stream_finding(s, dir, FINDING_DEFLATE_WINDOW_UNKNOWN, NULL);
        break;
    }
}

static struct inflater *inflater_of(struct stream *s, enum dir dir)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    if (d->inflater == NULL) {
        d->inflater = inflater_new(ws->setup.no_context_takeover[dir], !ws->setup.midstream);
    }
    return d->inflater;
}

static void compressed_piece(struct stream *s, enum dir dir, struct bytes piece)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    struct inflater *inflater = inflater_of(s, dir);
    if (inflater == NULL) {
        d->message.m.flags |= MESSAGE_NOT_INFLATED;
        return;
    }
    struct inflate_target target = {s, d};
    enum inflate_result result = inflater_piece(inflater, piece, inflated_piece, &target);
    if (result != INFLATE_OK && d->message.inflates) {
        inflate_failed(s, dir, &d->message, result);
    }
}

/* Somebody needs the payload itself and not only its length. */
static bool payload_is_wanted(struct stream *s, const struct ws_message *m)
{
    const struct decode_options *o = stream_options(s);
    return m->m.opcode == OPCODE_TEXT || (m->m.flags & MESSAGE_COMPRESSED) || o->body_max > 0 ||
           (o->digest && is_data(&m->m));
}

/* Unmasks block by block into the second half of the scratch buffer. */
static void masked_piece(struct stream *s, enum dir dir, struct bytes wire)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    uint8_t *scratch = stream_shared(s)->scratch;
    uint8_t phase = d->frame.phase;
    while (wire.n > 0) {
        struct bytes block = bytes_part(wire, 0, STREAM_SCRATCH_BYTES);
        bool ascii = mask_copy_ascii(scratch, block, d->frame.key, phase);
        struct bytes plain = {scratch, block.n};
        if (d->message.m.flags & MESSAGE_COMPRESSED) {
            compressed_piece(s, dir, plain);
        } else {
            plain_piece(s, d, plain, ascii);
        }
        phase = (uint8_t)((phase + block.n) & 3);
        wire = bytes_from(wire, block.n);
    }
}

void message_piece(struct stream *s, enum dir dir, struct bytes wire)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    if (!payload_is_wanted(s, &d->message)) {
        d->message.m.len += wire.n;
    } else if (d->frame.masked) {
        masked_piece(s, dir, wire);
    } else if (d->message.m.flags & MESSAGE_COMPRESSED) {
        compressed_piece(s, dir, wire);
    } else {
        plain_piece(s, d, wire, false);
    }
}

/* ---- Beginning and end ---- */

void message_begin(struct stream *s, enum dir dir, uint8_t opcode, bool compressed)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    d->message = (struct ws_message){.open = true, .inflates = compressed};
    struct message *m = &d->message.m;
    m->opcode = opcode;
    m->flags = compressed ? MESSAGE_COMPRESSED : 0;
    m->first_ts = stream_ts(s);
    m->first_pkt = stream_pkt(s);
    m->rtt = -1;
    m->close_code = CLOSE_CODE_NONE;
    buffer_clear(&d->body);
    if (d->digest != NULL) {
        EVP_MD_CTX_copy_ex(d->digest->message, d->digest->finished);
    }
}

static void emit_message(struct stream *s, enum dir dir, struct ws_direction *d)
{
    struct event e = {.type = EVENT_MESSAGE, .dir = dir};
    struct message *m = &d->message.m;
    if (m->frames > 1) {
        m->flags |= MESSAGE_FRAGMENTED;
    }
    e.message = *m;
    e.message.body = buffer_bytes(&d->body);
    d->message.open = false;
    stream_emit(s, &e);
}

static void finish_inflating(struct stream *s, enum dir dir, struct ws_direction *d)
{
    if (d->message.m.wire_len == 0) {
        stream_finding(s, dir, FINDING_DEFLATE_EMPTY, NULL);
        return;
    }
    struct inflate_target target = {s, d};
    enum inflate_result result =
        d->inflater != NULL ? inflater_finish(d->inflater, inflated_piece, &target) : INFLATE_OK;
    if (result != INFLATE_OK && d->message.inflates) {
        inflate_failed(s, dir, &d->message, result);
    }
}

void message_finish(struct stream *s, enum dir dir)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    struct ws_message *m = &d->message;
    if (m->m.flags & MESSAGE_DAMAGED) {
        message_abandon(s, dir);
        return;
    }
    if (m->m.flags & MESSAGE_COMPRESSED) {
        finish_inflating(s, dir, d);
    }
    if (m->m.opcode == OPCODE_TEXT && !(m->m.flags & MESSAGE_NOT_INFLATED) &&
        !utf8_complete(&m->utf8)) {
        m->m.flags |= MESSAGE_BAD_UTF8;
    }
    if (m->m.flags & MESSAGE_BAD_UTF8) {
        stream_finding(s, dir, FINDING_TEXT_UTF8, NULL);
    }
    if (!m->orphan) {
        m->m.flags |= MESSAGE_FINISHED;
    }
    if (d->digest != NULL && !m->orphan) {
        EVP_MD_CTX *finished = d->digest->finished;
        d->digest->finished = d->digest->message;
        d->digest->message = finished;
    }
    emit_message(s, dir, d);
}

void message_damage(struct stream *s, enum dir dir)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    d->message.m.flags |= MESSAGE_DAMAGED;
    d->message.inflates = false;
    if ((d->message.m.flags & MESSAGE_COMPRESSED) && inflater_of(s, dir) != NULL) {
        inflater_lost(d->inflater);
    }
}

void message_abandon(struct stream *s, enum dir dir)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    d->message.m.wire_len -= d->frame.left;
    if ((d->message.m.flags & MESSAGE_COMPRESSED) && d->inflater != NULL) {
        inflater_lost(d->inflater);
    }
    emit_message(s, dir, d);
}
