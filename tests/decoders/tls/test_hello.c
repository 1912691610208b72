/*
 * TLS hellos: what is told of them, however they are cut, and how a connection is known as TLS.
 */
#include "lib/decode_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

/* Nobody else is asked here; this also keeps the real ones out of the program. */
static enum verdict never(const struct hint *hint)
{
    (void)hint;
    return VERDICT_NO;
}

const struct decoder http1_decoder = {.match = never};
const struct decoder websocket_pickup_decoder = {.match = never};
extern const struct decoder tls_decoder;

static const struct decode_text from_start = {0};
static const struct decode_text midstream = {.midstream = true};

/* ---- Making hellos: hex text, from the inside out ---- */

struct hex {
    char text[4096];
};

/* The inner text behind its length of `bytes` bytes. */
static struct hex vector(int bytes, const char *inner)
{
    size_t n = 0;
    for (const char *p = inner; *p != '\0'; p++) {
        n += *p != ' ';
    }
    struct hex h;
    snprintf(h.text, sizeof h.text, "%0*zx %s", 2 * bytes, n / 2, inner);
    return h;
}

static struct hex join(const char *a, const char *b)
{
    struct hex h;
    int n = snprintf(h.text, sizeof h.text, "%s %s", a, b);
    assert_true(n >= 0 && (size_t)n < sizeof h.text);
    return h;
}

#define RANDOM "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

static struct hex client_hello(const char *extensions)
{
    struct hex h = join("0303 " RANDOM " 20 " RANDOM, "0004 1301 c02f 01 00");
    if (extensions != NULL) {
        h = join(h.text, vector(2, extensions).text);
    }
    return join("01", vector(3, h.text).text);
}

static struct hex server_hello(const char *cipher, const char *extensions)
{
    struct hex h = join("0303 " RANDOM " 00", cipher);
    h = join(h.text, "00");
    if (extensions != NULL) {
        h = join(h.text, vector(2, extensions).text);
    }
    return join("02", vector(3, h.text).text);
}

static struct hex record(const char *payload)
{
    return join("16 0301", vector(2, payload).text);
}

/* A script line of hex: pairs need no blanks between them. */
static struct hex line(const char *arrow, const char *hex)
{
    struct hex h = join(arrow, hex);
    size_t n = strlen(h.text);
    assert_true(n + 2 < sizeof h.text);
    memcpy(h.text + n, "\n", 2);
    return h;
}

#define SNI_EXAMPLE "0000 0010 000e 00 000b 6578616d706c652e636f6d" /* example.com */
#define ALPN_H2_HTTP11 "0010 0011 000f 02 0a0a 02 6832 08 687474702f312e31"
#define VERSIONS_13 "002b 0007 06 6a6a 0304 0303"

static void check(const struct decode_text *how, const char *client, const char *server,
                  const char *expected)
{
    struct hex script = {""};
    if (client != NULL) {
        script = line(">", client);
    }
    if (server != NULL) {
        script = join(script.text, line("<", server).text);
    }
    decode_text_check(how, script.text, expected);
}

/* ---- Tests ---- */

static void a_tls13_handshake_tells_name_protocols_version_and_cipher(void **state)
{
    (void)state;
    struct hex client = record(
        client_hello("1a1a 0000 " SNI_EXAMPLE " 0023 0000 " ALPN_H2_HTTP11 " " VERSIONS_13).text);
    struct hex server = record(server_hello("1302", "0033 0002 001d 002b 0002 0304").text);
    server = join(server.text, "14 0303 0001 01 17 0303 0005 0102030405");
    check(&from_start, client.text, server.text,
          "session tls\n"
          "tls > version=0304 sni=\"example.com\" alpn=\"h2,http/1.1\"\n"
          "tls < version=0304 cipher=1302 sni=\"example.com\" alpn=\"h2,http/1.1\"\n"
          "end open\n");
}

