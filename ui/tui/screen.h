/*
 * A screen, or a dialog over one: a const struct, and a line in the table of tui.c.
 *
 * Screens look at the model and the store and change nothing there. The state of an open screen is
 * zeroed memory that the screen owns from open() to close().
 */
#ifndef WSIGHT_SCREEN_H
#define WSIGHT_SCREEN_H

#include "terminal.h"

struct tui;

/* What of a session is looked at. */
enum subject_kind { SUBJECT_REQUEST, SUBJECT_RESPONSE, SUBJECT_MESSAGE, SUBJECT_END };
struct subject {
    uint32_t session;
    enum subject_kind kind;
    uint32_t message; /* index, of a SUBJECT_MESSAGE */
};

struct screen {
    const char *name; /* for the title */
    unsigned place;   /* enum key_place: which keys it has */
    bool dialog;      /* drawn over the screen beneath, gets every key itself */
    size_t state_size;
    void (*open)(struct tui *, void *state, const void *arg);
    void (*close)(struct tui *, void *state);
    void (*draw)(struct tui *, void *state, struct area);
    /* true: it was for this screen; else the common actions get it */
    bool (*act)(struct tui *, void *state, enum action, uint64_t count);
    void (*key)(struct tui *, void *state, uint32_t key); /* of a dialog */
    void (*mouse)(struct tui *, void *state, const struct terminal_mouse *, struct area);
    /* A piece of work that was too long for one key; true: something new is to be shown. */
    bool (*step)(struct tui *, void *state, int64_t until);
    bool (*busy)(struct tui *, void *state); /* step() has more to do */
    /* The search was given another text, or the next match is wanted: 1 forward, -1 back. */
    bool (*find)(struct tui *, void *state, int way);
    /* What stands under the cursor; false: nothing. */
    bool (*subject)(struct tui *, void *state, struct subject *);
    enum action hints[8]; /* for the last line, ended by ACTION_NONE */
};

extern const struct screen sessions_screen, flow_screen, message_screen, compare_screen,
    findings_screen, statistics_screen, help_screen, columns_screen, filter_screen, search_screen,
    save_screen, closed_tls_screen;

#endif
