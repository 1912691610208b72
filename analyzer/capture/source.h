/*
 * Where packets come from: capture files in one run, in time order, or network interfaces.
 *
 * pcap and pcapng of either byte order, micro- and nanoseconds, gzip, standard input. mend.h walks
 * the records; libpcap interprets the file headers and runs the capture filter. A file that cannot
 * be opened or read to its end is one of source_info's files with an error; the others are read all
 * the same, and so is what comes before and after damage within a file.
 *
 *     struct source *source = source_open(paths, n, &options, &err);
 *     struct packet packets[64];
 *     while ((n = source_batch(source, packets, 64)) > 0) ...
 *     source_info(source, &info);
 *     source_free(source);
 */
#ifndef WSIGHT_SOURCE_H
#define WSIGHT_SOURCE_H

#include "../../decoders/net/packet.h"
#include "../err.h"
#include "../limits.h"

struct source;

#define SOURCE_NAME_MAX_BYTES 64

/* Descriptors besides the interfaces' that can end the waiting for packets. */
#define LIVE_WATCHED_MAX 16

/* Of live capture alone. */
struct source_live_options {
    uint32_t snaplen; /* bytes kept of each packet; 0: all */
    bool promiscuous; /* packets for others, too */
    bool prompt;      /* packets are handed over within milliseconds */
    size_t
        buffer_bytes; /* of the kernel's ring of each interface, CAPTURE_RING_MAX_BYTES at most */
    int wait_ms;      /* source_batch returns after so long at most */
    /* An interface went down or came up again, in a sentence. May be NULL. */
    void (*notice)(void *context, const char *text);
};

struct source_options {
    const char *filter; /* capture filter (pcap-filter(7)), or NULL */
    /* Decryption secrets that a pcapng file carries, before the packets that follow them: the type
     * of draft-ietf-opsawg-pcapng-02 section 4.7 (0x544c534b: a TLS key log) and the bytes,
     * borrowed. May be NULL. */
    void (*secrets)(void *context, uint32_t type, struct bytes secrets);
    void *context;
    struct source_live_options live;
};

/* Opens all files; "-" is standard input. The paths are borrowed until source_free. NULL with err
 * filled when the filter is wrong or memory is short; a file that cannot be opened is no failure.
 */
struct source *source_open(const char *const *paths, size_t n, const struct source_options *options,
                           struct err *err);

/* The same over files that are open for reading, and are neither moved in nor closed. Nothing is
 * opened for it, so that it works behind the seal (privileges.h); there is to be no filter then. */
struct source *source_open_kept(const int *fds, size_t n, const struct source_options *options,
                                struct err *err);

/* The same over one capture file in memory, which is borrowed. */
struct source *source_open_memory(struct bytes bytes, const struct source_options *options,
                                  struct err *err);

/*
 * Captures on interfaces, by name; `any` is all there are. The names are borrowed until
 * source_free. NULL with err filled when one cannot be opened or the filter is wrong. Afterwards
 * no file or socket is opened any more, so privileges can be given away. The source never ends;
 * source_info's files are the interfaces. An interface that goes down is waited for.
 */
struct source *source_open_live(const char *const *interfaces, size_t n,
                                const struct source_options *options, struct err *err);

/* Whether it captures on interfaces. */
bool source_is_live(const struct source *source);

/* Live: a descriptor that is readable when there are packets. -1 for files. */
int source_fd(const struct source *source);

/* Live: the sockets of the interfaces, which go over to others when interfaces are made anew
 * (struct seal). Borrowed; none for files. */
const int *source_sockets(const struct source *source, size_t *n);

/* Live: asks the kernel what it lost so far, which source_info tells, and which interfaces are
 * there. */
void source_refresh(struct source *source);

/* Live: further descriptors that end the waiting in source_batch; LIVE_WATCHED_MAX at most. */
struct pollfd;
void source_watch(struct source *source, const struct pollfd *fds, size_t n);

void source_free(struct source *source);

/*
 * The next packets that pass the filter, at most max (> 0), the oldest first. Their bytes stay
 * valid until the next call or source_free. Packets are numbered from 1 in the order they are read,
 * before the filter, as other tools number them. May return fewer than max while there are more. 0:
 * look at source_state.
 */
size_t source_batch(struct source *source, struct packet *packets, size_t max);

enum source_state {
    SOURCE_READING, /* nothing yet, a signal interrupted the waiting, or many packets were filtered
                       out: stop, or call again */
    SOURCE_ENDED    /* all is read that could be; errors are in source_info */
};
enum source_state source_state(const struct source *source);

/* One packet: 1, or 0 at the end, or -1 with err filled when a file could not be read any further
 * (the others go on with the next call). Waits through signals. */
int source_next(struct source *source, struct packet *packet, struct err *err);

/*--- What was read ------------------------------------------------------------------------------*/

enum source_format { SOURCE_UNKNOWN, SOURCE_PCAP, SOURCE_PCAPNG, SOURCE_LIVE };

enum source_note_kind {
    SOURCE_TRUNCATED, /* the file ends within a packet */
    SOURCE_DAMAGED,   /* bytes that are no sound record were skipped */
    SOURCE_TOO_LARGE  /* a packet longer than libpcap reads was skipped */
};

struct source_note {
    enum source_note_kind kind;
    uint64_t offset; /* in the uncompressed file, where the record begins */
    uint64_t bytes;  /* truncated: missing; else: skipped */
    uint64_t packet; /* packets of the file before it */
};

struct source_interface {
    char name[SOURCE_NAME_MAX_BYTES]; /* bytes of the file, may be empty: escape before printing */
    size_t file;                      /* index into the files */
    int link;                         /* DLT_ value of libpcap */
    uint32_t snaplen;                 /* 0: no limit */
    uint8_t digits;                   /* of a second, in its time stamps */
    uint64_t packets;
    uint64_t dropped; /* as interface statistics blocks say */
};

struct source_file {
    const char *path;
    struct err error; /* why it was not read, or not to its end; empty text: no error */
    enum source_format format;
    bool gzip;
    bool big_endian;
    uint8_t digits; /* 6 or 9: of a second, that times should be printed with */
    uint64_t packets;
    uint64_t bytes;      /* captured, of all packets */
    uint64_t cut;        /* packets cut by the snap length */
    int64_t first, last; /* lowest and highest time stamp, where there are packets */
    uint64_t dropped;    /* packets that the capturing program says it lost */
    /* Live: lost by the kernel's ring and by the device, how often the ring was full, and how often
     * the interface went down. */
    uint64_t dropped_by_kernel, dropped_by_device, overflows, downs;
    uint64_t truncated, damaged, too_large; /* how many notes of each kind */
    uint64_t skipped;                       /* bytes of damaged and too large records */
    struct source_note notes[CAPTURE_NOTES_MAX];
    size_t notes_n; /* kept ones */
};

/* Borrowed views, valid until the next call of anything else. */
struct source_info {
    const struct source_file *files;
    size_t files_n;
    const struct source_interface *interfaces; /* packet.interface is an index into them */
    size_t interfaces_n;
    size_t errors;  /* files with an error */
    uint8_t digits; /* 6 or 9: the finest of the files */
    uint64_t packets, bytes, filtered_out, dropped;
    int64_t first, last;
    uint64_t read_bytes, total_bytes; /* progress; total 0: not known */
    const char *filter_problem; /* why the filter let no packet of some link type pass, or NULL */
};
void source_info(const struct source *source, struct source_info *info);

#endif
