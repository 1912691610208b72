/*
 * The columns of the sessions list. One line of the table in columns.c each: what is shown, how
 * wide it is, how it sorts.
 */
#ifndef WSIGHT_COLUMNS_H
#define WSIGHT_COLUMNS_H

#include "analyzer/store.h"
#include "text.h"

struct tui;

/* What stands in a cell: text of ours, or bytes of the wire. */
struct column_cell {
    enum role role;
    struct bytes wire; /* p NULL: the text is shown */
    char text[SHORT_TEXT_BYTES];
};

struct column {
    const char *name; /* in settings */
    const char *title, *help;
    uint8_t width; /* 0: what is left, COLUMN_FLEXIBLE_MIN at least */
    bool right;    /* numbers stand at the right */
    void (*show)(const struct tui *, const struct store_session *, struct column_cell *);
    uint64_t (*number)(const struct store_session *, int64_t now); /* to sort by */
    struct bytes (*text)(const struct store_session *);            /* or by this */
};

#define COLUMN_FLEXIBLE_MIN 24
#define COLUMN_SQUEEZED_MIN 8 /* where nothing else would be shown in its place */

size_t columns_count(void);
const struct column *column_at(size_t index);
/* -1: there is none. */
int column_find(const char *name);
/* Those that are shown unless the settings say otherwise, separated by blanks. */
extern const char columns_default[];

#endif
