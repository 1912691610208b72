/*
 * Unpacking the messages of permessage-bzip2 and permessage-snappy, as Autobahn speaks them. RSV1
 * marks a compressed message as in permessage-deflate (RFC 7692 section 6), but what is inside
 * stands for itself: a whole bzip2 stream, or whole chunks of Snappy's framing format.
 *
 * One unpacker per direction, made when its first compressed message comes. Between messages it
 * holds no more than itself; within one up to 4 MB, counted in *memory, and no more than
 * UNPACK_ALL_MAX_BYTES for all that share the counter. A message is taken for a bomb by the limits
 * of permessage_deflate.h; the rest of it is not unpacked.
 */
#ifndef WSIGHT_UNPACK_H
#define WSIGHT_UNPACK_H

#include "permessage_deflate.h"
#include "websocket.h"

#define UNPACK_ALL_MAX_BYTES (64U << 20) /* bzip2 takes 3.7 MB for a message of 900 KB or more */

struct unpacker;

/* NULL when out of memory, or when this build cannot (websocket_unpacks). The counter is borrowed
 * and outlives the unpacker. */
struct unpacker *unpacker_new(enum message_coding, size_t *memory);
void unpacker_free(struct unpacker *);

/* The next payload bytes of the message under way, unmasked. The result is that of the message so
 * far; after any but INFLATE_OK nothing more comes out of this message. */
enum inflate_result unpacker_piece(struct unpacker *, struct bytes piece,
                                   const struct inflate_output *);

/* The message is complete. Its result; the next piece begins a new message. */
enum inflate_result unpacker_finish(struct unpacker *);

/* Bytes of the message under way, if any, are missing: it is abandoned. */
void unpacker_lost(struct unpacker *);

#endif
