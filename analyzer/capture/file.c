/* One capture file: libpcap is fed sound records, one at a time, and says what is in them. */
#include "file.h"

#include <stdio_ext.h>
#include <stdlib.h>

/* What libpcap reads at once: a part of the level 1 cache, since it is copied from there at once.
 */
#define FILE_FEED_BYTES 16384

/*--- Feeding libpcap ----------------------------------------------------------------------------*/

static void next_run(struct capture_file *f)
{
    struct bytes run = f->ahead[f->feeding++].record.raw;
    while (f->feeding < f->ahead_n && f->ahead[f->feeding].record.raw.p == run.p + run.n) {
        run.n += f->ahead[f->feeding++].record.raw.n;
    }
    f->run = run;
}

/* libpcap's read: first what is left of the header, then the records, then nothing. */
static ssize_t feed(void *cookie, char *to, size_t n)
{
    struct capture_file *f = cookie;
    struct bytes *from = &f->run, header;
    if (f->header_fed < f->mend.header.n) {
        header = bytes_from(buffer_bytes(&f->mend.header), f->header_fed);
        f->header_fed += n < header.n ? n : header.n;
        from = &header;
    } else if (f->run.n == 0 && f->feeding < f->ahead_n) {
        next_run(f);
    }
    n = n < from->n ? n : from->n;
    if (n > 0) {
        memcpy(to, from->p, n);
        *from = bytes_from(*from, n);
    }
    return (ssize_t)n;
}

static FILE *open_feed(void *cookie)
{
    FILE *stream = fopencookie(cookie, "rb", (cookie_io_functions_t){.read = feed});
    if (stream != NULL) {
        /* Used by this thread alone: no locks. */
        (void)setvbuf(stream, NULL, _IOFBF, FILE_FEED_BYTES);
        (void)__fsetlocking(stream, FSETLOCKING_BYCALLER);
    }
    return stream;
}

static void close_pcap(struct capture_file *f)
{
    if (f->pcap != NULL) {
        pcap_close(f->pcap);
        f->pcap = NULL;
    }
}

static int open_pcap(struct capture_file *f)
{
    char reason[PCAP_ERRBUF_SIZE] = "";
    close_pcap(f);
    f->header_fed = 0;
    f->section = f->mend.section;
    FILE *stream = open_feed(f);
    if (stream == NULL) {
        return err_set(&f->info->error, "%s: out of memory", input_name(f->input));
    }
    f->pcap = pcap_fopen_offline_with_tstamp_precision(stream, PCAP_TSTAMP_PRECISION_NANO, reason);
    if (f->pcap == NULL) {
        (void)fclose(stream);
        return err_set(&f->info->error, "%s: %s", input_name(f->input), reason);
    }
    return 0;
}

/* The DLT_ value of a LINKTYPE_ value: libpcap alone knows which differ, and says so of a file. */
static ssize_t feed_bytes(void *cookie, char *to, size_t n)
{
    struct bytes *from = cookie;
    n = n < from->n ? n : from->n;
    memcpy(to, from->p, n);
    *from = bytes_from(*from, n);
    return (ssize_t)n;
}

static int link_of(uint16_t linktype)
{
    struct pcap_file_header header = {.magic = 0xa1b2c3d4,
                                      .version_major = PCAP_VERSION_MAJOR,
                                      .version_minor = PCAP_VERSION_MINOR,
                                      .snaplen = CAPTURE_PACKET_MAX_BYTES,
                                      .linktype = linktype};
    struct bytes bytes = {(const uint8_t *)&header, sizeof header};
    char reason[PCAP_ERRBUF_SIZE];
    FILE *stream = fopencookie(&bytes, "rb", (cookie_io_functions_t){.read = feed_bytes});
    pcap_t *pcap = stream != NULL ? pcap_fopen_offline(stream, reason) : NULL;
    if (pcap == NULL) {
        if (stream != NULL) {
            (void)fclose(stream);
        }
        return linktype;
    }
    int link = pcap_datalink(pcap);
    pcap_close(pcap);
    return link;
}

/*--- What the walk tells ------------------------------------------------------------------------*/

static void on_section(void *context)
{
    struct capture_file *f = context;
    f->local_before = f->local_n > f->local_before ? f->local_n : f->local_before;
    f->local_n = 0;
}

static bool grow_local(struct capture_file *f)
{
    if (f->local_n < f->local_room) {
        return true;
    }
    uint32_t room = f->local_room == 0 ? 4 : f->local_room * 2;
    struct local_interface *p = realloc(f->local, room * sizeof *p);
    if (p == NULL) {
        return false;
    }
    f->local = p;
    f->local_room = room;
    return true;
}

