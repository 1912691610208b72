/*
 * Tunnels: MPLS label stacks (RFC 3032), GRE (RFC 2784, 2890) with bridged Ethernet, ERSPAN and
 * PPTP (RFC 2637), and in UDP: VXLAN (RFC 7348), GENEVE (RFC 8926), GTP-U (3GPP TS 29.281) and
 * Teredo (RFC 4380). IP directly in IP is in ip.c.
 *
 * The UDP tunnels are known by their ports alone, so what does not look like one is left as some
 * other protocol and is not called malformed.
 */
#include "walk.h"

#define UDP_HEADER_BYTES 8
#define MPLS_LABEL_BYTES 4

enum udp_port {
    PORT_GTPU = 2152,
    PORT_TEREDO = 3544,
    PORT_VXLAN = 4789,
    PORT_GENEVE = 6081,
    PORT_VXLAN_LINUX = 8472 /* the kernel's own, before IANA gave one */
};

/* ---- MPLS ---- */

#define PSEUDOWIRE_WORD_BYTES 4

/* Whether an Ethernet frame with something that is read in it could begin there. */
static bool looks_like_ethernet(struct bytes b)
{
    if (b.n < ETHERNET_HEADER_BYTES) {
        return false;
    }
    switch (be16_at(b, 12)) {
    case ETHERTYPE_IPV4:
    case ETHERTYPE_IPV6:
    case ETHERTYPE_VLAN:
    case ETHERTYPE_SERVICE_VLAN:
    case ETHERTYPE_STACKED_VLAN:
    case ETHERTYPE_MPLS:
    case ETHERTYPE_PPPOE_SESSION:
        return true;
    default:
        return false;
    }
}

/* Nothing says what follows the labels: an IP version, or an Ethernet pseudowire with its control
 * word (RFC 4448), which begins with a zero nibble, or without. */
static enum net_result parse_mpls_payload(struct walk *w)
{
    if (!walk_has(w, 1)) {
        return walk_short(w, 1);
    }
    unsigned nibble = u8_at(w->b, 0) >> 4;
    if (nibble == 4 || nibble == 6) {
        return net_ip_any(w);
    }
    if (looks_like_ethernet(w->b)) {
        return net_ethernet(w);
    }
    if (nibble == 0 && looks_like_ethernet(bytes_from(w->b, PSEUDOWIRE_WORD_BYTES))) {
        walk_skip(w, PSEUDOWIRE_WORD_BYTES);
        return net_ethernet(w);
    }
    bool cut = w->wire > w->b.n && w->b.n < PSEUDOWIRE_WORD_BYTES + ETHERNET_HEADER_BYTES;
    return cut ? NET_CUT : NET_OTHER;
}

/* A whole stack counts as one wrapping. */
enum net_result net_mpls(struct walk *w)
{
    if (!walk_wrap(w, LAYER_MPLS)) {
        return NET_TOO_DEEP;
    }
    bool bottom = false;
    while (!bottom) {
        if (!walk_has(w, MPLS_LABEL_BYTES)) {
            return walk_short(w, MPLS_LABEL_BYTES);
        }
        bottom = u8_at(w->b, 2) & 1;
        walk_skip(w, MPLS_LABEL_BYTES);
    }
    return parse_mpls_payload(w);
}

/* ---- GRE ---- */

enum gre_flag {
    GRE_CHECKSUM = 0x8000,
    GRE_ROUTING = 0x4000,
    GRE_KEY = 0x2000,
    GRE_SEQUENCE = 0x1000,
    GRE_ACK = 0x0080, /* version 1 */
    GRE_VERSION = 0x0007
};

#define GRE_PROTOCOL_PPP 0x880b
#define GRE_PROTOCOL_ERSPAN 0x88be /* types I and II */
#define GRE_PROTOCOL_ERSPAN_III 0x22eb

/* A mirrored frame. Type I has no header of its own and no GRE sequence number either; type III
 * says in its last bit whether 8 more bytes follow. The mirror may have cut the frame. */
static enum net_result parse_erspan(struct walk *w, unsigned protocol, bool sequence)
{
    size_t n = protocol == GRE_PROTOCOL_ERSPAN_III ? 12 : sequence ? 8 : 0;
    if (!walk_has(w, n)) {
        return walk_short(w, n);
    }
    if (n == 12 && (u8_at(w->b, 11) & 1)) {
        n = 20;
    }
    if (!walk_has(w, n)) {
        return walk_short(w, n);
    }
    walk_skip(w, n);
    w->firm = false;
    return net_ethernet(w);
}

