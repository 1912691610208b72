/*
 * The WebSocket decoder: every rule of RFC 6455 that a passive observer can check (F1-F18, C1-C17)
 * and permessage-deflate as it stands in a connection. Each text is replayed at every cut.
 */
#include "decoders/websocket/websocket.h"
#include "lib/decode_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const struct websocket_setup plain = {.version = 13};
static const struct websocket_setup deflate = {.version = 13, .deflate = DEFLATE_IN_USE};
static const struct websocket_setup deflate_fresh = {
    .version = 13, .deflate = DEFLATE_IN_USE, .no_context_takeover = {true, true}};

/* What is usual: a client frame with key 01020304, and how it ends. */
#define C(header) "> " header " 01020304 mask:01020304 "

static void check(const struct websocket_setup *setup, const char *input, const char *expected)
{
    struct decode_text how = {.decoder = &websocket_decoder, .arg = setup};
    decode_text_check(&how, input, expected);
}

/* ---- Frames ---- */

static void text_both_ways_as_the_rfc_shows_it(void **state)
{
    (void)state;
    check(&plain,
          "> 81 85 37fa213d 7f9f4d5158\n"
          "< 81 05 \"Hello\"\n",
          "message > text len=5 \"Hello\"\n"
          "message < text len=5 \"Hello\"\n");
}

static void several_frames_in_one_segment(void **state)
{
    (void)state;
    check(&plain, "< 81 01 \"a\" 82 02 \"bc\" 81 00 89 00\n",
          "message < text len=1 \"a\"\n"
          "message < binary len=2 \"bc\"\n"
          "message < text len=0 \"\"\n"
          "message < ping len=0 \"\"\n");
}

static void lengths_of_16_and_64_bits(void **state)
{
    (void)state;
    check(
        &plain, "< 82 7e 0080 \"x\"*128\n",
        "message < binary len=128 "
        "\"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"
        "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\"\n");
    struct decode_text how = {
        .decoder = &websocket_decoder, .arg = &plain, .once = true, .options = {.body_max = 4}};
    decode_text_check(&how, "< 82 7f 0000000000010000 \"y\"*65536\n",
                      "message < binary len=65536 body_cut \"yyyy\"\n");
}

static void fragments_become_one_message(void **state)
{
    (void)state;
    check(&plain, C("01 83") "\"Hel\"\n" C("00 80") "\n" C("80 82") "\"lo\"\n",
          "finding > ws.mask.key.repeated \"01020304\"\n"
          "message > text len=5 frames=3 \"Hello\"\n");
}

static void both_directions_fragmented_at_once(void **state)
{
    (void)state;
    check(&plain,
          C("01 81") "\"a\"\n"
                     "< 02 01 \"1\"\n" C("80 81") "\"b\"\n"
                                                  "< 80 01 \"2\"\n",
          "finding > ws.mask.key.repeated \"01020304\"\n"
          "message > text len=2 frames=2 \"ab\"\n"
          "message < binary len=2 frames=2 \"12\"\n");
}

static void ping_inside_a_fragmented_message(void **state)
{
    (void)state;
    check(&plain, "< 01 03 \"Hel\" 89 01 \"p\" 80 02 \"lo\"\n" C("8a 81") "\"p\"\n",
          "message < ping len=1 \"p\"\n"
          "message < text len=5 frames=2 \"Hello\"\n"
          "message > pong len=1 rtt=1ms \"p\"\n");
}

static void client_frame_without_a_mask(void **state)
{
    (void)state;
    check(&plain, "> 81 02 \"hi\"\n",
          "finding > ws.mask.missing\n"
          "message > text len=2 masked=0 \"hi\"\n");
}

static void server_frame_with_a_mask(void **state)
{
    (void)state;
    check(&plain, "< 81 82 01020304 mask:01020304 \"hi\"\n",
          "finding < ws.mask.unexpected\n"
          "message < text len=2 masked=1 \"hi\"\n");
}

