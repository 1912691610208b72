/*
 * export sqlite: a database with the tables sessions, messages and findings, frames with --frames,
 * with views and, once everything is in it, indexes.
 *
 * Other programs may read it while it is written: its journal is a write-ahead log, and there is a
 * transaction for each so many rows and whenever a pipe has no more. At the end it is one file
 * without a log, unless somebody has it open.
 */
#include "analyzer/community_id.h"
#include "ui/report/export_rows.h"
#include "ui/report/message_words.h"
#include "ui/report/session_json.h"
#include "ui/report/sqlite_schema.h"

#include <errno.h>
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#define TRANSACTION_ROWS 20000
#define CELL_MAX_BYTES ((size_t)256 << 20) /* what it takes of an escaped message of 64M */
#define SQL_MAX_BYTES 8192
#define COLUMNS_MAX 64

enum { SESSIONS, MESSAGES, FINDINGS, FRAMES, TABLES };

static const struct table_column finding_columns[] = {
    {"session", "count"}, {"community_id", "string"}, {"id", "string"},   {"severity", "string"},
    {"class", "string"},  {"section", "string"},      {"text", "string"}, {"direction", "string"},
    {"time", "time"},     {"packet", "count"},        {"count", "count"}, {"detail", "string"},
    {NULL, NULL},
};

static const struct table_column frame_columns[] = {
    {"session", "count"},
    {"time", "time"},
    {"direction", "string"},
    {"packet", "count"},
    {"fin", "bool"},
    {"rsv", "count"},
    {"opcode", "string"},
    {"opcode_number", "count"},
    {"masked", "bool"},
    {"header_length", "count"},
    {"length", "count"},
    {"masking_key", "base64"},
    {NULL, NULL},
};

static const struct {
    const char *name;
    const struct table_column *columns;
} tables[TABLES] = {
    [SESSIONS] = {"sessions", session_columns},
    [MESSAGES] = {"messages", message_columns},
    [FINDINGS] = {"findings", finding_columns},
    [FRAMES] = {"frames", frame_columns},
};

struct sqlite_export;

struct sqlite_table {
    struct sqlite_export *export;
    sqlite3_stmt *insert; /* NULL: there is no such table */
    struct table rows;
};

struct sqlite_export {
    struct report_context context;
    struct redactor redactor;
    struct row_style style;
    sqlite3 *db;
    struct sqlite_table tables[TABLES];
    unsigned rows;  /* of the transaction that is open */
    struct err err; /* what first went wrong */
    bool failed;
    struct buffer cell;
    struct out out; /* to the cell */
};

/*--- The database -------------------------------------------------------------------------------*/

static void check(struct sqlite_export *x, int result)
{
    if (result != SQLITE_OK && result != SQLITE_DONE && result != SQLITE_ROW && !x->failed) {
        x->failed = true;
        err_set(&x->err, "%s: %s", x->context.path, sqlite3_errmsg(x->db));
    }
}

static void execute(struct sqlite_export *x, const char *sql)
{
    if (!x->failed) {
        check(x, sqlite3_exec(x->db, sql, NULL, NULL, NULL));
    }
}

static const char *type_of(const struct table_column *c)
{
    return strcmp(c->name, "session") == 0 && c == session_columns ? "INTEGER PRIMARY KEY"
           : strcmp(c->type, "interval") == 0                      ? "REAL"
           : strcmp(c->type, "count") == 0 || strcmp(c->type, "port") == 0 ||
                   strcmp(c->type, "bool") == 0
               ? "INTEGER"
           : strcmp(c->name, "base64") == 0 || strcmp(c->type, "base64") == 0 ? "BLOB"
                                                                              : "TEXT";
}

static void add(char *sql, const char *text)
{
    size_t n = strlen(sql);
    snprintf(sql + n, SQL_MAX_BYTES - n, "%s", text);
}

/* The table, and the statement that its rows go through. */
static void create(struct sqlite_export *x, int i)
{
    char make[SQL_MAX_BYTES] = "CREATE TABLE ";
    char insert[SQL_MAX_BYTES] = "INSERT INTO ";
    add(make, tables[i].name);
    add(insert, tables[i].name);
    add(insert, " VALUES");
    for (const struct table_column *c = tables[i].columns; c->name != NULL; c++) {
        add(make, c == tables[i].columns ? " (" : ", ");
        add(make, strcmp(c->name, "base64") == 0 ? "bytes" : c->name);
        add(make, " ");
        add(make, type_of(c));
        add(insert, c == tables[i].columns ? " (?" : ", ?");
    }
    add(make, ")");
    add(insert, ")");
    execute(x, make);
    if (!x->failed) {
        check(x, sqlite3_prepare_v2(x->db, insert, -1, &x->tables[i].insert, NULL));
    }
}

