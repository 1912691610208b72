/*
 * net_parse: every link type and tunnel, and each of them cut at every length.
 */
#include "decoders/net/net.h"
#include "lib/packet_build.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define PAYLOAD "some payload"

static struct build b;

/* ---- Recipes: each makes a packet around what a base recipe began ---- */

static void tcp(void)
{
    build_start(&b, bytes_of(PAYLOAD));
    build_tcp(&b, &(struct build_tcp){.from = 1234,
                                      .to = 80,
                                      .seq = 0x01020304,
                                      .ack = 0x0a0b0c0d,
                                      .flags = TCP_ACK | TCP_PSH,
                                      .window = 777,
                                      .urgent = 9,
                                      .options = bytes_of("\1\1\1\1\1\1\1\1\1\1\1\1")});
}

static void ip4(void)
{
    tcp();
    build_ip4(&b, "10.0.0.1", "10.0.0.2", BUILD_TCP);
}

static void ip6(void)
{
    tcp();
    build_ip6(&b, "fd00::1", "fd00::2", BUILD_TCP);
}

static void eth4(void)
{
    ip4();
    build_eth(&b, BUILD_IP4);
}

static void outer_udp(uint16_t port)
{
    build_udp(&b, 40000, port);
    build_ip4(&b, "192.0.2.1", "192.0.2.2", BUILD_UDP);
    build_eth(&b, BUILD_IP4);
}

static void outer_ip4(unsigned protocol)
{
    build_ip4(&b, "192.0.2.1", "192.0.2.2", protocol);
    build_eth(&b, BUILD_IP4);
}

static void plain_without_options(void)
{
    build_plain(&b, bytes_of(PAYLOAD));
}

static void ip4_options(void)
{
    tcp();
    build_ip4_with(&b, &(struct build_ip4){.from = "10.0.0.1",
                                           .to = "10.0.0.2",
                                           .protocol = BUILD_TCP,
                                           .options = bytes_of("\1\1\1\1\1\1\1")});
    build_eth(&b, BUILD_IP4);
}

static void eth6(void)
{
    ip6();
    build_eth(&b, BUILD_IP6);
}

static void ip6_extensions(void)
{
    tcp();
    build_ip6_extension(&b, BUILD_TCP, 16);
    build_authentication(&b, BUILD_DESTINATION, 24);
    build_ip6_fragment(&b, BUILD_AUTHENTICATION, 5, 0, false); /* atomic */
    build_ip6_extension(&b, BUILD_FRAGMENT, 8);
    build_ip6_extension(&b, BUILD_ROUTING, 24);
    build_ip6_extension(&b, BUILD_MOBILITY, 8);
    build_ip6(&b, "fd00::1", "fd00::2", BUILD_HOP_BY_HOP);
    build_eth(&b, BUILD_IP6);
}

static void ip4_authentication(void)
{
    tcp();
    build_authentication(&b, BUILD_TCP, 24);
    build_ip4(&b, "10.0.0.1", "10.0.0.2", BUILD_AUTHENTICATION);
    build_eth(&b, BUILD_IP4);
}

static void vlan(void)
{
    ip4();
    build_vlan(&b, 0x2000 | 100, BUILD_IP4);
    build_eth(&b, BUILD_VLAN);
}

static void qinq(void)
{
    ip6();
    build_vlan(&b, 200, BUILD_IP6);
    build_vlan(&b, 100, BUILD_VLAN);
    build_eth(&b, BUILD_QINQ);
}

static void qinq_old(void)
{
    ip4();
    build_vlan(&b, 200, BUILD_IP4);
    build_vlan(&b, 100, BUILD_VLAN);
    build_eth(&b, BUILD_QINQ_OLD);
}

static void vlan_priority(void)
{
    ip4();
    build_vlan(&b, 0x6000, BUILD_IP4);
    build_eth(&b, BUILD_VLAN);
}

static void llc_snap(void)
{
    ip4();
    build_snap(&b, BUILD_IP4);
    build_eth_length(&b);
    build_pad(&b, 5);
}

static void sll(void)
{
    ip4();
    build_sll(&b, BUILD_IP4);
}

static void sll_vlan(void)
{
    ip4();
    build_vlan(&b, 100, BUILD_IP4);
    build_sll(&b, BUILD_VLAN);
}

static void sll2(void)
{
    ip6();
    build_sll2(&b, BUILD_IP6);
}

static void null_little(void)
{
    ip4();
    build_null(&b, 2, false);
}

static void null_big(void)
{
    ip6();
    build_null(&b, 30, true);
}

static void ppp_plain(void)
{
    ip4();
    build_ppp(&b, 0x0021, false);
}

static void ppp_framed(void)
{
    ip6();
    build_ppp(&b, 0x0057, true);
}

static void ppp_short(void)
{
    ip4();
    build_before(&b, bytes_of("\x21"));
}

static void cisco_hdlc(void)
{
    ip4();
    build_cisco_hdlc(&b, BUILD_IP4);
}

static void pppoe(void)
{
    ip4();
    build_ppp(&b, 0x0021, false);
    build_pppoe(&b);
}

static void pppoe_in_ethernet(void)
{
    pppoe();
    build_eth(&b, BUILD_PPPOE);
    build_pad(&b, 7);
}

