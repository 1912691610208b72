/*
 * A whole capture, from packets to events.
 *
 * Input: a byte for the link type, a byte of options (1: frames, 2: digests, 4: raw heads, 8: late
 * messages, 16: bodies, 32: only three connections at once),
 * then packets, each behind two bytes of length, big-endian, and one of time (units of 1/64 s; 255:
 * an hour). With link type 255 the packets are short for TCP segments, so that changes stay deep in
 * the decoders: a byte (bit 0 direction, 1-2 connection, 3 SYN, 4 FIN, 5 RST, 6 no ACK, 7: the next
 * byte moves the sequence number), and payload.
 *
 * The packets go in one by one and then all together, which must give the same events.
 */
#include "analyzer/engine.h"
#include "lib/packet_build.h"

#include <stdlib.h>

#define PACKETS_MAX 512
#define TALKS 4

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const int links[] = {1,   0,   9,   12,  50,  51,  101, 104, 105,
                            108, 113, 119, 127, 163, 228, 229, 276, 147};

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* What events may and may not be. */
struct sink {
    struct event_sink sink;
    uint64_t sessions, ended;
    uint64_t last_pkt;
    uint64_t hash; /* of all that was said of sessions, as packets are parsed ahead */
};

static void note(struct sink *s, uint64_t value)
{
    s->hash = (s->hash ^ value) * UINT64_C(0x100000001b3);
}

static void touch(struct sink *s, struct bytes b)
{
    note(s, b.n);
    for (size_t i = 0; i < b.n; i++) {
        note(s, b.p[i]);
    }
}

static void on_handshake(struct sink *s, const struct handshake *h)
{
#define TOUCH(name) touch(s, h->name);
    HANDSHAKE_TEXTS(TOUCH)
#undef TOUCH
    require(h->version >= -1);
}

static void check_finding(const struct event *e)
{
    require(e->finding.id < FINDING_COUNT);
    for (size_t i = 0; i < e->finding.detail.n; i++) {
        require(e->finding.detail.p[i] >= 0x20 && e->finding.detail.p[i] != 0x7f);
    }
}

static void on_event(struct event_sink *sink, const struct event *e)
{
    struct sink *s = (struct sink *)(void *)sink;
    require(e->session <= s->sessions + (e->type == EVENT_SESSION) && e->pkt <= s->last_pkt);
    require(e->session > 0 || e->type == EVENT_FINDING);
    if (e->session == 0) {
        check_finding(e);
        return;
    }
    note(s, (uint64_t)e->type << 8 | e->dir);
    note(s, e->session);
    note(s, e->pkt);
    note(s, (uint64_t)e->ts);
    switch (e->type) {
    case EVENT_SESSION:
        require(e->session == ++s->sessions);
        break;
    case EVENT_HANDSHAKE:
        on_handshake(s, e->handshake);
        break;
    case EVENT_MESSAGE:
        touch(s, e->message.body);
        note(s, e->message.len);
        note(s, e->message.wire_len);
        note(s, e->message.flags);
        require(e->message.masked <= e->message.frames && e->message.first_pkt <= s->last_pkt);
        break;
    case EVENT_FINDING:
        check_finding(e);
        note(s, e->finding.id);
        touch(s, e->finding.detail);
        break;
    case EVENT_TLS:
        touch(s, e->tls.sni);
        touch(s, e->tls.alpn);
        break;
    case EVENT_END:
        s->ended++;
        note(s, e->end->how);
        break;
    default:
        break;
    }
}

/* A segment of one of a few connections, whose numbers go on by themselves. */
struct talk {
    uint32_t next[2];
};

