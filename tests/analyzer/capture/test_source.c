/* The source: every kind of sound capture file, and several at once. */
#include "lib/capture_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define LINK_ETHERNET 1
#define LINK_RAW_FILE 101
#define LINK_RAW 12

/*--- Sound files --------------------------------------------------------------------------------*/

static void pcap_of_either_byte_order_and_precision_is_read(void **state)
{
    (void)state;
    for (int kind = 0; kind < 4; kind++) {
        struct capture_write w = {.big_endian = (kind & 1) != 0};
        bool nano = (kind & 2) != 0;
        write_small_pcap(&w, nano, 1, 4);
        struct seen seen;
        see(&seen, &w);
        assert_string_equal(seen.text, "packet 1 \npacket 2 \npacket 3 \npacket 4 \n");
        assert_int_equal(seen.packets[1].ts,
                         (SMALL_SECONDS + 2) * SECOND_NS + (nano ? 102 : 102000));
        assert_int_equal(seen.packets[3].no, 4);
        assert_int_equal(seen.packets[3].link, LINK_ETHERNET);
        assert_int_equal(seen.packets[3].wire_len, 9 + 28);
        assert_int_equal(seen.file.format, SOURCE_PCAP);
        assert_int_equal(seen.file.big_endian, w.big_endian);
        assert_int_equal(seen.file.digits, nano ? 9 : 6);
        assert_int_equal(seen.info.digits, nano ? 9 : 6);
        assert_int_equal(seen.file.packets, 4);
        assert_int_equal(seen.file.first, seen.packets[0].ts);
        assert_int_equal(seen.file.last, seen.packets[3].ts);
        assert_int_equal(seen.interfaces[0].packets, 4);
        assert_int_equal(seen.interfaces[0].snaplen, 65535);
        assert_int_equal(seen.info.read_bytes, w.n);
        assert_int_equal(seen.info.total_bytes, w.n);
        write_done(&w);
    }
}

static void pcapng_of_either_byte_order_is_read(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        struct capture_write w = {.big_endian = kind == 1};
        write_small_pcapng(&w, 1, 3);
        struct seen seen;
        see(&seen, &w);
        assert_string_equal(seen.text, "packet 1 \npacket 2 \npacket 3 \n");
        assert_int_equal(seen.packets[2].ts, (SMALL_SECONDS + 3) * SECOND_NS + 103000);
        assert_int_equal(seen.file.format, SOURCE_PCAPNG);
        assert_int_equal(seen.file.big_endian, kind == 1);
        assert_int_equal(seen.file.notes_n, 0);
        assert_string_equal(seen.interfaces[0].name, "eth0");
        write_done(&w);
    }
}

static void interfaces_may_differ_in_link_type_snap_length_and_resolution(void **state)
{
    (void)state;
    struct capture_write w = {0};
    write_section(&w);
    write_interface(&w, LINK_ETHERNET, 10, "eth0", -1);
    write_interface(&w, LINK_RAW_FILE, 65535, "tun0", 9);
    write_interface(&w, 113, 0, NULL, 0x80 | 10);
    write_packet(&w, 1, 5 * (uint64_t)SECOND_NS + 7, bytes_of("raw, longer than ten"), 20);
    write_packet(&w, 0, 6000001, bytes_of("ethernet, cut"), 99);
    write_packet(&w, 2, 7 * 1024 + 512, bytes_of("cooked"), 6);
    struct seen seen;
    see(&seen, &w);
    assert_string_equal(seen.text, "raw, longer than ten\nethernet, cut\ncooked\n");
    assert_int_equal(seen.packets[0].link, LINK_RAW);
    assert_int_equal(seen.packets[0].interface, 1);
    assert_int_equal(seen.packets[0].ts, 5 * SECOND_NS + 7);
    assert_int_equal(seen.packets[1].link, LINK_ETHERNET);
    assert_int_equal(seen.packets[1].wire_len, 99);
    assert_int_equal(seen.packets[1].ts, 6 * SECOND_NS + 1000);
    assert_int_equal(seen.packets[2].link, 113);
    assert_int_equal(seen.packets[2].ts, 7 * SECOND_NS + SECOND_NS / 2);
    assert_int_equal(seen.info.interfaces_n, 3);
    assert_int_equal(seen.interfaces[0].snaplen, 10);
    assert_string_equal(seen.interfaces[1].name, "tun0");
    assert_int_equal(seen.interfaces[1].digits, 9);
    assert_int_equal(seen.file.cut, 1);
    write_done(&w);
}

