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

enum filter_answer store_filter_piece(struct filter *f, const struct store *store,
                                      const struct store_session *s, uint32_t *at, uint32_t most)
{
    if (!(filter_needs(f) & FILTER_MESSAGES) || s->n == 0) {
        struct filter_subject subject = {.session = s->session};
        return filter_holds(f, &subject) ? FILTER_YES : FILTER_NO;
    }
    for (; *at < s->n && most > 0; ++*at, most--) {
        if (store_filter_message(f, store, s, &s->messages[*at])) {
            return FILTER_YES;
        }
    }
    return *at < s->n ? FILTER_MORE : FILTER_NO;
}

bool store_filter_session(struct filter *f, const struct store *store,
                          const struct store_session *s)
{
    uint32_t at = 0;
    return store_filter_piece(f, store, s, &at, UINT32_MAX) == FILTER_YES;
}