static void reserved_bits_without_an_extension(void **state)
{
    (void)state;
    check(&plain, "< c1 02 \"hi\" a1 02 \"hi\" 91 02 \"hi\"\n",
          "finding < ws.frame.rsv \"RSV bits 100, opcode 1\"\n"
          "message < text len=2 \"hi\"\n"
          "finding < ws.frame.rsv \"RSV bits 010, opcode 1\"\n"
          "message < text len=2 \"hi\"\n"
          "finding < ws.frame.rsv \"RSV bits 001, opcode 1\"\n"
          "message < text len=2 \"hi\"\n");
}

static void reserved_opcodes(void **state)
{
    (void)state;
    check(&plain, "< 83 02 \"hi\" 8f 01 \"x\" 81 01 \"y\"\n",
          "finding < ws.frame.opcode \"opcode 3\"\n"
          "message < 3 len=2 \"hi\"\n"
          "finding < ws.frame.opcode \"opcode 15\"\n"
          "message < 15 len=1 \"x\"\n"
          "message < text len=1 \"y\"\n");
}

#define X10 "xxxxxxxxxx"
#define X122 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10 X10 "xx"
#define X123 X122 "x"
#define X125 X123 "xx"

static void control_frame_longer_than_125_bytes(void **state)
{
    (void)state;
    check(&plain, "< 89 7e 0080 \"x\"*128 81 01 \"y\"\n",
          "finding < ws.control.length \"opcode 9, 128 bytes\"\n"
          "message < ping len=128 body_cut \"" X125 "\"\n"
          "message < text len=1 \"y\"\n");
    check(&plain,
          "> 89 fe 0080 01020304 mask:01020304 \"x\"*128\n"
          "time 7\n"
          "< 8a 7e 0080 \"x\"*128\n",
          "finding > ws.control.length \"opcode 9, 128 bytes\"\n"
          "message > ping len=128 body_cut \"" X125 "\"\n"
          "finding < ws.control.length \"opcode 10, 128 bytes\"\n"
          "message < pong len=128 rtt=7ms body_cut \"" X125 "\"\n");
}

static void a_close_that_is_too_long_shows_its_code_and_the_beginning_of_its_reason(void **state)
{
    (void)state;
    check(&plain,
          "< 88 7e 0080 03e9 \"x\"*126\n> 88 82 01020304 mask:01020304 03e9\nend >\nend <\n",
          "finding < ws.control.length \"opcode 8, 128 bytes\"\n"
          "message < close len=128 code=1001 body_cut \"\\x03\\xe9" X123 "\"\n"
          "message > close len=2 code=1001 \"\\x03\\xe9\"\n"
          "finding > ws.close.client_first\n");
    /* where it is cut a character is, too: it was valid */
    check(&plain, "< 88 7e 0080 03e9 \"x\"*122 c3 a9 \"xx\"\n",
          "finding < ws.control.length \"opcode 8, 128 bytes\"\n"
          "message < close len=128 code=1001 body_cut \"\\x03\\xe9" X122 "\\xc3\"\n");
}

static void control_frame_in_fragments(void **state)
{
    (void)state;
    check(&plain, "< 09 01 \"x\" 81 01 \"y\"\n",
          "finding < ws.control.fragmented \"opcode 9\"\n"
          "message < ping len=1 \"x\"\n"
          "message < text len=1 \"y\"\n");
}

static void lengths_that_are_not_minimal(void **state)
{
    (void)state;
    check(&plain, "< 81 7e 0001 \"x\" 81 7f 0000000000000001 \"y\"\n",
          "finding < ws.frame.length.not_minimal \"1 bytes\"\n"
          "message < text len=1 \"x\"\n"
          "finding < ws.frame.length.not_minimal \"1 bytes\"\n"
          "message < text len=1 \"y\"\n");
}

