/* From records to tables: what the registry's XML says of one code or name becomes an entry that
 * can be looked up (RFC 6455 section 11). */
#include "decoders/registry/registry_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    SHORT_DESCRIPTION_MAX_BYTES = 40 /* IANA's names of close codes have at most 26 */
};

struct loaded {
    struct registry registry; /* first: registry_free gets its address */
    struct text_store text;
};

static const struct table_kind {
    const char *id;
    bool named;         /* keyed by a name, not by a number */
    uint32_t highest;   /* number */
    const char *suffix; /* of descriptions, left out of the name */
} table_kinds[REGISTRY_TABLES] = {
    [REGISTRY_EXTENSIONS] = {"extension-name", true, 0, ""},
    [REGISTRY_SUBPROTOCOLS] = {"subprotocol-name", true, 0, ""},
    [REGISTRY_VERSIONS] = {"version-number", false, 255, ""},
    [REGISTRY_CLOSE_CODES] = {"close-code-number", false, 65535, ""},
    [REGISTRY_OPCODES] = {"opcode", false, 15, " Frame"},
    [REGISTRY_HEADER_BITS] = {"framing-header-bits", true, 0, ""},
};

bool builder_find_table(const char *id, enum registry_table_id *table, bool *rules_only)
{
    for (size_t i = 0; i < REGISTRY_TABLES; i++) {
        size_t n = strlen(table_kinds[i].id);

        if (strncmp(id, table_kinds[i].id, n) || (id[n] && strcmp(id + n, "-rules")))
            continue;
        *table = (enum registry_table_id)i;
        *rules_only = id[n] != '\0';
        return true;
    }
    return false;
}

void builder_fail(struct builder *b, unsigned long line, const char *text)
{
    if (b->failed)
        return;
    b->failed = true;
    b->error->line = line;
    snprintf(b->error->text, sizeof b->error->text, "%s", text);
}

static void fail_memory(struct builder *b)
{
    builder_fail(b, 0, "out of memory");
}

static const char *keep_text(struct builder *b, const char *s, size_t n)
{
    const char *kept = text_store_keep(&b->out->text, s, n);

    if (kept)
        return kept;
    fail_memory(b);
    return "";
}

static const char *keep_string(struct builder *b, const char *s)
{
    return keep_text(b, s, strlen(s));
}

static const char *keep_field(struct builder *b, const struct field *f)
{
    return keep_text(b, f->s, f->n);
}

static bool parse_number(const char **s, uint32_t *number)
{
    uint32_t n = 0;
    const char *p = *s;

    while (*p >= '0' && *p <= '9' && n <= UINT16_MAX)
        n = n * 10 + (uint32_t)(*p++ - '0');
    if (p == *s || n > UINT16_MAX)
        return false;
    *s = p;
    *number = n;
    return true;
}

/* "1000" or "1016-2999". */
static bool parse_range(const char *s, uint32_t *low, uint32_t *high)
{
    if (!parse_number(&s, low))
        return false;
    *high = *low;
    if (*s == '-') {
        s++;
        if (!parse_number(&s, high))
            return false;
    }
    return !*s && *low <= *high;
}

static void describe_name(struct builder *b, const struct record *record,
                          struct registry_entry *entry)
{
    if (record->name.n > REGISTRY_NAME_MAX_BYTES)
        builder_fail(b, record->line, "a name is too long");
    entry->name = keep_field(b, &record->name);
    if (!record->name.n)
        builder_fail(b, record->line, "a record has no name");
    entry->description = keep_field(b, record->common.n ? &record->common : &record->description);
}

/* IANA describes close code 1014 in a sentence; people call it as HTTP calls 502. */
static const char *short_name(uint32_t low, const struct field *description)
{
    return low == 1014 && description->n > SHORT_DESCRIPTION_MAX_BYTES ? "Bad Gateway" : NULL;
}

