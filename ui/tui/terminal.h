/*
 * The terminal: all there is of ncurses. It shows a canvas and gives keys.
 *
 * A script has no terminal: terminal_open_null shows on /dev/null, through the same ncurses, and
 * terminal_read tells what ncurses thinks is on the screen.
 */
#ifndef WSIGHT_TERMINAL_H
#define WSIGHT_TERMINAL_H

#include "analyzer/err.h"
#include "canvas.h"
#include "keys.h"
#include "theme.h"

struct terminal;

struct terminal_mouse {
    int y, x;
    bool press, twice, wheel_up, wheel_down;
};

/* The terminal of the process: output on standard output, keys from standard input, or from
 * /dev/tty where that is not a terminal. NULL with err filled when TERM is unknown or there is no
 * terminal. */
struct terminal *terminal_open(struct err *err);
struct terminal *terminal_open_null(int rows, int columns, struct err *err);
void terminal_close(struct terminal *);
/* Instead of closing it, when it takes nothing: sets its modes back and writes nothing to it. */
void terminal_leave(struct terminal *);

int terminal_colors(const struct terminal *);
bool terminal_utf8(const struct terminal *);
void terminal_size(const struct terminal *, int *rows, int *columns);
/* Gives a terminal on /dev/null another size. */
void terminal_resize(struct terminal *, int rows, int columns);

/* Shows what has changed. all: everything, whatever was there. */
void terminal_show(struct terminal *, const struct canvas *, const struct theme *, bool all);

/* Waits up to so long for a key: KEYS_NONE when none came, KEYS_RESIZE when the size has changed.
 */
uint32_t terminal_key(struct terminal *, int wait_ms, int also, struct terminal_mouse *);
/* The terminal has gone away. */
bool terminal_lost(const struct terminal *);

/* One line of what ncurses shows, as UTF-8, blanks at its end cut off. */
size_t terminal_read(const struct terminal *, int y, char *out, size_t n);

#endif
