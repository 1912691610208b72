/*
 * The terminal in a thread of its own, so that capture and decoding never wait for it: a terminal
 * that takes nothing (Ctrl-S, a line that hangs) holds that thread up and no one else.
 *
 * It is given pictures and gives keys. A picture that could not be shown before the next one comes
 * is left out. While a display runs nobody else uses its terminal.
 */
#ifndef WSIGHT_DISPLAY_H
#define WSIGHT_DISPLAY_H

#include "terminal.h"

#define DISPLAY_KEYS_MAX 256   /* typed ahead; more are dropped */
#define DISPLAY_STOP_SECONDS 1 /* a terminal that does not answer for so long is left */

struct display;

/* Borrows the terminal until display_stop. Window changes and suspending are the thread's from then
 * on, other signals the caller's. The thread runs when this returns, so that it can be sealed with
 * the process, and does nothing before the first picture. NULL: there is no thread to be had. */
struct display *display_start(struct terminal *);
/* false: the terminal is stuck, and must not be used any more, nor closed. */
bool display_stop(struct display *);

/* As those of the terminal. */
void display_show(struct display *, const struct canvas *, const struct theme *, bool all);
uint32_t display_key(struct display *, int wait_ms, int also, struct terminal_mouse *);
void display_size(struct display *, int *rows, int *columns);
bool display_lost(struct display *);

#endif
