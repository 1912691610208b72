/* The HTML report while it is made, and the parts of its page that come from totals. */
#ifndef WSIGHT_HTML_SECTIONS_H
#define WSIGHT_HTML_SECTIONS_H

#include "analyzer/community_id.h"
#include "ui/report/chart.h"
#include "ui/report/export_rows.h"
#include "ui/report/markup.h"
#include "ui/report/plain.h"
#include "ui/report/redact.h"
#include "ui/report/report.h"
#include "ui/report/spool.h"
#include "ui/report/tally.h"

#define HTML_SESSION_COLUMNS 12

struct html_report {
    struct report_context context;
    struct redactor redactor;
    struct tally tally;
    struct timeline timeline;
    struct spool *sessions;
    struct buffer text; /* of one row, or one message of a ladder */
    struct out piece;   /* to it */
    size_t ladders;     /* bytes of ladders of open sessions */
    uint64_t left_out;  /* sessions whose row there was no memory for */
    struct out out;     /* to the page */
};

void html_overview(struct html_report *r);
void html_timeline(struct html_report *r);
void html_traffic(struct html_report *r);
void html_endings(struct html_report *r);
void html_findings(struct html_report *r);
void html_losses(struct html_report *r);

#endif
