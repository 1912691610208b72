/* Messages and what each subprotocol says of them, whole, cut and broken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "decoders/subprotocols/json_members.h"
#include "decoders/subprotocols/subprotocol.h"

#include <stdio.h>
#include <stdlib.h>

#define BYTES(literal) ((struct bytes){(const uint8_t *)(literal), sizeof(literal) - 1})

static const struct subprotocol *named(const char *token)
{
    struct handshake h = {.subprotocol = bytes_of(token)};
    return subprotocol_of_handshake(&h);
}

static const struct subprotocol *at_path(const char *target)
{
    struct handshake h = {.target = bytes_of(target)};
    return subprotocol_of_handshake(&h);
}

/* "summary\n", then a line for each field, then why it is malformed. */
static void tell(const struct subprotocol *p, struct bytes unit, struct subprotocol_hint hint,
                 bool partial, char *out, size_t n)
{
    struct dissection *d = malloc(sizeof *d);
    assert_non_null(d);
    dissection_begin(d, partial);
    p->read(d, unit, &hint);
    size_t at = (size_t)snprintf(out, n, "%.*s\n", (int)d->summary_n, (const char *)d->summary);
    for (size_t i = 0; i < d->n && at < n; i++) {
        const struct dissection_field *f = &d->fields[i];
        at +=
            (size_t)snprintf(out + at, n - at, "%*s%.*s%s%.*s\n", f->depth * 2, "", (int)f->label.n,
                             (const char *)f->label.p, f->kind == FIELD_HEADING ? "" : ": ",
                             (int)f->value.n, (const char *)f->value.p);
    }
    if (d->wrong != NULL && at < n) {
        snprintf(out + at, n - at, "malformed: %s\n", d->wrong);
    }
    free(d);
}

/* The whole unit reads as expected; cut anywhere it is read to its end, and only as a part of one
 * it is not malformed. */
static void reads(const struct subprotocol *p, struct bytes unit, struct subprotocol_hint hint,
                  const char *expected)
{
    char told[4096];
    assert_non_null(p);
    tell(p, unit, hint, false, told, sizeof told);
    assert_string_equal(told, expected);
    for (size_t i = 0; i < unit.n; i++) {
        uint8_t *copy = malloc(i + 1); /* so that a sanitizer sees a step beyond the end */
        assert_non_null(copy);
        memcpy(copy, unit.p, i);
        tell(p, (struct bytes){copy, i}, hint, false, told, sizeof told);
        tell(p, (struct bytes){copy, i}, hint, true, told, sizeof told);
        assert_null(strstr(told, "malformed"));
        free(copy);
    }
}

static const struct subprotocol_hint text = {.text = true};
static const struct subprotocol_hint binary = {.text = false};

/*--- Which one ----------------------------------------------------------------------------------*/

static void a_subprotocol_is_known_by_its_token_its_path_or_its_first_message(void **state)
{
    (void)state;
    assert_string_equal(named("mqtt")->name, "MQTT");
    assert_string_equal(named("graphql-transport-ws")->name, "GraphQL");
    assert_string_equal(named("v12.stomp")->name, "STOMP");
    assert_null(named("chat"));
    assert_string_equal(at_path("/socket.io/?EIO=4&transport=websocket")->name, "Socket.IO");
    assert_string_equal(at_path("/echo/123/abcdefgh/websocket")->name, "SockJS");
    assert_null(at_path("/echo/12/abcdefgh/websocket"));
    assert_null(at_path("/EIO="));
    assert_string_equal(
        subprotocol_of_message(BYTES("{\"jsonrpc\":\"2.0\",\"method\":\"a\"}"))->name, "JSON-RPC");
    assert_string_equal(
        subprotocol_of_message(BYTES("{\"protocol\":\"json\",\"version\":1}\x1e"))->name,
        "SignalR");
    assert_null(subprotocol_of_message(BYTES("{\"hello\":1}")));
    assert_null(subprotocol_of_message((struct bytes){NULL, 0}));
}

static void a_token_that_is_not_known_is_not_guessed_at(void **state)
{
    (void)state;
    struct handshake h = {.subprotocol = BYTES("own"), .target = BYTES("/socket.io/?EIO=4")};
    assert_null(subprotocol_of_handshake(&h));
}

/*--- Those of JSON ------------------------------------------------------------------------------*/

