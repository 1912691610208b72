/*
 * The search for frames. Evidence is counted in bits, log2 of how much likelier something is in
 * WebSocket traffic than in other bytes, estimated low: structured binary protocols are not random.
 *
 * Each candidate waits for one offset at a time: first for the end of the part of its frame's
 * payload that is looked at (if there is something to be seen in it), then for the frame's end,
 * where its last bytes and the next header are judged. All else is a scan for bytes that can begin
 * a header, which most bytes cannot.
 */
#include "sync.h"

#include "../base/utf8.h"
#include "mask.h"

#include <assert.h>
#include <stdlib.h>

#define CANDIDATES 16
#define LOOK_BYTES 64 /* of a payload, from its beginning */
#define HEADER_MAX 14
#define LOOKBACK_BYTES (LOOK_BYTES + HEADER_MAX)
#define FRAME_MAX_BYTES (UINT64_C(1) << 40)
#define NOTHING UINT64_MAX

#define SCAN_MAX_BYTES (UINT64_C(256) << 10)

/* Evidence, in bits. */
#define UNMASKED_COST 2     /* of each header: text protocols and TLVs look more like it */
#define SPAWN_MIN 2         /* a chain begins with a header worth this */
#define TEXT_MAX 14         /* of one text payload */
#define TEXT_UNMASKED_MAX 7 /* other protocols send text as well */
#define TEXT_START 2        /* begins as JSON, or as the subprotocols do that wrap it */
#define COMPRESSED_END 3
#define COMPRESSED_END_MISSING (-4)
#define CLOSE_CODE_VALID 8
#define CLOSE_CODE_USUAL 14
#define STORED_BLOCK_VALID 12
#define LONG_LENGTH 3    /* a length of eight bytes, four or more of them zero */
#define SAME_MAX 16      /* all headers together that are like the one before */
#define AT_SEGMENT_MAX 3 /* a header where a segment begins */
#define AT_THE_END_MAX 6 /* a frame that ends where the newest segment ends */
#define START_SURE 8     /* beyond the cost of the search: a frame may be called the first */
#define HOPELESS (-6)    /* a candidate is dropped */

/* How much is enough, beyond the cost of the search, when it is certain that there are frames. */
#define ENOUGH 16
#define ENOUGH_FOR_TWO 18
#define ENOUGH_FOR_ONE 20

/* What a first byte is worth; 0: it is not legal. Chains of other bytes than these are rare. */
static const int8_t first_byte_bits[256] = {
    [0x81] = 7, [0xc1] = 7, [0x82] = 6, [0xc2] = 5, [0x88] = 4, [0x89] = 5, [0x8a] = 5,
    [0x80] = 4, [0x01] = 3, [0x02] = 3, [0x41] = 3, [0x42] = 3, [0x00] = 2,
};

enum message_state { MESSAGE_UNKNOWN, MESSAGE_OPEN, MESSAGE_CLOSED, MESSAGE_NO_MORE };

enum stage { STAGE_LOOK, STAGE_END, STAGE_HEADER };

struct header {
    uint8_t first;
    uint8_t size;
    uint8_t key[4];
    uint64_t len;
};

/* Offsets count from the beginning of the search. */
struct candidate {
    uint64_t start; /* where decoding would begin */
    uint64_t payload, next;
    uint64_t due;       /* of the stage */
    struct header h;    /* the newest */
    uint32_t frames;    /* 0: this slot is free */
    int16_t bits, cost; /* cost: of the places looked at before it */
    uint8_t stage, state;
    uint8_t same_bits; /* of frames that were like the one before */
    bool start_sure, rsv1;
    bool text_begins; /* the newest frame begins an uncompressed text message */
};

struct sync {
    struct sync_setup setup;
    uint64_t base;    /* offset of the first byte that is offered */
    uint64_t scanned; /* offset of the next place to look at */
    uint64_t end;     /* of all that was seen: a segment ended there */
    uint64_t segment; /* where the newest segment began */
    uint64_t segments;
    uint64_t due;     /* least of the candidates' */
    uint64_t missing; /* bytes of gaps */
    bool found_rsv1;
    struct candidate c[CANDIDATES];
};

