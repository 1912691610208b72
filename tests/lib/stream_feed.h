/*
 * Feeding streams in fuzz targets: bytes come in memory of exactly their size, so that a sanitizer
 * sees one byte too far.
 */
#ifndef WSIGHT_TEST_STREAM_FEED_H
#define WSIGHT_TEST_STREAM_FEED_H

#include "decoders/decoder.h"

/*
 * Gives the stream what the input says, in parts of at most `most` bytes. The input is a row of
 * steps, each with a header of 16 bits: the highest says that the server sends; the next, that so
 * many bytes are missing (0: the direction ends); the other 14 are the length of what follows.
 * true: there was a gap.
 */
bool stream_feed(struct stream *, struct reader input, size_t most);

#endif
