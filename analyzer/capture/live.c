/* Live capture by libpcap (packet(7), TPACKET_V3 rings on Linux). */
#include "live.h"

#include "bpf.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* The ring hands over a block when it is full or so old. libpcap's immediate mode gives each packet
 * a slot of its own, as long as the longest packet: a ring of 64 MiB then holds 1,000 packets, 2 ms
 * of a busy link. A block that is never older than this is as quick for a reader, and is lost to
 * nobody. */
#define LIVE_BLOCK_PROMPT_MS 5
#define LIVE_BLOCK_MS 50

#define LIVE_BATCH_MAX 64
#define SLL2_INTERFACE_OFFSET 4

/* What the device itself lost, before the kernel saw it. */
static const char *const device_counters[] = {"rx_missed_errors", "rx_fifo_errors"};
#define DEVICE_COUNTERS (sizeof device_counters / sizeof *device_counters)

/* An interface behind the `any` device. */
struct behind {
    unsigned system_index; /* as if_nametoindex */
    uint32_t index;        /* in the table */
};

struct live_interface {
    const char *name;
    pcap_t *pcap;
    int fd, link;
    unsigned system_index; /* as if_nametoindex; 0: any */
    uint32_t index;        /* in the table */
    bool down;
    int device[DEVICE_COUNTERS];            /* descriptors of the device's counters, or -1 */
    uint64_t device_start[DEVICE_COUNTERS]; /* before the capture */
    uint64_t kernel_dropped;
    struct source_file *info;
    struct behind *behind; /* of `any`: sorted by system_index */
    size_t behind_n;
};

struct live {
    const struct source_options *options;
    struct interface_table *table;
    struct live_interface *interfaces;
    size_t n, turn; /* turn: whose packets come first in the next batch */
    int all;        /* epoll(7) over all interfaces */
    struct pollfd *waiting;
    struct pollfd watched[LIVE_WATCHED_MAX];
    size_t watched_n;
    uint8_t *arena; /* the packets of a batch */
    size_t arena_size;
};

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
    for (size_t c = 0; c < DEVICE_COUNTERS; c++) {
        char path[128];
        int n = snprintf(path, sizeof path, "/sys/class/net/%s/statistics/%s", i->name,
                         device_counters[c]);
        bool fits = n > 0 && (size_t)n < sizeof path && strchr(i->name, '/') == NULL;
        i->device[c] = fits ? open(path, O_RDONLY | O_CLOEXEC) : -1;
        i->device_start[c] = counter_value(i->device[c]);
    }
}

static int add_interface(struct interface_table *table, const struct live_interface *i,
                         const char *name, size_t number, uint32_t *index)
{
    if (table->n == table->room) {
        size_t room = table->room * 2 + 16;
        struct source_interface *p = realloc(table->p, room * sizeof *p);
        if (p == NULL) {
            return -1;
        }
        table->p = p;
        table->room = room;
    }
    struct source_interface *entry = &table->p[table->n];
    *entry = (struct source_interface){.file = number,
                                       .link = i->link,
                                       .snaplen = (uint32_t)pcap_snapshot(i->pcap),
                                       .digits = i->info->digits};
    (void)snprintf(entry->name, sizeof entry->name, "%s", name);
    *index = (uint32_t)table->n++;
    return 0;
}

static int by_system_index(const void *a, const void *b)
{
    const struct behind *x = a, *y = b;
    return (x->system_index > y->system_index) - (x->system_index < y->system_index);
}

/* The interfaces whose packets `any` brings; later ones go by the name of `any`. */
static int list_behind(struct live *live, struct live_interface *i, size_t number)
{
    struct if_nameindex *names = if_nameindex();
    if (names == NULL) {
        return 0;
    }
    size_t n = 0;
    while (names[n].if_index != 0 && n < CAPTURE_INTERFACES_MAX - 1) {
        n++;
    }
    int status = 0;
    i->behind = calloc(n + 1, sizeof *i->behind);
    for (size_t k = 0; k < n && status == 0 && i->behind != NULL; k++) {
        i->behind[k].system_index = names[k].if_index;
        status = add_interface(live->table, i, names[k].if_name, number, &i->behind[k].index);
        i->behind_n = k + 1;
    }
    if_freenameindex(names);
    if (i->behind == NULL || status != 0) {
        return -1;
    }
    qsort(i->behind, i->behind_n, sizeof *i->behind, by_system_index);
    return 0;
}

static int open_interface(struct live *live, size_t number, struct err *err)
{
    struct live_interface *i = &live->interfaces[number];
    const struct source_options *o = live->options;
    if (set_up(i, &o->live, err) != 0 || set_filter(i, o->filter, err) != 0) {
        return -1;
    }
    struct epoll_event event = {.events = EPOLLIN};
    if (epoll_ctl(live->all, EPOLL_CTL_ADD, i->fd, &event) != 0) {
        return err_set(err, "%.40s cannot be waited for", i->name);
    }
    open_counters(i);
    if (add_interface(live->table, i, i->name, number, &i->index) != 0 ||
        (i->link == DLT_LINUX_SLL2 && list_behind(live, i, number) != 0)) {
        return err_set(err, "out of memory");
    }
    return 0;
}

