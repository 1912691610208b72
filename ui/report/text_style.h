/* Headings and colours of the text report. */
#ifndef WSIGHT_TEXT_STYLE_H
#define WSIGHT_TEXT_STYLE_H

#include "ui/report/out.h"
#include "ui/report/report.h"

/* An empty line and a heading. */
void text_heading(struct out *o, const struct report_context *c, const char *heading);
/* "error" and two spaces, in its colour. */
void text_severity(struct out *o, const struct report_context *c, enum finding_severity severity);

#endif
