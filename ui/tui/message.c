/* Message: one of them, a handshake or an ending, in all the ways to look at it. */
#include "page.h"

#include "decoders/registry/registry.h"
#include "decoders/subprotocols/subprotocol.h"

#include <stdio.h>

#define TABS_X 1

struct message_view {
    struct subject subject;
    struct page page;
    struct scroll scroll;
    enum page_mode wanted;
    int width, rows;
};

static void make(struct tui *t, struct message_view *v)
{
    v->width = t->canvas.columns;
    page_make(&v->page, t, &v->subject, v->wanted, v->width - 2);
}

static void message_open(struct tui *t, void *state, const void *arg)
{
    struct message_view *v = state;
    v->subject = *(const struct subject *)arg;
    page_init(&v->page);
    v->wanted = page_best(t, &v->subject);
    make(t, v);
}

static void message_close(struct tui *t, void *state)
{
    struct message_view *v = state;
    (void)t;
    page_done(&v->page);
}

/*--- Drawing ------------------------------------------------------------------------------------*/

/* NULL: this session has no such page. */
static const char *tab_name(const struct tui *t, const struct message_view *v, int mode)
{
    static const char *const names[] = {"Text", "JSON", "Hex", "Frames", "Handshake"};
    const struct subprotocol *p = store_session(t->feed->store, v->subject.session)->subprotocol;
    return mode != PAGE_DECODED ? names[mode] : p != NULL ? p->name : NULL;
}

static void draw_tabs(struct tui *t, const struct message_view *v, struct area a)
{
    int x = TABS_X;
    canvas_fill(&t->canvas, a.y, 0, a.columns, ROLE_HEADER, ' ');
    for (int i = 0; i < PAGE_MODES && tab_name(t, v, i) != NULL; i++) {
        bool on = v->page.mode == (enum page_mode)i;
        int from = x;
        x = canvas_format(&t->canvas, a.y, x, a.columns, ROLE_HEADER, " %d %s ", i + 1,
                          tab_name(t, v, i));
        if (on) {
            canvas_flag(&t->canvas, a.y, from, x, CELL_CURSOR);
        }
    }
}

static void draw_summary(struct tui *t, const struct message_view *v, struct area a)
{
    const struct store_session *s = store_session(t->feed->store, v->subject.session);
    char text[200], size[SHORT_TEXT_BYTES], time[SHORT_TEXT_BYTES];
    if (v->subject.kind != SUBJECT_MESSAGE) {
        tui_session_name(s->session, text, sizeof text);
    } else {
        const struct store_message *m = &s->messages[v->subject.message];
        long_count(size, m->len);
        clock_text(time, m->ts, 3, t->settings.utc);
        snprintf(text, sizeof text, "%s %s  %s bytes%s  %s  %u of %u",
                 store_dir(m) == DIR_CLIENT_TO_SERVER ? "client →" : "server →",
                 registry_opcode_name(t->registry, store_opcode(m)), size,
                 m->flags & MESSAGE_COMPRESSED ? " (compressed)" : "", time, v->subject.message + 1,
                 s->n);
    }
    int x = canvas_format(&t->canvas, a.y + 1, 1, a.columns, ROLE_DIM, "#%llu  ",
                          (unsigned long long)s->session->id);
    canvas_text(&t->canvas, a.y + 1, x, a.columns, ROLE_STRONG, text);
}

static void message_draw(struct tui *t, void *state, struct area a)
{
    struct message_view *v = state;
    if (v->width != t->canvas.columns) {
        make(t, v);
    }
    size_t n = page_lines(&v->page);
    v->rows = a.rows - 3;
    scroll_fit(&v->scroll, n, v->rows);
    draw_tabs(t, v, a);
    draw_summary(t, v, a);
    for (int i = 0; i < v->rows && v->scroll.top + (size_t)i < n; i++) {
        int y = a.y + 3 + i;
        size_t line = v->scroll.top + (size_t)i;
        page_draw(&v->page, &t->canvas, line, y, 1, a.columns - 1, t->search);
        if (line == v->scroll.cursor) {
            canvas_flag(&t->canvas, y, 0, a.columns, CELL_CURSOR);
        }
    }
    if (n == 0) {
        canvas_text(&t->canvas, a.y + 3, 1, a.columns, ROLE_DIM, "(no payload)");
    }
    scroll_bar(&t->canvas, (struct area){a.y + 3, 0, v->rows, a.columns}, v->scroll.top, n);
}

/*--- Keys ---------------------------------------------------------------------------------------*/

static void show_as(struct tui *t, struct message_view *v, enum page_mode mode)
{
    static const char *const names[] = {"text",   "JSON",        "a hex dump",
                                        "frames", "a handshake", "a known subprotocol's"};
    v->wanted = mode;
    make(t, v);
    v->scroll = (struct scroll){0};
    if (v->page.mode != mode) {
        tui_say(t, false, "this cannot be shown as %s", names[mode]);
    }
}