static void an_interface_may_be_described_between_packets(void **state)
{
    (void)state;
    struct capture_write w = {0};
    write_small_pcapng(&w, 1, 2);
    write_interface(&w, LINK_RAW_FILE, 0, "late", 9);
    write_packet(&w, 1, 9 * (uint64_t)SECOND_NS, bytes_of("late"), 4);
    struct seen seen;
    see(&seen, &w);
    assert_string_equal(seen.text, "packet 1 \npacket 2 \nlate\n");
    assert_int_equal(seen.packets[2].link, LINK_RAW);
    write_done(&w);
}

static void sections_may_differ_in_byte_order(void **state)
{
    (void)state;
    struct capture_write w = {.big_endian = true};
    write_small_pcapng(&w, 1, 2);
    write_statistics(&w, 0, 3);
    w.big_endian = false;
    write_small_pcapng(&w, 3, 4);
    write_statistics(&w, 0, 1);
    write_statistics(&w, 0, 4);
    write_section(&w);
    write_interface(&w, LINK_RAW_FILE, 0, "tun0", -1);
    write_packet(&w, 0, 9000000, bytes_of("raw"), 3);
    struct seen seen;
    see(&seen, &w);
    assert_string_equal(seen.text, "packet 1 \npacket 2 \npacket 3 \npacket 4 \nraw\n");
    assert_int_equal(seen.packets[3].ts, (SMALL_SECONDS + 4) * SECOND_NS + 104000);
    assert_int_equal(seen.info.interfaces_n, 2); /* eth0 twice is one */
    assert_int_equal(seen.interfaces[0].packets, 4);
    assert_int_equal(seen.interfaces[0].dropped, 7);
    assert_int_equal(seen.file.dropped, 7);
    assert_int_equal(seen.packets[4].interface, 1);
    write_done(&w);
}

static void a_simple_packet_is_cut_to_the_snap_length(void **state)
{
    (void)state;
    struct capture_write w = {0};
    write_section(&w);
    write_interface(&w, LINK_ETHERNET, 8, NULL, -1);
    write_simple_packet(&w, bytes_of("12345678"), 1500);
    write_simple_packet(&w, bytes_of("1234"), 4);
    struct seen seen;
    see(&seen, &w);
    assert_string_equal(seen.text, "12345678\n1234\n");
    assert_int_equal(seen.packets[0].wire_len, 1500);
    assert_int_equal(seen.packets[1].wire_len, 4);
    write_done(&w);
}

static void unknown_blocks_are_skipped(void **state)
{
    (void)state;
    struct capture_write w = {0};
    write_section(&w);
    write_block(&w, 0x0bad1dea, bytes_of("what is this"));
    write_interface(&w, LINK_ETHERNET, 0, NULL, -1);
    write_block(&w, 4, bytes_of("names"));
    write_packet(&w, 0, 1, bytes_of("one"), 3);
    write_block(&w, 0x80000001, bytes_of(""));
    write_packet(&w, 0, 2, bytes_of("two"), 3);
    struct seen seen;
    see(&seen, &w);
    assert_string_equal(seen.text, "one\ntwo\n");
    assert_int_equal(seen.file.notes_n, 0);
    write_done(&w);
}

static void collect_secrets(void *context, uint32_t type, struct bytes secrets)
{
    char *to = context;
    (void)sprintf(to + strlen(to), "%x %.*s;", type, (int)secrets.n, (const char *)secrets.p);
}

static void decryption_secrets_are_handed_out(void **state)
{
    (void)state;
    char text[100] = "";
    struct capture_write w = {0};
    write_small_pcapng(&w, 1, 1);
    write_secrets(&w, 0x544c534b, bytes_of("CLIENT_RANDOM 1 2"));
    struct seen seen;
    see_with(&seen, write_view(&w),
             &(struct source_options){.secrets = collect_secrets, .context = text});
    assert_string_equal(text, "544c534b CLIENT_RANDOM 1 2;");
    write_done(&w);
}

