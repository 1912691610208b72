/*
 * Where a table's cells go as values instead of as text: a database.
 *
 * Times are texts of RFC 3339, spans are seconds, lists are JSON arrays, and a text is UTF-8
 * without NUL: what else the bytes hold becomes U+FFFD.
 * Numbers have 63 bits and end there.
 */
#ifndef WSIGHT_TABLE_STORE_H
#define WSIGHT_TABLE_STORE_H

#include "decoders/base/bytes.h"

/* column: from 0. Texts and blobs are borrowed during the call. */
struct table_store {
    void (*none)(void *into, size_t column);
    void (*integer)(void *into, size_t column, int64_t v);
    void (*real)(void *into, size_t column, double v);
    void (*text)(void *into, size_t column, struct bytes text);
    void (*blob)(void *into, size_t column, struct bytes bytes);
    void (*row)(void *into); /* the row is whole */
};

#endif
