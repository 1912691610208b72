/* Times as text: RFC 3339 in UTC. */
#include "ui/report/time_text.h"

#include <string.h>

#define NS_PER_SECOND INT64_C(1000000000)

static inline uint8_t *put_digits(uint8_t *p, uint32_t v, unsigned digits)
{
    for (unsigned i = digits; i > 0; i--) {
        p[i - 1] = (uint8_t)('0' + v % 10);
        v /= 10;
    }
    return p + digits;
}

struct day {
    unsigned year, month, day;
};

/* The proleptic Gregorian date of a day counted from 1970-01-01. Years begin in March here, so that
 * the leap day is a year's last. */
static struct day date_of(int64_t day)
{
    uint64_t d = (uint64_t)(day + 719468); /* from 0000-03-01; never negative for a 64-bit time */
    uint64_t era = d / 146097;
    uint64_t of_era = d % 146097;
    uint64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    uint64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    uint64_t month = (5 * of_year + 2) / 153;
    return (struct day){.year = (unsigned)(era * 400 + year + (month >= 10)),
                        .month = (unsigned)(month < 10 ? month + 3 : month - 9),
                        .day = (unsigned)(of_year - (153 * month + 2) / 5 + 1)};
}

/* "2026-11-22T15:55:13" */
static size_t put_second(uint8_t *p, int64_t second)
{
    int64_t days = second / 86400 - (second % 86400 < 0);
    uint32_t rest = (uint32_t)(second - days * 86400);
    struct day date = date_of(days);
    uint8_t *at = put_digits(p, date.year, 4);
    *at++ = '-';
    at = put_digits(at, date.month, 2);
    *at++ = '-';
    at = put_digits(at, date.day, 2);
    *at++ = 'T';
    at = put_digits(at, rest / 3600, 2);
    *at++ = ':';
    at = put_digits(at, rest / 60 % 60, 2);
    *at++ = ':';
    at = put_digits(at, rest % 60, 2);
    return (size_t)(at - p);
}

size_t time_text_cached(struct time_cache *c, uint8_t p[TIME_TEXT_BYTES], int64_t ns,
                        unsigned digits)
{
    int64_t second = ns / NS_PER_SECOND - (ns % NS_PER_SECOND < 0);
    if (c->n == 0 || c->second != second) {
        c->n = put_second(c->text, second);
        c->second = second;
    }
    memcpy(p, c->text, TIME_TEXT_BYTES);
    uint8_t *at = p + c->n;
    if (digits > 0) {
        int64_t part = ns % NS_PER_SECOND;
        uint32_t fraction = (uint32_t)(part < 0 ? part + NS_PER_SECOND : part);
        *at++ = '.';
        put_digits(at, fraction / 1000000, 3); /* three at a time: short chains of divisions */
        put_digits(at + 3, fraction / 1000 % 1000, 3);
        put_digits(at + 6, fraction % 1000, 3);
        at += digits;
    }
    *at++ = 'Z';
    return (size_t)(at - p);
}

size_t time_text(uint8_t p[TIME_TEXT_BYTES], int64_t ns, unsigned digits)
{
    struct time_cache none = {0};
    return time_text_cached(&none, p, ns, digits);
}
