/* When a run stops by itself. */
#include "stop.h"

#include "analyzer/limits.h"
#include "clock.h"

void stop_init(struct stop *stop, const struct options *o)
{
    *stop = (struct stop){.packets_max = o->count, .sessions_max = o->sessions};
    if (o->duration > 0) {
        stop->deadline = clock_ns(CLOCK_MONOTONIC) + (int64_t)o->duration * SECOND_NS;
    }
}

bool stop_is_due(const struct stop *stop, uint64_t ended)
{
    return (stop->packets_max > 0 && stop->packets >= stop->packets_max) ||
           (stop->sessions_max > 0 && ended >= stop->sessions_max) ||
           (stop->deadline > 0 && clock_ns(CLOCK_MONOTONIC) >= stop->deadline);
}

size_t stop_room(const struct stop *stop, size_t n)
{
    uint64_t left = stop->packets_max > 0 ? stop->packets_max - stop->packets : n;
    return left < n ? (size_t)left : n;
}
