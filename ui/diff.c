/*
 * What differs between two reports of wsight.report/1: the numbers of totals and losses by their
 * names, and findings that came, went or changed in number.
 */
#include "merge.h"

#include "report/json.h"
#include "report/markup.h"
#include "report/plain.h"
#include "report_read.h"

#include <errno.h>
#include <string.h>

#define DEPTH_MAX 8
#define NAME_BYTES 160
#define NAME_COLUMNS 46

enum diff_format { DIFF_TEXT, DIFF_JSON, DIFF_MARKDOWN };

struct diff {
    enum diff_format format;
    const char *const *names;
    struct json json;
    struct out out;
    uint64_t rows;
};

/*--- Rows ---------------------------------------------------------------------------------------*/

static void put_value(struct out *o, const json_t *v)
{
    if (json_is_integer(v)) {
        out_i64(o, json_integer_value(v));
    } else if (json_is_number(v)) {
        out_printf(o, "%.15g", json_number_value(v));
    } else {
        out_char(o, '-');
    }
}

static void json_value_of(struct json *w, const char *name, const json_t *v)
{
    if (v == NULL || !json_is_number(v)) {
        json_nothing(w, name);
    } else {
        json_value(w, name);
        put_value(w->out, v);
    }
}

static void row(struct diff *d, const char *name, const json_t *a, const json_t *b)
{
    struct out *o = &d->out;
    d->rows++;
    if (d->format == DIFF_JSON) {
        json_object_begin(&d->json, NULL);
        json_text(&d->json, "name", name);
        json_value_of(&d->json, "a", a);
        json_value_of(&d->json, "b", b);
        json_end(&d->json);
        return;
    }
    if (d->format == DIFF_MARKDOWN) {
        out_text(o, "| ");
        markup_text(o, name);
        out_text(o, " | ");
        put_value(o, a);
        out_text(o, " | ");
        put_value(o, b);
        out_text(o, " |\n");
        return;
    }
    plain_put_left(o, bytes_of(name), NAME_COLUMNS);
    out_char(o, ' ');
    put_value(o, a);
    out_text(o, " -> ");
    put_value(o, b);
    out_char(o, '\n');
}

/*--- Comparing ----------------------------------------------------------------------------------*/

static void compare(struct diff *d, const char *name, const json_t *a, const json_t *b, int depth);

/* The name of a list's element: what it is about. */
static void element_name(char out[NAME_BYTES], const char *list, const json_t *element)
{
    static const char *const keys[] = {"id", "code", "name"};
    const json_t *key = NULL;
    for (size_t i = 0; i < 3 && (key == NULL || json_is_null(key)); i++) {
        key = json_object_get(element, keys[i]);
    }
    if (json_is_string(key)) {
        snprintf(out, NAME_BYTES, "%s.%s", list, json_string_value(key));
    } else {
        snprintf(out, NAME_BYTES, "%s.%lld", list, (long long)json_integer_value(key));
    }
}

static bool same_member(const json_t *a, const json_t *b, const char *name)
{
    const json_t *x = json_object_get(a, name);
    const json_t *y = json_object_get(b, name);
    return x == y || (x != NULL && y != NULL && json_equal(x, y));
}

static json_t *same_element(const json_t *list, const json_t *element)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *other = json_array_get(list, i);
        if (same_member(other, element, "id") && same_member(other, element, "name") &&
            same_member(other, element, "code")) {
            return other;
        }
    }
    return NULL;
}

static const json_t *number_in(const json_t *element, const char *name)
{
    return element != NULL ? json_object_get(element, name) : NULL;
}

static void compare_element(struct diff *d, const char *list, const json_t *a, const json_t *b)
{
    static const char *const members[] = {"count", "sessions", "offered"};
    char name[NAME_BYTES];
    char full[NAME_BYTES];
    element_name(name, list, a != NULL ? a : b);
    for (size_t i = 0; i < 3; i++) {
        const json_t *x = number_in(a, members[i]);
        const json_t *y = number_in(b, members[i]);
        if (x != y && (x == NULL || y == NULL || !json_equal(x, y))) {
            snprintf(full, sizeof full, "%.140s.%s", name, members[i]);
            row(d, full, x, y);
        }
    }
}

