/*
 * Walks the records of a pcap file or the blocks of a pcapng file as they stream by, so that
 * libpcap only ever sees sound ones, one at a time.
 *
 * libpcap interprets the records; what it cannot do is done here: go on after a damaged record, say
 * how much of a truncated one is missing, read a pcapng file whose interfaces differ in link type
 * or snap length or whose sections differ in byte order, and show interface names, drop counters
 * and decryption secrets. For that the walk needs no more than lengths, checks and the few blocks
 * that libpcap hides; it never looks into a packet. Feeding libpcap record by record, instead of
 * filtering a byte stream that libpcap reads at its own pace, is what keeps this simple: a damaged
 * record is just not fed, a section is a fresh libpcap reader, and packet bytes can be handed out
 * where they lie in the read buffer, so that a batch of them stays valid without a copy.
 *
 * Formats: draft-ietf-opsawg-pcap-04, draft-ietf-opsawg-pcapng-02; libpcap's pcap-savefile(5).
 */
#ifndef WSIGHT_MEND_H
#define WSIGHT_MEND_H

#include "../../decoders/base/buffer.h"
#include "../limits.h"
#include "input.h"

/* One read. libpcap's own are 4 KiB; larger ones than this fall out of the level 2 cache. */
#define MEND_READ_BYTES ((size_t)256 << 10)
#define MEND_NAME_MAX_BYTES 64

enum mend_format { MEND_UNKNOWN, MEND_PCAP, MEND_PCAPNG };

enum mend_result {
    MEND_PACKET,      /* a sound packet record */
    MEND_SECTION,     /* with the next call, another section begins: a new `header` */
    MEND_MORE,        /* call mend_fill, then again */
    MEND_END,         /* the end of the file */
    MEND_INTERRUPTED, /* a signal came while waiting for bytes */
    MEND_FAILED       /* err is filled: it could not be read, or is no capture */
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
};

struct mend_statistics {
    uint64_t received;
    uint64_t dropped; /* by the interface and by the operating system */
};

/* What the walk tells as it comes by; every function may be NULL, bytes are borrowed. */
struct mend_hooks {
    void *context;
    void (*section)(void *context); /* interfaces count from 0 again */
    /* The next interface of the section; false when there are too many: its packets are skipped. */
    bool (*interface)(void *context, const struct mend_interface *interface);
    void (*statistics)(void *context, uint32_t interface, const struct mend_statistics *statistics);
    void (*secrets)(void *context, uint32_t type, struct bytes secrets);
    void (*note)(void *context, const struct mend_note *note);
};

/* A record, valid until mend_fill. */
struct mend_record {
    struct bytes raw;   /* the whole record, to be fed to libpcap */
    struct bytes data;  /* the packet in it */
    uint64_t offset;    /* in the file, uncompressed */
    uint32_t interface; /* of the section; 0 in a pcap file */
    uint32_t wire_len;  /* 0: what libpcap says */
};

struct mend {
    struct input *input;
    const struct mend_hooks *hooks;
    enum mend_format format;
    bool swapped;         /* the other byte order than this machine's */
    bool big_endian;      /* of the file's (first) section */
    struct buffer header; /* what libpcap must read before the records: file header, or section
                             header and interface descriptions of the section so far */
    uint32_t section;     /* counts up at each section header */
    uint64_t packets;     /* handed out so far */

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

    uint32_t record_header; /* pcap: bytes of a record header */
    uint32_t fraction_max;  /* pcap: first impossible fraction of a second */
    uint16_t minor;         /* pcap: file format version */
    uint64_t announced;     /* pcapng: the section that begins here was returned as MEND_SECTION */
    uint32_t interfaces;    /* pcapng: of this section so far */
    uint32_t first_snaplen; /* pcapng: of the section's first interface */
};

/* The input and the hooks are borrowed. -1 with err filled when there is no memory. */
int mend_init(struct mend *m, struct input *input, const struct mend_hooks *hooks, struct err *err);
void mend_done(struct mend *m);

/* The next packet record of what is in the buffer. */
enum mend_result mend_next(struct mend *m, struct mend_record *record, struct err *err);

/* Reads on; records handed out before are gone. MEND_MORE: there is something new, or the end. */
enum mend_result mend_fill(struct mend *m, struct err *err);

#endif
