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

static bool is_live(const struct capture_summary *c)
{
    return c->files_n > 0 && c->files[0].live;
}

struct damage {
    uint64_t files, records; /* files that end too early */
};

static struct damage damage_of(const struct capture_summary *c)
{
    struct damage d = {0};
    for (size_t i = 0; i < c->files_n; i++) {
        d.files += c->files[i].truncated > 0;
        d.records += c->files[i].damaged;
    }
    return d;
}

static void lost_by_capture(const struct losses *l, const struct capture_summary *c)
{
    struct damage damage = damage_of(c);
    bool live = is_live(c);
    lost(l, live ? 0 : c->dropped,
         "packets dropped by the capturing program: use a larger buffer (tcpdump -B) "
         "or a capture filter");
    if (live) {
        lost_live(l, c);
    }
    lost(l, damage.files, "files that end within a packet");
    lost(l, damage.records, "damaged records, skipped");
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
    if (l->tally != NULL) {
        lost(l, l->tally->findings_left_out, "findings left out of the lists of their sessions");
    }
    lost(l, l->sessions_left_out, "sessions left out of the list for want of room");
}

static void note_any(void *any, uint64_t n, const char *text)
{
    (void)n;
    (void)text;
    *(bool *)any = true;
}

bool losses_any(const struct report_context *context)
{
    bool any = false;
    losses_tell(&(struct losses){.context = context, .tell = note_any, .self = &any});
    return any;
}

void losses_json(const struct losses *l, struct json *w)
{
    const struct engine_stats *s = l->context->stats;
    const struct capture_summary *c = l->context->capture;
    struct damage damage = damage_of(c);
    json_object_begin(w, "loss");
    json_u64(w, "dropped_packets", c->dropped);
    json_u64(w, "truncated_files", damage.files);
    json_u64(w, "damaged_records", damage.records);
    json_u64(w, "cut_packets", s->cut_packets);
    json_u64(w, "bad_packets", s->bad_packets);
    json_u64(w, "unknown_link_packets", s->unknown_link);
    json_u64(w, "encrypted_packets", s->encrypted);
    json_u64(w, "too_deep_packets", s->too_deep);
    json_u64(w, "fragments_dropped", s->fragments_dropped);
    json_u64(w, "gaps", s->gaps);
    json_u64(w, "lost_bytes", s->lost_bytes);
    json_u64(w, "connections_evicted", s->connections_evicted);
    if (l->tally != NULL) {
        json_u64(w, "sessions_evicted", l->tally->evicted);
    }
    json_u64(w, "waiting_limit_hits", s->waiting_limit_hits);
    if (l->tally != NULL) {
        json_u64(w, "findings_left_out", l->tally->findings_left_out);
        json_u64(w, "sessions_left_out", l->sessions_left_out);
    }
    if (is_live(c)) {
        json_u64(w, "bodies_shed", s->bodies_shed);
        json_u64(w, "connections_shed", s->connections_shed);
    }
    json_end(w);
}
