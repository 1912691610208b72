/*
 * WebSocket frames as RFC 6455 section 5.2 lays them out, counted for the truth as they are made.
 */
#include "generate.h"

#include <assert.h>
#include <stdarg.h>
#include <string.h>

void out_bytes(struct run *run, const void *p, size_t n)
{
    assert(n <= OUT_BYTES - run->out_used);
    if (n != 0)
        memcpy(run->out + run->out_used, p, n);
    run->out_used += n;
}

void out_format(struct run *run, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vsnprintf((char *)run->out + run->out_used, OUT_BYTES - run->out_used, format, args);
    va_end(args);
    assert(n >= 0 && (size_t)n < OUT_BYTES - run->out_used);
    run->out_used += (size_t)n;
}

void out_send(struct run *run, struct conn *c, enum side from)
{
    if (c->tls != NULL)
        tls_send(run, c, from, run->out, run->out_used);
    else
        conn_send(&run->tap, c, from, run->out, run->out_used);
    run->out_used = 0;
}

void frame_key(struct run *run, enum side from, uint8_t *key)
{
    uint32_t v = from == SIDE_CLIENT ? (uint32_t)random_next(&run->random) | 1U : 0;

    memcpy(key, &v, sizeof v);
}

static size_t put_length(uint8_t *out, uint64_t length)
{
    size_t bytes = length < 126 ? 0 : length <= 0xffff ? 2 : 8;

    out[0] = (uint8_t)(bytes == 0 ? length : bytes == 2 ? 126 : 127);
    for (size_t i = 0; i < bytes; i++)
        out[1 + i] = (uint8_t)(length >> (8 * (bytes - 1 - i)));
    return 1 + bytes;
}

size_t frame_head(struct run *run, enum side from, const struct frame *f, const uint8_t *key,
                  uint8_t *out)
{
    struct flow_truth *truth = &run->truth.flow[from];
    size_t n;

    out[0] = (uint8_t)((f->fin ? 0x80 : 0) | (f->rsv1 ? 0x40 : 0) | f->opcode);
    n = 1 + put_length(out + 1, f->length);
    if (from == SIDE_CLIENT) {
        out[1] |= 0x80;
        memcpy(out + n, key, 4);
        n += 4;
        truth->masked++;
    }
    truth->frames++;
    truth->opcode[f->opcode]++;
    truth->payload_bytes += f->length;
    return n;
}

void frame_mask(uint8_t *p, size_t n, const uint8_t *key, uint64_t phase)
{
    uint8_t turned[8];
    uint64_t pattern, word;
    size_t i = 0;

    for (size_t k = 0; k < sizeof turned; k++)
        turned[k] = key[(phase + k) & 3];
    memcpy(&pattern, turned, sizeof pattern);
    for (; n - i >= sizeof word; i += sizeof word) {
        memcpy(&word, p + i, sizeof word);
        word ^= pattern;
        memcpy(p + i, &word, sizeof word);
    }
    for (; i < n; i++)
        p[i] ^= turned[i & 7];
}

void frame_put(struct run *run, enum side from, const struct frame *f, const uint8_t *payload)
{
    uint8_t head[14], key[4];
    size_t at;

    frame_key(run, from, key);
    out_bytes(run, head, frame_head(run, from, f, key, head));
    at = run->out_used;
    out_bytes(run, payload, (size_t)f->length);
    if (from == SIDE_CLIENT)
        frame_mask(run->out + at, (size_t)f->length, key, 0);
}
