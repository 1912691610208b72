/* Gathers the registry's texts: XML hands them over in pieces, with the line breaks and indents of
 * the file and with references (xref elements) in between. */
#include "decoders/registry/registry_text.h"

#include <stdlib.h>
#include <string.h>

enum { BLOCK_BYTES = 32 * 1024 };

void field_clear(struct field *f)
{
    f->n = 0;
    f->space = f->had_xref = f->too_long = false;
    f->s[0] = '\0';
}

static void field_put(struct field *f, char c)
{
    if (f->n >= REGISTRY_TEXT_MAX_BYTES) {
        f->too_long = true;
        return;
    }
    f->s[f->n++] = c;
    f->s[f->n] = '\0';
}

static bool is_one_of(char c, const char *set)
{
    return c && strchr(set, c);
}

void field_add_text(struct field *f, const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (is_one_of(s[i], " \t\r\n")) {
            f->space = true;
            continue;
        }
        if (f->had_xref && !is_one_of(s[i], ",.;:)"))
            f->space = true;
        if (f->space && f->n)
            field_put(f, ' ');
        f->space = f->had_xref = false;
        field_put(f, s[i]);
    }
}

void field_add_xref(struct field *f, const struct field *xref)
{
    f->too_long = f->too_long || xref->too_long;
    if (!xref->n)
        return;
    if (f->had_xref)
        field_put(f, ',');
    f->space = f->had_xref || (f->n && f->s[f->n - 1] != '(');
    f->had_xref = false;
    field_add_text(f, xref->s, xref->n);
    f->had_xref = true;
    f->space = false;
}

bool field_ends_with(const struct field *f, const char *suffix)
{
    size_t n = strlen(suffix);

    return n && f->n > n && !strcmp(f->s + f->n - n, suffix);
}

struct text_block {
    struct text_block *previous;
    size_t used, size;
    char s[];
};

static char *text_room(struct text_store *store, size_t n)
{
    struct text_block *block = store->last;

    if (!block || n > block->size - block->used) {
        size_t size = n > BLOCK_BYTES ? n : BLOCK_BYTES;

        block = malloc(sizeof *block + size);
        if (!block)
            return NULL;
        block->previous = store->last;
        block->used = 0;
        block->size = size;
        store->last = block;
    }
    block->used += n;
    return block->s + block->used - n;
}

const char *text_store_keep(struct text_store *store, const char *s, size_t n)
{
    char *copy;

    if (!n)
        return "";
    copy = text_room(store, n + 1);
    if (!copy)
        return NULL;
    memcpy(copy, s, n);
    copy[n] = '\0';
    return copy;
}

void text_store_done(struct text_store *store)
{
    for (struct text_block *block = store->last, *previous; block; block = previous) {
        previous = block->previous;
        free(block);
    }
    store->last = NULL;
}
