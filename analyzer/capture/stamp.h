/*
 * Time stamps of pcapng (draft-ietf-opsawg-pcapng-02 section 4.2): units of an interface's own
 * length, counted from an offset of its own, as nanoseconds since 1970-01-01 UTC.
 */
#ifndef WSIGHT_STAMP_H
#define WSIGHT_STAMP_H

#include "../limits.h"

#include <stdbool.h>

/* if_tsresol when there is none: microseconds. */
#define STAMP_RESOLUTION_DEFAULT 6

/* An interface's clock. */
struct stamp_clock {
    uint64_t quick;  /* below this, units * factor is all there is to it */
    uint64_t factor; /* nanoseconds of a unit; of the nanosecond or longer, and decimal */
    int64_t offset;  /* seconds */
    uint8_t resolution;
};

/* Whether it is a resolution that libpcap takes: no finer than 2^-63 or 10^-19 seconds. */
bool stamp_resolution_is_known(uint8_t resolution);

/* Decimal digits of a second that such time stamps are worth printing with: 6 or 9. */
uint8_t stamp_digits(uint8_t resolution);

/* if_tsresol, which must be a known one, and if_tsoffset. */
struct stamp_clock stamp_clock_of(uint8_t resolution, int64_t offset);

/* stamp_ns where it is more than a multiplication. */
int64_t stamp_ns_slow(const struct stamp_clock *clock, uint64_t units);

/* Rounded down; times that 64 bits cannot hold become the first or the last that they can. */
static inline int64_t stamp_ns(const struct stamp_clock *clock, uint64_t units)
{
    return units < clock->quick ? (int64_t)(units * clock->factor) : stamp_ns_slow(clock, units);
}

#endif
