/* From roles to colours. */
#include "theme.h"

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

struct theme theme_choose(int colors, enum background background, bool no_color)
{
    const char *no = getenv("NO_COLOR");
    struct theme t = {.colors = colors >= 256 ? 256 : colors >= 16 ? 16 : colors >= 8 ? 8 : 0};
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

struct look theme_look(const struct theme *t, enum role role, unsigned flags)
{
    struct look l = {-1, -1, false, false, false, false};
    bool plain = t->colors < 256;
    add_attributes(&l, roles[role].attributes, plain);
    if (t->colors == 256) {
        const short *colors = t->light ? roles[role].light : roles[role].dark;
        l.fg = colors[0];
        l.bg = colors[1];
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
    if (t->colors >= 8) {
        l.fg = roles[role].basic;
        l.fg = t->colors == 16 && !t->light && l.fg >= 0 && l.fg < 7 ? (short)(l.fg + 8) : l.fg;
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
