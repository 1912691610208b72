/*
 * HTTP/1 connections (RFC 9112): two sides, each a sequence of heads and bodies, and a queue of the
 * requests that wait for their answers, because what an answer's body is depends on the request.
 */
#include "http1.h"

#include "body.h"
#include "http2.h"
#include "old_keys.h"
#include "upgrade.h"

#define QUEUE_MAX 32 /* requests without an answer; then the client's side waits */

enum asked {
    ASKED_OTHER,
    ASKED_HEAD,
    ASKED_CONNECT,
    ASKED_WEBSOCKET,
    ASKED_UPGRADE /* to another protocol */
};

enum phase {
    PHASE_HEAD,
    PHASE_BODY,
    PHASE_KEY3,   /* client: 8 bytes that belong to an upgrade of hixie-76 to hybi-03 */
    PHASE_WAIT,   /* client: what follows depends on the answer */
    PHASE_TUNNEL, /* behind a CONNECT; what is inside is not known yet */
    PHASE_LOST    /* until something recognisable follows */
};

struct side {
    enum phase phase;
    struct body body;
    size_t scanned; /* of the head that is not whole yet */
    bool at_frame;  /* lost, but no byte behind the request to upgrade */
};

struct http1 {
    struct side side[2];
    uint8_t queue[QUEUE_MAX]; /* enum asked, a ring */
    uint8_t first, count;
    uint64_t queue_pkt[QUEUE_MAX]; /* where each was seen */
    uint64_t upgrade_pkt;          /* where the request to upgrade was seen */
    bool requests_lost;            /* some that are answered may not be in the queue */
    bool lossy;                    /* answers and requests may not go in step any more */
    bool from_start;               /* both sides were seen from their first byte */
    bool client_ended;             /* no request will come */
    bool answered;                 /* a response was seen */
    bool through_proxy;            /* inside a CONNECT tunnel */
    uint8_t key3_lost;             /* bytes of those behind the request that are missing */
    bool waiting;                  /* a request is out after which the protocol may change */
    struct upgrade *upgrade;
    struct websocket_setup setup;
};

static enum verdict http1_match(const struct hint *hint)
{
    enum verdict verdict = VERDICT_NO;
    for (int d = 0; d < 2; d++) {
        struct bytes first = hint->first[d];
        if (first.n == 0) {
            continue;
        }
        enum verdict request = http_request_line(first);
        enum verdict response = http_status_line(first);
        if (request == VERDICT_YES) {
            return d == DIR_CLIENT_TO_SERVER ? VERDICT_YES : VERDICT_YES_SWAPPED;
        }
        if (response == VERDICT_YES) {
            return d == DIR_SERVER_TO_CLIENT ? VERDICT_YES : VERDICT_YES_SWAPPED;
        }
        if (request == VERDICT_MORE || response == VERDICT_MORE) {
            verdict = VERDICT_MORE;
        }
    }
    return verdict;
}

static void http1_open(struct stream *s, const struct hint *hint)
{
    struct http1 *h = stream_state(s);
    h->from_start = hint->from_start;
    if (!h->from_start) {
        h->side[0].phase = h->side[1].phase = PHASE_LOST;
    }
}

static void forget_upgrade(struct stream *s, struct http1 *h)
{
    struct upgrade *u = h->upgrade;
    h->upgrade = NULL;
    upgrade_unanswered(s, u);
}

/* Bytes of it cannot be told apart any more. */
static size_t malformed(struct stream *s, const struct chunk *c, const char *what)
{
    stream_finding(s, c->dir, FINDING_HTTP_MALFORMED, "%s; the connection is not followed further",
                   what);
    stream_give_up_both(s);
    return c->b.n;
}

/* ---- The queue ---- */

static uint8_t next_place(uint8_t place)
{
    return (uint8_t)((place + 1) % QUEUE_MAX);
}

static void push(struct http1 *h, enum asked asked, uint64_t pkt)
{
    bool answers_are_lost = h->side[DIR_SERVER_TO_CLIENT].phase == PHASE_LOST;
    if (answers_are_lost) {
        h->count = 0;
    } else if (h->count == QUEUE_MAX) {
        h->first = next_place(h->first); /* only while no answer was ever seen */
        h->count--;
    }
    h->queue[(h->first + h->count) % QUEUE_MAX] = (uint8_t)asked;
    h->queue_pkt[(h->first + h->count) % QUEUE_MAX] = pkt;
    h->count++;
}

