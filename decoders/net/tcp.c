/*
 * The TCP header (RFC 9293 section 3.1), where the walk ends. Options are stepped over.
 */
#include "walk.h"

#define TCP_HEADER_MIN_BYTES 20
#define TCP_FLAGS_MASK 0x3f

enum net_result net_tcp(struct walk *w)
{
    if (!walk_has(w, TCP_HEADER_MIN_BYTES)) {
        return walk_short(w, TCP_HEADER_MIN_BYTES);
    }
    struct bytes b = w->b;
    size_t header = (size_t)(u8_at(b, 12) >> 4) * 4;
    if (header < TCP_HEADER_MIN_BYTES) {
        return NET_BAD;
    }
    if (!walk_has(w, header)) {
        return walk_short(w, header);
    }
    walk_skip(w, header);
    struct segment *s = &w->out->segment;
    s->ts = w->ts;
    s->pkt = w->pkt;
    s->key = w->key;
    s->key.port[0] = be16_at(b, 0);
    s->key.port[1] = be16_at(b, 2);
    s->layers = w->layers;
    s->seq = be32_at(b, 4);
    s->ack = be32_at(b, 8);
    s->flags = u8_at(b, 13) & TCP_FLAGS_MASK;
    s->window = be16_at(b, 14);
    s->urgent = be16_at(b, 18);
    s->b = w->b;
    s->cut = (uint32_t)(w->wire - w->b.n);
    return NET_SEGMENT;
}
