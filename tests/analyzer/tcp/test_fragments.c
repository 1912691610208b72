/*
 * IP fragments: order, overlaps, limits, time.
 */
#include "analyzer/tcp/fragments.h"
#include "lib/packet_build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define SECOND_NS INT64_C(1000000000)

static struct fragments *fragments;
static struct ip_fragment whole;

static int set_up(void **state)
{
    (void)state;
    fragments = fragments_new();
    return fragments == NULL;
}

static int tear_down(void **state)
{
    (void)state;
    fragments_free(fragments);
    return 0;
}

static struct ip_fragment piece(uint8_t family, uint32_t id, uint32_t offset, const char *text,
                                bool more)
{
    return (struct ip_fragment){.key = {.family = family, .vlan = {0xffff, 0xffff}},
                                .layers = LAYER_FRAGMENTED,
                                .id = id,
                                .offset = offset,
                                .protocol = 6,
                                .more = more,
                                .b = bytes_of(text)};
}

static enum fragments_result push_at(const struct ip_fragment *f, int64_t ts)
{
    /* in memory of its own size, and gone after the call */
    uint8_t *copy = malloc(f->b.n ? f->b.n : 1);
    struct ip_fragment g = *f;
    assert_non_null(copy);
    memcpy(copy, f->b.p, f->b.n);
    g.b.p = copy;
    enum fragments_result r = fragments_push(fragments, &g, ts, 7, &whole);
    free(copy);
    return r;
}

static enum fragments_result push4(uint32_t offset, const char *text, bool more)
{
    struct ip_fragment f = piece(4, 1, offset, text, more);
    return push_at(&f, 0);
}

static enum fragments_result push6(uint32_t offset, const char *text, bool more)
{
    struct ip_fragment f = piece(6, 1, offset, text, more);
    return push_at(&f, 0);
}

static void check_whole(const char *text)
{
    assert_true(bytes_equal(whole.b, bytes_of(text)));
    assert_int_equal(whole.cut, 0);
    assert_int_equal(whole.offset, 0);
    assert_false(whole.more);
    assert_true(whole.layers & LAYER_FRAGMENTED);
}

static void fragments_in_any_order_make_the_datagram(void **state)
{
    (void)state;
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const char *const texts[] = {"01234567", "abcdefgh", "xyz"};
    for (uint8_t family = 4; family <= 6; family = (uint8_t)(family + 2)) {
        for (uint32_t i = 0; i < 6; i++) {
            for (int k = 0; k < 3; k++) {
                uint32_t at = (uint32_t)orders[i][k];
                struct ip_fragment f = piece(family, i, at * 8, texts[at], at != 2);
                assert_int_equal(push_at(&f, 0), k == 2 ? FRAGMENTS_COMPLETE : FRAGMENTS_WAITING);
            }
            check_whole("01234567abcdefghxyz");
        }
    }
    assert_int_equal(fragments_dropped(fragments), 0);
    assert_int_equal(fragments_counts(fragments).complete, 12);
}

static void datagrams_of_different_keys_do_not_mix(void **state)
{
    (void)state;
    struct ip_fragment first[5];
    for (size_t i = 0; i < 5; i++) {
        first[i] = piece(4, 1, 0, "01234567", true);
    }
    first[1].id = 2;
    first[2].key.ip[0][0] = 9;
    first[3].protocol = 17;
    first[4].key.vlan[0] = 5;
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(push_at(&first[i], 0), FRAGMENTS_WAITING);
    }
    for (size_t i = 0; i < 5; i++) {
        struct ip_fragment last = first[i];
        last.offset = 8;
        last.more = false;
        last.b = bytes_of("x");
        assert_int_equal(push_at(&last, 0), FRAGMENTS_COMPLETE);
        check_whole("01234567x");
        assert_memory_equal(&whole.key, &first[i].key, sizeof whole.key);
        assert_int_equal(whole.protocol, first[i].protocol);
    }
}

static void the_first_fragment_of_ipv6_names_the_protocol(void **state)
{
    (void)state;
    struct ip_fragment last = piece(6, 1, 8, "x", false);
    last.protocol = 59;
    assert_int_equal(push_at(&last, 0), FRAGMENTS_WAITING);
    assert_int_equal(push6(0, "01234567", true), FRAGMENTS_COMPLETE);
    assert_int_equal(whole.protocol, 6);
}

