/* Reassembly: each promise of reassembly.h, and a model of TCP that draws what it tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyzer/limits.h"
#include "analyzer/tcp/reassembly.h"

#include <stdio.h>
#include <stdlib.h>

#define MILLISECOND INT64_C(1000000)
#define C2S DIR_CLIENT_TO_SERVER
#define S2C DIR_SERVER_TO_CLIENT

/* One connection, and what came of it as text: `c:hello` is data, `c[5]` a gap, `c.` the end, `c!`
 * differing bytes, `c#` a limit; s is the other direction. */
struct world {
    struct reassembly r;
    struct flow f;
    int64_t now;
    uint64_t pkt;
    struct chunk last;   /* but its bytes */
    uint64_t sums[2][2]; /* by direction: bytes of data, of gaps */
    bool quiet;
    size_t n;
    char log[4096];
};

static void add(struct world *w, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct world *w, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    if (!w->quiet) {
        int n = vsnprintf(w->log + w->n, sizeof w->log - w->n, format, args);
        assert_true(n >= 0 && (size_t)n < sizeof w->log - w->n);
        w->n += (size_t)n;
    }
    va_end(args);
}

static void on_data(void *ctx, struct flow *f, const struct chunk *c)
{
    struct world *w = ctx;
    assert_true(c->b.n > 0);
    w->last = *c;
    w->sums[c->dir][0] += c->b.n;
    assert_int_equal(f->side[c->dir].offset - f->side[c->dir].urgent_bytes,
                     w->sums[c->dir][0] + w->sums[c->dir][1]);
    add(w, "%c:%.*s ", "cs"[c->dir], (int)c -> b.n, (const char *)c->b.p);
}

static void on_gap(void *ctx, struct flow *f, enum dir dir, uint64_t n, int64_t ts, uint64_t pkt)
{
    struct world *w = ctx;
    (void)f;
    assert_true(n > 0);
    w->last = (struct chunk){.ts = ts, .pkt = pkt, .dir = dir};
    w->sums[dir][1] += n;
    add(w, "%c[%llu] ", "cs"[dir], (unsigned long long)n);
}

static void on_end(void *ctx, struct flow *f, enum dir dir, int64_t ts, uint64_t pkt)
{
    (void)f;
    (void)ts;
    (void)pkt;
    add(ctx, "%c. ", "cs"[dir]);
}

static void on_finding(void *ctx, struct flow *f, enum dir dir, enum finding_id id, uint64_t pkt)
{
    (void)f;
    (void)pkt;
    assert_true(id == FINDING_TCP_OVERLAP_DIFFERS || id == FINDING_TCP_LIMIT_OUT_OF_ORDER);
    add(ctx, "%c%c ", "cs"[dir], id == FINDING_TCP_OVERLAP_DIFFERS ? '!' : '#');
}

static struct world *world_new(void)
{
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    struct reassembly_output out = {on_data, on_gap, on_end, on_finding, w};
    reassembly_init(&w->r, &out, 12345);
    w->f.from_start = true;
    w->now = SECOND_NS;
    return w;
}

/* A connection past its handshake: sequence numbers start at 1000 and 5000. */
static struct world *connected(void)
{
    struct world *w = world_new();
    reassembly_syn(&w->f, C2S, 999);
    reassembly_syn(&w->f, S2C, 4999);
    return w;
}

static void world_free(struct world *w)
{
    reassembly_drop(&w->r, &w->f);
    assert_int_equal(w->r.waiting_bytes, 0);
    assert_null(w->r.holders);
    assert_null(w->r.newest_holder);
    for (int d = 0; d < 2; d++) {
        assert_int_equal(w->f.side[d].waiting_bytes, 0);
        assert_int_equal(w->f.side[d].waiting_pieces, 0);
        assert_null(w->f.side[d].last);
    }
    free(w);
}

static void push(struct world *w, enum dir dir, struct segment g)
{
    g.ts = w->now += MILLISECOND;
    g.pkt = ++w->pkt;
    w->f.packets++;
    w->f.seen_ts = g.ts;
    w->f.last_pkt = g.pkt;
    uint8_t *own = malloc(g.b.n + 1); /* a sanitizer sees a byte too far, and use after return */
    assert_non_null(own);
    if (g.b.n > 0) {
        memcpy(own, g.b.p, g.b.n);
    }
    g.b.p = own;
    reassembly_push(&w->r, &w->f, dir, &g);
    free(own);
}

static void send_cut(struct world *w, uint32_t seq, const char *text, uint32_t cut)
{
    push(w, C2S, (struct segment){.seq = seq, .b = bytes_of(text), .cut = cut});
}

/* The client sends. */
static void send(struct world *w, uint32_t seq, const char *text)
{
    send_cut(w, seq, text, 0);
}

static void send_fin(struct world *w, uint32_t seq, const char *text)
{
    push(w, C2S, (struct segment){.seq = seq, .b = bytes_of(text), .flags = TCP_FIN});
}

/* The server acknowledges. */
static void ack(struct world *w, uint32_t number)
{
    push(w, S2C, (struct segment){.seq = 5000, .flags = TCP_ACK, .ack = number});
}

static void acks(struct world *w, uint32_t number, unsigned times)
{
    for (unsigned i = 0; i < times; i++) {
        ack(w, number);
    }
}

static void finish(struct world *w)
{
    reassembly_finish(&w->r, &w->f);
}

