/* Reads a script line by line; after each line all work is done and the screen is drawn. */
#include "script.h"

#include "svg.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define LINE_MAX_BYTES 1024
#define ROW_MAX_BYTES (CANVAS_MAX_COLUMNS * 16)

static void settle(struct tui *t)
{
    while (tui_step(t, INT64_MAX)) {
    }
    tui_draw(t);
}

static int press(struct tui *t, char *names, struct err *err)
{
    char *save = NULL;
    for (char *name = strtok_r(names, " \t", &save); name != NULL;
         name = strtok_r(NULL, " \t", &save)) {
        uint32_t key = key_parse(name);
        if (key == 0) {
            return err_set(err, "'%.40s' is no key", name);
        }
        tui_key(t, key, NULL);
        settle(t);
    }
    return 0;
}

static int type(struct tui *t, const char *text)
{
    for (; *text != '\0' && !t->quit; text++) {
        tui_key(t, (uint32_t)(unsigned char)*text, NULL);
        settle(t);
    }
    return 0;
}

static int resize(struct tui *t, const char *size, struct err *err)
{
    int columns, rows;
    if (sscanf(size, "%d %d", &columns, &rows) != 2 || columns < 1 || rows < 1 ||
        columns > CANVAS_MAX_COLUMNS || rows > CANVAS_MAX_ROWS) {
        return err_set(err, "size: columns and rows are expected");
    }
    terminal_resize(t->terminal, rows, columns);
    tui_key(t, KEYS_RESIZE, NULL);
    return 0;
}

static void write_rows(struct tui *t, FILE *f)
{
    char *row = malloc(ROW_MAX_BYTES);
    for (int y = 0; row != NULL && y < t->canvas.rows; y++) {
        terminal_read(t->terminal, y, row, ROW_MAX_BYTES);
        fprintf(f, "%s\n", row);
    }
    free(row);
}

static int save(struct tui *t, const char *name, bool picture, struct err *err)
{
    char path[LINE_MAX_BYTES + 8];
    snprintf(path, sizeof path, "%s.%s", name, picture ? "svg" : "txt");
    FILE *f = fopen(path, "w");
    if (f == NULL) {
        return err_set(err, "%.120s: %s", path, strerror(errno));
    }
    if (picture) {
        svg_write(f, &t->canvas, &t->theme);
    } else {
        write_rows(t, f);
    }
    bool bad = ferror(f);
    return fclose(f) != 0 || bad ? err_set(err, "%.120s: it could not be written", path) : 0;
}

/* As in the settings file. */
static int set(struct tui *t, const char *line, struct err *err)
{
    int result = settings_line(&t->settings, line, err);
    tui_restyle(t);
    return result;
}

static int colors(struct tui *t, const char *number, struct err *err)
{
    if (sscanf(number, "%d", &t->colors) != 1) {
        return err_set(err, "colors: a number is expected");
    }
    tui_restyle(t);
    return 0;
}

static int run_line(struct tui *t, char *line, struct err *err)
{
    line[strcspn(line, "\r\n")] = '\0';
    char *rest = strchr(line, ' ');
    if (line[0] == '\0' || line[0] == '#') {
        return 0;
    }
    if (rest == NULL) {
        return err_set(err, "'%.60s' means nothing here", line);
    }
    *rest++ = '\0';
    if (strcmp(line, "size") == 0) {
        return resize(t, rest, err);
    }
    if (strcmp(line, "key") == 0) {
        return press(t, rest, err);
    }
    if (strcmp(line, "keys") == 0 || strcmp(line, "type") == 0) {
        return type(t, rest);
    }
    if (strcmp(line, "set") == 0) {
        return set(t, rest, err);
    }
    if (strcmp(line, "colors") == 0) {
        return colors(t, rest, err);
    }
    if (strcmp(line, "save") == 0 || strcmp(line, "picture") == 0) {
        return save(t, rest, line[0] == 'p', err);
    }
    return err_set(err, "'%.60s' means nothing here", line);
}

int script_run(struct tui *t, const char *path, struct err *err)
{
    char line[LINE_MAX_BYTES];
    FILE *f = strcmp(path, "-") == 0 ? stdin : fopen(path, "r");
    int result = 0;
    if (f == NULL) {
        return err_set(err, "%.120s: %s", path, strerror(errno));
    }
    settle(t);
    for (unsigned n = 1; result == 0 && !t->quit && fgets(line, sizeof line, f) != NULL; n++) {
        struct err why;
        if (run_line(t, line, &why) != 0) {
            result = err_set(err, "%.80s, line %u: %.140s", path, n, why.text);
        } else {
            settle(t);
        }
    }
    if (f != stdin) {
        fclose(f);
    }
    return result;
}
