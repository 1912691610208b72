/* Rows of cells in the dialects of tables. RFC 4180 (CSV); Zeek's ASCII logs. */
#include "ui/report/table.h"

#include "ui/report/time_text.h"
#include "ui/report/unicode.h"

#include <assert.h>

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

void table_init(struct table *t, struct out *out, enum table_dialect dialect,
                const struct table_column *columns)
{
    *t = (struct table){.out = out, .dialect = dialect, .columns = columns, .digits = 6};
}

void table_init_store(struct table *t, struct out *out, const struct table_store *store, void *into,
                      const struct table_column *columns)
{
    table_init(t, out, TABLE_STORE, columns);
    t->store = store;
    t->into = into;
}

static bool is_json(const struct table *t)
{
    return t->dialect == TABLE_ZEEK_JSON;
}

/*--- Head and foot ------------------------------------------------------------------------------*/

static void names(struct table *t, const char *begin, char separator, bool types)
{
    out_text(t->out, begin);
    for (const struct table_column *c = t->columns; c->name != NULL; c++) {
        if (c != t->columns || *begin != '\0') {
            out_char(t->out, separator);
        }
        out_text(t->out, types ? c->type : c->name);
    }
}

/* "#open\t2026-11-22-15-55-13" */
static void zeek_time(struct table *t, const char *begin, int64_t ns)
{
    uint8_t text[TIME_TEXT_BYTES];
    size_t n = time_text(text, ns, 0);
    for (size_t i = 0; i < n; i++) {
        text[i] = text[i] == 'T' || text[i] == ':' ? '-' : text[i];
    }
    out_text(t->out, begin);
    out_bytes(t->out, (struct bytes){text, n - 1}); /* no Z */
    out_char(t->out, '\n');
}

void table_head(struct table *t, int64_t first)
{
    struct out *o = t->out;
    switch (t->dialect) {
    case TABLE_CSV:
        names(t, "", ',', false);
        out_text(o, "\r\n");
        return;
    case TABLE_TSV:
        names(t, "", '\t', false);
        out_char(o, '\n');
        return;
    case TABLE_ZEEK:
        out_text(o, "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n"
                    "#unset_field\t-\n#path\t");
        out_text(o, t->path);
        zeek_time(t, "\n#open\t", first);
        names(t, "#fields", '\t', false);
        names(t, "\n#types", '\t', true);
        out_char(o, '\n');
        return;
    case TABLE_ZEEK_JSON:
    case TABLE_STORE:
        return;
    }
}

void table_foot(struct table *t, int64_t last)
{
    if (t->dialect == TABLE_ZEEK) {
        zeek_time(t, "#close\t", last);
    }
}

/*--- Text ---------------------------------------------------------------------------------------*/

static bool is_formula(struct bytes b)
{
    return b.n > 0 && (b.p[0] == '=' || b.p[0] == '+' || b.p[0] == '-' || b.p[0] == '@');
}

static bool is_blank_control(uint32_t c)
{
    return c == '\t' || c == '\n' || c == '\r';
}

/* What no database takes as part of a text. */
static bool is_no_text(uint32_t c)
{
    return c == UNICODE_INVALID || c == 0;
}

/* What b begins with that means nothing to any dialect, as nearly all text does: printable ASCII
 * but quotes, backslashes and commas. */
static struct bytes plain_run(struct bytes b)
{
    size_t n = 0;
    while (n < b.n && b.p[n] >= 0x20 && b.p[n] < 0x7f && b.p[n] != '"' && b.p[n] != '\\' &&
           b.p[n] != ',') {
        n++;
    }
    return bytes_part(b, 0, n);
}

bool table_is_exact(enum table_dialect dialect, struct bytes text)
{
    if (dialect != TABLE_STORE && is_formula(text)) {
        return false;
    }
    for (;;) {
        uint32_t c;
        text = bytes_from(text, plain_run(text).n);
        if (text.n == 0) {
            return true;
        }
        size_t n = unicode_decode(text, &c);
        if (dialect != TABLE_CSV && is_no_text(c)) {
            return false;
        }
        if (dialect == TABLE_CSV &&
            (c == UNICODE_INVALID || (unicode_is_unsafe(c) && !is_blank_control(c)))) {
            return false;
        }
        text = bytes_from(text, n);
    }
}

/* Writes the plain run that *b begins with, and takes it away; false: nothing is left behind it. */
static bool run_put(struct out *o, struct bytes *b)
{
    struct bytes run = plain_run(*b);
    out_bytes(o, run);
    *b = bytes_from(*b, run.n);
    return b->n > 0;
}

/* Between quotes, which the caller writes. */
static void csv_put(struct out *o, struct bytes b)
{
    while (run_put(o, &b)) {
        uint32_t c;
        size_t n = unicode_decode(b, &c);
        if (c == '"') {
            out_text(o, "\"\"");
        } else if (c == UNICODE_INVALID || (unicode_is_unsafe(c) && !is_blank_control(c))) {
            out_text(o, REPLACEMENT);
        } else {
            out_bytes(o, bytes_part(b, 0, n));
        }
        b = bytes_from(b, n);
    }
}

