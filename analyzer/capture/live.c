/* Live capture on several interfaces at once, by libpcap (live_interface.h). */
#include "live.h"

#include "live_interface.h"

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

#define LIVE_BATCH_MAX 64
#define SLL2_INTERFACE_OFFSET 4

struct live {
    const struct source_options *options;
    struct interface_table *table;
    struct live_interface *interfaces;
    size_t n, turn; /* turn: whose packets come first in the next batch */
    int all;        /* epoll(7) over all interfaces */
    int *fds;       /* of the interfaces */
    struct pollfd *waiting;
    struct pollfd watched[LIVE_WATCHED_MAX];
    size_t watched_n;
    uint8_t *arena; /* the packets of a batch */
    size_t arena_size;
};

/*--- Opening ------------------------------------------------------------------------------------*/

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
    const struct live_behind *x = a, *y = b;
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
    if (live_interface_open(i, err) != 0) {
        return -1;
    }
    live->fds[number] = i->fd;
    struct epoll_event event = {.events = EPOLLIN};
    if (epoll_ctl(live->all, EPOLL_CTL_ADD, i->fd, &event) != 0) {
        return err_set(err, "%.40s cannot be waited for", i->name);
    }
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
        live->fds = calloc(n, sizeof *live->fds);
        live->waiting = calloc(n + LIVE_WATCHED_MAX, sizeof *live->waiting);
        live->arena = malloc(live->arena_size); /* only what packets fill takes memory */
        if (live->all >= 0 && live->interfaces != NULL && live->fds != NULL &&
            live->waiting != NULL && live->arena != NULL) {
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
        live->interfaces[k] =
            (struct live_interface){.name = names[k], .info = &info[k], .options = options};
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
        live_interface_close(&live->interfaces[k]);
    }
    if (live->all >= 0) {
        close(live->all);
    }
    free(live->interfaces);
    free(live->waiting);
    free(live->fds);
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
    struct live_behind key = {.system_index = be32_at(b, SLL2_INTERFACE_OFFSET)};
    const struct live_behind *found =
        bsearch(&key, i->behind, i->behind_n, sizeof key, by_system_index);
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
            live_interface_went_down(i);
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
        int fd = live->interfaces[k].state != LIVE_UP ? -1 : live->interfaces[k].fd;
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

const int *live_fds(const struct live *live, size_t *n)
{
    *n = live->n;
    return live->fds;
}

void live_watch(struct live *live, const struct pollfd *fds, size_t n)
{
    assert(n <= LIVE_WATCHED_MAX);
    memcpy(live->watched, fds, n * sizeof *fds);
    live->watched_n = n;
}

void live_refresh(struct live *live)
{
    for (size_t k = 0; k < live->n; k++) {
        struct live_interface *i = &live->interfaces[k];
        live_interface_count(i);
        live_interface_look(i);
        live->table->p[i->index].dropped = i->info->dropped;
    }
}
