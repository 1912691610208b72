/*
 * Plain text for people: bytes of the wire made safe for a terminal, widths in columns, numbers
 * with units, words wrapped, colours.
 *
 * Whatever could steer the terminal or deceive its reader (control characters, escape sequences,
 * marks that change the direction of writing, characters that cannot be seen, what is not UTF-8) is
 * written as \x1b or \u{202e}. Wide characters count as two columns. A locale without UTF-8 gets
 * everything beyond ASCII in that form.
 */
#ifndef WSIGHT_PLAIN_H
#define WSIGHT_PLAIN_H

#include "ui/report/out.h"

/* Columns that all of b takes. */
size_t plain_columns(struct bytes b);

/* Writes b in at most `most` columns; what does not fit is cut and ends in "...". Returns the
 * columns written. */
size_t plain_put(struct out *o, struct bytes b, size_t most);
/* The same, filled up with spaces to `width` columns; at least one space follows what fills them
 * all. */
void plain_put_left(struct out *o, struct bytes b, size_t width);
/* Text of our own, at the right end of `width` columns. */
void plain_put_right(struct out *o, const char *text, size_t width);

/* Words of `text`, wrapped to `width` columns. The first line begins at column `column`, further
 * ones are indented by `indent`. Ends with a line end. */
void plain_wrap(struct out *o, const char *text, size_t column, size_t indent, size_t width);

/* Numbers as text, in a struct so that they can be passed on. */
struct human {
    char s[40];
};
struct human human_count(uint64_t n); /* 1,234,567 */
struct human human_bytes(uint64_t n); /* 999 B, 1.2 kB, 12.3 MB; a kB has 1000 B */
struct human human_time(int64_t ns);  /* 12.3 ms, 1.2 s, 2 min 5 s, 3 h 2 min, 4 d 3 h */
struct human human_percent(uint64_t part, uint64_t of); /* 12.3 % */

/* "s", or "" for 1: one message, two messages. */
const char *plural(uint64_t n);

#endif
