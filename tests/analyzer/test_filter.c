/* The display filter: what it takes, what it refuses and where, and what it matches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyzer/store_filter.h"
#include "lib/capture_world.h"

#include <stdio.h>
#include <string.h>

/*--- A capture to ask about ---------------------------------------------------------------------*/

static int open_world(void **state)
{
    static struct world w;
    world_of(&w, "captures/tour.pcapng", 1 << 20);
    *state = &w;
    return 0;
}

static int close_world(void **state)
{
    world_done(*state);
    return 0;
}

static size_t sessions(struct world *w, const char *text)
{
    struct filter_error error;
    struct filter *f = filter_compile(text, &error);
    size_t n = 0;
    if (f == NULL) {
        fail_msg("%s: %s at %zu", text, error.text, error.at);
        return 0;
    }
    for (size_t i = 0; i < store_count(w->store); i++) {
        n += store_filter_session(f, w->store, store_session(w->store, i));
    }
    filter_free(f);
    return n;
}

static size_t messages(struct world *w, const char *text)
{
    struct filter_error error;
    struct filter *f = filter_compile(text, &error);
    size_t n = 0;
    assert_non_null(f);
    for (size_t i = 0; i < store_count(w->store); i++) {
        const struct store_session *s = store_session(w->store, i);
        for (uint32_t j = 0; j < s->n; j++) {
            n += store_filter_message(f, w->store, s, &s->messages[j]);
        }
    }
    filter_free(f);
    return n;
}

/*--- What is refused ----------------------------------------------------------------------------*/

static void errors_point_at_what_is_wrong(void **state)
{
    static const struct {
        const char *text;
        size_t at;
        const char *says;
    } cases[] = {
        {"nonsense == 3", 0, "there is no field 'nonsense'"},
        {"host ==", 7, "a value is missing here"},
        {"host contains \"abc", 14, "the closing \" is missing"},
        {"host host", 5, "'and' or 'or' is missing here"},
        {"(host", 0, "the closing ) is missing"},
        {"host and", 8, "a field is missing here"},
        {"len > 3q", 6, "'3q' is no size, such as 64KB"},
        {"duration > 2parsec", 11, "'2parsec' is no time, such as 2s or 150ms"},
        {"ip == 300.1.1.1", 6,
         "'300.1.1.1' is no address, such as 10.0.0.1, 10.0.0.0/8 or fd00::/8"},
        {"ip == 10.0.0.0/33", 6,
         "'10.0.0.0/33' is no address, such as 10.0.0.1, 10.0.0.0/8 or fd00::/8"},
        {"len contains 3", 3, "len is no text: it takes == != < <= > >= or in"},
        {"host < 3", 4, "host is no number: it takes == != in contains matches"},
        {"compressed == 1", 10, "compressed is there or not: it takes no value"},
        {"text matches \"(\"", 13, "regular expression: missing closing parenthesis"},
        {"opcode == pingg", 10,
         "'pingg' is no opcode: text, binary, close, ping, pong, or a number"},
    };
    struct filter_error error;
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct filter *f = filter_compile(cases[i].text, &error);
        if (f != NULL) {
            fail_msg("%s was taken", cases[i].text);
        }
        assert_string_equal(error.text, cases[i].says);
        assert_int_equal(error.at, cases[i].at);
    }
}

static void nesting_and_length_have_a_limit(void **state)
{
    char text[8192];
    struct filter_error error;
    (void)state;
    memset(text, '(', 4000);
    snprintf(text + 4000, sizeof text - 4000, "host");
    assert_null(filter_compile(text, &error));
    memset(text, '!', 4000);
    assert_null(filter_compile(text, &error));
    size_t n = (size_t)snprintf(text, sizeof text, "host");
    while (n < 8000) {
        n += (size_t)snprintf(text + n, sizeof text - n, " or host");
    }
    assert_null(filter_compile(text, &error));
}

/*--- What is matched ----------------------------------------------------------------------------*/

static void nothing_asked_takes_everything(void **state)
{
    struct world *w = *state;
    assert_int_equal(sessions(w, ""), store_count(w->store));
    assert_int_equal(sessions(w, "  \t "), store_count(w->store));
    assert_int_equal(messages(w, ""), store_messages(w->store));
}

