/*
 * The model: takes events and keeps sessions, counters and findings. Totals are added up when a
 * session ends, not with every message; only what a sum over sessions cannot give (sizes, round
 * trips) is counted on the way.
 */
#include "model.h"

#include "decoders/base/pool.h"
#include "decoders/websocket/version.h"
#include "findings.h"
#include "limits.h"
#include "share.h"
#include "texts.h"

#include <assert.h>
#include <stdlib.h>

#define LISTENERS_MAX 4
#define FIRST_SLOTS 1024
#define SLOT_AHEAD 24 /* events; read ahead in two steps, slot and session */
#define SESSION_AHEAD 12

struct model {
    struct model_options options;
    struct model_listener listeners[LISTENERS_MAX];
    size_t n_listeners;
    struct session **slots; /* open addressing by id */
    size_t mask, count;
    struct slab_heap heap;
    struct pool pool;     /* of sessions */
    struct session *last; /* the session of the newest event */
    struct totals totals;
    uint64_t ended;                  /* sessions, ever */
    struct finding_record *findings; /* of the capture */
    uint32_t n_findings;
    struct text_block *texts;
};

#define TELL(m, call, ...)                                                                         \
    for (size_t tell_i = 0; tell_i < (m)->n_listeners; tell_i++) {                                 \
        const struct model_listener *l = &(m)->listeners[tell_i];                                  \
        if (l->call != NULL) {                                                                     \
            l->call(l->self, __VA_ARGS__);                                                         \
        }                                                                                          \
    }

/* ---- Sessions by id ---- */

static size_t slot_of(const struct model *m, uint64_t id)
{
    size_t i = id & m->mask;
    while (m->slots[i] != NULL && m->slots[i]->id != id) {
        i = (i + 1) & m->mask;
    }
    return i;
}

static struct session *find_session(struct model *m, uint64_t id)
{
    if (m->last != NULL && m->last->id == id) {
        return m->last;
    }
    m->last = m->slots[slot_of(m, id)];
    return m->last;
}

static bool grow_slots(struct model *m)
{
    size_t n = (m->mask + 1) * 2;
    struct session **old = m->slots;
    struct session **slots = calloc(n, sizeof(struct session *));
    if (slots == NULL) {
        return false;
    }
    size_t old_n = m->mask + 1;
    m->slots = slots;
    m->mask = n - 1;
    for (size_t i = 0; i < old_n; i++) {
        if (old[i] != NULL) {
            slots[slot_of(m, old[i]->id)] = old[i];
        }
    }
    free(old);
    return true;
}

static struct session_choice *choice_new(struct session *s)
{
    struct session_choice *c = calloc(1, sizeof *c);
    if (c != NULL) {
        c->session = s;
        c->share = share_new();
    }
    return c;
}

static void choice_free(struct session_choice *c)
{
    if (c != NULL) {
        if (c->own != NULL) {
            c->free_own(c->own);
        }
        share_free(c->share);
        free(c);
    }
}

/* What the session may add to the totals when it is over. */
static struct share *share_of(const struct session *s)
{
    return s->choice != NULL ? s->choice->share : NULL;
}

static struct session *add_session(struct model *m, uint64_t id)
{
    if (m->count * 2 > m->mask && !grow_slots(m) && m->count + 1 >= m->mask) {
        return NULL;
    }
    struct session *s = pool_alloc(&m->pool);
    if (s != NULL) {
        s->id = id;
        s->choice = m->options.selective ? choice_new(s) : NULL;
        s->close[0].code = s->close[1].code = CLOSE_CODE_NONE;
        s->end.first_fin = -1;
        m->slots[slot_of(m, id)] = s;
        m->count++;
        m->last = s;
    }
    return s;
}

static void free_session(struct model *m, struct session *s)
{
    while (s->channels != NULL) {
        struct channel_record *next = s->channels->next;
        free(s->channels);
        s->channels = next;
    }
    free(s->findings);
    choice_free(s->choice);
    free_texts(s->finding_texts);
    free_texts(s->texts);
    pool_free(&m->pool, s);
}

static void remove_session(struct model *m, struct session *s)
{
    size_t i = slot_of(m, s->id);
    for (size_t j = (i + 1) & m->mask; m->slots[j] != NULL; j = (j + 1) & m->mask) {
        size_t home = m->slots[j]->id & m->mask;
        if (((j - home) & m->mask) >= ((j - i) & m->mask)) {
            m->slots[i] = m->slots[j];
            i = j;
        }
    }
    m->slots[i] = NULL;
    m->count--;
    m->last = NULL;
    free_session(m, s);
}

