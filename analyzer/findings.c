/* Lists of findings. */
#include "findings.h"

#include <stdlib.h>

#define FIRST_ROOM 4

/* Room for one more record; the array doubles. */
static struct finding_record *make_room(struct finding_record **list, uint32_t n)
{
    if (n == 0 || (n >= FIRST_ROOM && (n & (n - 1)) == 0)) {
        size_t size = n == 0 ? FIRST_ROOM : (size_t)n * 2;
        struct finding_record *more = realloc(*list, size * sizeof *more);
        if (more == NULL) {
            return NULL;
        }
        *list = more;
    }
    return &(*list)[n];
}

bool findings_add(struct finding_record **list, uint32_t *n, uint32_t most,
                  struct text_block **texts, const struct finding_record *now)
{
    for (uint32_t i = 0; i < *n; i++) {
        struct finding_record *r = &(*list)[i];
        if (r->id == now->id && r->dir == now->dir) {
            r->count++;
            return true;
        }
    }
    struct finding_record *r = *n < most ? make_room(list, *n) : NULL;
    if (r == NULL) {
        return false;
    }
    *r = *now;
    r->detail = keep_text(texts, now->detail);
    (*n)++;
    return true;
}