static struct live *live_new(size_t n, struct err *err)
{
    struct live *live = calloc(1, sizeof *live);
    if (live != NULL) {
        live->all = epoll_create1(EPOLL_CLOEXEC);
        live->arena_size = (size_t)LIVE_BATCH_MAX * CAPTURE_PACKET_MAX_BYTES;
        live->interfaces = calloc(n, sizeof *live->interfaces);
        live->waiting = calloc(n + LIVE_WATCHED_MAX, sizeof *live->waiting);
        live->arena = malloc(live->arena_size); /* only what packets fill takes memory */
        if (live->all >= 0 && live->interfaces != NULL && live->waiting != NULL &&
            live->arena != NULL) {
            return live;
        }
    }
    live_free(live);
    err_set(err, "out of memory");
    return NULL;
}

struct live *live_open(const char *const *names, size_t n, const struct source_options *options,
                       struct source_file *info, struct interface_table *table, struct err *err)
{
    struct live *live = live_new(n, err);
    if (live == NULL) {
        return NULL;
    }
    live->options = options;
    live->table = table;
    for (size_t k = 0; k < n; k++) {
        live->interfaces[k] = (struct live_interface){
            .name = names[k], .fd = -1, .device = {-1, -1}, .info = &info[k]};
        live->n = k + 1;
        if (open_interface(live, k, err) != 0) {
            live_free(live);
            return NULL;
        }
    }
    return live;
}

void live_free(struct live *live)
{
    if (live == NULL) {
        return;
    }
    for (size_t k = 0; k < live->n; k++) {
        struct live_interface *i = &live->interfaces[k];
        if (i->pcap != NULL) {
            pcap_close(i->pcap);
        }
        for (size_t c = 0; c < DEVICE_COUNTERS; c++) {
            if (i->device[c] >= 0) {
                close(i->device[c]);
            }
        }
        free(i->behind);
    }
    if (live->all >= 0) {
        close(live->all);
    }
    free(live->interfaces);
    free(live->waiting);
    free(live->arena);
    free(live);
}

/*--- Packets ------------------------------------------------------------------------------------*/

/* Where the packets of one call of libpcap go. */
struct taking {
    struct live *live;
    struct live_interface *interface;
    struct packet *packets;
    size_t n, max, used;
};

static uint32_t interface_of(const struct live_interface *i, struct bytes b)
{
    if (i->behind_n == 0 || b.n < SLL2_INTERFACE_OFFSET + 4) {
        return i->index;
    }
    struct behind key = {.system_index = be32_at(b, SLL2_INTERFACE_OFFSET)};
    const struct behind *found = bsearch(&key, i->behind, i->behind_n, sizeof key, by_system_index);
    return found != NULL ? found->index : i->index;
}

static void count_packet(struct live *live, struct source_file *f, const struct packet *p)
{
    f->first = f->packets == 0 || p->ts < f->first ? p->ts : f->first;
    f->last = f->packets == 0 || p->ts > f->last ? p->ts : f->last;
    f->packets++;
    f->bytes += p->b.n;
    f->cut += p->b.n < p->wire_len;
    live->table->p[p->interface].packets++;
}

static void take_packet(u_char *context, const struct pcap_pkthdr *header, const u_char *bytes)
{
    struct taking *t = (struct taking *)(void *)context;
    struct live *live = t->live;
    size_t n =
        header->caplen < CAPTURE_PACKET_MAX_BYTES ? header->caplen : CAPTURE_PACKET_MAX_BYTES;
    if (t->n == t->max || n > live->arena_size - t->used) {
        t->interface->kernel_dropped++; /* libpcap gave more than it was asked for */
        return;
    }
    uint8_t *copy = live->arena + t->used;
    memcpy(copy, bytes, n);
    t->used += n;
    int64_t fraction = (int64_t)header->ts.tv_usec * (t->interface->info->digits == 9 ? 1 : 1000);
    struct packet *p = &t->packets[t->n++];
    *p = (struct packet){.ts = (int64_t)header->ts.tv_sec * SECOND_NS + fraction,
                         .wire_len = header->len,
                         .link = t->interface->link,
                         .b = {copy, n}};
    p->interface = interface_of(t->interface, p->b);
    count_packet(live, t->interface->info, p);
}

static void tell(const struct live *live, const char *text)
{
    if (live->options->live.notice != NULL) {
        live->options->live.notice(live->options->context, text);
    }
}