struct sync *sync_new(const struct sync_setup *setup)
{
    struct sync *s = calloc(1, sizeof *s);
    if (s != NULL) {
        s->setup = *setup;
        s->due = NOTHING;
    }
    return s;
}

void sync_free(struct sync *s)
{
    free(s);
}

uint64_t sync_searched(const struct sync *s)
{
    return s->scanned - s->missing;
}

/* So much was searched in vain that only the beginnings of segments are tried. */
static bool is_brief(const struct sync *s)
{
    return !s->setup.certain && sync_searched(s) > SCAN_MAX_BYTES;
}

static int log2_of(uint64_t n)
{
    return 63 - __builtin_clzll(n | 1);
}

static int worth(const struct candidate *c)
{
    return c->bits - c->cost;
}

static bool masked(const struct sync *s)
{
    return s->setup.dir == DIR_CLIENT_TO_SERVER;
}

/* ---- Headers ---- */

static bool is_control(uint8_t first)
{
    return first & 8;
}

static bool is_fin(uint8_t first)
{
    return first & 0x80;
}

static bool has_rsv1(uint8_t first)
{
    return first & 0x40;
}

static bool can_begin(const struct sync *s, const uint8_t *p)
{
    return first_byte_bits[p[0]] != 0 && (p[1] >> 7) == masked(s) &&
           !(has_rsv1(p[0]) && s->setup.deflate == DEFLATE_NONE);
}

enum parse { PARSE_MORE, PARSE_BAD, PARSE_OK };

static bool legal_length(uint8_t first, unsigned len7, uint64_t len)
{
    if (is_control(first)) {
        return len7 <= 125 && !(first == 0x88 && len == 1);
    }
    return len7 <= 125 || (len7 == 126 ? len >= 126 : len >= 65536 && len < FRAME_MAX_BYTES);
}

static enum parse parse(const struct sync *s, struct bytes b, struct header *h)
{
    if (b.n < 2) {
        return b.n == 1 && first_byte_bits[b.p[0]] == 0 ? PARSE_BAD : PARSE_MORE;
    }
    unsigned len7 = b.p[1] & 0x7f;
    if (!can_begin(s, b.p) || (is_control(b.p[0]) && len7 > 125)) {
        return PARSE_BAD;
    }
    struct reader r = reader_of(b);
    h->first = read_u8(&r);
    read_skip(&r, 1);
    h->len = len7 == 126 ? read_be16(&r) : len7 == 127 ? read_be64(&r) : len7;
    struct bytes key = masked(s) ? read_bytes(&r, 4) : (struct bytes){NULL, 0};
    if (r.bad) {
        return PARSE_MORE;
    }
    memset(h->key, 0, sizeof h->key);
    if (key.n == 4) {
        memcpy(h->key, key.p, 4);
    }
    h->size = (uint8_t)(b.n - r.b.n);
    return legal_length(h->first, len7, h->len) ? PARSE_OK : PARSE_BAD;
}

/* Empty data frames are legal, and what runs of zeros and small numbers look like. */
static int header_bits(const struct sync *s, const struct header *h)
{
    int bits = first_byte_bits[h->first] - (masked(s) ? 0 : UNMASKED_COST);
    if (h->len == 0 && !is_control(h->first)) {
        bits = is_fin(h->first) && bits > 0 ? 1 : 0;
    }
    bool long_form = h->size >= 10; /* its length begins with zeros */
    return bits < 0 ? 0 : long_form && h->len <= UINT32_MAX ? bits + LONG_LENGTH : bits;
}

/* The order of frames in messages (section 5.4). false: not legal. */
static bool next_state(uint8_t *state, uint8_t first)
{
    if (is_control(first)) {
        *state = first == 0x88 ? MESSAGE_NO_MORE : *state;
        return true;
    }
    bool continues = (first & 0x0f) == 0;
    if (*state == MESSAGE_NO_MORE || (*state == MESSAGE_OPEN && !continues) ||
        (*state == MESSAGE_CLOSED && continues)) {
        return false;
    }
    *state = is_fin(first) ? MESSAGE_CLOSED : MESSAGE_OPEN;
    return true;
}