static bool grow_table(struct interface_table *table)
{
    if (table->n < table->room) {
        return true;
    }
    size_t room = table->room == 0 ? 4 : table->room * 2;
    struct source_interface *p = realloc(table->p, room * sizeof *p);
    if (table->n >= CAPTURE_INTERFACES_MAX || p == NULL) {
        table->p = p != NULL ? p : table->p;
        table->room = p != NULL ? room : table->room;
        return false;
    }
    table->p = p;
    table->room = room;
    return true;
}

static bool is_same(const struct source_interface *a, const struct source_interface *b)
{
    return a->link == b->link && a->snaplen == b->snaplen && a->digits == b->digits &&
           strcmp(a->name, b->name) == 0;
}

static bool on_interface(void *context, const struct mend_interface *of_file)
{
    struct capture_file *f = context;
    struct source_interface interface = {.file = f->number,
                                         .link = link_of(of_file->linktype),
                                         .snaplen = of_file->snaplen,
                                         .digits = of_file->digits};
    memcpy(interface.name, of_file->name, sizeof interface.name);
    /* Captures that were strung together describe the same interfaces again. */
    if (f->local_n < f->local_before) {
        struct local_interface *before = &f->local[f->local_n];
        struct source_interface *known = &f->table->p[before->index];
        if (is_same(known, &interface)) {
            before->dropped = known->dropped;
            f->local_n++;
            return true;
        }
    }
    if (!grow_local(f) || !grow_table(f->table)) {
        return false;
    }
    f->local[f->local_n++] = (struct local_interface){(uint32_t)f->table->n, interface.link, 0};
    f->table->p[f->table->n++] = interface;
    f->info->digits = interface.digits > f->info->digits ? interface.digits : f->info->digits;
    return true;
}

/* The counters of an interface only grow within a section, so its last block counts. */
static void on_statistics(void *context, uint32_t interface,
                          const struct mend_statistics *statistics)
{
    struct capture_file *f = context;
    struct local_interface *local = &f->local[interface];
    struct source_interface *known = &f->table->p[local->index];
    f->info->dropped -= known->dropped;
    known->dropped = local->dropped + statistics->dropped;
    f->info->dropped += known->dropped;
}

static void on_secrets(void *context, uint32_t type, struct bytes secrets)
{
    struct capture_file *f = context;
    if (f->options->secrets != NULL) {
        f->options->secrets(f->options->context, type, secrets);
    }
}

static void on_note(void *context, const struct mend_note *note)
{
    struct capture_file *f = context;
    struct source_file *info = f->info;
    static const enum source_note_kind kinds[] = {[MEND_NOTE_TRUNCATED] = SOURCE_TRUNCATED,
                                                  [MEND_NOTE_DAMAGED] = SOURCE_DAMAGED,
                                                  [MEND_NOTE_TOO_LARGE] = SOURCE_TOO_LARGE};
    info->truncated += note->kind == MEND_NOTE_TRUNCATED;
    info->damaged += note->kind == MEND_NOTE_DAMAGED;
    info->too_large += note->kind == MEND_NOTE_TOO_LARGE;
    info->skipped += note->kind != MEND_NOTE_TRUNCATED ? note->bytes : 0;
    if (info->notes_n < CAPTURE_NOTES_MAX) {
        info->notes[info->notes_n++] =
            (struct source_note){kinds[note->kind], note->offset, note->bytes, note->packet};
    }
}

/*--- Open and close -----------------------------------------------------------------------------*/

int capture_file_open(struct capture_file *f, struct input *input, struct source_file *info,
                      size_t number, struct interface_table *table,
                      const struct source_options *options)
{
    *f = (struct capture_file){
        .info = info, .table = table, .options = options, .number = number, .input = input};
    f->hooks = (struct mend_hooks){f, on_section, on_interface, on_statistics, on_secrets, on_note};
    return mend_init(&f->mend, input, &f->hooks, &info->error);
}

void capture_file_close(struct capture_file *f)
{
    close_pcap(f);
    mend_done(&f->mend);
    input_free(f->input);
    free(f->local);
    f->input = NULL;
    f->local = NULL;
}

/*--- Packets ------------------------------------------------------------------------------------*/

static int64_t time_of(const struct capture_file *f, const struct timeval *ts)
{
    int64_t seconds = (int64_t)ts->tv_sec;
    if (f->mend.format == MEND_PCAP) {
        seconds = (uint32_t)seconds; /* some versions of libpcap take it for signed */
    }
    if (seconds > INT64_MAX / SECOND_NS - 1 || seconds < INT64_MIN / SECOND_NS + 1) {
        return seconds > 0 ? INT64_MAX : INT64_MIN;
    }
    return seconds * SECOND_NS + ts->tv_usec; /* nanoseconds, as was asked for */
}

