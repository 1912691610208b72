/*
 * Writes packets to pcapng files (draft-ietf-opsawg-pcapng-02), with rotation, and if asked only
 * those of connections that carry WebSocket, from their first packet on.
 *
 * Files are made through a directory descriptor that is kept, with the flags that the seal lets
 * pass (privileges.h), so that rotation works after privileges were given away. Only whole blocks
 * are written, in one piece: what is on the disk can be read after whatever end. When a file cannot
 * be written to any more, the writing stops, recorder_problem tells why, and the rest goes on.
 *
 *     recorder_new(...); recorder_open(...);            before privileges are given away
 *     recorder_expect(recorder, source, packets, n); engine_packets(...);
 * recorder_packets(recorder);  ... recorder_free(recorder);
 */
#ifndef WSIGHT_CAPTURE_RECORDER_H
#define WSIGHT_CAPTURE_RECORDER_H

#include "source.h"

struct recorder;

struct recorder_options {
    const char *path;        /* strftime's conversions are filled in, in UTC */
    uint64_t rotate_bytes;   /* a new file when it is so long; 0: never */
    uint64_t rotate_seconds; /* ... or so old, by packet time; 0: never */
    uint64_t files;          /* files kept: the oldest are removed; 0: all */
    bool unnamed;            /* two files without names in the path's folder, written in turn */
    bool only_sessions;      /* packets of WebSocket connections alone */
    bool with_keys;          /* for that: with what opens them; the caller gives it */
    size_t lookback_bytes;   /* for that: packets kept until it is known; 0: the usual */
    const char *application; /* name and version of the program */
};

struct recorder_counts {
    uint64_t packets, bytes, files; /* written; an unnamed one counts each time it is begun anew */
    uint64_t forgotten;             /* connections whose first packets were not kept long enough */
};

/* The application's name is borrowed. NULL with err filled when memory is short or the directory is
 * not there. */
struct recorder *recorder_new(const struct recorder_options *options, struct err *err);
/* Writes what is left and ends the file. */
void recorder_end(struct recorder *recorder);
void recorder_free(struct recorder *recorder);

/* Descriptor of the directory that files are made in. */
int recorder_directory(const struct recorder *recorder);

/* Opens the first file, so that a mistake shows at once. -1 with err filled. */
int recorder_open(struct recorder *recorder, int64_t ts, struct err *err);

/* The next batch of packets, 256 at most, borrowed until recorder_packets; the source, which tells
 * of the interfaces and of what they lost, until the recorder is freed. */
void recorder_expect(struct recorder *recorder, const struct source *source,
                     const struct packet *packets, size_t n);

/* For only_sessions, said by the engine while it works through the batch. Which connection a packet
 * belongs to: 0 when it is not known (a fragment), and the packet is then written. wanted false:
 * the connection is known to carry no WebSocket. */
void recorder_note_packet(struct recorder *recorder, uint64_t packet, uint64_t connection,
                          bool wanted);
/* The connection carries WebSocket: its packets are written, those before too. */
void recorder_note_session(struct recorder *recorder, uint64_t connection);
/* Secrets of a connection, as a key log has them, before it is noted as a session: they are written
 * to each file that has packets of it, as a decryption secrets block. */
void recorder_note_secrets(struct recorder *recorder, uint64_t connection, struct bytes keylog);
void recorder_note_end(struct recorder *recorder, uint64_t connection);

/* Writes what is to be written of the batch. */
void recorder_packets(struct recorder *recorder);

/* Hands what was written so far to the system. */
void recorder_flush(struct recorder *recorder);
/* Goes on in a new file (SIGHUP). */
void recorder_rotate(struct recorder *recorder);

#define RECORDER_KEPT_FILES 2U

/* Of unnamed files: the descriptors of those that hold something, the older one first, and how many
 * they are. What was flushed can be read with pread(); both were opened by recorder_open, so that
 * none is opened later. */
size_t recorder_kept(const struct recorder *recorder, int fds[RECORDER_KEPT_FILES]);
/* While they are held neither is begun anew, however long it grows. */
void recorder_hold(struct recorder *recorder, bool hold);

/* Why the writing stopped; NULL: it goes on. */
const char *recorder_problem(const struct recorder *recorder);
struct recorder_counts recorder_counts(const struct recorder *recorder);

#endif
