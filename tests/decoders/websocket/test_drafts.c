/*
 * The versions before RFC 6455: every worked frame that is known of them, their rules and only
 * theirs. Each text is replayed at every cut.
 */
#include "decoders/websocket/version.h"
#include "decoders/websocket/websocket.h"
#include "lib/decode_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* SHA-1 of dGhlIHNhbXBsZSBub25jZQ== H+cNj5elaybfGIQv1esl2w== and the constant. */
#define CONNECTION_KEY                                                                             \
    {                                                                                              \
        0x63, 0x22, 0xa2, 0xad, 0xc0, 0x2b, 0xc4, 0x33, 0xe3, 0x89, 0x6d, 0x34, 0x41, 0x0b, 0x74,  \
            0xbb, 0x77, 0x39, 0xf9, 0x60                                                           \
    }

static void check_setup(const struct websocket_setup *setup, const char *input,
                        const char *expected)
{
    struct decode_text how = {.decoder = websocket_decoder_for(setup), .arg = setup};
    decode_text_check(&how, input, expected);
}

static void check(int version, const char *input, const char *expected)
{
    const struct websocket_setup setup = {
        .version = version, .has_connection_key = true, .connection_key = CONNECTION_KEY};
    check_setup(&setup, input, expected);
}

/* ---- hixie-75 and hixie-76 ---- */

static void text_stands_between_00_and_ff(void **state)
{
    (void)state;
    for (int version = VERSION_HIXIE_75; version <= 0; version++) {
        check(version,
              "> 00 \"Hello\" ff 00 ff\n"
              "< 00 48656c6c6f ff\n",
              "message > text len=5 masked=0 \"Hello\"\n"
              "message > text len=0 masked=0 \"\"\n"
              "message < text len=5 \"Hello\"\n");
    }
}

static void a_frame_of_known_length_is_discarded(void **state)
{
    (void)state;
    check(0, "< 80 02 4865 00 48656c6c6f ff\n",
          "finding < ws.version.frame_type \"type 80\"\n"
          "message < 3 len=2 unfinished \"\"\n"
          "message < text len=5 \"Hello\"\n");
    check(0, "< 81 81 01 \"x\"*129 00 ff\n",
          "finding < ws.version.frame_type \"type 81\"\n"
          "message < 3 len=129 unfinished \"\"\n"
          "message < text len=0 \"\"\n");
}

static void a_frame_of_another_type_is_discarded(void **state)
{
    (void)state;
    check(0, "> 66 48656c6c6f ff 00 \"a\" ff\n",
          "finding > ws.version.frame_type \"type 66\"\n"
          "message > 3 len=5 masked=0 unfinished \"\"\n"
          "message > text len=1 masked=0 \"a\"\n");
}

static void ff_00_closes_hixie_76_but_not_hixie_75(void **state)
{
    (void)state;
    check(0,
          "> ff 00\n"
          "< 00 \"x\" ff ff 00\n"
          "> 00 \"more\" ff\n"
          "end >\n"
          "end <\n",
          "message > close len=0 masked=0 code=none \"\"\n"
          "message < text len=1 \"x\"\n"
          "message < close len=0 code=none \"\"\n"
          "finding > ws.close.bytes_after\n");
    check(-1, "> ff 00 00 \"x\" ff\nend <\nend >\n",
          "finding > ws.version.frame_type \"type ff\"\n"
          "message > 3 len=0 masked=0 unfinished \"\"\n"
          "message > text len=1 masked=0 \"x\"\n");
}

static void text_that_is_not_utf8_was_mended_by_the_receiver(void **state)
{
    (void)state;
    check(0, "< 00 c0 \"a\" ff\n",
          "finding < ws.version.utf8\n"
          "message < text len=2 bad_utf8 \"\\xc0a\"\n");
}

static void a_length_that_never_ends_is_no_loop(void **state)
{
    (void)state;
    check(0, "< 80 ff*12\n",
          "finding < ws.version.frame_type \"type 80\"\n"
          "finding < ws.frame.length.top_bit\n"
          "message < 3 len=9223372036854775807 unfinished \"\"\n");
}

static void after_a_loss_the_next_ff_shows_the_place(void **state)
{
    (void)state;
    check(0,
          "> 00 \"Hello\" ff 00 \"wor\"\n"
          "gap > 7\n"
          "> \"rest\" ff 00 \"again\" ff\n",
          "message > text len=5 masked=0 \"Hello\"\n"
          "message > text len=3 masked=0 unfinished damaged \"wor\"\n"
          "finding > ws.resynced\n"
          "message > text len=5 masked=0 \"again\"\n");
}

