/* What to leave out when packets come too fast. */
#include "shed.h"

#include "analyzer/limits.h"

enum engine_shed shed_level(enum engine_shed before, int64_t behind, double rate, uint64_t ring)
{
    double waiting = (double)(behind > 0 ? behind : 0) / (double)SECOND_NS * rate;
    double full = waiting / (double)ring;
    enum engine_shed level = full > 0.75   ? SHED_CONNECTIONS
                             : full > 0.5  ? SHED_BODIES
                             : full > 0.25 ? before /* or it would go back and forth */
                                           : SHED_NOTHING;
    return level;
}