/* What came since the last look. */
static void expect(struct world *w, const char *text)
{
    w->log[w->n] = 0;
    assert_string_equal(w->log, text);
    w->n = 0;
}

static struct tcp_counts counts(const struct world *w)
{
    return w->f.side[C2S].counts;
}

static void send_urgent(struct world *w, uint32_t seq, const char *text, uint16_t urgent)
{
    push(w, C2S,
         (struct segment){.seq = seq, .b = bytes_of(text), .flags = TCP_URG, .urgent = urgent});
}

/* ---- Order ---- */

static void bytes_in_order_are_handed_on_at_once(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1000, "abc");
    expect(w, "c:abc ");
    push(w, S2C, (struct segment){.seq = 5000, .b = bytes_of("xy")});
    expect(w, "s:xy ");
    send(w, 1003, "de");
    expect(w, "c:de ");
    assert_int_equal(counts(w).bytes, 5);
    assert_int_equal(counts(w).out_of_order, 0);
    assert_int_equal(counts(w).retransmitted, 0);
    world_free(w);
}

static void early_bytes_wait_for_those_before_them(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1006, "gh");
    send(w, 1003, "def");
    assert_int_equal(w->f.side[C2S].waiting_bytes, 5);
    expect(w, "");
    send(w, 1000, "abc");
    expect(w, "c:abc c:def c:gh ");
    assert_int_equal(counts(w).out_of_order, 2);
    assert_int_equal(counts(w).retransmitted, 0);
    world_free(w);
}

static void bytes_that_waited_keep_their_time_and_packet(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1003, "def");
    send(w, 1000, "abc");
    assert_int_equal(w->last.pkt, 1);
    assert_int_equal(w->last.ts, SECOND_NS + MILLISECOND);
    world_free(w);
}

static void holes_are_filled_in_any_order(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1002, "c");
    send(w, 1006, "g");
    send(w, 1004, "e");
    send(w, 1005, "f");
    send(w, 1003, "d");
    send(w, 1001, "b");
    expect(w, "");
    send(w, 1000, "a");
    expect(w, "c:a c:b c:c c:d c:e c:f c:g ");
    world_free(w);
}

/* ---- The same bytes again ---- */

static void duplicates_are_dropped_and_counted(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1000, "abc");
    send(w, 1000, "abc");
    send(w, 1005, "fgh");
    send(w, 1005, "fgh");
    send(w, 1006, "g");
    expect(w, "c:abc ");
    assert_int_equal(counts(w).retransmitted, 3);
    send(w, 1003, "de");
    expect(w, "c:de c:fgh ");
    world_free(w);
}

static void a_retransmission_may_carry_new_bytes_behind(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1000, "abc");
    send(w, 1001, "bcde");
    expect(w, "c:abc c:de ");
    assert_int_equal(counts(w).retransmitted, 1);
    world_free(w);
}

static void the_first_copy_wins_over_bytes_delivered(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1000, "abc");
    send(w, 1003, "def");
    send(w, 1000, "abX");
    expect(w, "c:abc c:def c! ");
    send(w, 1000, "abcdeXghi"); /* two segments in one, and more behind */
    expect(w, "c! c:ghi ");
    send(w, 999, "?abc");
    send(w, 1003, "defghi");
    expect(w, "");
    world_free(w);
}

static void bytes_that_waited_are_compared_as_well(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1003, "def");
    send(w, 1000, "abc");
    send(w, 1003, "deX");
    expect(w, "c:abc c:def c! ");
    world_free(w);
}

static void the_first_copy_wins_over_bytes_that_wait(void **state)
{
    (void)state;
    /* Every place of a new segment against [1004, 1008), as [from, to). */
    for (uint32_t from = 1001; from < 1010; from++) {
        for (uint32_t to = from + 1; to < 1012; to++) {
            for (int differs = 0; differs < 2; differs++) {
                struct world *w = connected();
                send(w, 1004, "efgh");
                char text[16] = {0};
                for (uint32_t i = from; i < to; i++) {
                    bool both = i >= 1004 && i < 1008;
                    text[i - from] = (char)(both && differs ? '?' : 'a' + (i - 1000));
                }
                send(w, from, text);
                bool overlap = from < 1008 && to > 1004;
                expect(w, overlap && differs ? "c! " : "");
                send(w, 1000, "abcd");
                send(w, 1008, "ijkl");
                assert_true(w->f.side[C2S].offset == 12 && w->f.side[C2S].waiting == NULL);
                size_t n = 0; /* what was delivered, without the marks around it */
                for (const char *p = w->log; p < w->log + w->n; p++) {
                    if (*p >= 'a' && p[1] != ':') {
                        w->log[n++] = *p;
                    }
                }
                w->n = n;
                expect(w, "abcdefghijkl");
                world_free(w);
            }
        }
    }
}

static void a_segment_in_order_does_not_replace_bytes_that_wait(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1002, "cd");
    send(w, 1006, "gh");
    send(w, 1000, "abXXefgX");
    expect(w, "c:ab c! c:cd c:ef c! c:gh ");
    world_free(w);
}

static void a_segment_within_those_that_wait_adds_nothing(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1004, "efgh");
    send(w, 1008, "ij");
    send(w, 1005, "fghi");
    assert_int_equal(w->f.side[C2S].waiting_pieces, 2);
    assert_int_equal(counts(w).retransmitted, 1);
    send(w, 1003, "defghijk");
    assert_int_equal(w->f.side[C2S].waiting_pieces, 4);
    send(w, 1000, "abc");
    expect(w, "c:abc c:d c:efgh c:ij c:k ");
    world_free(w);
}

