/* follow, as text and as JSON Lines: a line as each thing happens. */
#include "lib/model_build.h"
#include "lib/text_parts.h"

#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define COMMUNITY_ID "1:slAWB4M2N0qsKiUCz/U3reXv/qY="
#define WHO "\"session\":1,\"community_id\":\"" COMMUNITY_ID "\""
#define FROM_CLIENT "," WHO ",\"subprotocol\":null,\"direction\":\"client_to_server\""

#define B(literal) ((struct bytes){(const uint8_t *)(literal), sizeof(literal) - 1})

static struct model_build *jsonl(const struct report_options *options)
{
    return model_build_new("follow", "jsonl", options, NULL);
}

/* One message on an open session; what follow writes of it. */
static char *one_message(const char *format, const struct report_options *options, unsigned opcode,
                         struct bytes body, unsigned flags)
{
    struct model_build *b = model_build_new("follow", format, options, NULL);
    build_open(b, 1);
    build_message(b, 1, DIR_CLIENT_TO_SERVER, opcode, body, flags);
    build_end(b, 1, END_FIN);
    char *report = model_build_report(b);
    model_build_free(b);
    return report;
}

static void a_message_is_a_line_of_json(void **state)
{
    char *report = one_message("jsonl", NULL, 1, B("he\"llo\n"), MESSAGE_FINISHED);
    (void)state;
    expect_part(report,
                "\n{\"type\":\"message\",\"time\":\"2026-11-22T15:55:13.002000Z\"" FROM_CLIENT
                ",\"opcode\":\"text\",\"length\":7,\"wire_length\":7,\"frames\":1,"
                "\"compressed\":false,\"first_packet\":3,\"last_packet\":3,"
                "\"text\":\"he\\\"llo\\n\"}\n");
    free(report);
}