static void wlan(void)
{
    ip4();
    build_snap(&b, BUILD_IP4);
    build_80211(&b, 1, false);
}

static void wlan_qos_four_addresses(void)
{
    ip6();
    build_snap(&b, BUILD_IP6);
    build_80211(&b, 0x83, true);
}

static void wlan_aggregate(void)
{
    ip4();
    build_snap(&b, BUILD_IP4);
    build_eth_length(&b);
    build_80211(&b, 2, true);
    *build_at(&b, 24) = 0x80;
}

static void radiotap(void)
{
    wlan();
    build_radiotap(&b, false, 0);
}

static void radiotap_padded(void)
{
    ip4();
    build_snap(&b, BUILD_IP4);
    build_before(&b, (struct bytes){(const uint8_t[2]){0}, 2});
    build_80211(&b, 1, true); /* 26 bytes, padded to 28 */
    build_radiotap(&b, true, 0x20);
}

static void prism(void)
{
    static const uint8_t header[144] = {0x44, 0, 0, 0, 144};
    wlan();
    build_before(&b, (struct bytes){header, sizeof header});
}

static void avs(void)
{
    static const uint8_t header[64] = {0x80, 0x21, 0x10, 0x01, 0, 0, 0, 64};
    wlan();
    build_before(&b, (struct bytes){header, sizeof header});
}

static void mpls(void)
{
    ip4();
    build_mpls(&b, 17, true);
    build_mpls(&b, 16, false);
    build_mpls(&b, 15, false);
    build_eth(&b, BUILD_MPLS);
}

static void mpls_pseudowire(void)
{
    vlan();
    build_mpls(&b, 17, true);
    build_eth(&b, BUILD_MPLS);
}

static void mpls_pseudowire_control_word(void)
{
    vlan();
    build_before(&b, (struct bytes){(const uint8_t[4]){0}, 4});
    build_mpls(&b, 17, true);
    build_eth(&b, BUILD_MPLS);
}

static void mpls_in_ip(void)
{
    ip4();
    build_mpls(&b, 17, true);
    outer_ip4(BUILD_MPLS_IN_IP);
}

static void gre(void)
{
    ip4();
    build_gre(&b, BUILD_IP4);
    outer_ip4(BUILD_GRE);
}

static void gre_all(void)
{
    ip6();
    build_gre_with(&b, BUILD_IP6, 0xdeadbeef, true, true);
    outer_ip4(BUILD_GRE);
}

static void gre_bridged(void)
{
    vlan();
    build_gre_with(&b, BUILD_BRIDGED, 42, false, false);
    outer_ip4(BUILD_GRE);
}

static void pptp(void)
{
    ip4();
    build_ppp(&b, 0x0021, true);
    uint8_t n = (uint8_t)b.b.n;
    uint8_t header[] = {0x30, 0x81, 0x88, 0x0b, 0, n, 0, 77, 0, 0, 0, 1, 0, 0, 0, 1};
    build_before(&b, (struct bytes){header, sizeof header});
    outer_ip4(BUILD_GRE);
}

static void erspan_i(void)
{
    eth4();
    build_gre(&b, 0x88be);
    outer_ip4(BUILD_GRE);
}

static void erspan_ii(void)
{
    static const uint8_t header[] = {0x10, 0, 0x88, 0xbe, 0, 0, 0, 1, 0x10, 0, 0, 1, 0, 0, 0, 0};
    eth4();
    build_before(&b, (struct bytes){header, sizeof header});
    outer_ip4(BUILD_GRE);
}

static void erspan_iii(void)
{
    static const uint8_t header[8 + 12 + 8] = {0x10, 0, 0x22, 0xeb, [8] = 0x20, [19] = 1};
    eth4();
    build_before(&b, (struct bytes){header, sizeof header});
    outer_ip4(BUILD_GRE);
}

static void ip_in_ip(void)
{
    ip4();
    outer_ip4(BUILD_IP4_IN_IP);
}

static void ip6_in_ip4(void)
{
    ip6();
    outer_ip4(BUILD_IP6_IN_IP);
}

static void ip4_in_ip6(void)
{
    ip4();
    build_ip6(&b, "2001:db8::1", "2001:db8::2", BUILD_IP4_IN_IP);
    build_eth(&b, BUILD_IP6);
}

static void vxlan(void)
{
    vlan();
    build_vxlan(&b, 0xabcdef);
    outer_udp(4789);
}

static void vxlan_linux(void)
{
    eth6();
    build_vxlan(&b, 5);
    outer_udp(8472);
}

static void geneve(void)
{
    eth4();
    build_geneve(&b, 6, BUILD_BRIDGED, 12);
    outer_udp(6081);
}

static void geneve_ip(void)
{
    ip6();
    build_geneve(&b, 6, BUILD_IP6, 0);
    outer_udp(6081);
}

static void gtpu(void)
{
    ip4();
    build_gtpu(&b, 99, 0);
    outer_udp(2152);
}

static void gtpu_sequence(void)
{
    ip4();
    build_before(&b, (struct bytes){(const uint8_t[4]){0}, 4});
    build_gtpu(&b, 99, 0);
    *build_at(&b, 0) |= 2;
    outer_udp(2152);
}

