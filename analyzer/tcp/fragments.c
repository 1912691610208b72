/*
 * Reassembly of IP fragments. A datagram is a sorted list of pieces that do not overlap; the
 * datagrams that wait are few, and stand in the order in which they began.
 */
#include "fragments.h"

#include "decoders/base/buffer.h"

#include <assert.h>
#include <stdlib.h>

/* Linux keeps 30 s too (RFC 8200 says 60 s, RFC 791 15 s): what is not whole by then never will. */
#define FRAGMENTS_TIMEOUT_NS (UINT64_C(30) * 1000000000)
/* Datagrams at once: TCP is hardly ever fragmented, and each fragment looks through all of them. */
#define FRAGMENTS_DATAGRAMS_MAX 256
/* Memory for all that waits: what 64 datagrams of the greatest size need. */
#define FRAGMENTS_BYTES_MAX (4U << 20)
/* Pieces of a datagram: 65535 bytes over links of 576 bytes MTU make 119; each fragment looks
 * through those of its datagram. */
#define FRAGMENTS_PIECES_MAX 256

/* Datagrams remembered after they were whole, to know late copies of their fragments by. */
#define FRAGMENTS_FINISHED 32

#define DATAGRAM_MAX_BYTES 65535

struct piece {
    struct piece *next;
    uint32_t offset, length; /* in the datagram, as on the wire */
    uint32_t captured;       /* of the length; the rest was cut by the snap length */
    uint8_t bytes[];
};

struct datagram {
    struct ip_fragment head; /* key, id and protocol; layers of the first fragment */
    struct piece *pieces;
    unsigned piece_count;
    uint64_t fragments; /* that came for it */
    uint32_t have;      /* bytes in pieces */
    uint32_t highest;   /* end of the highest piece */
    uint32_t total;     /* 0: the last fragment has not come */
    bool dead;          /* dropped; what still comes of it is dropped as well */
    bool late;          /* began after one like it was whole: no loss if it is never whole */
    int64_t first_ts;
    uint64_t first_pkt;
};

struct finished {
    struct flow_key key;
    uint32_t id;
    uint8_t protocol;
};

struct fragments {
    struct datagram *waiting[FRAGMENTS_DATAGRAMS_MAX]; /* the oldest first */
    size_t count;
    size_t bytes; /* allocated for what waits */
    struct buffer whole;
    struct finished finished[FRAGMENTS_FINISHED]; /* a ring */
    uint64_t finished_count;
    struct fragments_counts counts;
    uint64_t dropped;
};

struct fragments *fragments_new(void)
{
    struct fragments *f = calloc(1, sizeof *f);
    if (f != NULL) {
        buffer_init(&f->whole, DATAGRAM_MAX_BYTES);
    }
    return f;
}

static void free_pieces(struct fragments *f, struct datagram *d)
{
    while (d->pieces != NULL) {
        struct piece *p = d->pieces;
        d->pieces = p->next;
        f->bytes -= sizeof *p + p->captured;
        free(p);
    }
    d->piece_count = 0;
}

/* Takes datagram i out of the list and frees it. */
static void remove_datagram(struct fragments *f, size_t i)
{
    struct datagram *d = f->waiting[i];
    free_pieces(f, d);
    f->bytes -= sizeof *d;
    free(d);
    f->count--;
    memmove(&f->waiting[i], &f->waiting[i + 1], (f->count - i) * sizeof f->waiting[0]);
}

void fragments_free(struct fragments *f)
{
    if (f == NULL) {
        return;
    }
    while (f->count > 0) {
        remove_datagram(f, f->count - 1);
    }
    buffer_done(&f->whole);
    free(f);
}

static void count_loss(struct fragments_loss *loss, const struct datagram *d)
{
    if (loss->datagrams++ == 0) {
        loss->first_ts = d->first_ts;
        loss->first_pkt = d->first_pkt;
    }
}

static void give_up(struct fragments *f, size_t i, struct fragments_loss *loss)
{
    struct datagram *d = f->waiting[i];
    if (!d->dead && !d->late) { /* the dead were counted when they died */
        count_loss(loss, d);
        f->dropped += d->fragments;
    }
    remove_datagram(f, i);
}

/* From here on it only keeps its later fragments from beginning another datagram. */
static void kill_datagram(struct fragments *f, struct datagram *d, struct fragments_loss *loss)
{
    count_loss(loss, d);
    f->dropped += d->fragments;
    free_pieces(f, d);
    d->dead = true;
}

/* Times come from the capture and may be anything: no difference of them is taken as it is. */
static bool is_late(const struct datagram *d, int64_t ts)
{
    return ts > d->first_ts && (uint64_t)ts - (uint64_t)d->first_ts > FRAGMENTS_TIMEOUT_NS;
}

