/* What `wsight registry` prints: tables, numbers, names, near misses, and nothing dangerous. */
#include "ui/report/registry_print.h"

#include "lib/text_parts.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct printed {
    char *text;
    char why[256];
    int status;
};

static void print(struct printed *p, const struct registry *r, const char *what)
{
    size_t n = 0;
    FILE *out = open_memstream(&p->text, &n);

    assert_non_null(out);
    p->status = registry_print(out, r, what, p->why, sizeof p->why);
    assert_int_equal(fclose(out), 0);
}

static void expect(const char *what, const char *text)
{
    struct printed p;

    print(&p, registry_builtin(), what);
    assert_int_equal(p.status, 0);
    assert_string_equal(p.text, text);
    assert_string_equal(p.why, "");
    free(p.text);
}

static void expect_printed(const char *what, const char *part)
{
    struct printed p;

    print(&p, registry_builtin(), what);
    assert_int_equal(p.status, 0);
    expect_part(p.text, part);
    free(p.text);
}

static void expect_nothing(const char *what, const char *why)
{
    struct printed p;

    print(&p, registry_builtin(), what);
    assert_int_equal(p.status, 1);
    assert_string_equal(p.text, "");
    assert_string_equal(p.why, why);
    free(p.text);
}

static void a_table_is_aligned(void **state)
{
    (void)state;
    expect("opcodes", "opcodes (8)\n"
                      "  number  name              reference\n"
                      "  0       Continuation      RFC 6455\n"
                      "  1       Text              RFC 6455\n"
                      "  2       Binary            RFC 6455\n"
                      "  3-7     Unassigned\n"
                      "  8       Connection Close  RFC 6455\n"
                      "  9       Ping              RFC 6455\n"
                      "  10      Pong              RFC 6455\n"
                      "  11-15   Unassigned\n");
}

static void the_beginning_of_a_table_name_is_enough(void **state)
{
    (void)state;
    expect_printed("op", "opcodes (8)\n");
    expect_printed("CLOSE",
                   "  1011                   Internal Error              RFC 6455, erratum");
    expect_printed("s", "subprotocols (69)\n");
    expect_printed("ext", "extensions (2)\n");
    expect_printed("vers", "  13      Standard  RFC 6455\n");
    expect_printed("header-bits", "  RSV1  2015-09-02  RFC 7692   Per-Message Compressed");
}

static void a_wide_cell_has_a_line_of_its_own(void **state)
{
    (void)state;
    expect_printed("sub", "\n  notificationchannel-netapi-rest.openmobilealliance.org\n"
                          "                                    2014-01-07  OMA RESTful");
}

static void everything_is_printed_without_an_argument(void **state)
{
    (void)state;
    expect_printed(NULL,
                   "WebSocket Protocol Registries, edition of 2026-06-10, built in\n\nopcodes (8)");
    expect_printed(NULL, "\n\nclose-codes (24)\n");
    expect_printed(NULL, "\n\nsubprotocols (69)\n");
    expect_printed(NULL, "\n\nextensions (2)\n");
    expect_printed(NULL, "\n\nversions (14)\n");
    expect_printed(NULL, "\n\nheader-bits (1)\n");
}

static void a_number_is_shown_as_all_it_can_be(void **state)
{
    (void)state;
    expect("13", "opcode 13\n"
                 "  name          Unassigned\n"
                 "  range         11-15\n"
                 "  status        unassigned\n"
                 "  procedure     Standards Action\n"
                 "close code 13\n"
                 "  name          Not Used\n"
                 "version 13\n"
                 "  name          Standard\n"
                 "  status        standard\n"
                 "  reference     RFC 6455\n");
    expect("4321", "close code 4321\n"
                   "  name          Private Use\n"
                   "  range         4000-4999\n"
                   "  description   Reserved for Private Use\n"
                   "  status        private use\n"
                   "  reference     RFC 6455\n");
    expect("65535", "close code 65535\n  name          Out of Range\n");
    expect_printed("200", "version 200\n  name          Unassigned\n");
}