static void gtpu_extensions(void)
{
    ip6();
    build_gtpu(&b, 99, 3);
    outer_udp(2152);
}

static void teredo(void)
{
    ip6();
    outer_udp(3544);
}

static void teredo_headers(void)
{
    static const uint8_t headers[13 + 2 + 3 + 8] = {0, 1, 2, 3};
    ip6();
    build_before(&b, (struct bytes){headers, sizeof headers});
    outer_udp(3544);
}

static void gre_in_vxlan_in_vlan(void)
{
    ip4();
    build_gre_with(&b, BUILD_IP4, 3, false, false);
    build_ip6(&b, "2001:db8::1", "2001:db8::2", BUILD_GRE);
    build_eth(&b, BUILD_IP6);
    build_vxlan(&b, 4);
    build_udp(&b, 40000, 4789);
    build_ip4(&b, "192.0.2.1", "192.0.2.2", BUILD_UDP);
    build_vlan(&b, 9, BUILD_IP4);
    build_eth(&b, BUILD_VLAN);
}

/* ---- The table ---- */

#define ETH LAYER_ETHERNET
#define V LAYER_VLAN
#define QQ (LAYER_VLAN | LAYER_QINQ)
#define WLAN LAYER_80211
#define NO VLAN_NOT_THERE
#define VLAN_NOT_THERE 0xffff

struct recipe {
    const char *name;
    void (*make)(void);
    int link;
    uint32_t layers; /* but IPv4 and IPv6 */
    uint8_t family;
    uint16_t vlan[2];
    uint32_t tunnel;
    uint8_t depth;
};

static const struct recipe recipes[] = {
    {"plain", eth4, 1, ETH, 4, {NO, NO}, 0, 0},
    {"plain IPv6", eth6, 1, ETH, 6, {NO, NO}, 0, 0},
    {"IPv4 options", ip4_options, 1, ETH, 4, {NO, NO}, 0, 0},
    {"IPv6 extension headers", ip6_extensions, 1, ETH, 6, {NO, NO}, 0, 0},
    {"IPv4 authentication header", ip4_authentication, 1, ETH, 4, {NO, NO}, 0, 0},
    {"VLAN", vlan, 1, ETH | V, 4, {100, NO}, 0, 0},
    {"QinQ", qinq, 1, ETH | QQ, 6, {100, 200}, 0, 0},
    {"QinQ 9100", qinq_old, 1, ETH | QQ, 4, {100, 200}, 0, 0},
    {"priority tag", vlan_priority, 1, ETH | V, 4, {NO, NO}, 0, 0},
    {"LLC and SNAP", llc_snap, 1, ETH, 4, {NO, NO}, 0, 0},
    {"SLL", sll, 113, LAYER_SLL, 4, {NO, NO}, 0, 0},
    {"SLL VLAN", sll_vlan, 113, LAYER_SLL | V, 4, {100, NO}, 0, 0},
    {"SLL2", sll2, 276, LAYER_SLL, 6, {NO, NO}, 0, 0},
    {"NULL little-endian", null_little, 0, LAYER_NULL, 4, {NO, NO}, 0, 0},
    {"NULL big-endian", null_big, 0, LAYER_NULL, 6, {NO, NO}, 0, 0},
    {"LOOP", null_big, 108, LAYER_NULL, 6, {NO, NO}, 0, 0},
    {"RAW", ip4, 12, LAYER_RAW, 4, {NO, NO}, 0, 0},
    {"RAW of OpenBSD", ip6, 14, LAYER_RAW, 6, {NO, NO}, 0, 0},
    {"RAW of a file", ip6, 101, LAYER_RAW, 6, {NO, NO}, 0, 0},
    {"IPV4", ip4, 228, LAYER_RAW, 4, {NO, NO}, 0, 0},
    {"IPV6", ip6, 229, LAYER_RAW, 6, {NO, NO}, 0, 0},
    {"PPP", ppp_plain, 9, LAYER_PPP, 4, {NO, NO}, 0, 0},
    {"PPP short protocol", ppp_short, 9, LAYER_PPP, 4, {NO, NO}, 0, 0},
    {"PPP framed", ppp_framed, 50, LAYER_PPP, 6, {NO, NO}, 0, 0},
    {"PPP_SERIAL Cisco", cisco_hdlc, 50, LAYER_PPP, 4, {NO, NO}, 0, 0},
    {"C_HDLC", cisco_hdlc, 104, LAYER_PPP, 4, {NO, NO}, 0, 0},
    {"PPP_ETHER", pppoe, 51, LAYER_PPPOE | LAYER_PPP, 4, {NO, NO}, 0, 0},
    {"PPPoE", pppoe_in_ethernet, 1, ETH | LAYER_PPPOE | LAYER_PPP, 4, {NO, NO}, 0, 0},
    {"802.11", wlan, 105, WLAN, 4, {NO, NO}, 0, 0},
    {"802.11 QoS 4 addresses", wlan_qos_four_addresses, 105, WLAN, 6, {NO, NO}, 0, 0},
    {"802.11 A-MSDU", wlan_aggregate, 105, WLAN, 4, {NO, NO}, 0, 0},
    {"radiotap", radiotap, 127, WLAN, 4, {NO, NO}, 0, 0},
    {"radiotap padded", radiotap_padded, 127, WLAN, 4, {NO, NO}, 0, 0},
    {"Prism", prism, 119, WLAN, 4, {NO, NO}, 0, 0},
    {"AVS", avs, 163, WLAN, 4, {NO, NO}, 0, 0},
    {"MPLS", mpls, 1, ETH | LAYER_MPLS, 4, {NO, NO}, 0, 0},
    {"MPLS Ethernet", mpls_pseudowire, 1, ETH | V | LAYER_MPLS, 4, {100, NO}, 0, 0},
    {"MPLS control word",
     mpls_pseudowire_control_word,
     1,
     ETH | V | LAYER_MPLS,
     4,
     {100, NO},
     0,
     0},
    {"MPLS in IP", mpls_in_ip, 1, ETH | LAYER_MPLS, 4, {NO, NO}, 0, 1},
    {"GRE", gre, 1, ETH | LAYER_GRE, 4, {NO, NO}, 0, 1},
    {"GRE all options", gre_all, 1, ETH | LAYER_GRE, 6, {NO, NO}, 0xdeadbeef, 1},
    {"GRE bridged", gre_bridged, 1, ETH | V | LAYER_GRE, 4, {100, NO}, 42, 1},
    {"PPTP", pptp, 1, ETH | LAYER_GRE | LAYER_PPP, 4, {NO, NO}, 0, 1},
    {"ERSPAN I", erspan_i, 1, ETH | LAYER_GRE, 4, {NO, NO}, 0, 1},
    {"ERSPAN II", erspan_ii, 1, ETH | LAYER_GRE, 4, {NO, NO}, 0, 1},
    {"ERSPAN III", erspan_iii, 1, ETH | LAYER_GRE, 4, {NO, NO}, 0, 1},
    {"IP in IP", ip_in_ip, 1, ETH | LAYER_IPIP, 4, {NO, NO}, 0, 1},
    {"6in4", ip6_in_ip4, 1, ETH | LAYER_IPIP, 6, {NO, NO}, 0, 1},
    {"4in6", ip4_in_ip6, 1, ETH | LAYER_IPIP, 4, {NO, NO}, 0, 1},
    {"VXLAN", vxlan, 1, ETH | V | LAYER_VXLAN, 4, {100, NO}, 0xabcdef, 1},
    {"VXLAN 8472", vxlan_linux, 1, ETH | LAYER_VXLAN, 6, {NO, NO}, 5, 1},
    {"GENEVE", geneve, 1, ETH | LAYER_GENEVE, 4, {NO, NO}, 6, 1},
    {"GENEVE IP", geneve_ip, 1, ETH | LAYER_GENEVE, 6, {NO, NO}, 6, 1},
    {"GTP-U", gtpu, 1, ETH | LAYER_GTPU, 4, {NO, NO}, 0, 1},
    {"GTP-U sequence", gtpu_sequence, 1, ETH | LAYER_GTPU, 4, {NO, NO}, 0, 1},
    {"GTP-U extensions", gtpu_extensions, 1, ETH | LAYER_GTPU, 6, {NO, NO}, 0, 1},
    {"Teredo", teredo, 1, ETH | LAYER_TEREDO, 6, {NO, NO}, 0, 1},
    {"Teredo headers", teredo_headers, 1, ETH | LAYER_TEREDO, 6, {NO, NO}, 0, 1},
    {"nested", gre_in_vxlan_in_vlan, 1, ETH | V | LAYER_VXLAN | LAYER_GRE, 4, {NO, NO}, 3, 2},
};

