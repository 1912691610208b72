/* The table of output formats. */
#include "ui/report/report.h"

#include <errno.h>
#include <string.h>

const struct report_format *const report_formats[] = {
    &report_text, &report_json,     &report_html,   &report_markdown,
    &follow_text, &follow_jsonl,    &follow_ecs,    &export_har,
    &export_csv,  &export_tsv,      &export_zeek,   &export_zeek_json,
    &export_eve,  &export_payloads, &export_pcapng, &export_sqlite,
    NULL,
};

const struct report_format *report_find(const char *command, const char *name)
{
    for (const struct report_format *const *f = report_formats; *f != NULL; f++) {
        if (strcmp((*f)->command, command) == 0 &&
            (name == NULL || strcmp((*f)->name, name) == 0)) {
            return *f;
        }
    }
    return NULL;
}

struct spool *report_spool(const struct report_options *options, size_t share, uint64_t limit)
{
    size_t memory = options->memory > 0 ? options->memory : SPOOL_MEMORY_BYTES;
    struct spool *spool = spool_new(memory / share, limit);
    if (spool != NULL && options->no_files) {
        spool_stay_in_memory(spool);
    }
    return spool;
}

int report_output_error(int error, struct err *err)
{
    if (error == 0) {
        return 0;
    }
    return err_set(err, "cannot write the report: %s", strerror(error));
}
