/*
 * The decoder for the versions before hybi-07: whatever their framing (framing.h) says a header is,
 * frames become messages here, and the rules are those of the version (version.h).
 *
 * When the handshake leaves open which of its kin a version is, or only half of it was seen, the
 * first byte of data decides. After a loss that hit a header only hixie-75 and hixie-76 find their
 * place again: FF ends a frame and is no byte of UTF-8.
 */
#include "mux.h"
#include "session.h"

#define SENTINEL 0xff
#define BLOCK_BYTES 4096 /* unmasked at once */

/* The frame under way. */
struct draft_frame {
    struct header h;
    bool compressed;
    uint64_t left; /* payload bytes to come; of one up to a sentinel those that came */
    unsigned phase;
    bool open, data;
};

struct draft {
    struct ws ws; /* first: message.c and control.c look at nothing else */
    struct framing_state framing;
    struct draft_frame frame[2];
    bool deflated[2]; /* a frame of the message under way was compressed by itself */
    struct mux *mux;  /* NULL unless channels are to be listed */
    bool lost[2];     /* searching after a loss, which is told when it is over */
    bool told_type, told_faulty;
    bool guessed; /* the version is known by its frames alone */
};

/* ---- Which version is it? ---- */

static void tell_version(struct stream *s, enum dir dir)
{
    const struct draft *t = stream_state(s);
    struct event e = {.type = EVENT_VERSION, .dir = dir};
    e.version = t->ws.version;
    stream_emit(s, &e);
}

static void set_version(struct draft *t, int number)
{
    t->ws.version = websocket_version(number);
    t->framing.has_close = number >= 0;
}

/* Both framings of the family that answers keys with MD5: no sender begins with a frame that is
 * empty, or passed over, in the one and means something in the other. */
static int decide_keys(int version, uint8_t first)
{
    bool sentinel = version == 0 ? first == 0 || first > 0x85 || (first > 5 && first < 0x84)
                                 : first == 0 || first == SENTINEL;
    return sentinel ? 0 : version == 0 ? 1 : version;
}

/* An answer with Sec-WebSocket-Accept to a request that was not seen. */
static int decide_accept(uint8_t first)
{
    bool old = first == 0x04 || first == 0x05 || (first >= 0x83 && first <= 0x85);
    return old ? 6 : 13;
}

/* false: it needs the server's first byte. */
static bool decide(struct stream *s, enum dir dir, uint8_t first)
{
    struct draft *t = stream_state(s);
    const struct websocket_version *asked = t->ws.version;
    bool must_wait = asked->handshake == VERSION_HANDSHAKE_ACCEPT || t->ws.setup.search[dir];
    if (must_wait && dir == DIR_CLIENT_TO_SERVER) {
        stream_block(s);
        return false;
    }
    int number = asked->handshake == VERSION_HANDSHAKE_KEYS ? decide_keys(asked->number, first)
                                                            : decide_accept(first);
    t->ws.setup.unsure = false;
    t->ws.setup.version = number;
    set_version(t, number);
    if (number == 13) {
        stream_switch(s, &websocket_decoder, &t->ws.setup);
    } else if (asked->handshake == VERSION_HANDSHAKE_KEYS && number != asked->number) {
        stream_finding(s, dir, FINDING_VERSION_FRAMING, "as of %s", t->ws.version->draft);
    }
    if (number != asked->number || asked->handshake == VERSION_HANDSHAKE_ACCEPT) {
        t->guessed = true;
        tell_version(s, dir);
    }
    return number != 13;
}

/* The deciding byte will not come: the version that is spoken nearly always. */
static void decide_without(struct stream *s, struct draft *t, bool midstream)
{
    t->ws.setup.unsure = false;
    if (t->ws.version->handshake == VERSION_HANDSHAKE_ACCEPT) {
        t->ws.setup.version = 13;
        t->ws.setup.midstream = midstream;
        stream_switch(s, &websocket_decoder, &t->ws.setup);
    }
}

/* ---- Headers ---- */

static void check_faulty(struct stream *s, struct draft *t)
{
    if (t->framing.faulty && !t->told_faulty) {
        t->told_faulty = true;
        stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_VERSION_MASK_FAULTY, NULL);
    }
}

