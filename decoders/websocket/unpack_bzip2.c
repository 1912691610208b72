/* permessage-bzip2: each message is a whole bzip2 stream. */
#include "config.h"
#include "unpack_kind.h"

#ifdef HAVE_BZIP2

#include <bzlib.h>

#define PIECE_MAX_BYTES (1U << 30)

struct bzip2 {
    struct unpacker u;
    bz_stream z;
    bool begun, ended;
};

static void *bzip2_alloc(void *opaque, int items, int size)
{
    return unpacker_alloc(opaque, (size_t)items * (size_t)size);
}

static void bzip2_release(void *opaque, void *p)
{
    unpacker_release(opaque, p);
}

static enum inflate_result begin(struct bzip2 *b)
{
    b->z = (bz_stream){.bzalloc = bzip2_alloc, .bzfree = bzip2_release, .opaque = &b->u};
    int says = BZ2_bzDecompressInit(&b->z, 0, 0);
    b->begun = says == BZ_OK;
    return b->begun ? INFLATE_OK : INFLATE_NO_MEMORY;
}

static uint64_t bytes_in(const struct bzip2 *b)
{
    return (uint64_t)b->z.total_in_hi32 << 32 | b->z.total_in_lo32;
}

/* Unpacks into the scratch buffer once. */
static enum inflate_result run(struct bzip2 *b, const struct inflate_output *to)
{
    uint64_t room = unpacker_room(&b->u);
    room = room < to->scratch_size ? room : to->scratch_size;
    room = room < PIECE_MAX_BYTES ? room : PIECE_MAX_BYTES;
    b->z.next_out = (char *)to->scratch;
    b->z.avail_out = (unsigned)room;
    int says = BZ2_bzDecompress(&b->z);
    struct bytes plain = {to->scratch, (size_t)room - b->z.avail_out};
    enum inflate_result result = unpacker_pass_on(&b->u, plain, bytes_in(b), to);
    b->ended = says == BZ_STREAM_END;
    if (says == BZ_MEM_ERROR) {
        return INFLATE_NO_MEMORY;
    }
    return says == BZ_OK || says == BZ_STREAM_END ? result : INFLATE_INVALID;
}

static enum inflate_result bzip2_piece(struct unpacker *u, struct bytes piece,
                                       const struct inflate_output *to)
{
    struct bzip2 *b = (struct bzip2 *)u;
    enum inflate_result result = b->begun ? INFLATE_OK : begin(b);
    while (piece.n > 0 && result == INFLATE_OK) {
        struct bytes part = bytes_part(piece, 0, PIECE_MAX_BYTES);
        b->z.next_in = (char *)(uintptr_t)part.p;
        b->z.avail_in = (unsigned)part.n;
        do {
            result = b->ended ? INFLATE_INVALID : run(b, to);
        } while (result == INFLATE_OK && !b->ended && (b->z.avail_in > 0 || b->z.avail_out == 0));
        if (result == INFLATE_OK && b->z.avail_in > 0) {
            result = INFLATE_INVALID; /* bytes behind the stream's end */
        }
        piece = bytes_from(piece, part.n);
    }
    return result;
}

static bool bzip2_may_end(const struct unpacker *u)
{
    return ((const struct bzip2 *)u)->ended;
}

static void bzip2_reset(struct unpacker *u)
{
    struct bzip2 *b = (struct bzip2 *)u;
    if (b->begun) {
        BZ2_bzDecompressEnd(&b->z);
    }
    b->begun = b->ended = false;
}

static const struct unpacker_kind kind = {.state_size = sizeof(struct bzip2),
                                          .piece = bzip2_piece,
                                          .may_end = bzip2_may_end,
                                          .reset = bzip2_reset};
const struct unpacker_kind *const unpack_bzip2 = &kind;

#else

const struct unpacker_kind *const unpack_bzip2 = NULL;

#endif