/* ---- Probes ---- */

static void keep_alive_probes_are_nothing(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1000, "abc");
    expect(w, "c:abc ");
    send(w, 1002, "");
    send(w, 1002, "c");
    send(w, 1002, "X"); /* some systems send any byte */
    expect(w, "");
    assert_int_equal(counts(w).retransmitted, 0);
    send(w, 1003, "d");
    expect(w, "c:d ");
    world_free(w);
}

static void an_urgent_byte_is_left_out_of_the_stream(void **state)
{
    (void)state;
    struct world *w = connected();
    send_urgent(w, 1000, "ab!cd", 3); /* the pointer is past the byte */
    expect(w, "c:ab c:cd ");
    send_urgent(w, 1005, "!", 1);
    send(w, 1006, "e");
    expect(w, "c:e ");
    send_urgent(w, 1008, "g!", 2); /* before its turn, and the byte comes a second time */
    send_urgent(w, 1007, "fg!", 3);
    expect(w, "c:f c:g ");
    send_urgent(w, 1008, "g!h", 2);
    expect(w, "c:h ");
    send_urgent(w, 1011, "i", 0); /* points nowhere */
    send(w, 1012, "j");
    expect(w, "c:i c:j ");
    world_free(w);
}

static void a_keep_alive_probe_before_the_first_byte_is_nothing(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 999, "X");
    send(w, 1000, "a");
    expect(w, "c:a ");
    world_free(w);
}

static void zero_window_probes_are_the_next_byte(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1000, "abc");
    send(w, 1003, "d");
    send(w, 1003, "d");
    send(w, 1003, "def");
    expect(w, "c:abc c:d c:ef ");
    world_free(w);
}

/* ---- Snap length ---- */

static void bytes_cut_in_order_are_a_gap_at_once(void **state)
{
    (void)state;
    struct world *w = connected();
    send_cut(w, 1000, "abc", 7);
    expect(w, "c:abc c[7] ");
    send_cut(w, 1010, "", 5);
    expect(w, "c[5] ");
    send(w, 1015, "x");
    expect(w, "c:x ");
    send(w, 1000, "abcdefghij"); /* whole, but too late */
    expect(w, "");
    assert_int_equal(counts(w).gaps, 2);
    assert_int_equal(counts(w).lost_bytes, 12);
    world_free(w);
}

static void bytes_cut_out_of_order_are_a_gap_in_their_turn(void **state)
{
    (void)state;
    struct world *w = connected();
    send_cut(w, 1005, "fgh", 2);
    send_cut(w, 1010, "", 3);
    send(w, 1013, "n");
    expect(w, "");
    send(w, 1000, "abcde");
    expect(w, "c:abcde c:fgh c[2] c[3] c:n ");
    world_free(w);
}

static void cut_bytes_that_come_whole_before_their_turn_are_used(void **state)
{
    (void)state;
    struct world *w = connected();
    send_cut(w, 1003, "de", 4);
    send(w, 1003, "defg");
    send(w, 1008, "i");
    send(w, 1000, "abc");
    expect(w, "c:abc c:de c:fg c[1] c:i ");
    world_free(w);
}

static void bytes_that_wait_fill_what_is_cut_in_order(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1004, "e");
    send(w, 1006, "gh");
    send_cut(w, 1000, "ab", 10);
    expect(w, "c:ab c[2] c:e c[1] c:gh c[4] ");
    world_free(w);
}

static void the_same_cut_segment_again_adds_nothing(void **state)
{
    (void)state;
    struct world *w = connected();
    send_cut(w, 1002, "", 4);
    send_cut(w, 1002, "", 4);
    send_cut(w, 1006, "gh", 2);
    send_cut(w, 1006, "gh", 2);
    send_cut(w, 1006, "g", 3);
    assert_int_equal(w->f.side[C2S].waiting_pieces, 2);
    assert_int_equal(counts(w).retransmitted, 3);
    send_cut(w, 1006, "g", 5); /* two more at its end */
    send(w, 1000, "ab");
    expect(w, "c:ab c[4] c:gh c[4] ");
    world_free(w);
}

static void a_late_segment_may_be_cut_in_its_new_part(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1000, "abcd");
    send_cut(w, 1000, "ab", 8);
    expect(w, "c:abcd c[6] ");
    world_free(w);
}

/* ---- Holes ---- */

static void a_hole_that_nobody_acknowledged_is_waited_for(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1000, "abc");
    send(w, 1005, "fg");
    w->now += 20 * SECOND_NS;
    acks(w, 1003, 200);
    expect(w, "c:abc ");
    send(w, 1003, "de");
    expect(w, "c:de c:fg ");
    assert_int_equal(counts(w).gaps, 0);
    world_free(w);
}

static void an_acknowledged_hole_is_a_gap_after_some_packets(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1000, "abc");
    send(w, 1005, "fg");
    acks(w, 1007, TCP_HOLE_GRACE_PACKETS);
    expect(w, "c:abc ");
    ack(w, 1007);
    expect(w, "c[2] c:fg ");
    assert_int_equal(counts(w).gaps, 1);
    assert_int_equal(counts(w).lost_bytes, 2);
    world_free(w);
}

