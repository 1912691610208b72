/* Which rows a flow has: the handshake, the messages that are shown, frames, the ending. */
#include "flow_screen.h"

#include <stdio.h>

/*--- Rows ---------------------------------------------------------------------------------------*/

static bool shows_message(struct tui *t, struct flow *f, uint32_t i)
{
    const struct store_session *s = session_of(t, f);
    if (f->hide_control && store_opcode(&s->messages[i]) & 8) {
        return false;
    }
    return f->filter == NULL || store_filter_message(f->filter, t->feed->store, s, &s->messages[i]);
}

void ladder_begin_list(struct tui *t, struct flow *f)
{
    struct filter_error error;
    filter_free(f->filter);
    f->filter = t->filter_text[0] != '\0' ? filter_compile(t->filter_text, &error) : NULL;
    if (f->filter != NULL && !(filter_needs(f->filter) & FILTER_MESSAGES)) {
        filter_free(f->filter);
        f->filter = NULL;
    }
    if (f->filter != NULL) {
        filter_set_origin(f->filter, t->feed->first_ts);
    }
    snprintf(f->filter_text, sizeof f->filter_text, "%s", t->filter_text);
    f->partial = f->hide_control || f->filter != NULL;
    f->shown.n = f->seen = 0;
}

bool ladder_busy(struct tui *t, void *state)
{
    struct flow *f = state;
    return (f->partial && f->seen < tui_messages(t, session_of(t, f))) ||
           strcmp(f->filter_text, t->filter_text) != 0;
}

bool ladder_step(struct tui *t, void *state, int64_t until)
{
    struct flow *f = state;
    bool changed = false;
    if (strcmp(f->filter_text, t->filter_text) != 0) {
        ladder_begin_list(t, f);
        changed = true;
    }
    uint32_t n = tui_messages(t, session_of(t, f));
    while (f->partial && f->seen < n) {
        for (unsigned i = 0; i < 64 && f->seen < n; i++, f->seen++) {
            changed |= shows_message(t, f, (uint32_t)f->seen) &&
                       index_list_push(&f->shown, (uint32_t)f->seen);
        }
        if (t->now() >= until) {
            break;
        }
    }
    return changed;
}

static size_t head_rows(const struct session *s)
{
    return s->has_handshake ? 1U + (s->handshake.response_pkt != 0) : 1U;
}

static size_t message_rows(const struct tui *t, const struct flow *f)
{
    return f->partial ? f->shown.n : tui_messages(t, session_of(t, f));
}

static uint32_t shown_message(const struct flow *f, size_t i)
{
    return f->partial ? f->shown.at[i] : (uint32_t)i;
}

/* The place of a message among those shown, or of the one after it. */
static size_t place_of(const struct flow *f, size_t n, uint32_t message)
{
    if (!f->partial) {
        return message < n ? message : n;
    }
    size_t low = 0, high = n;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (f->shown.at[middle] < message) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static size_t frame_rows(const struct tui *t, const struct flow *f)
{
    if (f->expanded == 0) {
        return 0;
    }
    uint32_t frames = session_of(t, f)->messages[f->expanded - 1].frames;
    return frames < 1000 ? frames : 1000;
}

size_t ladder_count(const struct tui *t, const struct flow *f)
{
    const struct session *s = session_of(t, f)->session;
    return head_rows(s) + message_rows(t, f) + frame_rows(t, f) + (s->ended && !t->paused);
}

struct row ladder_row(const struct tui *t, const struct flow *f, size_t i)
{
    const struct session *s = session_of(t, f)->session;
    size_t head = head_rows(s), n = message_rows(t, f), frames = frame_rows(t, f);
    if (i < head) {
        return (struct row){.kind = !s->has_handshake ? ROW_PICKED_UP
                                    : i == 0          ? ROW_REQUEST
                                                      : ROW_RESPONSE};
    }
    i -= head;
    size_t open = f->expanded > 0 ? place_of(f, n, f->expanded - 1) : n;
    if (frames > 0 && i > open) {
        if (i <= open + frames) {
            return (struct row){ROW_FRAME, f->expanded - 1, (uint32_t)(i - open - 1)};
        }
        i -= frames;
    }
    return i < n ? (struct row){ROW_MESSAGE, shown_message(f, i), 0} : (struct row){ROW_END, 0, 0};
}

size_t ladder_find_row(const struct tui *t, const struct flow *f, struct row row)
{
    size_t head = head_rows(session_of(t, f)->session), n = message_rows(t, f);
    size_t open = f->expanded > 0 ? place_of(f, n, f->expanded - 1) : n;
    if (row.kind == ROW_MESSAGE || row.kind == ROW_FRAME) {
        size_t place = place_of(f, n, row.message);
        if (row.kind == ROW_FRAME && f->expanded == row.message + 1) {
            return head + place + 1 + row.frame;
        }
        return head + place + (f->expanded > 0 && place > open ? frame_rows(t, f) : 0);
    }
    return row.kind == ROW_END ? head + n + frame_rows(t, f) : row.kind == ROW_RESPONSE;
}
