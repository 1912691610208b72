/* Which subprotocol is spoken, and where the units of a stream lie in messages. */
#include "subprotocol.h"

#define SUBPROTOCOL(name) extern const struct subprotocol name;
#include "subprotocols.def"
#undef SUBPROTOCOL

static const struct subprotocol *const all[] = {
#define SUBPROTOCOL(name) &name,
#include "subprotocols.def"
#undef SUBPROTOCOL
};
#define SUBPROTOCOLS (sizeof all / sizeof *all)

static bool has_token(const struct subprotocol *p, struct bytes token)
{
    for (size_t i = 0; p->tokens != NULL && p->tokens[i] != NULL; i++) {
        if (bytes_equal_nocase(token, bytes_of(p->tokens[i]))) {
            return true;
        }
    }
    return false;
}

const struct subprotocol *subprotocol_of_handshake(const struct handshake *h)
{
    for (size_t i = 0; i < SUBPROTOCOLS; i++) {
        if (h->subprotocol.n > 0
                ? has_token(all[i], h->subprotocol)
                : all[i]->guess != NULL && all[i]->guess(h->target, (struct bytes){NULL, 0})) {
            return all[i];
        }
    }
    return NULL;
}

const struct subprotocol *subprotocol_of_message(struct bytes first)
{
    for (size_t i = 0; i < SUBPROTOCOLS; i++) {
        if (all[i]->guess != NULL && all[i]->guess((struct bytes){NULL, 0}, first)) {
            return all[i];
        }
    }
    return NULL;
}

/*--- Units of a stream --------------------------------------------------------------------------*/

static void keep_opening(struct subprotocol_track *t, struct bytes body)
{
    struct bytes part = bytes_part(body, 0, sizeof t->opening - t->opening_n);
    if (part.n > 0) {
        memcpy(t->opening + t->opening_n, part.p, part.n);
        t->opening_n = (uint8_t)(t->opening_n + part.n);
    }
}

uint32_t subprotocol_track_message(struct subprotocol_track *t, const struct subprotocol *p,
                                   enum dir dir, const struct message *m)
{
    struct bytes body = m->body;
    bool lost = !(m->flags & MESSAGE_FINISHED) || m->flags & MESSAGE_NOT_INFLATED;
    uint64_t missing = lost ? UINT64_MAX : m->len - body.n;
    uint64_t begun = t->side[dir].begun;
    bool opaque = false;
    if (dir == DIR_CLIENT_TO_SERVER) {
        keep_opening(t, body);
    }
    for (size_t at = 0; at < body.n && !opaque;) {
        if (t->side[dir].left == 0) {
            t->side[dir].head[t->side[dir].head_n++] = body.p[at];
            t->side[dir].begun++;
            at++;
            uint64_t n = p->unit((struct bytes){t->side[dir].head, t->side[dir].head_n});
            opaque = n == SUBPROTOCOL_UNIT_BAD ||
                     (n == 0 && t->side[dir].head_n == SUBPROTOCOL_HEAD_BYTES);
            if (opaque || n == 0) {
                continue;
            }
            t->side[dir].left = n > t->side[dir].head_n ? n - t->side[dir].head_n : 0;
            t->side[dir].head_n = 0;
        }
        size_t step = body.n - at < t->side[dir].left ? body.n - at : (size_t)t->side[dir].left;
        at += step;
        t->side[dir].left -= step;
        t->side[dir].begun = t->side[dir].left > 0 ? t->side[dir].begun + step : 0;
    }
    if (opaque || missing > t->side[dir].left) {
        memset(&t->side[dir], 0, sizeof t->side[dir]);
    } else if (missing > 0) {
        t->side[dir].left -= missing;
        t->side[dir].begun = t->side[dir].left > 0 ? t->side[dir].begun + missing : 0;
    }
    return lost || begun >= UINT32_MAX ? SUBPROTOCOL_NOT_ALIGNED : (uint32_t)begun;
}
