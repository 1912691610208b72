/* The registry: what the built-in tables say of every number and name, that both layouts of IANA's
 * XML are read, and that hostile XML is refused with the place where it goes wrong. */
#include "decoders/registry/registry.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define OPEN "<registry xmlns=\"http://www.iana.org/assignments\" id=\"websocket\">\n"
#define CLOSE "</registry>\n"
#define CODES(records) OPEN "<registry id=\"close-code-number\">\n" records "</registry>\n" CLOSE
#define CODE(value, description)                                                                   \
    "<record><value>" value "</value><description>" description "</description></record>\n"
#define NAMES(records) OPEN "<registry id=\"subprotocol-name\">\n" records "</registry>\n" CLOSE

/* As IANA's file of 2012: rules in registries of their own, no dates, mixed references. */
static const char old_layout[] =
    "<?xml version='1.0' encoding='UTF-8'?>\n"
    "<?xml-stylesheet type=\"text/xsl\" href=\"websocket.xsl\"?>\n" OPEN
    "<title>Old</title><created>2011-10-21</created><updated>2012-04-12</updated>\n"
    "<registry id=\"extension-name\"><title>Extensions</title>"
    "<registration_rule>First Come First Served</registration_rule></registry>\n"
    "<registry id=\"subprotocol-name\"><title>Names</title>"
    "<record><id>zoo</id><common>Zoo\n   protocol</common><definition>"
    "<xref type=\"uri\" data=\"http://zoo.example/?a&amp;b\"/>(page 9)</definition>"
    "<xref type=\"person\" data=\"A_Keeper\"/></record>"
    "<record><id>ant</id><common>Ant</common>"
    "<definition>see <xref type=\"rfc\" data=\"rfc6455\"/>, part 2</definition></record>"
    "</registry>\n"
    "<registry id=\"version-number-rules\"><title>Versions</title>"
    "<record><type>Interim Version Numbers</type>"
    "<registration_rule>Expert Review</registration_rule></record></registry>\n"
    "<registry id=\"version-number\">"
    "<record><value>8</value><xref type=\"draft\" "
    "data=\"draft-08\"/><status>Interim</status></record>"
    "<record><value>9</value><xref type=\"text\">Reserved</xref><status/></record></registry>\n"
    "<registry id=\"close-code-number-rules\"><title>Codes</title>"
    "<record><value>1000-2999</value><registration_rule>Expert Review</registration_rule></record>"
    "</registry>\n"
    "<registry id=\"close-code-number\">"
    "<record><value>4000-4999</value><description>Reserved for Private Use</description><contact/>"
    "</record><record><value>1011</value><description>Internal Server Error</description>"
    "<contact>someone@example.org</contact><xref type=\"rfc\" data=\"rfc6455\"/></record>"
    "<record><value>1012-1014</value><description>Unassigned</description><contact/></record>"
    "</registry>\n"
    "<people><person id=\"A_Keeper\"><name>A Keeper</name><updated>2013-01-01</updated></person>"
    "</people>" CLOSE;

/* As IANA's file of today: range elements, dates, prose over several lines. */
static const char new_layout[] = OPEN
    "<title>New</title><created>2011-10-21</created><updated>2026-06-10</updated>\n"
    "<registry id=\"close-code-number\"><title>Codes</title><expert>Somebody</expert>"
    "<range><value>1000-2999</value><registration_rule>Standards Action</registration_rule></range>"
    "<range><value>3000-3999</value><registration_rule>First Come</registration_rule></range>"
    "<record><value>1011</value><description>Internal Error</description>"
    "<contact><xref type=\"person\" data=\"IESG\"/></contact><xref type=\"rfc\" data=\"rfc6455\"/>"
    "<xref type=\"rfc-errata\" data=\"3227\"/></record>"
    "<record date=\"2016-10-10\" updated=\"2025-07-30\"><value>1014</value>"
    "<description>It was acting as a gateway,\n        and got nonsense\n        from upstream."
    "</description></record></registry>\n"
    "<registry id=\"opcode\"><registration_rule>Standards Action</registration_rule>"
    "<record><value>1</value><description>Text Frame</description></record></registry>\n"
    "<registry id=\"framing-header-bits\"><record date=\"2015-09-02\"><value>RSV1</value>"
    "<description>The bit</description><xref type=\"rfc\" data=\"rfc7692\"/></record></registry>\n"
    "<registry id=\"something-of-2040\"><record><zzz><id>a</id></zzz></record></registry>\n"
    "<footnote anchor=\"1\">unknown</footnote>" CLOSE;

