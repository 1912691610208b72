/* Fields and the summary of a message. */
#include "dissection.h"

#include <stdio.h>

void dissection_begin(struct dissection *d, bool partial)
{
    d->partial = partial;
    d->cut = false;
    d->wrong = NULL;
    d->n = d->arena_n = d->summary_n = 0;
}

static void add(struct dissection *d, unsigned depth, struct bytes label, struct bytes value,
                enum field_kind kind)
{
    if (d->n == DISSECTION_FIELDS_MAX) {
        d->cut = true;
        return;
    }
    d->fields[d->n++] = (struct dissection_field){label, value, (uint8_t)depth, (uint8_t)kind};
}

void dissect_part(struct dissection *d, unsigned depth, struct bytes heading)
{
    add(d, depth, heading, (struct bytes){NULL, 0}, FIELD_HEADING);
}

void dissect_value(struct dissection *d, unsigned depth, const char *label, struct bytes value)
{
    add(d, depth, bytes_of(label), value, FIELD_VALUE);
}

void dissect_named(struct dissection *d, unsigned depth, struct bytes label, struct bytes value)
{
    add(d, depth, label, value, FIELD_VALUE);
}

void dissect_json(struct dissection *d, unsigned depth, const char *label, struct bytes value)
{
    add(d, depth, bytes_of(label), value, FIELD_JSON);
}

void dissect_data(struct dissection *d, unsigned depth, const char *label, struct bytes value)
{
    add(d, depth, bytes_of(label), value, FIELD_DATA);
}

void dissect_code(struct dissection *d, unsigned depth, const char *label, uint64_t value,
                  const char *meaning)
{
    size_t room = sizeof d->arena - d->arena_n;
    uint8_t *at = d->arena + d->arena_n;
    int n = snprintf((char *)at, room, meaning != NULL ? "%llu (%s)" : "%llu",
                     (unsigned long long)value, meaning);
    if (n < 0 || (size_t)n >= room) {
        d->cut = true;
        return;
    }
    d->arena_n += (size_t)n;
    add(d, depth, bytes_of(label), (struct bytes){at, (size_t)n}, FIELD_VALUE);
}

void dissect_number(struct dissection *d, unsigned depth, const char *label, uint64_t value)
{
    dissect_code(d, depth, label, value, NULL);
}

void dissect_say(struct dissection *d, struct bytes b)
{
    size_t room = sizeof d->summary - d->summary_n;
    if (d->summary_n > 0 && room > 0 && b.n > 0) {
        d->summary[d->summary_n++] = ' ';
        room--;
    }
    b = bytes_part(b, 0, room);
    if (b.n > 0) {
        memcpy(d->summary + d->summary_n, b.p, b.n);
        d->summary_n += b.n;
    }
}

void dissect_wrong(struct dissection *d, const char *why)
{
    if (d->wrong == NULL && !d->partial) {
        d->wrong = why;
    }
}
