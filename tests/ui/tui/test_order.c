/* The list's order: asked, sorted and asked again in pieces, while sessions go on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "lib/model_build.h"
#include "ui/tui/order.h"

#include <stdio.h>
#include <stdlib.h>

struct world {
    struct model_build *build;
    struct store *store;
    struct filter *filter;
    struct order order;
    unsigned asked; /* pieces */
};

static int64_t now(void)
{
    return 0;
}

static enum filter_answer wanted(void *ctx, const struct store_session *s, uint32_t *at)
{
    struct world *w = ctx;
    w->asked++;
    return w->filter == NULL ? FILTER_YES : store_filter_piece(w->filter, w->store, s, at, 2);
}

static struct world *world_new(const char *filter)
{
    struct world *w = calloc(1, sizeof *w);
    struct store_options options = {.budget_bytes = 1 << 20};
    struct filter_error error;
    assert_non_null(w);
    w->build = model_build_retaining();
    w->store = store_new(&options);
    w->filter = filter != NULL ? filter_compile(filter, &error) : NULL;
    struct model_listener listener = store_listener(w->store);
    model_listen(w->build->model, &listener);
    order_init(&w->order);
    return w;
}

static void world_free(struct world *w)
{
    order_done(&w->order);
    filter_free(w->filter);
    model_forget(w->build->model, w->store);
    store_free(w->store);
    model_build_free(w->build);
    free(w);
}

static void say(struct world *w, uint64_t session, const char *text)
{
    build_message(w->build, session, DIR_CLIENT_TO_SERVER, 1, bytes_of(text), MESSAGE_FINISHED);
}

/* Works until nothing is left; "0 2 1". */
static void shows(struct world *w, const char *expected)
{
    const struct order_ask ask = {wanted, w, now};
    char text[128] = "";
    batch_flush(w->build->batch);
    while (order_busy(&w->order, store_count(w->store))) {
        order_step(&w->order, w->store, store_count(w->store), &ask, -1);
    }
    for (size_t i = 0; i < order_count(&w->order); i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%u", i > 0 ? " " : "",
                 order_at(&w->order, i));
    }
    assert_string_equal(text, expected);
}

static uint64_t messages_of(const struct store_session *s, int64_t at)
{
    (void)at;
    return s->n;
}

static void a_session_that_comes_to_match_is_shown(void **state)
{
    struct world *w = world_new("text contains two");
    (void)state;
    build_open(w->build, 1);
    build_open(w->build, 2);
    say(w, 1, "one");
    shows(w, "");
    say(w, 1, "two");
    shows(w, "");
    order_ask_again(&w->order);
    shows(w, "0");
    order_ask_again(&w->order);
    shows(w, "0");
    say(w, 2, "two");
    order_ask_again(&w->order);
    shows(w, "0 1");
    world_free(w);
}

static void only_what_came_since_is_asked_again(void **state)
{
    struct world *w = world_new("text contains nothing");
    (void)state;
    build_open(w->build, 1);
    for (int i = 0; i < 20; i++) {
        say(w, 1, "one");
    }
    shows(w, "");
    w->asked = 0;
    order_ask_again(&w->order);
    shows(w, "");
    assert_int_equal(w->asked, 0);
    say(w, 1, "one");
    order_ask_again(&w->order);
    shows(w, "");
    assert_int_equal(w->asked, 1);
    build_end(w->build, 1, END_FIN);
    order_ask_again(&w->order);
    shows(w, "");
    assert_true(w->asked > 10); /* all of it, as its end may matter */
    w->asked = 0;
    order_ask_again(&w->order);
    shows(w, "");
    assert_int_equal(w->asked, 0);
    world_free(w);
}

static void what_is_sorted_stays_so_when_it_is_filtered_anew(void **state)
{
    struct world *w = world_new(NULL);
    struct order_by by = {.number = messages_of, .down = true};
    const struct order_ask ask = {wanted, w, now};
    (void)state;
    for (uint64_t id = 1; id <= 4; id++) {
        build_open(w->build, id);
        for (uint64_t i = 0; i < id; i++) {
            say(w, id, "x");
        }
    }
    shows(w, "0 1 2 3");
    order_sort(&w->order, &by);
    shows(w, "3 2 1 0");
    order_restart(&w->order, 1);
    while (order_busy(&w->order, 4)) { /* the list before stands until the new one is sorted */
        assert_int_equal(order_at(&w->order, 0), 3);
        order_step(&w->order, w->store, 4, &ask, -1);
    }
    shows(w, "3 2 1");
    order_unsort(&w->order);
    shows(w, "1 2 3");
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_that_comes_to_match_is_shown),
        cmocka_unit_test(only_what_came_since_is_asked_again),
        cmocka_unit_test(what_is_sorted_stays_so_when_it_is_filtered_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
