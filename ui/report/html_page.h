/*
 * The frame of the HTML report: its style, its script, and a policy that lets nothing else in. The
 * policy names both by their SHA-256, so that not even markup that slipped in could run or load
 * anything.
 */
#ifndef WSIGHT_HTML_PAGE_H
#define WSIGHT_HTML_PAGE_H

#include "ui/report/out.h"

void html_page_begin(struct out *o, const char *title);
void html_page_end(struct out *o);

#endif