static struct registry *load(const char *xml)
{
    struct registry_error error;
    struct registry *r = registry_load((const uint8_t *)xml, strlen(xml), &error);

    if (!r)
        fail_msg("line %lu: %s", error.line, error.text);
    assert_string_equal(error.text, "");
    return r;
}

static void refuse_bytes(const void *xml, size_t n, unsigned long line, const char *text)
{
    struct registry_error error;
    struct registry *r = registry_load(xml, n, &error);

    assert_null(r);
    if (!strstr(error.text, text))
        fail_msg("'%s' instead of '%s'", error.text, text);
    assert_int_equal(error.line, line);
}

static void refuse(const char *xml, unsigned long line, const char *text)
{
    refuse_bytes(xml, strlen(xml), line, text);
}

static const struct registry_entry *subprotocol(const struct registry *r, const char *name)
{
    return registry_subprotocol(r, name, strlen(name));
}

/* ---- the built-in tables ---- */

static void every_opcode_has_its_name(void **state)
{
    static const char *const names[16] = {[0] = "Continuation",     [1] = "Text", [2] = "Binary",
                                          [8] = "Connection Close", [9] = "Ping", [10] = "Pong"};
    const struct registry *r = registry_builtin();

    (void)state;
    for (unsigned i = 0; i < 16; i++) {
        assert_string_equal(registry_opcode_name(r, i), names[i] ? names[i] : "Unassigned");
        assert_int_equal(registry_opcode(r, i)->status,
                         names[i] ? REGISTRY_ASSIGNED : REGISTRY_UNASSIGNED);
    }
    assert_string_equal(registry_opcode(r, 8)->description, "Connection Close Frame");
    assert_string_equal(registry_opcode_name(r, 16), "Unassigned");
    assert_null(registry_opcode(r, 16));
}

static const char *expected_close_code(uint32_t code)
{
    static const char *const first[] = {
        "Normal Closure",   "Going Away",      "Protocol error",   "Unsupported Data",
        "Reserved",         "No Status Rcvd",  "Abnormal Closure", "Invalid frame payload data",
        "Policy Violation", "Message Too Big", "Mandatory Ext.",   "Internal Error",
        "Service Restart",  "Try Again Later", "Bad Gateway",      "TLS handshake"};

    if (code < 1000)
        return "Not Used";
    if (code < 1016)
        return first[code - 1000];
    switch (code) {
    case 3000:
        return "Unauthorized";
    case 3003:
        return "Forbidden";
    case 3008:
        return "Timeout";
    default:
        return code < 4000 ? "Unassigned" : code < 5000 ? "Private Use" : "Out of Range";
    }
}

static void every_close_code_has_its_name(void **state)
{
    const struct registry *r = registry_builtin();

    (void)state;
    for (uint32_t code = 0; code <= UINT16_MAX; code++) {
        const struct registry_entry *entry = registry_close_code_entry(r, code);

        assert_string_equal(registry_close_code_name(r, code), expected_close_code(code));
        assert_int_equal(entry != NULL, code >= 1000 && code < 5000);
        if (entry)
            assert_true(entry->low <= code && code <= entry->high);
    }
    assert_string_equal(registry_close_code_name(r, UINT32_MAX), "Out of Range");
}

