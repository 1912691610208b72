/*
 * wsight run: a command beside the capture. This is wsight's side: the private key log, the packets
 * that are the command's, its end. The other side is keeper.h.
 *
 *     child_prepare(&child, command, &err);     makes the folder and the key log, as the user
 *     ... interfaces and key logs are opened, child.keylog among them ...
 *     child_fork(&child, ...);                  the keeper, which waits
 *     ... privileges are given away, the seal ...
 *     child_start(&child);
 *     loop: child_serve, child_packets, until child_is_over
 *     child_done(&child);
 */
#ifndef WSIGHT_CHILD_H
#define WSIGHT_CHILD_H

#include "analyzer/capture/gate.h"
#include "analyzer/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct child {
    const char *const *command; /* borrowed */
    char folder[240], keylog[256];
    int channel; /* -1: there is no keeper */
    bool prepared;
    struct gate *gate;
    bool ended;
    int failure;      /* errno, when it could not be started */
    int status;       /* once it has ended */
    int64_t ended_at; /* ns of the monotonic clock */
    int passed_on;    /* the last signal that was passed on to the command */
};

/* -1 with err filled. */
int child_prepare(struct child *, const char *const *command, struct err *err);
/* Starts the keeper. The secrets are those that the key log is read into. -1 with err filled. */
int child_fork(struct child *, uint64_t seed, const struct tls_secrets *secrets, struct err *err);
/* Has the keeper start the command. */
void child_start(struct child *);

/* Takes what the keeper said. */
void child_serve(struct child *);
/* The packets that are the command's, of those that came and of earlier ones; borrowed until the
 * next call. Returns how many; max at most, so call it with n = 0 until it returns less. */
size_t child_packets(struct child *, const struct packet *packets, size_t n, struct packet *taken,
                     size_t max);
/* The user asked to stop with this signal: the command gets it, and ends or not. */
void child_signal(struct child *, int number);
/* Has it ended, so long ago that its last packets have come? */
bool child_is_over(const struct child *);

/* Ends the keeper, and so the command, if it has not ended. */
void child_done(struct child *);

#endif
