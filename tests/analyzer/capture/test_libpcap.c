/* The walk over capture files says of every packet what libpcap says of it. */
#include "lib/capture_read.h"

#include <dirent.h>
#include <pcap/pcap.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

/* libpcap's next packet is the source's next packet. */
static void compare(pcap_t *pcap, const struct pcap_pkthdr *header, const u_char *data,
                    const struct packet *packet)
{
    assert_int_equal(packet->ts, header->ts.tv_sec * SECOND_NS + header->ts.tv_usec);
    assert_int_equal(packet->wire_len, header->len);
    assert_int_equal(packet->link, pcap_datalink(pcap));
    assert_int_equal(packet->b.n, header->caplen);
    if (header->caplen > 0) {
        assert_memory_equal(packet->b.p, data, header->caplen);
    }
}

/* How many packets libpcap reads of the file; it says the same of each as the source does. `whole`:
 * it reads all of it. */
static size_t read_both(const char *path, bool *whole)
{
    char reason[PCAP_ERRBUF_SIZE];
    struct err err;
    pcap_t *pcap =
        pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, reason);
    if (pcap == NULL) {
        fail_msg("%s: %s", path, reason);
    }
    struct source *source = source_open(&path, 1, NULL, &err);
    assert_non_null(source);
    struct packet packets[7];
    struct pcap_pkthdr *header;
    const u_char *data;
    size_t count = 0, n;
    int status = 1;
    while ((n = source_batch(source, packets, 7)) > 0) {
        for (size_t i = 0; i < n && status == 1; i++) {
            status = pcap_next_ex(pcap, &header, &data);
            if (status == 1) {
                compare(pcap, header, data, &packets[i]);
                count++;
            }
        }
    }
    status = status == 1 ? pcap_next_ex(pcap, &header, &data) : status;
    *whole = status == PCAP_ERROR_BREAK;
    assert_true(*whole || status == PCAP_ERROR);
    source_free(source);
    pcap_close(pcap);
    return count;
}

static void every_sample_capture_reads_as_libpcap_reads_it(void **state)
{
    (void)state;
    size_t files = 0, packets = 0;
    DIR *folder = opendir("captures");
    assert_non_null(folder);
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        char path[300];
        size_t length = strlen(entry->d_name);
        if (strstr(entry->d_name, ".pcap") == NULL ||
            strcmp(entry->d_name + length - 3, ".gz") == 0) {
            continue;
        }
        (void)snprintf(path, sizeof path, "captures/%s", entry->d_name);
        bool whole;
        packets += read_both(path, &whole);
        files += whole;
    }
    (void)closedir(folder);
    /* The others are cut, or have interfaces that differ, where libpcap stops. */
    assert_true(files >= 40);
    assert_true(packets >= 10000);
}

/* Saves it and compares. */
static void expect_same(struct capture_write *w, size_t packets)
{
    char path[256];
    bool whole;
    tmp_path(path, sizeof path, "both");
    write_save(w, path);
    assert_int_equal(read_both(path, &whole), packets);
    assert_true(whole);
    (void)unlink(path);
    write_done(w);
}

static void write_pcap_kind(struct capture_write *w, uint32_t magic, uint16_t minor)
{
    char data[128];
    write_u32(w, magic);
    write_u16(w, 2);
    write_u16(w, minor);
    write_u32(w, 0);
    write_u32(w, 0);
    write_u32(w, 65535);
    write_u32(w, 1);
    for (unsigned i = 1; i <= 200; i++) {
        struct bytes b = packet_bytes(data, i);
        uint32_t len = (uint32_t)b.n + i % 3;
        write_u32(w, SMALL_SECONDS + i);
        write_u32(w, 4999 * i);
        write_u32(w, minor < 3 ? len : (uint32_t)b.n);
        write_u32(w, minor < 3 ? (uint32_t)b.n : len);
        if (magic == 0xa1b2cd34) {
            write_u32(w, 3);
            write_u32(w, 0x08000100);
        }
        write_bytes(w, b);
    }
}

