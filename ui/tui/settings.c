/* Settings: one table of names, defaults and comments. */
#include "settings.h"

#include "columns.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MAX_BYTES 1024

struct setting {
    const char *name, *value, *help;
    int (*set)(struct settings *, const char *value, struct err *);
    void (*get)(const struct settings *, char *out, size_t n); /* NULL: not changed on the screen */
};

static int word(const char *value, const char *const *words, int n, struct err *err)
{
    char all[128] = "";
    for (int i = 0; i < n; i++) {
        if (strcmp(value, words[i]) == 0) {
            return i;
        }
        snprintf(all + strlen(all), sizeof all - strlen(all), "%s%s",
                 i == 0       ? ""
                 : i == n - 1 ? " or "
                              : ", ",
                 words[i]);
    }
    return err_set(err, "'%.60s': it takes %s", value, all);
}

static const char *const yes_no[] = {"no", "yes"};
static const char *const times[] = {"clock", "start", "delta"};
static const char *const previews[] = {"auto", "beside", "below", "none"};

static int yes_or_no(bool *out, const char *value, struct err *err)
{
    int i = word(value, yes_no, 2, err);
    *out = i >= 0 ? i == 1 : *out;
    return i < 0 ? -1 : 0;
}

/* "state number client:20": names with widths. */
static int set_columns(struct settings *s, const char *value, struct err *err)
{
    struct settings next = *s;
    char copy[LINE_MAX_BYTES], *save = NULL;
    next.n_columns = 0;
    snprintf(copy, sizeof copy, "%s", value);
    for (char *name = strtok_r(copy, " ,\t", &save); name != NULL;
         name = strtok_r(NULL, " ,\t", &save)) {
        char *colon = strchr(name, ':');
        long width = colon != NULL ? strtol(colon + 1, NULL, 10) : 0;
        if (colon != NULL) {
            *colon = '\0';
        }
        int i = column_find(name);
        if (i < 0 || width < 0 || width > 200 || next.n_columns == SETTINGS_COLUMNS_MAX) {
            return err_set(err, "there is no column '%.60s'", name);
        }
        next.columns[next.n_columns] = (uint8_t)i;
        next.widths[next.n_columns++] = (uint8_t)width;
    }
    if (next.n_columns == 0) {
        return err_set(err, "columns: a list of names is missing");
    }
    *s = next;
    return 0;
}

static int set_color(struct settings *s, const char *value, struct err *err)
{
    return yes_or_no(&s->color, value, err);
}

static int set_background(struct settings *s, const char *value, struct err *err)
{
    static const char *const words[] = {"auto", "dark", "light"};
    int i = word(value, words, 3, err);
    s->background = i >= 0 ? (enum background)i : s->background;
    return i < 0 ? -1 : 0;
}

static int set_time(struct settings *s, const char *value, struct err *err)
{
    int i = word(value, times, TIME_MODES, err);
    s->time = i >= 0 ? (enum time_mode)i : s->time;
    return i < 0 ? -1 : 0;
}

static int set_zone(struct settings *s, const char *value, struct err *err)
{
    static const char *const words[] = {"local", "utc"};
    int i = word(value, words, 2, err);
    s->utc = i >= 0 ? i == 1 : s->utc;
    return i < 0 ? -1 : 0;
}

static int set_preview(struct settings *s, const char *value, struct err *err)
{
    int i = word(value, previews, 4, err);
    s->preview = i >= 0 ? (enum preview_mode)i : s->preview;
    return i < 0 ? -1 : 0;
}

static int set_autoscroll(struct settings *s, const char *value, struct err *err)
{
    return yes_or_no(&s->autoscroll, value, err);
}

static int set_mouse(struct settings *s, const char *value, struct err *err)
{
    return yes_or_no(&s->mouse, value, err);
}

static void get_columns(const struct settings *s, char *out, size_t n)
{
    size_t at = 0;
    for (size_t i = 0; i < s->n_columns && at < n; i++) {
        at += (size_t)snprintf(out + at, n - at, "%s%s", i > 0 ? " " : "",
                               column_at(s->columns[i])->name);
        if (s->widths[i] > 0 && at < n) {
            at += (size_t)snprintf(out + at, n - at, ":%u", s->widths[i]);
        }
    }
}

static void get_color(const struct settings *s, char *out, size_t n)
{
    snprintf(out, n, "%s", yes_no[s->color]);
}

static void get_time(const struct settings *s, char *out, size_t n)
{
    snprintf(out, n, "%s", times[s->time]);
}

static void get_preview(const struct settings *s, char *out, size_t n)
{
    snprintf(out, n, "%s", previews[s->preview]);
}

static void get_autoscroll(const struct settings *s, char *out, size_t n)
{
    snprintf(out, n, "%s", yes_no[s->autoscroll]);
}

static const struct setting settings_table[] = {
    {"columns", columns_default, "columns of the sessions list, each with :WIDTH if need be",
     set_columns, get_columns},
    {"color", "yes", "colours: yes or no (NO_COLOR in the environment means no, too)", set_color,
     get_color},
    {"background", "auto", "of the terminal: auto, dark or light", set_background, NULL},
    {"time", "clock", "times: clock, start (since the start) or delta (since the one before)",
     set_time, get_time},
    {"zone", "local", "of times of day: local or utc", set_zone, NULL},
    {"preview", "auto", "of a message, in the flow: auto, beside, below or none", set_preview,
     get_preview},
    {"autoscroll", "no", "lists follow what is new: yes or no", set_autoscroll, get_autoscroll},
    {"mouse", "yes", "click and wheel: yes or no", set_mouse, NULL},
};
#define SETTINGS (sizeof settings_table / sizeof *settings_table)

