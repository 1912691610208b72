/*
 * Inside net/: the walk from header to header of one packet.
 *
 * Each header's function looks at the bytes at the front of the walk, takes its own header away and
 * calls the function of what follows; the last one fills the result. A function checks once that
 * its header was captured (walk_has) and then reads fixed places. What is missing is told in two
 * ways: cut by the snap length (NET_CUT) or not even on the wire (NET_BAD).
 */
#ifndef WSIGHT_WALK_H
#define WSIGHT_WALK_H

#include "net.h"

/* Link types that are read: values of libpcap's DLT_ and of the LINKTYPE_ in files. */
enum link {
    LINK_NULL = 0,
    LINK_ETHERNET = 1,
    LINK_PPP = 9,
    LINK_RAW = 12, /* DLT_RAW of most systems */
    LINK_RAW_OPENBSD = 14,
    LINK_PPP_SERIAL = 50,
    LINK_PPP_ETHER = 51,
    LINK_RAW_FILE = 101, /* LINKTYPE_RAW */
    LINK_CISCO_HDLC = 104,
    LINK_80211 = 105,
    LINK_LOOP = 108,
    LINK_SLL = 113,
    LINK_PRISM = 119,
    LINK_RADIOTAP = 127,
    LINK_AVS = 163,
    LINK_IPV4 = 228,
    LINK_IPV6 = 229,
    LINK_SLL2 = 276
};

enum ethertype {
    ETHERTYPE_LENGTH_MAX = 1500, /* up to here it is an IEEE 802.3 length */
    ETHERTYPE_IPV4 = 0x0800,
    ETHERTYPE_BRIDGED = 0x6558, /* Transparent Ethernet Bridging */
    ETHERTYPE_VLAN = 0x8100,
    ETHERTYPE_IPV6 = 0x86dd,
    ETHERTYPE_MPLS = 0x8847,
    ETHERTYPE_MPLS_MULTICAST = 0x8848,
    ETHERTYPE_PPPOE_SESSION = 0x8864,
    ETHERTYPE_SERVICE_VLAN = 0x88a8, /* IEEE 802.1ad */
    ETHERTYPE_STACKED_VLAN = 0x9100  /* before 802.1ad */
};

enum ip_protocol {
    IP_HOP_BY_HOP = 0,
    IP_IPV4 = 4,
    IP_TCP = 6,
    IP_UDP = 17,
    IP_IPV6 = 41,
    IP_ROUTING = 43,
    IP_FRAGMENT = 44,
    IP_GRE = 47,
    IP_AUTHENTICATION = 51,
    IP_DESTINATION = 60,
    IP_MOBILITY = 135,
    IP_MPLS = 137
};

#define VLAN_NONE 0xffff
#define ETHERNET_HEADER_BYTES 14

struct walk {
    struct bytes b; /* what is left of the packet, as far as it was captured */
    size_t wire;    /* what is left of it on the wire; at least b.n */
    bool firm;      /* an IP length has set `wire`: a greater length inside contradicts it */
    unsigned wraps; /* tags and tunnels so far */
    uint32_t layers;
    struct flow_key key; /* ports stay zero here */
    int64_t ts;
    uint64_t pkt;
    struct net_parsed *out;
};

static inline bool walk_has(const struct walk *w, size_t n)
{
    return w->b.n >= n;
}

/* What it is called that n bytes are not there. */
static inline enum net_result walk_short(const struct walk *w, size_t n)
{
    return w->wire >= n ? NET_CUT : NET_BAD;
}

/* Takes n captured bytes away: n <= b.n. */
static inline void walk_skip(struct walk *w, size_t n)
{
    w->b.p += n;
    w->b.n -= n;
    w->wire -= n;
}

/* A header says that n bytes are left: what is behind them is padding. More than there are is a
 * contradiction (false), unless only the frame says how many there are: some taps cut packets
 * without telling, and then the difference counts as cut. */
static inline bool walk_limit(struct walk *w, size_t n)
{
    if (n > w->wire && w->firm) {
        return false;
    }
    w->wire = n;
    if (n < w->b.n) {
        w->b.n = n;
    }
    return true;
}

/* Counts a tag or tunnel; false when there are too many. */
static inline bool walk_wrap(struct walk *w, uint32_t layer)
{
    w->layers |= layer;
    return ++w->wraps <= NET_DEPTH_MAX;
}

/* Counts a tunnel that runs over IP. */
static inline bool walk_tunnel(struct walk *w, uint32_t layer)
{
    w->key.depth++;
    return walk_wrap(w, layer);
}

/* link.c */
enum net_result net_link(struct walk *, int link);
enum net_result net_ethernet(struct walk *);
enum net_result net_ethertype(struct walk *, unsigned type);
enum net_result net_llc(struct walk *);
/* wireless.c */
enum net_result net_80211(struct walk *, bool padded);
enum net_result net_radiotap(struct walk *);
enum net_result net_avs_or_prism(struct walk *);
/* ppp.c */
enum net_result net_ppp(struct walk *);
enum net_result net_pppoe(struct walk *);
enum net_result net_hdlc(struct walk *);
/* ip.c */
enum net_result net_ipv4(struct walk *);
enum net_result net_ipv6(struct walk *);
enum net_result net_ip_any(struct walk *); /* by its version */
enum net_result net_ip_payload(struct walk *, unsigned protocol);
/* tunnel.c */
enum net_result net_mpls(struct walk *);
enum net_result net_gre(struct walk *);
enum net_result net_udp(struct walk *);
/* tcp.c */
enum net_result net_tcp(struct walk *);

#endif
