/* Inflating messages: the vectors of RFC 7692 section 7.2.3, the pitfalls, and what zlib's deflate
 * makes of random messages under every negotiation, with losses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decoders/base/buffer.h"
#include "decoders/websocket/permessage_deflate.h"

#include <stdio.h>
#include <stdlib.h>
#define ZLIB_CONST
#include <zlib.h>

#define MIB (UINT64_C(1) << 20)

/* ---- The receiving side ---- */

struct sink {
    struct buffer text; /* the first bytes */
    uint64_t n;
};

static void take(void *ctx, struct bytes plain)
{
    struct sink *s = ctx;
    s->n += plain.n;
    buffer_append(&s->text, plain);
}

struct receiver {
    struct inflater *inf;
    struct sink sink;
    uint8_t scratch[4096];
    struct inflate_output to;
};

static struct receiver *receiver_new(bool no_context_takeover, bool known, size_t scratch_size)
{
    struct receiver *r = calloc(1, sizeof *r);
    assert_non_null(r);
    r->inf = inflater_new(no_context_takeover, known);
    assert_non_null(r->inf);
    buffer_init(&r->sink.text, MIB);
    r->to = (struct inflate_output){take, &r->sink, r->scratch, scratch_size};
    return r;
}

static void receiver_free(struct receiver *r)
{
    inflater_free(r->inf);
    buffer_done(&r->sink.text);
    free(r);
}

/* One message in pieces of `step` bytes; 0: whole, with its trailer. */
static enum inflate_result receive(struct receiver *r, struct bytes message, size_t step)
{
    r->sink.n = 0;
    buffer_clear(&r->sink.text);
    if (step == 0) {
        uint8_t *whole = malloc(message.n + INFLATE_TRAILER_BYTES);
        assert_non_null(whole);
        memcpy(whole, message.p, message.n);
        memcpy(whole + message.n, inflate_trailer, INFLATE_TRAILER_BYTES);
        enum inflate_result result = inflater_message(
            r->inf, (struct bytes){whole, message.n + INFLATE_TRAILER_BYTES}, &r->to);
        free(whole);
        return result;
    }
    while (message.n > 0) {
        inflater_piece(r->inf, bytes_part(message, 0, step), &r->to);
        message = bytes_from(message, step);
    }
    return inflater_finish(r->inf, &r->to);
}

static struct bytes unhex(const char *hex, uint8_t *out)
{
    size_t n = 0;
    unsigned byte;
    for (; sscanf(hex, "%2x", &byte) == 1; hex += 2) {
        out[n++] = (uint8_t)byte;
    }
    return (struct bytes){out, n};
}

static void expect_cut(struct receiver *r, const char *hex, const char *text, size_t step)
{
    uint8_t wire[64];
    assert_int_equal(receive(r, unhex(hex, wire), step), INFLATE_OK);
    assert_int_equal(r->sink.n, strlen(text));
    assert_true(bytes_equal(buffer_bytes(&r->sink.text), bytes_of(text)));
}

static enum inflate_result receive_hex(struct receiver *r, const char *hex)
{
    uint8_t wire[64];
    return receive(r, unhex(hex, wire), 1);
}

/* A sequence of messages, hex and text in turn, ended by NULL, at every cut and size of scratch. */
static void expect_sequence(const char *const *m)
{
    for (size_t step = 0; step < 8; step++) {
        for (size_t scratch = 1; scratch < 8; scratch++) {
            struct receiver *r = receiver_new(false, true, scratch);
            for (size_t i = 0; m[i] != NULL; i += 2) {
                expect_cut(r, m[i], m[i + 1], step);
            }
            receiver_free(r);
        }
    }
}

#define SEQUENCE(...) expect_sequence((const char *const[]){__VA_ARGS__, NULL})

