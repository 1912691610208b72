/* Writing settings back: the file as it is, with the lines that say otherwise replaced. */
#include "settings.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_BYTES 1024
#define KEPT_MAX 16

static int failed(struct err *err, const char *path)
{
    return err_set(err, "%.150s: %s", path, strerror(errno));
}

/* The folders above the file; what is wrong with them is told by who opens it. */
static void make_folders(const char *path)
{
    char folder[SETTINGS_PATH_BYTES];
    snprintf(folder, sizeof folder, "%s", path);
    for (char *slash = strchr(folder + 1, '/'); slash != NULL; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        mkdir(folder, 0700);
        *slash = '/';
    }
}

/* Which of the settings that are kept a line sets; -1: none of them. */
static int kept_by(const struct settings *s, const char *line)
{
    const char *name;
    char value[LINE_MAX_BYTES];
    line += strspn(line, " \t");
    for (size_t i = 0; settings_kept(s, i, &name, value, sizeof value); i++) {
        size_t n = strlen(name);
        if (strncmp(line, name, n) == 0 && line[n + strspn(line + n, " \t")] == '=') {
            return (int)i;
        }
    }
    return -1;
}

static void write_line(const struct settings *s, size_t i, FILE *to)
{
    const char *name;
    char value[LINE_MAX_BYTES];
    if (settings_kept(s, i, &name, value, sizeof value)) {
        fprintf(to, "%s = %s\n", name, value);
    }
}

/* The lines of the file before, or none; then what no line of it set. */
static void write_all(const struct settings *s, FILE *from, FILE *to)
{
    char line[LINE_MAX_BYTES];
    const char *name;
    bool written[KEPT_MAX] = {false};
    bool begins = true; /* a line, rather than going on with a very long one */
    while (from != NULL && fgets(line, sizeof line, from) != NULL) {
        int i = begins ? kept_by(s, line) : -1;
        begins = strchr(line, '\n') != NULL;
        if (i < 0) {
            fputs(line, to);
        } else if (!written[i]) {
            write_line(s, (size_t)i, to);
            written[i] = true;
        }
    }
    if (!begins) {
        fputc('\n', to);
    }
    for (size_t i = 0; i < KEPT_MAX && settings_kept(s, i, &name, line, sizeof line); i++) {
        if (!written[i]) {
            write_line(s, i, to);
        }
    }
}

int settings_keep(const struct settings *s, const char *path, struct err *err)
{
    char real[SETTINGS_PATH_BYTES], next[SETTINGS_PATH_BYTES + 8];
    make_folders(path);
    if (realpath(path, real) == NULL) { /* the file behind a link is meant */
        snprintf(real, sizeof real, "%s", path);
    }
    snprintf(next, sizeof next, "%s.new", real);
    FILE *from = fopen(real, "r");
    if (from == NULL && errno != ENOENT) {
        return failed(err, real);
    }
    FILE *to = fopen(next, "w");
    bool bad = to == NULL;
    if (!bad) {
        write_all(s, from, to);
        bad = ferror(to);
        bad |= fclose(to) != 0;
        bad = bad || rename(next, real) != 0;
    }
    int result = bad ? failed(err, next) : 0;
    if (bad) {
        unlink(next);
    }
    if (from != NULL) {
        fclose(from);
    }
    return result;
}
