/*
 * What sessions add up to. Zeroed totals are empty ones.
 */
#ifndef WSIGHT_TOTALS_H
#define WSIGHT_TOTALS_H

#include "decoders/websocket/version.h"
#include "histogram.h"
#include "session.h"

#define TOTALS_CLOSE_CODES 5000 /* codes below it are counted one by one */
#define TOTALS_NAMES_MAX 256    /* distinct subprotocols or extensions that are counted by name */

#define TOTALS_OLD_TABLES 2 /* hybi-06 and -07, hybi-08 to -12 */
#define TOTALS_OLD_CODES 16 /* the tables' codes, and those that RFC 6455 has beside them */

/* A name and how often it was chosen. */
struct name_count {
    struct bytes name; /* owned by the totals */
    uint64_t sessions;
    uint64_t offered;
};

struct name_counts {
    struct name_count *list; /* in the order of their first appearance */
    size_t n;
    uint64_t others; /* sessions with a name beyond TOTALS_NAMES_MAX */
};

struct totals {
    uint64_t sessions; /* WebSocket sessions of any outcome, TLS not counted */
    uint64_t left_out; /* ... that were not selected (model_options) and are not counted here */
    uint64_t outcomes[OUTCOME_COUNT];
    uint64_t going_on[OUTCOME_COUNT]; /* of those that were not over when they were counted */
    uint64_t open_now, open_peak;
    struct direction_counts dir[2];
    struct rtt_counts rtt[2];
    uint64_t close_codes[2][TOTALS_CLOSE_CODES];
    uint64_t close_none[2], close_other[2]; /* Close without a code; with a higher one */
    /* Of those above: in sessions of a version with a table of its own, by that table, from 1000
     * on; and of versions whose Close never had a code. */
    uint64_t close_codes_old[2][TOTALS_OLD_TABLES][TOTALS_OLD_CODES];
    uint64_t close_codeless[2];
    uint64_t versions[VERSION_COUNT];      /* sessions that opened, from VERSION_HIXIE_75 on */
    uint64_t ends[CLOSE_NEVER_OPENED + 1]; /* enum close_how, of ended sessions that were open */
    struct name_counts subprotocols, extensions;
    struct histogram message_sizes[2]; /* bytes after inflation, finished data messages */
    struct histogram rtt_ns;
    uint64_t findings[FINDING_COUNT]; /* by id, repeats counted */
    uint64_t findings_by_severity[SEVERITY_COUNT];
    uint64_t tls_connections;
    struct text_block *texts; /* of the names */
};

/* Frees what the names hold. */
void totals_done(struct totals *);

/* What a session's handshake offers and chooses, by name. */
void totals_add_negotiated(struct totals *, const struct handshake *);

/* n Closes with this code, or CLOSE_CODE_NONE, in a session of that version, which may be NULL. */
void totals_add_closes(struct totals *, enum dir, int code, uint64_t n,
                       const struct websocket_version *);

/* What a code means by one of the old tables. */
const char *totals_old_code_name(int table, int code);

/* n findings. */
void totals_add_findings(struct totals *, enum finding_id, uint64_t n);

/* What a session has counted so far. */
void totals_add_counts(struct totals *, const struct session *);

/* The same, and how it ended. */
void totals_add_session(struct totals *, const struct session *);

/* Adds the counters of an interval that is over (model.h) to those of all before it. What goes on
 * is not in them, as the next interval counts it anew; of names and sizes nothing is. */
void totals_keep(struct totals *, const struct totals *interval);

/* Adds those counters. */
void totals_add_counters(struct totals *, const struct totals *);

#endif
