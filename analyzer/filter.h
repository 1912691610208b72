/*
 * The display filter: which sessions and messages are shown.
 *
 *     host contains "example" and opcode == text and len > 64KB
 *
 * Comparisons are == != < <= > >=, contains, matches (~, PCRE2) and in {a, b}; they combine with
 * and (&&), or (||), not (!) and parentheses; a field alone asks whether it is there. Numbers may
 * carry units (KB MB GB; us ms s m h), addresses a prefix length (ip == 10.0.0.0/8), and where a
 * number is meant names work too (opcode == ping, close == going_away). The fields are a table
 * (filter_field_at). Words are compared without regard to case, as people type them.
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

#include "model.h"

#define FILTER_DEPTH_MAX 64
#define FILTER_NODES_MAX 512

struct filter;

struct filter_error {
    size_t at; /* byte of the text where it went wrong */
    char text[160];
};

/* NULL with error filled. Text that is empty or blank takes everything. */
struct filter *filter_compile(const char *text, struct filter_error *);
void filter_free(struct filter *);

/* What a filter has to be told to be answered. */
enum filter_need {
    FILTER_MESSAGES = 1 << 0, /* it asks about messages, not only about sessions */
    FILTER_BODIES = 1 << 1,   /* ... whole bodies of theirs */
    FILTER_HEADS = 1 << 2,    /* the heads of the handshake */
    FILTER_LATE = 1 << 3      /* what is certain only at the end of a session */
};
unsigned filter_needs(const struct filter *);

/* What a filter is asked about; borrowed. */
struct filter_subject {
    const struct session *session;
    const struct event *message; /* EVENT_MESSAGE of the session; NULL: the session by itself */
    /* The message's body when it is not in the event; false: it was lost. NULL: it is there. */
    bool (*body)(void *context, struct bytes *);
    void *context;
};

bool filter_holds(struct filter *, const struct filter_subject *);

struct filter_field {
    const char *name, *type, *help;
    bool of_message;
};
/* Field i; NULL: no more. help is NULL for other names of a field. */
const struct filter_field *filter_field_at(size_t i);

#endif
