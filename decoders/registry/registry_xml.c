/* Reads the WebSocket registry in IANA's XML schema (RFC 6455 section 11), with expat. The
 * generator uses it at build time and registry_load at run time, so that both understand the same
 * files.
 *
 * Two layouts exist. Today's has `range` elements inside a registry for its registration rules;
 * that of 2012 has separate registries for them, named "...-rules", and no dates.
 *
 * The file may be anything: size, depth, counts and lengths are bounded, and a document type
 * declaration ends the reading at once, so that no entity is ever declared, let alone expanded. */
#include "decoders/registry/registry_build.h"

#include <assert.h>
#include <expat.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define IANA_NAMESPACE "http://www.iana.org/assignments"

enum element {
    ELEMENT_OTHER,    /* skipped with all it holds */
    ELEMENT_FILE,     /* the outermost registry */
    ELEMENT_REGISTRY, /* one of the tables, or the rules of one */
    ELEMENT_RECORD,
    ELEMENT_RANGE,
    ELEMENT_TEXT, /* its text goes to the level's field */
    ELEMENT_XREF
};

struct level {
    enum element element;
    struct field *field;
};

struct xml_reader {
    XML_Parser parser;
    struct builder builder;
    size_t depth;
    struct level levels[REGISTRY_XML_MAX_DEPTH];
    enum registry_table_id id; /* the table we are in */
    bool rules_only;           /* in a "...-rules" registry: its records are rules */
    bool any_table;

    struct field title, created, updated; /* of the file */
    struct field table_title, table_rule;
    struct record record;
    struct field xref;
};

static void fail(struct xml_reader *r, const char *text)
{
    builder_fail(&r->builder, XML_GetCurrentLineNumber(r->parser), text);
    XML_StopParser(r->parser, XML_FALSE);
}

/* The element's name if it is in IANA's name space or in none; "" if it is somebody else's. */
static const char *local_name(const char *name)
{
    const char *bar = strrchr(name, '|');

    if (!bar)
        return name;
    if ((size_t)(bar - name) == strlen(IANA_NAMESPACE) &&
        !strncmp(name, IANA_NAMESPACE, strlen(IANA_NAMESPACE)))
        return bar + 1;
    return "";
}

static const char *attribute(const char **attributes, const char *name)
{
    for (size_t i = 0; attributes[i]; i += 2) {
        if (!strcmp(attributes[i], name))
            return attributes[i + 1];
    }
    return "";
}

static void keep_date(struct xml_reader *r, char to[12], const char *date)
{
    size_t n = strlen(date);

    if (n > 10 || strspn(date, "0123456789-") != n)
        fail(r, "a date is not of the form YYYY-MM-DD");
    else
        memcpy(to, date, n + 1);
}

static enum element start_file(struct xml_reader *r, const char *name, const char **attributes)
{
    if (strcmp(name, "registry") || strcmp(attribute(attributes, "id"), "websocket"))
        fail(r, "this is not the WebSocket registry: it does not open with <registry "
                "id=\"websocket\">");
    return ELEMENT_FILE;
}

static enum element start_table(struct xml_reader *r, const char *id)
{
    if (!builder_find_table(id, &r->id, &r->rules_only))
        return ELEMENT_OTHER;
    r->any_table = r->any_table || !r->rules_only;
    field_clear(&r->table_title);
    field_clear(&r->table_rule);
    return ELEMENT_REGISTRY;
}

static void start_record(struct xml_reader *r, const char **attributes)
{
    struct field *const fields[] = {
        &r->record.name,        &r->record.common, &r->record.value,     &r->record.definition,
        &r->record.description, &r->record.status, &r->record.reference, &r->record.rule};

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++)
        field_clear(fields[i]);
    r->record.line = XML_GetCurrentLineNumber(r->parser);
    keep_date(r, r->record.date, attribute(attributes, "date"));
    keep_date(r, r->record.updated, attribute(attributes, "updated"));
}

