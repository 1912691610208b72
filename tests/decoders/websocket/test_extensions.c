/*
 * Extensions other than permessage-deflate, from their negotiation on: bzip2 and Snappy, those that
 * are not decoded, multiplexing. Each text is replayed at every cut.
 */
#include "decoders/websocket/websocket.h"
#include "lib/decode_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void check_setup(const struct websocket_setup *setup, const char *input,
                        const char *expected)
{
    struct decode_text how = {.decoder = websocket_decoder_for(setup), .arg = setup};
    decode_text_check(&how, input, expected);
}

/* ---- permessage-bzip2 ---- */

/* Of "Hello", by Python's bz2. */
#define HELLO_BZIP2                                                                                \
    "425a68393141592653591a546492000000050000400204a000219a68334d13338bb9229c28480d2a324900"

static void a_message_of_bzip2_is_a_whole_stream(void **state)
{
    (void)state;
    if (!websocket_unpacks(CODING_BZIP2)) {
        skip();
    }
    const struct websocket_setup setup = {
        .version = 13, .deflate = DEFLATE_IN_USE, .coding = CODING_BZIP2};
    check_setup(&setup, "< c1 2b " HELLO_BZIP2 " 81 02 \"hi\" c1 2b " HELLO_BZIP2 "\n",
                "message < text len=5 wire=43 compressed \"Hello\"\n"
                "message < text len=2 \"hi\"\n"
                "message < text len=5 wire=43 compressed \"Hello\"\n");
}

static void a_message_of_bzip2_may_come_in_fragments_and_masked(void **state)
{
    (void)state;
    if (!websocket_unpacks(CODING_BZIP2)) {
        skip();
    }
    const struct websocket_setup setup = {
        .version = 13, .deflate = DEFLATE_IN_USE, .coding = CODING_BZIP2};
    check_setup(
        &setup,
        "> 41 83 01020304 mask:01020304 425a68\n"
        "> 89 80 01020305\n"
        "> 80 a8 01020306 mask:01020306 "
        "393141592653591a546492000000050000400204a000219a68334d13338bb9229c28480d2a324900\n",
        "message > ping len=0 \"\"\n"
        "message > text len=5 frames=2 wire=43 compressed \"Hello\"\n");
}

static void broken_messages_of_bzip2_cost_themselves_alone(void **state)
{
    (void)state;
    if (!websocket_unpacks(CODING_BZIP2)) {
        skip();
    }
    const struct websocket_setup setup = {
        .version = 13, .deflate = DEFLATE_IN_USE, .coding = CODING_BZIP2};
    check_setup(&setup,
                "< c1 04 \"none\" c1 00 c1 04 425a6839 c1 2c " HELLO_BZIP2 "00 c1 2b " HELLO_BZIP2
                "\n",
                "finding < ws.deflate.invalid \"after 0 bytes\"\n"
                "message < text len=0 wire=4 compressed not_inflated \"\"\n"
                "finding < ws.deflate.empty\n"
                "message < text len=0 compressed \"\"\n"
                "finding < ws.deflate.invalid \"after 0 bytes\"\n"
                "message < text len=0 wire=4 compressed not_inflated \"\"\n"
                "finding < ws.deflate.invalid \"after 5 bytes\"\n"
                "message < text len=5 wire=44 compressed not_inflated \"Hello\"\n"
                "message < text len=5 wire=43 compressed \"Hello\"\n");
    check_setup(&setup,
                "< c1 2b 425a6839\n"
                "gap < 10\n< 00*29 c1 2b " HELLO_BZIP2 "\n",
                "message < text len=0 wire=43 unfinished compressed damaged \"\"\n"
                "message < text len=5 wire=43 compressed \"Hello\"\n");
}

/* 20 MB of zeros. */
static void a_bomb_of_bzip2_is_not_unpacked_to_its_end(void **state)
{
    (void)state;
    if (!websocket_unpacks(CODING_BZIP2)) {
        skip();
    }
    const struct websocket_setup setup = {
        .version = 13, .deflate = DEFLATE_IN_USE, .coding = CODING_BZIP2};
    const struct decode_text how = {
        .decoder = &websocket_decoder, .arg = &setup, .once = true, .options = {.body_max = 1}};
    decode_text_check(
        &how,
        "< c2 32 "
        "425a6839314159265359bfcaafc400992fc200c00000080008200030cc0529a6aa91146c0288a3c5dc914e1424"
        "2ff2abf100 c1 2b " HELLO_BZIP2 "\n",
        "finding < ws.deflate.bomb \"50 bytes inflate to more than 4194304\"\n"
        "message < binary len=4194304 wire=50 compressed not_inflated body_cut \"\\x00\"\n"
        "message < text len=5 wire=43 compressed body_cut \"H\"\n");
}

