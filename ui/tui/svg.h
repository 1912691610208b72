/* A canvas as a picture: SVG, with the colours of the theme on a dark or a light background. */
#ifndef WSIGHT_SVG_H
#define WSIGHT_SVG_H

#include "theme.h"

#include <stdio.h>

void svg_write(FILE *, const struct canvas *, const struct theme *);

#endif
