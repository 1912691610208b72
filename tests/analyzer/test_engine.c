/*
 * The engine, from packets to events: how connections begin, end, are reused and attacked.
 * (Captures in disorder and with losses: test_engine_order.c.)
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyzer/engine.h"
#include "lib/packet_build.h"

#include <stdio.h>
#include <stdlib.h>

#define MILLISECOND INT64_C(1000000)
#define LOG_BYTES 8192

#define REQUEST                                                                                    \
    "GET /chat HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"               \
    "Origin: http://h\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"                          \
    "Sec-WebSocket-Version: 13\r\n\r\n"
#define ANSWER                                                                                     \
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"            \
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"
/* Frames: "Hello" masked as in RFC 6455 section 5.7, "Hi" and Close 1000 both ways. */
#define HELLO "\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58"
#define HI "\x81\x02Hi"
#define CLIENT_CLOSE "\x88\x82\x11\x22\x33\x44\x12\xca"
#define SERVER_CLOSE "\x88\x02\x03\xe8"

/* ---- What comes out ---- */

struct world {
    struct event_sink sink;
    struct engine *engine;
    int64_t now;
    uint64_t no;
    size_t n;
    char log[LOG_BYTES];
};

static void add(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct world *w, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    int n = vsnprintf(w->log + w->n, sizeof w->log - w->n, format, args);
    va_end(args);
    assert_true(n >= 0 && (size_t)n < sizeof w->log - w->n);
    w->n += (size_t)n;
}

static void on_message(struct world *w, const struct event *e)
{
    const char *mark = e->dir == DIR_CLIENT_TO_SERVER ? ">" : "<";
    bool damaged = !(e->message.flags & MESSAGE_FINISHED);
    if (e->message.opcode == 8) {
        add(w, "%sclose%d ", mark, e->message.close_code);
    } else {
        add(w, "%s%.*s%s ", mark, (int)e->message.body.n, (const char *)e->message.body.p,
            damaged ? "?" : "");
    }
}

static void on_finding(struct world *w, const char *id)
{
    if (strncmp(id, "tcp.", 4) == 0 || strncmp(id, "ws.ping", 7) == 0 ||
        strncmp(id, "ws.pong", 7) == 0) {
        add(w, "%s ", id);
    }
}

static void on_event(struct event_sink *sink, const struct event *e)
{
    static const char *const ends[] = {"open", "fin", "reset", "idle", "replaced", "evicted"};
    struct world *w = (struct world *)(void *)sink;
    switch (e->type) {
    case EVENT_SESSION:
        add(w, "(%u->%u%s ", e->begin.connection->client.port, e->begin.connection->server.port,
            e->begin.kind == SESSION_MIDSTREAM ? " midstream" : "");
        break;
    case EVENT_HANDSHAKE:
        add(w, "%d ", e->handshake->status);
        break;
    case EVENT_MESSAGE:
        on_message(w, e);
        break;
    case EVENT_END:
        add(w, "%s) ", ends[e->end->how]);
        break;
    case EVENT_FINDING:
        on_finding(w, finding_kind(e->finding.id)->id);
        break;
    default:
        break;
    }
}

static struct world *world_with(size_t max_connections)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->sink.emit = on_event;
    w->now = 1700000000 * (1000 * MILLISECOND);
    struct engine_options options = {
        .decode.body_max = 100, .seed = 1, .max_connections = max_connections};
    w->engine = engine_new(&options, &w->sink);
    assert_non_null(w->engine);
    return w;
}

static struct world *world_new(void)
{
    return world_with(0);
}

static struct engine_stats world_free(struct world *w)
{
    engine_finish(w->engine);
    struct engine_stats stats = engine_stats(w->engine);
    engine_free(w->engine);
    free(w);
    return stats;
}

static void expect(struct world *w, const char *text)
{
    w->log[w->n] = 0;
    assert_string_equal(w->log, text);
    w->n = 0;
}

