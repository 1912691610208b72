/*
 * A list of very many sessions, and one of very many messages: every key is answered at once,
 * whatever is being sorted, filtered or searched for. The numbers are small here; SESSIONS=1000000
 * and MESSAGES=1000000 measure the real thing, and the times are printed: what the key itself took
 * with the redraw after it, and the longest piece of work that the next key might have waited for.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "ui/clock.h"
#include "ui/tui/tui.h"

#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* What this thread has worked: what else the machine does is no part of it. */
static int64_t worked(void)
{
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static size_t read_nothing(void *self, struct packet *p, size_t max, int wait_ms)
{
    (void)self;
    (void)p;
    (void)max;
    (void)wait_ms;
    return 0;
}

static bool has_ended(void *self)
{
    (void)self;
    return true;
}

/*--- Sessions made up ---------------------------------------------------------------------------*/

static void emit(struct feed *f, struct event e)
{
    f->batch->sink.emit(&f->batch->sink, &e);
}

static void make_message(struct feed *f, uint64_t id, int64_t ts, uint32_t i)
{
    char text[64];
    int n = snprintf(text, sizeof text, "{\"session\":%llu,\"n\":%u}", (unsigned long long)id, i);
    struct event e = {.type = EVENT_MESSAGE, .session = id, .ts = ts + i, .pkt = id * 10 + i};
    e.dir = i & 1 ? DIR_SERVER_TO_CLIENT : DIR_CLIENT_TO_SERVER;
    e.message = (struct message){.opcode = i % 5 == 4 ? 9 : 1,
                                 .flags = MESSAGE_FINISHED,
                                 .frames = 1,
                                 .wire_len = (uint64_t)n,
                                 .len = (uint64_t)n,
                                 .rtt = -1,
                                 .close_code = CLOSE_CODE_NONE,
                                 .body = {(const uint8_t *)text, (size_t)n}};
    emit(f, e);
}

static void make_session(struct feed *f, uint64_t id, uint32_t messages)
{
    int64_t ts = 1700000000000000000 + (int64_t)id * 1000000;
    struct connection c = {.family = 4, .started = ts, .first_pkt = id * 10, .syn_rtt = -1};
    struct handshake h = {.status = 101, .version = 13, .accept_state = ACCEPT_OK};
    struct session_end end = {.how = END_FIN, .first_fin = 0, .last_ts = ts + 900000};
    char host[64];
    uint32_t mixed = (uint32_t)(id * 2654435761U);
    for (int i = 0; i < 4; i++) {
        c.client.ip[i] = (uint8_t)(mixed >> (8 * i));
    }
    c.client.port = (uint16_t)mixed;
    c.server = (struct endpoint){.ip = {10, 0, 0, 1}, .port = 443};
    snprintf(host, sizeof host, "host-%u.example", mixed % 5000);
    h.host = bytes_of(host);
    h.target = bytes_of("/socket");
    h.request_ts = h.response_ts = ts;
    h.request_pkt = h.response_pkt = id * 10;
    emit(f, (struct event){
                .type = EVENT_SESSION, .session = id, .ts = ts, .begin = {SESSION_UPGRADE, 0, &c}});
    emit(f, (struct event){.type = EVENT_HANDSHAKE, .session = id, .ts = ts, .handshake = &h});
    for (uint32_t i = 0; i < messages + mixed % 3; i++) {
        make_message(f, id, ts, i);
    }
    emit(f, (struct event){.type = EVENT_END, .session = id, .ts = end.last_ts, .end = &end});
}

/*--- Measuring ----------------------------------------------------------------------------------*/

struct worst {
    int64_t key, piece;
};

/* One key as the loop takes it: the key, the drawing, then work in pieces until none is left. */
static void press(struct tui *t, uint32_t key, struct worst *w)
{
    int64_t start = worked();
    tui_key(t, key, NULL);
    tui_draw(t);
    int64_t took = worked() - start;
    w->key = took > w->key ? took : w->key;
    for (bool busy = true; busy;) {
        start = worked();
        busy = tui_step(t, start + 5000000);
        took = worked() - start;
        w->piece = took > w->piece ? took : w->piece;
    }
}

static void type(struct tui *t, const char *what, const char *keys, uint32_t last)
{
    struct worst w = {0, 0};
    for (; *keys != '\0'; keys++) {
        press(t, (uint32_t)*keys, &w);
    }
    if (last != 0) {
        press(t, last, &w);
    }
    int64_t start = worked();
    tui_draw(t);
    printf("# %-28s key %6.2f ms, piece of work %6.2f ms, redraw %5.2f ms\n", what,
           (double)w.key / 1e6, (double)w.piece / 1e6, (double)(worked() - start) / 1e6);
}

static size_t wanted(const char *name, size_t usual)
{
    const char *text = getenv(name);
    return text != NULL ? strtoul(text, NULL, 10) : usual;
}

/* The path of a file in the test's own folder. */
static void in_own_folder(char *path, size_t n, const char *name)
{
    const char *folder = getenv("TEST_TMP");
    snprintf(path, n, "%s/%s", folder != NULL ? folder : "/tmp", name);
}

static void open_tui(struct tui *t, struct feed *f, struct terminal **terminal)
{
    struct settings settings;
    struct err err;
    settings_init(&settings);
    *terminal = terminal_open_null(50, 160, &err);
    assert_non_null(*terminal);
    assert_int_equal(tui_init(t, f, *terminal, &settings, &err), 0);
    t->now = worked;
}

static void open_feed(struct feed *f, size_t sessions, uint32_t messages)
{
    struct packet_feed none = {.read = read_nothing, .ended = has_ended, .fd = -1};
    struct feed_options options = {.seed = 1};
    struct err err;
    assert_int_equal(feed_open(f, &none, &options, &err), 0);
    for (uint64_t id = 1; id <= sessions; id++) {
        make_session(f, id, messages);
    }
    batch_flush(f->batch);
    f->finished = true;
}

/* All of them, out of a capture that has other connections: what takes time is to know whose
 * packets are wanted. */
static void save_packets(struct tui *t, struct feed *f)
{
    static const char *const capture = "captures/ws-plain.pcapng";
    char path[600] = "s\x15"; /* the dialog, and ^U */
    in_own_folder(path + 2, sizeof path - 2, "all.pcapng");
    f->paths = &capture;
    f->n_paths = 1;
    type(t, "all saved as packets", path, KEYS_ENTER);
    assert_int_equal(t->views[t->depth - 1].screen->dialog, false);
    assert_int_equal(access(path + 2, R_OK), 0);
    unlink(path + 2);
}

static void keys_are_answered_whatever_is_sorted_or_filtered(void **state)
{
    size_t sessions = wanted("SESSIONS", 5000);
    struct feed feed;
    struct tui t;
    struct terminal *terminal;
    (void)state;
    open_feed(&feed, sessions, 1);
    open_tui(&t, &feed, &terminal);
    type(&t, "first rows", "j", 0);
    assert_int_equal(order_count(&t.order), sessions);
    type(&t, "down and up", "jjjjkkkk", 0);
    type(&t, "last, first, a page", "Ggg", KEYS_PAGE_DOWN);
    type(&t, "sorted by number", ">>", 0);
    type(&t, "sorted by finding, client", ">>", 0);
    type(&t, "sorted by host (text)", ">", 0);
    type(&t, "turned", "z", 0);
    for (size_t i = 1; i < order_count(&t.order); i++) {
        struct bytes a =
            store_session(feed.store, order_at(&t.order, i - 1))->session->handshake.host;
        struct bytes b = store_session(feed.store, order_at(&t.order, i))->session->handshake.host;
        size_t n = a.n < b.n ? a.n : b.n;
        int c = memcmp(a.p, b.p, n);
        assert_true(c > 0 || (c == 0 && a.n >= b.n));
    }
    type(&t, "busiest first", "BjjjjB", 0);
    type(&t, "filter by host", "fhost == host-7.example", KEYS_ENTER);
    size_t few = order_count(&t.order);
    assert_true(few < sessions && (sessions < 20000 || few > 0));
    type(&t, "filter by payload", "f and text contains 9", KEYS_ENTER);
    type(&t, "all again", "", KEYS_F1 + 8);
    assert_int_equal(order_count(&t.order), sessions);
    type(&t, "search that finds nothing", "/zzzz", KEYS_ENTER);
    type(&t, "flow, message, back", "\r\r\033\033", 0);
    type(&t, "statistics", "i", KEYS_PAGE_DOWN);
    type(&t, "findings", "!", 0);
    save_packets(&t, &feed);
    tui_done(&t);
    feed_close(&feed);
}

static void keys_are_answered_in_a_session_of_very_many_messages(void **state)
{
    uint32_t messages = (uint32_t)wanted("MESSAGES", 5000);
    struct feed feed;
    struct tui t;
    struct terminal *terminal;
    (void)state;
    open_feed(&feed, 1, messages);
    open_tui(&t, &feed, &terminal);
    type(&t, "first rows", "j", 0);
    type(&t, "the ladder", "\r", 0);
    assert_ptr_equal(t.views[t.depth - 1].screen, &flow_screen);
    type(&t, "last, up, first", "Gkkkgg", 0);
    type(&t, "control frames hidden", "h", 0);
    type(&t, "and at the end", "G", 0);
    type(&t, "shown again", "h", 0);
    type(&t, "search that finds nothing", "/zzzz", KEYS_ENTER);
    type(&t, "search for the last", "ggN/n\":4", KEYS_ENTER);
    type(&t, "filter by payload", "f and text contains 77", KEYS_ENTER);
    type(&t, "at its end", "G", 0);
    type(&t, "paused", "pggG", 0);
    type(&t, "a message", "\r", 0);
    tui_done(&t);
    feed_close(&feed);
}

static void press_all(struct tui *t, const char *keys)
{
    for (; *keys != '\0'; keys++) {
        tui_key(t, (uint32_t)(unsigned char)*keys, NULL);
    }
}

static bool shows(struct tui *t, const char *text)
{
    char row[4096];
    tui_draw(t);
    for (int y = 0; y < t->canvas.rows; y++) {
        terminal_read(t->terminal, y, row, sizeof row);
        if (strstr(row, text) != NULL) {
            return true;
        }
    }
    return false;
}

static void a_save_shows_how_far_it_is_and_stopped_it_leaves_nothing(void **state)
{
    char path[512];
    struct feed feed;
    struct tui t;
    struct terminal *terminal;
    (void)state;
    in_own_folder(path, sizeof path, "stopped.jsonl");
    open_feed(&feed, 2000, 1);
    open_tui(&t, &feed, &terminal);
    while (tui_step(&t, worked() + 5000000)) {
    }
    press_all(&t, "s");
    tui_key(&t, KEYS_DOWN, NULL);
    tui_key(&t, KEYS_DOWN, NULL);
    press_all(&t, "l");
    tui_key(&t, KEYS_DOWN, NULL);
    press_all(&t, "\x15"); /* ^U */
    press_all(&t, path);
    tui_key(&t, KEYS_ENTER, NULL);
    for (int i = 0; i < 20; i++) {
        assert_true(tui_step(&t, 0)); /* a small piece, and there is more */
    }
    assert_true(shows(&t, "%"));
    tui_key(&t, KEYS_ESCAPE, NULL);
    assert_true(shows(&t, "stopped: nothing was saved"));
    assert_int_not_equal(access(path, F_OK), 0);
    tui_done(&t);
    feed_close(&feed);
}

static void a_finding_in_the_last_of_many_sessions_is_shown_with_its_place(void **state)
{
    struct feed feed;
    struct tui t;
    struct terminal *terminal;
    (void)state;
    open_feed(&feed, 3000, 1);
    emit(&feed, (struct event){.type = EVENT_FINDING,
                               .session = 3000,
                               .pkt = 31415,
                               .finding = {.id = FINDING_MASK_MISSING}});
    batch_flush(feed.batch);
    open_tui(&t, &feed, &terminal);
    press_all(&t, "!");
    assert_true(shows(&t, "..."));
    assert_false(shows(&t, "packet 31415"));
    while (tui_step(&t, 0)) { /* one small piece after the other */
    }
    assert_true(shows(&t, "#3000"));
    assert_true(shows(&t, "packet 31415"));
    tui_done(&t);
    feed_close(&feed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keys_are_answered_whatever_is_sorted_or_filtered),
        cmocka_unit_test(keys_are_answered_in_a_session_of_very_many_messages),
        cmocka_unit_test(a_finding_in_the_last_of_many_sessions_is_shown_with_its_place),
        cmocka_unit_test(a_save_shows_how_far_it_is_and_stopped_it_leaves_nothing),
    };
    setlocale(LC_CTYPE, "C.UTF-8");
    return cmocka_run_group_tests(tests, NULL, NULL);
}
