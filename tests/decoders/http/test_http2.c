/*
 * WebSocket over HTTP/2: what becomes a session, however frames are cut, padded and mixed, what is
 * complained of, and what a loss costs.
 */
#include "decoders/http/http2.h"
#include "decoders/http/upgrade.h"
#include "lib/decode_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static const struct decode_text http2 = {
    .decoder = NULL, .upgrades_new = upgrade_memory_new, .upgrades_free = upgrade_memory_free};
static const struct decode_text midstream = {.midstream = true,
                                             .once = true,
                                             .upgrades_new = upgrade_memory_new,
                                             .upgrades_free = upgrade_memory_free};

/* Header blocks (RFC 7541), literals without indexing; 07 "CONNECT" and so on. */
#define CONNECT "02 07 \"CONNECT\" "
#define SCHEME "86 " /* :scheme http */
#define PATH "04 05 \"/chat\" "
#define AUTHORITY "01 01 \"h\" "
#define PROTOCOL "00 09 \":protocol\" 09 \"websocket\" "
#define VERSION "00 15 \"sec-websocket-version\" 02 \"13\" "
#define ORIGIN "00 06 \"origin\" 08 \"http://h\" "

#define PREFACE "> \"PRI * HTTP/2.0\\r\\n\\r\\nSM\\r\\n\\r\\n\" 000000 04 00 00000000\n"
#define ALLOW "< 000006 04 00 00000000 0008 00000001\n"
/* Of 9 + 1 + 7 + 3 + 21 ... bytes: all of the above in one frame. */
#define REQUEST(stream)                                                                            \
    "> 000054 01 04 " stream " " CONNECT SCHEME PATH AUTHORITY PROTOCOL VERSION ORIGIN "\n"
#define OK(stream) "< 000001 01 04 " stream " 88\n"
#define SHAKEN(status)                                                                             \
    "handshake status=" status " version=13 accept=not_seen\n"                                     \
    "method \"CONNECT\"\n"                                                                         \
    "target \"/chat\"\n"                                                                           \
    "host \"h\"\n"                                                                                 \
    "origin \"http://h\"\n"                                                                        \
    "version_text \"13\"\n"                                                                        \
    "reason \"\"\n"
#define OPENED "session upgrade\n" SHAKEN("200")

static void an_extended_connect_becomes_a_session(void **state)
{
    (void)state;
    decode_text_check(
        &http2,
        PREFACE ALLOW REQUEST("00000001")
            OK("00000001") "> 00000b 00 00 00000001 81 85 01020304 mask:01020304 \"Hello\"\n"
                           "< 000007 00 00 00000001 81 05 \"Hello\"\n"
                           "> 000000 00 01 00000001\n"
                           "< 000000 00 01 00000001\n",
        OPENED "message > text len=5 \"Hello\"\n"
               "message < text len=5 \"Hello\"\n"
               "finding > ws.close.abnormal \"FIN without Close\"\n"
               "end fin first=>\n");
}

static void two_streams_at_once_are_two_sessions(void **state)
{
    (void)state;
    decode_text_check(&http2,
                      PREFACE ALLOW REQUEST("00000001") OK("00000001") REQUEST("00000003")
                          OK("00000003") "< 000003 00 00 00000003 81 05 \"H\"\n"
                                         "< 000007 00 00 00000001 81 05 \"first\"\n"
                                         "< 000004 00 00 00000003 \"ello\"\n"
                                         "< 000004 03 00 00000003 00000008\n"
                                         "< 000004 03 00 00000001 00000000\n",
                      OPENED OPENED "message < text len=5 \"first\"\n"
                                    "message < text len=5 \"Hello\"\n"
                                    "finding < http2.reset \"CANCEL (8)\"\n"
                                    "finding < ws.close.abnormal \"reset\"\n"
                                    "end reset first=<\n"
                                    "finding < http2.reset \"NO_ERROR (0)\"\n"
                                    "finding < ws.close.abnormal \"reset\"\n"
                                    "end reset first=<\n");
}

static void padding_priority_and_continuation_are_taken_off(void **state)
{
    (void)state;
    decode_text_check(&http2,
                      PREFACE ALLOW
                      "> 00001a 01 28 00000001 03 80000000 10 " CONNECT SCHEME PATH " 00*3 \n"
                      "> 000000 09 00 00000001\n"
                      "> 000043 09 04 00000001 " AUTHORITY PROTOCOL VERSION ORIGIN
                      "\n" OK("00000001") "< 00000b 00 08 00000001 03 81 05 \"Hello\" 00*3\n",
                      OPENED "message < text len=5 \"Hello\"\n"
                             "end open\n");
}

static void other_streams_are_passed_over(void **state)
{
    (void)state;
    decode_text_check(&http2,
                      PREFACE ALLOW "> 000003 01 05 00000001 82 86 84\n"
                                    "< 000001 01 04 00000001 88\n"
                                    "< 000064 00 01 00000001 00*100\n" REQUEST("00000003")
                                        OK("00000003") "< 000008 06 00 00000000 00*8\n"
                                                       "< 000007 00 00 00000003 81 05 \"Hello\"\n",
                      OPENED "message < text len=5 \"Hello\"\n"
                             "end open\n");
}

static void a_refusal_ends_its_session_alone(void **state)
{
    (void)state;
    decode_text_check(
        &http2, PREFACE ALLOW REQUEST("00000001") "< 000005 01 05 00000001 08 03 \"403\"\n",
        "session upgrade\n"
        "finding < ws.handshake.refused \"status 403\"\n" SHAKEN("403") "end fin first=<\n");
}

