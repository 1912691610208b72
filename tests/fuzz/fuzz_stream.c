/*
 * Streams: what a decoder is given is what came, whatever it asks for.
 *
 * Input: an even number of bytes that alternate between what happens to the stream (bit 0 the
 * direction, 1-2 data, gap, end, or data in a row; 3-7 how much) and what the decoder does when it
 * is called next. The bytes of a direction count its offset, so the decoder knows what must come.
 */
#include "decoders/decoder.h"

#include <stdlib.h>

#define MAX_KEEP 300

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

struct world {
    struct event_sink sink;
    struct stream_shared shared;
    struct bytes actions; /* of the decoder */
    const struct stream *stream;
    uint64_t fed[2];   /* bytes and gaps that the stream was given */
    uint64_t taken[2]; /* that the decoder took or was told of */
    uint64_t pkt;
    unsigned calls;
    bool given_up[2];
};

struct state {
    bool ended[2], closed, open, leaves;
};

extern const struct decoder http1_decoder, tls_decoder, websocket_pickup_decoder;

static struct world *world_of(const struct stream *s)
{
    return (struct world *)(void *)stream_shared(s)->sink;
}

/* A direction of the decoder as the feeder names it. */
static enum dir raw(const struct stream *s, enum dir d)
{
    return stream_swapped(s) ? dir_other(d) : d;
}

static unsigned next_action(struct world *w)
{
    if (w->actions.n < 2) {
        return 0;
    }
    unsigned a = w->actions.p[1];
    w->actions = bytes_from(w->actions, 2);
    return a;
}

static uint8_t byte_at(uint64_t offset)
{
    return (uint8_t)(offset ^ offset >> 8);
}

static enum verdict match(const struct hint *h)
{
    size_t n = h->first[0].n + h->first[1].n;
    require(n <= 2 * STREAM_MATCH_MAX_BYTES);
    for (int d = 0; d < 2; d++) {
        for (size_t i = 0; i < h->first[d].n; i++) {
            require(h->first[d].p[i] == byte_at(i));
        }
    }
    if (n < 5 && !h->last) {
        return VERDICT_MORE;
    }
    return n % 3 == 0 ? VERDICT_YES_SWAPPED : n % 17 == 0 ? VERDICT_NO : VERDICT_YES;
}

static void do_open(struct stream *s, const struct hint *h)
{
    struct state *state = stream_state(s);
    require(!state->open);
    state->open = true;
    (void)h;
}

static void give_up(struct stream *s, enum dir d)
{
    stream_give_up(s, d);
    world_of(s)->given_up[raw(s, d)] = true;
}

static size_t do_data(struct stream *s, const struct chunk *c)
{
    struct world *w = world_of(s);
    struct state *state = stream_state(s);
    enum dir r = raw(s, c->dir);
    require(state->open && !state->ended[c->dir] && !w->given_up[r]);
    require(c->b.n > 0 && c->pkt > 0 && c->pkt <= w->pkt);
    require(c->pkt == stream_pkt(s) && c->ts == stream_ts(s));
    require(w->taken[r] + c->b.n <= w->fed[r]);
    for (size_t i = 0; i < c->b.n; i++) {
        require(c->b.p[i] == byte_at(w->taken[r] + i));
    }
    unsigned a = ++w->calls > 5000 ? 0 : next_action(w);
    size_t took = 0;
    switch (a & 7) {
    case 0:
        took = c->b.n;
        break;
    case 1:
        stream_want(s, c->b.n + (a >> 3));
        break;
    case 2:
        stream_block(s);
        break;
    case 3:
        break;
    case 4:
        stream_switch(s, &tls_decoder, state);
        state->leaves = true;
        took = a >> 3 < c->b.n ? a >> 3 : 0;
        break;
    case 5:
        if (a >> 3 < 3) {
            give_up(s, a >> 3 == 0 ? c->dir : dir_other(c->dir));
        }
        took = 1;
        break;
    default:
        took = (a >> 3) + 1 < c->b.n ? (a >> 3) + 1 : c->b.n;
    }
    w->taken[r] += took;
    return took;
}

