/*
 * export csv, tsv, zeek, zeek-json: a row for each session as it ends, or with --table=messages for
 * each message as it is complete. Nothing is kept but the row that is written.
 */
#include "ui/report/export_rows.h"
#include "ui/report/line_report.h"

struct table_export {
    struct line_report lines;
    struct row_style style;
    struct table table;
    bool begun; /* the head is written */
};

static void *start(const struct report_context *context, enum table_dialect dialect)
{
    struct table_export *x = line_report_new(sizeof *x, context);
    bool zeek = dialect == TABLE_ZEEK || dialect == TABLE_ZEEK_JSON;
    bool messages = context->options.messages;
    if (x == NULL) {
        return NULL;
    }
    x->style = (struct row_style){.context = &x->lines.context, .redactor = &x->lines.redactor};
    table_init(&x->table, &x->lines.out, dialect,
               messages ? (zeek ? zeek_message_columns : message_columns)
                        : (zeek ? zeek_session_columns : session_columns));
    x->table.path = messages ? "websocket_messages" : "websocket";
    return x;
}

/* Writes the head before the first row: with the time of that, for a live capture has no other. */
static struct table *begin(struct table_export *x, int64_t ts)
{
    if (!x->begun) {
        x->table.digits = x->lines.context.capture->digits;
        table_head(&x->table, ts);
        x->begun = true;
    }
    return &x->table;
}

static void on_message(void *self, const struct session *s, const struct event *e)
{
    struct table_export *x = self;
    struct table *t = begin(x, e->ts);
    if (t->dialect == TABLE_ZEEK || t->dialect == TABLE_ZEEK_JSON) {
        zeek_message_row(t, s, e, &x->style);
    } else {
        message_row(t, s, e, &x->style);
    }
}

static void on_end(void *self, struct session *s)
{
    struct table_export *x = self;
    if (s->outcome == OUTCOME_TLS) {
        return;
    }
    struct table *t = begin(x, s->last_ts);
    if (t->dialect == TABLE_ZEEK || t->dialect == TABLE_ZEEK_JSON) {
        zeek_session_row(t, s, &x->style);
    } else {
        session_row(t, s, &x->style);
    }
}

static struct model_listener export_listener(void *self)
{
    const struct table_export *x = self;
    bool messages = x->lines.context.options.messages;
    return (struct model_listener){.message = messages ? on_message : NULL,
                                   .session_ended = messages ? NULL : on_end,
                                   .self = self};
}

static int export_finish(void *self, struct err *err)
{
    struct table_export *x = self;
    const struct capture_summary *c = x->lines.context.capture;
    int64_t first = c->packets > 0 ? c->first : 0;
    table_foot(begin(x, first), c->packets > 0 ? c->last : 0);
    return line_report_finish(x, err);
}

#define TABLE_FORMAT(id, word, dialect)                                                            \
    static void *start_##id(const struct report_context *context)                                  \
    {                                                                                              \
        return start(context, dialect);                                                            \
    }                                                                                              \
    const struct report_format export_##id = {.command = "export",                                 \
                                              .name = word,                                        \
                                              .start = start_##id,                                 \
                                              .listener = export_listener,                         \
                                              .flush = line_report_flush,                          \
                                              .finish = export_finish,                             \
                                              .free = line_report_free}

TABLE_FORMAT(csv, "csv", TABLE_CSV);
TABLE_FORMAT(tsv, "tsv", TABLE_TSV);
TABLE_FORMAT(zeek, "zeek", TABLE_ZEEK);
TABLE_FORMAT(zeek_json, "zeek-json", TABLE_ZEEK_JSON);
