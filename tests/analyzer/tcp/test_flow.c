/* The flow table. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyzer/limits.h"
#include "analyzer/tcp/flow.h"

#include "decoders/base/pool.h"

#include <stdlib.h>

#define SEED UINT64_C(0x1234567890abcdef)
#define NEVER 100000 /* flows that no test reaches */

/* Who was told to go, in order. */
struct farewell {
    size_t n;
    uint64_t pkt[64]; /* first_pkt */
    enum flow_gone how[64];
};

static struct slab_heap heap;

static void on_gone(void *ctx, struct flow *f, enum flow_gone how)
{
    struct farewell *w = ctx;
    if (w->n < 64) {
        w->pkt[w->n] = f->first_pkt;
        w->how[w->n] = how;
    }
    w->n++;
}

static struct flow_key key_of(uint32_t a, uint16_t port_a, uint32_t b, uint16_t port_b)
{
    struct flow_key k = {.port = {port_a, port_b}, .vlan = {0xffff, 0xffff}, .family = 4};
    memcpy(k.ip[0], &a, 4);
    memcpy(k.ip[1], &b, 4);
    return k;
}

static struct flow_key turned(struct flow_key k)
{
    struct flow_key t = k;
    memcpy(t.ip[0], k.ip[1], 16);
    memcpy(t.ip[1], k.ip[0], 16);
    t.port[0] = k.port[1];
    t.port[1] = k.port[0];
    return t;
}

static struct flow_key numbered(uint32_t i)
{
    return key_of(0x0a000000 + i / 50000, (uint16_t)(i % 50000), 0xc0a80001, 443);
}

static struct flow *add(struct flow_table *t, struct flow_key k, uint64_t pkt)
{
    struct flow *f = flow_add(t, &k, flow_hash(t, &k));
    assert_non_null(f);
    f->first_pkt = pkt;
    return f;
}

static struct flow *find(const struct flow_table *t, struct flow_key k, enum dir *dir)
{
    return flow_find(t, &k, flow_hash(t, &k), dir);
}

static void done(struct flow_table *t)
{
    flow_table_free(t);
    slab_heap_free(&heap);
}

/* A packet of the flow at this time. */
static void touch(struct flow_table *t, struct flow *f, int64_t ts)
{
    flow_clock(t, ts);
    f->last_ts = flow_now(t);
}

static void both_directions_find_the_flow(void **state)
{
    (void)state;
    struct flow_table *t = flow_table_new(SEED, NEVER, &heap, on_gone, NULL);
    struct flow_key k = key_of(1, 1000, 2, 80);
    struct flow *f = add(t, k, 1);
    enum dir d = DIR_SERVER_TO_CLIENT;
    assert_ptr_equal(find(t, k, &d), f);
    assert_int_equal(d, DIR_CLIENT_TO_SERVER);
    assert_ptr_equal(find(t, turned(k), &d), f);
    assert_int_equal(d, DIR_SERVER_TO_CLIENT);
    assert_null(find(t, key_of(1, 80, 2, 1000), &d)); /* the ports at the wrong ends */
    assert_null(find(t, key_of(1, 1001, 2, 80), &d));
    assert_null(find(t, key_of(1, 1000, 3, 80), &d));
    struct flow *mirror = add(t, key_of(1, 80, 2, 1000), 2);
    assert_ptr_equal(find(t, k, &d), f);
    assert_ptr_equal(find(t, key_of(2, 1000, 1, 80), &d), mirror);
    done(t);
}

static void a_connection_to_oneself_has_one_flow(void **state)
{
    (void)state;
    struct flow_table *t = flow_table_new(SEED, NEVER, &heap, on_gone, NULL);
    struct flow_key k = key_of(7, 1000, 7, 2000);
    struct flow *f = add(t, k, 1);
    enum dir d;
    assert_ptr_equal(find(t, turned(k), &d), f);
    assert_int_equal(d, DIR_SERVER_TO_CLIENT);
    done(t);
}

