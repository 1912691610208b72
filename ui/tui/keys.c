/* Keys by name, and what they do. */
#include "keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct action_kind kinds[ACTION_COUNT] = {
#define ACTION(id, name, places, keys, help) [ACTION_##id] = {name, keys, help, PLACE_##places},
#include "keys.def"
#undef ACTION
};

static const struct {
    const char *name;
    uint32_t key;
} names[] = {{"Enter", KEYS_ENTER},
             {"Esc", KEYS_ESCAPE},
             {"Tab", KEYS_TAB},
             {"Space", ' '},
             {"Backspace", KEYS_BACKSPACE},
             {"Up", KEYS_UP},
             {"Down", KEYS_DOWN},
             {"Left", KEYS_LEFT},
             {"Right", KEYS_RIGHT},
             {"PgUp", KEYS_PAGE_UP},
             {"PgDn", KEYS_PAGE_DOWN},
             {"Home", KEYS_HOME},
             {"End", KEYS_END},
             {"Delete", KEYS_DELETE},
             {"Insert", KEYS_INSERT},
             {"BackTab", KEYS_BACK_TAB}};

const struct action_kind *action_kind(enum action a)
{
    return &kinds[a];
}

uint32_t key_parse(const char *name)
{
    char *end;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (strcmp(name, names[i].name) == 0) {
            return names[i].key;
        }
    }
    if (name[0] == '^' && name[1] >= '@' && name[1] <= '_' && name[2] == '\0') {
        return (uint32_t)(name[1] - '@');
    }
    if (name[0] == 'F' && name[1] != '\0') {
        unsigned long n = strtoul(name + 1, &end, 10);
        return *end == '\0' && n >= 1 && n <= 12 ? KEYS_F1 + (uint32_t)n - 1 : 0;
    }
    return name[0] > ' ' && name[0] < 127 && name[1] == '\0' ? (uint32_t)name[0] : 0;
}

void key_label(char out[KEY_LABEL_BYTES], uint32_t key)
{
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (names[i].key == key) {
            snprintf(out, KEY_LABEL_BYTES, "%s", names[i].name);
            return;
        }
    }
    if (key < ' ') {
        snprintf(out, KEY_LABEL_BYTES, "^%c", (char)(key + '@'));
    } else if (key >= KEYS_F1 && key <= KEYS_F12) {
        snprintf(out, KEY_LABEL_BYTES, "F%u", (unsigned)(key - KEYS_F1 + 1));
    } else {
        snprintf(out, KEY_LABEL_BYTES, "%c", key < 127 ? (char)key : '?');
    }
}

/* One key, or two characters to be pressed one after the other. */
static bool bind_one(struct keys *k, enum action action, const char *name)
{
    struct key_binding b = {.key = key_parse(name), .action = action};
    if (b.key == 0 && strlen(name) == 2 && name[0] > ' ' && name[1] > ' ') {
        b.key = (uint32_t)name[0];
        b.then = (uint32_t)name[1];
    }
    if (b.key == 0 || k->n == KEYS_BINDINGS_MAX) {
        return false;
    }
    k->list[k->n++] = b;
    return true;
}

static bool bind_list(struct keys *k, enum action action, const char *list, char *wrong, size_t n)
{
    char copy[256], *save = NULL;
    snprintf(copy, sizeof copy, "%s", list);
    for (char *name = strtok_r(copy, " \t", &save); name != NULL;
         name = strtok_r(NULL, " \t", &save)) {
        if (!bind_one(k, action, name)) {
            snprintf(wrong, n, "%s", name);
            return false;
        }
    }
    return true;
}

void keys_init(struct keys *k)
{
    char wrong[8];
    memset(k, 0, sizeof *k);
    for (int a = 1; a < ACTION_COUNT; a++) {
        bind_list(k, (enum action)a, kinds[a].keys, wrong, sizeof wrong);
    }
}

static void unbind(struct keys *k, enum action action)
{
    size_t n = 0;
    for (size_t i = 0; i < k->n; i++) {
        if (k->list[i].action != action) {
            k->list[n++] = k->list[i];
        }
    }
    k->n = n;
}

int keys_bind(struct keys *k, const char *name, const char *list, struct err *err)
{
    char wrong[64];
    for (int a = 1; a < ACTION_COUNT; a++) {
        if (strcmp(kinds[a].name, name) == 0) {
            struct keys before = *k;
            unbind(k, (enum action)a);
            if (bind_list(k, (enum action)a, list, wrong, sizeof wrong)) {
                return 0;
            }
            *k = before;
            return err_set(err, "'%s' is no key", wrong);
        }
    }
    return err_set(err, "there is no action '%s'", name);
}

/* The binding of a key (or of two) in a place: one of this place before one of any. */
static const struct key_binding *find(const struct keys *k, unsigned place, uint32_t key,
                                      uint32_t then, bool beginning)
{
    const struct key_binding *found = NULL;
    for (size_t i = 0; i < k->n; i++) {
        const struct key_binding *b = &k->list[i];
        unsigned places = kinds[b->action].places;
        if (b->key != key || !(places & place) || (beginning ? b->then == 0 : b->then != then)) {
            continue;
        }
        if (found == NULL || kinds[found->action].places == PLACE_ANY) {
            found = b;
        }
    }
    return found;
}

static bool is_count(const struct keys *k, unsigned place, uint32_t key)
{
    if (key < '0' || key > '9' || (key == '0' && k->count == 0)) {
        return false;
    }
    return k->count > 0 || find(k, place, key, 0, false) == NULL;
}

enum action keys_action(struct keys *k, unsigned place, uint32_t key, uint64_t *count,
                        bool *pending)
{
    uint32_t first = k->waiting;
    const struct key_binding *b;
    *pending = false;
    *count = 0;
    k->waiting = 0;
    if (first != 0) {
        b = find(k, place, first, key, false);
    } else if (is_count(k, place, key)) {
        k->count = k->count < 100000000 ? k->count * 10 + (key - '0') : k->count;
        *pending = true;
        return ACTION_NONE;
    } else {
        b = find(k, place, key, 0, false);
        if (b == NULL && find(k, place, key, 0, true) != NULL) {
            k->waiting = key;
            *pending = true;
            return ACTION_NONE;
        }
    }
    *count = k->count;
    k->count = 0;
    return b != NULL ? b->action : ACTION_NONE;
}

static void binding_name(const struct key_binding *b, char out[KEY_LABEL_BYTES])
{
    if (b->then != 0) {
        snprintf(out, KEY_LABEL_BYTES, "%c%c", (char)b->key, (char)b->then);
    } else {
        key_label(out, b->key);
    }
}

void keys_of(const struct keys *k, enum action action, char *out, size_t n)
{
    size_t at = 0;
    out[0] = '\0';
    for (size_t i = 0; i < k->n && at < n; i++) {
        char name[KEY_LABEL_BYTES];
        if (k->list[i].action == action) {
            binding_name(&k->list[i], name);
            at += (size_t)snprintf(out + at, n - at, "%s%s", at > 0 ? " " : "", name);
        }
    }
}

void keys_first(const struct keys *k, enum action action, char out[KEY_LABEL_BYTES])
{
    out[0] = '\0';
    for (size_t i = 0; i < k->n; i++) {
        if (k->list[i].action == action) {
            binding_name(&k->list[i], out);
            return;
        }
    }
}
