/*
 * Live capture on network interfaces, as the source reads it: libpcap's handles in turn, packets
 * copied out of the kernel's rings, what the kernel lost, and interfaces that come and go.
 *
 * libpcap gives a block of its ring back to the kernel as soon as its last packet was looked at, so
 * the packets of a batch are copied: whoever floods the ring must not be able to change them while
 * they are decoded. After live_open nothing here opens a file or a socket.
 */
#ifndef WSIGHT_CAPTURE_LIVE_H
#define WSIGHT_CAPTURE_LIVE_H

#include "file.h"

struct live;

/* Opens all interfaces. info has n elements; it, the table and the options are borrowed. NULL with
 * err filled when one cannot be opened. */
struct live *live_open(const char *const *names, size_t n, const struct source_options *options,
                       struct source_file *info, struct interface_table *table, struct err *err);
void live_free(struct live *live);

/* The next packets, without their numbers. Waits options->live.wait_ms at most; 0: nothing came, or
 * a signal, or one of the watched descriptors is ready. */
size_t live_batch(struct live *live, struct packet *packets, size_t max);

/* A descriptor that is readable when there are packets. */
int live_fd(const struct live *live);

/* The interfaces' sockets. */
const int *live_fds(const struct live *live, size_t *n);

/* Asks the kernel what it lost, and which interfaces are there. */
void live_refresh(struct live *live);

/* Further descriptors that end the waiting; copied, LIVE_WATCHED_MAX at most. */
struct pollfd;
void live_watch(struct live *live, const struct pollfd *fds, size_t n);

#endif
