/*
 * The mid-stream pickup: recognises WebSocket connections whose opening handshake was not captured,
 * by their frames alone, and hands them to the WebSocket decoder: frames of hybi-07 and later
 * wherever they are (sync.h), older ones in the first bytes (pickup.h).
 *
 * It is asked last, when a connection without SYN is nobody else's. The first bytes are searched
 * both ways round, since such a connection does not tell who opened it. If they do not settle it,
 * the pickup goes on as the decoder of the stream: it looks at bytes as they pass, for the first
 * header may lie behind megabytes of a frame that was under way. What asks for strong evidence is
 * that most of what comes here is no WebSocket at all.
 */
#include "pickup.h"
#include "sync.h"
#include "version.h"

#include <stdlib.h>

#define MATCH_BYTES 4096                      /* of both directions, to tell who is who */
#define SEARCH_MAX_BYTES (UINT64_C(16) << 20) /* of a direction */
#define BOTH_ENOUGH 36                        /* bits, of two chains that agree */
#define BOTH_CLIENT_ENOUGH 14
#define BOTH_SERVER_ENOUGH 10
#define CLIENT_ENOUGH 40 /* three frames or more */
#define CLIENT_ENOUGH_FOR_TWO 44
#define SERVER_ENOUGH 44                /* four frames or more */
#define SERVER_ENOUGH_AGAINST_CLIENT 60 /* the client sent much that is no frames */
#define CLIENT_SILENT_BYTES 64

struct pickup {
    struct sync *sync[2];
    struct draft_pickup draft; /* confidence 0: it is none */
    struct websocket_setup setup;
};

int pickup_confidence(const struct evidence *c, const struct evidence *s)
{
    bool silent = c->searched < CLIENT_SILENT_BYTES;
    int server_needs = silent ? SERVER_ENOUGH : SERVER_ENOUGH_AGAINST_CLIENT;
    bool both = c->frames >= 2 && s->frames >= 2 && c->bits >= BOTH_CLIENT_ENOUGH &&
                s->bits >= BOTH_SERVER_ENOUGH && c->bits + s->bits >= BOTH_ENOUGH;
    bool client_alone = (c->frames >= 3 && c->bits >= CLIENT_ENOUGH) ||
                        (c->frames == 2 && c->bits >= CLIENT_ENOUGH_FOR_TWO);
    bool server_alone = s->frames >= 4 && s->bits >= server_needs;
    if (!both && !client_alone && !server_alone) {
        return 0;
    }
    int bits = (c->bits > 0 ? c->bits : 0) + (s->bits > 0 ? s->bits : 0);
    int percent = 80 + (bits - BOTH_ENOUGH) / 2;
    return percent < 80 ? 80 : percent > 99 ? 99 : percent;
}

static struct evidence evidence_of(const struct sync *sync)
{
    if (sync == NULL) {
        return (struct evidence){0};
    }
    struct sync_best best = sync_best(sync);
    return (struct evidence){best.bits, best.frames, sync_searched(sync)};
}

/* Confidence in percent that these two searches found WebSocket; 0: not enough for that. */
static int judge(const struct sync *client, const struct sync *server)
{
    struct evidence c = evidence_of(client);
    struct evidence s = evidence_of(server);
    return pickup_confidence(&c, &s);
}

/* ---- Whose stream is it? ---- */

/* TLS records and SSH are common, and settled at a glance. */
static bool is_foreign(struct bytes b)
{
    struct reader r = reader_of(b);
    uint8_t type = read_u8(&r);
    uint16_t version = read_be16(&r);
    uint16_t length = read_be16(&r);
    bool tls = !r.bad && type >= 0x14 && type <= 0x17 && version >= 0x0300 && version <= 0x0304 &&
               length > 0 && length <= 16384 + 2048;
    return tls || bytes_start_with(b, bytes_of("SSH-"));
}

static struct sync *search(enum dir dir, struct bytes b)
{
    struct sync *s = sync_new(&(struct sync_setup){.dir = dir, .deflate = DEFLATE_UNKNOWN});
    size_t take;
    if (s != NULL && b.n > 0) {
        sync_data(s, b, &take);
    }
    return s;
}

static int judge_bytes(struct bytes client, struct bytes server)
{
    struct sync *c = search(DIR_CLIENT_TO_SERVER, client);
    struct sync *s = search(DIR_SERVER_TO_CLIENT, server);
    int percent = judge(c, s);
    sync_free(c);
    sync_free(s);
    return percent;
}

