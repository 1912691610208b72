/* Sessions: the list that everything starts from. */
#include "columns.h"
#include "tui.h"

#include <stdio.h>

#define RESORT_NS INT64_C(1000000000)

struct sessions {
    struct scroll scroll;
    uint32_t at; /* the session under the cursor: it stays there whatever arrives */
    bool placed;
    size_t first_column; /* scrolled to the side */
    int sort;            /* index into the settings' columns; -1: by their beginning */
    bool down, top;
    int64_t sorted_ts;
    uint64_t asked; /* how much had happened when the filter was asked last */
    int64_t asked_ts;
    struct long_find find;
    size_t sorted_n;
    int rows;
};

static void sessions_open(struct tui *t, void *state, const void *arg)
{
    struct sessions *s = state;
    (void)t;
    (void)arg;
    s->sort = -1;
}

/*--- Columns ------------------------------------------------------------------------------------*/

/* Columns that the largest session number takes. */
static int number_width(const struct tui *t)
{
    int width = 1;
    for (size_t n = tui_sessions(t); n >= 10; n /= 10) {
        width++;
    }
    return width;
}

static int width_of(const struct tui *t, size_t i)
{
    const struct column *c = column_at(t->settings.columns[i]);
    int width = t->settings.widths[i] > 0 ? t->settings.widths[i] : c->width;
    if (t->settings.widths[i] == 0 && c == column_at((size_t)column_find("number")) &&
        number_width(t) > width) {
        width = number_width(t);
    }
    return width > 0 ? width : COLUMN_FLEXIBLE_MIN;
}

static bool is_flexible(const struct tui *t, size_t i)
{
    return t->settings.widths[i] == 0 && column_at(t->settings.columns[i])->width == 0;
}

/* Columns that fit from the first shown on, and what the flexible one of them gets on top; less
 * than nothing when there is hardly room for it. */
static size_t fitting(const struct tui *t, size_t first, int width, int *extra)
{
    int used = 1; /* the mark */
    size_t i = first;
    bool flexible = false;
    for (; i < t->settings.n_columns; i++) {
        bool squeezed = is_flexible(t, i) && !flexible && width - used >= COLUMN_SQUEEZED_MIN;
        if (used + width_of(t, i) > width && !squeezed) {
            break;
        }
        used += width_of(t, i) + 1;
        flexible |= is_flexible(t, i);
    }
    *extra = flexible ? width - used + 1 : 0;
    return i;
}

static void draw_cell(struct canvas *c, const struct column *column, const struct column_cell *cell,
                      int y, int x, int width)
{
    struct bytes b = cell->wire.p != NULL ? cell->wire : bytes_of(cell->text);
    if (cell->wire.p != NULL) {
        text_put(c, y, x, x + width, cell->role, b);
        return;
    }
    int columns = 0;
    for (size_t i = 0; i < b.n; i++) {
        columns += (b.p[i] & 0xc0) != 0x80;
    }
    int skip = column->right && columns < width ? width - columns : 0;
    if (columns > width) {
        text_put(c, y, x, x + width, cell->role, b);
    } else {
        canvas_text(c, y, x + skip, x + width, cell->role, cell->text);
    }
}

static void draw_row(struct tui *t, const struct sessions *s, uint32_t index, int y, int width)
{
    const struct store_session *row = store_session(t->feed->store, index);
    int extra, x = 1;
    size_t end = fitting(t, s->first_column, width, &extra);
    if (tui_is_marked(t, index)) {
        canvas_text(&t->canvas, y, 0, 1, ROLE_WARNING, "*");
    }
    for (size_t i = s->first_column; i < end; i++) {
        const struct column *column = column_at(t->settings.columns[i]);
        struct column_cell cell = {.role = ROLE_TEXT};
        int w = width_of(t, i) + (is_flexible(t, i) ? extra : 0);
        column->show(t, row, &cell);
        draw_cell(&t->canvas, column, &cell, y, x, w);
        x += w + 1;
    }
}

