/*
 * The mid-stream pickup of versions before hybi-07: known by their first frames, and nothing else
 * is taken for them. The whole decoder runs, so RFC 6455 is asked first.
 */
#include "decoders/websocket/pickup.h"
#include "lib/decode_text.h"
#include "lib/frame_stream.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Every way to cut the segments finds the same messages. */
static void check(const char *input, const char *const *expected)
{
    static const size_t most[] = {0, 1, 2, 3, 5, 8, 13};
    const struct decode_text how = {.midstream = true};
    for (size_t i = 0; i < sizeof most / sizeof most[0]; i++) {
        char *log = decode_text_log(&how, input, most[i]);
        for (size_t n = 0; expected[n] != NULL; n++) {
            if (strstr(log, expected[n]) == NULL) {
                fail_msg("pieces of %zu: no '%s' in:\n%s", most[i], expected[n], log);
            }
        }
        assert_null(strstr(log, "unfinished"));
        free(log);
    }
}

static void hixie_76_is_known_by_its_sentinels(void **state)
{
    (void)state;
    const char *const expected[] = {"session midstream ",
                                    "version hixie-76 (hybi-00)\n",
                                    "finding > ws.version.draft \"hixie-76 (hybi-00)\"\n",
                                    "message > text len=5 masked=0 \"Hello\"\n",
                                    "message < text len=15 \"Good day to you\"\n",
                                    "message > text len=12 masked=0 \"How are you?\"\n",
                                    "message < close len=0 code=none \"\"\n",
                                    NULL};
    check("> 00 \"Hello\" ff\n"
          "< 00 \"Good day to you\" ff\n"
          "> 00 \"How are you?\" ff\n"
          "< 00 \"Well\" ff\n"
          "> ff 00\n"
          "< ff 00\n",
          expected);
}

static void hixie_76_is_known_from_the_middle_of_a_frame(void **state)
{
    (void)state;
    const char *const expected[] = {"message > text len=15 masked=0 \"Good day to you\"\n",
                                    "message < text len=12 \"How are you?\"\n", NULL};
    check("> \"llo\" ff 00 \"Good day to you\" ff 00 \"Well?\" ff\n"
          "< 00 \"How are you?\" ff 00 \"I am well\" ff\n",
          expected);
    const struct decode_text how = {.midstream = true};
    char *log = decode_text_log(&how,
                                "> \"llo\" ff 00 \"Good day to you\" ff 00 \"Well?\" ff\n"
                                "< 00 \"How are you?\" ff 00 \"I am well\" ff\n",
                                0);
    assert_null(strstr(log, "ws.resynced")); /* nothing was lost */
    free(log);
}

static void hybi_01_to_03_are_known_by_their_opcodes(void **state)
{
    (void)state;
    const char *const expected[] = {
        "version hybi-02 or hybi-03\n",
        "message > text len=12 masked=0 \"How are you?\"\n",
        "message > text len=18 frames=2 masked=0 \"Very well, thank y\"\n",
        "message < ping len=2 \"hi\"\n",
        "message < text len=15 \"Yes, I am, yes.\"\n",
        NULL};
    check("> 04 0c \"How are you?\"\n"
          "< 04 0e \"Well, and you?\"\n"
          "> 84 03 \"Ver\" 00 0f \"y well, thank y\"\n"
          "< 02 02 \"hi\" 04 0f \"Yes, I am, yes.\"\n",
          expected);
}

static const char *const hybi_06_expected[] = {"version hybi-06\n",
                                               "message > text len=5 \"Hello\"\n",
                                               "message < text len=14 \"Well, and you?\"\n",
                                               "message > text len=12 \"How are you?\"\n",
                                               "message < ping len=2 \"hi\"\n",
                                               "message < text len=15 \"Yes, I am, yes.\"\n",
                                               NULL};

