/* TLS and HTTP/2 below a session, in words. */
#include "ui/report/tls_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const char *text(const struct session *s, bool cipher)
{
    static char out[TRANSPORT_TEXT_BYTES];
    return transport_text(s, cipher, out);
}

static void plain_tcp_needs_no_words(void **state)
{
    (void)state;
    assert_string_equal(text(&(struct session){.id = 1}, true), "");
}

static void tls_is_told_with_its_version_and_cipher(void **state)
{
    struct session s = {.has_tls = true, .tls = {.version = 0x304, .cipher = 0x1303}};
    (void)state;
    assert_string_equal(text(&s, false), "TLS 1.3");
    assert_string_equal(text(&s, true), "TLS 1.3, TLS_CHACHA20_POLY1305_SHA256");
    s.tls = (struct tls_hello){.version = 0x7f1c, .cipher = 0xeaea};
    assert_string_equal(text(&s, true), "TLS, 0xeaea");
}

static void streams_of_http2_have_their_number(void **state)
{
    struct session s = {.connection = {.http2_stream = 5}};
    (void)state;
    assert_string_equal(text(&s, true), "HTTP/2 stream 5");
    s.has_tls = true;
    s.tls = (struct tls_hello){.version = 0x303, .cipher = 0xccaa};
    s.connection.http2_stream = 0x7fffffff;
    assert_string_equal(text(&s, true), "TLS 1.2, TLS_DHE_RSA_WITH_CHACHA20_POLY1305_SHA256, "
                                        "HTTP/2 stream 2147483647");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plain_tcp_needs_no_words),
        cmocka_unit_test(tls_is_told_with_its_version_and_cipher),
        cmocka_unit_test(streams_of_http2_have_their_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
