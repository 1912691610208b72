/* ncurses (wide): cells out, keys in. */
#define _XOPEN_SOURCE_EXTENDED 1
#include "terminal.h"

#include "ui/report/unicode.h"

#include <curses.h>
#include <errno.h>
#include <langinfo.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#define PAIRS_MAX 255
#define ESCAPE_MS 25

struct terminal {
    SCREEN *screen;
    FILE *out, *in; /* ours to close; NULL: the process's own */
    int in_fd;
    struct termios modes; /* before; of in_fd */
    int colors;
    bool utf8, lost;
    struct {
        short fg, bg;
    } pairs[PAIRS_MAX]; /* pair i + 1 */
    int n_pairs;
    struct theme theme; /* the looks below are of this one */
    struct {
        attr_t attributes;
        short pair;
        bool known;
    } looks[ROLE_COUNT][4];
};

/*--- Opening ------------------------------------------------------------------------------------*/

static void set_up(struct terminal *t)
{
    cbreak();
    noecho();
    nonl();
    intrflush(stdscr, FALSE);
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    set_escdelay(ESCAPE_MS);
    mousemask(BUTTON1_PRESSED | BUTTON1_CLICKED | BUTTON1_DOUBLE_CLICKED | BUTTON4_PRESSED |
                  BUTTON5_PRESSED,
              NULL);
    mouseinterval(150);
    t->utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
    if (has_colors() && start_color() == OK && use_default_colors() == OK) {
        t->colors = COLORS;
    }
}

static struct terminal *open_screen(struct terminal *t, const char *term, FILE *out, FILE *in,
                                    struct err *err)
{
    t->screen = newterm(term, out, in);
    if (t->screen == NULL) {
        const char *name = term != NULL ? term : getenv("TERM");
        err_set(err,
                "the terminal type '%s' is not known here: set TERM (to xterm-256color, for "
                "example) or install its terminfo entry; 'wsight report' needs no terminal",
                name != NULL ? name : "");
        if (t->out != NULL) {
            fclose(t->out);
        }
        if (t->in != NULL) {
            fclose(t->in);
        }
        free(t);
        return NULL;
    }
    set_term(t->screen);
    set_up(t);
    return t;
}

struct terminal *terminal_open(struct err *err)
{
    struct terminal *t = calloc(1, sizeof *t);
    if (t == NULL) {
        err_set(err, "out of memory");
        return NULL;
    }
    FILE *in = stdin;
    if (!isatty(STDOUT_FILENO)) {
        err_set(err, "the screen needs a terminal as its output; 'wsight report' does not");
        free(t);
        return NULL;
    }
    if (!isatty(STDIN_FILENO) && (in = t->in = fopen("/dev/tty", "r")) == NULL) {
        err_set(err, "there is no terminal to read keys from");
        free(t);
        return NULL;
    }
    t->in_fd = fileno(in);
    tcgetattr(t->in_fd, &t->modes);
    return open_screen(t, NULL, stdout, in, err);
}

struct terminal *terminal_open_null(int rows, int columns, struct err *err)
{
    struct terminal *t = calloc(1, sizeof *t);
    if (t == NULL || (t->out = fopen("/dev/null", "w")) == NULL ||
        (t->in = fopen("/dev/null", "r")) == NULL) {
        err_set(err, "cannot open /dev/null");
        if (t != NULL && t->out != NULL) {
            fclose(t->out);
        }
        free(t);
        return NULL;
    }
    t->in_fd = -1;
    t = open_screen(t, "xterm-256color", t->out, t->in, err);
    if (t != NULL) {
        terminal_resize(t, rows, columns);
    }
    return t;
}

void terminal_close(struct terminal *t)
{
    if (t == NULL) {
        return;
    }
    endwin();
    delscreen(t->screen);
    if (t->out != NULL) {
        fclose(t->out);
    }
    if (t->in != NULL) {
        fclose(t->in);
    }
    free(t);
}

void terminal_leave(struct terminal *t)
{
    tcsetattr(t->in_fd, TCSANOW, &t->modes);
}

int terminal_colors(const struct terminal *t)
{
    return t->colors;
}

bool terminal_utf8(const struct terminal *t)
{
    return t->utf8;
}

