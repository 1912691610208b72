/* The text report of hand-made sessions: what stands where, what is left out, that it fits. */
#include "lib/model_build.h"
#include "lib/text_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

/* Every line is at most `width` columns of printable ASCII, and has no blank at its end. */
static void expect_to_fit(const char *report, size_t width)
{
    for (const char *line = report; *line != '\0';) {
        size_t n = strcspn(line, "\n");
        if (n > width) {
            fail_msg("longer than %zu: '%.*s'", width, (int)n, line);
        }
        assert_true(n == 0 || line[n - 1] != ' ');
        for (size_t i = 0; i < n; i++) {
            assert_true(line[i] >= 0x20 && line[i] < 0x7f);
        }
        line += n + (line[n] == '\n');
    }
}

static struct model_build *text(void)
{
    return model_build_new("report", "text", NULL, NULL);
}

static void without_a_websocket_it_says_what_was_there(void **state)
{
    struct model_build *b = text();
    (void)state;
    build_tls(b, 1, "example.org");
    b->stats.connections = 20;
    char *report = model_build_report(b);
    expect_part(
        report,
        "No WebSocket in 3 packets: 20 TCP connections, 1 of them TLS that cannot be\nread.\n");
    expect_part(report, "         1       0 B  example.org (10.0.0.2:80)\n"
                        "                      no keys, TLS 1.3, TLS_AES_128_GCM_SHA256\n"
                        "                      ALPN h2,http/1.1\n"
                        "                      client t13d1516h2_8daaf6152771_e5627efa2ab1\n"
                        "                      certificate /CN=example.org; *.example.org\n");
    expect_part(report, "-k FILE");
    expect_no_part(report, "\nSessions\n");
    expect_no_part(report, "\nTraffic\n");
    expect_no_part(report, "\nFindings\n");
    expect_to_fit(report, 80);
    free(report);
    model_build_free(b);
}

static void an_empty_capture_has_no_tcp(void **state)
{
    struct model_build *b = text();
    (void)state;
    char *report = model_build_report(b);
    expect_part(report, "No WebSocket in 0 packets.\n");
    free(report);
    model_build_free(b);
}

static void a_session_is_told_in_columns(void **state)
{
    struct model_build *b = text();
    (void)state;
    build_open(b, 1);
    build_message(b, 1, DIR_CLIENT_TO_SERVER, 1, bytes_of("hello"), MESSAGE_FINISHED);
    build_close(b, 1, DIR_SERVER_TO_CLIENT, 1001, "");
    build_close(b, 1, DIR_CLIENT_TO_SERVER, 1001, "");
    build_end(b, 1, END_FIN);
    char *report = model_build_report(b);
    expect_part(report,
                "    #  client                 server                 host and path\n"
                "       lasted          client sent     server sent     ping  end\n"
                "    1  10.0.0.1:50001         10.0.0.2:80            example.com/\n"
                "       5.0 ms            1      5 B      0      0 B        -  1001 by server\n");
    expect_part(report, "1001  Going Away                                     1             1\n");
    expect_part(report, "           1  closed cleanly: a Close from both sides\n");
    expect_to_fit(report, 80);
    free(report);
    model_build_free(b);
}

