/* One interface: packet(7), netdevice(7), TPACKET_V3 rings. */
#include "live_interface.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The ring hands over a block when it is full or so old. libpcap's immediate mode instead gives
 * each packet a slot of its own, as long as the longest packet, so that a ring of 64 MiB holds few:
 * with it tcpdump lost 131,000 of 400,000 packets at 77,000/s, and none at 116,000/s without. A
 * block that is never older than this is as quick for a reader. */
#define LIVE_BLOCK_PROMPT_MS 5
#define LIVE_BLOCK_MS 50

/* What the device itself lost, before the kernel saw it. */
static const char *const device_counters[LIVE_DEVICE_COUNTERS] = {"rx_missed_errors",
                                                                  "rx_fifo_errors"};

/*--- Opening ------------------------------------------------------------------------------------*/

static int refuse(struct err *err, const char *name, pcap_t *pcap, int status)
{
    const char *why = pcap != NULL ? pcap_geterr(pcap) : "";
    why = why[0] != '\0' ? why : pcap_statustostr(status);
    if (status == PCAP_ERROR_PERM_DENIED) {
        return err_set(err,
                       "%.40s: capturing needs the right CAP_NET_RAW: run it with sudo, or give it "
                       "to the program once with 'make setcap'",
                       name);
    }
    if (status == PCAP_ERROR_NO_SUCH_DEVICE) {
        return err_set(err, "there is no interface %.40s; 'wsight interfaces' lists them", name);
    }
    if (status == PCAP_ERROR_IFACE_NOT_UP) {
        return err_set(err, "%.40s is down; 'ip link set %.40s up' starts it", name, name);
    }
    return err_set(err, "%.40s: %.180s", name, why);
}

/* Asks the kernel about the interface of this name; false: there is none. */
static bool ask(const struct live_interface *i, unsigned long what, struct ifreq *request)
{
    *request = (struct ifreq){0};
    (void)snprintf(request->ifr_name, sizeof request->ifr_name, "%s", i->name);
    return ioctl(i->fd, what, request) == 0;
}

static unsigned short arphrd_of(const struct live_interface *i)
{
    struct ifreq request;
    return ask(i, SIOCGIFHWADDR, &request) ? request.ifr_hwaddr.sa_family : 0;
}

static int set_up(struct live_interface *i, const struct source_live_options *o, struct err *err)
{
    char text[PCAP_ERRBUF_SIZE] = "";
    i->pcap = pcap_create(i->name, text);
    if (i->pcap == NULL) {
        return err_set(err, "%.40s: %.180s", i->name, text);
    }
    (void)pcap_set_snaplen(i->pcap,
                           o->snaplen > 0 ? (int)o->snaplen : (int)CAPTURE_PACKET_MAX_BYTES);
    (void)pcap_set_promisc(i->pcap, o->promiscuous);
    (void)pcap_set_timeout(i->pcap, o->prompt ? LIVE_BLOCK_PROMPT_MS : LIVE_BLOCK_MS);
    (void)pcap_set_buffer_size(i->pcap, (int)o->buffer_bytes);
    bool nano = pcap_set_tstamp_precision(i->pcap, PCAP_TSTAMP_PRECISION_NANO) == 0;
    int status = pcap_activate(i->pcap);
    if (status < 0) {
        return refuse(err, i->name, i->pcap, status);
    }
    i->info->digits = nano ? 9 : 6;
    if (pcap_setnonblock(i->pcap, 1, text) != 0) {
        return err_set(err, "%.40s: %.180s", i->name, text);
    }
    /* The second cooked header names the interface of each packet. */
    if (pcap_datalink(i->pcap) == DLT_LINUX_SLL) {
        (void)pcap_set_datalink(i->pcap, DLT_LINUX_SLL2);
    }
    i->link = pcap_datalink(i->pcap);
    i->fd = pcap_get_selectable_fd(i->pcap);
    i->system_index = if_nametoindex(i->name);
    i->arphrd = arphrd_of(i);
    return i->fd >= 0 ? 0 : err_set(err, "%.40s cannot be waited for", i->name);
}

static int set_filter(struct live_interface *i, const char *filter, struct err *err)
{
    struct bpf_program program;
    if (filter == NULL) {
        return 0;
    }
    if (pcap_compile(i->pcap, &program, filter, 1, PCAP_NETMASK_UNKNOWN) != 0) {
        return err_set(err, "capture filter '%.60s' on %.40s: %.100s", filter, i->name,
                       pcap_geterr(i->pcap));
    }
    int status = pcap_setfilter(i->pcap, &program);
    pcap_freecode(&program);
    return status == 0 ? 0 : refuse(err, i->name, i->pcap, status);
}

static uint64_t counter_value(int fd)
{
    char text[24] = "";
    return fd >= 0 && pread(fd, text, sizeof text - 1, 0) > 0 ? strtoull(text, NULL, 10) : 0;
}

