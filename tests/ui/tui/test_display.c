/*
 * The display on a pseudo terminal: pictures go out and keys come in while another thread draws and
 * asks. Run by `make tsan`, too, which would tell what the two threads touch at once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ui/tui/display.h"

#include <fcntl.h>
#include <locale.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>

#define PATIENCE_MS 20000
#define PICTURES 200

/* ncurses' own handler of SIGWINCH leaves another errno behind. */
const char *__tsan_default_suppressions(void);
const char *__tsan_default_suppressions(void)
{
    return "signal:libncursesw";
}

struct world {
    int master, before[2]; /* what standard input and output were */
    struct terminal *terminal;
    struct display *display;
    struct canvas canvas;
    struct theme theme;
    char seen[1 << 16];
    size_t n;
};

static void resize(const struct world *w, unsigned short rows, unsigned short columns)
{
    struct winsize size = {.ws_row = rows, .ws_col = columns};
    assert_int_equal(ioctl(w->master, TIOCSWINSZ, &size), 0);
}

/* The terminal of the process is a pseudo terminal from now on. */
static void set_up(struct world *w)
{
    struct err err;
    struct theme_looks none = {.set = {false}};
    *w = (struct world){.master = posix_openpt(O_RDWR | O_NOCTTY)};
    assert_true(w->master >= 0 && grantpt(w->master) == 0 && unlockpt(w->master) == 0);
    int slave = open(ptsname(w->master), O_RDWR | O_NOCTTY);
    assert_true(slave >= 0);
    resize(w, 24, 80);
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        w->before[i] = dup(i);
        dup2(slave, i);
    }
    close(slave);
    setenv("TERM", "xterm-256color", 1);
    w->terminal = terminal_open(&err);
    assert_non_null(w->terminal);
    w->display = display_start(w->terminal);
    assert_non_null(w->display);
    w->canvas.utf8 = true;
    assert_true(canvas_resize(&w->canvas, 24, 80));
    w->theme = theme_choose(256, BACKGROUND_DARK, false, &none);
}

static void tear_down(struct world *w)
{
    fflush(stdout);
    for (int i = 0; i < 2; i++) {
        dup2(w->before[i], i);
        close(w->before[i]);
    }
    if (w->master >= 0) {
        close(w->master);
    }
    canvas_done(&w->canvas);
}

static void show(struct world *w, const char *text)
{
    canvas_clear(&w->canvas);
    canvas_text(&w->canvas, 1, 2, 80, ROLE_TEXT, text);
    display_show(w->display, &w->canvas, &w->theme, false);
}

/* Reads what the terminal is sent until it has shown the text. */
static bool shows(struct world *w, const char *text)
{
    struct pollfd p = {.fd = w->master, .events = POLLIN};
    while (memmem(w->seen, w->n, text, strlen(text)) == NULL) {
        if (w->n > sizeof w->seen / 2) {
            w->n = 0;
        }
        ssize_t n = poll(&p, 1, PATIENCE_MS) == 1
                        ? read(w->master, w->seen + w->n, sizeof w->seen - w->n)
                        : 0;
        if (n <= 0) {
            return false;
        }
        w->n += (size_t)n;
    }
    return true;
}

static uint32_t next_key(struct world *w)
{
    struct terminal_mouse mouse;
    uint32_t key = KEYS_NONE;
    for (int i = 0; i < PATIENCE_MS / 100 && key == KEYS_NONE; i++) {
        key = display_key(w->display, 100, -1, &mouse);
    }
    return key;
}

static void pictures_are_shown_and_keys_come_in_their_order(void **state)
{
    struct world w;
    char text[32];
    (void)state;
    set_up(&w);
    for (unsigned i = 0; i < PICTURES; i++) {
        char key = (char)('a' + i % 26);
        snprintf(text, sizeof text, "<picture %u>", i);
        show(&w, text);
        assert_int_equal(write(w.master, &key, 1), 1);
        assert_int_equal(next_key(&w), key);
    }
    show(&w, "the last one");
    assert_true(shows(&w, "the last one"));
    assert_false(display_lost(w.display));
    assert_true(display_stop(w.display));
    terminal_close(w.terminal);
    tear_down(&w);
}

static void another_size_is_told(void **state)
{
    struct world w;
    int rows, columns;
    (void)state;
    set_up(&w);
    show(&w, "small");
    assert_true(shows(&w, "small"));
    display_size(w.display, &rows, &columns);
    assert_int_equal(rows, 24);
    resize(&w, 40, 132);
    kill(getpid(), SIGWINCH); /* it is not the terminal that controls this process */
    assert_int_equal(next_key(&w), KEYS_RESIZE);
    display_size(w.display, &rows, &columns);
    assert_int_equal(rows, 40);
    assert_int_equal(columns, 132);
    assert_true(display_stop(w.display));
    terminal_close(w.terminal);
    tear_down(&w);
}

static void a_terminal_that_has_gone_is_told(void **state)
{
    struct world w;
    struct terminal_mouse mouse;
    (void)state;
    set_up(&w);
    show(&w, "here");
    assert_true(shows(&w, "here"));
    close(w.master);
    w.master = -1;
    for (int i = 0; i < PATIENCE_MS / 100 && !display_lost(w.display); i++) {
        (void)display_key(w.display, 100, -1, &mouse);
    }
    assert_true(display_lost(w.display));
    assert_true(display_stop(w.display));
    terminal_close(w.terminal);
    tear_down(&w);
}

/* Ctrl-S: it takes nothing, and who draws does not wait for it. The thread stands in a write, so
 * this is a process of its own. */
static void draw_to_a_stopped_terminal(void)
{
    struct world w;
    char text[32];
    set_up(&w);
    show(&w, "here");
    bool good = shows(&w, "here") && tcflow(STDOUT_FILENO, TCOOFF) == 0;
    for (unsigned i = 0; i < PICTURES; i++) {
        snprintf(text, sizeof text, "<picture %u>", i);
        show(&w, text);
    }
    usleep(100000);
    good = good && !display_stop(w.display);
    terminal_leave(w.terminal);
    _exit(good ? 0 : 1);
}

static void a_terminal_that_takes_nothing_is_left(void **state)
{
    int status = 0;
    (void)state;
    fflush(stdout);
    pid_t child = fork();
    if (child == 0) {
        draw_to_a_stopped_terminal();
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pictures_are_shown_and_keys_come_in_their_order),
        cmocka_unit_test(another_size_is_told),
        cmocka_unit_test(a_terminal_that_has_gone_is_told),
        cmocka_unit_test(a_terminal_that_takes_nothing_is_left),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
