#ifndef WSIGHT_REGISTRY_TEXT_H
#define WSIGHT_REGISTRY_TEXT_H

/* Text on its way from the registry's XML to its tables. Private to decoders/registry. */

#include "decoders/registry/registry.h"

#include <stdbool.h>

/* One text being gathered: white space collapsed, references set apart. Zeroed is empty. */
struct field {
    size_t n;
    bool space;    /* white space is due before what follows */
    bool had_xref; /* what came last was a reference */
    bool too_long; /* something did not fit and was left out */
    char s[REGISTRY_TEXT_MAX_BYTES + 1];
};

void field_clear(struct field *f);
void field_add_text(struct field *f, const char *s, size_t n);
/* A reference: a comma parts it from another one before it. */
void field_add_xref(struct field *f, const struct field *xref);
/* The text is `suffix` with something before it. */
bool field_ends_with(const struct field *f, const char *suffix);

/* Strings that live together, in blocks. Zeroed is empty. */
struct text_block;
struct text_store {
    struct text_block *last;
};

/* A NUL-terminated copy, or NULL when memory is short. */
const char *text_store_keep(struct text_store *store, const char *s, size_t n);
void text_store_done(struct text_store *store);

#endif