static void exact_duplicates_are_no_overlap(void **state)
{
    (void)state;
    assert_int_equal(push4(0, "01234567", true), FRAGMENTS_WAITING);
    assert_int_equal(push4(0, "01234567", true), FRAGMENTS_WAITING);
    assert_int_equal(push4(8, "x", false), FRAGMENTS_COMPLETE);
    assert_int_equal(push6(0, "01234567", true), FRAGMENTS_WAITING);
    assert_int_equal(push6(0, "01234567", true), FRAGMENTS_WAITING);
    assert_int_equal(push6(8, "x", false), FRAGMENTS_COMPLETE);
    check_whole("01234567x");
}

static void the_first_copy_wins_in_ipv4(void **state)
{
    (void)state;
    assert_int_equal(push4(8, "abcdefgh", true), FRAGMENTS_WAITING);
    assert_int_equal(push4(0, "01234567ABCDEFGHijklmnop", true), FRAGMENTS_OVERLAP);
    assert_int_equal(push4(16, "ijklmnop", true), FRAGMENTS_WAITING); /* the same bytes */
    assert_int_equal(push4(16, "ijklmnop!!", false), FRAGMENTS_COMPLETE);
    check_whole("01234567abcdefghijklmnop!!");
}

static void an_overlap_can_complete_a_datagram(void **state)
{
    (void)state;
    assert_int_equal(push4(0, "01234567", true), FRAGMENTS_WAITING);
    assert_int_equal(push4(0, "########x", false), FRAGMENTS_COMPLETE_OVERLAP);
    check_whole("01234567x");
}

static void an_overlap_ends_an_ipv6_datagram_for_good(void **state)
{
    (void)state;
    assert_int_equal(push6(0, "01234567abcdefgh", true), FRAGMENTS_WAITING);
    assert_int_equal(push6(8, "abcdefgh", true), FRAGMENTS_OVERLAP);
    assert_int_equal(push6(16, "x", false), FRAGMENTS_WAITING);
    assert_int_equal(push6(0, "01234567abcdefgh", true), FRAGMENTS_WAITING);
    assert_int_equal(fragments_dropped(fragments), 4);
    assert_int_equal(fragments_counts(fragments).overlapping.datagrams, 1);
    assert_int_equal(fragments_counts(fragments).overlapping.first_pkt, 7);
    assert_int_equal(fragments_counts(fragments).complete, 0);
    struct ip_fragment later = piece(6, 1, 0, "01234567", true);
    assert_int_equal(push_at(&later, 31 * SECOND_NS), FRAGMENTS_WAITING);
    later = piece(6, 1, 8, "x", false);
    assert_int_equal(push_at(&later, 31 * SECOND_NS), FRAGMENTS_COMPLETE);
}

static void an_end_that_moves_is_a_contradiction(void **state)
{
    (void)state;
    assert_int_equal(push4(8, "xy", false), FRAGMENTS_WAITING);
    assert_int_equal(push4(8, "x", false), FRAGMENTS_OVERLAP);
    assert_int_equal(push4(16, "12345678", true), FRAGMENTS_OVERLAP);
    assert_int_equal(push4(0, "01234567", true), FRAGMENTS_COMPLETE);
    check_whole("01234567xy");
    assert_int_equal(push6(16, "12345678", true), FRAGMENTS_WAITING);
    assert_int_equal(push6(0, "12345678", false), FRAGMENTS_OVERLAP);
}

static void cut_fragments_make_a_cut_datagram(void **state)
{
    (void)state;
    struct ip_fragment f = piece(4, 1, 0, "01234", true);
    f.cut = 3;
    assert_int_equal(push_at(&f, 0), FRAGMENTS_WAITING);
    assert_int_equal(push4(8, "abcdefgh", false), FRAGMENTS_COMPLETE);
    assert_true(bytes_equal(whole.b, bytes_of("01234")));
    assert_int_equal(whole.cut, 11);
    f = piece(4, 1, 0, "", false); /* captured headers only */
    f.cut = 100;
    assert_int_equal(push_at(&f, 0), FRAGMENTS_COMPLETE);
    assert_int_equal(whole.b.n, 0);
    assert_int_equal(whole.cut, 100);
}

