// Following HTTP/1 connections to the upgrade, at every cut of the conversation.
#include "harness.h"

#define OPENED                                                                                     \
    "handshake 101 version=13 accept=ok method=GET target=/chat host=h origin=http://h "           \
    "version_text=13 reason=Switching Protocols\nwebsocket 13 deflate=0\n"
#define UNANSWERED                                                                                 \
    "handshake 0 version=13 accept=- method=GET target=/chat host=h origin=http://h "              \
    "version_text=13\n"

static void an_upgrade_hands_the_rest_of_both_directions_to_websocket(void **state)
{
    (void)state;
    const struct step steps[] = {C(REQUEST("")), S(SWITCHING("") "server frames"),
                                 C("client frames"), S(" more")};
    EXPECT(steps,
           "session 1\n" OPENED "> bytes client frames\n< bytes server frames more\nend 1\n");
}

static void requests_before_the_upgrade_are_passed_over_with_their_bodies(void **state)
{
    (void)state;
    const struct step steps[] = {
        C("POST /a HTTP/1.1\r\nHost: h\r\nContent-Length: 26\r\n\r\nGET /x "
          "HTTP/1.1\r\n\r\n1234567"),
        S("HTTP/1.1 200 OK\r\ncontent-length: 5, 5\r\n\r\nHTTP/"),
        C("POST /b HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
          "3;x=\"y\"\r\nabc\r\n0A \r\n0123456789\r\n0\r\nTrailer: t\r\n\r\n"),
        S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb\r\nHTTP/1.1 10\r\n0\r\n\r\n"),
        C("GET /c HTTP/1.1\r\nHost: h\r\n\r\n"),
        S("HTTP/1.1 304 Not Modified\r\nContent-Length: 99\r\n\r\n"),
        C(REQUEST("")),
        S(SWITCHING("") "frames"),
    };
    EXPECT(steps, "session 1\n" OPENED "< bytes frames\nend 1\n");
}

