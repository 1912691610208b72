/* The dialogs one types in: search and filter. */
#include "tui.h"

#include <ctype.h>
#include <stdio.h>

/*--- Search -------------------------------------------------------------------------------------*/

struct search {
    struct line_edit line;
};

static void search_open(struct tui *t, void *state, const void *arg)
{
    struct search *s = state;
    (void)arg;
    line_set(&s->line, t->search);
}

static void search_draw(struct tui *t, void *state, struct area a)
{
    struct search *s = state;
    int y = a.y + a.rows;
    canvas_fill(&t->canvas, y, 0, a.columns, ROLE_DIALOG, ' ');
    canvas_text(&t->canvas, y, 1, a.columns, ROLE_DIALOG_STRONG, "Search: ");
    line_draw(&t->canvas, &s->line, y, 9, a.columns - 1, ROLE_DIALOG_INPUT);
}

static void search_key(struct tui *t, void *state, uint32_t key)
{
    struct search *s = state;
    if (key == KEYS_ESCAPE || key == 'C' - '@' || key == 'G' - '@') {
        t->search[0] = '\0';
        tui_back(t);
    } else if (key == KEYS_ENTER) {
        snprintf(t->search, sizeof t->search, "%.*s", (int)sizeof t->search - 1, s->line.text);
        tui_back(t);
        struct view *v = &t->views[t->depth - 1];
        if (t->search[0] != '\0' && v->screen->find != NULL && !v->screen->find(t, v->state, 1)) {
            tui_say(t, true, "'%.100s' is not there", t->search);
        }
    } else {
        line_key(&s->line, key);
    }
}

const struct screen search_screen = {
    .name = "Search",
    .dialog = true,
    .state_size = sizeof(struct search),
    .open = search_open,
    .draw = search_draw,
    .key = search_key,
};

/*--- Filter -------------------------------------------------------------------------------------*/

#define SUGGESTIONS_MAX 5

struct filter_dialog {
    struct line_edit line;
    struct filter_error error;
    bool wrong;
    const struct filter_field *fields[SUGGESTIONS_MAX];
    int n_fields, chosen;
};

/* The word that ends at the cursor. */
static size_t word_start(const struct line_edit *l)
{
    size_t at = l->at;
    while (at > 0 && (isalnum((unsigned char)l->text[at - 1]) || l->text[at - 1] == '_' ||
                      l->text[at - 1] == '.')) {
        at--;
    }
    return at;
}

/* A field is expected, and not a value: nothing but a beginning, a word that joins, ( or ! before.
 */
static bool field_expected(const struct line_edit *l, size_t start)
{
    static const char *const words[] = {"and", "or", "not"};
    while (start > 0 && l->text[start - 1] == ' ') {
        start--;
    }
    if (start == 0 || strchr("(!&|", l->text[start - 1]) != NULL) {
        return true;
    }
    for (size_t i = 0; i < 3; i++) {
        size_t n = strlen(words[i]);
        if (start >= n && strncmp(l->text + start - n, words[i], n) == 0) {
            return true;
        }
    }
    return false;
}

static void suggest(struct filter_dialog *d)
{
    size_t start = word_start(&d->line), n = d->line.at - start;
    d->n_fields = 0;
    d->chosen = 0;
    if (!field_expected(&d->line, start)) {
        return;
    }
    const struct filter_field *f;
    for (size_t i = 0; (f = filter_field_at(i)) != NULL && d->n_fields < SUGGESTIONS_MAX; i++) {
        bool own = f->same_as == NULL || (n > 4 && strlen(f->name) > n);
        if (own && strncmp(f->name, d->line.text + start, n) == 0) {
            d->fields[d->n_fields++] = f;
        }
    }
}

static void check(struct filter_dialog *d)
{
    struct filter *f = filter_compile(d->line.text, &d->error);
    d->wrong = f == NULL;
    filter_free(f);
    suggest(d);
}

static void filter_open(struct tui *t, void *state, const void *arg)
{
    struct filter_dialog *d = state;
    (void)arg;
    line_set(&d->line, t->filter_text);
    check(d);
}