/* What an answer that was seen at `pkt` answers. */
static enum asked pop(struct http1 *h, uint64_t pkt)
{
    if (h->count == 0) {
        return ASKED_OTHER; /* its request came before the capture */
    }
    if (h->lossy && h->queue_pkt[h->first] > pkt) {
        return ASKED_OTHER; /* its request is not there: nobody answers before he is asked */
    }
    enum asked asked = (enum asked)h->queue[h->first];
    h->first = next_place(h->first);
    h->count--;
    return asked;
}

/* ---- Requests ---- */

static enum asked what_is_asked(const struct http_head *head)
{
    if (bytes_equal(head->method, bytes_of("CONNECT"))) {
        return ASKED_CONNECT;
    }
    if (upgrade_is_request(head)) {
        return ASKED_WEBSOCKET;
    }
    if (fields_have(&head->fields, FIELD_UPGRADE)) {
        return ASKED_UPGRADE;
    }
    return bytes_equal(head->method, bytes_of("HEAD")) ? ASKED_HEAD : ASKED_OTHER;
}

/* A message, body and all, is over. */
static void after_message(struct http1 *h, enum dir d)
{
    bool wait = d == DIR_CLIENT_TO_SERVER && h->waiting;
    h->side[d].phase = wait ? PHASE_WAIT : PHASE_HEAD;
}

static void begin_body(struct http1 *h, enum dir d)
{
    h->side[d].phase = PHASE_BODY;
    if (h->side[d].body.phase == BODY_DONE) {
        after_message(h, d);
    }
}

static size_t take_request(struct stream *s, struct http1 *h, const struct chunk *c,
                           const struct http_head *head)
{
    enum asked asked = what_is_asked(head);
    if (!body_of_request(&h->side[DIR_CLIENT_TO_SERVER].body, head)) {
        return malformed(s, c, "the length of a request's body contradicts itself");
    }
    if (asked == ASKED_CONNECT) {
        h->side[DIR_CLIENT_TO_SERVER].body.phase = BODY_DONE;
    }
    push(h, asked, c->pkt);
    h->waiting = asked != ASKED_OTHER && asked != ASKED_HEAD;
    if (asked == ASKED_WEBSOCKET) {
        forget_upgrade(s, h);
        h->upgrade = upgrade_new(s, head, h->through_proxy);
        h->upgrade_pkt = c->pkt;
    }
    begin_body(h, DIR_CLIENT_TO_SERVER);
    if (asked == ASKED_WEBSOCKET && upgrade_has_key3(h->upgrade)) {
        h->side[DIR_CLIENT_TO_SERVER].phase = PHASE_KEY3;
    }
    return head->whole.n;
}

static size_t take_key3(struct stream *s, struct http1 *h, const struct chunk *c)
{
    size_t n = (size_t)(KEY3_BYTES - h->key3_lost);
    if (c->b.n < n) {
        stream_want(s, n);
        return 0;
    }
    if (h->key3_lost == 0) {
        upgrade_key3(h->upgrade, bytes_part(c->b, 0, n));
    }
    after_message(h, DIR_CLIENT_TO_SERVER);
    return n;
}

/* ---- Responses ---- */

/* Behind a CONNECT everything starts anew. */
static void enter_tunnel(struct http1 *h, bool through_proxy)
{
    *h = (struct http1){.from_start = true, .through_proxy = through_proxy};
    h->side[0].phase = h->side[1].phase = PHASE_TUNNEL;
}

static void answer_upgrade(struct stream *s, struct http1 *h, const struct http_head *head,
                           struct bytes behind)
{
    struct upgrade *u = h->upgrade;
    h->upgrade = NULL;
    bool seen = u != NULL;
    switch (upgrade_answer(s, u, head, behind, h->through_proxy, &h->setup)) {
    case UPGRADE_WEBSOCKET:
        h->setup.lost[DIR_CLIENT_TO_SERVER] = !seen && h->requests_lost;
        h->setup.search[DIR_CLIENT_TO_SERVER] = !seen; /* its request may yet come */
        stream_switch(s, websocket_decoder_for(&h->setup), &h->setup);
        break;
    case UPGRADE_UNKNOWN:
        stream_give_up_both(s);
        break;
    case UPGRADE_REFUSED:
        break;
    }
}