static void an_acknowledged_hole_is_a_gap_after_some_time(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1005, "fg");
    ack(w, 1007);
    w->now += TCP_HOLE_GRACE_NS - 3 * MILLISECOND;
    ack(w, 1007);
    expect(w, "");
    w->now += 3 * MILLISECOND;
    ack(w, 1007);
    expect(w, "c[5] c:fg ");
    world_free(w);
}

static void a_segment_captured_after_its_acknowledgement_is_no_loss(void **state)
{
    (void)state;
    struct world *w = connected();
    ack(w, 1007);
    send(w, 1003, "defg");
    acks(w, 1007, TCP_HOLE_GRACE_PACKETS / 2);
    send(w, 1000, "abc");
    expect(w, "c:abc c:defg ");
    acks(w, 1007, 2 * TCP_HOLE_GRACE_PACKETS);
    expect(w, "");
    world_free(w);
}

static void all_holes_that_were_acknowledged_together_go_together(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1002, "c");
    send(w, 1005, "f");
    send(w, 1009, "j");
    acks(w, 1006, TCP_HOLE_GRACE_PACKETS + 1);
    expect(w, "c[2] c:c c[2] c:f ");
    acks(w, 1010, TCP_HOLE_GRACE_PACKETS + 1);
    expect(w, "c[3] c:j ");
    world_free(w);
}

static void only_what_was_acknowledged_of_a_hole_is_given_up(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1010, "k");
    acks(w, 1004, TCP_HOLE_GRACE_PACKETS + 1);
    expect(w, "c[4] ");
    send(w, 1004, "efghij");
    expect(w, "c:efghij c:k ");
    world_free(w);
}

static void what_comes_after_its_gap_is_a_retransmission(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1003, "d");
    acks(w, 1004, TCP_HOLE_GRACE_PACKETS + 1);
    send(w, 1000, "abc");
    expect(w, "c[3] c:d ");
    assert_int_equal(counts(w).retransmitted, 1);
    world_free(w);
}

static void the_end_turns_holes_into_gaps(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1003, "d");
    send(w, 1006, "gh");
    push(w, S2C, (struct segment){.seq = 5010, .b = bytes_of("x")});
    finish(w);
    expect(w, "c[3] c:d c[2] c:gh s[10] s:x ");
    world_free(w);
}

static void what_was_acknowledged_and_never_seen_is_a_gap_at_the_end(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1000, "abc");
    ack(w, 1013);
    finish(w);
    expect(w, "c:abc c[10] ");
    world_free(w);
}

static void the_acknowledgement_of_an_unseen_fin_is_no_gap(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1000, "abc");
    ack(w, 1004);
    finish(w);
    expect(w, "c:abc ");
    world_free(w);
}

static void dropping_hands_nothing_on(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1003, "d");
    reassembly_drop(&w->r, &w->f);
    assert_int_equal(w->r.waiting_bytes, 0);
    finish(w);
    expect(w, "");
    world_free(w);
}

/* ---- FIN ---- */

static void a_fin_ends_its_direction(void **state)
{
    (void)state;
    struct world *w = connected();
    send_fin(w, 1000, "abc");
    expect(w, "c:abc c. ");
    send_fin(w, 1000, "abc");
    send_fin(w, 1003, "");
    expect(w, "");
    push(w, S2C, (struct segment){.seq = 5000, .b = bytes_of("still")});
    expect(w, "s:still ");
    push(w, S2C, (struct segment){.seq = 5005, .flags = TCP_FIN});
    expect(w, "s. ");
    world_free(w);
}

static void a_fin_waits_for_the_bytes_before_it(void **state)
{
    (void)state;
    struct world *w = connected();
    send_fin(w, 1005, "f");
    send_fin(w, 1006, "");
    expect(w, "");
    send(w, 1000, "abcde");
    expect(w, "c:abcde c:f c. ");
    world_free(w);
}

static void a_fin_whose_bytes_were_lost_ends_after_the_gap(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1000, "abc");
    send_fin(w, 1008, "");
    acks(w, 1009, TCP_HOLE_GRACE_PACKETS + 1);
    expect(w, "c:abc c[5] c. ");
    world_free(w);
}

static void a_lost_tail_before_the_fin_is_a_gap_at_the_end(void **state)
{
    (void)state;
    struct world *w = connected();
    send_fin(w, 1008, "");
    finish(w);
    expect(w, "c[8] c. ");
    finish(w);
    expect(w, "");
    world_free(w);
}

static void data_after_the_fin_is_dropped(void **state)
{
    (void)state;
    struct world *w = connected();
    send_fin(w, 1000, "abc");
    send(w, 1003, "evil");
    send(w, 1004, "evil");
    send(w, 1002, "cevil");
    finish(w);
    expect(w, "c:abc c. ");
    world_free(w);
}

static void a_fin_before_known_bytes_is_not_believed(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1000, "abcdef");
    send_fin(w, 1002, "");
    send_fin(w, 900, "");
    send(w, 1010, "k");
    send_fin(w, 1008, "");
    send(w, 1006, "ghij");
    expect(w, "c:abcdef c:ghij c:k ");
    send_fin(w, 1015, "");
    send(w, 1011, "lmnopq"); /* there is more than that FIN says */
    expect(w, "c:lmnopq ");
    send_fin(w, 1017, "");
    expect(w, "c. ");
    world_free(w);
}

