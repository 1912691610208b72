/*
 * permessage-deflate (RFC 7692), the receiving side, with zlib's raw inflate.
 *
 * zlib counts how much of its window was ever filled and refuses a distance beyond that, so an
 * empty window is the honest start after a loss: inflateReset forgets it, and what is inflated from
 * then on is known again. A block with BFINAL ends zlib's stream but neither the message nor the
 * window (section 7.2.3.4): inflateResetKeep goes on with the same window. (inflateReset and
 * inflateSetDictionary would do as well, but copy 64 KB for each such block, and a block can be
 * as short as two bytes.)
 */
#include "permessage_deflate.h"

#include "window.h"

#include <assert.h>
#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

#define RAW_WINDOW_BITS (-15) /* never 8: zlib's own deflate makes 9 of it */
#define PIECE_MAX_BYTES (1U << 30)
#define AT_BLOCK_START 128 /* z_stream.data_type: between blocks, no bits left */

const uint8_t inflate_trailer[INFLATE_TRAILER_BYTES] = {0x00, 0x00, 0xff, 0xff};

/* The message under way. */
struct progress {
    enum inflate_result result;
    bool stopped;       /* nothing more of it is inflated */
    uint64_t in, out;   /* bytes so far; in: all that was given */
    uint64_t next_look; /* at this many bytes of output it is asked whether it is a bomb */
};

struct inflater {
    z_stream z;
    size_t memory;
    bool no_context_takeover;
    bool known;                  /* the window holds all that the sender may refer to */
    bool ended;                  /* zlib is at the end of a BFINAL block */
    bool broke_window;           /* not told yet */
    struct window_check *window; /* NULL: it is not watched, or not any more */
    struct progress message;
};

static const struct progress fresh = {.next_look = INFLATE_CHECK_BYTES};

static voidpf count_alloc(voidpf opaque, uInt items, uInt size)
{
    struct inflater *inf = opaque;
    void *p = calloc(items, size);
    if (p != NULL) {
        inf->memory += (size_t)items * size;
    }
    return p;
}

static void plain_free(voidpf opaque, voidpf p)
{
    (void)opaque;
    free(p);
}

struct inflater *inflater_new(bool no_context_takeover, bool window_known)
{
    struct inflater *inf = calloc(1, sizeof *inf);
    if (inf == NULL) {
        return NULL;
    }
    inf->z.zalloc = count_alloc;
    inf->z.zfree = plain_free;
    inf->z.opaque = inf;
    inf->memory = sizeof *inf;
    inf->no_context_takeover = no_context_takeover;
    inf->known = window_known || no_context_takeover;
    inf->message = fresh;
    if (inflateInit2(&inf->z, RAW_WINDOW_BITS) != Z_OK) {
        free(inf);
        return NULL;
    }
    return inf;
}

void inflater_free(struct inflater *inf)
{
    if (inf != NULL) {
        inflateEnd(&inf->z);
        window_check_free(inf->window);
        free(inf);
    }
}

void inflater_watch_window(struct inflater *inf, unsigned bits)
{
    inf->window = window_check_new(bits);
}

bool inflater_broke_window(struct inflater *inf)
{
    bool broke = inf->broke_window;
    inf->broke_window = false;
    return broke;
}

static void forget_check(struct inflater *inf)
{
    window_check_free(inf->window);
    inf->window = NULL;
}

/* zlib took these bytes. */
static void check_window(struct inflater *inf, const uint8_t *from)
{
    struct bytes taken = {from, (size_t)(inf->z.next_in - from)};
    enum window_verdict verdict = window_check_push(inf->window, taken, inf->ended);
    inf->broke_window = inf->broke_window || verdict == WINDOW_BROKEN;
    if (verdict != WINDOW_KEPT_SO_FAR) {
        forget_check(inf);
    }
}

size_t inflater_memory(const struct inflater *inf)
{
    return inf->memory;
}

static void forget_window(struct inflater *inf)
{
    inflateReset(&inf->z);
    forget_check(inf);
    inf->ended = false;
    inf->known = inf->no_context_takeover;
}

void inflater_lost(struct inflater *inf)
{
    forget_window(inf);
    inf->message = fresh;
}

/* No more of this message; its missing output makes the window unknown. */
static void stop(struct inflater *inf, enum inflate_result why)
{
    if (inf->message.result == INFLATE_OK) {
        inf->message.result = why;
    }
    inf->message.stopped = true;
    forget_window(inf);
}

/* The output has reached next_look, exactly: where a message is cut does not depend on how its
 * bytes came in. */