static void a_tls12_server_tells_the_protocol_it_chose(void **state)
{
    (void)state;
    struct hex client = record(client_hello(SNI_EXAMPLE " " ALPN_H2_HTTP11).text);
    struct hex hello = server_hello("c02f", "ff01 0001 00 0010 000b 0009 08 687474702f312e31");
    /* the certificate message follows in the same record */
    struct hex server = record(join(hello.text, "0b 000008 0000050000026162").text);
    check(&from_start, client.text, server.text,
          "session tls\n"
          "tls > version=0303 sni=\"example.com\" alpn=\"h2,http/1.1\"\n"
          "tls < version=0303 cipher=c02f sni=\"example.com\" alpn=\"http/1.1\"\n"
          "end open\n");
}

static void a_hello_without_extensions_tells_its_version(void **state)
{
    (void)state;
    check(&from_start, record(client_hello(NULL).text).text,
          record(server_hello("002f", NULL).text).text,
          "session tls\n"
          "tls > version=0303\n"
          "tls < version=0303 cipher=002f\n"
          "end open\n");
}

static void a_hello_may_be_spread_over_small_records(void **state)
{
    (void)state;
    struct hex hello = client_hello(SNI_EXAMPLE " " VERSIONS_13);
    struct hex script = {""};
    for (const char *p = hello.text; *p != '\0';) {
        char pair[3] = {0};
        for (int i = 0; i < 2 && *p != '\0'; p++) {
            if (*p != ' ') {
                pair[i++] = *p;
            }
        }
        if (pair[0] != '\0') {
            script = join(script.text, line(">", record(pair).text).text);
        }
    }
    decode_text_check(&from_start, script.text,
                      "session tls\n"
                      "tls > version=0304 sni=\"example.com\"\n"
                      "end open\n");
}

static void a_hello_that_never_ends_tells_what_came(void **state)
{
    (void)state;
    struct hex whole = record(client_hello(SNI_EXAMPLE " 0015 0010 " RANDOM).text);
    struct hex script = line(">", whole.text);
    size_t n = strlen(script.text);
    memcpy(script.text + n - 41, "\n", 2);
    decode_text_check(&from_start, script.text,
                      "session tls\ntls > version=0303 sni=\"example.com\"\nend open\n");
    script = join(script.text, "gap > 10\n> 00 00\n");
    decode_text_check(&from_start, script.text,
                      "session tls\ntls > version=0303 sni=\"example.com\"\nend open\n");
}

static void of_a_huge_hello_the_beginning_is_read(void **state)
{
    (void)state;
    struct decode_text once = {.once = true};
    decode_text_check(&once,
                      "> 16 0301 4000 01 00ffff 0303 " RANDOM
                      " 00 0002 1301 01 00 fff0 " SNI_EXAMPLE " 0015 ff00 00*16363\n"
                      "> 16 0301 4000 00*16384\n"
                      "> 16 0301 4000 00*16384\n",
                      "session tls\ntls > version=0303 sni=\"example.com\"\nend open\n");
}

static void lengths_that_lie_are_not_followed(void **state)
{
    (void)state;
    /* a name longer than its list, a list longer than its extension, an extension beyond the end */
    static const char *const bad[] = {
        "0000 0010 000e 00 00ff 6578616d706c652e636f6d",
        "0000 0010 00ff 00 000b 6578616d706c652e636f6d",
        "0000 0fff 000e 00 000b 6578616d706c652e636f6d",
        "0000 0010 000e 07 000b 6578616d706c652e636f6d",
        "0000 0000",
        "0010 0000 002b 0000",
        "0000 0001 00",
        "002b 0001 ff",
        "00",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        check(&from_start, record(client_hello(bad[i]).text).text, NULL,
              "session tls\ntls > version=0303\nend open\n");
    }
    check(&from_start, record(client_hello("0010 0005 ffff 02 6832").text).text, NULL,
          "session tls\ntls > version=0303\nend open\n");
    check(&from_start, record(client_hello("0010 0006 0004 02 6832 ff").text).text, NULL,
          "session tls\ntls > version=0303 alpn=\"h2\"\nend open\n");
}