static void every_way_to_end_has_its_words(void **state)
{
    static const struct {
        enum end_how how;
        const char *words;
    } cases[] = {{END_OPEN, "still open\n"},       {END_FIN, "FIN, no Close\n"},
                 {END_RESET, "reset, no Close\n"}, {END_IDLE, "fell silent\n"},
                 {END_REPLACED, "ports reused\n"}, {END_EVICTED, "given up by us\n"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct model_build *b = text();
        build_open(b, 1);
        build_end(b, 1, cases[i].how);
        char *report = model_build_report(b);
        expect_part(report, cases[i].words);
        free(report);
        model_build_free(b);
    }
}

static void the_list_is_as_long_as_asked_for(void **state)
{
    struct report_options options = {.width = 80, .limit = 2};
    struct model_build *b = model_build_new("report", "text", &options, NULL);
    (void)state;
    for (uint64_t id = 1; id <= 1200; id++) {
        build_open(b, id);
    }
    for (uint64_t id = 1200; id >= 1; id--) {
        build_end(b, id, END_FIN);
    }
    char *report = model_build_report(b);
    expect_part(report, "\n    1  10.0.0.1:50001 ");
    expect_part(report, "\n    2  10.0.0.1:50002 ");
    expect_no_part(report, "\n    3  10.0.0.1");
    expect_part(report, "... and 1,198 more (--limit all shows them)\n");
    free(report);
    model_build_free(b);
}

static void findings_come_worst_first(void **state)
{
    struct model_build *b = text();
    (void)state;
    build_open(b, 1);
    build_finding(b, 1, DIR_CLIENT_TO_SERVER, FINDING_CLOSE_ABNORMAL, "");
    build_finding(b, 1, DIR_CLIENT_TO_SERVER, FINDING_PING_FLOOD, "");
    build_finding(b, 1, DIR_CLIENT_TO_SERVER, FINDING_MASK_MISSING, "/?token=abc");
    build_finding(b, 1, DIR_CLIENT_TO_SERVER, FINDING_MASK_MISSING, "");
    build_end(b, 1, END_FIN);
    char *report = model_build_report(b);
    expect_part(report, "Findings: 2 errors, 1 warning, 1 note\n");
    const char *findings = strstr(report, "\nFindings\n");
    assert_non_null(findings);
    const char *error = strstr(findings, "  error    ws.mask.missing\n");
    const char *warning = strstr(findings, "  warning  security.ping.flood\n");
    const char *note = strstr(findings, "  note     ws.close.abnormal\n");
    assert_true(error != NULL && warning != NULL && note != NULL);
    assert_true(error < warning && warning < note);
    expect_part(report, "a client frame is not masked (RFC 6455 5.1). 2 times in 1 session,\n"
                        "           first in session 1, packet 5: /?token=***\n");
    expect_part(report, "       error  ws.mask.missing\n");
    expect_part(report, "       warning  security.ping.flood\n");
    expect_to_fit(report, 80);
    free(report);
    model_build_free(b);
}

static void hostile_texts_neither_steer_nor_break_the_page(void **state)
{
    static const uint8_t bytes[] =
        "\x1b[31m\xe2\x80\xae\n\r\xff\0 a very long text that goes on and on "
        "and on, longer than any terminal is wide, and then some more";
    struct bytes hostile = {bytes, sizeof bytes - 1};
    struct handshake h = {.status = 101,
                          .target = hostile,
                          .host = hostile,
                          .offered_subprotocols = hostile,
                          .subprotocol = hostile,
                          .extensions = hostile};
    (void)state;
    for (unsigned width = 1; width < 200; width += 33) {
        struct report_options options = {.width = width};
        struct model_build *b = model_build_new("report", "text", &options, NULL);
        build_session(b, 1, SESSION_UPGRADE);
        build_handshake(b, 1, &h);
        build_end(b, 1, END_FIN);
        h.status = 403;
        h.reason = hostile;
        build_session(b, 2, SESSION_UPGRADE);
        build_handshake(b, 2, &h);
        build_end(b, 2, END_FIN);
        build_tls(b, 3, (const char *)bytes);
        char *report = model_build_report(b);
        expect_to_fit(report, width > 100 ? width : 100);
        expect_part(report, "\\x1b[31m");
        free(report);
        model_build_free(b);
        h.status = 101;
    }
}

static void long_addresses_leave_the_path_a_line(void **state)
{
    struct connection c = {
        .family = 6,
        .client = {.ip = {0x20, 1, 0xd, 0xb8, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12},
                   .port = 50000},
        .vlan = {0xffff, 0xffff}};
    struct handshake h = {.status = 101, .target = bytes_of("/a/path"), .host = bytes_of("host")};
    struct model_build *b = text();
    (void)state;
    c.server = c.client;
    build_connection(b, 1, SESSION_UPGRADE, &c);
    build_handshake(b, 1, &h);
    build_end(b, 1, END_FIN);
    char *report = model_build_report(b);
    expect_part(report, "]:50000\n       host/a/path\n");
    free(report);
    model_build_free(b);
}

static void colour_is_there_only_when_told(void **state)
{
    struct report_options options = {.width = 80, .colour = true};
    (void)state;
    for (int colour = 0; colour < 2; colour++) {
        options.colour = colour;
        struct model_build *b = model_build_new("report", "text", &options, NULL);
        build_open(b, 1);
        build_finding(b, 1, DIR_CLIENT_TO_SERVER, FINDING_MASK_MISSING, "");
        build_end(b, 1, END_FIN);
        char *report = model_build_report(b);
        if (colour) {
            expect_part(report, "\033[31merror\033[0m");
        } else {
            expect_no_part(report, "\033");
        }
        free(report);
        model_build_free(b);
    }
}

static void losses_say_what_to_do(void **state)
{
    struct model_build *b = text();
    (void)state;
    b->capture.dropped = 1500;
    b->stats.cut_packets = 7;
    char *report = model_build_report(b);
    expect_part(report, "\nNot seen, or not in full\n");
    expect_part(report, "1,500  packets dropped by the capturing program: use a larger buffer");
    expect_part(report, "7  packets cut by the snap length: capture them whole (tcpdump -s 0)\n");
    expect_to_fit(report, 80);
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
    struct model_build *b = model_build_new("report", "text", NULL, full);
    assert_int_equal(model_build_finish(b, &err), -1);
    assert_string_equal(err.text, "cannot write the report: No space left on device");
    model_build_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_a_websocket_it_says_what_was_there),
        cmocka_unit_test(an_empty_capture_has_no_tcp),
        cmocka_unit_test(a_session_is_told_in_columns),
        cmocka_unit_test(every_way_to_end_has_its_words),
        cmocka_unit_test(the_list_is_as_long_as_asked_for),
        cmocka_unit_test(findings_come_worst_first),
        cmocka_unit_test(hostile_texts_neither_steer_nor_break_the_page),
        cmocka_unit_test(long_addresses_leave_the_path_a_line),
        cmocka_unit_test(colour_is_there_only_when_told),
        cmocka_unit_test(losses_say_what_to_do),
        cmocka_unit_test(a_full_disk_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
