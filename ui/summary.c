/* What was read, in the words of a report. */
#include "summary.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

int summary_init(struct summary *s, size_t n, const char *filter)
{
    *s = (struct summary){.capture = {.files_n = n, .digits = 6, .filter = filter}};
    s->files = calloc(n + 1, sizeof *s->files);
    s->before = calloc(n + 1, sizeof *s->before);
    s->formats = calloc(n + 1, sizeof *s->formats);
    if (s->files == NULL || s->before == NULL || s->formats == NULL) {
        summary_done(s);
        return -1;
    }
    s->capture.files = s->files;
    return 0;
}

void summary_done(struct summary *s)
{
    free(s->files);
    free(s->before);
    free(s->formats);
    free(s->interfaces);
    *s = (struct summary){0};
}

static const char *format_text(char text[16], const struct source_file *f)
{
    static const char *const names[] = {NULL, "pcap", "pcapng", "live"};
    if (names[f->format] == NULL) {
        return NULL;
    }
    snprintf(text, 16, "%s%s", names[f->format], f->gzip ? ", gzip" : "");
    return text;
}

static struct capture_file file_of(const struct source_file *f, char format[16])
{
    return (struct capture_file){.name = f->path,
                                 .format = format_text(format, f),
                                 .error = f->error.text[0] != '\0' ? f->error.text : NULL,
                                 .packets = f->packets,
                                 .bytes = f->bytes,
                                 .first = f->first,
                                 .last = f->last,
                                 .dropped = f->dropped,
                                 .truncated = f->truncated,
                                 .damaged = f->damaged + f->too_large,
                                 .skipped = f->skipped,
                                 .cut = f->cut,
                                 .live = f->format == SOURCE_LIVE,
                                 .dropped_by_kernel = f->dropped_by_kernel,
                                 .dropped_by_device = f->dropped_by_device,
                                 .overflows = f->overflows,
                                 .downs = f->downs};
}

static int update_interfaces(struct summary *s, const struct source_info *info)
{
    if (info->interfaces_n > s->interfaces_size) {
        size_t size = info->interfaces_n * 2;
        struct capture_interface *more = realloc(s->interfaces, size * sizeof *more);
        if (more == NULL) {
            return -1;
        }
        s->interfaces = more;
        s->interfaces_size = size;
    }
    for (size_t i = 0; i < info->interfaces_n; i++) {
        s->interfaces[i].name = info->interfaces[i].name;
    }
    s->capture.interfaces = s->interfaces;
    s->capture.interfaces_n = info->interfaces_n;
    return 0;
}

/* What came since. */
static void subtract(struct capture_file *f, const struct capture_file *before)
{
    f->first = before->packets > 0 ? before->last : f->first;
    f->packets -= before->packets;
    f->bytes -= before->bytes;
    f->dropped -= before->dropped;
    f->cut -= before->cut;
    f->dropped_by_kernel -= before->dropped_by_kernel;
    f->dropped_by_device -= before->dropped_by_device;
    f->overflows -= before->overflows;
    f->downs -= before->downs;
}

static void add_file(struct capture_summary *c, const struct capture_file *f)
{
    if (f->packets > 0) {
        c->first = c->packets == 0 || f->first < c->first ? f->first : c->first;
        c->last = c->packets == 0 || f->last > c->last ? f->last : c->last;
    }
    c->packets += f->packets;
    c->bytes += f->bytes;
    c->dropped += f->dropped;
}

int summary_update(struct summary *s, const struct source *source)
{
    struct source_info info;
    struct capture_summary *c = &s->capture;
    source_info(source, &info);
    c->packets = c->bytes = c->dropped = 0;
    c->first = c->last = 0;
    for (size_t i = 0; i < info.files_n; i++) {
        s->files[i] = file_of(&info.files[i], s->formats[i]);
        subtract(&s->files[i], &s->before[i]);
        add_file(c, &s->files[i]);
    }
    c->digits = info.digits;
    c->filtered_out = info.filtered_out - s->filtered_out_before;
    return update_interfaces(s, &info);
}

void summary_begin_interval(struct summary *s, const struct source *source)
{
    struct source_info info;
    source_info(source, &info);
    for (size_t i = 0; i < info.files_n; i++) {
        s->before[i] = file_of(&info.files[i], s->formats[i]);
    }
    s->filtered_out_before = info.filtered_out;
}

/*--- Damage -------------------------------------------------------------------------------------*/

/* What happened, without the name of the file. */
static void note_text(char *text, size_t size, const struct source_note *note)
{
    switch (note->kind) {
    case SOURCE_TRUNCATED:
        snprintf(text, size, "%" PRIu64 " bytes are missing after packet %" PRIu64, note->bytes,
                 note->packet);
        return;
    case SOURCE_DAMAGED:
        snprintf(text, size,
                 "%" PRIu64 " bytes at offset %" PRIu64 " were skipped, after packet %" PRIu64,
                 note->bytes, note->offset, note->packet);
        return;
    case SOURCE_TOO_LARGE:
        snprintf(text, size,
                 "a packet of %" PRIu64 " bytes at offset %" PRIu64
                 " was skipped, after packet %" PRIu64,
                 note->bytes, note->offset, note->packet);
        return;
    }
}

static void note_finding(const struct source_file *f, const struct source_note *note,
                         struct event_sink *sink)
{
    char text[160];
    struct event event = {.type = EVENT_FINDING, .ts = f->last, .pkt = note->packet};
    note_text(text, sizeof text, note);
    event.finding.id =
        note->kind == SOURCE_TRUNCATED ? FINDING_CAPTURE_TRUNCATED : FINDING_CAPTURE_DAMAGED;
    event.finding.detail = bytes_of(text);
    sink->emit(sink, &event);
}

void summary_findings(const struct source *source, struct event_sink *sink)
{
    struct source_info info;
    source_info(source, &info);
    for (size_t i = 0; i < info.files_n; i++) {
        for (size_t j = 0; j < info.files[i].notes_n; j++) {
            note_finding(&info.files[i], &info.files[i].notes[j], sink);
        }
    }
}

static void complain_of_damage(const struct source_file *f, void (*complain)(const char *text))
{
    char text[512], what[160];
    const struct source_note *note = &f->notes[0];
    uint64_t more = f->truncated + f->damaged + f->too_large - 1;
    note_text(what, sizeof what, note);
    if (note->kind == SOURCE_TRUNCATED) {
        snprintf(text, sizeof text, "%.200s ends within a packet: %s", f->path, what);
    } else if (more > 0) {
        snprintf(text, sizeof text, "%.200s is damaged: %s (and %" PRIu64 " more places)", f->path,
                 what, more);
    } else {
        snprintf(text, sizeof text, "%.200s is damaged: %s", f->path, what);
    }
    complain(text);
}

size_t summary_complaints(const struct source *source, void (*complain)(const char *text))
{
    struct source_info info;
    size_t files = 0;
    source_info(source, &info);
    for (size_t i = 0; i < info.files_n; i++) {
        const struct source_file *f = &info.files[i];
        bool failed = f->error.text[0] != '\0';
        if (f->notes_n > 0) {
            complain_of_damage(f, complain);
        }
        if (failed) {
            complain(f->error.text);
        }
        files += failed || f->notes_n > 0;
    }
    if (info.filter_problem != NULL) {
        complain(info.filter_problem);
    }
    return files;
}

bool summary_is_void(const struct source *source)
{
    struct source_info info;
    source_info(source, &info);
    return info.packets == 0 && info.errors == info.files_n;
}
