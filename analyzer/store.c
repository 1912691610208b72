/* What the screen keeps of sessions and messages. */
#include "store_inside.h"

#include "decoders/subprotocols/subprotocol.h"
#include "limits.h"

#include <stdlib.h>

#define RATE_TAU_SECONDS 2.0
#define PARTNER_SEARCH_MAX 100000U

/*--- Talkers ------------------------------------------------------------------------------------*/

static uint32_t talker_of(struct store *s, const struct endpoint *e, uint8_t family, bool server)
{
    uint64_t hash = server ? 0x9e3779b97f4a7c15U : 0;
    for (size_t i = 0; i < 16; i++) {
        hash = (hash ^ e->ip[i]) * 0x100000001b3U;
    }
    size_t mask = STORE_TALKERS_MAX * 2 - 1, i = (size_t)(hash ^ hash >> 29) & mask;
    for (; s->talker_slots[i] != 0; i = (i + 1) & mask) {
        const struct store_talker *t = &s->talkers[s->talker_slots[i] - 1];
        if (t->server == server && t->family == family && memcmp(t->ip, e->ip, 16) == 0) {
            return s->talker_slots[i] - 1;
        }
    }
    if (s->n_talkers == STORE_TALKERS_MAX) {
        return UINT32_MAX;
    }
    struct store_talker *t = &s->talkers[s->n_talkers];
    *t = (struct store_talker){.family = family, .server = server};
    memcpy(t->ip, e->ip, 16);
    s->talker_slots[i] = (uint32_t)++s->n_talkers;
    return (uint32_t)s->n_talkers - 1;
}

static void add_talkers(struct store *s, struct store_session *row)
{
    const struct connection *c = &row->session->connection;
    for (int side = 0; side < 2; side++) {
        row->talker[side] = talker_of(s, side ? &c->server : &c->client, c->family, side);
        if (row->talker[side] != UINT32_MAX) {
            s->talkers[row->talker[side]].sessions++;
        }
    }
}

/*--- Rates --------------------------------------------------------------------------------------*/

static double decayed(const struct store_session *row, int64_t now)
{
    double x = (double)store_since(row->rate_ts, now) / 1e9 / RATE_TAU_SECONDS;
    return (double)row->rate / (1 + x + x * x / 2 + x * x * x / 6); /* as exp(-x), nearly */
}

double store_rate(const struct store_session *row, int64_t now)
{
    const struct session *s = row->session;
    if (!s->ended) {
        return decayed(row, now);
    }
    double seconds = (double)store_since(s->started, s->last_ts) / 1e9;
    double bytes = (double)s->dir[0].payload_bytes + (double)s->dir[1].payload_bytes;
    return seconds > 0 ? bytes / seconds : 0;
}

/*--- Subprotocols -------------------------------------------------------------------------------*/

static void know_subprotocol(struct store_session *row, const struct subprotocol *p)
{
    row->subprotocol = p;
    if (p != NULL && p->unit != NULL && row->track == NULL) {
        row->track = calloc(1, sizeof *row->track);
    }
}

/* A data message: the first one may tell what is spoken, and each where its units are. */
static void see_subprotocol(struct store_session *row, const struct event *e,
                            struct store_message *m)
{
    bool first = row->n == 1;
    if (row->subprotocol == NULL && first && e->message.opcode == 1) {
        know_subprotocol(row, subprotocol_of_message(e->message.body));
    }
    if (row->track != NULL) {
        m->unit_before =
            subprotocol_track_message(row->track, row->subprotocol, e->dir, &e->message);
    }
}

/*--- Being told ---------------------------------------------------------------------------------*/

static void see_findings(struct store *s, struct store_session *row)
{
    for (uint32_t i = 0; i < row->session->finding_count; i++) {
        const struct finding_record *f = &row->session->findings[i];
        int severity = (int)finding_kind(f->id)->severity;
        row->worst = severity > row->worst ? severity : row->worst;
        s->finding_sessions[f->id] += !session_finding_again(row->session, i);
    }
}

static void add_session(struct store *s, const struct session *session)
{
    struct store_session *row = store_find(s, session) == NULL ? store_add(s, session) : NULL;
    if (row == NULL) {
        return;
    }
    add_talkers(s, row);
    see_findings(s, row);
    if (session->has_handshake) {
        know_subprotocol(row, subprotocol_of_handshake(&session->handshake));
    }
    s->clock = session->last_ts > s->clock ? session->last_ts : s->clock;
}

static void opened(void *self, struct session *session)
{
    add_session(self, session);
}

