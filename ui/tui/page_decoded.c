/* A message as its subprotocol has it: labelled fields, JSON that folds, payloads. */
#include "page_write.h"

#include "analyzer/units.h"

#include <stdio.h>
#include <stdlib.h>

#define UNIT_MAX_BYTES (4U << 20)
#define VALUE_LINES_MAX 64U
#define DATA_HEX_MAX_BYTES 1024U
#define HEX_BYTES 16U
#define INDENT_COLUMNS 2

/* Lines of text beneath a label, wrapped. */
static void write_wrapped(struct page *p, const struct tui *t, struct bytes b, unsigned depth,
                          int width)
{
    size_t taken;
    int columns = width - (int)depth * INDENT_COLUMNS;
    for (unsigned lines = 0; b.n > 0; lines++, b = bytes_from(b, taken)) {
        if (lines == VALUE_LINES_MAX) {
            page_write(p, LINE_NOTE, "%*s... and %zu more bytes", (int)depth * INDENT_COLUMNS, "",
                       b.n);
            return;
        }
        size_t n = text_wrap(b, t->canvas.utf8, columns > 8 ? columns : 8, &taken);
        char indent[40];
        snprintf(indent, sizeof indent, "%*s", (int)depth * INDENT_COLUMNS, "");
        page_write_bytes(p, LINE_PLAIN, indent, bytes_part(b, 0, n));
    }
}

static void write_hex(struct page *p, struct bytes b, unsigned depth)
{
    for (size_t at = 0; at < b.n && at < DATA_HEX_MAX_BYTES; at += HEX_BYTES) {
        char hex[HEX_BYTES * 3 + 1] = "";
        for (size_t i = 0; i < HEX_BYTES && at + i < b.n; i++) {
            snprintf(hex + i * 3, 4, "%02x ", b.p[at + i]);
        }
        page_write(p, LINE_BITS, "%*s%s", (int)depth * INDENT_COLUMNS, "", hex);
    }
    if (b.n > DATA_HEX_MAX_BYTES) {
        page_write(p, LINE_NOTE, "%*s... and %zu more bytes", (int)depth * INDENT_COLUMNS, "",
                   b.n - DATA_HEX_MAX_BYTES);
    }
}

/* JSON beneath its label. false: it is none. */
static bool write_json(struct page *p, struct bytes b, unsigned depth)
{
    size_t at = p->text.n;
    if (b.n == 0 || (b.p[0] != '{' && b.p[0] != '[') || !buffer_append(&p->text, b)) {
        return false;
    }
    if (!page_json(p, at, depth)) {
        p->text.n = at;
        return false;
    }
    return true;
}

static void write_label(struct page *p, const struct dissection_field *f, struct bytes value)
{
    char before[DISSECTION_SUMMARY_BYTES];
    int n = (int)bytes_part(f->label, 0, 80).n;
    snprintf(before, sizeof before, "%*s%.*s%s", f->depth * INDENT_COLUMNS, "", n,
             (const char *)f->label.p, f->kind == FIELD_HEADING ? "" : ": ");
    page_write_bytes(p, f->kind == FIELD_HEADING ? LINE_HEADING : LINE_FIELD, before, value);
}

/* On the label's line where there is room for it, beneath it otherwise. */
static void write_field(struct page *p, const struct tui *t, const struct dissection_field *f,
                        int width)
{
    static const struct bytes none = {NULL, 0};
    unsigned depth = f->depth + 1U;
    int room = width - f->depth * INDENT_COLUMNS - (int)f->label.n - 2;
    bool text = f->kind != FIELD_DATA || page_looks_like_text(f->value);
    bool json = f->kind == FIELD_JSON || (f->kind == FIELD_DATA && text);
    if (f->kind == FIELD_HEADING) {
        write_label(p, f, none);
        return;
    }
    size_t lines = p->n;
    write_label(p, f, none);
    if (json && write_json(p, f->value, depth)) {
        return;
    }
    if (!text) {
        write_hex(p, f->value, depth);
    } else if (text_columns(f->value, t->canvas.utf8, room + 1) <= room &&
               bytes_find(f->value, '\n') == f->value.n) {
        p->n = lines;
        write_label(p, f, f->value);
    } else {
        write_wrapped(p, t, f->value, depth, width);
    }
}

static void write_fields(struct page *p, const struct tui *t, const struct dissection *d, int width)
{
    for (size_t i = 0; i < d->n; i++) {
        write_field(p, t, &d->fields[i], width);
    }
    if (d->cut) {
        page_write(p, LINE_NOTE, "There are more fields than are shown.");
    }
    if (d->wrong != NULL) {
        page_write(p, LINE_NOTE, "Malformed: %s.", d->wrong);
    } else if (d->partial) {
        page_write(p, LINE_NOTE, "This is not all of it: the rest has not come, or is too long.");
    }
}

bool write_decoded(struct page *p, const struct tui *t, const struct subject *subject, int width)
{
    const struct store_session *row = store_session(t->feed->store, subject->session);
    struct dissection *d = malloc(sizeof *d);
    struct buffer unit;
    buffer_init(&unit, UNIT_MAX_BYTES);
    bool there =
        d != NULL && units_dissect(t->feed->store, row, subject->message, UNIT_MAX_BYTES, &unit, d);
    if (there) {
        const struct store_message *m = &row->messages[subject->message];
        if (row->track != NULL && unit.n != m->body_n) {
            page_write(p, LINE_NOTE, "%zu bytes, in several messages: %s is a stream of its own",
                       unit.n, row->subprotocol->name);
        }
        write_fields(p, t, d, width);
    }
    buffer_done(&unit);
    free(d);
    return there;
}
