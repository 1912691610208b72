/*
 * The opening handshakes before RFC 6455, from the first byte of HTTP to the first messages, at
 * every cut; and their keys.
 */
#include "decoders/http/old_keys.h"
#include "decoders/http/upgrade.h"
#include "lib/decode_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

extern const struct decoder http1_decoder;

static void check(bool midstream, const char *input, const char *expected)
{
    struct decode_text how = {.decoder = &http1_decoder,
                              .midstream = midstream,
                              .upgrades_new = upgrade_memory_new,
                              .upgrades_free = upgrade_memory_free};
    decode_text_check(&how, input, expected);
}

/* ---- Keys ---- */

struct vector {
    const char *key1, *key2, *key3;
    uint32_t part[2];
    const char *answer;
};

static const struct vector vectors[] = {
    {"4 @1  46546xW%0l 1 5",
     "12998 5 Y3 1  .P00",
     "^n:ds[4U",
     {829309203, 259970620},
     "8jKS'y:G*Co,Wxa-"},
    {"1   38 wZ3f9 23O0 3l 0r",
     "27   0E 6 2  1665:< ;U 1H",
     "\x91\x25\x3e\xd3\xa9\xe7\x6a\x88",
     {197703290, 300690739},
     "\xb4\x9c\x6e\x40\x53\x04\x04\x26\xe5\x1b\xbf\x6c\xb7\x9f\x1d\xf9"},
    {"18x 6]8vM;54 *(5:  {   U1]8  z [  8",
     "1_ tx7X d  <  nw  334J702) 7]o}` 0",
     "Tm[K T2u",
     {155712099, 173347027},
     "fQJ,fN/4F4!~K~MH"},
    {"3e6b263  4 17 80",
     "17  9 G`ZD9   2 2b 7X 3 /r90",
     "\x57\x6a\x4e\x7d\x7c\x4d\x28\x36",
     {906585445, 179922739},
     "n`9eBk9z$R8pOtVb"},
};

static void two_keys_and_eight_bytes_give_sixteen(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const struct vector *v = &vectors[i];
        uint32_t part[2];
        uint8_t answer[KEYS_ANSWER_BYTES];
        assert_true(old_key_number(bytes_of(v->key1), &part[0]));
        assert_true(old_key_number(bytes_of(v->key2), &part[1]));
        assert_int_equal(part[0], v->part[0]);
        assert_int_equal(part[1], v->part[1]);
        assert_true(old_keys_answer(part, (const uint8_t *)v->key3, answer));
        assert_memory_equal(answer, v->answer, sizeof answer);
    }
}

static void what_is_no_such_key(void **state)
{
    (void)state;
    static const char *const keys[] = {
        "12998 5 Y3 1.P00", "1299853100", "", " ", "99999999999999999999999999 1", "51539607553 "};
    uint32_t number = 1;
    assert_false(old_key_number(bytes_of(keys[0]), &number));
    assert_false(old_key_number(bytes_of(keys[1]), &number));
    assert_false(old_key_number(bytes_of(keys[2]), &number));
    assert_true(old_key_number(bytes_of(keys[3]), &number)); /* the number 0 */
    assert_int_equal(number, 0);
    assert_false(old_key_number(bytes_of(keys[4]), &number));
    assert_false(old_key_number(bytes_of(keys[5]), &number)); /* passes 32 bits */
}

static void key_and_nonce_give_the_connection_s_key(void **state)
{
    (void)state;
    static const uint8_t expected[] = {0x63, 0x22, 0xa2, 0xad, 0xc0, 0x2b, 0xc4, 0x33, 0xe3, 0x89,
                                       0x6d, 0x34, 0x41, 0x0b, 0x74, 0xbb, 0x77, 0x39, 0xf9, 0x60};
    uint8_t key[CONNECTION_KEY_BYTES];
    assert_true(old_connection_key(bytes_of("dGhlIHNhbXBsZSBub25jZQ=="),
                                   bytes_of("H+cNj5elaybfGIQv1esl2w=="), key));
    assert_memory_equal(key, expected, sizeof key);
}

/* ---- hixie-75 ---- */

