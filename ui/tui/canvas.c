/* A grid of cells. */
#include "canvas.h"

#include "ui/report/unicode.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

bool canvas_resize(struct canvas *c, int rows, int columns)
{
    rows = rows < 1 ? 1 : rows > CANVAS_MAX_ROWS ? CANVAS_MAX_ROWS : rows;
    columns = columns < 1 ? 1 : columns > CANVAS_MAX_COLUMNS ? CANVAS_MAX_COLUMNS : columns;
    struct cell *cells = calloc((size_t)rows * (size_t)columns, sizeof *cells);
    if (cells == NULL) {
        return false;
    }
    free(c->cells);
    c->cells = cells;
    c->rows = rows;
    c->columns = columns;
    canvas_clear(c);
    return true;
}

bool canvas_copy(struct canvas *to, const struct canvas *from)
{
    if ((to->rows != from->rows || to->columns != from->columns || to->cells == NULL) &&
        !canvas_resize(to, from->rows, from->columns)) {
        return false;
    }
    struct cell *cells = to->cells;
    memcpy(cells, from->cells, (size_t)from->rows * (size_t)from->columns * sizeof *cells);
    *to = *from;
    to->cells = cells;
    return true;
}

void canvas_done(struct canvas *c)
{
    free(c->cells);
    c->cells = NULL;
}

void canvas_clear(struct canvas *c)
{
    size_t n = (size_t)c->rows * (size_t)c->columns;
    for (size_t i = 0; i < n; i++) {
        c->cells[i] = (struct cell){.c = {' '}, .role = ROLE_TEXT};
    }
    c->cursor_y = c->cursor_x = -1;
}

struct cell *canvas_at(const struct canvas *c, int y, int x)
{
    if (y < 0 || y >= c->rows || x < 0 || x >= c->columns) {
        return NULL;
    }
    return &c->cells[(size_t)y * (size_t)c->columns + (size_t)x];
}

int canvas_text(struct canvas *c, int y, int x, int end, enum role role, const char *text)
{
    end = end < c->columns ? end : c->columns;
    for (struct bytes b = bytes_of(text); b.n > 0 && x < end;) {
        uint32_t ch;
        b = bytes_from(b, unicode_decode(b, &ch));
        canvas_fill(c, y, x++, 1, role, ch);
    }
    return x;
}

int canvas_format(struct canvas *c, int y, int x, int end, enum role role, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    return canvas_text(c, y, x, end, role, text);
}

/* A character of two columns must not be left with one of its halves. */
static void unpair(struct canvas *c, int y, int x)
{
    struct cell *cell = canvas_at(c, y, x), *left = canvas_at(c, y, x - 1);
    struct cell *right = canvas_at(c, y, x + 1);
    if (cell != NULL && cell->flags & CELL_RIGHT && left != NULL) {
        left->c[0] = ' ';
        memset(left->c + 1, 0, sizeof left->c - sizeof left->c[0]);
    }
    if (right != NULL && right->flags & CELL_RIGHT) {
        right->c[0] = ' ';
        right->flags &= (uint8_t)~CELL_RIGHT;
    }
}

int canvas_fill(struct canvas *c, int y, int x, int n, enum role role, uint32_t ch)
{
    for (int i = 0; i < n; i++) {
        struct cell *cell = canvas_at(c, y, x + i);
        if (cell != NULL) {
            unpair(c, y, x + i);
            *cell = (struct cell){.c = {ch}, .role = (uint8_t)role};
        }
    }
    return x + (n > 0 ? n : 0);
}

void canvas_blank(struct canvas *c, struct area a, enum role role)
{
    for (int y = a.y; y < a.y + a.rows; y++) {
        canvas_fill(c, y, a.x, a.columns, role, ' ');
    }
}

void canvas_flag(struct canvas *c, int y, int x, int end, enum cell_flag flag)
{
    for (; x < end; x++) {
        struct cell *cell = canvas_at(c, y, x);
        if (cell != NULL) {
            cell->flags |= (uint8_t)flag;
        }
    }
}

void canvas_box(struct canvas *c, struct area a, const char *title)
{
    int bottom = a.y + a.rows - 1, right = a.x + a.columns - 1;
    canvas_blank(c, a, ROLE_DIALOG);
    canvas_fill(c, a.y, a.x, a.columns, ROLE_DIALOG_LINE, 0x2500);
    canvas_fill(c, bottom, a.x, a.columns, ROLE_DIALOG_LINE, 0x2500);
    for (int y = a.y + 1; y < bottom; y++) {
        canvas_fill(c, y, a.x, 1, ROLE_DIALOG_LINE, 0x2502);
        canvas_fill(c, y, right, 1, ROLE_DIALOG_LINE, 0x2502);
    }
    canvas_fill(c, a.y, a.x, 1, ROLE_DIALOG_LINE, 0x250c);
    canvas_fill(c, a.y, right, 1, ROLE_DIALOG_LINE, 0x2510);
    canvas_fill(c, bottom, a.x, 1, ROLE_DIALOG_LINE, 0x2514);
    canvas_fill(c, bottom, right, 1, ROLE_DIALOG_LINE, 0x2518);
    canvas_format(c, a.y, a.x + 2, right - 1, ROLE_DIALOG_STRONG, " %s ", title);
}

/* Braille patterns by how many dots they have, blocks by how full they are. */
static char ascii_shade(uint32_t c)
{
    static const char shades[] = " .:-=+*#@";
    if (c >= 0x2800 && c <= 0x28ff) {
        return shades[__builtin_popcount(c & 0xff)];
    }
    if (c >= 0x2581 && c <= 0x2588) {
        return shades[c - 0x2580];
    }
    return c >= 0x2589 && c <= 0x258f ? '#' : '?';
}

char canvas_ascii(uint32_t c)
{
    static const struct {
        uint32_t c;
        char ascii;
    } table[] = {
        {0x00b7, '.'}, {0x2026, '.'}, {0x2190, '<'}, {0x2191, '^'}, {0x2192, '>'}, {0x2193, 'v'},
        {0x21b5, '$'}, {0x2500, '-'}, {0x2502, '|'}, {0x250c, '+'}, {0x2510, '+'}, {0x2514, '+'},
        {0x2518, '+'}, {0x251c, '+'}, {0x2524, '+'}, {0x252c, '+'}, {0x2534, '+'}, {0x253c, '+'},
        {0x25ba, '>'}, {0x25c4, '<'}, {0x25cf, 'o'}, {0x25cb, '.'}, {0x25d0, '~'}, {0x2715, 'x'},
        {0x25b2, '^'}, {0x25bc, 'v'}, {0x25b8, '+'}, {0x25be, '-'}, {0x2713, 'v'}, {0x00d7, 'x'},
        {0x2503, '|'}, {0x2501, '='}, {0x2591, '.'}, {0x2506, ':'}, {0x2504, '-'}, {0x00b5, 'u'},
        {0xfffd, '?'}, {0x256d, '+'}, {0x2570, '+'}, {0x2013, '-'}, {0x256e, '.'}, {0x256f, '\''}};
    if (c < 0x80) {
        return (char)c;
    }
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (table[i].c == c) {
            return table[i].ascii;
        }
    }
    return ascii_shade(c);
}