static void look_for_bomb(struct inflater *inf)
{
    struct progress *m = &inf->message;
    uint64_t used = m->in - inf->z.avail_in;
    if (m->result == INFLATE_BOMB) {
        stop(inf, INFLATE_BOMB);
    } else if (m->out / INFLATE_RATIO_MAX > used) {
        m->result = INFLATE_BOMB;
        m->next_look = m->out + INFLATE_DISCARD_MAX_BYTES;
    } else {
        m->next_look *= 2;
    }
}

static void pass_on(struct inflater *inf, size_t n, const struct inflate_output *to)
{
    inf->message.out += n;
    if (n > 0 && inf->message.result == INFLATE_OK) {
        to->take(to->ctx, (struct bytes){to->scratch, n});
    }
    if (inf->message.out == inf->message.next_look) {
        look_for_bomb(inf);
    }
}

static void fail(struct inflater *inf, int zlib_says)
{
    bool too_far = zlib_says == Z_DATA_ERROR && inf->z.msg != NULL &&
                   strcmp(inf->z.msg, "invalid distance too far back") == 0;
    bool out_of_memory = zlib_says == Z_MEM_ERROR;
    stop(inf, out_of_memory || (too_far && !inf->known) ? INFLATE_WINDOW_UNKNOWN : INFLATE_INVALID);
}

/* Inflates input whose last `trailer` bytes are the trailer and not the sender's. */
static void run(struct inflater *inf, struct bytes in, size_t trailer,
                const struct inflate_output *to)
{
    z_stream *z = &inf->z;
    bool more = true;
    assert(to->scratch_size > 0);
    z->next_in = in.p;
    z->avail_in = (uInt)in.n;
    while (more && !inf->message.stopped) {
        if (inf->ended) {
            if (z->avail_in == trailer) {
                return; /* BFINAL at the very end: the trailer is not needed */
            }
            inflateResetKeep(z);
            inf->ended = false;
        }
        uint64_t room = inf->message.next_look - inf->message.out;
        room = room < to->scratch_size ? room : to->scratch_size;
        room = room < PIECE_MAX_BYTES ? room : PIECE_MAX_BYTES;
        z->next_out = to->scratch;
        z->avail_out = (uInt)room;
        const uint8_t *from = z->next_in;
        int says = inflate(z, Z_SYNC_FLUSH);
        /* Full output may hide more, but not between blocks (and asked there once more, zlib would
         * not say again that it is). */
        more = z->avail_in > 0 || (z->avail_out == 0 && z->data_type != AT_BLOCK_START);
        inf->ended = says == Z_STREAM_END;
        if (inf->window != NULL) {
            check_window(inf, from);
        }
        pass_on(inf, (size_t)room - z->avail_out, to);
        if (says != Z_OK && says != Z_STREAM_END && says != Z_BUF_ERROR && !inf->message.stopped) {
            fail(inf, says);
        }
    }
}

enum inflate_result inflater_piece(struct inflater *inf, struct bytes piece,
                                   const struct inflate_output *to)
{
    while (piece.n > 0) {
        struct bytes part = bytes_part(piece, 0, PIECE_MAX_BYTES);
        inf->message.in += part.n;
        run(inf, part, 0, to);
        piece = bytes_from(piece, part.n);
    }
    return inf->message.result;
}

/* With the trailer the data ends between two blocks, or it was cut or is none (section 7.2.2). */
static bool at_end(const struct inflater *inf)
{
    return inf->ended ? inf->z.avail_in == INFLATE_TRAILER_BYTES
                      : inf->z.data_type == AT_BLOCK_START;
}

/* Runs the trailer, with what stands before it in memory. */
static enum inflate_result run_end(struct inflater *inf, struct bytes in,
                                   const struct inflate_output *to)
{
    enum inflate_result result = INFLATE_EMPTY;
    if (inf->message.in > 0) {
        run(inf, in, INFLATE_TRAILER_BYTES, to);
        if (!inf->message.stopped && !at_end(inf)) {
            stop(inf, INFLATE_INVALID);
        }
        result = inf->message.result;
    }
    inf->message = fresh;
    return result;
}

enum inflate_result inflater_finish(struct inflater *inf, const struct inflate_output *to)
{
    return run_end(inf, (struct bytes){inflate_trailer, INFLATE_TRAILER_BYTES}, to);
}

enum inflate_result inflater_message(struct inflater *inf, struct bytes with_trailer,
                                     const struct inflate_output *to)
{
    assert(inf->message.in == 0 && with_trailer.n >= INFLATE_TRAILER_BYTES);
    assert(with_trailer.n <= PIECE_MAX_BYTES);
    inf->message.in = with_trailer.n - INFLATE_TRAILER_BYTES;
    return run_end(inf, with_trailer, to);
}
