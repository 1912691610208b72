/*
 * What reports add up over sessions beyond the model's totals: how many sessions a finding was made
 * in and where it was first, TCP counters, and the TCP handshakes' round trips.
 */
#ifndef WSIGHT_TALLY_H
#define WSIGHT_TALLY_H

#include "analyzer/model.h"

#define TALLY_DETAIL_BYTES 120

struct finding_tally {
    uint64_t sessions;
    uint64_t first_session; /* the lowest id; 0: none */
    uint64_t first_pkt;     /* there */
    uint8_t detail_n;
    uint8_t detail[TALLY_DETAIL_BYTES]; /* of the first, its beginning */
};

struct tally {
    struct finding_tally findings[FINDING_COUNT];
    struct tcp_counts tcp[2];
    struct rtt_counts syn_rtt;
    uint64_t evicted; /* sessions that were given up for want of room */
    uint64_t findings_left_out;
};

/* The findings that were made, in the order of reports for people: the most severe first. Returns
 * how many. */
size_t tally_findings(const struct totals *totals, enum finding_id ids[FINDING_COUNT]);

/* Adds an ended session. */
void tally_session(struct tally *t, const struct session *s);

#endif
