/* The network interfaces of this machine that IP packets can be captured on. */
#ifndef WSIGHT_CAPTURE_DEVICE_H
#define WSIGHT_CAPTURE_DEVICE_H

#include "../err.h"

#include <stdbool.h>
#include <stddef.h>

#define DEVICE_ADDRESSES_MAX 16
#define DEVICE_ADDRESS_BYTES 46 /* INET6_ADDRSTRLEN */

struct device {
    char name[64];
    char description[128]; /* of libpcap; may be empty */
    bool up, running;      /* running: there is a carrier */
    char addresses[DEVICE_ADDRESSES_MAX][DEVICE_ADDRESS_BYTES];
    size_t addresses_n;
};

/* Lists them in libpcap's order, `any` among them. The list is the caller's, for devices_free. -1
 * with err filled. */
int devices_list(struct device **devices, size_t *n, struct err *err);
void devices_free(struct device *devices);

#endif
