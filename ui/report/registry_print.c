/* Prints the WebSocket registry. A loaded registry is a stranger's text: every string goes through
 * put_text, which lets no control character reach the terminal. */
#include "ui/report/registry_print.h"

#include "ui/report/unicode.h"

#include <ctype.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum {
    COLUMNS_MAX = 4,
    CELL_MAX_COLUMNS = 34,      /* a longer cell gets a line of its own */
    LAST_CELL_MAX_COLUMNS = 90, /* what is longer is cut; the entry alone is shown in full */
    SUGGESTIONS_MAX = 3,
    SUGGESTED_NAME_MAX_BYTES = 64 /* of names compared for nearness */
};

/* ---- text ---- */

/* Prints s, escaped, up to `most` columns; without `out` only measures. Returns the columns. */
static size_t put_text(FILE *out, const char *s, size_t most)
{
    size_t columns = 0;

    for (struct bytes b = bytes_of(s); b.n > 0;) {
        char piece[12];
        uint32_t c;
        size_t n = unicode_decode(b, &c);
        size_t width = 1;

        if (c == UNICODE_INVALID) {
            n = 1;
            width = (size_t)snprintf(piece, sizeof piece, "\\x%02x", b.p[0]);
        } else if (unicode_is_unsafe(c))
            width = (size_t)snprintf(piece, sizeof piece, c < 0x80 ? "\\x%02x" : "\\u{%x}", c);
        else
            snprintf(piece, sizeof piece, "%.*s", (int)n, (const char *)b.p);
        if (width > most - columns)
            break;
        if (out)
            fputs(piece, out);
        columns += width;
        b = bytes_from(b, n);
    }
    return columns;
}

static void put_spaces(FILE *out, size_t n)
{
    fprintf(out, "%*s", (int)n, "");
}

/* ---- tables ---- */

enum column { COLUMN_NUMBER, COLUMN_NAME, COLUMN_DATE, COLUMN_DESCRIPTION, COLUMN_REFERENCE };

static const char *const column_titles[] = {"number", "name", "date", "description", "reference"};

static const struct view {
    const char *name;
    const char *one; /* of its entries */
    enum registry_table_id id;
    size_t n;
    enum column columns[COLUMNS_MAX];
} views[] = {
    {"opcodes", "opcode", REGISTRY_OPCODES, 3, {COLUMN_NUMBER, COLUMN_NAME, COLUMN_REFERENCE}},
    {"close-codes",
     "close code",
     REGISTRY_CLOSE_CODES,
     4,
     {COLUMN_NUMBER, COLUMN_DATE, COLUMN_NAME, COLUMN_REFERENCE}},
    {"subprotocols",
     "subprotocol",
     REGISTRY_SUBPROTOCOLS,
     4,
     {COLUMN_NAME, COLUMN_DATE, COLUMN_DESCRIPTION, COLUMN_REFERENCE}},
    {"extensions",
     "extension",
     REGISTRY_EXTENSIONS,
     4,
     {COLUMN_NAME, COLUMN_DATE, COLUMN_DESCRIPTION, COLUMN_REFERENCE}},
    {"versions", "version", REGISTRY_VERSIONS, 3, {COLUMN_NUMBER, COLUMN_NAME, COLUMN_REFERENCE}},
    {"header-bits",
     "header bit",
     REGISTRY_HEADER_BITS,
     4,
     {COLUMN_NAME, COLUMN_DATE, COLUMN_REFERENCE, COLUMN_DESCRIPTION}},
};
enum { VIEWS = sizeof views / sizeof *views };

struct number_text {
    char s[32];
};

static const char *range_text(const struct registry_entry *entry, struct number_text *to)
{
    if (entry->low == entry->high)
        snprintf(to->s, sizeof to->s, "%lu", (unsigned long)entry->low);
    else
        snprintf(to->s, sizeof to->s, "%lu-%lu", (unsigned long)entry->low,
                 (unsigned long)entry->high);
    return to->s;
}

static const char *cell_text(const struct registry_entry *entry, enum column column,
                             struct number_text *number)
{
    switch (column) {
    case COLUMN_NUMBER:
        return range_text(entry, number);
    case COLUMN_NAME:
        return entry->name;
    case COLUMN_DATE:
        return entry->date;
    case COLUMN_DESCRIPTION:
        return entry->description;
    case COLUMN_REFERENCE:
        return entry->reference;
    }
    return "";
}

/* The widest cell of a column that still keeps to its line. */
static size_t column_width(const struct registry_table *table, enum column column)
{
    size_t width = strlen(column_titles[column]);

    for (size_t i = 0; i < table->n; i++) {
        struct number_text number;
        size_t n = put_text(NULL, cell_text(&table->entries[i], column, &number), SIZE_MAX);

        if (n <= CELL_MAX_COLUMNS && n > width)
            width = n;
    }
    return width;
}

