/*
 * Where the bytes of a capture file come from: a file, standard input or memory, with gzip (RFC
 * 1952, any number of members) undone on the way.
 *
 * Bytes go straight into the caller's buffer, in reads as large as the caller asks for.
 */
#ifndef WSIGHT_INPUT_H
#define WSIGHT_INPUT_H

#include "../../decoders/base/bytes.h"
#include "../err.h"

#include <sys/types.h>

struct input;

#define INPUT_FAILED (-1)      /* err is filled */
#define INPUT_INTERRUPTED (-2) /* a signal came while waiting; ask again or stop */

/* path "-" is standard input. NULL with err filled when it cannot be opened. */
struct input *input_open(const char *path, struct err *err);

/* A file that is open for reading and stays so, from its beginning up to where it ends now: it may
 * be written to meanwhile, and where the descriptor stands is left alone. */
struct input *input_open_kept(int fd, struct err *err);

/* The bytes are borrowed until input_free. */
struct input *input_open_memory(struct bytes bytes, struct err *err);

void input_free(struct input *in);

/* Reads up to n bytes (n >= 4): how many, 0 at the end, or INPUT_FAILED or INPUT_INTERRUPTED. */
ssize_t input_read(struct input *in, uint8_t *to, size_t n, struct err *err);

/* What to call it in messages. */
const char *input_name(const struct input *in);

/* A pipe or a terminal, where the next bytes may not have been written yet. */
bool input_waits(const struct input *in);

/* After the first read: the bytes were compressed. */
bool input_is_gzip(const struct input *in);

/* Starts again from the first byte; only where input_waits is false. */
int input_rewind(struct input *in, struct err *err);

/* At the end: what was wrong with the compressed bytes, or NULL. */
const char *input_gzip_problem(const struct input *in);

/* Bytes of the file read so far, as they are on the disk, and its size (0: not known). */
void input_progress(const struct input *in, uint64_t *done, uint64_t *total);

#endif