static bool do_gap(struct stream *s, enum dir d, uint64_t n)
{
    struct world *w = world_of(s);
    struct state *state = stream_state(s);
    enum dir r = raw(s, d);
    require(n > 0 && !state->ended[d] && !w->given_up[r]);
    require(n <= w->fed[r] - w->taken[r]);
    unsigned a = ++w->calls > 5000 ? 0 : next_action(w);
    if ((a & 7) == 2) {
        stream_block(s);
        return true;
    }
    w->taken[r] += n;
    if ((a & 7) == 4) {
        stream_switch(s, &tls_decoder, NULL);
        state->leaves = true;
    }
    w->given_up[r] = (a & 7) == 5;
    return (a & 7) != 5;
}

static void do_end(struct stream *s, enum dir d)
{
    struct state *state = stream_state(s);
    require(!state->ended[d]);
    state->ended[d] = true;
    if (++world_of(s)->calls < 5000 && (next_action(world_of(s)) & 7) == 4) {
        stream_switch(s, &tls_decoder, NULL);
        state->leaves = true;
    }
}

static void do_close(struct stream *s)
{
    struct state *state = stream_state(s);
    require(!state->closed);
    state->closed = true;
    require(state->open && (state->leaves || (state->ended[0] && state->ended[1])));
}

#define TOY                                                                                        \
    {                                                                                              \
        "toy", sizeof(struct state), MAX_KEEP, match, do_open, do_data, do_gap, do_end, do_close,  \
            NULL, NULL, NULL                                                                       \
    }
const struct decoder http1_decoder = TOY;
const struct decoder tls_decoder = TOY;
const struct decoder websocket_pickup_decoder = TOY;

static void on_event(struct event_sink *sink, const struct event *e)
{
    struct world *w = (struct world *)(void *)sink;
    if (e->type == EVENT_FINDING && e->finding.id == FINDING_STREAM_LIMIT_KEPT) {
        w->given_up[raw(w->stream, e->dir)] = true;
    }
}

/* Bytes that count on from where the direction is. */
static bool feed(struct world *w, struct stream *s, enum dir d, size_t n)
{
    uint8_t *own = malloc(n + (n == 0));
    require(own != NULL);
    for (size_t i = 0; i < n; i++) {
        own[i] = byte_at(w->fed[d] + i);
    }
    w->fed[d] += n;
    struct chunk c = {(int64_t)w->pkt, w->pkt, {own, n}, d};
    bool more = stream_data(s, &c);
    free(own);
    return more;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct world w = {.sink.emit = on_event, .actions = {data, size}};
    w.shared = (struct stream_shared){.sink = &w.sink, .next_session = 1};
    struct connection connection = {.family = 4};
    struct stream *s = stream_new(&w.shared, &connection, true);
    require(s != NULL);
    w.stream = s;
    bool ended[2] = {false, false};
    bool more = true;
    for (size_t i = 0; i + 1 < size && more; i += 2) {
        enum dir d = data[i] & 1 ? DIR_SERVER_TO_CLIENT : DIR_CLIENT_TO_SERVER;
        size_t n = data[i] >> 3;
        w.pkt++;
        if (ended[d]) {
            continue;
        }
        switch (data[i] >> 1 & 3) {
        case 0:
            more = feed(&w, s, d, n + 1);
            break;
        case 1:
            more = feed(&w, s, d, n * n * n + 1);
            break;
        case 2:
            w.fed[d] += n + 1;
            more = stream_gap(s, d, n + 1, (int64_t)w.pkt, w.pkt);
            break;
        default:
            ended[d] = n == 0;
            if (n == 0) {
                stream_end(s, d, (int64_t)w.pkt, w.pkt);
            }
        }
    }
    stream_close(s, &(struct session_end){.first_fin = -1});
    require(w.shared.kept_bytes == 0);
    return 0;
}
