/* Findings: each kind with how often and in how many sessions; what it means, and where it was. */
#include "tui.h"

#include <stdio.h>

#define PLACES_MAX 64 /* more than a screen has room for */

struct place {
    uint32_t session, record; /* which of its findings */
};

struct findings {
    enum finding_id list[FINDING_COUNT];
    size_t n;
    struct scroll scroll;
    int rows;
    enum finding_id places_of; /* what is, or was, looked for in the sessions */
    uint64_t found;            /* how often there was one when that began */
    struct place places[PLACES_MAX];
    size_t n_places;
    size_t at; /* the session to be asked next */
};

static const enum role roles[] = {ROLE_NOTE, ROLE_WARNING, ROLE_ERROR};

/* By severity, then as the table has them: it does not jump about while counts grow. */
static void make_list(struct tui *t, struct findings *f)
{
    const struct totals *totals = model_totals(t->feed->model);
    enum finding_id at = f->n > 0 ? f->list[f->scroll.cursor] : FINDING_COUNT;
    f->n = 0;
    for (int severity = SEVERITY_COUNT - 1; severity >= 0; severity--) {
        for (int id = 0; id < FINDING_COUNT; id++) {
            if (totals->findings[id] > 0 &&
                (int)finding_kind((enum finding_id)id)->severity == severity) {
                f->scroll.cursor = (enum finding_id)id == at ? f->n : f->scroll.cursor;
                f->list[f->n++] = (enum finding_id)id;
            }
        }
    }
}

static void draw_row(struct tui *t, enum finding_id id, int y, int width)
{
    const struct finding_kind *k = finding_kind(id);
    char count[SHORT_TEXT_BYTES], sessions[SHORT_TEXT_BYTES];
    struct canvas *c = &t->canvas;
    short_count(count, model_totals(t->feed->model)->findings[id]);
    short_count(sessions, store_finding_sessions(t->feed->store, id));
    int name = width >= 100 ? 34 : width >= 60 ? 26 : 18;
    canvas_format(c, y, 1, 9, roles[k->severity], "%s", finding_severity_name(k->severity));
    canvas_format(c, y, 9, 15, ROLE_TEXT, "%5s", count);
    canvas_format(c, y, 16, 22, ROLE_DIM, "%5s", sessions);
    canvas_text(c, y, 23, 23 + name, ROLE_TEXT, k->id);
    canvas_text(c, y, 24 + name, width - 1, ROLE_DIM, k->sentence);
}

static void findings_open(struct tui *t, void *state, const void *arg)
{
    (void)arg;
    make_list(t, state);
}

/*--- Where it was found -------------------------------------------------------------------------*/

/* Begins anew for another finding, or when all were asked and there are more of it since. */
static void begin_places(struct tui *t, struct findings *f)
{
    enum finding_id id = f->list[f->scroll.cursor];
    uint64_t found = model_totals(t->feed->model)->findings[id];
    bool asked_all = f->at >= store_count(t->feed->store);
    if (id != f->places_of || (asked_all && found != f->found)) {
        f->places_of = id;
        f->found = found;
        f->n_places = 0;
        f->at = store_first(t->feed->store);
    }
}

static void ask_session(struct findings *f, const struct store_session *s)
{
    for (uint32_t k = 0; s->worst >= 0 && k < s->session->finding_count; k++) {
        if (s->session->findings[k].id == f->places_of && f->n_places < PLACES_MAX) {
            f->places[f->n_places++] = (struct place){s->index, k};
        }
    }
}

static bool is_asking(const struct tui *t, const struct findings *f)
{
    return f->n > 0 && f->n_places < PLACES_MAX && f->at < store_count(t->feed->store);
}

static bool findings_step(struct tui *t, void *state, int64_t until)
{
    struct findings *f = state;
    size_t before = f->n_places;
    if (f->n > 0) {
        begin_places(t, f);
    }
    while (is_asking(t, f)) {
        ask_session(f, store_session(t->feed->store, f->at++));
        if ((f->at & 255) == 0 && t->now() >= until) {
            break;
        }
    }
    return f->n_places != before;
}

static bool findings_busy(struct tui *t, void *state)
{
    return is_asking(t, state);
}

static void draw_place(struct tui *t, const struct store_session *s, const struct finding_record *r,
                       int y, int columns)
{
    bool client = r->dir == DIR_CLIENT_TO_SERVER;
    int x = canvas_format(&t->canvas, y, 3, columns, ROLE_TEXT, "#%-5llu ",
                          (unsigned long long)s->session->id);
    x = canvas_format(&t->canvas, y, x, columns, client ? ROLE_CLIENT : ROLE_SERVER, "%s ",
                      client ? "client" : "server");
    x = canvas_format(&t->canvas, y, x, columns, ROLE_DIM, "packet %llu%s  ",
                      (unsigned long long)r->pkt, r->count > 1 ? ", and more" : "");
    text_put(&t->canvas, y, x, columns - 1, ROLE_TEXT, tui_shown_text(t, r->detail));
}