static void a_datagram_waits_thirty_seconds(void **state)
{
    (void)state;
    struct ip_fragment last = piece(4, 1, 8, "x", false);
    assert_int_equal(push4(0, "01234567", true), FRAGMENTS_WAITING);
    struct ip_fragment first = piece(4, 2, 0, "01234567", true);
    assert_int_equal(push_at(&last, 30 * SECOND_NS), FRAGMENTS_COMPLETE);
    assert_int_equal(push_at(&first, 0), FRAGMENTS_WAITING);
    last.id = 2;
    assert_int_equal(push_at(&last, 30 * SECOND_NS + 1), FRAGMENTS_WAITING);
    assert_int_equal(fragments_counts(fragments).incomplete.datagrams, 1);
    assert_int_equal(fragments_counts(fragments).incomplete.first_pkt, 7);
    assert_int_equal(fragments_dropped(fragments), 2); /* the new one waits and counts */
    assert_int_equal(push_at(&last, INT64_MIN), FRAGMENTS_WAITING);
    assert_int_equal(push_at(&last, INT64_MAX), FRAGMENTS_WAITING);
}

static void what_waits_at_the_end_is_incomplete(void **state)
{
    (void)state;
    assert_int_equal(push4(0, "01234567", true), FRAGMENTS_WAITING);
    assert_int_equal(push6(8, "x", false), FRAGMENTS_WAITING);
    fragments_finish(fragments);
    assert_int_equal(fragments_counts(fragments).incomplete.datagrams, 2);
    assert_int_equal(fragments_dropped(fragments), 2);
}

static void late_copies_of_a_whole_datagram_are_no_loss(void **state)
{
    (void)state;
    assert_int_equal(push4(0, "01234567", true), FRAGMENTS_WAITING);
    assert_int_equal(push4(8, "x", false), FRAGMENTS_COMPLETE);
    assert_int_equal(push4(8, "x", false), FRAGMENTS_WAITING);
    assert_int_equal(fragments_dropped(fragments), 0);
    fragments_finish(fragments);
    assert_int_equal(fragments_counts(fragments).incomplete.datagrams, 0);
    assert_int_equal(fragments_dropped(fragments), 0);
    /* the id may be used again, too */
    assert_int_equal(push4(0, "abcdefgh", true), FRAGMENTS_WAITING);
    assert_int_equal(push4(8, "y", false), FRAGMENTS_COMPLETE);
    check_whole("abcdefghy");
}

static void the_oldest_datagram_goes_when_there_are_too_many(void **state)
{
    (void)state;
    for (uint32_t id = 0; id < 257; id++) {
        struct ip_fragment f = piece(4, id, 0, "01234567", true);
        assert_int_equal(push_at(&f, 0), FRAGMENTS_WAITING);
    }
    assert_int_equal(fragments_counts(fragments).over_limit.datagrams, 1);
    struct ip_fragment last = piece(4, 1, 8, "x", false);
    assert_int_equal(push_at(&last, 0), FRAGMENTS_COMPLETE);
    last.id = 0;
    assert_int_equal(push_at(&last, 0), FRAGMENTS_WAITING);
}

static void the_oldest_datagrams_go_when_they_are_too_large(void **state)
{
    (void)state;
    static uint8_t large[60000];
    struct ip_fragment f = piece(4, 0, 0, "", true);
    f.b = (struct bytes){large, sizeof large};
    for (f.id = 0; f.id < 100; f.id++) {
        assert_int_equal(push_at(&f, 0), FRAGMENTS_WAITING);
    }
    uint64_t gone = fragments_counts(fragments).over_limit.datagrams;
    assert_in_range(gone, 30, 40); /* 4 MiB hold 69 of them */
    struct ip_fragment last = piece(4, 99, sizeof large, "x", false);
    assert_int_equal(push_at(&last, 0), FRAGMENTS_COMPLETE);
    assert_int_equal(whole.b.n, sizeof large + 1);
    last.id = (uint32_t)gone - 1;
    assert_int_equal(push_at(&last, 0), FRAGMENTS_WAITING);
    assert_int_equal(fragments_dropped(fragments), 100);
}

