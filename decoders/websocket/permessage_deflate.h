/*
 * Inflating the messages of one direction (permessage-deflate, RFC 7692 section 7.2.2).
 *
 * One inflater per direction, made when its first compressed message comes. It always has the full
 * window of 32 KB and never forgets it between messages: a sender that agreed to a smaller window
 * or to no_context_takeover simply refers back less. What it must know is whether the bytes before
 * are known at all: after bytes of the direction's compressed messages were lost, and mid-stream,
 * the window is empty and a message that refers into it ends at that place, INFLATE_WINDOW_UNKNOWN.
 * What came out before that place is right. Nothing is guessed.
 *
 * Only the payload of messages with RSV1 on their first frame goes in; others pass it by and leave
 * its window alone (section 6).
 */
#ifndef WSIGHT_PERMESSAGE_DEFLATE_H
#define WSIGHT_PERMESSAGE_DEFLATE_H

#include "../base/bytes.h"

/*
 * A message is taken for a bomb when its output reaches 4 MB, or any power of two beyond, and is
 * then more than 200 times its input. The rest is not passed on, but inflated nevertheless, because
 * later messages refer to it; up to a last limit, after which the window counts as lost.
 */
#define INFLATE_CHECK_BYTES (UINT64_C(4) << 20)
#define INFLATE_RATIO_MAX 200
#define INFLATE_DISCARD_MAX_BYTES (UINT64_C(256) << 20)

/* What a sender strips from the end of each message. */
#define INFLATE_TRAILER_BYTES 4
extern const uint8_t inflate_trailer[INFLATE_TRAILER_BYTES];

enum inflate_result {
    INFLATE_OK,
    INFLATE_EMPTY,   /* no payload at all; an empty message would have been one byte, 00 */
    INFLATE_INVALID, /* not DEFLATE data, or it does not end where the message does */
    INFLATE_BOMB,
    INFLATE_WINDOW_UNKNOWN, /* refers to bytes that were not captured */
    INFLATE_NO_MEMORY       /* others have all that there is (unpack.h) */
};

/* Where the plain text goes: take() is given pieces of it, which lie in scratch. */
struct inflate_output {
    void (*take)(void *ctx, struct bytes plain);
    void *ctx;
    uint8_t *scratch;
    size_t scratch_size; /* at least 1; it only decides the size of the pieces */
};

struct inflater;

/* no_context_takeover: as agreed for the sender of this direction; the window is then known again
 * at the start of the message after a loss. window_known: the direction was seen from its start.
 * NULL when out of memory. */
struct inflater *inflater_new(bool no_context_takeover, bool window_known);
void inflater_free(struct inflater *);

/* Before the first message: the sender has agreed to a window of 2^bits bytes, 8 to 14. */
void inflater_watch_window(struct inflater *, unsigned bits);
/* Was it found to refer further back? Says so once. */
bool inflater_broke_window(struct inflater *);

/* The next payload bytes of the message under way, unmasked. The result is that of the message so
 * far; after INVALID and WINDOW_UNKNOWN nothing more comes out of this message. */
enum inflate_result inflater_piece(struct inflater *, struct bytes piece,
                                   const struct inflate_output *);

/* The message is complete. Its result; the next piece begins a new message. */
enum inflate_result inflater_finish(struct inflater *, const struct inflate_output *);

/* A whole message at once, followed in memory by the trailer: with_trailer covers both. Saves
 * calls when messages are short. No other message may be under way. */
enum inflate_result inflater_message(struct inflater *, struct bytes with_trailer,
                                     const struct inflate_output *);

/* Bytes of this direction's compressed messages are missing: the message under way, if any, is
 * abandoned, and the window is unknown from here on. */
void inflater_lost(struct inflater *);

/* Memory in use: about 7 KB, and 32 KB more from the first output on. */
size_t inflater_memory(const struct inflater *);

#endif