static void count(struct capture_file *f, const struct packet *packet)
{
    struct source_file *info = f->info;
    if (info->packets == 0 || packet->ts < info->first) {
        info->first = packet->ts;
    }
    if (info->packets == 0 || packet->ts > info->last) {
        info->last = packet->ts;
    }
    info->packets++;
    info->bytes += packet->b.n;
    info->cut += packet->wire_len > packet->b.n;
    f->table->p[packet->interface].packets++;
}

/* libpcap says what the next record is. */
static void on_packet(u_char *user, const struct pcap_pkthdr *header, const u_char *data)
{
    struct capture_file *f = (struct capture_file *)(void *)user;
    const struct ahead *ahead = &f->ahead[f->told];
    (void)data; /* record.data are the same bytes, where they stay valid */
    if (header->caplen != ahead->record.data.n) {
        pcap_breakloop(f->pcap);
        return;
    }
    struct packet *packet = &f->ready[f->ready_n++];
    *packet = (struct packet){.ts = time_of(f, &header->ts),
                              .wire_len =
                                  ahead->record.wire_len > 0 ? ahead->record.wire_len : header->len,
                              .link = ahead->link,
                              .interface = ahead->interface,
                              .b = ahead->record.data};
    count(f, packet);
    f->told++;
}

/* libpcap takes no more after the record that it refused: it is opened anew for the next. */
static int refuse(struct capture_file *f)
{
    const struct mend_record *record = &f->ahead[f->told++].record;
    on_note(
        f, &(struct mend_note){MEND_NOTE_DAMAGED, record->offset, record->raw.n, f->info->packets});
    close_pcap(f);
    if (++f->refused > CAPTURE_REFUSED_MAX) {
        return err_set(&f->info->error, "%s: too many damaged records", input_name(f->input));
    }
    return 0;
}

/* Feeds the group to libpcap. */
static int interpret(struct capture_file *f)
{
    f->run.n = 0;
    f->feeding = f->told = 0;
    while (f->told < f->ahead_n) {
        if (f->pcap == NULL || f->section != f->mend.section) {
            f->run.n = 0;
            f->feeding = f->told;
            if (open_pcap(f) != 0) {
                return -1;
            }
        }
        (void)pcap_dispatch(f->pcap, (int)(f->ahead_n - f->told), on_packet, (u_char *)f);
        if (f->told < f->ahead_n && refuse(f) != 0) {
            return -1;
        }
    }
    return 0;
}

/* Gathers records that are in the buffer. A group is of one section, since libpcap is opened anew
 * for each; it reads the interface descriptions among the group before all of it, which is early
 * enough. */
static enum mend_result gather(struct capture_file *f)
{
    f->ahead_n = 0;
    while (f->ahead_n < FILE_AHEAD) {
        struct ahead *ahead = &f->ahead[f->ahead_n];
        enum mend_result result = mend_next(&f->mend, &ahead->record, &f->info->error);
        if (result == MEND_SECTION && f->ahead_n == 0) {
            continue;
        }
        if (result != MEND_PACKET) {
            return f->ahead_n > 0 ? MEND_PACKET : result;
        }
        const struct local_interface *local = &f->local[ahead->record.interface];
        ahead->interface = local->index;
        ahead->link = local->link;
        f->ahead_n++;
    }
    return MEND_PACKET;
}

static enum mend_result end_of(struct capture_file *f, enum mend_result result)
{
    const char *problem = input_gzip_problem(f->input);
    if (result == MEND_END && problem != NULL) {
        err_set(&f->info->error, "%s: %s", input_name(f->input), problem);
    }
    return result;
}

static void describe(struct capture_file *f)
{
    f->info->format = f->mend.format == MEND_PCAP     ? SOURCE_PCAP
                      : f->mend.format == MEND_PCAPNG ? SOURCE_PCAPNG
                                                      : SOURCE_UNKNOWN;
    f->info->gzip = input_is_gzip(f->input);
    f->info->big_endian = f->mend.big_endian;
}

enum mend_result capture_file_next(struct capture_file *f, const struct packet **packet)
{
    while (f->ready_at == f->ready_n) {
        f->ready_at = f->ready_n = 0;
        if (f->failed) {
            return MEND_FAILED;
        }
        enum mend_result result = gather(f);
        if (result != MEND_PACKET) {
            describe(f);
            return end_of(f, result);
        }
        f->failed = interpret(f) != 0;
    }
    *packet = &f->ready[f->ready_at++];
    return MEND_PACKET;
}

enum mend_result capture_file_fill(struct capture_file *f)
{
    return mend_fill(&f->mend, &f->info->error);
}
