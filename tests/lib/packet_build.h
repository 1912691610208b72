/*
 * Packet crafting for tests: a packet is built from the inside out, each call putting a header
 * before what is there, so that every length and checksum is known when it is written.
 *
 *     static struct build b;               // 64 KB and more: not on the stack
 *     build_start(&b, bytes_of("hello"));
 *     build_tcp(&b, &(struct build_tcp){.from = 1234, .to = 80, .seq = 1, .flags = TCP_ACK});
 *     build_ip4(&b, "10.0.0.1", "10.0.0.2", BUILD_TCP);
 *     build_eth(&b, BUILD_IP4);
 *     struct packet p = build_packet(&b, BUILD_LINK_ETHERNET, ts, no);
 *
 * For a packet that contradicts itself, change b.b afterwards: build_at() gives a byte to write to.
 * Addresses are text; a call that cannot be carried out ends the test program (abort).
 */
#ifndef WSIGHT_TEST_PACKET_BUILD_H
#define WSIGHT_TEST_PACKET_BUILD_H

#include "decoders/net/packet.h"

#define BUILD_MAX_BYTES 70000

enum build_link {
    BUILD_LINK_NULL = 0,
    BUILD_LINK_ETHERNET = 1,
    BUILD_LINK_PPP = 9,
    BUILD_LINK_RAW = 12,
    BUILD_LINK_PPP_SERIAL = 50,
    BUILD_LINK_PPP_ETHER = 51,
    BUILD_LINK_RAW_FILE = 101,
    BUILD_LINK_CISCO_HDLC = 104,
    BUILD_LINK_80211 = 105,
    BUILD_LINK_LOOP = 108,
    BUILD_LINK_SLL = 113,
    BUILD_LINK_PRISM = 119,
    BUILD_LINK_RADIOTAP = 127,
    BUILD_LINK_AVS = 163,
    BUILD_LINK_IP4 = 228,
    BUILD_LINK_IP6 = 229,
    BUILD_LINK_SLL2 = 276
};

enum build_protocol { /* IP protocol numbers */
                      BUILD_HOP_BY_HOP = 0,
                      BUILD_ICMP = 1,
                      BUILD_IP4_IN_IP = 4,
                      BUILD_TCP = 6,
                      BUILD_UDP = 17,
                      BUILD_IP6_IN_IP = 41,
                      BUILD_ROUTING = 43,
                      BUILD_FRAGMENT = 44,
                      BUILD_GRE = 47,
                      BUILD_AUTHENTICATION = 51,
                      BUILD_NO_NEXT = 59,
                      BUILD_DESTINATION = 60,
                      BUILD_MOBILITY = 135,
                      BUILD_MPLS_IN_IP = 137
};

enum build_type { /* EtherTypes */
                  BUILD_IP4 = 0x0800,
                  BUILD_ARP = 0x0806,
                  BUILD_BRIDGED = 0x6558,
                  BUILD_VLAN = 0x8100,
                  BUILD_IP6 = 0x86dd,
                  BUILD_MPLS = 0x8847,
                  BUILD_PPPOE = 0x8864,
                  BUILD_QINQ = 0x88a8,
                  BUILD_QINQ_OLD = 0x9100
};

struct build {
    struct bytes b; /* the packet so far, the end of room */
    uint8_t room[BUILD_MAX_BYTES];
};

struct build_tcp {
    uint16_t from, to;
    uint32_t seq, ack;
    uint8_t flags; /* enum tcp_flag */
    uint16_t window, urgent;
    struct bytes options; /* padded with zeros to a multiple of 4 */
};

/* An IPv4 header with what build_ip4 leaves at its default. */
struct build_ip4 {
    const char *from, *to;
    unsigned protocol;
    uint16_t id;
    uint32_t offset; /* bytes, of a fragment */
    bool more;       /* MF */
    struct bytes options;
};

/* Begins anew with a payload. */
void build_start(struct build *, struct bytes payload);
/* Puts bytes before, or padding behind (at the time of calling: call it first, after build_start,
 * or copy). */
void build_before(struct build *, struct bytes);
/* Puts n zero bytes behind everything. */
void build_pad(struct build *, size_t n);
/* A place in the packet to write to. */
uint8_t *build_at(struct build *, size_t at);
void build_set_be16(struct build *, size_t at, unsigned value);

void build_tcp(struct build *, const struct build_tcp *);
void build_udp(struct build *, uint16_t from, uint16_t to);
/* IP headers fill in the TCP or UDP checksum of what they carry whole. */
void build_ip4(struct build *, const char *from, const char *to, unsigned protocol);
void build_ip4_with(struct build *, const struct build_ip4 *);
void build_ip6(struct build *, const char *from, const char *to, unsigned next);
/* An IPv6 extension header of n bytes (a multiple of 8; AH: of 4), zero but for next and length. */
void build_ip6_extension(struct build *, unsigned next, size_t n);
void build_authentication(struct build *, unsigned next, size_t n);
void build_ip6_fragment(struct build *, unsigned next, uint32_t id, uint32_t offset, bool more);

void build_eth(struct build *, unsigned type);
void build_eth_length(struct build *); /* IEEE 802.3: the length in place of the type */
void build_vlan(struct build *, unsigned id, unsigned type);
void build_snap(struct build *, unsigned type);
void build_sll(struct build *, unsigned type);
void build_sll2(struct build *, unsigned type);
void build_null(struct build *, uint32_t family, bool big_endian);
void build_ppp(struct build *, unsigned protocol, bool framed); /* framed: ff 03 before it */
void build_pppoe(struct build *);
void build_cisco_hdlc(struct build *, unsigned type);
/* An 802.11 data frame header: flags is its second byte; qos adds QoS control, and ht with it. */
void build_80211(struct build *, unsigned flags, bool qos);
void build_radiotap(struct build *, bool with_time, unsigned flags);

void build_mpls(struct build *, uint32_t label, bool bottom);
void build_gre(struct build *, unsigned type);
/* GRE with a key, and checksum and sequence number if asked for. */
void build_gre_with(struct build *, unsigned type, uint32_t key, bool checksum, bool sequence);
void build_vxlan(struct build *, uint32_t vni);
void build_geneve(struct build *, uint32_t vni, unsigned type, size_t option_bytes);
void build_gtpu(struct build *, uint32_t teid, unsigned extensions);

/* The packet as a capture would give it, whole. It borrows the builder's bytes. */
struct packet build_packet(const struct build *, int link, int64_t ts, uint64_t no);

/* A plain TCP segment in IPv4 and Ethernet between 10.0.0.1:1234 and 10.0.0.2:80. */
struct packet build_plain(struct build *, struct bytes payload);

#endif