/* ---- permessage-snappy ---- */

#define IDENTIFIER "ff060000734e61507059"
#define HELLO_CHUNK "000b00008aeeb9be051048656c6c6f"    /* compressed, 15 bytes */
#define HELLO_UNCOMPRESSED "010900008aeeb9be48656c6c6f" /* 13 bytes */

static void a_message_of_snappy_is_made_of_chunks(void **state)
{
    (void)state;
    if (!websocket_unpacks(CODING_SNAPPY)) {
        skip();
    }
    const struct websocket_setup setup = {
        .version = 13, .deflate = DEFLATE_IN_USE, .coding = CODING_SNAPPY};
    check_setup(&setup,
                "< c1 19 " IDENTIFIER HELLO_CHUNK " c1 0f " HELLO_CHUNK " c1 00\n"
                "> c1 9c 01020304 mask:01020304 " HELLO_CHUNK HELLO_UNCOMPRESSED "\n"
                "< c1 14 fe030000616263 " HELLO_UNCOMPRESSED "\n",
                "message < text len=5 wire=25 compressed \"Hello\"\n"
                "message < text len=5 wire=15 compressed \"Hello\"\n"
                "message < text len=0 compressed \"\"\n"
                "message > text len=10 wire=28 compressed \"HelloHello\"\n"
                "message < text len=5 wire=20 compressed \"Hello\"\n");
}

static void broken_messages_of_snappy_cost_themselves_alone(void **state)
{
    (void)state;
    if (!websocket_unpacks(CODING_SNAPPY)) {
        skip();
    }
    static const char *const broken[] = {
        "0d 010900008aeeb9be48656c6c70", /* the checksum is another's */
        "0c 010900008aeeb9be48656c6c",   /* a byte is missing */
        "0a ff060000734e61507058",       /* no such identifier */
        "0a ff050000734e61507059",
        "06 020200000000",             /* a chunk that may not be skipped */
        "0c 000800008aeeb9be05104865", /* it does not unpack */
        "04 01040100",                 /* longer than a chunk may be, and not all there */
        "05 0103000000",               /* shorter */
    };
    const struct websocket_setup setup = {
        .version = 13, .deflate = DEFLATE_IN_USE, .coding = CODING_SNAPPY};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        char input[256];
        snprintf(input, sizeof input, "< c1 %s\n< 81 01 \"a\" 81 01 \"b\"\n", broken[i]);
        const struct decode_text how = {.decoder = &websocket_decoder, .arg = &setup};
        char *whole = decode_text_log(&how, input, 0);
        char *bytewise = decode_text_log(&how, input, 1);
        if (strstr(whole, "finding < ws.deflate.invalid") == NULL ||
            strstr(whole, "message < text len=1 \"b\"\n") == NULL) {
            fail_msg("%s: %s", broken[i], whole);
        }
        assert_string_equal(whole, bytewise);
        free(whole);
        free(bytewise);
    }
}

/* ---- Extensions that are not decoded ---- */

static void frames_of_an_extension_that_is_not_decoded_are_raw(void **state)
{
    (void)state;
    const struct websocket_setup setup = {.version = 13, .other_extensions = true};
    check_setup(&setup,
                "< c1 02 c000 01 01 \"a\" a0 01 \"b\" 81 01 \"c\" 82 01 ff\n"
                "< 83 02 \"xy\" 81 01 c0\n",
                "message < text len=2 raw \"\\xc0\\x00\"\n"
                "message < text len=2 frames=2 raw \"ab\"\n"
                "message < text len=1 \"c\"\n"
                "message < binary len=1 \"\\xff\"\n"
                "message < 3 len=2 raw \"xy\"\n"
                "message < text len=1 raw \"\\xc0\"\n");
}

static void beside_permessage_deflate_only_the_other_bits_are_raw(void **state)
{
    (void)state;
    const struct websocket_setup setup = {
        .version = 13, .deflate = DEFLATE_IN_USE, .other_extensions = true};
    check_setup(&setup, "< c1 07 f248cdc9c90700 a1 01 \"a\"\n",
                "message < text len=5 wire=7 compressed \"Hello\"\n"
                "message < text len=1 raw \"a\"\n");
}

static void frames_of_older_framings_are_raw_as_well(void **state)
{
    (void)state;
    const struct websocket_setup setup = {.version = 6, .other_extensions = true};
    check_setup(&setup, "< c4 01 \"a\" 84 01 \"b\" 86 01 \"c\"\n",
                "message < text len=1 raw \"a\"\n"
                "message < text len=1 \"b\"\n"
                "message < 6 len=1 unfinished raw \"\"\n");
}

/* ---- What was negotiated ---- */

