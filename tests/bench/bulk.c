/*
 * Binary messages of 64 KiB to 4 MiB. One in four is sent in frames of 64 to 256 KiB, the others in
 * a single frame. Only the place in the stream is kept, not the message.
 */
#include "generate.h"

#include <string.h>

enum { SMALLEST_LOG2 = 16, OCTAVES = 6 };

void bulk_start(struct run *run, enum side from, struct outflow *flow)
{
    uint64_t base = UINT64_C(1) << (SMALLEST_LOG2 + random_below(&run->random, OCTAVES));
    bool cut;

    memset(flow, 0, sizeof *flow);
    flow->message_left = base + random_below(&run->random, (uint32_t)base);
    flow->frame_limit = flow->message_left;
    if (random_chance(&run->random, 250))
        flow->frame_limit = random_between(&run->random, 64, 256) * UINT64_C(1024);
    cut = flow->frame_limit < flow->message_left;
    flow->first = true;
    flow->active = true;
    run->truth.flow[from].binary++;
    run->truth.flow[from].fragmented += cut;
    run->truth.flow[from].message_bytes += flow->message_left;
}

static void next_frame(struct run *run, enum side from, struct outflow *flow)
{
    struct frame f = {.opcode = flow->first ? OP_BINARY : OP_CONTINUATION};

    f.length = flow->message_left < flow->frame_limit ? flow->message_left : flow->frame_limit;
    f.fin = f.length == flow->message_left;
    frame_key(run, from, flow->key);
    flow->head_used = (uint8_t)frame_head(run, from, &f, flow->key, flow->head);
    flow->head_at = 0;
    flow->phase = 0;
    flow->first = false;
    flow->frame_left = f.length;
    flow->message_left -= f.length;
    flow->pool_at = random_below(&run->random, POOL_BYTES);
}

static size_t fill_payload(struct run *run, enum side from, struct outflow *flow, uint8_t *p,
                           size_t n)
{
    if (n > flow->frame_left)
        n = (size_t)flow->frame_left;
    if (n > POOL_BYTES - flow->pool_at)
        n = POOL_BYTES - flow->pool_at;
    memcpy(p, run->pool + flow->pool_at, n);
    if (from == SIDE_CLIENT)
        frame_mask(p, n, flow->key, flow->phase);
    flow->phase += n;
    flow->frame_left -= n;
    flow->pool_at = (flow->pool_at + (uint32_t)n) % POOL_BYTES;
    return n;
}

size_t bulk_fill(struct run *run, enum side from, struct outflow *flow, uint8_t *p, size_t n)
{
    size_t used = 0;

    while (used < n) {
        if (flow->head_at < flow->head_used) {
            p[used++] = flow->head[flow->head_at++];
        } else if (flow->frame_left != 0) {
            used += fill_payload(run, from, flow, p + used, n - used);
        } else if (flow->message_left != 0) {
            next_frame(run, from, flow);
        } else {
            flow->active = false;
            break;
        }
    }
    return used;
}
