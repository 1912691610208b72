// The head of an HTTP/1 message: recognising it, finding its end, reading it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above.
#include <cmocka.h>

#include "decoders/http/head.h"

static void a_request_line_is_recognised_from_its_first_bytes(void **state)
{
    (void)state;
    static const char line[] = "\r\nMKCALENDAR /a?b=c HTTP/1.1";
    for (size_t n = 0; n < sizeof line - 1; n++) {
        assert_int_equal(http_request_line((struct bytes){(const uint8_t *)line, n}), VERDICT_MORE);
    }
    assert_int_equal(http_request_line(bytes_of(line)), VERDICT_YES);
    assert_int_equal(http_request_line(bytes_of("GET / HTTP/1.0\r\n")), VERDICT_YES);
}

static void what_is_no_request_line_is_told_at_once(void **state)
{
    (void)state;
    static const char *const other[] = {
        "\x16\x03\x01",       "\x81\x05hello",   "SSH-2.0-x y\r\n",
        "EHLO a\r\n",         "GET  HTTP/1.1",   " GET / HTTP/1.1",
        "GET / HTCPCP/1.0",   "GET /a\tb HTTP",  "PRI * HTTP/2.0\r\n",
        "A very long method", "a,b /x HTTP/1.1", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"};
    for (size_t i = 0; i < sizeof other / sizeof other[0]; i++) {
        assert_int_equal(http_request_line(bytes_of(other[i])), VERDICT_NO);
    }
}

static void a_status_line_is_recognised_from_its_first_bytes(void **state)
{
    (void)state;
    static const char line[] = "HTTP/1.1 101";
    for (size_t n = 0; n < sizeof line - 1; n++) {
        assert_int_equal(http_status_line((struct bytes){(const uint8_t *)line, n}), VERDICT_MORE);
    }
    assert_int_equal(http_status_line(bytes_of(line)), VERDICT_YES);
    assert_int_equal(http_status_line(bytes_of("HTTP/1.1 abc")), VERDICT_NO);
    assert_int_equal(http_status_line(bytes_of("HTTPS/1.1 200")), VERDICT_NO);
}

static void the_end_of_a_head_is_found_however_it_comes(void **state)
{
    (void)state;
    static const char head[] = "A\r\nb: c\n\r\nbody\n\n";
    size_t scanned = 0;
    for (size_t n = 0; n < 10; n++) {
        assert_int_equal(http_head_end((struct bytes){(const uint8_t *)head, n}, &scanned), 0);
    }
    assert_int_equal(http_head_end(bytes_of(head), &scanned), 10);
    scanned = 0;
    assert_int_equal(http_head_end(bytes_of("A\n\nbody"), &scanned), 3);
    scanned = 1000; // fewer bytes than were scanned before: it begins anew
    assert_int_equal(http_head_end(bytes_of("A\n\nbody"), &scanned), 3);
}

static void a_request_is_read(void **state)
{
    (void)state;
    struct http_head head;
    assert_true(http_request_read(&head, bytes_of("GET /a HTTP/1.0\r\nHost: h\r\n\r\n")));
    assert_true(bytes_equal(head.method, bytes_of("GET")));
    assert_true(bytes_equal(head.target, bytes_of("/a")));
    assert_int_equal(head.major, 1);
    assert_int_equal(head.minor, 0);
    assert_int_equal(head.fields.count[FIELD_HOST], 1);
    assert_false(http_request_read(&head, bytes_of("GET /a\r\n\r\n")));
    assert_false(http_request_read(&head, bytes_of("GET /a b HTTP/1.1\r\n\r\n")));
    assert_false(http_request_read(&head, bytes_of("GET /a HTTP/1.10\r\n\r\n")));
}

static void a_response_is_read(void **state)
{
    (void)state;
    struct http_head head;
    assert_true(
        http_response_read(&head, bytes_of("HTTP/1.1 426 Upgrade Required\r\nServer: s\r\n\r\n")));
    assert_int_equal(head.status, 426);
    assert_true(bytes_equal(head.reason, bytes_of("Upgrade Required")));
    assert_true(http_response_read(&head, bytes_of("HTTP/1.1 200\r\n\r\n")));
    assert_int_equal(head.reason.n, 0);
    assert_false(http_response_read(&head, bytes_of("HTTP/1.1 2000 OK\r\n\r\n")));
    assert_false(http_response_read(&head, bytes_of("HTTP/1.1 099 OK\r\n\r\n")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_line_is_recognised_from_its_first_bytes),
        cmocka_unit_test(what_is_no_request_line_is_told_at_once),
        cmocka_unit_test(a_status_line_is_recognised_from_its_first_bytes),
        cmocka_unit_test(the_end_of_a_head_is_found_however_it_comes),
        cmocka_unit_test(a_request_is_read),
        cmocka_unit_test(a_response_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
