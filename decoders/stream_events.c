/* What decoders say on a stream: sessions, events and findings, with the session, time and packet
 * they belong to. */
#include "stream_state.h"

#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define DETAIL_MAX_BYTES 160
#define FINDING_FORMATTED_MAX 64 /* details that are still made for one id on one stream */

/* The session that an event of the stream belongs to: its own, or else the oldest inside it. */
static uint64_t session_of(const struct stream *s)
{
    uint64_t id = s->session;
    if (id == 0 && s->children != NULL) {
        for (const struct stream *c = s->children; c != NULL; c = c->next_child) {
            uint64_t inner = session_of(c);
            id = inner != 0 && (id == 0 || inner < id) ? inner : id;
        }
    }
    return id;
}

bool stream_has_sessions(const struct stream *s)
{
    return session_of(s) != 0;
}

void stream_emit(struct stream *s, struct event *e)
{
    e->session = s->session != 0 ? s->session : session_of(s);
    if (e->ts == 0) {
        e->ts = s->ts;
        e->pkt = s->pkt;
    }
    s->shared->sink->emit(s->shared->sink, e);
}

uint64_t stream_begin_session(struct stream *s, enum session_kind kind, int confidence)
{
    assert(s->session == 0);
    s->session = s->shared->next_session++;
    struct event e = {.type = EVENT_SESSION};
    e.begin.kind = kind;
    e.begin.confidence = confidence;
    e.begin.connection = &s->connection;
    stream_emit(s, &e);
    for (struct stream *p = s->parent; p != NULL; p = p->parent) {
        if (p->decoder->session != NULL) {
            p->decoder->session(p, s);
        }
    }
    return s->session;
}

void stream_end_session(struct stream *s)
{
    struct session_end end = {.how = END_OPEN, .first_fin = -1, .last_ts = s->ts};
    struct event e = {.type = EVENT_END, .end = &end};
    stream_emit(s, &e);
    s->session = 0;
}

/* Counts a finding; true while its detail is worth making. */
static bool finding_is_new(struct stream *s, enum finding_id id)
{
    if (s->finding_counts == NULL) {
        s->finding_counts = calloc(FINDING_COUNT, 1);
        if (s->finding_counts == NULL) {
            return true;
        }
    }
    if (s->finding_counts[id] >= FINDING_FORMATTED_MAX) {
        return false;
    }
    s->finding_counts[id]++;
    return true;
}

static void clean_detail(char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c < 0x20 || c >= 0x7f) {
            text[i] = '.';
        }
    }
}

static void make_finding(struct stream *s, const struct event *at, enum finding_id id,
                         const char *fmt, va_list args)
{
    char text[DETAIL_MAX_BYTES];
    int n = 0;
    if (fmt != NULL && finding_is_new(s, id)) {
        n = vsnprintf(text, sizeof text, fmt, args);
        n = n < 0 ? 0 : n >= (int)sizeof text ? (int)sizeof text - 1 : n;
        clean_detail(text, (size_t)n);
    }
    struct event e = *at;
    e.type = EVENT_FINDING;
    e.finding.id = id;
    e.finding.detail = (struct bytes){(const uint8_t *)text, (size_t)n};
    stream_emit(s, &e);
}

void stream_finding(struct stream *s, enum dir dir, enum finding_id id, const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    make_finding(s, &(struct event){.dir = dir}, id, fmt, args);
    va_end(args);
}

void stream_finding_at(struct stream *s, enum dir dir, int64_t ts, uint64_t pkt, enum finding_id id,
                       const char *fmt, ...)
{
    va_list args;
    va_start(args, fmt);
    make_finding(s, &(struct event){.dir = dir, .ts = ts, .pkt = pkt}, id, fmt, args);
    va_end(args);
}