static void a_length_with_its_top_bit_set_costs_no_memory(void **state)
{
    (void)state;
    check(&plain,
          "< 82 7f ffffffffffffffff \"data\"\n"
          "end <\n"
          "end >\n",
          "finding < ws.frame.length.top_bit\n"
          "finding < ws.end.in_message \"18446744073709551611 bytes of the frame were to come\"\n"
          "message < binary len=4 unfinished \"data\"\n"
          "finding < ws.close.abnormal \"FIN without Close\"\n");
}

static void continuation_without_a_beginning(void **state)
{
    (void)state;
    check(&plain, "< 80 02 \"lo\" 81 01 \"x\"\n",
          "finding < ws.continuation.unexpected\n"
          "message < continuation len=2 unfinished \"lo\"\n"
          "message < text len=1 \"x\"\n");
}

static void a_message_begins_inside_another(void **state)
{
    (void)state;
    check(&plain, "< 01 03 \"Hel\" 82 01 \"x\"\n",
          "finding < ws.continuation.missing \"opcode 2\"\n"
          "message < text len=3 unfinished \"Hel\"\n"
          "message < binary len=1 \"x\"\n");
}

static void a_character_cut_by_fragments_is_valid(void **state)
{
    (void)state;
    check(&plain, "< 01 01 c3 80 01 a9\n", "message < text len=2 frames=2 \"\\xc3\\xa9\"\n");
}

static void text_that_is_not_utf8(void **state)
{
    (void)state;
    check(&plain, "< 81 02 c328 81 01 c3 82 01 ff\n",
          "finding < ws.text.utf8\n"
          "message < text len=2 bad_utf8 \"\\xc3(\"\n"
          "finding < ws.text.utf8\n"
          "message < text len=1 bad_utf8 \"\\xc3\"\n"
          "message < binary len=1 \"\\xff\"\n");
}

static void masking_keys_that_are_zero_or_repeat(void **state)
{
    (void)state;
    check(&plain, "> 81 81 00000000 \"a\"\n" C("81 81") "\"b\"\n" C("81 81") "\"c\"\n",
          "finding > ws.mask.key.zero\n"
          "message > text len=1 \"a\"\n"
          "message > text len=1 \"b\"\n"
          "finding > ws.mask.key.repeated \"01020304\"\n"
          "message > text len=1 \"c\"\n");
}

static void masking_keys_that_count(void **state)
{
    (void)state;
    check(&plain,
          "> 82 81 00000010 10 82 81 00000011 11 82 81 00000012 12 82 81 00000013 13\n"
          "> 82 81 00000014 14 82 81 00000015 15 82 81 00000016 16 82 81 00000017 17\n",
          "message > binary len=1 \"\\x10\"\n"
          "message > binary len=1 \"\\x11\"\n"
          "message > binary len=1 \"\\x12\"\n"
          "message > binary len=1 \"\\x13\"\n"
          "message > binary len=1 \"\\x14\"\n"
          "message > binary len=1 \"\\x15\"\n"
          "message > binary len=1 \"\\x16\"\n"
          "finding > ws.mask.key.entropy \"keys differ by a constant step\"\n"
          "message > binary len=1 \"\\x17\"\n");
}

/* ---- Ping and Pong ---- */

static void the_newest_ping_answers_for_those_before(void **state)
{
    (void)state;
    check(&plain,
          "< 89 01 \"1\"\n"
          "< 89 01 \"2\"\n" C("8a 81") "\"2\"\n" C("8a 81") "\"1\"\n",
          "message < ping len=1 \"1\"\n"
          "message < ping len=1 \"2\"\n"
          "message > pong len=1 rtt=1ms \"2\"\n"
          "finding > ws.mask.key.repeated \"01020304\"\n"
          "finding > ws.pong.unsolicited\n"
          "message > pong len=1 \"1\"\n");
}

