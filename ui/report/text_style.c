/* Headings and colours of the text report. */
#include "ui/report/text_style.h"

static void coloured(struct out *o, const struct report_context *c, const char *colour,
                     const char *text)
{
    if (c->options.colour) {
        out_text(o, colour);
    }
    out_text(o, text);
    if (c->options.colour) {
        out_text(o, "\033[0m");
    }
}

void text_heading(struct out *o, const struct report_context *c, const char *heading)
{
    out_char(o, '\n');
    coloured(o, c, "\033[1m", heading);
    out_char(o, '\n');
}

void text_severity(struct out *o, const struct report_context *c, enum finding_severity severity)
{
    static const char *const colours[SEVERITY_COUNT] = {[SEVERITY_NOTE] = "\033[36m",
                                                        [SEVERITY_WARNING] = "\033[33m",
                                                        [SEVERITY_ERROR] = "\033[31m"};
    coloured(o, c, colours[severity], finding_severity_name(severity));
    out_text(o, "  ");
}
