/* HTTP header fields: lines, lists and extension lists (RFC 9110 5, RFC 9112 5, RFC 6455 9.1). */
#include "fields.h"

static const struct bytes no_bytes;

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t';
}

static bool is_break(uint8_t c)
{
    return c == '\r' || c == '\n';
}

/* bytes_trim, for a value that may begin with a fold. */
static struct bytes trim_all(struct bytes b)
{
    while (b.n > 0 && (is_blank(b.p[0]) || is_break(b.p[0]))) {
        b = bytes_from(b, 1);
    }
    while (b.n > 0 && (is_blank(b.p[b.n - 1]) || is_break(b.p[b.n - 1]))) {
        b.n--;
    }
    return b;
}

bool field_next(struct bytes *lines, struct field *out)
{
    struct bytes all = *lines;
    size_t end = bytes_find(all, '\n');
    *out = (struct field){0};
    while (end < all.n && all.n - end > 1 && is_blank(all.p[end + 1])) {
        end += 1 + bytes_find(bytes_from(all, end + 1), '\n');
        out->folded = true;
    }
    struct bytes line = bytes_part(all, 0, end);
    *lines = bytes_from(all, end + 1);
    if (line.n > 0 && line.p[line.n - 1] == '\r') {
        line.n--;
    }
    if (line.n == 0) {
        return false;
    }
    size_t colon = bytes_find(line, ':');
    if (colon < line.n) {
        out->name = bytes_part(line, 0, colon);
        out->value = bytes_from(line, colon + 1);
    } else {
        out->value = line;
    }
    out->value = trim_all(out->value);
    return true;
}

static const struct bytes field_names[] = {
#define FIELD_NAME(id, name) {(const uint8_t *)name, sizeof name - 1},
    FIELD_IDS(FIELD_NAME)
#undef FIELD_NAME
};

/* Their lengths once more, close together: most lines are told apart by these alone. */
static const uint8_t field_lengths[] = {
#define FIELD_LENGTH(id, name) sizeof name - 1,
    FIELD_IDS(FIELD_LENGTH)
#undef FIELD_LENGTH
};

static enum field_id field_id(struct bytes name)
{
    for (size_t i = 0; i < FIELD_ID_COUNT; i++) {
        if (field_lengths[i] == name.n && (field_names[i].p[0] | 0x20) == (name.p[0] | 0x20) &&
            (bytes_equal(field_names[i], name) || bytes_equal_nocase(field_names[i], name))) {
            return (enum field_id)i;
        }
    }
    return FIELD_ID_COUNT;
}

void fields_read(struct fields *f, struct bytes lines)
{
    struct field field;
    *f = (struct fields){.lines = lines};
    while (field_next(&lines, &field)) {
        enum field_id id = field_id(field.name);
        if (id == FIELD_ID_COUNT) {
            f->malformed = f->malformed || field.name.n == 0;
            continue;
        }
        if (f->count[id] == 0) {
            f->value[id] = field.value;
        }
        f->count[id]++;
        f->folded[id] = f->folded[id] || field.folded;
    }
}

struct bytes fields_last(const struct fields *f, enum field_id id)
{
    struct bytes last = f->value[id];
    if (f->count[id] > 1) {
        struct bytes lines = f->lines;
        struct field field;
        while (field_next(&lines, &field)) {
            if (bytes_equal_nocase(field.name, field_names[id])) {
                last = field.value;
            }
        }
    }
    return last;
}

static void put(struct field_room *out, uint8_t c)
{
    if (out->n > 0) {
        *out->p++ = c;
        out->n--;
    }
}

/* Copies a value; a line break and the blanks around it become one space. */
static void put_unfolded(struct field_room *out, struct bytes value)
{
    for (size_t i = 0; i < value.n; i++) {
        if (!is_break(value.p[i])) {
            put(out, value.p[i]);
            continue;
        }
        while (i + 1 < value.n && (is_blank(value.p[i + 1]) || is_break(value.p[i + 1]))) {
            i++;
        }
        put(out, ' ');
    }
}

