/* Secrets are masked wherever a handshake can carry them, and nothing else is. */
#include "ui/report/redact.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#define JWT "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0NTY3ODkwIn0.dozjgNryP4J3jVmNHl0w5N"

static int set_up(void **state)
{
    struct redactor *r = calloc(1, sizeof *r);
    assert_non_null(r);
    redact_init(r, false);
    *state = r;
    return 0;
}

static int tear_down(void **state)
{
    redact_done(*state);
    free(*state);
    return 0;
}

static void expect(struct bytes got, const char *expected)
{
    struct bytes want = bytes_of(expected);
    if (!bytes_equal(got, want)) {
        fail_msg("got '%.*s', not '%s'", (int)got.n, (const char *)got.p, expected);
    }
}

static void expect_text(struct redactor *r, const char *text, const char *expected)
{
    expect(redact_text(r, bytes_of(text)), expected);
}

static void secrets_in_a_url_are_masked(void **state)
{
    struct redactor *r = *state;
    expect_text(r, "/chat?token=abc", "/chat?token=***");
    expect_text(r, "/chat?room=1&access_token=abc&x=2", "/chat?room=1&access_token=***&x=2");
    expect_text(r, "/?API-Key=abc;Password=d", "/?API-Key=***;Password=***");
    expect_text(r, "/?X-Amz-Signature=0a&X-Amz-Credential=b",
                "/?X-Amz-Signature=***&X-Amz-Credential=***");
    expect_text(r, "/?acc%65ss_t%6Fken=abc", "/?acc%65ss_t%6Fken=***");
    expect_text(r, "/?auth[key]=1&key=2&sig=3&sid=4&jwt=5",
                "/?auth[key]=***&key=***&sig=***&sid=***&jwt=***");
    expect_text(r, "/#id_token=abc", "/#id_token=***");
    expect_text(r, "/;session=abc/x", "/;session=***");
    expect_text(r, "/?token=a=b==&y", "/?token=***&y");
}

static void user_information_is_masked(void **state)
{
    struct redactor *r = *state;
    expect_text(r, "http://me:secret@host/path@2", "http://***@host/path@2");
    expect_text(r, "ws://a@b@host?q", "ws://***@host?q");
    expect_text(r, "//me@host", "//***@host");
}

static void web_tokens_are_masked_anywhere(void **state)
{
    struct redactor *r = *state;
    expect_text(r, "/socket/" JWT "/events", "/socket/***/events");
    expect_text(r, "/?x=" JWT "&y=1", "/?x=***&y=1");
    expect_text(r, JWT, "***");
}

static void what_follows_an_authentication_scheme_is_masked(void **state)
{
    struct redactor *r = *state;
    expect_text(r, "Bearer abc.def", "Bearer ***");
    expect_text(r, "Authorization: basic dXNlcjpwYXNz end", "Authorization: basic *** end");
}

static void what_is_no_secret_stays(void **state)
{
    struct redactor *r = *state;
    static const char *const texts[] = {"",
                                        "/",
                                        "/chat?room=5&user=me",
                                        "/?tokens",
                                        "/?token=",
                                        "/?a=token",
                                        "/author?author=me",
                                        "/?monkey=1&design=2",
                                        "http://host/a@b",
                                        "Mozilla/5.0 (X11; Linux x86_64)",
                                        "eyJx.eyJy.z",
                                        "/?page=2#top",
                                        "https://example.com:8080"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        expect_text(r, texts[i], texts[i]);
    }
}

