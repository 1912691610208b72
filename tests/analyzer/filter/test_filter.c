/* The display filter: what it takes, what it refuses and where, and what it matches. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "analyzer/filter/store_filter.h"
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
        {"opcode == ping or hots == a", 18, "there is no field 'hots': did you mean 'host'?"},
        {"frame.len > 1", 0, "there is no field 'frame.len'"},
        {"udp", 0, "there is no field 'udp'"},
        {"lower(host) == a", 0, "there are no functions, such as lower()"},
        {"len(text) > 3", 3, "there are no functions: what stands before this is a field"},
        {"payload[0:2] == 1:2", 7, "there are no slices: 'matches' compares parts"},
        {"websocket.opcod == 1", 0,
         "there is no field 'websocket.opcod': did you mean 'websocket.opcode'?"},
        {"http.header. == a", 0, "behind http.header. stands a name"},
        {"host ==", 7, "a value is missing here"},
        {"host contains \"abc", 14, "the closing \" is missing"},
        {"host contains \"abc\\\"", 14, "the closing \" is missing"},
        {"host host", 5, "'and' or 'or' is missing here"},
        {"(host", 0, "the closing ) is missing"},
        {"host == 'a", 8, "the closing ' is missing"},
        {"host)", 4, "the ( for this is missing"},
        {"host and", 8, "a field is missing here"},
        {"not", 3, "a field is missing here"},
        {"len > 3q", 6, "'3q' is no size, such as 800 or 64KB"},
        {"len > 2s", 6, "'2s' is no size, such as 800 or 64KB"},
        {"len > \"3\"", 6, "a text is no size, such as 800 or 64KB"},
        {"len == 99999999999999999999", 7,
         "'99999999999999999999' is no size, such as 800 or 64KB"},
        {"len in {1..x}", 8, "'x' is no size, such as 800 or 64KB"},
        {"duration > 2parsec", 11, "'2parsec' is no time, such as 2s or 150ms"},
        {"time > yesterday", 7, "'yesterday' is no time, such as \"2026-11-22 15:59:57\""},
        {"time > \"2026-11-22 0 15:59\"", 7,
         "'2026-11-22 0 15:59' is no time, such as \"2026-11-22 15:59:57\""},
        {"tls.version == 1.9", 15, "'1.9' is no version of TLS, such as 1.3"},
        {"ip == 300.1.1.1", 6,
         "'300.1.1.1' is no address, such as 10.0.0.1, 10.0.0.0/8 or fd00::/8"},
        {"ip == 10.0.0.0/33", 6,
         "'10.0.0.0/33' is no address, such as 10.0.0.1, 10.0.0.0/8 or fd00::/8"},
        {"len contains 3", 4, "len is no text: it takes == != < <= > >= in"},
        {"ip > 10.0.0.1", 3, "ip is no number: it takes == != in"},
        {"host < 3", 5, "host is no number: it takes == != contains matches in"},
        {"compressed == 2", 14, "'2' is no flag: true or false, 1 or 0"},
        {"compressed > 0", 11, "compressed is no number: it takes == != in"},
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

static void one_value_may_be_equal_and_none_may_be_to_differ(void **state)
{
    struct world *w = *state;
    size_t all = store_count(w->store);
    assert_int_equal(sessions(w, "port == 8082") + sessions(w, "port != 8082"), all);
    assert_int_equal(sessions(w, "finding") + sessions(w, "not finding"), all);
    assert_int_equal(sessions(w, "port !== 8082"), all); /* the other side's port is another */
    assert_int_equal(sessions(w, "port === 8082"), 0);
    assert_int_equal(sessions(w, "any port != 8082"), all);
    assert_int_equal(sessions(w, "all port > 1024"), all);
    assert_int_equal(sessions(w, "all port > 9000"), 0);
    assert_int_equal(sessions(w, "all port in {1024..65535}"), all);
    /* of no value neither is true */
    assert_int_equal(sessions(w, "subprotocol != x"), sessions(w, "subprotocol"));
    assert_int_equal(sessions(w, "all close > 0"), sessions(w, "close"));
    assert_true(sessions(w, "close") < all);
}