/* The next way to look at it that there is for this. */
static void step_mode(struct tui *t, struct message_view *v, int way)
{
    int mode = (int)v->page.mode;
    for (int i = 0; i < PAGE_MODES; i++) {
        mode = (mode + way + PAGE_MODES) % PAGE_MODES;
        show_as(t, v, (enum page_mode)mode);
        if ((int)v->page.mode == mode) {
            t->status[0] = '\0';
            return;
        }
    }
}

/* To the next message, keeping the way it is looked at where that makes sense. */
static void step_message(struct tui *t, struct message_view *v, int way)
{
    const struct store_session *s = store_session(t->feed->store, v->subject.session);
    struct subject to = v->subject;
    if (to.kind == SUBJECT_MESSAGE) {
        if (way > 0 ? to.message + 1 >= s->n : to.message == 0) {
            tui_say(t, false, way > 0 ? "this is the last one" : "this is the first one");
            return;
        }
        to.message += way > 0 ? 1U : UINT32_MAX;
    } else if (s->n == 0) {
        return;
    } else {
        to = (struct subject){to.session, SUBJECT_MESSAGE, way > 0 ? 0 : s->n - 1};
    }
    v->subject = to;
    v->wanted = page_best(t, &to);
    make(t, v);
    v->scroll = (struct scroll){0};
}

static bool message_act(struct tui *t, void *state, enum action action, uint64_t count)
{
    struct message_view *v = state;
    if (scroll_act(&v->scroll, action, count, page_lines(&v->page), v->rows)) {
        return true;
    }
    switch (action) {
    case ACTION_VIEW_NEXT:
    case ACTION_RIGHT:
        step_mode(t, v, 1);
        return true;
    case ACTION_VIEW_PREVIOUS:
    case ACTION_LEFT:
        step_mode(t, v, -1);
        return true;
    case ACTION_VIEW_TEXT:
    case ACTION_VIEW_JSON:
    case ACTION_VIEW_HEX:
    case ACTION_VIEW_FRAMES:
    case ACTION_VIEW_HANDSHAKE:
    case ACTION_VIEW_DECODED:
        show_as(t, v, (enum page_mode)(action - ACTION_VIEW_TEXT));
        return true;
    case ACTION_OPEN:
    case ACTION_FOLD:
        v->scroll.cursor = page_fold(&v->page, v->scroll.cursor);
        return true;
    case ACTION_FOLD_ALL:
        page_fold_all(&v->page);
        return true;
    case ACTION_NEXT_MESSAGE:
    case ACTION_PREVIOUS_MESSAGE:
        step_message(t, v, action == ACTION_NEXT_MESSAGE ? 1 : -1);
        return true;
    default:
        return false;
    }
}

static int tab_under(const struct tui *t, const struct message_view *v, int x)
{
    int end = TABS_X;
    for (int i = 0; i < PAGE_MODES && tab_name(t, v, i) != NULL; i++) {
        end += (int)strlen(tab_name(t, v, i)) + 4; /* " 1 name " */
        if (x < end) {
            return i;
        }
    }
    return -1;
}

static void message_mouse(struct tui *t, void *state, const struct terminal_mouse *m, struct area a)
{
    struct message_view *v = state;
    if (m->wheel_up || m->wheel_down) {
        message_act(t, v, m->wheel_up ? ACTION_UP : ACTION_DOWN, 3);
    } else if (m->press && m->y == a.y) {
        int mode = tab_under(t, v, m->x);
        if (mode >= 0) {
            show_as(t, v, (enum page_mode)mode);
        }
    } else if (m->press && m->y >= a.y + 3) {
        v->scroll.cursor = v->scroll.top + (size_t)(m->y - a.y - 3);
        if (m->twice) {
            message_act(t, v, ACTION_FOLD, 0);
        }
    }
}

static bool message_find(struct tui *t, void *state, int way)
{
    struct message_view *v = state;
    int64_t line = page_find(&v->page, t->search, v->scroll.cursor, way);
    if (line >= 0) {
        v->scroll.cursor = (size_t)line;
    }
    return line >= 0;
}

static bool message_subject(struct tui *t, void *state, struct subject *out)
{
    const struct message_view *v = state;
    (void)t;
    *out = v->subject;
    return true;
}

const struct screen message_screen = {
    .name = "Message",
    .place = PLACE_MESSAGE,
    .state_size = sizeof(struct message_view),
    .open = message_open,
    .close = message_close,
    .draw = message_draw,
    .act = message_act,
    .mouse = message_mouse,
    .find = message_find,
    .subject = message_subject,
    .hints = {ACTION_VIEW_NEXT, ACTION_FOLD, ACTION_SEARCH, ACTION_NEXT_MESSAGE,
              ACTION_PREVIOUS_MESSAGE, ACTION_SAVE, ACTION_BACK, ACTION_HELP},
};
