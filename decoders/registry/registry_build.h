#ifndef WSIGHT_REGISTRY_BUILD_H
#define WSIGHT_REGISTRY_BUILD_H

/* Makes the tables of a registry from records as the XML has them: checks them, names and sorts
 * them. Knows nothing of XML. Private to decoders/registry. */

#include "decoders/registry/registry_text.h"

struct record {
    unsigned long line;
    char date[12], updated[12];
    struct field name, common, value, definition;
    struct field description, status, reference, rule;
};

struct draft_entry {
    struct registry_entry entry;
    unsigned long line;
};

struct draft_table {
    struct draft_entry *entries;
    size_t n, room;
    struct registry_rule *rules;
    size_t n_rules;
    const char *title;
};

/* Zeroed, then `error` set. Once it has failed, what is added counts no more. */
struct builder {
    struct registry_error *error;
    bool failed;
    struct loaded *out;
    struct draft_table tables[REGISTRY_TABLES];
};

bool builder_init(struct builder *b, struct registry_error *error);
void builder_done(struct builder *b);
/* The first error stands. */
void builder_fail(struct builder *b, unsigned long line, const char *text);

/* "opcode", or "close-code-number-rules" with *rules_only set. False: none of ours. */
bool builder_find_table(const char *id, enum registry_table_id *table, bool *rules_only);
void builder_add_record(struct builder *b, enum registry_table_id id, struct record *record);
/* `scope` is a range of numbers or words; NULL for the whole table. */
void builder_add_rule(struct builder *b, enum registry_table_id id, const struct field *scope,
                      const struct field *rule, unsigned long line);
/* The first title stands: in the layout of 2012 it is that of the rules. */
void builder_set_title(struct builder *b, enum registry_table_id id, const struct field *title);

/* The registry, handed over, or NULL with the error filled. */
struct registry *builder_finish(struct builder *b, const struct field *title,
                                const struct field *created, const struct field *updated);

#endif