static void framed(void *self, const struct session *session, const struct event *e)
{
    struct store *s = self;
    struct store_session *row = store_find(s, session);
    struct queued_frame f = queued_frame_of(e);
    if (e->frame.opcode & 8) {
        s->control = f;
        s->has_control = true;
    } else if (row != NULL) {
        frame_queue_push(&row->queue[e->dir], &f);
    }
}

/* A piece of a compressed message: its first ones are kept until it is complete. */
static void deflated(void *self, const struct session *session, const struct event *e)
{
    struct store *s = self;
    struct store_session *row = store_find(s, session);
    struct buffer *b = row != NULL ? row->deflated[e->dir] : NULL;
    if (row != NULL && b == NULL && (b = malloc(sizeof *b)) != NULL) {
        buffer_init(b, STORE_DEFLATED_MAX_BYTES);
        row->deflated[e->dir] = b;
    }
    if (b != NULL) {
        (void)buffer_append(b, bytes_part(e->deflated, 0, b->max - b->n));
    }
}

static size_t deflated_bytes(const struct store_message *m)
{
    return m->wire_len < STORE_DEFLATED_MAX_BYTES ? (size_t)m->wire_len : STORE_DEFLATED_MAX_BYTES;
}

static void take_first_frame(struct store_message *m, const struct queued_frame *f)
{
    m->first = f->first;
    m->header_len = f->header_len;
    m->bits |= STORE_HAS_FRAME | (f->masked ? STORE_MASKED : 0);
    memcpy(m->key, f->key, 4);
}

/* Appends what belongs to the message: its frames when there are several, its body, and what it was
 * before inflation. */
static bool keep(struct store *s, const struct frame_queue *q, const struct buffer *before,
                 struct store_message *m, struct bytes body)
{
    struct bytes parts[3] = {{NULL, 0}, body, {NULL, 0}};
    if (q != NULL && m->frames > 1 && q->n >= m->frames && m->frames <= FRAME_QUEUE_MAX) {
        parts[0] = (struct bytes){(const uint8_t *)q->frames, m->frames * sizeof *q->frames};
        m->bits |= STORE_HAS_FRAMES;
    }
    if (q != NULL && before != NULL && before->n > 0 && before->n == deflated_bytes(m)) {
        parts[2] = buffer_bytes(before);
        m->bits |= STORE_HAS_DEFLATED;
    }
    for (size_t i = 0; i < 3; i++) {
        uint64_t at;
        if (!body_log_append(s->bodies, parts[i], &at)) {
            return false;
        }
        m->body_at = i == 0 ? at : m->body_at;
    }
    return true;
}

static struct store_message record_of(const struct event *e)
{
    const struct message *m = &e->message;
    uint64_t before = e->pkt > m->first_pkt ? e->pkt - m->first_pkt : 0;
    return (struct store_message){
        .ts = e->ts,
        .pkt = e->pkt,
        .wire_len = m->wire_len,
        .len = m->len,
        .rtt = m->rtt,
        .body_n = m->body.n < UINT32_MAX ? (uint32_t)m->body.n : UINT32_MAX,
        .frames = m->frames,
        .packets_before = before < UINT32_MAX ? (uint32_t)before : UINT32_MAX,
        .first = m->opcode,
        .flags = m->flags,
        .bits = e->dir == DIR_SERVER_TO_CLIENT ? STORE_TO_CLIENT : 0};
}

static void take_frames(struct store *s, struct store_session *row, const struct event *e,
                        struct store_message *m)
{
    struct bytes body = bytes_part(e->message.body, 0, m->body_n);
    struct frame_queue *q = &row->queue[e->dir];
    if (e->message.opcode & 8) {
        if (s->has_control) {
            take_first_frame(m, &s->control);
        }
        s->has_control = false;
        q = NULL;
    } else if (q != NULL && q->n > 0) {
        take_first_frame(m, &q->frames[0]);
    }
    if (!keep(s, q, row->deflated[e->dir], m, body)) {
        m->body_n = 0;
        m->bits = (uint8_t)((m->bits | STORE_NO_BODY) & ~(STORE_HAS_FRAMES | STORE_HAS_DEFLATED));
    }
    if (q != NULL) {
        frame_queue_drop(q, m->frames);
        store_free_deflated(row, e->dir);
    }
}

static struct store_message *add_message(struct store_session *row)
{
    if (row->n == row->size) {
        uint32_t size = row->size == 0 ? 4 : row->size + row->size / 2 + 2;
        struct store_message *more =
            size > row->size ? realloc(row->messages, size * sizeof *more) : NULL;
        if (more == NULL) {
            return NULL;
        }
        row->messages = more;
        row->size = size;
    }
    return &row->messages[row->n++];
}