/* What an xref says: "rfc6455" is RFC 6455; people are left out. */
static enum element start_xref(struct xml_reader *r, const char **attributes)
{
    const char *type = attribute(attributes, "type");
    const char *data = attribute(attributes, "data");

    field_clear(&r->xref);
    if (!strcmp(type, "person"))
        return ELEMENT_OTHER;
    if (!strcmp(type, "rfc") && !strncmp(data, "rfc", 3)) {
        field_add_text(&r->xref, "RFC ", 4);
        data += 3;
    } else if (!strcmp(type, "rfc-errata")) {
        field_add_text(&r->xref, "erratum ", 8);
    }
    field_add_text(&r->xref, data, strlen(data));
    return ELEMENT_XREF;
}

static struct field *record_field(struct xml_reader *r, const char *name)
{
    const struct {
        const char *name;
        struct field *field;
    } fields[] = {
        {"id", &r->record.name},       {"common", &r->record.common},
        {"value", &r->record.value},   {"definition", &r->record.definition},
        {"status", &r->record.status}, {"description", &r->record.description},
        {"type", &r->record.value},    {"registration_rule", &r->record.rule},
    };

    for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
        if (!strcmp(name, fields[i].name))
            return fields[i].field;
    }
    return NULL;
}

/* The field of the file or of a table that an element fills; NULL if none. */
static struct field *heading_field(struct xml_reader *r, enum element parent, const char *name)
{
    if (parent == ELEMENT_REGISTRY) {
        if (!strcmp(name, "title"))
            return &r->table_title;
        return strcmp(name, "registration_rule") ? NULL : &r->table_rule;
    }
    if (!strcmp(name, "title"))
        return &r->title;
    if (!strcmp(name, "created"))
        return &r->created;
    return strcmp(name, "updated") ? NULL : &r->updated;
}

/* A table's child: a record, a registration rule for a range, or a heading. */
static struct level open_in_table(struct xml_reader *r, const char *name, const char **attributes)
{
    bool range = !strcmp(name, "range");

    if (range || !strcmp(name, "record")) {
        start_record(r, attributes);
        return (struct level){range ? ELEMENT_RANGE : ELEMENT_RECORD, NULL};
    }
    return (struct level){ELEMENT_TEXT, heading_field(r, ELEMENT_REGISTRY, name)};
}

static struct level open_element(struct xml_reader *r, enum element parent, const char *name,
                                 const char **attributes)
{
    struct level level = {ELEMENT_TEXT, NULL};
    bool in_text = parent == ELEMENT_TEXT || parent == ELEMENT_RECORD || parent == ELEMENT_RANGE;

    if (parent == ELEMENT_REGISTRY)
        level = open_in_table(r, name, attributes);
    else if (parent == ELEMENT_FILE && !strcmp(name, "registry"))
        level.element = start_table(r, attribute(attributes, "id"));
    else if (parent == ELEMENT_FILE)
        level.field = heading_field(r, parent, name);
    else if (in_text && !strcmp(name, "xref"))
        level.element = start_xref(r, attributes);
    else if (in_text && parent != ELEMENT_TEXT)
        level.field = record_field(r, name);

    if (level.element == ELEMENT_XREF && !r->xref.n)
        level.field = &r->xref; /* it refers in words */
    else if (level.element == ELEMENT_TEXT && level.field)
        level.field->space = true; /* apart from an earlier element of the same name */
    else if (level.element == ELEMENT_TEXT)
        level.element = ELEMENT_OTHER;
    return level;
}

static void XMLCALL on_start(void *context, const char *qualified, const char **attributes)
{
    struct xml_reader *r = context;
    const char *name = local_name(qualified);

    if (r->builder.failed)
        return;
    if (r->depth >= REGISTRY_XML_MAX_DEPTH) {
        fail(r, "elements are nested too deeply");
        return;
    }
    if (!r->depth)
        r->levels[0] = (struct level){start_file(r, name, attributes), NULL};
    else
        r->levels[r->depth] = open_element(r, r->levels[r->depth - 1].element, name, attributes);
    r->depth++;
}