static void close_codes_carry_reference_date_status_and_rule(void **state)
{
    const struct registry *r = registry_builtin();

    (void)state;
    assert_string_equal(registry_close_code_entry(r, 1011)->reference, "RFC 6455, erratum 3227");
    assert_string_equal(registry_close_code_entry(r, 3003)->date, "2023-02-22");
    assert_int_equal(registry_close_code_entry(r, 1004)->status, REGISTRY_RESERVED);
    assert_int_equal(registry_close_code_entry(r, 3001)->status, REGISTRY_UNASSIGNED);
    assert_int_equal(registry_close_code_entry(r, 4999)->status, REGISTRY_PRIVATE_USE);
    assert_non_null(strstr(registry_close_code_entry(r, 1014)->description, "502"));
    assert_string_equal(registry_rule_for(r, REGISTRY_CLOSE_CODES, 3999)->rule,
                        "First Come First Served");
    assert_string_equal(registry_rule_for(r, REGISTRY_OPCODES, 3)->rule, "Standards Action");
    assert_null(registry_rule_for(r, REGISTRY_CLOSE_CODES, 4000));
    assert_null(registry_rule_for(r, REGISTRY_CLOSE_CODES, 0));
}

static void versions_0_to_13_have_their_status(void **state)
{
    const struct registry *r = registry_builtin();

    (void)state;
    for (uint32_t v = 0; v < 14; v++) {
        const char *name = v < 9 ? "Interim" : v < 13 ? "Reserved" : "Standard";

        assert_string_equal(registry_version(r, v)->name, name);
    }
    assert_string_equal(registry_version(r, 8)->reference,
                        "draft-ietf-hybi-thewebsocketprotocol-08");
    assert_string_equal(registry_version(r, 12)->reference, "");
    assert_int_equal(registry_version(r, 13)->status, REGISTRY_STANDARD);
    assert_string_equal(registry_version(r, 13)->reference, "RFC 6455");
    assert_null(registry_version(r, 14));
}

static void all_69_subprotocols_are_found_by_their_exact_name(void **state)
{
    const struct registry *r = registry_builtin();
    const struct registry_table *table = &r->table[REGISTRY_SUBPROTOCOLS];

    (void)state;
    assert_int_equal(table->n, 69);
    for (size_t i = 0; i < table->n; i++) {
        const struct registry_entry *entry = &table->entries[i];

        assert_ptr_equal(subprotocol(r, entry->name), entry);
        assert_true(entry->description[0] && entry->reference[0]);
        assert_true(i < 3 || strlen(entry->date) == 10);
    }
    assert_string_equal(subprotocol(r, "mqtt")->date, "2014-05-09");
    assert_string_equal(subprotocol(r, "msrp")->reference, "RFC 7977, RFC 8873");
    assert_non_null(strstr(subprotocol(r, "soap")->reference, "LinkID=231897&clcid=0x409"));
    assert_non_null(strchr(subprotocol(r, "wamp")->description, '"'));
}

static void a_name_that_is_nearly_registered_is_not_found(void **state)
{
    const struct registry *r = registry_builtin();

    (void)state;
    assert_null(subprotocol(r, "MQTT"));
    assert_null(subprotocol(r, "redfish"));
    assert_non_null(subprotocol(r, "Redfish"));
    assert_null(registry_subprotocol(r, "mqtt", 3));
    assert_null(registry_subprotocol(r, "mqtt\0", 5));
    assert_null(registry_subprotocol(r, "", 0));
    assert_null(registry_subprotocol(r, NULL, 0));
    assert_null(subprotocol(r, "zzzz"));
}

static void both_extensions_and_one_header_bit_are_known(void **state)
{
    const struct registry *r = registry_builtin();

    (void)state;
    assert_int_equal(r->table[REGISTRY_EXTENSIONS].n, 2);
    assert_string_equal(registry_extension(r, "permessage-deflate", 18)->reference, "RFC 7692");
    assert_string_equal(registry_extension(r, "bbf-usp-protocol", 16)->updated, "2019-12-13");
    assert_null(registry_extension(r, "permessage-deflat", 17));
    assert_string_equal(registry_header_bit(r, 1)->name, "RSV1");
    for (unsigned rsv = 0; rsv < 6; rsv++)
        assert_int_equal(registry_header_bit(r, rsv) != NULL, rsv == 1);
}

static void the_edition_is_told(void **state)
{
    const struct registry *r = registry_builtin();

    (void)state;
    assert_string_equal(r->title, "WebSocket Protocol Registries");
    assert_string_equal(r->created, "2011-10-21");
    assert_string_equal(r->updated, "2026-06-10");
    assert_string_equal(r->source, "built in");
    assert_string_equal(r->table[REGISTRY_OPCODES].title, "WebSocket Opcode Registry");
}

