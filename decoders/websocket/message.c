/*
 * The life of a data message: unmasking, UTF-8, body and digest (RFC 6455 sections 5.4, 5.6
 * and 8.1).
 *
 * Payload is worked on as it comes, in blocks of the shared scratch buffer, and only as far as
 * somebody needs it: a binary message whose body nobody asked for is counted, not touched.
 */
#include "mask.h"
#include "session.h"

#include <openssl/evp.h>
#include <stdlib.h>

#define BODY_MAX_BYTES (64U << 20) /* whatever options.body_max says */

/* SHA-256 of the finished messages of a direction. A message is hashed into a copy of the state,
 * which takes the state's place when the message is finished. */
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
    compressed_direction_open(d);
    if (stream_options(s)->digest) {
        d->digest = digest_new();
    }
}

/* Tells the messages of the run. */
static void flush_run(struct stream *s, enum dir dir, struct ws_run *run)
{
    if (run->n > 0) {
        struct event e = {.type = EVENT_RUN, .dir = dir};
        e.run = (struct message_run){run->opcode, run->masked, run->n, run->lengths};
        stream_emit(s, &e);
        run->n = 0;
    }
}

void message_direction_close(struct stream *s, enum dir dir)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    compressed_direction_close(s, dir);
    flush_run(s, dir, &d->run);
    if (d->digest != NULL) {
        digest_emit(s, dir, d->digest);
        digest_free(d->digest);
    }
    buffer_done(&d->body);
}

static bool is_data(const struct message *m)
{
    return m->opcode == OPCODE_TEXT || m->opcode == OPCODE_BINARY;
}

/* ---- Payload ---- */

/* The body as far as it is wanted; that of a message in one piece is not copied. */
static void keep_body(struct ws_direction *d, struct ws_message *m, struct bytes plain)
{
    bool whole = m->whole && !(m->m.flags & MESSAGE_COMPRESSED);
    size_t room = d->body.max - (whole ? 0 : d->body.n);
    struct bytes part = bytes_part(plain, 0, room);
    if (part.n < plain.n) {
        m->m.flags |= MESSAGE_BODY_IS_CUT;
    }
    if (whole) {
        m->m.body = part;
    } else if (!buffer_append(&d->body, part)) {
        m->m.flags |= MESSAGE_BODY_IS_CUT;
    }
}

void message_plain(struct stream *s, struct ws_direction *d, struct ws_message *m,
                   struct bytes plain, bool ascii)
{
    m->m.len += plain.n;
    if (m->m.opcode == OPCODE_TEXT && !(m->m.flags & (MESSAGE_BAD_UTF8 | MESSAGE_DAMAGED)) &&
        !(ascii && utf8_complete(&m->utf8)) && !utf8_push(&m->utf8, plain)) {
        m->m.flags |= MESSAGE_BAD_UTF8;
    }
    if (stream_options(s)->digest && d->digest != NULL && is_data(&m->m)) {
        EVP_DigestUpdate(d->digest->message, plain.p, plain.n);
    }
    if (stream_options(s)->body_max > 0) {
        keep_body(d, m, plain);
    }
}

/* Somebody needs the payload itself and not only its length. */
static bool payload_is_wanted(struct stream *s, const struct ws_message *m)
{
    const struct decode_options *o = stream_options(s);
    return m->m.opcode == OPCODE_TEXT || o->body_max > 0 || (o->digest && is_data(&m->m));
}

/* Unmasks block by block into the shared scratch buffer. */
static void masked_piece(struct stream *s, struct ws_direction *d, struct ws_message *m,
                         const struct ws_frame *f, struct bytes wire)
{
    uint8_t *scratch = stream_shared(s)->scratch;
    unsigned phase = f->phase;
    m->whole = m->whole && wire.n <= STREAM_SCRATCH_BYTES;
    while (wire.n > 0) {
        struct bytes block = bytes_part(wire, 0, STREAM_SCRATCH_BYTES);
        bool ascii = mask_copy(scratch, block, f->key, phase);
        message_plain(s, d, m, (struct bytes){scratch, block.n}, ascii);
        phase = (phase + (unsigned)block.n) & 3;
        wire = bytes_from(wire, block.n);
    }
}

void message_piece(struct stream *s, enum dir dir, struct ws_message *m, const struct ws_frame *f,
                   struct bytes wire)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    if (m->m.flags & MESSAGE_COMPRESSED) {
        compressed_piece(s, dir, m, f, wire);
    } else if (!payload_is_wanted(s, m)) {
        m->m.len += wire.n;
    } else if (f->masked) {
        masked_piece(s, d, m, f, wire);
    } else {
        message_plain(s, d, m, wire, false);
    }
}