#define RECIPES (sizeof recipes / sizeof recipes[0])

static enum net_result parse(int link, struct net_parsed *out)
{
    struct packet p = build_packet(&b, link, 55, 66);
    memset(out, 0xee, sizeof *out);
    return net_parse(&p, out);
}

static struct flow_key expected_key(const struct recipe *r)
{
    struct flow_key k = {.port = {1234, 80},
                         .vlan = {r->vlan[0], r->vlan[1]},
                         .tunnel = r->tunnel,
                         .family = r->family,
                         .depth = r->depth};
    static const uint8_t ip[2][2][16] = {{{10, 0, 0, 1}, {10, 0, 0, 2}},
                                         {{0xfd, [15] = 1}, {0xfd, [15] = 2}}};
    memcpy(k.ip, ip[r->family == 6], sizeof k.ip);
    return k;
}

static void check_segment(const struct recipe *r, const struct segment *s)
{
    struct flow_key key = expected_key(r);
    assert_memory_equal(&s->key, &key, sizeof key);
    assert_int_equal(s->layers, r->layers | (r->family == 4 ? LAYER_IPV4 : LAYER_IPV6));
    assert_int_equal(s->ts, 55);
    assert_int_equal(s->pkt, 66);
    assert_int_equal(s->seq, 0x01020304);
    assert_int_equal(s->ack, 0x0a0b0c0d);
    assert_int_equal(s->window, 777);
    assert_int_equal(s->urgent, 9);
    assert_int_equal(s->flags, TCP_ACK | TCP_PSH);
    assert_int_equal(s->cut, 0);
    assert_true(bytes_equal(s->b, bytes_of(PAYLOAD)));
}

