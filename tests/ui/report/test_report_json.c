/* The JSON report of hand-made sessions: order, what was not seen, endings, secrets, failing
 * outputs. That whole reports fit the schema is test_schema.py's. */
#include "lib/model_build.h"
#include "lib/text_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

static struct model_build *json(void)
{
    return model_build_new("report", "json", NULL, NULL);
}

static void an_empty_capture_gives_a_whole_report(void **state)
{
    struct model_build *b = json();
    char *report = model_build_report(b);
    (void)state;
    expect_part(report, "{\n  \"schema\":\"wsight.report/1\",\n  \"tool\":{");
    expect_part(report, "\"name\":\"wsight\",\n    \"version\":\"1.2.3\"");
    expect_part(report, "\"sessions\":[],\n  \"refused\":[],\n  \"undecrypted_tls\":[],\n");
    expect_part(report, "\"first\":null,\n    \"last\":null");
    free(report);
    model_build_free(b);
}

static void sessions_stand_in_the_order_of_their_ids(void **state)
{
    struct report_options options = {.memory = 3000}; /* some of them in a file */
    struct model_build *b = model_build_new("report", "json", &options, NULL);
    (void)state;
    for (uint64_t id = 1; id <= 20; id++) {
        build_open(b, id);
    }
    for (uint64_t id = 20; id >= 1; id--) {
        build_end(b, id, END_FIN);
    }
    char *report = model_build_report(b);
    const char *at = report;
    for (int id = 1; id <= 20; id++) {
        char begin[32];
        snprintf(begin, sizeof begin, "\n    {\"id\":%d,", id);
        at = strstr(at, begin);
        assert_non_null(at);
    }
    free(report);
    model_build_free(b);
}

static void what_was_not_seen_is_null(void **state)
{
    struct model_build *b = json();
    struct handshake h = {
        .method = bytes_of("GET"), .host = {(const uint8_t *)"", 0}, .version = -1};
    (void)state;
    build_session(b, 1, SESSION_UPGRADE);
    build_handshake(b, 1, &h);
    build_end(b, 1, END_OPEN);
    char *report = model_build_report(b);
    expect_part(report, "\"outcome\":\"incomplete\"");
    expect_part(report, "\"method\":\"GET\",\"target\":null,\"host\":\"\",\"origin\":null");
    expect_part(report, "\"version\":null,\"version_text\":null,\"offered_subprotocols\":null,"
                        "\"offered_extensions\":null");
    expect_part(report, "\"status\":null");
    expect_part(report, "\"accept_ok\":null");
    expect_part(report, "\"messages_sha256\":null,\"close\":null");
    expect_part(report,
                "\"close\":{\"first\":null,\"clean\":false,\"how\":\"none\",\"answer_time\":null,"
                "\"tcp\":\"open\",\"tcp_first\":null}");
    free(report);
    model_build_free(b);
}

static void lists_are_split_outside_quotes(void **state)
{
    struct model_build *b = json();
    struct handshake h = {.status = 101,
                          .offered_subprotocols = bytes_of("mqtt , chat,,"),
                          .offered_extensions = bytes_of("a; x=\"1, 2\", b"),
                          .extensions = {(const uint8_t *)"", 0}};
    (void)state;
    build_session(b, 1, SESSION_UPGRADE);
    build_handshake(b, 1, &h);
    build_end(b, 1, END_OPEN);
    char *report = model_build_report(b);
    expect_part(report, "\"offered_subprotocols\":[\"mqtt\",\"chat\"],"
                        "\"offered_extensions\":[\"a; x=\\\"1, 2\\\"\",\"b\"]");
    expect_part(report, "\"extensions\":[],\"request_time\"");
    free(report);
    model_build_free(b);
}