/* ---- Findings ---- */

static void take_finding(struct model *m, struct session *s, const struct event *e)
{
    if (s != NULL && m->options.selective) {
        share_finding(share_of(s), e->finding.id);
    } else {
        totals_add_findings(&m->totals, e->finding.id, 1);
    }
    const struct finding_record now = {.id = e->finding.id,
                                       .dir = e->dir,
                                       .ts = e->ts,
                                       .pkt = e->pkt,
                                       .count = 1,
                                       .detail = e->finding.detail};
    if (s == NULL) {
        (void)findings_add(&m->findings, &m->n_findings, FINDINGS_OF_CAPTURE, &m->texts, &now);
    } else if (!findings_add(&s->findings, &s->finding_count, FINDINGS_PER_SESSION,
                             &s->finding_texts, &now)) {
        s->findings_left_out++;
    }
    TELL(m, finding, s, &now);
}

/* ---- Counting ---- */

static void add_rtt(struct rtt_counts *r, int64_t ns)
{
    r->min = r->count == 0 || ns < r->min ? ns : r->min;
    r->max = ns > r->max ? ns : r->max;
    r->sum += ns;
    r->count++;
}

static void count_size(struct model *m, struct session *s, enum dir dir, uint64_t length)
{
    if (m->options.selective) {
        share_value(share_of(s), (enum share_histogram)dir, length);
    } else {
        histogram_add(&m->totals.message_sizes[dir], length);
    }
}

static void count_rtt(struct model *m, struct session *s, int64_t ns)
{
    if (m->options.selective) {
        share_value(share_of(s), SHARE_RTT, (uint64_t)ns);
    } else {
        histogram_add(&m->totals.rtt_ns, (uint64_t)ns);
    }
}

static void count_close(struct model *m, struct session *s, enum dir dir, int code)
{
    if (m->options.selective) {
        share_close(share_of(s), dir, code);
    } else {
        totals_add_closes(&m->totals, dir, code, 1, s->handshake.protocol);
    }
}

static void count_special(struct direction_counts *d, const struct message *msg)
{
    d->fragmented += (msg->flags & MESSAGE_FRAGMENTED) != 0;
    if (!(msg->flags & MESSAGE_COMPRESSED)) {
        return;
    }
    d->compressed++;
    if (msg->flags & MESSAGE_NOT_INFLATED) {
        d->not_inflated++;
    } else {
        d->compressed_wire_bytes += msg->wire_len;
        d->compressed_message_bytes += msg->len;
    }
}

static void count_data_message(struct model *m, struct session *s, enum dir dir,
                               const struct message *msg)
{
    struct direction_counts *d = &s->dir[dir];
    if (!(msg->flags & MESSAGE_FINISHED)) {
        d->damaged += (msg->flags & MESSAGE_DAMAGED) != 0;
        d->unfinished += (msg->flags & MESSAGE_DAMAGED) == 0;
        return;
    }
    d->text += msg->opcode == 1;
    d->binary += msg->opcode == 2;
    d->message_bytes += msg->len;
    if (msg->flags & (MESSAGE_FRAGMENTED | MESSAGE_COMPRESSED)) {
        count_special(d, msg);
    }
    count_size(m, s, dir, msg->len);
}

static void take_close(struct session *s, const struct event *e)
{
    struct close_record *c = &s->close[e->dir];
    if (!c->seen) {
        *c = (struct close_record){
            .seen = true, .code = e->message.close_code, .ts = e->ts, .pkt = e->pkt};
        if (e->message.body.n > 2) {
            c->reason = keep_text(&s->texts, message_reason(&e->message));
        }
    }
}

static void take_control(struct model *m, struct session *s, const struct event *e)
{
    const struct message *msg = &e->message;
    struct direction_counts *d = &s->dir[e->dir];
    if (!(msg->flags & MESSAGE_FINISHED)) {
        return;
    }
    if (msg->opcode == 8) {
        count_close(m, s, e->dir, msg->close_code);
        take_close(s, e);
    } else if (msg->opcode == 9) {
        d->pings++;
    } else if (msg->opcode == 10) {
        d->pongs++;
        if (msg->rtt >= 0) {
            add_rtt(&s->rtt[dir_other(e->dir)], msg->rtt);
            count_rtt(m, s, msg->rtt);
        }
    }
}