static void tcp_is_found_in_every_link_type_and_tunnel(void **state)
{
    (void)state;
    for (size_t i = 0; i < RECIPES; i++) {
        struct net_parsed out;
        recipes[i].make();
        enum net_result r = parse(recipes[i].link, &out);
        if (r != NET_SEGMENT) {
            fail_msg("%s: %d", recipes[i].name, r);
        }
        check_segment(&recipes[i], &out.segment);
    }
}

/* Each prefix in a buffer of its own size, where a sanitizer sees one byte too far. */
static enum net_result parse_prefix(const struct packet *whole, size_t n, uint32_t wire,
                                    struct net_parsed *out)
{
    struct packet p = *whole;
    uint8_t *copy = malloc(n ? n : 1);
    assert_non_null(copy);
    memcpy(copy, whole->b.p, n);
    p.b = (struct bytes){copy, n};
    p.wire_len = wire;
    enum net_result r = net_parse(&p, out);
    if (r == NET_SEGMENT) { /* all of the payload is read, and lies in the copy */
        assert_true(out->segment.b.p >= copy && out->segment.b.p + out->segment.b.n <= copy + n);
    }
    free(copy);
    return r;
}

static void a_packet_cut_by_the_snap_length_says_how_much_is_missing(void **state)
{
    (void)state;
    for (size_t i = 0; i < RECIPES; i++) {
        recipes[i].make();
        struct packet whole = build_packet(&b, recipes[i].link, 1, 1);
        struct net_parsed out;
        assert_int_equal(net_parse(&whole, &out), NET_SEGMENT);
        size_t payload_at = (size_t)(out.segment.b.p - whole.b.p);
        for (size_t n = 0; n < whole.b.n; n++) {
            enum net_result r = parse_prefix(&whole, n, whole.wire_len, &out);
            if (n < payload_at) {
                if (r != NET_CUT) {
                    fail_msg("%s cut at %zu: %d", recipes[i].name, n, r);
                }
                continue;
            }
            size_t have = n - payload_at < strlen(PAYLOAD) ? n - payload_at : strlen(PAYLOAD);
            assert_int_equal(r, NET_SEGMENT);
            assert_int_equal(out.segment.b.n, have);
            assert_int_equal(out.segment.cut, strlen(PAYLOAD) - have);
        }
    }
}

static void a_packet_that_ends_too_early_on_the_wire_is_never_read_beyond(void **state)
{
    (void)state;
    for (size_t i = 0; i < RECIPES; i++) {
        recipes[i].make();
        struct packet whole = build_packet(&b, recipes[i].link, 1, 1);
        for (size_t n = 0; n < whole.b.n; n++) {
            struct net_parsed out;
            parse_prefix(&whole, n, 0, &out);
            parse_prefix(&whole, n, (uint32_t)n, &out);
        }
    }
}

/* A small generator of its own, so that runs repeat. */
static uint32_t next_random(uint32_t *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return *seed >> 8;
}

static void damaged_packets_are_never_read_beyond(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (size_t i = 0; i < RECIPES; i++) {
        recipes[i].make();
        struct packet whole = build_packet(&b, recipes[i].link, 1, 1);
        for (int round = 0; round < 500; round++) {
            recipes[i].make();
            for (unsigned k = next_random(&seed) % 4; k > 0; k--) {
                *build_at(&b, next_random(&seed) % b.b.n) = (uint8_t)next_random(&seed);
            }
            struct net_parsed out;
            parse_prefix(&whole, next_random(&seed) % (b.b.n + 1), whole.wire_len, &out);
            parse_prefix(&whole, b.b.n, whole.wire_len, &out);
        }
    }
}

/* ---- Single facts ---- */

static void the_fast_path_and_the_long_way_agree(void **state)
{
    (void)state;
    struct net_parsed fast, slow;
    plain_without_options();
    assert_int_equal(parse(1, &fast), NET_SEGMENT);
    memset(&slow, 0xee, sizeof slow);
    struct packet p = build_packet(&b, 1, 55, 66);
    p.b = bytes_from(p.b, 14);
    p.wire_len -= 14;
    p.link = BUILD_LINK_RAW;
    assert_int_equal(net_parse(&p, &slow), NET_SEGMENT);
    slow.segment.layers = slow.segment.layers - LAYER_RAW + LAYER_ETHERNET;
    assert_memory_equal(&fast.segment.key, &slow.segment.key, sizeof fast.segment.key);
    assert_int_equal(fast.segment.layers, slow.segment.layers);
    assert_int_equal(fast.segment.ts, slow.segment.ts);
    assert_int_equal(fast.segment.pkt, slow.segment.pkt);
    assert_int_equal(fast.segment.seq, slow.segment.seq);
    assert_int_equal(fast.segment.ack, slow.segment.ack);
    assert_int_equal(fast.segment.cut, slow.segment.cut);
    assert_int_equal(fast.segment.window, slow.segment.window);
    assert_int_equal(fast.segment.urgent, slow.segment.urgent);
    assert_int_equal(fast.segment.flags, slow.segment.flags);
    assert_ptr_equal(fast.segment.b.p, slow.segment.b.p);
    assert_int_equal(fast.segment.b.n, slow.segment.b.n);
}