/* ---- Beginning and end ---- */

void message_begin(struct stream *s, enum dir dir, struct ws_message *m, uint8_t opcode,
                   bool compressed)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    *m = (struct ws_message){.open = true,
                             .m = {.opcode = opcode,
                                   .flags = compressed ? MESSAGE_COMPRESSED : 0,
                                   .first_ts = stream_ts(s),
                                   .first_pkt = stream_pkt(s),
                                   .rtt = -1,
                                   .close_code = CLOSE_CODE_NONE}};
    if (stream_options(s)->body_max > 0) {
        buffer_clear(&d->body);
    }
    if (stream_options(s)->digest && d->digest != NULL && /* else d->digest is not worth its line */
        EVP_MD_CTX_copy_ex(d->digest->message, d->digest->finished) != 1) {
        digest_free(d->digest); /* no memory, no digest */
        d->digest = NULL;
    }
}

void message_count_frame(struct ws_message *m, const struct frame *f)
{
    m->m.frames++;
    m->m.masked += f->masked;
    m->m.wire_len += f->len;
    m->m.overhead += f->header_len;
}

/* ---- Frames ---- */

/* Bits or an opcode that only an extension that is not decoded can have set. */
static bool is_raw(const struct ws *ws, const struct frame *f)
{
    if (f->rsv == 0 && f->opcode <= OPCODE_BINARY) {
        return false;
    }
    uint8_t known = ws->setup.deflate != DEFLATE_NONE ? 4 : 0;
    return ws->setup.other_extensions && ((f->rsv & ~known) != 0 || f->opcode > OPCODE_BINARY);
}

void message_emit_frame(struct stream *s, enum dir dir, const struct frame *f)
{
    struct event e = {.type = EVENT_FRAME, .dir = dir};
    e.frame = *f;
    stream_emit(s, &e);
}

void message_data_frame(struct stream *s, enum dir dir, const struct frame *f)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    struct ws_message *m = &d->message;
    if (f->opcode == OPCODE_CONTINUATION) {
        if (!m->open) {
            if (!d->joined) {
                stream_finding(s, dir, FINDING_CONTINUATION_UNEXPECTED, NULL);
            }
            message_begin(s, dir, m, OPCODE_CONTINUATION, false);
            m->orphan = true;
        }
    } else {
        if (m->open) {
            stream_finding(s, dir, FINDING_CONTINUATION_MISSING, "opcode %u", f->opcode);
            message_abandon(s, dir);
        }
        bool compressed = f->rsv & 4 && ws->setup.deflate != DEFLATE_NONE;
        message_begin(s, dir, m, f->opcode, compressed);
    }
    d->joined = false;
    if (is_raw(ws, f)) {
        m->m.flags |= MESSAGE_RAW;
    }
    message_count_frame(m, f);
}

static void emit_message(struct stream *s, enum dir dir, struct ws_message *m, int64_t ts,
                         uint64_t pkt)
{
    struct ws *ws = stream_state(s);
    struct event e = {.type = EVENT_MESSAGE, .dir = dir, .ts = ts, .pkt = pkt};
    if (m->m.frames > 1) {
        m->m.flags |= MESSAGE_FRAGMENTED;
    }
    e.message = m->m;
    if (e.message.body.n == 0 && stream_options(s)->body_max > 0) {
        e.message.body = buffer_bytes(&ws->dir[dir].body);
    }
    m->open = false;
    stream_emit(s, &e);
}

void message_complete(struct stream *s, enum dir dir, struct ws_message *m, int64_t ts,
                      uint64_t pkt)
{
    struct ws *ws = stream_state(s);
    struct ws_digest *digest = stream_options(s)->digest ? ws->dir[dir].digest : NULL;
    if (m->m.opcode == OPCODE_TEXT && !(m->m.flags & MESSAGE_NOT_INFLATED) &&
        !utf8_complete(&m->utf8)) {
        m->m.flags |= MESSAGE_BAD_UTF8;
    }
    if (m->m.flags & MESSAGE_BAD_UTF8 && ws->setup.other_extensions) {
        m->m.flags = (uint8_t)((m->m.flags | MESSAGE_RAW) & ~MESSAGE_BAD_UTF8);
    }
    if (m->m.flags & MESSAGE_BAD_UTF8) {
        stream_finding_at(s, dir, ts, pkt,
                          ws->version->judges_utf8 ? FINDING_TEXT_UTF8 : FINDING_VERSION_UTF8,
                          NULL);
    }
    if (!m->orphan) {
        m->m.flags |= MESSAGE_FINISHED;
        if (digest != NULL) {
            EVP_MD_CTX *old = digest->finished;
            digest->finished = digest->message;
            digest->message = old;
        }
    }
    emit_message(s, dir, m, ts, pkt);
}

