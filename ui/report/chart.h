/*
 * Bars as inline SVG, and the rates over time that go into them.
 *
 * How long a capture is shows only at its end: a timeline begins with bins of a millisecond and
 * doubles their width whenever a time comes that they do not reach.
 */
#ifndef WSIGHT_CHART_H
#define WSIGHT_CHART_H

#include "ui/report/out.h"

#define TIMELINE_BINS 128

struct timeline {
    bool begun;
    int64_t start; /* of the first bin */
    int64_t width; /* ns of a bin */
    uint64_t sessions[TIMELINE_BINS], messages[2][TIMELINE_BINS];
};

enum timeline_what { TIMELINE_SESSION, TIMELINE_FROM_CLIENT, TIMELINE_FROM_SERVER };

void timeline_add(struct timeline *t, int64_t ts, enum timeline_what what);

/* n bars; of the second kind (which may be NULL) on top of the first. `label` is a text for people
 * who cannot see it, left and right stand below the ends. */
void chart_bars(struct out *o, const char *label, const uint64_t *first, const uint64_t *second,
                size_t n, const char *left, const char *right);

#endif
