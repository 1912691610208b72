/* Truncated and damaged capture files: what can be read of them is. */
#include "lib/capture_read.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define LINK_ETHERNET 1

/* How many whole packets the first n bytes hold. */
static size_t whole_packets(const size_t *ends, size_t n_ends, size_t n)
{
    size_t count = 0;
    while (count < n_ends && ends[count] <= n) {
        count++;
    }
    return count;
}

static void cut_everywhere(const struct capture_write *w, size_t header, const size_t *ends,
                           size_t n_ends)
{
    for (size_t n = header; n <= w->n; n++) {
        struct seen seen;
        see_with(&seen, bytes_part(write_view(w), 0, n), NULL);
        size_t whole = whole_packets(ends, n_ends, n);
        assert_int_equal(seen.n, whole);
        bool at_end = n == header || (whole > 0 && ends[whole - 1] == n);
        assert_int_equal(seen.file.truncated, at_end ? 0 : 1);
        assert_string_equal(seen.file.error.text, "");
        if (!at_end) {
            assert_int_equal(seen.file.notes[0].packet, whole);
            assert_true(seen.file.notes[0].bytes > 0);
        }
    }
}

static void a_file_cut_anywhere_gives_the_packets_before(void **state)
{
    (void)state;
    char data[128];
    for (int kind = 0; kind < 2; kind++) {
        struct capture_write w = {.big_endian = kind == 1};
        size_t ends[4];
        write_pcap_header(&w, false, 65535, LINK_ETHERNET);
        size_t header = w.n;
        for (unsigned i = 0; i < 4; i++) {
            struct bytes b = packet_bytes(data, i + 1);
            write_pcap_packet(&w, SMALL_SECONDS, i, b, (uint32_t)b.n);
            ends[i] = w.n;
        }
        cut_everywhere(&w, header, ends, 4);
        write_done(&w);
        write_section(&w);
        write_interface(&w, LINK_ETHERNET, 65535, "eth0", 9);
        header = w.n;
        for (unsigned i = 0; i < 4; i++) {
            struct bytes b = packet_bytes(data, i + 1);
            write_packet(&w, 0, i, b, (uint32_t)b.n);
            ends[i] = w.n;
        }
        cut_everywhere(&w, header, ends, 4);
        write_done(&w);
    }
}

static bool sees(const struct seen *seen, unsigned i)
{
    char line[32];
    (void)sprintf(line, "packet %u ", i);
    return strstr(seen->text, line) != NULL;
}

/* Each byte from `from` on is changed in turn; at most `lost` packets may be missing of 1 to 8. */
static void damage_everywhere(const struct capture_write *w, size_t from, unsigned lost)
{
    static const uint8_t changes[] = {0xff, 0x80, 0x01};
    for (size_t i = 0; i < w->n; i++) {
        for (size_t k = 0; k < sizeof changes; k++) {
            struct seen seen;
            w->p[i] ^= changes[k];
            see(&seen, w);
            w->p[i] ^= changes[k];
            unsigned missing = 0;
            for (unsigned p = 1; p <= 8; p++) {
                missing += !sees(&seen, p);
            }
            if (i >= from && missing > lost) {
                fail_msg("byte %zu xor %02x: %u of 8 packets are missing:\n%s", i, changes[k],
                         missing, seen.text);
            }
        }
    }
}

static void packets_after_a_damaged_byte_are_found_again(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        struct capture_write w = {.big_endian = kind == 1};
        write_small_pcap(&w, false, 1, 8);
        damage_everywhere(&w, 24, 1);
        write_done(&w);
        write_small_pcapng(&w, 1, 8);
        damage_everywhere(&w, 28 + 20 + 12 + 16, 1);
        write_done(&w);
    }
}

static void damage_between_packets_is_noted_and_skipped(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        struct capture_write w = {0}, after = {0};
        struct seen seen;
        if (kind == 0) {
            write_small_pcap(&w, false, 1, 3);
            write_small_pcap(&after, false, 4, 9);
        } else {
            write_small_pcapng(&w, 1, 3);
            write_small_pcapng(&after, 4, 9);
        }
        size_t where = w.n;
        for (unsigned i = 0; i < 700; i++) {
            write_bytes(&w, bytes_of(i % 5 == 0 ? "\xff\xee" : "junk"));
        }
        size_t junk = w.n - where;
        /* In the middle of junk there is no file header, but a pcapng section may begin. */
        write_bytes(&w, bytes_from(write_view(&after), kind == 0 ? 24 : 0));
        see(&seen, &w);
        assert_int_equal(seen.n, 9);
        assert_int_equal(seen.file.damaged, 1);
        assert_int_equal(seen.file.notes[0].offset, where);
        assert_int_equal(seen.file.notes[0].bytes, junk);
        assert_int_equal(seen.file.notes[0].packet, 3);
        assert_int_equal(seen.file.skipped, junk);
        write_done(&w);
        write_done(&after);
    }
}