static void a_fin_far_off_is_not_believed(void **state)
{
    (void)state;
    struct world *w = connected();
    send_fin(w, 1000 + (200U << 20), "");
    send_fin(w, 1000 - (200U << 20), "");
    send_fin(w, 1000 + (1U << 31), "");
    finish(w);
    expect(w, "");
    world_free(w);
}

/* ---- Beginnings ---- */

static void data_with_the_syn_is_the_first_data(void **state)
{
    (void)state;
    struct world *w = world_new();
    reassembly_syn(&w->f, C2S, 99);
    push(w, C2S, (struct segment){.seq = 100, .b = bytes_of("early"), .flags = TCP_SYN});
    reassembly_syn(&w->f, C2S, 99); /* again */
    push(w, C2S, (struct segment){.seq = 100, .b = bytes_of("early"), .flags = TCP_SYN});
    send(w, 105, "bird");
    expect(w, "c:early c:bird ");
    world_free(w);
}

static void both_sides_may_open_at_once(void **state)
{
    (void)state;
    struct world *w = world_new();
    reassembly_syn(&w->f, C2S, 99);
    reassembly_syn(&w->f, S2C, 199);
    push(w, S2C, (struct segment){.seq = 200, .flags = TCP_SYN | TCP_ACK, .ack = 100});
    push(w, C2S, (struct segment){.seq = 100, .flags = TCP_SYN | TCP_ACK, .ack = 200});
    send(w, 100, "a");
    push(w, S2C, (struct segment){.seq = 200, .b = bytes_of("b")});
    expect(w, "c:a s:b ");
    world_free(w);
}

static void an_old_syn_changes_nothing(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1000, "abc");
    reassembly_syn(&w->f, C2S, 77777);
    send(w, 1003, "def");
    expect(w, "c:abc c:def ");
    world_free(w);
}

static void without_a_syn_the_first_segment_is_the_beginning(void **state)
{
    (void)state;
    struct world *w = world_new();
    w->f.from_start = false;
    ack(w, 500);
    send(w, 700, "abc");
    send(w, 703, "de");
    expect(w, "c:abc c:de ");
    world_free(w);
}

static void the_first_acknowledgement_stands_for_a_missing_syn(void **state)
{
    (void)state;
    struct world *w = world_new();
    reassembly_syn(&w->f, S2C, 4999); /* the connection's beginning was seen from this side */
    ack(w, 1000);
    send(w, 1003, "de");
    expect(w, "");
    send(w, 1000, "abc");
    expect(w, "c:abc c:de ");
    world_free(w);
    struct world *lost = world_new();
    reassembly_syn(&lost->f, S2C, 4999);
    ack(lost, 1000);
    ack(lost, 1050); /* of bytes that were not captured */
    send(lost, 1050, "abc");
    acks(lost, 1053, TCP_HOLE_GRACE_PACKETS + 1);
    expect(lost, "c[50] c:abc ");
    world_free(lost);
}

/* ---- Numbers ---- */

static void sequence_numbers_wrap(void **state)
{
    (void)state;
    struct world *w = world_new();
    reassembly_syn(&w->f, C2S, UINT32_MAX - 4);
    send(w, UINT32_MAX - 3, "ab");
    send(w, 2, "gh");
    send(w, UINT32_MAX - 1, "cdef");
    send(w, UINT32_MAX - 1, "cdefghi");
    expect(w, "c:ab c:cdef c:gh c:i ");
    send_fin(w, 5, "");
    expect(w, "c. ");
    world_free(w);
}

static void acknowledgements_and_holes_wrap(void **state)
{
    (void)state;
    struct world *w = world_new();
    reassembly_syn(&w->f, C2S, UINT32_MAX - 4);
    send(w, 3, "hi");
    acks(w, 5, TCP_HOLE_GRACE_PACKETS + 1);
    expect(w, "c[7] c:hi ");
    world_free(w);
}

static void a_stream_may_pass_four_gibibytes(void **state)
{
    (void)state;
    struct world *w = connected();
    uint64_t sent = 0;
    while (sent < UINT64_C(9) << 30) {
        w->quiet = true;
        send_cut(w, 1000 + (uint32_t)sent, "ab", 32 << 20);
        sent += 2 + (32 << 20);
    }
    w->quiet = false;
    assert_int_equal(w->f.side[C2S].offset, sent);
    send(w, 1000 + (uint32_t)sent + 3, "early");
    send(w, 1000 + (uint32_t)sent, "abc");
    expect(w, "c:abc c:early ");
    assert_int_equal(w->f.side[C2S].offset, sent + 8);
    world_free(w);
}

static void far_off_segments_are_strays(void **state)
{
    (void)state;
    struct world *w = connected();
    send(w, 1000, "abc");
    for (uint32_t i = 1; i < 16; i++) {
        send(w, 1003 + i * (UINT32_C(1) << 28), "evil");
    }
    send(w, 1003 + (UINT32_C(1) << 31), "evil"); /* neither before nor behind */
    assert_int_equal(w->f.side[C2S].waiting_pieces, 0);
    send(w, 1003, "def");
    expect(w, "c:abc c:def ");
    world_free(w);
}

