/*
 * Frames on their way to their messages: what decoders tell of each frame comes before the message
 * it belongs to, and control frames come between those of a message.
 */
#ifndef WSIGHT_FRAME_QUEUE_H
#define WSIGHT_FRAME_QUEUE_H

#include "decoders/event.h"

/* Frames of one message that are kept with it; the rest are counted. */
#define FRAME_QUEUE_MAX 65536U

struct queued_frame {
    int64_t ts;
    uint64_t pkt;
    uint64_t len;
    uint8_t key[4];
    uint8_t first, header_len; /* first: the byte with FIN, RSV and opcode */
    bool masked;
};

/* Those of the data message under way in one direction. */
struct frame_queue {
    struct queued_frame *frames;
    uint32_t n, size;
};

/* Of an EVENT_FRAME, and the frame it was. */
struct queued_frame queued_frame_of(const struct event *);
struct frame queued_frame_frame(const struct queued_frame *);

/* Without memory, and beyond twice FRAME_QUEUE_MAX, the frame is left out. */
void frame_queue_push(struct frame_queue *, const struct queued_frame *);
/* The first n, or as many as there are: their message is complete. */
void frame_queue_drop(struct frame_queue *, uint32_t n);
void frame_queue_done(struct frame_queue *);

#endif