static void tokens_among_the_subprotocols_are_masked(void **state)
{
    struct redactor *r = *state;
    static const struct {
        const char *name, *before, *expected;
    } cases[] = {
        {"base64url.bearer.authorization.k8s.io.c2VjcmV0", "",
         "base64url.bearer.authorization.k8s.io.***"},
        {"base64url.bearer.phx.c2VjcmV0", "phoenix", "base64url.bearer.phx.***"},
        {"openai-insecure-api-key.sk-123", "realtime", "openai-insecure-api-key.***"},
        {"access_token.abc", "", "access_token.***"},
        {"hunter2", "access_token", "***"},
        {"hunter2", "Bearer", "***"},
        {JWT, "", "***"},
        {"0123456789abcdef0123456789abcdef", "", "***"},
        {"mqtt", "", "mqtt"},
        {"access_token", "", "access_token"},
        {"v4.base64.channel.k8s.io", "", "v4.base64.channel.k8s.io"},
        {"protobuf.reliable.webpubsub.azure.v1", "", "protobuf.reliable.webpubsub.azure.v1"},
        {"v1.kernel.websocket.jupyter.org", "", "v1.kernel.websocket.jupyter.org"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        expect(redact_subprotocol(r, bytes_of(cases[i].name), bytes_of(cases[i].before)),
               cases[i].expected);
    }
}

static void a_chosen_subprotocol_is_masked_as_in_the_offer(void **state)
{
    struct handshake h = {.offered_subprotocols = bytes_of("access_token, hunter2, chat"),
                          .subprotocol = bytes_of("hunter2")};
    expect(redact_chosen(*state, &h), "***");
    h.subprotocol = bytes_of("chat");
    expect(redact_chosen(*state, &h), "chat");
}

static void a_counted_name_is_known_to_be_a_secret(void **state)
{
    struct redactor *r = *state;
    struct handshake h = {.offered_subprotocols = bytes_of("access_token, hunter2")};
    expect(redact_counted_name(r, bytes_of("hunter2"), true), "hunter2");
    redact_learn(r, &h);
    expect(redact_counted_name(r, bytes_of("hunter2"), true), "***");
    expect(redact_counted_name(r, bytes_of("access_token"), true), "access_token");
}

static void too_many_secrets_mask_every_name_that_was_not_chosen(void **state)
{
    struct redactor *r = *state;
    char offer[64];
    for (int i = 0; i < REDACT_NAMES_MAX + 1; i++) {
        snprintf(offer, sizeof offer, "token, number%d", i);
        struct handshake h = {.offered_subprotocols = bytes_of(offer)};
        redact_learn(r, &h);
    }
    expect(redact_counted_name(r, bytes_of("number7"), true), "***");
    expect(redact_counted_name(r, bytes_of("chat"), true), "chat");
    expect(redact_counted_name(r, bytes_of("chat"), false), "***");
}

static void a_text_that_is_too_long_to_mask_is_not_shown_at_all(void **state)
{
    size_t n = REDACTED_TEXT_MAX_BYTES + 100;
    uint8_t *text = malloc(n);
    assert_non_null(text);
    memset(text, 'a', n);
    memcpy(text, "/?token=x&", 10);
    expect(redact_text(*state, (struct bytes){text, n}), "***");
    free(text);
}

static void show_secrets_masks_nothing(void **state)
{
    struct redactor *r = *state;
    struct handshake h = {.offered_subprotocols = bytes_of("access_token, hunter2"),
                          .subprotocol = bytes_of("hunter2")};
    r->show = true;
    redact_learn(r, &h);
    expect_text(r, "/?token=abc", "/?token=abc");
    expect(redact_chosen(r, &h), "hunter2");
    expect(redact_counted_name(r, bytes_of("hunter2"), false), "hunter2");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(secrets_in_a_url_are_masked),
        TEST(user_information_is_masked),
        TEST(web_tokens_are_masked_anywhere),
        TEST(what_follows_an_authentication_scheme_is_masked),
        TEST(what_is_no_secret_stays),
        TEST(tokens_among_the_subprotocols_are_masked),
        TEST(a_chosen_subprotocol_is_masked_as_in_the_offer),
        TEST(a_counted_name_is_known_to_be_a_secret),
        TEST(too_many_secrets_mask_every_name_that_was_not_chosen),
        TEST(a_text_that_is_too_long_to_mask_is_not_shown_at_all),
        TEST(show_secrets_masks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
