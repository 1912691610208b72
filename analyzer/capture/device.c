/* The network interfaces, by libpcap. */
#include "device.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

static void add_address(struct device *d, const struct sockaddr *a)
{
    const void *bytes = NULL;
    if (a != NULL && a->sa_family == AF_INET) {
        bytes = &((const struct sockaddr_in *)(const void *)a)->sin_addr;
    } else if (a != NULL && a->sa_family == AF_INET6) {
        bytes = &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
    }
    if (bytes != NULL && d->addresses_n < DEVICE_ADDRESSES_MAX &&
        inet_ntop(a->sa_family, bytes, d->addresses[d->addresses_n], DEVICE_ADDRESS_BYTES)) {
        d->addresses_n++;
    }
}

static void fill(struct device *d, const pcap_if_t *from)
{
    snprintf(d->name, sizeof d->name, "%s", from->name);
    snprintf(d->description, sizeof d->description, "%s",
             from->description != NULL ? from->description : "");
    d->up = from->flags & PCAP_IF_UP;
    d->running = from->flags & PCAP_IF_RUNNING;
    for (const pcap_addr_t *a = from->addresses; a != NULL; a = a->next) {
        add_address(d, a->addr);
    }
}

/* libpcap also lists what carries no IP: USB buses, Bluetooth, the kernel's own logs. */
static bool carries_ip(const pcap_if_t *from)
{
    static const char *const others[] = {"bluetooth", "nflog", "nfqueue",
                                         "usbmon",    "dbus",  "nfbus"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        const char *a = from->name, *b = others[i];
        while (*b != '\0' && *a == *b) {
            a++;
            b++;
        }
        if (*b == '\0') {
            return false;
        }
    }
    return true;
}

int devices_list(struct device **devices, size_t *n, struct err *err)
{
    char text[PCAP_ERRBUF_SIZE] = "";
    pcap_if_t *all;
    size_t room = 0;
    *n = 0;
    if (pcap_findalldevs(&all, text) != 0) {
        return err_set(err, "the interfaces cannot be listed: %.180s", text);
    }
    for (const pcap_if_t *i = all; i != NULL; i = i->next) {
        room++;
    }
    *devices = calloc(room + 1, sizeof **devices);
    for (const pcap_if_t *i = all; i != NULL && *devices != NULL; i = i->next) {
        if (carries_ip(i)) {
            fill(&(*devices)[(*n)++], i);
        }
    }
    pcap_freealldevs(all);
    return *devices != NULL ? 0 : err_set(err, "out of memory");
}

void devices_free(struct device *devices)
{
    free(devices);
}
