/* What only the end of a session tells, by session. */
#include "late.h"

#include <stdlib.h>

#define FIRST_SIZE 1024

void late_init(struct late_values *l, struct filter *filter)
{
    *l = (struct late_values){.filter = filter};
}

void late_done(struct late_values *l)
{
    free(l->bits);
    *l = (struct late_values){0};
}

static bool make_room(struct late_values *l, uint64_t id)
{
    size_t size = l->size == 0 ? FIRST_SIZE : l->size;
    while (size <= id && size <= SIZE_MAX / 2 / sizeof *l->bits) {
        size *= 2;
    }
    uint64_t *more = size > id ? realloc(l->bits, size * sizeof *more) : NULL;
    if (more == NULL) {
        return false;
    }
    memset(more + l->size, 0, (size - l->size) * sizeof *more);
    l->bits = more;
    l->size = size;
    return true;
}

static void on_ended(void *self, struct session *s)
{
    struct late_values *l = self;
    if (s->id >= l->size && !make_room(l, s->id)) {
        l->failed = true;
        return;
    }
    l->bits[s->id] = filter_late(l->filter, s);
}

struct model_listener late_listener(struct late_values *l)
{
    return (struct model_listener){.session_ended = on_ended, .self = l};
}

const uint64_t *late_of(const struct late_values *l, uint64_t id)
{
    return l != NULL && id < l->size ? &l->bits[id] : NULL;
}