static void graphql_names_type_operation_and_query(void **state)
{
    (void)state;
    reads(named("graphql-ws"),
          BYTES("{\"id\":\"8da83368-6043\",\"type\":\"subscribe\","
                "\"payload\":{\"query\":\"{ tick }\"}}"),
          text,
          "subscribe 8da83368 { tick }\n"
          "id: 8da83368-6043\ntype: subscribe\npayload: {\"query\":\"{ tick }\"}\n");
    reads(named("graphql-ws"), BYTES("[1]"), text, "\nmalformed: a JSON object is expected\n");
}

static void json_rpc_tells_requests_notifications_answers_and_batches(void **state)
{
    const struct subprotocol *p = subprotocol_of_message(BYTES("{\"jsonrpc\":\"2.0\"}"));
    (void)state;
    reads(p, BYTES("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"add\",\"params\":[1,2]}"), text,
          "request 7 add [1,2]\njsonrpc: 2.0\nid: 7\nmethod: add\nparams: [1,2]\n");
    reads(p, BYTES("{\"jsonrpc\":\"2.0\",\"method\":\"tick\"}"), text,
          "notification tick\njsonrpc: 2.0\nmethod: tick\n");
    reads(p, BYTES("{\"jsonrpc\":\"2.0\",\"id\":7,\"error\":{\"code\":-1,\"message\":\"no\"}}"),
          text, "error 7 no\njsonrpc: 2.0\nid: 7\nerror: {\"code\":-1,\"message\":\"no\"}\n");
    reads(p, BYTES("[{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":3}]"), text,
          "response 7 3\nOf a batch\n  jsonrpc: 2.0\n  id: 7\n  result: 3\n");
}

static void ocpp_names_calls_results_and_errors(void **state)
{
    (void)state;
    reads(named("ocpp1.6"), BYTES("[2,\"c1\",\"Heartbeat\",{}]"), text,
          "CALL Heartbeat {}\nCALL\n  Type: 2\n  Id: c1\n  Action: Heartbeat\n  Payload: {}\n");
    reads(named("ocpp2.0.1"), BYTES("[3, \"c1\", {\"a\" : 1}]"), text,
          "CALLRESULT c1 {\"a\" : 1}\nCALLRESULT\n  Type: 3\n  Id: c1\n  Payload: {\"a\" : 1}\n");
    reads(named("ocpp1.6"), BYTES("[4,\"c1\",\"NotSupported\",\"sorry\",{}]"), text,
          "CALLERROR c1 NotSupported sorry\nCALLERROR\n  Type: 4\n  Id: c1\n"
          "  Error code: NotSupported\n  Description: sorry\n  Details: {}\n");
    reads(named("ocpp1.6"), BYTES("[9,\"c1\"]"), text,
          "\nmalformed: the message type is not known\n");
}

static void wamp_names_the_type_and_leaves_options_out_of_the_summary(void **state)
{
    (void)state;
    reads(named("wamp.2.json"), BYTES("[48,713,{\"x\":1},\"com.add\",[23,7]]"), text,
          "CALL 713 com.add [23,7]\nCALL\n  Type: 48\n  Request: 713\n  Options: {\"x\":1}\n"
          "  Procedure: com.add\n  Arguments: [23,7]\n");
    reads(named("wamp.2.json"), BYTES("[7]"), text, "\nmalformed: the message type is not known\n");
}

static void signalr_reads_every_record_of_a_message(void **state)
{
    (void)state;
    reads(subprotocol_of_message(BYTES("{\"protocol\":\"json\"}\x1e")),
          BYTES("{\"type\":6}\x1e{\"type\":1,\"target\":\"Say\",\"arguments\":[\"hi\"]}\x1e"), text,
          "Ping Invocation Say [\"hi\"]\nPing\n  type: 6\nInvocation\n  type: 1\n  target: Say\n"
          "  arguments: [\"hi\"]\n");
}

static void sockjs_opens_arrays_and_closes(void **state)
{
    const struct subprotocol *p = at_path("/e/000/s/websocket");
    (void)state;
    reads(p, BYTES("o"), text, "open\nopen\n");
    reads(p, BYTES("a[\"one\",\"two\"]"), text,
          "messages \"one\" \"two\"\nmessages\n  Message: one\n  Message: two\n");
    reads(p, BYTES("[\"mine\"]"), text, "messages \"mine\"\nmessages\n  Message: mine\n");
    reads(p, BYTES("c[3000,\"Go away!\"]"), text,
          "close 3000 Go away!\nclose\n  Code: 3000\n  Reason: Go away!\n");
}

