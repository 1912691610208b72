/* Unmasking against the byte loop of RFC 6455 section 5.3. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decoders/websocket/mask.h"

#include <stdlib.h>

#define SIZE_MAX_TESTED 200

static const uint8_t key[4] = {0x37, 0xfa, 0x21, 0x3d};

static void the_example_of_the_rfc_is_unmasked(void **state)
{
    (void)state;
    static const uint8_t wire[] = {0x7f, 0x9f, 0x4d, 0x51, 0x58};
    uint8_t out[5];
    assert_true(mask_copy(out, (struct bytes){wire, 5}, key, 0));
    assert_memory_equal(out, "Hello", 5);
}

/* The buffers have exactly the size needed, so that a sanitizer sees a byte too far. */
static void check(size_t align, unsigned phase, size_t n, size_t not_ascii)
{
    uint8_t *in = malloc(align + n + 1);
    uint8_t *out = malloc(align + n + 1);
    assert_non_null(in);
    assert_non_null(out);
    out[align + n] = 0xee;
    for (size_t i = 0; i < n; i++) {
        uint8_t plain = (uint8_t)((i * 31 + n) & 0x7f);
        plain = i == not_ascii ? 0x80 : plain;
        in[align + i] = plain ^ key[(i + phase) & 3];
    }
    bool ascii = mask_copy(out + align, (struct bytes){in + align, n}, key, phase);
    assert_int_equal(ascii, not_ascii >= n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(out[align + i], in[align + i] ^ key[(i + phase) & 3]);
    }
    assert_int_equal(out[align + n], 0xee);
    free(in);
    free(out);
}

static void every_length_alignment_and_phase_is_what_the_byte_loop_gives(void **state)
{
    (void)state;
    for (size_t n = 0; n <= SIZE_MAX_TESTED; n++) {
        for (size_t align = 0; align < 17; align++) {
            for (unsigned phase = 0; phase < 4; phase++) {
                check(align, phase, n, SIZE_MAX);
            }
        }
    }
}

static void one_byte_above_ascii_is_seen_wherever_it_is(void **state)
{
    (void)state;
    for (size_t n = 1; n <= SIZE_MAX_TESTED; n++) {
        for (size_t at = 0; at < n; at++) {
            check(0, (unsigned)(n & 3), n, at);
        }
    }
}

static void the_offset_may_be_beyond_32_bits(void **state)
{
    (void)state;
    uint8_t out[3];
    mask_copy(out, (struct bytes){(const uint8_t *)"\0\0\0", 3}, key, (UINT64_C(1) << 40) + 2);
    assert_memory_equal(out, "\x21\x3d\x37", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_rfc_is_unmasked),
        cmocka_unit_test(every_length_alignment_and_phase_is_what_the_byte_loop_gives),
        cmocka_unit_test(one_byte_above_ascii_is_seen_wherever_it_is),
        cmocka_unit_test(the_offset_may_be_beyond_32_bits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