static void every_flag_is_kept_and_others_are_not(void **state)
{
    (void)state;
    for (unsigned flags = 0; flags < 256; flags++) {
        struct net_parsed out;
        plain_without_options();
        *build_at(&b, 14 + 20 + 13) = (uint8_t)flags;
        assert_int_equal(parse(1, &out), NET_SEGMENT);
        assert_int_equal(out.segment.flags, flags & 0x3f);
    }
}

static void ethernet_padding_is_cut_off(void **state)
{
    (void)state;
    struct net_parsed out;
    build_start(&b, bytes_of(""));
    build_tcp(&b, &(struct build_tcp){.from = 1, .to = 2, .flags = TCP_ACK});
    build_ip4(&b, "10.0.0.1", "10.0.0.2", BUILD_TCP);
    build_eth(&b, BUILD_IP4);
    build_pad(&b, 6);
    assert_int_equal(parse(1, &out), NET_SEGMENT);
    assert_int_equal(out.segment.b.n, 0);
    assert_int_equal(out.segment.cut, 0);
    eth6();
    build_pad(&b, 6);
    assert_int_equal(parse(1, &out), NET_SEGMENT);
    assert_int_equal(out.segment.b.n, strlen(PAYLOAD));
}

static void a_length_of_zero_stands_for_the_frame(void **state)
{
    (void)state;
    struct net_parsed out;
    eth4();
    build_set_be16(&b, 14 + 2, 0);
    assert_int_equal(parse(1, &out), NET_SEGMENT);
    assert_true(bytes_equal(out.segment.b, bytes_of(PAYLOAD)));
    eth6();
    build_set_be16(&b, 14 + 4, 0);
    assert_int_equal(parse(1, &out), NET_SEGMENT);
    assert_true(bytes_equal(out.segment.b, bytes_of(PAYLOAD)));
}

static void a_frame_cut_without_telling_counts_as_cut(void **state)
{
    (void)state;
    struct net_parsed out;
    plain_without_options();
    struct packet p = build_packet(&b, 1, 1, 1);
    p.b.n -= 5;
    p.wire_len -= 5;
    assert_int_equal(net_parse(&p, &out), NET_SEGMENT);
    assert_int_equal(out.segment.cut, 5);
    assert_int_equal(out.segment.b.n, strlen(PAYLOAD) - 5);
}

static void expect_bad(int link)
{
    struct net_parsed out;
    assert_int_equal(parse(link, &out), NET_BAD);
}

static void headers_that_contradict_themselves_are_bad(void **state)
{
    (void)state;
    eth4();
    *build_at(&b, 14) = 0x44; /* IPv4 header of 16 bytes */
    expect_bad(1);
    eth4();
    *build_at(&b, 14) = 0x55; /* version 5 */
    expect_bad(1);
    eth4();
    build_set_be16(&b, 14 + 2, 19); /* total length below the header's */
    expect_bad(1);
    eth4();
    build_set_be16(&b, 14 + 2, 39); /* no room for TCP */
    expect_bad(1);
    eth4();
    *build_at(&b, 14 + 20 + 12) = 0x40; /* TCP header of 16 bytes */
    expect_bad(1);
    plain_without_options();
    *build_at(&b, 14 + 20 + 12) = 0xf0; /* TCP header longer than the packet */
    expect_bad(1);
    eth6();
    *build_at(&b, 14) = 0x40;
    expect_bad(1);
    ip_in_ip();
    build_set_be16(&b, 14 + 20 + 2, 1000); /* inner packet longer than the outer one */
    expect_bad(1);
    vxlan();
    build_set_be16(&b, 14 + 20 + 4, 1000); /* UDP longer than IP */
    expect_bad(1);
    vxlan();
    build_set_be16(&b, 14 + 20 + 4, 7); /* UDP shorter than its header */
    expect_bad(1);
    gtpu_extensions();
    *build_at(&b, 14 + 20 + 8 + 8 + 4) = 0; /* extension of no length */
    expect_bad(1);
    radiotap();
    *build_at(&b, 2) = 7; /* shorter than the fixed part */
    expect_bad(127);
    pppoe();
    *build_at(&b, 0) = 0x21;
    expect_bad(51);
}

static void what_holds_no_tcp_is_other(void **state)
{
    (void)state;
    struct net_parsed out;
    build_start(&b, bytes_of("0123456789012345678901234567890123456789"));
    build_eth(&b, BUILD_ARP);
    assert_int_equal(parse(1, &out), NET_OTHER);
    build_eth_length(&b);
    assert_int_equal(parse(1, &out), NET_OTHER);
    build_start(&b, bytes_of("0123456789012345678901234567890123456789"));
    build_ip4(&b, "10.0.0.1", "10.0.0.2", BUILD_ICMP);
    assert_int_equal(parse(12, &out), NET_OTHER);
    build_start(&b, bytes_of("0123456789012345678901234567890123456789"));
    build_udp(&b, 53, 53);
    build_ip6(&b, "fd00::1", "fd00::2", BUILD_UDP);
    assert_int_equal(parse(12, &out), NET_OTHER);
    build_start(&b, bytes_of(""));
    build_ip6(&b, "fd00::1", "fd00::2", BUILD_NO_NEXT);
    assert_int_equal(parse(12, &out), NET_OTHER);
    wlan();
    *build_at(&b, 0) = 0x80; /* a beacon */
    assert_int_equal(parse(105, &out), NET_OTHER);
    *build_at(&b, 0) = 0x48; /* a null function */
    assert_int_equal(parse(105, &out), NET_OTHER);
}

