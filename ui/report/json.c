/* A streaming JSON writer (RFC 8259). */
#include "ui/report/json.h"
#include "ui/report/time_text.h"
#include "ui/report/unicode.h"

#include <assert.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

void json_init(struct json *w, struct out *out, unsigned lines)
{
    *w = (struct json){.out = out, .lines = lines};
}

/*--- Structure ----------------------------------------------------------------------------------*/

static void begin_line(struct json *w)
{
    out_char(w->out, '\n');
    out_repeat(w->out, ' ', 2 * (size_t)w->depth);
}

void json_value(struct json *w, const char *name)
{
    struct out *o = w->out;
    uint64_t bit = UINT64_C(1) << w->depth;
    if (w->filled & bit) {
        out_char(o, ',');
    }
    if (w->depth > 0 && w->depth <= w->lines) {
        begin_line(w);
    }
    w->filled |= bit;
    assert((name == NULL) == (w->depth == 0 || (w->arrays & bit)));
    if (name != NULL) {
        size_t n = strlen(name);
        uint8_t *p = out_room(o, n + 4);
        *p++ = '"';
        memcpy(p, name, n);
        p[n] = '"';
        p[n + 1] = ':';
        o->n += n + 3;
    }
}

static void begin(struct json *w, const char *name, bool array)
{
    json_value(w, name);
    out_char(w->out, array ? '[' : '{');
    w->depth++;
    assert(w->depth <= JSON_DEPTH_MAX);
    uint64_t bit = UINT64_C(1) << w->depth;
    w->filled &= ~bit;
    w->arrays = array ? w->arrays | bit : w->arrays & ~bit;
}

void json_object_begin(struct json *w, const char *name)
{
    begin(w, name, false);
}

void json_array_begin(struct json *w, const char *name)
{
    begin(w, name, true);
}

void json_end(struct json *w)
{
    uint64_t bit = UINT64_C(1) << w->depth;
    bool lines = w->depth <= w->lines && (w->filled & bit);
    bool array = (w->arrays & bit) != 0;
    assert(w->depth > 0);
    w->depth--;
    if (lines) {
        begin_line(w);
    }
    out_char(w->out, array ? ']' : '}');
}

void json_raw(struct json *w, const char *name, struct bytes json)
{
    json_value(w, name);
    out_bytes(w->out, json);
}

void json_raw_members(struct json *w, struct bytes json)
{
    uint64_t bit = UINT64_C(1) << w->depth;
    assert(json.n > 0 && !(w->arrays & bit));
    if (w->filled & bit) {
        out_char(w->out, ',');
    }
    w->filled |= bit;
    out_bytes(w->out, json);
}

/*--- Values -------------------------------------------------------------------------------------*/

void json_u64(struct json *w, const char *name, uint64_t v)
{
    json_value(w, name);
    out_u64(w->out, v);
}

void json_i64(struct json *w, const char *name, int64_t v)
{
    json_value(w, name);
    out_i64(w->out, v);
}

void json_fixed(struct json *w, const char *name, int64_t v, unsigned scale, unsigned digits)
{
    json_value(w, name);
    out_fixed(w->out, v, scale, digits);
}

void json_ratio(struct json *w, const char *name, uint64_t part, uint64_t of)
{
    if (of == 0) {
        json_nothing(w, name);
        return;
    }
    while (part > UINT64_MAX / 2000) { /* room to multiply; three digits stay exact enough */
        part /= 2;
        of = of / 2 + 1;
    }
    json_fixed(w, name, (int64_t)((part * 1000 + of / 2) / of), 3, 3);
}

void json_bool(struct json *w, const char *name, bool v)
{
    json_value(w, name);
    out_text(w->out, v ? "true" : "false");
}

void json_nothing(struct json *w, const char *name)
{
    json_value(w, name);
    out_text(w->out, "null");
}

void json_bytes(struct json *w, const char *name, struct bytes b)
{
    json_value(w, name);
    json_put_string(w->out, b);
}

void json_text(struct json *w, const char *name, const char *s)
{
    if (s == NULL) {
        json_nothing(w, name);
    } else {
        json_bytes(w, name, bytes_of(s));
    }
}

void json_bytes_or_null(struct json *w, const char *name, struct bytes b)
{
    if (b.p == NULL) {
        json_nothing(w, name);
    } else {
        json_bytes(w, name, b);
    }
}

void json_base64(struct json *w, const char *name, struct bytes b)
{
    json_value(w, name);
    out_char(w->out, '"');
    json_put_base64(w->out, b);
    out_char(w->out, '"');
}

void json_hex(struct json *w, const char *name, struct bytes b)
{
    static const char digits[] = "0123456789abcdef";
    json_value(w, name);
    out_char(w->out, '"');
    for (size_t i = 0; i < b.n; i++) {
        uint8_t *p = out_room(w->out, 2);
        p[0] = (uint8_t)digits[b.p[i] >> 4];
        p[1] = (uint8_t)digits[b.p[i] & 15];
        w->out->n += 2;
    }
    out_char(w->out, '"');
}

void json_time(struct json *w, const char *name, int64_t ns, unsigned digits)
{
    json_value(w, name);
    uint8_t *p = out_room(w->out, TIME_TEXT_BYTES + 2);
    p[0] = '"';
    size_t n = time_text(p + 1, ns, digits);
    p[n + 1] = '"';
    w->out->n += n + 2;
}

