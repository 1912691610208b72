/*
 * One interface of a live capture: libpcap's handle, what it lost, and whether it is there.
 *
 * An interface that goes down is waited for. So is one that is removed: when there is one of its
 * name again, the socket that was opened in the beginning is bound to it, for no other can be made
 * behind the seal (privileges.h).
 */
#ifndef WSIGHT_CAPTURE_LIVE_INTERFACE_H
#define WSIGHT_CAPTURE_LIVE_INTERFACE_H

#include "file.h"

#include <pcap/pcap.h>

#define LIVE_DEVICE_COUNTERS 2

/* An interface behind the `any` device. */
struct live_behind {
    unsigned system_index; /* as if_nametoindex */
    uint32_t index;        /* in the table */
};

enum live_state {
    LIVE_UP,
    LIVE_DOWN,
    LIVE_OTHER_LINK /* it came back with another link type */
};

struct live_interface {
    const char *name;
    pcap_t *pcap;
    int fd, link;
    unsigned system_index; /* as if_nametoindex; 0: any */
    unsigned short arphrd; /* the kernel's word for the link type */
    uint32_t index;        /* in the table */
    enum live_state state;
    int device[LIVE_DEVICE_COUNTERS];            /* descriptors of the device's counters, or -1 */
    uint64_t device_start[LIVE_DEVICE_COUNTERS]; /* before the capture */
    uint64_t kernel_dropped, device_dropped;
    struct source_file *info;
    const struct source_options *options;
    struct live_behind *behind; /* of `any`: sorted by system_index */
    size_t behind_n;
};

/* name, info and options are set and borrowed. -1 with err filled. */
int live_interface_open(struct live_interface *, struct err *err);
void live_interface_close(struct live_interface *);

/* libpcap could not read on. */
void live_interface_went_down(struct live_interface *);
/* Asks the kernel whether it is up, binds the socket anew if need be, and tells of changes. */
void live_interface_look(struct live_interface *);
/* Asks the kernel and the device what they lost. */
void live_interface_count(struct live_interface *);

#endif