static void the_answer_to_head_has_no_body(void **state)
{
    (void)state;
    const struct step steps[] = {
        C("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n"),
        S("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
        C(REQUEST("")),
        S(SWITCHING("")),
    };
    EXPECT(steps, "session 1\n" OPENED "end 1\n");
}

static void interim_answers_do_not_count(void **state)
{
    (void)state;
    const struct step steps[] = {
        C("PUT /a HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 4\r\n\r\n"),
        S("HTTP/1.1 100 Continue\r\n\r\n"),
        C("body"),
        S("HTTP/1.1 204 No Content\r\n\r\n"),
        C(REQUEST("")),
        S("HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"),
        S(SWITCHING("")),
    };
    EXPECT(steps, "session 1\n" OPENED "end 1\n");
}

static void an_upgrade_may_be_pipelined_behind_other_requests(void **state)
{
    (void)state;
    const struct step steps[] = {
        C("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n" REQUEST("")),
        S("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n"
          "ok" SWITCHING("") "f"),
    };
    EXPECT(steps, "session 1\n" OPENED "< bytes f\nend 1\n");
}

static void more_requests_than_the_queue_holds_wait_for_their_answers(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct stream *s = stream_new(&w.shared, &w.connection, true);
    struct chunk c = {.ts = 1, .pkt = 1, .dir = DIR_CLIENT_TO_SERVER};
    struct chunk answer = {.ts = 2, .pkt = 2, .dir = DIR_SERVER_TO_CLIENT};
    static const char get[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    static const char ok[] = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
    feed(s, c, get, sizeof get - 1);
    feed(s, answer, ok, sizeof ok - 1);
    for (int i = 0; i < 100; i++) {
        feed(s, c, get, sizeof get - 1);
    }
    feed(s, c, REQUEST(""), strlen(REQUEST("")));
    for (int i = 0; i < 100; i++) {
        feed(s, answer, ok, sizeof ok - 1);
    }
    feed(s, answer, SWITCHING(""), strlen(SWITCHING("")));
    stream_close(s, &(struct session_end){.last_ts = 3});
    assert_string_equal(w.log.text, "session 1\n" OPENED "end 1\n");
    world_done(&w);
}

static void folded_lines_and_bare_line_feeds_are_read(void **state)
{
    (void)state;
    const struct step steps[] = {
        C("\r\nGET /chat HTTP/1.1\nHost: h\nUpgrade:\n websocket\nConnection: keep-alive,\r\n\t"
          "Upgrade\n" KEY "Sec-WebSocket-Version: 13\nOrigin: http://h\n\n"),
        S(SWITCHING("") "frames"),
    };
    EXPECT(steps, "session 1\n" OPENED "< bytes frames\nend 1\n");
}

static void client_frames_before_the_answer_wait_for_it(void **state)
{
    (void)state;
    const struct step steps[] = {C(REQUEST("")), C("early "), C("bytes"), S(SWITCHING("") "f"),
                                 C(" late")};
    EXPECT(steps, "session 1\n> ws.handshake.early_data: in packet 2\n" OPENED
                  "> bytes early bytes late\n< bytes f\nend 1\n");
}

static void client_frames_that_were_lost_before_the_answer_are_websockets_loss(void **state)
{
    (void)state;
    const struct step steps[] = {C(REQUEST("")), C_LOST(7), C("rest"), S(SWITCHING(""))};
    EXPECT(steps, "session 1\n" OPENED "> lost 7\n> bytes rest\nend 1\n");
    const struct step behind[] = {C(REQUEST("")), C("ab"),   C_LOST(7),
                                  C("rest"),      C_LOST(1), S(SWITCHING(""))};
    EXPECT(behind, "session 1\n> ws.handshake.early_data: in packet 2\n" OPENED
                   "> lost 8\n> bytes abrest\nend 1\n");
}

static void an_answer_captured_before_its_request_waits_for_it(void **state)
{
    (void)state;
    const struct step steps[] = {S(SWITCHING("") "server"), C(REQUEST("") "client")};
    EXPECT(steps, "session 1\n" OPENED "> bytes client\n< bytes server\nend 1\n");
}

static void an_answer_without_its_request_still_opens_websocket(void **state)
{
    (void)state;
    const struct step steps[] = {S(SWITCHING("Sec-WebSocket-Extensions: permessage-deflate; "
                                             "client_no_context_takeover\r\n") "server"),
                                 C("client")};
    EXPECT_MIDSTREAM(steps,
                     "session 1\nhandshake 101 version=-1 accept=- "
                     "extensions=permessage-deflate; client_no_context_takeover reason=Switching "
                     "Protocols\nwebsocket 13 deflate=1 client_no_context_takeover unsure\n"
                     "> bytes client\n< bytes server\nend 1\n");
    const struct step ended[] = {S(SWITCHING("") "server"), C_END};
    EXPECT(ended, "session 1\nhandshake 101 version=-1 accept=- reason=Switching Protocols\n"
                  "websocket 13 deflate=0 unsure\n< bytes server\nend 1\n");
}

static void a_connection_picked_up_in_an_answer_is_followed(void **state)
{
    (void)state;
    const struct step steps[] = {S("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"),
                                 C(REQUEST("")), S(SWITCHING("") "f")};
    EXPECT_MIDSTREAM(steps, "session 1\n" OPENED "< bytes f\nend 1\n");
}

static void a_refused_upgrade_may_be_followed_by_another(void **state)
{
    (void)state;
    const struct step steps[] = {
        C(REQUEST("")),
        S("HTTP/1.1 401 Unauthorized\r\nContent-Length: 4\r\nServer: x\r\n\r\nbody"),
        C("GET /login HTTP/1.1\r\nHost: h\r\n\r\n"),
        S("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
        C("GET /chat HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Key: x3JJHMbDL1EzLkh9GBhXDw==\r\nSec-WebSocket-Version: 13\r\n"
          "Origin: http://h\r\n\r\n"),
        S("HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
          "Sec-WebSocket-Accept: HSmrc0sMlYUkAGmm5OPpG2HaGWk=\r\n\r\nframes"),
    };
    EXPECT(steps,
           "session 1\n< ws.handshake.refused: status 401\n"
           "handshake 401 version=13 accept=- method=GET target=/chat host=h origin=http://h "
           "server=x version_text=13 reason=Unauthorized\nend 1\nsession 2\n"
           "handshake 101 version=13 accept=ok method=GET target=/chat host=h origin=http://h "
           "version_text=13 reason=OK\nwebsocket 13 deflate=0\n< bytes frames\nend 2\n");
}

static void an_upgrade_without_an_answer_is_incomplete(void **state)
{
    (void)state;
    const struct step steps[] = {C(REQUEST("") "frames?")};
    EXPECT(steps, "session 1\n" UNANSWERED "end 1\n");
    const struct step closed[] = {C(REQUEST("")), S("HTTP/1.1 101 Swit"), S_END, C_END};
    EXPECT(closed, "session 1\n" UNANSWERED "end 1\n");
}

static void an_upgrade_whose_answer_was_lost_is_incomplete(void **state)
{
    (void)state;
    const struct step steps[] = {C(REQUEST("")), S_LOST(129), S("frames"), C("frames")};
    EXPECT(steps, "session 1\n" UNANSWERED "end 1\n");
}

#define WENT_ON                                                                                    \
    "< ws.picked_up: the request was captured\n"                                                   \
    "handshake 0 version=13 accept=- method=GET target=/chat host=h origin=http://h "              \
    "version_text=13 answer-lost\nwebsocket 13 deflate=2\n"
#define CLIENT_HELLO                                                                               \
    "\x81\x85"                                                                                     \
    "abcdHELLO"
#define SERVER_HELLO                                                                               \
    "\x81\x05"                                                                                     \
    "HELLO"

static void frames_behind_a_lost_answer_are_read(void **state)
{
    (void)state;
    const struct step server_first[] = {C(REQUEST("")), S_LOST(129), S(SERVER_HELLO),
                                        C(CLIENT_HELLO)};
    EXPECT(server_first,
           "session 1\n" WENT_ON "> bytes " CLIENT_HELLO "\n< bytes " SERVER_HELLO "\nend 1\n");
    const struct step client_first[] = {C(REQUEST("")), C(CLIENT_HELLO), S_LOST(129), S_END};
    EXPECT(client_first, "session 1\n" WENT_ON "> bytes " CLIENT_HELLO "\nend 1\n");
    const struct step unmasked[] = {C(REQUEST("")), S_LOST(129),
                                    S("\x81\x85"
                                      "abcd"),
                                    C(SERVER_HELLO)};
    EXPECT(unmasked, "session 1\n" UNANSWERED "end 1\n");
}

static void a_client_that_is_captured_alone_is_read(void **state)
{
    (void)state;
    const struct step steps[] = {C(REQUEST("")), C(CLIENT_HELLO), C_END, S_END};
    EXPECT(steps, "session 1\n" WENT_ON "> bytes " CLIENT_HELLO "\nend 1\n");
}

static void a_client_is_read_once_too_much_of_it_waits(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct stream *s = stream_new(&w.shared, &w.connection, true);
    struct chunk c = {.ts = 1, .pkt = 1, .dir = DIR_CLIENT_TO_SERVER};
    feed(s, c, REQUEST(""), strlen(REQUEST("")));
    char frame[] = "\x82\xfe\x40\x00";
    feed(s, c, frame, 4);
    static const char zeros[1024];
    for (int i = 0; i < STREAM_BLOCKED_MAX_BYTES / 1024; i++) {
        feed(s, c, zeros, sizeof zeros);
    }
    assert_non_null(strstr(w.log.text, WENT_ON));
    assert_null(strstr(w.log.text, "stream.limit.kept"));
    stream_close(s, &(struct session_end){.last_ts = 3});
    world_done(&w);
}

static void another_request_behind_a_lost_answer_begins_anew(void **state)
{
    (void)state;
    const struct step steps[] = {C(REQUEST("")), S_LOST(129), S("the end of a page"),
                                 C(REQUEST("")), S(SWITCHING("") "f")};
    EXPECT(steps, "session 1\n" UNANSWERED "end 1\nsession 2\n> ws.handshake.key.repeated\n" OPENED
                  "< bytes f\nend 2\n");
}

static void after_a_loss_the_next_message_is_found(void **state)
{
    (void)state;
    const struct step steps[] = {C("GET /a HTTP/1.1\r\nHost: h\r\n\r\n"),
                                 S("HTTP/1.1 200 OK\r\nConte"), S_LOST(1000), C(REQUEST("")),
                                 S(SWITCHING("") "f")};
    EXPECT(steps, "session 1\n" OPENED "< bytes f\nend 1\n");
    const struct step requests[] = {C("GET /a HTTP/1.1\r\nHo"), C_LOST(10),
                                    S("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
                                    C(REQUEST("")), S(SWITCHING("") "f")};
    EXPECT(requests, "session 1\n" OPENED "< bytes f\nend 1\n");
    const struct step answers[] = {C("GET /a HTTP/1.1\r\nHost: h\r\n\r\n" REQUEST("") "c"),
                                   S_LOST(100), S(SWITCHING("") "f")};
    EXPECT(answers, "session 1\n> ws.handshake.early_data: in packet 1\n" OPENED
                    "> bytes c\n< bytes f\nend 1\n");
}

static void an_answer_that_fits_no_request_is_not_believed(void **state)
{
    (void)state;
    const struct step steps[] = {C("CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n"), C(REQUEST("")),
                                 S(SWITCHING("") "f"), C("g")};
    EXPECT_MIDSTREAM(steps, "");
}

static void a_loss_within_a_body_costs_nothing(void **state)
{
    (void)state;
    const struct step steps[] = {
        C("POST /a HTTP/1.1\r\nContent-Length: 10\r\n\r\n0123"),
        C_LOST(6),
        S("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\na\r\n01234"),
        S_LOST(3),
        S("89\r\n0\r\n\r\n"),
        C(REQUEST("")),
        S(SWITCHING("") "f")};
    EXPECT(steps, "session 1\n" OPENED "< bytes f\nend 1\n");
}

static void behind_connect_http_starts_anew(void **state)
{
    (void)state;
    const struct step steps[] = {
        C("CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\n\r\n"),
        S("HTTP/1.1 407 Auth\r\nContent-Length: 2\r\n\r\nno"),
        C("CONNECT h:80 HTTP/1.1\r\nHost: h:80\r\nProxy-Authorization: x\r\n\r\n"),
        S("HTTP/1.1 200 Connection established\r\n\r\n"),
        C(REQUEST("")),
        S(SWITCHING("") "f"),
    };
    EXPECT(steps, "session 1\n"
                  "handshake 101 version=13 accept=ok method=GET target=/chat host=h "
                  "origin=http://h version_text=13 reason=Switching Protocols through_proxy\n"
                  "websocket 13 deflate=0\n< bytes f\nend 1\n");
}

static void behind_connect_tls_goes_to_its_decoder(void **state)
{
    (void)state;
    const struct step steps[] = {
        C("CONNECT h:443 HTTP/1.1\r\nHost: h\r\n\r\n\x16\x03\x01"),
        S("HTTP/1.0 200 OK\r\nContent-Length: 7\r\n\r\n"),
        S("\x16\x03\x03"),
    };
    EXPECT(steps, "tls\n> bytes \x16\x03\x01\n< bytes \x16\x03\x03\n");
}

static void an_absolute_form_through_a_proxy_is_an_upgrade(void **state)
{
    (void)state;
    const struct step steps[] = {
        C("GET http://h/chat HTTP/1.1\r\n" REQUEST_LINES "Origin: http://h\r\n\r\n"),
        S(SWITCHING(""))};
    EXPECT(steps, "session 1\nhandshake 101 version=13 accept=ok method=GET target=http://h/chat "
                  "host=h origin=http://h version_text=13 reason=Switching Protocols\n"
                  "websocket 13 deflate=0\nend 1\n");
}

static void a_client_that_was_taken_for_the_server_is_turned(void **state)
{
    (void)state;
    const struct step steps[] = {S(REQUEST("")), C(SWITCHING("") "f"), S("g")};
    EXPECT_MIDSTREAM(steps, "session 1\n" OPENED "> bytes g\n< bytes f\nend 1\n");
}

static bool is_wanted(const char *client, const char *server)
{
    struct world w;
    world_init(&w);
    struct stream *s = stream_new(&w.shared, &w.connection, true);
    struct chunk c = {.ts = 1, .pkt = 1, .dir = DIR_CLIENT_TO_SERVER};
    feed(s, c, client, strlen(client));
    c.b = bytes_of(server);
    c.dir = DIR_SERVER_TO_CLIENT;
    bool wanted = stream_data(s, &c);
    stream_close(s, &(struct session_end){.last_ts = 3});
    world_done(&w);
    return wanted;
}

static void what_can_hold_no_upgrade_is_given_up(void **state)
{
    (void)state;
    const char get[] = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
    assert_true(is_wanted(get, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"));
    assert_false(is_wanted(get, "HTTP/1.0 200 OK\r\n\r\nuntil the end"));
    assert_true(is_wanted("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: h2c\r\n\r\n",
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: h2c\r\n\r\n"));
    assert_true(is_wanted("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: TLS/1.0\r\n\r\n",
                          "HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.0\r\n\r\n"));
    assert_false(is_wanted("GET / HTTP/1.1\r\nHost: h\r\nUpgrade: other\r\n\r\n",
                           "HTTP/1.1 101 Switching Protocols\r\nUpgrade: other\r\n\r\n\1\2\3"));
    assert_false(is_wanted("SSH-2.0-client\r\n", "x"));
    assert_false(is_wanted("\1\2\3\r\n", "x"));
    assert_true(is_wanted("EHLO example.org\r\n", "x")); /* TLS may follow */
    assert_true(is_wanted("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", ""));
    assert_false(
        is_wanted("CONNECT h:22 HTTP/1.1\r\n\r\nSSH-2.0-client\r\n", "HTTP/1.1 200 OK\r\n\r\n"));
}

static void malformed_messages_end_the_following(void **state)
{
    (void)state;
    const struct step lengths[] = {
        C("POST /a HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n")};
    EXPECT(lengths, "> http.malformed: the length of a request's body contradicts itself; the "
                    "connection is not followed further\n");
    const struct step coding[] = {C("POST /a HTTP/1.1\r\nTransfer-Encoding: gzip\r\n\r\n")};
    EXPECT(coding, "> http.malformed: the length of a request's body contradicts itself; the "
                   "connection is not followed further\n");
    const struct step chunk[] = {
        C("POST /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n11111111111111111\r\n")};
    EXPECT(chunk, "> http.malformed: a chunk has no size; the connection is not followed "
                  "further\n");
    const struct step line[] = {C("GET / HTTP/1.1\r\n\r\n\x81\x05hello world")};
    EXPECT(line, "> http.malformed: not a start line; the connection is not followed further\n");
}

static void a_head_has_a_limit(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct stream *s = stream_new(&w.shared, &w.connection, true);
    struct chunk c = {.ts = 1, .pkt = 1, .dir = DIR_CLIENT_TO_SERVER};
    static const char start[] = "GET / HTTP/1.1\r\nX: ";
    char filler[1000];
    memset(filler, 'x', sizeof filler);
    feed(s, c, start, sizeof start - 1);
    for (int i = 0; i < 70; i++) {
        feed(s, c, filler, sizeof filler);
    }
    stream_close(s, &(struct session_end){.last_ts = 3});
    assert_string_equal(w.log.text, "> http.head.limit: more than 65536 bytes\n");
    world_done(&w);
}

static void raw_heads_are_given_when_asked_for(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    w.options.heads = true;
    const struct step steps[] = {C(REQUEST("")), S("HTTP/1.1 400 No\r\n\r\n")};
    converse(&w, steps, 2, (struct cut){SIZE_MAX, 0, false});
    assert_non_null(strstr(w.log.text, " request_head=" REQUEST("") " "));
    assert_non_null(strstr(w.log.text, " response_head=HTTP/1.1 400 No\r\n\r\n"));
    world_done(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_upgrade_hands_the_rest_of_both_directions_to_websocket),
        cmocka_unit_test(requests_before_the_upgrade_are_passed_over_with_their_bodies),
        cmocka_unit_test(the_answer_to_head_has_no_body),
        cmocka_unit_test(interim_answers_do_not_count),
        cmocka_unit_test(an_upgrade_may_be_pipelined_behind_other_requests),
        cmocka_unit_test(more_requests_than_the_queue_holds_wait_for_their_answers),
        cmocka_unit_test(folded_lines_and_bare_line_feeds_are_read),
        cmocka_unit_test(client_frames_before_the_answer_wait_for_it),
        cmocka_unit_test(client_frames_that_were_lost_before_the_answer_are_websockets_loss),
        cmocka_unit_test(an_answer_captured_before_its_request_waits_for_it),
        cmocka_unit_test(an_answer_without_its_request_still_opens_websocket),
        cmocka_unit_test(a_connection_picked_up_in_an_answer_is_followed),
        cmocka_unit_test(a_refused_upgrade_may_be_followed_by_another),
        cmocka_unit_test(an_upgrade_without_an_answer_is_incomplete),
        cmocka_unit_test(an_upgrade_whose_answer_was_lost_is_incomplete),
        cmocka_unit_test(frames_behind_a_lost_answer_are_read),
        cmocka_unit_test(a_client_that_is_captured_alone_is_read),
        cmocka_unit_test(a_client_is_read_once_too_much_of_it_waits),
        cmocka_unit_test(another_request_behind_a_lost_answer_begins_anew),
        cmocka_unit_test(after_a_loss_the_next_message_is_found),
        cmocka_unit_test(an_answer_that_fits_no_request_is_not_believed),
        cmocka_unit_test(a_loss_within_a_body_costs_nothing),
        cmocka_unit_test(behind_connect_http_starts_anew),
        cmocka_unit_test(behind_connect_tls_goes_to_its_decoder),
        cmocka_unit_test(an_absolute_form_through_a_proxy_is_an_upgrade),
        cmocka_unit_test(a_client_that_was_taken_for_the_server_is_turned),
        cmocka_unit_test(what_can_hold_no_upgrade_is_given_up),
        cmocka_unit_test(malformed_messages_end_the_following),
        cmocka_unit_test(a_head_has_a_limit),
        cmocka_unit_test(raw_heads_are_given_when_asked_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
