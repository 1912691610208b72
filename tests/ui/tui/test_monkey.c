/*
 * A monkey at the keyboard: random keys and resizes over a real capture. Nothing may break, and
 * what is on the screen may never hold a control character. MONKEY_KEYS is how many (100,000 by
 * hand).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ui/tui/tui.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

static int64_t monotonic(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

struct world {
    struct source *source;
    struct feed feed;
    struct tui tui;
    uint64_t random;
};

static uint32_t draw_number(struct world *w, uint32_t below)
{
    w->random ^= w->random << 13;
    w->random ^= w->random >> 7;
    w->random ^= w->random << 17;
    return (uint32_t)(w->random >> 33) % below;
}

static void open_world(struct world *w, const char *capture, uint64_t seed)
{
    struct source_options options = {0};
    struct feed_options feed_options = {.seed = 1};
    struct settings settings;
    struct err err;
    w->random = seed;
    w->source = source_open(&capture, 1, &options, &err);
    assert_non_null(w->source);
    struct packet_feed packets = feed_of_source(w->source);
    assert_int_equal(feed_open(&w->feed, &packets, &feed_options, &err), 0);
    settings_init(&settings);
    struct terminal *terminal = terminal_open_null(24, 80, &err);
    assert_non_null(terminal);
    assert_int_equal(tui_init(&w->tui, &w->feed, terminal, &settings, &err), 0);
    w->tui.now = monotonic;
}

static void close_world(struct world *w)
{
    tui_done(&w->tui);
    feed_close(&w->feed);
    source_free(w->source);
}

/* Mostly keys that mean something; never a path that leads out of this folder. */
static uint32_t random_key(struct world *w)
{
    const struct keys *k = &w->tui.keys;
    uint32_t key = draw_number(w, 3) > 0   ? k->list[draw_number(w, (uint32_t)k->n)].key
                   : draw_number(w, 8) > 0 ? ' ' + draw_number(w, 95)
                                           : draw_number(w, 0x2ff);
    const struct view *top = &w->tui.views[w->tui.depth - 1];
    if (top->screen == &save_screen && (key == '/' || key == '.' || key == KEYS_TAB)) {
        return KEYS_ENTER;
    }
    return key;
}

static void expect_harmless(const struct canvas *c)
{
    for (int y = 0; y < c->rows; y++) {
        for (int x = 0; x < c->columns; x++) {
            uint32_t ch = canvas_at(c, y, x)->c[0];
            if (ch < 0x20 || (ch >= 0x7f && ch < 0xa0) || (ch >= 0x202a && ch <= 0x202e)) {
                fail_msg("U+%04X at %d, %d", (unsigned)ch, y, x);
            }
        }
    }
}

static void press(struct world *w, unsigned i)
{
    if (draw_number(w, 50) == 0) {
        static const int most[] = {200, 400};
        terminal_resize(w->tui.terminal, 1 + (int)draw_number(w, (uint32_t)most[0]),
                        1 + (int)draw_number(w, (uint32_t)most[1]));
        tui_key(&w->tui, KEYS_RESIZE, NULL);
    } else if (draw_number(w, 20) == 0) {
        struct terminal_mouse m = {.y = (int)draw_number(w, 60), .x = (int)draw_number(w, 200)};
        unsigned kind = draw_number(w, 4);
        m.wheel_up = kind == 0;
        m.wheel_down = kind == 1;
        m.press = kind > 1;
        m.twice = kind == 3;
        tui_key(&w->tui, KEYS_MOUSE, &m);
    } else {
        tui_key(&w->tui, random_key(w), NULL);
    }
    w->tui.quit = false;
    feed_step(&w->feed, monotonic, 0); /* 64 packets: the capture grows while keys come */
    tui_step(&w->tui, monotonic() + 1000000);
    if (i % 4 == 0) {
        tui_draw(&w->tui);
        expect_harmless(&w->tui.canvas);
    }
}

static void go_at(const char *capture, uint64_t seed)
{
    static struct world w;
    const char *keys = getenv("MONKEY_KEYS");
    unsigned n = keys != NULL ? (unsigned)strtoul(keys, NULL, 10) : 1500;
    open_world(&w, capture, seed);
    for (unsigned i = 0; i < n; i++) {
        press(&w, i);
    }
    close_world(&w);
}

/* The files that the Save dialog makes are to lie in a folder of the test's own. */
static char *absolute(const char *capture)
{
    static char path[4096];
    char here[2048];
    assert_non_null(getcwd(here, sizeof here));
    snprintf(path, sizeof path, "%s/%s", here, capture);
    return path;
}

static void in_own_folder(const char *capture, uint64_t seed)
{
    char *path = absolute(capture), here[2048];
    const char *own = getenv("TEST_TMP");
    assert_non_null(getcwd(here, sizeof here));
    char made[] = "/tmp/wsight-monkey-XXXXXX";
    assert_int_equal(chdir(own != NULL ? own : mkdtemp(made)), 0);
    go_at(path, seed);
    assert_int_equal(chdir(here), 0);
}

static void random_keys_do_no_harm(void **state)
{
    (void)state;
    in_own_folder("captures/tour.pcapng", 88172645463325252U);
}

static void nor_over_broken_traffic(void **state)
{
    (void)state;
    in_own_folder("captures/violations.pcapng", 362436069U);
}

static void nor_over_large_compressed_messages(void **state)
{
    (void)state;
    in_own_folder("captures/security.pcapng", 521288629U);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(random_keys_do_no_harm),
        cmocka_unit_test(nor_over_broken_traffic),
        cmocka_unit_test(nor_over_large_compressed_messages),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
