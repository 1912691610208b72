/* What several screens use: lists that scroll, a line to type in, and searching in text. */
#include "tui.h"

#include "ui/report/unicode.h"

#include <ctype.h>

/*--- Lists --------------------------------------------------------------------------------------*/

void scroll_fit(struct scroll *s, size_t n, int rows)
{
    size_t height = rows > 0 ? (size_t)rows : 1;
    s->cursor = n == 0 ? 0 : s->cursor < n ? s->cursor : n - 1;
    if (s->cursor < s->top) {
        s->top = s->cursor;
    }
    if (s->cursor - s->top >= height) {
        s->top = s->cursor - height + 1;
    }
    if (s->top + height > n) {
        s->top = n > height ? n - height : 0;
    }
}

static void move_by(struct scroll *s, bool down, size_t by, size_t n)
{
    if (down) {
        s->cursor = n > 0 && by < n - 1 - s->cursor ? s->cursor + by : n > 0 ? n - 1 : 0;
    } else {
        s->cursor = by < s->cursor ? s->cursor - by : 0;
    }
}

bool scroll_act(struct scroll *s, enum action action, uint64_t count, size_t n, int rows)
{
    size_t page = rows > 2 ? (size_t)rows - 1 : 1, times = count > 0 ? (size_t)count : 1;
    scroll_fit(s, n, rows);
    times = times > n ? n + 1 : times;
    switch (action) {
    case ACTION_UP:
    case ACTION_DOWN:
        move_by(s, action == ACTION_DOWN, times, n);
        break;
    case ACTION_PAGE_UP:
    case ACTION_PAGE_DOWN:
        move_by(s, action == ACTION_PAGE_DOWN, page * (times < 1000 ? times : 1000), n);
        break;
    case ACTION_HALF_UP:
    case ACTION_HALF_DOWN:
        move_by(s, action == ACTION_HALF_DOWN, (page + 1) / 2, n);
        break;
    case ACTION_FIRST:
        s->cursor = count > 0 ? (size_t)count - 1 : 0;
        break;
    case ACTION_LAST:
        s->cursor = count > 0 ? (size_t)count - 1 : n > 0 ? n - 1 : 0;
        break;
    default:
        return false;
    }
    scroll_fit(s, n, rows);
    return true;
}

void scroll_bar(struct canvas *c, struct area a, size_t top, size_t n)
{
    size_t rows = a.rows > 0 ? (size_t)a.rows : 0;
    if (n <= rows || rows < 2) {
        return;
    }
    size_t length = rows * rows / n;
    length = length < 1 ? 1 : length;
    size_t most = rows - length, hidden = n - rows;
    size_t start = (size_t)((double)top / (double)hidden * (double)most + 0.5);
    for (size_t i = 0; i < length; i++) {
        canvas_fill(c, a.y + (int)(start + i), a.x + a.columns - 1, 1, ROLE_LINE, 0x2503);
    }
}

/*--- A line to type in --------------------------------------------------------------------------*/

void line_set(struct line_edit *l, const char *text)
{
    l->n = strlen(text);
    l->n = l->n < sizeof l->text ? l->n : sizeof l->text - 1;
    memcpy(l->text, text, l->n);
    l->text[l->n] = '\0';
    l->at = l->n;
}

static bool inside_character(const struct line_edit *l, size_t at)
{
    return at < l->n && (l->text[at] & 0xc0) == 0x80;
}

static size_t before(const struct line_edit *l, size_t at)
{
    do {
        at -= at > 0;
    } while (at > 0 && inside_character(l, at));
    return at;
}

static size_t after(const struct line_edit *l, size_t at)
{
    do {
        at += at < l->n;
    } while (inside_character(l, at));
    return at;
}

static void cut(struct line_edit *l, size_t from, size_t to)
{
    memmove(l->text + from, l->text + to, l->n - to + 1);
    l->n -= to - from;
    l->at = from;
}

static size_t word_before(const struct line_edit *l)
{
    size_t at = l->at;
    while (at > 0 && l->text[at - 1] == ' ') {
        at--;
    }
    while (at > 0 && l->text[at - 1] != ' ') {
        at--;
    }
    return at;
}

static bool insert(struct line_edit *l, uint32_t key)
{
    uint8_t c[UNICODE_BYTES_MAX];
    if (key < 0x20 || (key >= 0x7f && key < 0xa0) || key > 0x10ffff) {
        return false;
    }
    size_t n = unicode_encode(key, c);
    if (n < sizeof l->text - l->n) {
        memmove(l->text + l->at + n, l->text + l->at, l->n - l->at + 1);
        memcpy(l->text + l->at, c, n);
        l->n += n;
        l->at += n;
    }
    return true;
}

