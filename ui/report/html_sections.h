/* The parts of the HTML page that come from totals. */
#ifndef WSIGHT_HTML_SECTIONS_H
#define WSIGHT_HTML_SECTIONS_H

#include "analyzer/community_id.h"
#include "ui/report/export_rows.h"
#include "ui/report/markup.h"
#include "ui/report/page_report.h"
#include "ui/report/plain.h"

#define HTML_SESSION_COLUMNS 12

void html_overview(struct page_report *r);
void html_timeline(struct page_report *r);
/* Frames by opcode, how sessions ended, close codes. */
void html_counts(struct page_report *r);
/* Sizes of messages, round trips of Pings. */
void html_distributions(struct page_report *r);
void html_findings(struct page_report *r);
void html_losses(struct page_report *r);

#endif
