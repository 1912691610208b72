/* Where merged reports are one: the numbers of sessions, and the order of lists. */
#include "merge_order.h"

#include "decoders/finding.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

/*--- Sessions get new numbers -------------------------------------------------------------------*/

struct numbered {
    const char *started;
    size_t report;
    json_int_t before, after;
};

static int by_beginning(const void *a, const void *b)
{
    const struct numbered *x = a;
    const struct numbered *y = b;
    int order = strcmp(x->started, y->started);
    order = order != 0 ? order : (x->report > y->report) - (x->report < y->report);
    return order != 0 ? order : (x->before > y->before) - (x->before < y->before);
}

static int by_number(const void *a, const void *b)
{
    const struct numbered *x = a;
    const struct numbered *y = b;
    int order = (x->report > y->report) - (x->report < y->report);
    return order != 0 ? order : (x->before > y->before) - (x->before < y->before);
}

struct numbers {
    struct numbered *list;
    size_t n;
};

static void collect(struct numbers *all, size_t report, const json_t *list, const char *id)
{
    size_t i;
    json_t *element;
    json_array_foreach(list, i, element)
    {
        const char *started = json_string_value(json_object_get(element, "started"));
        all->list[all->n++] =
            (struct numbered){.started = started != NULL ? started : "",
                              .report = report,
                              .before = json_integer_value(json_object_get(element, id))};
    }
}

static void renumber_member(const struct numbers *all, size_t report, json_t *object,
                            const char *id)
{
    struct numbered key = {.report = report,
                           .before = json_integer_value(json_object_get(object, id))};
    const struct numbered *found = bsearch(&key, all->list, all->n, sizeof *all->list, by_number);
    if (found != NULL) {
        json_object_set_new(object, id, json_integer(found->after));
    }
}

static void renumber_list(const struct numbers *all, size_t report, json_t *list, const char *id)
{
    size_t i;
    json_t *element;
    json_array_foreach(list, i, element)
    {
        renumber_member(all, report, element, id);
    }
}

int merge_renumber(json_t *const *reports, size_t n)
{
    struct numbers all = {0};
    size_t most = 1;
    for (size_t i = 0; i < n; i++) {
        most += json_array_size(json_object_get(reports[i], "sessions")) +
                json_array_size(json_object_get(reports[i], "undecrypted_tls"));
    }
    all.list = calloc(most, sizeof *all.list);
    if (all.list == NULL) {
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        collect(&all, i, json_object_get(reports[i], "sessions"), "id");
        collect(&all, i, json_object_get(reports[i], "undecrypted_tls"), "session");
    }
    qsort(all.list, all.n, sizeof *all.list, by_beginning);
    for (size_t i = 0; i < all.n; i++) {
        all.list[i].after = (json_int_t)i + 1;
    }
    qsort(all.list, all.n, sizeof *all.list, by_number);
    for (size_t i = 0; i < n; i++) {
        renumber_list(&all, i, json_object_get(reports[i], "sessions"), "id");
        renumber_list(&all, i, json_object_get(reports[i], "refused"), "session");
        renumber_list(&all, i, json_object_get(reports[i], "undecrypted_tls"), "session");
        renumber_list(&all, i, json_object_get(reports[i], "findings"), "first_session");
    }
    free(all.list);
    return 0;
}

/*--- Order --------------------------------------------------------------------------------------*/

/* Where an element belongs: by a number, or by a name. */
struct ranked {
    json_int_t rank;
    const char *name;
    size_t at;
};

static json_int_t rank(const json_t *element, const char *key)
{
    const json_t *value = json_object_get(element, key);
    if (json_is_integer(value)) {
        return json_integer_value(value);
    }
    const char *text = json_string_value(value);
    for (int id = 0; text != NULL && id < FINDING_COUNT; id++) {
        if (strcmp(finding_kind((enum finding_id)id)->id, text) == 0) {
            return id;
        }
    }
    return INT64_MAX; /* by name; a Close without a code is the last */
}

static int by_rank(const void *a, const void *b)
{
    const struct ranked *x = a;
    const struct ranked *y = b;
    int order = (x->rank > y->rank) - (x->rank < y->rank);
    order = order != 0 ? order : strcmp(x->name, y->name);
    return order != 0 ? order : (x->at > y->at) - (x->at < y->at);
}

static int sort_list(json_t *parent, const char *name, const char *key)
{
    json_t *list = json_object_get(parent, name);
    size_t n = json_array_size(list);
    struct ranked *order = calloc(n + 1, sizeof *order);
    json_t *sorted = json_array();
    if (order == NULL || sorted == NULL) {
        free(order);
        json_decref(sorted);
        return -1;
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *element = json_array_get(list, i);
        const json_t *value = json_object_get(element, key);
        const char *text =
            json_string_value(json_is_string(value) ? value : json_object_get(element, "name"));
        order[i] = (struct ranked){rank(element, key), text != NULL ? text : "", i};
    }
    qsort(order, n, sizeof *order, by_rank);
    for (size_t i = 0; i < n; i++) {
        json_array_append(sorted, json_array_get(list, order[i].at));
    }
    free(order);
    return json_object_set_new(parent, name, sorted);
}

int merge_sort(json_t *report)
{
    json_t *totals = json_object_get(report, "totals");
    json_t *codes = json_object_get(totals, "close_codes");
    return sort_list(report, "sessions", "id") | sort_list(report, "refused", "session") |
           sort_list(report, "undecrypted_tls", "session") | sort_list(report, "findings", "id") |
           sort_list(totals, "versions", "version") | sort_list(totals, "subprotocols", "name") |
           sort_list(totals, "extensions", "name") | sort_list(codes, "client_to_server", "code") |
           sort_list(codes, "server_to_client", "code");
}
