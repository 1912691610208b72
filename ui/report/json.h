/*
 * A streaming JSON writer (RFC 8259): it writes at capture speed and never builds a tree.
 *
 *     json_init(&w, &out, 2);
 *     json_object_begin(&w, NULL);
 *     json_u64(&w, "packets", 12);
 *     json_array_begin(&w, "names");
 *     json_bytes(&w, NULL, name);
 *     json_end(&w);
 *     json_end(&w);
 *
 * In an object every call takes the member's name, a literal that needs no escaping; in an array,
 * and for the document itself, it is NULL. Strings may be any bytes: what is not UTF-8 becomes
 * U+FFFD, and characters that could deceive a reader or steer a terminal are written as \uXXXX, so
 * a document can be looked at. Errors are those of the output beneath.
 */
#ifndef WSIGHT_JSON_H
#define WSIGHT_JSON_H

#include "ui/report/out.h"

#define JSON_DEPTH_MAX 63

struct json {
    struct out *out;
    unsigned lines; /* containers less deep than this have a line for each element */
    unsigned depth;
    uint64_t filled; /* bit d: the open container at depth d has an element */
    uint64_t arrays; /* bit d: it is an array */
};

/* lines: 0 for a document on one line. */
void json_init(struct json *w, struct out *out, unsigned lines);

void json_object_begin(struct json *w, const char *name);
void json_array_begin(struct json *w, const char *name);
void json_end(struct json *w); /* of the innermost object or array */

void json_u64(struct json *w, const char *name, uint64_t v);
void json_i64(struct json *w, const char *name, int64_t v);
/* v / 10^scale with that many decimal places, as in out_fixed. */
void json_fixed(struct json *w, const char *name, int64_t v, unsigned scale, unsigned digits);
/* A ratio of counts with three decimal places; null when `of` is 0. */
void json_ratio(struct json *w, const char *name, uint64_t part, uint64_t of);
void json_bool(struct json *w, const char *name, bool v);
void json_nothing(struct json *w, const char *name);
void json_bytes(struct json *w, const char *name, struct bytes b);
void json_text(struct json *w, const char *name, const char *s); /* NULL: null */
/* A text that may not have been seen: null when b.p is NULL. */
void json_bytes_or_null(struct json *w, const char *name, struct bytes b);
void json_base64(struct json *w, const char *name, struct bytes b);
void json_hex(struct json *w, const char *name, struct bytes b);
/* ns since 1970 as RFC 3339 UTC with 6 or 9 digits of the second. */
void json_time(struct json *w, const char *name, int64_t ns, unsigned digits);

/* A value that is JSON already. */
void json_raw(struct json *w, const char *name, struct bytes json);
/* Members that are JSON already, without the braces, as they came from another writer. Not empty.
 */
void json_raw_members(struct json *w, struct bytes json);
/* Begins a value whose bytes the caller writes to w->out. */
void json_value(struct json *w, const char *name);

/* The pieces, without names and commas, to write JSON by hand. */
void json_put_string(struct out *o, struct bytes b); /* with the quotes */
void json_put_base64(struct out *o, struct bytes b); /* without */

#endif