struct bytes fields_value(const struct fields *f, enum field_id id, struct field_room *room)
{
    if (f->count[id] < 2 && !f->folded[id]) {
        return f->value[id];
    }
    const uint8_t *start = room->p;
    size_t before = room->n;
    struct bytes lines = f->lines;
    struct field field;
    while (field_next(&lines, &field)) {
        if (!bytes_equal_nocase(field.name, field_names[id])) {
            continue;
        }
        if (room->n < before) {
            put(room, ',');
            put(room, ' ');
        }
        put_unfolded(room, field.value);
    }
    return (struct bytes){start, before - room->n};
}

/* tchar, RFC 9110 section 5.6.2: letters, digits and !#$%&'*+-.^_`|~, a bit for each. */
static bool is_token_byte(uint8_t c)
{
    static const uint64_t token_bytes[4] = {0x03ff6cfa00000000, 0x57ffffffc7fffffe, 0, 0};
    return token_bytes[c >> 6] >> (c & 63) & 1;
}

bool is_token(struct bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        if (!is_token_byte(b.p[i])) {
            return false;
        }
    }
    return b.n > 0;
}

/* Index of the first `stop` outside of a quoted string, or b.n. */
static size_t find_unquoted(struct bytes b, uint8_t stop)
{
    size_t first = bytes_find(b, stop);
    if (bytes_find(bytes_part(b, 0, first), '"') == first) {
        return first; /* nothing is quoted, as nearly always */
    }
    bool quoted = false;
    for (size_t i = 0; i < b.n; i++) {
        if (quoted && b.p[i] == '\\') {
            i++;
        } else if (b.p[i] == '"') {
            quoted = !quoted;
        } else if (b.p[i] == stop && !quoted) {
            return i;
        }
    }
    return b.n;
}

bool list_next(struct bytes *list, struct bytes *item)
{
    while (list->n > 0) {
        size_t comma = bytes_find(*list, ',');
        *item = trim_all(bytes_part(*list, 0, comma));
        *list = bytes_from(*list, comma + 1);
        if (item->n > 0) {
            return true;
        }
    }
    return false;
}

bool list_has(struct bytes list, const char *token)
{
    struct bytes item, wanted = bytes_of(token);
    while (list_next(&list, &item)) {
        if (bytes_equal_nocase(item, wanted)) {
            return true;
        }
    }
    return false;
}

/* A quoted value must be a token once its quotes and backslashes are off (RFC 6455 9.1). */
static bool unquote(struct bytes *value)
{
    struct bytes in = *value;
    if (in.n < 3 || in.p[in.n - 1] != '"') {
        return false;
    }
    *value = bytes_part(in, 1, in.n - 2);
    for (size_t i = 0; i < value->n; i++) {
        i += value->p[i] == '\\';
        if (i >= value->n || !is_token_byte(value->p[i])) {
            return false;
        }
    }
    return true;
}

bool extension_parameter_next(struct bytes *parameters, struct extension_parameter *out)
{
    if (parameters->n == 0) {
        return false;
    }
    size_t end = find_unquoted(*parameters, ';');
    struct bytes text = trim_all(bytes_part(*parameters, 0, end));
    size_t equals = bytes_find(text, '=');
    *parameters = bytes_from(*parameters, end + 1);
    out->name = trim_all(bytes_part(text, 0, equals));
    out->value = no_bytes;
    out->bad = !is_token(out->name);
    if (equals < text.n) {
        out->value = trim_all(bytes_from(text, equals + 1));
        bool quoted = out->value.n > 0 && out->value.p[0] == '"';
        out->bad = out->bad || !(quoted ? unquote(&out->value) : is_token(out->value));
    }
    return true;
}

bool extension_list_next(struct bytes *list, struct extension *out)
{
    struct bytes item = no_bytes;
    while (item.n == 0) {
        if (list->n == 0) {
            return false;
        }
        size_t comma = find_unquoted(*list, ',');
        item = trim_all(bytes_part(*list, 0, comma));
        *list = bytes_from(*list, comma + 1);
    }
    size_t semicolon = find_unquoted(item, ';');
    out->name = trim_all(bytes_part(item, 0, semicolon));
    out->parameters = bytes_from(item, semicolon + 1);
    /* A semicolon promises a parameter: "a;" has none, and "a; b;" ends in one. */
    out->bad = !is_token(out->name) || item.p[item.n - 1] == ';';
    struct bytes rest = out->parameters;
    struct extension_parameter parameter;
    while (extension_parameter_next(&rest, &parameter)) {
        out->bad = out->bad || parameter.bad;
    }
    return true;
}