#define HEAD "\"GET /demo HTTP/1.1\\r\\nHost: example.com\\r\\n"
#define OLD_UPGRADE "Upgrade: WebSocket\\r\\nConnection: Upgrade\\r\\n"
#define REQUEST_75 HEAD OLD_UPGRADE "Origin: http://example.com\\r\\n\\r\\n\""
#define ANSWER_75                                                                                  \
    "\"HTTP/1.1 101 Web Socket Protocol Handshake\\r\\n" OLD_UPGRADE                               \
    "WebSocket-Origin: http://example.com\\r\\n"                                                   \
    "WebSocket-Location: ws://example.com/demo\\r\\n\\r\\n\""
#define SHAKEN_75                                                                                  \
    "method \"GET\"\n"                                                                             \
    "target \"/demo\"\n"                                                                           \
    "host \"example.com\"\n"                                                                       \
    "origin \"http://example.com\"\n"                                                              \
    "reason \"Web Socket Protocol Handshake\"\n"

static void hixie_75_has_no_key(void **state)
{
    (void)state;
    check(false, "> " REQUEST_75 "\n< " ANSWER_75 "\n> 00 \"a\" ff\n< 00 \"b\" ff\nend >\nend <\n",
          "session upgrade\n"
          "finding > ws.version.draft \"hixie-75\"\n"
          "handshake status=101 version=-1 accept=not_seen\n" SHAKEN_75
          "message > text len=1 masked=0 \"a\"\n"
          "message < text len=1 \"b\"\n"
          "end fin first=>\n");
}

static void hixie_75_from_its_answer_alone(void **state)
{
    (void)state;
    check(true, "< " ANSWER_75 " 00 \"b\" ff\n> 00 \"a\" ff\n",
          "session upgrade\n"
          "finding > ws.version.draft \"hixie-75\"\n"
          "handshake status=101 version=-1 accept=not_seen\n"
          "reason \"Web Socket Protocol Handshake\"\n"
          "message < text len=1 \"b\"\n"
          "message > text len=1 masked=0 \"a\"\n"
          "end open\n");
}

/* ---- hixie-76 to hybi-03 ---- */

#define KEYS                                                                                       \
    "Sec-WebSocket-Key1: 4 @1  46546xW%0l 1 5\\r\\n"                                               \
    "Sec-WebSocket-Key2: 12998 5 Y3 1  .P00\\r\\n"
#define KEY3 "\"^n:ds[4U\""
#define REQUEST_76(more) HEAD OLD_UPGRADE "Origin: http://example.com\\r\\n" KEYS more "\\r\\n\""
#define ANSWER_76                                                                                  \
    "\"HTTP/1.1 101 WebSocket Protocol Handshake\\r\\n" OLD_UPGRADE                                \
    "Sec-WebSocket-Origin: http://example.com\\r\\n"                                               \
    "Sec-WebSocket-Location: ws://example.com/demo\\r\\n\\r\\n\""
#define MD5 "\"8jKS'y:G*Co,Wxa-\""
#define SHAKEN_76                                                                                  \
    "method \"GET\"\n"                                                                             \
    "target \"/demo\"\n"                                                                           \
    "host \"example.com\"\n"                                                                       \
    "origin \"http://example.com\"\n"                                                              \
    "reason \"WebSocket Protocol Handshake\"\n"

static void hixie_76_answers_two_keys_and_eight_bytes(void **state)
{
    (void)state;
    check(false,
          "> " REQUEST_76("") KEY3 "\n< " ANSWER_76 MD5 " 00 \"b\" ff\n> 00 \"a\" ff ff 00\n",
          "session upgrade\n"
          "finding > ws.version.draft \"hixie-76 (hybi-00)\"\n"
          "handshake status=101 version=0 accept=ok\n" SHAKEN_76 "message < text len=1 \"b\"\n"
          "message > text len=1 masked=0 \"a\"\n"
          "message > close len=0 masked=0 code=none \"\"\n"
          "end open\n");
}

static void a_proxy_may_hold_the_eight_bytes_back(void **state)
{
    (void)state;
    check(false, "> " REQUEST_76("") "\n< " ANSWER_76 "\n> " KEY3 "\n< " MD5 "\n> 00 \"a\" ff\n",
          "session upgrade\n"
          "finding > ws.version.draft \"hixie-76 (hybi-00)\"\n"
          "handshake status=101 version=0 accept=ok\n" SHAKEN_76
          "message > text len=1 masked=0 \"a\"\n"
          "end open\n");
}