static void the_vectors_of_the_rfc_inflate(void **state)
{
    (void)state;
    SEQUENCE("f248cdc9c90700", "Hello");
    SEQUENCE("000500faff48656c6c6f00", "Hello");
    SEQUENCE("f348cdc9c9070000", "Hello");
    SEQUENCE("f24805000000ffffcac9c90700", "Hello");
}

static void the_window_is_shared_between_messages(void **state)
{
    (void)state;
    SEQUENCE("f248cdc9c90700", "Hello", "f200110000", "Hello", "f200110000", "Hello");
}

static void a_final_block_ends_neither_the_message_nor_the_window(void **state)
{
    (void)state;
    SEQUENCE("f348cdc9c9070000", "Hello", "f200110000", "Hello");
    SEQUENCE("f348cdc9c90700f348cdc9c9070000", "HelloHello", "f200110000", "Hello");
    SEQUENCE("f348cdc9c90700f248cdc9c90700", "HelloHello", "f200110000", "Hello");
    SEQUENCE("f248cdc9c90700", "Hello", "f300110000", "Hello", "f200110000", "Hello");
}

static void a_final_block_may_be_the_very_end_of_a_message(void **state)
{
    (void)state;
    SEQUENCE("f348cdc9c90700", "Hello", "f200110000", "Hello");
    SEQUENCE("f348cdc9c90700", "Hello", "f348cdc9c90700", "Hello");
}

static void many_empty_final_blocks_cost_next_to_nothing(void **state)
{
    (void)state;
    struct receiver *r = receiver_new(false, true, 4096);
    expect_cut(r, "f248cdc9c90700", "Hello", 0);
    uint8_t *wire = malloc(2 * 200000 + 1);
    assert_non_null(wire);
    for (size_t i = 0; i < 200000; i++) {
        wire[2 * i] = 0x03;
        wire[2 * i + 1] = 0x00;
    }
    wire[400000] = 0x00;
    assert_int_equal(receive(r, (struct bytes){wire, 400001}, 0), INFLATE_OK);
    assert_int_equal(r->sink.n, 0);
    free(wire);
    expect_cut(r, "f200110000", "Hello", 0);
    receiver_free(r);
}

static void empty_messages_inflate_to_nothing(void **state)
{
    (void)state;
    SEQUENCE("00", "", "0300", "", "030000", "", "0200", "", "00", "", "f248cdc9c90700", "Hello",
             "00", "", "0300", "", "f200110000", "Hello");
}

static void a_message_without_payload_is_told_and_does_no_harm(void **state)
{
    (void)state;
    for (size_t step = 0; step < 2; step++) {
        struct receiver *r = receiver_new(false, true, 16);
        expect_cut(r, "f248cdc9c90700", "Hello", step);
        assert_int_equal(receive(r, (struct bytes){(const uint8_t *)"", 0}, step), INFLATE_EMPTY);
        expect_cut(r, "f200110000", "Hello", step);
        receiver_free(r);
    }
}

static void invalid_data_is_told(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "07",                     /* block type 3 */
        "000500faf048656c6c6f00", /* length and its complement differ */
        "f248cdc9c9",             /* cut inside a block */
        "000500faff4865",         /* cut inside a stored block */
        "f248cdc9c907000000ffff", /* the trailer was not stripped */
        "f200110000",             /* refers to before the first message */
        "f348cdc9",               /* cut inside a final block */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        for (size_t step = 0; step < 3; step++) {
            struct receiver *r = receiver_new(false, true, 16);
            uint8_t wire[64];
            assert_int_equal(receive(r, unhex(bad[i], wire), step), INFLATE_INVALID);
            /* Later messages are read again, but what was before is not known any more. */
            assert_int_equal(receive_hex(r, "f200110000"), INFLATE_WINDOW_UNKNOWN);
            expect_cut(r, "f248cdc9c90700", "Hello", step);
            expect_cut(r, "f200110000", "Hello", step);
            receiver_free(r);
        }
    }
}

