/* Columns: which of them are shown, in which order, and how wide. */
#include "columns.h"
#include "tui.h"

#include <stdio.h>

struct choice {
    uint8_t column, width;
    bool on;
};

struct choose {
    struct choice list[SETTINGS_COLUMNS_MAX];
    size_t n;
    struct scroll scroll;
    int rows;
};

static void choose_open(struct tui *t, void *state, const void *arg)
{
    struct choose *c = state;
    (void)arg;
    for (size_t i = 0; i < t->settings.n_columns; i++) {
        c->list[c->n++] = (struct choice){t->settings.columns[i], t->settings.widths[i], true};
    }
    for (size_t i = 0; i < columns_count() && c->n < SETTINGS_COLUMNS_MAX; i++) {
        bool there = false;
        for (size_t j = 0; j < t->settings.n_columns; j++) {
            there |= t->settings.columns[j] == i;
        }
        if (!there) {
            c->list[c->n++] = (struct choice){(uint8_t)i, 0, false};
        }
    }
}

/* What is chosen is shown at once. */
static void apply(struct tui *t, const struct choose *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        if (c->list[i].on) {
            t->settings.columns[n] = c->list[i].column;
            t->settings.widths[n++] = c->list[i].width;
        }
    }
    t->settings.n_columns = n;
}

static void choose_draw(struct tui *t, void *state, struct area a)
{
    struct choose *c = state;
    int columns = a.columns < 62 ? a.columns : 62;
    struct area box = {a.y, (a.columns - columns) / 2, a.rows, columns};
    int end = box.x + columns - 2;
    canvas_box(&t->canvas, box, "Columns");
    c->rows = box.rows - 2;
    scroll_fit(&c->scroll, c->n, c->rows);
    for (int i = 0; i < c->rows && c->scroll.top + (size_t)i < c->n; i++) {
        const struct choice *x = &c->list[c->scroll.top + (size_t)i];
        const struct column *k = column_at(x->column);
        int y = box.y + 1 + i;
        int width = x->width > 0 ? x->width : k->width;
        canvas_text(&t->canvas, y, box.x + 2, end, x->on ? ROLE_DIALOG_GOOD : ROLE_DIALOG_DIM,
                    x->on ? "[x]" : "[ ]");
        canvas_format(&t->canvas, y, box.x + 6, end, ROLE_DIALOG_STRONG, "%-14s", k->name);
        canvas_format(&t->canvas, y, box.x + 21, end, ROLE_DIALOG_DIM, width > 0 ? "%3d" : "fit",
                      width);
        canvas_text(&t->canvas, y, box.x + 25, end, ROLE_DIALOG, k->help);
        if (c->scroll.top + (size_t)i == c->scroll.cursor) {
            canvas_flag(&t->canvas, y, box.x + 1, end + 1, CELL_CURSOR);
        }
    }
    canvas_text(&t->canvas, box.y + box.rows - 1, box.x + 2, end, ROLE_DIALOG_DIM,
                " Space on/off  - + move  < > width  r reset  W keep  Enter ");
}

static void move_column(struct choose *c, bool down)
{
    size_t from = c->scroll.cursor, to = down ? from + 1 : from - 1;
    if (to < c->n) { /* beneath 0 it is very large */
        struct choice x = c->list[from];
        c->list[from] = c->list[to];
        c->list[to] = x;
        c->scroll.cursor = to;
    }
}

static void widen(struct choice *x, int by)
{
    int width = (x->width > 0 ? x->width : column_at(x->column)->width) + by;
    x->width = (uint8_t)(width < 1 ? 1 : width > 200 ? 200 : width);
}

static size_t chosen(const struct choose *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->n; i++) {
        n += c->list[i].on;
    }
    return n;
}

static void choose_key(struct tui *t, void *state, uint32_t key)
{
    struct choose *c = state;
    struct choice *x = &c->list[c->scroll.cursor];
    struct err err;
    if (key == KEYS_ENTER || key == KEYS_ESCAPE || key == 'q') {
        tui_back(t);
        return;
    }
    if (key == ' ') {
        x->on = !x->on || chosen(c) == 1;
    } else if (key == '-' || key == '+' || key == 'K' || key == 'J') {
        move_column(c, key == '+' || key == 'J');
    } else if (key == '<' || key == '>') {
        widen(x, key == '<' ? -1 : 1);
    } else if (key == 'W') {
        tui_keep_settings(t);
    } else if (key == 'r') {
        char line[512];
        snprintf(line, sizeof line, "columns = %s", columns_default);
        settings_line(&t->settings, line, &err);
        *c = (struct choose){0};
        choose_open(t, c, NULL);
    } else {
        struct keys keys = t->keys;
        uint64_t count;
        bool pending;
        enum action action = keys_action(&keys, PLACE_OTHER, key, &count, &pending);
        scroll_act(&c->scroll, action, 0, c->n, c->rows);
    }
    apply(t, c);
}

const struct screen columns_screen = {
    .name = "Columns",
    .dialog = true,
    .state_size = sizeof(struct choose),
    .open = choose_open,
    .draw = choose_draw,
    .key = choose_key,
};
