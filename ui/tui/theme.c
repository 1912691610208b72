/* From roles to colours. */
#include "theme.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    short dark[2], light[2], basic;
    const char *attributes;
} roles[ROLE_COUNT] = {
#define ROLE(name, dark_fg, dark_bg, light_fg, light_bg, basic, attributes)                        \
    {{dark_fg, dark_bg}, {light_fg, light_bg}, basic, attributes},
#include "roles.def"
#undef ROLE
};

/* COLORFGBG is "15;0" or "15;default;0": the last number is the background. */
static bool background_is_light(void)
{
    const char *v = getenv("COLORFGBG");
    const char *last = v != NULL ? strrchr(v, ';') : NULL;
    return last != NULL && (strcmp(last, ";15") == 0 || strcmp(last, ";7") == 0);
}

struct theme theme_choose(int colors, enum background background, bool no_color,
                          const struct theme_looks *own)
{
    const char *no = getenv("NO_COLOR");
    struct theme t = {.colors = colors >= 256  ? 256
                                : colors >= 16 ? 16
                                : colors >= 8  ? 8
                                               : 0,
                      .own = *own};
    if (no_color || (no != NULL && no[0] != '\0')) {
        t.colors = 0;
    }
    t.light =
        background == BACKGROUND_AUTO ? background_is_light() : background == BACKGROUND_LIGHT;
    return t;
}

static void add_attributes(struct look *l, const char *letters, bool all)
{
    for (; *letters != '\0'; letters++) {
        l->bold |= *letters == 'B';
        l->reverse |= *letters == 'R' && all;
        l->underline |= *letters == 'U' && all;
        l->dim |= *letters == 'd' && all;
    }
}

static struct look usual_look(const struct theme *t, enum role role)
{
    struct look l = {-1, -1, false, false, false, false};
    const short *colors = t->light ? roles[role].light : roles[role].dark;
    add_attributes(&l, roles[role].attributes, t->colors < 256);
    if (t->colors == 256) {
        l.fg = colors[0];
        l.bg = colors[1];
    } else if (t->colors >= 8) {
        l.fg = roles[role].basic;
        l.fg = t->colors == 16 && !t->light && l.fg >= 0 && l.fg < 7 ? (short)(l.fg + 8) : l.fg;
    }
    return l;
}

/* The user's, as far as the terminal has such colours. */
static struct look own_look(const struct theme *t, enum role role)
{
    struct look l = t->own.look[role];
    l.fg = l.fg < t->colors ? l.fg : -1;
    l.bg = l.bg < t->colors ? l.bg : -1;
    return l;
}

struct look theme_look(const struct theme *t, enum role role, unsigned flags)
{
    struct look l = t->own.set[role] ? own_look(t, role) : usual_look(t, role);
    if (t->colors == 256) {
        if (flags & CELL_CURSOR) {
            l.bg = t->light ? 153 : 24;
            l.fg = l.fg == 244 || l.fg == 240 ? (short)(t->light ? 240 : 252) : l.fg;
        }
        if (flags & CELL_MATCH) {
            l.fg = 16;
            l.bg = 220;
        }
        return l;
    }
    if (flags & CELL_CURSOR) {
        l.reverse = !l.reverse;
        l.fg = -1;
    }
    if (flags & CELL_MATCH) {
        l.underline = l.bold = true;
        l.reverse = !l.reverse;
    }
    return l;
}

uint32_t theme_rgb(int color)
{
    static const uint32_t basic[] = {0x000000, 0xcd3131, 0x0dbc79, 0xc5a332, 0x2472c8, 0xbc3fbc,
                                     0x11a8cd, 0xd0d0d0, 0x666666, 0xf14c4c, 0x23d18b, 0xf5f543,
                                     0x3b8eea, 0xd670d6, 0x29b8db, 0xffffff};
    static const uint32_t steps[] = {0x00, 0x5f, 0x87, 0xaf, 0xd7, 0xff};
    if (color < 16) {
        return basic[color & 15];
    }
    if (color < 232) {
        unsigned c = (unsigned)color - 16;
        return steps[c / 36 % 6] << 16 | steps[c / 6 % 6] << 8 | steps[c % 6];
    }
    uint32_t grey = 8 + 10 * ((uint32_t)color - 232);
    return grey << 16 | grey << 8 | grey;
}

/*--- Looks as text ------------------------------------------------------------------------------*/

static const char *const color_names[] = {"black", "red",     "green", "yellow",
                                          "blue",  "magenta", "cyan",  "white"};
#define COLOR_NAMES 8

void role_name(char out[32], enum role role)
{
    static const char *const names[] = {
#define ROLE(name, ...) #name,
#include "roles.def"
#undef ROLE
    };
    size_t n = 0;
    for (const char *p = names[role]; *p != '\0' && n < 31; p++) {
        out[n++] = *p == '_' ? '-' : (char)tolower((unsigned char)*p);
    }
    out[n] = '\0';
}

int role_find(const char *name)
{
    char text[32];
    for (int role = 0; role < ROLE_COUNT; role++) {
        role_name(text, (enum role)role);
        if (strcmp(text, name) == 0) {
            return role;
        }
    }
    return -1;
}

static bool color_parse(short *out, const char *word)
{
    bool bright = strncmp(word, "bright-", 7) == 0;
    char *end;
    long number = strtol(word, &end, 10);
    if (isdigit((unsigned char)word[0]) && *end == '\0' && number < 256) {
        *out = (short)number;
        return true;
    }
    for (short i = 0; i < COLOR_NAMES; i++) {
        if (strcmp(word + (bright ? 7 : 0), color_names[i]) == 0) {
            *out = (short)(i + (bright ? COLOR_NAMES : 0));
            return true;
        }
    }
    *out = -1;
    return strcmp(word, "default") == 0;
}

int look_parse(struct look *out, const char *text, struct err *err)
{
    struct look l = {-1, -1, false, false, false, false};
    const struct {
        const char *name;
        bool *to;
    } attributes[] = {
        {"bold", &l.bold}, {"dim", &l.dim}, {"underline", &l.underline}, {"reverse", &l.reverse}};
    char copy[128], *save = NULL;
    short *color = &l.fg;
    snprintf(copy, sizeof copy, "%s", text);
    for (char *word = strtok_r(copy, " \t", &save); word != NULL;
         word = strtok_r(NULL, " \t", &save)) {
        bool known = strcmp(word, "on") == 0;
        color = known ? &l.bg : color;
        for (size_t i = 0; !known && i < sizeof attributes / sizeof *attributes; i++) {
            known = strcmp(word, attributes[i].name) == 0;
            *attributes[i].to |= known;
        }
        if (!known && !color_parse(color, word)) {
            return err_set(err, "'%.40s' is no colour and no attribute", word);
        }
    }
    *out = l;
    return 0;
}

static void put_color(short color, char *out, size_t n)
{
    if (color < 0) {
        snprintf(out, n, "default");
    } else {
        snprintf(out, n, "%d", color);
    }
}

void look_text(const struct look *l, char *out, size_t n)
{
    char fg[12], bg[12];
    put_color(l->fg, fg, sizeof fg);
    put_color(l->bg, bg, sizeof bg);
    snprintf(out, n, "%s on %s%s%s%s%s", fg, bg, l->bold ? " bold" : "", l->dim ? " dim" : "",
             l->underline ? " underline" : "", l->reverse ? " reverse" : "");
}
