/* Closed TLS: connections that could not be read, those that say the same counted together as in
 * the report; beneath the list what is known of the one under the cursor. */
#include "tui.h"

#include "ui/report/address.h"
#include "ui/report/tls_text.h"

#include <stdio.h>

#define DETAIL_ROWS 9

struct closed_tls {
    uint8_t order[TLS_GROUPS_MAX]; /* groups, the most connections first */
    size_t n;
    struct scroll scroll;
    int rows;
};

static const struct tls_group *group_at(const struct tui *t, const struct closed_tls *c, size_t row)
{
    return &t->feed->tls.list[c->order[row]];
}

static struct bytes bytes_in(const struct tls_text *text)
{
    return (struct bytes){text->bytes, text->n};
}

/* New ones take their place, and the cursor stays on its own. */
static void make_list(const struct tui *t, struct closed_tls *c)
{
    size_t under = c->n > 0 ? c->order[c->scroll.cursor] : SIZE_MAX;
    c->n = 0;
    for (size_t i = 0; i < t->feed->tls.n; i++) {
        size_t at = c->n++;
        for (; at > 0 && group_at(t, c, at - 1)->connections < t->feed->tls.list[i].connections;
             at--) {
            c->order[at] = c->order[at - 1];
        }
        c->order[at] = (uint8_t)i;
    }
    for (size_t i = 0; i < c->n; i++) {
        c->scroll.cursor = c->order[i] == under ? i : c->scroll.cursor;
    }
}

/*--- Drawing ------------------------------------------------------------------------------------*/

static void draw_row(struct tui *t, const struct tls_group *g, int y, int width)
{
    struct canvas *c = &t->canvas;
    char count[SHORT_TEXT_BYTES], bytes[SHORT_TEXT_BYTES], server[ADDRESS_BYTES];
    int why = width >= 70 ? width - 24 : width;
    short_count(count, g->connections);
    short_bytes(bytes, g->bytes);
    address_port_text(server, &g->server, g->family);
    canvas_format(c, y, 1, 7, ROLE_STRONG, "%5s", count);
    canvas_format(c, y, 8, 15, ROLE_TEXT, "%6s", bytes);
    int x = canvas_text(c, y, 16, why - 1, ROLE_SERVER, server);
    if (g->name.n > 0) {
        text_put(c, y, x + 1, why - 1, ROLE_TEXT, bytes_in(&g->name));
    }
    canvas_text(c, y, why, width - 1, ROLE_WARNING, tls_why_not_name(g->why));
}

static int put_line(struct tui *t, int y, int end, const char *name, struct bytes value)
{
    if (value.n == 0) {
        return y;
    }
    int x = canvas_format(&t->canvas, y, 1, end, ROLE_DIM, "%-12s", name);
    text_put(&t->canvas, y, x, end, ROLE_TEXT, value);
    return y + 1;
}

/* What can be done about it. */
static const char *advice(enum tls_why why)
{
    switch (why) {
    case TLS_WHY_NO_KEYS:
        return "-k FILE gives them; SSLKEYLOGFILE=FILE has many programs log them";
    case TLS_WHY_WRONG_KEYS:
        return "those given are of other sessions: they are logged for each one";
    case TLS_WHY_HANDSHAKE:
        return "the capture has to begin before the connection does";
    case TLS_WHY_LOST:
        return "too many packets are missing";
    default:
        return "its version, cipher suite or compression is not known here";
    }
}

static void draw_detail(struct tui *t, const struct tls_group *g, int y, int end)
{
    const char *version = tls_version_name(g->version);
    char number[TLS_NUMBER_BYTES], text[128];
    y = put_line(t, y, end, "Server name", bytes_in(&g->name));
    y = put_line(t, y, end, "ALPN", bytes_in(&g->alpn));
    snprintf(text, sizeof text, "%s%s%s", version != NULL ? version : "",
             version != NULL && g->cipher != 0 ? ", " : "",
             g->cipher != 0 ? tls_cipher_name(g->cipher, number) : "");
    y = put_line(t, y, end, "Version", bytes_of(text));
    y = put_line(t, y, end, "Client JA4", bytes_in(&g->ja4));
    y = put_line(t, y, end, "Certificate", bytes_in(&g->certificate));
    snprintf(text, sizeof text, "%s (%s)", tls_why_not_name(g->why), advice(g->why));
    put_line(t, y, end, "Closed", bytes_of(text));
}