static void went_down(struct live *live, struct live_interface *i)
{
    char text[160];
    if (i->down) {
        return;
    }
    i->down = true;
    i->info->downs++;
    snprintf(text, sizeof text, "%.40s went down; waiting for it", i->name);
    tell(live, text);
}

static void came_up(struct live *live, struct live_interface *i)
{
    char text[160];
    i->down = false;
    snprintf(text, sizeof text, "%.40s is up again", i->name);
    tell(live, text);
}

/* libpcap goes on without a word when an interface is down; the kernel says so. */
static void look_at_state(struct live *live, struct live_interface *i)
{
    struct ifreq request = {0};
    if (i->system_index == 0) { /* any */
        return;
    }
    (void)snprintf(request.ifr_name, sizeof request.ifr_name, "%s", i->name);
    bool up = ioctl(i->fd, SIOCGIFFLAGS, &request) == 0 && (request.ifr_flags & IFF_UP);
    if (!up) {
        went_down(live, i);
    } else if (i->down) {
        came_up(live, i);
    }
}

/* Oldest first, for interfaces that were asked one after the other. */
static void sort_packets(struct packet *packets, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct packet p = packets[i];
        size_t j = i;
        for (; j > 0 && packets[j - 1].ts > p.ts; j--) {
            packets[j] = packets[j - 1];
        }
        packets[j] = p;
    }
}

/* What is there, without waiting. */
static size_t collect(struct live *live, struct packet *packets, size_t max)
{
    struct taking t = {.live = live, .packets = packets};
    for (size_t k = 0; k < live->n && t.n < max; k++) {
        struct live_interface *i = &live->interfaces[(live->turn + k) % live->n];
        size_t others = live->n - k;
        size_t share = (max - t.n + others - 1) / others;
        t.interface = i;
        t.max = t.n + share;
        int status = pcap_dispatch(i->pcap, (int)share, take_packet, (u_char *)&t);
        if (status < 0) {
            went_down(live, i);
        }
    }
    live->turn = (live->turn + 1) % live->n;
    if (live->n > 1) {
        sort_packets(packets, t.n);
    }
    return t.n;
}

/* false: a signal came, or a watched descriptor is ready. */
static bool wait_for_packets(struct live *live)
{
    size_t n = 0;
    for (size_t k = 0; k < live->n; k++) {
        /* poll() would return at once for an interface that is down */
        int fd = live->interfaces[k].down ? -1 : live->interfaces[k].fd;
        live->waiting[n++] = (struct pollfd){.fd = fd, .events = POLLIN};
    }
    for (size_t k = 0; k < live->watched_n; k++) {
        live->waiting[n++] = live->watched[k];
    }
    if (poll(live->waiting, (nfds_t)n, live->options->live.wait_ms) < 0) {
        return false;
    }
    for (size_t k = live->n; k < n; k++) {
        if (live->waiting[k].revents != 0) {
            return false;
        }
    }
    return true;
}

size_t live_batch(struct live *live, struct packet *packets, size_t max)
{
    max = max < LIVE_BATCH_MAX ? max : LIVE_BATCH_MAX;
    size_t n = collect(live, packets, max);
    if (n == 0 && wait_for_packets(live)) {
        n = collect(live, packets, max);
    }
    return n;
}

int live_fd(const struct live *live)
{
    return live->all;
}

void live_watch(struct live *live, const struct pollfd *fds, size_t n)
{
    assert(n <= LIVE_WATCHED_MAX);
    memcpy(live->watched, fds, n * sizeof *fds);
    live->watched_n = n;
}

/*--- Loss ---------------------------------------------------------------------------------------*/

/* The kernel counts from the last question on. pcap_stats() asks the same, but leaves out how often
 * the ring was full, and opens files to learn what the device lost. */
static void ask_kernel(struct live_interface *i)
{
    struct tpacket_stats_v3 stats = {0};
    socklen_t size = sizeof stats;
    if (getsockopt(pcap_fileno(i->pcap), SOL_PACKET, PACKET_STATISTICS, &stats, &size) == 0) {
        i->kernel_dropped += stats.tp_drops;
        i->info->overflows += size == sizeof stats ? stats.tp_freeze_q_cnt : 0;
    }
}

void live_refresh(struct live *live)
{
    for (size_t k = 0; k < live->n; k++) {
        struct live_interface *i = &live->interfaces[k];
        uint64_t device = 0;
        ask_kernel(i);
        look_at_state(live, i);
        for (size_t c = 0; c < DEVICE_COUNTERS; c++) {
            uint64_t value = counter_value(i->device[c]);
            device += value > i->device_start[c] ? value - i->device_start[c] : 0;
        }
        i->info->dropped_by_kernel = i->kernel_dropped;
        i->info->dropped_by_device = device;
        i->info->dropped = i->kernel_dropped + device;
        live->table->p[i->index].dropped = i->info->dropped;
    }
}
