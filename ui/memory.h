/*
 * Whether memory ran out.
 *
 * Whatever allocates copes with a refusal by doing without: a message is shown without its body, a
 * connection is not followed. None of them could say so to the user, and the report would be wrong
 * without a word. So the program's malloc and its kin remember a refusal (the linker's
 * --wrap leads them here, and those of libcrypto and jansson are led here too), and main looks at
 * the end.
 */
#ifndef WSIGHT_MEMORY_H
#define WSIGHT_MEMORY_H

#include <stdbool.h>
#include <stddef.h>

/* Before anything else: libcrypto and jansson are to allocate here. */
void memory_watch(void);

/* An allocation was refused since the program began. */
bool memory_ran_out(void);

/* Whether n bytes could be had. libcrypto does not survive it when its own beginning, about 1 MB,
 * is refused memory. */
bool memory_available(size_t n);

#endif
