/*
 * permessage-bzip2 and permessage-snappy over hostile bytes: the first byte chooses which, the next
 * how messages are cut; each message goes in whole and byte by byte, with the same result.
 */
#include "decoders/websocket/unpack.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define SCRATCH_BYTES 4096

static void require(bool condition)
{
    if (!condition) {
        abort();
    }
}

struct sum {
    uint64_t n, hash;
};

static void take(void *ctx, struct bytes plain)
{
    struct sum *sum = ctx;
    for (size_t i = 0; i < plain.n; i++) {
        sum->hash = (sum->hash ^ plain.p[i]) * UINT64_C(0x100000001b3);
    }
    sum->n += plain.n;
}

static enum inflate_result unpack(struct unpacker *u, struct bytes message, size_t most,
                                  struct sum *sum)
{
    uint8_t *scratch = malloc(SCRATCH_BYTES);
    require(scratch != NULL);
    struct inflate_output to = {take, sum, scratch, SCRATCH_BYTES};
    while (message.n > 0) {
        struct bytes part = bytes_part(message, 0, most);
        uint8_t *copy = malloc(part.n);
        require(copy != NULL);
        memcpy(copy, part.p, part.n);
        unpacker_piece(u, (struct bytes){copy, part.n}, &to);
        free(copy);
        message = bytes_from(message, part.n);
    }
    free(scratch);
    return unpacker_finish(u);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    size_t memory = 0;
    if (size < 2) {
        return 0;
    }
    enum message_coding coding = data[0] & 1 ? CODING_BZIP2 : CODING_SNAPPY;
    struct bytes messages = {data + 2, size - 2};
    size_t length = (size_t)data[1] * 8 + 1;
    struct unpacker *whole = unpacker_new(coding, &memory);
    struct unpacker *bytewise = unpacker_new(coding, &memory);
    while (messages.n > 0 && whole != NULL && bytewise != NULL) {
        struct bytes message = bytes_part(messages, 0, length);
        struct sum a = {0}, b = {0};
        require(unpack(whole, message, SIZE_MAX, &a) == unpack(bytewise, message, 1, &b));
        require(a.n == b.n && a.hash == b.hash);
        require(memory == 0 && a.n <= INFLATE_CHECK_BYTES + INFLATE_RATIO_MAX * message.n);
        messages = bytes_from(messages, length);
    }
    unpacker_free(whole);
    unpacker_free(bytewise);
    return 0;
}
