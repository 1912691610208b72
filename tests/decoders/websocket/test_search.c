/* Reading on after loss, and from the middle of a connection, in the WebSocket decoder. */
#include "decoders/websocket/websocket.h"
#include "lib/decode_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static const struct websocket_setup plain = {.version = 13};
static const struct websocket_setup deflate = {.version = 13, .deflate = DEFLATE_IN_USE};
static const struct websocket_setup midstream = {
    .version = 13, .deflate = DEFLATE_UNKNOWN, .midstream = true};
static const struct websocket_setup server_synced = {
    .version = 13, .deflate = DEFLATE_UNKNOWN, .midstream = true, .synced = {false, true}};

#define TEXT(digit) "81 0e \"{\\\"number\\\": " digit "0}\" "
#define THREE "< " TEXT("1") TEXT("2") TEXT("3") "\n"
#define SHOWN(digit) "message < text len=14 \"{\\\"number\\\": " digit "0}\"\n"
#define THREE_SHOWN SHOWN("1") SHOWN("2") SHOWN("3")

static void check(const struct websocket_setup *setup, const char *input, const char *expected)
{
    struct decode_text how = {.decoder = &websocket_decoder, .arg = setup};
    decode_text_check(&how, input, expected);
}

static void after_a_gap_over_a_header_frames_are_found_again(void **state)
{
    (void)state;
    check(&plain, "< 81 05 \"Hello\"\ngap < 30\n" THREE,
          "message < text len=5 \"Hello\"\n"
          "finding < ws.resynced \"0 bytes passed over\"\n" THREE_SHOWN);
}

static void the_rest_of_a_frame_behind_the_gap_is_passed_over(void **state)
{
    (void)state;
    check(&plain, "< 81 10 \"Hello\"\ngap < 40\n< \" of the lost frame\"\n" THREE,
          "message < text len=5 unfinished damaged \"Hello\"\n"
          "finding < ws.resynced \"18 bytes passed over\"\n" THREE_SHOWN);
}

static void masked_frames_are_found_again(void **state)
{
    (void)state;
    check(&plain,
          "gap > 1\n"
          "> 81 8e a1b2c3d4 mask:a1b2c3d4 \"{\\\"number\\\": 10}\"\n"
          "> 81 8e 11223344 mask:11223344 \"{\\\"number\\\": 20}\"\n",
          "finding > ws.resynced \"0 bytes passed over\"\n"
          "message > text len=14 \"{\\\"number\\\": 10}\"\n"
          "message > text len=14 \"{\\\"number\\\": 20}\"\n");
}

static void a_second_gap_during_the_search_is_no_second_loss(void **state)
{
    (void)state;
    check(&plain, "gap < 5\n< \"xyz\"\ngap < 5\n" THREE,
          "finding < ws.resynced \"3 bytes passed over\"\n" THREE_SHOWN);
}

static void frames_that_cannot_be_found_are_told(void **state)
{
    (void)state;
    check(&plain, "gap < 5\n< \"nothing that looks like a frame\"\n",
          "finding < ws.sync_lost \"31 bytes searched\"\n");
}

static void a_continuation_whose_beginning_was_lost_is_no_error(void **state)
{
    (void)state;
    check(&server_synced, "< 80 02 \"lo\" 81 01 \"a\" 80 01 \"b\"\n",
          "message < continuation len=2 unfinished \"lo\"\n"
          "message < text len=1 \"a\"\n"
          "finding < ws.continuation.unexpected\n"
          "message < continuation len=1 unfinished \"b\"\n");
}

static void a_pong_whose_ping_was_lost_is_no_error(void **state)
{
    (void)state;
    check(&server_synced,
          "< 8a 00 89 01 \"a\"\n"
          "> 8a 81 01020304 mask:01020304 \"a\"\n",
          "message < pong len=0 \"\"\n"
          "message < ping len=1 \"a\"\n"
          "finding > ws.sync_lost \"7 bytes searched\"\n");
}

static void after_a_lost_header_the_window_is_unknown(void **state)
{
    (void)state;
    check(&deflate,
          "< c1 07 f248cdc9c90700\n"
          "gap < 9\n"
          "< c1 05 f200110000 c1 07 f248cdc9c90700 c1 05 f200110000\n"
          "< " TEXT("1") TEXT("2") "\n",
          "message < text len=5 wire=7 compressed \"Hello\"\n"
          "finding < ws.resynced \"0 bytes passed over\"\n"
          "finding < ws.deflate.window_unknown \"after 1 bytes\"\n"
          "message < text len=1 wire=5 compressed not_inflated \"H\"\n"
          "message < text len=5 wire=7 compressed \"Hello\"\n"
          "message < text len=5 compressed \"Hello\"\n" SHOWN("1") SHOWN("2"));
}

static void a_connection_picked_up_is_searched_in_both_directions(void **state)
{
    (void)state;
    check(&midstream,
          "< \"the end of a frame\"\n" THREE "> \"end\"\n"
          "> 81 8e a1b2c3d4 mask:a1b2c3d4 \"{\\\"number\\\": 10}\"\n"
          "> 81 8e 11223344 mask:11223344 \"{\\\"number\\\": 20}\"\n"
          "> 81 8e 55667788 mask:55667788 \"{\\\"number\\\": 30}\"\n",
          THREE_SHOWN "message > text len=14 \"{\\\"number\\\": 10}\"\n"
                      "message > text len=14 \"{\\\"number\\\": 20}\"\n"
                      "message > text len=14 \"{\\\"number\\\": 30}\"\n");
}

static void a_place_that_proves_wrong_is_left_and_the_search_goes_on(void **state)
{
    (void)state;
    check(&server_synced, "< 85 00 \"no frame\"\n" THREE, THREE_SHOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_gap_over_a_header_frames_are_found_again),
        cmocka_unit_test(the_rest_of_a_frame_behind_the_gap_is_passed_over),
        cmocka_unit_test(masked_frames_are_found_again),
        cmocka_unit_test(a_second_gap_during_the_search_is_no_second_loss),
        cmocka_unit_test(frames_that_cannot_be_found_are_told),
        cmocka_unit_test(a_continuation_whose_beginning_was_lost_is_no_error),
        cmocka_unit_test(a_pong_whose_ping_was_lost_is_no_error),
        cmocka_unit_test(after_a_lost_header_the_window_is_unknown),
        cmocka_unit_test(a_connection_picked_up_is_searched_in_both_directions),
        cmocka_unit_test(a_place_that_proves_wrong_is_left_and_the_search_goes_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
