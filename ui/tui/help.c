/* Help: made of the table of keys, as they are bound now; and a legend of the marks. */
#include "tui.h"

#include <stdio.h>

#define HELP_LINES_MAX 160

struct help_line {
    enum action action; /* ACTION_NONE: the text */
    const char *text;
    bool heading;
};

struct help {
    struct help_line lines[HELP_LINES_MAX];
    size_t n;
    struct scroll scroll;
    int rows;
};

static void add(struct help *h, enum action action, const char *text, bool heading)
{
    if (h->n < HELP_LINES_MAX) {
        h->lines[h->n++] = (struct help_line){action, text, heading};
    }
}

static void add_place(struct help *h, unsigned places, const char *title)
{
    add(h, ACTION_NONE, title, true);
    for (int a = 1; a < ACTION_COUNT; a++) {
        if (action_kind((enum action)a)->places == places) {
            add(h, (enum action)a, NULL, false);
        }
    }
    add(h, ACTION_NONE, "", false);
}

static void help_open(struct tui *t, void *state, const void *arg)
{
    struct help *h = state;
    static const char *const legend[] = {
        "●  open                          ○  closed",
        "✕  the upgrade was refused       ?  no answer was captured",
        "◐  picked up mid-stream          *  marked",
        "E W N  error, warning, note: the worst finding, and how many",
        "z  compressed     3fr  in three frames     !  a finding at this message",
        "ch2  of channel 2  raw  of an extension that is not decoded (filter: raw)"};
    (void)arg;
    unsigned place = t->depth > 1 ? t->views[t->depth - 2].screen->place : PLACE_SESSIONS;
    if (place & PLACE_SESSIONS) {
        add_place(h, PLACE_SESSIONS, "In the sessions list");
    }
    if (place & PLACE_FLOW) {
        add_place(h, PLACE_FLOW, "In the flow");
    }
    if (place & PLACE_MESSAGE) {
        add_place(h, PLACE_MESSAGE, "In a message");
    }
    add_place(h, PLACE_ANY, "Everywhere");
    add_place(h, PLACE_LISTS, "In sessions and flow");
    add(h, ACTION_NONE, "Marks", true);
    for (size_t i = 0; i < sizeof legend / sizeof *legend; i++) {
        add(h, ACTION_NONE, legend[i], false);
    }
    add(h, ACTION_NONE, "", false);
    for (unsigned other = PLACE_SESSIONS; other <= PLACE_MESSAGE; other <<= 1) {
        if (!(place & other)) {
            add_place(h, other,
                      other == PLACE_SESSIONS ? "In the sessions list"
                      : other == PLACE_FLOW   ? "In the flow"
                                              : "In a message");
        }
    }
}

static void help_draw(struct tui *t, void *state, struct area a)
{
    struct help *h = state;
    h->rows = a.rows;
    scroll_fit(&h->scroll, h->n, a.rows);
    for (int i = 0; i < a.rows && h->scroll.top + (size_t)i < h->n; i++) {
        const struct help_line *l = &h->lines[h->scroll.top + (size_t)i];
        int y = a.y + i;
        if (l->action == ACTION_NONE) {
            canvas_text(&t->canvas, y, l->heading ? 1 : 3, a.columns - 1,
                        l->heading ? ROLE_STRONG : ROLE_TEXT, l->text);
            continue;
        }
        char keys[128];
        keys_of(&t->keys, l->action, keys, sizeof keys);
        int name = a.columns >= 60 ? 20 : 14;
        canvas_text(&t->canvas, y, 3, name + 2, ROLE_CLIENT, keys);
        canvas_text(&t->canvas, y, name + 3, a.columns - 1, ROLE_TEXT,
                    action_kind(l->action)->help);
    }
    scroll_bar(&t->canvas, a, h->scroll.top, h->n);
}

/* There is no cursor: the whole moves. */
static bool help_act(struct tui *t, void *state, enum action action, uint64_t count)
{
    struct help *h = state;
    (void)t;
    if (action == ACTION_HELP || action == ACTION_OPEN) {
        tui_back(t);
        return true;
    }
    bool down = action == ACTION_DOWN || action == ACTION_PAGE_DOWN || action == ACTION_HALF_DOWN;
    h->scroll.cursor = down ? h->scroll.top + (size_t)h->rows - 1 : h->scroll.top;
    return scroll_act(&h->scroll, action, count, h->n, h->rows);
}

static void help_mouse(struct tui *t, void *state, const struct terminal_mouse *m, struct area a)
{
    (void)a;
    if (m->wheel_up || m->wheel_down) {
        help_act(t, state, m->wheel_up ? ACTION_UP : ACTION_DOWN, 3);
    }
}

static bool help_find(struct tui *t, void *state, int way)
{
    struct help *h = state;
    for (size_t i = 1; i <= h->n; i++) {
        size_t at = way > 0 ? (h->scroll.top + i) % h->n : (h->scroll.top + h->n - i) % h->n;
        const struct help_line *l = &h->lines[at];
        struct bytes b =
            bytes_of(l->action != ACTION_NONE ? action_kind(l->action)->help : l->text);
        if (text_find(b, 0, bytes_of(t->search)) < b.n) {
            h->scroll.top = h->scroll.cursor = at;
            return true;
        }
    }
    return false;
}

const struct screen help_screen = {
    .name = "Help",
    .place = PLACE_OTHER,
    .state_size = sizeof(struct help),
    .open = help_open,
    .draw = help_draw,
    .act = help_act,
    .mouse = help_mouse,
    .find = help_find,
    .hints = {ACTION_PAGE_DOWN, ACTION_PAGE_UP, ACTION_SEARCH, ACTION_BACK},
};