static void a_pong_with_other_data(void **state)
{
    (void)state;
    check(&plain, "< 89 01 \"1\"\n" C("8a 81") "\"x\"\n",
          "message < ping len=1 \"1\"\n"
          "finding > ws.pong.differs\n"
          "message > pong len=1 \"x\"\n");
}

static void a_ping_that_is_never_answered(void **state)
{
    (void)state;
    check(&plain,
          "< 89 01 \"1\"\n"
          "time 5000\n"
          "< 81 01 \"x\"\n"
          "close reset\n",
          "message < ping len=1 \"1\"\n"
          "message < text len=1 \"x\"\n"
          "finding < ws.ping.unanswered \"1 waited for a Pong\"\n"
          "finding > ws.close.abnormal \"reset\"\n");
}

static void a_ping_before_the_close_that_is_not_answered_either(void **state)
{
    (void)state;
    check(&plain,
          "< 89 01 \"1\"\n"
          "< 88 02 03e8\n" C("88 82") "03e8\n",
          "message < ping len=1 \"1\"\n"
          "message < close len=2 code=1000 \"\\x03\\xe8\"\n"
          "finding < ws.ping.unanswered \"1 waited for a Pong\"\n"
          "message > close len=2 code=1000 \"\\x03\\xe8\"\n");
}

static void sixty_pings_at_once_are_a_flood(void **state)
{
    (void)state;
    char input[2048] = "< ";
    for (int i = 0; i < 60; i++) {
        strcat(input, "8900");
    }
    char *log = decode_text_log(&(struct decode_text){.decoder = &websocket_decoder, .arg = &plain},
                                strcat(input, "\n"), 0);
    assert_non_null(strstr(log, "finding < security.ping.flood \"50 Pings within a second\"\n"));
    free(log);
}

/* ---- Close ---- */

static void close_both_ways(void **state)
{
    (void)state;
    check(&plain,
          C("88 85") "03e8 \"bye\"\n"
                     "< 88 02 03e8\n"
                     "end <\n"
                     "end >\n",
          "message > close len=5 code=1000 \"\\x03\\xe8bye\"\n"
          "message < close len=2 code=1000 \"\\x03\\xe8\"\n");
}

static void close_without_a_code(void **state)
{
    (void)state;
    check(&plain, "< 88 00\n", "message < close len=0 code=none \"\"\n");
}

static void close_of_one_byte(void **state)
{
    (void)state;
    check(&plain, "< 88 01 03\n",
          "finding < ws.close.length\n"
          "message < close len=1 code=none \"\\x03\"\n");
}

static void close_codes_that_must_not_be_sent(void **state)
{
    (void)state;
    static const struct {
        const char *hex, *finding;
        int code;
    } codes[] = {
        {"0000", "ws.close.code.unused", 0},
        {"03e7", "ws.close.code.unused", 999},
        {"03ec", "ws.close.code.reserved", 1004},
        {"03ed", "ws.close.code.forbidden", 1005},
        {"03ee", "ws.close.code.forbidden", 1006},
        {"03f7", "ws.close.code.forbidden", 1015},
        {"03f8", "ws.close.code.unassigned", 1016},
        {"0bb7", "ws.close.code.unassigned", 2999},
        {"1388", "ws.close.code.range", 5000},
        {"ffff", "ws.close.code.range", 65535},
        {"03f2", "ws.close.mandatory_extension", 1010},
    };
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        char input[64];
        char expected[160];
        snprintf(input, sizeof input, "< 88 02 %s\n", codes[i].hex);
        snprintf(expected, sizeof expected, "finding < %s \"code %d\"\n", codes[i].finding,
                 codes[i].code);
        char *log = decode_text_log(
            &(struct decode_text){.decoder = &websocket_decoder, .arg = &plain}, input, 0);
        assert_memory_equal(log, expected, strlen(expected));
        free(log);
    }
}

