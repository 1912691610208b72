/* When a run stops by itself. */
#include "stop.h"

#include <time.h>

#define SECOND INT64_C(1000000000)

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

void stop_init(struct stop *stop, const struct options *o)
{
    *stop = (struct stop){.packets_max = o->count, .sessions_max = o->sessions};
    if (o->duration > 0) {
        stop->deadline = now() + (int64_t)o->duration * SECOND;
    }
}

bool stop_is_due(const struct stop *stop, uint64_t ended)
{
    return (stop->packets_max > 0 && stop->packets >= stop->packets_max) ||
           (stop->sessions_max > 0 && ended >= stop->sessions_max) ||
           (stop->deadline > 0 && now() >= stop->deadline);
}

size_t stop_room(const struct stop *stop, size_t n)
{
    uint64_t left = stop->packets_max > 0 ? stop->packets_max - stop->packets : n;
    return left < n ? (size_t)left : n;
}
