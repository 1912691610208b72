/*
 * Whether a sender keeps to the window that was agreed on (RFC 7692 section 7.1.2): who agreed to
 * 2^n bytes must not refer further back, as the receiver may have no more.
 *
 * The bytes are inflated a second time, with a window of that size and in steps so short that what
 * lies in between hardly counts. Nobody is accused wrongly; who refers back a few bytes too far may
 * be missed. A sender has one window from the beginning, so only the beginning is looked at. Usual
 * sessions agree on nothing and have no such check.
 */
#ifndef WSIGHT_WEBSOCKET_WINDOW_H
#define WSIGHT_WEBSOCKET_WINDOW_H

#include "../base/bytes.h"

/* Bytes of a direction, inflated, that are looked at: sixteen of the largest windows that can be
 * broken. */
#define WINDOW_CHECK_BYTES (UINT64_C(256) << 10)

struct window_check;

enum window_verdict { WINDOW_KEPT_SO_FAR, WINDOW_BROKEN, WINDOW_CHECK_OVER };

/* bits: 8 to 14. NULL when out of memory. */
struct window_check *window_check_new(unsigned bits);
void window_check_free(struct window_check *); /* NULL is accepted */

/* The next bytes of the direction's DEFLATE data, as zlib took them; final: a block with BFINAL
 * ends with them. After another verdict than the first there is nothing more to learn. */
enum window_verdict window_check_push(struct window_check *, struct bytes deflated, bool final);

#endif
