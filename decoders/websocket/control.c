/*
 * Control frames: Ping and Pong paired by their payload, Close and everything around it
 * (RFC 6455 sections 5.5 and 7; the checks C1-C17 and F14-F16).
 */
#include "session.h"

#include <stdlib.h>

#define PINGS_REMEMBERED 8 /* of a direction, waiting for their Pong; and Pongs for their Ping */
#define PING_WAIT_NS                                                                               \
    INT64_C(1000000000) /* a Ping this old at the end should have been answered                    \
                         */
#define FLOOD_WINDOW_NS INT64_C(1000000000)
#define FLOOD_PINGS 50 /* Pings of one direction within the window */

struct ping {
    int64_t ts;
    uint64_t pkt;
    uint8_t n;
    uint8_t payload[CONTROL_PAYLOAD_MAX];
};

/* The unanswered Pings of a direction, oldest first, and how fast they come; or its Pongs that came
 * before their Pings were read. Nearly always there is one, so room for more is made when more
 * wait. */
struct ws_pings {
    int64_t window_start;
    unsigned in_window;
    uint8_t count, room;
    struct ping waiting[];
};

/* ---- Ping and Pong ---- */

static void check_flood(struct stream *s, enum dir dir, struct ws_pings *p, int64_t ts)
{
    if (ts - p->window_start >= FLOOD_WINDOW_NS || ts < p->window_start) {
        p->window_start = ts;
        p->in_window = 0;
    }
    p->in_window++;
    if (p->in_window == FLOOD_PINGS) {
        stream_finding(s, dir, FINDING_PING_FLOOD, "%d Pings within a second", FLOOD_PINGS);
    }
}

/* The first n are not waited for any more. */
static void forget_pings(struct ws_pings *p, unsigned n)
{
    p->count = (uint8_t)(p->count - n);
    memmove(p->waiting, p->waiting + n, p->count * sizeof p->waiting[0]);
}

/* Room for one more that waits, the oldest being forgotten for it when there are too many; false:
 * no memory. */
static bool make_room(struct ws_pings **list, int64_t ts)
{
    struct ws_pings *p = *list;
    unsigned room = p == NULL ? 1 : 2U * p->room;
    if (p != NULL && p->count < p->room) {
        return true;
    }
    if (room > PINGS_REMEMBERED) {
        forget_pings(p, 1);
        return true;
    }
    p = realloc(p, sizeof *p + room * sizeof p->waiting[0]);
    if (p == NULL) {
        return false;
    }
    if (*list == NULL) {
        *p = (struct ws_pings){.window_start = ts};
    }
    p->room = (uint8_t)room;
    *list = p;
    return true;
}

static void add_ping(struct stream *s, struct ws_pings *p, struct bytes payload)
{
    struct ping *ping = &p->waiting[p->count++];
    *ping = (struct ping){.ts = stream_ts(s), .pkt = stream_pkt(s), .n = (uint8_t)payload.n};
    memcpy(ping->payload, payload.p, payload.n);
}

/* The first that waits with this payload; NULL: none does. */
static struct ping *find_ping(struct ws_pings *p, struct bytes payload)
{
    for (unsigned i = 0; p != NULL && i < p->count; i++) {
        if (bytes_equal((struct bytes){p->waiting[i].payload, p->waiting[i].n}, payload)) {
            return &p->waiting[i];
        }
    }
    return NULL;
}

static void ping_seen(struct stream *s, enum dir dir, const struct message *m)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    struct ws_pings *early = ws->dir[dir_other(dir)].early_pongs;
    const struct ping *answer = find_ping(early, m->body);
    if (!make_room(&d->pings, stream_ts(s))) {
        return;
    }
    d->missed_pings = false;
    check_flood(s, dir, d->pings, stream_ts(s));
    if (answer == NULL) {
        add_ping(s, d->pings, m->body);
    } else { /* as are the Pings before it */
        d->pings->count = 0;
        forget_pings(early, (unsigned)(answer - early->waiting) + 1);
    }
}

static enum finding_id unsolicited(const struct ws *ws)
{
    return ws->version->pongs_freely ? FINDING_PONG_UNSOLICITED : FINDING_VERSION_PONG;
}

