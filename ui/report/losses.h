/*
 * What was not seen, or not in full: every loss and every limit that was hit, in words, the same
 * for every report for people, and as JSON.
 */
#ifndef WSIGHT_LOSSES_H
#define WSIGHT_LOSSES_H

#include "ui/report/json.h"
#include "ui/report/report.h"
#include "ui/report/tally.h"

struct losses {
    const struct report_context *context;
    const struct tally *tally;                              /* NULL: sessions are not added up */
    uint64_t sessions_left_out;                             /* of the report's list */
    void (*tell)(void *self, uint64_t n, const char *text); /* n > 0: of what there were so many */
    void *self;
};

void losses_tell(const struct losses *);

/* The object "loss", which has all of them, lost or not. */
void losses_json(const struct losses *, struct json *);

/* Was there any? */
bool losses_any(const struct report_context *);

#endif
