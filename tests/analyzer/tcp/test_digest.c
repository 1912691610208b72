/* The payload digest. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyzer/tcp/digest.h"

enum { MAX_BYTES = 3 * DIGEST_BLOCK_BYTES };

static struct bytes sample(uint8_t *p, size_t n)
{
    uint32_t x = 1;
    for (size_t i = 0; i < n; i++) {
        x = x * 1664525 + 1013904223;
        p[i] = (uint8_t)(x >> 24);
    }
    return (struct bytes){p, n};
}

static void vectors_and_plain_arithmetic_agree(void **state)
{
    (void)state;
    static uint8_t p[MAX_BYTES + 1];
    sample(p, sizeof p);
    struct digest_key key;
    digest_key_init(&key, 99);
    for (size_t n = 0; n <= MAX_BYTES; n += n < 300 ? 1 : 29) {
        struct bytes b = {p + (n & 1), n};
        assert_int_equal(payload_digest(&key, b), payload_digest_plain(&key, b));
    }
}

static void any_byte_changes_it(void **state)
{
    (void)state;
    static uint8_t p[MAX_BYTES];
    struct digest_key key;
    digest_key_init(&key, 7);
    const size_t sizes[] = {1, 2, 3, 4, 7, 8, 9, 15, 16, 17, 63, 64, 65, 100, 1448, 2048, 4100};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct bytes b = sample(p, sizes[i]);
        uint32_t before = payload_digest(&key, b);
        for (size_t at = 0; at < b.n; at++) {
            p[at] ^= 1;
            assert_int_not_equal(payload_digest(&key, b), before);
            p[at] ^= 0x81;
            assert_int_not_equal(payload_digest(&key, b), before);
            p[at] ^= 0x80;
        }
        assert_int_equal(payload_digest(&key, b), before);
    }
}

static void pieces_that_change_places_change_it(void **state)
{
    (void)state;
    static uint8_t p[MAX_BYTES];
    struct digest_key key;
    digest_key_init(&key, 7);
    struct bytes b = sample(p, MAX_BYTES);
    uint32_t before = payload_digest(&key, b);
    const size_t sizes[] = {4, 8, 16, 64, DIGEST_BLOCK_BYTES};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        for (size_t at = sizes[i]; at + sizes[i] <= MAX_BYTES; at += sizes[i]) {
            for (int back = 0; back < 2; back++) {
                for (size_t k = 0; k < sizes[i]; k++) {
                    uint8_t t = p[k];
                    p[k] = p[at + k];
                    p[at + k] = t;
                }
                assert_true((payload_digest(&key, b) == before) == (back == 1));
            }
        }
    }
}

static void length_and_key_count(void **state)
{
    (void)state;
    uint8_t zeros[200] = {0};
    struct digest_key key;
    struct digest_key other;
    digest_key_init(&key, 1);
    digest_key_init(&other, 2);
    for (size_t n = 0; n < sizeof zeros; n++) {
        struct bytes b = {zeros, n};
        assert_int_not_equal(payload_digest(&key, b),
                             payload_digest(&key, (struct bytes){zeros, n + 1}));
        assert_true(n == 0 || payload_digest(&key, b) != payload_digest(&other, b));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(vectors_and_plain_arithmetic_agree),
        cmocka_unit_test(any_byte_changes_it),
        cmocka_unit_test(pieces_that_change_places_change_it),
        cmocka_unit_test(length_and_key_count),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
