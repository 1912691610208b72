/* Lines of a message in its different shapes. */
#include "page.h"

#include "analyzer/units.h"
#include "decoders/base/utf8.h"
#include "page_write.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define HEX_BYTES 16
#define DECODED_LOOK_BYTES 4096U

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

/* How much of it fits on a line; broken between two words where there is a place for it. */
static size_t fitting(const struct page *p, struct bytes b, size_t *taken)
{
    size_t n = text_wrap(b, p->utf8, p->width, taken);
    size_t word = n;
    while (*taken < b.n && word > n / 2 && b.p[word - 1] != ' ') {
        word--;
    }
    if (*taken == n && word > n / 2) {
        n = *taken = word;
    }
    return n;
}

/* What was written last, on as many lines as it takes; bits stand beneath each other. */
static void add_lines(struct page *p, enum page_kind kind, size_t at)
{
    size_t n, taken;
    do {
        struct bytes left = bytes_from(buffer_bytes(&p->text), at);
        n = kind == LINE_BITS ? (taken = left.n) : fitting(p, left, &taken);
        page_add(p, kind, at, n);
        at += taken;
        kind = kind == LINE_FIELD ? LINE_PLAIN : kind;
    } while (at < p->text.n);
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
        add_lines(p, kind, at);
    }
}

void page_write_bytes(struct page *p, enum page_kind kind, const char *name, struct bytes b)
{
    size_t at = p->text.n;
    if (buffer_append(&p->text, bytes_of(name)) && buffer_append(&p->text, b)) {
        add_lines(p, kind, at);
    }
}

/*--- Making -------------------------------------------------------------------------------------*/

static void make_text(struct page *p)
{
    struct bytes b = bytes_part(buffer_bytes(&p->text), 0, PAGE_TEXT_MAX_BYTES);
    size_t at = 0, taken;
    while (at < b.n) {
        size_t n = text_wrap(bytes_from(b, at), p->utf8, p->width, &taken);
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

bool page_looks_like_text(struct bytes b)
{
    struct bytes head = bytes_part(b, 0, 512);
    struct utf8 utf8 = {.state = 0}; /* a character may be cut at the end */
    size_t odd = 0;
    for (size_t i = 0; i < head.n; i++) {
        uint8_t c = head.p[i];
        odd += c < 0x20 && c != '\n' && c != '\r' && c != '\t';
    }
    return odd * 16 <= head.n && utf8_push(&utf8, head);
}

/* Its subprotocol is known, and it is as that one says. */
static bool is_decoded(const struct tui *t, const struct subject *s)
{
    const struct store_session *row = store_session(t->feed->store, s->session);
    struct dissection *d = row->subprotocol != NULL ? malloc(sizeof *d) : NULL;
    struct buffer unit;
    buffer_init(&unit, DECODED_LOOK_BYTES);
    bool decoded = d != NULL &&
                   units_dissect(t->feed->store, row, s->message, DECODED_LOOK_BYTES, &unit, d) &&
                   d->wrong == NULL && d->n > 0;
    buffer_done(&unit);
    free(d);
    return decoded;
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
    if (is_decoded(t, s)) {
        return PAGE_DECODED;
    }
    buffer_init(&head, 1024);
    if (store_body(t->feed->store, m, 513, &head)) {
        struct bytes b = bytes_trim(buffer_bytes(&head));
        if (!page_looks_like_text(buffer_bytes(&head))) {
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
    p->width = width > 1 ? width : 1;
    p->utf8 = t->canvas.utf8;
    if (mode == PAGE_HANDSHAKE) {
        write_handshake(p, t, s);
    } else if (mode == PAGE_FRAMES) {
        write_details(p, t, s);
    } else if (mode != PAGE_DECODED || !write_decoded(p, t, s, width)) {
        p->mode = mode = mode == PAGE_DECODED ? PAGE_TEXT : mode;
        read_body(p, t, s);
        if (mode == PAGE_JSON && !page_json(p, 0, 0)) {
            p->n = 0;
            p->mode = mode = PAGE_TEXT;
        }
        if (mode == PAGE_TEXT) {
            make_text(p);
        }
        if (p->lost) {
            p->mode = PAGE_FRAMES;
            page_write(p, LINE_NOTE, PAYLOAD_IS_GONE);
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

static bool page_folds(const struct page *p)
{
    return p->mode == PAGE_JSON || p->mode == PAGE_DECODED;
}

size_t page_fold(struct page *p, size_t visible)
{
    if (!page_folds(p) || visible >= p->n_visible) {
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
    if (!page_folds(p)) {
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
        page_json_draw(p, c, l, y, x, end);
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