static void the_end_inside_a_frame_is_told(void **state)
{
    (void)state;
    check(0, "> 00 \"Hel\"\nend >\nend <\n",
          "finding > ws.end.in_message \"0 bytes of the frame were to come\"\n"
          "message > text len=3 masked=0 unfinished \"Hel\"\n");
}

/* ---- hybi-01 to hybi-03 ---- */

static void frames_of_hybi_01_to_03(void **state)
{
    (void)state;
    for (int version = 1; version <= 3; version++) {
        check(version,
              "< 04 05 48656c6c6f\n"
              "> 84 03 48656c 00 02 6c6f\n"
              "> 02 05 48656c6c6f\n"
              "< 03 05 48656c6c6f\n"
              "< 05 02 0102\n"
              "> 01 00\n"
              "< 01 00\n",
              "message < text len=5 \"Hello\"\n"
              "message > text len=5 frames=2 masked=0 \"Hello\"\n"
              "message > ping len=5 masked=0 \"Hello\"\n"
              "message < pong len=5 rtt=1ms \"Hello\"\n"
              "message < binary len=2 \"\\x01\\x02\"\n"
              "message > close len=0 masked=0 code=none \"\"\n"
              "message < close len=0 code=none \"\"\n");
    }
}

static void lengths_of_16_and_64_bits(void **state)
{
    (void)state;
    static const char *const headers[][2] = {{"05", "3"}, {"85", "4"}, {"85", "5"}, {"85", "6"}};
    for (size_t i = 0; i < 4; i++) {
        const struct websocket_setup setup = {.version = atoi(headers[i][1])};
        struct decode_text how = {.decoder = websocket_decoder_for(&setup),
                                  .arg = &setup,
                                  .once = true,
                                  .options = {.body_max = 2}};
        char input[128];
        snprintf(input, sizeof input, "< %s 7e 0100 \"x\"*256 %s 7f 0000000000010000 \"y\"*65536\n",
                 headers[i][0], headers[i][0]);
        decode_text_check(&how, input,
                          "message < binary len=256 body_cut \"xx\"\n"
                          "message < binary len=65536 body_cut \"yy\"\n");
    }
}

static void a_close_of_hybi_03_is_answered_with_the_same_body(void **state)
{
    (void)state;
    check(3, "> 01 02 \"by\"\n< 01 02 \"by\"\n",
          "message > close len=2 masked=0 code=none \"by\"\n"
          "message < close len=2 code=none \"by\"\n");
    check(3, "> 01 02 \"by\"\n< 01 00\n",
          "message > close len=2 masked=0 code=none \"by\"\n"
          "finding < ws.version.close.body\n"
          "message < close len=0 code=none \"\"\n");
    check(2, "> 01 02 \"by\"\n< 01 00\n",
          "message > close len=2 masked=0 code=none \"by\"\n"
          "message < close len=0 code=none \"\"\n");
}

static void a_pong_without_ping_was_an_error_before_hybi_07(void **state)
{
    (void)state;
    check(3, "< 03 00\n", "finding < ws.version.pong\nmessage < pong len=0 \"\"\n");
    check(6, "< 83 00\n", "finding < ws.version.pong\nmessage < pong len=0 \"\"\n");
    check(7, "< 8a 00\n", "finding < ws.pong.unsolicited\nmessage < pong len=0 \"\"\n");
}

static void broken_frames_of_hybi_01_to_03(void **state)
{
    (void)state;
    check(1, "< 00 01 \"a\" 46 00 04 80 82 01 \"p\"\n",
          "finding < ws.continuation.unexpected\n"
          "message < continuation len=1 unfinished \"a\"\n"
          "finding < ws.version.rsv \"RSV bits 1000, opcode 6\"\n"
          "finding < ws.frame.opcode \"opcode 6\"\n"
          "message < 6 len=0 unfinished \"\"\n"
          "finding < ws.version.rsv \"RSV bits 0001, opcode 4\"\n"
          "message < text len=0 \"\"\n"
          "finding < ws.control.fragmented \"opcode 2\"\n"
          "message < ping len=1 \"p\"\n");
    check(1, "< 84 01 \"a\" 04 01 \"b\"\n",
          "finding < ws.continuation.missing \"opcode 1\"\n"
          "message < text len=1 unfinished \"a\"\n"
          "message < text len=1 \"b\"\n");
}