/* A 101: the connection is not HTTP any more. */
static size_t take_switching(struct stream *s, struct http1 *h, enum asked asked,
                             const struct http_head *head, struct bytes behind)
{
    bool unseen = asked != ASKED_UPGRADE && asked != ASKED_CONNECT &&
                  (fields_have(&head->fields, FIELD_WS_ACCEPT) || upgrade_is_request(head));
    if (h->upgrade != NULL || unseen) {
        answer_upgrade(s, h, head, behind);
    } else if (list_has(fields_last(&head->fields, FIELD_UPGRADE), "h2c")) {
        stream_switch(s, &http2_decoder, NULL);
    } else if (asked != ASKED_UPGRADE) {
        stream_give_up_both(s);
    } else {
        enter_tunnel(h, h->through_proxy); /* to TLS (RFC 2817), or to what is not decoded */
    }
    return head->whole.n + behind.n;
}

/* A final answer, not 101. */
static size_t take_answer(struct stream *s, struct http1 *h, const struct chunk *c,
                          enum asked asked, const struct http_head *head)
{
    struct side *client = &h->side[DIR_CLIENT_TO_SERVER];
    struct side *server = &h->side[DIR_SERVER_TO_CLIENT];
    bool accepted = head->status < 300;
    if (asked == ASKED_CONNECT && accepted) {
        enter_tunnel(h, true);
        return head->whole.n;
    }
    if (asked == ASKED_WEBSOCKET && h->upgrade != NULL) {
        answer_upgrade(s, h, head, (struct bytes){0});
    }
    if (asked != ASKED_OTHER && asked != ASKED_HEAD) {
        h->waiting = false;
        client->phase = client->phase == PHASE_WAIT ? PHASE_HEAD : client->phase;
    }
    if (!body_of_response(&server->body, head, asked == ASKED_HEAD)) {
        return malformed(s, c, "the length of a response's body contradicts itself");
    }
    begin_body(h, DIR_SERVER_TO_CLIENT);
    if (server->body.phase == BODY_UNTIL_CLOSE) {
        stream_give_up_both(s); /* no further answer can come */
    }
    return head->whole.n;
}

static size_t take_response(struct stream *s, struct http1 *h, const struct chunk *c,
                            const struct http_head *head)
{
    if (head->status < 200 && head->status != 101) {
        return head->whole.n; /* 100 Continue and its like: the answer is still to come */
    }
    bool request_will_come = h->from_start && !h->client_ended && !h->requests_lost;
    if (h->count == 0 && request_will_come) {
        stream_block(s); /* captured before its request */
        return 0;
    }
    bool key3_will_come = !h->client_ended && h->side[DIR_CLIENT_TO_SERVER].phase == PHASE_KEY3;
    if (head->status == 101 && key3_will_come) {
        stream_block(s); /* likewise */
        return 0;
    }
    size_t behind = upgrade_answer_behind(h->upgrade, head);
    if (c->b.n - head->whole.n < behind) {
        stream_want(s, head->whole.n + behind);
        return 0;
    }
    h->answered = true;
    enum asked asked = pop(h, c->pkt);
    if (head->status == 101) {
        return take_switching(s, h, asked, head, bytes_part(c->b, head->whole.n, behind));
    }
    return take_answer(s, h, c, asked, head);
}

/* ---- Heads and bodies ---- */

static size_t empty_lines(struct bytes b)
{
    size_t n = 0;
    while (n < b.n && (b.p[n] == '\r' || b.p[n] == '\n')) {
        n++;
    }
    return n;
}

/* A quick look at a head that is not whole yet: can it become one? Its start line alone is looked
 * at, and of a long one only the beginning, since this is asked again with every segment. */
static bool may_be_head(const struct chunk *c)
{
    struct bytes b = bytes_part(c->b, 0, 64);
    enum verdict v = c->dir == DIR_CLIENT_TO_SERVER ? http_request_line(b) : http_status_line(b);
    return v != VERDICT_NO;
}

