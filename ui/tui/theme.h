/*
 * How roles look: colours and attributes for terminals of 256, 16, 8 colours or none, on dark and
 * light backgrounds. The table is roles.def.
 */
#ifndef WSIGHT_THEME_H
#define WSIGHT_THEME_H

#include "canvas.h"

enum background { BACKGROUND_AUTO, BACKGROUND_DARK, BACKGROUND_LIGHT };

struct theme {
    int colors; /* of the terminal: 0 for none, 8, 16 or 256 */
    bool light;
};

struct look {
    short fg, bg; /* -1: the terminal's own */
    bool bold, dim, reverse, underline;
};

/* colors is what the terminal can; NO_COLOR (no-color.org) and COLORFGBG are looked at. */
struct theme theme_choose(int colors, enum background, bool no_color);

/* How a cell of this role and flags looks. */
struct look theme_look(const struct theme *, enum role, unsigned flags);

/* 0xRRGGBB of one of the 256 colours. */
uint32_t theme_rgb(int color);

#endif