static void a_control_frame_may_be_long_before_hybi_05(void **state)
{
    (void)state;
    const struct websocket_setup setup = {.version = 1};
    const struct websocket_setup setup_6 = {.version = 6};
    char *log =
        decode_text_log(&(struct decode_text){.decoder = &websocket_draft_decoder, .arg = &setup},
                        "< 02 7e 0080 \"p\"*128 04 01 \"a\"\n", 0);
    assert_null(strstr(log, "finding"));
    assert_non_null(strstr(log, "message < ping len=128 "));
    assert_non_null(strstr(log, "message < text len=1 \"a\"\n"));
    free(log);
    log =
        decode_text_log(&(struct decode_text){.decoder = &websocket_draft_decoder, .arg = &setup_6},
                        "< 82 7e 0080 \"p\"*128 84 01 \"a\"\n", 3);
    assert_non_null(strstr(log, "finding < ws.control.length \"opcode 2, 128 bytes\"\n"));
    assert_non_null(strstr(log, "message < text len=1 \"a\"\n"));
    free(log);
}

static void a_gap_in_a_payload_costs_that_message_alone(void **state)
{
    (void)state;
    check(5,
          "> 37fa213d b3ff 69585b96\n"
          "gap > 1\n"
          "> 37fa213d b3ff 69585b964e\n"
          "< 84 05 \"H\"\n"
          "gap < 9\n"
          "< 84 01 \"x\"\n",
          "message > text len=4 wire=5 unfinished damaged \"Hell\"\n"
          "finding > ws.mask.key.repeated \"37fa213d\"\n"
          "message > text len=5 \"Hello\"\n"
          "message < text len=1 unfinished damaged \"H\"\n"
          "finding < ws.sync_lost\n");
}

/* ---- The first byte ---- */

static void the_first_byte_decides_between_framings_of_a_handshake(void **state)
{
    (void)state;
    const struct websocket_setup as_76 = {.version = 0, .unsure = true};
    const struct websocket_setup as_02 = {.version = 2, .unsure = true};
    check_setup(&as_76, "> 00 \"a\" ff\n< 00 \"b\" ff\n",
                "message > text len=1 masked=0 \"a\"\nmessage < text len=1 \"b\"\n");
    check_setup(&as_76, "> 04 01 \"a\"\n< 04 01 \"b\"\n",
                "finding > ws.version.framing \"as of hybi-01\"\n"
                "version hybi-01\n"
                "message > text len=1 masked=0 \"a\"\nmessage < text len=1 \"b\"\n");
    check_setup(&as_02, "< 84 01 \"a\" 00 01 \"b\"\n", "message < text len=2 frames=2 \"ab\"\n");
    check_setup(&as_02, "< 00 \"a\" ff\n",
                "finding < ws.version.framing \"as of hixie-76 (hybi-00)\"\n"
                "version hixie-76 (hybi-00)\n"
                "message < text len=1 \"a\"\n");
}

static void the_server_s_first_byte_decides_when_only_the_answer_was_seen(void **state)
{
    (void)state;
    const struct websocket_setup setup = {.version = 13, .unsure = true};
    check_setup(&setup, "> 81 81 00000001 \"a\"\n< 81 01 \"b\"\n",
                "version RFC 6455\n"
                "message < text len=1 \"b\"\n"
                "message > text len=1 \"a\"\n");
    check_setup(&setup, "> 37fa213d b3ff 69585b964e\n< 84 01 \"b\"\n",
                "version hybi-06\n"
                "message < text len=1 \"b\"\n"
                "message > text len=5 \"Hello\"\n");
    check_setup(&setup, "> 81 81 00000001 \"a\"\nend <\nend >\n",
                "message > text len=1 \"a\"\n"
                "finding < ws.close.abnormal \"FIN without Close\"\n");
}

/* ---- hybi-04 ---- */

static void server_frames_of_hybi_04_to_06_are_bare(void **state)
{
    (void)state;
    for (int version = 4; version <= 6; version++) {
        check(version,
              "< 84 05 48656c6c6f\n"
              "< 04 03 48656c 80 02 6c6f\n"
              "< 82 05 48656c6c6f\n",
              "message < text len=5 \"Hello\"\n"
              "message < text len=5 frames=2 \"Hello\"\n"
              "message < ping len=5 \"Hello\"\n");
    }
}