static void a_name_is_shown_with_all_that_is_known(void **state)
{
    (void)state;
    expect("coap", "subprotocol coap\n"
                   "  name          coap\n"
                   "  description   Constrained Application Protocol (CoAP)\n"
                   "  status        assigned\n"
                   "  registered    2017-12-22\n"
                   "  reference     RFC 8323\n"
                   "  procedure     First Come First Served\n");
    expect_printed("bbf-usp-protocol", "  updated       2019-12-13\n");
    expect_printed("connection close", "opcode 8\n");
    expect_printed("bad gateway", "close code 1014\n");
    expect_printed("RSV1", "header bit RSV1\n");
}

static void an_unknown_name_gets_suggestions(void **state)
{
    (void)state;
    expect_nothing("MQTT", "the registry has no table, name or number 'MQTT'; did you mean "
                           "'mqtt'?");
    expect_nothing("permesage-deflate", "the registry has no table, name or number "
                                        "'permesage-deflate'; did you mean 'permessage-deflate'?");
    expect_nothing("ocpp1.7", "the registry has no table, name or number 'ocpp1.7'; did you mean "
                              "'ocpp1.2', 'ocpp1.5', 'ocpp1.6'?");
    expect_nothing("nothing-like-it-at-all", "the registry has no table, name or number "
                                             "'nothing-like-it-at-all'");
    expect_nothing("", "the registry has no table, name or number ''");
    expect_nothing("65536", "the registry has no table, name or number '65536'");
    expect_nothing("99999999999999999999",
                   "the registry has no table, name or number '99999999999999999999'");
    expect_nothing("\x1b[2J\xff", "the registry has no table, name or number '\\x1b[2J\\xff'");
}

static void text_of_a_loaded_registry_is_escaped(void **state)
{
    static const char xml[] =
        "<registry id='websocket'><title>a&#x85;b</title><registry id='subprotocol-name'>"
        "<record><id>e&#x202e;vil&#x7f;</id><common>caf\xc3\xa9 &#x1f600;</common>"
        "<definition>\xc2\x9b"
        "31m</definition></record></registry></registry>";
    struct registry_error error;
    struct registry *r = registry_load((const uint8_t *)xml, sizeof xml - 1, &error);
    struct printed p;

    (void)state;
    assert_non_null(r);
    print(&p, r, NULL);
    assert_non_null(strstr(p.text, "a\\u{85}b, edition of unknown date, file\n"));
    assert_non_null(strstr(p.text, "\n  e\\u{202e}vil\\x7f        caf\xc3\xa9 \xf0\x9f\x98\x80"
                                   "       \\u{9b}31m\n"));
    free(p.text);
    print(&p, r, "e\xe2\x80\xaevil");
    assert_int_equal(p.status, 1);
    assert_string_equal(p.why, "the registry has no table, name or number 'e\\u{202e}vil'; did you "
                               "mean 'e\\u{202e}vil\\x7f'?");
    free(p.text);
    registry_free(r);
}

static void a_small_buffer_for_the_reason_is_kept_to(void **state)
{
    char why[8] = "XXXXXXX";
    FILE *out = tmpfile();

    (void)state;
    assert_non_null(out);
    assert_int_equal(registry_print(out, registry_builtin(), "none", why, sizeof why), 1);
    assert_memory_equal(why, "the reg", 8);
    assert_int_equal(registry_print(out, registry_builtin(), "none", NULL, 0), 1);
    fclose(out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_table_is_aligned),
        cmocka_unit_test(the_beginning_of_a_table_name_is_enough),
        cmocka_unit_test(a_wide_cell_has_a_line_of_its_own),
        cmocka_unit_test(everything_is_printed_without_an_argument),
        cmocka_unit_test(a_number_is_shown_as_all_it_can_be),
        cmocka_unit_test(a_name_is_shown_with_all_that_is_known),
        cmocka_unit_test(an_unknown_name_gets_suggestions),
        cmocka_unit_test(text_of_a_loaded_registry_is_escaped),
        cmocka_unit_test(a_small_buffer_for_the_reason_is_kept_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
