/*
 * PPP (RFC 1661), its HDLC-like framing (RFC 1662), Cisco's HDLC, and PPP over Ethernet (RFC 2516).
 */
#include "walk.h"

#define PPPOE_HEADER_BYTES 6
#define PPPOE_VERSION_AND_TYPE 0x11
#define HDLC_HEADER_BYTES 4

enum ppp_protocol {
    PPP_IPV4 = 0x0021,
    PPP_IPV6 = 0x0057,
    PPP_MPLS = 0x0281,
    PPP_MPLS_MULTICAST = 0x0283
};

/* Address and control (ff 03) may be left out, and so may the protocol's high byte, which is even
 * (RFC 1661 section 6.5 and 6.6); the low one is odd. */
enum net_result net_ppp(struct walk *w)
{
    w->layers |= LAYER_PPP;
    if (!walk_has(w, 2)) {
        return walk_short(w, 2);
    }
    if (be16_at(w->b, 0) == 0xff03) {
        walk_skip(w, 2);
    }
    size_t n = walk_has(w, 1) && (u8_at(w->b, 0) & 1) != 0 ? 1 : 2;
    if (!walk_has(w, n)) {
        return walk_short(w, n);
    }
    unsigned protocol = n == 1 ? u8_at(w->b, 0) : be16_at(w->b, 0);
    walk_skip(w, n);
    switch (protocol) {
    case PPP_IPV4:
        return net_ipv4(w);
    case PPP_IPV6:
        return net_ipv6(w);
    case PPP_MPLS:
    case PPP_MPLS_MULTICAST:
        return net_mpls(w);
    default:
        return NET_OTHER;
    }
}

enum net_result net_pppoe(struct walk *w)
{
    if (!walk_wrap(w, LAYER_PPPOE)) {
        return NET_TOO_DEEP;
    }
    if (!walk_has(w, PPPOE_HEADER_BYTES)) {
        return walk_short(w, PPPOE_HEADER_BYTES);
    }
    unsigned code = u8_at(w->b, 1);
    size_t n = be16_at(w->b, 4);
    if (u8_at(w->b, 0) != PPPOE_VERSION_AND_TYPE) {
        return NET_BAD;
    }
    if (code != 0) { /* discovery */
        return NET_OTHER;
    }
    walk_skip(w, PPPOE_HEADER_BYTES);
    return walk_limit(w, n) ? net_ppp(w) : NET_BAD;
}

/* Cisco's HDLC begins with 0f (unicast) or 8f (multicast) and has EtherTypes; the rest is PPP. */
enum net_result net_hdlc(struct walk *w)
{
    if (!walk_has(w, 1)) {
        return walk_short(w, 1);
    }
    if ((u8_at(w->b, 0) & 0x7f) != 0x0f) {
        return net_ppp(w);
    }
    w->layers |= LAYER_PPP;
    if (!walk_has(w, HDLC_HEADER_BYTES)) {
        return walk_short(w, HDLC_HEADER_BYTES);
    }
    unsigned type = be16_at(w->b, 2);
    walk_skip(w, HDLC_HEADER_BYTES);
    return type > ETHERTYPE_LENGTH_MAX ? net_ethertype(w, type) : NET_OTHER;
}
