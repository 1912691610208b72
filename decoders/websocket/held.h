/*
 * Compressed messages held back, to be inflated several at a time.
 *
 * Inflating in the order of the wire is slow when many connections talk at once: each message finds
 * its 40 KB of window and state gone from the cache. A run of one direction's messages, inflated
 * one after the other, takes less than half the time. So a direction's compressed messages are kept
 * here, small ones only, until there are enough of them, or until somebody needs them.
 *
 * Messages are appended piece by piece (frames, segments), unmasked right into the queue:
 *
 *     uint8_t *p = held_room(&h, n);      NULL: does not fit, see below
 *     mask_copy(p, ...); held_add(&h, n);
 *     ... held_end(&h, &head);            head: what the owner must know when it is inflated
 *
 * When a message does not fit beside those before it, the owner runs these and tries again; when it
 * does not fit alone, he inflates held_open_part() and what follows of it directly, and calls
 * held_drop_open().
 */
#ifndef WSIGHT_HELD_H
#define WSIGHT_HELD_H

#include "../base/buffer.h"
#include "permessage_deflate.h"

#define HELD_DIRECTION_MAX_BYTES 4096

struct held {
    struct buffer queue;
    size_t open; /* where the message under way begins, behind all finished ones */
    size_t head_size;
    unsigned count; /* finished messages */
};

/* What held_run does with each message, in order. */
struct held_visitor {
    void (*begin)(void *ctx, const void *head);
    void (*plain)(void *ctx, struct bytes piece);
    void (*end)(void *ctx, const void *head, enum inflate_result);
    void *ctx;
};

/* head_size: bytes of the head that is kept with each message, copied; it is given back aligned as
 * malloc aligns up to 8. */
void held_init(struct held *, size_t head_size);
void held_done(struct held *);

/* Room for n more payload bytes of the message under way (which begins with the first call), to be
 * filled and counted by held_add. NULL: they do not fit, or no memory. */
uint8_t *held_room(struct held *, size_t n);
void held_add(struct held *, size_t n);

/* The message under way is complete. false: it does not fit with its head. A message without any
 * byte is a message too. */
bool held_end(struct held *, const void *head);

/* Payload of the message under way, so far. Valid until the next call that changes the queue. */
struct bytes held_open_part(const struct held *);
void held_drop_open(struct held *);

/* Inflates the finished messages and empties the queue of them; the one under way stays. The
 * visitor must not change this queue. */
void held_run(struct held *, struct inflater *, uint8_t *scratch, size_t scratch_size,
              const struct held_visitor *);

/* Forgets the finished messages, each told to end() with INFLATE_WINDOW_UNKNOWN: for when no
 * inflater is to be had. */
void held_give_up(struct held *, const struct held_visitor *);

static inline unsigned held_count(const struct held *h)
{
    return h->count;
}

/* Bytes allocated. */
static inline size_t held_memory(const struct held *h)
{
    return h->queue.cap;
}

#endif
