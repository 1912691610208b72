/* What a display filter lets through. */
#include "selection.h"

/* Of a session, in its choice's state. */
enum {
    WAS_OPENED = 1 << 0, /* the model told of its opening */
    HAS_MESSAGES = 1 << 1,
    MATCHED = 1 << 2, /* one of its messages did */
    TOLD = 1 << 3     /* the report knows of it */
};

static bool holds(struct selection *x, const struct session *s, const struct event *message)
{
    return filter_holds(x->filter, &(struct filter_subject){.session = s, .message = message});
}

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
    if (x->streams && !x->by_message && holds(x, s, NULL)) {
        tell(x, s);
    }
}

static void on_message(void *self, const struct session *s, const struct event *e)
{
    struct selection *x = self;
    struct session_choice *c = s->choice;
    if (c == NULL) {
        return;
    }
    c->state |= HAS_MESSAGES;
    bool decided = !x->streams && (c->state & MATCHED || !x->by_message);
    if (decided || !holds(x, s, e)) {
        return;
    }
    c->state |= MATCHED;
    if (x->streams && !is_told(s)) {
        tell(x, c->session);
    }
    if (x->to.message != NULL) {
        x->to.message(x->to.self, s, e);
    }
}

static void on_frame(void *self, const struct session *s, const struct event *e)
{
    struct selection *x = self;
    if (s->choice != NULL && is_told(s) && x->to.frame != NULL) {
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
    } else if (s->choice->state & WAS_OPENED && holds(x, s, NULL)) {
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
        return holds(x, s, NULL);
    }
    return state & MATCHED;
}

static void on_ended(void *self, struct session *s)
{
    struct selection *x = self;
    if (s->choice == NULL) {
        return;
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
                                      const struct model_listener *to)
{
    *x = (struct selection){.filter = filter,
                            .to = *to,
                            .by_message = filter_needs(filter) & FILTER_MESSAGES,
                            .streams = to->session_opened != NULL || to->message != NULL ||
                                       to->frame != NULL || to->finding != NULL};
    return (struct model_listener){.session_opened = on_opened,
                                   .message = on_message,
                                   .frame = to->frame != NULL ? on_frame : NULL,
                                   .finding = on_finding,
                                   .session_ended = on_ended,
                                   .self = x};
}