static void a_server_that_answers_with_an_alert_has_no_hello(void **state)
{
    (void)state;
    check(&from_start, record(client_hello(SNI_EXAMPLE).text).text, "15 0301 0002 02 28",
          "session tls\ntls > version=0303 sni=\"example.com\"\nend open\n");
}

static void the_server_alone_is_known_by_its_hello(void **state)
{
    (void)state;
    check(&from_start, NULL, record(server_hello("1301", "002b 0002 0304").text).text,
          "session tls\ntls < version=0304 cipher=1301\nend open\n");
}

static void records_in_the_middle_are_a_tls_session(void **state)
{
    (void)state;
    check(&midstream, "17 0303 0003 010203 17 0303 0005 0102030405", "17 0303 0004 01020304",
          "session tls\nend open\n");
    check(&midstream, NULL, "17 0303 0004 01020304", "session tls\nend open\n");
    check(&midstream, record(client_hello(SNI_EXAMPLE).text).text, NULL,
          "session tls\ntls > version=0303 sni=\"example.com\"\nend open\n");
}

static void a_hello_in_the_middle_tells_who_is_the_client(void **state)
{
    (void)state;
    check(&midstream, record(server_hello("1301", NULL).text).text,
          record(client_hello(SNI_EXAMPLE).text).text,
          "session tls\n"
          "tls < version=0303 cipher=1301\n"
          "tls > version=0303 cipher=1301 sni=\"example.com\"\n"
          "end open\n");
}

static void what_is_not_tls_is_left_alone(void **state)
{
    (void)state;
    static const char *const others[] = {
        "474554 20 2f 20 485454502f312e310d0a0d0a",
        "16 0301 0000 01 000030 0303 00000000",             /* an empty record */
        "16 0301 ffff 01 000030 0303 00000000",             /* too long a one */
        "16 0201 0040 01 000030 0303 00000000",             /* not version 3 */
        "16 0301 0040 02 000030 0303 00000000",             /* a ServerHello from the client */
        "16 0301 0040 01 000010 0303 00000000",             /* too short a hello */
        "16 0301 0040 01 000030 0203 00000000",             /* inner version */
        "17 0303 0003 010203 17 0303 0005 0102030405 1703", /* from the start: no hello */
        "80 2e 01 0301 0015 0000 0010",                     /* SSL 2 */
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        check(&from_start, others[i], NULL, "");
    }
    const struct decode_text once = {.midstream = true, .once = true}; /* cut, it would be a run */
    check(&once, "17 0303 0003 010203 99 0303 0005", NULL, "");
    check(&midstream, "81 05 48656c6c6f", NULL, "");
    check(&midstream, "14 0303 0002 0101", NULL, "");
    check(&midstream, "15 0303 0003 010101", NULL, "");
    check(&midstream, "18 0303 0003 010101", NULL, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tls13_handshake_tells_name_protocols_version_and_cipher),
        cmocka_unit_test(a_tls12_server_tells_the_protocol_it_chose),
        cmocka_unit_test(a_hello_without_extensions_tells_its_version),
        cmocka_unit_test(a_hello_may_be_spread_over_small_records),
        cmocka_unit_test(a_hello_that_never_ends_tells_what_came),
        cmocka_unit_test(of_a_huge_hello_the_beginning_is_read),
        cmocka_unit_test(lengths_that_lie_are_not_followed),
        cmocka_unit_test(a_server_that_answers_with_an_alert_has_no_hello),
        cmocka_unit_test(the_server_alone_is_known_by_its_hello),
        cmocka_unit_test(records_in_the_middle_are_a_tls_session),
        cmocka_unit_test(a_hello_in_the_middle_tells_who_is_the_client),
        cmocka_unit_test(what_is_not_tls_is_left_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
