/*
 * What flows from a capture to the reassembly: packets and TCP segments, and the key of a
 * connection.
 *
 * Times are nanoseconds since 1970-01-01 UTC, as the capture gave them. Packet numbers count from 1
 * in the order the packets were read.
 */
#ifndef WSIGHT_PACKET_H
#define WSIGHT_PACKET_H

#include "../base/bytes.h"

/* A packet as captured. b is what was captured (caplen); wire_len what was on the wire. */
struct packet {
    int64_t ts;
    uint64_t no;
    uint32_t wire_len;
    int link;           /* DLT_ value of libpcap */
    uint32_t interface; /* index into the source's interfaces */
    /* A comment of pcapng: so many bytes, so far behind the end of b. 0: there is none. */
    uint16_t comment_at, comment_n;
    struct bytes b;
};

/* One end of a connection. IPv4 addresses stand in the first 4 bytes, the rest zero. */
struct endpoint {
    uint8_t ip[16];
    uint16_t port;
};

/*
 * What tells one connection from another: both ends, the address family, and the VLAN and tunnel
 * the packet came through. Every byte of it is set, so keys compare with memcmp. A key is kept in
 * the sender's order by the parser; flow_key_ordered() gives the order that both directions share.
 */
struct flow_key {
    uint8_t ip[2][16]; /* [0] the sender's in a segment */
    uint16_t port[2];
    uint16_t vlan[2]; /* outer and inner VLAN id of the innermost Ethernet frame; 0xffff: none */
    uint32_t tunnel;  /* VNI or GRE key of the innermost tunnel that has one; 0 for none. Ids that
                         differ by direction (TEID, MPLS label, PPTP call) are no part of a key. */
    uint8_t family;   /* 4 or 6 */
    uint8_t depth;    /* how many tunnels over IP it was unwrapped from */
    uint16_t zero;
};

/* Bits of segment.layers: what the segment was wrapped in, for the report's `layers`. */
enum layer {
    LAYER_ETHERNET = 1 << 0,
    LAYER_VLAN = 1 << 1, /* any VLAN tag */
    LAYER_QINQ = 1 << 2, /* stacked ones */
    LAYER_SLL = 1 << 3,
    LAYER_NULL = 1 << 4,
    LAYER_RAW = 1 << 5,
    LAYER_PPPOE = 1 << 6,
    LAYER_PPP = 1 << 7,
    LAYER_80211 = 1 << 8,
    LAYER_MPLS = 1 << 9,
    LAYER_GRE = 1 << 10,
    LAYER_IPIP = 1 << 11, /* IPv4 or IPv6 directly in IP, 6in4 too */
    LAYER_VXLAN = 1 << 12,
    LAYER_GENEVE = 1 << 13,
    LAYER_GTPU = 1 << 14,
    LAYER_TEREDO = 1 << 15,
    LAYER_IPV4 = 1 << 16, /* of the IP header that carries the TCP segment */
    LAYER_IPV6 = 1 << 17,
    LAYER_FRAGMENTED = 1 << 18, /* came in IP fragments */
    LAYER_TLS = 1 << 19,        /* inside TLS, decrypted; of a stream's connection alone */
    LAYER_HTTP2 = 1 << 20       /* a stream of HTTP/2; likewise */
};

enum tcp_flag {
    TCP_FIN = 0x01,
    TCP_SYN = 0x02,
    TCP_RST = 0x04,
    TCP_PSH = 0x08,
    TCP_ACK = 0x10,
    TCP_URG = 0x20
};

/* A TCP segment. b is the payload that was captured; cut the payload bytes the snap length took. */
struct segment {
    int64_t ts;
    uint64_t pkt;
    struct flow_key key;
    uint32_t layers; /* enum layer */
    uint32_t seq, ack;
    uint32_t cut;
    uint16_t window;
    uint16_t urgent;
    uint8_t flags; /* enum tcp_flag */
    struct bytes b;
};

#endif
