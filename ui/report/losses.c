/* Losses and limits in words. */
#include "ui/report/losses.h"

static void lost(const struct losses *l, uint64_t n, const char *text)
{
    if (n > 0) {
        l->tell(l->self, n, text);
    }
}

static void lost_live(const struct losses *l, const struct capture_summary *c)
{
    struct capture_file all = {0};
    for (size_t i = 0; i < c->files_n; i++) {
        all.dropped_by_kernel += c->files[i].dropped_by_kernel;
        all.dropped_by_device += c->files[i].dropped_by_device;
        all.overflows += c->files[i].overflows;
        all.downs += c->files[i].downs;
    }
    lost(l, all.dropped_by_kernel,
         "packets dropped by the kernel: use a larger buffer (-B) or a capture filter (-f)");
    lost(l, all.overflows, "times that the kernel's buffer was full");
    lost(l, all.dropped_by_device, "packets dropped by the network device");
    lost(l, all.downs, "times that an interface went down");
}

static void lost_by_capture(const struct losses *l, const struct capture_summary *c)
{
    uint64_t truncated = 0;
    uint64_t damaged = 0;
    for (size_t i = 0; i < c->files_n; i++) {
        truncated += c->files[i].truncated > 0;
        damaged += c->files[i].damaged;
    }
    bool live = c->files_n > 0 && c->files[0].live;
    lost(l, live ? 0 : c->dropped,
         "packets dropped by the capturing program: use a larger buffer (tcpdump -B) "
         "or a capture filter");
    if (live) {
        lost_live(l, c);
    }
    lost(l, truncated, "files that end within a packet");
    lost(l, damaged, "damaged records, skipped");
}

void losses_tell(const struct losses *l)
{
    const struct engine_stats *s = l->context->stats;
    lost_by_capture(l, l->context->capture);
    lost(l, s->cut_packets, "packets cut by the snap length: capture them whole (tcpdump -s 0)");
    lost(l, s->gaps, "holes in TCP streams, packets that the capture missed");
    lost(l, s->lost_bytes, "bytes in those holes");
    lost(l, s->bad_packets, "packets whose headers contradict themselves");
    lost(l, s->unknown_link, "packets of a link type that is not read");
    lost(l, s->encrypted, "encrypted 802.11 frames");
    lost(l, s->too_deep, "packets in more tunnels than are unwrapped");
    lost(l, s->fragments_dropped, "IP fragments that were never completed");
    lost(l, s->connections_evicted, "connections given up because too many were open at once");
    lost(l, s->bodies_shed, "messages whose bodies were left out because packets came too fast");
    lost(l, s->connections_shed, "connections left out because packets came too fast");
    lost(l, s->waiting_limit_hits, "holes given up because too much waited behind them");
    lost(l, l->tally->findings_left_out, "findings left out of the lists of their sessions");
    lost(l, l->sessions_left_out, "sessions left out of the list for want of room");
}
