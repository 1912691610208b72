/* What a display filter lets through. */
#include "selection.h"

#include "../frame_queue.h"
#include "../limits.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* Of a session, in its choice's state. */
enum {
    WAS_OPENED = 1 << 0, /* the model told of its opening */
    HAS_MESSAGES = 1 << 1,
    MATCHED = 1 << 2, /* one of its messages did */
    TOLD = 1 << 3     /* the report knows of it */
};

/*--- Frames that wait for their message ---------------------------------------------------------*/

struct held {
    struct frame_queue queue[2];
    struct queued_frame control; /* the control frame whose message comes next */
    bool has_control;
};

static void held_free(void *own)
{
    struct held *h = own;
    frame_queue_done(&h->queue[0]);
    frame_queue_done(&h->queue[1]);
    free(h);
}

static struct held *held_of(struct session_choice *c)
{
    if (c->own == NULL) {
        c->own = calloc(1, sizeof(struct held));
        c->free_own = held_free;
    }
    return c->own;
}

/* Beyond FILTER_FRAMES_HELD_MAX, and what one message may have of them, frames are not known to the
 * filter, nor told. */
static void hold_frame(struct selection *x, struct held *h, const struct event *e)
{
    struct queued_frame f = queued_frame_of(e);
    if (e->frame.opcode & 8) {
        h->control = f;
        h->has_control = true;
    } else if (x->held < FILTER_FRAMES_HELD_MAX) {
        uint32_t before = h->queue[e->dir].n;
        frame_queue_push(&h->queue[e->dir], &f);
        x->held += h->queue[e->dir].n - before;
        x->left_out += h->queue[e->dir].n == before;
    } else {
        x->left_out++;
    }
}

/* A message that is complete, and the frames it is made of. */
struct whole {
    const struct queued_frame *frames;
    uint32_t n;
};

static struct whole whole_of(const struct held *h, const struct event *e)
{
    if (h == NULL) {
        return (struct whole){0};
    }
    if (e->message.opcode & 8) {
        return (struct whole){&h->control, h->has_control};
    }
    const struct frame_queue *q = &h->queue[e->dir];
    return (struct whole){q->frames, q->n < e->message.frames ? q->n : e->message.frames};
}

static void forget_frames(struct selection *x, struct held *h, const struct event *e)
{
    if (h == NULL) {
        return;
    }
    if (e->message.opcode & 8) {
        h->has_control = false;
    } else {
        uint32_t before = h->queue[e->dir].n;
        frame_queue_drop(&h->queue[e->dir], e->message.frames);
        x->held -= before - h->queue[e->dir].n;
    }
}

static bool frame_of(void *context, uint32_t i, struct frame *frame)
{
    const struct whole *w = context;
    if (i >= w->n) {
        return false;
    }
    *frame = queued_frame_frame(&w->frames[i]);
    return true;
}

/*--- Asking -------------------------------------------------------------------------------------*/

static bool session_holds(struct selection *x, const struct session *s)
{
    return filter_holds(x->filter,
                        &(struct filter_subject){.session = s, .late = late_of(x->late, s->id)});
}

static bool message_holds(struct selection *x, const struct session *s, const struct event *e,
                          struct whole *whole)
{
    struct filter_subject subject = {.session = s,
                                     .message = e,
                                     .frame = frame_of,
                                     .context = whole,
                                     .late = late_of(x->late, s->id)};
    return filter_holds(x->filter, &subject);
}

/*--- Telling ------------------------------------------------------------------------------------*/

static bool is_told(const struct session *s)
{
    return s->choice->state & TOLD;
}

/* Tells the report of a session that it does not know yet: what there was of it so far. */
static void tell(struct selection *x, struct session *s)
{
    s->choice->state |= TOLD;
    for (uint32_t i = 0; !x->by_message && x->to.finding != NULL && i < s->finding_count; i++) {
        x->to.finding(x->to.self, s, &s->findings[i]);
    }
    if (s->choice->state & WAS_OPENED && x->to.session_opened != NULL) {
        x->to.session_opened(x->to.self, s);
    }
}

static void on_opened(void *self, struct session *s)
{
    struct selection *x = self;
    if (s->choice == NULL) {
        return;
    }
    s->choice->state |= WAS_OPENED;
    if (x->streams && !x->by_message && session_holds(x, s)) {
        tell(x, s);
    }
}