/* ---- IANA's two layouts ---- */

static void the_layout_of_2012_is_read(void **state)
{
    struct registry *r = load(old_layout);

    (void)state;
    assert_string_equal(r->updated, "2012-04-12");
    assert_string_equal(r->source, "file");
    assert_string_equal(r->table[REGISTRY_CLOSE_CODES].title, "Codes");
    assert_string_equal(registry_close_code_name(r, 1011), "Internal Server Error");
    assert_string_equal(registry_close_code_entry(r, 1011)->reference, "RFC 6455");
    assert_string_equal(registry_close_code_name(r, 1013), "Unassigned");
    assert_string_equal(registry_close_code_name(r, 3000), "Unassigned");
    assert_string_equal(registry_close_code_name(r, 4500), "Private Use");
    assert_string_equal(registry_rule_for(r, REGISTRY_CLOSE_CODES, 1000)->rule, "Expert Review");
    assert_string_equal(r->table[REGISTRY_VERSIONS].rules[0].scope, "Interim Version Numbers");
    assert_int_equal(registry_version(r, 8)->status, REGISTRY_INTERIM);
    assert_int_equal(registry_version(r, 9)->status, REGISTRY_RESERVED);
    assert_int_equal(r->table[REGISTRY_EXTENSIONS].n, 0);
    assert_null(registry_extension(r, "permessage-deflate", 18));
    assert_null(registry_header_bit(r, 1));
    assert_string_equal(registry_opcode_name(r, 1), "Unassigned"); /* not in this file */
    registry_free(r);
}

static void references_and_broken_lines_become_plain_text(void **state)
{
    struct registry *r = load(old_layout);

    (void)state;
    assert_string_equal(subprotocol(r, "zoo")->reference, "http://zoo.example/?a&b (page 9)");
    assert_string_equal(subprotocol(r, "zoo")->description, "Zoo protocol");
    assert_string_equal(subprotocol(r, "ant")->reference, "see RFC 6455, part 2");
    assert_string_equal(r->table[REGISTRY_SUBPROTOCOLS].entries[0].name, "zoo"); /* file order */
    registry_free(r);
}

static void the_layout_of_today_is_read_and_the_unknown_skipped(void **state)
{
    struct registry *r = load(new_layout);

    (void)state;
    assert_string_equal(registry_close_code_name(r, 1011), "Internal Error");
    assert_string_equal(registry_close_code_entry(r, 1011)->reference, "RFC 6455, erratum 3227");
    assert_string_equal(registry_close_code_name(r, 1014), "Bad Gateway");
    assert_string_equal(registry_close_code_entry(r, 1014)->description,
                        "It was acting as a gateway, and got nonsense from upstream.");
    assert_string_equal(registry_close_code_entry(r, 1014)->updated, "2025-07-30");
    assert_int_equal(r->table[REGISTRY_CLOSE_CODES].n_rules, 2);
    assert_string_equal(registry_rule_for(r, REGISTRY_CLOSE_CODES, 3500)->rule, "First Come");
    assert_string_equal(registry_opcode_name(r, 1), "Text");
    assert_string_equal(registry_header_bit(r, 1)->reference, "RFC 7692");
    registry_free(r);
}

static void a_file_without_a_name_space_is_read_but_foreign_elements_are_not(void **state)
{
    struct registry *r = load("<registry id='websocket' xmlns:x='urn:x'><registry id='opcode'>"
                              "<x:record><value>2</value></x:record>"
                              "<record><value>1</value><description>Text Frame</description>"
                              "</record></registry></registry>");

    (void)state;
    assert_int_equal(r->table[REGISTRY_OPCODES].n, 1);
    assert_string_equal(registry_opcode_name(r, 1), "Text");
    registry_free(r);
}

static void another_encoding_arrives_as_utf8(void **state)
{
    struct registry *r = load("<?xml version='1.0' encoding='ISO-8859-1'?>" NAMES(
        "<record><id>caf\xe9</id><common>x</common></record>"));

    (void)state;
    assert_non_null(subprotocol(r, "caf\xc3\xa9"));
    registry_free(r);
}