/* What is there once all is over. */
static struct engine_stats expect_at_end(struct world *w, const char *text)
{
    engine_finish(w->engine);
    expect(w, text);
    return world_free(w);
}

/* ---- What goes in ---- */

/* A connection as its ends see it: next sequence numbers. */
struct talk {
    struct world *w;
    uint16_t port[2]; /* the client's, the server's */
    uint32_t next[2];
};

static void segment(struct talk *t, int from, uint32_t seq, unsigned flags, const char *p, size_t n)
{
    static struct build b;
    static const char *const address[] = {"10.0.0.1", "10.0.0.2"};
    build_start(&b, (struct bytes){(const uint8_t *)p, n});
    build_tcp(&b, &(struct build_tcp){.from = t->port[from],
                                      .to = t->port[1 - from],
                                      .seq = seq,
                                      .ack = t->next[1 - from],
                                      .flags = (uint8_t)flags});
    build_ip4(&b, address[from], address[1 - from], BUILD_TCP);
    build_eth(&b, BUILD_IP4);
    struct packet packet = build_packet(&b, BUILD_LINK_ETHERNET, t->w->now, ++t->w->no);
    t->w->now += MILLISECOND;
    engine_packets(t->w->engine, &packet, 1);
}

static void say(struct talk *t, int from, const char *p, size_t n)
{
    segment(t, from, t->next[from], TCP_ACK | TCP_PSH, p, n);
    t->next[from] += (uint32_t)n;
}

#define SAY(t, from, text) say(t, from, text, sizeof text - 1)

static void bare(struct talk *t, int from, unsigned flags)
{
    segment(t, from, t->next[from], flags, "", 0);
    t->next[from] += (flags & (TCP_SYN | TCP_FIN)) != 0;
}

/* Three packets. */
static struct talk open_talk(struct world *w, uint16_t port, uint32_t client, uint32_t server)
{
    struct talk t = {w, {port, 80}, {client, server}};
    bare(&t, 0, TCP_SYN);
    bare(&t, 1, TCP_SYN | TCP_ACK);
    bare(&t, 0, TCP_ACK);
    return t;
}

static void upgrade(struct talk *t)
{
    SAY(t, 0, REQUEST);
    SAY(t, 1, ANSWER);
}

static void fin_both(struct talk *t)
{
    bare(t, 0, TCP_FIN | TCP_ACK);
    bare(t, 1, TCP_FIN | TCP_ACK);
    bare(t, 0, TCP_ACK);
}

/* ---- Whole connections ---- */

static void a_connection_is_told_from_its_beginning_to_its_end(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct talk t = open_talk(w, 4000, 100, 900);
    upgrade(&t);
    SAY(&t, 0, HELLO);
    SAY(&t, 1, HI);
    SAY(&t, 0, CLIENT_CLOSE);
    SAY(&t, 1, SERVER_CLOSE);
    fin_both(&t);
    expect(w, "(4000->80 101 >Hello <Hi >close1000 <close1000 fin) ");
    struct engine_stats s = expect_at_end(w, "");
    assert_int_equal(s.connections, 1);
    assert_int_equal(s.packets, 12);
    assert_int_equal(s.retransmitted, 0);
}

static void one_fin_and_silence_is_an_end_by_fin(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct talk t = open_talk(w, 4000, 100, 900);
    upgrade(&t);
    bare(&t, 1, TCP_FIN | TCP_ACK);
    SAY(&t, 0, HELLO); /* half-closed */
    expect_at_end(w, "(4000->80 101 >Hello fin) ");
}

static void a_capture_that_ends_leaves_connections_open(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct talk t = open_talk(w, 4000, 100, 900);
    upgrade(&t);
    expect_at_end(w, "(4000->80 101 open) ");
}

static void a_silent_connection_is_idle_after_half_an_hour(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct talk t = open_talk(w, 4000, 100, 900);
    upgrade(&t);
    for (int i = 0; i < 60; i++) { /* somebody else goes on */
        w->now += 31 * 1000 * MILLISECOND;
        open_talk(w, (uint16_t)(5000 + i), 1, 1);
    }
    expect(w, "(4000->80 101 idle) ");
    world_free(w);
}

