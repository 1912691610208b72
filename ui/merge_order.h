/*
 * Numbers and order of what merge puts together: sessions are numbered in the order of their
 * beginning over all reports, and lists get the order that a report has.
 */
#ifndef WSIGHT_MERGE_ORDER_H
#define WSIGHT_MERGE_ORDER_H

#include <jansson.h>
#include <stddef.h>

/* Numbers the sessions of n reports anew, in place, with all that refers to them. -1: no memory. */
int merge_renumber(json_t *const *reports, size_t n);

/* Sorts the lists of a sum of renumbered reports, in place. -1: no memory. */
int merge_sort(json_t *report);

#endif