/* ---- files that are refused ---- */

static void what_is_not_the_registry_is_refused(void **state)
{
    (void)state;
    refuse("", 1, "no element found");
    refuse("hello", 1, "syntax error");
    refuse("<html/>", 1, "not the WebSocket registry");
    refuse("\n\n<registry xmlns='http://www.iana.org/assignments' id='ipv4'/>", 3,
           "not the WebSocket registry");
    refuse("<registry xmlns='urn:other' id='websocket'/>", 1, "not the WebSocket registry");
    refuse(OPEN CLOSE, 0, "none of the WebSocket registry's tables");
    refuse(OPEN "<registry id='opcode-rules'/>" CLOSE, 0, "none of the");
    refuse_bytes(NULL, 0, 1, "no element found");
}

static void records_that_make_no_sense_are_refused_with_their_line(void **state)
{
    (void)state;
    refuse(CODES(CODE("1000", "a") CODE("x", "b")), 4, "not a number");
    refuse(CODES(CODE("65536", "a")), 3, "not a number");
    refuse(CODES(CODE("99999999999999999999", "a")), 3, "not a number");
    refuse(CODES(CODE("5-4", "a")), 3, "not a number");
    refuse(CODES(CODE("5-", "a")), 3, "not a number");
    refuse(CODES(CODE("", "a")), 3, "not a number");
    refuse(CODES(CODE("1000", "")), 3, "no description");
    refuse(CODES(CODE("1000-1009", "a") CODE("1", "b") CODE("1009", "c")), 5, "two records");
    refuse(NAMES("<record><common>x</common></record>"), 3, "no name");
    refuse(NAMES("<record><id>x</id></record>\n<record><id>y</id></record>\n"
                 "<record><id>x</id></record>"),
           5, "two records");
    refuse(NAMES("<record date='yesterday'><id>x</id></record>"), 3, "date");
    refuse(NAMES("<record date='2012-01-011'><id>x</id></record>"), 3, "date");
}

static void entities_are_never_expanded(void **state)
{
    (void)state;
    refuse("<!DOCTYPE registry [<!ENTITY a \"aaaaaaaaaa\"><!ENTITY b \"&a;&a;&a;&a;&a;\">]>"
           "<registry id='websocket'><title>&b;</title></registry>",
           1, "document type");
    refuse("<!DOCTYPE registry SYSTEM \"file:///etc/passwd\"><registry id='websocket'/>", 1,
           "document type");
    refuse("<!DOCTYPE registry [<!ENTITY % p SYSTEM \"http://example.org/\">%p;]>", 1,
           "document type");
    refuse(OPEN "<title>&b;</title>" CLOSE, 2, "undefined entity");
}

static void malformed_xml_is_refused_with_its_line(void **state)
{
    (void)state;
    refuse(OPEN "<title>\n</tilte>" CLOSE, 3, "mismatched tag");
    refuse(OPEN "<title>\xff\xfe</title>" CLOSE, 2, "invalid token");
    refuse(OPEN "<title>\x1b[2J</title>" CLOSE, 2, "invalid token");
    refuse(OPEN "<title>&#27;</title>" CLOSE, 2, "reference to invalid character number");
    refuse(OPEN CLOSE "<more/>", 3, "junk after document element");
    refuse_bytes(OPEN "<title>\0</title>" CLOSE, sizeof(OPEN "<title>\0</title>" CLOSE) - 1, 2,
                 "invalid token");
}

static void a_file_cut_anywhere_is_refused(void **state)
{
    static const char *const files[] = {old_layout, new_layout};

    (void)state;
    for (size_t f = 0; f < 2; f++) {
        size_t n = strlen(files[f]) - 1; /* the last byte is a line end */

        for (size_t cut = 0; cut < n; cut++) {
            uint8_t *exact = malloc(cut + 1);
            struct registry_error error;

            assert_non_null(exact);
            memcpy(exact, files[f], cut);
            assert_null(registry_load(exact, cut, &error));
            assert_true(error.text[0]);
            free(exact);
        }
    }
}

/* ---- bounds ---- */