static void the_longest_idle_gives_way_when_there_are_too_many(void **state)
{
    (void)state;
    struct world *w = world_with(3);
    struct talk t[5];
    for (uint16_t i = 0; i < 5; i++) {
        t[i] = open_talk(w, (uint16_t)(4000 + i), 100, 900);
        upgrade(&t[i]);
        w->now += 2000 * MILLISECOND;
    }
    expect(w, "(4000->80 101 (4001->80 101 (4002->80 101 tcp.limit.connections evicted) "
              "(4003->80 101 evicted) (4004->80 101 ");
    struct engine_stats s = world_free(w);
    assert_int_equal(s.connections_evicted, 2);
    assert_int_equal(s.connections_peak, 3);
}

static void bodies_are_shed_first_then_connections_that_begin(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct talk early = open_talk(w, 4000, 100, 900);
    upgrade(&early);
    SAY(&early, 0, HELLO);
    engine_shed(w->engine, SHED_BODIES);
    SAY(&early, 0, HELLO);
    engine_shed(w->engine, SHED_CONNECTIONS);
    struct talk late = open_talk(w, 4001, 100, 900);
    upgrade(&late);
    SAY(&late, 0, HELLO);
    SAY(&early, 1, HI);
    engine_shed(w->engine, SHED_NOTHING);
    SAY(&late, 0, HELLO); /* as long as it lasts */
    SAY(&early, 1, HI);
    struct talk after = open_talk(w, 4002, 100, 900);
    upgrade(&after);
    expect(w, "(4000->80 101 >Hello > < <Hi (4002->80 101 ");
    struct engine_stats s = world_free(w);
    assert_int_equal(s.bodies_shed, 2);
    assert_int_equal(s.connections_shed, 1);
}

static void memory_that_is_short_takes_connections_for_good(void **state)
{
    (void)state;
    struct world *w = world_new();
    for (uint16_t i = 0; i < 3; i++) {
        struct talk t = open_talk(w, (uint16_t)(4000 + i), 100, 900);
        upgrade(&t);
        w->now += 2000 * MILLISECOND;
    }
    engine_give_way(w->engine);
    struct talk t = open_talk(w, 4003, 100, 900);
    upgrade(&t);
    expect(w, "(4000->80 101 (4001->80 101 (4002->80 101 tcp.limit.connections evicted) evicted) "
              "(4003->80 101 ");
    assert_int_equal(world_free(w).connections_evicted, 2);
}

static void once_there_is_memory_connections_come_back(void **state)
{
    (void)state;
    struct world *w = world_with(4);
    for (uint16_t i = 0; i < 4; i++) {
        open_talk(w, (uint16_t)(4000 + i), 100, 900);
    }
    engine_give_way(w->engine); /* 3 are left */
    open_talk(w, 4004, 100, 900);
    assert_int_equal(engine_stats(w->engine).connections_evicted, 2);
    for (int i = 0; i < 9; i++) { /* 4 again, and no more */
        engine_take_more(w->engine);
    }
    open_talk(w, 4005, 100, 900);
    assert_int_equal(engine_stats(w->engine).connections_evicted, 2);
    open_talk(w, 4006, 100, 900);
    assert_int_equal(world_free(w).connections_evicted, 3);
}

/* Time goes by for a connection that goes on while the clock is set by so many seconds. */
static void expect_steps_survived(const int64_t *steps, size_t n, bool steady)
{
    struct world *w = world_new();
    int64_t passed = w->now;
    if (steady) {
        engine_steady_clock(w->engine, passed);
    }
    struct talk t = open_talk(w, 4000, 100, 900);
    upgrade(&t);
    for (size_t i = 0; i < n; i++) {
        w->now += steps[i] * 1000 * MILLISECOND;
        if (steady) {
            engine_steady_clock(w->engine, passed += MILLISECOND);
        }
        SAY(&t, 0, HELLO);
        SAY(&t, 1, HI);
    }
    SAY(&t, 0, CLIENT_CLOSE);
    SAY(&t, 1, SERVER_CLOSE);
    fin_both(&t);
    expect_at_end(w, "(4000->80 101 >Hello <Hi >Hello <Hi >Hello <Hi >Hello <Hi >Hello <Hi "
                     ">close1000 <close1000 fin) ");
}

