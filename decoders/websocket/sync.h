/*
 * Finding frames (RFC 6455 section 5.2) in the middle of one direction's bytes: after a loss that
 * hit a header, or when a connection is picked up mid-stream.
 *
 * Any place where a legal header could stand is a candidate; it says where the next header must be.
 * A candidate whose prediction comes true gains evidence, counted in bits (how much less likely is
 * this in other bytes?): legal header bytes, text that is UTF-8 once unmasked, the shape of
 * compressed data, close codes. One whose prediction fails is dropped. Since a candidate is only an
 * offset and a few flags, frames of any length can lie between, and no payload is kept for them.
 *
 * The more places were looked at, the more evidence is asked for. A frame is only called the first
 * one if it has enough evidence of its own; else decoding starts at a later frame of its chain, so
 * that no wrong place is ever returned for the sake of one more frame.
 *
 * Used from a decoder's data(), which gives the bytes as it got them:
 *
 *     size_t take;
 *     if (sync_data(sync, chunk->b, &take)) {    the next frame's header is at b.p[take]
 *         sync_free(sync); ... return take and decode from there (at once if take is 0)
 *     }
 *     return take;                               0: wait for more (do not call stream_want)
 *
 * max_keep of that decoder must be SYNC_MAX_KEEP_BYTES or more.
 */
#ifndef WSIGHT_SYNC_H
#define WSIGHT_SYNC_H

#include "websocket.h"

#define SYNC_KEEP_BYTES 4096 /* kept from before the place where the search is, more or less */
#define SYNC_MAX_KEEP_BYTES (2 * SYNC_KEEP_BYTES + 65536) /* with a whole segment behind it */

struct sync_setup {
    enum dir dir;             /* client frames are masked, server frames are not (section 5.1) */
    enum deflate_use deflate; /* DEFLATE_NONE: RSV1 is never set */
    bool certain;             /* there are frames for sure, so less evidence is asked for; else
                                 sync_data() never finds and sync_best() is judged by the caller */
};

struct sync;

struct sync *sync_new(const struct sync_setup *); /* NULL when out of memory */
void sync_free(struct sync *);

/*
 * The direction's bytes from where the last call left off: after one that set *take to n the next
 * one's first byte is b.p[n]; what was seen before may come again with more behind it. true: found,
 * *take bytes are to be skipped. false: not yet, *take bytes (perhaps none) are not needed any
 * more.
 */
bool sync_data(struct sync *, struct bytes b, size_t *take);

/* n bytes from the first that was not taken are missing, as a decoder's gap() is told. */
void sync_gap(struct sync *, uint64_t n);

/* RSV1 was seen on a frame of what was found, or of the best candidate. */
bool sync_saw_rsv1(const struct sync *);

/* The candidate with the most evidence. */
struct sync_best {
    int bits;        /* evidence, less what the number of places looked at costs */
    unsigned frames; /* headers in a row; 0: there is no candidate */
    bool enough;     /* for those who are certain that there are frames */
    size_t skip; /* if so: bytes from the first that was not taken to the first frame's header */
};
struct sync_best sync_best(const struct sync *);

/* Bytes looked at in all. When nothing comes of many, only the beginnings of segments are tried. */
uint64_t sync_searched(const struct sync *);

#endif
