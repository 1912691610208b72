/*
 * What one way to compress messages gives to unpack.c. Its state begins with a struct unpacker and
 * is zero between messages, but for that.
 */
#ifndef WSIGHT_UNPACK_KIND_H
#define WSIGHT_UNPACK_KIND_H

#include "unpack.h"

struct unpacker_kind {
    size_t state_size;
    /* Takes all of the piece, unless the result is another than INFLATE_OK. */
    enum inflate_result (*piece)(struct unpacker *, struct bytes piece,
                                 const struct inflate_output *);
    bool (*may_end)(const struct unpacker *); /* the message is whole as it is */
    void (*reset)(struct unpacker *);         /* the message is over: gives memory back */
};

struct unpacker {
    const struct unpacker_kind *kind;
    size_t *memory;
    enum inflate_result result; /* of the message under way */
    uint64_t out;               /* its bytes so far */
    uint64_t next_look;         /* at this many it is asked whether it is a bomb; 0: it begins */
};

/* Either is NULL when the library was not found. */
extern const struct unpacker_kind *const unpack_bzip2, *const unpack_snappy;

/* Memory for the message under way, counted. NULL: there is none, or too much is in use. */
void *unpacker_alloc(struct unpacker *, size_t n);
void unpacker_release(struct unpacker *, void *);

/* Room in bytes until the next look. */
uint64_t unpacker_room(const struct unpacker *);
/* Hands n bytes of the scratch buffer on, no more than that room, which came of `in` bytes of the
 * message. INFLATE_OK or INFLATE_BOMB. */
enum inflate_result unpacker_pass_on(struct unpacker *, struct bytes plain, uint64_t in,
                                     const struct inflate_output *);

#endif
