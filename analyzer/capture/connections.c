/* A set of numbers by open addressing. */
#include "connections.h"

#include "../limits.h"

#include <stdlib.h>

static size_t home_of(const struct connections *s, uint64_t connection)
{
    return (size_t)((connection * UINT64_C(0x9e3779b97f4a7c15)) >> 32) & (s->size - 1);
}

/* Where it is, or where it would be put. */
static size_t slot_of(const struct connections *s, uint64_t connection)
{
    size_t i = home_of(s, connection);
    while (s->slots[i] != 0 && s->slots[i] != connection) {
        i = (i + 1) & (s->size - 1);
    }
    return i;
}

static bool grow(struct connections *s)
{
    struct connections larger = {.size = s->size > 0 ? s->size * 2 : 1024, .n = s->n};
    larger.slots = calloc(larger.size, sizeof *larger.slots);
    if (larger.slots == NULL) {
        return false;
    }
    for (size_t i = 0; i < s->size; i++) {
        if (s->slots[i] != 0) {
            larger.slots[slot_of(&larger, s->slots[i])] = s->slots[i];
        }
    }
    free(s->slots);
    *s = larger;
    return true;
}

bool connections_add(struct connections *s, uint64_t connection)
{
    if (s->n >= SAVE_CONNECTIONS_MAX || (s->n * 2 >= s->size && !grow(s))) {
        return false;
    }
    size_t i = slot_of(s, connection);
    s->n += s->slots[i] == 0;
    s->slots[i] = connection;
    return true;
}

bool connections_has(const struct connections *s, uint64_t connection)
{
    return s->n > 0 && s->slots[slot_of(s, connection)] == connection;
}

void connections_remove(struct connections *s, uint64_t connection)
{
    if (!connections_has(s, connection)) {
        return;
    }
    size_t mask = s->size - 1, i = slot_of(s, connection);
    for (size_t j = (i + 1) & mask; s->slots[j] != 0; j = (j + 1) & mask) {
        size_t home = home_of(s, s->slots[j]);
        if (((j - home) & mask) >= ((j - i) & mask)) {
            s->slots[i] = s->slots[j];
            i = j;
        }
    }
    s->slots[i] = 0;
    s->n--;
}

void connections_done(struct connections *s)
{
    free(s->slots);
    *s = (struct connections){0};
}
