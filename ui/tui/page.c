/* Lines of a message in its different shapes. */
#include "page.h"

#include "decoders/base/utf8.h"
#include "page_write.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define HEX_BYTES 16

void page_init(struct page *p)
{
    *p = (struct page){0};
    buffer_init(&p->text, UINT32_MAX);
}

void page_done(struct page *p)
{
    buffer_done(&p->text);
    free(p->lines);
    free(p->visible);
    page_init(p);
}

struct page_line *page_add(struct page *p, enum page_kind kind, size_t at, size_t n)
{
    if (p->n == p->size) {
        size_t size = p->size == 0 ? 64 : p->size * 2;
        struct page_line *more =
            p->n < PAGE_LINES_MAX ? realloc(p->lines, size * sizeof *more) : NULL;
        if (more == NULL) {
            return NULL;
        }
        p->lines = more;
        p->size = size;
    }
    p->lines[p->n] =
        (struct page_line){.at = (uint32_t)at, .n = (uint32_t)n, .kind = (uint8_t)kind};
    return &p->lines[p->n++];
}

void page_write(struct page *p, enum page_kind kind, const char *format, ...)
{
    char text[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    size_t at = p->text.n;
    if (buffer_append(&p->text, bytes_of(text))) {
        page_add(p, kind, at, strlen(text));
    }
}

void page_write_bytes(struct page *p, enum page_kind kind, const char *name, struct bytes b)
{
    size_t at = p->text.n;
    if (buffer_append(&p->text, bytes_of(name)) && buffer_append(&p->text, b)) {
        page_add(p, kind, at, p->text.n - at);
    }
}

/*--- JSON ---------------------------------------------------------------------------------------*/

struct json_scan {
    struct page *p;
    struct bytes b;
    size_t i, start; /* of the line under way; SIZE_MAX: none */
    uint32_t stack[PAGE_JSON_DEPTH_MAX];
    char closes[PAGE_JSON_DEPTH_MAX];
    unsigned depth;
};

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static size_t skip_string(struct bytes b, size_t i)
{
    for (i++; i < b.n && b.p[i] != '"'; i++) {
        i += b.p[i] == '\\';
    }
    return i < b.n ? i + 1 : SIZE_MAX;
}

static bool json_line(struct json_scan *s, size_t end)
{
    if (s->start == SIZE_MAX) {
        return true;
    }
    struct page_line *l = page_add(s->p, LINE_JSON, s->start, end - s->start);
    s->start = SIZE_MAX;
    if (l != NULL) {
        l->indent = (uint16_t)s->depth;
    }
    return l != NULL;
}

static bool json_open(struct json_scan *s)
{
    char close = s->b.p[s->i] == '{' ? '}' : ']';
    size_t next = s->i + 1;
    while (next < s->b.n && is_blank(s->b.p[next])) {
        next++;
    }
    if (next < s->b.n && s->b.p[next] == (uint8_t)close) {
        s->i = next + 1; /* an empty one stays on its line */
        return true;
    }
    if (s->depth == PAGE_JSON_DEPTH_MAX || !json_line(s, ++s->i)) {
        return false;
    }
    s->stack[s->depth] = (uint32_t)s->p->n - 1;
    s->closes[s->depth++] = close;
    return true;
}

static bool json_close(struct json_scan *s)
{
    if (s->depth == 0 || s->closes[s->depth - 1] != (char)s->b.p[s->i] || !json_line(s, s->i)) {
        return false;
    }
    s->depth--;
    s->p->lines[s->stack[s->depth]].close = (uint32_t)s->p->n;
    s->start = s->i++;
    return true;
}

static bool json_token(struct json_scan *s)
{
    uint8_t c = s->b.p[s->i];
    if (is_blank(c)) {
        s->i++;
        return true;
    }
    if (c == '}' || c == ']') {
        return json_close(s);
    }
    if (c == ',') {
        return s->depth > 0 && s->start != SIZE_MAX && json_line(s, ++s->i);
    }
    if (s->start != SIZE_MAX && s->depth == 0) {
        json_line(s, s->i); /* another document */
    }
    s->start = s->start == SIZE_MAX ? s->i : s->start;
    if (c == '{' || c == '[') {
        return json_open(s);
    }
    if (c == '"') {
        s->i = skip_string(s->b, s->i);
        return s->i != SIZE_MAX;
    }
    s->i++;
    return c == ':' || c == '+' || c == '-' || c == '.' || (c >= '0' && c <= '9') ||
           (c >= 'a' && c <= 'z') || c == 'E';
}

/* false: it is no JSON, or too much. */
static bool make_json(struct page *p, struct bytes b)
{
    struct json_scan s = {.p = p, .b = b, .start = SIZE_MAX};
    while (s.i < b.n && is_blank(b.p[s.i])) {
        s.i++;
    }
    if (s.i == b.n || b.n > PAGE_JSON_MAX_BYTES || (b.p[s.i] != '{' && b.p[s.i] != '[')) {
        return false;
    }
    while (s.i < b.n) {
        if (!json_token(&s)) {
            return false;
        }
    }
    return s.depth == 0 && json_line(&s, b.n);
}

/*--- Making -------------------------------------------------------------------------------------*/

static void make_text(struct page *p, bool utf8, int width)
{
    struct bytes b = bytes_part(buffer_bytes(&p->text), 0, PAGE_TEXT_MAX_BYTES);
    size_t at = 0, taken;
    while (at < b.n) {
        size_t n = text_wrap(bytes_from(b, at), utf8, width > 1 ? width : 1, &taken);
        if (page_add(p, LINE_PLAIN, at, n) == NULL) {
            return;
        }
        at += taken;
    }
    if (b.n < p->text.n) {
        page_write(p, LINE_NOTE, "(the rest is shown by the hex dump)");
    }
}

static const struct store_message *message_of(const struct tui *t, const struct subject *s)
{
    return &store_session(t->feed->store, s->session)->messages[s->message];
}

/* A Close: its payload begins with the code. */
static void read_body(struct page *p, const struct tui *t, const struct subject *s)
{
    p->lost = !store_body(t->feed->store, message_of(t, s), SIZE_MAX, &p->text);
}

static bool looks_like_text(struct bytes b)
{
    size_t odd = 0, n = b.n < 512 ? b.n : 512;
    for (size_t i = 0; i < n; i++) {
        odd += b.p[i] < 0x20 && b.p[i] != '\n' && b.p[i] != '\r' && b.p[i] != '\t';
    }
    return odd * 16 <= n && (b.n > 512 || utf8_valid(b));
}

enum page_mode page_best(const struct tui *t, const struct subject *s)
{
    struct buffer head;
    enum page_mode mode = PAGE_TEXT;
    if (s->kind == SUBJECT_END) {
        return PAGE_FRAMES;
    }
    if (s->kind != SUBJECT_MESSAGE) {
        return PAGE_HANDSHAKE;
    }
    const struct store_message *m = message_of(t, s);
    if (store_opcode(m) == 8) {
        return PAGE_FRAMES;
    }
    buffer_init(&head, 1024);
    if (store_body(t->feed->store, m, 513, &head)) {
        struct bytes b = bytes_trim(buffer_bytes(&head));
        if (!looks_like_text(buffer_bytes(&head))) {
            mode = PAGE_HEX;
        } else if (b.n > 0 && (b.p[0] == '{' || b.p[0] == '[')) {
            mode = PAGE_JSON;
        }
    }
    buffer_done(&head);
    return mode;
}

static void show_all(struct page *p)
{
    free(p->visible);
    p->visible = NULL;
    p->n_visible = p->n;
}

void page_make(struct page *p, const struct tui *t, const struct subject *s, enum page_mode mode,
               int width)
{
    p->n = 0;
    p->lost = false;
    buffer_clear(&p->text);
    if (s->kind == SUBJECT_END) {
        mode = mode == PAGE_HANDSHAKE ? mode : PAGE_FRAMES;
    } else if (s->kind != SUBJECT_MESSAGE) {
        mode = PAGE_HANDSHAKE;
    }
    p->mode = mode;
    if (mode == PAGE_HANDSHAKE) {
        write_handshake(p, t, s);
    } else if (mode == PAGE_FRAMES) {
        write_details(p, t, s);
    } else {
        read_body(p, t, s);
        if (mode == PAGE_JSON && !make_json(p, buffer_bytes(&p->text))) {
            p->n = 0;
            p->mode = mode = PAGE_TEXT;
        }
        if (mode == PAGE_TEXT) {
            make_text(p, t->canvas.utf8, width);
        }
        if (p->lost) {
            p->mode = PAGE_FRAMES;
            page_write(p, LINE_NOTE, "The payload is gone: it could not be written to TMPDIR.");
        }
    }
    show_all(p);
}

size_t page_lines(const struct page *p)
{
    return p->mode == PAGE_HEX ? (p->text.n + HEX_BYTES - 1) / HEX_BYTES : p->n_visible;
}

/*--- Folding ------------------------------------------------------------------------------------*/

static size_t line_at(const struct page *p, size_t visible)
{
    return p->visible != NULL ? p->visible[visible] : visible;
}

static void collect_visible(struct page *p)
{
    uint32_t *visible = malloc((p->n + 1) * sizeof *visible);
    size_t n = 0;
    if (visible == NULL) {
        return;
    }
    for (size_t i = 0; i < p->n; i++) {
        visible[n++] = (uint32_t)i;
        if (p->lines[i].folded) {
            i = p->lines[i].close;
        }
    }
    free(p->visible);
    p->visible = visible;
    p->n_visible = n;
}

static size_t visible_of(const struct page *p, size_t line)
{
    for (size_t i = 0; i < p->n_visible; i++) {
        if (line_at(p, i) >= line) {
            return line_at(p, i) == line || i == 0 ? i : i - 1;
        }
    }
    return p->n_visible > 0 ? p->n_visible - 1 : 0;
}

size_t page_fold(struct page *p, size_t visible)
{
    if (p->mode != PAGE_JSON || visible >= p->n_visible) {
        return visible;
    }
    size_t line = line_at(p, visible);
    for (size_t i = line + 1; i-- > 0;) { /* the innermost that holds the line */
        if (p->lines[i].close != 0 && p->lines[i].close >= line) {
            p->lines[i].folded = !p->lines[i].folded;
            collect_visible(p);
            return visible_of(p, i);
        }
    }
    return visible;
}

void page_fold_all(struct page *p)
{
    bool any = false;
    if (p->mode != PAGE_JSON) {
        return;
    }
    for (size_t i = 0; i < p->n; i++) {
        any |= p->lines[i].folded;
    }
    for (size_t i = 0; i < p->n; i++) {
        p->lines[i].folded = !any && p->lines[i].close != 0 && p->lines[i].indent > 0;
    }
    collect_visible(p);
}

/*--- Drawing ------------------------------------------------------------------------------------*/

static void draw_hex(const struct page *p, struct canvas *c, size_t line, int y, int x, int end)
{
    struct bytes b = bytes_part(buffer_bytes(&p->text), line * HEX_BYTES, HEX_BYTES);
    int at = canvas_format(c, y, x, end, ROLE_DIM, "%08zx  ", line * HEX_BYTES);
    for (size_t i = 0; i < HEX_BYTES; i++) {
        int place = at + (int)i * 3 + (i >= HEX_BYTES / 2);
        if (i < b.n) {
            enum role role = b.p[i] == 0                      ? ROLE_DIM
                             : b.p[i] < 0x20 || b.p[i] > 0x7e ? ROLE_OPCODE_BINARY
                                                              : ROLE_TEXT;
            canvas_format(c, y, place, end, role, "%02x", b.p[i]);
        }
    }
    int text = at + HEX_BYTES * 3 + 2;
    for (size_t i = 0; i < b.n; i++) {
        bool shown = b.p[i] >= 0x20 && b.p[i] < 0x7f;
        if (text + (int)i < end) {
            canvas_fill(c, y, text + (int)i, 1, shown ? ROLE_TEXT : ROLE_DIM,
                        shown ? b.p[i] : 0xb7);
        }
    }
}

static enum role json_role(struct bytes b, size_t i, size_t *n)
{
    uint8_t c = b.p[i];
    *n = 1;
    if (c == '"') {
        size_t end = skip_string(b, i), next;
        *n = end != SIZE_MAX ? end - i : b.n - i;
        for (next = i + *n; next < b.n && is_blank(b.p[next]); next++) {
        }
        return next < b.n && b.p[next] == ':' ? ROLE_JSON_KEY : ROLE_JSON_STRING;
    }
    if (strchr("{}[],:", c) != NULL) {
        return ROLE_DIM;
    }
    while (i + *n < b.n && strchr("{}[],: \t\r\n\"", b.p[i + *n]) == NULL) {
        ++*n;
    }
    return c == '-' || (c >= '0' && c <= '9') ? ROLE_JSON_NUMBER : ROLE_JSON_WORD;
}

static void draw_json(const struct page *p, struct canvas *c, const struct page_line *l, int y,
                      int x, int end)
{
    struct bytes b = bytes_part(buffer_bytes(&p->text), l->at, l->n);
    int indent = l->indent < 40 ? l->indent * 2 : 80;
    canvas_text(c, y, x, end, ROLE_LINE, l->close == 0 ? " " : l->folded ? "▸" : "▾");
    x += 2 + indent;
    for (size_t i = 0, n; i < b.n && x < end; i += n) {
        n = 1;
        if (!is_blank(b.p[i])) {
            enum role role = json_role(b, i, &n);
            x = text_put(c, y, x, end, role, bytes_part(b, i, n));
            x += b.p[i] == ':';
        }
    }
    if (l->folded) {
        canvas_format(c, y, x, end, ROLE_DIM, " … %u lines",
                      l->close - (unsigned)(l - p->lines) - 1);
    }
}

/* "Name: value", the name dimmed. */
static void draw_field(struct canvas *c, struct bytes b, int y, int x, int end)
{
    size_t colon = bytes_find(b, ':');
    if (colon == b.n) {
        text_put(c, y, x, end, ROLE_TEXT, b);
        return;
    }
    x = text_put(c, y, x, end, ROLE_JSON_KEY, bytes_part(b, 0, colon + 1));
    text_put(c, y, x, end, ROLE_TEXT, bytes_from(b, colon + 1));
}

static void mark_matches(struct canvas *c, struct bytes line, const char *search, int y, int x,
                         int end)
{
    size_t needle = strlen(search);
    for (size_t i = 0; (i = text_find(line, i, bytes_of(search))) < line.n; i += needle) {
        int from = x + text_columns(bytes_part(line, 0, i), c->utf8, CANVAS_MAX_COLUMNS);
        int to = from + text_columns(bytes_part(line, i, needle), c->utf8, CANVAS_MAX_COLUMNS);
        canvas_flag(c, y, from, to < end ? to : end, CELL_MATCH);
    }
}

void page_draw(const struct page *p, struct canvas *c, size_t line, int y, int x, int end,
               const char *search)
{
    static const enum role roles[] = {
        [LINE_PLAIN] = ROLE_TEXT,     [LINE_JSON] = ROLE_TEXT,    [LINE_FIELD] = ROLE_TEXT,
        [LINE_HEADING] = ROLE_STRONG, [LINE_NOTE] = ROLE_WARNING, [LINE_BITS] = ROLE_TEXT};
    if (line >= page_lines(p)) {
        return;
    }
    if (p->mode == PAGE_HEX) {
        draw_hex(p, c, line, y, x, end);
        return;
    }
    const struct page_line *l = &p->lines[line_at(p, line)];
    struct bytes b = bytes_part(buffer_bytes(&p->text), l->at, l->n);
    if (l->kind == LINE_JSON) {
        draw_json(p, c, l, y, x, end);
        if (search[0] != '\0' && text_find(b, 0, bytes_of(search)) < b.n) {
            canvas_flag(c, y, x, x + 1, CELL_MATCH);
        }
        return;
    }
    if (l->kind == LINE_FIELD) {
        draw_field(c, b, y, x, end);
    } else {
        text_put(c, y, x, end, roles[l->kind], b);
    }
    if (search[0] != '\0') {
        mark_matches(c, b, search, y, x, end);
    }
}

/*--- Searching ----------------------------------------------------------------------------------*/

static bool line_holds(const struct page *p, size_t line, struct bytes needle)
{
    const struct page_line *l = &p->lines[line_at(p, line)];
    size_t n = l->n;
    if (l->folded) { /* what is folded away is found, too */
        const struct page_line *close = &p->lines[l->close];
        n = close->at + close->n - l->at;
    }
    struct bytes b = bytes_part(buffer_bytes(&p->text), l->at, n);
    return text_find(b, 0, needle) < b.n;
}

/* In the hex dump a match may go over two lines, so the bytes are searched. */
static int64_t find_hex(const struct page *p, struct bytes needle, size_t from, int way)
{
    struct bytes b = buffer_bytes(&p->text);
    int64_t last = -1;
    size_t start = way > 0 ? (from + 1) * HEX_BYTES : 0;
    for (size_t i = start; i < b.n && (i = text_find(b, i, needle)) < b.n; i++) {
        if (way > 0) {
            return (int64_t)(i / HEX_BYTES);
        }
        if (i / HEX_BYTES >= from) {
            break;
        }
        last = (int64_t)(i / HEX_BYTES);
    }
    return last;
}

int64_t page_find(const struct page *p, const char *search, size_t from, int way)
{
    struct bytes needle = bytes_of(search);
    size_t n = page_lines(p);
    if (n == 0 || needle.n == 0) {
        return -1;
    }
    if (p->mode == PAGE_HEX) {
        int64_t found = find_hex(p, needle, from, way);
        return found >= 0 ? found : find_hex(p, needle, way > 0 ? (size_t)-1 : n, way);
    }
    for (size_t i = 1; i <= n; i++) {
        size_t at = way > 0 ? (from + i) % n : (from + n - i) % n;
        if (line_holds(p, at, needle)) {
            return (int64_t)at;
        }
    }
    return -1;
}