static void closes_are_told_with_names_and_times(void **state)
{
    struct model_build *b = json();
    (void)state;
    build_open(b, 1);
    build_close(b, 1, DIR_SERVER_TO_CLIENT, 1001, "bye\x1b[2J");
    build_close(b, 1, DIR_CLIENT_TO_SERVER, CLOSE_CODE_NONE, "");
    build_end(b, 1, END_FIN);
    char *report = model_build_report(b);
    expect_part(report,
                "\"close\":{\"code\":1001,\"name\":\"Going Away\",\"reason\":\"bye\\u001b[2J\","
                "\"time\":\"2026-11-22T15:55:13.002000Z\",\"packet\":3}");
    expect_part(report, "\"close\":{\"code\":null,\"name\":\"No Status Rcvd\",\"reason\":\"\",");
    expect_part(report, "\"close\":{\"first\":\"server\",\"clean\":true,\"how\":\"clean\","
                        "\"answer_time\":0.001000,\"tcp\":\"fin\"");
    expect_part(report, "{\"code\":null,\"name\":\"No Status Rcvd\",\"count\":1}");
    free(report);
    model_build_free(b);
}

static void counters_are_those_of_the_messages(void **state)
{
    struct model_build *b = json();
    (void)state;
    build_open(b, 1);
    build_message(b, 1, DIR_CLIENT_TO_SERVER, 1, bytes_of("hello"), MESSAGE_FINISHED);
    build_message(b, 1, DIR_CLIENT_TO_SERVER, 2, bytes_of("abc"),
                  MESSAGE_FINISHED | MESSAGE_FRAGMENTED | MESSAGE_COMPRESSED);
    build_message(b, 1, DIR_SERVER_TO_CLIENT, 1, bytes_of("x"), MESSAGE_DAMAGED);
    build_message(b, 1, DIR_SERVER_TO_CLIENT, 3, bytes_of("y"), 0);
    build_end(b, 1, END_RESET);
    char *report = model_build_report(b);
    expect_part(report,
                "\"client_to_server\":{\"frames\":3,\"opcodes\":{\"text\":1,\"binary\":1,"
                "\"continuation\":1,\"ping\":0,\"pong\":0,\"close\":0,\"reserved\":0},"
                "\"masked\":3,\"unmasked\":0,\"messages\":{\"text\":1,\"binary\":1},"
                "\"fragmented\":1,\"compressed\":1,\"payload_bytes\":8,\"message_bytes\":8,");
    expect_part(report, "\"server_to_client\":{\"frames\":2,\"opcodes\":{\"text\":1,\"binary\":0,"
                        "\"continuation\":0,\"ping\":0,\"pong\":0,\"close\":0,\"reserved\":1},"
                        "\"masked\":0,\"unmasked\":2,");
    expect_part(report, "\"damaged\":1");
    expect_part(report, "\"how\":\"reset\"");
    free(report);
    model_build_free(b);
}

static void findings_are_told_by_session_and_in_all(void **state)
{
    struct model_build *b = json();
    (void)state;
    for (uint64_t id = 1; id <= 2; id++) {
        build_open(b, id);
        build_finding(b, id, DIR_CLIENT_TO_SERVER, FINDING_MASK_MISSING, "/?token=abc");
        build_finding(b, id, DIR_CLIENT_TO_SERVER, FINDING_MASK_MISSING, "");
    }
    build_finding(b, 0, DIR_CLIENT_TO_SERVER, FINDING_CAPTURE_DAMAGED, "");
    build_end(b, 2, END_FIN);
    build_end(b, 1, END_FIN);
    char *report = model_build_report(b);
    expect_part(report,
                "\"findings\":[{\"id\":\"ws.mask.missing\",\"severity\":\"error\",\"class\":"
                "\"protocol\",\"section\":\"RFC 6455 5.1\",\"text\":\"a client frame is not "
                "masked\",\"direction\":\"client_to_server\",\"time\":"
                "\"2026-11-22T15:55:13.002000Z\",\"packet\":3,\"detail\":\"/?token=***\","
                "\"count\":2}]");
    expect_part(report, "\"count\":4,\"sessions\":2,\"first_session\":1,\"first_packet\":3}");
    expect_part(report, "\"section\":null");
    expect_part(report, "\"count\":1,\"sessions\":0,\"first_session\":null,\"first_packet\":null}");
    free(report);
    model_build_free(b);
}

