/*
 * The capture file and TCP over IPv4 over Ethernet: RFC 9293, RFC 7323, RFC 791, and the classic
 * pcap format. Checksums are right, so that programs that verify them can read the files too.
 */
#include "tap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    BUFFER_BYTES = 4 << 20,
    RECORD_BYTES = 16,
    ETHERNET_BYTES = 14,
    IP_BYTES = 20,
    TCP_BYTES = 20,
    LINK_ETHERNET = 1,
    FIRST_PORT = 32768,
    PORTS = 28000,
};

static const uint64_t START_NS = UINT64_C(1767571200) * 1000000000U; /* 2026-01-05 00:00:00 UTC */

static void fail(const char *what)
{
    fprintf(stderr, "generate: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void put16(uint8_t *p, uint32_t v)
{
    p[0] = (uint8_t)(v >> 8);
    p[1] = (uint8_t)v;
}

static void put32(uint8_t *p, uint32_t v)
{
    put16(p, v >> 16);
    put16(p + 2, v);
}

static void tap_flush(struct tap *t)
{
    size_t at = 0;

    while (at < t->used) {
        ssize_t n = write(t->fd, t->buffer + at, t->used - at);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            fail("cannot write the capture");
        at += (size_t)n;
    }
    t->used = 0;
}

void tap_open(struct tap *t, const char *path, struct random *random, uint32_t gap_ns)
{
    const uint32_t head[6] = {0xa1b2c3d4, 2 | 4U << 16, 0, 0, 262144, LINK_ETHERNET};

    t->fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (t->fd < 0)
        fail(path);
    t->buffer = malloc(BUFFER_BYTES);
    if (t->buffer == NULL)
        fail("no memory");
    t->random = random;
    t->gap_ns = gap_ns;
    t->now_ns = START_NS;
    memcpy(t->buffer, head, sizeof head);
    t->used = sizeof head;
}

void tap_close(struct tap *t)
{
    tap_flush(t);
    if (close(t->fd) != 0)
        fail("cannot write the capture");
    free(t->buffer);
}

/* The ones' complement sum of RFC 1071, in the machine's own byte order, which it does not mind. */
static uint64_t sum_add(uint64_t sum, const uint8_t *p, size_t n)
{
    uint32_t word;

    for (; n >= sizeof word; p += sizeof word, n -= sizeof word) {
        memcpy(&word, p, sizeof word);
        sum += word;
    }
    if (n != 0) {
        word = 0;
        memcpy(&word, p, n);
        sum += word;
    }
    return sum;
}

static void sum_store(uint8_t *p, uint64_t sum)
{
    uint16_t folded;

    sum = (sum & 0xffffffffU) + (sum >> 32);
    sum = (sum & 0xffffffffU) + (sum >> 32);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = (sum & 0xffff) + (sum >> 16);
    folded = (uint16_t)~sum;
    memcpy(p, &folded, sizeof folded);
}

static void put_record(struct tap *t, uint8_t *p, size_t n)
{
    const uint32_t head[4] = {(uint32_t)(t->now_ns / 1000000000U),
                              (uint32_t)(t->now_ns % 1000000000U / 1000U), (uint32_t)n,
                              (uint32_t)n};

    memcpy(p, head, sizeof head);
    t->now_ns += t->gap_ns / 2 + random_below(t->random, t->gap_ns);
    t->packets++;
    t->bytes += n;
}

static void put_ethernet(uint8_t *p, const struct peer *src, const struct peer *dst)
{
    put16(p, 0x0200);
    put32(p + 2, dst->ip);
    put16(p + 6, 0x0200);
    put32(p + 8, src->ip);
    put16(p + 12, 0x0800);
}

static void put_ip(uint8_t *p, struct peer *src, const struct peer *dst, size_t n)
{
    put16(p, 0x4500);
    put16(p + 2, (uint32_t)(IP_BYTES + n));
    put16(p + 4, src->packet_id++);
    put16(p + 6, 0x4000);
    p[8] = 64;
    p[9] = 6;
    put16(p + 10, 0);
    put32(p + 12, src->ip);
    put32(p + 16, dst->ip);
    sum_store(p + 10, sum_add(0, p, IP_BYTES));
}

/* Linux's options: on a SYN maximum segment, SACK permitted, time stamps, window scale. */
static size_t put_options(uint8_t *p, const struct peer *src, const struct peer *dst, bool syn)
{
    static const uint8_t opening[] = {2, 4, 0x05, 0xb4, 4, 2, 8, 10};
    static const uint8_t usual[] = {1, 1, 8, 10};
    static const uint8_t scale[] = {1, 3, 3, 7};
    size_t n = syn ? sizeof opening : sizeof usual;

    memcpy(p, syn ? opening : usual, n);
    put32(p + n, src->stamp);
    put32(p + n + 4, dst->stamp);
    n += 8;
    if (syn) {
        memcpy(p + n, scale, sizeof scale);
        n += sizeof scale;
    }
    return n;
}

static void tcp_checksum(uint8_t *tcp, const uint8_t *addresses, size_t n)
{
    uint8_t pseudo[4] = {0, 6, (uint8_t)(n >> 8), (uint8_t)n};
    uint64_t sum = sum_add(sum_add(0, addresses, 8), pseudo, sizeof pseudo);

    put16(tcp + 16, 0);
    sum_store(tcp + 16, sum_add(sum, tcp, n));
}

void conn_emit(struct tap *t, struct conn *c, enum side from, uint8_t flags, uint32_t seq,
               const uint8_t *p, size_t n)
{
    struct peer *src = &c->peer[from], *dst = &c->peer[!from];
    uint8_t *record, *ip, *tcp;
    size_t head;

    if (t->used > BUFFER_BYTES - 4096)
        tap_flush(t);
    record = t->buffer + t->used;
    ip = record + RECORD_BYTES + ETHERNET_BYTES;
    tcp = ip + IP_BYTES;
    src->stamp = (uint32_t)(t->now_ns / 1000000U) + (uint32_t)src->port * 977U;
    head = TCP_BYTES + put_options(tcp + TCP_BYTES, src, dst, flags & TCP_SYN);
    put16(tcp, src->port);
    put16(tcp + 2, dst->port);
    put32(tcp + 4, seq);
    put32(tcp + 8, flags & TCP_ACK ? dst->reached : 0);
    tcp[12] = (uint8_t)(head / 4 << 4);
    tcp[13] = flags;
    put16(tcp + 14, flags & TCP_SYN ? 64240 : 501);
    put16(tcp + 18, 0);
    if (n != 0)
        memcpy(tcp + head, p, n);
    put_ethernet(record + RECORD_BYTES, src, dst);
    put_ip(ip, src, dst, head + n);
    tcp_checksum(tcp, ip + 12, head + n);
    put_record(t, record, ETHERNET_BYTES + IP_BYTES + head + n);
    t->used += RECORD_BYTES + ETHERNET_BYTES + IP_BYTES + head + n;
    if (flags & TCP_ACK)
        dst->unanswered = 0;
}

void conn_init(struct tap *t, struct conn *c, uint32_t id, uint16_t server_port)
{
    struct peer *client = &c->peer[SIDE_CLIENT], *server = &c->peer[SIDE_SERVER];
    uint8_t *history[2] = {client->history, server->history};

    memset(c, 0, sizeof *c);
    client->ip = (10U << 24) + 256 + id % 4096;
    client->port = (uint16_t)(FIRST_PORT + id / 4096 % PORTS);
    server->ip = (198U << 24 | 51U << 16 | 100U << 8) + 10 + id % 7;
    server->port = server_port;
    for (int i = 0; i < 2; i++) {
        struct peer *p = &c->peer[i];
        p->seq = (uint32_t)random_next(t->random);
        p->start = p->seq + 1;
        p->reached = p->seq;
        p->packet_id = (uint16_t)random_next(t->random);
        p->history = history[i];
        if (t->impair != NULL && p->history == NULL)
            p->history = calloc(1, TAP_HISTORY_BYTES);
        if (t->impair != NULL && p->history == NULL)
            fail("no memory");
    }
}

void conn_flags(struct tap *t, struct conn *c, enum side from, uint8_t flags)
{
    struct peer *me = &c->peer[from];

    conn_emit(t, c, from, flags, me->seq, NULL, 0);
    if (flags & (TCP_SYN | TCP_FIN)) {
        me->seq++;
        me->reached = me->seq;
    }
}

void conn_arrived(struct tap *t, struct conn *c, enum side from)
{
    c->peer[from].reached = c->peer[from].seq;
    if (++c->peer[from].unanswered >= 2)
        conn_acknowledge(t, c, !from);
}

void conn_acknowledge(struct tap *t, struct conn *c, enum side who)
{
    if (c->peer[!who].unanswered != 0)
        conn_emit(t, c, who, TCP_ACK, c->peer[who].seq, NULL, 0);
}

void conn_send(struct tap *t, struct conn *c, enum side from, const uint8_t *p, size_t n)
{
    struct peer *me = &c->peer[from];

    while (n != 0) {
        size_t take = n < TCP_SEGMENT_BYTES ? n : TCP_SEGMENT_BYTES;
        uint8_t flags = take == n ? TCP_ACK | TCP_PSH : TCP_ACK;

        if (t->impair != NULL)
            impair_remember(me, p, take);
        if (c->impaired) {
            impair_segment(t, c, from, p, take);
        } else {
            conn_emit(t, c, from, flags, me->seq, p, take);
            me->seq += (uint32_t)take;
            conn_arrived(t, c, from);
        }
        p += take;
        n -= take;
    }
}
