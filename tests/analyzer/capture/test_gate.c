/* Packets that wait until it is known whose they are. */
#include "analyzer/capture/gate.h"
#include "analyzer/limits.h"
#include "lib/packet_build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <pcap/dlt.h>
#include <stdio.h>
#include <string.h>

#define MS INT64_C(1000000)
#define START (1000 * SECOND_NS)

struct gating {
    struct tls_secrets *secrets;
    struct gate *gate;
    struct packet out[64];
    char log[512]; /* numbers of the packets that passed */
};

static void begin(struct gating *t)
{
    *t = (struct gating){.secrets = tls_secrets_new(1)};
    t->gate = gate_new(7, t->secrets);
    assert_non_null(t->gate);
}

static void end(struct gating *t)
{
    gate_free(t->gate);
    tls_secrets_free(t->secrets);
}

/* A packet of the connection from this port, `ms` after the start. */
static void add(struct gating *t, unsigned port, bool answer, uint64_t no, int64_t ms,
                struct bytes payload)
{
    static struct build b;
    build_start(&b, payload);
    build_tcp(&b, &(struct build_tcp){.from = answer ? 443 : (uint16_t)port,
                                      .to = answer ? (uint16_t)port : 443,
                                      .flags = TCP_ACK});
    build_ip4(&b, answer ? "10.0.0.2" : "10.0.0.1", answer ? "10.0.0.1" : "10.0.0.2", 6);
    build_eth(&b, BUILD_IP4);
    struct packet p = build_packet(&b, DLT_EN10MB, START + ms * MS, no);
    gate_add(t->gate, &p);
}

static struct flow_key key_of(unsigned port)
{
    struct flow_key k = {.ip = {{10, 0, 0, 1}, {10, 0, 0, 2}},
                         .port = {(uint16_t)port, 443},
                         .vlan = {0xffff, 0xffff},
                         .family = 4};
    return k;
}

static void admit(struct gating *t, unsigned port)
{
    struct flow_key k = key_of(port);
    gate_admit(t->gate, &k);
}

static const char *taken(struct gating *t, size_t max)
{
    size_t n = gate_take(t->gate, t->out, max);
    size_t at = 0;
    t->log[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        at += (size_t)snprintf(t->log + at, sizeof t->log - at, "%llu ",
                               (unsigned long long)t->out[i].no);
    }
    return t->log;
}

static void packets_wait_for_word_and_keep_their_order(void **state)
{
    struct gating t;
    struct bytes none = {0};
    (void)state;
    begin(&t);
    add(&t, 1000, false, 1, 0, none);
    add(&t, 2000, false, 2, 1, none);
    add(&t, 1000, true, 3, 2, none);
    assert_string_equal(taken(&t, 64), "");
    admit(&t, 1000);
    assert_string_equal(taken(&t, 64), "1 "); /* 2 may still be wanted, and comes before 3 */
    admit(&t, 2000);
    assert_string_equal(taken(&t, 64), "2 3 ");
    add(&t, 2000, true, 4, 500, none);
    assert_string_equal(taken(&t, 64), "4 ");
    assert_int_equal(gate_refused(t.gate), 0);
    end(&t);
}

static void what_nobody_wants_is_refused_once_it_had_its_time(void **state)
{
    struct gating t;
    struct bytes none = {0};
    (void)state;
    begin(&t);
    add(&t, 2000, false, 1, 0, none);
    add(&t, 1000, false, 2, 1, none);
    admit(&t, 1000);
    gate_told_until(t.gate, START + GATE_WAIT_NS - 1);
    assert_string_equal(taken(&t, 64), "");
    gate_told_until(t.gate, START + GATE_WAIT_NS);
    assert_string_equal(taken(&t, 64), "2 ");
    assert_int_equal(gate_refused(t.gate), 1);
    gate_told_until(t.gate, INT64_MAX);
    add(&t, 3000, false, 3, 2, none);
    assert_string_equal(taken(&t, 64), "");
    assert_int_equal(gate_refused(t.gate), 2);
    end(&t);
}

static void who_asks_for_few_gets_the_rest_later(void **state)
{
    struct gating t;
    (void)state;
    begin(&t);
    admit(&t, 1000);
    for (uint64_t i = 1; i <= 5; i++) {
        add(&t, 1000, i % 2, i, (int64_t)i, bytes_of("content"));
    }
    assert_string_equal(taken(&t, 2), "1 2 ");
    assert_string_equal(taken(&t, 2), "3 4 ");
    struct bytes last = bytes_from(t.out[1].b, t.out[1].b.n - 7);
    assert_true(bytes_equal(last, bytes_of("content")));
    assert_string_equal(taken(&t, 2), "5 ");
    end(&t);
}

static void a_client_hello_whose_keys_are_logged_is_the_programs(void **state)
{
    static const char log[] =
        "CLIENT_RANDOM 4242424242424242424242424242424242424242424242424242424242424242 "
        "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
        "000102030405060708090a0b0c0d0e0f\n";
    uint8_t hello[5 + 4 + 2 + 32 + 32] = {22, 3, 1, 0, 70, 1, 0, 0, 66, 3, 3};
    struct gating t;
    (void)state;
    memset(hello + 11, 0x42, 32);
    begin(&t);
    add(&t, 1000, false, 1, 0, (struct bytes){0});
    add(&t, 1000, false, 2, 1, (struct bytes){hello, sizeof hello});
    hello[11] = 0x41;
    add(&t, 2000, false, 3, 2, (struct bytes){hello, sizeof hello});
    assert_string_equal(taken(&t, 64), "");
    tls_secrets_add(t.secrets, bytes_of(log));
    assert_string_equal(taken(&t, 64), "1 2 ");
    gate_told_until(t.gate, INT64_MAX);
    assert_string_equal(taken(&t, 64), "");
    assert_int_equal(gate_refused(t.gate), 1);
    end(&t);
}

static void what_waits_is_bounded(void **state)
{
    static uint8_t load[1400];
    struct gating t;
    uint64_t n = GATE_HELD_MAX_BYTES / sizeof load + 1000;
    (void)state;
    begin(&t);
    for (uint64_t i = 1; i <= n; i++) {
        add(&t, 2000, false, i, 0, (struct bytes){load, sizeof load});
    }
    assert_in_range(gate_refused(t.gate), 1000, 6000);
    end(&t);
}

static void what_is_no_tcp_does_not_pass(void **state)
{
    static struct build b;
    struct gating t;
    (void)state;
    begin(&t);
    build_start(&b, bytes_of("datagram"));
    build_udp(&b, 1000, 443);
    build_ip4(&b, "10.0.0.1", "10.0.0.2", 17);
    build_eth(&b, BUILD_IP4);
    struct packet p = build_packet(&b, DLT_EN10MB, START, 1);
    admit(&t, 1000);
    gate_add(t.gate, &p);
    assert_string_equal(taken(&t, 64), "");
    assert_int_equal(gate_refused(t.gate), 1);
    end(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(packets_wait_for_word_and_keep_their_order),
        cmocka_unit_test(what_nobody_wants_is_refused_once_it_had_its_time),
        cmocka_unit_test(who_asks_for_few_gets_the_rest_later),
        cmocka_unit_test(a_client_hello_whose_keys_are_logged_is_the_programs),
        cmocka_unit_test(what_waits_is_bounded),
        cmocka_unit_test(what_is_no_tcp_does_not_pass),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