static void client_frames_of_hybi_04_are_masked_by_sha1(void **state)
{
    (void)state;
    check(4,
          "> 37fa213d b465 523503be58\n"
          "< 82 05 \"Hello\"\n"
          "> 01020304 62a1 4326e56a57\n"
          "> 00000000 67ee 88efd5dd3e2be6d28b4e40779db489eeda3090849cfbc1c12237b18bd017\n"
          "> deadbeef dfb5\n"
          "< 81 00\n",
          "message > text len=5 \"Hello\"\n"
          "message < ping len=5 \"Hello\"\n"
          "message > ping len=5 \"Hello\"\n"
          "finding > ws.mask.key.zero\n"
          "message > text len=30 \"abcdefghijklmnopqrstuvwxyz0123\"\n"
          "message > close len=0 code=none \"\"\n"
          "finding > ws.ping.unanswered \"1 waited for a Pong\"\n"
          "message < close len=0 code=none \"\"\n");
}

static void the_connection_key_may_be_any_text(void **state)
{
    (void)state;
    const struct websocket_setup setup = {
        .version = 4, .has_connection_key = true, .connection_key = "01234567890123456789"};
    check_setup(&setup, "> 41424344 0d3577adb05716\n", "message > text len=5 \"Hello\"\n");
}

static void the_faulty_sender_of_hybi_04_is_known(void **state)
{
    (void)state;
    check(4,
          "> 00000100 e727eac8ac47ab\n"
          "> 00000200 e727eac8ac47ab\n",
          "finding > ws.version.mask_faulty\n"
          "message > text len=5 \"Hello\"\n"
          "message > text len=5 \"Hello\"\n");
    check(4, "> 00000100 b18345ea926d3c\n", "message > text len=5 \"Hello\"\n");
}

static void without_both_halves_of_the_handshake_only_the_server_is_read(void **state)
{
    (void)state;
    const struct websocket_setup setup = {.version = 4};
    struct decode_text how = {.decoder = &websocket_draft_decoder, .arg = &setup};
    decode_text_check(&how, "> 37fa213d b465 523503be58\n< 84 01 \"a\"\n",
                      "finding > ws.version.unreadable\n"
                      "message < text len=1 \"a\"\n");
}

/* ---- hybi-05 and hybi-06 ---- */

static void client_frames_of_hybi_05_and_06_are_masked_header_and_all(void **state)
{
    (void)state;
    for (int version = 5; version <= 6; version++) {
        check(version,
              "> 00000100 8405 4965 6c6c 6e\n"
              "> 37fa213d b3ff 69585b964e\n"
              "> 00000000 84 05 \"Hello\"\n",
              "message > text len=5 \"Hello\"\n"
              "message > text len=5 \"Hello\"\n"
              "finding > ws.mask.key.zero\n"
              "message > text len=5 \"Hello\"\n");
    }
}

static void the_key_goes_on_behind_a_longer_header(void **state)
{
    (void)state;
    const struct websocket_setup setup = {.version = 6};
    struct decode_text how = {
        .decoder = &websocket_draft_decoder, .arg = &setup, .options = {.body_max = 3}};
    /* 4 bytes of header: the phase at the payload is 0. Then 10: it is 2. */
    decode_text_check(&how, "> 37fa213d b284203d | mask:37fa213d 00*256\n",
                      "message > binary len=256 body_cut \"\\x00\\x00\\x00\"\n");
    how.once = true;
    decode_text_check(&how, "> 37fa213d mask:37fa213d 85 7f 0000000000010000 \"z\"*65536\n",
                      "message > binary len=65536 body_cut \"zzz\"\n");
}

static void a_close_of_hybi_05_begins_with_its_side(void **state)
{
    (void)state;
    check(5, "> 37fa213d b6fb62\n< 81 01 53\n",
          "message > close len=1 code=none \"C\"\n"
          "message < close len=1 code=none \"S\"\n");
    check(5, "> 37fa213d b6fb62\n< 81 01 43\n",
          "message > close len=1 code=none \"C\"\n"
          "message < close len=1 code=none \"C\"\n");
    check(5, "< 81 01 43\n< 81 00\n",
          "finding < ws.version.close.marker\n"
          "message < close len=1 code=none \"C\"\n"
          "finding < ws.close.twice\n"
          "finding < ws.version.close.marker\n"
          "message < close len=0 code=none \"\"\n");
}