static void close_codes_that_may_be_sent(void **state)
{
    (void)state;
    static const char *const codes[] = {"03e8", "03e9", "03ea", "03eb", "03ef",
                                        "03f0", "03f1", "03f3", "03f4", "03f5",
                                        "03f6", "0bb8", "0f9f", "0fa0", "1387"};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        char input[64];
        snprintf(input, sizeof input, "< 88 02 %s\n", codes[i]);
        char *log = decode_text_log(
            &(struct decode_text){.decoder = &websocket_decoder, .arg = &plain}, input, 0);
        assert_null(strstr(log, "finding"));
        free(log);
    }
}

static void a_client_s_internal_error_is_only_noted(void **state)
{
    (void)state;
    check(&plain, C("88 82") "03f3\n",
          "finding > ws.close.internal_error_client \"code 1011\"\n"
          "message > close len=2 code=1011 \"\\x03\\xf3\"\n");
}

static void a_reason_that_is_not_utf8(void **state)
{
    (void)state;
    check(&plain, "< 88 03 03e8 ff\n",
          "finding < ws.close.reason.utf8\n"
          "message < close len=3 code=1000 \"\\x03\\xe8\\xff\"\n");
}

static void frames_after_the_own_close(void **state)
{
    (void)state;
    check(&plain, "< 88 02 03e8 81 01 \"x\" 89 00 88 00\n",
          "message < close len=2 code=1000 \"\\x03\\xe8\"\n"
          "finding < ws.close.data_after \"opcode 1\"\n"
          "message < text len=1 \"x\"\n"
          "finding < ws.close.control_after \"opcode 9\"\n"
          "message < ping len=0 \"\"\n"
          "finding < ws.close.twice\n"
          "message < close len=0 code=none \"\"\n");
}

static void bytes_after_the_close_that_are_no_frame(void **state)
{
    (void)state;
    check(&plain, "< 88 02 03e8 \"HTTP/1.1 400 Bad Request\"\n",
          "message < close len=2 code=1000 \"\\x03\\xe8\"\n"
          "finding < ws.close.bytes_after\n");
}

static void close_while_the_other_side_is_in_a_message(void **state)
{
    (void)state;
    check(&plain,
          C("01 81") "\"a\"\n"
                     "< 88 02 03e8\n" C("80 81") "\"b\"\n" C("88 82") "03e8\n",
          "message < close len=2 code=1000 \"\\x03\\xe8\"\n"
          "finding > ws.mask.key.repeated \"01020304\"\n"
          "message > text len=2 frames=2 \"ab\"\n"
          "finding > ws.mask.key.repeated \"01020304\"\n"
          "message > close len=2 code=1000 \"\\x03\\xe8\"\n");
}

static void an_answer_with_another_code(void **state)
{
    (void)state;
    check(&plain, "< 88 02 03e9\n" C("88 82") "03e8\n",
          "message < close len=2 code=1001 \"\\x03\\xe9\"\n"
          "finding > ws.close.code.differs \"1001 answered by 1000\"\n"
          "message > close len=2 code=1000 \"\\x03\\xe8\"\n");
}

static void a_close_that_is_not_answered(void **state)
{
    (void)state;
    check(&plain,
          "< 88 02 03e8\n"
          "end <\n"
          "end >\n",
          "message < close len=2 code=1000 \"\\x03\\xe8\"\n"
          "finding > ws.close.unanswered\n");
}

static void the_client_ends_tcp_first(void **state)
{
    (void)state;
    check(&plain,
          C("88 82") "03e8\n"
                     "< 88 02 03e8\n"
                     "end >\n"
                     "end <\n",
          "message > close len=2 code=1000 \"\\x03\\xe8\"\n"
          "message < close len=2 code=1000 \"\\x03\\xe8\"\n"
          "finding > ws.close.client_first\n");
}