static void every_kind_of_pcap_reads_as_libpcap_reads_it(void **state)
{
    (void)state;
    static const uint32_t magics[] = {0xa1b2c3d4, 0xa1b23c4d, 0xa1b2cd34};
    for (size_t i = 0; i < 3 * 2 * 3; i++) {
        struct capture_write w = {.big_endian = i % 2 == 1};
        write_pcap_kind(&w, magics[i / 6], (uint16_t)(2 + i / 2 % 3));
        expect_same(&w, 200);
    }
}

static void seconds_past_2038_read_as_libpcap_reads_them(void **state)
{
    (void)state;
    struct capture_write w = {0};
    struct seen seen;
    write_pcap_header(&w, true, 65535, 1);
    write_pcap_packet(&w, 0xfffffffe, 999999999, bytes_of("late"), 4);
    see(&seen, &w);
    assert_int_equal(seen.packets[0].ts, 0xfffffffe * SECOND_NS + 999999999);
    write_done(&w);
}

/* Times within a second of either end of what the interface can say, and about now. */
static void write_times(struct capture_write *w, uint64_t second, bool old)
{
    char data[128];
    for (unsigned i = 1; i <= 40; i++) {
        uint64_t seconds = i % 2 == 0 ? SMALL_SECONDS : i;
        uint64_t most = UINT64_MAX / second;
        uint64_t time = (seconds < most ? seconds : most) * second + (second - 1) / 40 * i;
        struct bytes b = packet_bytes(data, i);
        if (old) {
            write_old_packet(w, 0, time, b, (uint32_t)b.n + i % 2);
        } else {
            write_packet(w, 0, time, b, (uint32_t)b.n + i % 2);
        }
    }
}

/* libpcap multiplies fractions finer than 2^-34 beyond 64 bits; test_stamp.c has those. */
static void every_resolution_and_offset_reads_as_libpcap_reads_it(void **state)
{
    (void)state;
    static const int64_t offsets[] = {0, 1000, -1000};
    uint64_t second = 1;
    for (unsigned exponent = 0; exponent <= 17; exponent++, second *= 10) {
        struct capture_write w = {.big_endian = exponent % 2 == 1};
        write_section(&w);
        write_interface_offset(&w, 1, 0, "eth0", (int)exponent, offsets[exponent % 3]);
        write_times(&w, second, exponent % 4 == 0);
        expect_same(&w, 40);
    }
    for (unsigned exponent = 0; exponent <= 34; exponent++) {
        struct capture_write w = {.big_endian = exponent % 2 == 1};
        write_section(&w);
        write_interface_offset(&w, 1, 0, "eth0", (int)(0x80 | exponent), offsets[exponent % 3]);
        write_times(&w, UINT64_C(1) << exponent, exponent % 4 == 0);
        expect_same(&w, 40);
    }
}

static void packets_without_a_time_read_as_libpcap_reads_them(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        struct capture_write w = {.big_endian = kind % 2 == 1};
        write_section(&w);
        write_interface_offset(&w, 1, 0, NULL, -1, kind < 2 ? 0 : 1234);
        write_simple_packet(&w, bytes_of("no time"), 7);
        write_packet(&w, 0, 5000001, bytes_of("a time"), 6);
        expect_same(&w, 2);
    }
}

static void a_version_that_libpcap_does_not_know_is_an_error(void **state)
{
    (void)state;
    struct capture_write w = {0};
    struct seen seen;
    write_small_pcap(&w, false, 1, 3);
    w.p[4] = 3;
    see(&seen, &w);
    assert_int_equal(seen.n, 0);
    assert_non_null(strstr(seen.file.error.text, "version 3.4"));
    write_done(&w);
    /* What came before such a section is read. */
    write_small_pcapng(&w, 1, 3);
    size_t second = w.n;
    write_small_pcapng(&w, 4, 6);
    w.p[second + 12] = 9;
    see(&seen, &w);
    assert_int_equal(seen.n, 3);
    assert_non_null(strstr(seen.file.error.text, "version 9.0"));
    write_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_capture_reads_as_libpcap_reads_it),
        cmocka_unit_test(every_kind_of_pcap_reads_as_libpcap_reads_it),
        cmocka_unit_test(seconds_past_2038_read_as_libpcap_reads_them),
        cmocka_unit_test(every_resolution_and_offset_reads_as_libpcap_reads_it),
        cmocka_unit_test(packets_without_a_time_read_as_libpcap_reads_them),
        cmocka_unit_test(a_version_that_libpcap_does_not_know_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
