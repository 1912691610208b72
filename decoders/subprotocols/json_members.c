/* Walking over the top of a JSON text. */
#include "json_members.h"

static bool is_blank(uint8_t c)
{
    return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

static struct bytes skip_blank(struct bytes b)
{
    while (b.n > 0 && is_blank(b.p[0])) {
        b = bytes_from(b, 1);
    }
    return b;
}

/* Bytes of the string that b begins with, its quotes included; 0: it does not end. */
static size_t string_length(struct bytes b)
{
    for (size_t i = 1; i < b.n; i++) {
        if (b.p[i] == '\\') {
            i++;
        } else if (b.p[i] == '"') {
            return i + 1;
        }
    }
    return 0;
}

/* Bytes of the value that b begins with; 0: it does not end, or there is none. */
static size_t value_length(struct bytes b)
{
    size_t depth = 0;
    for (size_t i = 0; i < b.n; i++) {
        uint8_t c = b.p[i];
        if (c == '"') {
            size_t n = string_length(bytes_from(b, i));
            if (n == 0) {
                return 0;
            }
            i += n - 1;
        } else if (c == '{' || c == '[') {
            depth++;
        } else if (c == '}' || c == ']' || c == ',') {
            if (depth == 0) {
                return i; /* a number or word ended by what stands around it */
            }
            depth -= c != ',';
        } else {
            continue;
        }
        if (depth == 0) {
            return i + 1;
        }
    }
    return 0;
}

bool json_members_of(struct json_members *m, struct bytes text)
{
    text = skip_blank(text);
    bool there = text.n > 0 && (text.p[0] == '{' || text.p[0] == '[');
    *m = (struct json_members){.bad = !there};
    if (there) {
        m->object = text.p[0] == '{';
        m->rest = bytes_from(text, 1);
    }
    return there;
}

static bool give_up(struct json_members *m)
{
    m->bad = true;
    m->rest.n = 0;
    return false;
}

static bool take_key(struct json_members *m, struct bytes *key)
{
    size_t n = m->rest.n > 0 && m->rest.p[0] == '"' ? string_length(m->rest) : 0;
    if (n == 0) {
        return false;
    }
    *key = bytes_part(m->rest, 1, n - 2);
    m->rest = skip_blank(bytes_from(m->rest, n));
    if (m->rest.n == 0 || m->rest.p[0] != ':') {
        return false;
    }
    m->rest = bytes_from(m->rest, 1);
    return true;
}

bool json_members_next(struct json_members *m, struct bytes *key, struct bytes *value)
{
    *key = (struct bytes){NULL, 0};
    m->rest = skip_blank(m->rest);
    if (m->rest.n == 0) {
        return give_up(m);
    }
    if (m->rest.p[0] == (m->object ? '}' : ']')) {
        m->rest.n = 0;
        return false;
    }
    if (m->object && !take_key(m, key)) {
        return give_up(m);
    }
    m->rest = skip_blank(m->rest);
    size_t n = value_length(m->rest);
    if (n == 0) {
        return give_up(m);
    }
    *value = bytes_part(m->rest, 0, n);
    while (value->n > 0 && is_blank(value->p[value->n - 1])) {
        value->n--;
    }
    m->rest = skip_blank(bytes_from(m->rest, n));
    if (m->rest.n > 0 && m->rest.p[0] == ',') {
        m->rest = bytes_from(m->rest, 1);
    }
    return true;
}

struct bytes json_member(struct bytes object, const char *wanted)
{
    struct json_members m;
    struct bytes key, value;
    if (json_members_of(&m, object) && m.object) {
        while (json_members_next(&m, &key, &value)) {
            if (bytes_equal(key, bytes_of(wanted))) {
                return value;
            }
        }
    }
    return (struct bytes){NULL, 0};
}

struct bytes json_element(struct bytes array, size_t i)
{
    struct json_members m;
    struct bytes key, value;
    if (json_members_of(&m, array) && !m.object) {
        while (json_members_next(&m, &key, &value)) {
            if (i-- == 0) {
                return value;
            }
        }
    }
    return (struct bytes){NULL, 0};
}

struct bytes json_unquoted(struct bytes value)
{
    bool quoted = value.n >= 2 && value.p[0] == '"' && value.p[value.n - 1] == '"';
    return quoted ? bytes_part(value, 1, value.n - 2) : value;
}
