/* JSON as lines that fold (RFC 8259): broken where its brackets and commas are, not checked. */
#include "page_write.h"

/*--- Making lines -------------------------------------------------------------------------------*/

struct json_scan {
    struct page *p;
    struct bytes b;
    size_t i, start; /* of the line under way; SIZE_MAX: none */
    size_t base;     /* where b begins in the page's text */
    unsigned indent;
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
    struct page_line *l = page_add(s->p, LINE_JSON, s->base + s->start, end - s->start);
    s->start = SIZE_MAX;
    if (l != NULL) {
        l->indent = (uint16_t)(s->indent + s->depth);
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

bool page_json(struct page *p, size_t from, unsigned indent)
{
    struct bytes b = bytes_from(buffer_bytes(&p->text), from);
    struct json_scan s = {.p = p, .b = b, .start = SIZE_MAX, .base = from, .indent = indent};
    size_t lines = p->n;
    while (s.i < b.n && is_blank(b.p[s.i])) {
        s.i++;
    }
    if (s.i == b.n || b.n > PAGE_JSON_MAX_BYTES || (b.p[s.i] != '{' && b.p[s.i] != '[')) {
        return false;
    }
    while (s.i < b.n) {
        if (!json_token(&s)) {
            p->n = lines;
            return false;
        }
    }
    if (s.depth == 0 && json_line(&s, b.n)) {
        return true;
    }
    p->n = lines;
    return false;
}

/*--- Drawing ------------------------------------------------------------------------------------*/

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

void page_json_draw(const struct page *p, struct canvas *c, const struct page_line *l, int y, int x,
                    int end)
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
        unsigned n = l->close - (unsigned)(l - p->lines) - 1;
        canvas_format(c, y, x, end, ROLE_DIM, n == 1 ? " … %u line" : " … %u lines", n);
    }
}
