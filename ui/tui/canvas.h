/*
 * What the screen shows, as cells: views draw here, the terminal shows it, scripts save it.
 *
 * A cell has a character of one or two columns, or is the right half of one; and a role (what it
 * means), which the theme turns into colours. Drawing outside the canvas or the given columns does
 * nothing. Nothing that reaches a cell is a control character: text.h sees to it.
 */
#ifndef WSIGHT_CANVAS_H
#define WSIGHT_CANVAS_H

#include "decoders/base/bytes.h"

#define CANVAS_MAX_ROWS 500
#define CANVAS_MAX_COLUMNS 1000
#define CELL_MARKS 2 /* combining characters kept with a cell */

enum role {
#define ROLE(name, ...) ROLE_##name,
#include "roles.def"
#undef ROLE
    ROLE_COUNT
};

enum cell_flag {
    CELL_CURSOR = 1 << 0, /* on the row of the cursor */
    CELL_MATCH = 1 << 1,  /* found by the search */
    CELL_RIGHT = 1 << 2   /* the right half of the character before */
};

struct cell {
    uint32_t c[1 + CELL_MARKS]; /* the character and its combining ones; 0: none */
    uint8_t role;               /* enum role */
    uint8_t flags;              /* enum cell_flag */
};

struct canvas {
    int rows, columns;
    int cursor_y, cursor_x; /* where the terminal's cursor is shown; -1: nowhere */
    bool utf8;              /* the terminal shows more than ASCII */
    struct cell *cells;
};

/* A part of a canvas. */
struct area {
    int y, x, rows, columns;
};

/* false when out of memory; the canvas is as it was then. */
bool canvas_resize(struct canvas *, int rows, int columns);
/* false when out of memory, `to` is as it was then. */
bool canvas_copy(struct canvas *to, const struct canvas *from);
void canvas_done(struct canvas *);
void canvas_clear(struct canvas *);

/* NULL outside. */
struct cell *canvas_at(const struct canvas *, int y, int x);

/* Our own text, UTF-8, every character of one column; cut at column `end`. Returns the next column.
 */
int canvas_text(struct canvas *, int y, int x, int end, enum role, const char *text);
int canvas_format(struct canvas *, int y, int x, int end, enum role, const char *format, ...)
    __attribute__((format(printf, 6, 7)));
/* n times the same character. */
int canvas_fill(struct canvas *, int y, int x, int n, enum role, uint32_t c);
void canvas_blank(struct canvas *, struct area, enum role);
/* Sets flags of the cells of a row from column x to before end. */
void canvas_flag(struct canvas *, int y, int x, int end, enum cell_flag);
/* A frame of lines around the area, with a title. */
void canvas_box(struct canvas *, struct area, const char *title);

/* What stands for a character where only ASCII can be shown. */
char canvas_ascii(uint32_t c);

#endif