static void count_talk(struct store *s, const struct store_session *row, uint64_t bytes)
{
    for (int side = 0; side < 2; side++) {
        if (row->talker[side] != UINT32_MAX) {
            s->talkers[row->talker[side]].messages++;
            s->talkers[row->talker[side]].bytes += bytes;
        }
    }
}

static void count_message(struct store_totals *t, const struct store_message *m)
{
    enum dir d = store_dir(m);
    t->opcodes[d][store_opcode(m)]++;
    t->frames[d] += m->frames;
    t->wire_bytes[d] += m->wire_len;
    t->message_bytes[d] += m->len;
    t->fragmented[d] += (m->flags & MESSAGE_FRAGMENTED) != 0;
    t->damaged[d] += (m->flags & MESSAGE_DAMAGED) != 0;
    if ((m->flags & (MESSAGE_COMPRESSED | MESSAGE_NOT_INFLATED)) == MESSAGE_COMPRESSED) {
        t->compressed_wire[d] += m->wire_len;
        t->compressed_bytes[d] += m->len;
    }
}

static void messaged(void *self, const struct session *session, const struct event *e)
{
    struct store *s = self;
    struct store_session *row = store_find(s, session);
    if (row == NULL) {
        return;
    }
    struct store_message *m = add_message(row);
    if (m == NULL) {
        return;
    }
    *m = record_of(e);
    take_frames(s, row, e, m);
    if (e->message.opcode < 8) {
        see_subprotocol(row, e, m);
    }
    s->messages++;
    s->clock = e->ts > s->clock ? e->ts : s->clock;
    row->rate = (float)(decayed(row, e->ts) + (double)m->wire_len / RATE_TAU_SECONDS);
    row->rate_ts = e->ts;
    store_spark_add(&row->spark, e->ts, m->wire_len + 1, s->options.live);
    store_series_add(&s->series, e);
    count_message(&s->totals, m);
    count_talk(s, row, m->wire_len);
}

static void found(void *self, const struct session *session, const struct finding_record *f)
{
    struct store *s = self;
    struct store_session *row = session != NULL ? store_find(s, session) : NULL;
    if (row == NULL) {
        return; /* when the session becomes known its findings are looked at */
    }
    int severity = (int)finding_kind(f->id)->severity;
    row->worst = severity > row->worst ? severity : row->worst;
    uint64_t before = 0;
    for (uint32_t i = 0; i < session->finding_count; i++) {
        before += session->findings[i].id == f->id ? session->findings[i].count : 0;
    }
    s->finding_sessions[f->id] += before <= 1;
}

static void ended(void *self, struct session *session)
{
    struct store *s = self;
    if (session->outcome != OUTCOME_TLS) {
        add_session(s, session);
    }
    struct store_session *row = store_find(s, session);
    if (row != NULL) {
        store_free_queues(row);
    }
    s->clock = session->last_ts > s->clock ? session->last_ts : s->clock;
}

/*--- Life ---------------------------------------------------------------------------------------*/

struct store *store_new(const struct store_options *options)
{
    struct store *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return NULL;
    }
    s->options = *options;
    s->talkers = malloc(STORE_TALKERS_MAX * sizeof *s->talkers);
    s->talker_slots = calloc(STORE_TALKERS_MAX * 2, sizeof *s->talker_slots);
    s->bodies = body_log_new(options->budget_bytes, options->file_bytes);
    if (s->talkers == NULL || s->talker_slots == NULL || s->bodies == NULL) {
        store_free(s);
        return NULL;
    }
    if (options->live) {
        body_log_open(s->bodies);
    }
    return s;
}

void store_free(struct store *s)
{
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; i < s->n; i++) {
        store_free_row(s->sessions[i]);
    }
    body_log_free(s->bodies);
    free(s->sessions);
    free(s->slots);
    free(s->talkers);
    free(s->talker_slots);
    free(s);
}

struct model_listener store_listener(struct store *s)
{
    return (struct model_listener){.session_opened = opened,
                                   .message = messaged,
                                   .frame = framed,
                                   .deflated = deflated,
                                   .finding = found,
                                   .session_ended = ended,
                                   .self = s};
}

struct decode_options store_decode_options(void)
{
    return (struct decode_options){
        .frames = true, .deflated = true, .heads = true, .body_max = UINT32_MAX};
}

/*--- Looking ------------------------------------------------------------------------------------*/

uint64_t store_messages(const struct store *s)
{
    return s->messages;
}

int64_t store_clock(const struct store *s)
{
    return s->clock;
}

