/*
 * Every cap, with its reason. A cap that bites is a finding and a counter in the report.
 */
#ifndef WSIGHT_LIMITS_H
#define WSIGHT_LIMITS_H

#include <stdint.h>

#define SECOND_NS INT64_C(1000000000)

/* Connections at once. A flow is about 300 bytes and an open WebSocket about 2 KB, so this is up to
 * half a gigabyte for someone who sends nothing but SYNs and handshakes. */
#define TCP_CONNECTIONS_MAX 250000

/* Out-of-order bytes that wait for a missing segment. One direction: a receive window of 1 MiB,
 * which is as much as a sender can have in flight on nearly every link. All: a few such at once. */
#define TCP_WAITING_DIRECTION_MAX_BYTES (1U << 20)
#define TCP_WAITING_ALL_MAX_BYTES (16U << 20)
/* Pieces that wait: a list that an attacker grows one byte at a time must stay short to walk. */
#define TCP_WAITING_DIRECTION_MAX_PIECES 2048

/* The largest window a receiver can offer is 1 GiB, but nobody has so much in flight. A segment
 * beyond this that the receiver has not acknowledged is a stray or an attack, not a hole. */
#define TCP_WINDOW_MAX_BYTES (64U << 20)

/* A hole that the receiver has acknowledged was lost by the capture, not by the network; unless the
 * capture is a little out of order. So many more packets of the connection, or so long, are waited.
 */
#define TCP_HOLE_GRACE_PACKETS 32
#define TCP_HOLE_GRACE_NS (SECOND_NS / 2)

/* Silence after which a connection is given up, in packet time. WebSockets idle behind proxies for
 * minutes; a connection that never carried a byte is a scan or a flood. */
#define TCP_IDLE_NS (1800 * SECOND_NS)
#define TCP_IDLE_EMPTY_NS (60 * SECOND_NS)

/* A time stamp that jumps ahead by more than this is only believed when the next packet agrees, so
 * that one damaged time stamp does not end every connection. */
#define CLOCK_JUMP_NS (60 * SECOND_NS)

/* Findings kept with their text, per session and id, and for the capture as a whole; the rest are
 * counted. */
#define FINDINGS_PER_SESSION_AND_ID 3
#define FINDINGS_PER_SESSION 64
#define FINDINGS_OF_CAPTURE 256

/* Undecryptable TLS connections that are listed; the rest are counted. */
#define TLS_LISTED_MAX 1000

#endif