static void a_wrong_answer_to_the_keys_is_told(void **state)
{
    (void)state;
    check(false, "> " REQUEST_76("") KEY3 "\n< " ANSWER_76 "\"8jKS'y:G*Co,Wxa+\"\n> 00 ff\n",
          "session upgrade\n"
          "finding > ws.version.draft \"hixie-76 (hybi-00)\"\n"
          "finding < ws.version.answer\n"
          "handshake status=101 version=0 accept=wrong\n" SHAKEN_76
          "message > text len=0 masked=0 \"\"\n"
          "end open\n");
}

static void a_draft_header_says_which_of_the_family_it_is(void **state)
{
    (void)state;
    check(false,
          "> " REQUEST_76("Sec-WebSocket-Draft: 2\\r\\n") KEY3 "\n< " ANSWER_76 MD5
                                                               "\n> 04 01 \"a\"\n< 01 00\n",
          "session upgrade\n"
          "finding > ws.version.draft \"hybi-02 or hybi-03\"\n"
          "handshake status=101 version=2 accept=ok\n" SHAKEN_76
          "message > text len=1 masked=0 \"a\"\n"
          "message < close len=0 code=none \"\"\n"
          "end open\n");
}

static void hixie_76_from_its_answer_alone(void **state)
{
    (void)state;
    check(true, "< " ANSWER_76 MD5 " 00 \"b\" ff\n",
          "session upgrade\n"
          "finding > ws.version.draft \"hixie-76 (hybi-00)\"\n"
          "handshake status=101 version=0 accept=not_seen\n"
          "reason \"WebSocket Protocol Handshake\"\n"
          "message < text len=1 \"b\"\n"
          "end open\n");
}

static void a_refused_hixie_76_leaves_http_where_it_was(void **state)
{
    (void)state;
    check(false,
          "> " REQUEST_76("") KEY3
          "\n"
          "< \"HTTP/1.1 403 Forbidden\\r\\nContent-Length: 2\\r\\n\\r\\nno\"\n"
          "> " REQUEST_75 "\n< " ANSWER_75 "\n> 00 \"a\" ff\n",
          "session upgrade\n"
          "finding > ws.version.draft \"hixie-76 (hybi-00)\"\n"
          "finding < ws.handshake.refused \"status 403\"\n"
          "handshake status=403 version=0 accept=not_seen\n"
          "method \"GET\"\ntarget \"/demo\"\nhost \"example.com\"\n"
          "origin \"http://example.com\"\nreason \"Forbidden\"\n"
          "end open\n"
          "session upgrade\n"
          "finding > ws.version.draft \"hixie-75\"\n"
          "handshake status=101 version=-1 accept=not_seen\n" SHAKEN_75
          "message > text len=1 masked=0 \"a\"\n"
          "end open\n");
}

#define WITHOUT_KEY3(lost) "> " REQUEST_76("") "\n" lost "< " ANSWER_76 MD5 "\n> 00 \"a\" ff\n"

static void lost_key_bytes_leave_the_frames_readable(void **state)
{
    static const char *const inputs[] = {WITHOUT_KEY3("gap > 8\n"),
                                         WITHOUT_KEY3("gap > 5\n> \"[4U\"\n")};
    (void)state;
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        check(false, inputs[i],
              "session upgrade\n"
              "finding > ws.version.draft \"hixie-76 (hybi-00)\"\n"
              "handshake status=101 version=0 accept=not_seen\n" SHAKEN_76
              "message > text len=1 masked=0 \"a\"\n"
              "end open\n");
    }
}

static void keys_may_be_answered_as_by_hixie_75(void **state)
{
    (void)state;
    check(false, "> " REQUEST_76("") KEY3 "\n< " ANSWER_75 " 00 \"b\" ff\n",
          "session upgrade\n"
          "finding > ws.version.draft \"hixie-76 (hybi-00)\"\n"
          "handshake status=101 version=0 accept=not_seen\n" SHAKEN_75
          "message < text len=1 \"b\"\n"
          "end open\n");
}