static void refused_and_tls_have_lists_of_their_own(void **state)
{
    struct model_build *b = json();
    struct handshake h = {.target = bytes_of("/a?key=1"),
                          .status = 426,
                          .reason = bytes_of("Upgrade Required"),
                          .supported_versions = bytes_of("13, 8")};
    (void)state;
    build_session(b, 1, SESSION_UPGRADE);
    build_handshake(b, 1, &h);
    build_end(b, 1, END_FIN);
    build_tls(b, 2, "example.org");
    char *report = model_build_report(b);
    expect_part(report, "\"outcome\":\"refused\"");
    expect_part(
        report,
        "\"refused\":[\n    {\"session\":1,\"client\":{\"ip\":\"10.0.0.1\",\"port\":50001},"
        "\"server\":{\"ip\":\"10.0.0.2\",\"port\":80},\"host\":null,\"target\":\"/a?key=***\","
        "\"status\":426,\"reason\":\"Upgrade Required\","
        "\"supported_versions\":[\"13\",\"8\"]");
    expect_part(report,
                "\"sni\":\"example.org\",\"alpn\":[\"h2\",\"http/1.1\"],\"version\":\"TLS 1.3\"");
    expect_part(report, "\"sessions\":1,\n    \"open\":0,\n    \"refused\":1");
    expect_no_part(report, "\"outcome\":\"tls\"");
    free(report);
    model_build_free(b);
}

static void strings_of_the_wire_cannot_break_out(void **state)
{
    struct model_build *b = json();
    static const uint8_t hostile[] = "\"},\\\x00\xff\xc3\x1b]0;x\x07\xe2\x80\xae";
    struct bytes text = {hostile, sizeof hostile - 1};
    struct handshake h = {.status = 101,
                          .target = text,
                          .host = text,
                          .origin = text,
                          .user_agent = text,
                          .subprotocol = text,
                          .extensions = text};
    (void)state;
    build_session(b, 1, SESSION_UPGRADE);
    build_handshake(b, 1, &h);
    build_end(b, 1, END_FIN);
    char *report = model_build_report(b);
    expect_part(report,
                "\"host\":\"\\\"},\\\\\\u0000\xef\xbf\xbd\xef\xbf\xbd\\u001b]0;x\\u0007\\u202e\"");
    for (const char *c = report; *c != '\0'; c++) {
        assert_true((unsigned char)*c >= 0x20 || *c == '\n');
    }
    free(report);
    model_build_free(b);
}

static void a_full_disk_is_an_error(void **state)
{
    FILE *full = fopen("/dev/full", "w");
    struct err err;
    (void)state;
    if (full == NULL) {
        skip();
    }
    struct model_build *b = model_build_new("report", "json", NULL, full);
    build_open(b, 1);
    build_end(b, 1, END_FIN);
    assert_int_equal(model_build_finish(b, &err), -1);
    assert_string_equal(err.text, "cannot write the report: No space left on device");
    model_build_free(b);
}

static void a_folder_without_room_for_sessions_is_an_error(void **state)
{
    struct report_options options = {.memory = 10};
    char *old = getenv("TMPDIR") != NULL ? strdup(getenv("TMPDIR")) : NULL;
    struct err err;
    (void)state;
    setenv("TMPDIR", "/nonexistent", 1);
    struct model_build *b = model_build_new("report", "json", &options, NULL);
    for (uint64_t id = 1; id <= 3; id++) {
        build_open(b, id);
        build_end(b, id, END_FIN);
    }
    assert_int_equal(model_build_finish(b, &err), -1);
    assert_non_null(strstr(err.text, "lacks sessions"));
    fflush(b->out);
    expect_part(b->text, "\"sessions_left_out\":2");
    expect_part(b->text, "\n    {\"id\":1,");
    model_build_free(b);
    if (old != NULL) {
        setenv("TMPDIR", old, 1);
    } else {
        unsetenv("TMPDIR");
    }
    free(old);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_capture_gives_a_whole_report),
        cmocka_unit_test(sessions_stand_in_the_order_of_their_ids),
        cmocka_unit_test(what_was_not_seen_is_null),
        cmocka_unit_test(lists_are_split_outside_quotes),
        cmocka_unit_test(closes_are_told_with_names_and_times),
        cmocka_unit_test(counters_are_those_of_the_messages),
        cmocka_unit_test(findings_are_told_by_session_and_in_all),
        cmocka_unit_test(refused_and_tls_have_lists_of_their_own),
        cmocka_unit_test(strings_of_the_wire_cannot_break_out),
        cmocka_unit_test(a_full_disk_is_an_error),
        cmocka_unit_test(a_folder_without_room_for_sessions_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