/* The candidate's newest frame is the one with this header at p. */
static void take_header(struct candidate *c, const struct header *h, uint64_t p)
{
    c->h = *h;
    c->frames++;
    c->payload = p + h->size;
    c->next = c->payload + h->len;
    c->rsv1 = c->rsv1 || has_rsv1(h->first);
    c->text_begins = (h->first & 0x4f) == 1;
    bool look = (c->text_begins || has_rsv1(h->first) || h->first == 0x88) && h->len > 0;
    c->stage = look ? STAGE_LOOK : STAGE_END;
    c->due = look && h->len > LOOK_BYTES ? c->payload + LOOK_BYTES : c->next;
}

/* ---- Payloads ---- */

static bool is_odd_control(uint8_t c)
{
    return (c < 0x20 && c != '\t' && c != '\n' && c != '\r') || c == 0x7f;
}

static bool begins_well(struct bytes text)
{
    return text.p[0] == '{' || text.p[0] == '[' || text.p[0] == '"' || text.p[0] == '<' ||
           (text.n > 2 && text.p[0] == '4' && text.p[1] == '2' && text.p[2] == '[');
}

/* Text that is not UTF-8 is no text; control characters are rare in it. */
static int text_bits(const struct sync *s, struct bytes text, bool whole)
{
    struct utf8 u = {0};
    if (!utf8_push(&u, text) || (whole && !utf8_complete(&u))) {
        return HOPELESS * 100;
    }
    int bits = 0;
    for (size_t i = 0; i < text.n; i++) {
        bits += is_odd_control(text.p[i]) ? -4 : 1;
    }
    int most = masked(s) ? TEXT_MAX : TEXT_UNMASKED_MAX;
    bits = bits < most ? bits : most;
    return bits > 0 && begins_well(text) ? bits + TEXT_START : bits;
}

/* The first block's header of raw DEFLATE (RFC 1951 section 3.2.3). */
static int compressed_bits(struct bytes b)
{
    bool final = b.p[0] & 1;
    unsigned type = b.p[0] >> 1 & 3;
    if (type == 3 || (type == 2 && (b.p[0] >> 3) > 29)) {
        return HOPELESS * 100;
    }
    if (type == 0 && b.n >= 5) {
        bool stored = (b.p[1] ^ b.p[3]) == 0xff && (b.p[2] ^ b.p[4]) == 0xff;
        return stored ? STORED_BLOCK_VALID : HOPELESS * 100;
    }
    return final ? -1 : 1;
}

static int close_bits(const struct sync *s, struct bytes b, bool whole)
{
    unsigned code = (unsigned)b.p[0] << 8 | b.p[1];
    bool sent = (code >= 1000 && code <= 1014 && code != 1004 && code != 1005 && code != 1006) ||
                (code >= 3000 && code <= 4999);
    if (!sent || (b.n > 2 && text_bits(s, bytes_from(b, 2), whole) < HOPELESS)) {
        return HOPELESS * 100;
    }
    return code <= 1001 ? CLOSE_CODE_USUAL : CLOSE_CODE_VALID;
}

/* The beginning of the newest frame's payload, which ends at c->due. */
static void look_at_payload(const struct sync *s, struct candidate *c, struct bytes b)
{
    uint8_t plain[LOOK_BYTES];
    size_t n = (size_t)(c->due - c->payload);
    bool whole = n == c->h.len && is_fin(c->h.first);
    if (c->payload >= s->base) { /* else it was lost */
        struct bytes part = bytes_part(b, (size_t)(c->payload - s->base), n);
        assert(part.n == n && n <= sizeof plain);
        mask_copy(plain, part, c->h.key, 0);
        struct bytes text = {plain, n};
        int bits = c->text_begins       ? text_bits(s, text, whole)
                   : c->h.first == 0x88 ? close_bits(s, text, whole)
                                        : compressed_bits(text);
        c->bits = (int16_t)(c->bits + bits);
    }
    c->stage = STAGE_END;
    c->due = c->next;
}