void terminal_size(const struct terminal *t, int *rows, int *columns)
{
    (void)t;
    getmaxyx(stdscr, *rows, *columns);
}

void terminal_resize(struct terminal *t, int rows, int columns)
{
    (void)t;
    resizeterm(rows, columns);
}

/*--- Showing ------------------------------------------------------------------------------------*/

static short pair_of(struct terminal *t, short fg, short bg)
{
    if (fg < 0 && bg < 0) {
        return 0;
    }
    for (int i = 0; i < t->n_pairs; i++) {
        if (t->pairs[i].fg == fg && t->pairs[i].bg == bg) {
            return (short)(i + 1);
        }
    }
    int most = COLOR_PAIRS - 1 < PAIRS_MAX ? COLOR_PAIRS - 1 : PAIRS_MAX;
    if (t->n_pairs >= most) {
        return 0;
    }
    t->pairs[t->n_pairs].fg = fg;
    t->pairs[t->n_pairs].bg = bg;
    init_pair((short)++t->n_pairs, fg, bg);
    return (short)t->n_pairs;
}

static void learn_look(struct terminal *t, const struct theme *theme, enum role role,
                       unsigned flags)
{
    struct look l = theme_look(theme, role, flags);
    attr_t a = A_NORMAL;
    a |= l.bold ? A_BOLD : 0;
    a |= l.dim ? A_DIM : 0;
    a |= l.reverse ? A_REVERSE : 0;
    a |= l.underline ? A_UNDERLINE : 0;
    t->looks[role][flags].attributes = a;
    t->looks[role][flags].pair = t->colors > 0 ? pair_of(t, l.fg, l.bg) : 0;
    t->looks[role][flags].known = true;
}

static void show_cell(struct terminal *t, const struct theme *theme, const struct cell *cell, int y,
                      int x)
{
    unsigned flags = cell->flags & (CELL_CURSOR | CELL_MATCH);
    wchar_t text[CELL_MARKS + 2] = {0};
    cchar_t c;
    if (!t->looks[cell->role][flags].known) {
        learn_look(t, theme, (enum role)cell->role, flags);
    }
    text[0] = (wchar_t)cell->c[0];
    if (!t->utf8) {
        text[0] = (wchar_t)canvas_ascii(cell->c[0]);
    } else {
        for (size_t i = 1; i <= CELL_MARKS; i++) {
            text[i] = (wchar_t)cell->c[i];
        }
    }
    /* The last line of defence: no control character ever leaves. */
    if (text[0] < 0x20 || (text[0] >= 0x7f && text[0] < 0xa0)) {
        text[0] = L'?';
    }
    setcchar(&c, text, t->looks[cell->role][flags].attributes, t->looks[cell->role][flags].pair,
             NULL);
    mvadd_wch(y, x, &c);
}

void terminal_show(struct terminal *t, const struct canvas *canvas, const struct theme *theme,
                   bool all)
{
    int rows, columns;
    if (memcmp(&t->theme, theme, sizeof *theme) != 0) {
        memset(t->looks, 0, sizeof t->looks);
        t->theme = *theme;
    }
    getmaxyx(stdscr, rows, columns);
    if (all) {
        clearok(curscr, TRUE);
    }
    for (int y = 0; y < rows && y < canvas->rows; y++) {
        for (int x = 0; x < columns && x < canvas->columns; x++) {
            const struct cell *cell = canvas_at(canvas, y, x);
            if (!(cell->flags & CELL_RIGHT)) {
                show_cell(t, theme, cell, y, x);
            }
        }
    }
    curs_set(canvas->cursor_y >= 0 ? 1 : 0);
    if (canvas->cursor_y >= 0) {
        move(canvas->cursor_y, canvas->cursor_x);
    } else {
        move(rows - 1, columns - 1);
    }
    refresh();
}

/*--- Keys ---------------------------------------------------------------------------------------*/