static void open_counters(struct live_interface *i)
{
    for (size_t c = 0; c < LIVE_DEVICE_COUNTERS; c++) {
        char path[128];
        int n = snprintf(path, sizeof path, "/sys/class/net/%s/statistics/%s", i->name,
                         device_counters[c]);
        bool fits = n > 0 && (size_t)n < sizeof path && strchr(i->name, '/') == NULL;
        i->device[c] = fits ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        i->device_start[c] = counter_value(i->device[c]);
    }
}

int live_interface_open(struct live_interface *i, struct err *err)
{
    i->fd = i->device[0] = i->device[1] = -1;
    if (set_up(i, &i->options->live, err) != 0 || set_filter(i, i->options->filter, err) != 0) {
        return -1;
    }
    open_counters(i);
    return 0;
}

void live_interface_close(struct live_interface *i)
{
    if (i->pcap != NULL) {
        pcap_close(i->pcap);
    }
    for (size_t c = 0; c < LIVE_DEVICE_COUNTERS; c++) {
        if (i->device[c] >= 0) {
            close(i->device[c]);
        }
    }
    free(i->behind);
}

/*--- Coming and going ---------------------------------------------------------------------------*/

static void change(struct live_interface *i, enum live_state state)
{
    static const char *const words[] = {"is up again", "went down; waiting for it",
                                        "is back as another kind of link: start again to see it"};
    char text[160];
    if (i->state == state) {
        return;
    }
    i->info->downs += i->state == LIVE_UP;
    i->state = state;
    snprintf(text, sizeof text, "%.40s %s", i->name, words[state]);
    if (i->options->live.notice != NULL) {
        i->options->live.notice(i->options->context, text);
    }
}

void live_interface_went_down(struct live_interface *i)
{
    if (i->state == LIVE_UP) {
        change(i, LIVE_DOWN);
    }
}

/* The interface of this name is another than before: the socket goes over to it. Its ring and its
 * filter stay. */
static bool bind_anew(struct live_interface *i, unsigned system_index)
{
    struct sockaddr_ll address = {.sll_family = AF_PACKET,
                                  .sll_protocol = htons(ETH_P_ALL),
                                  .sll_ifindex = (int)system_index};
    struct packet_mreq promiscuous = {.mr_ifindex = (int)system_index,
                                      .mr_type = PACKET_MR_PROMISC};
    if (bind(i->fd, (struct sockaddr *)&address, sizeof address) != 0) {
        return false;
    }
    if (i->options->live.promiscuous) {
        (void)setsockopt(i->fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP, &promiscuous,
                         sizeof promiscuous);
    }
    i->system_index = system_index;
    return true;
}

/* libpcap goes on without a word when an interface is down; the kernel says so. */
static enum live_state state_of(struct live_interface *i)
{
    struct ifreq request;
    if (!ask(i, SIOCGIFFLAGS, &request) || !(request.ifr_flags & IFF_UP)) {
        return LIVE_DOWN;
    }
    if (!ask(i, SIOCGIFINDEX, &request)) {
        return LIVE_DOWN;
    }
    unsigned system_index = (unsigned)request.ifr_ifindex;
    if (system_index == i->system_index) {
        return i->state == LIVE_OTHER_LINK ? LIVE_OTHER_LINK : LIVE_UP;
    }
    if (arphrd_of(i) != i->arphrd) {
        return LIVE_OTHER_LINK;
    }
    return bind_anew(i, system_index) ? LIVE_UP : LIVE_DOWN;
}

void live_interface_look(struct live_interface *i)
{
    if (i->system_index != 0) { /* else it is any */
        change(i, state_of(i));
    }
}

/*--- Loss ---------------------------------------------------------------------------------------*/

/* The kernel counts from the last question on. pcap_stats() asks the same, but leaves out how often
 * the ring was full, and opens files to learn what the device lost. */
static void ask_kernel(struct live_interface *i)
{
    struct tpacket_stats_v3 stats = {0};
    socklen_t size = sizeof stats;
    if (getsockopt(i->fd, SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0) {
        i->kernel_dropped += stats.tp_drops;
        i->info->overflows += size == sizeof stats ? stats.tp_freeze_q_cnt : 0;
    }
}

void live_interface_count(struct live_interface *i)
{
    uint64_t device = 0;
    ask_kernel(i);
    for (size_t c = 0; c < LIVE_DEVICE_COUNTERS; c++) {
        uint64_t value = counter_value(i->device[c]);
        device += value > i->device_start[c] ? value - i->device_start[c] : 0;
    }
    /* The counters go with the device when that is removed. */
    i->device_dropped = device > i->device_dropped ? device : i->device_dropped;
    i->info->dropped_by_kernel = i->kernel_dropped;
    i->info->dropped_by_device = i->device_dropped;
    i->info->dropped = i->kernel_dropped + i->device_dropped;
}
