/*
 * IPv4 (RFC 791) and IPv6 with its extension headers (RFC 8200).
 *
 * The IP length cuts off what is behind it (Ethernet padding). A length of 0 is what a sender's
 * offload leaves in packets that were captured before the network card filled it in, and in IPv6
 * also a jumbogram: then the frame's length stands for it.
 */
#include "walk.h"

#define IPV4_HEADER_MIN_BYTES 20
#define IPV6_HEADER_BYTES 40
#define FRAGMENT_HEADER_BYTES 8
#define IP_DATAGRAM_MAX_BYTES 65535

/* Sets the addresses and the family of the IP header at the front. */
static void set_addresses(struct walk *w, size_t at, uint8_t family)
{
    size_t n = family == 4 ? 4 : 16;
    memset(w->key.ip, 0, sizeof w->key.ip);
    memcpy(w->key.ip[0], w->b.p + at, n);
    memcpy(w->key.ip[1], w->b.p + at + n, n);
    w->key.family = family;
    w->layers &= ~(uint32_t)(LAYER_IPV4 | LAYER_IPV6 | LAYER_FRAGMENTED);
    w->layers |= family == 4 ? LAYER_IPV4 : LAYER_IPV6;
}

/* What is left is the payload of a fragment at the given offset. */
static enum net_result fill_fragment(struct walk *w, unsigned protocol, uint32_t id,
                                     uint32_t offset, bool more)
{
    if (w->wire > IP_DATAGRAM_MAX_BYTES - offset || (more && w->wire % 8 != 0) || w->wire == 0) {
        return NET_BAD;
    }
    struct ip_fragment *f = &w->out->fragment;
    f->key = w->key;
    f->layers = w->layers | LAYER_FRAGMENTED;
    f->id = id;
    f->offset = offset;
    f->protocol = (uint8_t)protocol;
    f->more = more;
    f->b = w->b;
    f->cut = (uint32_t)(w->wire - w->b.n);
    return NET_FRAGMENT;
}

enum net_result net_ipv4(struct walk *w)
{
    if (!walk_has(w, IPV4_HEADER_MIN_BYTES)) {
        return walk_short(w, IPV4_HEADER_MIN_BYTES);
    }
    struct bytes b = w->b;
    size_t header = (size_t)(u8_at(b, 0) & 15) * 4;
    size_t total = be16_at(b, 2);
    if (u8_at(b, 0) >> 4 != 4 || header < IPV4_HEADER_MIN_BYTES || (total != 0 && total < header)) {
        return NET_BAD;
    }
    if (total != 0 && !walk_limit(w, total)) {
        return NET_BAD;
    }
    w->firm = true;
    if (!walk_has(w, header)) {
        return walk_short(w, header);
    }
    set_addresses(w, 12, 4);
    walk_skip(w, header);
    unsigned protocol = u8_at(b, 9);
    unsigned place = be16_at(b, 6);
    bool more = place & 0x2000;
    uint32_t offset = (place & 0x1fff) * 8;
    if (more || offset != 0) {
        return fill_fragment(w, protocol, be16_at(b, 4), offset, more);
    }
    return net_ip_payload(w, protocol);
}

enum net_result net_ipv6(struct walk *w)
{
    if (!walk_has(w, IPV6_HEADER_BYTES)) {
        return walk_short(w, IPV6_HEADER_BYTES);
    }
    struct bytes b = w->b;
    if (u8_at(b, 0) >> 4 != 6) {
        return NET_BAD;
    }
    set_addresses(w, 8, 6);
    walk_skip(w, IPV6_HEADER_BYTES);
    size_t n = be16_at(b, 4);
    if (n != 0 && !walk_limit(w, n)) {
        return NET_BAD;
    }
    w->firm = true;
    return net_ip_payload(w, u8_at(b, 6));
}

enum net_result net_ip_any(struct walk *w)
{
    if (!walk_has(w, 1)) {
        return walk_short(w, 1);
    }
    switch (u8_at(w->b, 0) >> 4) {
    case 4:
        return net_ipv4(w);
    case 6:
        return net_ipv6(w);
    default:
        return NET_OTHER;
    }
}

/* While segments are left the destination is only the next hop; answers come from the final one,
 * which the header holds: types 0 (RFC 5095), 2 (RFC 6275) and 4 (RFC 8754). */
static void set_final_destination(struct walk *w, size_t n)
{
    unsigned type = u8_at(w->b, 2);
    if (n < 24 || u8_at(w->b, 3) == 0) {
        return;
    }
    if (type == 0) {
        memcpy(w->key.ip[1], w->b.p + n - 16, 16);
    } else if (type == 2 || type == 4) {
        memcpy(w->key.ip[1], w->b.p + 8, 16);
    }
}

/* Steps over an extension header that has its own length; the next one's number goes to *protocol.
 * NET_SEGMENT: go on. */
static enum net_result skip_extension(struct walk *w, unsigned *protocol)
{
    if (!walk_has(w, 8)) {
        return walk_short(w, 8);
    }
    size_t words = u8_at(w->b, 1);
    size_t n = *protocol == IP_AUTHENTICATION ? (words + 2) * 4 : (words + 1) * 8;
    if (!walk_has(w, n)) {
        return walk_short(w, n);
    }
    if (*protocol == IP_ROUTING) {
        set_final_destination(w, n);
    }
    *protocol = u8_at(w->b, 0);
    walk_skip(w, n);
    return NET_SEGMENT;
}

/* A fragment header; an atomic one (RFC 6946) is stepped over. NET_SEGMENT: go on. */
static enum net_result read_fragment_header(struct walk *w, unsigned *protocol)
{
    if (!walk_has(w, FRAGMENT_HEADER_BYTES)) {
        return walk_short(w, FRAGMENT_HEADER_BYTES);
    }
    struct bytes b = w->b;
    *protocol = u8_at(b, 0);
    walk_skip(w, FRAGMENT_HEADER_BYTES);
    unsigned place = be16_at(b, 2);
    if ((place & 0xfff9) == 0) {
        return NET_SEGMENT;
    }
    return fill_fragment(w, *protocol, be32_at(b, 4), place & 0xfff8, place & 1);
}

static enum net_result inner_ip(struct walk *w, unsigned protocol)
{
    if (!walk_tunnel(w, LAYER_IPIP)) {
        return NET_TOO_DEEP;
    }
    return protocol == IP_IPV4 ? net_ipv4(w) : net_ipv6(w);
}

enum net_result net_ip_payload(struct walk *w, unsigned protocol)
{
    for (;;) {
        enum net_result r = NET_OTHER;
        switch (protocol) {
        case IP_TCP:
            return net_tcp(w);
        case IP_UDP:
            return net_udp(w);
        case IP_GRE:
            return net_gre(w);
        case IP_IPV4:
        case IP_IPV6:
            return inner_ip(w, protocol);
        case IP_MPLS:
            w->key.depth++;
            return net_mpls(w);
        case IP_FRAGMENT:
            r = w->key.family == 6 ? read_fragment_header(w, &protocol) : NET_OTHER;
            break;
        case IP_HOP_BY_HOP:
        case IP_ROUTING:
        case IP_DESTINATION:
        case IP_MOBILITY:
            r = w->key.family == 6 ? skip_extension(w, &protocol) : NET_OTHER;
            break;
        case IP_AUTHENTICATION:
            r = skip_extension(w, &protocol);
            break;
        default:
            break;
        }
        if (r != NET_SEGMENT) {
            return r;
        }
    }
}
