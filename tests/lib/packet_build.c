/*
 * Packet crafting for tests, from the inside out.
 */
#include "packet_build.h"

#include <arpa/inet.h>
#include <stdlib.h>

/* What a 4-byte field looks like on the wire. */
#define BE16(v) (uint8_t)((v) >> 8), (uint8_t)(v)
#define BE32(v) BE16((v) >> 16), BE16((v)&0xffff)

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

void build_start(struct build *b, struct bytes payload)
{
    b->b = (struct bytes){b->room + sizeof b->room, 0};
    build_before(b, payload);
}

void build_before(struct build *b, struct bytes bytes)
{
    require(bytes.n <= sizeof b->room - b->b.n);
    size_t at = sizeof b->room - b->b.n - bytes.n;
    if (bytes.n > 0) {
        memcpy(b->room + at, bytes.p, bytes.n);
    }
    b->b = (struct bytes){b->room + at, b->b.n + bytes.n};
}

#define BEFORE(b, ...)                                                                             \
    build_before(                                                                                  \
        b, (struct bytes){(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__})})

static void zeros_before(struct build *b, size_t n)
{
    static const uint8_t zeros[4096];
    require(n <= sizeof zeros);
    build_before(b, (struct bytes){zeros, n});
}

void build_pad(struct build *b, size_t n)
{
    require(n <= sizeof b->room - b->b.n);
    uint8_t *to = b->room + sizeof b->room - b->b.n - n;
    memmove(to, b->b.p, b->b.n);
    memset(to + b->b.n, 0, n);
    b->b = (struct bytes){to, b->b.n + n};
}

uint8_t *build_at(struct build *b, size_t at)
{
    require(at < b->b.n);
    return b->room + sizeof b->room - b->b.n + at;
}

void build_set_be16(struct build *b, size_t at, unsigned value)
{
    *build_at(b, at) = (uint8_t)(value >> 8);
    *build_at(b, at + 1) = (uint8_t)value;
}

/* ---- TCP, UDP, IP ---- */

static uint32_t sum(uint32_t s, struct bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        s += i % 2 == 0 ? (uint32_t)b.p[i] << 8 : b.p[i];
        s = (s & 0xffff) + (s >> 16);
    }
    return s;
}

/* Writes the checksum of a TCP or UDP packet whose addresses are given. */
static void fill_checksum(struct build *b, struct bytes addresses, unsigned protocol)
{
    size_t at = protocol == BUILD_TCP ? 16 : 6;
    if ((protocol != BUILD_TCP && protocol != BUILD_UDP) || b->b.n < at + 2) {
        return;
    }
    build_set_be16(b, at, 0);
    uint32_t s = sum(0, addresses) + protocol + (uint32_t)(b->b.n >> 16) + (b->b.n & 0xffff);
    s = sum((s & 0xffff) + (s >> 16), b->b);
    uint16_t checksum = (uint16_t)~s;
    build_set_be16(b, at, checksum == 0 ? 0xffff : checksum);
}

static void options_before(struct build *b, struct bytes options)
{
    zeros_before(b, (4 - options.n % 4) % 4);
    build_before(b, options);
}

void build_tcp(struct build *b, const struct build_tcp *t)
{
    options_before(b, t->options);
    size_t words = 5 + (t->options.n + 3) / 4;
    require(words <= 15);
    BEFORE(b, BE16(t->from), BE16(t->to), BE32(t->seq), BE32(t->ack), (uint8_t)(words << 4),
           t->flags, BE16(t->window), 0, 0, BE16(t->urgent));
}

void build_udp(struct build *b, uint16_t from, uint16_t to)
{
    size_t n = b->b.n + 8;
    require(n <= 0xffff);
    BEFORE(b, BE16(from), BE16(to), BE16(n), 0, 0);
}