static void ranges_and_lists_hold_several_values(void **state)
{
    struct world *w = *state;
    assert_int_equal(messages(w, "opcode in {8..10}"), messages(w, "opcode >= close"));
    assert_int_equal(messages(w, "opcode in {1, close..pong}"),
                     messages(w, "opcode == text") + messages(w, "opcode > 7"));
    assert_int_equal(sessions(w, "ip in 10.77.0.0/16"), sessions(w, "ip == 10.77.0.0/16"));
    assert_int_equal(sessions(w, "ip in {10.77.0.0..10.77.0.9}"),
                     sessions(w, "ip == 10.77.0.0/28"));
    assert_int_equal(messages(w, "len in {0..125}"), messages(w, "len <= 125"));
    assert_int_equal(sessions(w, "host in {\"nowhere\", \"10.77.0.2:8083\"}"),
                     sessions(w, "host == 10.77.0.2:8083"));
}

static void numbers_have_units_names_and_bases(void **state)
{
    struct world *w = *state;
    assert_int_equal(sessions(w, "close == 0x3ea"), sessions(w, "close == protocol_error"));
    assert_int_equal(sessions(w, "close == \"Protocol error\""), sessions(w, "close == 1002"));
    assert_int_equal(messages(w, "len > 1.5KB"), messages(w, "len > 1536"));
    assert_int_equal(sessions(w, "duration > 1500ms"), sessions(w, "duration > 1.5"));
    assert_int_equal(sessions(w, "duration > 1.5s"), sessions(w, "duration > 0.025min"));
    assert_int_equal(messages(w, "masked == true"), messages(w, "masked"));
    assert_int_equal(messages(w, "masked == 0"), messages(w, "not masked"));
    assert_int_equal(messages(w, "time < \"2026-11-22 15:59:58\"") +
                         messages(w, "time >= 2026-11-22T15:59:58Z"),
                     store_messages(w->store));
    assert_int_equal(messages(w, "time > \"2026-11-22 16:00:00.5\""),
                     messages(w, "time > 1795363200.5"));
    assert_int_equal(messages(w, "len > 2 KB"), messages(w, "len > 2KiB"));
    assert_int_equal(messages(w, "len > 2 KB and opcode == text"),
                     messages(w, "len > 2048 and opcode == text"));
    assert_int_equal(sessions(w, "duration > 1.5 s"), sessions(w, "duration > 1500ms"));
    assert_int_equal(messages(w, "frame.time > \"Nov 22, 2026 16:00:00.5\""),
                     messages(w, "time > 1795363200.5"));
    assert_true(messages(w, "time > 2026-11-22") > 0);
    assert_int_equal(messages(w, "time > 2026-11-23"), 0);
}

static void texts_have_escapes_and_raw_forms(void **state)
{
    struct world *w = *state;
    size_t quoted = messages(w, "text contains \"\\\"type\\\"\"");
    assert_true(quoted > 0);
    assert_int_equal(messages(w, "text contains \"\\x22type\\x22\""), quoted);
    assert_int_equal(messages(w, "text matches r\"\\x22type\\x22\""), quoted);
    assert_int_equal(messages(w, "text matches \"[\\d]{4}\""), messages(w, "text ~ r\"[0-9]{4}\""));
    assert_true(messages(w, "text matches \"[\\d]{4}\"") > 0);
    assert_int_equal(messages(w, "text ~ HELLO"), messages(w, "text contains hello"));
    assert_true(messages(w, "text ~ \"(?-i)HELLO\"") < messages(w, "text ~ HELLO"));
    assert_int_equal(messages(w, "payload contains 48:65:6c:6c:6f"),
                     messages(w, "payload contains Hello"));
    assert_true(messages(w, "payload contains Hello") > messages(w, "payload contains HELLO"));
    assert_int_equal(messages(w, "opcode==text&&len==5||opcode==ping"),
                     messages(w, "(opcode == text and len == 5) or opcode == ping"));
}