/* Between two rows. */
static void commit(struct sqlite_export *x)
{
    if (x->rows > 0) {
        x->rows = 0;
        execute(x, "COMMIT");
    }
}

/*--- Cells --------------------------------------------------------------------------------------*/

static void bind_none(void *into, size_t column)
{
    const struct sqlite_table *t = into;
    check(t->export, sqlite3_bind_null(t->insert, (int)column + 1));
}

static void bind_integer(void *into, size_t column, int64_t v)
{
    const struct sqlite_table *t = into;
    check(t->export, sqlite3_bind_int64(t->insert, (int)column + 1, v));
}

static void bind_real(void *into, size_t column, double v)
{
    const struct sqlite_table *t = into;
    check(t->export, sqlite3_bind_double(t->insert, (int)column + 1, v));
}

static void bind_text(void *into, size_t column, struct bytes text)
{
    const struct sqlite_table *t = into;
    const char *p = text.n > 0 ? (const char *)text.p : "";
    check(t->export, sqlite3_bind_text64(t->insert, (int)column + 1, p, text.n, SQLITE_TRANSIENT,
                                         SQLITE_UTF8));
}

static void bind_blob(void *into, size_t column, struct bytes bytes)
{
    const struct sqlite_table *t = into;
    const void *p = bytes.n > 0 ? (const void *)bytes.p : "";
    check(t->export, sqlite3_bind_blob64(t->insert, (int)column + 1, p, bytes.n, SQLITE_TRANSIENT));
}

static void insert_row(void *into)
{
    const struct sqlite_table *t = into;
    struct sqlite_export *x = t->export;
    if (x->rows == 0) {
        execute(x, "BEGIN");
    }
    x->rows++;
    check(x, sqlite3_step(t->insert));
    check(x, sqlite3_reset(t->insert));
    if (x->rows >= TRANSACTION_ROWS) {
        commit(x);
    }
}

/*--- Opening and closing ------------------------------------------------------------------------*/

static void sqlite_free(void *self)
{
    struct sqlite_export *x = self;
    if (x == NULL) {
        return;
    }
    for (int i = 0; i < TABLES; i++) {
        sqlite3_finalize(x->tables[i].insert);
    }
    sqlite3_close(x->db);
    redact_done(&x->redactor);
    buffer_done(&x->cell);
    free(x);
}

/* A log of an older database of that name would be taken for this one's. */
static void remove_logs(const char *path)
{
    static const char *const endings[] = {"-wal", "-shm", "-journal"};
    for (size_t i = 0; i < 3; i++) {
        char *log = sqlite3_mprintf("%s%s", path, endings[i]);
        if (log != NULL) {
            (void)unlink(log);
        }
        sqlite3_free(log);
    }
}

/* A path that begins with ':' or "file:" would mean something else. */
static void open_database(struct sqlite_export *x)
{
    const char *path = x->context.path;
    char *plain = sqlite3_mprintf("%s%s", path[0] == '/' ? "" : "./", path);
    if (plain == NULL) {
        x->failed = true;
        err_set(&x->err, "out of memory");
        return;
    }
    remove_logs(plain);
    check(x, sqlite3_open_v2(plain, &x->db, SQLITE_OPEN_READWRITE, NULL));
    sqlite3_free(plain);
    execute(x, "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL");
}

static void *sqlite_start(const struct report_context *context)
{
    static const struct table_store store = {.none = bind_none,
                                             .integer = bind_integer,
                                             .real = bind_real,
                                             .text = bind_text,
                                             .blob = bind_blob,
                                             .row = insert_row};
    struct sqlite_export *x = calloc(1, sizeof *x);
    if (x == NULL) {
        return NULL;
    }
    x->context = *context;
    redact_init(&x->redactor, context->options.show_secrets);
    x->style = (struct row_style){.context = &x->context, .redactor = &x->redactor};
    buffer_init(&x->cell, CELL_MAX_BYTES);
    out_init(&x->out, NULL, &x->cell);
    open_database(x);
    execute(x, "BEGIN");
    for (int i = 0; i < (context->options.frames ? TABLES : FRAMES); i++) {
        x->tables[i].export = x;
        create(x, i);
        table_init_store(&x->tables[i].rows, &x->out, &store, &x->tables[i], tables[i].columns);
    }
    execute(x, SQLITE_VIEWS "COMMIT");
    return x;
}