static void hex_put(struct out *o, struct bytes b)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < b.n; i++) {
        out_text(o, "\\x");
        out_char(o, digits[b.p[i] >> 4]);
        out_char(o, digits[b.p[i] & 15]);
    }
}

/* Everything that is special, in TSV (`copy`, what COPY takes) and in Zeek's logs; `list`: a comma
 * is, too. */
static void escaped_put(struct out *o, struct bytes b, bool copy, bool list)
{
    while (run_put(o, &b)) {
        uint32_t c;
        size_t n = unicode_decode(b, &c);
        if (copy && is_no_text(c)) {
            out_text(o, REPLACEMENT);
        } else if (copy && is_blank_control(c)) {
            out_text(o, c == '\t' ? "\\t" : c == '\n' ? "\\n" : "\\r");
        } else if (c == '\\') {
            out_text(o, "\\\\");
        } else if (c == UNICODE_INVALID || unicode_is_unsafe(c) || (list && c == ',')) {
            hex_put(o, bytes_part(b, 0, n));
        } else {
            out_bytes(o, bytes_part(b, 0, n));
        }
        b = bytes_from(b, n);
    }
}

static bool needs_quotes(struct bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        if (strchr(",\"\r\n", b.p[i]) != NULL || b.p[i] == 0) {
            return true;
        }
    }
    return b.n > 0 && (b.p[0] == ' ' || b.p[b.n - 1] == ' ');
}

static void csv_text(struct out *o, struct bytes b)
{
    bool quotes = b.n == 0 || needs_quotes(b); /* "" is an empty text, nothing is none */
    out_text(o, quotes ? "\"" : "");
    out_text(o, is_formula(b) ? "'" : "");
    csv_put(o, b);
    out_text(o, quotes ? "\"" : "");
}

/* "-" and "(empty)" mean something else when they are all of a cell or an item. */
static void zeek_text(struct out *o, struct bytes b, bool list)
{
    if (b.n == 0) {
        out_text(o, "(empty)");
    } else if (bytes_equal(b, bytes_of("-")) || bytes_equal(b, bytes_of("(empty)")) ||
               b.p[0] == '#') {
        hex_put(o, bytes_part(b, 0, 1));
        escaped_put(o, bytes_from(b, 1), false, list);
    } else {
        escaped_put(o, b, false, list);
    }
}

/* As a store has it. */
static void put_stored(struct out *o, struct bytes b)
{
    while (b.n > 0) {
        uint32_t c;
        size_t n = unicode_decode(b, &c);
        out_bytes(o, is_no_text(c) ? bytes_of(REPLACEMENT) : bytes_part(b, 0, n));
        b = bytes_from(b, n);
    }
}

static void store_put(struct table *t)
{
    (void)out_flush(t->out);
    t->store->text(t->into, t->at++, buffer_bytes(t->out->into));
    buffer_clear(t->out->into);
}

static void store_text(struct table *t, struct bytes b)
{
    if (table_is_exact(TABLE_STORE, b)) {
        t->store->text(t->into, t->at++, b);
    } else {
        put_stored(t->out, b);
        store_put(t);
    }
}

/*--- Rows and cells -----------------------------------------------------------------------------*/

void table_begin(struct table *t)
{
    t->at = 0;
    if (is_json(t)) {
        json_init(&t->json, t->out, 0);
        json_object_begin(&t->json, NULL);
    }
}

void table_end(struct table *t)
{
    assert(t->columns[t->at].name == NULL);
    if (t->store != NULL) {
        t->store->row(t->into);
        return;
    }
    if (is_json(t)) {
        json_end(&t->json);
    }
    out_text(t->out, t->dialect == TABLE_CSV ? "\r\n" : "\n");
}

/* Begins a cell; the name of its column, or NULL when the value itself is to be written. */
static const char *cell(struct table *t)
{
    const char *name = t->columns[t->at].name;
    assert(name != NULL);
    if (!is_json(t) && t->at > 0) {
        out_char(t->out, t->dialect == TABLE_CSV ? ',' : '\t');
    }
    t->at++;
    return is_json(t) ? name : NULL;
}

void table_none(struct table *t)
{
    static const char *const words[] = {"", "\\N", "-", ""}; /* in JSON it is left out */
    if (t->store != NULL) {
        t->store->none(t->into, t->at++);
        return;
    }
    (void)cell(t);
    out_text(t->out, words[t->dialect]);
}

void table_u64(struct table *t, uint64_t v)
{
    if (t->store != NULL) {
        t->store->integer(t->into, t->at++, v < INT64_MAX ? (int64_t)v : INT64_MAX);
        return;
    }
    const char *name = cell(t);
    if (name != NULL) {
        json_u64(&t->json, name, v);
    } else {
        out_u64(t->out, v);
    }
}

