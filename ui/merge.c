/* Reports of wsight.report/1 put together. */
#include "merge.h"

#include "analyzer/histogram.h"
#include "merge_order.h"
#include "merge_parts.h"
#include "report_read.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define DEPTH_MAX 16
#define NS_PER_MS 1e6

/* How deep in the document, and the decimal places of its milliseconds as a power of ten. */
struct level {
    double places;
    int depth;
};

static int64_t nearest(double v)
{
    return v >= 9e18    ? INT64_MAX
           : v <= -9e18 ? INT64_MIN
           : v < 0      ? (int64_t)(v - 0.5)
                        : (int64_t)(v + 0.5);
}

static double rounded(double v, double places)
{
    return (double)nearest(v * places) / places;
}

/* Sums share with their parts what they have alike: none of it is changed once it is read. */
static json_t *shared(const json_t *value)
{
    return json_incref((json_t *)value);
}

/*--- Numbers ------------------------------------------------------------------------------------*/

static bool is_least(const char *key)
{
    return strcmp(key, "min") == 0 || strcmp(key, "min_ms") == 0 || strcmp(key, "first") == 0;
}

static bool is_most(const char *key)
{
    return strcmp(key, "max") == 0 || strcmp(key, "max_ms") == 0 || strcmp(key, "last") == 0;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text);
    size_t m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

/* Sums of milliseconds are exact to the nanosecond. */
static double add_real(const char *key, double a, double b)
{
    if (!ends_with(key, "_ms")) {
        return a + b;
    }
    return ((double)nearest(a * NS_PER_MS) + (double)nearest(b * NS_PER_MS)) / NS_PER_MS;
}