static void every_part_of_the_scope_separates_flows(void **state)
{
    (void)state;
    struct flow_table *t = flow_table_new(SEED, NEVER, &heap, on_gone, NULL);
    struct flow_key k[7];
    for (int i = 0; i < 7; i++) {
        k[i] = key_of(1, 1000, 2, 80);
    }
    k[1].vlan[0] = 5;
    k[2].vlan[0] = 5;
    k[2].vlan[1] = 6;
    k[3].tunnel = 77;
    k[4].depth = 1;
    k[5].family = 6;
    k[6].tunnel = 78;
    struct flow *f[7];
    for (int i = 0; i < 7; i++) {
        enum dir d;
        assert_null(find(t, k[i], &d));
        f[i] = add(t, k[i], (uint64_t)i);
    }
    for (int i = 0; i < 7; i++) {
        enum dir d;
        assert_ptr_equal(find(t, turned(k[i]), &d), f[i]);
    }
    done(t);
}

static void a_new_flow_is_zeroed_even_where_an_old_one_was(void **state)
{
    (void)state;
    struct flow_table *t = flow_table_new(SEED, NEVER, &heap, on_gone, NULL);
    for (uint32_t i = 0; i < 200; i++) {
        struct flow *f = add(t, numbered(i), i);
        assert_int_equal(f->packets, 0);
        assert_false(f->side[1].started);
        assert_int_equal(f->first_fin, -1);
        assert_int_equal(f->syn_rtt, -1);
        f->packets = 9;
        f->side[1].started = true;
        if (i % 3 != 0) {
            flow_remove(t, f);
        }
    }
    done(t);
}

static void many_flows_come_and_go(void **state)
{
    (void)state;
    enum { MANY = 300000 };
    struct flow_table *t = flow_table_new(SEED, MANY, &heap, on_gone, NULL);
    struct flow **all = malloc(MANY * sizeof *all);
    assert_non_null(all);
    for (uint32_t i = 0; i < MANY; i++) {
        all[i] = add(t, numbered(i), i);
    }
    assert_int_equal(flow_count(t), MANY);
    enum dir d;
    for (uint32_t i = 0; i < MANY; i++) {
        assert_ptr_equal(find(t, numbered(i), &d), all[i]);
        if (i % 3 != 1) {
            flow_remove(t, all[i]);
        }
    }
    assert_int_equal(flow_count(t), MANY / 3);
    assert_int_equal(flow_peak(t), MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        assert_ptr_equal(find(t, turned(numbered(i)), &d), i % 3 == 1 ? all[i] : NULL);
    }
    free(all);
    done(t);
}

/* Keys that someone would choose who knows the code, but not the seed. */
static void keys_cannot_be_chosen_to_collide(void **state)
{
    (void)state;
    enum { KEYS = 4096 };
    struct flow_table *t = flow_table_new(SEED, NEVER, &heap, on_gone, NULL);
    uint32_t *seen = calloc(65536, sizeof *seen);
    assert_non_null(seen);
    for (int kind = 0; kind < 5; kind++) {
        memset(seen, 0, 65536 * sizeof *seen);
        uint32_t most = 0;
        for (uint32_t i = 0; i < KEYS; i++) {
            struct flow_key k = key_of(1, 1000, 2, 443);
            uint64_t low = i;
            k.family = 6;
            if (kind == 0) { /* the address makes up for the port */
                k.port[0] = (uint16_t)i;
                memcpy(k.ip[0] + 8, &low, 8);
            } else if (kind == 1) { /* ports of the same sum */
                k.port[0] = (uint16_t)i;
                k.port[1] = (uint16_t)(KEYS - 1 - i);
            } else if (kind == 2) { /* ports of the same difference */
                k.port[0] = (uint16_t)i;
                k.port[1] = (uint16_t)~i;
            } else if (kind == 3) { /* addresses of the same sum */
                uint64_t other = KEYS - i;
                memcpy(k.ip[0], &low, 8);
                memcpy(k.ip[1], &other, 8);
            } else { /* the scope */
                k.vlan[1] = (uint16_t)i;
                k.tunnel = ~i;
            }
            uint32_t n = ++seen[flow_hash(t, &k) % 65536];
            most = n > most ? n : most;
        }
        assert_true(most < 8);
    }
    free(seen);
    done(t);
}