/* The first of them. */
static void draw_places(struct tui *t, const struct findings *f, enum finding_id id, struct area a)
{
    int y = a.y;
    for (size_t i = 0; i < f->n_places && y < a.y + a.rows; i++) {
        const struct store_session *s = store_session(t->feed->store, f->places[i].session);
        if (!store_is_gone(s)) {
            draw_place(t, s, &s->session->findings[f->places[i].record], y++, a.columns);
        }
    }
    if (is_asking(t, f) && y < a.y + a.rows) {
        canvas_text(&t->canvas, y++, 3, a.columns, ROLE_DIM, "...");
    }
    size_t of_capture;
    const struct finding_record *list = model_findings(t->feed->model, &of_capture);
    for (size_t i = 0; i < of_capture && y < a.y + a.rows; i++) {
        if (list[i].id == id) {
            int x = canvas_format(&t->canvas, y, 3, a.columns, ROLE_DIM,
                                  "the capture, packet %llu  ", (unsigned long long)list[i].pkt);
            text_put(&t->canvas, y++, x, a.columns - 1, ROLE_TEXT, list[i].detail);
        }
    }
}

static void findings_draw(struct tui *t, void *state, struct area a)
{
    struct findings *f = state;
    struct canvas *c = &t->canvas;
    make_list(t, f);
    int detail = a.rows >= 14 ? a.rows / 2 : 0;
    f->rows = a.rows - 1 - detail;
    scroll_fit(&f->scroll, f->n, f->rows);
    canvas_fill(c, a.y, 0, a.columns, ROLE_HEADER, ' ');
    canvas_text(c, a.y, 1, a.columns, ROLE_HEADER, "Severity Times  Sess. Finding");
    for (int i = 0; i < f->rows && f->scroll.top + (size_t)i < f->n; i++) {
        draw_row(t, f->list[f->scroll.top + (size_t)i], a.y + 1 + i, a.columns);
        if (f->scroll.top + (size_t)i == f->scroll.cursor) {
            canvas_flag(c, a.y + 1 + i, 0, a.columns, CELL_CURSOR);
        }
    }
    if (f->n == 0) {
        canvas_text(c, a.y + 2, 2, a.columns, ROLE_GOOD, "Nothing was found fault with.");
        return;
    }
    scroll_bar(c, (struct area){a.y + 1, 0, f->rows, a.columns}, f->scroll.top, f->n);
    if (detail > 0) {
        enum finding_id id = f->list[f->scroll.cursor];
        const struct finding_kind *k = finding_kind(id);
        int y = a.y + 1 + f->rows;
        canvas_fill(c, y, 0, a.columns, ROLE_LINE, 0x2500);
        canvas_format(c, y + 1, 1, a.columns, roles[k->severity], "%s", k->sentence);
        canvas_format(c, y + 2, 1, a.columns, ROLE_DIM, "%s, %s%s%s", k->id,
                      finding_class_name(k->class), k->section[0] != '\0' ? ", " : "", k->section);
        draw_places(t, f, id, (struct area){y + 4, 0, detail - 4, a.columns});
    }
}

/* The sessions that have it. */
static void show_sessions(struct tui *t, const struct findings *f)
{
    char text[128];
    struct filter_error error;
    if (f->n == 0) {
        return;
    }
    snprintf(text, sizeof text, "finding == %s", finding_kind(f->list[f->scroll.cursor])->id);
    tui_filter(t, text, &error);
    tui_home(t);
}

static bool findings_act(struct tui *t, void *state, enum action action, uint64_t count)
{
    struct findings *f = state;
    if (scroll_act(&f->scroll, action, count, f->n, f->rows)) {
        return true;
    }
    if (action == ACTION_OPEN) {
        show_sessions(t, f);
        return true;
    }
    if (action == ACTION_FINDINGS) {
        tui_back(t);
        return true;
    }
    return false;
}

static void findings_mouse(struct tui *t, void *state, const struct terminal_mouse *m,
                           struct area a)
{
    struct findings *f = state;
    if (m->wheel_up || m->wheel_down) {
        findings_act(t, f, m->wheel_up ? ACTION_UP : ACTION_DOWN, 3);
    } else if (m->press && m->y > a.y && m->y <= a.y + f->rows) {
        f->scroll.cursor = f->scroll.top + (size_t)(m->y - a.y - 1);
        if (m->twice) {
            show_sessions(t, f);
        }
    }
}

static bool findings_find(struct tui *t, void *state, int way)
{
    struct findings *f = state;
    for (size_t i = 1; i <= f->n; i++) {
        size_t at = way > 0 ? (f->scroll.cursor + i) % f->n : (f->scroll.cursor + f->n - i) % f->n;
        const struct finding_kind *k = finding_kind(f->list[at]);
        struct bytes needle = bytes_of(t->search), id = bytes_of(k->id);
        struct bytes sentence = bytes_of(k->sentence);
        if (text_find(id, 0, needle) < id.n || text_find(sentence, 0, needle) < sentence.n) {
            f->scroll.cursor = at;
            return true;
        }
    }
    return false;
}

const struct screen findings_screen = {
    .name = "Findings",
    .place = PLACE_OTHER,
    .state_size = sizeof(struct findings),
    .open = findings_open,
    .draw = findings_draw,
    .act = findings_act,
    .mouse = findings_mouse,
    .find = findings_find,
    .step = findings_step,
    .busy = findings_busy,
    .hints = {ACTION_OPEN, ACTION_SEARCH, ACTION_STATISTICS, ACTION_BACK, ACTION_HELP},
};