/* Ahead by less than what counts as silence, back by anything. */
static void a_clock_that_is_set_ends_no_connection(void **state)
{
    (void)state;
    expect_steps_survived((const int64_t[]){-86400, 1200, -1, -8 * 86400, 600}, 5, false);
}

static void a_live_clock_that_is_set_by_anything_ends_no_connection(void **state)
{
    (void)state;
    expect_steps_survived((const int64_t[]){86400, -86400, 3600, 30 * 86400, 1801}, 5, true);
}

/* ---- The same ports again ---- */

static void ports_may_be_used_again_after_a_close(void **state)
{
    (void)state;
    struct world *w = world_new();
    for (uint32_t i = 0; i < 3; i++) {
        struct talk t = open_talk(w, 4000, 1000 * i, 9000 * i);
        upgrade(&t);
        SAY(&t, 0, HELLO);
        fin_both(&t);
    }
    struct engine_stats s = expect_at_end(w, "(4000->80 101 >Hello fin) (4000->80 101 >Hello fin) "
                                             "(4000->80 101 >Hello fin) ");
    assert_int_equal(s.connections, 3);
}

static void ports_may_be_used_again_without_a_close(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct talk t = open_talk(w, 4000, 100, 900);
    upgrade(&t);
    SAY(&t, 0, HELLO);
    struct talk again = open_talk(w, 4000, 77777, 88888);
    upgrade(&again);
    SAY(&again, 1, HI);
    expect_at_end(w, "(4000->80 101 >Hello replaced) (4000->80 101 <Hi open) ");
}

static void a_new_connection_may_lack_any_packet_of_its_handshake(void **state)
{
    (void)state;
    for (int missing = 0; missing < 4; missing++) {
        struct world *w = world_new();
        struct talk t = open_talk(w, 4000, 100, 900);
        upgrade(&t);
        struct talk again = {w, {4000, 80}, {77777, 88888}};
        if (missing == 0) {
            again.next[0]++;
        } else {
            bare(&again, 0, TCP_SYN);
        }
        if (missing == 1) {
            again.next[1]++;
        } else {
            bare(&again, 1, TCP_SYN | TCP_ACK);
        }
        if (missing != 2) {
            bare(&again, 0, TCP_ACK);
        }
        upgrade(&again);
        SAY(&again, 0, HELLO);
        expect_at_end(w, "(4000->80 101 replaced) (4000->80 101 >Hello open) ");
    }
}

static void the_same_ports_may_be_opened_from_the_other_end(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct talk t = open_talk(w, 4000, 100, 900);
    upgrade(&t);
    /* 10.0.0.2:80 now calls 10.0.0.1:4000. */
    struct talk back = {w, {4000, 80}, {5555, 6666}};
    bare(&back, 1, TCP_SYN);
    bare(&back, 0, TCP_SYN | TCP_ACK);
    bare(&back, 1, TCP_ACK);
    SAY(&back, 1, REQUEST);
    SAY(&back, 0, ANSWER);
    SAY(&back, 1, HELLO);
    expect_at_end(w, "(4000->80 101 replaced) (80->4000 101 >Hello open) ");
}

static void a_connection_may_follow_one_whose_beginning_was_not_captured(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct talk old = {w, {4000, 80}, {100, 900}};
    SAY(&old, 1, HI HI HI HI);
    w->n = 0;
    struct talk t = open_talk(w, 4000, 77777, 88888);
    upgrade(&t);
    SAY(&t, 0, HELLO);
    w->log[w->n] = 0;
    assert_non_null(strstr(w->log, "(4000->80 101 >Hello "));
    world_free(w);
}