static void closed_tls_draw(struct tui *t, void *state, struct area a)
{
    struct closed_tls *s = state;
    struct canvas *c = &t->canvas;
    make_list(t, s);
    int detail = a.rows >= 2 * DETAIL_ROWS ? DETAIL_ROWS : 0;
    s->rows = a.rows - 1 - detail;
    scroll_fit(&s->scroll, s->n, s->rows);
    canvas_fill(c, a.y, 0, a.columns, ROLE_HEADER, ' ');
    canvas_text(c, a.y, 1, a.columns, ROLE_HEADER, "Conn.  Bytes  Server and name");
    if (s->n == 0) {
        canvas_text(c, a.y + 2, 2, a.columns, ROLE_GOOD,
                    t->feed->finished ? "No TLS connection stayed closed."
                                      : "No TLS connection has ended closed yet.");
        return;
    }
    for (int i = 0; i < s->rows && s->scroll.top + (size_t)i < s->n; i++) {
        draw_row(t, group_at(t, s, s->scroll.top + (size_t)i), a.y + 1 + i, a.columns);
        if (s->scroll.top + (size_t)i == s->scroll.cursor) {
            canvas_flag(c, a.y + 1 + i, 0, a.columns, CELL_CURSOR);
        }
    }
    scroll_bar(c, (struct area){a.y + 1, 0, s->rows, a.columns}, s->scroll.top, s->n);
    if (detail > 0) {
        int y = a.y + 1 + s->rows;
        int x = canvas_fill(c, y, 0, a.columns, ROLE_LINE, 0x2500);
        if (t->feed->tls.others > 0) {
            canvas_format(c, y, 2, x, ROLE_DIM, " %llu connections to others ",
                          (unsigned long long)t->feed->tls.others);
        }
        draw_detail(t, group_at(t, s, s->scroll.cursor), y + 1, a.columns - 1);
    }
}

/*--- Keys ---------------------------------------------------------------------------------------*/

static bool closed_tls_act(struct tui *t, void *state, enum action action, uint64_t count)
{
    struct closed_tls *s = state;
    if (action == ACTION_CLOSED_TLS) {
        tui_back(t);
        return true;
    }
    return scroll_act(&s->scroll, action, count, s->n, s->rows);
}

static void closed_tls_mouse(struct tui *t, void *state, const struct terminal_mouse *m,
                             struct area a)
{
    struct closed_tls *s = state;
    if (m->wheel_up || m->wheel_down) {
        closed_tls_act(t, s, m->wheel_up ? ACTION_UP : ACTION_DOWN, 3);
    } else if (m->press && m->y > a.y && m->y <= a.y + s->rows) {
        s->scroll.cursor = s->scroll.top + (size_t)(m->y - a.y - 1);
    }
}

static bool holds(const struct tls_group *g, struct bytes needle)
{
    const struct tls_text *texts[] = {&g->name, &g->alpn, &g->ja4, &g->certificate};
    char server[ADDRESS_BYTES];
    struct bytes address = {(uint8_t *)server, address_port_text(server, &g->server, g->family)};
    bool found = text_find(address, 0, needle) < address.n;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        found |= text_find(bytes_in(texts[i]), 0, needle) < texts[i]->n;
    }
    return found;
}

static bool closed_tls_find(struct tui *t, void *state, int way)
{
    struct closed_tls *s = state;
    for (size_t i = 1; i <= s->n; i++) {
        size_t at = way > 0 ? (s->scroll.cursor + i) % s->n : (s->scroll.cursor + s->n - i) % s->n;
        if (holds(group_at(t, s, at), bytes_of(t->search))) {
            s->scroll.cursor = at;
            return true;
        }
    }
    return false;
}

const struct screen closed_tls_screen = {
    .name = "Closed TLS",
    .place = PLACE_OTHER,
    .state_size = sizeof(struct closed_tls),
    .draw = closed_tls_draw,
    .act = closed_tls_act,
    .mouse = closed_tls_mouse,
    .find = closed_tls_find,
    .hints = {ACTION_DOWN, ACTION_UP, ACTION_SEARCH, ACTION_BACK, ACTION_HELP},
};