static void a_row_of_far_segments_is_the_stream_after_a_long_loss(void **state)
{
    (void)state;
    const uint32_t jumps[] = {UINT32_C(100) << 20, UINT32_C(1) << 30, UINT32_C(3) << 30};
    for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
        struct world *w = connected();
        send(w, 1000, "abc");
        uint32_t seq = 1003 + jumps[i];
        for (int k = 0; k < TCP_STRAYS_BELIEVED - 1; k++) {
            send(w, seq++, "x");
        }
        send(w, 1003, "d"); /* the row is broken */
        for (int k = 0; k < TCP_STRAYS_BELIEVED - 1; k++) {
            send(w, seq++, "x");
        }
        assert_int_equal(w->f.side[C2S].waiting_pieces, 0);
        send(w, seq++, "y");
        send(w, seq++, "z");
        assert_int_equal(w->f.side[C2S].waiting_pieces, 2);
        finish(w);
        char text[100];
        snprintf(text, sizeof text, "c:abc c:d c[%u] c:y c:z ", seq - 2 - 1004);
        expect(w, text);
        world_free(w);
    }
}

static void a_forged_acknowledgement_does_not_hide_the_true_ones(void **state)
{
    (void)state;
    struct world *w = connected();
    ack(w, 1000 + (UINT32_C(1) << 30));
    ack(w, 1000 - (UINT32_C(1) << 30));
    send(w, 1003, "d");
    acks(w, 1000, 2 * TCP_HOLE_GRACE_PACKETS);
    expect(w, "");
    acks(w, 1004, TCP_HOLE_GRACE_PACKETS + 1);
    expect(w, "c[3] c:d ");
    world_free(w);
}

static void every_distance_of_a_segment_is_survived(void **state)
{
    (void)state;
    struct world *w = connected();
    w->quiet = true;
    for (unsigned bit = 0; bit < 32; bit++) {
        for (uint32_t around = 0; around < 5; around++) {
            uint32_t seq = w->f.side[C2S].next + (UINT32_C(1) << bit) + around - 2;
            send_cut(w, seq, "abc", around == 3 ? 65000 : 0);
            send_fin(w, seq, "");
            ack(w, seq);
            w->f.side[C2S].ended = w->f.side[C2S].fin_seen = false;
        }
    }
    finish(w);
    world_free(w);
}

/* ---- Caps ---- */

static void send_many(struct world *w, uint32_t seq, size_t n)
{
    static const uint8_t bytes[1 << 16];
    while (n > 0) {
        size_t part = n < sizeof bytes ? n : sizeof bytes;
        push(w, C2S, (struct segment){.seq = seq, .b = {bytes, part}});
        seq += (uint32_t)part;
        n -= part;
    }
}

static void too_many_bytes_behind_a_hole_give_it_up(void **state)
{
    (void)state;
    struct world *w = connected();
    w->quiet = true;
    send_many(w, 1010, TCP_WAITING_DIRECTION_MAX_BYTES);
    assert_int_equal(w->sums[C2S][1], 0);
    send_many(w, 1010 + TCP_WAITING_DIRECTION_MAX_BYTES, 1);
    assert_int_equal(w->sums[C2S][1], 10);
    assert_int_equal(w->sums[C2S][0], TCP_WAITING_DIRECTION_MAX_BYTES + 1);
    assert_int_equal(w->r.limit_hits, 1);
    world_free(w);
}

static void too_many_pieces_behind_holes_give_the_first_up(void **state)
{
    (void)state;
    struct world *w = connected();
    for (uint32_t i = 0; i < TCP_WAITING_DIRECTION_MAX_PIECES; i++) {
        send(w, 1002 + 2 * i, "x");
    }
    expect(w, "");
    send(w, 1001 + 2 * TCP_WAITING_DIRECTION_MAX_PIECES, "yz");
    expect(w, "c# c[2] c:x ");
    world_free(w);
}

static void when_all_hold_too_much_the_one_longest_idle_gives_way(void **state)
{
    (void)state;
    enum { FLOWS = 40 };
    struct world *w = connected();
    w->quiet = true;
    struct flow *flows = calloc(FLOWS, sizeof *flows);
    static const uint8_t bytes[1000];
    for (size_t i = 0; i < FLOWS; i++) {
        flows[i].last_pkt = i;
        reassembly_syn(&flows[i], C2S, 0);
    }
    uint32_t round = 0;
    while (w->r.limit_hits == 0) {
        round++;
        for (size_t i = 0; i < FLOWS && w->r.limit_hits == 0; i++) {
            size_t k = (i + 7) % FLOWS; /* the seventh is the one that was served first */
            struct segment g = {.seq = 2 + round * 2000, .b = {bytes, sizeof bytes}};
            w->sums[C2S][0] = w->sums[C2S][1] = 0;
            reassembly_push(&w->r, &flows[k], C2S, &g);
            if (w->r.limit_hits > 0) {
                assert_int_equal(flows[(k + 1) % FLOWS].side[C2S].counts.gaps, 1);
                assert_int_equal(flows[k].side[C2S].counts.gaps, 0);
            }
        }
        assert_true(w->r.waiting_bytes <= TCP_WAITING_ALL_MAX_BYTES);
        assert_true(round < 1000);
    }
    for (size_t i = 0; i < FLOWS; i++) {
        reassembly_drop(&w->r, &flows[i]);
    }
    free(flows);
    world_free(w);
}

/* ---- A model ---- */

static uint32_t draw(uint64_t *random, uint32_t below)
{
    *random = *random * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (uint32_t)((*random >> 33) % below);
}

enum { MODEL_BYTES = 1500, MODEL_SEGMENTS = 400 };

