/*
 * The mid-stream pickup of the versions before hybi-07: the first bytes of each direction are read
 * as a chain of frames, framing by framing, and what is legal, text and in order there is evidence.
 *
 * The sentinel framing and that of hybi-01 to -03 are the same in both directions, so who is who
 * remains as the connection says. From hybi-04 on the client is the side that masks. hybi-05 and
 * -06 cannot be told apart, and a client of hybi-04 cannot be unmasked without its handshake: it is
 * known by its server.
 */
#include "../base/utf8.h"
#include "framing.h"
#include "pickup.h"

#define SENTINEL 0xff
#define TEXT_MASKED_BITS 14
#define TEXT_BITS 7
#define SENTINELS_BITS 10 /* 00 and FF around a text that has neither */
#define CLOSE_FF_00_BITS 8
#define ENDS_WITH_SEGMENT_BITS 4
#define UNMASKED_COST 2        /* of each header: types and lengths of other protocols */
#define MASKED_CLIENT_BYTES 64 /* so much from a client that is no frame: hybi-04 */
#define TEXTS_MIN 2            /* binary frames alone are too much like other protocols */

/* A way to read a connection. */
struct reading {
    const struct framing *framing;
    int version;
    bool masked;   /* by the client, whose bytes can be read */
    bool unmasked; /* neither side masks */
};

static const struct reading readings[] = {
    {&framing_sentinel, 0, false, true},
    {&framing_hybi01, 2, false, true},
    {&framing_hybi05, 6, true, false},
    {&framing_hybi05, 4, false, false},
};

/* Frames in a row, and what they are worth. */
struct chain {
    struct evidence e;
    unsigned texts;
    bool broken;
    bool open, known; /* a message is open; whether one is, is known */
};

/* What a legal first byte is worth, by opcode of RFC 6455; fragments are rarer. */
static int header_bits(const struct header *h)
{
    switch (h->f.opcode) {
    case OPCODE_TEXT:
        return h->f.fin ? 6 : 5;
    case OPCODE_CONTINUATION:
        return 4;
    case OPCODE_CLOSE:
        return 4;
    default:
        return 5;
    }
}

/* What every sender keeps to, whatever its version allows. */
static bool is_legal(struct chain *c, const struct header *h)
{
    if (opcode_is_reserved(h->f.opcode) || h->f.rsv != 0 || h->rsv4 || h->top_bit ||
        h->not_minimal) {
        return false;
    }
    if (opcode_is_control(h->f.opcode)) {
        return h->f.fin && h->f.len <= CONTROL_PAYLOAD_MAX;
    }
    bool continues = h->f.opcode == OPCODE_CONTINUATION;
    if (c->known && c->open != continues) {
        return false;
    }
    c->known = true;
    c->open = !h->f.fin;
    return true;
}

/* The payload, as far as it is there, is text as people and programs send it. Returns its bits, -1
 * when it is none. */
static int text_bits(const struct header *h, struct bytes wire, bool whole, int most)
{
    struct utf8 utf8 = {0};
    unsigned phase = h->phase;
    for (size_t i = 0; i < wire.n; i++) {
        uint8_t c = wire.p[i];
        if (h->key_len > 0) {
            c ^= h->key[phase];
            phase = phase + 1 == h->key_len ? 0 : phase + 1;
        }
        bool odd = (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
        if (odd || !utf8_push(&utf8, (struct bytes){&c, 1})) {
            return -1;
        }
    }
    if (whole && !utf8_complete(&utf8)) {
        return -1;
    }
    return wire.n < (size_t)most ? (int)wire.n : most;
}

/* Adds the frame whose header is read; wire: its payload, as far as it is there. */
static void add_frame(struct chain *c, const struct header *h, struct bytes wire, bool ends)
{
    bool masked = h->key_len > 0;
    int bits = header_bits(h) - (masked ? 0 : UNMASKED_COST);
    if (h->sentinel) {
        bits = ends ? SENTINELS_BITS : SENTINELS_BITS / 2;
    } else if (h->f.wire_opcode == 0xff) {
        bits = CLOSE_FF_00_BITS;
    }
    if (h->f.opcode == OPCODE_TEXT) {
        int text = text_bits(h, wire, ends && h->f.fin, masked ? TEXT_MASKED_BITS : TEXT_BITS);
        c->broken = text < 0;
        bits += text;
        c->texts += wire.n > 0;
    }
    if (wire.n == 0 && !opcode_is_control(h->f.opcode)) {
        bits = 1; /* legal, and what runs of small numbers look like */
    }
    c->e.bits += bits;
    c->e.frames++;
}

static struct chain read_chain(const struct framing *framing, enum dir dir, struct bytes b)
{
    struct framing_state state = {.has_close = true};
    struct chain c = {.e.searched = b.n};
    while (b.n > 0 && !c.broken) {
        struct header h;
        size_t n = framing->header(&state, dir, b, &h);
        if (n > b.n) {
            return c;
        }
        if (!is_legal(&c, &h)) {
            c.broken = true;
            return c;
        }
        b = bytes_from(b, n);
        uint64_t len = h.sentinel ? bytes_find(b, SENTINEL) : h.f.len;
        bool ends = h.sentinel ? len < b.n : len <= b.n;
        struct bytes wire = bytes_part(b, 0, ends ? (size_t)len : b.n);
        add_frame(&c, &h, wire, ends);
        if (!ends) {
            return c;
        }
        b = bytes_from(b, wire.n + h.sentinel);
    }
    c.e.bits += c.e.frames > 0 ? ENDS_WITH_SEGMENT_BITS : 0;
    return c;
}

/* Sentinels show where the next frame begins when the first bytes are the rest of one. */
static struct bytes from_first_frame(const struct reading *r, struct bytes b)
{
    bool begins = b.n == 0 || b.p[0] == 0 || (b.n > 1 && b.p[0] == SENTINEL && b.p[1] == 0);
    if (r->framing != &framing_sentinel || begins) {
        return b;
    }
    return bytes_from(b, bytes_find(b, SENTINEL) + 1);
}

static int confidence_of(const struct reading *r, const struct bytes first[2], bool synced[2])
{
    struct chain c[2] = {0};
    for (int dir = 0; dir < 2; dir++) {
        struct bytes b = from_first_frame(r, first[dir]);
        synced[dir] = b.n == first[dir].n;
        if (dir == DIR_SERVER_TO_CLIENT || r->masked || r->unmasked) {
            c[dir] = read_chain(r->framing, (enum dir)dir, b);
        } else {
            c[dir].e.searched = b.n; /* hybi-04 */
        }
        if (c[dir].broken) {
            return 0;
        }
    }
    bool unreadable = !r->masked && !r->unmasked;
    if (c[0].texts + c[1].texts < TEXTS_MIN ||
        (unreadable && c[0].e.searched < MASKED_CLIENT_BYTES)) {
        return 0;
    }
    return pickup_confidence(&c[0].e, &c[1].e);
}

bool pickup_drafts(struct bytes client, struct bytes server, struct draft_pickup *out)
{
    const struct bytes first[2][2] = {{client, server}, {server, client}};
    *out = (struct draft_pickup){0};
    for (size_t i = 0; i < sizeof readings / sizeof readings[0]; i++) {
        const struct reading *r = &readings[i];
        for (int swapped = 0; swapped < (r->unmasked ? 1 : 2); swapped++) {
            bool synced[2];
            int confidence = confidence_of(r, first[swapped], synced);
            if (confidence > out->confidence) {
                *out = (struct draft_pickup){
                    r->version, confidence, swapped != 0, {synced[0], synced[1]}};
            }
        }
    }
    return out->confidence > 0;
}
