/*
 * Flow: a session as a ladder. Client and server are two lines, each message an arrow between them,
 * the handshake on top and the ending at the bottom; beside it or below what is under the cursor.
 */
#include "flow_screen.h"

#include <stdio.h>

#define PREVIEW_BESIDE_COLUMNS 110 /* at such a width there is room for it beside the ladder */

/*--- Opening ------------------------------------------------------------------------------------*/

static void flow_open(struct tui *t, void *state, const void *arg)
{
    struct flow *f = state;
    f->session = *(const uint32_t *)arg;
    f->preview = t->settings.preview;
    f->preview_percent = 40;
    f->page_width = -1;
    page_init(&f->page);
    ladder_begin_list(t, f);
    f->at = ladder_row(t, f, 0);
}

static void flow_close(struct tui *t, void *state)
{
    struct flow *f = state;
    (void)t;
    page_done(&f->page);
    filter_free(f->filter);
    index_list_done(&f->shown);
}

/*--- The preview --------------------------------------------------------------------------------*/

static struct subject subject_of(const struct flow *f, struct row r)
{
    struct subject s = {.session = f->session, .message = r.message};
    s.kind = r.kind == ROW_MESSAGE || r.kind == ROW_FRAME ? SUBJECT_MESSAGE
             : r.kind == ROW_END                          ? SUBJECT_END
             : r.kind == ROW_RESPONSE                     ? SUBJECT_RESPONSE
                                                          : SUBJECT_REQUEST;
    return s;
}

static void make_preview(struct tui *t, struct flow *f, int width)
{
    struct subject now = subject_of(f, f->at);
    uint32_t n = session_of(t, f)->session->finding_count;
    if (f->page_width != width || f->page_of.kind != now.kind || f->page_n != n ||
        f->page_of.message != now.message) {
        page_make(&f->page, t, &now, page_best(t, &now), width);
        f->page_of = now;
        f->page_width = width;
        f->page_n = n;
    }
}

static void draw_preview(struct tui *t, struct flow *f, struct area a)
{
    make_preview(t, f, a.columns - 1);
    size_t n = page_lines(&f->page);
    for (int i = 0; i < a.rows && (size_t)i < n; i++) {
        page_draw(&f->page, &t->canvas, (size_t)i, a.y + i, a.x, a.x + a.columns, t->search);
    }
    if (n > (size_t)a.rows && a.rows > 0) {
        canvas_format(&t->canvas, a.y + a.rows - 1, a.x + a.columns - 12, a.x + a.columns, ROLE_DIM,
                      " %zu more ", n - (size_t)a.rows + 1);
    }
    if (n == 0) {
        canvas_text(&t->canvas, a.y, a.x, a.x + a.columns, ROLE_DIM, "(no payload)");
    }
}

/* Parts the area: the ladder, the preview. */
static enum preview_mode part(const struct flow *f, struct area a, struct area *ladder,
                              struct area *preview)
{
    enum preview_mode mode = f->preview;
    if (mode == PREVIEW_AUTO) {
        mode = a.columns >= PREVIEW_BESIDE_COLUMNS ? PREVIEW_BESIDE
               : a.rows >= 16                      ? PREVIEW_BELOW
                                                   : PREVIEW_NONE;
    }
    *ladder = *preview = a;
    if (mode == PREVIEW_BESIDE && a.columns >= 60) {
        preview->columns = a.columns * f->preview_percent / 100;
        ladder->columns = a.columns - preview->columns - 1;
        preview->x = ladder->columns + 1;
    } else if (mode != PREVIEW_NONE && a.rows >= 8) {
        mode = PREVIEW_BELOW;
        preview->rows = a.rows * f->preview_percent / 100 - 1;
        ladder->rows = a.rows - preview->rows - 1;
        preview->y = a.y + ladder->rows + 1;
    } else {
        mode = PREVIEW_NONE;
    }
    return mode;
}

static void draw_parting(struct tui *t, enum preview_mode mode, struct area ladder, struct area a)
{
    if (mode == PREVIEW_BELOW) {
        canvas_fill(&t->canvas, ladder.y + ladder.rows, 0, a.columns, ROLE_LINE, 0x2500);
    }
    for (int i = 0; mode == PREVIEW_BESIDE && i < a.rows; i++) {
        canvas_fill(&t->canvas, a.y + i, ladder.columns, 1, ROLE_LINE, 0x2502);
    }
}