static void what_came_out_before_invalid_data_is_passed_on(void **state)
{
    (void)state;
    struct receiver *r = receiver_new(false, true, 16);
    assert_int_equal(receive_hex(r, "000500faff48656c6c6f07"), INFLATE_INVALID);
    assert_true(bytes_equal(buffer_bytes(&r->sink.text), bytes_of("Hello")));
    receiver_free(r);
}

static void the_rest_of_an_invalid_message_is_not_read(void **state)
{
    (void)state;
    struct receiver *r = receiver_new(false, true, 16);
    uint8_t wire[64];
    r->sink.n = 0;
    assert_int_equal(inflater_piece(r->inf, unhex("07", wire), &r->to), INFLATE_INVALID);
    assert_int_equal(inflater_piece(r->inf, unhex("f248cdc9c90700", wire), &r->to),
                     INFLATE_INVALID);
    assert_int_equal(inflater_finish(r->inf, &r->to), INFLATE_INVALID);
    assert_int_equal(r->sink.n, 0);
    receiver_free(r);
}

/* ---- Loss ---- */

static void after_a_loss_only_what_needs_no_history_is_inflated(void **state)
{
    (void)state;
    struct receiver *r = receiver_new(false, true, 16);
    expect_cut(r, "f248cdc9c90700", "Hello", 0);
    inflater_lost(r->inf);
    assert_int_equal(receive_hex(r, "f200110000"), INFLATE_WINDOW_UNKNOWN);
    assert_true(bytes_equal(buffer_bytes(&r->sink.text), bytes_of("H"))); /* it was a literal */
    assert_int_equal(receive_hex(r, "f200110000"), INFLATE_WINDOW_UNKNOWN);
    expect_cut(r, "f248cdc9c90700", "Hello", 0);
    expect_cut(r, "f200110000", "Hello", 0);
    receiver_free(r);
}

static void a_stream_picked_up_in_the_middle_begins_with_an_unknown_window(void **state)
{
    (void)state;
    struct receiver *r = receiver_new(false, false, 16);
    assert_int_equal(receive_hex(r, "f200110000"), INFLATE_WINDOW_UNKNOWN);
    expect_cut(r, "f248cdc9c90700", "Hello", 0);
    receiver_free(r);
}

static void without_context_takeover_the_message_after_a_loss_has_a_known_window(void **state)
{
    (void)state;
    struct receiver *r = receiver_new(true, false, 16);
    inflater_lost(r->inf);
    expect_cut(r, "f248cdc9c90700", "Hello", 0);
    inflater_lost(r->inf);
    assert_int_equal(receive_hex(r, "f200110000"), INFLATE_INVALID);
    expect_cut(r, "f248cdc9c90700", "Hello", 0);
    receiver_free(r);
}

static void a_message_may_be_lost_in_its_middle(void **state)
{
    (void)state;
    struct receiver *r = receiver_new(false, true, 16);
    uint8_t wire[64];
    inflater_piece(r->inf, unhex("f248cd", wire), &r->to);
    inflater_lost(r->inf);
    expect_cut(r, "f248cdc9c90700", "Hello", 0);
    receiver_free(r);
}

/* ---- Against zlib's deflate ---- */

struct sender {
    z_stream z;
    bool no_context_takeover;
    uint8_t window[32768]; /* the last bytes sent */
    size_t window_n;
};

static uint32_t next_random(uint32_t *seed)
{
    *seed ^= *seed << 13;
    *seed ^= *seed >> 17;
    *seed ^= *seed << 5;
    return *seed;
}

static void sender_init(struct sender *s, int bits, int level, int strategy, bool no_takeover)
{
    memset(s, 0, sizeof *s);
    s->no_context_takeover = no_takeover;
    assert_int_equal(deflateInit2(&s->z, level, Z_DEFLATED, -bits, 8, strategy), Z_OK);
}

