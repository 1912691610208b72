/*
 * Walks the records of a pcap file or the blocks of a pcapng file as they stream by, and hands out
 * the packets of the sound ones.
 *
 * libpcap interprets the file header (file.h), the capture filter and live captures. What it cannot
 * do with a file is done here: go on after a damaged record, say how much of a truncated one is
 * missing, read a pcapng file whose interfaces differ in link type or snap length or whose sections
 * differ in byte order, and show interface names, drop counters and decryption secrets. For that
 * the walk must know each record's lengths, time and interface, and then nothing is left that
 * libpcap could say of it: to feed it the same records once more took 500 of the 2,100 instructions
 * of a small packet, five times as much as all that is done here. The walk never looks
 * into a packet, and packet bytes are handed out where they lie in the read buffer, so that a batch
 * of them stays valid without a copy.
 *
 * Formats: draft-ietf-opsawg-pcap-04, draft-ietf-opsawg-pcapng-02; libpcap's pcap-savefile(5).
 */
#ifndef WSIGHT_MEND_H
#define WSIGHT_MEND_H

#include "../../decoders/net/packet.h"
#include "../limits.h"
#include "input.h"
#include "stamp.h"

/* One read. libpcap's own are 4 KiB; larger ones than this fall out of the level 2 cache. */
#define MEND_READ_BYTES ((size_t)256 << 10)
#define MEND_NAME_MAX_BYTES 64

enum mend_format { MEND_UNKNOWN, MEND_PCAP, MEND_PCAPNG };

enum mend_result {
    MEND_PACKET,      /* sound packets */
    MEND_MORE,        /* call mend_fill, then again */
    MEND_END,         /* the end of the file */
    MEND_INTERRUPTED, /* a signal came while waiting for bytes */
    MEND_FAILED /* it could not be read, or is no capture (err is filled), or a hook gave it up */
};

enum mend_note_kind { MEND_NOTE_TRUNCATED, MEND_NOTE_DAMAGED, MEND_NOTE_TOO_LARGE };

/* Something that is not as it should be in the file. */
struct mend_note {
    enum mend_note_kind kind;
    uint64_t offset; /* in the file, uncompressed, where the record begins */
    uint64_t bytes;  /* truncated: missing; else: skipped */
    uint64_t packet; /* packets of the file before it */
};

/* An interface as its description block, or the file header of a pcap file, has it. */
struct mend_interface {
    uint16_t linktype; /* LINKTYPE_ value, as in the file */
    uint32_t snaplen;  /* 0: no limit */
    uint8_t digits;    /* decimal digits of a second that time stamps have */
    char name[MEND_NAME_MAX_BYTES];
    struct bytes header; /* for libpcap, which alone knows what it makes of the link type and of the
                            format's version: a whole file header, without packets */
};

enum mend_verdict {
    MEND_TAKE,
    MEND_SKIP,   /* this interface's packets */
    MEND_GIVE_UP /* the whole file */
};

struct mend_statistics {
    uint64_t received;
    uint64_t dropped; /* by the interface and by the operating system */
};

/* What the walk tells as it comes by; every function may be NULL, bytes are borrowed. */
struct mend_hooks {
    void *context;
    /* Interfaces count from 0 again. Packets handed out together are of one section. */
    void (*section)(void *context);
    /* The next interface of the section. */
    enum mend_verdict (*interface)(void *context, const struct mend_interface *interface);
    void (*statistics)(void *context, uint32_t interface, const struct mend_statistics *statistics);
    void (*secrets)(void *context, uint32_t type, struct bytes secrets);
    void (*note)(void *context, const struct mend_note *note);
};

/* What libpcap must read of a pcapng file before the packets: section header and an interface
 * description, both without options. */
#define MEND_SECTION_BYTES 28U
#define MEND_INTERFACE_BYTES 20U

/* A pcap file, as its header has it. */
struct mend_pcap {
    size_t header;         /* bytes of a record header */
    uint32_t fraction_max; /* first impossible fraction of a second */
    uint32_t fraction_ns;  /* nanoseconds of the fraction's unit */
    uint16_t minor;        /* file format version */
    bool swapped;
};

struct mend {
    struct input *input;
    const struct mend_hooks *hooks;
    enum mend_format format;
    bool swapped;     /* the other byte order than this machine's */
    bool big_endian;  /* of the file's (first) section */
    uint64_t packets; /* handed out so far */

    /* The rest is mend's own. */
    uint8_t *buf;
    size_t room, at, n; /* bytes from `at` to n are still to be walked */
    size_t need;        /* how many bytes from `at` on the next step needs */
    uint64_t base;      /* offset of buf[0] in the file */
    bool ended;         /* buf holds the last byte of the file */
    bool waits;         /* the next bytes may not be there for a while */

    bool searching;       /* a damaged record is being skipped */
    size_t tried;         /* where the search goes on, as an index into buf */
    uint64_t damage_from; /* where the damage began, as an offset in the file */
    enum mend_note_kind damage_kind;
    uint64_t effort;  /* headers that may still be looked at within suspect records */
    uint64_t trusted; /* the record that begins here was compared with what follows */

    bool given_up;
    struct mend_pcap pcap;
    uint32_t sections;          /* pcapng: so far */
    uint32_t interfaces;        /* pcapng: of this section so far */
    uint32_t first_snaplen;     /* pcapng: of the section's first interface */
    struct stamp_clock *clocks; /* pcapng: of this section's interfaces */
    uint32_t clocks_room;
    uint8_t header[MEND_SECTION_BYTES + MEND_INTERFACE_BYTES]; /* pcapng */
};

/* The input and the hooks are borrowed. -1 with err filled when there is no memory. */
int mend_init(struct mend *m, struct input *input, const struct mend_hooks *hooks, struct err *err);
void mend_done(struct mend *m);

/* The next packets of what is in the buffer, at most max; *n > 0 with MEND_PACKET alone. Their
 * interface is counted within the section, and they have no number and no link type yet. Their
 * bytes last until mend_fill. */
enum mend_result mend_batch(struct mend *m, struct packet *packets, size_t max, size_t *n,
                            struct err *err);

/* Reads on; packets handed out before are gone. MEND_MORE: there is something new, or the end. */
enum mend_result mend_fill(struct mend *m, struct err *err);

#endif
