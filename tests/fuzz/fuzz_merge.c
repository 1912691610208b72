/* Any JSON as reports to merge and to compare: two texts parted by a NUL, or one twice. A sum of
 * reports is a report. */
#include "ui/merge.h"
#include "ui/report_read.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static FILE *file_of(const uint8_t *data, size_t size)
{
    FILE *file = tmpfile();
    assert(file != NULL && fwrite(data, 1, size, file) == size);
    rewind(file);
    return file;
}

static void merge(FILE *files[2])
{
    struct err err;
    json_t *reports[2] = {report_read(files[0], "a", &err), report_read(files[1], "b", &err)};
    FILE *sum = tmpfile();
    if (reports[0] != NULL && reports[1] != NULL && merge_write(sum, reports, 2, &err) == 0) {
        rewind(sum);
        json_t *again = report_read(sum, "sum", &err);
        assert(again != NULL);
        json_decref(again);
    }
    fclose(sum);
    json_decref(reports[0]);
    json_decref(reports[1]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const formats[] = {"text", "json", "markdown"};
    const char *const names[2] = {"a", "b"};
    const uint8_t *parted = size > 0 ? memchr(data, 0, size) : NULL;
    size_t first = parted != NULL ? (size_t)(parted - data) : size;
    FILE *files[2] = {file_of(data, first), parted != NULL ? file_of(parted + 1, size - first - 1)
                                                           : file_of(data, first)};
    FILE *null = fopen("/dev/null", "we");
    struct err err;
    merge(files);
    for (size_t i = 0; i < 3; i++) {
        rewind(files[0]);
        rewind(files[1]);
        (void)diff_reports(null, formats[i], files, names, &err);
    }
    fclose(null);
    fclose(files[0]);
    fclose(files[1]);
    return 0;
}
