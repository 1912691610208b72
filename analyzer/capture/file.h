/*
 * One capture file as the source reads it: bytes from input.h, packets from mend.h, and libpcap,
 * which is shown the file header and says whether it knows the version and what the link type is.
 */
#ifndef WSIGHT_CAPTURE_FILE_H
#define WSIGHT_CAPTURE_FILE_H

#include "mend.h"
#include "source.h"

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

/* What libpcap said of a header; captures that were strung together show the same one again. */
struct known_header {
    uint8_t bytes[MEND_SECTION_BYTES + MEND_INTERFACE_BYTES];
    size_t n;
    int link;
};

struct capture_file {
    struct source_file *info; /* borrowed: the source's */
    struct interface_table *table;
    const struct source_options *options;
    size_t number; /* index of the file */
    struct input *input;
    struct mend mend;
    struct mend_hooks hooks;

    struct known_header known;
    struct local_interface *local;
    uint32_t local_n, local_room, local_before; /* local_before: of the section before this one */
};

/* Makes ready to read from input, which it then owns, too when it fails: -1 with info->error
 * filled. The other arguments are borrowed. */
int capture_file_open(struct capture_file *file, struct input *input, struct source_file *info,
                      size_t number, struct interface_table *table,
                      const struct source_options *options);
void capture_file_close(struct capture_file *file);

/* The next packets of what is in the buffer, at most max, without their numbers: MEND_PACKET with
 * *n > 0, MEND_MORE, MEND_END, or MEND_FAILED with info->error filled. Their bytes are valid until
 * capture_file_fill. */
enum mend_result capture_file_batch(struct capture_file *file, struct packet *packets, size_t max,
                                    size_t *n);

/* Reads on, after MEND_MORE: packets handed out before lose their bytes. */
enum mend_result capture_file_fill(struct capture_file *file);

#endif