static void a_large_file_is_read_across_many_buffers(void **state)
{
    (void)state;
    static uint8_t data[200000];
    memset(data, 'x', sizeof data);
    memcpy(data, "p", 1);
    for (int kind = 0; kind < 2; kind++) {
        struct capture_write w = {0};
        if (kind == 0) {
            write_pcap_header(&w, true, 262144, LINK_ETHERNET);
        } else {
            write_section(&w);
            write_interface(&w, LINK_ETHERNET, 0, NULL, -1);
        }
        uint64_t bytes = 0;
        for (uint32_t i = 1; i <= 60; i++) {
            struct bytes b = {data, i % 7 == 0 ? sizeof data : 100 * i};
            bytes += b.n;
            if (kind == 0) {
                write_pcap_packet(&w, SMALL_SECONDS, i, b, (uint32_t)b.n);
            } else {
                write_packet(&w, 0, i, b, (uint32_t)b.n);
            }
        }
        struct seen seen;
        see(&seen, &w);
        assert_int_equal(seen.n, 60);
        assert_int_equal(seen.info.bytes, bytes);
        assert_int_equal(seen.file.notes_n, 0);
        write_done(&w);
    }
}

/*--- gzip and standard input --------------------------------------------------------------------*/

static void gzip_of_several_members_is_read(void **state)
{
    (void)state;
    char path[256];
    struct capture_write w = {0};
    write_small_pcap(&w, false, 1, 5);
    tmp_path(path, sizeof path, "members.pcap.gz");
    write_save_gzip(bytes_part(write_view(&w), 0, 61), path, false);
    write_save_gzip(bytes_from(write_view(&w), 61), path, true);
    struct seen seen;
    see_files(&seen, (const char *const[]){path}, 1);
    assert_int_equal(seen.n, 5);
    assert_true(seen.file.gzip);
    assert_string_equal(seen.file.error.text, "");
    (void)unlink(path);
    write_done(&w);
}

static struct bytes read_back(const char *path, uint8_t *to, size_t max)
{
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t n = fread(to, 1, max, file);
    (void)fclose(file);
    return (struct bytes){to, n};
}

static void cut_or_damaged_gzip_is_an_error_that_keeps_what_was_read(void **state)
{
    (void)state;
    char path[256];
    static uint8_t packed[65536];
    struct capture_write w = {0};
    write_pcap_header(&w, false, 262144, LINK_ETHERNET);
    srandom(1);
    for (unsigned i = 0; i < 500; i++) { /* bytes that do not compress */
        uint8_t data[64];
        for (size_t k = 0; k < sizeof data; k++) {
            data[k] = (uint8_t)random();
        }
        write_pcap_packet(&w, SMALL_SECONDS, i, (struct bytes){data, sizeof data}, sizeof data);
    }
    tmp_path(path, sizeof path, "cut.pcap.gz");
    write_save_gzip(write_view(&w), path, false);
    struct bytes all = read_back(path, packed, sizeof packed);
    (void)unlink(path);
    struct seen seen;
    see_with(&seen, bytes_part(all, 0, all.n / 2), NULL);
    assert_true(seen.n > 100 && seen.n < 500);
    assert_string_equal(seen.file.error.text, "memory: the gzip data ends early");
    assert_int_equal(seen.info.errors, 1);
    packed[all.n / 2] ^= 0x55;
    memset(packed + all.n / 2 + 1, 0xff, 300);
    see_with(&seen, all, NULL);
    assert_true(seen.n > 10);
    assert_string_equal(seen.file.error.text, "memory: the gzip data is damaged");
    write_done(&w);
}

/* Writes the bytes into a pipe that is standard input while `see` runs; they fit its buffer. */
static void see_standard_input(struct seen *seen, struct bytes b)
{
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], b.p, b.n), (ssize_t)b.n);
    (void)close(ends[1]);
    int before = dup(STDIN_FILENO);
    assert_true(dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
    (void)close(ends[0]);
    see_files(seen, (const char *const[]){"-"}, 1);
    assert_true(dup2(before, STDIN_FILENO) == STDIN_FILENO);
    (void)close(before);
}

static void standard_input_is_read(void **state)
{
    (void)state;
    char path[256];
    static uint8_t packed[4096];
    struct seen seen;
    struct capture_write w = {0};
    write_small_pcapng(&w, 1, 5);
    see_standard_input(&seen, write_view(&w));
    assert_int_equal(seen.n, 5);
    assert_int_equal(seen.info.total_bytes, 0);
    tmp_path(path, sizeof path, "stdin.pcap.gz");
    write_save_gzip(write_view(&w), path, false);
    see_standard_input(&seen, read_back(path, packed, sizeof packed));
    assert_int_equal(seen.n, 5);
    (void)unlink(path);
    see_standard_input(&seen, bytes_of("\x89PNG\r\n"));
    assert_string_equal(seen.file.error.text,
                        "standard input is not a pcap or pcapng file (starts with 89 50 4e 47)");
    write_done(&w);
}

