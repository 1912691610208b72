/* The display filter, asked about what the screen keeps. */
#include "store_filter.h"

struct asked {
    const struct store *store;
    const struct store_message *message;
    struct buffer body;
    bool read;
};

static bool body_of(void *context, struct bytes *body)
{
    struct asked *a = context;
    if (!a->read) {
        a->read = store_body(a->store, a->message, SIZE_MAX, &a->body);
    }
    *body = buffer_bytes(&a->body);
    return a->read;
}

static bool frame_of(void *context, uint32_t i, struct frame *frame)
{
    const struct asked *a = context;
    struct queued_frame f;
    bool known = store_frame(a->store, a->message, i, &f);
    *frame = known ? queued_frame_frame(&f) : (struct frame){0};
    return known;
}

bool store_filter_message(struct filter *f, const struct store *store,
                          const struct store_session *s, const struct store_message *m)
{
    struct asked asked = {.store = store, .message = m};
    struct event event = store_event(s, m);
    struct filter_subject subject = {.session = s->session,
                                     .message = &event,
                                     .body = body_of,
                                     .frame = frame_of,
                                     .context = &asked};
    struct bytes body;
    buffer_init(&asked.body, UINT32_MAX);
    if (store_opcode(m) == 8 && body_of(&asked, &body)) {
        store_event_body(&event, body);
    }
    bool holds = filter_holds(f, &subject);
    buffer_done(&asked.body);
    return holds;
}

bool store_filter_session(struct filter *f, const struct store *store,
                          const struct store_session *s)
{
    if (!(filter_needs(f) & FILTER_MESSAGES) || s->n == 0) {
        return filter_holds(f, &(struct filter_subject){.session = s->session});
    }
    for (uint32_t i = 0; i < s->n; i++) {
        if (store_filter_message(f, store, s, &s->messages[i])) {
            return true;
        }
    }
    return false;
}