static void tcp_ends_inside_a_message(void **state)
{
    (void)state;
    check(&plain,
          "< 01 05 \"Hello\"\n"
          "end <\n"
          "end >\n",
          "finding < ws.end.in_message \"0 bytes of the frame were to come\"\n"
          "message < text len=5 unfinished \"Hello\"\n"
          "finding < ws.close.abnormal \"FIN without Close\"\n");
}

/* ---- permessage-deflate ---- */

static void a_compressed_message(void **state)
{
    (void)state;
    check(&deflate, "< c1 07 f248cdc9c90700\n",
          "message < text len=5 wire=7 compressed \"Hello\"\n");
}

static void the_window_is_kept_between_messages(void **state)
{
    (void)state;
    check(&deflate, "< c1 07 f248cdc9c90700 c1 05 f200110000\n",
          "message < text len=5 wire=7 compressed \"Hello\"\n"
          "message < text len=5 compressed \"Hello\"\n");
}

static void compressed_and_fragmented_with_a_ping_between(void **state)
{
    (void)state;
    check(&deflate, "< 41 03 f248cd 89 00 80 04 c9c90700\n",
          "message < ping len=0 \"\"\n"
          "message < text len=5 frames=2 wire=7 compressed \"Hello\"\n");
}

static void a_first_fragment_without_bytes(void **state)
{
    (void)state;
    check(&deflate, "< c1 07 f248cdc9c90700 41 00 80 05 f200110000\n",
          "message < text len=5 wire=7 compressed \"Hello\"\n"
          "message < text len=5 frames=2 compressed \"Hello\"\n");
}

static void a_final_block_does_not_end_the_stream(void **state)
{
    (void)state;
    check(&deflate, "< c1 08 f348cdc9c9070000 c1 05 f200110000\n",
          "message < text len=5 wire=8 compressed \"Hello\"\n"
          "message < text len=5 compressed \"Hello\"\n");
}

static void messages_left_uncompressed_do_not_touch_the_window(void **state)
{
    (void)state;
    check(&deflate, "< c1 07 f248cdc9c90700 81 02 \"hi\" c1 05 f200110000\n",
          "message < text len=5 wire=7 compressed \"Hello\"\n"
          "message < text len=2 \"hi\"\n"
          "message < text len=5 compressed \"Hello\"\n");
}

static void compressed_and_masked(void **state)
{
    (void)state;
    check(&deflate, C("c1 87") "f248cdc9c90700\n",
          "message > text len=5 wire=7 compressed \"Hello\"\n");
}

static void rsv1_where_it_must_not_be(void **state)
{
    (void)state;
    check(&deflate, "< 41 03 f248cd c0 04 c9c90700 c9 00\n",
          "finding < ws.deflate.rsv1 \"opcode 0\"\n"
          "message < text len=5 frames=2 wire=7 compressed \"Hello\"\n"
          "finding < ws.deflate.rsv1 \"opcode 9\"\n"
          "message < ping len=0 \"\"\n");
}

static void a_compressed_message_without_a_byte(void **state)
{
    (void)state;
    check(&deflate, "< c1 00 c1 07 f248cdc9c90700\n",
          "finding < ws.deflate.empty\n"
          "message < text len=0 compressed \"\"\n"
          "message < text len=5 wire=7 compressed \"Hello\"\n");
}

static void bytes_that_do_not_inflate(void **state)
{
    (void)state;
    check(&deflate, "< c1 04 ffffffff 81 01 \"x\"\n",
          "finding < ws.deflate.invalid \"after 0 bytes\"\n"
          "message < text len=0 wire=4 compressed not_inflated \"\"\n"
          "message < text len=1 \"x\"\n");
}

/* ---- Loss ---- */

static void a_gap_inside_a_payload_costs_that_message(void **state)
{
    (void)state;
    check(&plain,
          "< 81 0a \"01234\"\n"
          "gap < 3\n"
          "< \"89\" 81 01 \"x\"\n",
          "message < text len=7 wire=10 unfinished damaged \"0123489\"\n"
          "message < text len=1 \"x\"\n");
}

