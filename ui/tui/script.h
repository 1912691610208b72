/*
 * Scripts drive the screen without a terminal: for tests, and for pictures of it.
 *
 *     size 80 24          columns and rows
 *     key Enter Down F1   keys by name
 *     keys jjj            characters
 *     type host contains  characters, blanks too
 *     save NAME           writes what ncurses shows to NAME.txt
 *     picture NAME        writes it to NAME.svg, with its colours
 *     set time = start    a line of the settings file
 *     colors 16           as if the terminal had so many
 *     # comment
 *
 * The capture is read to its end before the first line.
 */
#ifndef WSIGHT_SCRIPT_H
#define WSIGHT_SCRIPT_H

#include "tui.h"

/* -1 with err filled: the file, the line and what is wrong. */
int script_run(struct tui *, const char *path, struct err *);

#endif