static size_t take_head(struct stream *s, struct http1 *h, const struct chunk *c)
{
    struct side *side = &h->side[c->dir];
    bool request = c->dir == DIR_CLIENT_TO_SERVER;
    size_t empty = empty_lines(c->b);
    if (empty > 0) {
        return empty;
    }
    if (request && h->count == QUEUE_MAX && h->answered) {
        stream_block(s);
        return 0;
    }
    size_t end = http_head_end(c->b, &side->scanned);
    if (end > HTTP_HEAD_MAX_BYTES || (end == 0 && c->b.n >= HTTP_HEAD_MAX_BYTES)) {
        stream_finding(s, c->dir, FINDING_HTTP_HEAD_LIMIT, "more than %d bytes",
                       HTTP_HEAD_MAX_BYTES);
        stream_give_up_both(s);
        return c->b.n;
    }
    if (end == 0) {
        return may_be_head(c) ? 0 : malformed(s, c, "not a start line");
    }
    side->scanned = 0;
    struct http_head head;
    struct bytes whole = bytes_part(c->b, 0, end);
    if (!(request ? http_request_read(&head, whole) : http_response_read(&head, whole))) {
        return malformed(s, c, "not a start line");
    }
    return request ? take_request(s, h, c, &head) : take_response(s, h, c, &head);
}

static size_t take_body(struct stream *s, struct http1 *h, const struct chunk *c)
{
    struct side *side = &h->side[c->dir];
    bool bad = false;
    size_t took = body_take(&side->body, c->b, &bad);
    if (bad) {
        return malformed(s, c, "a chunk has no size");
    }
    if (side->body.phase == BODY_DONE) {
        after_message(h, c->dir);
    }
    return took;
}

/* ---- Tunnels ---- */

extern const struct decoder tls_decoder;

/* The first bytes inside: whose are they? */
static size_t take_tunnel(struct stream *s, struct http1 *h, const struct chunk *c)
{
    struct hint hint = {.from_start = true};
    hint.first[c->dir] = c->b;
    enum verdict http = http1_match(&hint);
    enum verdict tls = tls_decoder.match(&hint);
    enum verdict http2 = http2_decoder.match(&hint);
    if (http == VERDICT_YES) {
        h->side[0].phase = h->side[1].phase = PHASE_HEAD;
        return take_head(s, h, c);
    }
    if (tls == VERDICT_YES) {
        stream_switch(s, &tls_decoder, NULL);
        return 0;
    }
    if (http2 == VERDICT_YES) {
        stream_switch(s, &http2_decoder, NULL);
        return 0;
    }
    if (http == VERDICT_MORE || tls == VERDICT_MORE || http2 == VERDICT_MORE) {
        return 0;
    }
    stream_give_up_both(s);
    return c->b.n;
}

/* ---- Losses ---- */

/* The client waits no more; what it sent is looked at. */
static void answer_was_lost(struct http1 *h)
{
    struct side *client = &h->side[DIR_CLIENT_TO_SERVER];
    h->waiting = false;
    if (client->phase == PHASE_WAIT) {
        client->phase = PHASE_LOST;
        client->at_frame = h->upgrade != NULL;
    }
}

/* Do frames follow, although no answer to the upgrade was captured? Then they are read. */
static enum verdict went_on(struct stream *s, struct http1 *h, const struct chunk *c)
{
    struct upgrade *u = h->upgrade;
    if (u == NULL || !upgrade_frames_are_known(u)) {
        return VERDICT_NO;
    }
    enum verdict v = websocket_frames_follow(c->dir, c->b);
    if (v != VERDICT_YES) {
        return v;
    }
    h->upgrade = NULL;
    upgrade_went_on(s, u, &h->setup);
    h->setup.synced[DIR_CLIENT_TO_SERVER] = h->side[DIR_CLIENT_TO_SERVER].at_frame;
    h->setup.synced[c->dir] = true;
    stream_switch(s, websocket_decoder_for(&h->setup), &h->setup);
    return VERDICT_YES;
}

