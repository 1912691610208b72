/*
 * A capture file and the TCP connections that are seen in it.
 *
 * The tap writes a classic pcap file (microseconds, Ethernet) and owns the only clock: each packet
 * moves it on a little. A conn is one TCP connection over IPv4; its two peers keep sequence numbers
 * (RFC 9293), acknowledge every second segment, and use the time stamp option (RFC 7323) as Linux
 * does. With `tap.impair` set, segments are lost, reordered, repeated and overlapped on the way to
 * the tap (impair.c); the stream is complete in the end and no acknowledgement passes a hole.
 */
#ifndef WSIGHT_BENCH_TAP_H
#define WSIGHT_BENCH_TAP_H

#include "random.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum side { SIDE_CLIENT = 0, SIDE_SERVER = 1 };

enum {
    TCP_FIN = 0x01,
    TCP_SYN = 0x02,
    TCP_RST = 0x04,
    TCP_PSH = 0x08,
    TCP_ACK = 0x10,
    TCP_SEGMENT_BYTES = 1448, /* 1500 of the link, less IPv4, TCP and its time stamps */
    TAP_HISTORY_BYTES = 4096, /* what a peer on a lossy wire can send again; a power of two */
};

enum hole_kind { HOLE_NONE, HOLE_LOST, HOLE_LATE };

struct hole {
    uint32_t seq;
    uint32_t length;
    enum hole_kind kind;
    unsigned passed; /* segments that came after it */
};

struct peer {
    uint32_t ip;
    uint16_t port;
    uint16_t packet_id;
    uint32_t start;      /* sequence number of its first byte */
    uint32_t seq;        /* ... of the next new one */
    uint32_t reached;    /* the other side holds everything before this */
    uint32_t stamp;      /* the last time stamp it sent */
    unsigned unanswered; /* segments the other side has not acknowledged yet */
    struct hole hole;
    uint8_t *history; /* the last bytes, by sequence number; only on a lossy wire */
};

struct conn {
    struct peer peer[2];
    bool impaired;
    struct tls *tls; /* around what is sent; NULL: none */
};

struct due {
    struct conn *conn;
    enum side from;
    uint32_t seq;
    uint64_t at_ns;
};

enum { IMPAIR_QUEUE = 4096 };

struct due_queue {
    struct due item[IMPAIR_QUEUE];
    uint64_t head, tail;
};

struct impair {
    struct due_queue lost, late;
    uint64_t losses, reorderings, duplicates, overlaps;
};

struct tap {
    int fd;
    uint8_t *buffer;
    size_t used;
    uint64_t now_ns;
    uint32_t gap_ns; /* mean time between packets */
    uint64_t packets, bytes;
    struct random *random;
    struct impair *impair; /* NULL: a perfect wire */
};

/* Both print what went wrong and end the program: a capture half written is of no use. */
void tap_open(struct tap *t, const char *path, struct random *random, uint32_t gap_ns);
void tap_close(struct tap *t);

/* Makes the two addresses of connection `id` (each id a 4-tuple of its own). */
void conn_init(struct tap *t, struct conn *c, uint32_t id, uint16_t server_port);

/* One packet without payload; SYN and FIN take their sequence number. */
void conn_flags(struct tap *t, struct conn *c, enum side from, uint8_t flags);

/* Sends bytes, cut into segments. */
void conn_send(struct tap *t, struct conn *c, enum side from, const uint8_t *p, size_t n);

/* `who` acknowledges what it has and did not acknowledge yet. */
void conn_acknowledge(struct tap *t, struct conn *c, enum side who);

/* For impair.c: one packet as it stands, and the count of what arrived with nothing missing. */
void conn_emit(struct tap *t, struct conn *c, enum side from, uint8_t flags, uint32_t seq,
               const uint8_t *p, size_t n);
void conn_arrived(struct tap *t, struct conn *c, enum side from);

/* impair.c: send one segment over the bad wire; fill what is still missing; what time has come for.
 */
void impair_segment(struct tap *t, struct conn *c, enum side from, const uint8_t *p, size_t n);
void impair_remember(struct peer *peer, const uint8_t *p, size_t n);
void impair_settle(struct tap *t, struct conn *c);
void impair_tick(struct tap *t);

#endif