static void udp_on_a_tunnel_port_that_is_no_tunnel_is_other(void **state)
{
    (void)state;
    static const uint16_t ports[] = {4789, 8472, 6081, 2152, 3544};
    for (size_t i = 0; i < sizeof ports / sizeof ports[0]; i++) {
        struct net_parsed out;
        build_start(&b, bytes_of("\xc0\xffnothing known at all, but long enough to be"));
        outer_udp(ports[i]);
        assert_int_equal(parse(1, &out), NET_OTHER);
        build_start(&b, bytes_of(""));
        outer_udp(ports[i]);
        assert_int_equal(parse(1, &out), NET_OTHER);
    }
}

static void protected_80211_frames_are_encrypted(void **state)
{
    (void)state;
    struct net_parsed out;
    ip4();
    build_80211(&b, 0x41, true);
    assert_int_equal(parse(105, &out), NET_ENCRYPTED);
    build_radiotap(&b, true, 0);
    assert_int_equal(parse(127, &out), NET_ENCRYPTED);
}

static void frames_received_with_bit_errors_are_not_read(void **state)
{
    (void)state;
    struct net_parsed out;
    wlan();
    build_radiotap(&b, true, 0x40);
    assert_int_equal(parse(127, &out), NET_OTHER);
}

static void unknown_link_types_are_named(void **state)
{
    (void)state;
    struct net_parsed out;
    eth4();
    assert_int_equal(parse(147, &out), NET_LINK_UNKNOWN);
    assert_int_equal(parse(-1, &out), NET_LINK_UNKNOWN);
}

static void eight_wrappings_are_unwrapped_and_nine_are_too_deep(void **state)
{
    (void)state;
    for (int wraps = NET_DEPTH_MAX; wraps <= NET_DEPTH_MAX + 1; wraps++) {
        enum net_result expected = wraps <= NET_DEPTH_MAX ? NET_SEGMENT : NET_TOO_DEEP;
        struct net_parsed out;
        ip4();
        for (int i = 0; i < wraps; i++) {
            build_ip4(&b, "192.0.2.1", "192.0.2.2", BUILD_IP4_IN_IP);
        }
        assert_int_equal(parse(12, &out), expected);
        ip4();
        for (int i = 0; i < wraps; i++) {
            build_vlan(&b, 1, i == 0 ? BUILD_IP4 : BUILD_VLAN);
        }
        build_eth(&b, BUILD_VLAN);
        assert_int_equal(parse(1, &out), expected);
        ip4();
        for (int i = 0; i < wraps; i++) {
            build_gre(&b, BUILD_IP4);
            build_ip6(&b, "2001:db8::1", "2001:db8::2", BUILD_GRE);
            i++;
            build_ip4(&b, "192.0.2.1", "192.0.2.2", BUILD_IP6_IN_IP);
        }
        assert_int_equal(parse(12, &out), expected);
    }
}

static void the_final_destination_of_a_routing_header_counts(void **state)
{
    (void)state;
    static const struct {
        uint8_t type;
        size_t at;
    } types[] = {{0, 24}, {2, 8}, {4, 8}};
    for (size_t i = 0; i < 3; i++) {
        struct net_parsed out;
        tcp();
        build_ip6_extension(&b, BUILD_TCP, 40);
        *build_at(&b, 2) = types[i].type;
        *build_at(&b, 3) = 1;
        *build_at(&b, types[i].at) = 0xfd;
        *build_at(&b, types[i].at + 15) = 9;
        build_ip6(&b, "fd00::1", "fd00::2", BUILD_ROUTING);
        assert_int_equal(parse(12, &out), NET_SEGMENT);
        assert_int_equal(out.segment.key.ip[1][15], 9);
        *build_at(&b, 43) = 0; /* no segments left: it is where it was going */
        assert_int_equal(parse(12, &out), NET_SEGMENT);
        assert_int_equal(out.segment.key.ip[1][15], 2);
    }
}

/* ---- Fragments ---- */

static void an_ipv4_fragment_is_handed_back(void **state)
{
    (void)state;
    struct net_parsed out;
    build_start(&b, bytes_of("12345678"));
    build_ip4_with(&b, &(struct build_ip4){.from = "10.0.0.1",
                                           .to = "10.0.0.2",
                                           .protocol = BUILD_TCP,
                                           .id = 0xabcd,
                                           .offset = 1480,
                                           .more = true});
    build_vlan(&b, 7, BUILD_IP4);
    build_eth(&b, BUILD_VLAN);
    build_pad(&b, 8);
    assert_int_equal(parse(1, &out), NET_FRAGMENT);
    const struct ip_fragment *f = &out.fragment;
    struct flow_key key = {.ip = {{10, 0, 0, 1}, {10, 0, 0, 2}}, .vlan = {7, 0xffff}, .family = 4};
    assert_memory_equal(&f->key, &key, sizeof key);
    assert_int_equal(f->layers, ETH | V | LAYER_IPV4 | LAYER_FRAGMENTED);
    assert_int_equal(f->id, 0xabcd);
    assert_int_equal(f->offset, 1480);
    assert_int_equal(f->protocol, BUILD_TCP);
    assert_true(f->more);
    assert_int_equal(f->cut, 0);
    assert_true(bytes_equal(f->b, bytes_of("12345678")));
}

