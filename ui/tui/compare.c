/* Two messages side by side, what differs in colour. */
#include "page.h"

#include <stdio.h>
#include <stdlib.h>

#define EXACT_LINES_MAX 2000U /* for more, line stands beside line */

struct pair {
    int32_t line[2]; /* -1: nothing stands here */
    bool same;
};

struct compare {
    struct subject subject[2];
    struct page page[2];
    struct pair *pairs;
    size_t n;
    struct scroll scroll;
    int width, rows;
};

static struct bytes line_of(const struct page *p, size_t i)
{
    const struct page_line *l = &p->lines[i];
    return bytes_part(buffer_bytes(&p->text), l->at, l->n);
}

static bool same_line(const struct compare *c, size_t i, size_t j)
{
    return bytes_equal(bytes_trim(line_of(&c->page[0], i)), bytes_trim(line_of(&c->page[1], j)));
}

static void add_pair(struct compare *c, int32_t left, int32_t right, bool same)
{
    c->pairs[c->n++] = (struct pair){{left, right}, same};
}

/* Lines that were taken away and such that were added stand beside each other. */
static void add_change(struct compare *c, size_t i, size_t to_i, size_t j, size_t to_j)
{
    while (i < to_i || j < to_j) {
        add_pair(c, i < to_i ? (int32_t)i : -1, j < to_j ? (int32_t)j : -1, false);
        i += i < to_i;
        j += j < to_j;
    }
}

/* Walks the table of the longest common beginnings. */
static void align(struct compare *c, const uint16_t *longest, size_t n, size_t m)
{
    size_t i = 0, j = 0, from_i = 0, from_j = 0;
    while (i < n && j < m) {
        if (same_line(c, i, j)) {
            add_change(c, from_i, i, from_j, j);
            add_pair(c, (int32_t)i++, (int32_t)j++, true);
            from_i = i;
            from_j = j;
        } else if (longest[(i + 1) * (m + 1) + j] >= longest[i * (m + 1) + j + 1]) {
            i++;
        } else {
            j++;
        }
    }
    add_change(c, from_i, n, from_j, m);
}

static void make_pairs(struct compare *c)
{
    size_t n = c->page[0].n, m = c->page[1].n;
    free(c->pairs);
    c->n = 0;
    c->pairs = malloc((n + m + 1) * sizeof *c->pairs);
    uint16_t *longest = n <= EXACT_LINES_MAX && m <= EXACT_LINES_MAX
                            ? calloc((n + 1) * (m + 1), sizeof *longest)
                            : NULL;
    if (c->pairs == NULL) {
        free(longest);
        return;
    }
    if (longest == NULL) {
        for (size_t i = 0; i < n || i < m; i++) {
            bool both = i < n && i < m;
            add_pair(c, i < n ? (int32_t)i : -1, i < m ? (int32_t)i : -1,
                     both && same_line(c, i, i));
        }
        return;
    }
    for (size_t i = n; i-- > 0;) {
        for (size_t j = m; j-- > 0;) {
            uint16_t down = longest[(i + 1) * (m + 1) + j], right = longest[i * (m + 1) + j + 1];
            longest[i * (m + 1) + j] = same_line(c, i, j)
                                           ? (uint16_t)(longest[(i + 1) * (m + 1) + j + 1] + 1)
                                           : (down > right ? down : right);
        }
    }
    align(c, longest, n, m);
    free(longest);
}

static void make(struct tui *t, struct compare *c)
{
    enum page_mode mode = page_best(t, &c->subject[0]);
    c->width = t->canvas.columns;
    if (mode != page_best(t, &c->subject[1]) || mode == PAGE_HEX) {
        mode = PAGE_TEXT;
    }
    for (int i = 0; i < 2; i++) {
        page_make(&c->page[i], t, &c->subject[i], mode, c->width / 2 - 4);
    }
    make_pairs(c);
}

static void compare_open(struct tui *t, void *state, const void *arg)
{
    struct compare *c = state;
    const struct subject *two = arg;
    for (int i = 0; i < 2; i++) {
        c->subject[i] = two[i];
        page_init(&c->page[i]);
    }
    make(t, c);
}

static void compare_close(struct tui *t, void *state)
{
    struct compare *c = state;
    (void)t;
    page_done(&c->page[0]);
    page_done(&c->page[1]);
    free(c->pairs);
}

/* Columns that a line begins with and that are the same in both. */
static size_t common_beginning(struct bytes a, struct bytes b)
{
    size_t n = 0;
    while (n < a.n && n < b.n && a.p[n] == b.p[n]) {
        n++;
    }
    while (n > 0 && n < a.n && (a.p[n] & 0xc0) == 0x80) {
        n--;
    }
    return n;
}