static struct bytes addresses_of(uint8_t out[32], int family, const char *from, const char *to)
{
    size_t n = family == AF_INET ? 4 : 16;
    require(inet_pton(family, from, out) == 1 && inet_pton(family, to, out + n) == 1);
    return (struct bytes){out, 2 * n};
}

void build_ip4(struct build *b, const char *from, const char *to, unsigned protocol)
{
    build_ip4_with(b, &(struct build_ip4){.from = from, .to = to, .protocol = protocol});
}

void build_ip4_with(struct build *b, const struct build_ip4 *h)
{
    uint8_t room[32];
    struct bytes addresses = addresses_of(room, AF_INET, h->from, h->to);
    if (!h->more && h->offset == 0) {
        fill_checksum(b, addresses, h->protocol);
    }
    options_before(b, h->options);
    size_t header = 20 + (h->options.n + 3) / 4 * 4;
    size_t total = b->b.n + 20;
    require(header <= 60 && total <= 0xffff && h->offset % 8 == 0);
    unsigned place = h->offset / 8 | (h->more ? 0x2000U : 0);
    build_before(b, addresses);
    BEFORE(b, (uint8_t)(0x40 | header / 4), 0, BE16(total), BE16(h->id), BE16(place), 64,
           (uint8_t)h->protocol, 0, 0);
    build_set_be16(b, 10, 0xffff & ~sum(0, bytes_part(b->b, 0, header)));
}

void build_ip6(struct build *b, const char *from, const char *to, unsigned next)
{
    uint8_t room[32];
    struct bytes addresses = addresses_of(room, AF_INET6, from, to);
    fill_checksum(b, addresses, next);
    size_t n = b->b.n;
    require(n <= 0xffff);
    build_before(b, addresses);
    BEFORE(b, 0x60, 0, 0, 0, BE16(n), (uint8_t)next, 64);
}

void build_ip6_extension(struct build *b, unsigned next, size_t n)
{
    require(n >= 8 && n % 8 == 0 && n <= 2048);
    zeros_before(b, n - 2);
    BEFORE(b, (uint8_t)next, (uint8_t)(n / 8 - 1));
}

void build_authentication(struct build *b, unsigned next, size_t n)
{
    require(n >= 12 && n % 4 == 0 && n <= 1024);
    zeros_before(b, n - 2);
    BEFORE(b, (uint8_t)next, (uint8_t)(n / 4 - 2));
}

void build_ip6_fragment(struct build *b, unsigned next, uint32_t id, uint32_t offset, bool more)
{
    require(offset % 8 == 0 && offset <= 0xfff8);
    BEFORE(b, (uint8_t)next, 0, BE16(offset | (more ? 1U : 0)), BE32(id));
}

/* ---- Links ---- */

void build_eth(struct build *b, unsigned type)
{
    BEFORE(b, 2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1, BE16(type));
}

void build_eth_length(struct build *b)
{
    require(b->b.n <= 1500);
    build_eth(b, (unsigned)b->b.n);
}

void build_vlan(struct build *b, unsigned id, unsigned type)
{
    BEFORE(b, BE16(id), BE16(type));
}

void build_snap(struct build *b, unsigned type)
{
    BEFORE(b, 0xaa, 0xaa, 3, 0, 0, 0, BE16(type));
}

void build_sll(struct build *b, unsigned type)
{
    BEFORE(b, 0, 0, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0, BE16(type));
}

void build_sll2(struct build *b, unsigned type)
{
    BEFORE(b, BE16(type), 0, 0, 0, 0, 0, 3, 0, 1, 0, 6, 2, 0, 0, 0, 0, 1, 0, 0);
}

void build_null(struct build *b, uint32_t family, bool big_endian)
{
    if (big_endian) {
        BEFORE(b, BE32(family));
    } else {
        BEFORE(b, (uint8_t)family, (uint8_t)(family >> 8), 0, 0);
    }
}

void build_ppp(struct build *b, unsigned protocol, bool framed)
{
    BEFORE(b, BE16(protocol));
    if (framed) {
        BEFORE(b, 0xff, 3);
    }
}