static void broken_keys_and_foreign_origins_are_told(void **state)
{
    (void)state;
    check(false,
          "> " HEAD OLD_UPGRADE "Origin: http://other\\r\\n"
          "Sec-WebSocket-Key1: 12998 5 Y3 1.P00\\r\\nSec-WebSocket-Key2: 1 1\\r\\n"
          "Sec-WebSocket-Protocol: one two\\r\\n\\r\\n"
          "12345678\"\n< " ANSWER_76 MD5 "\n",
          "session upgrade\n"
          "finding > ws.version.draft \"hixie-76 (hybi-00)\"\n"
          "finding > ws.version.keys\n"
          "finding < ws.version.origin \"the origin differs\"\n"
          "finding < ws.version.answer\n"
          "finding < ws.response.protocol.none\n"
          "handshake status=101 version=0 accept=wrong\n"
          "method \"GET\"\ntarget \"/demo\"\nhost \"example.com\"\norigin \"http://other\"\n"
          "offered_subprotocols \"one,two\"\n"
          "reason \"WebSocket Protocol Handshake\"\n"
          "end open\n");
}

/* ---- hybi-04 to hybi-06 ---- */

#define HYBI(version)                                                                              \
    HEAD "Upgrade: websocket\\r\\nConnection: Upgrade\\r\\n"                                       \
         "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n"                                       \
         "Sec-WebSocket-Origin: http://example.com\\r\\n"                                          \
         "Sec-WebSocket-Version: " version "\\r\\n\\r\\n\""
#define SWITCHING(more)                                                                            \
    "\"HTTP/1.1 101 Switching Protocols\\r\\nUpgrade: websocket\\r\\nConnection: Upgrade\\r\\n"    \
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\\r\\n" more "\\r\\n\""
#define NONCE "Sec-WebSocket-Nonce: H+cNj5elaybfGIQv1esl2w==\\r\\n"
#define SHAKEN(version)                                                                            \
    "method \"GET\"\n"                                                                             \
    "target \"/demo\"\n"                                                                           \
    "host \"example.com\"\n"                                                                       \
    "origin \"http://example.com\"\n"                                                              \
    "key \"dGhlIHNhbXBsZSBub25jZQ==\"\n"                                                           \
    "accept \"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\"\n"                                                    \
    "version_text \"" version "\"\n"                                                               \
    "reason \"Switching Protocols\"\n"

static void hybi_04_masks_by_key_and_nonce(void **state)
{
    (void)state;
    check(false, "> " HYBI("4") "\n< " SWITCHING(NONCE) "\n> 37fa213d b465 523503be58\n< 81 00\n",
          "session upgrade\n"
          "finding > ws.version.draft \"hybi-04\"\n"
          "handshake status=101 version=4 accept=ok\n" SHAKEN(
              "4") "message > text len=5 \"Hello\"\n"
                   "message < close len=0 code=none \"\"\n"
                   "end open\n");
}

static void hybi_04_without_a_nonce_cannot_be_unmasked(void **state)
{
    (void)state;
    check(
        false, "> " HYBI("4") "\n< " SWITCHING("") "\n< 84 01 \"a\"\n> 37fa213d b465 523503be58\n",
        "session upgrade\n"
        "finding > ws.version.draft \"hybi-04\"\n"
        "finding < ws.version.nonce\n"
        "handshake status=101 version=4 accept=ok\n" SHAKEN("4") "message < text len=1 \"a\"\n"
                                                                 "finding > ws.version.unreadable\n"
                                                                 "end open\n");
}

static void hybi_04_from_its_answer_alone(void **state)
{
    (void)state;
    check(true, "< " SWITCHING(NONCE) " 84 01 \"a\"\n",
          "session upgrade\n"
          "finding > ws.version.draft \"hybi-04\"\n"
          "handshake status=101 version=4 accept=not_seen\n"
          "accept \"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\"\n"
          "reason \"Switching Protocols\"\n"
          "message < text len=1 \"a\"\n"
          "end open\n");
}

static void hybi_05_and_06_shake_hands_like_rfc_6455(void **state)
{
    (void)state;
    check(false, "> " HYBI("6") "\n< " SWITCHING("") "\n> 37fa213d b6f822d5\n",
          "session upgrade\n"
          "finding > ws.version.draft \"hybi-06\"\n"
          "handshake status=101 version=6 accept=ok\n" SHAKEN(
              "6") "message > close len=2 code=1000 \"\\x03\\xe8\"\n"
                   "end open\n");
}