static void a_datagram_of_countless_pieces_is_given_up(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 1000; i++) {
        push4(i * 16, "01234567", true);
    }
    assert_int_equal(fragments_counts(fragments).over_limit.datagrams, 1);
    assert_int_equal(fragments_dropped(fragments), 1000);
}

static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void random_fragments_are_always_consistent(void **state)
{
    (void)state;
    static const char text[] =
        "0123456789abcdefghijklmnopqrstuvwxyz0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    uint32_t seed = 3;
    unsigned complete = 0;
    for (int round = 0; round < 20000; round++) {
        uint32_t offset = next_random(&seed) % 9 * 8;
        bool more = next_random(&seed) % 4 != 0;
        size_t n = more ? 8 * (1 + next_random(&seed) % 3) : sizeof text;
        struct ip_fragment f =
            piece(next_random(&seed) % 2 ? 4 : 6, next_random(&seed) % 32, offset, text, more);
        f.b = bytes_part(bytes_of(text), offset, n);
        if (f.b.n == 0 || (more && f.b.n % 8 != 0)) {
            continue;
        }
        f.cut = next_random(&seed) % 16 == 0 && f.b.n > 1 ? 1 : 0;
        f.b.n -= f.cut;
        enum fragments_result r = push_at(&f, round * SECOND_NS / 100);
        if (r == FRAGMENTS_COMPLETE) { /* all copies of a byte are the same here */
            complete++;
            assert_true(bytes_start_with(bytes_of(text), whole.b));
        }
        assert_int_not_equal(r, FRAGMENTS_COMPLETE_OVERLAP);
    }
    assert_true(complete > 100);
}

static void reassembled_tcp_is_parsed(void **state)
{
    (void)state;
    static struct build b;
    build_plain(&b, bytes_of("a payload that comes in several fragments"));
    uint8_t datagram[100];
    size_t n = b.b.n - 34; /* TCP header and payload */
    memcpy(datagram, b.b.p + 34, n);
    struct net_parsed out;
    enum fragments_result r = FRAGMENTS_WAITING;
    for (size_t at = 0; at < n; at += 16) {
        build_start(&b, bytes_part((struct bytes){datagram, n}, at, 16));
        build_ip4_with(&b, &(struct build_ip4){.from = "10.0.0.1",
                                               .to = "10.0.0.2",
                                               .protocol = BUILD_TCP,
                                               .id = 4,
                                               .offset = (uint32_t)at,
                                               .more = n - at > 16});
        struct packet p = build_packet(&b, BUILD_LINK_RAW, 1, 1);
        assert_int_equal(net_parse(&p, &out), NET_FRAGMENT);
        r = push_at(&out.fragment, 1);
    }
    assert_int_equal(r, FRAGMENTS_COMPLETE);
    assert_int_equal(net_parse_ip(&whole, 1, 1, &out), NET_SEGMENT);
    assert_true(bytes_equal(out.segment.b, bytes_of("a payload that comes in several fragments")));
    assert_int_equal(out.segment.key.port[1], 80);
    assert_int_equal(out.segment.layers, LAYER_RAW | LAYER_IPV4 | LAYER_FRAGMENTED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(fragments_in_any_order_make_the_datagram),
        TEST(datagrams_of_different_keys_do_not_mix),
        TEST(the_first_fragment_of_ipv6_names_the_protocol),
        TEST(exact_duplicates_are_no_overlap),
        TEST(the_first_copy_wins_in_ipv4),
        TEST(an_overlap_can_complete_a_datagram),
        TEST(an_overlap_ends_an_ipv6_datagram_for_good),
        TEST(an_end_that_moves_is_a_contradiction),
        TEST(cut_fragments_make_a_cut_datagram),
        TEST(a_datagram_waits_thirty_seconds),
        TEST(what_waits_at_the_end_is_incomplete),
        TEST(late_copies_of_a_whole_datagram_are_no_loss),
        TEST(the_oldest_datagram_goes_when_there_are_too_many),
        TEST(the_oldest_datagrams_go_when_they_are_too_large),
        TEST(a_datagram_of_countless_pieces_is_given_up),
        TEST(random_fragments_are_always_consistent),
        TEST(reassembled_tcp_is_parsed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
