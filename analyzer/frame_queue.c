/* Frames on their way to their messages. */
#include "frame_queue.h"

#include <stdlib.h>
#include <string.h>

#define IDLE_MAX 64 /* frames for which an empty queue keeps its room */

struct queued_frame queued_frame_of(const struct event *e)
{
    const struct frame *f = &e->frame;
    struct queued_frame out = {.ts = e->ts,
                               .pkt = e->pkt,
                               .len = f->len,
                               .first =
                                   (uint8_t)(f->fin << 7 | (f->rsv & 7) << 4 | (f->opcode & 15)),
                               .header_len = f->header_len,
                               .masked = f->masked};
    memcpy(out.key, f->masking_key, 4);
    return out;
}

struct frame queued_frame_frame(const struct queued_frame *q)
{
    struct frame f = {.fin = q->first >> 7,
                      .masked = q->masked,
                      .rsv = q->first >> 4 & 7,
                      .opcode = q->first & 15,
                      .wire_opcode = q->first & 15,
                      .header_len = q->header_len,
                      .len = q->len};
    memcpy(f.masking_key, q->key, 4);
    return f;
}

void frame_queue_push(struct frame_queue *q, const struct queued_frame *f)
{
    if (q->n == q->size) {
        uint32_t size = q->size == 0 ? 4 : q->size * 2;
        struct queued_frame *more =
            size <= FRAME_QUEUE_MAX * 2 ? realloc(q->frames, size * sizeof *more) : NULL;
        if (more == NULL) {
            return;
        }
        q->frames = more;
        q->size = size;
    }
    q->frames[q->n++] = *f;
}

void frame_queue_drop(struct frame_queue *q, uint32_t n)
{
    n = n < q->n ? n : q->n;
    q->n -= n;
    if (q->n > 0) {
        memmove(q->frames, q->frames + n, q->n * sizeof *q->frames);
    }
    if (q->size > IDLE_MAX && q->n == 0) {
        frame_queue_done(q);
    }
}

void frame_queue_done(struct frame_queue *q)
{
    free(q->frames);
    *q = (struct frame_queue){0};
}
