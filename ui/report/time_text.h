/*
 * Times as text: RFC 3339 in UTC, with the capture's precision. No locale, no time zone, no clock.
 */
#ifndef WSIGHT_TIME_TEXT_H
#define WSIGHT_TIME_TEXT_H

#include <stddef.h>
#include <stdint.h>

#define TIME_TEXT_BYTES 32

/* Writes "2026-11-22T15:55:13.123456Z" without a NUL, with `digits` digits of the second (0, 3, 6
 * or 9; the rest is cut off), and returns its length. Any int64_t is a time: 1677 to 2262. */
size_t time_text(uint8_t p[TIME_TEXT_BYTES], int64_t ns, unsigned digits);

/* The same for times that come one after another: the text of the second is kept. Begins zeroed. */
struct time_cache {
    int64_t second;
    size_t n; /* 0: nothing is kept */
    uint8_t text[TIME_TEXT_BYTES];
};
size_t time_text_cached(struct time_cache *c, uint8_t p[TIME_TEXT_BYTES], int64_t ns,
                        unsigned digits);

/* to - from; times of a hostile capture may be further apart than a 64-bit number of ns can say. */
static inline int64_t time_between(int64_t from, int64_t to)
{
    int64_t ns;
    return __builtin_sub_overflow(to, from, &ns) ? (to > from ? INT64_MAX : INT64_MIN) : ns;
}

#endif
