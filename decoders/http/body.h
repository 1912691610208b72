/*
 * How long the body of an HTTP/1 message is, and reading past it (RFC 9112 sections 6 and 7).
 *
 * Bodies hold nothing that wsight shows: they are taken as they come and never copied.
 */
#ifndef WSIGHT_BODY_H
#define WSIGHT_BODY_H

#include "head.h"

#define HTTP_LINE_MAX_BYTES 16384 /* of a chunk's size with its extensions, or of a trailer */

enum body_phase {
    BODY_DONE,
    BODY_LENGTH,      /* `left` bytes to come */
    BODY_CHUNK_SIZE,  /* the line with a chunk's size */
    BODY_CHUNK,       /* `left` bytes of a chunk */
    BODY_CHUNK_BREAK, /* the line break after a chunk */
    BODY_TRAILER,
    BODY_UNTIL_CLOSE
};

struct body {
    enum body_phase phase;
    uint64_t left;
};

/* The body that follows a head. false: the head contradicts itself. no_body: the answer to HEAD. */
bool body_of_request(struct body *, const struct http_head *);
bool body_of_response(struct body *, const struct http_head *, bool no_body);

/* Takes what of b belongs to the body; 0: it needs more (a line is not whole). *bad is set when the
 * chunked coding is broken. Not to be called when the body is done. */
size_t body_take(struct body *b, struct bytes bytes, bool *bad);

/* n bytes are missing: can it go on behind them? */
bool body_gap(struct body *, uint64_t n);

#endif
