/*
 * One capture file as the source reads it: bytes from input.h, sound records from mend.h, and
 * libpcap, which says what is in them.
 */
#ifndef WSIGHT_CAPTURE_FILE_H
#define WSIGHT_CAPTURE_FILE_H

#include "mend.h"
#include "source.h"

#include <pcap/pcap.h>
#include <stdio.h>

/* The interfaces of all files of a source. */
struct interface_table {
    struct source_interface *p;
    size_t n, room;
};

/* A section's interface: which one it is in the table. */
struct local_interface {
    uint32_t index;
    int link;
    uint64_t dropped; /* of earlier sections */
};

/* A sound record and the interface it came through. */
struct ahead {
    struct mend_record record;
    uint32_t interface;
    int link;
};

/* Records in a group; as many as the engine likes to look ahead. */
#define FILE_AHEAD 64

struct capture_file {
    struct source_file *info; /* borrowed: the source's */
    struct interface_table *table;
    const struct source_options *options;
    size_t number; /* index of the file */
    struct input *input;
    struct mend mend;
    struct mend_hooks hooks;

    struct local_interface *local;
    uint32_t local_n, local_room, local_before; /* local_before: of the section before this one */

    /* Records that the walk found sound, and what libpcap says of them. They are taken in groups: a
     * call of libpcap, and its read through stdio, cost as much as the rest of a small packet. */
    struct ahead ahead[FILE_AHEAD];
    size_t ahead_n, told; /* told: libpcap has said what they are, or refused them */
    struct packet ready[FILE_AHEAD];
    size_t ready_n, ready_at;
    bool failed;

    pcap_t *pcap;
    uint32_t section;  /* of mend's, which pcap was opened for */
    size_t header_fed; /* bytes of mend.header that libpcap has read */
    size_t feeding;    /* the record after those in `run` */
    struct bytes run;  /* what libpcap reads next: records that lie one behind the other */
    unsigned refused;  /* records that libpcap did not take */
};

/* Makes ready to read from input, which it then owns, too when it fails: -1 with info->error
 * filled. The other arguments are borrowed. */
int capture_file_open(struct capture_file *file, struct input *input, struct source_file *info,
                      size_t number, struct interface_table *table,
                      const struct source_options *options);
void capture_file_close(struct capture_file *file);

/* The next packet of what is in the buffer, without its number: MEND_PACKET, MEND_MORE, MEND_END,
 * or MEND_FAILED with info->error filled. *packet is valid until the next call, its bytes until
 * capture_file_fill. */
enum mend_result capture_file_next(struct capture_file *file, const struct packet **packet);

/* Reads on, after MEND_MORE: packets handed out before lose their bytes. */
enum mend_result capture_file_fill(struct capture_file *file);

#endif