static void draw_header(struct tui *t, const struct sessions *s, int y, int width)
{
    int extra, x = 1;
    size_t end = fitting(t, s->first_column, width, &extra);
    canvas_fill(&t->canvas, y, 0, width + 1, ROLE_HEADER, ' ');
    for (size_t i = s->first_column; i < end; i++) {
        const struct column *column = column_at(t->settings.columns[i]);
        struct column_cell cell = {.role = ROLE_HEADER};
        int w = width_of(t, i) + (is_flexible(t, i) ? extra : 0);
        bool sorted = s->sort == (int)i && !s->top;
        snprintf(cell.text, sizeof cell.text, "%s%s", column->title,
                 !sorted   ? ""
                 : s->down ? "▼"
                           : "▲");
        draw_cell(&t->canvas, column, &cell, y, x, w);
        x += w + 1;
    }
    if (s->first_column > 0) {
        canvas_text(&t->canvas, y, 0, 1, ROLE_HEADER, "◄");
    }
    if (end < t->settings.n_columns) {
        canvas_text(&t->canvas, y, width, width + 1, ROLE_HEADER, "►");
    }
}

/*--- Drawing ------------------------------------------------------------------------------------*/

/* The cursor stays on its session. */
static void place_cursor(struct tui *t, struct sessions *s)
{
    size_t n = order_count(&t->order);
    bool found = false;
    if (n == 0) {
        s->scroll.cursor = s->scroll.top = 0;
        return;
    }
    if (s->placed) {
        size_t before = s->scroll.cursor;
        s->scroll.cursor = order_find(&t->order, s->at, before, &found);
        s->scroll.top = s->scroll.cursor >= before ? s->scroll.top + (s->scroll.cursor - before)
                        : s->scroll.top > before - s->scroll.cursor
                            ? s->scroll.top - (before - s->scroll.cursor)
                            : 0;
    }
    if (t->settings.autoscroll && !t->paused && !s->top) {
        s->scroll.cursor = n - 1;
    }
    scroll_fit(&s->scroll, n, s->rows);
    s->at = order_at(&t->order, s->scroll.cursor);
    s->placed = true;
}

static void draw_filter(struct tui *t, int y)
{
    struct canvas *c = &t->canvas;
    char shown[SHORT_TEXT_BYTES], all[SHORT_TEXT_BYTES];
    long_count(shown, order_count(&t->order));
    long_count(all, tui_sessions(t));
    int x = canvas_text(c, y, 1, c->columns, ROLE_STRONG, "Filter ");
    x = text_put_string(c, y, x, c->columns - 24, ROLE_GOOD,
                        t->filter_text[0] != '\0' ? t->filter_text : "cleared: F9 shows all");
    canvas_format(c, y, x + 2, c->columns, ROLE_DIM, "%s of %s%s", shown, all,
                  order_busy(&t->order, tui_sessions(t)) ? " ..." : "");
}

static void draw_nothing(struct tui *t, struct area a)
{
    const char *text = !t->feed->finished    ? "No WebSocket session yet ..."
                       : tui_sessions(t) > 0 ? "No session matches the filter. F9 shows all."
                                             : "There is no WebSocket session in this capture.";
    canvas_text(&t->canvas, a.y + a.rows / 2, (a.columns - (int)strlen(text)) / 2, a.columns,
                ROLE_DIM, text);
    uint64_t tls = model_totals(t->feed->model)->tls_connections;
    if (tls > 0 && tui_sessions(t) == 0) {
        char key[KEY_LABEL_BYTES];
        keys_first(&t->keys, ACTION_CLOSED_TLS, key);
        canvas_format(&t->canvas, a.y + a.rows / 2 + 1, (a.columns - 66) / 2, a.columns, ROLE_DIM,
                      "%llu TLS connection%s could not be read: %s tells more of %s.",
                      (unsigned long long)tls, tls == 1 ? "" : "s", key, tls == 1 ? "it" : "them");
    }
}

static void sessions_draw(struct tui *t, void *state, struct area a)
{
    struct sessions *s = state;
    bool filtered = t->filter_text[0] != '\0' || t->first_shown > 0;
    s->rows = a.rows - 1 - filtered;
    place_cursor(t, s);
    draw_header(t, s, a.y, a.columns - 1);
    size_t n = order_count(&t->order);
    for (int i = 0; i < s->rows && s->scroll.top + (size_t)i < n; i++) {
        int y = a.y + 1 + i;
        draw_row(t, s, order_at(&t->order, s->scroll.top + (size_t)i), y, a.columns - 1);
        if (s->scroll.top + (size_t)i == s->scroll.cursor) {
            canvas_flag(&t->canvas, y, 0, a.columns, CELL_CURSOR);
        }
    }
    if (n == 0) {
        draw_nothing(t, a);
    }
    scroll_bar(&t->canvas, (struct area){a.y + 1, a.x, s->rows, a.columns}, s->scroll.top, n);
    if (filtered) {
        draw_filter(t, a.y + a.rows - 1);
    }
}