static void socketio_reads_both_layers(void **state)
{
    const struct subprotocol *p = at_path("/socket.io/?EIO=4");
    (void)state;
    reads(p, BYTES("2probe"), text, "ping probe\nEngine.IO packet: 2 (ping)\nData: probe\n");
    reads(p, BYTES("42/chat,17[\"say\",\"hello\"]"), text,
          "EVENT /chat say \"hello\" ack 17\nEngine.IO packet: 4 (message)\nEVENT\n"
          "  Namespace: /chat\n  Ack id: 17\n  Event: say\n  Arguments: [\"say\",\"hello\"]\n");
    reads(p, BYTES("451-[\"bytes\",{\"_placeholder\":true,\"num\":0}]"), text,
          "BINARY_EVENT bytes {\"_placeholder\":true,\"num\":0}\nEngine.IO packet: 4 (message)\n"
          "BINARY_EVENT\n  Attachments: 1\n  Event: bytes\n"
          "  Arguments: [\"bytes\",{\"_placeholder\":true,\"num\":0}]\n");
    reads(p, BYTES("\x01\x02"), binary, "attachment\nAttachment: \x01\x02\n");
    reads(p, BYTES("x"), text, "\nmalformed: no Engine.IO packet begins so\n");
}

/*--- Others -------------------------------------------------------------------------------------*/

static void a_stomp_body_of_a_given_length_may_hold_a_nul(void **state)
{
    struct dissection *d = malloc(sizeof *d);
    struct subprotocol_hint hint = {.text = true};
    (void)state;
    assert_non_null(d);
    dissection_begin(d, false);
    named("v12.stomp")->read(d, BYTES("SEND\ncontent-length:3\n\na\0b\0"), &hint);
    assert_null(d->wrong);
    assert_int_equal(d->n, 3);
    assert_int_equal(d->fields[2].value.n, 3);
    free(d);
}

static void stomp_frames_follow_each_other(void **state)
{
    const struct subprotocol *p = named("v12.stomp");
    (void)state;
    reads(p, BYTES("\n"), text, "heartbeat\nheartbeat\n");
    reads(p, BYTES("RECEIPT\r\nreceipt-id:7\r\n\r\n\0\nDISCONNECT\n\n\0"), text,
          "RECEIPT 7 DISCONNECT\nRECEIPT\n  receipt-id: 7\nDISCONNECT\n");
    reads(p, BYTES("SEND\ndestination:/q\n\nbody"), text,
          "SEND /q body\nSEND\n  destination: /q\n  Body: body\n"
          "malformed: the frame does not end in NUL\n");
}

static void kubernetes_names_the_channel(void **state)
{
    const struct subprotocol *p = named("v5.channel.k8s.io");
    (void)state;
    reads(p, BYTES("\x02oops"), binary, "stderr oops\nChannel: 2 (stderr)\nData: oops\n");
    reads(p, BYTES("\xff\x01"), binary, "close of stdout\nCloses channel: 1 (stdout)\n");
    reads(named("base64.channel.k8s.io"), BYTES("1aGk="), text,
          "stdout aGk=\nChannel: 1 (stdout)\nData: aGk=\n");
}

/*--- MQTT ---------------------------------------------------------------------------------------*/

static const struct subprotocol_hint mqtt5 = {
    .opening = {(const uint8_t *)"\x10\x0f\0\4MQTT\5\2\0\x3c\0\0\2me", 17}};

static void mqtt_reads_a_connect_with_its_will(void **state)
{
    (void)state;
    reads(named("mqtt"), BYTES("\x10\x20\0\4MQTT\4\xc6\0\x3c\0\2me\0\4will\0\4gone\0\1u\0\1p"),
          binary,
          "CONNECT me\nCONNECT\n  Protocol: MQTT\n  Level: 4 (MQTT 3.1.1)\n"
          "  Flags: 198 (clean start)\n  Keep alive: 60\n  Client id: me\n  Will topic: will\n"
          "  Will: gone\n  User name: u\n  Password: p\n");
}