static void take_message(struct model *m, struct session *s, const struct event *e)
{
    const struct message *msg = &e->message;
    struct direction_counts *d = &s->dir[e->dir];
    d->frames += msg->frames;
    d->masked += msg->masked;
    d->payload_bytes += msg->wire_len;
    d->overhead_bytes += msg->overhead;
    if (msg->opcode == 0) {
        d->opcodes[0] += msg->frames; /* continuations without a beginning */
    } else {
        d->opcodes[msg->opcode & 15]++;
        d->opcodes[0] += msg->frames - 1; /* in the same line of the cache as the usual ones */
    }
    if (msg->flags & MESSAGE_RAW) {
        d->raw++;
    }
    if (msg->opcode & 8) {
        take_control(m, s, e);
    } else {
        count_data_message(m, s, e->dir, msg);
    }
    s->last_ts = e->ts > s->last_ts ? e->ts : s->last_ts;
    TELL(m, message, s, e);
}

static void take_run(struct model *m, struct session *s, const struct event *e)
{
    const struct message_run *run = &e->run;
    struct direction_counts *d = &s->dir[e->dir];
    for (unsigned i = 0; i < run->n; i++) {
        uint64_t length = run->lengths[i];
        d->payload_bytes += length;
        d->message_bytes += length;
        d->overhead_bytes += frame_header_length(length, run->masked);
        count_size(m, s, e->dir, length);
    }
    d->frames += run->n;
    d->masked += run->masked ? run->n : 0;
    d->opcodes[run->opcode & 15] += run->n;
    *(run->opcode == 1 ? &d->text : &d->binary) += run->n;
    s->last_ts = e->ts > s->last_ts ? e->ts : s->last_ts;
}

/* ---- A session's life ---- */

static void count_session(struct totals *t, const struct session *s)
{
    t->sessions += s->outcome != OUTCOME_TLS;
    t->tls_connections += s->outcome == OUTCOME_TLS;
}

static void take_begin(struct model *m, const struct event *e)
{
    struct session *s = add_session(m, e->session);
    if (s == NULL) {
        return;
    }
    static const enum outcome outcomes[] = {[SESSION_UPGRADE] = OUTCOME_INCOMPLETE,
                                            [SESSION_MIDSTREAM] = OUTCOME_MIDSTREAM,
                                            [SESSION_TLS] = OUTCOME_TLS};
    s->outcome = outcomes[e->begin.kind];
    s->confidence = e->begin.confidence;
    s->connection = *e->begin.connection;
    s->started = s->last_ts = e->ts;
    if (!m->options.selective) {
        count_session(&m->totals, s);
    }
    if (s->outcome == OUTCOME_TLS) {
        s->tls.why_not = TLS_WHY_HANDSHAKE; /* until a hello tells more */
        return;
    }
    m->totals.open_now++;
    if (m->totals.open_now > m->totals.open_peak) {
        m->totals.open_peak = m->totals.open_now;
    }
    if (s->outcome == OUTCOME_MIDSTREAM) {
        TELL(m, session_opened, s);
    }
}

/* Over HTTP/2 any 2xx does (RFC 8441 section 5). */
static bool handshake_accepted(const struct session *s, const struct handshake *h)
{
    return s->connection.layers & LAYER_HTTP2 ? h->status / 100 == 2 : h->status == 101;
}

static void take_handshake(struct model *m, struct session *s, const struct event *e)
{
    size_t n = 0;
#define ADD(name) n += e->handshake->name.n;
    HANDSHAKE_TEXTS(ADD)
#undef ADD
    (void)reserve_texts(&s->texts, n);
    s->handshake = *e->handshake;
#define KEEP(name) s->handshake.name = keep_text(&s->texts, e->handshake->name);
    HANDSHAKE_TEXTS(KEEP)
#undef KEEP
    s->has_handshake = true;
    if (s->outcome != OUTCOME_MIDSTREAM) {
        s->outcome = handshake_accepted(s, e->handshake) ? OUTCOME_OPEN
                     : e->handshake->answer_lost         ? OUTCOME_MIDSTREAM
                     : e->handshake->status == 0         ? OUTCOME_INCOMPLETE
                                                         : OUTCOME_REFUSED;
    }
    if (s->outcome == OUTCOME_OPEN && !m->options.selective) {
        totals_add_negotiated(&m->totals, &s->handshake);
    }
    TELL(m, session_opened, s);
}

