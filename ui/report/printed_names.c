/* Subprotocols and extensions as a report prints them. */
#include "ui/report/printed_names.h"

#include <string.h>

#define TEXT_MAX_BYTES ((size_t)1 << 24) /* TOTALS_NAMES_MAX names of a head's length */

struct bytes printed_name(const struct printed_names *p, const struct printed_name *name)
{
    return bytes_part(buffer_bytes(&p->text), name->at, name->n);
}

static int compare(struct bytes a, struct bytes b)
{
    int order = memcmp(a.p, b.p, a.n < b.n ? a.n : b.n);
    return order != 0 ? order : (a.n > b.n) - (a.n < b.n);
}

/* Where the name stands or belongs. */
static size_t place_of(const struct printed_names *p, struct bytes name, bool *found)
{
    size_t i = 0;
    int order = -1;
    while (i < p->n && (order = compare(printed_name(p, &p->list[i]), name)) < 0) {
        i++;
    }
    *found = order == 0;
    return i;
}

static void add(struct printed_names *p, struct bytes name, const struct name_count *count)
{
    bool found;
    size_t i = place_of(p, name, &found);
    if (!found) {
        struct printed_name entry = {.at = buffer_bytes(&p->text).n, .n = name.n};
        if (!buffer_append(&p->text, name)) {
            return;
        }
        memmove(&p->list[i + 1], &p->list[i], (p->n - i) * sizeof p->list[0]);
        p->list[i] = entry;
        p->n++;
    }
    p->list[i].sessions += count->sessions;
    p->list[i].offered += count->offered;
}

void printed_names_init(struct printed_names *p, const struct name_counts *names,
                        struct redactor *redactor)
{
    *p = (struct printed_names){.n = 0};
    buffer_init(&p->text, TEXT_MAX_BYTES);
    for (size_t i = 0; i < names->n; i++) {
        const struct name_count *count = &names->list[i];
        add(p,
            redactor == NULL ? count->name
                             : redact_counted_name(redactor, count->name, count->sessions > 0),
            count);
    }
}

void printed_names_done(struct printed_names *p)
{
    buffer_done(&p->text);
}