static void zeros_at_the_end_are_damage_and_no_packets(void **state)
{
    (void)state;
    static const uint8_t zeros[5000];
    struct capture_write w = {0};
    write_small_pcap(&w, false, 1, 3);
    write_bytes(&w, (struct bytes){zeros, sizeof zeros});
    struct seen seen;
    see(&seen, &w);
    assert_int_equal(seen.n, 3);
    assert_int_equal(seen.file.damaged, 1);
    assert_int_equal(seen.file.skipped, sizeof zeros);
    write_done(&w);
}

static void a_packet_longer_than_libpcap_reads_is_skipped(void **state)
{
    (void)state;
    static uint8_t large[300000];
    char data[128];
    for (int kind = 0; kind < 2; kind++) {
        struct capture_write w = {0};
        struct seen seen;
        if (kind == 0) {
            write_small_pcap(&w, false, 1, 2);
            write_pcap_packet(&w, SMALL_SECONDS, 0, (struct bytes){large, sizeof large},
                              sizeof large);
        } else {
            write_small_pcapng(&w, 1, 2);
            write_packet(&w, 0, 0, (struct bytes){large, sizeof large}, sizeof large);
        }
        for (unsigned i = 3; i <= 6; i++) {
            struct bytes b = packet_bytes(data, i);
            if (kind == 0) {
                write_pcap_packet(&w, SMALL_SECONDS, i, b, (uint32_t)b.n);
            } else {
                write_packet(&w, 0, micros(i), b, (uint32_t)b.n);
            }
        }
        see(&seen, &w);
        assert_int_equal(seen.n, 6);
        assert_int_equal(seen.file.too_large, 1);
        assert_int_equal(seen.file.damaged, 0);
        write_done(&w);
    }
}

static void a_captured_capture_file_is_not_taken_for_the_file_around_it(void **state)
{
    (void)state;
    struct capture_write inner = {0}, w = {0};
    write_small_pcap(&inner, false, 50, 58);
    write_small_pcap(&w, false, 1, 2);
    write_pcap_packet(&w, SMALL_SECONDS, 0, write_view(&inner), (uint32_t)inner.n);
    size_t next = w.n;
    struct capture_write rest = {0};
    write_small_pcap(&rest, false, 3, 6);
    write_bytes(&w, bytes_from(write_view(&rest), 24));
    w.p[next + 10] = 0xff; /* packet 3's length */
    struct seen seen;
    see(&seen, &w);
    assert_false(sees(&seen, 52));
    assert_true(sees(&seen, 4) && sees(&seen, 5) && sees(&seen, 6));
    assert_int_equal(seen.n, 6);
    write_done(&inner);
    write_done(&rest);
    write_done(&w);
}

static void a_packet_of_an_unknown_interface_is_skipped(void **state)
{
    (void)state;
    struct capture_write w = {0};
    write_small_pcapng(&w, 1, 2);
    write_packet(&w, 7, 5, bytes_of("whose?"), 6);
    write_packet(&w, 0, micros(3), bytes_of("packet 3 "), 9);
    struct seen seen;
    see(&seen, &w);
    assert_string_equal(seen.text, "packet 1 \npacket 2 \npacket 3 \n");
    assert_int_equal(seen.file.damaged, 1);
    write_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_cut_anywhere_gives_the_packets_before),
        cmocka_unit_test(packets_after_a_damaged_byte_are_found_again),
        cmocka_unit_test(damage_between_packets_is_noted_and_skipped),
        cmocka_unit_test(zeros_at_the_end_are_damage_and_no_packets),
        cmocka_unit_test(a_packet_longer_than_libpcap_reads_is_skipped),
        cmocka_unit_test(a_captured_capture_file_is_not_taken_for_the_file_around_it),
        cmocka_unit_test(a_packet_of_an_unknown_interface_is_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
