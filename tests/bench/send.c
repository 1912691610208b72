/*
 * send FILE INTERFACE PACKETS_PER_SECOND [SECONDS]: puts the packets of a pcap file (Ethernet) on
 * an interface at this rate, as packet(7) has it, without the queueing discipline. The file is sent
 * once, or so much of it as the seconds allow. Prints how many were sent and in which time.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <pcap/pcap.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define AT_ONCE 64

struct packets {
    struct iovec *list;
    size_t n;
};

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void fail(const char *what)
{
    fprintf(stderr, "send: %s: %s\n", what, strerror(errno));
    exit(1);
}

static struct packets load(const char *path, size_t most)
{
    char why[PCAP_ERRBUF_SIZE];
    struct pcap_pkthdr *header;
    const unsigned char *bytes;
    struct packets all = {.list = calloc(most, sizeof(struct iovec))};
    pcap_t *pcap = pcap_open_offline(path, why);
    if (pcap == NULL || all.list == NULL) {
        fail(path);
    }
    while (all.n < most && pcap_next_ex(pcap, &header, &bytes) == 1) {
        void *copy = malloc(header->caplen);
        if (copy == NULL) {
            fail("memory");
        }
        memcpy(copy, bytes, header->caplen);
        all.list[all.n++] = (struct iovec){copy, header->caplen};
    }
    pcap_close(pcap);
    return all;
}

static int open_interface(const char *name)
{
    int yes = 1;
    struct sockaddr_ll address = {.sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL)};
    address.sll_ifindex = (int)if_nametoindex(name);
    int fd = socket(AF_PACKET, SOCK_RAW, 0); /* protocol 0: it receives nothing */
    if (fd < 0 || address.sll_ifindex == 0) {
        fail(name);
    }
    address.sll_protocol = 0;
    if (bind(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
        setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &yes, sizeof yes) != 0) {
        fail(name);
    }
    return fd;
}

/* Sends packets from `at` on; how many. */
static size_t send_some(int fd, const struct packets *all, size_t at, size_t n)
{
    struct mmsghdr messages[AT_ONCE] = {0};
    n = n < AT_ONCE ? n : AT_ONCE;
    n = n < all->n - at ? n : all->n - at;
    for (size_t i = 0; i < n; i++) {
        messages[i].msg_hdr = (struct msghdr){.msg_iov = &all->list[at + i], .msg_iovlen = 1};
    }
    int sent = sendmmsg(fd, messages, (unsigned)n, 0);
    if (sent < 0 && errno != ENOBUFS && errno != EAGAIN) {
        fail("sendmmsg");
    }
    return sent > 0 ? (size_t)sent : 0;
}

int main(int argc, char **argv)
{
    if (argc < 4 || argc > 5) {
        fprintf(stderr, "usage: send FILE INTERFACE PACKETS_PER_SECOND [SECONDS]\n");
        return 2;
    }
    double rate = atof(argv[3]), seconds = argc == 5 ? atof(argv[4]) : 1e9;
    double most = rate * seconds;
    struct packets all = load(argv[1], most < 1e7 ? (size_t)most : 10000000);
    int fd = open_interface(argv[2]);
    double begun = now();
    for (size_t at = 0; at < all.n;) {
        size_t due = (size_t)((now() - begun) * rate);
        if (due > at) {
            at += send_some(fd, &all, at, due - at);
        }
    }
    printf("%zu packets in %.3f s\n", all.n, now() - begun);
    return 0;
}