static void binary_is_base64_and_pings_are_text_when_they_can(void **state)
{
    static const struct {
        unsigned opcode;
        struct bytes body;
        const char *part;
    } cases[] = {
        {2, {(const uint8_t *)"abc", 3}, "\"base64\":\"YWJj\"}"},
        {9, {(const uint8_t *)"abc", 3}, "\"text\":\"abc\"}"},
        {9, {(const uint8_t *)"\xff", 1}, "\"base64\":\"/w==\"}"},
        {10, {(const uint8_t *)"", 0}, "\"rtt_ms\":null,\"text\":\"\"}"},
        {1, {(const uint8_t *)"\xff", 1}, "\"text\":\"\xef\xbf\xbd\"}"},
        {2, {NULL, 0}, "\"base64\":\"\"}"},
        {11,
         {(const uint8_t *)"x", 1},
         "\"opcode\":\"reserved\",\"opcode_number\":11,\"length\":1,"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *report = one_message("jsonl", NULL, cases[i].opcode, cases[i].body, MESSAGE_FINISHED);
        expect_part(report, cases[i].part);
        free(report);
    }
}

static void what_is_wrong_with_a_message_is_flagged(void **state)
{
    static const struct {
        unsigned flags;
        const char *part;
    } cases[] = {
        {0, "\"last_packet\":3,\"unfinished\":true,\"text\""},
        {MESSAGE_DAMAGED, "\"last_packet\":3,\"damaged\":true,\"text\""},
        {MESSAGE_FINISHED | MESSAGE_NOT_INFLATED,
         "\"last_packet\":3,\"not_inflated\":true,\"text\""},
        {MESSAGE_FINISHED | MESSAGE_BAD_UTF8, "\"last_packet\":3,\"bad_utf8\":true,\"text\""},
        {MESSAGE_FINISHED | MESSAGE_BODY_IS_CUT, "\"last_packet\":3,\"cut\":true,\"text\""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char *report = one_message("jsonl", NULL, 1, B("x"), cases[i].flags);
        expect_part(report, cases[i].part);
        free(report);
    }
}

static void bodies_are_as_long_as_asked_for(void **state)
{
    struct report_options options = {.bodies = 3};
    char *report = one_message("jsonl", &options, 1, B("ab\xc3\xa4z"), MESSAGE_FINISHED);
    (void)state;
    expect_part(report, "\"cut\":true,\"text\":\"ab\"}"); /* no half of a character */
    free(report);
    report = one_message("jsonl", &options, 2, B("abcdef"), MESSAGE_FINISHED);
    expect_part(report, "\"cut\":true,\"base64\":\"YWJj\"}");
    free(report);
    options.bodies = 0;
    report = one_message("jsonl", &options, 1, B("abc"), MESSAGE_FINISHED);
    expect_part(report, "\"last_packet\":3}\n");
    free(report);
}

static void closes_findings_sessions_and_ends_are_lines(void **state)
{
    struct model_build *b = jsonl(NULL);
    (void)state;
    build_open(b, 1);
    build_finding(b, 1, DIR_CLIENT_TO_SERVER, FINDING_MASK_MISSING, "");
    build_finding(b, 0, DIR_CLIENT_TO_SERVER, FINDING_CAPTURE_DAMAGED, "");
    build_close(b, 1, DIR_CLIENT_TO_SERVER, 1000, "bye");
    build_close(b, 1, DIR_SERVER_TO_CLIENT, CLOSE_CODE_NONE, "");
    build_end(b, 1, END_FIN);
    build_tls(b, 2, "example.org");
    char *report = model_build_report(b);
    expect_part(report,
                "{\"type\":\"session\",\"time\":\"2026-11-22T15:55:13.000000Z\"," WHO
                ",\"client\":{\"ip\":\"10.0.0.1\",\"port\":50001},\"server\":{\"ip\":"
                "\"10.0.0.2\",\"port\":80},\"outcome\":\"open\",\"handshake\":{\"method\":\"GET\"");
    expect_part(report, "\n{\"type\":\"finding\",\"time\":\"2026-11-22T15:55:13.002000Z\"," WHO
                        ",\"direction\":\"client_to_server\",\"id\":\"ws.mask.missing\"");
    expect_part(report,
                "\n{\"type\":\"finding\",\"time\":\"2026-11-22T15:55:13.003000Z\",\"session\":null,"
                "\"community_id\":null,\"direction\":null,\"id\":\"capture.damaged\"");
    expect_part(report, "\"code\":1000,\"name\":\"Normal Closure\",\"reason\":\"bye\"}\n");
    expect_part(report, "\"code\":null,\"name\":\"No Status Rcvd\",\"reason\":\"\"}\n");
    expect_part(report, "\n{\"type\":\"end\",\"time\":\"2026-11-22T15:55:13.006000Z\"," WHO);
    expect_part(report, "\"close\":{\"first\":\"client\",\"clean\":true,\"how\":\"clean\"");
    expect_part(report, "\n{\"type\":\"tls\",");
    free(report);
    model_build_free(b);
}

static void a_message_without_a_beginning_of_its_session_is_told_too(void **state)
{
    struct model_build *b = jsonl(NULL);
    (void)state;
    build_session(b, 1, SESSION_UPGRADE); /* and no handshake */
    build_message(b, 1, DIR_CLIENT_TO_SERVER, 1, B("x"), MESSAGE_FINISHED);
    build_end(b, 1, END_FIN);
    char *report = model_build_report(b);
    expect_part(report, FROM_CLIENT ",\"opcode\":\"text\"");
    free(report);
    model_build_free(b);
}

static void subprotocols_are_escaped_and_masked(void **state)
{
    struct model_build *b = jsonl(NULL);
    struct handshake h = {.status = 101,
                          .offered_subprotocols = bytes_of("token, \"x\""),
                          .subprotocol = bytes_of("\"x\"")};
    (void)state;
    build_session(b, 1, SESSION_UPGRADE);
    build_handshake(b, 1, &h);
    build_message(b, 1, DIR_SERVER_TO_CLIENT, 1, B("x"), MESSAGE_FINISHED);
    build_end(b, 1, END_FIN);
    char *report = model_build_report(b);
    expect_part(report, "\"subprotocol\":\"***\",\"direction\":\"server_to_client\"");
    free(report);
    model_build_free(b);
}

static void what_was_lost_is_told_at_the_end(void **state)
{
    static const char *const formats[] = {"text", "jsonl", "ecs"};
    static const char *const expected[] = {
        "  -      loss     3 messages whose bodies were left out because packets came too fast\n",
        ("\n{\"type\":\"loss\",\"time\":\"2026-11-22T15:55:13.002000Z\",\"session\":null,"
         "\"community_id\":null,\"loss\":{"
         "\"dropped_packets\":0,"),
        ("\"action\":\"capture-loss\",\"category\":[\"network\"],\"type\":[\"info\"]},"
         "\"wsight\":{\"loss\":{\"dropped_packets\":0,")};
    (void)state;
    for (size_t i = 0; i < sizeof formats / sizeof *formats; i++) {
        for (int lost = 0; lost < 2; lost++) {
            struct model_build *b = model_build_new("follow", formats[i], NULL, NULL);
            build_open(b, 1);
            build_end(b, 1, END_FIN);
            b->file.live = true;
            b->stats.bodies_shed = lost ? 3 : 0;
            char *report = model_build_report(b);
            if (lost) {
                expect_part(report, expected[i]);
                assert_true(i == 0 || strstr(report, "\"bodies_shed\":3,\"connections_shed\":0}}"));
            } else {
                assert_null(strstr(report, "loss"));
            }
            free(report);
            model_build_free(b);
        }
    }
}

static void frames_are_lines_when_asked_for(void **state)
{
    struct report_options options = {.frames = true};
    struct event e = {.type = EVENT_FRAME, .dir = DIR_CLIENT_TO_SERVER, .session = 1};
    (void)state;
    e.frame = (struct frame){.fin = true,
                             .masked = true,
                             .rsv = 4,
                             .opcode = 1,
                             .wire_opcode = 1,
                             .header_len = 6,
                             .len = 5};
    memcpy(e.frame.masking_key, "\x01\x02\xab\xff", 4);
    struct model_build *b = jsonl(&options);
    build_open(b, 1);
    build_event(b, &e);
    build_end(b, 1, END_FIN);
    char *report = model_build_report(b);
    expect_part(report,
                FROM_CLIENT ",\"opcode\":\"text\",\"opcode_number\":1,\"fin\":true,\"rsv\":4,"
                            "\"length\":5,\"header_length\":6,\"masking_key\":\"0102abff\","
                            "\"packet\":3}\n");
    free(report);
    model_build_free(b);
    b = model_build_new("follow", "text", &options, NULL);
    build_open(b, 1);
    build_event(b, &e);
    build_end(b, 1, END_FIN);
    report = model_build_report(b);
    expect_part(report, ">        frame text, 5 B, FIN, RSV1, key 0102abff, packet 3\n");
    free(report);
    model_build_free(b);
}

static void text_tells_a_session_line_by_line(void **state)
{
    struct model_build *b = model_build_new("follow", "text", NULL, NULL);
    (void)state;
    build_open(b, 1);
    build_message(b, 1, DIR_CLIENT_TO_SERVER, 1, B("hi\x1b[2J"), MESSAGE_FINISHED);
    build_message(b, 1, DIR_SERVER_TO_CLIENT, 2, B("\x01\xab"),
                  MESSAGE_FINISHED | MESSAGE_FRAGMENTED | MESSAGE_COMPRESSED);
    build_finding(b, 1, DIR_CLIENT_TO_SERVER, FINDING_MASK_MISSING, "opcode 1");
    build_close(b, 1, DIR_SERVER_TO_CLIENT, 1001, "bye");
    build_end(b, 1, END_FIN);
    char *report = model_build_report(b);
    assert_string_equal(
        report,
        "2026-11-22 (UTC)\n"
        "15:55:13.000000  #1     open     10.0.0.1:50001 to 10.0.0.2:80 example.com/, " COMMUNITY_ID
        "\n"
        "15:55:13.002000  #1     >        text 6 B: hi\\x1b[2J\n"
        "15:55:13.003000  #1     <        binary 2 B (compressed 2 B, 2 frames): 01 ab\n"
        "15:55:13.004000  #1     error    ws.mask.missing: a client frame is not masked "
        "(opcode 1), by "
        "the client, packet 5\n"
        "15:55:13.005000  #1     <        close 1001 Going Away: bye\n"
        "15:55:13.006000  #1     end      unanswered, 6.0 ms, client sent 1 (6 B), server "
        "1 (2 B)\n");
    free(report);
    model_build_free(b);
}

/* A session with this subprotocol and a message from its client; follow's text. */
static char *spoken(const char *subprotocol, unsigned opcode, struct bytes body, uint64_t bodies)
{
    struct report_options options = {.bodies = bodies};
    struct handshake h = {.subprotocol = bytes_of(subprotocol), .status = 101, .version = 13};
    struct model_build *b = model_build_new("follow", "text", &options, NULL);
    build_session(b, 1, SESSION_UPGRADE);
    build_handshake(b, 1, &h);
    build_message(b, 1, DIR_CLIENT_TO_SERVER, opcode, body, MESSAGE_FINISHED);
    build_end(b, 1, END_FIN);
    char *report = model_build_report(b);
    model_build_free(b);
    return report;
}

static void text_says_what_a_message_is_to_its_subprotocol(void **state)
{
    const struct {
        const char *subprotocol;
        unsigned opcode;
        struct bytes body;
        const char *line;
    } cases[] = {
        {"mqtt", 2, B("\x30\x06\0\3a/b7"),
         "binary 8 B, MQTT PUBLISH a/b 7: 30 06 00 03 61 2f 62 37"},
        {"mqtt", 2, B("\x30\x09\0\6a\x1b[2Jb7"),
         "binary 11 B, MQTT PUBLISH a\\x1b[2Jb 7: 30 09 00 06 61 1b 5b 32 4a 62 37"},
        {"mqtt", 2, B("\x06\xff"), "binary 2 B: 06 ff"},
        {"graphql-transport-ws", 1, B("{\"type\":\"ping\"}"),
         "text 15 B, GraphQL ping: {\"type\":\"ping\"}"},
        {"", 1, B("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"f\"}"),
         "text 37 B, JSON-RPC request 1 f: {\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"f\"}"},
        {"", 1, B("{\"type\":\"ping\"}"), "text 15 B: {\"type\":\"ping\"}"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char line[160];
        snprintf(line, sizeof line, "  >        %s\n", cases[i].line);
        char *report =
            spoken(cases[i].subprotocol, cases[i].opcode, cases[i].body, REPORT_BODIES_ALL);
        expect_part(report, line);
        free(report);
    }
    char *report = spoken("mqtt", 2, cases[0].body, 0);
    expect_part(report, "  >        binary 8 B\n"); /* no bodies: nothing of them */
    free(report);
}

static void a_new_day_has_a_line(void **state)
{
    struct model_build *b = model_build_new("follow", "text", NULL, NULL);
    (void)state;
    build_open(b, 1);
    b->ts += INT64_C(86400000000000);
    build_message(b, 1, DIR_CLIENT_TO_SERVER, 1, B("x"), MESSAGE_FINISHED);
    build_end(b, 1, END_FIN);
    char *report = model_build_report(b);
    expect_part(report, "\n2026-11-23 (UTC)\n15:55:13.002000  #1     > ");
    free(report);
    model_build_free(b);
}

static void a_closed_pipe_is_an_error_at_the_next_flush(void **state)
{
    int ends[2];
    (void)state;
    signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    struct model_build *b = model_build_new("follow", "jsonl", NULL, fdopen(ends[1], "w"));
    struct err err;
    build_open(b, 1);
    batch_flush(b->batch);
    assert_int_equal(b->format->flush(b->report), EPIPE);
    build_end(b, 1, END_FIN);
    assert_int_equal(model_build_finish(b, &err), -1);
    assert_string_equal(err.text, "cannot write the report: Broken pipe");
    model_build_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_a_line_of_json),
        cmocka_unit_test(binary_is_base64_and_pings_are_text_when_they_can),
        cmocka_unit_test(what_is_wrong_with_a_message_is_flagged),
        cmocka_unit_test(bodies_are_as_long_as_asked_for),
        cmocka_unit_test(closes_findings_sessions_and_ends_are_lines),
        cmocka_unit_test(a_message_without_a_beginning_of_its_session_is_told_too),
        cmocka_unit_test(subprotocols_are_escaped_and_masked),
        cmocka_unit_test(what_was_lost_is_told_at_the_end),
        cmocka_unit_test(frames_are_lines_when_asked_for),
        cmocka_unit_test(text_tells_a_session_line_by_line),
        cmocka_unit_test(text_says_what_a_message_is_to_its_subprotocol),
        cmocka_unit_test(a_new_day_has_a_line),
        cmocka_unit_test(a_closed_pipe_is_an_error_at_the_next_flush),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
