/* Statistics: plots and tables of everything that was read, one page that scrolls. */
#include "tui.h"

#include "decoders/registry/registry.h"
#include "ui/report/address.h"
#include "ui/report/close_counts.h"

#include <stdio.h>
#include <stdlib.h>

#define PAGE_ROWS 200
#define PLOT_ROWS 6
#define LIST_ROWS 8
#define TWO_COLUMNS 104

struct statistics {
    struct canvas page; /* all of it; a part is copied to the screen */
    int used;
    struct scroll scroll;
    int rows;
};

/* Where the next block is drawn. */
struct pen {
    struct tui *t;
    struct canvas *c;
    int y, x, end;
};

static void heading(struct pen *p, const char *text)
{
    int x = canvas_format(p->c, p->y, p->x, p->end, ROLE_STRONG, "%s ", text);
    canvas_fill(p->c, p->y, x, p->end - x, ROLE_LINE, 0x2500);
    p->y++;
}

/*--- Plots --------------------------------------------------------------------------------------*/

/* Columns of dots, 2 x 4 to a cell: U+2800 and a bit for each dot (Unicode 15, Braille Patterns).
 */
static void braille(struct pen *p, const double *values, int n, double most, enum role role,
                    int rows)
{
    static const uint8_t bits[2][4] = {{0x40, 0x04, 0x02, 0x01}, {0x80, 0x20, 0x10, 0x08}};
    for (int i = 0; i < n; i++) {
        int dots = most > 0 ? (int)(values[i] / most * rows * 4 + 0.5) : 0;
        dots = dots == 0 && values[i] > 0 ? 1 : dots;
        for (int d = 0; d < dots; d++) {
            struct cell *cell = canvas_at(p->c, p->y + rows - 1 - d / 4, p->x + 9 + i / 2);
            if (cell != NULL) {
                uint32_t had = cell->c[0] >= 0x2800 && cell->c[0] < 0x2900 ? cell->c[0] : 0x2800;
                cell->c[0] = had | bits[i & 1][d & 3];
                cell->role = (uint8_t)role;
            }
        }
    }
}

/* The series brought to n values. Returns the largest. */
static double resample(const struct store_series *s, const uint64_t *from, double *to, int n)
{
    double most = 0;
    for (int i = 0; i < n; i++) {
        size_t first = (size_t)i * s->n / (size_t)n, last = (size_t)(i + 1) * s->n / (size_t)n;
        double sum = 0;
        last = last > first ? last : first + 1;
        for (size_t k = first; k < last && k < s->n; k++) {
            sum += (double)from[k];
        }
        to[i] = s->width > 0 ? sum / (double)(last - first) / ((double)s->width / 1e9) : 0;
        most = to[i] > most ? to[i] : most;
    }
    return most;
}

static void plot(struct pen *p, const char *title, const uint64_t *from, bool bytes, enum role role)
{
    const struct store_series *s = store_series(p->t->feed->store);
    double values[CANVAS_MAX_COLUMNS];
    char top[SHORT_TEXT_BYTES], from_text[SHORT_TEXT_BYTES], to_text[SHORT_TEXT_BYTES];
    int n = (p->end - p->x - 10) * 2;
    n = n < 2 ? 2 : n > CANVAS_MAX_COLUMNS ? CANVAS_MAX_COLUMNS : n;
    heading(p, title);
    double most = s->n > 0 ? resample(s, from, values, n) : 0;
    (bytes ? short_bytes : short_count)(top, (uint64_t)(most + 0.5));
    canvas_format(p->c, p->y, p->x, p->end, ROLE_DIM, "%5s/s", top);
    canvas_format(p->c, p->y + PLOT_ROWS - 1, p->x, p->end, ROLE_DIM, "%5s", "0");
    for (int i = 0; i < PLOT_ROWS; i++) {
        canvas_fill(p->c, p->y + i, p->x + 8, 1, ROLE_LINE, 0x2502);
    }
    braille(p, values, most > 0 ? n : 0, most, role, PLOT_ROWS);
    p->y += PLOT_ROWS;
    clock_text(from_text, s->origin, 0, p->t->settings.utc);
    clock_text(to_text, s->origin + s->width * (int64_t)s->n, 0, p->t->settings.utc);
    canvas_text(p->c, p->y, p->x + 9, p->end, ROLE_DIM, s->n > 0 ? from_text : "");
    canvas_text(p->c, p->y, p->end - 9, p->end, ROLE_DIM, s->n > 0 ? to_text : "");
    p->y += 2;
}

