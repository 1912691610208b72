/*
 * Long streams of one direction's frames, made from a seed, with the places of their headers.
 *
 *     struct frame_stream f;
 *     frame_stream_make(&f, FRAMES_TEXT, DIR_CLIENT_TO_SERVER, 100, seed);
 *     ... f.b, f.header[0 .. f.count - 1]; f.header[f.count] == f.b.n
 *     frame_stream_free(&f);
 */
#ifndef WSIGHT_TEST_FRAME_STREAM_H
#define WSIGHT_TEST_FRAME_STREAM_H

#include "decoders/event.h"

enum frames_kind {
    FRAMES_TEXT,       /* JSON of 20 to 400 bytes */
    FRAMES_BINARY,     /* random bytes, 1 to 600 */
    FRAMES_COMPRESSED, /* RSV1, with context takeover */
    FRAMES_FRAGMENTED, /* text in up to five frames, Pings between */
    FRAMES_MIXED,      /* all of it, and Pings, Pongs, empty messages */
    FRAMES_LARGE,      /* binary, 70 to 200 KB */
    FRAMES_KINDS
};

struct frame_stream {
    struct bytes b;
    size_t *header; /* count + 1 places */
    size_t count;
};

void frame_stream_make(struct frame_stream *, enum frames_kind, enum dir, size_t frames,
                       uint32_t seed);
void frame_stream_free(struct frame_stream *);

/* Whether a frame begins at this place, or the stream ends there. */
bool frame_stream_begins(const struct frame_stream *, size_t at);

/* The next number of a seed (xorshift); not 0 as long as the seed is not. */
uint32_t frame_stream_random(uint32_t *seed);

#endif