static void flow_draw(struct tui *t, void *state, struct area a)
{
    struct flow *f = state;
    struct area ladder, preview;
    enum preview_mode mode = part(f, a, &ladder, &preview);
    size_t n = ladder_count(t, f);
    f->rows = ladder.rows - 1;
    f->scroll.cursor = ladder_find_row(t, f, f->at);
    if (t->settings.autoscroll && !t->paused) {
        f->scroll.cursor = n - 1;
    }
    scroll_fit(&f->scroll, n, f->rows);
    f->at = ladder_row(t, f, f->scroll.cursor);
    ladder_draw(t, f, ladder);
    if (mode != PREVIEW_NONE) {
        draw_parting(t, mode, ladder, a);
        draw_preview(t, f, preview);
    }
}

/*--- Keys ---------------------------------------------------------------------------------------*/

static void toggle_mark(struct tui *t, struct flow *f)
{
    if (f->at.kind != ROW_MESSAGE) {
        return;
    }
    for (int i = 0; i < f->n_marked; i++) {
        if (f->marked[i] == f->at.message) {
            f->marked[0] = f->marked[1 - i];
            f->n_marked--;
            return;
        }
    }
    if (f->n_marked == 2) {
        f->marked[0] = f->marked[1];
        f->n_marked = 1;
    }
    f->marked[f->n_marked++] = f->at.message;
    if (f->n_marked == 2) {
        char key[KEY_LABEL_BYTES];
        keys_first(&t->keys, ACTION_COMPARE, key);
        tui_say(t, false, "two are marked: %s compares them", key);
    }
}

static void compare(struct tui *t, struct flow *f)
{
    if (f->n_marked < 2) {
        tui_say(t, true, "mark two messages with Space first");
        return;
    }
    struct subject two[2];
    bool turned = f->marked[0] > f->marked[1];
    for (int i = 0; i < 2; i++) {
        two[i] = (struct subject){f->session, SUBJECT_MESSAGE, f->marked[turned ? 1 - i : i]};
    }
    tui_open(t, &compare_screen, two);
}

static void resize_preview(struct flow *f, int by)
{
    int percent = f->preview_percent + by;
    f->preview_percent = percent < 15 ? 15 : percent > 80 ? 80 : percent;
}

static void open_message(struct tui *t, const struct flow *f)
{
    struct subject subject = subject_of(f, f->at);
    tui_open(t, &message_screen, &subject);
}

static void toggle_frames(struct tui *t, struct flow *f)
{
    if (f->at.kind == ROW_FRAME) {
        f->at.kind = ROW_MESSAGE;
        f->expanded = 0;
    } else if (f->at.kind == ROW_MESSAGE) {
        f->expanded = f->expanded == f->at.message + 1 ? 0 : f->at.message + 1;
    }
    (void)t;
}

static void hide_control(struct tui *t, struct flow *f)
{
    f->hide_control = !f->hide_control;
    f->expanded = 0;
    ladder_begin_list(t, f);
    ladder_step(t, f, t->now() + FIND_AT_ONCE_NS);
    tui_say(t, false, f->hide_control ? "control frames are hidden" : "all messages are shown");
}

static bool flow_act(struct tui *t, void *state, enum action action, uint64_t count)
{
    struct flow *f = state;
    size_t n = ladder_count(t, f);
    static const enum preview_mode next[] = {PREVIEW_BESIDE, PREVIEW_BELOW, PREVIEW_NONE,
                                             PREVIEW_AUTO};
    f->find.left = 0;
    if (scroll_act(&f->scroll, action, count, n, f->rows)) {
        f->at = ladder_row(t, f, f->scroll.cursor);
        if (f->scroll.cursor + 1 < n) {
            t->settings.autoscroll = false;
        }
        return true;
    }
    switch (action) {
    case ACTION_OPEN:
    case ACTION_RAW:
        open_message(t, f);
        if (action == ACTION_RAW) {
            message_screen.act(t, t->views[t->depth - 1].state, ACTION_VIEW_HEX, 0);
        }
        return true;
    case ACTION_SELECT:
        toggle_mark(t, f);
        return true;
    case ACTION_COMPARE:
        compare(t, f);
        return true;
    case ACTION_FRAMES:
        toggle_frames(t, f);
        return true;
    case ACTION_HIDE_CONTROL:
        hide_control(t, f);
        return true;
    case ACTION_PREVIEW:
        f->preview = next[f->preview];
        return true;
    case ACTION_PREVIEW_GROW:
    case ACTION_PREVIEW_SHRINK:
        resize_preview(f, action == ACTION_PREVIEW_GROW ? 5 : -5);
        return true;
    case ACTION_PREVIEW_RESET:
        f->preview_percent = 40;
        f->preview = PREVIEW_AUTO;
        return true;
    default:
        return false;
    }
}