static void a_close_of_hybi_06_has_a_code(void **state)
{
    (void)state;
    check(6, "> 37fa213d b6f822d5\n< 81 02 03e8\n",
          "message > close len=2 code=1000 \"\\x03\\xe8\"\n"
          "message < close len=2 code=1000 \"\\x03\\xe8\"\n");
    check(6, "> 37fa213d b6f42e9954964e4e52da535856894e53\n",
          "message > close len=14 code=4004 \"\\x0f\\xa4close reason\"\n");
    check(6, "< 81 01 03\n",
          "finding < ws.close.length\n"
          "message < close len=1 code=none \"\\x03\"\n");
}

/* ---- Close codes and rules by version ---- */

static void code_1004_was_too_large_before_hybi_13(void **state)
{
    (void)state;
    check(6, "< 81 02 03ec\n", "message < close len=2 code=1004 \"\\x03\\xec\"\n");
    check(8, "< 88 02 03ec\n", "message < close len=2 code=1004 \"\\x03\\xec\"\n");
    check(13, "< 88 02 03ec\n",
          "finding < ws.close.code.reserved \"code 1004\"\n"
          "message < close len=2 code=1004 \"\\x03\\xec\"\n");
    check(7, "< 88 02 03ef\n",
          "finding < ws.version.close.code \"code 1007\"\n"
          "message < close len=2 code=1007 \"\\x03\\xef\"\n");
    check(8, "< 88 02 03ef\n", "message < close len=2 code=1007 \"\\x03\\xef\"\n");
    check(8, "< 88 02 03ed\n",
          "finding < ws.close.code.forbidden \"code 1005\"\n"
          "message < close len=2 code=1005 \"\\x03\\xed\"\n");
}

static void names_of_codes_are_those_of_the_version(void **state)
{
    (void)state;
    assert_string_equal(version_close_code_name(websocket_version(6), 1004), "Message Too Large");
    assert_string_equal(version_close_code_name(websocket_version(7), 1007), "Unassigned");
    assert_string_equal(version_close_code_name(websocket_version(8), 1007), "Invalid UTF-8");
    assert_null(version_close_code_name(websocket_version(8), 4004));
    assert_null(version_close_code_name(websocket_version(13), 1004));
    assert_null(version_close_code_name(NULL, 1000));
}

static void frames_of_hybi_07_and_later_are_those_of_rfc_6455(void **state)
{
    (void)state;
    for (int version = 7; version <= 13; version++) {
        check(version,
              "< 81 05 48656c6c6f\n"
              "> 81 85 37fa213d 7f9f4d5158\n"
              "< 01 03 48656c 80 02 6c6f\n"
              "< 89 05 \"Hello\"\n"
              "> 8a 85 37fa213e 7f9f4d5258\n",
              "message < text len=5 \"Hello\"\n"
              "message > text len=5 \"Hello\"\n"
              "message < text len=5 frames=2 \"Hello\"\n"
              "message < ping len=5 \"Hello\"\n"
              "message > pong len=5 rtt=1ms \"Hello\"\n");
    }
}

static void examples_of_rfc_6455(void **state)
{
    (void)state;
    check(13, "< 89 05 48656c6c6f\n> 8a 85 37fa213d 7f9f4d5158\n",
          "message < ping len=5 \"Hello\"\n"
          "message > pong len=5 rtt=1ms \"Hello\"\n");
    const struct websocket_setup setup = {.version = 13};
    const struct decode_text how = {.decoder = websocket_decoder_for(&setup),
                                    .arg = &setup,
                                    .once = true,
                                    .options = {.body_max = 2}};
    decode_text_check(&how, "< 82 7e 0100 \"x\"*256 82 7f 0000000000010000 \"y\"*65536\n",
                      "message < binary len=256 body_cut \"xx\"\n"
                      "message < binary len=65536 body_cut \"yy\"\n");
}

static void an_empty_fragment_ends_a_compressed_message(void **state)
{
    (void)state;
    const struct websocket_setup setup = {.version = 13, .deflate = DEFLATE_IN_USE};
    check_setup(&setup, "< 41 0b f248cdc9c907000000ffff 80 01 00\n",
                "message < text len=5 frames=2 wire=12 compressed \"Hello\"\n");
}

/* What is held against a sender, and from which version on. The same frame in the three layouts
 * that a server's frames had; NULL: it could not be said. */
