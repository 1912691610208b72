/* The multiplexing draft: which channels there are, and what went over each. */
#include "mux.h"

#include "../base/buffer.h"
#include "framing.h"

#include <stdlib.h>

#define TARGET_MAX_BYTES 256
#define CONTROL_CHANNEL 0

/* Blocks of the control channel; the numbers are those of the draft. */
enum block {
    BLOCK_ADD_REQUEST,
    BLOCK_ADD_RESPONSE,
    BLOCK_FLOW_CONTROL,
    BLOCK_DROP,
    BLOCK_NEW_SLOT
};

/* What is wrong with a message, by the draft's own codes. */
enum fault {
    FAULT_NONE = 0,
    FAULT_MESSAGE = 2001,
    FAULT_CHANNEL_ID = 2002,
    FAULT_FRAME = 2003,
    FAULT_OPCODE = 2004,
    FAULT_BLOCK = 2005
};

struct channel {
    struct mux_channel c; /* its target points to what follows */
    uint8_t target[TARGET_MAX_BYTES];
};

struct mux {
    struct buffer body[2]; /* of the message under way, from its beginning */
    uint64_t length[2];    /* of it in all */
    struct channel *channels;
    unsigned count;
    bool told_limit;
};

struct mux *mux_new(void)
{
    struct mux *m = calloc(1, sizeof *m);
    if (m != NULL) {
        buffer_init(&m->body[0], MUX_MESSAGE_MAX_BYTES);
        buffer_init(&m->body[1], MUX_MESSAGE_MAX_BYTES);
    }
    return m;
}

void mux_free(struct mux *m)
{
    if (m != NULL) {
        buffer_done(&m->body[0]);
        buffer_done(&m->body[1]);
        free(m->channels);
        free(m);
    }
}

void mux_piece(struct mux *m, enum dir dir, struct bytes plain)
{
    size_t room = MUX_MESSAGE_MAX_BYTES - m->body[dir].n;
    (void)buffer_append(&m->body[dir], bytes_part(plain, 0, room));
    m->length[dir] += plain.n;
}

void mux_lost(struct mux *m, enum dir dir)
{
    buffer_clear(&m->body[dir]);
    m->length[dir] = 0;
}

/* ---- Channels ---- */

/* The one of that number, new if need be. NULL: there are too many. */
static struct channel *channel_of(struct stream *s, struct mux *m, uint32_t id)
{
    for (unsigned i = 0; i < m->count; i++) {
        if (m->channels[i].c.id == id) {
            return &m->channels[i];
        }
    }
    struct channel *more =
        m->count < MUX_CHANNELS_MAX ? realloc(m->channels, (m->count + 1) * sizeof *more) : NULL;
    if (more == NULL) {
        if (!m->told_limit) {
            m->told_limit = true;
            stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_MUX_LIMIT, "%d", MUX_CHANNELS_MAX);
        }
        return NULL;
    }
    m->channels = more;
    struct channel *c = &more[m->count++];
    *c = (struct channel){.c = {.id = id, .drop_code = CLOSE_CODE_NONE}};
    return c;
}

/* The second word of a request's first line. */
static void keep_target(struct channel *c, struct bytes head)
{
    struct bytes line = bytes_part(head, 0, bytes_find(head, '\r'));
    struct bytes rest = bytes_from(line, bytes_find(line, ' ') + 1);
    struct bytes target = bytes_part(rest, 0, bytes_find(rest, ' '));
    target = bytes_part(target, 0, TARGET_MAX_BYTES);
    if (target.n > 0) {
        memcpy(c->target, target.p, target.n);
    }
    c->c.target.n = target.n;
}

/* ---- Reading ---- */

/* 7, 14, 21 or 29 bits in 1 to 4 bytes. */
static uint32_t read_channel_id(struct reader *r)
{
    uint8_t first = read_u8(r);
    unsigned more = first < 0x80 ? 0 : first < 0xc0 ? 1 : first < 0xe0 ? 2 : 3;
    static const uint8_t masks[] = {0x7f, 0x3f, 0x1f, 0x1f};
    uint32_t id = first & masks[more];
    while (more-- > 0) {
        id = id << 8 | read_u8(r);
    }
    return id;
}

