/*
 * The framing of hybi-07 and later (RFC 6455 section 5.2), to be read in place by frames.c.
 */
#ifndef WSIGHT_WEBSOCKET_RFC6455_H
#define WSIGHT_WEBSOCKET_RFC6455_H

#include "framing.h"

/* Bytes of the header that starts with these two. */
static inline size_t rfc6455_header_length(const uint8_t *p)
{
    unsigned len7 = p[1] & 0x7f;
    return 2U + (len7 == 126 ? 2U : len7 == 127 ? 8U : 0U) + (p[1] & 0x80 ? 4U : 0U);
}

/* Reads a header whose n bytes are all there: its frame and what is said of its length, not the
 * rest of *h. */
static inline void rfc6455_read_header(struct bytes b, size_t n, struct header *h)
{
    struct reader r = reader_of(bytes_part(b, 0, n));
    uint8_t first = read_u8(&r);
    uint8_t second = read_u8(&r);
    h->not_minimal = false;
    h->top_bit = false;
    h->f = (struct frame){.fin = first & 0x80,
                          .rsv = first >> 4 & 7,
                          .opcode = first & 0x0f,
                          .wire_opcode = first & 0x0f,
                          .masked = second & 0x80,
                          .header_len = (uint8_t)n,
                          .len = second & 0x7f};
    framing_read_length(&r, h);
    if (h->f.masked) {
        memcpy(h->f.masking_key, read_bytes(&r, 4).p, 4);
    }
}

#endif