static void idle_flows_go_by_packet_time(void **state)
{
    (void)state;
    struct farewell w = {0};
    struct flow_table *t = flow_table_new(SEED, NEVER, &heap, on_gone, &w);
    int64_t start = 1700000000 * SECOND_NS;
    flow_clock(t, start);
    struct flow *empty = add(t, numbered(1), 1);
    struct flow *used = add(t, numbered(2), 2);
    struct flow *busy = add(t, numbered(3), 3);
    used->had_data = busy->had_data = true;
    (void)empty;
    int64_t now = start;
    for (; now < start + TCP_IDLE_EMPTY_NS - SECOND_NS; now += SECOND_NS) {
        touch(t, busy, now);
    }
    assert_int_equal(w.n, 0);
    for (; now < start + TCP_IDLE_NS - SECOND_NS; now += SECOND_NS) {
        touch(t, busy, now);
    }
    assert_int_equal(w.n, 1);
    assert_int_equal(w.pkt[0], 1);
    assert_int_equal(w.how[0], FLOW_GONE_IDLE);
    for (; now < start + TCP_IDLE_NS + 3 * SECOND_NS; now += SECOND_NS) {
        touch(t, busy, now);
    }
    assert_int_equal(w.n, 2);
    assert_int_equal(w.pkt[1], 2);
    int64_t last = now;
    for (; now < last + TCP_IDLE_NS + 3 * SECOND_NS; now += 50 * SECOND_NS) {
        flow_clock(t, now);
    }
    assert_int_equal(w.n, 3);
    assert_int_equal(flow_count(t), 0);
    done(t);
}

static void one_bogus_time_stamp_ends_nothing(void **state)
{
    (void)state;
    struct farewell w = {0};
    struct flow_table *t = flow_table_new(SEED, NEVER, &heap, on_gone, &w);
    int64_t now = 1700000000 * SECOND_NS;
    flow_clock(t, now);
    add(t, numbered(1), 1);
    const int64_t bogus[] = {
        now + 400 * 86400 * SECOND_NS, INT64_MAX, INT64_MAX / 2, 0, -1, INT64_MIN,
        now - 400 * 86400 * SECOND_NS};
    for (size_t i = 0; i < sizeof bogus / sizeof bogus[0]; i++) {
        flow_clock(t, bogus[i]);
        assert_int_equal(flow_now(t), now);
        flow_clock(t, now += SECOND_NS);
        assert_int_equal(flow_now(t), now);
    }
    assert_int_equal(w.n, 0);
    flow_clock(t, INT64_MAX); /* twice is no better where no clock can be */
    flow_clock(t, INT64_MAX);
    assert_int_equal(flow_now(t), now);
    done(t);
}

static void a_jump_ahead_that_a_second_packet_shares_is_believed(void **state)
{
    (void)state;
    struct farewell w = {0};
    struct flow_table *t = flow_table_new(SEED, NEVER, &heap, on_gone, &w);
    int64_t now = 1700000000 * SECOND_NS;
    flow_clock(t, now);
    for (uint32_t i = 0; i < 20; i++) {
        add(t, numbered(i), i);
    }
    flow_clock(t, now + 10000 * SECOND_NS);
    assert_int_equal(w.n, 0);
    flow_clock(t, now + 10001 * SECOND_NS);
    assert_int_equal(flow_now(t), now + 10000 * SECOND_NS);
    assert_int_equal(w.n, 20);
    done(t);
}

static void a_jump_ahead_that_a_steady_clock_does_not_share_is_a_step(void **state)
{
    (void)state;
    struct farewell w = {0};
    struct flow_table *t = flow_table_new(SEED, NEVER, &heap, on_gone, &w);
    int64_t ts = 1700000000 * SECOND_NS, steady = 77 * SECOND_NS;
    flow_steady_clock(t, steady);
    flow_clock(t, ts);
    add(t, numbered(1), 1);
    for (int i = 0; i < 3; i++) { /* set ahead by a day, three times */
        flow_steady_clock(t, steady += SECOND_NS);
        ts += 86401 * SECOND_NS;
        flow_clock(t, ts);
        flow_clock(t, ts += SECOND_NS / 100);
    }
    assert_int_equal(w.n, 0);
    assert_int_equal(flow_now(t) / SECOND_NS, 1700000003);
    flow_steady_clock(t, steady += 3 * 3600 * SECOND_NS); /* and now nothing came for hours */
    ts += 3 * 3600 * SECOND_NS;
    flow_clock(t, ts);
    flow_clock(t, ts + SECOND_NS / 100);
    assert_int_equal(w.n, 1);
    done(t);
}

