/* SVG 1.1: a rectangle for each run of a background, a text for each run of a look. */
#include "svg.h"

#define CELL_WIDTH 8.4
#define CELL_HEIGHT 17
#define MARGIN 8
#define DARK_COLOR 233 /* of the 256 */
#define LIGHT_COLOR 252

static void put_escaped(FILE *f, uint32_t c)
{
    switch (c) {
    case '<':
        fputs("&lt;", f);
        break;
    case '>':
        fputs("&gt;", f);
        break;
    case '&':
        fputs("&amp;", f);
        break;
    case ' ':
        fputs("&#160;", f);
        break;
    default:
        c < 0x20 || (c >= 0x7f && c < 0xa0) ? fputs("?", f) : c < 0x7f ? (void)fputc((int)c, f),
            0 : fprintf(f, "&#x%x;", (unsigned)c);
    }
}

static bool same_look(const struct look *a, const struct look *b)
{
    return a->fg == b->fg && a->bg == b->bg && a->bold == b->bold && a->dim == b->dim &&
           a->reverse == b->reverse && a->underline == b->underline;
}

static struct look look_at(const struct canvas *c, const struct theme *t, int y, int x)
{
    const struct cell *cell = canvas_at(c, y, x);
    struct look l = theme_look(t, (enum role)cell->role, cell->flags & (CELL_CURSOR | CELL_MATCH));
    if (l.reverse) {
        short fg = l.bg >= 0 ? l.bg : t->light ? LIGHT_COLOR : DARK_COLOR;
        l.bg = l.fg >= 0 ? l.fg : t->light ? DARK_COLOR : LIGHT_COLOR;
        l.fg = fg;
    }
    return l;
}

static void put_run(FILE *f, const struct canvas *c, const struct theme *t, int y, int x, int end)
{
    struct look l = look_at(c, t, y, x);
    bool blank = true;
    double left = MARGIN + x * CELL_WIDTH;
    for (int i = x; i < end; i++) {
        blank &= canvas_at(c, y, i)->c[0] == ' ';
    }
    if (l.bg >= 0) {
        fprintf(f, "<rect x=\"%.1f\" y=\"%d\" width=\"%.1f\" height=\"%d\" fill=\"#%06x\"/>\n",
                left, MARGIN + y * CELL_HEIGHT, (end - x) * CELL_WIDTH, CELL_HEIGHT,
                (unsigned)theme_rgb(l.bg));
    }
    if (blank) {
        return;
    }
    unsigned color = l.fg >= 0 ? theme_rgb(l.fg) : theme_rgb(t->light ? DARK_COLOR : LIGHT_COLOR);
    fprintf(f, "<text x=\"%.1f\" y=\"%d\" fill=\"#%06x\" textLength=\"%.1f\"%s%s>", left,
            MARGIN + y * CELL_HEIGHT + 13, color, (end - x) * CELL_WIDTH,
            l.bold ? " font-weight=\"bold\"" : "",
            l.underline ? " text-decoration=\"underline\"" : "");
    for (int i = x; i < end; i++) {
        const struct cell *cell = canvas_at(c, y, i);
        for (int k = 0; k <= CELL_MARKS && cell->c[k] != 0 && !(cell->flags & CELL_RIGHT); k++) {
            put_escaped(f, cell->c[k]);
        }
    }
    fputs("</text>\n", f);
}

void svg_write(FILE *f, const struct canvas *c, const struct theme *t)
{
    fprintf(f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %.0f %d\" "
            "font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\" "
            "font-size=\"14\">\n<rect width=\"100%%\" height=\"100%%\" rx=\"6\" fill=\"%s\"/>\n",
            c->columns * CELL_WIDTH + 2 * MARGIN, c->rows * CELL_HEIGHT + 2 * MARGIN,
            t->light ? "#fafafa" : "#121212");
    for (int y = 0; y < c->rows; y++) {
        for (int x = 0, end; x < c->columns; x = end) {
            struct look l = look_at(c, t, y, x), next;
            for (end = x + 1; end < c->columns; end++) {
                next = look_at(c, t, y, end);
                if (!same_look(&l, &next)) {
                    break;
                }
            }
            put_run(f, c, t, y, x, end);
        }
    }
    fputs("</svg>\n", f);
}