static void a_gap_keeps_the_mask_in_phase(void **state)
{
    (void)state;
    check(&plain,
          C("82 88") "\"012\"\n"
                     "gap > 2\n"
                     "> 37 35 33\n",
          "message > binary len=6 wire=8 unfinished damaged \"012567\"\n");
}

static void a_gap_in_a_compressed_message_loses_the_window(void **state)
{
    (void)state;
    check(&deflate,
          "< c1 07 f248cd\n"
          "gap < 1\n"
          "< c90700 c1 05 f200110000 c1 07 f248cdc9c90700\n",
          "message < text len=2 wire=7 unfinished compressed damaged \"He\"\n"
          "finding < ws.deflate.window_unknown \"after 1 bytes\"\n"
          "message < text len=1 wire=5 compressed not_inflated \"H\"\n"
          "message < text len=5 wire=7 compressed \"Hello\"\n");
    check(&deflate_fresh,
          "< c1 07 f248cd\n"
          "gap < 1\n"
          "< c90700 c1 07 f248cdc9c90700\n",
          "message < text len=2 wire=7 unfinished compressed damaged \"He\"\n"
          "message < text len=5 wire=7 compressed \"Hello\"\n");
}

/* ---- Options ---- */

static void frames_and_digests_when_asked_for(void **state)
{
    (void)state;
    struct decode_text how = {
        .decoder = &websocket_decoder, .arg = &plain, .options = {.frames = true, .digest = true}};
    decode_text_check(
        &how, "< 01 03 \"abc\" 89 00 80 00 82 01 \"x\" 01 01 \"!\"\n",
        "frame < opcode=1 len=3\n"
        "frame < fin opcode=9 len=0\n"
        "message < ping len=0 \"\"\n"
        "frame < fin opcode=0 len=0\n"
        "message < text len=3 frames=2 \"abc\"\n"
        "frame < fin opcode=2 len=1\n"
        "message < binary len=1 \"x\"\n"
        "frame < opcode=1 len=1\n"
        "message < text len=1 unfinished \"!\"\n"
        "digest > e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"
        "digest < 7571ce1f8e21c6b13dd7ec2c5ec7c9e4dd9852e209869511853f2f1f74b17927\n");
}

/* Held-back messages come out when somebody must wait no longer, at the latest at the end. A sink
 * of its own, because the text harness always asks for bodies, which nobody then holds back. */
struct late_sink {
    struct event_sink sink;
    unsigned messages;
    uint64_t bytes;
};

static void late_emit(struct event_sink *sink, const struct event *e)
{
    struct late_sink *l = (struct late_sink *)sink;
    if (e->type == EVENT_MESSAGE) {
        assert_int_equal(e->pkt, 7);
        l->messages++;
        l->bytes += e->message.len;
    }
}