/*--- Sorting ------------------------------------------------------------------------------------*/

static void sort_now(struct tui *t, struct sessions *s)
{
    struct order_by by = {.down = s->down, .now = store_clock(t->feed->store)};
    if (s->sort < 0 && !s->top) {
        order_unsort(&t->order);
        return;
    }
    const struct column *c =
        column_at(s->top ? (size_t)column_find("rate") : t->settings.columns[s->sort]);
    by.number = c->number;
    by.text = c->number == NULL ? c->text : NULL;
    by.down = s->top || s->down;
    order_sort(&t->order, &by);
    s->sorted_ts = t->now();
    s->sorted_n = order_count(&t->order);
}

static void sort_by(struct tui *t, struct sessions *s, int column)
{
    s->top = false;
    s->sort = column;
    sort_now(t, s);
    if (column >= 0) {
        tui_say(t, false, "sorted by %s, %s first", column_at(t->settings.columns[column])->name,
                s->down ? "largest" : "smallest");
    } else {
        tui_say(t, false, "in the order of their beginning");
    }
}

static void sort_step(struct tui *t, struct sessions *s, int way)
{
    int n = (int)t->settings.n_columns;
    sort_by(t, s, (s->sort + 1 + way + n + 1) % (n + 1) - 1);
}

/* Any of what the columns show holds the text that is searched for. */
static bool holds(struct tui *t, void *state, size_t row_number)
{
    uint32_t index = order_at(&t->order, row_number);
    (void)state;
    const struct store_session *row = store_session(t->feed->store, index);
    struct bytes needle = bytes_of(t->search);
    for (size_t i = 0; i < t->settings.n_columns; i++) {
        struct column_cell cell = {.role = ROLE_TEXT};
        column_at(t->settings.columns[i])->show(t, row, &cell);
        struct bytes b = cell.wire.p != NULL ? cell.wire : bytes_of(cell.text);
        if (text_find(b, 0, needle) < b.n) {
            return true;
        }
    }
    return false;
}

static void stand_on(struct tui *t, struct sessions *s, size_t row)
{
    s->scroll.cursor = row;
    s->placed = false;
    t->settings.autoscroll = false;
    t->changed = true;
}

static bool sessions_find(struct tui *t, void *state, int way)
{
    struct sessions *s = state;
    size_t found;
    if (!find_begin(t, &s->find, s->scroll.cursor, order_count(&t->order), way, holds, s, &found)) {
        return false;
    }
    if (found != SIZE_MAX) {
        stand_on(t, s, found);
    }
    return true;
}

static bool sessions_busy(struct tui *t, void *state)
{
    (void)t;
    return ((const struct sessions *)state)->find.left > 0;
}

/* Sessions that go on may come to match the filter, or not any more. */
static void filter_again(struct tui *t, struct sessions *s)
{
    uint64_t now = store_messages(t->feed->store) + model_sessions_ended(t->feed->model);
    if (now == s->asked || (!t->feed->finished && t->now() - s->asked_ts < RESORT_NS)) {
        return;
    }
    s->asked = now;
    s->asked_ts = t->now();
    if (filter_needs(t->filter) & FILTER_MESSAGES) {
        order_ask_again(&t->order);
    } else {
        order_restart(&t->order, t->first_shown);
    }
}

/* What is sorted by something that changes is sorted again from time to time. */
static bool sessions_step(struct tui *t, void *state, int64_t until)
{
    struct sessions *s = state;
    size_t found;
    if (find_more(t, &s->find, order_count(&t->order), holds, s, until, &found)) {
        stand_on(t, s, found);
    }
    bool sorted = s->top || s->sort >= 0;
    bool moves = !t->feed->finished || s->sorted_n != order_count(&t->order);
    bool idle = !t->paused && !order_busy(&t->order, tui_sessions(t));
    if (idle && sorted && moves && t->now() - s->sorted_ts >= RESORT_NS) {
        sort_now(t, s);
    } else if (idle && t->filter != NULL) {
        filter_again(t, s);
    }
    return false;
}

/*--- Keys ---------------------------------------------------------------------------------------*/

static void to_the_side(struct tui *t, struct sessions *s, bool right)
{
    if (right) {
        s->first_column += s->first_column + 1 < t->settings.n_columns;
    } else {
        s->first_column -= s->first_column > 0;
    }
}