/*--- Strings ------------------------------------------------------------------------------------*/

static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c < 0x7f && c != '"' && c != '\\';
}

#ifdef __SSE2__
#define STEP_BYTES 16

/* Copies 16 bytes; returns how many of them are plain before the first that is not. */
static size_t copy_step(uint8_t *to, const uint8_t *from)
{
    __m128i x = _mm_loadu_si128((const __m128i *)(const void *)from);
    _mm_storeu_si128((__m128i *)(void *)to, x);
    __m128i special = _mm_cmplt_epi8(x, _mm_set1_epi8(0x20)); /* from 0x80 on, too: it is signed */
    special = _mm_or_si128(special, _mm_cmpeq_epi8(x, _mm_set1_epi8('"')));
    special = _mm_or_si128(special, _mm_cmpeq_epi8(x, _mm_set1_epi8('\\')));
    special = _mm_or_si128(special, _mm_cmpeq_epi8(x, _mm_set1_epi8(0x7f)));
    return (size_t)__builtin_ctz((unsigned)_mm_movemask_epi8(special) | 1U << STEP_BYTES);
}
#else
#define STEP_BYTES 1

static size_t copy_step(uint8_t *to, const uint8_t *from)
{
    *to = *from;
    return is_plain(*from);
}
#endif

/* Copies the plain ASCII that b begins with to p, which has room for all of b; returns how much. */
static size_t copy_plain(uint8_t *p, struct bytes b)
{
    size_t i = 0;
    while (b.n - i >= STEP_BYTES) {
        size_t n = copy_step(p + i, b.p + i);
        i += n;
        if (n < STEP_BYTES) {
            return i;
        }
    }
    while (i < b.n && is_plain(b.p[i])) {
        p[i] = b.p[i];
        i++;
    }
    return i;
}

static void put_unit(struct out *o, uint32_t unit)
{
    static const char digits[] = "0123456789abcdef";
    uint8_t *p = out_room(o, 6);
    p[0] = '\\';
    p[1] = 'u';
    for (unsigned i = 0; i < 4; i++) {
        p[2 + i] = (uint8_t)digits[unit >> (12 - 4 * i) & 15];
    }
    o->n += 6;
}

static void put_escaped(struct out *o, uint32_t c)
{
    static const char shorts[] = "\"\"\\\\\bb\ff\nn\rr\tt";
    for (const char *s = shorts; *s != '\0'; s += 2) {
        if (c == (uint32_t)*s) {
            out_char(o, '\\');
            out_char(o, s[1]);
            return;
        }
    }
    if (c >= 0x10000) {
        put_unit(o, 0xd800 + ((c - 0x10000) >> 10));
        put_unit(o, 0xdc00 + ((c - 0x10000) & 0x3ff));
        return;
    }
    put_unit(o, c);
}

/* One character that is not plain ASCII; returns the bytes it took. */
static size_t put_character(struct out *o, struct bytes b)
{
    uint32_t c = 0;
    size_t n = unicode_decode(b, &c);
    if (c == UNICODE_INVALID) {
        out_text(o, "\xef\xbf\xbd");
    } else if (c < 0x80 || unicode_is_unsafe(c)) {
        put_escaped(o, c);
    } else {
        memcpy(out_room(o, 4), b.p, n);
        o->n += n;
    }
    return n;
}

/* Copies plain ASCII, and quotes and backslashes with a backslash before them, which JSON inside of
 * JSON is full of; returns the bytes taken, up to another character or the end. */
static size_t put_plain(struct out *o, struct bytes b)
{
    uint8_t *p = out_room(o, 2 * b.n);
    uint8_t *at = p;
    size_t taken = 0;
    for (;;) {
        size_t n = copy_plain(at, bytes_from(b, taken));
        at += n;
        taken += n;
        if (taken == b.n || (b.p[taken] != '"' && b.p[taken] != '\\')) {
            break;
        }
        *at++ = '\\';
        *at++ = b.p[taken++];
    }
    o->n += (size_t)(at - p);
    return taken;
}

void json_put_string(struct out *o, struct bytes b)
{
    out_char(o, '"');
    while (b.n > 0) {
        struct bytes piece = bytes_part(b, 0, OUT_ROOM_MAX_BYTES / 2);
        size_t n = put_plain(o, piece);
        b = bytes_from(b, n);
        if (b.n > 0 && n < piece.n) {
            b = bytes_from(b, put_character(o, b));
        }
    }
    out_char(o, '"');
}

void json_put_base64(struct out *o, struct bytes b)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    while (b.n > 0) {
        uint8_t *p = out_room(o, OUT_ROOM_MAX_BYTES);
        size_t used = 0;
        for (; b.n > 0 && used < OUT_ROOM_MAX_BYTES; used += 4) {
            size_t some = b.n < 3 ? b.n : 3;
            uint32_t bits = (uint32_t)b.p[0] << 16 | (some > 1 ? (uint32_t)b.p[1] << 8 : 0) |
                            (some > 2 ? b.p[2] : 0);
            for (unsigned i = 0; i < 4; i++) {
                p[used + i] = i <= some ? (uint8_t)digits[bits >> (18 - 6 * i) & 63] : '=';
            }
            b = bytes_from(b, some);
        }
        o->n += used;
    }
}