static void an_old_syn_does_not_end_a_connection(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct talk t = open_talk(w, 4000, 100, 900);
    upgrade(&t);
    segment(&t, 0, 55555, TCP_SYN, "", 0);     /* forged, or late */
    segment(&t, 1, t.next[1], TCP_ACK, "", 0); /* challenge (RFC 5961 section 4) */
    segment(&t, 0, 66666, TCP_SYN, "junk", 4);
    segment(&t, 0, t.next[0] - 1, TCP_SYN, "junk", 4);
    SAY(&t, 0, HELLO);
    segment(&t, 1, 12345, TCP_SYN | TCP_ACK, "", 0);
    SAY(&t, 1, HI);
    expect_at_end(w, "(4000->80 101 >Hello <Hi open) ");
}

static void a_repeated_handshake_is_one_connection(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct talk t = {w, {4000, 80}, {100, 900}};
    for (int i = 0; i < 3; i++) {
        segment(&t, 0, 100, TCP_SYN, "", 0);
    }
    t.next[0] = 101;
    for (int i = 0; i < 2; i++) {
        segment(&t, 1, 900, TCP_SYN | TCP_ACK, "", 0);
    }
    t.next[1] = 901;
    upgrade(&t);
    struct engine_stats s = expect_at_end(w, "(4000->80 101 open) ");
    assert_int_equal(s.connections, 1);
}

/* ---- Resets ---- */

static void a_reset_ends_a_connection(void **state)
{
    (void)state;
    for (int from = 0; from < 2; from++) {
        struct world *w = world_new();
        struct talk t = open_talk(w, 4000, 100, 900);
        upgrade(&t);
        SAY(&t, 0, HELLO);
        bare(&t, from, TCP_RST);
        expect(w, "(4000->80 101 >Hello reset) ");
        world_free(w);
    }
}

static void a_reset_off_the_path_is_ignored(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct talk t = open_talk(w, 4000, 100, 900);
    upgrade(&t);
    for (uint32_t i = 1; i < 200; i++) {
        segment(&t, (int)(i % 2), t.next[i % 2] + i * 21000000, TCP_RST, "", 0);
    }
    SAY(&t, 0, HELLO);
    expect_at_end(w, "(4000->80 101 >Hello open) ");
}

static void a_reset_behind_a_loss_is_believed(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct talk t = open_talk(w, 4000, 100, 900);
    upgrade(&t);
    t.next[1] += 3000000; /* not captured */
    SAY(&t, 1, HI);
    bare(&t, 1, TCP_RST);
    w->log[w->n] = 0;
    assert_non_null(strstr(w->log, "reset) "));
    world_free(w);
}

static void a_connection_nobody_decodes_ends_by_reset_too(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct talk t = open_talk(w, 4000, 100, 900);
    SAY(&t, 0, "\x01\x02 not of this world");
    static char much[60000];
    for (int i = 0; i < 100; i++) {
        say(&t, 1, much, sizeof much);
    }
    bare(&t, 1, TCP_RST);
    struct talk again = {
        w, {4000, 80}, {3000000000, 4000000000}}; /* not captured from its beginning */
    SAY(&again, 0, REQUEST);
    SAY(&again, 1, ANSWER);
    struct engine_stats s = expect_at_end(w, "(4000->80 101 open) ");
    assert_int_equal(s.connections, 2);
}

/* ---- After the end ---- */

static void what_follows_the_end_is_no_new_connection(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct talk t = open_talk(w, 4000, 100, 900);
    upgrade(&t);
    uint32_t before[2] = {t.next[0], t.next[1]};
    SAY(&t, 0, HELLO);
    SAY(&t, 1, HI);
    fin_both(&t);
    segment(&t, 1, before[1], TCP_ACK, HI, sizeof HI - 1); /* sent again */
    segment(&t, 0, before[0], TCP_ACK | TCP_FIN, HELLO, sizeof HELLO - 1);
    segment(&t, 0, t.next[0] - 1, TCP_ACK | TCP_FIN, "", 0);
    segment(&t, 1, t.next[1], TCP_RST, "", 0);
    struct engine_stats s = expect_at_end(w, "(4000->80 101 >Hello <Hi fin) ");
    assert_int_equal(s.connections, 1);
}

