/*
 * Text of sessions that waits until all are there, to be written in the order of their ids.
 *
 * Sessions end in any order, and there may be millions. Their finished text is kept in memory up to
 * SPOOL_MEMORY_BYTES and beyond that in an unlinked temporary file (in TMPDIR, else /tmp); 16 bytes
 * of memory each are all that a session then costs.
 */
#ifndef WSIGHT_SPOOL_H
#define WSIGHT_SPOOL_H

#include "decoders/base/bytes.h"

#define SPOOL_MEMORY_BYTES (2U << 20)

struct spool;

/* Keeps up to memory_bytes in memory. limit: only so many texts are wanted, those with the lowest
 * ids; 0: all. NULL when out of memory. */
struct spool *spool_new(size_t memory_bytes, uint64_t limit);
void spool_free(struct spool *s);

/* No file is to be opened: what does not fit the memory is dropped and counted. */
void spool_stay_in_memory(struct spool *s);

/* May a text of this id be among those that are wanted? Otherwise it need not even be made. */
bool spool_wants(const struct spool *s, uint64_t id);

/* Adds a text, which is copied. After a failure (no memory, no room for the file) further texts are
 * dropped and counted. */
void spool_add(struct spool *s, uint64_t id, struct bytes text);

/* Texts that spool_read will give. */
size_t spool_count(const struct spool *s);
/* Texts that could not be kept, and the errno of why. */
uint64_t spool_dropped(const struct spool *s);
int spool_error(const struct spool *s);

/*
 * Gives every text in the order of the ids, in one or several pieces; `first` marks the first piece
 * of a text. Returns 0, or the errno of a file that could not be read back. May be called again.
 */
int spool_read(struct spool *s, void (*take)(void *ctx, struct bytes piece, bool first), void *ctx);

#endif