static void remember(struct sender *s, struct bytes text)
{
    size_t keep = sizeof s->window - s->window_n;
    if (text.n > keep) {
        size_t drop = text.n - keep < s->window_n ? text.n - keep : s->window_n;
        memmove(s->window, s->window + drop, s->window_n - drop);
        s->window_n -= drop;
    }
    struct bytes tail = bytes_from(text, text.n > sizeof s->window ? text.n - sizeof s->window : 0);
    memcpy(s->window + s->window_n, tail.p, tail.n);
    s->window_n += tail.n;
}

/* Compresses a message as a sender would; final: as one ended by a BFINAL block (7.2.3.4). */
static struct bytes compress_message(struct sender *s, struct bytes text, bool final, uint8_t *out,
                                     size_t size)
{
    if (text.n == 0) { /* section 7.2.3.6 */
        out[0] = 0x00;
        return (struct bytes){out, 1};
    }
    s->z.next_in = text.p;
    s->z.avail_in = (uInt)text.n;
    s->z.next_out = out;
    s->z.avail_out = (uInt)size;
    int says = deflate(&s->z, final ? Z_FINISH : Z_SYNC_FLUSH);
    assert_int_equal(says, final ? Z_STREAM_END : Z_OK);
    assert_true(s->z.avail_out > 0);
    size_t n = size - s->z.avail_out;
    remember(s, text);
    if (final) {
        out[n++] = 0x00;
        deflateReset(&s->z);
        if (!s->no_context_takeover) {
            deflateSetDictionary(&s->z, s->window, (uInt)s->window_n);
        }
        return (struct bytes){out, n};
    }
    assert_memory_equal(out + n - INFLATE_TRAILER_BYTES, inflate_trailer, INFLATE_TRAILER_BYTES);
    if (s->no_context_takeover) {
        deflateReset(&s->z);
    }
    return (struct bytes){out, n - INFLATE_TRAILER_BYTES};
}

static struct bytes random_text(uint32_t *seed, uint8_t *text, size_t max)
{
    static const char *const words[] = {"{\"type\":\"", "price", "\",\"data\":[", "1234", "],",
                                        "hello ",       "world", "\xc3\xa9",      "}",    "0000"};
    size_t n = 0;
    size_t want = next_random(seed) % max;
    while (n < want) {
        uint32_t pick = next_random(seed) % 13;
        if (pick >= 10) {
            text[n++] = (uint8_t)next_random(seed);
            continue;
        }
        size_t len = strlen(words[pick]);
        len = len < want - n ? len : want - n;
        memcpy(text + n, words[pick], len);
        n += len;
    }
    return (struct bytes){text, n};
}

#define TEXT_MAX 6000

static void round_trip(int bits, int level, int strategy, bool no_takeover, uint32_t seed)
{
    static uint8_t text[TEXT_MAX], wire[2 * TEXT_MAX];
    static struct sender s;
    sender_init(&s, bits, level, strategy, no_takeover);
    struct receiver *r = receiver_new(no_takeover, true, 1 + next_random(&seed) % 4096);
    for (int i = 0; i < 24; i++) {
        struct bytes plain = random_text(&seed, text, TEXT_MAX);
        bool final = next_random(&seed) % 4 == 0;
        struct bytes message = compress_message(&s, plain, final, wire, sizeof wire);
        size_t step = next_random(&seed) % 3 == 0 ? 0 : 1 + next_random(&seed) % 700;
        assert_int_equal(receive(r, message, step), INFLATE_OK);
        assert_true(bytes_equal(buffer_bytes(&r->sink.text), plain));
    }
    assert_true(inflater_memory(r->inf) > 32768 && inflater_memory(r->inf) < 49152);
    deflateEnd(&s.z);
    receiver_free(r);
}