static const struct rule {
    const char *finding;
    int since;
    const char *frame[3]; /* of 1 to 3, of 4 to 6, of 7 and later */
} rules[] = {
    {"ws.control.fragmented", 1, {"< 82 00\n", "< 02 00\n", "< 09 00\n"}},
    {"ws.continuation.unexpected", 1, {"< 00 01 61\n", "< 80 01 61\n", "< 80 01 61\n"}},
    {"ws.frame.opcode", 1, {"< 06 01 61\n", "< 86 01 61\n", "< 83 01 61\n"}},
    {"ws.control.length",
     5,
     {"< 02 7e 0080 \"p\"*128\n", "< 82 7e 0080 \"p\"*128\n", "< 89 7e 0080 \"p\"*128\n"}},
    {"ws.close.length", 6, {"< 01 01 43\n", "< 81 01 43\n", "< 88 01 43\n"}},
    {"ws.close.code.unused", 6, {"< 01 02 0001\n", "< 81 02 0001\n", "< 88 02 0001\n"}},
    {"ws.close.reason.utf8", 6, {"< 01 03 03e8c0\n", "< 81 03 03e8c0\n", "< 88 03 03e8c0\n"}},
    {"ws.pong.unsolicited", 7, {"< 03 00\n", "< 83 00\n", "< 8a 00\n"}},
    {"ws.close.code.forbidden", 8, {"< 01 02 03ed\n", "< 81 02 03ed\n", "< 88 02 03ed\n"}},
    {"ws.text.utf8", 9, {"< 04 01 c0\n", "< 84 01 c0\n", "< 81 01 c0\n"}},
    {"ws.frame.rsv", 9, {"< 24 01 61\n", "< a4 01 61\n", "< a1 01 61\n"}},
    {"ws.frame.length.not_minimal",
     9,
     {"< 04 7e 0001 61\n", "< 84 7e 0001 61\n", "< 81 7e 0001 61\n"}},
    {"ws.close.code.reserved", 9, {"< 01 02 03ec\n", "< 81 02 03ec\n", "< 88 02 03ec\n"}},
    {"ws.mask.unexpected", 9, {NULL, NULL, "< 81 81 01020304 60\n"}},
    {"ws.mask.missing", 9, {NULL, NULL, "> 81 01 61\n"}},
};

static void every_rule_is_held_against_the_versions_that_had_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof rules / sizeof rules[0]; i++) {
        for (int version = 1; version <= 13; version++) {
            const struct websocket_setup setup = {
                .version = version, .has_connection_key = true, .connection_key = CONNECTION_KEY};
            const struct decode_text how = {.decoder = websocket_decoder_for(&setup),
                                            .arg = &setup};
            const char *frame = rules[i].frame[version <= 3 ? 0 : version <= 6 ? 1 : 2];
            if (frame == NULL) {
                continue;
            }
            char *log = decode_text_log(&how, frame, 0);
            bool held = strstr(log, rules[i].finding) != NULL;
            if (held != (version >= rules[i].since)) {
                fail_msg("version %d, %s: %s", version, rules[i].finding, log);
            }
            free(log);
        }
    }
}

static void rules_of_later_versions_are_not_held_against_7_and_8(void **state)
{
    (void)state;
    const char *input = "> 81 05 \"Hello\"\n"
                        "< 81 85 37fa213d 7f9f4d5158\n"
                        "< 81 7e 0001 \"a\" a1 00 81 01 c0\n";
    for (int version = 7; version <= 8; version++) {
        check(version, input,
              "message > text len=5 masked=0 \"Hello\"\n"
              "message < text len=5 masked=1 \"Hello\"\n"
              "message < text len=1 \"a\"\n"
              "finding < ws.version.rsv \"RSV bits 010, opcode 1\"\n"
              "message < text len=0 \"\"\n"
              "finding < ws.version.utf8\n"
              "message < text len=1 bad_utf8 \"\\xc0\"\n");
    }
    check(9, input,
          "finding > ws.mask.missing\n"
          "message > text len=5 masked=0 \"Hello\"\n"
          "finding < ws.mask.unexpected\n"
          "message < text len=5 masked=1 \"Hello\"\n"
          "finding < ws.frame.length.not_minimal \"1 bytes\"\n"
          "message < text len=1 \"a\"\n"
          "finding < ws.frame.rsv \"RSV bits 010, opcode 1\"\n"
          "message < text len=0 \"\"\n"
          "finding < ws.text.utf8\n"
          "message < text len=1 bad_utf8 \"\\xc0\"\n");
}

static void the_client_may_end_first_and_need_not_close_before_there_was_a_close(void **state)
{
    (void)state;
    check(-1, "> 00 \"a\" ff\nend >\nend <\n", "message > text len=1 masked=0 \"a\"\n");
    check(5, "> 37fa213d b3ff 69585b964e\nend >\nend <\n",
          "message > text len=5 \"Hello\"\n"
          "finding > ws.close.abnormal \"FIN without Close\"\n");
}

