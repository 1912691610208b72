/*
 * What exports say of a session and of a message as rows of cells, in two sets of columns: our own
 * words (csv, tsv), and Zeek's websocket.log with ours behind it.
 */
#ifndef WSIGHT_EXPORT_ROWS_H
#define WSIGHT_EXPORT_ROWS_H

#include "ui/report/redact.h"
#include "ui/report/report.h"
#include "ui/report/table.h"

/* What a row needs to know beside the session. */
struct row_style {
    const struct report_context *context;
    struct redactor *redactor;
};

extern const struct table_column session_columns[], message_columns[];
void session_row(struct table *t, const struct session *s, const struct row_style *style);
void message_row(struct table *t, const struct session *s, const struct event *e,
                 const struct row_style *style);

/* Columns 1 to 13 of the first are those that Zeek itself writes. */
extern const struct table_column zeek_session_columns[], zeek_message_columns[];
void zeek_session_row(struct table *t, const struct session *s, const struct row_style *style);
void zeek_message_row(struct table *t, const struct session *s, const struct event *e,
                      const struct row_style *style);

/* A number of 64 bits that tells connections apart, and stays the same from run to run. */
uint64_t session_hash(const struct session *s, uint64_t seed);

/* What was wrong with a message, as words: "unfinished", "damaged", "not_inflated", "bad_utf8",
 * "raw", "cut". NULL after the last. */
const char *message_fault(const struct message *m, uint64_t shown_most, unsigned i);

#endif
