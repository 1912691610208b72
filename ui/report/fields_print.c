/* Prints the fields of display filters: by group, then the other names they have in Wireshark. */
#include "ui/report/fields_print.h"

#include "analyzer/filter/filter.h"
#include "ui/report/json.h"
#include "ui/report/plain.h"
#include "ui/report/report.h"

#include <ctype.h>
#include <string.h>

#define NAME_COLUMNS 22
#define TYPE_COLUMNS 10
#define OTHER_NAME_COLUMNS 42

struct lower {
    char text[16];
};

/* Groups and types are the table's words in capital letters. */
static struct lower lower(const char *word)
{
    struct lower l = {""};
    for (size_t i = 0; word[i] != '\0' && i + 1 < sizeof l.text; i++) {
        l.text[i] = (char)tolower((unsigned char)word[i]);
    }
    return l;
}

static bool is_wanted(const struct filter_field *f, const char *word)
{
    const struct filter_field *own = filter_field_own(f);
    return word == NULL || strcasestr(f->name, word) != NULL ||
           strcasestr(own->name, word) != NULL || strcasestr(own->group, word) != NULL ||
           strcasestr(own->type, word) != NULL || strcasestr(own->help, word) != NULL;
}

static void put_heading(struct out *o, const char **group, const char *next)
{
    if (*group == NULL || strcmp(*group, next) != 0) {
        out_printf(o, "%s%s\n", *group != NULL ? "\n" : "", next);
        *group = next;
    }
}

static void put_field(struct out *o, const struct filter_field *f, size_t width)
{
    size_t column = 2 + NAME_COLUMNS + TYPE_COLUMNS;
    out_text(o, "  ");
    if (f->same_as != NULL) {
        plain_put_left(o, bytes_of(f->name), OTHER_NAME_COLUMNS);
        out_printf(o, "%s\n", f->same_as);
        return;
    }
    plain_put_left(o, bytes_of(f->name), NAME_COLUMNS);
    plain_put_left(o, bytes_of(lower(f->type).text), TYPE_COLUMNS);
    plain_wrap(o, f->help, column, column, width);
}

static size_t put_text(struct out *o, const char *word, size_t width)
{
    const char *group = NULL;
    size_t n = 0;
    const struct filter_field *f;
    for (size_t i = 0; (f = filter_field_at(i)) != NULL; i++) {
        if (is_wanted(f, word)) {
            put_heading(o, &group, f->same_as != NULL ? "other names, as in Wireshark" : f->group);
            put_field(o, f, width);
            n++;
        }
    }
    return n;
}

static size_t put_json(struct out *o, const char *word)
{
    struct json w;
    size_t n = 0;
    const struct filter_field *f;
    json_init(&w, o, 2);
    json_object_begin(&w, NULL);
    json_array_begin(&w, "fields");
    for (size_t i = 0; (f = filter_field_at(i)) != NULL; i++) {
        if (is_wanted(f, word)) {
            const struct filter_field *own = filter_field_own(f);
            json_object_begin(&w, NULL);
            json_text(&w, "name", f->name);
            json_text(&w, "group", lower(own->group).text);
            json_text(&w, "type", lower(own->type).text);
            json_text(&w, "meaning", own->help);
            json_text(&w, "same_as", f->same_as);
            json_end(&w);
            n++;
        }
    }
    json_end(&w);
    json_end(&w);
    out_char(o, '\n');
    return n;
}

int fields_print(FILE *stream, const char *word, bool as_json, size_t width, struct err *err)
{
    struct out out;
    out_init(&out, stream, NULL);
    size_t n = as_json ? put_json(&out, word) : put_text(&out, word, width);
    if (report_output_error(out_flush(&out), err) != 0) {
        return -1;
    }
    return n > 0 ? 0 : err_set(err, "no field has to do with '%.60s'", word);
}