/* ---- Frames that are compressed by themselves ---- */

static void a_frame_is_compressed_by_itself(void **state)
{
    (void)state;
    const struct websocket_setup setup = {
        .version = 13, .deflate = DEFLATE_IN_USE, .frames = DEFLATE_FRAMES_RSV1};
    check_setup(&setup,
                "< c1 07 f248cdc9c90700 c1 05 f200110000 81 01 \"a\"\n"
                "> c1 87 01020304 mask:01020304 f248cdc9c90700\n",
                "message < text len=5 wire=7 compressed \"Hello\"\n"
                "message < text len=5 compressed \"Hello\"\n"
                "message < text len=1 \"a\"\n"
                "message > text len=5 wire=7 compressed \"Hello\"\n");
}

static void fragments_are_each_compressed_by_themselves_or_not(void **state)
{
    (void)state;
    const struct websocket_setup setup = {
        .version = 13, .deflate = DEFLATE_IN_USE, .frames = DEFLATE_FRAMES_RSV1};
    check_setup(&setup, "< 41 07 f248cdc9c90700 c0 05 f200110000\n",
                "message < text len=10 frames=2 wire=12 compressed \"HelloHello\"\n");
    check_setup(&setup, "< 41 07 f248cdc9c90700 00 02 \", \" 89 00 c0 05 f200110000\n",
                "message < ping len=0 \"\"\n"
                "message < text len=12 frames=3 wire=14 compressed \"Hello, Hello\"\n");
    check_setup(&setup, "< 41 07 f248cdc9c90700 80 01 \"!\" c1 05 f200110000\n",
                "message < text len=6 frames=2 wire=8 compressed \"Hello!\"\n"
                "message < text len=5 compressed \"Hello\"\n");
    check_setup(&setup, "< 01 01 \"!\" c0 07 f248cdc9c90700 c9 00\n",
                "message < text len=6 frames=2 wire=8 compressed \"!Hello\"\n"
                "finding < ws.deflate.rsv1 \"opcode 9\"\n"
                "message < ping len=0 \"\"\n");
}

static void once_every_data_frame_was_compressed_and_no_bit_said_so(void **state)
{
    (void)state;
    const struct websocket_setup setup = {
        .version = 7, .deflate = DEFLATE_IN_USE, .frames = DEFLATE_FRAMES_ALL};
    check_setup(&setup,
                "< 81 07 f248cdc9c90700 89 01 \"p\" 81 05 f200110000\n"
                "> 81 87 01020304 mask:01020304 f248cdc9c90700\n",
                "message < text len=5 wire=7 compressed \"Hello\"\n"
                "message < ping len=1 \"p\"\n"
                "message < text len=5 compressed \"Hello\"\n"
                "message > text len=5 wire=7 compressed \"Hello\"\n");
}

/* ---- deflate-stream ---- */

static void a_deflate_stream_holds_frames_and_all(void **state)
{
    (void)state;
    const struct websocket_setup setup = {.version = 8, .deflate_stream = true};
    check_setup(&setup,
                "< 6a64f548cdc9c907000000ffff\n"
                "< 6a845000000000ffff\n"
                "< ea6000000000ffff\n",
                "message < text len=5 \"Hello\"\n"
                "message < text len=5 \"Hello\"\n"
                "message < close len=0 code=none \"\"\n");
}

static void a_deflate_stream_may_be_wrapped_as_zlib_does(void **state)
{
    (void)state;
    const struct websocket_setup setup = {.version = 6, .deflate_stream = true};
    /* 84 05 Hello, sync-flushed. */
    check_setup(&setup, "< 789c 6a61f548cdc9c907000000ffff\n", "message < text len=5 \"Hello\"\n");
}

static void a_broken_or_torn_deflate_stream_ends_the_direction_alone(void **state)
{
    (void)state;
    const struct websocket_setup setup = {.version = 8, .deflate_stream = true};
    check_setup(&setup, "> ffff\n< 6a64f548cdc9c907000000ffff\n",
                "finding > ws.deflate.invalid \"after 0 bytes\"\n"
                "message < text len=5 \"Hello\"\n");
    check_setup(&setup, "< 6a64f548cdc9c907000000ffff\ngap < 5\n< 6a845000000000ffff\n",
                "message < text len=5 \"Hello\"\n"
                "finding < ws.deflate.window_unknown\n");
}