static void draw_suggestions(struct tui *t, const struct filter_dialog *d, struct area box)
{
    int y = box.y + 4;
    for (int i = 0; i < d->n_fields && y + i < box.y + box.rows - 1; i++) {
        const struct filter_field *f = d->fields[i], *own = filter_field_own(f);
        int end = box.x + box.columns - 2;
        char type[16];
        size_t n = 0;
        for (; own->type[n] != '\0' && n < sizeof type - 1; n++) {
            type[n] = (char)tolower((unsigned char)own->type[n]);
        }
        type[n] = '\0';
        canvas_format(&t->canvas, y + i, box.x + 3, end, ROLE_DIALOG_STRONG, "%s", f->name);
        canvas_format(&t->canvas, y + i, box.x + 24, end, ROLE_DIALOG_DIM, "%-9s", type);
        canvas_text(&t->canvas, y + i, box.x + 34, end, ROLE_DIALOG, own->help);
        if (i == d->chosen) {
            canvas_flag(&t->canvas, y + i, box.x + 2, end, CELL_CURSOR);
        }
    }
    if (d->n_fields == 0 && !d->wrong) {
        canvas_text(&t->canvas, y, box.x + 3, box.x + box.columns - 2, ROLE_DIALOG_DIM,
                    "== != < <= > >= contains matches in   and or not ( )");
    }
}

static void filter_draw(struct tui *t, void *state, struct area a)
{
    struct filter_dialog *d = state;
    int columns = a.columns > 100 ? 96 : a.columns - 2;
    int rows = a.rows < 10 ? a.rows : 10;
    struct area box = {a.y + a.rows - rows, (a.columns - columns) / 2, rows, columns};
    int end = box.x + box.columns - 2;
    canvas_box(&t->canvas, box, "Filter");
    draw_suggestions(t, d, box);
    line_draw(&t->canvas, &d->line, box.y + 1, box.x + 2, end, ROLE_DIALOG_INPUT);
    struct bytes before = {(const uint8_t *)d->line.text, d->error.at};
    int caret = box.x + 2 + text_columns(before, t->canvas.utf8, box.columns);
    if (d->wrong) {
        canvas_text(&t->canvas, box.y + 2, caret, end, ROLE_DIALOG_ERROR, "^");
        text_put_string(&t->canvas, box.y + 3, box.x + 2, end, ROLE_DIALOG_ERROR, d->error.text);
    } else {
        canvas_text(&t->canvas, box.y + 3, box.x + 2, end, ROLE_DIALOG_GOOD,
                    d->line.n > 0 ? "✓ Enter applies it"
                                  : "host contains \"example\" and opcode == text");
    }
    canvas_text(&t->canvas, box.y + box.rows - 1, box.x + 2, end, ROLE_DIALOG_DIM,
                " Tab completes, Enter applies, Esc leaves it as it was ");
}

static void complete(struct filter_dialog *d)
{
    if (d->chosen >= d->n_fields) {
        return;
    }
    const char *name = d->fields[d->chosen]->name;
    size_t start = word_start(&d->line);
    while (d->line.at > start) {
        line_key(&d->line, KEYS_BACKSPACE);
    }
    for (; *name != '\0'; name++) {
        line_key(&d->line, (uint32_t)*name);
    }
    line_key(&d->line, ' ');
    check(d);
}

static void filter_key(struct tui *t, void *state, uint32_t key)
{
    struct filter_dialog *d = state;
    if (key == KEYS_ESCAPE || key == 'C' - '@' || key == 'G' - '@') {
        tui_back(t);
    } else if (key == KEYS_ENTER) {
        if (tui_filter(t, d->line.text, &d->error) == 0) {
            tui_back(t);
        }
    } else if (key == KEYS_TAB) {
        complete(d);
    } else if (key == KEYS_UP || key == KEYS_DOWN) {
        int n = d->n_fields > 0 ? d->n_fields : 1;
        d->chosen = (d->chosen + (key == KEYS_DOWN ? 1 : n - 1)) % n;
    } else if (line_key(&d->line, key)) {
        check(d);
    }
}

const struct screen filter_screen = {
    .name = "Filter",
    .dialog = true,
    .state_size = sizeof(struct filter_dialog),
    .open = filter_open,
    .draw = filter_draw,
    .key = filter_key,
};