#define REQUEST                                                                                    \
    "> \"GET /chat HTTP/1.1\\r\\nHost: 10.0.0.2\\r\\nUpgrade: websocket\\r\\nConnection: "         \
    "Upgrade\\r\\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\nSec-WebSocket-Version: "        \
    "13\\r\\n"
#define ANSWER                                                                                     \
    "< \"HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n"  \
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\\r\\n"

/* The log of a connection that negotiates that extension, and then goes on. */
static char *negotiated(const char *extension, const char *frames)
{
    static char input[4096];
    const struct decode_text how = {0};
    snprintf(input, sizeof input,
             REQUEST "Sec-WebSocket-Extensions: %s\\r\\n\\r\\n\"\n" ANSWER
                     "Sec-WebSocket-Extensions: %s\\r\\n\\r\\n\"\n%s",
             extension, extension, frames);
    return decode_text_log(&how, input, 0);
}

static void check_negotiated(const char *extension, const char *frames, const char *expected)
{
    char *log = negotiated(extension, frames);
    if (strstr(log, expected) == NULL) {
        fail_msg("%s: no '%s' in %s", extension, expected, log);
    }
    free(log);
}

static void every_way_to_compress_is_known_by_its_name(void **state)
{
    (void)state;
    static const char *const deflates[] = {
        "deflate-frame",       "x-webkit-deflate-frame; no_context_takeover",
        "perframe-compress",   "perframe-compress; method=deflate",
        "permessage-deflate",  "permessage-compress; method=\\\"deflate; s2c_max_window_bits=8\\\"",
        "permessage-compress", "x-webkit-permessage-compress; method=deflate",
    };
    for (size_t i = 0; i < sizeof deflates / sizeof deflates[0]; i++) {
        check_negotiated(deflates[i], "< c1 07 f248cdc9c90700\n",
                         "message < text len=5 wire=7 compressed \"Hello\"\n");
    }
    check_negotiated("x-deflate-application-data", "< 81 07 f248cdc9c90700\n",
                     "message < text len=5 wire=7 compressed \"Hello\"\n");
    check_negotiated("deflate-application-data", "< 81 07 f248cdc9c90700\n",
                     "message < text len=5 wire=7 compressed \"Hello\"\n");
    check_negotiated("deflate-stream", "< 6a64f548cdc9c907000000ffff\n",
                     "message < text len=5 \"Hello\"\n");
}

static void bzip2_and_snappy_are_unpacked_or_labelled(void **state)
{
    (void)state;
    check_negotiated("permessage-bzip2; server_max_compress_level=9", "< c1 2b " HELLO_BZIP2 "\n",
                     websocket_unpacks(CODING_BZIP2)
                         ? "message < text len=5 wire=43 compressed \"Hello\"\n"
                         : "message < text len=43 raw ");
    check_negotiated("permessage-snappy", "< c1 19 " IDENTIFIER HELLO_CHUNK "\n",
                     websocket_unpacks(CODING_SNAPPY)
                         ? "message < text len=5 wire=25 compressed \"Hello\"\n"
                         : "message < text len=25 raw ");
}

static void an_extension_that_is_not_decoded_is_named(void **state)
{
    (void)state;
    static const char *const names[] = {"bbf-usp-protocol", "x-google-mux", "permessage-lz4",
                                        "permessage-compress; method=lzma"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char named[128];
        snprintf(named, sizeof named, "finding < ws.extension.unknown \"%.*s\"\n",
                 (int)strcspn(names[i], ";"), names[i]);
        check_negotiated(names[i], "< c1 01 \"a\"\n", named);
        check_negotiated(names[i], "< c1 01 \"a\"\n", "message < text len=1 raw \"a\"\n");
    }
}

/* ---- Multiplexing ---- */

static void channels_are_listed(void **state)
{
    (void)state;
    const struct websocket_setup setup = {.version = 13, .mux = true};
    struct decode_text how = {.decoder = websocket_decoder_for(&setup), .arg = &setup};
    decode_text_check(
        &how,
        "< 82 06 00 80 05 7e 2000\n"                                   /* five slots, quota 8192 */
        "> 82 87 01020304 mask:01020304 01 81 \"Hello\"\n"             /* channel 1 */
        "> 82 8f 01020305 mask:01020305 00 00 02 0b \"GET /b HTTP\"\n" /* adds channel 2 */
        "< 82 07 00 30 02 00 40 02 7d\n"                               /* both in one message */
        "< 02 02 02 01 80 03 \"abc\"\n"                                /* fragmented, on 2 */
        "> 82 85 01020306 mask:01020306 80fa 81 \"hi\"\n"              /* channel 250, two bytes */
        "> 82 86 01020307 mask:01020307 00 60 02 02 03e8\n"            /* drops 2 */
        "end >\nend <\n",
        "message < binary len=6 \"\\x00\\x80\\x05~ \\x00\"\n"
        "message > binary len=7 \"\\x01\\x81Hello\"\n"
        "message > binary len=15 \"\\x00\\x00\\x02\\x0bGET /b HTTP\"\n"
        "message < binary len=7 \"\\x000\\x02\\x00@\\x02}\"\n"
        "message < binary len=5 frames=2 \"\\x02\\x01abc\"\n"
        "message > binary len=5 \"\\x80\\xfa\\x81hi\"\n"
        "message > binary len=6 \"\\x00`\\x02\\x02\\x03\\xe8\"\n"
        "finding > ws.close.abnormal \"FIN without Close\"\n"
        "channel 0 frames=2,2 bytes=19,11 \"\"\n"
        "channel 1 frames=1,0 bytes=5,0 \"\"\n"
        "channel 2 frames=0,1 bytes=0,3 dropped=client code=1000 \"/b\"\n"
        "channel 250 frames=1,0 bytes=2,0 \"\"\n");
}