static void of_a_deflate_stream_that_nobody_reads_any_more_nothing_is_told(void **state)
{
    (void)state;
    const struct websocket_setup setup = {
        .version = 7, .deflate_stream = true, .frames = DEFLATE_FRAMES_ALL};
    check_setup(&setup, "> ffff\n< ea60686600000000ffff ffff\n",
                "finding > ws.deflate.invalid \"after 0 bytes\"\n"
                "finding > ws.sync_lost\n"
                "message < close len=0 code=none \"\"\n"
                "finding < ws.close.bytes_after\n");
}

static void every_version_has_a_line(void **state)
{
    (void)state;
    for (int number = VERSION_HIXIE_75; number <= 13; number++) {
        assert_int_equal(websocket_version(number)->number, number);
        assert_non_null(websocket_version(number)->framing->header);
    }
    assert_null(websocket_version(-2));
    assert_null(websocket_version(14));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(text_stands_between_00_and_ff),
        cmocka_unit_test(a_frame_of_known_length_is_discarded),
        cmocka_unit_test(a_frame_of_another_type_is_discarded),
        cmocka_unit_test(ff_00_closes_hixie_76_but_not_hixie_75),
        cmocka_unit_test(text_that_is_not_utf8_was_mended_by_the_receiver),
        cmocka_unit_test(a_length_that_never_ends_is_no_loop),
        cmocka_unit_test(after_a_loss_the_next_ff_shows_the_place),
        cmocka_unit_test(the_end_inside_a_frame_is_told),
        cmocka_unit_test(frames_of_hybi_01_to_03),
        cmocka_unit_test(lengths_of_16_and_64_bits),
        cmocka_unit_test(a_close_of_hybi_03_is_answered_with_the_same_body),
        cmocka_unit_test(a_pong_without_ping_was_an_error_before_hybi_07),
        cmocka_unit_test(broken_frames_of_hybi_01_to_03),
        cmocka_unit_test(a_control_frame_may_be_long_before_hybi_05),
        cmocka_unit_test(a_gap_in_a_payload_costs_that_message_alone),
        cmocka_unit_test(the_first_byte_decides_between_framings_of_a_handshake),
        cmocka_unit_test(the_server_s_first_byte_decides_when_only_the_answer_was_seen),
        cmocka_unit_test(server_frames_of_hybi_04_to_06_are_bare),
        cmocka_unit_test(client_frames_of_hybi_04_are_masked_by_sha1),
        cmocka_unit_test(the_connection_key_may_be_any_text),
        cmocka_unit_test(the_faulty_sender_of_hybi_04_is_known),
        cmocka_unit_test(without_both_halves_of_the_handshake_only_the_server_is_read),
        cmocka_unit_test(client_frames_of_hybi_05_and_06_are_masked_header_and_all),
        cmocka_unit_test(the_key_goes_on_behind_a_longer_header),
        cmocka_unit_test(a_close_of_hybi_05_begins_with_its_side),
        cmocka_unit_test(a_close_of_hybi_06_has_a_code),
        cmocka_unit_test(code_1004_was_too_large_before_hybi_13),
        cmocka_unit_test(names_of_codes_are_those_of_the_version),
        cmocka_unit_test(frames_of_hybi_07_and_later_are_those_of_rfc_6455),
        cmocka_unit_test(examples_of_rfc_6455),
        cmocka_unit_test(an_empty_fragment_ends_a_compressed_message),
        cmocka_unit_test(every_rule_is_held_against_the_versions_that_had_it),
        cmocka_unit_test(rules_of_later_versions_are_not_held_against_7_and_8),
        cmocka_unit_test(the_client_may_end_first_and_need_not_close_before_there_was_a_close),
        cmocka_unit_test(a_frame_is_compressed_by_itself),
        cmocka_unit_test(fragments_are_each_compressed_by_themselves_or_not),
        cmocka_unit_test(once_every_data_frame_was_compressed_and_no_bit_said_so),
        cmocka_unit_test(a_deflate_stream_holds_frames_and_all),
        cmocka_unit_test(a_deflate_stream_may_be_wrapped_as_zlib_does),
        cmocka_unit_test(a_broken_or_torn_deflate_stream_ends_the_direction_alone),
        cmocka_unit_test(of_a_deflate_stream_that_nobody_reads_any_more_nothing_is_told),
        cmocka_unit_test(every_version_has_a_line),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
