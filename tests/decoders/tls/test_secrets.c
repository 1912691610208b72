/* Key logs: what is kept of them, in whatever pieces they come, and what is said of the rest. */
#include "decoders/tls/secrets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define RANDOM "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"
#define SECRET32 "ff01020304050607ff01020304050607ff01020304050607ff01020304050607"
#define SECRET48 SECRET32 "aabbccddeeff00112233445566778899"

static const uint8_t client_random[TLS_RANDOM_BYTES] = {0,  1,  2,  3,  4,  5,  6,  7,  8,  9,  10,
                                                        11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                                                        22, 23, 24, 25, 26, 27, 28, 29, 30, 31};

static struct tls_secrets *read_log(const char *text, size_t piece)
{
    struct tls_secrets *t = tls_secrets_new(7);
    struct bytes b = bytes_of(text);
    assert_non_null(t);
    for (size_t at = 0; at < b.n; at += piece) {
        tls_secrets_add(t, bytes_part(b, at, piece));
    }
    tls_secrets_end(t);
    return t;
}

static void every_label_is_found_by_its_client_random(void **state)
{
    static const char log[] = "# a comment\r\n"
                              "\n"
                              "CLIENT_RANDOM " RANDOM " " SECRET48 "\n"
                              "CLIENT_EARLY_TRAFFIC_SECRET " RANDOM " " SECRET32 "\n"
                              "CLIENT_HANDSHAKE_TRAFFIC_SECRET " RANDOM " " SECRET48 "\r\n"
                              "SERVER_HANDSHAKE_TRAFFIC_SECRET " RANDOM " " SECRET32 "\n"
                              "CLIENT_TRAFFIC_SECRET_0  " RANDOM "  " SECRET32 "\n"
                              "EXPORTER_SECRET " RANDOM " " SECRET32 "\n"
                              "SERVER_TRAFFIC_SECRET_0 " RANDOM " " SECRET32;
    (void)state;
    for (size_t piece = 1; piece < sizeof log; piece += 13) {
        struct tls_secrets *t = read_log(log, piece);
        struct tls_secret secret;
        for (int kind = 0; kind < TLS_SECRET_KINDS; kind++) {
            assert_true(tls_secrets_find(t, client_random, (enum tls_secret_kind)kind, &secret));
            bool long_one = kind == TLS_MASTER_SECRET || kind == TLS_CLIENT_HANDSHAKE;
            assert_int_equal(secret.n, long_one ? 48 : 32);
            assert_int_equal(secret.bytes[0], 0xff);
            assert_int_equal(secret.bytes[31], 0x07);
        }
        struct tls_secrets_counts c = tls_secrets_counts(t);
        assert_int_equal(c.secrets, TLS_SECRET_KINDS);
        assert_int_equal(c.others, 1);
        assert_int_equal(c.malformed, 0);
        tls_secrets_free(t);
    }
}

static void a_sessions_secrets_are_written_as_a_log_of_their_own(void **state)
{
    static const char log[] = "CLIENT_RANDOM " RANDOM " " SECRET48 "\n"
                              "CLIENT_TRAFFIC_SECRET_0 " RANDOM " " SECRET32 "\n"
                              "SERVER_TRAFFIC_SECRET_0 ff" RANDOM "\n";
    char out[TLS_SESSION_LOG_MAX_BYTES];
    uint8_t other[TLS_RANDOM_BYTES] = {1};
    struct tls_secrets *t = read_log(log, sizeof log);
    (void)state;
    size_t n = tls_secrets_write(t, client_random, out);
    size_t lines = strlen("CLIENT_RANDOM " RANDOM " " SECRET48 "\n"
                          "CLIENT_TRAFFIC_SECRET_0 " RANDOM " " SECRET32 "\n");
    assert_int_equal(n, lines);
    assert_memory_equal(out, log, lines);
    assert_int_equal(tls_secrets_write(t, other, out), 0);
    tls_secrets_free(t);
}

static void another_sessions_secret_is_not_found(void **state)
{
    (void)state;
    struct tls_secrets *t = read_log("CLIENT_RANDOM " RANDOM " " SECRET48 "\n", 1000);
    struct tls_secret secret;
    uint8_t other[TLS_RANDOM_BYTES];
    memcpy(other, client_random, sizeof other);
    other[31] ^= 1;
    assert_false(tls_secrets_find(t, other, TLS_MASTER_SECRET, &secret));
    assert_false(tls_secrets_find(t, client_random, TLS_CLIENT_TRAFFIC, &secret));
    tls_secrets_free(t);
}