static void what_breaks_the_multiplexing_draft_is_told(void **state)
{
    (void)state;
    static const char *const broken[][2] = {
        {"81 02 0181", "2001"},         {"82 00", "2002"},
        {"82 01 c0", "2002"},           {"82 01 01", "2003"},
        {"82 02 00a0", "2004"},         {"82 03 000002", "2005"},
        {"82 05 00000205 41", "2005"},  {"82 04 00400280", "2005"},
        {"82 05 0080057e01", "2005"},   {"82 05 00600201 03", "2005"},
        {"82 06 0040027e0001", "2005"},
    };
    const struct websocket_setup setup = {.version = 13, .mux = true};
    const struct decode_text how = {.decoder = websocket_decoder_for(&setup), .arg = &setup};
    for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
        char input[64], expected[64];
        snprintf(input, sizeof input, "< %s\n", broken[i][0]);
        snprintf(expected, sizeof expected, "finding < ws.mux.invalid \"code %s\"\n", broken[i][1]);
        char *log = decode_text_log(&how, input, 0);
        if (strstr(log, expected) == NULL) {
            fail_msg("%s: %s", broken[i][0], log);
        }
        free(log);
    }
}

static void more_channels_than_are_followed_are_told_once(void **state)
{
    (void)state;
    const struct websocket_setup setup = {.version = 13, .mux = true};
    const struct decode_text how = {.decoder = websocket_decoder_for(&setup), .arg = &setup};
    char input[4096];
    size_t n = 0;
    for (int i = 1; i <= 80; i++) {
        n += (size_t)snprintf(input + n, sizeof input - n, "< 82 03 %02x 81 61\n", i);
    }
    char *log = decode_text_log(&how, input, 0);
    const char *told = strstr(log, "ws.mux.limit");
    assert_non_null(told);
    assert_null(strstr(told + 1, "ws.mux.limit"));
    assert_non_null(strstr(log, "channel 64 frames=0,1 bytes=0,1 \"\"\n"));
    assert_null(strstr(log, "channel 65 "));
    free(log);
}

static void multiplexing_is_known_by_its_name(void **state)
{
    (void)state;
    check_negotiated("mux; quota=8192", "< 82 07 01 81 \"Hello\"\nend <\nend >\n",
                     "channel 1 frames=0,1 bytes=0,5 \"\"\n");
    check_negotiated("mux_DO_NOT_USE", "< 82 07 01 81 \"Hello\"\nend <\nend >\n",
                     "channel 1 frames=0,1 bytes=0,5 \"\"\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_of_bzip2_is_a_whole_stream),
        cmocka_unit_test(a_message_of_bzip2_may_come_in_fragments_and_masked),
        cmocka_unit_test(broken_messages_of_bzip2_cost_themselves_alone),
        cmocka_unit_test(a_bomb_of_bzip2_is_not_unpacked_to_its_end),
        cmocka_unit_test(a_message_of_snappy_is_made_of_chunks),
        cmocka_unit_test(broken_messages_of_snappy_cost_themselves_alone),
        cmocka_unit_test(frames_of_an_extension_that_is_not_decoded_are_raw),
        cmocka_unit_test(beside_permessage_deflate_only_the_other_bits_are_raw),
        cmocka_unit_test(frames_of_older_framings_are_raw_as_well),
        cmocka_unit_test(every_way_to_compress_is_known_by_its_name),
        cmocka_unit_test(bzip2_and_snappy_are_unpacked_or_labelled),
        cmocka_unit_test(an_extension_that_is_not_decoded_is_named),
        cmocka_unit_test(channels_are_listed),
        cmocka_unit_test(what_breaks_the_multiplexing_draft_is_told),
        cmocka_unit_test(more_channels_than_are_followed_are_told_once),
        cmocka_unit_test(multiplexing_is_known_by_its_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