static void mqtt_reads_every_packet_of_a_message(void **state)
{
    (void)state;
    reads(named("mqtt"), BYTES("\x20\2\0\5\x32\7\0\1t\0\x0ahi\x40\2\0\x0a\xc0\0"), binary,
          "CONNACK not authorized PUBLISH t hi PUBACK PINGREQ\n"
          "CONNACK\n  Session present: 0 (no)\n  Code: 5 (not authorized)\n"
          "PUBLISH\n  Topic: t\n  QoS: 1 (at least once)\n  Packet id: 10\n  Payload: hi\n"
          "PUBACK\n  Packet id: 10\nPINGREQ\n");
    reads(named("mqtt"), BYTES("\x82\6\0\1\0\1#\1\x90\3\0\1\x80"), binary,
          "SUBSCRIBE # SUBACK unspecified error\nSUBSCRIBE\n  Packet id: 1\n  Topic filter: #\n"
          "    Options: 1 (QoS 1)\nSUBACK\n  Packet id: 1\n  Code: 128 (unspecified error)\n");
}

static void mqtt_5_has_properties_and_reasons(void **state)
{
    (void)state;
    reads(named("mqtt"), BYTES("\x30\x16\0\1t\x10\3\0\4text\x26\0\1k\0\1v\1\1hi"), mqtt5,
          "PUBLISH t hi\nPUBLISH\n  Topic: t\n  QoS: 0 (at most once)\n  Properties\n"
          "    Content type: text\n    k: v\n    Payload format: 1\n  Payload: hi\n");
    reads(named("mqtt"), BYTES("\xe0\1\x8d"), mqtt5,
          "DISCONNECT keep alive timeout\nDISCONNECT\n  Reason: 141 (keep alive timeout)\n");
    reads(named("mqtt"), BYTES("\xe0\1\xfe"), mqtt5,
          "DISCONNECT unknown reason\nDISCONNECT\n  Reason: 254\n");
    reads(named("mqtt"), BYTES("\x30\6\0\1t\2\x7f\1"), mqtt5,
          "PUBLISH t\nPUBLISH\n  Topic: t\n  QoS: 0 (at most once)\n  Properties\n  Payload: \n"
          "malformed: a property is not known\n");
}

static void mqtt_that_is_none_is_said_to_be_malformed(void **state)
{
    (void)state;
    reads(named("mqtt"), BYTES("\x06\2\0\1"), binary, "\nmalformed: no packet begins so\n");
    reads(named("mqtt"), BYTES("\x40\1\7"), binary,
          "PUBACK\nPUBACK\nmalformed: a field is longer than the packet\n");
}

/*--- Units of a stream --------------------------------------------------------------------------*/

/* A message of `len` bytes that begins so. */
static uint32_t track(struct subprotocol_track *t, enum dir dir, struct bytes body, uint64_t len)
{
    struct message m = {.opcode = 2, .flags = MESSAGE_FINISHED, .len = len, .body = body};
    return subprotocol_track_message(t, named("mqtt"), dir, &m);
}

/* Feeds messages parted by '|' and returns what was said of each. */
static void units(const char *hex_messages, const char *expected)
{
    struct subprotocol_track t = {.opening_n = 0};
    char told[256] = "";
    uint8_t body[64];
    size_t n = 0;
    for (const char *p = hex_messages;; p++) {
        if (*p == '|' || *p == '\0') {
            uint32_t before = track(&t, DIR_CLIENT_TO_SERVER, (struct bytes){body, n}, n);
            snprintf(told + strlen(told), sizeof told - strlen(told), "%u ", before);
            n = 0;
        } else if (*p != ' ') {
            unsigned byte;
            assert_int_equal(sscanf(p, "%2x", &byte), 1);
            body[n++] = (uint8_t)byte;
            p++;
        }
        if (*p == '\0') {
            break;
        }
    }
    assert_string_equal(told, expected);
}

static void a_stream_tells_where_the_unit_of_a_message_begins(void **state)
{
    (void)state;
    units("c000|c000", "0 0 ");
    units("30|05|0001|74|6869|c000", "0 1 2 4 5 0 ");
    units("c000 30 05 00|01 74 68|69 c000|c000", "0 3 6 0 ");
    units("30 80|01|00 01", "0 2 3 ");
}

