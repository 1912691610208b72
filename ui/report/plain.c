/* Plain text for people. */
#include "ui/report/plain.h"
#include "ui/report/unicode.h"

#include <stdio.h>
#include <wchar.h>

#define ESCAPED_BYTES 16
#define MARKS_IN_A_ROW_MAX 4 /* characters without a width of their own, on one that has */

/*--- Bytes of the wire --------------------------------------------------------------------------*/

/* A character as it is shown, or a run of printable ASCII, as nearly all text is. */
struct piece {
    struct bytes text; /* in the bytes of the wire, or in `escaped` */
    size_t columns;
    char escaped[ESCAPED_BYTES];
};

static void escape(struct piece *p, const char *fmt, unsigned value)
{
    int n = snprintf(p->escaped, sizeof p->escaped, fmt, value);
    p->columns = (size_t)n;
    p->text = (struct bytes){(const uint8_t *)p->escaped, (size_t)n};
}

static size_t ascii_run(struct bytes b)
{
    size_t n = 0;
    while (n < b.n && b.p[n] >= 0x20 && b.p[n] < 0x7f) {
        n++;
    }
    return n;
}

/* What b begins with: a character, or a run of at most `most` columns and at least one; *marks
 * counts characters without a width. Returns the bytes it took. */
static size_t next_piece(struct piece *p, struct bytes b, size_t most, unsigned *marks)
{
    uint32_t c = 0;
    size_t run = ascii_run(b);
    if (run > 0) {
        run = run < most ? run : most > 0 ? most : 1;
        p->text = bytes_part(b, 0, run);
        p->columns = run;
        *marks = 0;
        return run;
    }
    size_t n = unicode_decode(b, &c);
    if (c == UNICODE_INVALID) {
        escape(p, "\\x%02x", b.p[0]);
        return 1;
    }
    int width = unicode_is_unsafe(c) ? -1 : wcwidth((wchar_t)c);
    *marks = width == 0 ? *marks + 1 : 0;
    if (width < 0 || *marks > MARKS_IN_A_ROW_MAX) {
        escape(p, c < 0x80 ? "\\x%02x" : "\\u{%x}", c);
        return n;
    }
    p->text = bytes_part(b, 0, n);
    p->columns = (size_t)width;
    return n;
}

size_t plain_columns(struct bytes b)
{
    size_t columns = 0;
    unsigned marks = 0;
    while (b.n > 0) {
        struct piece p;
        b = bytes_from(b, next_piece(&p, b, SIZE_MAX, &marks));
        columns += p.columns;
    }
    return columns;
}

/* How many bytes of b fit into `most` columns; all that fit when it is not cut. */
static size_t bytes_that_fit(struct bytes b, size_t most)
{
    size_t columns = 0;
    size_t taken = 0;
    unsigned marks = 0;
    while (taken < b.n) {
        struct piece p;
        size_t n = next_piece(&p, bytes_from(b, taken), most - columns, &marks);
        if (p.columns > most - columns) {
            break;
        }
        columns += p.columns;
        taken += n;
    }
    return taken;
}

size_t plain_put(struct out *o, struct bytes b, size_t most)
{
    size_t columns = 0;
    unsigned marks = 0;
    size_t fits = bytes_that_fit(b, most);
    bool cut = fits < b.n;
    if (cut) {
        fits = most > 3 ? bytes_that_fit(b, most - 3) : 0;
    }
    struct bytes left = bytes_part(b, 0, fits);
    while (left.n > 0) {
        struct piece p;
        left = bytes_from(left, next_piece(&p, left, SIZE_MAX, &marks));
        out_bytes(o, p.text);
        columns += p.columns;
    }
    if (cut) {
        size_t dots = most < 3 ? most : 3;
        out_repeat(o, '.', dots);
        columns += dots;
    }
    return columns;
}

void plain_put_left(struct out *o, struct bytes b, size_t width)
{
    size_t columns = plain_put(o, b, SIZE_MAX);
    out_repeat(o, ' ', columns < width ? width - columns : 1);
}