void build_pppoe(struct build *b)
{
    size_t n = b->b.n;
    require(n <= 0xffff);
    BEFORE(b, 0x11, 0, 0, 7, BE16(n));
}

void build_cisco_hdlc(struct build *b, unsigned type)
{
    BEFORE(b, 0x0f, 0, BE16(type));
}

void build_80211(struct build *b, unsigned flags, bool qos)
{
    if (qos && (flags & 0x80)) {
        zeros_before(b, 4);
    }
    if (qos) {
        zeros_before(b, 2);
    }
    if ((flags & 3) == 3) {
        zeros_before(b, 6);
    }
    zeros_before(b, 22);
    BEFORE(b, qos ? 0x88 : 0x08, (uint8_t)flags);
}

void build_radiotap(struct build *b, bool with_time, unsigned flags)
{
    BEFORE(b, (uint8_t)flags, 0, 0, 0);
    if (with_time) {
        zeros_before(b, 8);
    }
    BEFORE(b, 0, 0, with_time ? 20 : 12, 0, with_time ? 3 : 2, 0, 0, 0);
}

/* ---- Tunnels ---- */

void build_mpls(struct build *b, uint32_t label, bool bottom)
{
    uint32_t entry = label << 12 | (bottom ? 0x100U : 0) | 64;
    BEFORE(b, BE32(entry));
}

void build_gre(struct build *b, unsigned type)
{
    BEFORE(b, 0, 0, BE16(type));
}

void build_gre_with(struct build *b, unsigned type, uint32_t key, bool checksum, bool sequence)
{
    if (sequence) {
        zeros_before(b, 4);
    }
    BEFORE(b, BE32(key));
    if (checksum) {
        zeros_before(b, 4);
    }
    unsigned flags = 0x2000U | (checksum ? 0x8000U : 0) | (sequence ? 0x1000U : 0);
    BEFORE(b, BE16(flags), BE16(type));
    if (checksum) {
        build_set_be16(b, 4, 0xffff & ~sum(0, b->b));
    }
}

void build_vxlan(struct build *b, uint32_t vni)
{
    uint32_t field = vni << 8;
    BEFORE(b, 8, 0, 0, 0, BE32(field));
}

void build_geneve(struct build *b, uint32_t vni, unsigned type, size_t option_bytes)
{
    require(option_bytes % 4 == 0 && option_bytes <= 252);
    zeros_before(b, option_bytes);
    uint32_t field = vni << 8;
    BEFORE(b, (uint8_t)(option_bytes / 4), 0, BE16(type), BE32(field));
}

void build_gtpu(struct build *b, uint32_t teid, unsigned extensions)
{
    for (unsigned i = 0; i < extensions; i++) {
        BEFORE(b, 1, 0, 0, i == 0 ? 0 : 0x85);
    }
    if (extensions > 0) {
        BEFORE(b, 0, 0, 0, 0x85);
    }
    size_t n = b->b.n;
    BEFORE(b, extensions > 0 ? 0x34 : 0x30, 0xff, BE16(n), BE32(teid));
}

/* ---- Packets ---- */

struct packet build_packet(const struct build *b, int link, int64_t ts, uint64_t no)
{
    return (struct packet){
        .ts = ts, .no = no, .wire_len = (uint32_t)b->b.n, .link = link, .b = b->b};
}

struct packet build_plain(struct build *b, struct bytes payload)
{
    build_start(b, payload);
    build_tcp(b, &(struct build_tcp){.from = 1234,
                                     .to = 80,
                                     .seq = 1000,
                                     .ack = 2000,
                                     .flags = TCP_ACK | TCP_PSH,
                                     .window = 512});
    build_ip4(b, "10.0.0.1", "10.0.0.2", BUILD_TCP);
    build_eth(b, BUILD_IP4);
    return build_packet(b, BUILD_LINK_ETHERNET, 1, 1);
}
