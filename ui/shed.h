/* What a live run leaves out when packets come faster than it can work them through. */
#ifndef WSIGHT_SHED_H
#define WSIGHT_SHED_H

#include "analyzer/engine.h"

/* What is to be left out when so many ns of packets wait in a ring of so many bytes that are filled
 * at so many bytes a second; `before` is what is left out already. */
enum engine_shed shed_level(enum engine_shed before, int64_t behind, double rate, uint64_t ring);

#endif