/* Members that name something instead of counting it. */
static bool is_name(const char *key)
{
    static const char *const names[] = {"code", "version", "packet", "first_packet",
                                        "first_session"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(key, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

static json_t *add_numbers(const char *key, const json_t *a, const json_t *b)
{
    if (is_name(key)) {
        return shared(a);
    }
    double x = json_number_value(a);
    double y = json_number_value(b);
    if (is_least(key) || is_most(key)) {
        return shared((x < y) == is_least(key) ? a : b);
    }
    json_int_t sum;
    if (json_is_integer(a) && json_is_integer(b) &&
        !__builtin_add_overflow(json_integer_value(a), json_integer_value(b), &sum)) {
        return json_integer(sum);
    }
    return json_real(add_real(key, x, y));
}

/*--- Lists --------------------------------------------------------------------------------------*/

static json_t *add(const char *key, const json_t *a, const json_t *b, struct level l);

/* What tells the elements of a list apart. */
static const char *key_of_list(const char *list)
{
    static const char *const keys[][2] = {
        {"subprotocols", "name"}, {"extensions", "name"},       {"findings", "id"},
        {"versions", "draft"},    {"client_to_server", "code"}, {"server_to_client", "code"}};
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++) {
        if (strcmp(keys[i][0], list) == 0) {
            return keys[i][1];
        }
    }
    return NULL;
}

/* Of findings of a capture; other elements have none. */
static bool same_direction(const json_t *a, const json_t *b)
{
    const json_t *x = json_object_get(a, "direction");
    const json_t *y = json_object_get(b, "direction");
    return x == y || (x != NULL && y != NULL && json_equal(x, y));
}

/* One close code had other names in old versions. */
static bool same_meaning(const json_t *a, const json_t *b)
{
    const json_t *x = json_object_get(a, "name");
    const json_t *y = json_object_get(b, "name");
    return x == NULL || json_equal(x, y);
}

static json_t *find_like(const json_t *list, const json_t *element, const char *key, size_t *at)
{
    for (*at = 0; *at < json_array_size(list); ++*at) {
        json_t *other = json_array_get(list, *at);
        if (json_equal(json_object_get(other, key), json_object_get(element, key)) &&
            same_meaning(other, element) && same_direction(other, element)) {
            return other;
        }
    }
    return NULL;
}

static json_t *add_keyed(const json_t *a, const json_t *b, const char *key, struct level l)
{
    json_t *sum = json_copy((json_t *)a);
    size_t i;
    json_t *element;
    json_array_foreach(b, i, element)
    {
        size_t at;
        json_t *other = find_like(sum, element, key, &at);
        if (other == NULL) {
            json_array_append(sum, element);
        } else {
            json_array_set_new(sum, at, add("", other, element, l));
        }
    }
    return sum;
}

/* [index, count] pairs to a histogram's buckets; what cannot be one is left out. */
static void read_buckets(struct histogram *h, const json_t *list)
{
    size_t i;
    json_t *pair;
    json_array_foreach((json_t *)list, i, pair)
    {
        json_int_t at = json_integer_value(json_array_get(pair, 0));
        json_int_t count = json_integer_value(json_array_get(pair, 1));
        if (at >= 0 && at < HISTOGRAM_BUCKETS && count > 0) {
            h->buckets[at] = count < UINT32_MAX ? (uint32_t)count : UINT32_MAX;
        }
    }
}

static json_t *add_buckets(const json_t *a, const json_t *b)
{
    struct histogram sum = {0};
    struct histogram other = {.count = 1};
    json_t *list = json_array();
    read_buckets(&sum, a);
    read_buckets(&other, b);
    histogram_merge(&sum, &other);
    for (json_int_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        if (sum.buckets[i] > 0) {
            json_array_append_new(list, json_pack("[I, I]", i, (json_int_t)sum.buckets[i]));
        }
    }
    return list;
}

static json_t *add_lists(const char *key, const json_t *a, const json_t *b, struct level l)
{
    if (strcmp(key, "buckets") == 0) {
        return add_buckets(a, b);
    }
    const char *by = key_of_list(key);
    if (by != NULL) {
        return add_keyed(a, b, by, l);
    }
    json_t *all = json_copy((json_t *)a);
    json_array_extend(all, (json_t *)b);
    return all;
}

/*--- Objects ------------------------------------------------------------------------------------*/

/* A histogram's mean and percentiles, from its sum and buckets. `suffix` is "" or "_ms". */
static void derive_histogram(json_t *object, const char *suffix, struct level l)
{
    static const struct {
        const char *name;
        double share;
    } points[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}};
    double unit = *suffix != '\0' ? NS_PER_MS : 1;
    struct histogram h = {0};
    char name[16];
    read_buckets(&h, json_object_get(object, "buckets"));
    h.count = (uint64_t)json_integer_value(json_object_get(object, "count"));
    snprintf(name, sizeof name, "min%s", suffix);
    h.min = (uint64_t)nearest(json_number_value(json_object_get(object, name)) * unit);
    snprintf(name, sizeof name, "max%s", suffix);
    h.max = (uint64_t)nearest(json_number_value(json_object_get(object, name)) * unit);
    for (size_t i = 0; i < 3; i++) {
        uint64_t v = histogram_percentile(&h, points[i].share);
        snprintf(name, sizeof name, "%s%s", points[i].name, suffix);
        json_object_set_new(object, name,
                            *suffix != '\0' ? json_real(rounded((double)v / unit, l.places))
                                            : json_integer((json_int_t)v));
    }
}

/* What follows from sums is worked out anew. */
static void derive(json_t *o, struct level l)
{
    double count = json_number_value(json_object_get(o, "count"));
    const json_t *sum = json_object_get(o, "sum");
    const json_t *ms = json_object_get(o, "sum_ms");
    const json_t *wire = json_object_get(o, "compressed_wire_bytes");
    if (json_object_get(o, "buckets") != NULL) {
        derive_histogram(o, sum != NULL ? "" : "_ms", l);
    }
    if (sum != NULL && count >= 1) {
        json_object_set_new(o, "mean", json_real(rounded(json_number_value(sum) / count, 1000)));
    }
    if (ms != NULL && count >= 1) {
        double ns = (double)(nearest(json_number_value(ms) * NS_PER_MS) / nearest(count));
        double mean = rounded(ns / NS_PER_MS, l.places);
        json_object_set_new(o, json_object_get(o, "mean_ms") != NULL ? "mean_ms" : "avg_ms",
                            json_real(mean));
    }
    double inflated = json_number_value(json_object_get(o, "compressed_message_bytes"));
    if (wire != NULL && inflated > 0) {
        json_object_set_new(o, "compression_ratio",
                            json_real(rounded(json_number_value(wire) / inflated, 1000)));
    }
}

static bool is_before(const json_t *a, const json_t *b)
{
    if (json_is_string(a) && json_is_string(b)) {
        return strcmp(json_string_value(a), json_string_value(b)) < 0;
    }
    return json_is_integer(a) &&
           (!json_is_integer(b) || json_integer_value(a) < json_integer_value(b));
}

/* Of a finding: where it was first, by session in a report and by time in a capture. */
static void keep_first(json_t *sum, const json_t *a, const json_t *b)
{
    static const char *const members[][3] = {{"first_session", "first_packet", "first_session"},
                                             {"time", "packet", "detail"}};
    for (size_t i = 0; i < 2; i++) {
        if (is_before(json_object_get(b, members[i][0]), json_object_get(a, members[i][0]))) {
            for (size_t k = 0; k < 3; k++) {
                json_object_set(sum, members[i][k], json_object_get(b, members[i][k]));
            }
        }
    }
}

static json_t *add_objects(const json_t *a, const json_t *b, struct level l)
{
    json_t *sum = json_object();
    const char *key;
    json_t *value;
    json_object_foreach((json_t *)a, key, value)
    {
        json_object_set_new(sum, key, add(key, value, json_object_get(b, key), l));
    }
    json_object_update_missing(sum, (json_t *)b);
    keep_first(sum, a, b);
    derive(sum, l);
    return sum;
}

static json_t *add_strings(const char *key, const json_t *a, const json_t *b)
{
    bool less = strcmp(json_string_value(a), json_string_value(b)) < 0;
    bool time = is_least(key) || is_most(key);
    return shared(time && less != is_least(key) ? b : a);
}

/* What both say of the same thing, added up. */
static json_t *add(const char *key, const json_t *a, const json_t *b, struct level l)
{
    if (b == NULL || json_is_null(b) || l.depth > DEPTH_MAX) {
        return shared(a);
    }
    if (json_is_null(a)) {
        return shared(b);
    }
    if (json_is_number(a) && json_is_number(b)) {
        return add_numbers(key, a, b);
    }
    if (json_typeof(a) != json_typeof(b) && !(json_is_boolean(a) && json_is_boolean(b))) {
        return shared(a);
    }
    if (json_is_object(a)) {
        return add_objects(a, b, (struct level){l.places, l.depth + 1});
    }
    if (json_is_array(a)) {
        return add_lists(key, a, b, (struct level){l.places, l.depth + 1});
    }
    if (json_is_boolean(a)) {
        return json_boolean(json_is_true(a) || json_is_true(b));
    }
    return add_strings(key, a, b);
}

/*--- Reports ------------------------------------------------------------------------------------*/

/* Milliseconds have three decimal places less than the times of the capture. */
static double places_of(const json_t *report)
{
    const char *first =
        json_string_value(json_object_get(json_object_get(report, "capture"), "first"));
    return first != NULL && strlen(first) > strlen("2026-11-22T15:55:13.123456Z") ? 1e6 : 1e3;
}

static int read_all(json_t **reports, const char *const *paths, size_t n, struct err *err)
{
    for (size_t i = 0; i < n; i++) {
        bool standard = strcmp(paths[i], "-") == 0;
        FILE *file = standard ? stdin : fopen(paths[i], "re");
        if (file == NULL) {
            return err_set(err, "%s: %s", paths[i], strerror(errno));
        }
        reports[i] = report_read(file, paths[i], err);
        if (!standard) {
            fclose(file);
        }
        if (reports[i] == NULL) {
            return -1;
        }
    }
    return 0;
}

/* The findings of both captures, which a sum of captures lists. */
static json_t *add_capture_findings(const json_t *a, const json_t *b, struct level l)
{
    return add_keyed(json_object_get(json_object_get(a, "capture"), "findings"),
                     json_object_get(json_object_get(b, "capture"), "findings"), "id", l);
}

/* The schema and the tool are the first's. */
static json_t *add_two(const json_t *a, const json_t *b)
{
    double places = places_of(a) > places_of(b) ? places_of(a) : places_of(b);
    struct level l = {places, 0};
    json_t *sum = add_objects(a, b, l);
    if (merge_are_parts(a, b)) {
        merge_set_files(sum, a, b, add_capture_findings(a, b, l));
    }
    json_object_set(sum, "schema", json_object_get(a, "schema"));
    json_object_set(sum, "tool", json_object_get(a, "tool"));
    return sum;
}

/* In halves: then a list is copied as often as there are levels, not as there are reports. */
static json_t *add_reports(json_t *const *reports, size_t n)
{
    if (n == 1) {
        return shared(reports[0]);
    }
    json_t *a = add_reports(reports, n / 2);
    json_t *b = add_reports(reports + n / 2, n - n / 2);
    json_t *sum = add_two(a, b);
    json_decref(a);
    json_decref(b);
    return sum;
}

/* Puts the parts of the reading that reports[0] is of behind it. *n: how many reports those are. */
static int gather_parts(json_t **reports, size_t all, size_t *n, struct err *err)
{
    *n = 1;
    for (size_t i = 1; i < all; i++) {
        if (!merge_are_parts(reports[0], reports[i])) {
            continue;
        }
        for (size_t k = 0; k < *n; k++) {
            if (merge_parts_overlap(reports[k], reports[i])) {
                return err_set(err, "two of the reports are of the same shard");
            }
        }
        json_t *part = reports[i];
        memmove(&reports[*n + 1], &reports[*n], (i - *n) * sizeof(json_t *));
        reports[(*n)++] = part;
    }
    return 0;
}

/* Parts of one reading are added up first: only so is it seen that they are all there. */
static int add_parts(json_t **reports, size_t *n, struct err *err)
{
    size_t sums = 0;
    size_t parts = 0;
    for (size_t i = 0; i < *n; i += parts) {
        if (gather_parts(reports + i, *n - i, &parts, err) != 0) {
            return -1;
        }
        json_t *sum = add_reports(reports + i, parts);
        for (size_t k = 0; k < parts; k++) {
            json_decref(reports[i + k]);
            reports[i + k] = NULL;
        }
        reports[sums++] = sum;
    }
    *n = sums;
    return 0;
}

int merge_write(FILE *out, json_t **reports, size_t n, struct err *err)
{
    if (merge_renumber(reports, n) != 0) {
        return err_set(err, "out of memory");
    }
    if (add_parts(reports, &n, err) != 0) {
        return -1;
    }
    json_t *sum = add_reports(reports, n);
    if (sum == NULL || merge_sort(sum) != 0) {
        json_decref(sum);
        return err_set(err, "out of memory");
    }
    int result = json_dumpf(sum, out, JSON_INDENT(1) | JSON_REAL_PRECISION(15));
    json_decref(sum);
    if (result != 0 || fputc('\n', out) == EOF) {
        return err_set(err, "cannot write the report: %s", strerror(errno));
    }
    return 0;
}

int merge_reports(FILE *out, const char *const *paths, size_t n, struct err *err)
{
    json_t **reports = calloc(n + 1, sizeof *reports);
    if (reports == NULL) {
        return err_set(err, "out of memory");
    }
    int result = read_all(reports, paths, n, err);
    result = result == 0 ? merge_write(out, reports, n, err) : result;
    for (size_t i = 0; i < n; i++) {
        json_decref(reports[i]);
    }
    free(reports);
    return result;
}
