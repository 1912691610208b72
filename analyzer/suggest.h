/* 'Did you mean': the word nearest to one that was mistyped. */
#ifndef WSIGHT_SUGGEST_H
#define WSIGHT_SUGGEST_H

#include <stddef.h>

/* Words longer than this are nobody's slip. */
#define SUGGEST_MAX_BYTES 48

/* The one of n names nearest to the `length` bytes at `word`, by letters put in, left out, changed
 * or swapped; NULL when none is near enough to be what was meant. */
const char *suggest(const char *word, size_t length, const char *const *names, size_t n);

#endif