static void what_rfc_8441_forbids_is_found(void **state)
{
    (void)state;
    decode_text_check(
        &http2,
        PREFACE
        "< 000000 04 00 00000000\n"
        "> 000063 01 04 00000001 " CONNECT PATH AUTHORITY PROTOCOL VERSION ORIGIN
        "00 0a \"connection\" 03 \"xyz\"\n" OK("00000001") "< 000002 00 01 00000001 81 00\n"
                                                           "< 000002 00 00 00000001 81 00\n",
        "session upgrade\n"
        "finding > http2.connect.pseudo \"no :scheme\"\n"
        "finding > http2.header.forbidden \"connection\"\n"
        "finding > http2.connect.setting\n" SHAKEN("200") "message < text len=0 \"\"\n"
                                                          "finding < http2.data_after_end\n"
                                                          "end open\n");
}

static void bytes_before_the_answer_wait_for_it(void **state)
{
    (void)state;
    char *log = decode_text_log(
        &http2,
        PREFACE ALLOW REQUEST("00000001") "> 00000b 00 00 00000001 81 85 01020304 mask:01020304 "
                                          "\"Hello\"\n" OK("00000001"),
        0);
    assert_non_null(strstr(log, "finding > ws.handshake.early_data"));
    assert_non_null(strstr(log, "message > text len=5 \"Hello\""));
    free(log);
}

static void a_hole_in_data_is_passed_to_its_stream(void **state)
{
    (void)state;
    decode_text_check(&http2,
                      PREFACE ALLOW REQUEST("00000001")
                          OK("00000001") "< 000010 00 00 00000001 81 0e \"Hel\"\n"
                                         "gap < 10\n"
                                         "< \"o\"\n"
                                         "< 000007 00 00 00000001 81 05 \"Hello\"\n",
                      OPENED "message < text len=4 wire=14 unfinished damaged \"Helo\"\n"
                             "message < text len=5 \"Hello\"\n"
                             "end open\n");
}

static void floods_and_endless_headers_are_bounded(void **state)
{
    static char script[65536];
    (void)state;
    int n = snprintf(script, sizeof script, PREFACE ALLOW "> 000001 01 00 00000001 82\n");
    for (int i = 0; i < 80; i++) {
        n += snprintf(script + n, sizeof script - (size_t)n, "> 000000 09 00 00000001\n");
    }
    struct decode_text once = http2;
    once.once = true;
    decode_text_check(&once, script,
                      "finding > http2.limit.continuation \"more than 64\"\n"
                      "finding > http2.headers_lost \"too many CONTINUATION frames\"\n");
    n = snprintf(script, sizeof script, PREFACE ALLOW "> ");
    for (int i = 0; i < 1200; i++) {
        n += snprintf(script + n, sizeof script - (size_t)n, "000000 04 00 00000000 ");
    }
    decode_text_check(&once, script, "finding > http2.flood \"more than 1000 in a second\"\n");
}

static void streams_picked_up_later_are_known_by_their_frames(void **state)
{
    static char script[8192];
    (void)state;
    int n = snprintf(script, sizeof script, "< ");
    for (int i = 0; i < 12; i++) {
        n += snprintf(script + n, sizeof script - (size_t)n,
                      "000007 00 00 00000005 81 05 \"Hello\" ");
    }
    snprintf(script + n, sizeof script - (size_t)n, "\n");
    char *log = decode_text_log(&midstream, script, 0);
    if (strstr(log, "session midstream") == NULL ||
        strstr(log, "message < text len=5 \"Hello\"") == NULL) {
        fail_msg("%s", log);
    }
    free(log);
}

static void h2c_is_found_behind_an_upgrade(void **state)
{
    (void)state;
    decode_text_check(
        &http2,
        "> \"GET / HTTP/1.1\\r\\nHost: h\\r\\nConnection: Upgrade, HTTP2-Settings\\r\\n\"\n"
        "> \"Upgrade: h2c\\r\\nHTTP2-Settings: AAMAAABk\\r\\n\\r\\n\"\n"
        "< \"HTTP/1.1 101 Switching Protocols\\r\\nConnection: Upgrade\\r\\nUpgrade: "
        "h2c\\r\\n\\r\\n\"\n" ALLOW PREFACE "< 000001 01 05 00000001 88\n" REQUEST("00000003")
            OK("00000003") "< 000007 00 00 00000003 81 05 \"Hello\"\n",
        OPENED "message < text len=5 \"Hello\"\n"
               "end open\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_extended_connect_becomes_a_session),
        cmocka_unit_test(two_streams_at_once_are_two_sessions),
        cmocka_unit_test(padding_priority_and_continuation_are_taken_off),
        cmocka_unit_test(other_streams_are_passed_over),
        cmocka_unit_test(a_refusal_ends_its_session_alone),
        cmocka_unit_test(what_rfc_8441_forbids_is_found),
        cmocka_unit_test(bytes_before_the_answer_wait_for_it),
        cmocka_unit_test(a_hole_in_data_is_passed_to_its_stream),
        cmocka_unit_test(floods_and_endless_headers_are_bounded),
        cmocka_unit_test(streams_picked_up_later_are_known_by_their_frames),
        cmocka_unit_test(h2c_is_found_behind_an_upgrade),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
