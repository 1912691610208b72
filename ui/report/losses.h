/*
 * What was not seen, or not in full: every loss and every limit that was hit, in words, the same
 * for every report for people.
 */
#ifndef WSIGHT_LOSSES_H
#define WSIGHT_LOSSES_H

#include "ui/report/report.h"
#include "ui/report/tally.h"

struct losses {
    const struct report_context *context;
    const struct tally *tally;
    uint64_t sessions_left_out;                             /* of the report's list */
    void (*tell)(void *self, uint64_t n, const char *text); /* n > 0: of what there were so many */
    void *self;
};

void losses_tell(const struct losses *);

#endif