/* Whatever the Pongs of this direction could have answered was read. */
static void judge_early_pongs(struct stream *s, enum dir dir)
{
    struct ws *ws = stream_state(s);
    struct ws_pings *early = ws->dir[dir].early_pongs;
    for (unsigned i = 0; early != NULL && i < early->count; i++) {
        stream_finding_at(s, dir, early->waiting[i].ts, early->waiting[i].pkt, unsolicited(ws),
                          NULL);
    }
    free(early);
    ws->dir[dir].early_pongs = NULL;
}

/* Pairs a Pong with the Ping of the other side that has its payload. The Pings before that
 * one count as answered too (section 5.5.3). Equal payloads: the oldest of them, as they are
 * answered in order. */
static void pong_seen(struct stream *s, enum dir dir, struct message *m)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    struct ws_pings *p = ws->dir[dir_other(dir)].pings;
    struct ping *ping = find_ping(p, m->body);
    if (ping != NULL) {
        m->rtt = stream_ts(s) >= ping->ts ? stream_ts(s) - ping->ts : 0;
        forget_pings(p, (unsigned)(ping - p->waiting) + 1);
        return;
    }
    if (ws->dir[dir_other(dir)].missed_pings) {
        return;
    }
    if (stream_waits(s, dir_other(dir))) { /* its Ping may be among what is waited for */
        if (make_room(&d->early_pongs, stream_ts(s))) {
            add_ping(s, d->early_pongs, m->body);
        }
        return;
    }
    judge_early_pongs(s, dir);
    stream_finding(s, dir, p != NULL && p->count > 0 ? FINDING_PONG_DIFFERS : unsolicited(ws),
                   NULL);
}

/* ---- Close ---- */

static enum finding_id judge_code(enum dir dir, int code, struct bytes reason)
{
    if (code == 1004) {
        return FINDING_CLOSE_CODE_RESERVED;
    }
    if (code == 1005 || code == 1006 || code == 1015) {
        return FINDING_CLOSE_CODE_FORBIDDEN;
    }
    if (code >= 1016 && code < 3000) {
        return FINDING_CLOSE_CODE_UNASSIGNED;
    }
    if (code == 1010 && (dir == DIR_SERVER_TO_CLIENT || reason.n == 0)) {
        return FINDING_CLOSE_MANDATORY_EXTENSION;
    }
    if (code == 1011 && dir == DIR_CLIENT_TO_SERVER) {
        return FINDING_CLOSE_INTERNAL_ERROR_CLIENT;
    }
    return FINDING_COUNT;
}

/* By the table of a version that had its own. */
static enum finding_id judge_draft_code(const struct websocket_version *v, int code)
{
    if (code == 1005 || code == 1006) {
        return v->number >= 8 ? FINDING_CLOSE_CODE_FORBIDDEN : FINDING_VERSION_CLOSE_CODE;
    }
    return strcmp(version_close_code_name(v, code), "Unassigned") == 0 ? FINDING_VERSION_CLOSE_CODE
                                                                       : FINDING_COUNT;
}

static void check_close_code(struct stream *s, enum dir dir, int code, struct bytes reason)
{
    const struct ws *ws = stream_state(s);
    enum finding_id id;
    if (code < 1000) {
        id = FINDING_CLOSE_CODE_UNUSED;
    } else if (code >= 5000) {
        id = FINDING_CLOSE_CODE_RANGE;
    } else if (ws->version->codes != NULL && code < 3000) {
        id = judge_draft_code(ws->version, code);
    } else {
        id = judge_code(dir, code, reason);
    }
    if (id != FINDING_COUNT) {
        stream_finding(s, dir, id, "code %d", code);
    }
}

/* A payload that begins with a code. */
static void read_close_code(struct stream *s, enum dir dir, struct message *m)
{
    if (m->body.n == 1) {
        stream_finding(s, dir, FINDING_CLOSE_LENGTH, NULL);
    } else if (m->body.n >= 2) {
        m->close_code = m->body.p[0] << 8 | m->body.p[1];
        struct bytes reason = bytes_from(m->body, 2);
        struct utf8 utf8 = {0};
        bool whole = !(m->flags & MESSAGE_BODY_IS_CUT);
        check_close_code(s, dir, m->close_code, reason);
        if (!utf8_push(&utf8, reason) || (whole && !utf8_complete(&utf8))) {
            stream_finding(s, dir, FINDING_CLOSE_REASON_UTF8, NULL);
        }
    }
}

