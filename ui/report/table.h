/*
 * Rows of cells, streamed: CSV (RFC 4180), TSV as PostgreSQL's COPY takes it, and Zeek's logs as
 * text or JSON. Who writes rows says what a cell is; the dialect says how that is written.
 *
 *     table_init(&t, &out, TABLE_CSV, columns);
 *     table_head(&t, first_ts);           once
 *     table_begin(&t); table_u64(&t, 7); table_text(&t, host); ... table_end(&t);    each row
 *     table_foot(&t, last_ts);
 *
 * A row has exactly the cells of `columns`, in their order. Text may be any bytes. Whatever could
 * steer a terminal or deceive a reader is not passed on: CSV shows U+FFFD instead, TSV and Zeek's
 * text write \xHH, JSON \uXXXX; what is no UTF-8 and NUL are U+FFFD in TSV, too, as COPY refuses
 * them. In CSV and TSV an apostrophe precedes text that a spreadsheet
 * would take for a formula (it begins with = + - or @).
 *
 * TABLE_STORE hands the cells to a store (table_store.h), and has no head and foot.
 */
#ifndef WSIGHT_TABLE_H
#define WSIGHT_TABLE_H

#include "ui/report/json.h"
#include "ui/report/table_store.h"

enum table_dialect { TABLE_CSV, TABLE_TSV, TABLE_ZEEK, TABLE_ZEEK_JSON, TABLE_STORE };

struct table_column {
    const char *name;
    const char *type; /* Zeek's: time interval count int string addr port bool vector[string] */
};

struct table {
    struct out *out;
    enum table_dialect dialect;
    const struct table_column *columns; /* ended by a NULL name */
    const char *path;                   /* Zeek's name of the log */
    unsigned digits;                    /* of a second, in times of CSV and TSV: 6 or 9 */
    size_t at;                          /* cells of this row so far */
    size_t items;                       /* of the list that is open */
    struct json json;
    const struct table_store *store; /* TABLE_STORE */
    void *into;
};

void table_init(struct table *t, struct out *out, enum table_dialect dialect,
                const struct table_column *columns);

/* The same for TABLE_STORE; lists are put together in the buffer that `out` writes to. */
void table_init_store(struct table *t, struct out *out, const struct table_store *store, void *into,
                      const struct table_column *columns);

/* What stands before and after all rows; times are those of the capture, which Zeek's logs tell. */
void table_head(struct table *t, int64_t first);
void table_foot(struct table *t, int64_t last);

void table_begin(struct table *t);
void table_end(struct table *t);

void table_none(struct table *t); /* not known, or does not apply */
void table_u64(struct table *t, uint64_t v);
void table_i64(struct table *t, int64_t v);
void table_bool(struct table *t, bool v);
void table_text(struct table *t, struct bytes b); /* p NULL: none */
void table_name(struct table *t, const char *s);  /* NULL: none */
void table_time(struct table *t, int64_t ns);
void table_seconds(struct table *t, int64_t ns); /* a span, with nine digits */
void table_base64(struct table *t, struct bytes b);

/* A list of texts: one cell. */
void table_list(struct table *t);
void table_item(struct table *t, struct bytes b);
void table_list_end(struct table *t);

/* Does a cell of this text hold exactly its bytes, in CSV, TSV and a store? */
bool table_is_exact(enum table_dialect dialect, struct bytes text);

#endif
