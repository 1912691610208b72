/*
 * From a captured packet to a TCP segment: link layers, VLAN tags, tunnels, IPv4 and IPv6.
 *
 * net_parse walks the headers of one packet, unwrapping tunnels to NET_DEPTH_MAX, until it finds
 * TCP, an IP fragment, or something that holds no TCP. Nothing is copied and nothing is kept: the
 * payload borrows the packet's bytes. IP fragments are handed back to the caller, who reassembles
 * them (analyzer/tcp/fragments) and calls net_parse_ip with the whole datagram.
 */
#ifndef WSIGHT_NET_H
#define WSIGHT_NET_H

#include "packet.h"

#define NET_DEPTH_MAX 8 /* tunnels and tags in all that are unwrapped from one packet */

enum net_result {
    NET_SEGMENT,      /* `segment` is filled */
    NET_FRAGMENT,     /* `fragment` is filled */
    NET_OTHER,        /* a sound packet that holds no TCP */
    NET_CUT,          /* the snap length cut it before the end of the TCP header */
    NET_BAD,          /* a header that contradicts itself */
    NET_TOO_DEEP,     /* more than NET_DEPTH_MAX wrappings */
    NET_LINK_UNKNOWN, /* a link type that is not read */
    NET_ENCRYPTED     /* an 802.11 frame that is protected */
};

/* An IP fragment: enough to reassemble the datagram and to go on parsing it. */
struct ip_fragment {
    struct flow_key key; /* addresses, VLAN, tunnel, family, depth; ports are zero */
    uint32_t layers;
    uint32_t id;      /* identification (16 bits in IPv4, 32 in IPv6) */
    uint32_t offset;  /* bytes */
    uint8_t protocol; /* of the whole datagram: IP protocol number of what follows */
    bool more;        /* MF */
    uint32_t cut;     /* payload bytes that the snap length took */
    struct bytes b;   /* payload of this fragment that was captured */
};

struct net_parsed {
    struct segment segment;
    struct ip_fragment fragment;
};

/* Parses one packet. out's other part is left alone; segment.ts and .pkt come from the packet. */
enum net_result net_parse(const struct packet *p, struct net_parsed *out);

/* Goes on with the reassembled payload of an IP datagram whose fragments `f` describes (its key,
 * layers and protocol; b and cut of the whole payload). Tunnels inside are unwrapped as above. */
enum net_result net_parse_ip(const struct ip_fragment *f, int64_t ts, uint64_t pkt,
                             struct net_parsed *out);

#endif