static void compare_lists(struct diff *d, const char *name, const json_t *a, const json_t *b)
{
    size_t i;
    json_t *element;
    if (strstr(name, "buckets") != NULL) {
        return;
    }
    json_array_foreach((json_t *)a, i, element)
    {
        compare_element(d, name, element, same_element(b, element));
    }
    json_array_foreach((json_t *)b, i, element)
    {
        if (same_element(a, element) == NULL) {
            compare_element(d, name, NULL, element);
        }
    }
}

static void compare_objects(struct diff *d, const char *name, const json_t *a, const json_t *b,
                            int depth)
{
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)(a != NULL ? a : b), key, value)
    {
        char full[NAME_BYTES];
        snprintf(full, sizeof full, "%.100s%s%.50s", name, *name != '\0' ? "." : "", key);
        compare(d, full, json_object_get(a, key), json_object_get(b, key), depth + 1);
    }
}

static void compare(struct diff *d, const char *name, const json_t *a, const json_t *b, int depth)
{
    a = json_is_null(a) ? NULL : a;
    b = json_is_null(b) ? NULL : b;
    const json_t *any = a != NULL ? a : b;
    if (any == NULL || depth > DEPTH_MAX || (a != NULL && b != NULL && json_equal(a, b))) {
        return;
    }
    if (json_is_object(any)) {
        compare_objects(d, name, json_is_object(a) ? a : NULL, json_is_object(b) ? b : NULL, depth);
    } else if (json_is_array(any)) {
        compare_lists(d, name, a, b);
    } else if (json_is_number(any)) {
        row(d, name, a, b);
    }
}

/*--- The whole ----------------------------------------------------------------------------------*/

static void begin(struct diff *d)
{
    struct out *o = &d->out;
    if (d->format == DIFF_JSON) {
        json_init(&d->json, o, 2);
        json_object_begin(&d->json, NULL);
        json_text(&d->json, "schema", "wsight.diff/1");
        json_text(&d->json, "a", d->names[0]);
        json_text(&d->json, "b", d->names[1]);
        json_array_begin(&d->json, "differences");
    } else if (d->format == DIFF_MARKDOWN) {
        out_text(o, "| what | <code>");
        markup_text(o, d->names[0]);
        out_text(o, "</code> | <code>");
        markup_text(o, d->names[1]);
        out_text(o, "</code> |\n|---|--:|--:|\n");
    } else {
        plain_put(o, bytes_of(d->names[0]), SIZE_MAX);
        out_text(o, " -> ");
        plain_put(o, bytes_of(d->names[1]), SIZE_MAX);
        out_text(o, "\n\n");
    }
}

static void end(struct diff *d)
{
    if (d->format == DIFF_JSON) {
        json_end(&d->json);
        json_end(&d->json);
        out_char(&d->out, '\n');
    } else if (d->rows == 0 && d->format == DIFF_TEXT) {
        out_text(&d->out, "no difference\n");
    }
}

int diff_reports(FILE *out, const char *format, FILE *files[2], const char *const names[2],
                 struct err *err)
{
    static const char *const parts[] = {"totals", "findings", "loss"};
    struct diff d = {.names = names};
    d.format = strcmp(format, "json") == 0       ? DIFF_JSON
               : strcmp(format, "markdown") == 0 ? DIFF_MARKDOWN
                                                 : DIFF_TEXT;
    json_t *a = report_read(files[0], names[0], err);
    json_t *b = a != NULL ? report_read(files[1], names[1], err) : NULL;
    if (b == NULL) {
        json_decref(a);
        return -1;
    }
    out_init(&d.out, out, NULL);
    begin(&d);
    for (size_t i = 0; i < 3; i++) {
        compare(&d, i == 0 ? "" : parts[i], json_object_get(a, parts[i]),
                json_object_get(b, parts[i]), 0);
    }
    end(&d);
    json_decref(a);
    json_decref(b);
    int error = out_flush(&d.out);
    return error == 0 ? 0 : err_set(err, "cannot write: %s", strerror(error));
}
