/*
 * Packets of chosen connections, read again from their files and written as pcapng
 * (draft-ietf-opsawg-pcapng-02): one section, the interfaces that have packets in it, times in
 * nanoseconds, the comments of packets that the files carried, and decryption secrets if asked.
 *
 *     rewrite_new(file); rewrite_copy_secrets(r) or rewrite_with_secrets(r, secrets) or neither;
 *     rewrite_take(r, session)...
 *     rewrite_open(r, paths, n, NULL, &err);
 *     while (rewrite_step(r)) ...
 *     rewrite_free(r);
 */
#ifndef WSIGHT_REWRITE_H
#define WSIGHT_REWRITE_H

#include "../err.h"
#include "../model.h"
#include "decoders/tls/secrets.h"

#include <stdio.h>

struct rewrite;

/* The file is borrowed until rewrite_free; who owns it looks for errors. NULL when out of memory.
 */
struct rewrite *rewrite_new(FILE *out);
void rewrite_free(struct rewrite *);

/* All secrets that the captures carry are written, too, whosever they are. */
void rewrite_copy_secrets(struct rewrite *);
/* Of each session in TLS that is taken from now on its secrets are written, as far as these have
 * them, and nobody else's. They are borrowed until rewrite_open. */
void rewrite_with_secrets(struct rewrite *, const struct tls_secrets *secrets);

/* The packets of this session's connection are wanted; 112 bytes are kept of it until rewrite_free.
 * false: out of memory. */
bool rewrite_take(struct rewrite *, const struct session *);

/* Comments the packet of that number, if it is written: the files' packets, counted from 1 as they
 * are read. The text is copied; at most REWRITE_COMMENTS_MAX_BYTES of them all are kept. false: out
 * of memory, or of that. */
#define REWRITE_COMMENTS_MAX_BYTES (64U << 20)
bool rewrite_comment(struct rewrite *, uint64_t packet, struct bytes text);

/* Opens the captures anew, with the same capture filter (or NULL), once it is known what to take.
 * They are borrowed until rewrite_free. -1 with err filled. */
int rewrite_open(struct rewrite *, const char *const *paths, size_t n, const char *filter,
                 struct err *err);

/* The same with files that are open for reading, as source_open_kept has them. */
int rewrite_open_kept(struct rewrite *, const int *fds, size_t n, struct err *err);

/* A piece of work, far below a millisecond: what is wanted is put in order, then the next few
 * packets are looked at. false: there are no more. */
bool rewrite_step(struct rewrite *);

/* Bytes read of all there are (0: not known), packets written. */
void rewrite_progress(const struct rewrite *, uint64_t *read, uint64_t *total, uint64_t *written);

#endif