/* A bar of eighths. */
static void bar(struct pen *p, int x, int columns, double share, enum role role)
{
    static const char *const eighths[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
    int n = columns > 0 ? (int)(share * columns * 8 + 0.5) : 0;
    n = n == 0 && share > 0 && columns > 0 ? 1 : n;
    x = canvas_fill(p->c, p->y, x, n / 8, role, 0x2588);
    canvas_text(p->c, p->y, x, p->end, role, eighths[n % 8]);
}

/*--- Tables -------------------------------------------------------------------------------------*/

struct item {
    char name[48];
    uint64_t value;
    uint64_t sort;
};

static void draw_items(struct pen *p, const struct item *items, size_t n, enum role role)
{
    uint64_t most = 1;
    int name = p->end - p->x < 60 ? 22 : 30;
    for (size_t i = 0; i < n; i++) {
        most = items[i].value > most ? items[i].value : most;
    }
    for (size_t i = 0; i < n; i++) {
        char count[SHORT_TEXT_BYTES];
        short_count(count, items[i].value);
        text_put_string(p->c, p->y, p->x + 1, p->x + name, ROLE_TEXT, items[i].name);
        canvas_format(p->c, p->y, p->x + name + 1, p->end, ROLE_STRONG, "%6s", count);
        bar(p, p->x + name + 8, p->end - p->x - name - 9, (double)items[i].value / (double)most,
            role);
        p->y++;
    }
    if (n == 0) {
        canvas_text(p->c, p->y++, p->x + 1, p->end, ROLE_DIM, "none");
    }
    p->y++;
}

static int by_value(const void *a, const void *b)
{
    const struct item *x = a, *y = b;
    return x->value != y->value ? (x->value < y->value) - (x->value > y->value)
                                : (x->sort > y->sort) - (x->sort < y->sort);
}

/* Keeps the largest few of the items that are offered. */
static void offer(struct item *list, size_t *n, const struct item *item)
{
    if (*n < LIST_ROWS) {
        list[(*n)++] = *item;
    } else if (by_value(item, &list[LIST_ROWS - 1]) < 0) {
        list[LIST_ROWS - 1] = *item;
    } else {
        return;
    }
    qsort(list, *n, sizeof *list, by_value);
}

static void totals(struct pen *p)
{
    const struct totals *t = model_totals(p->t->feed->model);
    const struct store_totals *s = store_totals(p->t->feed->store);
    static const char *const sides[] = {"client →", "server →"};
    heading(p, "Totals");
    uint64_t count[OUTCOME_COUNT] = {0};
    memcpy(count, t->outcomes, sizeof count);
    canvas_format(p->c, p->y++, p->x + 1, p->end, ROLE_TEXT,
                  "%llu sessions: %llu open now, %llu at once at most",
                  (unsigned long long)t->sessions, (unsigned long long)t->open_now,
                  (unsigned long long)t->open_peak);
    canvas_format(
        p->c, p->y++, p->x + 1, p->end, ROLE_TEXT,
        "%llu refused, %llu picked up, %llu without answer, %llu TLS unread",
        (unsigned long long)count[OUTCOME_REFUSED], (unsigned long long)count[OUTCOME_MIDSTREAM],
        (unsigned long long)count[OUTCOME_INCOMPLETE], (unsigned long long)t->tls_connections);
    for (int d = 0; d < 2; d++) {
        char messages[SHORT_TEXT_BYTES], wire[SHORT_TEXT_BYTES], all[SHORT_TEXT_BYTES];
        long_count(messages, s->opcodes[d][1] + s->opcodes[d][2]);
        short_bytes(wire, s->wire_bytes[d]);
        short_bytes(all, s->message_bytes[d]);
        int x = canvas_format(p->c, p->y, p->x + 1, p->end, d == 0 ? ROLE_CLIENT : ROLE_SERVER,
                              "%s ", sides[d]);
        x = canvas_format(p->c, p->y, x, p->end, ROLE_TEXT, "%s messages, %s, on the wire %s",
                          messages, all, wire);
        if (s->compressed_bytes[d] > 0) {
            canvas_format(
                p->c, p->y, x, p->end, ROLE_NOTE, ", deflate to %llu%%",
                (unsigned long long)(s->compressed_wire[d] * 100 / s->compressed_bytes[d]));
        }
        p->y++;
    }
    struct body_log_stats b = store_bodies(p->t->feed->store);
    if (b.spooled > 0 || b.lost > 0) {
        char spooled[SHORT_TEXT_BYTES], lost[SHORT_TEXT_BYTES];
        short_bytes(spooled, b.spooled);
        short_bytes(lost, b.lost);
        canvas_format(p->c, p->y++, p->x + 1, p->end, b.lost > 0 ? ROLE_ERROR : ROLE_DIM,
                      "payloads in the spool file: %s, lost: %s", spooled, lost);
    }
    p->y++;
}

static void opcodes(struct pen *p)
{
    const struct store_totals *s = store_totals(p->t->feed->store);
    heading(p, "Opcodes, client and server");
    uint64_t most = 1;
    for (int i = 0; i < 32; i++) {
        most = s->opcodes[i & 1][i / 2] > most ? s->opcodes[i & 1][i / 2] : most;
    }
    for (unsigned op = 0; op < 16; op++) {
        for (int d = 0; d < 2 && s->opcodes[0][op] + s->opcodes[1][op] > 0; d++) {
            char count[SHORT_TEXT_BYTES];
            short_count(count, s->opcodes[d][op]);
            canvas_format(p->c, p->y, p->x + 1, p->x + 20, ROLE_TEXT, "%s",
                          d == 0 ? registry_opcode_name(p->t->registry, op) : "");
            canvas_format(p->c, p->y, p->x + 20, p->end, ROLE_STRONG, "%6s", count);
            bar(p, p->x + 27, p->end - p->x - 28, (double)s->opcodes[d][op] / (double)most,
                d == 0 ? ROLE_CLIENT : ROLE_SERVER);
            p->y++;
        }
    }
    p->y++;
}

struct items {
    struct item list[LIST_ROWS];
    size_t n;
};

static void close_item(void *ctx, const struct close_count *c)
{
    struct items *items = ctx;
    bool none = c->code == CLOSE_CODE_NONE;
    struct item item = {.value = c->n[0] + c->n[1], .sort = none ? 5000 : (uint64_t)c->code};
    if (none) {
        snprintf(item.name, sizeof item.name, "none: %.40s", c->name);
    } else {
        snprintf(item.name, sizeof item.name, "%d %.40s", c->code, c->name);
    }
    offer(items->list, &items->n, &item);
}

static void close_codes(struct pen *p)
{
    const struct totals *t = model_totals(p->t->feed->model);
    struct items items = {.n = 0};
    heading(p, "Close codes");
    close_counts(t, p->t->registry, close_item, &items);
    struct item other = {"5000 and more", t->close_other[0] + t->close_other[1], 5001};
    other.value > 0 ? offer(items.list, &items.n, &other) : (void)0;
    draw_items(p, items.list, items.n, ROLE_OPCODE_CLOSE);
}

static void endings(struct pen *p)
{
    const struct totals *t = model_totals(p->t->feed->model);
    struct item list[LIST_ROWS];
    size_t n = 0;
    heading(p, "How sessions ended");
    for (int how = 0; how < CLOSE_NEVER_OPENED; how++) {
        struct item item = {.value = t->ends[how], .sort = (uint64_t)how};
        snprintf(item.name, sizeof item.name, "%s", close_how_name((enum close_how)how));
        if (item.value > 0) {
            offer(list, &n, &item);
        }
    }
    draw_items(p, list, n, ROLE_OPCODE_PING);
}

static void names(struct pen *p, const char *title, const struct name_counts *names,
                  bool subprotocols)
{
    struct item list[LIST_ROWS];
    size_t n = 0;
    heading(p, title);
    for (size_t i = 0; i < names->n; i++) {
        struct item item = {.value = names->list[i].sessions, .sort = i};
        struct bytes name = names->list[i].name;
        name = subprotocols ? tui_shown_counted(p->t, name) : tui_shown_text(p->t, name);
        snprintf(item.name, sizeof item.name, "%.*s", (int)(name.n < 47 ? name.n : 47),
                 (const char *)name.p);
        if (item.value > 0) {
            offer(list, &n, &item);
        }
    }
    draw_items(p, list, n, ROLE_NOTE);
}

/* By powers of two, or of four where there are many. */
static void distribution(struct pen *p, const char *title, const struct histogram *h, bool time,
                         enum role role)
{
    uint64_t counts[65] = {0}, most = 1;
    char text[3][SHORT_TEXT_BYTES];
    static const double shares[] = {0.5, 0.9, 0.99};
    heading(p, title);
    if (h->count == 0) {
        canvas_text(p->c, p->y, p->x + 1, p->end, ROLE_DIM, "none");
        p->y += 2;
        return;
    }
    for (unsigned i = 0; i < HISTOGRAM_BUCKETS; i++) {
        unsigned power = i < 16 ? (i == 0 ? 0 : 32U - (unsigned)__builtin_clz(i)) : i / 16 + 4;
        counts[power] += h->buckets[i];
        most = counts[power] > most ? counts[power] : most;
    }
    int first = 0, last = 64;
    for (; counts[first] == 0; first++) {
    }
    for (; counts[last] == 0; last--) {
    }
    for (int i = first; i <= last; i++) {
        uint64_t up_to = i == 0 ? 0 : i >= 64 ? UINT64_MAX : (UINT64_C(1) << i) - 1;
        if (time) {
            short_duration(text[0], (int64_t)up_to);
        } else {
            short_bytes(text[0], up_to);
        }
        short_count(text[1], counts[i]);
        canvas_format(p->c, p->y, p->x + 1, p->end, ROLE_DIM, "up to %6s", text[0]);
        canvas_format(p->c, p->y, p->x + 15, p->end, ROLE_STRONG, "%6s", text[1]);
        bar(p, p->x + 22, p->end - p->x - 23, (double)counts[i] / (double)most, role);
        p->y++;
    }
    for (int i = 0; i < 3; i++) {
        uint64_t v = histogram_percentile(h, shares[i]);
        time ? short_duration(text[i], (int64_t)v) : short_bytes(text[i], v);
    }
    canvas_format(p->c, p->y, p->x + 1, p->end, ROLE_TEXT, "half up to %s, 90%% %s, 99%% %s",
                  text[0], text[1], text[2]);
    p->y += 2;
}

static void talkers(struct pen *p, const char *title, bool servers)
{
    size_t n_talkers, n = 0;
    const struct store_talker *list = store_talkers(p->t->feed->store, &n_talkers);
    struct item top[LIST_ROWS];
    uint64_t most = 1;
    heading(p, title);
    for (size_t i = 0; i < n_talkers; i++) {
        struct item item = {.value = list[i].bytes, .sort = i};
        if (list[i].server == servers) {
            offer(top, &n, &item);
        }
    }
    for (size_t i = 0; i < n; i++) {
        const struct store_talker *k = &list[top[i].sort];
        struct endpoint host = {.port = 0};
        char address[ADDRESS_BYTES], bytes[SHORT_TEXT_BYTES], sessions[SHORT_TEXT_BYTES];
        memcpy(host.ip, k->ip, sizeof host.ip);
        address_text(address, &host, k->family);
        short_bytes(bytes, k->bytes);
        short_count(sessions, k->sessions);
        most = i == 0 && k->bytes > most ? k->bytes : most;
        canvas_text(p->c, p->y, p->x + 1, p->x + 25, servers ? ROLE_SERVER : ROLE_CLIENT, address);
        canvas_format(p->c, p->y, p->x + 26, p->end, ROLE_STRONG, "%6s", bytes);
        canvas_format(p->c, p->y, p->x + 33, p->end, ROLE_DIM, "%5s sess.", sessions);
        bar(p, p->x + 45, p->end - p->x - 46, (double)k->bytes / (double)most,
            servers ? ROLE_SERVER : ROLE_CLIENT);
        p->y++;
    }
    p->y++;
}

/*--- The page -----------------------------------------------------------------------------------*/

static void first_half(struct pen *p)
{
    const struct store_series *s = store_series(p->t->feed->store);
    totals(p);
    plot(p, "Messages over time", s->messages, false, ROLE_SPARK);
    plot(p, "Client's bytes over time", s->bytes[0], true, ROLE_CLIENT);
    plot(p, "Server's bytes over time", s->bytes[1], true, ROLE_SERVER);
    talkers(p, "Busiest clients", false);
    talkers(p, "Busiest servers", true);
}

static void second_half(struct pen *p)
{
    const struct totals *t = model_totals(p->t->feed->model);
    opcodes(p);
    close_codes(p);
    endings(p);
    names(p, "Subprotocols", &t->subprotocols, true);
    names(p, "Extensions", &t->extensions, false);
    distribution(p, "Sizes of the client's messages", &t->message_sizes[0], false, ROLE_CLIENT);
    distribution(p, "Sizes of the server's messages", &t->message_sizes[1], false, ROLE_SERVER);
    distribution(p, "Round trips of Pings", &t->rtt_ns, true, ROLE_OPCODE_PING);
}

static void make_page(struct tui *t, struct statistics *s, int columns)
{
    bool two = columns >= TWO_COLUMNS;
    int half = two ? columns / 2 - 1 : columns - 2;
    struct pen pen = {t, &s->page, 0, 1, half};
    s->page.utf8 = t->canvas.utf8;
    if (s->page.columns != columns || s->page.cells == NULL) {
        canvas_resize(&s->page, PAGE_ROWS, columns);
    }
    if (s->page.cells == NULL) {
        s->used = 0;
        return;
    }
    canvas_clear(&s->page);
    first_half(&pen);
    s->used = pen.y;
    if (two) {
        pen = (struct pen){t, &s->page, 0, half + 2, columns - 2};
    }
    second_half(&pen);
    s->used = pen.y > s->used ? pen.y : s->used;
    s->used = s->used < PAGE_ROWS ? s->used : PAGE_ROWS;
}

static void statistics_draw(struct tui *t, void *state, struct area a)
{
    struct statistics *s = state;
    make_page(t, s, a.columns);
    s->rows = a.rows;
    s->scroll.cursor = s->scroll.top;
    scroll_fit(&s->scroll, (size_t)s->used, a.rows);
    for (int i = 0; i < a.rows && (int)s->scroll.top + i < s->used; i++) {
        for (int x = 0; x < a.columns; x++) {
            struct cell *to = canvas_at(&t->canvas, a.y + i, x);
            const struct cell *from = canvas_at(&s->page, (int)s->scroll.top + i, x);
            if (to != NULL && from != NULL) {
                *to = *from;
            }
        }
    }
    scroll_bar(&t->canvas, a, s->scroll.top, (size_t)s->used);
}

static void statistics_close(struct tui *t, void *state)
{
    struct statistics *s = state;
    (void)t;
    canvas_done(&s->page);
}

static bool statistics_act(struct tui *t, void *state, enum action action, uint64_t count)
{
    struct statistics *s = state;
    if (action == ACTION_STATISTICS) {
        tui_back(t);
        return true;
    }
    bool down = action == ACTION_DOWN || action == ACTION_PAGE_DOWN || action == ACTION_HALF_DOWN;
    s->scroll.cursor = s->scroll.top + (down && s->rows > 0 ? (size_t)s->rows - 1 : 0);
    return scroll_act(&s->scroll, action, count, (size_t)s->used, s->rows);
}

static void statistics_mouse(struct tui *t, void *state, const struct terminal_mouse *m,
                             struct area a)
{
    (void)a;
    if (m->wheel_up || m->wheel_down) {
        statistics_act(t, state, m->wheel_up ? ACTION_UP : ACTION_DOWN, 3);
    }
}

const struct screen statistics_screen = {
    .name = "Statistics",
    .place = PLACE_OTHER,
    .state_size = sizeof(struct statistics),
    .close = statistics_close,
    .draw = statistics_draw,
    .act = statistics_act,
    .mouse = statistics_mouse,
    .hints = {ACTION_PAGE_DOWN, ACTION_PAGE_UP, ACTION_FINDINGS, ACTION_BACK, ACTION_HELP},
};