static void clear_list(struct tui *t)
{
    t->first_shown = tui_sessions(t);
    order_restart(&t->order, t->first_shown);
    tui_say(t, false, "hidden; F9 shows them again");
}

static bool sessions_act(struct tui *t, void *state, enum action action, uint64_t count)
{
    struct sessions *s = state;
    size_t n = order_count(&t->order);
    s->find.left = 0;
    if (scroll_act(&s->scroll, action, count, n, s->rows)) {
        s->placed = false;
        if (n > 0 && s->scroll.cursor + 1 < n) {
            t->settings.autoscroll = false;
        }
        return true;
    }
    switch (action) {
    case ACTION_LEFT:
    case ACTION_RIGHT:
        to_the_side(t, s, action == ACTION_RIGHT);
        return true;
    case ACTION_OPEN:
        if (n > 0) {
            s->at = s->placed ? s->at : order_at(&t->order, s->scroll.cursor);
            tui_open(t, &flow_screen, &s->at);
        }
        return true;
    case ACTION_SELECT:
        if (n > 0) {
            tui_mark(t, s->at, !tui_is_marked(t, s->at));
            scroll_act(&s->scroll, ACTION_DOWN, 1, n, s->rows);
            s->placed = false;
        }
        return true;
    case ACTION_SORT_NEXT:
    case ACTION_SORT_PREVIOUS:
        sort_step(t, s, action == ACTION_SORT_NEXT ? 1 : -1);
        return true;
    case ACTION_SORT_TURN:
        s->down = !s->down;
        sort_by(t, s, s->sort < 0 ? 1 : s->sort);
        return true;
    case ACTION_TOP:
        s->top = !s->top;
        sort_now(t, s);
        tui_say(t, false, s->top ? "busiest first" : "in the order as before");
        return true;
    case ACTION_COLUMNS:
        tui_open(t, &columns_screen, NULL);
        return true;
    case ACTION_CLEAR:
        clear_list(t);
        return true;
    default:
        return false;
    }
}

static int column_under(const struct tui *t, const struct sessions *s, int at, int width)
{
    int extra, x = 1;
    size_t end = fitting(t, s->first_column, width, &extra);
    for (size_t i = s->first_column; i < end; i++) {
        x += width_of(t, i) + (is_flexible(t, i) ? extra : 0) + 1;
        if (at < x) {
            return (int)i;
        }
    }
    return -1;
}

static void sessions_mouse(struct tui *t, void *state, const struct terminal_mouse *m,
                           struct area a)
{
    struct sessions *s = state;
    size_t n = order_count(&t->order);
    if (m->wheel_up || m->wheel_down) {
        sessions_act(t, s, m->wheel_up ? ACTION_UP : ACTION_DOWN, 3);
    } else if (m->y == a.y) {
        int column = column_under(t, s, m->x, a.columns - 1);
        if (column >= 0) {
            s->down = s->sort == column ? !s->down : s->down;
            sort_by(t, s, column);
        }
    } else if (m->press && m->y > a.y && m->y <= a.y + s->rows) {
        size_t row = s->scroll.top + (size_t)(m->y - a.y - 1);
        bool again = row == s->scroll.cursor;
        if (row < n) {
            s->scroll.cursor = row;
            s->placed = false;
            s->at = order_at(&t->order, row);
            if (m->twice || again) {
                sessions_act(t, s, ACTION_OPEN, 0);
            }
        }
    }
}

static bool sessions_subject(struct tui *t, void *state, struct subject *out)
{
    const struct sessions *s = state;
    *out = (struct subject){.session = s->at, .kind = SUBJECT_REQUEST};
    return order_count(&t->order) > 0;
}

const struct screen sessions_screen = {
    .name = "Sessions",
    .place = PLACE_SESSIONS,
    .state_size = sizeof(struct sessions),
    .open = sessions_open,
    .draw = sessions_draw,
    .act = sessions_act,
    .mouse = sessions_mouse,
    .step = sessions_step,
    .busy = sessions_busy,
    .find = sessions_find,
    .subject = sessions_subject,
    .hints = {ACTION_OPEN, ACTION_SEARCH, ACTION_FILTER, ACTION_COLUMNS, ACTION_SAVE,
              ACTION_STATISTICS, ACTION_FINDINGS, ACTION_HELP},
};