/* How many bytes of a character the text's last bytes lack. */
static bool ends_in_character(struct bytes b)
{
    for (size_t i = 1; i <= b.n && i <= 4; i++) {
        uint8_t c = b.p[b.n - i];
        if (c >= 0xc0) {
            return i == (c >= 0xf0 ? 4U : c >= 0xe0 ? 3U : 2U);
        }
        if (c < 0x80) {
            return i == 1;
        }
    }
    return b.n < 4;
}

/* The end of the newest frame's payload. Whoever strips the trailer of sync-flushed data leaves a
 * last byte with three zero bits on top (RFC 7692 section 7.2.1). */
static int end_bits(const struct sync *s, const struct candidate *c, struct bytes b)
{
    bool one_frame = is_fin(c->h.first) && (c->text_begins || has_rsv1(c->h.first));
    uint64_t from = c->next - c->payload > 4 ? c->next - 4 : c->payload;
    if (!one_frame || from == c->next || from < s->base || c->next > s->base + b.n) {
        return 0;
    }
    uint8_t plain[4];
    struct bytes tail = bytes_part(b, (size_t)(from - s->base), (size_t)(c->next - from));
    mask_copy(plain, tail, c->h.key, from - c->payload);
    tail.p = plain;
    if (c->text_begins) {
        return ends_in_character(tail) ? 0 : HOPELESS * 100;
    }
    return plain[tail.n - 1] < 0x20 ? COMPRESSED_END : COMPRESSED_END_MISSING;
}

/* ---- Candidates ---- */

static void find_due(struct sync *s)
{
    s->due = NOTHING;
    for (size_t i = 0; i < CANDIDATES; i++) {
        if (s->c[i].frames > 0 && s->c[i].due < s->due) {
            s->due = s->c[i].due;
        }
    }
}

/* a is to go before b when there are too many. */
static bool is_worse(const struct candidate *a, const struct candidate *b)
{
    return worth(a) != worth(b) ? worth(a) < worth(b) : a->next > b->next;
}

/* Puts a new candidate into a free slot or in the place of a worse one. */
static void add_candidate(struct sync *s, const struct candidate *new)
{
    struct candidate *worst = &s->c[0];
    for (size_t i = 0; i < CANDIDATES && worst->frames > 0; i++) {
        if (s->c[i].frames == 0 || is_worse(&s->c[i], worst)) {
            worst = &s->c[i];
        }
    }
    if (worst->frames == 0 || is_worse(worst, new)) {
        *worst = *new;
        find_due(s);
    }
}

static bool at_segment(const struct sync *s, uint64_t p)
{
    return p == s->segment;
}

static int least(int a, int b)
{
    return a < b ? a : b;
}

/* What a candidate at p must make up for: all the places that were tried. Writers begin a segment
 * with a frame more often than not, so only segments count as tries where one begins. */
static int search_cost(const struct sync *s, uint64_t p)
{
    return at_segment(s, p) ? least(log2_of(p), log2_of(s->segments)) : log2_of(p);
}

/* What it is worth that a frame and a segment begin or end together: less, the shorter segments
 * are. */
static int segment_bits(const struct sync *s, int most)
{
    return least(most, log2_of(s->end / (s->segments | 1)));
}

static void spawn(struct sync *s, const struct header *h, uint64_t p)
{
    struct candidate new = {.start = p, .state = MESSAGE_UNKNOWN};
    int bits = header_bits(s, h);
    if (bits < SPAWN_MIN || !next_state(&new.state, h->first)) {
        return;
    }
    new.bits = (int16_t)(bits + (at_segment(s, p) ? segment_bits(s, AT_SEGMENT_MAX) : 0));
    new.cost = (int16_t)search_cost(s, p);
    take_header(&new, h, p);
    add_candidate(s, &new);
}

/* Things of one kind and size in a row are what many protocols send, and what one repeated byte
 * looks like, whose masking key is then always the same. */
static int same_again(struct candidate *c, const struct header *h, int bits)
{
    static const uint8_t no_key[4];
    bool same_key = memcmp(h->key, c->h.key, 4) == 0 && memcmp(h->key, no_key, 4) != 0;
    bits = same_key ? 0 : least(bits / 2, SAME_MAX - c->same_bits);
    c->same_bits = (uint8_t)(c->same_bits + bits);
    return bits;
}