/* hybi-05: one byte says who began to close; an answer may repeat it. */
static void check_marker(struct stream *s, enum dir dir, const struct message *m, bool answers)
{
    char own = dir == DIR_CLIENT_TO_SERVER ? 'C' : 'S';
    char others = own == 'C' ? 'S' : 'C';
    char marker = m->body.n > 0 ? (char)m->body.p[0] : 0;
    if (marker != own && !(answers && marker == others)) {
        stream_finding(s, dir, FINDING_VERSION_CLOSE_MARKER, NULL);
    }
}

/* FNV-1a. */
static uint32_t body_hash(struct bytes body)
{
    uint32_t hash = 2166136261U;
    for (size_t i = 0; i < body.n; i++) {
        hash = (hash ^ body.p[i]) * 16777619U;
    }
    return hash;
}

static void check_close_payload(struct stream *s, enum dir dir, struct message *m, bool answers)
{
    const struct ws *ws = stream_state(s);
    switch (ws->version->close) {
    case VERSION_CLOSE_CODE:
        read_close_code(s, dir, m);
        break;
    case VERSION_CLOSE_MARKER:
        check_marker(s, dir, m, answers);
        break;
    case VERSION_CLOSE_ECHOED:
        if (answers && body_hash(m->body) != ws->dir[dir_other(dir)].close_body) {
            stream_finding(s, dir, FINDING_VERSION_CLOSE_BODY, NULL);
        }
        break;
    case VERSION_CLOSE_FREE:
    case VERSION_CLOSE_NONE:
        break;
    }
}

static void close_seen(struct stream *s, enum dir dir, struct message *m)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    const struct ws_direction *other = &ws->dir[dir_other(dir)];
    int64_t now = stream_ts(s) != 0 ? stream_ts(s) : 1;
    bool answers = other->close_ts != 0 && other->close_ts < now;
    check_close_payload(s, dir, m, answers);
    if (d->close_ts != 0) {
        return; /* a second one: control_after_close has said so */
    }
    d->close_ts = now;
    d->close_code = m->close_code;
    if (answers && other->pings != NULL && other->pings->count > 0) {
        /* The other side's Pings came before its Close, to which this is the answer (F16). */
        stream_finding(s, dir_other(dir), FINDING_PING_UNANSWERED, "%u waited for a Pong",
                       other->pings->count);
    }
    if (answers && other->close_code != CLOSE_CODE_NONE && d->close_code != other->close_code) {
        stream_finding(s, dir, FINDING_CLOSE_CODE_DIFFERS, "%d answered by %d", other->close_code,
                       d->close_code == CLOSE_CODE_NONE ? 1005 : d->close_code);
    }
    d->close_body = body_hash(m->body);
}

void control_after_close(struct stream *s, enum dir dir, uint8_t opcode)
{
    struct ws *ws = stream_state(s);
    struct ws_direction *d = &ws->dir[dir];
    if (opcode == OPCODE_CLOSE) {
        stream_finding(s, dir, FINDING_CLOSE_TWICE, NULL);
    } else if (opcode_is_control(opcode)) {
        stream_finding(s, dir, FINDING_CLOSE_CONTROL_AFTER, "opcode %u", opcode);
    } else if (!d->after_close) {
        d->after_close = true;
        stream_finding(s, dir, FINDING_CLOSE_DATA_AFTER, "opcode %u", opcode);
    }
}

void control_missed(struct stream *s, enum dir dir)
{
    struct ws *ws = stream_state(s);
    struct ws_pings *waiting = ws->dir[dir_other(dir)].pings;
    ws->dir[dir].missed_pings = true;
    if (waiting != NULL) {
        waiting->count = 0; /* their Pongs may have been missed */
    }
    if (ws->dir[dir_other(dir)].early_pongs != NULL) {
        ws->dir[dir_other(dir)].early_pongs->count = 0; /* and these ones' Pings */
    }
}