/* PPTP's GRE: payload length and call id are where the key is elsewhere. */
static enum net_result parse_pptp(struct walk *w, unsigned flags, unsigned protocol)
{
    size_t header = 8U + (flags & GRE_SEQUENCE ? 4U : 0U) + (flags & GRE_ACK ? 4U : 0U);
    if (protocol != GRE_PROTOCOL_PPP || !(flags & GRE_KEY)) {
        return NET_BAD;
    }
    if (!walk_has(w, header)) {
        return walk_short(w, header);
    }
    size_t n = be16_at(w->b, 4);
    walk_skip(w, header);
    if (!(flags & GRE_SEQUENCE)) { /* only an acknowledgement */
        return NET_OTHER;
    }
    return walk_limit(w, n) ? net_ppp(w) : NET_BAD;
}

enum net_result net_gre(struct walk *w)
{
    if (!walk_tunnel(w, LAYER_GRE)) {
        return NET_TOO_DEEP;
    }
    if (!walk_has(w, 4)) {
        return walk_short(w, 4);
    }
    unsigned flags = be16_at(w->b, 0);
    unsigned protocol = be16_at(w->b, 2);
    if ((flags & GRE_VERSION) == 1) {
        return parse_pptp(w, flags, protocol);
    }
    if ((flags & GRE_VERSION) != 0 || (flags & GRE_ROUTING)) {
        return NET_OTHER;
    }
    size_t key_at = flags & GRE_CHECKSUM ? 8 : 4;
    size_t header = key_at + (flags & GRE_KEY ? 4U : 0U) + (flags & GRE_SEQUENCE ? 4U : 0U);
    if (!walk_has(w, header)) {
        return walk_short(w, header);
    }
    if (flags & GRE_KEY) {
        w->key.tunnel = be32_at(w->b, key_at);
    }
    walk_skip(w, header);
    switch (protocol) {
    case ETHERTYPE_BRIDGED:
        return net_ethernet(w);
    case GRE_PROTOCOL_ERSPAN:
    case GRE_PROTOCOL_ERSPAN_III:
        return parse_erspan(w, protocol, flags & GRE_SEQUENCE);
    default:
        return protocol > ETHERTYPE_LENGTH_MAX ? net_ethertype(w, protocol) : NET_OTHER;
    }
}

/* ---- Over UDP ---- */

/* Too short for the tunnel's own header: it is no such tunnel, if nothing was cut. */
static enum net_result short_of_tunnel(const struct walk *w, size_t n)
{
    return walk_short(w, n) == NET_CUT ? NET_CUT : NET_OTHER;
}

#define VXLAN_HEADER_BYTES 8
#define VXLAN_HAS_VNI 0x08

static enum net_result parse_vxlan(struct walk *w)
{
    if (!walk_has(w, VXLAN_HEADER_BYTES)) {
        return short_of_tunnel(w, VXLAN_HEADER_BYTES);
    }
    if (!(u8_at(w->b, 0) & VXLAN_HAS_VNI)) {
        return NET_OTHER;
    }
    if (!walk_tunnel(w, LAYER_VXLAN)) {
        return NET_TOO_DEEP;
    }
    w->key.tunnel = be32_at(w->b, 4) >> 8;
    walk_skip(w, VXLAN_HEADER_BYTES);
    return net_ethernet(w);
}

#define GENEVE_HEADER_BYTES 8

static enum net_result parse_geneve(struct walk *w)
{
    if (!walk_has(w, GENEVE_HEADER_BYTES)) {
        return short_of_tunnel(w, GENEVE_HEADER_BYTES);
    }
    size_t header = GENEVE_HEADER_BYTES + (size_t)(u8_at(w->b, 0) & 0x3f) * 4;
    unsigned type = be16_at(w->b, 2);
    if (u8_at(w->b, 0) >> 6 != 0 || type <= ETHERTYPE_LENGTH_MAX) {
        return NET_OTHER;
    }
    if (!walk_tunnel(w, LAYER_GENEVE)) {
        return NET_TOO_DEEP;
    }
    if (!walk_has(w, header)) {
        return walk_short(w, header);
    }
    w->key.tunnel = be32_at(w->b, 4) >> 8;
    walk_skip(w, header);
    return type == ETHERTYPE_BRIDGED ? net_ethernet(w) : net_ethertype(w, type);
}

