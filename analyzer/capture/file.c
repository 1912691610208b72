/* One capture file: the walk over it, and what libpcap says of its header. */
#include "file.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

/*--- What libpcap says --------------------------------------------------------------------------*/

static ssize_t feed(void *cookie, char *to, size_t n)
{
    struct bytes *from = cookie;
    n = n < from->n ? n : from->n;
    if (n > 0) {
        memcpy(to, from->p, n);
        *from = bytes_from(*from, n);
    }
    return (ssize_t)n;
}

/* The DLT_ value of the link type in a file header: libpcap alone knows which differ from LINKTYPE_
 * values. -1 with err filled when it does not take the header. */
static int link_of(struct bytes header, const char *name, struct err *err)
{
    char reason[PCAP_ERRBUF_SIZE] = "out of memory";
    FILE *stream = fopencookie(&header, "rb", (cookie_io_functions_t){.read = feed});
    pcap_t *pcap = stream != NULL ? pcap_fopen_offline(stream, reason) : NULL;
    if (pcap == NULL) {
        if (stream != NULL) {
            (void)fclose(stream);
        }
        return err_set(err, "%s: %s", name, reason);
    }
    int link = pcap_datalink(pcap);
    pcap_close(pcap);
    return link;
}

static int known_link_of(struct capture_file *f, struct bytes header)
{
    struct known_header *known = &f->known;
    if (known->n != header.n || memcmp(known->bytes, header.p, header.n) != 0) {
        known->n = 0;
        known->link = link_of(header, input_name(f->input), &f->info->error);
        if (known->link >= 0 && header.n <= sizeof known->bytes) {
            memcpy(known->bytes, header.p, header.n);
            known->n = header.n;
        }
    }
    return known->link;
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

static enum mend_verdict on_interface(void *context, const struct mend_interface *of_file)
{
    struct capture_file *f = context;
    int link = known_link_of(f, of_file->header);
    if (link < 0) {
        return MEND_GIVE_UP;
    }
    struct source_interface interface = {
        .file = f->number, .link = link, .snaplen = of_file->snaplen, .digits = of_file->digits};
    memcpy(interface.name, of_file->name, sizeof interface.name);
    /* Captures that were strung together describe the same interfaces again. */
    if (f->local_n < f->local_before) {
        struct local_interface *before = &f->local[f->local_n];
        struct source_interface *known = &f->table->p[before->index];
        if (is_same(known, &interface)) {
            before->dropped = known->dropped;
            f->local_n++;
            return MEND_TAKE;
        }
    }
    if (!grow_local(f) || !grow_table(f->table)) {
        return MEND_SKIP;
    }
    f->local[f->local_n++] = (struct local_interface){(uint32_t)f->table->n, interface.link, 0};
    f->table->p[f->table->n++] = interface;
    f->info->digits = interface.digits > f->info->digits ? interface.digits : f->info->digits;
    return MEND_TAKE;
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
    mend_done(&f->mend);
    input_free(f->input);
    free(f->local);
    f->input = NULL;
    f->local = NULL;
}

/*--- Packets ------------------------------------------------------------------------------------*/

/* Says which interface each came through, and counts them. */
static void finish(struct capture_file *f, struct packet *packets, size_t n)
{
    struct source_file *info = f->info;
    if (info->packets == 0) {
        info->first = info->last = packets[0].ts;
    }
    for (size_t i = 0; i < n; i++) {
        struct packet *p = &packets[i];
        const struct local_interface *local = &f->local[p->interface];
        p->interface = local->index;
        p->link = local->link;
        info->first = p->ts < info->first ? p->ts : info->first;
        info->last = p->ts > info->last ? p->ts : info->last;
        info->bytes += p->b.n;
        info->cut += p->wire_len > p->b.n;
        f->table->p[p->interface].packets++;
    }
    info->packets += n;
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

enum mend_result capture_file_batch(struct capture_file *f, struct packet *packets, size_t max,
                                    size_t *n)
{
    enum mend_result result = mend_batch(&f->mend, packets, max, n, &f->info->error);
    if (result != MEND_PACKET) {
        describe(f);
        return end_of(f, result);
    }
    finish(f, packets, *n);
    return result;
}

enum mend_result capture_file_fill(struct capture_file *f)
{
    return mend_fill(&f->mend, &f->info->error);
}
