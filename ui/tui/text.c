/* Bytes of any kind as harmless cells (RFC 3629; Unicode 15 section 3.9). */
#include "text.h"

#include "ui/report/unicode.h"

#include <stdio.h>
#include <time.h>
#include <wchar.h>

#define REPLACEMENT 0xfffdU
#define DOT 0x00b7U
#define ELLIPSIS 0x2026U
#define RETURN_SIGN 0x21b5U

struct glyph text_glyph(struct bytes b, bool utf8)
{
    struct glyph g = {.columns = 1};
    g.bytes = unicode_decode(b, &g.c);
    if (g.c == UNICODE_INVALID) {
        g.c = REPLACEMENT;
    } else if (g.c < 0x20 || (g.c >= 0x7f && g.c < 0xa0)) {
        g.control = true;
        g.c = g.c == '\n' ? RETURN_SIGN : g.c == '\t' ? ' ' : DOT;
    } else if (g.c >= 0x80 && unicode_is_unsafe(g.c)) {
        g.c = DOT;
    } else if (g.c >= 0x80) {
        g.columns = utf8 ? wcwidth((wchar_t)g.c) : 1;
        g.c = !utf8 ? '?' : g.columns < 0 ? REPLACEMENT : g.c;
        g.columns = g.columns < 0 ? 1 : g.columns;
    }
    return g;
}

static void combine(struct canvas *c, int y, int x, uint32_t mark)
{
    struct cell *cell = canvas_at(c, y, x);
    if (cell != NULL && cell->flags & CELL_RIGHT) {
        cell = canvas_at(c, y, x - 1);
    }
    for (int i = 1; cell != NULL && i <= CELL_MARKS; i++) {
        if (cell->c[i] == 0) {
            cell->c[i] = mark;
            return;
        }
    }
}

static int put_glyph(struct canvas *c, int y, int x, enum role role, const struct glyph *g)
{
    canvas_fill(c, y, x, g->columns, role, ' ');
    struct cell *cell = canvas_at(c, y, x);
    if (cell != NULL) {
        cell->c[0] = g->c;
    }
    cell = g->columns == 2 ? canvas_at(c, y, x + 1) : NULL;
    if (cell != NULL) {
        cell->flags |= CELL_RIGHT;
    }
    return x + g->columns;
}

int text_columns(struct bytes b, bool utf8, int most)
{
    int columns = 0;
    while (b.n > 0 && columns <= most) {
        struct glyph g = text_glyph(b, utf8);
        columns += g.columns;
        b = bytes_from(b, g.bytes);
    }
    return columns < most ? columns : most;
}

int text_put(struct canvas *c, int y, int x, int end, enum role role, struct bytes b)
{
    int start = x;
    end = end < c->columns ? end : c->columns;
    if (end <= x) {
        return x;
    }
    bool cut = text_columns(b, c->utf8, end - x + 1) > end - x;
    int last = cut ? end - 1 : end;
    while (b.n > 0) {
        struct glyph g = text_glyph(b, c->utf8);
        if (g.columns > last - x) {
            break;
        }
        if (g.columns == 0) {
            if (x > start) {
                combine(c, y, x - 1, g.c);
            }
        } else {
            x = put_glyph(c, y, x, role, &g);
        }
        b = bytes_from(b, g.bytes);
    }
    return cut ? canvas_fill(c, y, x, 1, role, ELLIPSIS) : x;
}

int text_put_string(struct canvas *c, int y, int x, int end, enum role role, const char *s)
{
    return text_put(c, y, x, end, role, bytes_of(s));
}

size_t text_wrap(struct bytes b, bool utf8, int columns, size_t *taken)
{
    size_t n = 0;
    int x = 0;
    while (n < b.n) {
        if (b.p[n] == '\n') {
            *taken = n + 1;
            return n > 0 && b.p[n - 1] == '\r' ? n - 1 : n;
        }
        struct glyph g = text_glyph(bytes_from(b, n), utf8);
        if (g.columns > columns - x && n > 0) {
            break;
        }
        x += g.columns;
        n += g.bytes;
    }
    *taken = n;
    return n;
}

/*--- Numbers ------------------------------------------------------------------------------------*/