bool line_key(struct line_edit *l, uint32_t key)
{
    switch (key) {
    case KEYS_LEFT:
    case 'B' - '@':
        l->at = before(l, l->at);
        return true;
    case KEYS_RIGHT:
    case 'F' - '@':
        l->at = after(l, l->at);
        return true;
    case KEYS_HOME:
    case 'A' - '@':
        l->at = 0;
        return true;
    case KEYS_END:
    case 'E' - '@':
        l->at = l->n;
        return true;
    case KEYS_BACKSPACE:
        cut(l, before(l, l->at), l->at);
        return true;
    case KEYS_DELETE:
    case 'D' - '@':
        cut(l, l->at, after(l, l->at));
        l->at = l->at < l->n ? l->at : l->n;
        return true;
    case 'U' - '@':
        cut(l, 0, l->at);
        return true;
    case 'K' - '@':
        cut(l, l->at, l->n);
        return true;
    case 'W' - '@':
        cut(l, word_before(l), l->at);
        return true;
    default:
        return insert(l, key);
    }
}

void line_draw(struct canvas *c, const struct line_edit *l, int y, int x, int end, enum role role)
{
    int width = end - x;
    size_t from = 0;
    canvas_fill(c, y, x, width, role, ' ');
    struct bytes left = {(const uint8_t *)l->text, l->at};
    while (width > 1 && text_columns(bytes_from(left, from), c->utf8, 10000) > width - 1) {
        from = after(l, from);
    }
    struct bytes shown = {(const uint8_t *)l->text + from, l->n - from};
    text_put(c, y, x, end, role, shown);
    c->cursor_y = y;
    c->cursor_x = x + text_columns(bytes_part(shown, 0, l->at - from), c->utf8, 10000);
}

/*--- Searching ----------------------------------------------------------------------------------*/

static bool has_capital(struct bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        if (isupper(b.p[i])) {
            return true;
        }
    }
    return false;
}

size_t text_find(struct bytes hay, size_t from, struct bytes needle)
{
    bool minds = has_capital(needle);
    if (needle.n == 0 || from > hay.n) {
        return hay.n;
    }
    if (minds) {
        return from + bytes_find_bytes(bytes_from(hay, from), needle);
    }
    uint8_t low = needle.p[0], high = (uint8_t)toupper(low);
    for (size_t i = from; i < hay.n && needle.n <= hay.n - i; i++) {
        if ((hay.p[i] == low || hay.p[i] == high) &&
            bytes_equal_nocase(bytes_part(hay, i, needle.n), needle)) {
            return i;
        }
    }
    return hay.n;
}

static bool find_piece(struct tui *t, struct long_find *f, size_t n,
                       bool (*holds)(struct tui *, void *ctx, size_t row), void *ctx, int64_t until,
                       size_t *found)
{
    while (f->left > 0 && n > 0) {
        f->left--;
        f->at = f->way > 0 ? (f->at + 1) % n : (f->at + n - 1) % n;
        if (holds(t, ctx, f->at)) {
            f->left = 0;
            *found = f->at;
            return true;
        }
        if ((f->left & 15) == 0 && t->now() >= until) {
            break;
        }
    }
    return false;
}

bool find_begin(struct tui *t, struct long_find *f, size_t from, size_t n, int way,
                bool (*holds)(struct tui *, void *ctx, size_t row), void *ctx, size_t *found)
{
    *f = (struct long_find){.at = from, .left = n, .way = way};
    *found = SIZE_MAX;
    if (find_piece(t, f, n, holds, ctx, t->now() + FIND_AT_ONCE_NS, found)) {
        return true;
    }
    if (f->left > 0) {
        tui_say(t, false, "searching for '%.100s' ...", t->search);
    }
    return f->left > 0;
}

bool find_more(struct tui *t, struct long_find *f, size_t n,
               bool (*holds)(struct tui *, void *ctx, size_t row), void *ctx, int64_t until,
               size_t *found)
{
    if (f->left == 0) {
        return false;
    }
    bool there = find_piece(t, f, n, holds, ctx, until, found);
    if (there) {
        t->status[0] = '\0';
    } else if (f->left == 0) {
        tui_say(t, true, "'%.100s' is not there", t->search);
    }
    return there;
}