static void a_clock_that_was_set_back_goes_on(void **state)
{
    (void)state;
    struct farewell w = {0};
    struct flow_table *t = flow_table_new(SEED, NEVER, &heap, on_gone, &w);
    int64_t real = 1700000000 * SECOND_NS;
    flow_clock(t, real);
    add(t, numbered(1), 1);
    real -= 86400 * SECOND_NS;
    int64_t before = flow_now(t);
    for (int i = 0; i < 300; i++) {
        flow_clock(t, real += SECOND_NS / 100);
        assert_true(flow_now(t) >= before);
    }
    assert_int_equal(w.n, 0);
    for (int i = 0; i < 7000; i++) { /* a minute later the empty connection is over */
        flow_clock(t, real += SECOND_NS / 100);
    }
    assert_int_equal(w.n, 1);
    assert_true(flow_now(t) - before < 80 * SECOND_NS);
    done(t);
}

static void small_steps_back_do_not_matter(void **state)
{
    (void)state;
    struct flow_table *t = flow_table_new(SEED, NEVER, &heap, on_gone, NULL);
    int64_t now = 1700000000 * SECOND_NS;
    flow_clock(t, now);
    for (int i = 0; i < 2000; i++) {
        flow_clock(t, now - SECOND_NS);
        assert_int_equal(flow_now(t), now);
    }
    flow_clock(t, now + 5);
    assert_int_equal(flow_now(t), now + 5);
    done(t);
}

static void a_full_table_evicts_the_longest_idle(void **state)
{
    (void)state;
    struct farewell w = {0};
    struct flow_table *t = flow_table_new(SEED, 10, &heap, on_gone, &w);
    int64_t now = 1700000000 * SECOND_NS;
    struct flow *f[10];
    for (uint32_t i = 0; i < 10; i++) {
        flow_clock(t, now += 2 * SECOND_NS);
        f[i] = add(t, numbered(i), i);
        f[i]->had_data = true;
    }
    for (int i = 0; i < 10; i += 2) { /* the even ones are busy later */
        touch(t, f[i], now += 2 * SECOND_NS);
    }
    for (uint32_t i = 0; i < 12; i++) {
        flow_clock(t, now += 2 * SECOND_NS);
        struct flow *young = add(t, numbered(100 + i), 100 + i);
        young->had_data = true;
    }
    const uint64_t order[] = {1, 3, 5, 7, 9, 0, 2, 4, 6, 8, 100, 101};
    assert_int_equal(w.n, 12);
    for (int i = 0; i < 12; i++) {
        assert_int_equal(w.pkt[i], order[i]);
        assert_int_equal(w.how[i], FLOW_GONE_EVICTED);
    }
    assert_int_equal(flow_count(t), 10);
    done(t);
}

static void within_one_second_the_oldest_is_evicted_first(void **state)
{
    (void)state;
    struct farewell w = {0};
    struct flow_table *t = flow_table_new(SEED, 10, &heap, on_gone, &w);
    flow_clock(t, 1700000000 * SECOND_NS);
    for (uint32_t i = 0; i < 30; i++) {
        add(t, numbered(i), i);
    }
    assert_int_equal(w.n, 20);
    for (uint32_t i = 0; i < 20; i++) {
        assert_int_equal(w.pkt[i], i);
    }
    done(t);
}

static void within_one_second_those_that_say_something_outlive_those_that_do_not(void **state)
{
    (void)state;
    struct farewell w = {0};
    struct flow_table *t = flow_table_new(SEED, 10, &heap, on_gone, &w);
    int64_t now = 1700000000 * SECOND_NS;
    flow_clock(t, now);
    struct flow *busy = add(t, numbered(0), 0);
    for (uint32_t i = 1; i < 50; i++) { /* a flood of others, all within 50 ms */
        touch(t, busy, now += SECOND_NS / 1000);
        add(t, numbered(i), i);
    }
    assert_int_equal(w.n, 40);
    for (size_t i = 0; i < w.n; i++) {
        assert_int_equal(w.pkt[i], i + 1);
    }
    done(t);
}

static void connections_without_data_are_evicted_before_those_with(void **state)
{
    (void)state;
    struct farewell w = {0};
    struct flow_table *t = flow_table_new(SEED, 4, &heap, on_gone, &w);
    int64_t now = 1700000000 * SECOND_NS;
    for (uint32_t i = 0; i < 4; i++) {
        flow_clock(t, now += SECOND_NS);
        add(t, numbered(i), i)->had_data = i < 3;
    }
    for (uint32_t i = 4; i < 40; i++) { /* a flood */
        flow_clock(t, now += SECOND_NS);
        add(t, numbered(i), i);
        assert_int_equal(w.pkt[w.n - 1], i - 1);
    }
    done(t);
}