static void expire(struct fragments *f, int64_t ts)
{
    while (f->count > 0 && is_late(f->waiting[0], ts)) {
        give_up(f, 0, &f->counts.incomplete);
    }
}

/* Makes room for n more bytes of datagram d (NULL: a new one): older ones are dropped. */
static bool make_room(struct fragments *f, const struct datagram *d, size_t n)
{
    while (n > FRAGMENTS_BYTES_MAX - f->bytes && f->count > 0 && f->waiting[0] != d) {
        give_up(f, 0, &f->counts.over_limit);
    }
    return n <= FRAGMENTS_BYTES_MAX - f->bytes;
}

/* ---- Finding the datagram ---- */

/* IPv4 counts the protocol in, IPv6 does not: there only the first fragment's one is used. */
static bool is_of(const struct datagram *d, const struct ip_fragment *g)
{
    return d->head.id == g->id && (g->key.family == 6 || d->head.protocol == g->protocol) &&
           memcmp(&d->head.key, &g->key, sizeof g->key) == 0;
}

static size_t find(const struct fragments *f, const struct ip_fragment *g)
{
    size_t i = f->count;
    while (i > 0 && !is_of(f->waiting[i - 1], g)) {
        i--;
    }
    return i > 0 ? i - 1 : f->count;
}

static bool was_finished(const struct fragments *f, const struct datagram *d)
{
    for (size_t i = 0; i < FRAGMENTS_FINISHED && i < f->finished_count; i++) {
        const struct finished *x = &f->finished[i];
        if (x->id == d->head.id && x->protocol == d->head.protocol &&
            memcmp(&x->key, &d->head.key, sizeof x->key) == 0) {
            return true;
        }
    }
    return false;
}

static struct datagram *begin(struct fragments *f, const struct ip_fragment *g, int64_t ts,
                              uint64_t pkt)
{
    if (f->count == FRAGMENTS_DATAGRAMS_MAX) {
        give_up(f, 0, &f->counts.over_limit);
    }
    struct datagram *d = make_room(f, NULL, sizeof *d) ? calloc(1, sizeof *d) : NULL;
    if (d == NULL) {
        return NULL;
    }
    d->head = *g;
    d->first_ts = ts;
    d->first_pkt = pkt;
    d->late = was_finished(f, d);
    f->bytes += sizeof *d;
    f->waiting[f->count++] = d;
    return d;
}

/* ---- Adding a fragment ---- */

static uint32_t fragment_length(const struct ip_fragment *g)
{
    return (uint32_t)g->b.n + g->cut;
}

static uint32_t piece_end(const struct piece *p)
{
    return p->offset + p->length;
}

/* The captured bytes of [from, to) of the datagram in a piece or fragment that begins at offset. */
static struct bytes range(struct bytes b, uint32_t offset, uint32_t from, uint32_t to)
{
    return bytes_part(b, from - offset, to - from);
}

/* Both hold [from, to); bytes that one of them lacks do not differ. */
static bool differs(const struct piece *p, const struct ip_fragment *g, uint32_t from, uint32_t to)
{
    struct bytes a = range((struct bytes){p->bytes, p->captured}, p->offset, from, to);
    struct bytes b = range(g->b, g->offset, from, to);
    size_t n = a.n < b.n ? a.n : b.n;
    return n > 0 && memcmp(a.p, b.p, n) != 0;
}

/* Puts [from, to) of the fragment before *at. */
static bool add_piece(struct fragments *f, struct datagram *d, struct piece **at,
                      const struct ip_fragment *g, uint32_t from, uint32_t to)
{
    struct bytes b = range(g->b, g->offset, from, to);
    size_t size = sizeof(struct piece) + b.n;
    struct piece *p = NULL;
    if (d->piece_count < FRAGMENTS_PIECES_MAX && make_room(f, d, size)) {
        p = malloc(size);
    }
    if (p == NULL) {
        return false;
    }
    *p = (struct piece){*at, from, to - from, (uint32_t)b.n};
    if (b.n > 0) {
        memcpy(p->bytes, b.p, b.n);
    }
    *at = p;
    f->bytes += size;
    d->piece_count++;
    d->have += to - from;
    d->highest = d->highest > to ? d->highest : to;
    return true;
}

enum added { ADDED, ADDED_OVERLAP, ADDED_NOT };

/* What is new of the fragment becomes pieces. */
static enum added add_fragment(struct fragments *f, struct datagram *d, const struct ip_fragment *g)
{
    uint32_t from = g->offset;
    uint32_t end = from + fragment_length(g);
    struct piece **at = &d->pieces;
    bool overlap = false;
    while (from < end) {
        while (*at != NULL && piece_end(*at) <= from) {
            at = &(*at)->next;
        }
        uint32_t to = end;
        if (*at != NULL && (*at)->offset <= from) {
            to = end < piece_end(*at) ? end : piece_end(*at);
            overlap = overlap || differs(*at, g, from, to);
        } else {
            to = *at != NULL && (*at)->offset < end ? (*at)->offset : end;
            if (!add_piece(f, d, at, g, from, to)) {
                return ADDED_NOT;
            }
        }
        from = to;
    }
    return overlap ? ADDED_OVERLAP : ADDED;
}

