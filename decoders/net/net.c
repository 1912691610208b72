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
#define PLAIN_MORE_OR_OFFSET 0x3fff     /* MF and fragment offset */

/* Ethernet, IPv4, TCP and nothing else, all of it captured; false: go the long way. */
static inline bool parse_plain(const struct packet *p, struct segment *s)
{
    struct bytes b = p->b;
    if (p->link != LINK_ETHERNET || b.n < PLAIN_HEADER_BYTES ||
        be32_at(b, 12) >> 8 != PLAIN_TYPE_AND_VERSION || u8_at(b, 23) != IP_TCP ||
        (be16_at(b, 20) & PLAIN_MORE_OR_OFFSET) != 0) {
        return false;
    }
    size_t end = ETHERNET_HEADER_BYTES + (size_t)be16_at(b, 16);
    size_t payload = 34 + (size_t)(u8_at(b, 46) >> 4) * 4;
    if (end > b.n || payload > end || payload < PLAIN_HEADER_BYTES) {
        return false;
    }
    s->ts = p->ts;
    s->pkt = p->no;
    s->key = (struct flow_key){.vlan = {VLAN_NONE, VLAN_NONE}, .family = 4};
    memcpy(s->key.ip[0], b.p + 26, 4);
    memcpy(s->key.ip[1], b.p + 30, 4);
    s->key.port[0] = be16_at(b, 34);
    s->key.port[1] = be16_at(b, 36);
    s->layers = LAYER_ETHERNET | LAYER_IPV4;
    s->seq = be32_at(b, 38);
    s->ack = be32_at(b, 42);
    s->cut = 0;
    s->flags = u8_at(b, 47) & 0x3f;
    s->window = be16_at(b, 48);
    s->urgent = be16_at(b, 52);
    s->b = (struct bytes){b.p + payload, end - payload};
    return true;
}

static enum net_result parse_any(const struct packet *p, struct net_parsed *out)
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