/*--- Rows ---------------------------------------------------------------------------------------*/

static struct table *rows_of(struct sqlite_export *x, int i)
{
    x->tables[i].rows.digits = x->context.capture->digits;
    return &x->tables[i].rows;
}

/* s NULL: of the capture. */
static void finding_row(struct sqlite_export *x, const struct session *s,
                        const struct finding_record *r)
{
    const struct finding_kind *kind = finding_kind(r->id);
    struct table *t = rows_of(x, FINDINGS);
    char id[COMMUNITY_ID_BYTES];
    table_begin(t);
    if (s != NULL) {
        community_id(&s->connection, id);
        table_u64(t, s->id);
        table_name(t, id);
    } else {
        table_none(t);
        table_none(t);
    }
    table_name(t, kind->id);
    table_name(t, finding_severity_name(kind->severity));
    table_name(t, finding_class_name(kind->class));
    table_name(t, kind->section);
    table_name(t, kind->sentence);
    table_name(t, s != NULL ? direction_name(r->dir) : NULL);
    table_time(t, r->ts);
    table_u64(t, r->pkt);
    table_u64(t, r->count);
    table_text(t, r->detail.n > 0 ? redact_text(&x->redactor, r->detail) : (struct bytes){0});
    table_end(t);
}

static void on_message(void *self, const struct session *s, const struct event *e)
{
    struct sqlite_export *x = self;
    if (!x->failed) {
        message_row(rows_of(x, MESSAGES), s, e, &x->style);
    }
}

static void on_frame(void *self, const struct session *s, const struct event *e)
{
    struct sqlite_export *x = self;
    const struct frame *f = &e->frame;
    struct table *t = rows_of(x, FRAMES);
    if (x->failed) {
        return;
    }
    table_begin(t);
    table_u64(t, s->id);
    table_time(t, e->ts);
    table_name(t, direction_name(e->dir));
    table_u64(t, e->pkt);
    table_bool(t, f->fin);
    table_u64(t, f->rsv);
    table_name(t, opcode_word(f->opcode));
    table_u64(t, f->wire_opcode);
    table_bool(t, f->masked);
    table_u64(t, f->header_len);
    table_u64(t, f->len);
    if (f->masked) {
        table_base64(t, (struct bytes){f->masking_key, sizeof f->masking_key});
    } else {
        table_none(t);
    }
    table_end(t);
}

static void on_end(void *self, struct session *s)
{
    struct sqlite_export *x = self;
    if (x->failed || s->outcome == OUTCOME_TLS) {
        return;
    }
    session_row(rows_of(x, SESSIONS), s, &x->style);
    for (uint32_t i = 0; i < s->finding_count && !x->failed; i++) {
        finding_row(x, s, &s->findings[i]);
    }
}

/*--- The format ---------------------------------------------------------------------------------*/

static struct model_listener sqlite_listener(void *self)
{
    const struct sqlite_export *x = self;
    return (struct model_listener){.message = on_message,
                                   .frame = x->context.options.frames ? on_frame : NULL,
                                   .session_ended = on_end,
                                   .self = self};
}

static int sqlite_flush(void *self)
{
    struct sqlite_export *x = self;
    commit(x);
    return x->failed ? EIO : 0;
}

static int sqlite_finish(void *self, struct err *err)
{
    struct sqlite_export *x = self;
    size_t n;
    const struct finding_record *findings = model_findings(x->context.model, &n);
    for (size_t i = 0; i < n && !x->failed; i++) {
        finding_row(x, NULL, &findings[i]);
    }
    commit(x);
    execute(x, "BEGIN;" SQLITE_INDEXES);
    if (x->context.options.frames) {
        execute(x, SQLITE_FRAME_INDEXES);
    }
    execute(x, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)");
    if (!x->failed) { /* refused while somebody has it open */
        (void)sqlite3_exec(x->db, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL);
    }
    if (!x->failed && x->out.error != 0) {
        return report_output_error(x->out.error, err);
    }
    return x->failed ? err_set(err, "%s", x->err.text) : 0;
}

const struct report_format export_sqlite = {.command = "export",
                                            .name = "sqlite",
                                            .needs = REPORT_NEEDS_MESSAGES | REPORT_NEEDS_PATH,
                                            .start = sqlite_start,
                                            .listener = sqlite_listener,
                                            .flush = sqlite_flush,
                                            .finish = sqlite_finish,
                                            .free = sqlite_free};
