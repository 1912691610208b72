/*
 * The machine's clocks. Below ui/ none is read: time comes with the packets.
 */
#ifndef WSIGHT_CLOCK_H
#define WSIGHT_CLOCK_H

#include <stdint.h>
#include <time.h>

/* CLOCK_REALTIME: what packets are stamped with, which may be set; CLOCK_MONOTONIC: for waiting. ns
 */
static inline int64_t clock_ns(clockid_t which)
{
    struct timespec t;
    clock_gettime(which, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

#endif