static void short_number(char *out, uint64_t n, unsigned base, const char *units)
{
    double v = (double)n;
    size_t unit = 0;
    if (n < (base == 1000 ? 10000 : 1000)) {
        snprintf(out, SHORT_TEXT_BYTES, "%u", (unsigned)n);
        return;
    }
    while (v >= 999.5 && units[unit + 1] != '\0') {
        v /= base;
        unit++;
    }
    snprintf(out, SHORT_TEXT_BYTES, v < 9.95 ? "%.1f%c" : "%.0f%c", v, units[unit]);
}

void short_count(char out[SHORT_TEXT_BYTES], uint64_t n)
{
    short_number(out, n, 1000, " kMGTPE");
}

void short_bytes(char out[SHORT_TEXT_BYTES], uint64_t n)
{
    short_number(out, n, 1024, " KMGTPE");
}

void long_count(char out[SHORT_TEXT_BYTES], uint64_t n)
{
    char digits[32];
    size_t len = (size_t)snprintf(digits, sizeof digits, "%llu", (unsigned long long)n), at = 0;
    for (size_t i = 0; i < len; i++) {
        if (i > 0 && (len - i) % 3 == 0) {
            out[at++] = ',';
        }
        out[at++] = digits[i];
    }
    out[at] = '\0';
}

static void below_a_minute(char *out, double ns)
{
    static const struct {
        double unit;
        const char *name;
    } units[] = {{1e9, "s"}, {1e6, "ms"}, {1e3, "us"}, {1, "ns"}};
    size_t i = 0;
    while (i < 3 && ns < units[i].unit * 0.9995) {
        i++;
    }
    double v = ns / units[i].unit;
    snprintf(out, SHORT_TEXT_BYTES, v < 9.95 && i < 3 ? "%.1f%s" : "%.0f%s", v, units[i].name);
}

void short_duration(char out[SHORT_TEXT_BYTES], int64_t ns)
{
    int64_t s = ns / 1000000000;
    if (ns <= 0) {
        snprintf(out, SHORT_TEXT_BYTES, "0");
    } else if (s < 60) {
        below_a_minute(out, (double)ns);
    } else if (s < 3600) {
        snprintf(out, SHORT_TEXT_BYTES, "%dm%02d", (int)(s / 60), (int)(s % 60));
    } else if (s < 86400) {
        snprintf(out, SHORT_TEXT_BYTES, "%dh%02d", (int)(s / 3600), (int)(s / 60 % 60));
    } else {
        snprintf(out, SHORT_TEXT_BYTES, "%lldd%02d", (long long)(s / 86400), (int)(s / 3600 % 24));
    }
}

void seconds_text(char out[SHORT_TEXT_BYTES], int64_t ns, int digits)
{
    uint64_t v = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    uint64_t fraction = v % 1000000000U;
    for (int i = digits; i < 9; i++) {
        fraction /= 10;
    }
    snprintf(out, SHORT_TEXT_BYTES, "%s%llu.%0*llu", ns < 0 ? "-" : "",
             (unsigned long long)(v / 1000000000U), digits, (unsigned long long)fraction);
}

static void time_of(char *out, const char *format, int64_t ns, int digits, bool utc)
{
    int64_t s = ns / 1000000000, rest = ns % 1000000000;
    if (rest < 0) {
        rest += 1000000000;
        s--;
    }
    time_t t = (time_t)s;
    struct tm tm;
    char date[32];
    if ((utc ? gmtime_r(&t, &tm) : localtime_r(&t, &tm)) == NULL ||
        strftime(date, sizeof date, format, &tm) == 0) {
        date[0] = '\0';
    }
    for (int i = digits; i < 9; i++) {
        rest /= 10;
    }
    if (digits > 0) {
        snprintf(out, SHORT_TEXT_BYTES, "%s.%0*lld", date, digits, (long long)rest);
    } else {
        snprintf(out, SHORT_TEXT_BYTES, "%s", date);
    }
}

void clock_text(char out[SHORT_TEXT_BYTES], int64_t ns, int digits, bool utc)
{
    time_of(out, "%H:%M:%S", ns, digits, utc);
}

void date_text(char out[SHORT_TEXT_BYTES], int64_t ns, int digits, bool utc)
{
    time_of(out, "%Y-%m-%d %H:%M:%S", ns, digits, utc);
}
