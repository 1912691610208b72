/* The sections of the text report. Internal to it. */
#ifndef WSIGHT_TEXT_SECTIONS_H
#define WSIGHT_TEXT_SECTIONS_H

#include "ui/report/plain.h"
#include "ui/report/session_rows.h"
#include "ui/report/spool.h"
#include "ui/report/tally.h"
#include "ui/report/text_style.h"
#include "ui/report/tls_groups.h"

struct text_report {
    struct report_context context;
    struct redactor redactor;
    struct tally tally;
    struct tls_groups tls;
    struct spool *sessions, *refused;
    struct buffer text; /* of one session */
    struct out out;     /* to the report */
    struct out session; /* to the text */
};

void section_capture(struct text_report *r);
/* How many sessions of which outcome, or what there was instead. */
void section_overview(struct text_report *r, const struct totals *t);
void section_traffic(struct text_report *r, const struct totals *t);
void section_sizes(struct text_report *r, const struct totals *t);
void section_pings(struct text_report *r, const struct totals *t);
void section_endings(struct text_report *r, const struct totals *t);
void section_close_codes(struct text_report *r, const struct totals *t);
void section_versions(struct text_report *r, const struct totals *t);
void section_names(struct text_report *r, const char *heading, const struct name_counts *names,
                   bool extensions);
void section_tls(struct text_report *r, const struct totals *t);
void section_findings(struct text_report *r, const struct totals *t);
/* What was lost on the way: why the numbers above may be too low. */
void section_loss(struct text_report *r);

#endif
