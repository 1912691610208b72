/*
 * The way in: one packet, or a reassembled datagram, to a TCP segment.
 *
 * Nearly every packet is TCP in IPv4 without options in plain Ethernet, so those are read here in
 * one go; whatever else there may be goes the long way, header by header (walk.h).
 */
#include "walk.h"

#define PLAIN_HEADER_BYTES                                                                         \
    (ETHERNET_HEADER_BYTES + 20 + 20)   /* Ethernet, IPv4 and TCP without options */
#define PLAIN_TYPE_AND_VERSION 0x080045 /* IPv4's EtherType, version 4 and 5 words of header */
/* The second eight bytes of the IPv4 header from the end of the length on: more fragments and
 * fragment offset, which must be zero, time to live, which may be anything, and the protocol. */
#define PLAIN_MASK 0x3fff00ffU

static inline void copy_address(uint8_t to[16], struct bytes b, size_t at)
{
    uint64_t half = 0; /* stored as it will be loaded again, to be hashed and compared */
    memcpy(&half, b.p + at, 4);
    memcpy(to, &half, sizeof half);
    memset(to + sizeof half, 0, sizeof half);
}

/* Ethernet, IPv4, TCP and nothing else, all of it captured; false: go the long way. */
static inline bool parse_plain(const struct packet *p, struct segment *s)
{
    struct bytes b = p->b;
    if (p->link != LINK_ETHERNET || b.n < PLAIN_HEADER_BYTES ||
        be32_at(b, 12) >> 8 != PLAIN_TYPE_AND_VERSION) {
        return false;
    }
    uint64_t length_to_protocol = be64_at(b, 16);
    uint32_t offset_flags_window = be32_at(b, 46);
    size_t end = ETHERNET_HEADER_BYTES + (size_t)(length_to_protocol >> 48);
    size_t payload = 34 + (size_t)(offset_flags_window >> 28) * 4;
    if ((length_to_protocol & PLAIN_MASK) != IP_TCP || end > b.n || payload > end ||
        payload < PLAIN_HEADER_BYTES) {
        return false;
    }
    s->ts = p->ts;
    s->pkt = p->no;
    copy_address(s->key.ip[0], b, 26);
    copy_address(s->key.ip[1], b, 30);
    uint32_t ports = be32_at(b, 34);
    s->key.port[0] = (uint16_t)(ports >> 16);
    s->key.port[1] = (uint16_t)ports;
    s->key.vlan[0] = s->key.vlan[1] = VLAN_NONE;
    s->key.tunnel = 0;
    s->key.family = 4;
    s->key.depth = 0;
    s->key.zero = 0;
    s->layers = LAYER_ETHERNET | LAYER_IPV4;
    s->seq = be32_at(b, 38);
    s->ack = be32_at(b, 42);
    s->cut = 0;
    s->window = (uint16_t)offset_flags_window;
    s->urgent = be16_at(b, 52);
    s->flags = offset_flags_window >> 16 & 0x3f;
    s->b = (struct bytes){b.p + payload, end - payload};
    return true;
}

/* Not inlined: its frame would cost the fast path as much as ten fields. */
__attribute__((noinline)) static enum net_result parse_any(const struct packet *p,
                                                           struct net_parsed *out)
{
    struct walk w = {.b = p->b, .wire = p->wire_len, .ts = p->ts, .pkt = p->no, .out = out};
    if (w.wire < w.b.n) {
        w.wire = w.b.n;
    }
    w.key.vlan[0] = w.key.vlan[1] = VLAN_NONE;
    return net_link(&w, p->link);
}

enum net_result net_parse(const struct packet *p, struct net_parsed *out)
{
    return parse_plain(p, &out->segment) ? NET_SEGMENT : parse_any(p, out);
}

enum net_result net_parse_ip(const struct ip_fragment *f, int64_t ts, uint64_t pkt,
                             struct net_parsed *out)
{
    struct walk w = {.b = f->b,
                     .wire = f->b.n + f->cut,
                     .firm = true,
                     .wraps = f->key.depth,
                     .layers = f->layers,
                     .key = f->key,
                     .ts = ts,
                     .pkt = pkt,
                     .out = out};
    return net_ip_payload(&w, f->protocol);
}