/* A frame that has no meaning in its version. */
static void check_opcode(struct stream *s, enum dir dir, const struct frame *f)
{
    struct draft *t = stream_state(s);
    if (t->ws.version->framing != &framing_sentinel) {
        stream_finding(s, dir, FINDING_FRAME_OPCODE, "opcode %u", f->wire_opcode);
    } else if (!t->told_type) {
        t->told_type = true;
        stream_finding(s, dir, FINDING_VERSION_FRAME_TYPE, "type %02x", f->wire_opcode);
    }
}

/* One that the versions read here have a name for. */
static bool is_control(uint8_t opcode)
{
    return opcode_is_control(opcode) && !opcode_is_reserved(opcode);
}

static void check_header(struct stream *s, enum dir dir, const struct header *h)
{
    const struct ws *ws = stream_state(s);
    const struct frame *f = &h->f;
    bool masked = dir == DIR_CLIENT_TO_SERVER;
    if (ws->version->judges_mask && f->masked != masked) {
        stream_finding(s, dir, f->masked ? FINDING_MASK_UNEXPECTED : FINDING_MASK_MISSING, NULL);
    }
    if (h->not_minimal && ws->version->judges_length) {
        stream_finding(s, dir, FINDING_FRAME_LENGTH_NOT_MINIMAL, "%llu bytes",
                       (unsigned long long)f->len);
    }
    if (ws->setup.frames != DEFLATE_FRAMES_NONE && f->rsv & 4 && opcode_is_control(f->opcode)) {
        stream_finding(s, dir, FINDING_DEFLATE_RSV1, "opcode %u", f->wire_opcode);
    }
    uint8_t undefined = ws->setup.frames == DEFLATE_FRAMES_RSV1 ? f->rsv & 3 : f->rsv;
    if ((undefined != 0 && !ws->setup.other_extensions) || h->rsv4) {
        stream_finding(s, dir, ws->version->judges_rsv ? FINDING_FRAME_RSV : FINDING_VERSION_RSV,
                       "RSV bits %u%u%u%u, opcode %u", f->rsv >> 2 & 1, f->rsv >> 1 & 1, f->rsv & 1,
                       h->rsv4, f->wire_opcode);
    }
    if (opcode_is_reserved(f->opcode) && !ws->setup.other_extensions) {
        check_opcode(s, dir, f);
    }
    if (is_control(f->opcode) && !f->fin) {
        stream_finding(s, dir, FINDING_CONTROL_FRAGMENTED, "opcode %u", f->wire_opcode);
    }
    if (is_control(f->opcode) && f->len > CONTROL_PAYLOAD_MAX && ws->version->limits_control) {
        stream_finding(s, dir, FINDING_CONTROL_LENGTH, "opcode %u, %llu bytes", f->wire_opcode,
                       (unsigned long long)f->len);
    }
    if (h->top_bit) {
        stream_finding(s, dir, FINDING_FRAME_LENGTH_TOP_BIT, NULL);
    }
}

/* The place of the next header is not known. true: it may be found again. */
static bool lose_place(struct stream *s, enum dir dir)
{
    struct draft *t = stream_state(s);
    control_missed(s, dir);
    t->ws.dir[dir].searching = true;
    t->lost[dir] = true;
    if (t->ws.version->framing == &framing_sentinel || t->ws.setup.unsure) {
        return true;
    }
    stream_finding(s, dir, FINDING_SYNC_LOST, NULL);
    stream_give_up(s, dir);
    return false;
}

/* Bytes that nobody can tell apart any more. */
static size_t lose(struct stream *s, enum dir dir, size_t n, enum finding_id id)
{
    struct draft *t = stream_state(s);
    stream_finding(s, dir, id, NULL);
    t->ws.dir[dir].searching = true;
    stream_give_up(s, dir);
    return n;
}

/* ---- Frames ---- */

static void emit_frame(struct stream *s, enum dir dir, const struct frame *f)
{
    if (stream_options(s)->frames) {
        message_emit_frame(s, dir, f);
    }
}

static void unmask(uint8_t *dst, struct bytes src, const struct header *h, unsigned phase)
{
    for (size_t i = 0; i < src.n; i++) {
        dst[i] = src.p[i] ^ h->key[phase];
        phase = phase + 1 == h->key_len ? 0 : phase + 1;
    }
}

static unsigned moved_phase(const struct header *h, unsigned phase, uint64_t n)
{
    return h->key_len > 0 ? (unsigned)((phase + n) % h->key_len) : 0;
}

