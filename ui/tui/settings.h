/*
 * What the user prefers: columns, colours, keys, time format. From $XDG_CONFIG_HOME/wsight/config,
 * else ~/.config/wsight/config; `wsight config` prints all settings with their defaults.
 *
 *     # a comment
 *     columns = state number client url closed
 *     key save = s F2
 *
 * A line that makes no sense is reported with its number and skipped.
 */
#ifndef WSIGHT_SETTINGS_H
#define WSIGHT_SETTINGS_H

#include "analyzer/err.h"
#include "keys.h"
#include "theme.h"

#include <stdio.h>

#define SETTINGS_COLUMNS_MAX 40

enum time_mode { TIME_CLOCK, TIME_START, TIME_DELTA, TIME_MODES };
enum preview_mode { PREVIEW_AUTO, PREVIEW_BESIDE, PREVIEW_BELOW, PREVIEW_NONE };

struct settings {
    uint8_t columns[SETTINGS_COLUMNS_MAX]; /* indices of the table of columns.h */
    uint8_t widths[SETTINGS_COLUMNS_MAX];  /* 0: as the table says */
    size_t n_columns;
    bool color, utc, autoscroll, mouse;
    enum background background;
    enum time_mode time;
    enum preview_mode preview;
    struct keys keys;
};

void settings_init(struct settings *);

/* Calls complain() for each bad line; a file that is not there is fine. */
void settings_load(struct settings *, void (*complain)(void *, const char *), void *ctx);
void settings_read(struct settings *, FILE *, const char *name,
                   void (*complain)(void *, const char *), void *ctx);
/* One line. -1 with err filled. */
int settings_line(struct settings *, const char *line, struct err *);

/* All settings with their defaults and what they mean, as a file that can be loaded. */
void settings_print(FILE *);

#endif