static void hybi_06_is_known_by_masks_that_cover_the_header(void **state)
{
    (void)state;
    check("> 37fa213d b3ff 69585b964e\n"
          "< 84 0e \"Well, and you?\"\n"
          "> 01020304 mask:01020304 84 0c \"How are you?\"\n"
          "< 82 02 \"hi\" 84 0f \"Yes, I am, yes.\"\n"
          "> 21222324 mask:21222324 83 02 \"hi\"\n",
          hybi_06_expected);
}

static void the_client_of_hybi_06_is_the_side_that_masks(void **state)
{
    (void)state;
    check("< 37fa213d b3ff 69585b964e\n"
          "> 84 0e \"Well, and you?\"\n"
          "< 01020304 mask:01020304 84 0c \"How are you?\"\n"
          "> 82 02 \"hi\" 84 0f \"Yes, I am, yes.\"\n"
          "< 21222324 mask:21222324 83 02 \"hi\"\n",
          hybi_06_expected);
}

static void hybi_05_is_known_when_it_closes(void **state)
{
    (void)state;
    const struct decode_text how = {.midstream = true, .once = true};
    decode_text_check(&how,
                      "> 37fa213d mask:37fa213d 84 0e \"Well, and you?\"\n"
                      "> 01020304 mask:01020304 84 0c \"How are you?\"\n"
                      "> 21222324 mask:21222324 84 0d \"I feel great.\"\n"
                      "> 37fa223d mask:37fa223d 81 01 43\n"
                      "< 81 01 53\n",
                      "session midstream 92\n"
                      "finding > ws.picked_up \"confidence 92 %\"\n"
                      "version hybi-06\n"
                      "finding > ws.version.draft \"hybi-06\"\n"
                      "message > text len=14 \"Well, and you?\"\n"
                      "message > text len=12 \"How are you?\"\n"
                      "message > text len=13 \"I feel great.\"\n"
                      "version hybi-05\n"
                      "message > close len=1 code=none \"C\"\n"
                      "message < close len=1 code=none \"S\"\n"
                      "end open\n");
}

static void hybi_04_is_known_by_its_server(void **state)
{
    (void)state;
    const struct decode_text how = {.midstream = true, .once = true};
    char *log = decode_text_log(
        &how,
        "> 37fa213d b465 523503be58\n"
        "> 00000000 67ee 88efd5dd3e2be6d28b4e40779db489eeda3090849cfbc1c12237b18bd017\n"
        "> 37fa213d b465 523503be58 37fa213d b465 523503be58\n"
        "< 84 0c \"How are you?\" 84 0e \"Well, and you?\"\n"
        "< 84 0f \"Yes, I am, yes.\" 84 0c \"Good to know\"\n"
        "< 84 0c \"Good to know\" 82 02 \"hi\" 84 0f \"Yes, I am, yes.\"\n",
        0);
    assert_non_null(strstr(log, "version hybi-04\n"));
    assert_non_null(strstr(log, "finding > ws.version.unreadable\n"));
    assert_non_null(strstr(log, "message < text len=15 \"Yes, I am, yes.\"\n"));
    free(log);
}

static void rfc_6455_is_taken_for_nothing_older(void **state)
{
    (void)state;
    for (int kind = 0; kind < FRAMES_LARGE; kind++) {
        struct frame_stream f[2];
        struct draft_pickup out;
        for (int d = 0; d < 2; d++) {
            frame_stream_make(&f[d], (enum frames_kind)kind, (enum dir)d, 20, 7U + (uint32_t)d);
        }
        for (size_t from = 0; from < 600; from++) {
            struct bytes client = bytes_from(f[0].b, from);
            struct bytes server = bytes_from(f[1].b, from);
            assert_false(pickup_drafts(client, server, &out));
            assert_false(pickup_drafts(client, (struct bytes){0}, &out));
            assert_false(pickup_drafts((struct bytes){0}, server, &out));
        }
        frame_stream_free(&f[0]);
        frame_stream_free(&f[1]);
    }
}