struct event store_event(const struct store_session *s, const struct store_message *m)
{
    struct event e = {.type = EVENT_MESSAGE,
                      .dir = store_dir(m),
                      .session = s->session->id,
                      .ts = m->ts,
                      .pkt = m->pkt};
    e.message = (struct message){.opcode = (uint8_t)store_opcode(m),
                                 .flags = m->flags,
                                 .frames = m->frames,
                                 .masked = m->bits & STORE_MASKED ? m->frames : 0,
                                 .wire_len = m->wire_len,
                                 .len = m->len,
                                 .first_ts = m->ts,
                                 .first_pkt = m->pkt - m->packets_before,
                                 .rtt = m->rtt,
                                 .close_code = CLOSE_CODE_NONE};
    return e;
}

void store_event_body(struct event *e, struct bytes body)
{
    e->message.body = body;
    if (e->message.opcode == 8 && body.n >= 2) {
        e->message.close_code = be16_at(body, 0);
    }
}

static uint64_t frames_bytes(const struct store_message *m)
{
    return m->bits & STORE_HAS_FRAMES ? (uint64_t)m->frames * sizeof(struct queued_frame) : 0;
}

bool store_body(const struct store *s, const struct store_message *m, size_t most,
                struct buffer *into)
{
    buffer_clear(into);
    size_t n = m->body_n < most ? m->body_n : most;
    uint8_t *room = buffer_reserve(into, n);
    if (m->bits & STORE_NO_BODY || (n > 0 && room == NULL)) {
        return false;
    }
    if (n > 0 && !body_log_read(s->bodies, m->body_at + frames_bytes(m), room, n)) {
        return false;
    }
    into->n += n;
    return true;
}

bool store_deflated(const struct store *s, const struct store_message *m, struct buffer *into)
{
    size_t n = deflated_bytes(m);
    uint64_t at = m->body_at + frames_bytes(m) + m->body_n;
    buffer_clear(into);
    uint8_t *room = m->bits & STORE_HAS_DEFLATED ? buffer_reserve(into, n) : NULL;
    if (room == NULL || !body_log_read(s->bodies, at, room, n)) {
        return false;
    }
    into->n += n;
    return true;
}

bool store_frame(const struct store *s, const struct store_message *m, uint32_t i,
                 struct queued_frame *f)
{
    if (i < m->frames && m->bits & STORE_HAS_FRAMES) {
        return body_log_read(s->bodies, m->body_at + (uint64_t)i * sizeof *f, f, sizeof *f);
    }
    if (i != 0 || !(m->bits & STORE_HAS_FRAME)) {
        return false;
    }
    *f = (struct queued_frame){.ts = m->ts,
                               .pkt = m->pkt - m->packets_before,
                               .len = m->wire_len,
                               .first = m->first,
                               .header_len = m->header_len,
                               .masked = m->bits & STORE_MASKED};
    memcpy(f->key, m->key, 4);
    return m->frames == 1;
}

static int64_t ping_of(const struct store_session *row, uint32_t pong)
{
    const struct store_message *m = &row->messages[pong];
    uint32_t searched = 0;
    for (uint32_t i = pong; m->rtt >= 0 && i-- > 0 && searched++ < PARTNER_SEARCH_MAX;) {
        const struct store_message *p = &row->messages[i];
        if (store_opcode(p) == 9 && store_dir(p) != store_dir(m) && p->ts == m->ts - m->rtt) {
            return i;
        }
    }
    return -1;
}

int64_t store_partner(const struct store_session *row, uint32_t index)
{
    const struct store_message *m = &row->messages[index];
    if (store_opcode(m) == 10) {
        return ping_of(row, index);
    }
    if (store_opcode(m) != 9) {
        return -1;
    }
    uint32_t searched = 0;
    for (uint32_t i = index + 1; i < row->n && searched++ < PARTNER_SEARCH_MAX; i++) {
        const struct store_message *p = &row->messages[i];
        if (store_opcode(p) == 10 && store_dir(p) != store_dir(m) && p->rtt >= 0 &&
            p->ts - p->rtt == m->ts) {
            return i;
        }
    }
    return -1;
}

const struct store_totals *store_totals(const struct store *s)
{
    return &s->totals;
}

const struct store_series *store_series(const struct store *s)
{
    return &s->series;
}

const struct store_talker *store_talkers(const struct store *s, size_t *n)
{
    *n = s->n_talkers;
    return s->talkers;
}

uint64_t store_finding_sessions(const struct store *s, enum finding_id id)
{
    return s->finding_sessions[id];
}

struct body_log_stats store_bodies(const struct store *s)
{
    return body_log_stats(s->bodies);
}
