/* Comma-separated lists of HTTP header fields (RFC 9110 section 5.6.1). */
#ifndef WSIGHT_LIST_H
#define WSIGHT_LIST_H

#include "decoders/base/bytes.h"

/* Takes the next item, trimmed and not empty, off the list; false at its end. A comma between
 * quotes is part of its item. */
bool quoted_list_next(struct bytes *list, struct bytes *item);

#endif