struct model {
    uint64_t random;
    uint8_t stream[MODEL_BYTES];
    bool captured[MODEL_BYTES];
    size_t at;
    bool ended;
    bool lossless;
};

static void model_data(void *ctx, struct flow *f, const struct chunk *c)
{
    (void)f;
    struct model *m = ctx;
    assert_true(c->b.n > 0 && c->b.n <= MODEL_BYTES - m->at);
    assert_memory_equal(c->b.p, m->stream + m->at, c->b.n);
    for (size_t i = 0; i < c->b.n; i++) {
        assert_true(m->captured[m->at + i]);
    }
    m->at += c->b.n;
}

static void model_gap(void *ctx, struct flow *f, enum dir d, uint64_t n, int64_t ts, uint64_t pkt)
{
    (void)f;
    (void)d;
    (void)ts;
    (void)pkt;
    struct model *m = ctx;
    assert_true(n > 0 && n <= MODEL_BYTES - m->at);
    assert_false(m->lossless);
    m->at += (size_t)n;
}

static void model_end(void *ctx, struct flow *f, enum dir dir, int64_t ts, uint64_t pkt)
{
    (void)f;
    (void)dir;
    (void)ts;
    (void)pkt;
    struct model *m = ctx;
    assert_false(m->ended);
    assert_int_equal(m->at, MODEL_BYTES);
    m->ended = true;
}

static void model_finding(void *ctx, struct flow *f, enum dir dir, enum finding_id id, uint64_t pkt)
{
    (void)ctx;
    (void)f;
    (void)dir;
    (void)id;
    (void)pkt;
    fail_msg("a finding in a stream whose copies are all the same");
}

struct cut_segment {
    uint32_t from, n, cut;
};

/* Segments that cover the stream, some cut by the snap length, then more of any kind, shuffled. */
static size_t model_segments(struct model *m, struct cut_segment *s, bool cuts, uint32_t drop)
{
    size_t n = 0;
    for (uint32_t at = 0; at < MODEL_BYTES;) {
        uint32_t len = 1 + draw(&m->random, 40);
        len = len < MODEL_BYTES - at ? len : MODEL_BYTES - at;
        if (draw(&m->random, 100) >= drop) {
            s[n++] = (struct cut_segment){at, len, 0};
        }
        at += len;
    }
    uint32_t more = draw(&m->random, 80);
    for (uint32_t i = 0; i < more; i++) {
        uint32_t from = draw(&m->random, MODEL_BYTES);
        uint32_t len = 1 + draw(&m->random, 120);
        s[n++] = (struct cut_segment){from, len < MODEL_BYTES - from ? len : MODEL_BYTES - from, 0};
    }
    for (size_t i = 0; i < n; i++) {
        if (cuts && draw(&m->random, 5) == 0) {
            s[i].cut = draw(&m->random, s[i].n + 1);
        }
    }
    uint32_t reach = 1 + draw(&m->random, (uint32_t)n);
    for (size_t i = 0; i + 1 < n; i++) {
        size_t left = n - i;
        size_t k = i + draw(&m->random, left < reach ? (uint32_t)left : reach);
        struct cut_segment t = s[i];
        s[i] = s[k];
        s[k] = t;
    }
    return n;
}

static void model_run(uint64_t seed, bool cuts, uint32_t drop, bool acknowledge)
{
    struct model *m = calloc(1, sizeof *m);
    struct flow *f = calloc(1, sizeof *f);
    struct cut_segment s[MODEL_SEGMENTS];
    struct reassembly r;
    struct reassembly_output out = {model_data, model_gap, model_end, model_finding, m};
    assert_non_null(m);
    assert_non_null(f);
    reassembly_init(&r, &out, seed);
    m->random = seed;
    m->lossless = !cuts && drop == 0 && !acknowledge;
    for (size_t i = 0; i < MODEL_BYTES; i++) {
        m->stream[i] = (uint8_t)draw(&m->random, 256);
    }
    size_t n = model_segments(m, s, cuts, drop);
    uint32_t isn = draw(&m->random, 3) == 0 ? draw(&m->random, 1 << 30) * 4 : (uint32_t)-700;
    reassembly_syn(f, C2S, isn - 1);
    uint32_t fin_at = draw(&m->random, (uint32_t)n + 1);
    uint32_t acked = 0;
    for (size_t i = 0; i <= n; i++) {
        struct segment g = {.ts = (int64_t)i, .pkt = i + 1};
        f->packets++;
        if (i == fin_at) {
            g.seq = isn + MODEL_BYTES;
            g.flags = TCP_FIN;
            reassembly_push(&r, f, C2S, &g);
        }
        if (i == n) {
            break;
        }
        g.flags = 0;
        g.seq = isn + s[i].from;
        g.cut = s[i].cut;
        g.b = (struct bytes){m->stream + s[i].from, s[i].n - s[i].cut};
        memset(m->captured + s[i].from, 1, g.b.n);
        reassembly_push(&r, f, C2S, &g);
        if (acknowledge && draw(&m->random, 3) == 0) {
            uint32_t a = draw(&m->random, MODEL_BYTES + 2);
            acked = a > acked ? a : acked;
            struct segment answer = {.ts = (int64_t)i, .flags = TCP_ACK, .ack = isn + acked};
            reassembly_push(&r, f, S2C, &answer);
        }
        assert_true(m->at == f->side[C2S].offset);
    }
    if (m->lossless) {
        assert_int_equal(m->at, MODEL_BYTES);
        assert_int_equal(r.waiting_bytes, 0);
    }
    reassembly_finish(&r, f);
    assert_true(m->ended);
    assert_int_equal(m->at, MODEL_BYTES);
    assert_int_equal(r.waiting_bytes, 0);
    assert_null(r.holders);
    reassembly_drop(&r, f);
    free(m);
    free(f);
}