/* Payload of a data message, unmasked block by block. */
static void data_piece(struct stream *s, enum dir dir, struct bytes wire)
{
    struct draft *t = stream_state(s);
    struct draft_frame *frame = &t->frame[dir];
    const struct ws_frame bare = {.masked = false};
    uint8_t plain[BLOCK_BYTES];
    while (wire.n > 0) {
        struct bytes block = bytes_part(wire, 0, BLOCK_BYTES);
        if (frame->h.key_len > 0) {
            unmask(plain, block, &frame->h, frame->phase);
            frame->phase = moved_phase(&frame->h, frame->phase, block.n);
            block.p = plain;
        }
        if (t->mux != NULL) {
            mux_piece(t->mux, dir, block);
        }
        if (t->deflated[dir] && !frame->compressed) {
            message_plain(s, &t->ws.dir[dir], &t->ws.dir[dir].message, block, false);
        } else {
            message_piece(s, dir, &t->ws.dir[dir].message, &bare, block);
        }
        wire = bytes_from(wire, block.n);
    }
}

static void frame_ended(struct stream *s, enum dir dir)
{
    struct draft *t = stream_state(s);
    struct draft_frame *frame = &t->frame[dir];
    frame->open = false;
    if (frame->data && frame->h.f.fin) {
        if (t->mux != NULL) {
            mux_message(s, t->mux, dir, t->ws.dir[dir].message.m.opcode);
        }
        message_finish(s, dir, &t->ws.dir[dir].message);
    }
}

/* Payload up to the sentinel, whose length shows only at its end. */
static size_t take_until_sentinel(struct stream *s, enum dir dir, struct bytes b)
{
    struct draft *t = stream_state(s);
    struct draft_frame *frame = &t->frame[dir];
    size_t n = bytes_find(b, SENTINEL);
    frame->left += n;
    if (frame->data) {
        t->ws.dir[dir].message.m.wire_len += n;
        data_piece(s, dir, bytes_part(b, 0, n));
    }
    if (n == b.n) {
        return n;
    }
    frame->h.f.len = frame->left;
    emit_frame(s, dir, &frame->h.f);
    if (!frame->data) {
        control_passed_over(s, dir, &frame->h.f);
    }
    frame_ended(s, dir);
    return n + 1;
}

static size_t take_payload(struct stream *s, enum dir dir, struct bytes b)
{
    struct draft *t = stream_state(s);
    struct draft_frame *frame = &t->frame[dir];
    if (frame->h.sentinel) {
        return take_until_sentinel(s, dir, b);
    }
    size_t n = b.n < frame->left ? b.n : (size_t)frame->left;
    frame->left -= n;
    t->ws.dir[dir].frame.left = frame->left;
    if (frame->data) {
        data_piece(s, dir, bytes_part(b, 0, n));
    }
    if (frame->left == 0) {
        frame_ended(s, dir);
    }
    return n;
}

/* The same frames are those of hybi-05 when they close as that did. */
static void check_guess(struct stream *s, enum dir dir, const struct frame *f, struct bytes payload)
{
    struct draft *t = stream_state(s);
    bool marked = payload.n == 1 && (payload.p[0] == 'C' || payload.p[0] == 'S');
    if (t->guessed && t->ws.version->number == 6 && f->opcode == OPCODE_CLOSE && marked) {
        set_version(t, 5);
        tell_version(s, dir);
    }
}

/* A control frame: as much of it as a control frame should have is taken whole. */
static void control(struct stream *s, enum dir dir, const struct header *h, struct bytes payload)
{
    uint8_t plain[CONTROL_PAYLOAD_MAX];
    if (h->key_len > 0) {
        unmask(plain, payload, h, h->phase);
        payload.p = plain;
    }
    check_guess(s, dir, &h->f, payload);
    control_whole(s, dir, &h->f, payload);
}

static bool is_compressed(const struct draft *t, const struct frame *f)
{
    return t->ws.setup.frames == DEFLATE_FRAMES_ALL ||
           (t->ws.setup.frames == DEFLATE_FRAMES_RSV1 && f->rsv & 4);
}

/* A data frame. One that is compressed by itself lacks the end of its last block, which is put back
 * before the next such frame; the last one's is as that of a whole message. */