static void describe_number(struct builder *b, enum registry_table_id id,
                            const struct record *record, struct registry_entry *entry)
{
    const struct table_kind *kind = &table_kinds[id];
    const struct field *d = &record->description;

    if (!parse_range(record->value.s, &entry->low, &entry->high) || entry->high > kind->highest) {
        builder_fail(
            b, record->line,
            "a value is not a number or a range of numbers, or not one this table can have");
        return;
    }
    if (!d->n && id != REGISTRY_VERSIONS)
        builder_fail(b, record->line, "a record has no description");
    entry->description = keep_field(b, d);
    if (!strcmp(d->s, "Unassigned")) {
        entry->status = REGISTRY_UNASSIGNED;
    } else if (!strcmp(d->s, "Reserved for Private Use")) {
        entry->status = REGISTRY_PRIVATE_USE;
        entry->name = "Private Use";
        return;
    } else if (!strcmp(d->s, "Reserved")) {
        entry->status = REGISTRY_RESERVED;
    }
    entry->name = entry->description;
    if (field_ends_with(d, kind->suffix))
        entry->name = keep_text(b, d->s, d->n - strlen(kind->suffix));
    else if (id == REGISTRY_CLOSE_CODES && short_name(entry->low, d))
        entry->name = short_name(entry->low, d);
}

/* A version's record has a status; a reserved one has an empty status and says so in a reference.
 */
static void describe_version(struct builder *b, const struct record *record,
                             struct registry_entry *entry)
{
    const struct field *status = record->status.n ? &record->status : &record->reference;

    if (!strcmp(status->s, "Interim"))
        entry->status = REGISTRY_INTERIM;
    else if (!strcmp(status->s, "Standard"))
        entry->status = REGISTRY_STANDARD;
    else if (!strcmp(status->s, "Reserved"))
        entry->status = REGISTRY_RESERVED;
    entry->name = "Assigned";
    if (record->status.n || entry->status == REGISTRY_RESERVED)
        entry->name = keep_field(b, status);
    if (!record->status.n && entry->status == REGISTRY_RESERVED)
        entry->reference = "";
}

static struct draft_entry *add_entry(struct builder *b, enum registry_table_id id,
                                     unsigned long line)
{
    struct draft_table *t = &b->tables[id];

    if (t->n == t->room) {
        size_t room = t->room ? t->room * 2 : 64;
        struct draft_entry *more;

        if (t->n >= REGISTRY_ENTRIES_MAX) {
            builder_fail(b, line, "a table has too many records");
            return NULL;
        }
        more = realloc(t->entries, room * sizeof *more);
        if (!more) {
            fail_memory(b);
            return NULL;
        }
        t->entries = more;
        t->room = room;
    }
    return &t->entries[t->n++];
}

void builder_add_record(struct builder *b, enum registry_table_id id, struct record *record)
{
    struct draft_entry *draft = add_entry(b, id, record->line);
    struct registry_entry *entry;

    if (!draft)
        return;
    *draft = (struct draft_entry){{"", "", "", "", "", 0, 0, REGISTRY_ASSIGNED}, record->line};
    entry = &draft->entry;
    entry->reference =
        keep_field(b, record->definition.n ? &record->definition : &record->reference);
    entry->date = keep_string(b, record->date);
    entry->updated = keep_string(b, record->updated);
    if (table_kinds[id].named) {
        if (!record->name.n)
            record->name = record->value; /* a header bit's name is its value */
        describe_name(b, record, entry);
        return;
    }
    describe_number(b, id, record, entry);
    if (id == REGISTRY_VERSIONS)
        describe_version(b, record, entry);
}

void builder_add_rule(struct builder *b, enum registry_table_id id, const struct field *scope,
                      const struct field *text, unsigned long line)
{
    struct draft_table *t = &b->tables[id];
    struct registry_rule *rule;

    if (!text->n)
        return;
    if (!t->rules)
        t->rules = calloc(REGISTRY_RULES_MAX, sizeof *t->rules);
    if (!t->rules) {
        fail_memory(b);
        return;
    }
    if (t->n_rules >= REGISTRY_RULES_MAX) {
        builder_fail(b, line, "a table has too many registration rules");
        return;
    }
    rule = &t->rules[t->n_rules++];
    rule->scope = scope ? keep_field(b, scope) : "";
    rule->rule = keep_field(b, text);
    if (!scope || !parse_range(scope->s, &rule->low, &rule->high))
        rule->low = rule->high = 0;
}

void builder_set_title(struct builder *b, enum registry_table_id id, const struct field *title)
{
    if (!b->tables[id].title[0])
        b->tables[id].title = keep_field(b, title);
}

static int compare_numbers(const void *a, const void *b)
{
    const struct draft_entry *x = a, *y = b;

    return (x->entry.low > y->entry.low) - (x->entry.low < y->entry.low);
}