static void any_order_and_overlap_gives_the_same_bytes(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 1500; seed++) {
        model_run(seed, false, 0, false);
    }
}

static void losses_are_gaps_that_add_up(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 1500; seed++) {
        model_run(seed, false, 1 + (uint32_t)(seed % 60), false);
        model_run(seed, true, (uint32_t)(seed % 30), false);
        model_run(seed, true, (uint32_t)(seed % 30), true);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_in_order_are_handed_on_at_once),
        cmocka_unit_test(early_bytes_wait_for_those_before_them),
        cmocka_unit_test(bytes_that_waited_keep_their_time_and_packet),
        cmocka_unit_test(holes_are_filled_in_any_order),
        cmocka_unit_test(duplicates_are_dropped_and_counted),
        cmocka_unit_test(a_retransmission_may_carry_new_bytes_behind),
        cmocka_unit_test(the_first_copy_wins_over_bytes_delivered),
        cmocka_unit_test(bytes_that_waited_are_compared_as_well),
        cmocka_unit_test(the_first_copy_wins_over_bytes_that_wait),
        cmocka_unit_test(a_segment_in_order_does_not_replace_bytes_that_wait),
        cmocka_unit_test(a_segment_within_those_that_wait_adds_nothing),
        cmocka_unit_test(keep_alive_probes_are_nothing),
        cmocka_unit_test(an_urgent_byte_is_left_out_of_the_stream),
        cmocka_unit_test(a_keep_alive_probe_before_the_first_byte_is_nothing),
        cmocka_unit_test(zero_window_probes_are_the_next_byte),
        cmocka_unit_test(bytes_cut_in_order_are_a_gap_at_once),
        cmocka_unit_test(bytes_cut_out_of_order_are_a_gap_in_their_turn),
        cmocka_unit_test(cut_bytes_that_come_whole_before_their_turn_are_used),
        cmocka_unit_test(bytes_that_wait_fill_what_is_cut_in_order),
        cmocka_unit_test(the_same_cut_segment_again_adds_nothing),
        cmocka_unit_test(a_late_segment_may_be_cut_in_its_new_part),
        cmocka_unit_test(a_hole_that_nobody_acknowledged_is_waited_for),
        cmocka_unit_test(an_acknowledged_hole_is_a_gap_after_some_packets),
        cmocka_unit_test(an_acknowledged_hole_is_a_gap_after_some_time),
        cmocka_unit_test(a_segment_captured_after_its_acknowledgement_is_no_loss),
        cmocka_unit_test(all_holes_that_were_acknowledged_together_go_together),
        cmocka_unit_test(only_what_was_acknowledged_of_a_hole_is_given_up),
        cmocka_unit_test(what_comes_after_its_gap_is_a_retransmission),
        cmocka_unit_test(the_end_turns_holes_into_gaps),
        cmocka_unit_test(what_was_acknowledged_and_never_seen_is_a_gap_at_the_end),
        cmocka_unit_test(the_acknowledgement_of_an_unseen_fin_is_no_gap),
        cmocka_unit_test(dropping_hands_nothing_on),
        cmocka_unit_test(a_fin_ends_its_direction),
        cmocka_unit_test(a_fin_waits_for_the_bytes_before_it),
        cmocka_unit_test(a_fin_whose_bytes_were_lost_ends_after_the_gap),
        cmocka_unit_test(a_lost_tail_before_the_fin_is_a_gap_at_the_end),
        cmocka_unit_test(data_after_the_fin_is_dropped),
        cmocka_unit_test(a_fin_before_known_bytes_is_not_believed),
        cmocka_unit_test(a_fin_far_off_is_not_believed),
        cmocka_unit_test(data_with_the_syn_is_the_first_data),
        cmocka_unit_test(both_sides_may_open_at_once),
        cmocka_unit_test(an_old_syn_changes_nothing),
        cmocka_unit_test(without_a_syn_the_first_segment_is_the_beginning),
        cmocka_unit_test(the_first_acknowledgement_stands_for_a_missing_syn),
        cmocka_unit_test(sequence_numbers_wrap),
        cmocka_unit_test(acknowledgements_and_holes_wrap),
        cmocka_unit_test(a_stream_may_pass_four_gibibytes),
        cmocka_unit_test(far_off_segments_are_strays),
        cmocka_unit_test(a_row_of_far_segments_is_the_stream_after_a_long_loss),
        cmocka_unit_test(a_forged_acknowledgement_does_not_hide_the_true_ones),
        cmocka_unit_test(every_distance_of_a_segment_is_survived),
        cmocka_unit_test(too_many_bytes_behind_a_hole_give_it_up),
        cmocka_unit_test(too_many_pieces_behind_holes_give_the_first_up),
        cmocka_unit_test(when_all_hold_too_much_the_one_longest_idle_gives_way),
        cmocka_unit_test(any_order_and_overlap_gives_the_same_bytes),
        cmocka_unit_test(losses_are_gaps_that_add_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