static struct packet short_packet(struct build *b, struct talk talks[TALKS], struct bytes in)
{
    struct reader r = reader_of(in);
    uint8_t what = read_u8(&r);
    int from = what & 1;
    uint16_t port = (uint16_t)(4000 + (what >> 1 & 3));
    struct talk *t = &talks[what >> 1 & 3];
    uint32_t seq = t->next[from];
    if (what & 1 << 7) {
        int8_t distance = (int8_t)read_u8(&r);
        seq = (uint32_t)((int64_t)seq + distance);
    }
    uint8_t flags = (uint8_t)((what & 1 << 3 ? TCP_SYN : 0) | (what & 1 << 4 ? TCP_FIN : 0) |
                              (what & 1 << 5 ? TCP_RST : 0) | (what & 1 << 6 ? 0 : TCP_ACK));
    build_start(b, r.b);
    build_tcp(b, &(struct build_tcp){.from = from == 0 ? port : 80,
                                     .to = from == 0 ? 80 : port,
                                     .seq = seq,
                                     .ack = t->next[1 - from],
                                     .flags = flags});
    build_ip4(b, from == 0 ? "10.0.0.1" : "10.0.0.2", from == 0 ? "10.0.0.2" : "10.0.0.1",
              BUILD_TCP);
    if (!(what & 1 << 7)) {
        t->next[from] += (uint32_t)r.b.n + ((flags & (TCP_SYN | TCP_FIN)) != 0);
    }
    return build_packet(b, BUILD_LINK_RAW, 0, 0);
}

/* Reads the packets, each into memory of its own. */
static size_t read_packets(struct bytes in, uint8_t link, struct packet packets[PACKETS_MAX])
{
    static struct build b; /* large; holds nothing from one packet to the next */
    struct talk talks[TALKS] = {{{1000, 5000}}};
    struct reader r = reader_of(in);
    int64_t ts = 1000000000;
    size_t n = 0;
    while (r.b.n > 0 && n < PACKETS_MAX) {
        size_t len = read_be16(&r);
        uint8_t step = read_u8(&r);
        struct bytes bytes = read_bytes(&r, len < r.b.n ? len : r.b.n);
        struct packet p = {.wire_len = (uint32_t)len,
                           .link = links[link % (sizeof links / sizeof links[0])],
                           .b = bytes};
        if (link == 255) {
            p = short_packet(&b, talks, bytes);
        }
        ts += step == 255 ? INT64_C(3600000000000) : step * INT64_C(15625000);
        p.ts = ts;
        p.no = n + 1;
        uint8_t *copy = malloc(p.b.n + (p.b.n == 0));
        require(copy != NULL);
        if (p.b.n > 0) {
            memcpy(copy, p.b.p, p.b.n);
        }
        p.b.p = copy;
        packets[n++] = p;
    }
    return n;
}

/* Works through the packets, `step` at a time, and says what came of it as a number. */
static uint64_t run(const struct engine_options *options, const struct packet *packets, size_t n,
                    size_t step)
{
    struct sink sink = {.sink.emit = on_event};
    struct engine *e = engine_new(options, &sink.sink);
    require(e != NULL);
    for (size_t i = 0; i < n; i += step) {
        size_t some = n - i < step ? n - i : step;
        sink.last_pkt = i + some;
        engine_packets(e, &packets[i], some);
    }
    engine_finish(e);
    struct engine_stats stats = engine_stats(e);
    require(stats.packets == n && sink.ended == sink.sessions);
    engine_free(e);
    return sink.hash;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 2) {
        return 0;
    }
    uint8_t o = data[1];
    struct engine_options options = {.seed = 1, .max_connections = o & 32 ? 3 : 0};
    options.decode.frames = o & 1;
    options.decode.digest = o & 2;
    options.decode.heads = o & 4;
    options.decode.late = o & 8;
    options.decode.body_max = o & 16 ? 1000 : 0;
    struct packet packets[PACKETS_MAX] = {0};
    size_t n = read_packets((struct bytes){data + 2, size - 2}, data[0], packets);
    uint64_t one_by_one = run(&options, packets, n, 1);
    require(run(&options, packets, n, PACKETS_MAX) == one_by_one);
    for (size_t i = 0; i < n; i++) {
        free((void *)(uintptr_t)packets[i].b.p);
    }
    return 0;
}