struct visit {
    struct flow_table *t;
    size_t n;
    uint64_t pkt[100];
    bool remove;
};

static void on_visit(void *ctx, struct flow *f)
{
    struct visit *v = ctx;
    v->pkt[v->n++] = f->first_pkt;
    if (v->remove && v->n % 2 == 0) {
        flow_remove(v->t, f);
    }
}

static void flows_are_visited_in_the_order_they_came(void **state)
{
    (void)state;
    struct flow_table *t = flow_table_new(SEED, NEVER, &heap, on_gone, NULL);
    for (uint32_t i = 0; i < 100; i++) {
        add(t, numbered(i * 977 % 50000), i);
    }
    struct visit v = {.t = t, .remove = true};
    flow_each(t, on_visit, &v);
    assert_int_equal(v.n, 100);
    for (uint64_t i = 0; i < 100; i++) {
        assert_int_equal(v.pkt[i], i);
    }
    assert_int_equal(flow_count(t), 50);
    v = (struct visit){.t = t};
    flow_each(t, on_visit, &v);
    assert_int_equal(v.n, 50);
    for (uint64_t i = 0; i < 50; i++) {
        assert_int_equal(v.pkt[i], 2 * i);
    }
    done(t);
}

/* Everything at once, against a list that does the same slowly. */
static void a_random_life_agrees_with_a_simple_model(void **state)
{
    (void)state;
    enum { KEYS = 2000, STEPS = 60000 };
    struct farewell w = {0};
    struct flow_table *t = flow_table_new(SEED, NEVER, &heap, on_gone, &w);
    struct flow *there[KEYS] = {0};
    int64_t seen[KEYS] = {0};
    int64_t now = 1700000000 * SECOND_NS;
    uint32_t x = 5;
    size_t count = 0;
    for (int step = 0; step < STEPS; step++) {
        x = x * 1664525 + 1013904223;
        uint32_t i = (x >> 8) % (step % 2 == 0 ? KEYS : KEYS / 10); /* most are idle at times */
        flow_clock(t, now += SECOND_NS / 50);
        enum dir d;
        struct flow *f = find(t, numbered(i), &d);
        if (there[i] != NULL && now - seen[i] < TCP_IDLE_EMPTY_NS) {
            assert_ptr_equal(f, there[i]);
        }
        if (f != NULL) {
            f->last_ts = now;
            if (x >> 30 == 0) {
                flow_remove(t, f);
                f = NULL;
                count--;
            }
        } else {
            f = add(t, numbered(i), i);
            count++;
        }
        there[i] = f;
        seen[i] = now;
        assert_int_equal(flow_count(t), count - w.n);
    }
    assert_true(w.n > 1000);
    done(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_directions_find_the_flow),
        cmocka_unit_test(a_connection_to_oneself_has_one_flow),
        cmocka_unit_test(every_part_of_the_scope_separates_flows),
        cmocka_unit_test(a_new_flow_is_zeroed_even_where_an_old_one_was),
        cmocka_unit_test(many_flows_come_and_go),
        cmocka_unit_test(keys_cannot_be_chosen_to_collide),
        cmocka_unit_test(idle_flows_go_by_packet_time),
        cmocka_unit_test(one_bogus_time_stamp_ends_nothing),
        cmocka_unit_test(a_jump_ahead_that_a_second_packet_shares_is_believed),
        cmocka_unit_test(a_jump_ahead_that_a_steady_clock_does_not_share_is_a_step),
        cmocka_unit_test(a_clock_that_was_set_back_goes_on),
        cmocka_unit_test(small_steps_back_do_not_matter),
        cmocka_unit_test(a_full_table_evicts_the_longest_idle),
        cmocka_unit_test(within_one_second_the_oldest_is_evicted_first),
        cmocka_unit_test(within_one_second_those_that_say_something_outlive_those_that_do_not),
        cmocka_unit_test(connections_without_data_are_evicted_before_those_with),
        cmocka_unit_test(flows_are_visited_in_the_order_they_came),
        cmocka_unit_test(a_random_life_agrees_with_a_simple_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
