/*
 * A message taken apart: labelled fields in order, nested by depth, and a summary of one line.
 *
 * Everything has a bound; what does not fit is left out and `cut` says so. Labels and values are
 * borrowed from the message or lie in the dissection: valid as long as both. They are bytes of the
 * wire and are escaped by who shows them.
 */
#ifndef WSIGHT_DISSECTION_H
#define WSIGHT_DISSECTION_H

#include "decoders/base/bytes.h"

#define DISSECTION_FIELDS_MAX 512
#define DISSECTION_ARENA_BYTES 16384 /* for numbers made into text */
#define DISSECTION_SUMMARY_BYTES 200

enum field_kind {
    FIELD_HEADING, /* the unit, or a part of it: what follows deeper belongs to it */
    FIELD_VALUE,
    FIELD_JSON, /* the value is JSON text */
    FIELD_DATA  /* the value is a payload: text or not */
};

struct dissection_field {
    struct bytes label, value;
    uint8_t depth;
    uint8_t kind; /* enum field_kind */
};

struct dissection {
    bool partial;      /* set by the caller: the bytes are only the first of the unit */
    bool cut;          /* there were more fields than have room */
    const char *wrong; /* why it is malformed; NULL: it is not */
    size_t n, arena_n, summary_n;
    struct dissection_field fields[DISSECTION_FIELDS_MAX];
    uint8_t arena[DISSECTION_ARENA_BYTES];
    uint8_t summary[DISSECTION_SUMMARY_BYTES];
};

/* Empties it. */
void dissection_begin(struct dissection *, bool partial);

void dissect_part(struct dissection *, unsigned depth, struct bytes heading);
static inline void dissect_heading(struct dissection *d, unsigned depth, const char *text)
{
    dissect_part(d, depth, bytes_of(text));
}
void dissect_value(struct dissection *, unsigned depth, const char *label, struct bytes value);
/* A label that is of the wire, too. */
void dissect_named(struct dissection *, unsigned depth, struct bytes label, struct bytes value);
void dissect_json(struct dissection *, unsigned depth, const char *label, struct bytes value);
void dissect_data(struct dissection *, unsigned depth, const char *label, struct bytes value);
void dissect_number(struct dissection *, unsigned depth, const char *label, uint64_t value);
/* A number and what it means. */
void dissect_code(struct dissection *, unsigned depth, const char *label, uint64_t value,
                  const char *meaning);

/* Appends to the summary, separated by a blank; cut where the room ends. */
void dissect_say(struct dissection *, struct bytes);
static inline void dissect_say_text(struct dissection *d, const char *text)
{
    dissect_say(d, bytes_of(text));
}

/* The unit is malformed. Not so when only its first bytes were given. The first reason stays. */
void dissect_wrong(struct dissection *, const char *why);

#endif