static void random_bytes_are_no_frames(void **state)
{
    (void)state;
    uint32_t seed = 1;
    for (int round = 0; round < 20000; round++) {
        uint8_t noise[256];
        struct draft_pickup out;
        for (size_t i = 0; i < sizeof noise; i++) {
            noise[i] = (uint8_t)(frame_stream_random(&seed) >> 11);
        }
        static const uint8_t firsts[] = {0x00, 0x04, 0x05, 0x84, 0x85, 0xff};
        noise[0] = firsts[round % 6];
        noise[128] = firsts[round / 6 % 6];
        struct bytes b = {noise, sizeof noise};
        assert_false(pickup_drafts(bytes_part(b, 0, 128), bytes_from(b, 128), &out));
    }
}

/* Others that begin like old frames. */
static void other_protocols_are_no_frames(void **state)
{
    (void)state;
    static const char *const inputs[] = {
        /* SOCKS 5 */
        "> 05 01 00\n< 05 00\n> 05 01 00 03 0b \"example.com\" 0050\n< 05 00 00 01 00000000 0000\n"
        "> \"GET / HTTP/1.1\\r\\n\\r\\n\"\n",
        /* octet strings of BER */
        "> 04 05 \"Hello\" 02 01 05 04 06 \"public\" 02 01 05\n< 02 01 00 0a 01 01\n",
        /* lengths of two bytes before text */
        "> 0026 \"a command of thirty-eight characters..\" 0026 \"a command of thirty-eight "
        "characters.."
        "\"\n< 0002 \"ok\" 0002 \"ok\"\n",
        /* SMB */
        "> 00 00 00 2f ff \"SMB\" 72 00*43\n< 00 00 00 2f ff \"SMB\" 72 00*43\n",
        /* telnet */
        "< fffd18 fffd20 fffd23 fffd27\n> fffb18 fffb20 fffb23 fffb27\n< \"login: \"\n",
        /* UTF-16 */
        "> 0048 0065 006c 006c 006f 0020 0077 006f 0072 006c 0064\n< 0048 0065 006c 006c 006f\n",
    };
    for (size_t i = 0; i < sizeof inputs / sizeof inputs[0]; i++) {
        const struct decode_text how = {.midstream = true};
        char *log = decode_text_log(&how, inputs[i], 0);
        if (strstr(log, "session") != NULL) {
            fail_msg("input %zu: %s", i, log);
        }
        free(log);
    }
}

static void a_loss_after_the_pickup_is_told(void **state)
{
    (void)state;
    const char *const expected[] = {"finding > ws.resynced\n",
                                    "message > text len=5 masked=0 \"after\"\n", NULL};
    const struct decode_text how = {.midstream = true};
    char *log = decode_text_log(&how,
                                "> 00 \"Good day to you\" ff 00 \"Well?\" ff\n"
                                "< 00 \"How are you?\" ff 00 \"I am well\" ff\n"
                                "> 00 \"one\"\n"
                                "gap > 10\n"
                                "> \"more\" ff 00 \"after\" ff\n",
                                0);
    assert_non_null(strstr(log, expected[0]));
    assert_non_null(strstr(log, expected[1]));
    free(log);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hixie_76_is_known_by_its_sentinels),
        cmocka_unit_test(hixie_76_is_known_from_the_middle_of_a_frame),
        cmocka_unit_test(hybi_01_to_03_are_known_by_their_opcodes),
        cmocka_unit_test(hybi_06_is_known_by_masks_that_cover_the_header),
        cmocka_unit_test(the_client_of_hybi_06_is_the_side_that_masks),
        cmocka_unit_test(hybi_05_is_known_when_it_closes),
        cmocka_unit_test(hybi_04_is_known_by_its_server),
        cmocka_unit_test(rfc_6455_is_taken_for_nothing_older),
        cmocka_unit_test(random_bytes_are_no_frames),
        cmocka_unit_test(other_protocols_are_no_frames),
        cmocka_unit_test(a_loss_after_the_pickup_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
