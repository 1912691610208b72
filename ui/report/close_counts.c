/* Closes by code and by what the code meant. */
#include "ui/report/close_counts.h"

#include "ui/report/session_json.h" /* close_name */

#include <stdlib.h>

struct rows {
    void (*row)(void *ctx, const struct close_count *);
    void *ctx;
};

static void tell(const struct rows *r, const struct close_count *c)
{
    if (c->n[0] + c->n[1] > 0) {
        r->row(r->ctx, c);
    }
}

/* Moves what was counted by an old table from the row that has another name for the code. */
static void move(struct close_count *from, uint64_t client, uint64_t server, struct close_count *to)
{
    from->n[0] -= client;
    from->n[1] -= server;
    to->n[0] += client;
    to->n[1] += server;
}

static int by_name(const void *a, const void *b)
{
    const struct close_count *x = a;
    const struct close_count *y = b;
    return strcmp(x->name, y->name);
}

static void tell_code(const struct rows *r, const struct totals *t, const struct registry *registry,
                      int code)
{
    struct close_count row[1 + TOTALS_OLD_TABLES] = {
        {code, close_name(registry, code), {t->close_codes[0][code], t->close_codes[1][code]}}};
    size_t n = 1;
    bool has_old = code >= 1000 && code < 1000 + TOTALS_OLD_CODES;
    for (int table = 0; has_old && table < TOTALS_OLD_TABLES; table++) {
        size_t at = 0;
        const char *name = totals_old_code_name(table, code);
        while (at < n && strcmp(row[at].name, name) != 0) {
            at++;
        }
        if (at == n) {
            row[n++] = (struct close_count){.code = code, .name = name};
        }
        move(&row[0], t->close_codes_old[0][table][code - 1000],
             t->close_codes_old[1][table][code - 1000], &row[at]);
    }
    qsort(row, n, sizeof row[0], by_name);
    for (size_t i = 0; i < n; i++) {
        tell(r, &row[i]);
    }
}

void close_counts(const struct totals *t, const struct registry *registry,
                  void (*row)(void *ctx, const struct close_count *), void *ctx)
{
    const struct rows rows = {row, ctx};
    for (int code = 0; code < TOTALS_CLOSE_CODES; code++) {
        if (t->close_codes[0][code] + t->close_codes[1][code] > 0) {
            tell_code(&rows, t, registry, code);
        }
    }
    struct close_count none = {CLOSE_CODE_NONE,
                               close_name(registry, CLOSE_CODE_NONE),
                               {t->close_none[0], t->close_none[1]}};
    struct close_count codeless = {CLOSE_CODE_NONE, CLOSE_CODELESS, {0, 0}};
    move(&none, t->close_codeless[0], t->close_codeless[1], &codeless);
    tell(&rows, &none);
    tell(&rows, &codeless);
}
