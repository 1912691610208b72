/*
 * Link layers: Ethernet with VLAN tags, IEEE 802.2 LLC and SNAP, Linux cooked captures, the BSD
 * loopback, raw IP. Layouts of the captured ones are libpcap's (www.tcpdump.org/linktypes.html).
 */
#include "walk.h"

#define VLAN_TAG_BYTES 4
#define SLL_HEADER_BYTES 16
#define SLL2_HEADER_BYTES 20
#define SLL_PROTOCOL_LLC 0x0004
#define NULL_HEADER_BYTES 4
#define LLC_SNAP_BYTES 8

enum net_result net_ethernet(struct walk *w)
{
    w->layers |= LAYER_ETHERNET;
    w->key.vlan[0] = w->key.vlan[1] = VLAN_NONE;
    if (!walk_has(w, ETHERNET_HEADER_BYTES)) {
        return walk_short(w, ETHERNET_HEADER_BYTES);
    }
    unsigned type = be16_at(w->b, 12);
    walk_skip(w, ETHERNET_HEADER_BYTES);
    return net_ethertype(w, type);
}

/* IEEE 802.1Q. The VLAN id 0 only carries a priority and is no VLAN. */
static enum net_result parse_vlan(struct walk *w, unsigned type)
{
    bool stacked = type != ETHERTYPE_VLAN || (w->layers & LAYER_VLAN);
    if (!walk_wrap(w, stacked ? LAYER_VLAN | LAYER_QINQ : LAYER_VLAN)) {
        return NET_TOO_DEEP;
    }
    if (!walk_has(w, VLAN_TAG_BYTES)) {
        return walk_short(w, VLAN_TAG_BYTES);
    }
    uint16_t id = be16_at(w->b, 0) & 0xfff;
    unsigned inner_type = be16_at(w->b, 2);
    if (id != 0) {
        w->key.vlan[w->key.vlan[0] == VLAN_NONE ? 0 : 1] = id;
    }
    walk_skip(w, VLAN_TAG_BYTES);
    return net_ethertype(w, inner_type);
}

enum net_result net_ethertype(struct walk *w, unsigned type)
{
    switch (type) {
    case ETHERTYPE_IPV4:
        return net_ipv4(w);
    case ETHERTYPE_IPV6:
        return net_ipv6(w);
    case ETHERTYPE_VLAN:
    case ETHERTYPE_SERVICE_VLAN:
    case ETHERTYPE_STACKED_VLAN:
        return parse_vlan(w, type);
    case ETHERTYPE_MPLS:
    case ETHERTYPE_MPLS_MULTICAST:
        return net_mpls(w);
    case ETHERTYPE_PPPOE_SESSION:
        return net_pppoe(w);
    default:
        break;
    }
    if (type > ETHERTYPE_LENGTH_MAX) {
        return NET_OTHER;
    }
    return walk_limit(w, type) ? net_llc(w) : NET_BAD;
}

/* LLC holds IP only behind a SNAP header (RFC 1042), also with the OUI of bridge tunnels. */
enum net_result net_llc(struct walk *w)
{
    struct bytes snap = {(const uint8_t[]){0xaa, 0xaa, 3, 0, 0}, 5};
    if (!bytes_equal(bytes_part(w->b, 0, snap.n), bytes_part(snap, 0, w->b.n))) {
        return NET_OTHER;
    }
    if (!walk_has(w, LLC_SNAP_BYTES)) {
        return walk_short(w, LLC_SNAP_BYTES);
    }
    unsigned oui_end = u8_at(w->b, 5);
    unsigned type = be16_at(w->b, 6);
    if ((oui_end != 0 && oui_end != 0xf8) || type <= ETHERTYPE_LENGTH_MAX) {
        return NET_OTHER;
    }
    walk_skip(w, LLC_SNAP_BYTES);
    return net_ethertype(w, type);
}

static enum net_result parse_sll(struct walk *w, size_t header, size_t type_at)
{
    w->layers |= LAYER_SLL;
    if (!walk_has(w, header)) {
        return walk_short(w, header);
    }
    unsigned type = be16_at(w->b, type_at);
    walk_skip(w, header);
    if (type == SLL_PROTOCOL_LLC) {
        return net_llc(w);
    }
    return type > ETHERTYPE_LENGTH_MAX ? net_ethertype(w, type) : NET_OTHER;
}

/* The address family, in the byte order of whoever captured it (LOOP: network order). */
static enum net_result parse_null(struct walk *w)
{
    w->layers |= LAYER_NULL;
    if (!walk_has(w, NULL_HEADER_BYTES)) {
        return walk_short(w, NULL_HEADER_BYTES);
    }
    uint32_t family = be32_at(w->b, 0);
    if (family > 0xffff) {
        family = u8_at(w->b, 0) | (uint32_t)u8_at(w->b, 1) << 8;
    }
    walk_skip(w, NULL_HEADER_BYTES);
    switch (family) {
    case 2:
        return net_ipv4(w);
    case 10: /* AF_INET6 of Linux, */
    case 23: /* Windows, */
    case 24: /* NetBSD and OpenBSD, */
    case 28: /* FreeBSD */
    case 30: /* and macOS */
        return net_ipv6(w);
    default:
        return NET_OTHER;
    }
}

static enum net_result parse_raw(struct walk *w, int link)
{
    w->layers |= LAYER_RAW;
    return link == LINK_IPV4 ? net_ipv4(w) : link == LINK_IPV6 ? net_ipv6(w) : net_ip_any(w);
}

enum net_result net_link(struct walk *w, int link)
{
    switch (link) {
    case LINK_ETHERNET:
        return net_ethernet(w);
    case LINK_SLL:
        return parse_sll(w, SLL_HEADER_BYTES, 14);
    case LINK_SLL2:
        return parse_sll(w, SLL2_HEADER_BYTES, 0);
    case LINK_NULL:
    case LINK_LOOP:
        return parse_null(w);
    case LINK_RAW:
    case LINK_RAW_OPENBSD:
    case LINK_RAW_FILE:
    case LINK_IPV4:
    case LINK_IPV6:
        return parse_raw(w, link);
    case LINK_PPP:
    case LINK_PPP_SERIAL:
    case LINK_CISCO_HDLC:
        return net_hdlc(w);
    case LINK_PPP_ETHER:
        return net_pppoe(w);
    case LINK_80211:
        return net_80211(w, false);
    case LINK_RADIOTAP:
        return net_radiotap(w);
    case LINK_AVS:
    case LINK_PRISM:
        return net_avs_or_prism(w);
    default:
        return NET_LINK_UNKNOWN;
    }
}
