/*
 * What the HTML and the Markdown report are while they are made: sessions wait in a spool as rows
 * that are written, and the rest comes from totals.
 */
#ifndef WSIGHT_PAGE_REPORT_H
#define WSIGHT_PAGE_REPORT_H

#include "ui/report/chart.h"
#include "ui/report/redact.h"
#include "ui/report/report.h"
#include "ui/report/spool.h"
#include "ui/report/tally.h"

struct page_report {
    struct report_context context;
    struct redactor redactor;
    struct tally tally;
    struct spool *sessions;
    struct buffer text; /* of one row, or one message of a ladder */
    struct out piece;   /* to it */
    uint64_t left_out;  /* sessions whose row there was no memory for */
    struct out out;     /* to the page */
    /* HTML alone */
    struct timeline timeline;
    size_t ladders; /* bytes of ladders of open sessions */
};

/* The start, flush and free of a format. */
void *page_start(const struct report_context *context);
int page_flush(void *self);
void page_free(void *self);

/* Begins `piece` anew. */
void page_begin_piece(struct page_report *page);

/* Keeps what put_row writes to `piece` of a session that is over. */
void page_row(struct page_report *page, const struct session *s,
              void (*put_row)(struct page_report *, const struct session *));
/* Writes the rows; errno of reading the spool, or 0. */
int page_rows(struct page_report *page);

/* Tells what was not seen, as losses.h has it. */
void page_losses(struct page_report *page, void (*tell)(void *self, uint64_t n, const char *text),
                 void *self);

/* The end of its finish; error: errno of reading the spool. */
int page_end(struct page_report *page, int error, struct err *err);

#endif