static void begin_data(struct stream *s, enum dir dir, const struct header *h, bool compressed)
{
    struct draft *t = stream_state(s);
    struct ws_message *m = &t->ws.dir[dir].message;
    const struct ws_frame bare = {.masked = false};
    struct frame f = h->f;
    f.rsv = compressed ? f.rsv | 4 : t->ws.setup.deflate != DEFLATE_NONE ? f.rsv & 3 : f.rsv;
    if (f.opcode != OPCODE_CONTINUATION || !m->open) {
        t->deflated[dir] = false;
    }
    message_data_frame(s, dir, &f);
    if (compressed && t->deflated[dir]) {
        compressed_piece(s, dir, m, &bare, (struct bytes){inflate_trailer, INFLATE_TRAILER_BYTES});
    }
    if (compressed) {
        m->m.flags |= MESSAGE_COMPRESSED;
        t->deflated[dir] = true;
    }
}

static size_t begin_frame(struct stream *s, enum dir dir, const struct header *h, struct bytes b,
                          size_t n, size_t whole)
{
    struct draft *t = stream_state(s);
    struct draft_frame *frame = &t->frame[dir];
    bool compressed = is_compressed(t, &h->f);
    if (is_control(h->f.opcode)) {
        control(s, dir, h, bytes_part(b, n, whole));
    } else if (opcode_is_reserved(h->f.opcode)) {
        if (!h->sentinel) {
            control_passed_over(s, dir, &h->f);
        }
    } else {
        begin_data(s, dir, h, compressed);
    }
    *frame =
        (struct draft_frame){.h = *h,
                             .compressed = compressed,
                             .left = h->sentinel ? 0 : h->f.len - whole,
                             .phase = h->phase,
                             .open = true,
                             .data = !is_control(h->f.opcode) && !opcode_is_reserved(h->f.opcode)};
    t->ws.dir[dir].frame.left = frame->left;
    return n + whole + take_payload(s, dir, bytes_from(b, n + whole));
}

/* After its own Close a sender may send nothing more; hixie-76 has what follows ignored. */
static bool goes_on_after_close(struct stream *s, const struct header *h)
{
    const struct ws *ws = stream_state(s);
    uint8_t undefined = ws->setup.frames == DEFLATE_FRAMES_RSV1 ? h->f.rsv & 3 : h->f.rsv;
    return ws->version->closes && undefined == 0 && !h->rsv4 && !h->top_bit &&
           !opcode_is_reserved(h->f.opcode);
}

static size_t take_frame(struct stream *s, enum dir dir, struct bytes b)
{
    struct draft *t = stream_state(s);
    struct header h;
    size_t n = t->ws.version->framing->header(&t->framing, dir, b, &h);
    if (n == 0) {
        return lose(s, dir, b.n, FINDING_VERSION_UNREADABLE);
    }
    if (n > b.n) {
        stream_want(s, n);
        return 0;
    }
    if (t->ws.dir[dir].close_ts != 0 && !goes_on_after_close(s, &h)) {
        stream_finding(s, dir, FINDING_CLOSE_BYTES_AFTER, NULL);
        stream_give_up(s, dir);
        return b.n;
    }
    uint64_t short_part = h.f.len < CONTROL_PAYLOAD_MAX ? h.f.len : CONTROL_PAYLOAD_MAX;
    size_t whole = is_control(h.f.opcode) ? (size_t)short_part : 0;
    if (whole > b.n - n) {
        stream_want(s, n + whole);
        return 0;
    }
    if (t->ws.dir[dir].close_ts != 0) {
        control_after_close(s, dir, h.f.opcode);
    }
    check_faulty(s, t);
    check_header(s, dir, &h);
    if (h.f.masked) {
        mask_key_seen(s, dir, h.f.masking_key);
    }
    if (!h.sentinel) {
        emit_frame(s, dir, &h.f);
    }
    return begin_frame(s, dir, &h, b, n, whole);
}

/* After a loss or mid-stream, in a framing with sentinels: the next frame begins behind the next of
 * them. */
static size_t search(struct stream *s, enum dir dir, struct bytes b)
{
    struct draft *t = stream_state(s);
    size_t n = bytes_find(b, SENTINEL);
    if (n == b.n) {
        return n;
    }
    t->ws.dir[dir].searching = false;
    if (t->lost[dir]) {
        t->lost[dir] = false;
        stream_finding(s, dir, FINDING_RESYNCED, NULL);
    }
    return n + 1;
}