void plain_put_right(struct out *o, const char *text, size_t width)
{
    size_t n = strlen(text);
    out_repeat(o, ' ', n < width ? width - n : 0);
    out_bytes(o, bytes_of(text));
}

void plain_wrap(struct out *o, const char *text, size_t column, size_t indent, size_t width)
{
    bool first = true;
    for (struct bytes left = bytes_trim(bytes_of(text)); left.n > 0;) {
        struct bytes word = bytes_part(left, 0, bytes_find(left, ' '));
        size_t columns = plain_columns(word);
        if (!first && (columns >= width || column + 1 > width - columns)) {
            out_char(o, '\n');
            out_repeat(o, ' ', indent);
            column = indent;
        } else if (!first) {
            out_char(o, ' ');
            column++;
        }
        column += plain_put(o, word, SIZE_MAX);
        first = false;
        left = bytes_trim(bytes_from(left, word.n));
    }
    out_char(o, '\n');
}

/*--- Numbers ------------------------------------------------------------------------------------*/

struct human human_count(uint64_t n)
{
    uint8_t digits[OUT_NUMBER_BYTES];
    size_t length = number_write(digits, n);
    struct human h = {0};
    char *p = h.s;
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            *p++ = ',';
        }
        *p++ = (char)digits[i];
    }
    return h;
}

/* n / unit with one decimal place below 100, none from there on; false: 1000 or more. */
static bool scaled(struct human *h, uint64_t n, uint64_t unit, const char *name)
{
    uint64_t tenths = n / unit * 10 + (n % unit * 10 + unit / 2) / unit;
    uint64_t whole = n / unit + (n % unit >= unit / 2);
    if (whole >= 1000) {
        return false;
    }
    if (tenths < 1000) {
        snprintf(h->s, sizeof h->s, "%u.%u %s", (unsigned)(tenths / 10), (unsigned)(tenths % 10),
                 name);
    } else {
        snprintf(h->s, sizeof h->s, "%u %s", (unsigned)whole, name);
    }
    return true;
}

struct human human_bytes(uint64_t n)
{
    static const char *const names[] = {"kB", "MB", "GB", "TB", "PB"};
    struct human h;
    uint64_t unit = 1000;
    if (n < 1000) {
        snprintf(h.s, sizeof h.s, "%u B", (unsigned)n);
        return h;
    }
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++, unit *= 1000) {
        if (scaled(&h, n, unit, names[i])) {
            return h;
        }
    }
    snprintf(h.s, sizeof h.s, "%llu PB", (unsigned long long)(n / (unit / 1000)));
    return h;
}

struct human human_time(int64_t ns)
{
    static const char *const names[] = {"us", "ms", "s"};
    struct human h;
    uint64_t n = ns < 0 ? 0 - (uint64_t)ns : (uint64_t)ns;
    uint64_t unit = 1000;
    uint64_t seconds = n / UINT64_C(1000000000);
    if (n < 1000) {
        snprintf(h.s, sizeof h.s, "%u ns", (unsigned)n);
        return h;
    }
    for (size_t i = 0; seconds < 60 && i < 3; i++, unit *= 1000) {
        if (scaled(&h, n, unit, names[i])) {
            return h;
        }
    }
    unsigned long long s = seconds;
    if (s < 3600) {
        snprintf(h.s, sizeof h.s, "%llu min %llu s", s / 60, s % 60);
    } else if (s < 86400) {
        snprintf(h.s, sizeof h.s, "%llu h %llu min", s / 3600, s / 60 % 60);
    } else {
        snprintf(h.s, sizeof h.s, "%llu d %llu h", s / 86400, s / 3600 % 24);
    }
    return h;
}

struct human human_percent(uint64_t part, uint64_t of)
{
    struct human h;
    while (part > UINT64_MAX / 2000 || of > UINT64_MAX / 2000) {
        part /= 2;
        of /= 2;
    }
    uint64_t tenths = of > 0 ? (part * 1000 + of / 2) / of : 0;
    snprintf(h.s, sizeof h.s, "%llu.%u %%", (unsigned long long)(tenths / 10),
             (unsigned)(tenths % 10));
    return h;
}

const char *plural(uint64_t n)
{
    return n == 1 ? "" : "s";
}
