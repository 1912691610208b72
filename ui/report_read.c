/* Reading a JSON report back. */
#include "report_read.h"

#include <stdbool.h>
#include <string.h>

#define SCHEMA "wsight.report/1"

json_t *report_read(FILE *file, const char *name, struct err *err)
{
    static const char *const objects[] = {"tool", "capture", "totals", "loss"};
    static const char *const arrays[] = {"sessions", "refused", "undecrypted_tls", "findings"};
    json_error_t why;
    json_t *report = json_loadf(file, JSON_REJECT_DUPLICATES, &why);
    if (report == NULL) {
        err_set(err, "%s: no JSON: line %d: %s", name, why.line, why.text);
        return NULL;
    }
    const char *schema = json_string_value(json_object_get(report, "schema"));
    bool whole = schema != NULL && strcmp(schema, SCHEMA) == 0;
    for (size_t i = 0; i < 4; i++) {
        whole = whole && json_is_object(json_object_get(report, objects[i])) &&
                json_is_array(json_object_get(report, arrays[i]));
    }
    if (!whole) {
        json_decref(report);
        err_set(err, "%s is no report of wsight (%s)", name, SCHEMA);
        return NULL;
    }
    return report;
}
