/*
 * One direction's permessage-deflate with context takeover (RFC 7692 section 7.2.1), without
 * keeping a deflater of a quarter megabyte for each of thousands of directions: a lane keeps the
 * last 32 KiB of its text, gives them to the one shared deflater as its dictionary, and compresses
 * a run of messages at once. On the wire nothing tells the difference.
 */
#include "generate.h"

#include <stdlib.h>
#include <string.h>

enum { WINDOW_BYTES = 32768, RUN_MESSAGES = 48, LEVEL = 5, TAIL_BYTES = 4 };

struct lane {
    uint8_t *window; /* the last `window_used` bytes of text */
    uint8_t *bytes;
    struct {
        uint32_t at, length, inflated;
    } message[RUN_MESSAGES];
    uint32_t window_used, next, topic;
};

static void *get(size_t n)
{
    void *p = calloc(1, n);

    if (p == NULL) {
        fputs("generate: no memory\n", stderr);
        exit(1);
    }
    return p;
}

struct lane *lane_new(uint32_t topic)
{
    struct lane *lane = get(sizeof *lane);

    lane->window = get(WINDOW_BYTES);
    lane->topic = topic;
    lane->next = RUN_MESSAGES;
    return lane;
}

void lane_free(struct lane *lane)
{
    if (lane == NULL)
        return;
    free(lane->window);
    free(lane->bytes);
    free(lane);
}

static void slide(struct lane *lane, const uint8_t *p, uint32_t n)
{
    uint32_t keep = lane->window_used;

    if (keep > WINDOW_BYTES - n)
        keep = WINDOW_BYTES - n;
    memmove(lane->window, lane->window + lane->window_used - keep, keep);
    memcpy(lane->window + keep, p, n);
    lane->window_used = keep + n;
}

static void refill(struct run *run, struct lane *lane)
{
    z_stream *z = &run->packer;
    uint8_t text[PAYLOAD_BYTES], packed[RUN_MESSAGES * 3 * 1024];
    uint64_t now_ms = run->tap.now_ns / 1000000U;

    deflateReset(z);
    if (lane->window_used != 0)
        deflateSetDictionary(z, lane->window, lane->window_used);
    z->next_out = packed;
    z->avail_out = sizeof packed;
    for (int i = 0; i < RUN_MESSAGES; i++) {
        size_t n = payload_feed(&run->random, now_ms + (uint64_t)i * 250, lane->topic, text);
        uint8_t *start = z->next_out;
        z->next_in = text;
        z->avail_in = (uInt)n;
        if (deflate(z, Z_SYNC_FLUSH) != Z_OK || z->avail_in != 0 || z->avail_out == 0) {
            fputs("generate: deflate failed\n", stderr);
            exit(1);
        }
        z->next_out -= TAIL_BYTES;
        z->avail_out += TAIL_BYTES;
        lane->message[i].at = (uint32_t)(start - packed);
        lane->message[i].length = (uint32_t)(z->next_out - start);
        lane->message[i].inflated = (uint32_t)n;
        slide(lane, text, (uint32_t)n);
    }
    free(lane->bytes);
    lane->bytes = get((size_t)(z->next_out - packed));
    memcpy(lane->bytes, packed, (size_t)(z->next_out - packed));
    lane->next = 0;
}

struct packed lane_next(struct run *run, struct lane *lane)
{
    uint32_t i;

    if (lane->next == RUN_MESSAGES)
        refill(run, lane);
    i = lane->next++;
    return (struct packed){lane->bytes + lane->message[i].at, lane->message[i].length,
                           lane->message[i].inflated};
}