static enum verdict pickup_match(const struct hint *hint)
{
    struct bytes client = hint->first[DIR_CLIENT_TO_SERVER];
    struct bytes server = hint->first[DIR_SERVER_TO_CLIENT];
    if (hint->from_start || is_foreign(client) || is_foreign(server)) {
        return VERDICT_NO;
    }
    if (judge_bytes(client, server) > 0) {
        return VERDICT_YES;
    }
    if (judge_bytes(server, client) > 0) {
        return VERDICT_YES_SWAPPED;
    }
    struct draft_pickup draft;
    if (pickup_drafts(client, server, &draft)) {
        return draft.swapped ? VERDICT_YES_SWAPPED : VERDICT_YES;
    }
    if (client.n + server.n >= MATCH_BYTES || hint->last) {
        return client.n + server.n > 0 ? VERDICT_YES : VERDICT_NO; /* look on as bytes pass */
    }
    return VERDICT_MORE;
}

/* ---- Looking on ---- */

static void pickup_open(struct stream *s, const struct hint *hint)
{
    struct pickup *p = stream_state(s);
    const struct bytes *first = hint->first;
    if (judge_bytes(first[0], first[1]) == 0 && pickup_drafts(first[0], first[1], &p->draft)) {
        return;
    }
    for (int dir = 0; dir < 2; dir++) {
        p->sync[dir] =
            sync_new(&(struct sync_setup){.dir = (enum dir)dir, .deflate = DEFLATE_UNKNOWN});
        if (p->sync[dir] == NULL) {
            stream_give_up(s, (enum dir)dir);
        }
    }
}

static bool saw_rsv1(const struct sync *s)
{
    return s != NULL && sync_best(s).enough && sync_saw_rsv1(s);
}

/* Begins the session, of which a frame in this direction has told. */
static void begin_session(struct stream *s, enum dir dir, int percent)
{
    stream_begin_session(s, SESSION_MIDSTREAM, percent);
    stream_finding(s, dir, FINDING_PICKED_UP, "confidence %d %%", percent);
}

/* Hands over what is older than hybi-07, from its first byte on. */
static void hand_over_draft(struct stream *s, struct pickup *p, enum dir dir)
{
    struct event version = {.type = EVENT_VERSION, .dir = dir};
    version.version = websocket_version(p->draft.version);
    p->setup = (struct websocket_setup){.version = p->draft.version, .midstream = true};
    memcpy(p->setup.synced, p->draft.synced, sizeof p->setup.synced);
    begin_session(s, dir, p->draft.confidence);
    stream_emit(s, &version);
    stream_finding(s, dir, FINDING_VERSION_DRAFT, "%s", version.version->draft);
    stream_switch(s, &websocket_draft_decoder, &p->setup);
}

/* Hands the stream over. Returns how much more of this direction is to be skipped. */
static size_t hand_over(struct stream *s, struct pickup *p, enum dir dir, int percent)
{
    bool rsv1 = saw_rsv1(p->sync[0]) || saw_rsv1(p->sync[1]);
    struct sync_best best = sync_best(p->sync[dir]);
    p->setup = (struct websocket_setup){
        .version = 13, .deflate = rsv1 ? DEFLATE_IN_USE : DEFLATE_UNKNOWN, .midstream = true};
    p->setup.synced[dir] = best.enough;
    begin_session(s, dir, percent);
    stream_switch(s, &websocket_decoder, &p->setup);
    return best.enough ? best.skip : 0;
}

static size_t pickup_data(struct stream *s, const struct chunk *c)
{
    struct pickup *p = stream_state(s);
    size_t take = 0;
    if (p->draft.confidence > 0) {
        hand_over_draft(s, p, c->dir);
        return 0;
    }
    sync_data(p->sync[c->dir], c->b, &take);
    int percent = judge(p->sync[DIR_CLIENT_TO_SERVER], p->sync[DIR_SERVER_TO_CLIENT]);
    if (percent > 0) {
        return take + hand_over(s, p, c->dir, percent);
    }
    if (sync_searched(p->sync[c->dir]) > SEARCH_MAX_BYTES) {
        stream_give_up(s, c->dir);
    }
    return take;
}

static bool pickup_gap(struct stream *s, enum dir dir, uint64_t n)
{
    struct pickup *p = stream_state(s);
    if (p->sync[dir] != NULL) {
        sync_gap(p->sync[dir], n);
    }
    return true;
}

static void pickup_end(struct stream *s, enum dir dir)
{
    (void)s;
    (void)dir;
}

static void pickup_close(struct stream *s)
{
    struct pickup *p = stream_state(s);
    sync_free(p->sync[0]);
    sync_free(p->sync[1]);
}

const struct decoder websocket_pickup_decoder = {.name = "websocket pickup",
                                                 .state_size = sizeof(struct pickup),
                                                 .max_keep = SYNC_MAX_KEEP_BYTES,
                                                 .match = pickup_match,
                                                 .open = pickup_open,
                                                 .data = pickup_data,
                                                 .gap = pickup_gap,
                                                 .end = pickup_end,
                                                 .close = pickup_close};