void table_i64(struct table *t, int64_t v)
{
    if (t->store != NULL) {
        t->store->integer(t->into, t->at++, v);
        return;
    }
    const char *name = cell(t);
    if (name != NULL) {
        json_i64(&t->json, name, v);
    } else {
        out_i64(t->out, v);
    }
}

void table_bool(struct table *t, bool v)
{
    if (t->store != NULL) {
        t->store->integer(t->into, t->at++, v);
        return;
    }
    static const char *const words[][2] = {{"false", "true"}, {"false", "true"}, {"F", "T"}};
    const char *name = cell(t);
    if (name != NULL) {
        json_bool(&t->json, name, v);
    } else {
        out_text(t->out, words[t->dialect][v]);
    }
}

void table_text(struct table *t, struct bytes b)
{
    if (b.p == NULL) {
        table_none(t);
        return;
    }
    if (t->store != NULL) {
        store_text(t, b);
        return;
    }
    const char *name = cell(t);
    if (name != NULL) {
        json_bytes(&t->json, name, b);
    } else if (t->dialect == TABLE_CSV) {
        csv_text(t->out, b);
    } else if (t->dialect == TABLE_TSV) {
        out_text(t->out, is_formula(b) ? "'" : "");
        escaped_put(t->out, b, true, false);
    } else {
        zeek_text(t->out, b, false);
    }
}

void table_name(struct table *t, const char *s)
{
    table_text(t, s != NULL ? bytes_of(s) : (struct bytes){0});
}

/* ns / 10^9 with so many digits, rounded towards the past. */
static void put_seconds(struct out *o, int64_t ns, unsigned digits)
{
    int64_t unit = digits == 6 ? 1000 : 1;
    int64_t v = ns / unit - (ns % unit < 0);
    out_fixed(o, v, digits, digits);
}

void table_time(struct table *t, int64_t ns)
{
    uint8_t text[TIME_TEXT_BYTES];
    if (t->store != NULL) {
        t->store->text(t->into, t->at++, (struct bytes){text, time_text(text, ns, t->digits)});
        return;
    }
    const char *name = cell(t);
    if (name != NULL) {
        json_value(&t->json, name);
    }
    if (t->dialect == TABLE_ZEEK || t->dialect == TABLE_ZEEK_JSON) {
        put_seconds(t->out, ns, 6);
    } else {
        out_bytes(t->out, (struct bytes){text, time_text(text, ns, t->digits)});
    }
}

void table_seconds(struct table *t, int64_t ns)
{
    if (t->store != NULL) {
        t->store->real(t->into, t->at++, (double)ns / 1e9);
        return;
    }
    const char *name = cell(t);
    if (name != NULL) {
        json_value(&t->json, name);
    }
    put_seconds(t->out, ns, t->digits == 6 || t->dialect >= TABLE_ZEEK ? 6 : 9);
}

void table_base64(struct table *t, struct bytes b)
{
    if (t->store != NULL) {
        t->store->blob(t->into, t->at++, b);
        return;
    }
    const char *name = cell(t);
    if (name != NULL) {
        json_base64(&t->json, name, b);
        return;
    }
    bool quotes = b.n == 0 && t->dialect == TABLE_CSV;
    out_text(t->out, quotes ? "\"" : b.n == 0 && t->dialect == TABLE_ZEEK ? "(empty)" : "");
    json_put_base64(t->out, b);
    out_text(t->out, quotes ? "\"" : "");
}

/* In CSV and TSV the items stand in one cell with blanks between them. */
void table_list(struct table *t)
{
    t->items = 0;
    if (t->store != NULL) {
        json_init(&t->json, t->out, 0);
        json_array_begin(&t->json, NULL);
        return;
    }
    const char *name = cell(t);
    if (name != NULL) {
        json_array_begin(&t->json, name);
    } else if (t->dialect == TABLE_CSV) {
        out_char(t->out, '"');
    }
}

void table_item(struct table *t, struct bytes b)
{
    struct out *o = t->out;
    bool first = t->items++ == 0;
    switch (t->dialect) {
    case TABLE_CSV:
        out_text(o, !first ? " " : is_formula(b) ? "'" : "");
        csv_put(o, b);
        return;
    case TABLE_TSV:
        out_text(o, !first ? " " : is_formula(b) ? "'" : "");
        escaped_put(o, b, true, false);
        return;
    case TABLE_ZEEK:
        out_text(o, first ? "" : ",");
        zeek_text(o, b, true);
        return;
    case TABLE_ZEEK_JSON:
    case TABLE_STORE:
        json_bytes(&t->json, NULL, b);
        return;
    }
}

void table_list_end(struct table *t)
{
    if (t->store != NULL) {
        json_end(&t->json);
        store_put(t);
    } else if (is_json(t)) {
        json_end(&t->json);
    } else if (t->dialect == TABLE_CSV) {
        out_char(t->out, '"');
    } else if (t->dialect == TABLE_ZEEK && t->items == 0) {
        out_text(t->out, "(empty)");
    }
}