static void sessions_are_matched_by_their_fields(void **state)
{
    struct world *w = *state;
    size_t all = store_count(w->store);
    assert_int_equal(sessions(w, "outcome == refused"), 5);
    assert_int_equal(sessions(w, "outcome == REFUSED"), 5);
    assert_int_equal(sessions(w, "status >= 300"), 5);
    assert_int_equal(sessions(w, "status in {401, 403} or status == 404"), 3);
    assert_int_equal(sessions(w, "not status in {401 403}"), all - 2);
    assert_int_equal(sessions(w, "ip == 10.77.0.0/16"), all - 2);
    assert_int_equal(sessions(w, "client.ip == fd00:77::/32"), 2);
    assert_int_equal(sessions(w, "ip in {10.77.0.1, fd00:77::1}"), all);
    assert_int_equal(sessions(w, "server.port == 8082"), 8);
    assert_int_equal(sessions(w, "path ~ \"^/F[0-9]+-\""), 5);
    assert_int_equal(sessions(w, "path contains \"HOLE\""), 2);
    assert_int_equal(sessions(w, "finding == ws.mask.missing"), 1);
    assert_int_equal(sessions(w, "severity == error"), 6);
    assert_int_equal(sessions(w, "close == protocol_error"), sessions(w, "close == 1002"));
    assert_true(sessions(w, "close == 1002") >= 3);
    assert_int_equal(sessions(w, "id == 3"), 1);
    assert_int_equal(sessions(w, "!(id > 3)"), 3);
}

static void messages_are_matched_by_theirs(void **state)
{
    struct world *w = *state;
    size_t all = store_messages(w->store);
    size_t pings = messages(w, "opcode == ping"), pongs = messages(w, "opcode == 10");
    assert_int_equal(pings, 15);
    assert_int_equal(messages(w, "opcode != ping"), all - pings);
    assert_int_equal(messages(w, "opcode in {ping, pong}"), pings + pongs);
    assert_int_equal(messages(w, "websocket.opcode == 9"), pings);
    assert_int_equal(messages(w, "direction == client") + messages(w, "direction == server"), all);
    assert_int_equal(messages(w, "text contains HELLO"), messages(w, "text ~ \"(?i)hello\""));
    assert_true(messages(w, "text contains HELLO") > 0);
    assert_int_equal(messages(w, "len >= 1KB"), messages(w, "len >= 1024"));
    assert_true(messages(w, "len >= 1KB") > 0);
    assert_int_equal(messages(w, "compressed") + messages(w, "not compressed"), all);
    assert_true(messages(w, "pong.rtt > 100us") > 0);
    assert_int_equal(messages(w, "pong.rtt > 10s"), 0);
}

static void a_session_is_matched_by_one_message_that_fits(void **state)
{
    struct world *w = *state;
    assert_true(sessions(w, "opcode == ping") < messages(w, "opcode == ping"));
    assert_true(sessions(w, "opcode == ping") > 0);
    /* both have to hold of the same message */
    assert_int_equal(sessions(w, "opcode == ping and opcode == pong"), 0);
    assert_int_equal(sessions(w, "outcome == refused and opcode == ping"), 0);
}

static void several_values_match_when_any_does_and_differ_when_none_is_equal(void **state)
{
    struct world *w = *state;
    size_t all = store_count(w->store);
    assert_int_equal(sessions(w, "port == 8082") + sessions(w, "port != 8082"), all);
    assert_int_equal(sessions(w, "finding") + sessions(w, "not finding"), all);
}

static void a_regular_expression_that_would_take_for_ever_ends(void **state)
{
    struct world *w = *state;
    assert_int_equal(messages(w, "payload ~ \"(a+a+a+a+)+[^a]{60000}\""), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(errors_point_at_what_is_wrong),
        cmocka_unit_test(nesting_and_length_have_a_limit),
        cmocka_unit_test(nothing_asked_takes_everything),
        cmocka_unit_test(sessions_are_matched_by_their_fields),
        cmocka_unit_test(messages_are_matched_by_theirs),
        cmocka_unit_test(a_session_is_matched_by_one_message_that_fits),
        cmocka_unit_test(several_values_match_when_any_does_and_differ_when_none_is_equal),
        cmocka_unit_test(a_regular_expression_that_would_take_for_ever_ends),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
