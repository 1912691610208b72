/* The table of fields, and looking in it. */
#include "../suggest.h"
#include "tree.h"

#include <strings.h>

/* Of shorter ones too many others are near. */
#define WORD_MIN 3

#define KNOWN 0
#define LATE FILTER_LATE
#define HEAD FILTER_HEADS
#define BODY FILTER_BODIES
#define FRAMES FILTER_FRAMES
#define GROUP_SESSION 0
#define GROUP_HANDSHAKE 0
#define GROUP_TLS 0
#define GROUP_FINDING 0
#define GROUP_MESSAGE FILTER_MESSAGES
#define GROUP_FRAME FILTER_MESSAGES

static const struct filter_kind kinds[] = {
#define FIELD(group, name, type, needs, get, help)                                                 \
    {{name, #group, #type, help, NULL},                                                            \
     TYPE_##type,                                                                                  \
     (needs) | GROUP_##group,                                                                      \
     filter_get_##get,                                                                             \
     sizeof(name) > 1 && (name)[sizeof(name) - 2] == '.'},
#define ALIAS(other, own) {.field = {.name = other, .same_as = own}},
#include "filter_fields.def"
#undef FIELD
#undef ALIAS
};
#define KINDS (sizeof kinds / sizeof *kinds)

static bool is_called(const struct filter_kind *kind, const char *name, size_t n)
{
    size_t length = strlen(kind->field.name);
    return (kind->takes_part ? n > length : n == length) &&
           strncasecmp(kind->field.name, name, length) == 0;
}

const struct filter_kind *filter_find(const char *name, size_t n, struct bytes *part)
{
    for (size_t i = 0; i < KINDS; i++) {
        const struct filter_kind *kind = &kinds[i];
        if (is_called(kind, name, n)) {
            const char *own = kind->field.same_as;
            size_t own_n = strlen(kind->field.name);
            *part = (struct bytes){(const uint8_t *)name + own_n, n - own_n};
            return own == NULL ? kind : filter_find(own, strlen(own), part);
        }
    }
    return NULL;
}

/* What stands behind the last dot. */
static const char *last_word(const char *name, size_t n)
{
    const char *dot = memrchr(name, '.', n);
    return dot != NULL ? dot + 1 : name;
}

/* Names that have much in common but their last word mean something else. */
static const char *if_last_is_near(const char *near, const char *name, size_t n)
{
    const char *last = last_word(name, n);
    const char *other = near != NULL ? last_word(near, strlen(near)) : NULL;
    size_t last_n = n - (size_t)(last - name);
    bool is = near != NULL && (last_n == 0 || suggest(last, last_n, &other, 1) != NULL);
    return is ? near : NULL;
}

const char *filter_suggest(const char *name, size_t n)
{
    const char *names[KINDS];
    for (size_t i = 0; i < KINDS; i++) {
        names[i] = kinds[i].field.name;
    }
    return n >= WORD_MIN ? if_last_is_near(suggest(name, n, names, KINDS), name, n) : NULL;
}

const struct filter_field *filter_field_at(size_t i)
{
    return i < KINDS ? &kinds[i].field : NULL;
}

const struct filter_field *filter_field_own(const struct filter_field *field)
{
    struct bytes part;
    return field->same_as == NULL
               ? field
               : &filter_find(field->same_as, strlen(field->same_as), &part)->field;
}