static void check_length(struct xml_reader *r, const struct field *f)
{
    if (f->too_long)
        fail(r, "a text is too long");
}

/* A reference belongs to the text it stands in, else to the record. */
static void end_xref(struct xml_reader *r, const struct level *parent)
{
    struct field *f = parent->field ? parent->field : &r->record.reference;

    field_add_xref(f, &r->xref);
    check_length(r, f);
}

static void end_table(struct xml_reader *r)
{
    builder_add_rule(&r->builder, r->id, NULL, &r->table_rule, XML_GetCurrentLineNumber(r->parser));
    builder_set_title(&r->builder, r->id, &r->table_title);
}

static void XMLCALL on_end(void *context, const char *qualified)
{
    struct xml_reader *r = context;
    struct record *record = &r->record;
    enum element element;

    (void)qualified;
    if (r->builder.failed)
        return;
    assert(r->depth > 0);
    element = r->levels[--r->depth].element;
    if (element == ELEMENT_XREF)
        end_xref(r, &r->levels[r->depth - 1]);
    else if (element == ELEMENT_RANGE || (element == ELEMENT_RECORD && r->rules_only))
        builder_add_rule(&r->builder, r->id, &record->value, &record->rule, record->line);
    else if (element == ELEMENT_RECORD)
        builder_add_record(&r->builder, r->id, record);
    else if (element == ELEMENT_REGISTRY)
        end_table(r);
    if (r->builder.failed)
        XML_StopParser(r->parser, XML_FALSE);
}

static void XMLCALL on_text(void *context, const char *s, int n)
{
    struct xml_reader *r = context;
    struct field *f = r->depth ? r->levels[r->depth - 1].field : NULL;

    if (r->builder.failed || n < 0 || !f)
        return;
    field_add_text(f, s, (size_t)n);
    check_length(r, f);
}

/* Entities can only be declared in a document type declaration, which this format does not need. */
static void XMLCALL on_doctype(void *context, const char *name, const char *system,
                               const char *public, int internal)
{
    (void)name, (void)system, (void)public, (void)internal;
    fail(context, "a document type declaration is not accepted");
}

static struct registry *parse(struct xml_reader *r, const uint8_t *xml, size_t n)
{
    XML_SetUserData(r->parser, r);
    XML_SetElementHandler(r->parser, on_start, on_end);
    XML_SetCharacterDataHandler(r->parser, on_text);
    XML_SetStartDoctypeDeclHandler(r->parser, on_doctype);
    if (XML_Parse(r->parser, (const char *)xml, (int)n, XML_TRUE) != XML_STATUS_OK)
        fail(r, XML_ErrorString(XML_GetErrorCode(r->parser))); /* unless we stopped it ourselves */
    else if (!r->any_table)
        builder_fail(&r->builder, 0, "the file holds none of the WebSocket registry's tables");
    if (r->builder.failed)
        return NULL;
    return builder_finish(&r->builder, &r->title, &r->created, &r->updated);
}

struct registry *registry_load(const uint8_t *xml, size_t n, struct registry_error *error)
{
    struct registry *registry = NULL;
    struct xml_reader *r;

    *error = (struct registry_error){0, "out of memory"};
    if (n > REGISTRY_XML_MAX_BYTES) {
        snprintf(error->text, sizeof error->text, "the file is larger than %d bytes",
                 REGISTRY_XML_MAX_BYTES);
        return NULL;
    }
    r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    r->parser = XML_ParserCreateNS(NULL, '|');
    if (builder_init(&r->builder, error) && r->parser)
        registry = parse(r, n ? xml : (const uint8_t *)"", n);
    builder_done(&r->builder);
    if (r->parser)
        XML_ParserFree(r->parser);
    free(r);
    return registry;
}
