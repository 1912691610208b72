/*
 * Every cap, with its reason. A cap that bites is a finding and a counter in the report.
 */
#ifndef WSIGHT_LIMITS_H
#define WSIGHT_LIMITS_H

#include <stddef.h>
#include <stdint.h>

#define SECOND_NS INT64_C(1000000000)

/* Connections at once. A flow is about 800 bytes and an open WebSocket about 2 KB, so this is up to
 * three quarters of a gigabyte for someone who sends nothing but SYNs and handshakes. */
#define TCP_CONNECTIONS_MAX 250000

/* Out-of-order bytes that wait for a missing segment. One direction: a receive window of 1 MiB,
 * which is as much as a sender can have in flight on nearly every link. All: a few such at once,
 * and here the memory for keeping them counts too. */
#define TCP_WAITING_DIRECTION_MAX_BYTES (1U << 20)
#define TCP_WAITING_ALL_MAX_BYTES (16U << 20)
/* Pieces that wait: a list that an attacker grows one byte at a time must stay short to walk. A
 * window of 1 MiB is 724 full segments. */
#define TCP_WAITING_DIRECTION_MAX_PIECES 1024

/* The largest window a receiver can offer is 1 GiB, but nobody has so much in flight. A segment
 * farther off than this is a stray or an attack, not a hole, unless so many follow each other
 * without a break: then it was the capture that missed more. */
#define TCP_WINDOW_MAX_BYTES (64 << 20)
#define TCP_STRAYS_BELIEVED 4

/* A hole that the receiver has acknowledged was lost by the capture, not by the network; unless the
 * capture is a little out of order. So many more packets of the connection, or so long, are waited.
 */
#define TCP_HOLE_GRACE_PACKETS 32
#define TCP_HOLE_GRACE_NS (SECOND_NS / 2)

/* Silence after which a connection is given up, in packet time. WebSockets idle behind proxies for
 * minutes; a connection that never carried a byte is a scan or a flood. */
#define TCP_IDLE_NS (1800 * SECOND_NS)
#define TCP_IDLE_EMPTY_NS (60 * SECOND_NS)

/* How long after the end of a connection its retransmissions are known as such: twice the longest
 * retransmission time-out of usual systems (RFC 6298 asks for at least 60 s). */
#define TCP_CLOSED_NS (120 * SECOND_NS)

/* A time stamp that jumps ahead by more than this is only believed when the next packet agrees, so
 * that one damaged time stamp does not end every connection. */
#define CLOCK_JUMP_NS (60 * SECOND_NS)
#define CLOCK_STEP_NS 1000000 /* and time-outs know no finer steps than this */

/* Findings kept with their text, per session and id, and for the capture as a whole; the rest are
 * counted. */
#define FINDINGS_PER_SESSION_AND_ID 3
#define FINDINGS_PER_SESSION 64
#define FINDINGS_OF_CAPTURE 256

/* Undecryptable TLS connections that are listed; the rest are counted. */
#define TLS_LISTED_MAX 1000

/* A captured packet: libpcap's MAXIMUM_SNAPLEN. It refuses longer ones, which are skipped with a
 * note. */
#define CAPTURE_PACKET_MAX_BYTES 262144U
/* The longest record or block of a capture file that is skipped by its length; a longer one is
 * damage, and what follows it is searched for. libpcap has the same maximum for pcapng blocks. */
#define CAPTURE_RECORD_MAX_BYTES ((size_t)16 << 20)
/* Record headers looked at to find records within damaged ones, at first; each byte read gives one
 * more. Enough for what chance damages, and a bound on the time that a file made for it can cost.
 */
#define CAPTURE_SEARCH_HEADERS 16000000
/* Interfaces of one pcapng section (the old packet block has 16 bits for them), and of all files.
 */
#define CAPTURE_SECTION_INTERFACES_MAX 65536U
#define CAPTURE_INTERFACES_MAX 65536U
/* Notes of damage kept per file; the rest are counted. */
#define CAPTURE_NOTES_MAX 16
/* Files held ready at once. Of more, only the first time stamp is kept until their turn comes:
 * captures that were split by time need a buffer each only one after the other. */
#define CAPTURE_READY_MAX 16
/* The kernel's ring of each interface: half a second at a million small packets per second. The
 * most is what libpcap can be told. */
#define CAPTURE_RING_BYTES ((size_t)64 << 20)
#define CAPTURE_RING_MAX_BYTES ((size_t)2047 << 20)
/* What a live run may allocate unless --memory says otherwise: it runs beside what it watches. */
#define LIVE_MEMORY_BYTES ((size_t)512 << 20)
/* --only-sessions: packets kept until it is known whether their connection carries WebSocket, and
 * connections that do at once. An upgrade comes with the first packets of most connections: 32 MiB
 * are 100,000 such, or a second of a fast link. */
#define SAVE_LOOKBACK_BYTES ((size_t)32 << 20)
#define SAVE_CONNECTIONS_MAX 1000000
#define SAVE_FILES_MAX 100000
/* run: how long a packet waits for word of whose it is. A server may take its time to accept a
 * connection, and a program writes its keys some round trips after its first packet. */
#define GATE_WAIT_NS (SECOND_NS / 5)
/* ... and packets that wait: that long of a full gigabit link. */
#define GATE_HELD_MAX_BYTES ((size_t)32 << 20)
/* Connections of the command's that are known at once; a kilobyte each. */
#define GATE_CONNECTIONS_MAX 16384
/* Processes of the command's, and sockets of theirs, that are looked at. */
#define SOCKETS_PROCESSES_MAX 4096
#define SOCKETS_MAX 65536
/* --with-keys: connections whose secrets are kept for the next file; 1 KB each. */
#define SAVE_SECRETS_MAX 16384
/* Link types that a capture filter is compiled for; packets of more do not pass. */
#define CAPTURE_FILTER_LINKS_MAX 64

/* Frames of unfinished messages that wait, for a display filter, until their message is complete,
 * of all sessions together: 48 MiB. Messages of so many frames are nobody's but an attacker's. A
 * finding (filter.limit.frames) tells of the others. */
#define FILTER_FRAMES_HELD_MAX 1048576U

#endif