static void packets_of_a_pipe_are_handed_out_as_they_come(void **state)
{
    (void)state;
    struct capture_write w = {0};
    write_small_pcap(&w, false, 1, 2);
    char path[64];
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    (void)snprintf(path, sizeof path, "/dev/fd/%d", ends[0]);
    struct err err;
    struct source *source = source_open((const char *const[]){path}, 1, NULL, &err);
    assert_non_null(source);
    struct packet packets[8];
    size_t first = w.n - (9 + 14 + 16);
    assert_int_equal(write(ends[1], w.p, first), (ssize_t)first);
    assert_int_equal(source_batch(source, packets, 8), 1);
    assert_int_equal(write(ends[1], w.p + first, w.n - first), (ssize_t)(w.n - first));
    assert_int_equal(source_batch(source, packets, 8), 1);
    (void)close(ends[1]);
    assert_int_equal(source_batch(source, packets, 8), 0);
    assert_int_equal(source_state(source), SOURCE_ENDED);
    source_free(source);
    (void)close(ends[0]);
    write_done(&w);
}

/*--- Several files ------------------------------------------------------------------------------*/

static void several_files_are_merged_by_time_stamp(void **state)
{
    (void)state;
    char paths[3][256];
    const char *list[4];
    static const char *const names[3] = {"merge1.pcap", "merge2.pcapng", "merge3.pcap.gz"};
    struct capture_write w = {0};
    write_pcap_header(&w, false, 0, LINK_ETHERNET);
    write_pcap_packet(&w, 10, 0, bytes_of("a10"), 3);
    write_pcap_packet(&w, 30, 0, bytes_of("a30"), 3);
    write_save(&w, tmp_path(paths[0], sizeof paths[0], names[0]));
    write_done(&w);
    write_section(&w);
    write_interface(&w, LINK_RAW_FILE, 0, "tun0", -1);
    write_packet(&w, 0, 20000000, bytes_of("b20"), 3);
    write_packet(&w, 0, 30000000, bytes_of("b30"), 3);
    write_packet(&w, 0, 40000000, bytes_of("b40"), 3);
    write_save(&w, tmp_path(paths[1], sizeof paths[1], names[1]));
    write_done(&w);
    write_pcap_header(&w, true, 0, LINK_ETHERNET);
    write_pcap_packet(&w, 5, 0, bytes_of("c5"), 2);
    write_pcap_packet(&w, 30, 0, bytes_of("c30"), 3);
    write_save_gzip(write_view(&w), tmp_path(paths[2], sizeof paths[2], names[2]), false);
    write_done(&w);
    list[0] = paths[0];
    list[1] = "/nonexistent/x.pcap";
    list[2] = paths[1];
    list[3] = paths[2];
    struct seen seen;
    see_files(&seen, list, 4);
    assert_string_equal(seen.text, "c5\na10\nb20\na30\nb30\nc30\nb40\n");
    assert_int_equal(seen.packets[6].no, 7);
    assert_int_equal(seen.packets[2].interface, seen.packets[6].interface);
    assert_int_equal(seen.info.errors, 1);
    assert_int_equal(seen.info.files_n, 4);
    assert_int_equal(seen.info.packets, 7);
    assert_int_equal(seen.info.digits, 9);
    for (size_t i = 0; i < 3; i++) {
        (void)unlink(paths[i]);
    }
}

/* Who writes to the file goes on where he was, and what he adds is not read. */
static void an_open_file_is_read_from_its_beginning_to_where_it_ends_then(void **state)
{
    const char *path = "captures/ws-plain.pcapng";
    struct packet packet;
    struct err err;
    uint64_t n = 0, all = 0;
    (void)state;
    struct source *s = source_open(&path, 1, NULL, &err);
    while (source_next(s, &packet, &err) == 1) {
        all++;
    }
    source_free(s);
    static uint8_t bytes[1 << 20];
    FILE *from = fopen(path, "rb"), *kept = tmpfile();
    int fd = fileno(kept);
    size_t size = fread(bytes, 1, sizeof bytes, from);
    assert_true(size > 0 && size < sizeof bytes);
    assert_int_equal(write(fd, bytes, size), size);
    s = source_open_kept(&fd, 1, NULL, &err);
    assert_non_null(s);
    assert_int_equal(write(fd, bytes, size), size);
    while (source_next(s, &packet, &err) == 1) {
        n++;
    }
    source_free(s);
    assert_int_equal(n, all);
    assert_int_equal(lseek(fd, 0, SEEK_CUR), 2 * size);
    fclose(from);
    fclose(kept);
}

