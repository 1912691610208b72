/* JA4 fingerprints: the example of its specification, and what its rules say of odd hellos. */
#include "decoders/tls/hello.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

/* A ClientHello under construction, behind its header. */
struct made {
    uint8_t p[2048];
    size_t n;
};

static void put8(struct made *m, unsigned v)
{
    m->p[m->n++] = (uint8_t)v;
}

static void put16(struct made *m, unsigned v)
{
    put8(m, v >> 8);
    put8(m, v & 0xff);
}

static void put_list(struct made *m, const uint16_t *list, size_t n)
{
    put16(m, (unsigned)(2 * n));
    for (size_t i = 0; i < n; i++) {
        put16(m, list[i]);
    }
}

static void put_extension(struct made *m, unsigned type, const void *body, size_t n)
{
    put16(m, type);
    put16(m, (unsigned)n);
    memcpy(m->p + m->n, body, n);
    m->n += n;
}

static void begin(struct made *m, unsigned version, const uint16_t *suites, size_t n)
{
    m->n = 0;
    put16(m, version);
    memset(m->p + m->n, 7, TLS_RANDOM_BYTES);
    m->n += TLS_RANDOM_BYTES;
    put8(m, 0);
    put_list(m, suites, n);
    put16(m, 0x0100); /* no compression */
}

static const char *fingerprint(const struct made *m)
{
    static char out[TLS_JA4_CHARACTERS + 1];
    tls_ja4((struct bytes){m->p, m->n}, NULL, out);
    return out;
}

/* Suites, extensions and algorithms of the specification's example, in an order of its client's own
 * and with the reserved values (RFC 8701) that are left out. */
static void the_example_of_the_specification_comes_out(void **state)
{
    static const uint16_t suites[] = {0x1a1a, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f,
                                      0xc02c, 0xc030, 0xcca9, 0xcca8, 0xc013, 0xc014,
                                      0x009c, 0x009d, 0x002f, 0x0035};
    static const uint8_t algorithms[] = {0, 16, 4, 3, 8, 4, 4, 1, 5, 3, 8, 5, 5, 1, 8, 6, 6, 1};
    static const uint8_t name[] = {0,   14,  0,   0,   11,  'e', 'x', 'a',
                                   'm', 'p', 'l', 'e', '.', 'o', 'r', 'g'};
    static const uint8_t alpn[] = {0, 12, 2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    static const uint8_t versions[] = {6, 0x2a, 0x2a, 3, 4, 3, 3};
    static const uint16_t others[] = {0x001b, 0x0033, 0x0012, 0x0023, 0x000a, 0x000b, 0x0005,
                                      0x4469, 0x002d, 0x0017, 0xff01, 0x0015, 0x3a3a};
    struct made m;
    (void)state;
    begin(&m, 0x0303, suites, sizeof suites / sizeof suites[0]);
    size_t length_at = m.n;
    put16(&m, 0);
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        put_extension(&m, others[i], "", 0);
        if (i == 2) {
            put_extension(&m, TLS_EXTENSION_SERVER_NAME, name, sizeof name);
            put_extension(&m, TLS_EXTENSION_SIGNATURE_ALGORITHMS, algorithms, sizeof algorithms);
        }
        if (i == 5) {
            put_extension(&m, TLS_EXTENSION_ALPN, alpn, sizeof alpn);
            put_extension(&m, TLS_EXTENSION_SUPPORTED_VERSIONS, versions, sizeof versions);
        }
    }
    size_t n = m.n - length_at - 2;
    m.p[length_at] = (uint8_t)(n >> 8);
    m.p[length_at + 1] = (uint8_t)n;
    assert_string_equal(fingerprint(&m), "t13d1516h2_8daaf6152771_e5627efa2ab1");
}

/* The hash of nothing is twelve zeros. */
static void a_hello_without_extensions_has_zeros(void **state)
{
    static const uint16_t suites[] = {0x0035, 0x002f};
    struct made m;
    (void)state;
    begin(&m, 0x0301, suites, 2);
    /* SHA-256 of "002f,0035" */
    assert_string_equal(fingerprint(&m), "t10i020000_f54dd463d39b_000000000000");
    begin(&m, 0x0300, suites, 0);
    assert_string_equal(fingerprint(&m), "ts3i000000_000000000000_000000000000");
}

static void of_a_hello_that_is_cut_off_there_is_none(void **state)
{
    static const uint16_t suites[] = {0x1301};
    struct made m;
    (void)state;
    begin(&m, 0x0303, suites, 1);
    put16(&m, 400);
    put_extension(&m, TLS_EXTENSION_SERVER_NAME, "", 0);
    assert_string_equal(fingerprint(&m), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_example_of_the_specification_comes_out),
        cmocka_unit_test(a_hello_without_extensions_has_zeros),
        cmocka_unit_test(of_a_hello_that_is_cut_off_there_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
