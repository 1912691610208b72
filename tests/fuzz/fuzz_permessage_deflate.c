/*
 * Inflating hostile messages. The first byte says what was negotiated and the size of the pieces;
 * then come messages, each after a byte with its length or an order. Every message is inflated in
 * two ways, in pieces and whole by way of the queue, and both must agree.
 */
#include "decoders/websocket/held.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ORDER_LOST 0xff
#define LONG_MESSAGE 0xf0 /* the length is in two more bytes */

struct tally {
    uint64_t n;
    uint32_t sum;
};

static void take(void *ctx, struct bytes plain)
{
    struct tally *t = ctx;
    t->n += plain.n;
    for (size_t i = 0; i < plain.n; i++) {
        t->sum = t->sum * 31 + plain.p[i];
    }
}

struct queue {
    struct held held;
    struct tally tally;
    enum inflate_result last;
};

static void begin(void *ctx, const void *head)
{
    (void)head;
    struct queue *q = ctx;
    q->tally = (struct tally){0};
}

static void plain(void *ctx, struct bytes piece)
{
    struct queue *q = ctx;
    take(&q->tally, piece);
}

static void end(void *ctx, const void *head, enum inflate_result result)
{
    (void)head;
    struct queue *q = ctx;
    q->last = result;
}

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

/* Through the queue when it fits, else whole. */
static void by_queue(struct queue *q, struct inflater *inf, struct bytes m, uint8_t *scratch)
{
    const struct held_visitor visitor = {begin, plain, end, q};
    uint8_t *room = held_room(&q->held, m.n);
    if (room != NULL) {
        memcpy(room, m.p, m.n);
        held_add(&q->held, m.n);
        if (held_end(&q->held, "")) {
            held_run(&q->held, inf, scratch, 4096, &visitor);
            return;
        }
    }
    held_drop_open(&q->held);
    const struct inflate_output to = {plain, q, scratch, 4096};
    begin(q, NULL);
    inflater_piece(inf, m, &to);
    q->last = inflater_finish(inf, &to);
}

static void one_message(struct inflater *pieces, struct inflater *whole, struct queue *q,
                        struct bytes m, size_t step)
{
    static uint8_t scratch[4096];
    struct tally tally = {0};
    const struct inflate_output to = {take, &tally, scratch, 1 + step * 5};
    for (struct bytes rest = m; rest.n > 0; rest = bytes_from(rest, step)) {
        inflater_piece(pieces, bytes_part(rest, 0, step), &to);
    }
    enum inflate_result result = inflater_finish(pieces, &to);
    by_queue(q, whole, m, scratch);
    require(result == q->last);
    require(tally.n == q->tally.n && tally.sum == q->tally.sum);
    require(inflater_memory(pieces) < 49152);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct reader r = reader_of((struct bytes){data, size});
    uint8_t how = read_u8(&r);
    struct inflater *pieces = inflater_new(how & 1, how & 2);
    struct inflater *whole = inflater_new(how & 1, how & 2);
    struct queue q = {0};
    held_init(&q.held, 0);
    require(pieces != NULL && whole != NULL);
    while (r.b.n > 0) {
        size_t n = read_u8(&r);
        if (n == ORDER_LOST) {
            inflater_lost(pieces);
            inflater_lost(whole);
            continue;
        }
        n = n >= LONG_MESSAGE ? read_be16(&r) : n;
        n = n < r.b.n ? n : r.b.n;
        one_message(pieces, whole, &q, read_bytes(&r, n), 1 + (how >> 2));
    }
    held_done(&q.held);
    inflater_free(pieces);
    inflater_free(whole);
    return 0;
}