static uint32_t special_key(wint_t key)
{
    static const struct {
        int curses;
        uint32_t key;
    } table[] = {
        {KEY_UP, KEYS_UP},         {KEY_DOWN, KEYS_DOWN},           {KEY_LEFT, KEYS_LEFT},
        {KEY_RIGHT, KEYS_RIGHT},   {KEY_PPAGE, KEYS_PAGE_UP},       {KEY_NPAGE, KEYS_PAGE_DOWN},
        {KEY_HOME, KEYS_HOME},     {KEY_FIND, KEYS_HOME},           {KEY_END, KEYS_END},
        {KEY_SELECT, KEYS_END},    {KEY_DC, KEYS_DELETE},           {KEY_IC, KEYS_INSERT},
        {KEY_BTAB, KEYS_BACK_TAB}, {KEY_BACKSPACE, KEYS_BACKSPACE}, {KEY_ENTER, KEYS_ENTER},
        {KEY_MOUSE, KEYS_MOUSE},   {KEY_RESIZE, KEYS_RESIZE}};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if ((wint_t)table[i].curses == key) {
            return table[i].key;
        }
    }
    if (key >= (wint_t)KEY_F(1) && key <= (wint_t)KEY_F(12)) {
        return KEYS_F1 + (uint32_t)(key - (wint_t)KEY_F(1));
    }
    return KEYS_NONE;
}

static uint32_t mouse_key(struct terminal_mouse *m)
{
    MEVENT e;
    if (getmouse(&e) != OK) {
        return KEYS_NONE;
    }
    *m = (struct terminal_mouse){.y = e.y, .x = e.x};
    m->wheel_up = e.bstate & BUTTON4_PRESSED;
    m->wheel_down = e.bstate & BUTTON5_PRESSED;
    m->twice = e.bstate & BUTTON1_DOUBLE_CLICKED;
    m->press = e.bstate & (BUTTON1_PRESSED | BUTTON1_CLICKED | BUTTON1_DOUBLE_CLICKED);
    return KEYS_MOUSE;
}

static uint32_t read_key(struct terminal_mouse *mouse)
{
    wint_t c = 0;
    int result = get_wch(&c);
    if (result == KEY_CODE_YES) {
        uint32_t key = special_key(c);
        return key == KEYS_MOUSE ? mouse_key(mouse) : key;
    }
    if (result != OK) {
        return KEYS_NONE;
    }
    return c == '\n' ? KEYS_ENTER : c == 8 ? KEYS_BACKSPACE : (uint32_t)c;
}

uint32_t terminal_key(struct terminal *t, int wait_ms, int also, struct terminal_mouse *mouse)
{
    struct pollfd p[2] = {{.fd = t->in_fd, .events = POLLIN}, {.fd = also, .events = POLLIN}};
    uint32_t key = read_key(mouse);
    if (key != KEYS_NONE || t->in_fd < 0) {
        return key;
    }
    int n = poll(p, 2, wait_ms);
    if (n > 0 && p[0].revents & (POLLHUP | POLLERR | POLLNVAL) && !(p[0].revents & POLLIN)) {
        t->lost = true;
    }
    if (n == 0) {
        return KEYS_NONE;
    }
    key = read_key(mouse);
    if (key == KEYS_NONE && n > 0 && p[0].revents & POLLHUP) {
        t->lost = true;
    }
    return key;
}

bool terminal_lost(const struct terminal *t)
{
    return t->lost;
}

/*--- Reading back -------------------------------------------------------------------------------*/

size_t terminal_read(const struct terminal *t, int y, char *out, size_t n)
{
    int rows, columns;
    size_t at = 0, end = 0;
    (void)t;
    getmaxyx(stdscr, rows, columns);
    (void)rows;
    for (int x = 0; x < columns; x++) {
        cchar_t c;
        wchar_t text[CCHARW_MAX + 1] = {0};
        attr_t attributes;
        short pair;
        if (mvin_wch(y, x, &c) == ERR || getcchar(&c, text, &attributes, &pair, NULL) == ERR) {
            continue;
        }
        for (size_t i = 0; i < CCHARW_MAX && text[i] != 0 && n - at > 8; i++) {
            at += unicode_encode((uint32_t)text[i], (uint8_t *)out + at);
        }
        end = text[0] == L' ' ? end : at;
        if (wcwidth(text[0]) == 2) {
            x++;
        }
    }
    out[end] = '\0';
    return end;
}
