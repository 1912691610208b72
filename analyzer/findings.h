/*
 * Lists of findings, of a session or of the capture: one record for each kind and direction, in the
 * order in which they came.
 */
#ifndef WSIGHT_FINDINGS_H
#define WSIGHT_FINDINGS_H

#include "session.h"
#include "texts.h"

/* Counts a finding, or keeps it with a copy of its detail when it is the first of its kind and
 * direction. The list is the allocator's, NULL while it is empty. false: there are `most` kinds
 * already, or there is no memory. */
bool findings_add(struct finding_record **list, uint32_t *n, uint32_t most, struct text_block **,
                  const struct finding_record *);

#endif