static void take_tls(struct session *s, const struct event *e)
{
    s->tls = e->tls;
#define KEEP(name) s->tls.name = keep_text(&s->texts, e->tls.name);
    TLS_TEXTS(KEEP)
#undef KEEP
    s->has_tls = true;
}

static void take_channel(struct session *s, const struct event *e)
{
    struct channel_record **last = &s->channels;
    while (*last != NULL) {
        last = &(*last)->next;
    }
    *last = calloc(1, sizeof **last);
    if (*last != NULL) {
        (*last)->channel = e->channel;
        (*last)->channel.target = keep_text(&s->texts, e->channel.target);
    }
}

/* A session that never became one is told of once. */
static bool is_due(const struct session *s)
{
    return !s->reported || s->outcome == OUTCOME_OPEN || s->outcome == OUTCOME_MIDSTREAM;
}

/* What was not counted on the way because the session might not be selected. */
static void count_selected(struct totals *t, const struct session *s)
{
    count_session(t, s);
    share_count(s->choice->share, t, s->handshake.protocol);
    if (s->outcome == OUTCOME_OPEN && !s->reported) {
        totals_add_negotiated(t, &s->handshake);
    }
}

/* Tells of a session that is over, or of one as it is now, and adds it to the totals. */
static void tell_ended(struct model *m, struct session *s)
{
    TELL(m, session_ended, s);
    if (m->options.selective) {
        if (s->choice == NULL || !s->choice->selected) {
            m->totals.left_out += s->outcome != OUTCOME_TLS;
            return;
        }
        count_selected(&m->totals, s);
    }
    totals_add_session(&m->totals, s);
}

static void take_end(struct model *m, struct session *s, const struct event *e)
{
    s->end = *e->end;
    s->ended = true;
    s->last_ts = e->end->last_ts > s->last_ts ? e->end->last_ts : s->last_ts;
    m->totals.open_now -= s->outcome != OUTCOME_TLS;
    if (is_due(s)) {
        tell_ended(m, s);
    }
    bool counts = !m->options.selective || (s->choice != NULL && s->choice->selected);
    m->ended += counts && s->outcome != OUTCOME_TLS;
    if (!m->options.retain || s->outcome == OUTCOME_TLS) {
        remove_session(m, s);
    }
}

void model_drop(struct model *m, uint64_t id)
{
    struct session *s = find_session(m, id);
    if (s != NULL && s->ended) {
        remove_session(m, s);
    }
}

static void take_event(struct model *m, const struct event *e)
{
    if (e->type == EVENT_SESSION) {
        take_begin(m, e);
        return;
    }
    struct session *s = e->session != 0 ? find_session(m, e->session) : NULL;
    if (e->type == EVENT_FINDING) {
        take_finding(m, s, e);
        return;
    }
    if (s == NULL) {
        return; /* there was no memory for it */
    }
    switch (e->type) {
    case EVENT_HANDSHAKE:
        take_handshake(m, s, e);
        break;
    case EVENT_VERSION:
        s->handshake.protocol = e->version;
        if (e->version->number >= 0) {
            s->handshake.version = e->version->number;
        }
        break;
    case EVENT_MESSAGE:
        take_message(m, s, e);
        break;
    case EVENT_RUN:
        take_run(m, s, e);
        break;
    case EVENT_FRAME:
        TELL(m, frame, s, e);
        break;
    case EVENT_DEFLATED:
        TELL(m, deflated, s, e);
        break;
    case EVENT_DIGEST:
        s->digest[e->dir] =
            keep_text(&s->texts, (struct bytes){e->digest, MESSAGES_DIGEST_BYTES}).p;
        break;
    case EVENT_CHANNEL:
        take_channel(s, e);
        break;
    case EVENT_TLS:
        take_tls(s, e);
        break;
    case EVENT_END:
        take_end(m, s, e);
        break;
    default:
        break;
    }
}

static void prefetch_session(const struct model *m, const struct event *e)
{
    const struct session *s = m->slots[e->session & m->mask];
    if (s != NULL) {
        const char *counts = (const char *)&s->dir[e->dir];
        __builtin_prefetch(s);
        __builtin_prefetch(counts, 1);
        __builtin_prefetch(counts + 64, 1);
    }
}