/* ---- Messages that come whole ---- */

static void add_to_run(struct stream *s, enum dir dir, const struct frame *f)
{
    struct ws *ws = stream_state(s);
    struct ws_run *run = &ws->dir[dir].run;
    if (run->n == RUN_MESSAGES || run->opcode != f->opcode || run->masked != f->masked) {
        flush_run(s, dir, run);
        run->opcode = f->opcode;
        run->masked = f->masked;
    }
    run->lengths[run->n++] = (uint32_t)f->len;
}

/* Is the payload valid, as far as that is a question? */
static bool plain_is_valid(struct stream *s, const struct frame *f, struct bytes payload)
{
    struct utf8 utf8 = {0};
    if (f->opcode != OPCODE_TEXT) {
        return true;
    }
    if (f->masked) {
        uint8_t *scratch = stream_shared(s)->scratch;
        bool ascii = mask_copy(scratch, payload, f->masking_key, 0);
        payload.p = scratch;
        if (ascii) {
            return true;
        }
    }
    return utf8_push(&utf8, payload) && utf8_complete(&utf8);
}

/* Nobody wants to be told of this message alone, nor of its bytes. */
static bool may_run(struct stream *s, const struct frame *f)
{
    const struct decode_options *o = stream_options(s);
    return o->late && !o->digest && o->body_max == 0 && f->rsv == 0 &&
           (f->opcode == OPCODE_TEXT || f->opcode == OPCODE_BINARY) &&
           f->len <= STREAM_SCRATCH_BYTES &&
           f->header_len == frame_header_length(f->len, f->masked);
}

void message_whole(struct stream *s, enum dir dir, const struct frame *f, struct bytes payload)
{
    const struct ws *ws = stream_state(s);
    if (may_run(s, f) && plain_is_valid(s, f, payload)) {
        add_to_run(s, dir, f);
        return;
    }
    struct ws_message m;
    struct ws_frame frame = ws_frame_of(f);
    message_begin(s, dir, &m, f->opcode, f->rsv & 4 && ws->setup.deflate != DEFLATE_NONE);
    m.whole = true;
    if (is_raw(ws, f)) {
        m.m.flags |= MESSAGE_RAW;
    }
    message_count_frame(&m, f);
    if (payload.n > 0) {
        message_piece(s, dir, &m, &frame, payload);
    }
    message_finish(s, dir, &m);
}

/* ---- Ends ---- */

void message_finish(struct stream *s, enum dir dir, struct ws_message *m)
{
    if (m->m.flags & MESSAGE_DAMAGED) {
        message_abandon(s, dir);
    } else if (m->m.flags & MESSAGE_COMPRESSED) {
        compressed_finish(s, dir, m);
    } else {
        message_complete(s, dir, m, stream_ts(s), stream_pkt(s));
    }
}

void message_damage(struct stream *s, enum dir dir)
{
    struct ws *ws = stream_state(s);
    struct ws_message *m = &ws->dir[dir].message;
    m->m.flags |= MESSAGE_DAMAGED;
    if (m->m.flags & MESSAGE_COMPRESSED) {
        compressed_lost(s, dir);
    }
}

void message_abandon(struct stream *s, enum dir dir)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    d->message.m.wire_len -= d->frame.left;
    if (d->message.m.flags & MESSAGE_COMPRESSED) {
        compressed_lost(s, dir);
    }
    emit_message(s, dir, &d->message, stream_ts(s), stream_pkt(s));
}

void message_direction_end(struct stream *s, enum dir dir, bool in_frame)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    const struct session_end *end = stream_ending(s);
    bool seen = end == NULL || (end->how != END_OPEN && end->how != END_EVICTED);
    if (seen && !d->searching && (in_frame || d->message.open)) {
        stream_finding(s, dir, FINDING_END_IN_MESSAGE, "%llu bytes of the frame were to come",
                       (unsigned long long)d->frame.left);
    }
    if (d->message.open) {
        message_abandon(s, dir);
    }
}
