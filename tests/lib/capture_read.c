/* Small captures for tests, and reading one through the source into something to compare with. */
#include "capture_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

struct bytes packet_bytes(char *to, unsigned i)
{
    int n = sprintf(to, "packet %u ", i);
    size_t all = (size_t)n + 7 * i % 50;
    memset(to + n, 'x', all - (size_t)n);
    return (struct bytes){(uint8_t *)to, all};
}

static void add_seen(struct seen *seen, const struct packet *p)
{
    assert_true(p->b.n == 0 || p->b.p != NULL);
    size_t at = strlen(seen->text);
    if (at + 40 < sizeof seen->text) {
        int n = 0;
        while ((size_t)n < p->b.n && n < 30 && p->b.p[n] != 'x') {
            n++;
        }
        (void)snprintf(seen->text + at, sizeof seen->text - at, "%.*s\n", n, (const char *)p->b.p);
    }
    if (seen->n < 64) {
        seen->packets[seen->n] = *p;
    }
    seen->n++;
}

static void read_all(struct source *source, struct seen *seen)
{
    struct packet packets[5];
    size_t n;
    while ((n = source_batch(source, packets, 5)) > 0) {
        for (size_t i = 0; i < n; i++) {
            add_seen(seen, &packets[i]);
        }
    }
    assert_int_equal(source_state(source), SOURCE_ENDED);
    source_info(source, &seen->info);
    seen->file = seen->info.files[0];
    if (seen->info.filter_problem != NULL) {
        (void)snprintf(seen->filter_problem, sizeof seen->filter_problem, "%s",
                       seen->info.filter_problem);
        seen->info.filter_problem = NULL; /* the source's, which ends before this */
    }
    for (size_t i = 0; i < seen->info.interfaces_n && i < 8; i++) {
        seen->interfaces[i] = seen->info.interfaces[i];
    }
}

void see_with(struct seen *seen, struct bytes bytes, const struct source_options *options)
{
    *seen = (struct seen){0};
    uint8_t *exact = malloc(bytes.n + 1); /* so that a sanitizer sees one byte too far */
    assert_non_null(exact);
    if (bytes.n > 0) {
        memcpy(exact, bytes.p, bytes.n);
    }
    bytes.p = exact;
    struct source *source = source_open_memory(bytes, options, &seen->err);
    assert_non_null(source);
    read_all(source, seen);
    source_free(source);
    free(exact);
}

void see(struct seen *seen, const struct capture_write *w)
{
    see_with(seen, write_view(w), NULL);
}

void see_files(struct seen *seen, const char *const *paths, size_t n)
{
    *seen = (struct seen){0};
    struct source *source = source_open(paths, n, NULL, &seen->err);
    assert_non_null(source);
    read_all(source, seen);
    source_free(source);
}

void write_small_pcap(struct capture_write *w, bool nano, unsigned first, unsigned last)
{
    char data[128];
    write_pcap_header(w, nano, 65535, 1 /* Ethernet */);
    for (unsigned i = first; i <= last; i++) {
        struct bytes b = packet_bytes(data, i);
        write_pcap_packet(w, SMALL_SECONDS + i, 100 + i, b, (uint32_t)b.n);
    }
}

uint64_t micros(unsigned i)
{
    return (SMALL_SECONDS + (uint64_t)i) * 1000000 + 100 + i;
}

void write_small_pcapng(struct capture_write *w, unsigned first, unsigned last)
{
    char data[128];
    write_section(w);
    write_interface(w, 1 /* Ethernet */, 262144, "eth0", -1);
    for (unsigned i = first; i <= last; i++) {
        struct bytes b = packet_bytes(data, i);
        write_packet(w, 0, micros(i), b, (uint32_t)b.n);
    }
}

static const char *tmp_folder(void)
{
    const char *folder = getenv("TEST_TMP");
    return folder != NULL ? folder : "/tmp";
}

const char *tmp_path(char *to, size_t n, const char *name)
{
    (void)snprintf(to, n, "%s/%s", tmp_folder(), name);
    return to;
}