void model_take(struct model *m, const struct batch *b)
{
    for (size_t i = 0; i < b->n; i++) {
        if (i + SLOT_AHEAD < b->n) {
            __builtin_prefetch(&m->slots[b->events[i + SLOT_AHEAD].session & m->mask]);
        }
        if (i + SESSION_AHEAD < b->n) {
            prefetch_session(m, &b->events[i + SESSION_AHEAD]);
        }
        take_event(m, &b->events[i]);
    }
}

/* ---- Intervals ---- */

static int by_id(const void *a, const void *b)
{
    const struct session *x = *(struct session *const *)a;
    const struct session *y = *(struct session *const *)b;
    return (x->id > y->id) - (x->id < y->id);
}

void model_interval_end(struct model *m)
{
    struct session **open = malloc((m->count + 1) * sizeof(struct session *));
    size_t n = 0;
    if (open == NULL) {
        return;
    }
    for (size_t i = 0; i <= m->mask; i++) {
        if (m->slots[i] != NULL && is_due(m->slots[i])) {
            open[n++] = m->slots[i];
        }
    }
    qsort(open, n, sizeof(struct session *), by_id);
    for (size_t i = 0; i < n; i++) {
        tell_ended(m, open[i]);
        open[i]->reported = true;
    }
    free(open);
}

static void begin_session_anew(struct session *s)
{
    memset(s->dir, 0, sizeof s->dir);
    memset(s->rtt, 0, sizeof s->rtt);
    free_texts(s->finding_texts);
    s->finding_texts = NULL;
    s->finding_count = 0;
    s->findings_left_out = 0;
    if (s->choice != NULL) {
        share_free(s->choice->share);
        s->choice->share = share_new();
    }
}

void model_interval_begin(struct model *m)
{
    struct totals *t = &m->totals;
    struct totals fresh = {.open_now = t->open_now, .open_peak = t->open_now};
    totals_done(t);
    free_texts(m->texts);
    m->texts = NULL;
    m->n_findings = 0;
    for (size_t i = 0; i <= m->mask; i++) {
        struct session *s = m->slots[i];
        if (s != NULL && is_due(s)) {
            begin_session_anew(s);
            if (!m->options.selective) {
                count_session(&fresh, s);
            }
        }
    }
    *t = fresh;
}

void model_totals_now(const struct model *m, struct totals *t)
{
    *t = m->totals;
    for (size_t i = 0; i <= m->mask; i++) {
        if (m->slots[i] != NULL) {
            totals_add_counts(t, m->slots[i]);
        }
    }
}

/* ---- Life ---- */

struct model *model_new(const struct model_options *options)
{
    struct model *m = calloc(1, sizeof *m);
    if (m == NULL) {
        return NULL;
    }
    m->options = *options;
    m->mask = FIRST_SLOTS - 1;
    pool_init(&m->pool, &m->heap, sizeof(struct session));
    m->slots = calloc(FIRST_SLOTS, sizeof(struct session *));
    if (m->slots == NULL) {
        free(m);
        return NULL;
    }
    return m;
}

void model_free(struct model *m)
{
    if (m == NULL) {
        return;
    }
    for (size_t i = 0; i <= m->mask; i++) {
        if (m->slots[i] != NULL) {
            free_session(m, m->slots[i]);
        }
    }
    slab_heap_free(&m->heap);
    free(m->slots);
    free(m->findings);
    totals_done(&m->totals);
    free_texts(m->texts);
    free(m);
}

void model_listen(struct model *m, const struct model_listener *l)
{
    assert(m->n_listeners < LISTENERS_MAX);
    m->listeners[m->n_listeners++] = *l;
}

void model_forget(struct model *m, const void *self)
{
    size_t kept = 0;
    for (size_t i = 0; i < m->n_listeners; i++) {
        if (m->listeners[i].self != self) {
            m->listeners[kept++] = m->listeners[i];
        }
    }
    m->n_listeners = kept;
}

size_t model_spare_bytes(const struct model *m)
{
    return m->heap.spare;
}

uint64_t model_sessions_ended(const struct model *m)
{
    return m->ended;
}

const struct totals *model_totals(const struct model *m)
{
    return &m->totals;
}

const struct finding_record *model_findings(const struct model *m, size_t *n)
{
    *n = m->n_findings;
    return m->findings;
}