static void random_messages_come_back_whatever_was_negotiated(void **state)
{
    (void)state;
    for (int bits = 9; bits <= 15; bits++) {
        for (int takeover = 0; takeover < 2; takeover++) {
            round_trip(bits, 6, Z_DEFAULT_STRATEGY, takeover == 0, (uint32_t)bits * 7919);
            round_trip(bits, 1, Z_DEFAULT_STRATEGY, takeover == 0, (uint32_t)bits * 104729);
        }
    }
    round_trip(15, 9, Z_FIXED, false, 1);
    round_trip(15, 9, Z_RLE, false, 2);
    round_trip(15, 9, Z_HUFFMAN_ONLY, false, 3);
    round_trip(15, 0, Z_DEFAULT_STRATEGY, false, 4); /* stored blocks alone */
}

/* With lost messages: whatever comes out is a true beginning of the message, and OK means all. */
static void lossy_round_trip(bool no_takeover, uint32_t seed, unsigned *ok, unsigned *unknown)
{
    static uint8_t text[TEXT_MAX], wire[2 * TEXT_MAX];
    static struct sender s;
    sender_init(&s, 15, 6, Z_DEFAULT_STRATEGY, no_takeover);
    struct receiver *r = receiver_new(no_takeover, seed % 2 == 0, 100);
    for (int i = 0; i < 100; i++) {
        struct bytes plain = random_text(&seed, text, 1 + next_random(&seed) % 400);
        struct bytes message = compress_message(&s, plain, false, wire, sizeof wire);
        if (next_random(&seed) % 8 == 0) {
            inflater_lost(r->inf);
            continue;
        }
        enum inflate_result result = receive(r, message, next_random(&seed) % 50);
        struct bytes got = buffer_bytes(&r->sink.text);
        if (result == INFLATE_OK) {
            assert_true(bytes_equal(got, plain));
            ++*ok;
        } else {
            assert_int_equal(result, INFLATE_WINDOW_UNKNOWN);
            assert_true(got.n < plain.n && bytes_start_with(plain, got));
            ++*unknown;
        }
    }
    deflateEnd(&s.z);
    receiver_free(r);
}

static void with_losses_nothing_wrong_comes_out(void **state)
{
    (void)state;
    unsigned ok = 0, unknown = 0;
    for (uint32_t seed = 1; seed < 40; seed++) {
        lossy_round_trip(false, seed * 2654435761U, &ok, &unknown);
    }
    assert_true(ok > 100 && unknown > 100);
    unsigned none = 0;
    for (uint32_t seed = 1; seed < 10; seed++) {
        lossy_round_trip(true, seed * 2654435761U, &ok, &none);
    }
    assert_int_equal(none, 0);
}

/* ---- Bombs ---- */

/* `mib` times 1 MB of zeros that refer to nothing before, as one message; free it. */
static struct bytes zeros(size_t mib)
{
    uint8_t *block = calloc(1, MIB);
    uint8_t packed[4096];
    assert_non_null(block);
    z_stream z = {
        .next_in = block, .avail_in = MIB, .next_out = packed, .avail_out = sizeof packed};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
    assert_int_equal(deflate(&z, Z_FULL_FLUSH), Z_OK);
    size_t n = sizeof packed - z.avail_out;
    deflateEnd(&z);
    free(block);
    uint8_t *all = malloc(mib * n);
    assert_non_null(all);
    for (size_t i = 0; i < mib; i++) {
        memcpy(all + i * n, packed, n);
    }
    return (struct bytes){all, mib * n - INFLATE_TRAILER_BYTES};
}

/* The message and then "Hello" in a stored block, so that the window's end is known. */
static struct bytes with_hello(struct bytes m)
{
    static const uint8_t hello[] = {0x00, 0x00, 0xff, 0xff, 0x00, 0x05, 0x00, 0xfa,
                                    0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00};
    uint8_t *p = realloc((void *)(uintptr_t)m.p, m.n + sizeof hello);
    assert_non_null(p);
    memcpy(p + m.n, hello, sizeof hello);
    return (struct bytes){p, m.n + sizeof hello};
}