struct named_index {
    const char *name;
    uint16_t index;
};

static int compare_names(const void *a, const void *b)
{
    const struct named_index *x = a, *y = b;
    int order = strcmp(x->name, y->name);

    return order ? order : (x->index > y->index) - (x->index < y->index);
}

static void sort_numbers(struct builder *b, struct draft_table *t)
{
    if (t->n)
        qsort(t->entries, t->n, sizeof *t->entries, compare_numbers);
    for (size_t i = 1; i < t->n; i++) {
        const struct draft_entry *last = &t->entries[i - 1], *next = &t->entries[i];

        if (next->entry.low <= last->entry.high)
            builder_fail(b, last->line > next->line ? last->line : next->line,
                         "a number has two records");
    }
}

/* Fills index with the order of the names. */
static void sort_names(struct builder *b, const struct draft_table *t, uint16_t *index)
{
    struct named_index *sorted = calloc(t->n, sizeof *sorted);

    if (!sorted) {
        fail_memory(b);
        return;
    }
    for (size_t i = 0; i < t->n; i++)
        sorted[i] = (struct named_index){t->entries[i].entry.name, (uint16_t)i};
    qsort(sorted, t->n, sizeof *sorted, compare_names);
    for (size_t i = 0; i < t->n; i++) {
        index[i] = sorted[i].index;
        if (i && !strcmp(sorted[i].name, sorted[i - 1].name))
            builder_fail(b, t->entries[index[i]].line, "a name has two records");
    }
    free(sorted);
}

static void finish_table(struct builder *b, enum registry_table_id id)
{
    struct draft_table *draft = &b->tables[id];
    struct registry_table *table = &b->out->registry.table[id];
    struct registry_entry *entries;
    uint16_t *index;

    table->title = draft->title;
    table->rules = draft->rules; /* handed over: registry_free frees them */
    table->n_rules = draft->n_rules;
    draft->rules = NULL;
    if (!draft->n)
        return;
    if (!table_kinds[id].named)
        sort_numbers(b, draft);
    table->entries = entries = calloc(draft->n, sizeof *entries);
    table->by_name = index = table_kinds[id].named ? calloc(draft->n, sizeof *index) : NULL;
    if (!entries || (table_kinds[id].named && !index)) {
        fail_memory(b);
        return;
    }
    table->n = draft->n;
    for (size_t i = 0; i < draft->n; i++)
        entries[i] = draft->entries[i].entry;
    if (index)
        sort_names(b, draft, index);
}

struct registry *builder_finish(struct builder *b, const struct field *title,
                                const struct field *created, const struct field *updated)
{
    struct registry *registry = &b->out->registry;

    registry->title = keep_field(b, title);
    registry->created = keep_field(b, created);
    registry->updated = keep_field(b, updated);
    registry->source = "file";
    for (size_t i = 0; i < REGISTRY_TABLES && !b->failed; i++)
        finish_table(b, (enum registry_table_id)i);
    if (b->failed)
        return NULL;
    b->out = NULL;
    *b->error = (struct registry_error){0, ""};
    return registry;
}

bool builder_init(struct builder *b, struct registry_error *error)
{
    *b = (struct builder){.error = error, .out = calloc(1, sizeof *b->out)};
    for (size_t i = 0; i < REGISTRY_TABLES; i++)
        b->tables[i].title = "";
    if (!b->out)
        fail_memory(b);
    return b->out != NULL;
}

void builder_done(struct builder *b)
{
    for (size_t i = 0; i < REGISTRY_TABLES; i++) {
        free(b->tables[i].entries);
        free(b->tables[i].rules);
    }
    if (b->out)
        registry_free(&b->out->registry);
}

/* Only what this file allocated comes here: the constness is that of the tables' readers. */
static void free_table(const struct registry_table *table)
{
    free((void *)(uintptr_t)table->entries);
    free((void *)(uintptr_t)table->by_name);
    free((void *)(uintptr_t)table->rules);
}

void registry_free(struct registry *r)
{
    struct loaded *loaded = (struct loaded *)r;

    if (!r)
        return;
    for (size_t i = 0; i < REGISTRY_TABLES; i++)
        free_table(&r->table[i]);
    text_store_done(&loaded->text);
    free(loaded);
}
