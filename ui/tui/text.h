/*
 * Bytes from the wire on the screen, and numbers, sizes, times and addresses as short text.
 *
 * Whatever the bytes are, what is drawn is harmless: control characters, characters that turn the
 * direction of writing and those that cannot be seen become a dot, what is no UTF-8 becomes U+FFFD,
 * and where the terminal shows ASCII only, other characters become question marks. Wide characters
 * take two columns and are never cut in half; combining ones go with the character before.
 */
#ifndef WSIGHT_TEXT_H
#define WSIGHT_TEXT_H

#include "canvas.h"

/* The next character of b (which is not empty) as it may be drawn: how many bytes it takes, what is
 * drawn for it, in how many columns (0: combines with the one before). A line break and a tab are
 * `control` too. */
struct glyph {
    size_t bytes;
    uint32_t c;
    int columns;
    bool control;
};
struct glyph text_glyph(struct bytes b, bool utf8);

/* On one line, cut at column `end` with an ellipsis. Line breaks become U+21B5, tabs a blank.
 * Returns the next column. */
int text_put(struct canvas *, int y, int x, int end, enum role, struct bytes);
/* The same for a C string that we did not write (a file name, an error). */
int text_put_string(struct canvas *, int y, int x, int end, enum role, const char *);
/* Columns it would take, at most `most`. */
int text_columns(struct bytes, bool utf8, int most);

/* How many bytes of b fit on a line of so many columns: up to a line break (which is counted in
 * `*taken`, not in the result) or where it has to be wrapped. */
size_t text_wrap(struct bytes b, bool utf8, int columns, size_t *taken);

#define SHORT_TEXT_BYTES 64

/* "0", "999", "1.2k", "34M": at most 5 columns. */
void short_count(char out[SHORT_TEXT_BYTES], uint64_t);
/* "0", "999", "1.2K", "34M": 1024 and its powers. */
void short_bytes(char out[SHORT_TEXT_BYTES], uint64_t);
/* "0", "12us", "1.2ms", "34s", "5m12", "2h03", "3d04". */
void short_duration(char out[SHORT_TEXT_BYTES], int64_t ns);
/* "1,234,567". */
void long_count(char out[SHORT_TEXT_BYTES], uint64_t);
/* "12.345678": seconds. */
void seconds_text(char out[SHORT_TEXT_BYTES], int64_t ns, int digits);
/* "16:05:07.123456", of the local day or UTC's. */
void clock_text(char out[SHORT_TEXT_BYTES], int64_t ns, int digits, bool utc);
/* "2026-11-22 16:05:07.123456". */
void date_text(char out[SHORT_TEXT_BYTES], int64_t ns, int digits, bool utc);

#endif