bool mux_is_name(struct bytes extension)
{
    return bytes_equal(extension, bytes_of("mux")) ||
           bytes_equal(extension, bytes_of("mux_DO_NOT_USE"));
}

bool mux_channel_of(struct bytes message, uint32_t *channel)
{
    struct reader r = {.b = message};
    *channel = read_channel_id(&r);
    return !r.bad;
}

/* As RFC 6455 writes a length. false: it is not there, or not in its shortest form. */
static bool read_number(struct reader *r, uint64_t *out)
{
    struct header h = {.f.len = read_u8(r)};
    bool bit = h.f.len > 127;
    framing_read_length(r, &h);
    *out = h.f.len;
    return !r->bad && !bit && !h.not_minimal && !h.top_bit;
}

/* A text behind its length. */
static bool read_text(struct reader *r, struct bytes *out)
{
    uint64_t n;
    if (!read_number(r, &n) || n > r->b.n) {
        return false;
    }
    *out = read_bytes(r, (size_t)n);
    return true;
}

static bool read_drop(struct channel *c, enum dir dir, struct bytes reason)
{
    if (c != NULL && c->c.dropped == MUX_NOT_DROPPED) {
        c->c.dropped = dir == DIR_CLIENT_TO_SERVER ? MUX_DROPPED_BY_CLIENT : MUX_DROPPED_BY_SERVER;
        c->c.drop_code = reason.n >= 2 ? be16_at(reason, 0) : CLOSE_CODE_NONE;
    }
    return reason.n != 1;
}

static enum fault read_block(struct stream *s, struct mux *m, enum dir dir, struct reader *r)
{
    uint8_t first = read_u8(r);
    enum block block = first >> 5;
    uint64_t number = 0;
    struct bytes text = {0};
    if (block == BLOCK_NEW_SLOT) {
        return read_number(r, &number) && read_number(r, &number) ? FAULT_NONE : FAULT_BLOCK;
    }
    if (block > BLOCK_NEW_SLOT) {
        return FAULT_OPCODE;
    }
    uint32_t id = read_channel_id(r);
    bool whole = block == BLOCK_FLOW_CONTROL ? read_number(r, &number) : read_text(r, &text);
    if (r->bad || !whole) {
        return FAULT_BLOCK;
    }
    struct channel *c = channel_of(s, m, id);
    if (block == BLOCK_ADD_REQUEST && c != NULL) {
        keep_target(c, text);
    } else if (block == BLOCK_DROP && !read_drop(c, dir, text)) {
        return FAULT_BLOCK;
    }
    return FAULT_NONE;
}

static enum fault read_message(struct stream *s, struct mux *m, enum dir dir)
{
    struct reader r = reader_of(buffer_bytes(&m->body[dir]));
    bool cut = m->length[dir] > r.b.n;
    uint32_t id = read_channel_id(&r);
    if (r.bad) {
        return FAULT_CHANNEL_ID;
    }
    struct channel *c = channel_of(s, m, id);
    if (c != NULL) {
        c->c.frames[dir]++;
        c->c.bytes[dir] += m->length[dir] - (m->body[dir].n - r.b.n);
    }
    if (id != CONTROL_CHANNEL) {
        read_skip(&r, 1);
        if (c != NULL && !r.bad) {
            c->c.bytes[dir]--; /* the byte of FIN and opcode */
        }
        return r.bad ? FAULT_FRAME : FAULT_NONE;
    }
    enum fault fault = FAULT_NONE;
    while (fault == FAULT_NONE && r.b.n > 0) {
        fault = read_block(s, m, dir, &r);
    }
    return cut ? FAULT_NONE : fault; /* the rest of a long one is not read */
}

void mux_message(struct stream *s, struct mux *m, enum dir dir, uint8_t opcode)
{
    enum fault fault = opcode == OPCODE_BINARY ? read_message(s, m, dir) : FAULT_MESSAGE;
    if (fault != FAULT_NONE) {
        stream_finding(s, dir, FINDING_MUX_INVALID, "code %d", fault);
    }
    mux_lost(m, dir);
}

void mux_tell(struct stream *s, const struct mux *m)
{
    for (unsigned i = 0; i < m->count; i++) {
        struct event e = {.type = EVENT_CHANNEL};
        e.channel = m->channels[i].c;
        e.channel.target.p = m->channels[i].target;
        stream_emit(s, &e);
    }
}
