/*
 * What the user prefers: columns, colours, keys, time format. From $XDG_CONFIG_HOME/wsight/config,
 * else ~/.config/wsight/config; `wsight config` prints all settings with their defaults.
 *
 *     # a comment
 *     columns = state number client url closed
 *     color error = 203 on default bold
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
    struct theme_looks looks;
    struct keys keys;
};

void settings_init(struct settings *);

/* Calls complain() for each bad line; a file that is not there is fine. */
void settings_load(struct settings *, void (*complain)(void *, const char *), void *ctx);
void settings_read(struct settings *, FILE *, const char *name,
                   void (*complain)(void *, const char *), void *ctx);
/* One line. -1 with err filled. */
int settings_line(struct settings *, const char *line, struct err *);

#define SETTINGS_PATH_BYTES 4096

/* Where the file is, or would be. false: nowhere, or too deep. */
bool settings_path(char out[SETTINGS_PATH_BYTES]);
/* Writes what can be changed on the screen to the file, in place of the lines that say otherwise;
 * the rest of it stays. Folders are made. -1 with err filled, and the file as it was. */
int settings_keep(const struct settings *, const char *path, struct err *err);
/* The lines for it: i from 0 on; false: there are no more. */
bool settings_kept(const struct settings *, size_t i, const char **name, char *value, size_t n);

/* All settings with their defaults and what they mean, as a file that can be loaded. */
void settings_print(FILE *);

#endif
