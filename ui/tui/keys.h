/*
 * Keys and what they do. A key is a Unicode character, a control character (^A is 1), or one of
 * enum key. The table of actions is keys.def; the settings may bind others.
 */
#ifndef WSIGHT_KEYS_H
#define WSIGHT_KEYS_H

#include "analyzer/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum key {
    KEYS_ENTER = '\r',
    KEYS_ESCAPE = 27,
    KEYS_TAB = '\t',
    KEYS_BACKSPACE = 127,
    KEYS_UP = 0x110000,
    KEYS_DOWN,
    KEYS_LEFT,
    KEYS_RIGHT,
    KEYS_PAGE_UP,
    KEYS_PAGE_DOWN,
    KEYS_HOME,
    KEYS_END,
    KEYS_DELETE,
    KEYS_INSERT,
    KEYS_BACK_TAB,
    KEYS_F1,
    KEYS_F12 = KEYS_F1 + 11,
    KEYS_MOUSE,  /* struct terminal_mouse has the rest */
    KEYS_RESIZE, /* the terminal has another size */
    KEYS_NONE    /* nothing within the time */
};

enum action {
    ACTION_NONE,
#define ACTION(id, name, places, keys, help) ACTION_##id,
#include "keys.def"
#undef ACTION
    ACTION_COUNT
};

enum key_place {
    PLACE_SESSIONS = 1 << 0,
    PLACE_FLOW = 1 << 1,
    PLACE_MESSAGE = 1 << 2,
    PLACE_OTHER = 1 << 3, /* pages without keys of their own */
    PLACE_LISTS = PLACE_SESSIONS | PLACE_FLOW,
    PLACE_ANY = 15
};

struct action_kind {
    const char *name, *keys, *help;
    unsigned places;
};
const struct action_kind *action_kind(enum action);

#define KEYS_BINDINGS_MAX 256

struct key_binding {
    uint32_t key, then; /* then: the second of two, or 0 */
    enum action action;
};

struct keys {
    struct key_binding list[KEYS_BINDINGS_MAX];
    size_t n;
    uint32_t waiting; /* the first of two, or 0 */
    uint64_t count;   /* typed before it, as in 5j; 0: none */
};

/* The bindings of keys.def. */
void keys_init(struct keys *);
/* Binds other keys to an action, as a setting says. -1 with err filled. */
int keys_bind(struct keys *, const char *action, const char *list, struct err *err);

/* What a key does here. ACTION_NONE with *pending when more is to come (a count, the first of two);
 * the count typed before is in *count (0: none). */
enum action keys_action(struct keys *, unsigned place, uint32_t key, uint64_t *count,
                        bool *pending);

/* "Enter", "^A", "F1", "j"; 0 when it is no key's name. */
uint32_t key_parse(const char *name);
#define KEY_LABEL_BYTES 16
void key_label(char out[KEY_LABEL_BYTES], uint32_t key);
/* The keys of an action as they are bound now: "Up, k". */
void keys_of(const struct keys *, enum action, char *out, size_t n);
/* The first of them, for hints. */
void keys_first(const struct keys *, enum action, char out[KEY_LABEL_BYTES]);

#endif
