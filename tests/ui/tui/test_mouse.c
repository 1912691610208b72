/* Clicks, double clicks and the wheel on every screen that has something to click on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ui/tui/tui.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

struct world {
    struct source *source;
    struct feed feed;
    struct tui tui;
};

static int64_t never(void)
{
    return 0;
}

static void settle(struct tui *t)
{
    while (tui_step(t, INT64_MAX)) {
    }
    tui_draw(t);
}

static struct world *world_new(const char *path)
{
    struct world *w = calloc(1, sizeof *w);
    struct source_options options = {0};
    struct feed_options feed = {.seed = 1};
    struct settings settings;
    struct err err;
    assert_non_null(w);
    w->source = source_open(&path, 1, &options, &err);
    assert_non_null(w->source);
    struct packet_feed packets = feed_of_source(w->source);
    assert_int_equal(feed_open(&w->feed, &packets, &feed, &err), 0);
    feed_step(&w->feed, never, INT64_MAX);
    settings_init(&settings);
    struct terminal *terminal = terminal_open_null(24, 80, &err);
    assert_non_null(terminal);
    assert_int_equal(tui_init(&w->tui, &w->feed, terminal, &settings, &err), 0);
    w->tui.now = never;
    settle(&w->tui);
    return w;
}

static void world_free(struct world *w)
{
    tui_done(&w->tui);
    feed_close(&w->feed);
    source_free(w->source);
    free(w);
}

static void mouse(struct world *w, struct terminal_mouse m)
{
    tui_key(&w->tui, KEYS_MOUSE, &m);
    settle(&w->tui);
}

static void click(struct world *w, int y, int x)
{
    mouse(w, (struct terminal_mouse){.y = y, .x = x, .press = true});
}

static const struct screen *top(const struct world *w)
{
    return w->tui.views[w->tui.depth - 1].screen;
}

static bool row_shows(struct world *w, int y, const char *text)
{
    char row[4096];
    terminal_read(w->tui.terminal, y, row, sizeof row);
    return strstr(row, text) != NULL;
}

static uint32_t session_at_cursor(struct world *w)
{
    struct subject s;
    assert_true(top(w)->subject(&w->tui, w->tui.views[w->tui.depth - 1].state, &s));
    return s.session;
}

static void a_click_selects_and_another_opens(void **state)
{
    struct world *w = world_new("captures/tour.pcapng");
    (void)state;
    click(w, 6, 30); /* the title and the header are above: the fifth row */
    assert_int_equal(session_at_cursor(w), 4);
    assert_ptr_equal(top(w), &sessions_screen);
    click(w, 6, 30);
    assert_ptr_equal(top(w), &flow_screen);
    click(w, 3, 40);
    click(w, 3, 40);
    assert_ptr_equal(top(w), &message_screen);
    world_free(w);
}

static void a_double_click_opens_at_once(void **state)
{
    struct world *w = world_new("captures/tour.pcapng");
    (void)state;
    mouse(w, (struct terminal_mouse){.y = 4, .x = 10, .press = true, .twice = true});
    assert_ptr_equal(top(w), &flow_screen);
    assert_true(row_shows(w, 1, "#3 "));
    world_free(w);
}

static void a_click_on_a_header_sorts_and_another_turns_the_order(void **state)
{
    struct world *w = world_new("captures/tour.pcapng");
    (void)state;
    click(w, 1, 5); /* the number */
    assert_true(row_shows(w, 1, "▲"));
    assert_true(row_shows(w, 2, "  1 "));
    click(w, 1, 5);
    assert_true(row_shows(w, 1, "▼"));
    assert_int_equal(order_at(&w->tui.order, 0), store_count(w->feed.store) - 1);
    world_free(w);
}

static void the_wheel_moves_three_rows(void **state)
{
    struct world *w = world_new("captures/tour.pcapng");
    (void)state;
    mouse(w, (struct terminal_mouse){.y = 9, .x = 9, .wheel_down = true});
    assert_int_equal(session_at_cursor(w), 3);
    mouse(w, (struct terminal_mouse){.y = 9, .x = 9, .wheel_up = true});
    assert_int_equal(session_at_cursor(w), 0);
    world_free(w);
}

static void a_click_on_a_tab_shows_the_message_that_way(void **state)
{
    struct world *w = world_new("captures/subprotocols.pcapng");
    (void)state;
    tui_key(&w->tui, 'G', NULL);
    tui_key(&w->tui, KEYS_ENTER, NULL);
    tui_key(&w->tui, 'j', NULL);
    tui_key(&w->tui, 'j', NULL);
    tui_key(&w->tui, KEYS_ENTER, NULL);
    settle(&w->tui);
    assert_true(row_shows(w, 4, "CALL")); /* decoded: the best way */
    click(w, 1, 19);                      /* " 1 Text  2 JSON  3 Hex " */
    assert_true(row_shows(w, 4, "00000000"));
    click(w, 1, 12);
    assert_true(row_shows(w, 4, "["));
    click(w, 1, 50); /* behind the handshake: the subprotocol */
    assert_true(row_shows(w, 4, "CALL"));
    click(w, 1, 75); /* behind all of them */
    assert_true(row_shows(w, 4, "CALL"));
    world_free(w);
}

static void without_mouse_in_the_settings_it_does_nothing(void **state)
{
    struct world *w = world_new("captures/tour.pcapng");
    (void)state;
    w->tui.settings.mouse = false;
    click(w, 6, 30);
    assert_int_equal(session_at_cursor(w), 0);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_click_selects_and_another_opens),
        cmocka_unit_test(a_double_click_opens_at_once),
        cmocka_unit_test(a_click_on_a_header_sorts_and_another_turns_the_order),
        cmocka_unit_test(the_wheel_moves_three_rows),
        cmocka_unit_test(a_click_on_a_tab_shows_the_message_that_way),
        cmocka_unit_test(without_mouse_in_the_settings_it_does_nothing),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
