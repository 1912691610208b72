/*
 * UTF-8 validation (RFC 3629 section 4): the automaton of its grammar, behind a fast way over
 * ASCII.
 *
 * Text of real traffic is nearly all ASCII, so between characters 64, 16 or 8 bytes at a time are
 * tested for a set top bit; whole characters in the middle of a piece are then checked without the
 * automaton, which is left with those that a piece cuts.
 */
#include "utf8.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#define HIGH_BITS UINT64_C(0x8080808080808080)

enum utf8_state {
    UTF8_ACCEPT, /* between characters */
    UTF8_ONE,    /* one more byte 80-BF */
    UTF8_TWO,    /* two more */
    UTF8_THREE,
    UTF8_E0, /* A0-BF, then one more: shorter forms are not allowed */
    UTF8_ED, /* 80-9F, then one more: no surrogates */
    UTF8_F0, /* 90-BF, then two more */
    UTF8_F4, /* 80-8F, then two more: nothing above U+10FFFF */
    UTF8_BAD
};

/* What the second byte must be and what comes after it. */
static const struct {
    uint8_t low, high, next;
} steps[] = {
    [UTF8_ONE] = {0x80, 0xbf, UTF8_ACCEPT}, [UTF8_TWO] = {0x80, 0xbf, UTF8_ONE},
    [UTF8_THREE] = {0x80, 0xbf, UTF8_TWO},  [UTF8_E0] = {0xa0, 0xbf, UTF8_ONE},
    [UTF8_ED] = {0x80, 0x9f, UTF8_ONE},     [UTF8_F0] = {0x90, 0xbf, UTF8_TWO},
    [UTF8_F4] = {0x80, 0x8f, UTF8_TWO},
};

static enum utf8_state lead_state(uint8_t c)
{
    if (c < 0x80) {
        return UTF8_ACCEPT;
    }
    if (c < 0xe0) {
        return c < 0xc2 ? UTF8_BAD : UTF8_ONE;
    }
    if (c < 0xf0) {
        return c == 0xe0 ? UTF8_E0 : c == 0xed ? UTF8_ED : UTF8_TWO;
    }
    if (c > 0xf4) {
        return UTF8_BAD;
    }
    return c == 0xf0 ? UTF8_F0 : c == 0xf4 ? UTF8_F4 : UTF8_THREE;
}

static enum utf8_state next_state(enum utf8_state state, uint8_t c)
{
    if (state == UTF8_ACCEPT) {
        return lead_state(c);
    }
    if (state == UTF8_BAD || c < steps[state].low || c > steps[state].high) {
        return UTF8_BAD;
    }
    return (enum utf8_state)steps[state].next;
}

#ifdef __SSE2__
static __m128i load(const uint8_t *p)
{
    return _mm_loadu_si128((const __m128i *)(const void *)p);
}
#endif

size_t utf8_ascii_prefix(struct bytes b)
{
    size_t i = 0;
#ifdef __SSE2__
    if (b.n >= 16) { /* first the short runs between characters of other scripts */
        int mask = _mm_movemask_epi8(load(b.p));
        if (mask != 0) {
            return (size_t)__builtin_ctz((unsigned)mask);
        }
    }
    for (; b.n - i >= 64; i += 64) {
        const uint8_t *p = b.p + i;
        __m128i any = _mm_or_si128(_mm_or_si128(load(p), load(p + 16)),
                                   _mm_or_si128(load(p + 32), load(p + 48)));
        if (_mm_movemask_epi8(any) != 0) {
            break;
        }
    }
    for (; b.n - i >= 16; i += 16) {
        int mask = _mm_movemask_epi8(load(b.p + i));
        if (mask != 0) {
            return i + (size_t)__builtin_ctz((unsigned)mask);
        }
    }
    if (b.n >= 16) { /* the last block overlaps what was seen */
        int mask = _mm_movemask_epi8(load(b.p + b.n - 16));
        return mask == 0 ? b.n : b.n - 16 + (size_t)__builtin_ctz((unsigned)mask);
    }
#endif
    for (; b.n - i >= 8; i += 8) {
        uint64_t word;
        memcpy(&word, b.p + i, 8);
        if (word & HIGH_BITS) {
            break;
        }
    }
    while (i < b.n && b.p[i] < 0x80) {
        i++;
    }
    return i;
}

static bool continues(uint8_t c)
{
    return (c & 0xc0) == 0x80;
}

/* Length of the character at p, which begins with a byte above 7F and has 4 bytes to look at; 0
 * when it is not valid. */
static size_t character(const uint8_t *p)
{
    if (p[0] >= 0xc2 && p[0] < 0xe0) {
        return continues(p[1]) ? 2 : 0;
    }
    enum utf8_state state = lead_state(p[0]);
    if (state == UTF8_BAD || p[1] < steps[state].low || p[1] > steps[state].high ||
        !continues(p[2])) {
        return 0;
    }
    if (p[0] < 0xf0) {
        return 3;
    }
    return continues(p[3]) ? 4 : 0;
}

/* From between two characters: whole characters as far as they go. false: one is not valid. */
static bool push_whole(struct bytes *piece)
{
    struct bytes b = *piece;
    size_t i = utf8_ascii_prefix(b);
    while (b.n - i >= 4) {
        if (b.p[i] < 0x80) {
            i += utf8_ascii_prefix(bytes_from(b, i));
            continue;
        }
        size_t n = character(b.p + i);
        if (n == 0) {
            return false;
        }
        i += n;
    }
    *piece = bytes_from(b, i);
    return true;
}

bool utf8_push(struct utf8 *u, struct bytes piece)
{
    enum utf8_state state = (enum utf8_state)u->state;
    size_t i = 0;
    while (state != UTF8_ACCEPT && i < piece.n) {
        state = next_state(state, piece.p[i++]);
        if (state == UTF8_BAD) {
            break;
        }
    }
    if (state == UTF8_ACCEPT && piece.n > i) {
        piece = bytes_from(piece, i);
        if (!push_whole(&piece)) {
            state = UTF8_BAD;
        }
        for (i = 0; i < piece.n && state != UTF8_BAD; i++) {
            state = next_state(state, piece.p[i]);
        }
    }
    u->state = (uint8_t)state;
    return state != UTF8_BAD;
}

bool utf8_valid(struct bytes b)
{
    struct utf8 u = {0};
    return utf8_push(&u, b) && utf8_complete(&u);
}
