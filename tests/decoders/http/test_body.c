// HTTP/1 message bodies: how long they are, and reading past them.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
// cmocka wants the four above.
#include <cmocka.h>

#include "decoders/http/body.h"

static bool of_response(struct body *b, const char *text, bool no_body)
{
    struct http_head head;
    assert_true(http_response_read(&head, bytes_of(text)));
    return body_of_response(b, &head, no_body);
}

static bool of_request(struct body *b, const char *text)
{
    struct http_head head;
    assert_true(http_request_read(&head, bytes_of(text)));
    return body_of_request(b, &head);
}

static void a_request_without_a_length_has_no_body(void **state)
{
    (void)state;
    struct body b = {0};
    assert_true(of_request(&b, "GET / HTTP/1.1\r\n\r\n"));
    assert_int_equal(b.phase, BODY_DONE);
    assert_true(of_request(&b, "GET / HTTP/1.1\r\nContent-Length: 0\r\n\r\n"));
    assert_int_equal(b.phase, BODY_DONE);
}

static void a_length_may_be_repeated_but_not_differ(void **state)
{
    (void)state;
    struct body b = {0};
    assert_true(
        of_request(&b, "P / HTTP/1.1\r\nContent-Length: 5\r\nContent-length: 5, 5\r\n\r\n"));
    assert_int_equal(b.left, 5);
    assert_false(of_request(&b, "P / HTTP/1.1\r\nContent-Length: 5\r\nContent-length: 6\r\n\r\n"));
    assert_false(of_request(&b, "P / HTTP/1.1\r\nContent-Length: -1\r\n\r\n"));
    assert_false(of_request(&b, "P / HTTP/1.1\r\nContent-Length: 18446744073709551616\r\n\r\n"));
    assert_false(of_request(&b, "P / HTTP/1.1\r\nContent-Length:\r\n\r\n"));
}

static void a_transfer_coding_counts_more_than_a_length(void **state)
{
    (void)state;
    struct body b = {0};
    const char *both = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: Chunked\r\n\r\n";
    assert_true(of_response(&b, both, false));
    assert_int_equal(b.phase, BODY_CHUNK_SIZE);
    assert_true(
        of_response(&b, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", false));
    assert_int_equal(b.phase, BODY_UNTIL_CLOSE);
    assert_false(of_request(&b, "P / HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n"));
}

static void some_answers_never_have_a_body(void **state)
{
    (void)state;
    struct body b = {.phase = BODY_CHUNK};
    assert_true(of_response(&b, "HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n", false));
    assert_int_equal(b.phase, BODY_DONE);
    assert_true(of_response(&b, "HTTP/1.1 304 No\r\nContent-Length: 5\r\n\r\n", false));
    assert_int_equal(b.phase, BODY_DONE);
    assert_true(of_response(&b, "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", true));
    assert_int_equal(b.phase, BODY_DONE);
    assert_true(of_response(&b, "HTTP/1.1 200 OK\r\n\r\n", false));
    assert_int_equal(b.phase, BODY_UNTIL_CLOSE);
}

static void a_chunked_body_is_passed_over(void **state)
{
    (void)state;
    struct bytes left = bytes_of("5;a=b\r\nhello\r\n0A\r\n0123456789\r\n000\r\nT: x\r\n\r\nnext");
    struct body b = {.phase = BODY_CHUNK_SIZE};
    bool bad = false;
    while (b.phase != BODY_DONE) {
        size_t took = body_take(&b, left, &bad);
        assert_true(took > 0);
        left = bytes_from(left, took);
    }
    assert_false(bad);
    assert_true(bytes_equal(left, bytes_of("next")));
}

static void a_chunk_without_a_size_is_bad(void **state)
{
    (void)state;
    static const char *const sizes[] = {"\r\n", "x\r\n", "5x\r\n", "10000000000000000\r\n",
                                        "-1\r\n"};
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct body b = {.phase = BODY_CHUNK_SIZE};
        bool bad = false;
        assert_int_equal(body_take(&b, bytes_of(sizes[i]), &bad), 0);
        assert_true(bad);
    }
    struct body b = {.phase = BODY_CHUNK_BREAK};
    bool bad = false;
    assert_int_equal(body_take(&b, bytes_of("xx\r\n"), &bad), 0);
    assert_true(bad);
    bad = false;
    b.phase = BODY_CHUNK_SIZE;
    static uint8_t endless[HTTP_LINE_MAX_BYTES + 1];
    assert_int_equal(body_take(&b, (struct bytes){endless, sizeof endless}, &bad), 0);
    assert_true(bad);
}

static void a_gap_inside_a_body_of_known_length_is_no_loss(void **state)
{
    (void)state;
    struct body b = {.phase = BODY_LENGTH, .left = 10};
    assert_false(body_gap(&b, 11));
    assert_true(body_gap(&b, 4));
    assert_int_equal(b.left, 6);
    assert_true(body_gap(&b, 6));
    assert_int_equal(b.phase, BODY_DONE);
    b = (struct body){.phase = BODY_CHUNK, .left = 3};
    assert_true(body_gap(&b, 3));
    assert_int_equal(b.phase, BODY_CHUNK_BREAK);
    assert_false(body_gap(&b, 1));
    b.phase = BODY_UNTIL_CLOSE;
    assert_true(body_gap(&b, UINT64_MAX));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_without_a_length_has_no_body),
        cmocka_unit_test(a_length_may_be_repeated_but_not_differ),
        cmocka_unit_test(a_transfer_coding_counts_more_than_a_length),
        cmocka_unit_test(some_answers_never_have_a_body),
        cmocka_unit_test(a_chunked_body_is_passed_over),
        cmocka_unit_test(a_chunk_without_a_size_is_bad),
        cmocka_unit_test(a_gap_inside_a_body_of_known_length_is_no_loss),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
