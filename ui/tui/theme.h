/*
 * How roles look: colours and attributes for terminals of 256, 16, 8 colours or none, on dark and
 * light backgrounds. The table is roles.def.
 */
#ifndef WSIGHT_THEME_H
#define WSIGHT_THEME_H

#include "analyzer/err.h"
#include "canvas.h"

enum background { BACKGROUND_AUTO, BACKGROUND_DARK, BACKGROUND_LIGHT };

struct look {
    short fg, bg; /* of 256 colours; -1: the terminal's own */
    bool bold, dim, reverse, underline;
};

/* Looks that the user has chosen. */
struct theme_looks {
    struct look look[ROLE_COUNT];
    bool set[ROLE_COUNT];
};

struct theme {
    int colors; /* of the terminal: 0 for none, 8, 16 or 256 */
    int light;
    struct theme_looks own;
};

/* colors is what the terminal can; NO_COLOR (no-color.org) and COLORFGBG are looked at. */
struct theme theme_choose(int colors, enum background, bool no_color, const struct theme_looks *);

/* "opcode-text" of ROLE_OPCODE_TEXT. */
void role_name(char out[32], enum role);
/* -1: there is none. */
int role_find(const char *name);
/* "203 on 235 bold": a colour by number or name (red, bright-red, default), one for the background,
 * attributes (bold, dim, underline, reverse). -1 with err filled. */
int look_parse(struct look *, const char *text, struct err *);
/* As look_parse reads it. */
void look_text(const struct look *, char *out, size_t n);

/* How a cell of this role and flags looks. */
struct look theme_look(const struct theme *, enum role, unsigned flags);

/* 0xRRGGBB of one of the 256 colours. */
uint32_t theme_rgb(int color);

#endif