void settings_init(struct settings *s)
{
    struct err err;
    memset(s, 0, sizeof *s);
    keys_init(&s->keys);
    for (size_t i = 0; i < SETTINGS; i++) {
        settings_table[i].set(s, settings_table[i].value, &err);
    }
}

static char *trim(char *text)
{
    size_t n = strlen(text);
    while (n > 0 && isspace((unsigned char)text[n - 1])) {
        text[--n] = '\0';
    }
    while (isspace((unsigned char)*text)) {
        text++;
    }
    return text;
}

static int set_look(struct settings *s, const char *name, const char *value, struct err *err)
{
    int role = role_find(name);
    if (role < 0) {
        return err_set(err, "there is no colour '%.60s'", name);
    }
    if (look_parse(&s->looks.look[role], value, err) != 0) {
        return -1;
    }
    s->looks.set[role] = true;
    return 0;
}

int settings_line(struct settings *s, const char *line, struct err *err)
{
    char copy[LINE_MAX_BYTES];
    snprintf(copy, sizeof copy, "%s", line);
    char *name = trim(copy);
    if (name[0] == '\0' || name[0] == '#') {
        return 0;
    }
    char *value = strchr(name, '=');
    if (value == NULL) {
        return err_set(err, "NAME = VALUE is expected");
    }
    *value++ = '\0';
    name = trim(name);
    value = trim(value);
    if (strncmp(name, "key ", 4) == 0) {
        return keys_bind(&s->keys, trim(name + 4), value, err);
    }
    if (strncmp(name, "color ", 6) == 0) {
        return set_look(s, trim(name + 6), value, err);
    }
    for (size_t i = 0; i < SETTINGS; i++) {
        if (strcmp(settings_table[i].name, name) == 0) {
            return settings_table[i].set(s, value, err);
        }
    }
    return err_set(err, "there is no setting '%.60s'", name);
}

void settings_read(struct settings *s, FILE *file, const char *name,
                   void (*complain)(void *, const char *), void *ctx)
{
    char line[LINE_MAX_BYTES];
    for (unsigned n = 1; fgets(line, sizeof line, file) != NULL; n++) {
        struct err err, told;
        if (settings_line(s, line, &err) != 0) {
            err_set(&told, "%.100s, line %u: %.120s", name, n, err.text);
            complain(ctx, told.text);
        }
    }
}

bool settings_path(char out[SETTINGS_PATH_BYTES])
{
    const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");
    bool own = xdg != NULL && xdg[0] == '/';
    if (!own && (home == NULL || home[0] != '/')) {
        return false;
    }
    int n = snprintf(out, SETTINGS_PATH_BYTES, "%s%s/wsight/config", own ? xdg : home,
                     own ? "" : "/.config");
    return n > 0 && n < SETTINGS_PATH_BYTES;
}

void settings_load(struct settings *s, void (*complain)(void *, const char *), void *ctx)
{
    char path[SETTINGS_PATH_BYTES];
    if (!settings_path(path)) {
        return;
    }
    FILE *file = fopen(path, "r");
    if (file != NULL) {
        settings_read(s, file, path, complain, ctx);
        fclose(file);
    } else if (errno != ENOENT && errno != ENOTDIR) {
        struct err err;
        err_set(&err, "%.150s: %s", path, strerror(errno));
        complain(ctx, err.text);
    }
}

bool settings_kept(const struct settings *s, size_t i, const char **name, char *value, size_t n)
{
    for (size_t k = 0; k < SETTINGS; k++) {
        if (settings_table[k].get != NULL && i-- == 0) {
            *name = settings_table[k].name;
            settings_table[k].get(s, value, n);
            return true;
        }
    }
    return false;
}

static void print_looks(FILE *out)
{
    static const struct theme_looks none = {.set = {false}};
    struct theme dark = {.colors = 256, .own = none};
    for (int role = 0; role < ROLE_COUNT; role++) {
        char name[32], value[80];
        struct look look = theme_look(&dark, (enum role)role, 0);
        role_name(name, (enum role)role);
        look_text(&look, value, sizeof value);
        fprintf(out, "# color %s = %s\n", name, value);
    }
}

void settings_print(FILE *out)
{
    fputs("# Settings of wsight's screen: ~/.config/wsight/config (or below XDG_CONFIG_HOME).\n"
          "# These are the defaults.\n\n",
          out);
    for (size_t i = 0; i < SETTINGS; i++) {
        fprintf(out, "# %s\n%s = %s\n\n", settings_table[i].help, settings_table[i].name,
                settings_table[i].value);
    }
    fputs("# All columns:\n", out);
    for (size_t i = 0; i < columns_count(); i++) {
        const struct column *c = column_at(i);
        fprintf(out, "#   %-14s %s\n", c->name, c->help);
    }
    fputs("\n# A look of one's own: foreground on background, by number (0 to 255) or name (red,\n"
          "# bright-red, default), then bold, dim, underline, reverse. As they are on a dark\n"
          "# background of 256 colours:\n",
          out);
    print_looks(out);
    fputs(
        "\n# Keys: Enter, Esc, Tab, Space, Backspace, Up, Down, Left, Right, PgUp, PgDn, Home, "
        "End,\n"
        "# Delete, Insert, BackTab, F1 to F12, ^A to ^_, any character, or two of them in a row.\n",
        out);
    for (int a = 1; a < ACTION_COUNT; a++) {
        const struct action_kind *k = action_kind((enum action)a);
        fprintf(out, "key %s = %s\n", k->name, k->keys);
    }
}