static void lose(struct http1 *h, enum dir d)
{
    h->side[d] = (struct side){.phase = PHASE_LOST};
    h->lossy = true;
    if (d == DIR_CLIENT_TO_SERVER) {
        h->requests_lost = true;
        return;
    }
    h->count = 0;
    if (h->upgrade == NULL) {
        answer_was_lost(h); /* or cannot be told */
    } else {
        push(h, ASKED_WEBSOCKET, h->upgrade_pkt); /* the answer to the last request may follow */
    }
}

/* After a loss only the beginning of a piece is looked at: that is where the next message most
 * likely begins, and more would cost too much in the middle of a download. */
static size_t take_lost(struct stream *s, struct http1 *h, const struct chunk *c)
{
    struct side *side = &h->side[c->dir];
    bool request = c->dir == DIR_CLIENT_TO_SERVER;
    enum verdict v = request ? http_request_line(c->b) : http_status_line(c->b);
    if (v == VERDICT_MORE && c->b.n < HTTP_LINE_MAX_BYTES) {
        return 0;
    }
    if (v != VERDICT_YES) {
        if (!request && h->upgrade_pkt < c->pkt) {
            answer_was_lost(h);
        }
        if (went_on(s, h, c) != VERDICT_NO) {
            return 0;
        }
        side->at_frame = false;
        return c->b.n;
    }
    if (request) {
        forget_upgrade(s, h); /* another one follows it */
    }
    side->phase = PHASE_HEAD;
    return take_head(s, h, c);
}

static bool http1_gap(struct stream *s, enum dir d, uint64_t n)
{
    struct http1 *h = stream_state(s);
    struct side *side = &h->side[d];
    if (side->phase == PHASE_BODY && body_gap(&side->body, n)) {
        if (side->body.phase == BODY_DONE) {
            after_message(h, d);
        }
        return true;
    }
    if (side->phase == PHASE_KEY3) { /* the answer cannot be verified, but frames can be read */
        if (n < KEY3_BYTES) {
            h->key3_lost = (uint8_t)n;
            return true;
        }
        side->phase = PHASE_WAIT;
        if (n == KEY3_BYTES) {
            return true;
        }
    }
    if (side->phase == PHASE_WAIT) {
        stream_block(s); /* it may be WebSocket's to mend */
        return true;
    }
    lose(h, d);
    return true;
}

/* ---- The decoder ---- */

/* What follows a request that may change the protocol: it waits for the answer. */
static size_t wait_for_answer(struct stream *s, struct http1 *h, const struct chunk *c)
{
    if (h->upgrade != NULL) {
        upgrade_note_early(h->upgrade, c->ts, c->pkt);
    }
    stream_block(s);
    return 0;
}

static size_t http1_data(struct stream *s, const struct chunk *c)
{
    struct http1 *h = stream_state(s);
    switch (h->side[c->dir].phase) {
    case PHASE_HEAD:
        return take_head(s, h, c);
    case PHASE_BODY:
        return take_body(s, h, c);
    case PHASE_KEY3:
        return take_key3(s, h, c);
    case PHASE_WAIT:
        return wait_for_answer(s, h, c);
    case PHASE_TUNNEL:
        return take_tunnel(s, h, c);
    case PHASE_LOST:
        break;
    }
    return take_lost(s, h, c);
}

static void http1_end(struct stream *s, enum dir d)
{
    struct http1 *h = stream_state(s);
    if (d == DIR_CLIENT_TO_SERVER) {
        h->client_ended = true;
    } else {
        answer_was_lost(h);
    }
}

static void http1_waited(struct stream *s, enum dir d)
{
    if (d == DIR_CLIENT_TO_SERVER) { /* perhaps only one direction is captured */
        answer_was_lost(stream_state(s));
    }
}

static void http1_close(struct stream *s)
{
    forget_upgrade(s, stream_state(s));
}

const struct decoder http1_decoder = {
    .name = "http1",
    .state_size = sizeof(struct http1),
    /* A head that is not whole yet, and behind it what came in the same segment. */
    .max_keep = HTTP_HEAD_MAX_BYTES + 65536,
    .match = http1_match,
    .open = http1_open,
    .data = http1_data,
    .gap = http1_gap,
    .end = http1_end,
    .close = http1_close,
    .waited = http1_waited,
};