static void an_ipv6_fragment_is_handed_back(void **state)
{
    (void)state;
    struct net_parsed out;
    build_start(&b, bytes_of("the end"));
    build_ip6_fragment(&b, BUILD_DESTINATION, 0xdeadbeef, 65496, false);
    build_ip6_extension(&b, BUILD_FRAGMENT, 16);
    build_ip6(&b, "fd00::1", "fd00::2", BUILD_HOP_BY_HOP);
    struct packet p = build_packet(&b, BUILD_LINK_IP6, 1, 1);
    p.b.n -= 3;
    assert_int_equal(net_parse(&p, &out), NET_FRAGMENT);
    assert_int_equal(out.fragment.id, 0xdeadbeef);
    assert_int_equal(out.fragment.offset, 65496);
    assert_int_equal(out.fragment.protocol, BUILD_DESTINATION);
    assert_false(out.fragment.more);
    assert_int_equal(out.fragment.cut, 3);
    assert_true(bytes_equal(out.fragment.b, bytes_of("the ")));
}

static void impossible_fragments_are_bad(void **state)
{
    (void)state;
    struct build_ip4 h = {.from = "10.0.0.1", .to = "10.0.0.2", .protocol = BUILD_TCP};
    build_start(&b, bytes_of("1234567"));
    h.more = true; /* more to come, and not a multiple of 8 bytes */
    build_ip4_with(&b, &h);
    expect_bad(12);
    build_start(&b, bytes_of("12345678"));
    h.more = false;
    h.offset = 65528; /* ends beyond 65535 */
    build_ip4_with(&b, &h);
    expect_bad(12);
    build_start(&b, bytes_of(""));
    h.more = true; /* nothing in it */
    build_ip4_with(&b, &h);
    expect_bad(12);
}

static void a_whole_datagram_goes_on(void **state)
{
    (void)state;
    struct net_parsed out;
    vlan();
    build_vxlan(&b, 12);
    build_udp(&b, 40000, 4789);
    struct ip_fragment whole = {.key = {.family = 4, .vlan = {7, 8}, .tunnel = 3, .depth = 1},
                                .layers = ETH | QQ | LAYER_GRE | LAYER_IPV4 | LAYER_FRAGMENTED,
                                .protocol = BUILD_UDP,
                                .b = b.b};
    assert_int_equal(net_parse_ip(&whole, 55, 66, &out), NET_SEGMENT);
    struct recipe r = {.layers = ETH | QQ | LAYER_GRE | LAYER_VXLAN,
                       .family = 4,
                       .vlan = {100, NO},
                       .tunnel = 12,
                       .depth = 2};
    check_segment(&r, &out.segment);
    whole.key.depth = NET_DEPTH_MAX;
    assert_int_equal(net_parse_ip(&whole, 55, 66, &out), NET_TOO_DEEP);
    tcp();
    whole.protocol = BUILD_TCP;
    whole.b = (struct bytes){b.b.p, b.b.n - 2};
    whole.cut = 2;
    assert_int_equal(net_parse_ip(&whole, 55, 66, &out), NET_SEGMENT);
    assert_int_equal(out.segment.cut, 2);
    assert_true(out.segment.layers & LAYER_FRAGMENTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp_is_found_in_every_link_type_and_tunnel),
        cmocka_unit_test(a_packet_cut_by_the_snap_length_says_how_much_is_missing),
        cmocka_unit_test(a_packet_that_ends_too_early_on_the_wire_is_never_read_beyond),
        cmocka_unit_test(damaged_packets_are_never_read_beyond),
        cmocka_unit_test(the_fast_path_and_the_long_way_agree),
        cmocka_unit_test(every_flag_is_kept_and_others_are_not),
        cmocka_unit_test(ethernet_padding_is_cut_off),
        cmocka_unit_test(a_length_of_zero_stands_for_the_frame),
        cmocka_unit_test(a_frame_cut_without_telling_counts_as_cut),
        cmocka_unit_test(headers_that_contradict_themselves_are_bad),
        cmocka_unit_test(what_holds_no_tcp_is_other),
        cmocka_unit_test(udp_on_a_tunnel_port_that_is_no_tunnel_is_other),
        cmocka_unit_test(protected_80211_frames_are_encrypted),
        cmocka_unit_test(frames_received_with_bit_errors_are_not_read),
        cmocka_unit_test(unknown_link_types_are_named),
        cmocka_unit_test(eight_wrappings_are_unwrapped_and_nine_are_too_deep),
        cmocka_unit_test(the_final_destination_of_a_routing_header_counts),
        cmocka_unit_test(an_ipv4_fragment_is_handed_back),
        cmocka_unit_test(an_ipv6_fragment_is_handed_back),
        cmocka_unit_test(impossible_fragments_are_bad),
        cmocka_unit_test(a_whole_datagram_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