static void control_frame(struct stream *s, enum dir dir, struct message *m)
{
    switch (m->opcode) {
    case OPCODE_PING:
        ping_seen(s, dir, m);
        break;
    case OPCODE_PONG:
        pong_seen(s, dir, m);
        break;
    case OPCODE_CLOSE:
        close_seen(s, dir, m);
        break;
    default:
        break;
    }
    struct event e = {.type = EVENT_MESSAGE, .dir = dir};
    e.message = *m;
    stream_emit(s, &e);
}

static struct message control_message(struct stream *s, const struct frame *f)
{
    const struct ws *ws = stream_state(s);
    bool raw = ws->setup.other_extensions && opcode_is_reserved(f->opcode);
    return (struct message){.opcode = f->opcode,
                            .flags = raw ? MESSAGE_RAW : 0,
                            .wire_opcode = f->opcode == f->wire_opcode ? 0 : f->wire_opcode,
                            .frames = 1,
                            .masked = f->masked,
                            .wire_len = f->len,
                            .overhead = f->header_len,
                            .len = f->len,
                            .first_ts = stream_ts(s),
                            .first_pkt = stream_pkt(s),
                            .rtt = -1,
                            .close_code = CLOSE_CODE_NONE};
}

void control_whole(struct stream *s, enum dir dir, const struct frame *f, struct bytes payload)
{
    struct message m = control_message(s, f);
    m.flags |= MESSAGE_FINISHED;
    m.flags |= payload.n < f->len ? MESSAGE_BODY_IS_CUT : 0;
    m.body = payload;
    control_frame(s, dir, &m);
}

void control_passed_over(struct stream *s, enum dir dir, const struct frame *f)
{
    struct event e = {.type = EVENT_MESSAGE, .dir = dir};
    e.message = control_message(s, f);
    stream_emit(s, &e);
}

/* ---- The end ---- */

/* F16: Pings that the other side should have answered before the end, unless it had closed. */
static void check_unanswered(struct stream *s, enum dir dir, const struct session_end *end)
{
    struct ws *ws = stream_state(s);
    const struct ws_pings *p = ws->dir[dir].pings;
    if (p == NULL || p->count == 0 || ws->dir[dir_other(dir)].close_ts != 0 ||
        ws->dir[dir].close_ts != 0) {
        return;
    }
    if (end->last_ts - p->waiting[0].ts >= PING_WAIT_NS) {
        stream_finding(s, dir, FINDING_PING_UNANSWERED, "%u waited for a Pong", p->count);
    }
}

static void check_closing(struct stream *s, const struct session_end *end)
{
    struct ws *ws = stream_state(s);
    bool closed[2] = {ws->dir[0].close_ts != 0, ws->dir[1].close_ts != 0};
    bool gone = end->how == END_FIN || end->how == END_RESET;
    if (!gone || !ws->version->closes || ws->dir[0].searching || ws->dir[1].searching) {
        return;
    }
    if (closed[0] && closed[1]) {
        if (end->how == END_FIN && end->first_fin == DIR_CLIENT_TO_SERVER &&
            ws->version->judges_mask) {
            stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_CLOSE_CLIENT_FIRST, NULL);
        }
    } else if (closed[0] || closed[1]) {
        stream_finding(s, closed[0] ? DIR_SERVER_TO_CLIENT : DIR_CLIENT_TO_SERVER,
                       FINDING_CLOSE_UNANSWERED, NULL);
    } else {
        stream_finding(s, end->first_fin == 1 ? DIR_SERVER_TO_CLIENT : DIR_CLIENT_TO_SERVER,
                       FINDING_CLOSE_ABNORMAL,
                       end->how == END_RESET ? "reset" : "FIN without Close");
    }
}

void control_ended(struct stream *s)
{
    const struct session_end *end = stream_ending(s);
    judge_early_pongs(s, DIR_CLIENT_TO_SERVER);
    judge_early_pongs(s, DIR_SERVER_TO_CLIENT);
    if (end != NULL) {
        check_unanswered(s, DIR_CLIENT_TO_SERVER, end);
        check_unanswered(s, DIR_SERVER_TO_CLIENT, end);
        check_closing(s, end);
    }
}

void control_direction_close(struct ws_direction *d)
{
    free(d->pings);
    d->pings = NULL;
}