static void what_begins_no_unit_is_passed_over_until_the_next_message(void **state)
{
    (void)state;
    units("00 01 02|c000", "0 0 ");
    units("c0 80 80 80 80 80|c000", "0 0 ");
}

static void lost_bytes_make_the_next_message_a_beginning(void **state)
{
    struct subprotocol_track t = {.opening_n = 0};
    struct message hole = {.opcode = 2, .flags = MESSAGE_DAMAGED, .len = 2, .body = BYTES("\0\1")};
    (void)state;
    assert_int_equal(track(&t, DIR_SERVER_TO_CLIENT, BYTES("\x30\x7f"), 2), 0);
    assert_int_equal(subprotocol_track_message(&t, named("mqtt"), DIR_SERVER_TO_CLIENT, &hole),
                     SUBPROTOCOL_NOT_ALIGNED);
    assert_int_equal(track(&t, DIR_SERVER_TO_CLIENT, BYTES("\xd0\0"), 2), 0);
}

static void the_rest_of_a_body_that_is_cut_is_passed_over_within_a_unit(void **state)
{
    struct subprotocol_track t = {.opening_n = 0};
    (void)state;
    assert_int_equal(track(&t, DIR_SERVER_TO_CLIENT, BYTES("\x30\x7f\0\1"), 100), 0);
    assert_int_equal(track(&t, DIR_SERVER_TO_CLIENT, BYTES("ab"), 29), 100); /* to its end */
    assert_int_equal(track(&t, DIR_SERVER_TO_CLIENT, BYTES("\x30\x7f\0\1"), 200), 0);
    assert_int_equal(track(&t, DIR_SERVER_TO_CLIENT, BYTES("\xd0\0"), 2),
                     0); /* more than one was cut */
}

/*--- JSON ---------------------------------------------------------------------------------------*/

static void members_are_found_whatever_stands_in_strings(void **state)
{
    struct bytes b = BYTES("{ \"a,\\\"}\" : \"x]}\" , \"b\":[{\"b\":1},2] ,\"c\":true}");
    (void)state;
    assert_memory_equal(json_member(b, "b").p, "[{\"b\":1},2]", 11);
    assert_memory_equal(json_member(b, "c").p, "true", 4);
    assert_int_equal(json_member(b, "c").n, 4);
    assert_memory_equal(json_unquoted(json_member(b, "a,\\\"}")).p, "x]}", 3);
    assert_int_equal(json_member(b, "d").n, 0);
    assert_int_equal(json_element(BYTES("[1, 2 ,3]"), 1).n, 1);
    assert_int_equal(json_element(BYTES("[1,2"), 1).n, 0);
    assert_int_equal(json_element(BYTES("{}"), 0).n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_subprotocol_is_known_by_its_token_its_path_or_its_first_message),
        cmocka_unit_test(a_token_that_is_not_known_is_not_guessed_at),
        cmocka_unit_test(graphql_names_type_operation_and_query),
        cmocka_unit_test(json_rpc_tells_requests_notifications_answers_and_batches),
        cmocka_unit_test(ocpp_names_calls_results_and_errors),
        cmocka_unit_test(wamp_names_the_type_and_leaves_options_out_of_the_summary),
        cmocka_unit_test(signalr_reads_every_record_of_a_message),
        cmocka_unit_test(sockjs_opens_arrays_and_closes),
        cmocka_unit_test(socketio_reads_both_layers),
        cmocka_unit_test(a_stomp_body_of_a_given_length_may_hold_a_nul),
        cmocka_unit_test(stomp_frames_follow_each_other),
        cmocka_unit_test(kubernetes_names_the_channel),
        cmocka_unit_test(mqtt_reads_a_connect_with_its_will),
        cmocka_unit_test(mqtt_reads_every_packet_of_a_message),
        cmocka_unit_test(mqtt_5_has_properties_and_reasons),
        cmocka_unit_test(mqtt_that_is_none_is_said_to_be_malformed),
        cmocka_unit_test(a_stream_tells_where_the_unit_of_a_message_begins),
        cmocka_unit_test(what_begins_no_unit_is_passed_over_until_the_next_message),
        cmocka_unit_test(lost_bytes_make_the_next_message_a_beginning),
        cmocka_unit_test(the_rest_of_a_body_that_is_cut_is_passed_over_within_a_unit),
        cmocka_unit_test(members_are_found_whatever_stands_in_strings),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