/* Whether any byte of the fragment is there already; *duplicate: as just the same fragment. */
static bool overlaps(const struct datagram *d, const struct ip_fragment *g, bool *duplicate)
{
    uint32_t end = g->offset + fragment_length(g);
    for (const struct piece *p = d->pieces; p != NULL && p->offset < end; p = p->next) {
        if (piece_end(p) > g->offset) {
            *duplicate =
                p->offset == g->offset && piece_end(p) == end && !differs(p, g, g->offset, end);
            return true;
        }
    }
    return false;
}

/* The end that a last fragment tells is neither moved nor passed. */
static bool contradicts_end(const struct datagram *d, const struct ip_fragment *g)
{
    uint32_t end = g->offset + fragment_length(g);
    if (!g->more && end < d->highest) {
        return true;
    }
    return d->total != 0 && (end > d->total || (!g->more && end != d->total));
}

static enum fragments_result add(struct fragments *f, struct datagram *d,
                                 const struct ip_fragment *g)
{
    bool v6 = g->key.family == 6;
    bool duplicate = false;
    if (contradicts_end(d, g) || (v6 && overlaps(d, g, &duplicate) && !duplicate)) {
        if (v6) {
            kill_datagram(f, d, &f->counts.overlapping);
        }
        return FRAGMENTS_OVERLAP;
    }
    if (!g->more) {
        d->total = g->offset + fragment_length(g);
    }
    if (g->offset == 0 && !duplicate) {
        d->head.protocol = g->protocol;
        d->head.layers = g->layers;
    }
    enum added added = add_fragment(f, d, g);
    if (added == ADDED_NOT) {
        kill_datagram(f, d, &f->counts.over_limit);
        return FRAGMENTS_WAITING;
    }
    bool complete = d->total != 0 && d->have == d->total;
    if (added == ADDED_OVERLAP) {
        return complete ? FRAGMENTS_COMPLETE_OVERLAP : FRAGMENTS_OVERLAP;
    }
    return complete ? FRAGMENTS_COMPLETE : FRAGMENTS_WAITING;
}

/* Joins the pieces, up to the first byte that was not captured. */
static bool join(struct fragments *f, const struct datagram *d, struct ip_fragment *whole)
{
    buffer_clear(&f->whole);
    for (const struct piece *p = d->pieces; p != NULL; p = p->next) {
        if (!buffer_append(&f->whole, (struct bytes){p->bytes, p->captured})) {
            return false;
        }
        if (p->captured < p->length) {
            break;
        }
    }
    *whole = d->head;
    whole->offset = 0;
    whole->more = false;
    whole->b = buffer_bytes(&f->whole);
    whole->cut = d->total - (uint32_t)whole->b.n;
    return true;
}

enum fragments_result fragments_push(struct fragments *f, const struct ip_fragment *g, int64_t ts,
                                     uint64_t pkt, struct ip_fragment *whole)
{
    assert(g->offset <= DATAGRAM_MAX_BYTES && g->b.n <= DATAGRAM_MAX_BYTES - g->offset &&
           g->cut <= DATAGRAM_MAX_BYTES - g->offset - g->b.n);
    expire(f, ts);
    size_t i = find(f, g);
    struct datagram *d = i < f->count ? f->waiting[i] : begin(f, g, ts, pkt);
    if (d == NULL || d->dead) {
        f->dropped++;
        return FRAGMENTS_WAITING;
    }
    d->fragments++;
    enum fragments_result r = add(f, d, g);
    if (r != FRAGMENTS_COMPLETE && r != FRAGMENTS_COMPLETE_OVERLAP) {
        return r;
    }
    bool joined = join(f, d, whole);
    f->finished[f->finished_count++ % FRAGMENTS_FINISHED] =
        (struct finished){d->head.key, d->head.id, d->head.protocol};
    f->counts.complete += joined;
    f->dropped += joined ? 0 : d->fragments;
    remove_datagram(f, find(f, g)); /* older ones may have been dropped to make room */
    return joined ? r : FRAGMENTS_WAITING;
}

void fragments_finish(struct fragments *f)
{
    while (f->count > 0) {
        give_up(f, 0, &f->counts.incomplete);
    }
}

struct fragments_counts fragments_counts(const struct fragments *f)
{
    return f->counts;
}

uint64_t fragments_dropped(const struct fragments *f)
{
    uint64_t n = f->dropped;
    for (size_t i = 0; i < f->count; i++) {
        n += f->waiting[i]->dead || f->waiting[i]->late ? 0 : f->waiting[i]->fragments;
    }
    return n;
}
