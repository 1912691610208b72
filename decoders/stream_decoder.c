/* A stream as its decoder sees it: what it is, what may be asked of it, and streams inside. */
#include "kept.h"
#include "stream_state.h"

#include <assert.h>
#include <stdlib.h>

void *stream_state(const struct stream *s)
{
    return s->state;
}

const struct decode_options *stream_options(const struct stream *s)
{
    return s->shared->options;
}

struct stream_shared *stream_shared(const struct stream *s)
{
    return s->shared;
}

const struct connection *stream_connection(const struct stream *s)
{
    return &s->connection;
}

int64_t stream_ts(const struct stream *s)
{
    return s->ts;
}

uint64_t stream_pkt(const struct stream *s)
{
    return s->pkt;
}

uint64_t stream_session(const struct stream *s)
{
    return s->session;
}

bool stream_swapped(const struct stream *s)
{
    return s->swapped;
}

const struct session_end *stream_ending(const struct stream *s)
{
    return s->ending;
}

bool stream_waits(const struct stream *s, enum dir d)
{
    for (;;) {
        if (s->side[d] & SIDE_BLOCKED) {
            return true;
        }
        d = s->swapped ? dir_other(d) : d;
        if (s->parent == NULL) {
            return s->shared->waits != NULL && s->shared->waits(s->feeder, d);
        }
        s = s->parent;
    }
}

void stream_want(struct stream *s, size_t n)
{
    s->wanted = n;
}

void stream_block(struct stream *s)
{
    s->block_asked = true;
}

void stream_switch(struct stream *s, const struct decoder *next, const void *arg)
{
    s->next = next;
    s->next_arg = arg;
}

void stream_give_up(struct stream *s, enum dir d)
{
    s->side[d] |= SIDE_GIVEN_UP;
    s->side[d] &= (uint8_t)~SIDE_BLOCKED;
}

void stream_give_up_both(struct stream *s)
{
    stream_give_up(s, DIR_CLIENT_TO_SERVER);
    stream_give_up(s, DIR_SERVER_TO_CLIENT);
}

void stream_offer_again(struct stream *s, enum dir d)
{
    if (s->kept[d] != NULL) {
        kept_again(s->kept[d]);
    }
}

/* ---- Streams inside streams ---- */

uint8_t *stream_room(struct stream *s)
{
    uint8_t **room = &s->shared->rooms[s->depth];
    if (*room == NULL) {
        *room = malloc(STREAM_ROOM_BYTES);
    }
    return *room;
}

struct stream *stream_child(struct stream *s, uint32_t layers, bool from_start)
{
    if (s->depth + 1 >= STREAM_DEPTH_MAX) {
        return NULL;
    }
    struct stream *c = stream_new(s->shared, &s->connection, from_start);
    if (c != NULL) {
        c->connection.layers |= layers;
        c->depth = s->depth + 1;
        c->ts = s->ts;
        c->pkt = s->pkt;
        c->parent = s;
        c->next_child = s->children;
        s->children = c;
    }
    return c;
}

void stream_set_http2(struct stream *s, uint32_t id)
{
    s->connection.http2_stream = id;
}

void stream_now(struct stream *inner)
{
    inner->ts = inner->parent->ts;
    inner->pkt = inner->parent->pkt;
}

void stream_hand_session(struct stream *s, struct stream *child)
{
    assert(child->session == 0);
    child->session = s->session;
    s->session = 0;
}