static void held_messages_come_late_but_whole(void **state)
{
    (void)state;
    static const uint8_t first[] =
        "\xc1\x07\xf2\x48\xcd\xc9\xc9\x07\x00\xc1\x05\xf2\x00\x11\x00\x00";
    struct late_sink sink = {.sink = {late_emit}};
    struct decode_options options = {.late = true};
    struct stream_shared shared = {.options = &options, .sink = &sink.sink, .next_session = 1};
    struct connection connection = {.family = 4};
    shared.scratch = malloc(STREAM_SCRATCH_BYTES);
    struct stream *s = stream_new(&shared, &connection, true);
    stream_start(s, &websocket_decoder, &deflate);
    struct chunk c = {1, 7, {first, sizeof first - 1}, DIR_SERVER_TO_CLIENT};
    stream_data(s, &c);
    assert_int_equal(sink.messages, 0);
    assert_true(shared.held_bytes > 0);
    stream_close(s, &(struct session_end){.how = END_OPEN, .first_fin = -1});
    assert_int_equal(sink.messages, 2);
    assert_int_equal(sink.bytes, 10);
    assert_int_equal(shared.held_bytes, 0);
    free(shared.scratch);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_both_ways_as_the_rfc_shows_it),
        cmocka_unit_test(several_frames_in_one_segment),
        cmocka_unit_test(lengths_of_16_and_64_bits),
        cmocka_unit_test(fragments_become_one_message),
        cmocka_unit_test(both_directions_fragmented_at_once),
        cmocka_unit_test(ping_inside_a_fragmented_message),
        cmocka_unit_test(client_frame_without_a_mask),
        cmocka_unit_test(server_frame_with_a_mask),
        cmocka_unit_test(reserved_bits_without_an_extension),
        cmocka_unit_test(reserved_opcodes),
        cmocka_unit_test(control_frame_longer_than_125_bytes),
        cmocka_unit_test(a_close_that_is_too_long_shows_its_code_and_the_beginning_of_its_reason),
        cmocka_unit_test(control_frame_in_fragments),
        cmocka_unit_test(lengths_that_are_not_minimal),
        cmocka_unit_test(a_length_with_its_top_bit_set_costs_no_memory),
        cmocka_unit_test(continuation_without_a_beginning),
        cmocka_unit_test(a_message_begins_inside_another),
        cmocka_unit_test(a_character_cut_by_fragments_is_valid),
        cmocka_unit_test(text_that_is_not_utf8),
        cmocka_unit_test(masking_keys_that_are_zero_or_repeat),
        cmocka_unit_test(masking_keys_that_count),
        cmocka_unit_test(the_newest_ping_answers_for_those_before),
        cmocka_unit_test(a_pong_with_other_data),
        cmocka_unit_test(a_ping_that_is_never_answered),
        cmocka_unit_test(a_ping_before_the_close_that_is_not_answered_either),
        cmocka_unit_test(sixty_pings_at_once_are_a_flood),
        cmocka_unit_test(close_both_ways),
        cmocka_unit_test(close_without_a_code),
        cmocka_unit_test(close_of_one_byte),
        cmocka_unit_test(close_codes_that_must_not_be_sent),
        cmocka_unit_test(close_codes_that_may_be_sent),
        cmocka_unit_test(a_client_s_internal_error_is_only_noted),
        cmocka_unit_test(a_reason_that_is_not_utf8),
        cmocka_unit_test(frames_after_the_own_close),
        cmocka_unit_test(bytes_after_the_close_that_are_no_frame),
        cmocka_unit_test(close_while_the_other_side_is_in_a_message),
        cmocka_unit_test(an_answer_with_another_code),
        cmocka_unit_test(a_close_that_is_not_answered),
        cmocka_unit_test(the_client_ends_tcp_first),
        cmocka_unit_test(tcp_ends_inside_a_message),
        cmocka_unit_test(a_compressed_message),
        cmocka_unit_test(the_window_is_kept_between_messages),
        cmocka_unit_test(compressed_and_fragmented_with_a_ping_between),
        cmocka_unit_test(a_first_fragment_without_bytes),
        cmocka_unit_test(a_final_block_does_not_end_the_stream),
        cmocka_unit_test(messages_left_uncompressed_do_not_touch_the_window),
        cmocka_unit_test(compressed_and_masked),
        cmocka_unit_test(rsv1_where_it_must_not_be),
        cmocka_unit_test(a_compressed_message_without_a_byte),
        cmocka_unit_test(bytes_that_do_not_inflate),
        cmocka_unit_test(a_gap_inside_a_payload_costs_that_message),
        cmocka_unit_test(a_gap_keeps_the_mask_in_phase),
        cmocka_unit_test(a_gap_in_a_compressed_message_loses_the_window),
        cmocka_unit_test(frames_and_digests_when_asked_for),
        cmocka_unit_test(held_messages_come_late_but_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
