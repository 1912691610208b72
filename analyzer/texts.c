/* Texts in blocks. */
#include "texts.h"

#include <stdlib.h>

struct text_block {
    struct text_block *next;
    size_t used, size;
    uint8_t bytes[];
};

bool reserve_texts(struct text_block **blocks, size_t n)
{
    struct text_block *t = malloc(sizeof *t + n);
    if (t == NULL) {
        return false;
    }
    *t = (struct text_block){.next = *blocks, .size = n};
    *blocks = t;
    return true;
}

struct bytes keep_text(struct text_block **blocks, struct bytes b)
{
    bool fits = *blocks != NULL && b.n <= (*blocks)->size - (*blocks)->used;
    if (b.n == 0 || (!fits && !reserve_texts(blocks, b.n))) {
        return (struct bytes){b.p != NULL ? (const uint8_t *)"" : NULL, 0};
    }
    struct text_block *t = *blocks;
    uint8_t *p = t->bytes + t->used;
    memcpy(p, b.p, b.n);
    t->used += b.n;
    return (struct bytes){p, b.n};
}

void free_texts(struct text_block *t)
{
    while (t != NULL) {
        struct text_block *next = t->next;
        free(t);
        t = next;
    }
}