static void malformed_lines_are_counted_and_the_others_read(void **state)
{
    (void)state;
    struct tls_secrets *t = read_log("CLIENT_RANDOM " RANDOM " " SECRET48 "\n"
                                     "CLIENT_RANDOM " RANDOM " " SECRET32 "\n" /* too short */
                                     "CLIENT_RANDOM " RANDOM "\n"
                                     "CLIENT_RANDOM 00 " SECRET48 "\n"
                                     "CLIENT_RANDOM " RANDOM " " SECRET48 " more\n"
                                     "CLIENT_RANDOM " RANDOM " zz" SECRET32 "\n"
                                     "\x89PNG\x1a\n"
                                     "hello\n"
                                     "SERVER_TRAFFIC_SECRET_0 " RANDOM " " SECRET32 "\n",
                                     17);
    struct tls_secrets_counts c = tls_secrets_counts(t);
    struct tls_secret secret;
    assert_int_equal(c.malformed, 7);
    assert_int_equal(c.first_malformed, 2);
    assert_int_equal(c.secrets, 2);
    assert_true(tls_secrets_find(t, client_random, TLS_SERVER_TRAFFIC, &secret));
    tls_secrets_free(t);
}

static void a_byte_order_mark_is_passed_over(void **state)
{
    (void)state;
    struct tls_secrets *t = read_log("\xef\xbb\xbf"
                                     "SERVER_TRAFFIC_SECRET_0 " RANDOM " " SECRET32 "\n"
                                     "SERVER_TRAFFIC_SECRET_0 " RANDOM " " SECRET32 "\n",
                                     1);
    struct tls_secrets_counts c = tls_secrets_counts(t);
    assert_int_equal(c.malformed, 0);
    assert_int_equal(c.secrets, 1);
    assert_int_equal(c.lines, 2);
    tls_secrets_free(t);
}

static void the_newest_of_two_secrets_counts(void **state)
{
    (void)state;
    struct tls_secrets *t = read_log("SERVER_TRAFFIC_SECRET_0 " RANDOM " " RANDOM "\n"
                                     "SERVER_TRAFFIC_SECRET_0 " RANDOM " " SECRET32 "\n",
                                     1000);
    struct tls_secret secret;
    assert_true(tls_secrets_find(t, client_random, TLS_SERVER_TRAFFIC, &secret));
    assert_int_equal(secret.bytes[0], 0xff);
    assert_int_equal(tls_secrets_counts(t).secrets, 1);
    tls_secrets_free(t);
}

static void many_secrets_are_kept_and_found(void **state)
{
    (void)state;
    struct tls_secrets *t = tls_secrets_new(1);
    struct tls_secret secret;
    for (unsigned i = 0; i < 3000; i++) {
        char line[256];
        int n = snprintf(line, sizeof line, "CLIENT_RANDOM %064x %096x\n", i, i);
        tls_secrets_add(t, (struct bytes){(const uint8_t *)line, (size_t)n});
    }
    for (unsigned i = 0; i < 3000; i++) {
        uint8_t random[TLS_RANDOM_BYTES] = {0};
        random[30] = (uint8_t)(i >> 8);
        random[31] = (uint8_t)i;
        assert_true(tls_secrets_find(t, random, TLS_MASTER_SECRET, &secret));
        assert_int_equal(secret.bytes[47], i & 0xff);
    }
    assert_int_equal(tls_secrets_generation(t), 3000);
    tls_secrets_free(t);
}

static void a_line_of_a_megabyte_is_passed_over(void **state)
{
    (void)state;
    struct tls_secrets *t = tls_secrets_new(1);
    uint8_t junk[4096];
    memset(junk, 'x', sizeof junk);
    for (int i = 0; i < 256; i++) {
        tls_secrets_add(t, (struct bytes){junk, sizeof junk});
    }
    tls_secrets_add(t, bytes_of("\nCLIENT_RANDOM " RANDOM " " SECRET48 "\n"));
    assert_int_equal(tls_secrets_counts(t).secrets, 1);
    tls_secrets_free(t);
}

static void none_means_that_none_will_come_either(void **state)
{
    (void)state;
    struct tls_secrets *t = tls_secrets_new(1);
    assert_true(tls_secrets_none(NULL));
    assert_true(tls_secrets_none(t));
    tls_secrets_expect(t, true);
    assert_false(tls_secrets_none(t));
    tls_secrets_free(t);
    tls_secrets_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_label_is_found_by_its_client_random),
        cmocka_unit_test(a_sessions_secrets_are_written_as_a_log_of_their_own),
        cmocka_unit_test(another_sessions_secret_is_not_found),
        cmocka_unit_test(malformed_lines_are_counted_and_the_others_read),
        cmocka_unit_test(a_byte_order_mark_is_passed_over),
        cmocka_unit_test(the_newest_of_two_secrets_counts),
        cmocka_unit_test(many_secrets_are_kept_and_found),
        cmocka_unit_test(a_line_of_a_megabyte_is_passed_over),
        cmocka_unit_test(none_means_that_none_will_come_either),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