/* The prediction of a candidate meets the header at p. */
static void meet_header(struct sync *s, struct candidate *c, const struct header *h, uint64_t p)
{
    bool same = h->first == c->h.first && h->len == c->h.len;
    int bits = header_bits(s, h);
    if (!next_state(&c->state, h->first)) {
        c->frames = 0;
        return;
    }
    if (!c->start_sure) {
        c->start_sure = worth(c) >= START_SURE;
        c->start = c->start_sure ? c->start : p;
    }
    bits += at_segment(s, p) ? segment_bits(s, AT_SEGMENT_MAX) : 0;
    bits = same ? same_again(c, h, bits) : bits;
    int sum = c->bits + bits;
    c->bits = (int16_t)(sum < 10000 ? sum : 10000);
    take_header(c, h, p);
}

/* Two candidates with the same next header are one from then on: the better one. */
static void merge(struct sync *s, uint64_t p)
{
    struct candidate *best = NULL;
    for (size_t i = 0; i < CANDIDATES; i++) {
        struct candidate *c = &s->c[i];
        if (c->frames == 0 || c->due != p || c->stage != STAGE_HEADER) {
            continue;
        }
        if (best == NULL) {
            best = c;
        } else if (is_worse(best, c)) {
            best->frames = 0;
            best = c;
        } else {
            c->frames = 0;
        }
    }
}

/* Judges the payloads that end, in part or whole, at p. */
static void judge_payloads(struct sync *s, struct bytes b, uint64_t p)
{
    for (size_t i = 0; i < CANDIDATES; i++) {
        struct candidate *c = &s->c[i];
        if (c->frames > 0 && c->due == p && c->stage == STAGE_LOOK) {
            look_at_payload(s, c, b);
        }
        if (c->frames > 0 && c->due == p && c->stage == STAGE_END) {
            c->bits = (int16_t)(c->bits + end_bits(s, c, b));
            c->stage = STAGE_HEADER;
        }
        if (c->bits < HOPELESS) {
            c->frames = 0;
        }
    }
}

/* Lets each candidate that waits for p have the header there; NULL: there is none. */
static bool judge_headers(struct sync *s, const struct header *h, uint64_t p)
{
    bool any = false;
    for (size_t i = 0; i < CANDIDATES; i++) {
        struct candidate *c = &s->c[i];
        if (c->frames == 0 || c->due != p || c->stage != STAGE_HEADER) {
            continue;
        }
        if (h == NULL) {
            c->frames = 0;
        } else {
            meet_header(s, c, h, p);
            any = any || c->frames > 0;
        }
    }
    return any;
}

/* ---- The search ---- */

/* The next offset worth a look: a candidate's, or one where a header can begin. */
static uint64_t next_place(const struct sync *s, struct bytes b)
{
    uint64_t end = s->base + b.n;
    uint64_t stop = s->due < end ? s->due : end;
    if (is_brief(s)) {
        return s->scanned <= s->segment && s->segment < stop ? s->segment : stop;
    }
    size_t i = (size_t)(s->scanned - s->base);
    size_t last = (size_t)(stop - s->base);
    int worth_a_try = SPAWN_MIN + (masked(s) ? 0 : UNMASKED_COST);
    while (i < last && i + 1 < b.n &&
           (first_byte_bits[b.p[i]] < worth_a_try || !can_begin(s, b.p + i))) {
        i++;
    }
    return s->base + i;
}

/* Looks at one place. false: its header is not all there yet. */
static bool look(struct sync *s, struct bytes b, uint64_t p)
{
    struct header h;
    if (p == s->due) {
        judge_payloads(s, b, p);
        merge(s, p);
        find_due(s);
    }
    enum parse result = parse(s, bytes_from(b, (size_t)(p - s->base)), &h);
    if (result == PARSE_MORE) {
        return false;
    }
    bool chained = false;
    if (p == s->due) {
        chained = judge_headers(s, result == PARSE_OK ? &h : NULL, p);
        find_due(s);
    }
    if (result == PARSE_OK && !chained) {
        spawn(s, &h, p);
    }
    return true;
}