static void draw_side(struct tui *t, const struct compare *c, const struct pair *p, int side, int y,
                      struct area a)
{
    if (p->line[side] < 0) {
        canvas_fill(&t->canvas, y, a.x, a.columns, ROLE_LINE, 0xb7);
        return;
    }
    size_t line = (size_t)p->line[side];
    enum role role = p->same ? ROLE_TEXT : side == 0 ? ROLE_REMOVED : ROLE_ADDED;
    struct bytes own = line_of(&c->page[side], line);
    int x = a.x + c->page[side].lines[line].indent * 2, end = a.x + a.columns;
    size_t common = own.n;
    if (!p->same) {
        bool both = p->line[1 - side] >= 0;
        common = both
                     ? common_beginning(own, line_of(&c->page[1 - side], (size_t)p->line[1 - side]))
                     : 0;
    }
    x = text_put(&t->canvas, y, x, end, ROLE_TEXT, bytes_part(own, 0, common));
    text_put(&t->canvas, y, x, end, role, bytes_from(own, common));
}

static void draw_head(struct tui *t, const struct compare *c, int side, struct area a)
{
    const struct store_session *s = store_session(t->feed->store, c->subject[side].session);
    const struct store_message *m = &s->messages[c->subject[side].message];
    char time[SHORT_TEXT_BYTES], size[SHORT_TEXT_BYTES];
    clock_text(time, m->ts, 3, t->settings.utc);
    long_count(size, m->len);
    canvas_format(&t->canvas, a.y, a.x, a.x + a.columns, ROLE_HEADER, "%s %s, %s bytes",
                  store_dir(m) == DIR_CLIENT_TO_SERVER ? "client" : "server", time, size);
}

static void compare_draw(struct tui *t, void *state, struct area a)
{
    struct compare *c = state;
    if (c->width != t->canvas.columns) {
        make(t, c);
    }
    int half = a.columns / 2;
    struct area left = {a.y, 1, a.rows, half - 2},
                right = {a.y, half + 1, a.rows, a.columns - half - 2};
    c->rows = a.rows - 1;
    scroll_fit(&c->scroll, c->n, c->rows);
    canvas_fill(&t->canvas, a.y, 0, a.columns, ROLE_HEADER, ' ');
    draw_head(t, c, 0, left);
    draw_head(t, c, 1, right);
    for (int i = 0; i < c->rows; i++) {
        int y = a.y + 1 + i;
        size_t at = c->scroll.top + (size_t)i;
        if (at < c->n) {
            draw_side(t, c, &c->pairs[at], 0, y, left);
            draw_side(t, c, &c->pairs[at], 1, y, right);
        }
        bool same = at >= c->n || c->pairs[at].same;
        canvas_text(&t->canvas, y, half - 1, half, same ? ROLE_LINE : ROLE_WARNING,
                    same ? "│" : "×");
        if (at == c->scroll.cursor) {
            canvas_flag(&t->canvas, y, 0, a.columns, CELL_CURSOR);
        }
    }
    scroll_bar(&t->canvas, (struct area){a.y + 1, 0, c->rows, a.columns}, c->scroll.top, c->n);
}

static bool compare_act(struct tui *t, void *state, enum action action, uint64_t count)
{
    struct compare *c = state;
    (void)t;
    return scroll_act(&c->scroll, action, count, c->n, c->rows);
}

/* To the next line that differs, or that holds the text. */
static bool compare_find(struct tui *t, void *state, int way)
{
    struct compare *c = state;
    struct bytes needle = bytes_of(t->search);
    for (size_t i = 1; i <= c->n; i++) {
        size_t at = way > 0 ? (c->scroll.cursor + i) % c->n : (c->scroll.cursor + c->n - i) % c->n;
        for (int side = 0; side < 2; side++) {
            int32_t line = c->pairs[at].line[side];
            struct bytes b =
                line >= 0 ? line_of(&c->page[side], (size_t)line) : (struct bytes){NULL, 0};
            if (text_find(b, 0, needle) < b.n) {
                c->scroll.cursor = at;
                return true;
            }
        }
    }
    return false;
}

static void compare_mouse(struct tui *t, void *state, const struct terminal_mouse *m, struct area a)
{
    (void)a;
    if (m->wheel_up || m->wheel_down) {
        compare_act(t, state, m->wheel_up ? ACTION_UP : ACTION_DOWN, 3);
    }
}

const struct screen compare_screen = {
    .name = "Compare",
    .place = PLACE_OTHER,
    .state_size = sizeof(struct compare),
    .open = compare_open,
    .close = compare_close,
    .draw = compare_draw,
    .act = compare_act,
    .mouse = compare_mouse,
    .find = compare_find,
    .hints = {ACTION_DOWN, ACTION_UP, ACTION_SEARCH, ACTION_BACK, ACTION_HELP},
};
