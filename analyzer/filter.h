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
 * messages takes the sessions that have such a message, and of them those messages.
 */
#ifndef WSIGHT_FILTER_H
#define WSIGHT_FILTER_H

#include "store.h"

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

/* It asks about messages, not only about sessions. */
bool filter_asks_messages(const struct filter *);

/* A message of a session. The bodies are read from the store when they are asked for. */
bool filter_message(struct filter *, const struct store *, const struct store_session *,
                    const struct store_message *);
/* A session, or one that has such a message. */
bool filter_session(struct filter *, const struct store *, const struct store_session *);

struct filter_field {
    const char *name, *type, *help;
    bool of_message;
};
/* Field i; NULL: no more. help is NULL for other names of a field. */
const struct filter_field *filter_field_at(size_t i);

#endif