static void headers_of_the_handshake_are_fields(void **state)
{
    struct world *w = *state;
    size_t upgrades = sessions(w, "http.header.upgrade == websocket");
    assert_true(upgrades > 0);
    assert_int_equal(upgrades, sessions(w, "HTTP.header.UPGRADE matches \"^WebSocket$\""));
    assert_int_equal(sessions(w, "http.header.sec-websocket-key == key"), 0);
    assert_int_equal(sessions(w, "http.header.origin"), sessions(w, "origin"));
    assert_int_equal(upgrades, sessions(w, "http.upgrade == WebSocket"));
    assert_int_equal(sessions(w, "http.cookie"), sessions(w, "cookie"));
    assert_int_equal(sessions(w, "http") + sessions(w, "outcome == midstream"), sessions(w, "id"));
    assert_int_equal(sessions(w, "http.header.no-such-field"), 0);
    assert_true(sessions(w, "header contains \"HTTP/1.1 101\"") > 0);
}

static void frames_are_those_of_the_message(void **state)
{
    struct world *w = *state;
    size_t fragmented = messages(w, "fragmented");
    assert_true(fragmented > 0);
    assert_int_equal(messages(w, "frame.fin == 0 and frame.fin == 1"), fragmented);
    assert_int_equal(messages(w, "frame.opcode == continuation and opcode != 0"), fragmented);
    assert_int_equal(messages(w, "frame.masked and direction == client"),
                     messages(w, "masked and direction == client"));
    assert_int_equal(messages(w, "all frame.rsv == 0") + messages(w, "any frame.rsv > 0"),
                     messages(w, "frame.size"));
    assert_true(messages(w, "frame.rsv1") > 0);
    assert_int_equal(messages(w, "frame.key"), messages(w, "frame.masked"));
    assert_int_equal(messages(w, "frame.header > 14B"), 0);
}

static void payloads_of_control_frames_are_fields_of_their_own(void **state)
{
    struct world *w = *state;
    assert_int_equal(messages(w, "websocket.payload.ping"), messages(w, "opcode == ping"));
    assert_int_equal(messages(w, "websocket.payload.pong"), messages(w, "opcode == pong"));
    assert_int_equal(messages(w, "websocket.payload.close"), messages(w, "opcode == close"));
    assert_int_equal(messages(w, "payload.ping contains one"),
                     messages(w, "opcode == ping and payload contains one"));
}

static void every_name_is_a_field(void **state)
{
    const struct filter_field *f;
    struct world *w = *state;
    size_t n = 0;
    for (; (f = filter_field_at(n)) != NULL; n++) {
        const struct filter_field *own = filter_field_own(f);
        char text[128];
        bool open_ended = f->name[strlen(f->name) - 1] == '.';
        snprintf(text, sizeof text, "%s%s", f->name, open_ended ? "host" : "");
        assert_true(messages(w, text) <= store_messages(w->store));
        assert_true(own->same_as == NULL && strlen(own->help) > 5 && own->group[0] != '\0');
    }
    assert_true(n > 100);
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
        cmocka_unit_test(one_value_may_be_equal_and_none_may_be_to_differ),
        cmocka_unit_test(ranges_and_lists_hold_several_values),
        cmocka_unit_test(numbers_have_units_names_and_bases),
        cmocka_unit_test(texts_have_escapes_and_raw_forms),
        cmocka_unit_test(headers_of_the_handshake_are_fields),
        cmocka_unit_test(frames_are_those_of_the_message),
        cmocka_unit_test(payloads_of_control_frames_are_fields_of_their_own),
        cmocka_unit_test(every_name_is_a_field),
        cmocka_unit_test(a_regular_expression_that_would_take_for_ever_ends),
    };
    return cmocka_run_group_tests(tests, open_world, close_world);
}