static void an_answer_alone_of_hybi_05_or_06_shows_in_its_first_byte(void **state)
{
    (void)state;
    check(true, "< " SWITCHING("") "\n> 37fa213d b3ff 69585b964e\n< 84 01 \"a\"\n",
          "session upgrade\n"
          "handshake status=101 version=-1 accept=not_seen\n"
          "accept \"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\"\n"
          "reason \"Switching Protocols\"\n"
          "version hybi-06\n"
          "message < text len=1 \"a\"\n"
          "message > text len=5 \"Hello\"\n"
          "end open\n");
}

static void reserved_numbers_are_read_as_rfc_6455(void **state)
{
    (void)state;
    check(false, "> " HYBI("9") "\n< " SWITCHING("") " 81 01 \"a\"\n",
          "session upgrade\n"
          "finding > ws.version.reserved \"version 9\"\n"
          "handshake status=101 version=9 accept=ok\n" SHAKEN("9") "message < text len=1 \"a\"\n"
                                                                   "end open\n");
}

static void a_deflate_stream_takes_the_session_over(void **state)
{
    (void)state;
    check(false,
          "> " HEAD "Upgrade: websocket\\r\\nConnection: Upgrade\\r\\n"
          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\\r\\n"
          "Sec-WebSocket-Origin: http://example.com\\r\\n"
          "Sec-WebSocket-Extensions: deflate-stream\\r\\n"
          "Sec-WebSocket-Version: 8\\r\\n\\r\\n\"\n"
          "< " SWITCHING(
              "Sec-WebSocket-Extensions: deflate-stream\\r\\n") "\n"
                                                                "< 6a64f548cdc9c907000000ffff\n"
                                                                "end <\nend >\n",
          "session upgrade\n"
          "finding > ws.version.draft \"hybi-08 to hybi-12\"\n"
          "finding > ws.handshake.extension.unregistered \"deflate-stream\"\n"
          "handshake status=101 version=8 accept=ok\n"
          "method \"GET\"\ntarget \"/demo\"\nhost \"example.com\"\n"
          "origin \"http://example.com\"\nkey \"dGhlIHNhbXBsZSBub25jZQ==\"\n"
          "accept \"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\"\nversion_text \"8\"\n"
          "offered_extensions \"deflate-stream\"\nextensions \"deflate-stream\"\n"
          "reason \"Switching Protocols\"\n"
          "message < text len=5 \"Hello\"\n"
          "finding < ws.close.abnormal \"FIN without Close\"\n"
          "end fin first=<\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_keys_and_eight_bytes_give_sixteen),
        cmocka_unit_test(what_is_no_such_key),
        cmocka_unit_test(key_and_nonce_give_the_connection_s_key),
        cmocka_unit_test(hixie_75_has_no_key),
        cmocka_unit_test(hixie_75_from_its_answer_alone),
        cmocka_unit_test(hixie_76_answers_two_keys_and_eight_bytes),
        cmocka_unit_test(a_proxy_may_hold_the_eight_bytes_back),
        cmocka_unit_test(a_wrong_answer_to_the_keys_is_told),
        cmocka_unit_test(a_draft_header_says_which_of_the_family_it_is),
        cmocka_unit_test(hixie_76_from_its_answer_alone),
        cmocka_unit_test(a_refused_hixie_76_leaves_http_where_it_was),
        cmocka_unit_test(lost_key_bytes_leave_the_frames_readable),
        cmocka_unit_test(keys_may_be_answered_as_by_hixie_75),
        cmocka_unit_test(broken_keys_and_foreign_origins_are_told),
        cmocka_unit_test(hybi_04_masks_by_key_and_nonce),
        cmocka_unit_test(hybi_04_without_a_nonce_cannot_be_unmasked),
        cmocka_unit_test(hybi_04_from_its_answer_alone),
        cmocka_unit_test(hybi_05_and_06_shake_hands_like_rfc_6455),
        cmocka_unit_test(an_answer_alone_of_hybi_05_or_06_shows_in_its_first_byte),
        cmocka_unit_test(reserved_numbers_are_read_as_rfc_6455),
        cmocka_unit_test(a_deflate_stream_takes_the_session_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
