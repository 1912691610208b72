/*
 * Packets of chosen connections, read again from their files and written as pcapng
 * (draft-ietf-opsawg-pcapng-02): one section, the interfaces that have packets in it, times in
 * nanoseconds, and the decryption secrets that the files carried.
 *
 *     rewrite_new(paths, n, NULL, file, &err); rewrite_take(r, session)...
 *     while (rewrite_step(r)) ...
 *     rewrite_free(r);
 */
#ifndef WSIGHT_REWRITE_H
#define WSIGHT_REWRITE_H

#include "../err.h"
#include "../model.h"

#include <stdio.h>

struct rewrite;

/* Opens the files anew, with the same capture filter (or NULL). Everything is borrowed until
 * rewrite_free. NULL with err filled. */
struct rewrite *rewrite_new(const char *const *paths, size_t n, const char *filter, FILE *out,
                            struct err *err);
void rewrite_free(struct rewrite *);

/* The packets of this session's connection are wanted. false: out of memory. */
bool rewrite_take(struct rewrite *, const struct session *);

/* Works through the next few packets. false: there are no more. */
bool rewrite_step(struct rewrite *);

/* Bytes read of all there are (0: not known), packets written. */
void rewrite_progress(const struct rewrite *, uint64_t *read, uint64_t *total, uint64_t *written);

#endif
