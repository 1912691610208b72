/*
 * Which TCP connections a tree of processes has: /proc/PID/fd names the sockets of each process,
 * /proc/net/tcp and tcp6 their ends (proc(5)). Needs no privilege for processes of the same user.
 */
#ifndef WSIGHT_CAPTURE_SOCKETS_H
#define WSIGHT_CAPTURE_SOCKETS_H

#include "../../decoders/net/packet.h"

#include <sys/types.h>

struct sockets;

/* NULL when out of memory. */
struct sockets *sockets_new(void);
void sockets_free(struct sockets *);

/* Looks at the descendants of `ancestor`, itself not counted, and tells of each connection that was
 * not there when it was last asked; of one that is being opened every time. The key's [0] is the
 * process's own end. */
void sockets_look(struct sockets *, pid_t ancestor,
                  void (*tell)(void *context, const struct flow_key *), void *context);

#endif
