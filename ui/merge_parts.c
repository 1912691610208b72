/* Parts of one reading. */
#include "merge_parts.h"

#include <string.h>

#define LEFT_OUT "sessions_left_out" /* by the display filter */

static json_t *shards_of(const json_t *report)
{
    return json_object_get(json_object_get(report, "capture"), "shards");
}

/* What a part says of itself, not of the files. */
static bool is_of_parts(const char *key)
{
    return strcmp(key, "findings") == 0 || strcmp(key, "shards") == 0 || strcmp(key, LEFT_OUT) == 0;
}

bool merge_are_parts(const json_t *a, const json_t *b)
{
    const json_t *of = json_object_get(shards_of(a), "of");
    const json_t *other = json_object_get(b, "capture");
    const char *key;
    json_t *value;
    if (of == NULL || !json_equal(of, json_object_get(shards_of(b), "of"))) {
        return false;
    }
    json_object_foreach(json_object_get(a, "capture"), key, value)
    {
        if (!is_of_parts(key) && !json_equal(value, json_object_get(other, key))) {
            return false;
        }
    }
    return true;
}

bool merge_parts_overlap(const json_t *a, const json_t *b)
{
    size_t i;
    size_t k;
    json_t *x;
    json_t *y;
    json_array_foreach(json_object_get(shards_of(a), "parts"), i, x)
    {
        json_array_foreach(json_object_get(shards_of(b), "parts"), k, y)
        {
            if (json_equal(x, y)) {
                return true;
            }
        }
    }
    return false;
}

static json_t *joined_shards(const json_t *a, const json_t *b)
{
    const json_t *of = json_object_get(shards_of(a), "of");
    json_t *parts = json_copy(json_object_get(shards_of(a), "parts"));
    json_array_extend(parts, json_object_get(shards_of(b), "parts"));
    if ((json_int_t)json_array_size(parts) == json_integer_value(of)) {
        json_decref(parts);
        return NULL;
    }
    return json_pack("{s:O, s:o}", "of", of, "parts", parts);
}

void merge_set_files(json_t *sum, const json_t *a, const json_t *b, json_t *findings)
{
    static const char *const of_files[] = {"dropped_packets", "truncated_files", "damaged_records"};
    json_t *capture = json_copy(json_object_get(a, "capture"));
    json_t *shards = joined_shards(a, b);
    json_t *left_out = json_object_get(json_object_get(sum, "capture"), LEFT_OUT);
    if (left_out != NULL) {
        json_object_set(capture, LEFT_OUT, left_out);
    }
    json_object_set_new(capture, "findings", findings);
    json_object_del(capture, "shards");
    if (shards != NULL) {
        json_object_set_new(capture, "shards", shards);
    }
    json_object_set_new(sum, "capture", capture);
    for (size_t i = 0; i < sizeof of_files / sizeof of_files[0]; i++) {
        json_object_set(json_object_get(sum, "loss"), of_files[i],
                        json_object_get(json_object_get(a, "loss"), of_files[i]));
    }
}
