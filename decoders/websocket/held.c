/*
 * The queue of held-back messages: one buffer of entries, each a struct entry, the owner's head,
 * the payload and the trailer that the sender stripped (RFC 7692 section 7.2.2), padded to 8 bytes.
 * With the trailer in place a message is one call of inflate.
 */
#include "held.h"

#include <assert.h>

struct entry {
    uint64_t size; /* payload and trailer */
};

static size_t padded(size_t n)
{
    return (n + 7) & ~(size_t)7;
}

static size_t before_payload(const struct held *h)
{
    return sizeof(struct entry) + padded(h->head_size);
}

void held_init(struct held *h, size_t head_size)
{
    assert(head_size < HELD_DIRECTION_MAX_BYTES / 4);
    *h = (struct held){.head_size = head_size};
    buffer_init(&h->queue, HELD_DIRECTION_MAX_BYTES);
}

void held_done(struct held *h)
{
    buffer_done(&h->queue);
    held_init(h, h->head_size);
}

static bool is_open(const struct held *h)
{
    return h->queue.n > h->open;
}

/* Makes the place for the entry and head of a new message. */
static bool open_message(struct held *h)
{
    if (is_open(h)) {
        return true;
    }
    if (buffer_reserve(&h->queue, before_payload(h)) == NULL) {
        return false;
    }
    h->queue.n += before_payload(h);
    return true;
}

uint8_t *held_room(struct held *h, size_t n)
{
    if (n > HELD_DIRECTION_MAX_BYTES || !open_message(h)) {
        return NULL;
    }
    return buffer_reserve(&h->queue, n);
}

void held_add(struct held *h, size_t n)
{
    h->queue.n += n;
}

struct bytes held_open_part(const struct held *h)
{
    return bytes_from(buffer_bytes(&h->queue), h->open + before_payload(h));
}

void held_drop_open(struct held *h)
{
    h->queue.n = h->open;
}

bool held_end(struct held *h, const void *head)
{
    if (!open_message(h)) {
        return false;
    }
    size_t payload = held_open_part(h).n;
    size_t room = padded(payload + INFLATE_TRAILER_BYTES) - payload;
    uint8_t *end = buffer_reserve(&h->queue, room);
    if (end == NULL) {
        return false;
    }
    memset(end, 0, room);
    memcpy(end, inflate_trailer, INFLATE_TRAILER_BYTES);
    h->queue.n += room;
    struct entry e = {payload + INFLATE_TRAILER_BYTES};
    memcpy(h->queue.p + h->open, &e, sizeof e);
    memcpy(h->queue.p + h->open + sizeof e, head, h->head_size);
    h->open = h->queue.n;
    h->count++;
    return true;
}

/* The finished messages are gone; the one under way moves to the front. */
static void drop_finished(struct held *h)
{
    buffer_drop(&h->queue, h->open);
    h->open = 0;
    h->count = 0;
}

/* The message at *at, and *at behind it. */
static struct bytes next_message(const struct held *h, size_t *at, const void **head)
{
    struct entry e;
    memcpy(&e, h->queue.p + *at, sizeof e);
    *head = h->queue.p + *at + sizeof e;
    struct bytes with_trailer = {h->queue.p + *at + before_payload(h), (size_t)e.size};
    *at += before_payload(h) + padded((size_t)e.size);
    return with_trailer;
}

void held_run(struct held *h, struct inflater *inf, uint8_t *scratch, size_t scratch_size,
              const struct held_visitor *v)
{
    const struct inflate_output to = {v->plain, v->ctx, scratch, scratch_size};
    size_t at = 0;
    while (at < h->open) {
        const void *head;
        struct bytes message = next_message(h, &at, &head);
        v->begin(v->ctx, head);
        v->end(v->ctx, head, inflater_message(inf, message, &to));
    }
    drop_finished(h);
}

void held_give_up(struct held *h, const struct held_visitor *v)
{
    size_t at = 0;
    while (at < h->open) {
        const void *head;
        next_message(h, &at, &head);
        v->begin(v->ctx, head);
        v->end(v->ctx, head, INFLATE_WINDOW_UNKNOWN);
    }
    drop_finished(h);
}
