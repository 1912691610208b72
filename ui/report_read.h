/* Reading a JSON report back. */
#ifndef WSIGHT_REPORT_READ_H
#define WSIGHT_REPORT_READ_H

#include "analyzer/err.h"

#include <jansson.h>
#include <stdio.h>

/* A report of wsight.report/1 with all its parts; NULL with err filled. To be released with
 * json_decref. */
json_t *report_read(FILE *file, const char *name, struct err *err);

#endif