static void a_forged_reset_does_not_hide_what_follows(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct talk t = open_talk(w, 4000, 100, 900);
    upgrade(&t);
    bare(&t, 1, TCP_RST);
    expect(w, "(4000->80 101 reset) ");
    for (int i = 0; i < 20; i++) {
        SAY(&t, 0, HELLO);
        SAY(&t, 1, HI);
    }
    w->log[w->n] = 0;
    assert_non_null(strstr(w->log, "midstream >Hello"));
    world_free(w);
}

/* ---- Pieces ---- */

static void lost_bytes_are_told_and_counted(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct talk t = open_talk(w, 4000, 100, 900);
    upgrade(&t);
    SAY(&t, 1,
        "\x81\x10"
        "0123");
    t.next[1] += 8;
    SAY(&t, 1, "cdef" HI);
    struct engine_stats s = expect_at_end(w, "(4000->80 101 tcp.gap <0123cdef? <Hi open) ");
    assert_int_equal(s.gaps, 1);
    assert_int_equal(s.lost_bytes, 8);
}

#define PING(c) "\x89\x81\x00\x00\x00\x00" c
#define PONG(c) "\x8a\x01" c

/* n bytes of what side 0 says are not captured, and the other side acknowledges what follows. */
static void miss(struct talk *t, uint32_t n)
{
    t->next[0] += n;
}

/* Of a message of side 0 the last two bytes are not captured, and what it says then waits. */
static struct talk open_talk_with_a_hole(struct world *w)
{
    struct talk t = open_talk(w, 4000, 100, 900);
    upgrade(&t);
    SAY(&t, 0,
        "\x81\x84\x00\x00\x00\x00"
        "ab");
    miss(&t, 2);
    return t;
}

static void a_pong_whose_ping_waits_behind_a_hole_is_solicited(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct talk t = open_talk_with_a_hole(w);
    SAY(&t, 0, PING("1"));
    SAY(&t, 1, PONG("1"));
    expect(w, "(4000->80 101 <1 ");
    for (int i = 0; i < 32; i++) { /* until the hole is believed */
        SAY(&t, 1, HI);
    }
    w->n = 0;
    SAY(&t, 1, PONG("x"));
    expect(w, "ws.pong.unsolicited <x ");
    expect_at_end(w, "open) ");
}

static void a_pong_whose_ping_was_lost_is_not_unsolicited(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct talk t = open_talk(w, 4000, 100, 900);
    upgrade(&t);
    miss(&t, sizeof PING("1") - 1); /* the Pong's segment acknowledges it */
    SAY(&t, 1, PONG("1"));
    expect(w, "(4000->80 101 <1 ");
    expect_at_end(w, "tcp.gap open) ");
}

static void a_pong_that_answers_nothing_behind_a_hole_is_unsolicited_after_all(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct talk t = open_talk_with_a_hole(w);
    SAY(&t, 0, PING("1"));
    SAY(&t, 1, PONG("2"));
    expect(w, "(4000->80 101 <2 ");
    expect_at_end(w, "tcp.gap >ab? >1 ws.pong.unsolicited open) ");
}

#define OK "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

