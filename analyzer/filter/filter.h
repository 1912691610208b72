/*
 * The display filter: which sessions and messages are shown.
 *
 *     host contains "example" and opcode == text and len > 64KB
 *
 * Comparisons are == != === !== < <= > >=, contains, matches (~, PCRE2) and in {a, b..c}; they
 * combine with and (&&), or (||), not (!) and parentheses; a field alone asks whether it is there,
 * a flag alone whether it is set. Numbers may carry units (KB MB GB; us ms s min h), addresses a
 * prefix length (ip == 10.0.0.0/8), and where a number is meant names work too (opcode == ping,
 * close == going_away). Texts are compared without regard to capitals, as people type them; what is
 * bytes is compared exactly. The fields are a table (filter_fields.def, filter_field_at), and any
 * header of the handshake is one (http.header.NAME).
 *
 * A field may have several values, or none. As in Wireshark 4 a comparison is true when it is for
 * any of them, != when it is for all of them, and neither when there is none; === asks all, !==
 * any, and "any" or "all" before the field says so for each comparison.
 *
 * A filter that asks only about sessions takes or leaves a session as a whole. One that asks about
 * messages takes the sessions that have such a message, and of them those messages; a session
 * without any message is asked as if it had one of which nothing is known.
 *
 * It knows no store and no report: what is asked about is a struct filter_subject. selection.h asks
 * while packets come, store_filter.h of what the screen keeps.
 */
#ifndef WSIGHT_FILTER_H
#define WSIGHT_FILTER_H

#include "../model.h"

#define FILTER_DEPTH_MAX 64 /* of parentheses and not, as evaluation recurses */
#define FILTER_NODES_MAX 512
/* Comparisons with what is certain only at a session's end: a bit each. */
#define FILTER_LATE_MAX 64

struct filter;

struct filter_error {
    size_t at; /* byte of the text where it went wrong */
    char text[160];
};

/* NULL with error filled. Text that is empty or blank takes everything. */
struct filter *filter_compile(const char *text, struct filter_error *);
void filter_free(struct filter *);

/* The time that time_relative counts from: that of the capture's first packet. */
void filter_set_origin(struct filter *, int64_t ts);

/* What a filter has to be told to be answered. */
enum filter_need {
    FILTER_MESSAGES = 1 << 0, /* it asks about messages, not only about sessions */
    FILTER_BODIES = 1 << 1,   /* ... whole bodies of theirs */
    FILTER_FRAMES = 1 << 2,   /* ... and their frames */
    FILTER_HEADS = 1 << 3,    /* the heads of the handshake */
    FILTER_LATE = 1 << 4      /* what is certain only at the end of a session */
};
unsigned filter_needs(const struct filter *);

/* What a filter is asked about; borrowed. */
struct filter_subject {
    const struct session *session;
    const struct event *message; /* EVENT_MESSAGE of the session; NULL: the session by itself */
    /* The message's body when it is not in the event; false: it was lost. NULL: it is there. */
    bool (*body)(void *context, struct bytes *);
    /* Frame i of the message; false: no more are known. NULL: none is. */
    bool (*frame)(void *context, uint32_t i, struct frame *);
    void *context;
    const uint64_t *late; /* filter_late at the session's end; NULL: as it is now */
};

bool filter_holds(struct filter *, const struct filter_subject *);

/* The comparisons that are certain only at the session's end, as they are now: a bit each. */
uint64_t filter_late(struct filter *, const struct session *);

/* A field, or another name of one, as Wireshark has it: then only name and same_as are given. */
struct filter_field {
    const char *name;    /* "frame.size" */
    const char *group;   /* "FRAME" */
    const char *type;    /* "SIZE" */
    const char *help;    /* "payload of each frame" */
    const char *same_as; /* the field's own name; NULL: this is it */
};
/* Field i; NULL: no more. */
const struct filter_field *filter_field_at(size_t i);
/* The field itself, of another name of it as well. */
const struct filter_field *filter_field_own(const struct filter_field *);

#endif