static void scan(struct sync *s, struct bytes b)
{
    uint64_t end = s->base + b.n;
    while (s->scanned < end) {
        uint64_t p = next_place(s, b);
        s->scanned = p;
        if (p == end || !look(s, b, p)) {
            break;
        }
        s->scanned = p + 1;
    }
    if (s->scanned == end && s->due == end) {
        judge_payloads(s, b, end); /* frames that end with the segment can be judged now */
        merge(s, end);
        find_due(s);
    }
}

/* What a candidate is worth as things stand. */
static int worth_now(const struct sync *s, const struct candidate *c)
{
    bool ends = c->next == s->end && c->stage == STAGE_HEADER;
    return worth(c) + (ends ? segment_bits(s, AT_THE_END_MAX) : 0);
}

static const struct candidate *best_candidate(const struct sync *s)
{
    const struct candidate *best = NULL;
    for (size_t i = 0; i < CANDIDATES; i++) {
        const struct candidate *c = &s->c[i];
        if (c->frames > 0 && (best == NULL || worth_now(s, c) > worth_now(s, best))) {
            best = c;
        }
    }
    return best;
}

static bool is_enough(const struct sync *s, const struct candidate *c)
{
    int need = c->frames >= 3 ? ENOUGH : c->frames == 2 ? ENOUGH_FOR_TWO : ENOUGH_FOR_ONE;
    return worth_now(s, c) >= need;
}

/* Bytes that can go: all but the newest. A candidate that began in them would start later. */
static size_t drop_old(struct sync *s, size_t n)
{
    bool brief = is_brief(s);
    size_t keep = s->due == NOTHING ? 0 : brief ? LOOKBACK_BYTES : SYNC_KEEP_BYTES;
    size_t most = brief ? keep : 2 * keep;
    if (n <= most) {
        return 0;
    }
    uint64_t from = s->base + n - keep;
    from = from < s->scanned ? from : s->scanned;
    for (size_t i = 0; i < CANDIDATES; i++) {
        struct candidate *c = &s->c[i];
        if (c->frames > 0 && c->start < from) {
            c->start = c->next;
        }
    }
    size_t gone = (size_t)(from - s->base);
    s->base = from;
    return gone;
}

bool sync_data(struct sync *s, struct bytes b, size_t *take)
{
    if (s->base + b.n > s->end) {
        s->segment = s->end;
        s->end = s->base + b.n;
        s->segments++;
    }
    scan(s, b);
    *take = 0;
    const struct candidate *best = s->setup.certain ? best_candidate(s) : NULL;
    if (best != NULL && is_enough(s, best) && best->start <= s->end) {
        s->found_rsv1 = best->rsv1;
        *take = (size_t)(best->start - s->base);
        return true;
    }
    *take = drop_old(s, b.n);
    return false;
}

void sync_gap(struct sync *s, uint64_t n)
{
    s->end = n < NOTHING / 2 - s->base ? s->base + n : NOTHING / 2;
    s->missing += s->end > s->scanned ? s->end - s->scanned : 0;
    s->base = s->scanned = s->segment = s->end;
    for (size_t i = 0; i < CANDIDATES; i++) {
        struct candidate *c = &s->c[i];
        if (c->next < s->end) {
            c->frames = 0;
        } else if (c->frames > 0) { /* its frame goes on behind the gap */
            c->start = c->next;
            c->stage = STAGE_END;
            c->due = c->next;
        }
    }
    find_due(s);
}

bool sync_saw_rsv1(const struct sync *s)
{
    const struct candidate *best = best_candidate(s);
    return s->found_rsv1 || (best != NULL && best->rsv1);
}

struct sync_best sync_best(const struct sync *s)
{
    const struct candidate *c = best_candidate(s);
    if (c == NULL) {
        return (struct sync_best){0};
    }
    return (struct sync_best){.bits = worth_now(s, c),
                              .frames = c->frames,
                              .skip = c->start >= s->base ? (size_t)(c->start - s->base) : 0,
                              .enough =
                                  is_enough(s, c) && c->start >= s->base && c->start <= s->end};
}