static void a_lost_request_does_not_confuse_those_behind_it(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct talk t = open_talk(w, 4000, 100, 900);
    t.next[0] += 30;
    SAY(&t, 1, OK);
    SAY(&t, 0, "GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
    SAY(&t, 1, OK);
    upgrade(&t);
    SAY(&t, 0, HELLO);
    SAY(&t, 1, HI);
    fin_both(&t);
    expect_at_end(w, "tcp.gap (4000->80 101 >Hello <Hi fin) ");
}

static void a_lost_upgrade_leaves_its_frames_to_be_found(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct talk t = open_talk(w, 4000, 100, 900);
    t.next[0] += 300;
    SAY(&t, 1, ANSWER);
    t.next[0] += 5; /* the beginning of a frame */
    SAY(&t, 0, "no frame");
    for (int i = 0; i < 8; i++) {
        SAY(&t, 0, HELLO);
    }
    fin_both(&t);
    expect_at_end(w, "tcp.gap (4000->80 101 >Hello >Hello >Hello >Hello >Hello >Hello >Hello "
                     ">Hello fin) ");
}

static void urgent_data_is_told_once(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct talk t = open_talk(w, 4000, 100, 900);
    upgrade(&t);
    for (int i = 0; i < 3; i++) {
        segment(&t, 1, t.next[1], TCP_ACK | TCP_URG, HI, sizeof HI - 1);
        t.next[1] += sizeof HI - 1;
    }
    expect_at_end(w, "(4000->80 101 tcp.urgent <Hi <Hi <Hi open) ");
}

static void other_bytes_in_a_retransmission_are_a_finding(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct talk t = open_talk(w, 4000, 100, 900);
    upgrade(&t);
    SAY(&t, 1, HI);
    segment(&t, 1, t.next[1] - 4, TCP_ACK, "\x81\x02Ho", 4);
    expect_at_end(w, "(4000->80 101 <Hi tcp.overlap.differs open) ");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_connection_is_told_from_its_beginning_to_its_end),
        cmocka_unit_test(one_fin_and_silence_is_an_end_by_fin),
        cmocka_unit_test(a_capture_that_ends_leaves_connections_open),
        cmocka_unit_test(a_silent_connection_is_idle_after_half_an_hour),
        cmocka_unit_test(the_longest_idle_gives_way_when_there_are_too_many),
        cmocka_unit_test(bodies_are_shed_first_then_connections_that_begin),
        cmocka_unit_test(memory_that_is_short_takes_connections_for_good),
        cmocka_unit_test(once_there_is_memory_connections_come_back),
        cmocka_unit_test(a_clock_that_is_set_ends_no_connection),
        cmocka_unit_test(a_live_clock_that_is_set_by_anything_ends_no_connection),
        cmocka_unit_test(ports_may_be_used_again_after_a_close),
        cmocka_unit_test(ports_may_be_used_again_without_a_close),
        cmocka_unit_test(a_new_connection_may_lack_any_packet_of_its_handshake),
        cmocka_unit_test(the_same_ports_may_be_opened_from_the_other_end),
        cmocka_unit_test(a_connection_may_follow_one_whose_beginning_was_not_captured),
        cmocka_unit_test(an_old_syn_does_not_end_a_connection),
        cmocka_unit_test(a_repeated_handshake_is_one_connection),
        cmocka_unit_test(a_reset_ends_a_connection),
        cmocka_unit_test(a_reset_off_the_path_is_ignored),
        cmocka_unit_test(a_reset_behind_a_loss_is_believed),
        cmocka_unit_test(a_connection_nobody_decodes_ends_by_reset_too),
        cmocka_unit_test(what_follows_the_end_is_no_new_connection),
        cmocka_unit_test(a_forged_reset_does_not_hide_what_follows),
        cmocka_unit_test(lost_bytes_are_told_and_counted),
        cmocka_unit_test(a_pong_whose_ping_waits_behind_a_hole_is_solicited),
        cmocka_unit_test(a_pong_whose_ping_was_lost_is_not_unsolicited),
        cmocka_unit_test(a_pong_that_answers_nothing_behind_a_hole_is_unsolicited_after_all),
        cmocka_unit_test(a_lost_request_does_not_confuse_those_behind_it),
        cmocka_unit_test(a_lost_upgrade_leaves_its_frames_to_be_found),
        cmocka_unit_test(urgent_data_is_told_once),
        cmocka_unit_test(other_bytes_in_a_retransmission_are_a_finding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