/* The answer came without its request, which may follow in the place of frames. */
static bool begins_with_frame(struct stream *s, enum dir dir, uint8_t first)
{
    struct draft *t = stream_state(s);
    t->ws.setup.search[dir] = false;
    return first != 'G';
}

static size_t drafts_data(struct stream *s, const struct chunk *c)
{
    struct draft *t = stream_state(s);
    if (t->ws.setup.unsure && !decide(s, c->dir, c->b.p[0])) {
        return 0;
    }
    if (t->ws.setup.search[c->dir] && !begins_with_frame(s, c->dir, c->b.p[0])) {
        (void)lose_place(s, c->dir);
        return search(s, c->dir, c->b);
    }
    if (t->ws.dir[c->dir].searching) {
        return search(s, c->dir, c->b);
    }
    if (t->frame[c->dir].open) {
        return take_payload(s, c->dir, c->b);
    }
    return take_frame(s, c->dir, c->b);
}

/* ---- Beginning, loss and end ---- */

static void drafts_open(struct stream *s, const struct hint *hint)
{
    struct draft *t = stream_state(s);
    t->ws.setup = *(const struct websocket_setup *)hint->arg;
    set_version(t, t->ws.setup.version);
    t->framing.has_connection_key = t->ws.setup.has_connection_key;
    memcpy(t->framing.connection_key, t->ws.setup.connection_key, sizeof t->framing.connection_key);
    if (t->ws.setup.mux && t->ws.setup.deflate == DEFLATE_NONE) {
        t->mux = mux_new();
    }
    for (int dir = 0; dir < 2; dir++) {
        t->ws.dir[dir].close_code = CLOSE_CODE_NONE;
        message_direction_open(s, &t->ws.dir[dir]);
        if (t->ws.setup.lost[dir]) {
            lose_place(s, (enum dir)dir);
        }
        if (t->ws.setup.midstream) {
            control_missed(s, (enum dir)dir);
            t->guessed = true;
            t->ws.dir[dir].joined = true;
            t->ws.dir[dir].searching = !t->ws.setup.synced[dir];
        }
    }
}

/* A gap inside a payload of known length costs that message. */
static void lose_payload(struct stream *s, enum dir dir, uint64_t n)
{
    struct draft *t = stream_state(s);
    struct draft_frame *frame = &t->frame[dir];
    frame->left -= n;
    t->ws.dir[dir].frame.left = frame->left;
    frame->phase = moved_phase(&frame->h, frame->phase, n);
    if (frame->data) {
        message_damage(s, dir);
    }
    if (frame->left == 0) {
        frame_ended(s, dir);
    }
}

static bool drafts_gap(struct stream *s, enum dir dir, uint64_t n)
{
    struct draft *t = stream_state(s);
    struct draft_frame *frame = &t->frame[dir];
    if (t->ws.setup.unsure) {
        t->ws.setup.synced[dir_other(dir)] = true;
        decide_without(s, t, true);
    }
    control_missed(s, dir);
    if (t->mux != NULL) {
        mux_lost(t->mux, dir);
    }
    if (frame->open && !frame->h.sentinel && frame->left >= n) {
        lose_payload(s, dir, n);
        return true;
    }
    if (t->ws.dir[dir].message.open) {
        message_damage(s, dir);
        message_abandon(s, dir);
    }
    frame->open = false;
    t->ws.dir[dir].frame.left = 0;
    return lose_place(s, dir);
}

static void drafts_end(struct stream *s, enum dir dir)
{
    struct draft *t = stream_state(s);
    if (t->ws.setup.unsure && dir == DIR_SERVER_TO_CLIENT) {
        decide_without(s, t, false);
        return;
    }
    message_direction_end(s, dir, t->frame[dir].open);
}

static void drafts_close(struct stream *s)
{
    struct draft *t = stream_state(s);
    control_ended(s);
    for (int dir = 0; dir < 2; dir++) {
        message_direction_close(s, (enum dir)dir);
        control_direction_close(&t->ws.dir[dir]);
    }
    if (t->mux != NULL) {
        mux_tell(s, t->mux);
        mux_free(t->mux);
    }
}

const struct decoder websocket_draft_decoder = {.name = "websocket drafts",
                                                .state_size = sizeof(struct draft),
                                                .max_keep = SYNC_MAX_KEEP_BYTES,
                                                .open = drafts_open,
                                                .data = drafts_data,
                                                .gap = drafts_gap,
                                                .end = drafts_end,
                                                .close = drafts_close};
