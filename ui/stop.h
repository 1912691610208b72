/* When a run stops by itself: after so many packets or sessions, or after so long. */
#ifndef WSIGHT_STOP_H
#define WSIGHT_STOP_H

#include "options.h"

struct stop {
    uint64_t packets;      /* so far: the caller's to count */
    uint64_t packets_max;  /* 0: no limit, as for the others */
    uint64_t sessions_max; /* sessions that ended */
    int64_t deadline;      /* ns of the monotonic clock */
};

/* The time runs from here on. */
void stop_init(struct stop *stop, const struct options *options);

/* ended: sessions that have. */
bool stop_is_due(const struct stop *stop, uint64_t ended);

/* How many of n packets may still be taken. */
size_t stop_room(const struct stop *stop, size_t n);

#endif
