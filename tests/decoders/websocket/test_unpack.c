/* Memory while messages are unpacked. What comes out of them is test_extensions.c's. */
#include "decoders/websocket/unpack.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MANY 64

struct out {
    uint64_t n;
};

static void take(void *ctx, struct bytes plain)
{
    ((struct out *)ctx)->n += plain.n;
}

static enum inflate_result piece(struct unpacker *u, struct bytes b, struct out *out)
{
    static uint8_t scratch[4096];
    const struct inflate_output to = {take, out, scratch, sizeof scratch};
    return unpacker_piece(u, b, &to);
}

/* The header of a bzip2 stream with blocks of 900 KB, and of its first block: all it takes to make
 * libbz2 ask for what such a block needs. */
static const uint8_t bzip2_begin[] = {'B',  'Z',  'h',  '9',  0x31, 0x41,
                                      0x59, 0x26, 0x53, 0x59, 0x00, 0x00};

static void bzip2_takes_no_more_memory_than_there_is_for_all(void **state)
{
    (void)state;
    if (!websocket_unpacks(CODING_BZIP2)) {
        skip();
    }
    size_t memory = 0;
    struct unpacker *u[MANY];
    unsigned refused = 0;
    struct bytes begin = {bzip2_begin, sizeof bzip2_begin};
    for (unsigned i = 0; i < MANY; i++) {
        struct out out = {0};
        u[i] = unpacker_new(CODING_BZIP2, &memory);
        assert_non_null(u[i]);
        refused += piece(u[i], begin, &out) == INFLATE_NO_MEMORY;
        assert_true(memory <= UNPACK_ALL_MAX_BYTES);
    }
    assert_true(refused > 0 && refused < MANY);
    assert_true(memory > UNPACK_ALL_MAX_BYTES / 2);
    for (unsigned i = 0; i < MANY; i++) {
        unpacker_free(u[i]);
    }
    assert_int_equal(memory, 0);
}

static void memory_is_given_back_when_a_message_is_over_or_lost(void **state)
{
    (void)state;
    static const uint8_t chunk[] = {0x01, 0x09, 0x00, 0x00, 0x8a, 0xee, 0xb9,
                                    0xbe, 'H',  'e',  'l',  'l',  'o'};
    if (!websocket_unpacks(CODING_SNAPPY)) {
        skip();
    }
    size_t memory = 0;
    struct out out = {0};
    struct unpacker *u = unpacker_new(CODING_SNAPPY, &memory);
    assert_non_null(u);
    for (int round = 0; round < 3; round++) {
        assert_int_equal(piece(u, (struct bytes){chunk, 9}, &out), INFLATE_OK);
        assert_true(memory > 0);
        unpacker_lost(u);
        assert_int_equal(memory, 0);
        assert_int_equal(piece(u, (struct bytes){chunk, sizeof chunk}, &out), INFLATE_OK);
        assert_int_equal(unpacker_finish(u), INFLATE_OK);
        assert_int_equal(memory, 0);
    }
    assert_int_equal(out.n, 15);
    unpacker_free(u);
}

static void a_chunk_of_snappy_claims_no_memory_by_its_length(void **state)
{
    (void)state;
    static const uint8_t lengths[][4] = {
        {0x00, 0xff, 0xff, 0xff}, {0x01, 0xff, 0xff, 0xff}, {0x00, 0xcf, 0x2a, 0x01}};
    if (!websocket_unpacks(CODING_SNAPPY)) {
        skip();
    }
    for (size_t i = 0; i < 3; i++) {
        size_t memory = 0;
        struct out out = {0};
        struct unpacker *u = unpacker_new(CODING_SNAPPY, &memory);
        assert_int_equal(piece(u, (struct bytes){lengths[i], 4}, &out), INFLATE_INVALID);
        assert_int_equal(memory, 0);
        unpacker_free(u);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bzip2_takes_no_more_memory_than_there_is_for_all),
        cmocka_unit_test(memory_is_given_back_when_a_message_is_over_or_lost),
        cmocka_unit_test(a_chunk_of_snappy_claims_no_memory_by_its_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
