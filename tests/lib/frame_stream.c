/* Crafted streams of frames (RFC 6455 section 5.2). */
#include "frame_stream.h"

#include "decoders/base/buffer.h"

#include <stdio.h>
#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

#define STREAM_MAX_BYTES (64U << 20)
#define PAYLOAD_MAX 200000

struct maker {
    struct buffer out;
    size_t *header;
    size_t count;
    uint32_t seed;
    enum dir dir;
    z_stream z;
};

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

uint32_t frame_stream_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static uint32_t pick(struct maker *m, uint32_t n)
{
    return frame_stream_random(&m->seed) % n;
}

static void put(struct maker *m, const uint8_t *p, size_t n)
{
    require(buffer_append(&m->out, (struct bytes){p, n}));
}

static void frame(struct maker *m, uint8_t first, const uint8_t *payload, size_t n)
{
    uint8_t h[14] = {first};
    size_t size = 2;
    bool masked = m->dir == DIR_CLIENT_TO_SERVER;
    h[1] = (uint8_t)((masked ? 0x80 : 0) | (n < 126 ? n : n < 65536 ? 126 : 127));
    for (int shift = n < 126 ? -8 : n < 65536 ? 8 : 56; shift >= 0; shift -= 8) {
        h[size++] = (uint8_t)((uint64_t)n >> shift);
    }
    uint8_t key[4] = {0};
    if (masked) {
        uint32_t random = frame_stream_random(&m->seed);
        memcpy(key, &random, 4);
        memcpy(h + size, key, 4);
        size += 4;
    }
    m->header[m->count++] = m->out.n;
    put(m, h, size);
    uint8_t *room = buffer_reserve(&m->out, n);
    require(room != NULL);
    for (size_t i = 0; i < n; i++) {
        room[i] = payload[i] ^ key[i & 3];
    }
    m->out.n += n;
}

static size_t make_json(struct maker *m, uint8_t *p)
{
    static const char *const names[] = {"price", "title",        "caf\xc3\xa9",
                                        "from",  "\xe2\x82\xac", "id"};
    size_t want = 20 + pick(m, 380);
    size_t n = (size_t)sprintf((char *)p, "{\"type\":\"update\"");
    while (n < want) {
        n += (size_t)sprintf((char *)p + n, ",\"%s\":%u", names[pick(m, 6)], pick(m, 100000));
    }
    p[n++] = '}';
    return n;
}

static size_t make_random(struct maker *m, uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)(frame_stream_random(&m->seed) >> 11);
    }
    return n;
}

static void compressed_message(struct maker *m, uint8_t *p)
{
    static uint8_t packed[4096];
    size_t n = make_json(m, p);
    m->z.next_in = p;
    m->z.avail_in = (uInt)n;
    m->z.next_out = packed;
    m->z.avail_out = sizeof packed;
    require(deflate(&m->z, Z_SYNC_FLUSH) == Z_OK && m->z.avail_out > 0);
    frame(m, 0xc1, packed, sizeof packed - m->z.avail_out - 4);
}

static void fragmented_message(struct maker *m, uint8_t *p)
{
    size_t n = make_json(m, p);
    size_t at = pick(m, (uint32_t)n);
    frame(m, 0x01, p, at);
    for (uint32_t i = pick(m, 4); i > 0; i--) {
        size_t more = pick(m, (uint32_t)(n - at));
        if (pick(m, 4) == 0) {
            frame(m, 0x89, p, pick(m, 20));
        }
        frame(m, 0x00, p + at, more);
        at += more;
    }
    frame(m, 0x80, p + at, n - at);
}

static void message(struct maker *m, enum frames_kind kind, uint8_t *p)
{
    if (kind == FRAMES_MIXED) {
        uint32_t choice = pick(m, 10);
        if (choice >= 7) {
            size_t n = choice == 9 ? 0 : make_random(m, p, 1 + pick(m, 16));
            frame(m, choice == 7 ? 0x89 : choice == 8 ? 0x8a : 0x81, p, n);
            return;
        }
        kind = choice < 3    ? FRAMES_TEXT
               : choice == 3 ? FRAMES_BINARY
                             : (enum frames_kind)(choice / 2);
    }
    switch (kind) {
    case FRAMES_COMPRESSED:
        compressed_message(m, p);
        break;
    case FRAMES_FRAGMENTED:
        fragmented_message(m, p);
        break;
    case FRAMES_TEXT:
        frame(m, 0x81, p, make_json(m, p));
        break;
    case FRAMES_BINARY:
        frame(m, 0x82, p, make_random(m, p, 1 + pick(m, 600)));
        break;
    default:
        frame(m, 0x82, p, make_random(m, p, 70000 + pick(m, PAYLOAD_MAX - 70000)));
    }
}

void frame_stream_make(struct frame_stream *f, enum frames_kind kind, enum dir dir, size_t frames,
                       uint32_t seed)
{
    struct maker m = {.seed = seed * 2654435761U + 1, .dir = dir};
    uint8_t *payload = malloc(PAYLOAD_MAX);
    m.header = calloc(frames + 16, sizeof *m.header);
    require(m.header != NULL && payload != NULL);
    require(deflateInit2(&m.z, 6, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY) == Z_OK);
    buffer_init(&m.out, STREAM_MAX_BYTES);
    while (m.count < frames) {
        message(&m, kind, payload);
    }
    m.header[m.count] = m.out.n;
    deflateEnd(&m.z);
    free(payload);
    *f = (struct frame_stream){buffer_bytes(&m.out), m.header, m.count};
}

void frame_stream_free(struct frame_stream *f)
{
    free((void *)(uintptr_t)f->b.p);
    free(f->header);
}

bool frame_stream_begins(const struct frame_stream *f, size_t at)
{
    size_t low = 0, high = f->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (f->header[middle] < at) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return f->header[low] == at;
}