#define GTPU_HEADER_BYTES 8
#define GTPU_VERSION_AND_TYPE 0x30 /* version 1, GTP and not GTP' */
#define GTPU_HAS_EXTENSION 0x04
#define GTPU_HAS_OPTIONS 0x07 /* any of extension, sequence number, N-PDU number */
#define GTPU_MESSAGE_PDU 255

/* Extension headers: each says its length in words, and ends with the type of the next. */
static enum net_result skip_gtpu_extensions(struct walk *w)
{
    for (unsigned next = u8_at(w->b, 3); next != 0;) {
        walk_skip(w, 4); /* the options word, or what is left of the header before */
        if (!walk_has(w, 4)) {
            return walk_short(w, 4);
        }
        size_t n = (size_t)u8_at(w->b, 0) * 4;
        if (n == 0) {
            return NET_BAD;
        }
        if (!walk_has(w, n)) {
            return walk_short(w, n);
        }
        walk_skip(w, n - 4);
        next = u8_at(w->b, 3);
    }
    return NET_SEGMENT;
}

static enum net_result parse_gtpu(struct walk *w)
{
    if (!walk_has(w, GTPU_HEADER_BYTES)) {
        return short_of_tunnel(w, GTPU_HEADER_BYTES);
    }
    unsigned flags = u8_at(w->b, 0);
    size_t n = be16_at(w->b, 2);
    if ((flags & 0xf0) != GTPU_VERSION_AND_TYPE || u8_at(w->b, 1) != GTPU_MESSAGE_PDU) {
        return NET_OTHER;
    }
    if (!walk_tunnel(w, LAYER_GTPU)) {
        return NET_TOO_DEEP;
    }
    walk_skip(w, GTPU_HEADER_BYTES);
    if (!walk_limit(w, n)) {
        return NET_BAD;
    }
    if (flags & GTPU_HAS_OPTIONS) {
        if (!walk_has(w, 4)) {
            return walk_short(w, 4);
        }
        enum net_result r = flags & GTPU_HAS_EXTENSION ? skip_gtpu_extensions(w) : NET_SEGMENT;
        if (r != NET_SEGMENT) {
            return r;
        }
        walk_skip(w, 4);
    }
    return net_ip_any(w);
}

#define TEREDO_AUTHENTICATION 0x0001
#define TEREDO_ORIGIN 0x0000
#define TEREDO_ORIGIN_BYTES 8
#define TEREDO_AUTHENTICATION_BYTES 13 /* without id and value */

static enum net_result parse_teredo(struct walk *w)
{
    if (!walk_has(w, TEREDO_ORIGIN_BYTES)) {
        return short_of_tunnel(w, TEREDO_ORIGIN_BYTES);
    }
    if (be16_at(w->b, 0) == TEREDO_AUTHENTICATION) {
        size_t n = TEREDO_AUTHENTICATION_BYTES + (size_t)u8_at(w->b, 2) + u8_at(w->b, 3);
        if (!walk_has(w, n + TEREDO_ORIGIN_BYTES)) {
            return short_of_tunnel(w, n + TEREDO_ORIGIN_BYTES);
        }
        walk_skip(w, n);
    }
    if (be16_at(w->b, 0) == TEREDO_ORIGIN) {
        walk_skip(w, TEREDO_ORIGIN_BYTES);
    }
    if (!walk_has(w, 1)) {
        return short_of_tunnel(w, 1);
    }
    if (u8_at(w->b, 0) >> 4 != 6) {
        return NET_OTHER;
    }
    return walk_tunnel(w, LAYER_TEREDO) ? net_ipv6(w) : NET_TOO_DEEP;
}

enum net_result net_udp(struct walk *w)
{
    if (!walk_has(w, UDP_HEADER_BYTES)) {
        return walk_short(w, UDP_HEADER_BYTES);
    }
    unsigned from = be16_at(w->b, 0);
    unsigned to = be16_at(w->b, 2);
    size_t n = be16_at(w->b, 4);
    if ((n != 0 && n < UDP_HEADER_BYTES) || (n != 0 && !walk_limit(w, n))) {
        return NET_BAD;
    }
    walk_skip(w, UDP_HEADER_BYTES);
    if (to == PORT_VXLAN || to == PORT_VXLAN_LINUX) {
        return parse_vxlan(w);
    }
    if (to == PORT_GENEVE) {
        return parse_geneve(w);
    }
    if (to == PORT_GTPU || from == PORT_GTPU) {
        return parse_gtpu(w);
    }
    if (to == PORT_TEREDO || from == PORT_TEREDO) {
        return parse_teredo(w);
    }
    return NET_OTHER;
}