static void hundreds_of_files_are_merged(void **state)
{
    (void)state;
    static char paths[120][256];
    const char *list[120];
    for (unsigned i = 0; i < 120; i++) {
        char name[32];
        struct capture_write w = {0};
        (void)sprintf(name, "many%u.pcap", i);
        write_pcap_header(&w, false, 0, LINK_ETHERNET);
        for (unsigned k = 0; k < 3; k++) { /* each reaches into the next ones */
            write_pcap_packet(&w, 1000 - i + k, k, bytes_of("many"), 4);
        }
        write_save(&w, tmp_path(paths[i], sizeof paths[i], name));
        write_done(&w);
        list[i] = paths[i];
    }
    struct err err;
    struct source *source = source_open(list, 120, NULL, &err);
    assert_non_null(source);
    int64_t last = 0;
    unsigned count = 0;
    struct packet p;
    while (source_next(source, &p, &err) == 1) {
        assert_true(p.ts >= last);
        assert_memory_equal(p.b.p, "many", 4);
        last = p.ts;
        count++;
    }
    assert_int_equal(count, 360);
    struct source_info info;
    source_info(source, &info);
    assert_int_equal(info.packets, 360);
    assert_int_equal(info.interfaces_n, 120);
    source_free(source);
    for (size_t i = 0; i < 120; i++) {
        (void)unlink(paths[i]);
    }
}

/*--- What is no capture -------------------------------------------------------------------------*/

static void expect_error(const char *path, const char *message)
{
    struct err err = {""};
    struct source *source = source_open((const char *const[]){path}, 1, NULL, &err);
    assert_non_null(source);
    struct packet p;
    assert_int_equal(source_next(source, &p, &err), -1);
    assert_string_equal(err.text, message);
    assert_int_equal(source_next(source, &p, &err), 0);
    struct source_info info;
    source_info(source, &info);
    assert_int_equal(info.errors, 1);
    source_free(source);
}

static void what_cannot_be_read_is_named_with_the_reason(void **state)
{
    (void)state;
    char path[256], message[512];
    expect_error("/nonexistent/file", "/nonexistent/file: No such file or directory");
    expect_error("/", "/ is a directory, not a capture file");
    tmp_path(path, sizeof path, "no-capture");
    write_save_bytes(bytes_of(""), path);
    (void)snprintf(message, sizeof message, "%s is empty", path);
    expect_error(path, message);
    write_save_bytes(bytes_of("\x89PNG\r\n\x1a\n and so on"), path);
    (void)snprintf(message, sizeof message,
                   "%s is not a pcap or pcapng file (starts with 89 50 4e 47)", path);
    expect_error(path, message);
    write_save_bytes(bytes_of("\xa1\xb2\xc3\xd4\x02"), path);
    (void)snprintf(message, sizeof message, "%s ends within its file header: 5 of 24 bytes", path);
    expect_error(path, message);
    (void)unlink(path);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pcap_of_either_byte_order_and_precision_is_read),
        cmocka_unit_test(pcapng_of_either_byte_order_is_read),
        cmocka_unit_test(interfaces_may_differ_in_link_type_snap_length_and_resolution),
        cmocka_unit_test(an_interface_may_be_described_between_packets),
        cmocka_unit_test(sections_may_differ_in_byte_order),
        cmocka_unit_test(a_simple_packet_is_cut_to_the_snap_length),
        cmocka_unit_test(unknown_blocks_are_skipped),
        cmocka_unit_test(decryption_secrets_are_handed_out),
        cmocka_unit_test(a_large_file_is_read_across_many_buffers),
        cmocka_unit_test(gzip_of_several_members_is_read),
        cmocka_unit_test(cut_or_damaged_gzip_is_an_error_that_keeps_what_was_read),
        cmocka_unit_test(standard_input_is_read),
        cmocka_unit_test(packets_of_a_pipe_are_handed_out_as_they_come),
        cmocka_unit_test(several_files_are_merged_by_time_stamp),
        cmocka_unit_test(an_open_file_is_read_from_its_beginning_to_where_it_ends_then),
        cmocka_unit_test(hundreds_of_files_are_merged),
        cmocka_unit_test(what_cannot_be_read_is_named_with_the_reason),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