static void flow_mouse(struct tui *t, void *state, const struct terminal_mouse *m, struct area a)
{
    struct flow *f = state;
    if (m->wheel_up || m->wheel_down) {
        flow_act(t, f, m->wheel_up ? ACTION_UP : ACTION_DOWN, 3);
    } else if (m->press && m->y > a.y && m->y <= a.y + f->rows) {
        size_t row = f->scroll.top + (size_t)(m->y - a.y - 1);
        bool again = row == f->scroll.cursor;
        if (row < ladder_count(t, f)) {
            f->scroll.cursor = row;
            f->at = ladder_row(t, f, row);
            if (m->twice || again) {
                open_message(t, f);
            }
        }
    }
}

static bool holds(struct tui *t, void *state, size_t i)
{
    struct flow *f = state;
    const struct store_session *s = session_of(t, f);
    struct row r = ladder_row(t, f, i);
    struct bytes hay = {NULL, 0}, needle = bytes_of(t->search);
    struct buffer body;
    buffer_init(&body, UINT32_MAX);
    if (r.kind == ROW_REQUEST || r.kind == ROW_RESPONSE) {
        hay = r.kind == ROW_REQUEST ? s->session->handshake.request_head
                                    : s->session->handshake.response_head;
    } else if (r.kind == ROW_MESSAGE &&
               store_body(t->feed->store, &s->messages[r.message], SIZE_MAX, &body)) {
        hay = buffer_bytes(&body);
    }
    bool there = text_find(hay, 0, needle) < hay.n;
    buffer_done(&body);
    return there;
}

static void stand_on(struct tui *t, struct flow *f, size_t row)
{
    f->scroll.cursor = row;
    f->at = ladder_row(t, f, row);
    t->settings.autoscroll = false;
    t->changed = true;
}

static bool flow_find(struct tui *t, void *state, int way)
{
    struct flow *f = state;
    size_t found;
    if (!find_begin(t, &f->find, f->scroll.cursor, ladder_count(t, f), way, holds, f, &found)) {
        return false;
    }
    if (found != SIZE_MAX) {
        stand_on(t, f, found);
    }
    return true;
}

static bool flow_step(struct tui *t, void *state, int64_t until)
{
    struct flow *f = state;
    size_t found;
    bool changed = ladder_step(t, f, until);
    if (find_more(t, &f->find, ladder_count(t, f), holds, f, until, &found)) {
        stand_on(t, f, found);
    }
    return changed;
}

static bool flow_busy(struct tui *t, void *state)
{
    return ladder_busy(t, state) || ((const struct flow *)state)->find.left > 0;
}

static bool flow_subject(struct tui *t, void *state, struct subject *out)
{
    const struct flow *f = state;
    (void)t;
    *out = subject_of(f, f->at);
    return true;
}

const struct screen flow_screen = {
    .name = "Flow",
    .place = PLACE_FLOW,
    .state_size = sizeof(struct flow),
    .open = flow_open,
    .close = flow_close,
    .draw = flow_draw,
    .act = flow_act,
    .mouse = flow_mouse,
    .step = flow_step,
    .busy = flow_busy,
    .find = flow_find,
    .subject = flow_subject,
    .hints = {ACTION_OPEN, ACTION_HIDE_CONTROL, ACTION_FRAMES, ACTION_PREVIEW, ACTION_SEARCH,
              ACTION_SAVE, ACTION_BACK, ACTION_HELP},
};