/* The message, with its frames when the report asks for frames. */
static void tell_message(struct selection *x, const struct session *s, const struct event *e,
                         const struct whole *whole)
{
    if (x->streams && !is_told(s)) {
        tell(x, s->choice->session);
    }
    for (uint32_t i = 0; x->by_message && x->to.frame != NULL && i < whole->n; i++) {
        const struct queued_frame *f = &whole->frames[i];
        struct event frame = {.type = EVENT_FRAME,
                              .dir = e->dir,
                              .session = e->session,
                              .ts = f->ts,
                              .pkt = f->pkt,
                              .frame = queued_frame_frame(f)};
        x->to.frame(x->to.self, s, &frame);
    }
    if (x->to.message != NULL) {
        x->to.message(x->to.self, s, e);
    }
}

static void on_message(void *self, const struct session *s, const struct event *e)
{
    struct selection *x = self;
    struct session_choice *c = s->choice;
    if (c == NULL) {
        return;
    }
    struct whole whole = whole_of(c->own, e);
    bool decided = !x->streams && (c->state & MATCHED || !x->by_message);
    c->state |= HAS_MESSAGES;
    if (!decided && message_holds(x, s, e, &whole)) {
        c->state |= MATCHED;
        tell_message(x, s, e, &whole);
    }
    forget_frames(x, c->own, e);
}

/* Those of messages that may match wait for them; those of whole sessions pass. */
static void on_frame(void *self, const struct session *s, const struct event *e)
{
    struct selection *x = self;
    if (s->choice == NULL) {
        return;
    }
    if (x->by_message) {
        struct held *held = held_of(s->choice);
        if (held != NULL) {
            hold_frame(x, held, e);
        }
    } else if (is_told(s)) {
        x->to.frame(x->to.self, s, e);
    }
}

static void on_finding(void *self, const struct session *s, const struct finding_record *r)
{
    struct selection *x = self;
    if (x->to.finding == NULL || (s != NULL && (s->choice == NULL || x->by_message))) {
        return;
    }
    if (s == NULL || is_told(s)) {
        x->to.finding(x->to.self, s, r);
    } else if (s->choice->state & WAS_OPENED && session_holds(x, s)) {
        tell(x, s->choice->session); /* this finding, too */
    }
}

/* Whether a session counts that is over, or as it is now. */
static bool is_selected(struct selection *x, const struct session *s)
{
    unsigned state = s->choice->state;
    if (x->streams && state & TOLD) {
        return true;
    }
    if (!x->by_message || !(state & HAS_MESSAGES)) {
        return session_holds(x, s);
    }
    return state & MATCHED;
}

static void on_ended(void *self, struct session *s)
{
    struct selection *x = self;
    if (s->choice == NULL) {
        return;
    }
    const struct held *held = s->choice->own;
    if (s->ended && held != NULL) { /* they go with the session */
        x->held -= held->queue[0].n + held->queue[1].n;
    }
    s->choice->selected = is_selected(x, s);
    if (s->choice->selected && x->streams && !is_told(s)) {
        tell(x, s);
    }
    if (s->choice->selected && x->to.session_ended != NULL) {
        x->to.session_ended(x->to.self, s);
    }
}

struct model_listener selection_begin(struct selection *x, struct filter *filter,
                                      const struct late_values *late,
                                      const struct model_listener *to)
{
    unsigned needs = filter_needs(filter);
    *x = (struct selection){.filter = filter,
                            .late = late,
                            .to = *to,
                            .by_message = needs & FILTER_MESSAGES,
                            .streams = to->session_opened != NULL || to->message != NULL ||
                                       to->frame != NULL || to->finding != NULL};
    bool frames = to->frame != NULL || needs & FILTER_FRAMES;
    return (struct model_listener){.session_opened = on_opened,
                                   .message = on_message,
                                   .frame = frames ? on_frame : NULL,
                                   .finding = on_finding,
                                   .session_ended = on_ended,
                                   .self = x};
}

void selection_findings(const struct selection *x, struct event_sink *sink)
{
    char text[48];
    struct event event = {.type = EVENT_FINDING};
    if (x->left_out > 0) {
        snprintf(text, sizeof text, "%" PRIu64 " frames", x->left_out);
        event.finding.id = FINDING_FILTER_FRAMES;
        event.finding.detail = bytes_of(text);
        sink->emit(sink, &event);
    }
}
