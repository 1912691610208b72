/* Feeding streams in fuzz targets. */
#include "stream_feed.h"

#include <stdlib.h>

#define STEP_NS 1000000

static void feed_parts(struct stream *s, struct chunk c, struct bytes piece, size_t most)
{
    while (piece.n > 0) {
        struct bytes part = bytes_part(piece, 0, most);
        uint8_t *copy = malloc(part.n);
        if (copy == NULL) {
            return;
        }
        memcpy(copy, part.p, part.n);
        c.b = (struct bytes){copy, part.n};
        stream_data(s, &c);
        free(copy);
        piece = bytes_from(piece, part.n);
    }
}

bool stream_feed(struct stream *s, struct reader input, size_t most)
{
    struct chunk c = {.ts = 1, .pkt = 1};
    bool ended[2] = {false, false}, lossy = false;
    while (input.b.n > 0) {
        uint16_t header = read_be16(&input);
        size_t length = header & 0x3fff;
        c.dir = header & 0x8000 ? DIR_SERVER_TO_CLIENT : DIR_CLIENT_TO_SERVER;
        c.ts += STEP_NS;
        c.pkt++;
        if (ended[c.dir]) {
            continue;
        }
        if (header & 0x4000 && length == 0) {
            ended[c.dir] = true;
            stream_end(s, c.dir, c.ts, c.pkt);
        } else if (header & 0x4000) {
            lossy = true;
            stream_gap(s, c.dir, length, c.ts, c.pkt);
        } else {
            feed_parts(s, c, read_bytes(&input, length < input.b.n ? length : input.b.n), most);
        }
    }
    return lossy;
}
