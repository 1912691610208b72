/* Inflating a second time with the window that was agreed on. */
#include "window.h"

#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

/* zlib looks for what it has given out in this call besides its window: less of it makes the check
 * sharper. */
#define STEP_BYTES 128

struct window_check {
    z_stream z;
    uint64_t out;
};

struct window_check *window_check_new(unsigned bits)
{
    struct window_check *w = calloc(1, sizeof *w);
    if (w != NULL && inflateInit2(&w->z, -(int)bits) != Z_OK) {
        free(w);
        w = NULL;
    }
    return w;
}

void window_check_free(struct window_check *w)
{
    if (w != NULL) {
        inflateEnd(&w->z);
        free(w);
    }
}

static bool is_too_far(const z_stream *z, int says)
{
    return says == Z_DATA_ERROR && z->msg != NULL &&
           strcmp(z->msg, "invalid distance too far back") == 0;
}

enum window_verdict window_check_push(struct window_check *w, struct bytes deflated, bool final)
{
    uint8_t step[STEP_BYTES];
    int says = Z_OK;
    w->z.next_in = deflated.p;
    w->z.avail_in = (uInt)deflated.n;
    do {
        w->z.next_out = step;
        w->z.avail_out = sizeof step;
        says = inflate(&w->z, Z_SYNC_FLUSH);
        w->out += sizeof step - w->z.avail_out;
    } while (says == Z_OK && w->z.avail_out == 0 && w->out < WINDOW_CHECK_BYTES);
    if (is_too_far(&w->z, says)) {
        return WINDOW_BROKEN;
    }
    bool as_expected = final ? says == Z_STREAM_END : says == Z_OK || says == Z_BUF_ERROR;
    if (!as_expected || w->out >= WINDOW_CHECK_BYTES) {
        return WINDOW_CHECK_OVER;
    }
    return !final || inflateResetKeep(&w->z) == Z_OK ? WINDOW_KEPT_SO_FAR : WINDOW_CHECK_OVER;
}