static char *repeat(const char *head, const char *piece, size_t times, const char *tail)
{
    size_t n = strlen(piece);
    char *all = malloc(strlen(head) + n * times + strlen(tail) + 1);
    char *p = all;

    assert_non_null(all);
    p = stpcpy(p, head);
    for (size_t i = 0; i < times; i++)
        p = stpcpy(p, piece);
    strcpy(p, tail);
    return all;
}

static void refuse_repeated(const char *head, const char *piece, size_t times, const char *tail,
                            const char *text)
{
    char *xml = repeat(head, piece, times, tail);
    struct registry_error error;

    assert_null(registry_load((const uint8_t *)xml, strlen(xml), &error));
    if (!strstr(error.text, text))
        fail_msg("'%s' instead of '%s'", error.text, text);
    free(xml);
}

static void depth_is_bounded_even_where_elements_are_skipped(void **state)
{
    (void)state;
    refuse_repeated(OPEN, "<x>", 100000, "", "nested too deeply");
    refuse_repeated(OPEN, "<registry id='opcode'>", 20, "", "nested too deeply");
}

static void lengths_are_bounded(void **state)
{
    (void)state;
    refuse_repeated(OPEN "<title>", "long ", 1000, "</title>" CLOSE, "too long");
    refuse_repeated(OPEN "<registry id='opcode'><record><xref type='uri' data='", "x", 3000,
                    "'/></record></registry>" CLOSE, "too long");
    refuse_repeated(OPEN "<registry id='opcode'><record>", "<xref type='uri' data='xxxxxxxx'/>",
                    300, "</record></registry>" CLOSE, "too long");
    refuse_repeated(OPEN "<registry id='subprotocol-name'><record><id>", "x", 256,
                    "</id></record></registry>" CLOSE, "name is too long");
}

static void counts_are_bounded(void **state)
{
    (void)state;
    refuse_repeated(OPEN "<registry id='subprotocol-name'>", "<record><id>x</id></record>", 5000,
                    "</registry>" CLOSE, "too many records");
    refuse_repeated(OPEN "<registry id='opcode'>",
                    "<range><value>1</value><registration_rule>x</registration_rule></range>", 65,
                    "</registry>" CLOSE, "too many registration rules");
}

static void a_huge_file_is_refused_unread(void **state)
{
    struct registry_error error;
    uint8_t one = '<';

    (void)state;
    assert_null(registry_load(&one, (size_t)REGISTRY_XML_MAX_BYTES + 1, &error));
    assert_non_null(strstr(error.text, "larger than 4194304 bytes"));
    assert_null(registry_load(&one, SIZE_MAX, &error));
    registry_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_opcode_has_its_name),
        cmocka_unit_test(every_close_code_has_its_name),
        cmocka_unit_test(close_codes_carry_reference_date_status_and_rule),
        cmocka_unit_test(versions_0_to_13_have_their_status),
        cmocka_unit_test(all_69_subprotocols_are_found_by_their_exact_name),
        cmocka_unit_test(a_name_that_is_nearly_registered_is_not_found),
        cmocka_unit_test(both_extensions_and_one_header_bit_are_known),
        cmocka_unit_test(the_edition_is_told),
        cmocka_unit_test(the_layout_of_2012_is_read),
        cmocka_unit_test(references_and_broken_lines_become_plain_text),
        cmocka_unit_test(the_layout_of_today_is_read_and_the_unknown_skipped),
        cmocka_unit_test(a_file_without_a_name_space_is_read_but_foreign_elements_are_not),
        cmocka_unit_test(another_encoding_arrives_as_utf8),
        cmocka_unit_test(what_is_not_the_registry_is_refused),
        cmocka_unit_test(records_that_make_no_sense_are_refused_with_their_line),
        cmocka_unit_test(entities_are_never_expanded),
        cmocka_unit_test(malformed_xml_is_refused_with_its_line),
        cmocka_unit_test(a_file_cut_anywhere_is_refused),
        cmocka_unit_test(depth_is_bounded_even_where_elements_are_skipped),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(counts_are_bounded),
        cmocka_unit_test(a_huge_file_is_refused_unread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