/* A cell wider than its column has the rest of its line; the next cell starts a new one. */
static void print_row(FILE *out, const char *const cells[], const size_t widths[], size_t n)
{
    size_t at = 0, start = 2;

    while (n > 1 && !cells[n - 1][0])
        n--;
    for (size_t i = 0; i < n; i++) {
        if (i && at + 2 > start) {
            putc('\n', out);
            at = 0;
        }
        put_spaces(out, start - at);
        at = start + put_text(out, cells[i], i + 1 == n ? LAST_CELL_MAX_COLUMNS : SIZE_MAX);
        start += widths[i] + 2;
    }
    if (put_text(NULL, cells[n - 1], SIZE_MAX) > LAST_CELL_MAX_COLUMNS)
        fputs("...", out);
    putc('\n', out);
}

static void print_table(FILE *out, const struct registry *r, const struct view *view)
{
    const struct registry_table *table = &r->table[view->id];
    const char *cells[COLUMNS_MAX];
    size_t widths[COLUMNS_MAX];

    fprintf(out, "%s (%zu)\n", view->name, table->n);
    for (size_t c = 0; c < view->n; c++) {
        widths[c] = column_width(table, view->columns[c]);
        cells[c] = column_titles[view->columns[c]];
    }
    if (table->n)
        print_row(out, cells, widths, view->n);
    for (size_t i = 0; i < table->n; i++) {
        struct number_text number;

        for (size_t c = 0; c < view->n; c++)
            cells[c] = cell_text(&table->entries[i], view->columns[c], &number);
        print_row(out, cells, widths, view->n);
    }
}

static void print_all(FILE *out, const struct registry *r)
{
    put_text(out, r->title, SIZE_MAX);
    fputs(", edition of ", out);
    put_text(out, r->updated[0] ? r->updated : "unknown date", SIZE_MAX);
    fputs(", ", out);
    put_text(out, r->source, SIZE_MAX);
    putc('\n', out);
    for (size_t i = 0; i < VIEWS; i++) {
        putc('\n', out);
        print_table(out, r, &views[i]);
    }
}

/* ---- one entry ---- */

static void print_line(FILE *out, const char *label, const char *text)
{
    if (!text[0])
        return;
    fprintf(out, "  %-13s ", label);
    put_text(out, text, SIZE_MAX);
    putc('\n', out);
}

static void print_entry(FILE *out, const struct registry *r, const struct view *view,
                        const struct registry_entry *entry)
{
    const struct registry_rule *rule = registry_rule_for(r, view->id, entry->low);
    struct number_text number;

    print_line(out, "name", entry->name);
    if (entry->low != entry->high)
        print_line(out, "range", range_text(entry, &number));
    if (strcmp(entry->description, entry->name))
        print_line(out, "description", entry->description);
    print_line(out, "status", registry_status_name(entry->status));
    print_line(out, "registered", entry->date);
    print_line(out, "updated", entry->updated);
    print_line(out, "reference", entry->reference);
    print_line(out, "procedure", rule ? rule->rule : "");
}

static const struct view *view_of(enum registry_table_id id)
{
    const struct view *view = views;

    while (view->id != id)
        view++;
    return view;
}

static void print_number(FILE *out, const struct registry *r, enum registry_table_id id,
                         uint32_t number, const struct registry_entry *entry, const char *otherwise)
{
    const struct view *view = view_of(id);

    fprintf(out, "%s %lu\n", view->one, (unsigned long)number);
    if (entry)
        print_entry(out, r, view, entry);
    else
        print_line(out, "name", otherwise);
}

/* Every decimal number up to 65535 can stand in a Close frame at least. */
static bool print_numbers(FILE *out, const struct registry *r, const char *what)
{
    size_t digits = strspn(what, "0123456789");
    uint32_t n = digits && digits < 6 ? (uint32_t)strtoul(what, NULL, 10) : UINT32_MAX;

    if (what[digits] || n > UINT16_MAX)
        return false;
    if (n < 16)
        print_number(out, r, REGISTRY_OPCODES, n, registry_opcode(r, n),
                     registry_opcode_name(r, n));
    print_number(out, r, REGISTRY_CLOSE_CODES, n, registry_close_code_entry(r, n),
                 registry_close_code_name(r, n));
    if (n < 256)
        print_number(out, r, REGISTRY_VERSIONS, n, registry_version(r, n), "Unassigned");
    return true;
}