static void a_bomb_is_cut_at_the_same_place_however_it_comes_and_the_window_survives(void **state)
{
    (void)state;
    struct bytes bomb = with_hello(zeros(12));
    static const size_t steps[] = {0, 1, 7, 1000};
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        struct receiver *r = receiver_new(false, true, 4096 - i);
        assert_int_equal(receive(r, bomb, steps[i]), INFLATE_BOMB);
        assert_int_equal(r->sink.n, INFLATE_CHECK_BYTES);
        expect_cut(r, "f200110000", "Hello", 1);
        receiver_free(r);
    }
    free((void *)(uintptr_t)bomb.p);
}

static void beyond_the_last_limit_the_window_counts_as_lost(void **state)
{
    (void)state;
    struct bytes bomb = with_hello(zeros(INFLATE_DISCARD_MAX_BYTES / MIB + 5));
    struct receiver *r = receiver_new(false, true, 4096);
    assert_int_equal(receive(r, bomb, 5000), INFLATE_BOMB);
    assert_int_equal(r->sink.n, INFLATE_CHECK_BYTES);
    assert_int_equal(receive_hex(r, "f200110000"), INFLATE_WINDOW_UNKNOWN);
    expect_cut(r, "f248cdc9c90700", "Hello", 1);
    receiver_free(r);
    free((void *)(uintptr_t)bomb.p);
}

static void a_large_message_that_is_no_bomb_comes_out_whole(void **state)
{
    (void)state;
    static struct sender s;
    uint8_t *text = malloc(9 * MIB), *wire = malloc(9 * MIB);
    assert_non_null(text);
    assert_non_null(wire);
    for (size_t i = 0; i < 9 * MIB; i += 64) {
        snprintf((char *)text + i, 64, "{\"sequence\":%zu,\"padding\":\"................\"", i);
    }
    sender_init(&s, 15, 1, Z_DEFAULT_STRATEGY, false);
    struct bytes message =
        compress_message(&s, (struct bytes){text, 9 * MIB}, false, wire, 9 * MIB);
    struct receiver *r = receiver_new(false, true, 4096);
    assert_int_equal(receive(r, message, 1400), INFLATE_OK);
    assert_int_equal(r->sink.n, 9 * MIB);
    deflateEnd(&s.z);
    receiver_free(r);
    free(text);
    free(wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfc_inflate),
        cmocka_unit_test(the_window_is_shared_between_messages),
        cmocka_unit_test(a_final_block_ends_neither_the_message_nor_the_window),
        cmocka_unit_test(a_final_block_may_be_the_very_end_of_a_message),
        cmocka_unit_test(many_empty_final_blocks_cost_next_to_nothing),
        cmocka_unit_test(empty_messages_inflate_to_nothing),
        cmocka_unit_test(a_message_without_payload_is_told_and_does_no_harm),
        cmocka_unit_test(invalid_data_is_told),
        cmocka_unit_test(what_came_out_before_invalid_data_is_passed_on),
        cmocka_unit_test(the_rest_of_an_invalid_message_is_not_read),
        cmocka_unit_test(after_a_loss_only_what_needs_no_history_is_inflated),
        cmocka_unit_test(a_stream_picked_up_in_the_middle_begins_with_an_unknown_window),
        cmocka_unit_test(without_context_takeover_the_message_after_a_loss_has_a_known_window),
        cmocka_unit_test(a_message_may_be_lost_in_its_middle),
        cmocka_unit_test(random_messages_come_back_whatever_was_negotiated),
        cmocka_unit_test(with_losses_nothing_wrong_comes_out),
        cmocka_unit_test(a_bomb_is_cut_at_the_same_place_however_it_comes_and_the_window_survives),
        cmocka_unit_test(beyond_the_last_limit_the_window_counts_as_lost),
        cmocka_unit_test(a_large_message_that_is_no_bomb_comes_out_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