/* Names of the protocol are exact, words that describe numbers are not. */
static bool is_named(const struct registry_table *table, const struct registry_entry *entry,
                     const char *what)
{
    return table->by_name ? !strcmp(entry->name, what) : !strcasecmp(entry->name, what);
}

static bool print_names(FILE *out, const struct registry *r, const char *what)
{
    bool found = false;

    for (size_t v = 0; v < VIEWS; v++) {
        const struct registry_table *table = &r->table[views[v].id];

        for (size_t i = 0; i < table->n; i++) {
            const struct registry_entry *entry = &table->entries[i];
            struct number_text number;

            if (!is_named(table, entry, what))
                continue;
            fprintf(out, "%s ", views[v].one);
            put_text(out, table->by_name ? entry->name : range_text(entry, &number), SIZE_MAX);
            putc('\n', out);
            print_entry(out, r, &views[v], entry);
            found = true;
        }
    }
    return found;
}

static bool print_named_table(FILE *out, const struct registry *r, const char *what)
{
    for (size_t i = 0; i < VIEWS; i++) {
        if (*what && !strncasecmp(views[i].name, what, strlen(what))) {
            print_table(out, r, &views[i]);
            return true;
        }
    }
    return false;
}

/* ---- what was meant ---- */

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Edit distance (Levenshtein), whatever the case; SIZE_MAX for names too long to be compared. */
static size_t distance(const char *a, const char *b)
{
    size_t row[SUGGESTED_NAME_MAX_BYTES + 1];
    size_t n = strlen(b);

    if (n > SUGGESTED_NAME_MAX_BYTES || strlen(a) > SUGGESTED_NAME_MAX_BYTES)
        return SIZE_MAX;
    for (size_t j = 0; j <= n; j++)
        row[j] = j;
    for (size_t i = 0; a[i]; i++) {
        size_t diagonal = row[0];

        row[0] = i + 1;
        for (size_t j = 0; j < n; j++) {
            bool same = tolower((unsigned char)a[i]) == tolower((unsigned char)b[j]);
            size_t changed = diagonal + !same;

            diagonal = row[j + 1];
            row[j + 1] = least(changed, 1 + least(row[j], row[j + 1]));
        }
    }
    return row[n];
}

struct suggestion {
    const char *name;
    size_t distance;
};

/* Keeps the nearest, the earlier first among equals. */
static void suggest(struct suggestion best[SUGGESTIONS_MAX], const char *name, size_t far)
{
    struct suggestion one = {name, far};

    for (size_t i = 0; i < SUGGESTIONS_MAX; i++) {
        if (best[i].name && !strcmp(best[i].name, one.name))
            return;
        if (!best[i].name || one.distance < best[i].distance) {
            struct suggestion pushed = best[i];

            best[i] = one;
            one = pushed;
        }
        if (!one.name)
            return;
    }
}

static void say_what_is_near(FILE *why, const struct registry *r, const char *what)
{
    struct suggestion best[SUGGESTIONS_MAX] = {{NULL, 0}};
    size_t limit = least(1 + strlen(what) / 4, 6);

    for (size_t v = 0; v < VIEWS; v++) {
        const struct registry_table *table = &r->table[views[v].id];

        if (distance(what, views[v].name) <= limit)
            suggest(best, views[v].name, distance(what, views[v].name));
        for (size_t i = 0; i < table->n; i++) {
            size_t far = distance(what, table->entries[i].name);

            if (far <= limit)
                suggest(best, table->entries[i].name, far);
        }
    }
    for (size_t i = 0; i < SUGGESTIONS_MAX && best[i].name; i++) {
        fputs(i ? ", '" : "; did you mean '", why);
        put_text(why, best[i].name, SIZE_MAX);
        putc('\'', why);
    }
    if (best[0].name)
        putc('?', why);
}

static void say_why(const struct registry *r, const char *what, char *why, size_t why_size)
{
    FILE *out = why_size ? fmemopen(why, why_size, "w") : NULL;

    if (why_size)
        why[0] = '\0';
    if (!out)
        return;
    fputs("the registry has no table, name or number '", out);
    put_text(out, what, SUGGESTED_NAME_MAX_BYTES);
    putc('\'', out);
    say_what_is_near(out, r, what);
    fclose(out);
    why[why_size - 1] = '\0';
}

int registry_print(FILE *out, const struct registry *r, const char *what, char *why,
                   size_t why_size)
{
    if (why_size)
        why[0] = '\0';
    if (!what) {
        print_all(out, r);
        return 0;
    }
    if (print_numbers(out, r, what) || print_names(out, r, what) || print_named_table(out, r, what))
        return 0;
    say_why(r, what, why, why_size);
    return 1;
}
