// The opening handshake: each check H1 to H16 and S1 to S12, what it exposes, what is negotiated.
#include "harness.h"

#define UP "Upgrade: websocket\r\n"
#define CO "Connection: Upgrade\r\n"
#define VE "Sec-WebSocket-Version: 13\r\n"
#define OR "Origin: http://h\r\n"
#define HO "Host: h\r\n"
#define ANSWER "HTTP/1.1 101 Switching Protocols\r\n"

// What a handshake says beyond its events: the findings, and what WebSocket is opened with.
static void said(const char *log, char *out, size_t size)
{
    size_t n = 0;
    while (*log != '\0') {
        size_t line = strcspn(log, "\n") + 1;
        bool bytes = strstr(log, " bytes ") == log + 1;
        if (((log[0] == '>' || log[0] == '<') && !bytes) || log[0] == 'w') {
            assert_true(line < size - n);
            memcpy(out + n, log, line);
            n += line;
        }
        log += line;
    }
    out[n] = '\0';
}

static void converse_and_expect(struct world *w, const char *request, const char *answer,
                                const char *expected)
{
    char out[4096];
    const struct step steps[] = {C(request), S(answer)};
    w->log.n = 0;
    w->log.text[0] = '\0';
    converse(w, steps, 2, (struct cut){SIZE_MAX, 0, false});
    said(w->log.text, out, sizeof out);
    assert_string_equal(out, expected);
}

static void expect(const char *request, const char *answer, const char *expected)
{
    struct world w;
    world_init(&w);
    converse_and_expect(&w, request, answer, expected);
    world_done(&w);
}

#define OPEN "websocket 13 deflate=0\n"

static void a_handshake_in_good_order_has_no_findings(void **state)
{
    (void)state;
    expect(REQUEST(""), SWITCHING(""), OPEN);
    expect("GET /chat HTTP/1.1\r\nhost: h\r\nupgrade: WebSocket\r\nconnection: keep-alive, "
           "UPGRADE\r\nsec-websocket-key:dGhlIHNhbXBsZSBub25jZQ==  \r\nsec-websocket-version:13\r\n"
           "origin: http://H:80\r\ncookie: a=b\r\n\r\n",
           "HTTP/1.1 101\r\nUPGRADE: WEBSOCKET\r\nconnection: foo, upgrade\r\n"
           "sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo= \r\n\r\n",
           "> security.plain.cookie\n" OPEN);
}

static void the_method_is_get(void **state)
{
    (void)state;
    expect("POST / HTTP/1.1\r\n" REQUEST_LINES OR "\r\n", SWITCHING(""),
           "> ws.handshake.method: POST\n" OPEN);
}

static void the_http_version_is_1_1(void **state)
{
    (void)state;
    expect("GET / HTTP/1.0\r\n" REQUEST_LINES OR "\r\n", SWITCHING(""),
           "> ws.handshake.http_version: HTTP/1.0\n" OPEN);
}

static void the_target_is_a_path_or_names_the_host(void **state)
{
    (void)state;
    expect("GET http://h:80/a?b HTTP/1.1\r\n" REQUEST_LINES OR "\r\n", SWITCHING(""), OPEN);
    expect("GET http://other/ HTTP/1.1\r\n" REQUEST_LINES OR "\r\n", SWITCHING(""),
           "> ws.handshake.target: it names another host than Host\n" OPEN);
    expect("GET https://h:80/ HTTP/1.1\r\n" REQUEST_LINES OR "\r\n", SWITCHING(""),
           "> ws.handshake.target: it names another host than Host\n" OPEN);
    expect("GET ws://h/ HTTP/1.1\r\n" REQUEST_LINES OR "\r\n", SWITCHING(""),
           "> ws.handshake.target: its scheme is neither http nor https\n" OPEN);
    expect("GET /a#b HTTP/1.1\r\n" REQUEST_LINES OR "\r\n", SWITCHING(""),
           "> ws.handshake.target: it has a fragment\n" OPEN);
    expect("GET * HTTP/1.1\r\n" REQUEST_LINES OR "\r\n", SWITCHING(""),
           "> ws.handshake.target: it is neither a path nor a URI\n" OPEN);
}

static void there_is_exactly_one_host(void **state)
{
    (void)state;
    expect("GET / HTTP/1.1\r\n" UP CO KEY VE OR "\r\n", SWITCHING(""),
           "> ws.handshake.host: it is missing\n" OPEN);
    expect("GET / HTTP/1.1\r\n" HO REQUEST_LINES OR "\r\n", SWITCHING(""),
           "> ws.handshake.host: it appears more than once\n" OPEN);
}

static void upgrade_holds_websocket(void **state)
{
    (void)state;
    expect("GET / HTTP/1.1\r\n" HO "Upgrade: h2c, WebSocket\r\n" CO KEY VE OR "\r\n", SWITCHING(""),
           OPEN);
    expect("GET / HTTP/1.1\r\n" HO CO KEY VE OR "\r\n", SWITCHING(""),
           "> ws.handshake.upgrade: it is missing\n" OPEN);
    expect("GET / HTTP/1.1\r\n" HO "Upgrade: websockets\r\n" CO KEY VE OR "\r\n", SWITCHING(""),
           "> ws.handshake.upgrade\n" OPEN);
}

static void connection_holds_upgrade(void **state)
{
    (void)state;
    expect("GET / HTTP/1.1\r\n" HO UP "Connection: a\r\nConnection: upgrade\r\n" KEY VE OR "\r\n",
           SWITCHING(""), OPEN);
    expect("GET / HTTP/1.1\r\n" HO UP KEY VE OR "\r\n", SWITCHING(""),
           "> ws.handshake.connection: it is missing\n" OPEN);
    expect("GET / HTTP/1.1\r\n" HO UP "Connection: close\r\n" KEY VE OR "\r\n", SWITCHING(""),
           "> ws.handshake.connection\n" OPEN);
}

static void the_key_decodes_to_16_bytes(void **state)
{
    (void)state;
    expect("GET / HTTP/1.1\r\n" HO UP CO VE OR "\r\n", SWITCHING(""),
           "> ws.handshake.key: it is missing\n"
           "< ws.response.accept: the request had no key\n" OPEN);
    expect("GET / HTTP/1.1\r\n" HO UP CO "Sec-WebSocket-Key: dGhlIHNhbXBsZQ==\r\n" VE OR "\r\n",
           ANSWER UP CO "Sec-WebSocket-Accept: x\r\n\r\n",
           "> ws.handshake.key: it does not decode to 16 bytes\n"
           "< ws.response.accept: it does not answer the key\n" OPEN);
    // The spare bits of its last digit are set; this is the RFC's own example.
    expect("GET / HTTP/1.1\r\n" HO UP CO "Sec-WebSocket-Key: AQIDBAUGBwgJCgsMDQ4PEC==\r\n" VE OR
           "\r\n",
           ANSWER UP CO "Sec-WebSocket-Accept: OfS0wDaT5NoxF2gqm7Zj2YtetzM=\r\n\r\n", OPEN);
}

static void the_key_appears_once(void **state)
{
    (void)state;
    expect(REQUEST(KEY), SWITCHING(""), "> ws.handshake.key.twice\n" OPEN);
}

static void a_key_is_not_used_again(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    converse_and_expect(&w, REQUEST(""), SWITCHING(""), OPEN);
    converse_and_expect(&w, REQUEST(""), SWITCHING(""), "> ws.handshake.key.repeated\n" OPEN);
    world_done(&w);
}

static void a_key_that_a_proxy_passes_on_is_not_used_again(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct connection behind = w.connection;
    behind.server.port = 8080;
    struct stream *front = stream_new(&w.shared, &w.connection, true);
    struct stream *back = stream_new(&w.shared, &behind, true);
    struct chunk c = {.ts = 1, .pkt = 1, .dir = DIR_CLIENT_TO_SERVER};
    feed(front, c, REQUEST(""), strlen(REQUEST("")));
    feed(back, c, REQUEST(""), strlen(REQUEST("")));
    stream_close(back, &(struct session_end){.last_ts = 2});
    stream_close(front, &(struct session_end){.last_ts = 2});
    assert_null(strstr(w.log.text, "key.repeated"));
    world_done(&w);
}

static void the_version_is_13(void **state)
{
    (void)state;
    static const char *const lines[][2] = {
        {"", "> ws.handshake.version: it is missing\n" OPEN},
        {"Sec-WebSocket-Version: 013\r\n",
         "> ws.handshake.version: it is not a number from 0 to 255\n" OPEN},
        {"Sec-WebSocket-Version: 256\r\n",
         "> ws.handshake.version: it is not a number from 0 to 255\n" OPEN},
        {VE VE, "> ws.handshake.version: it appears more than once\n" OPEN},
        {"Sec-WebSocket-Version: 8\r\n",
         "> ws.version.draft: hybi-08 to hybi-12\nwebsocket 8 deflate=0\n"},
        {"Sec-WebSocket-Version: 7\r\n", "> ws.version.draft: hybi-07\nwebsocket 7 deflate=0\n"},
        {"Sec-WebSocket-Version: 14\r\n",
         "> ws.handshake.version: version 14\nwebsocket 13 deflate=0\n"},
        {"Sec-WebSocket-Version: 6\r\n", "> ws.version.draft: hybi-06\nwebsocket 6 deflate=0\n"},
    };
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        char request[512];
        snprintf(request, sizeof request, "GET / HTTP/1.1\r\n" HO UP CO KEY OR "%s\r\n",
                 lines[i][0]);
        expect(request, SWITCHING(""), lines[i][1]);
    }
}

static void a_strange_version_with_a_wrong_accept_is_not_read(void **state)
{
    (void)state;
    expect("GET / HTTP/1.1\r\n" HO UP CO KEY "Sec-WebSocket-Version: 99\r\n" OR "\r\n",
           ANSWER UP CO "Sec-WebSocket-Accept: x\r\n\r\n",
           "> ws.handshake.version: version 99\n"
           "< ws.response.accept: it does not answer the key\n");
}

static void subprotocols_are_unique_tokens(void **state)
{
    (void)state;
    const char *chosen = SWITCHING("Sec-WebSocket-Protocol: a\r\n");
    expect(REQUEST("Sec-WebSocket-Protocol: a\r\nSec-WebSocket-Protocol: b , c\r\n"), chosen, OPEN);
    expect(REQUEST("Sec-WebSocket-Protocol: a, b, a\r\n"), chosen,
           "> ws.handshake.protocol: name 3 is the same as name 1\n" OPEN);
    expect(REQUEST("Sec-WebSocket-Protocol: a, b c\r\n"), chosen,
           "> ws.handshake.protocol: name 2 is not a token\n" OPEN);
    expect(REQUEST("Sec-WebSocket-Protocol:\r\n"), SWITCHING(""),
           "> ws.handshake.protocol: it is empty\n" OPEN);
}

static void extensions_fit_their_grammar(void **state)
{
    (void)state;
    expect(REQUEST("Sec-WebSocket-Extensions: permessage-deflate; a=\"b\", bbf-usp-protocol\r\n"),
           SWITCHING(""), OPEN);
    expect(REQUEST("Sec-WebSocket-Extensions: permessage-deflate; a=\"b c\"\r\n"), SWITCHING(""),
           "> ws.handshake.extensions: extension 1\n" OPEN);
    expect(REQUEST("Sec-WebSocket-Extensions: permessage-deflate;\r\n"), SWITCHING(""),
           "> ws.handshake.extensions: extension 1\n" OPEN);
    expect(REQUEST("Sec-WebSocket-Extensions: ,\r\n"), SWITCHING(""),
           "> ws.handshake.extensions: it is empty\n" OPEN);
}

static void extension_names_are_registered(void **state)
{
    (void)state;
    expect(REQUEST("Sec-WebSocket-Extensions: x-webkit-deflate-frame\r\n"), SWITCHING(""),
           "> ws.handshake.extension.unregistered: x-webkit-deflate-frame\n" OPEN);
}

static void the_client_waits_for_the_answer(void **state)
{
    (void)state;
    expect(REQUEST("") "early", SWITCHING(""), "> ws.handshake.early_data: in packet 1\n" OPEN);
    expect(REQUEST("") "GET / HTTP/1.1\r\n\r\n", "HTTP/1.1 400 No\r\n\r\n",
           "< ws.handshake.refused: status 400\n");
}

static void a_client_connects_once_at_a_time(void **state)
{
    (void)state;
    struct world w;
    world_init(&w);
    struct stream *first = stream_new(&w.shared, &w.connection, true);
    struct stream *second = stream_new(&w.shared, &w.connection, true);
    struct chunk c = {.ts = 1, .pkt = 1, .dir = DIR_CLIENT_TO_SERVER};
    feed(first, c, REQUEST(""), strlen(REQUEST("")));
    assert_null(strstr(w.log.text, "concurrent"));
    feed(second, c, REQUEST(""), strlen(REQUEST("")));
    assert_non_null(strstr(w.log.text, "> ws.handshake.concurrent\n"));
    stream_close(first, &(struct session_end){.last_ts = 2});
    stream_close(second, &(struct session_end){.last_ts = 2});
    converse_and_expect(&w, REQUEST(""), SWITCHING(""), "> ws.handshake.key.repeated\n" OPEN);
    world_done(&w);
}

static void any_status_but_101_is_a_refusal(void **state)
{
    (void)state;
    expect(REQUEST(""), "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
           "< ws.handshake.refused: status 200\n");
    expect(REQUEST(""), "HTTP/1.1 302 Found\r\nLocation: /\r\nContent-Length: 0\r\n\r\n",
           "< ws.handshake.refused: status 302\n");
}

static void the_answers_upgrade_is_websocket(void **state)
{
    (void)state;
    expect(REQUEST(""), ANSWER CO ACCEPT "\r\n", "< ws.response.upgrade: it is missing\n" OPEN);
    expect(REQUEST(""), ANSWER "Upgrade: websocket, h2c\r\n" CO ACCEPT "\r\n",
           "< ws.response.upgrade\n" OPEN);
}

static void the_answers_connection_holds_upgrade(void **state)
{
    (void)state;
    expect(REQUEST(""), ANSWER UP ACCEPT "\r\n", "< ws.response.connection: it is missing\n" OPEN);
    expect(REQUEST(""), ANSWER UP "Connection: close\r\n" ACCEPT "\r\n",
           "< ws.response.connection\n" OPEN);
}

static void accept_answers_the_key(void **state)
{
    (void)state;
    expect(REQUEST(""), ANSWER UP CO "\r\n", "< ws.response.accept: it is missing\n" OPEN);
    expect(REQUEST(""), SWITCHING(ACCEPT),
           "< ws.response.accept: it appears more than once\n" OPEN);
    expect(REQUEST(""), ANSWER UP CO "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n",
           "< ws.response.accept: it does not answer the key\n" OPEN);
}

static void a_chosen_extension_was_offered(void **state)
{
    (void)state;
    expect(REQUEST(""), SWITCHING("Sec-WebSocket-Extensions: permessage-deflate\r\n"),
           "< ws.response.extension: permessage-deflate\nwebsocket 13 deflate=1\n");
    expect(REQUEST("Sec-WebSocket-Extensions: permessage-deflate\r\n"),
           SWITCHING("Sec-WebSocket-Extensions: x-foo\r\n"),
           "< ws.response.extension: x-foo\n< ws.extension.unknown: x-foo\n"
           "websocket 13 deflate=0 other\n");
}

// One case of negotiation: offer, answer, what is said about it, how WebSocket is opened.
static const char *const negotiations[][4] = {
    {"permessage-deflate", "permessage-deflate", "", ""},
    {"permessage-deflate; client_max_window_bits",
     "permessage-deflate; client_max_window_bits=10; server_max_window_bits=\"9\"", "", ""},
    {"permessage-deflate; server_no_context_takeover",
     "permessage-deflate; server_no_context_takeover; client_no_context_takeover", "",
     " client_no_context_takeover server_no_context_takeover"},
    {"permessage-deflate; server_no_context_takeover", "permessage-deflate",
     "server_no_context_takeover was asked for and not granted", ""},
    {"permessage-deflate; server_no_context_takeover, permessage-deflate", "permessage-deflate", "",
     ""},
    {"permessage-deflate; server_max_window_bits=10",
     "permessage-deflate; server_max_window_bits=11",
     "server_max_window_bits is larger than was asked for", ""},
    {"permessage-deflate; server_max_window_bits=10", "permessage-deflate",
     "server_max_window_bits was asked for and not granted", ""},
    {"permessage-deflate", "permessage-deflate; client_max_window_bits=10",
     "client_max_window_bits was not offered", ""},
    {"permessage-deflate; client_max_window_bits", "permessage-deflate; client_max_window_bits",
     "client_max_window_bits has no value", ""},
    {"permessage-deflate", "permessage-deflate; server_max_window_bits",
     "server_max_window_bits has no value", ""},
    {"permessage-deflate", "permessage-deflate; server_max_window_bits=08",
     "server_max_window_bits is not 8 to 15", ""},
    {"permessage-deflate", "permessage-deflate; server_max_window_bits=16",
     "server_max_window_bits is not 8 to 15", ""},
    {"permessage-deflate", "permessage-deflate; server_no_context_takeover=1",
     "server_no_context_takeover has a value", " server_no_context_takeover"},
    {"permessage-deflate",
     "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
     "client_no_context_takeover appears twice", " client_no_context_takeover"},
    {"permessage-deflate", "permessage-deflate; foo", "foo is unknown", ""},
    {"permessage-deflate; server_max_window_bits=99", "permessage-deflate",
     "the offer it answers is not legal", ""},
    {"permessage-deflate", "permessage-deflate, permessage-deflate",
     "permessage-deflate was chosen twice", ""},
    {"permessage-deflate", "permessage-deflate; =", "permessage-deflate does not fit the grammar",
     NULL},
};

static void extension_parameters_answer_the_offer(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof negotiations / sizeof negotiations[0]; i++) {
        const char *const *n = negotiations[i];
        char request[512], answer[512], expected[512];
        snprintf(request, sizeof request,
                 "GET / HTTP/1.1\r\n" REQUEST_LINES OR "Sec-WebSocket-Extensions: %s\r\n\r\n",
                 n[0]);
        snprintf(answer, sizeof answer, ANSWER UP CO ACCEPT "Sec-WebSocket-Extensions: %s\r\n\r\n",
                 n[1]);
        if (n[3] == NULL) {
            // Two complaints about one thing: the grammar, and the parameter without a name.
            snprintf(expected, sizeof expected,
                     "< ws.response.extension.parameter: %s\n"
                     "< ws.response.extension.parameter:  is unknown\nwebsocket 13 deflate=1\n",
                     n[2]);
        } else {
            snprintf(expected, sizeof expected, "%s%s%swebsocket 13 deflate=1%s\n",
                     n[2][0] != '\0' ? "< ws.response.extension.parameter: " : "", n[2],
                     n[2][0] != '\0' ? "\n" : "", n[3]);
        }
        expect(request, answer, expected);
    }
}

static void a_chosen_subprotocol_was_offered(void **state)
{
    (void)state;
    const char *request = REQUEST("Sec-WebSocket-Protocol: chat, superchat\r\n");
    expect(request, SWITCHING("Sec-WebSocket-Protocol: superchat\r\n"), OPEN);
    expect(request, SWITCHING("Sec-WebSocket-Protocol: Chat\r\n"),
           "< ws.response.protocol: Chat was not offered\n" OPEN);
    expect(request, SWITCHING("Sec-WebSocket-Protocol: chat, superchat\r\n"),
           "< ws.response.protocol: it is not one name\n" OPEN);
    expect(request,
           SWITCHING("Sec-WebSocket-Protocol: chat\r\nSec-WebSocket-Protocol: superchat\r\n"),
           "< ws.response.protocol: it is not one name\n" OPEN);
    expect(REQUEST(""), SWITCHING("Sec-WebSocket-Protocol: chat\r\n"),
           "< ws.response.protocol: chat was not offered\n" OPEN);
    expect(REQUEST(""), SWITCHING("Sec-WebSocket-Protocol: bearer.abcdef\r\n"),
           "< ws.response.protocol: it was not offered\n" OPEN);
}

static void an_empty_subprotocol_is_not_none(void **state)
{
    (void)state;
    expect(REQUEST("Sec-WebSocket-Protocol: chat\r\n"), SWITCHING("Sec-WebSocket-Protocol:\r\n"),
           "< ws.response.protocol.empty\n" OPEN);
}

static void extensions_in_two_lines_are_one_list(void **state)
{
    (void)state;
    expect(
        REQUEST("Sec-WebSocket-Extensions: a\r\nSec-WebSocket-Extensions: permessage-deflate\r\n"),
        SWITCHING("Sec-WebSocket-Extensions: a\r\nSec-WebSocket-Extensions: "
                  "permessage-deflate\r\n"),
        "> ws.handshake.extension.unregistered: a\n< ws.response.extensions.twice\n"
        "< ws.extension.unknown: a\nwebsocket 13 deflate=1 other\n");
}

static void older_compressions_are_known_by_name(void **state)
{
    (void)state;
    static const char *const names[][2] = {
        {"deflate-frame", "websocket 13 deflate=1\nwith frames=1\n"},
        {"x-webkit-deflate-frame", "websocket 13 deflate=1\nwith frames=1\n"},
        {"perframe-compress; method=deflate", "websocket 13 deflate=1\nwith frames=1\n"},
        {"x-deflate-application-data", "websocket 13 deflate=1\nwith frames=2\n"},
        {"permessage-compress; method=deflate", "websocket 13 deflate=1\n"},
        {"permessage-compress; method=snappy",
         "< ws.extension.unknown: permessage-compress\nwebsocket 13 deflate=0 other\n"},
        {"permessage-lz4",
         "< ws.extension.unknown: permessage-lz4\nwebsocket 13 deflate=0 other\n"},
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char request[512];
        char answer[512];
        char expected[512];
        size_t n = strcspn(names[i][0], ";");
        snprintf(request, sizeof request,
                 "GET / HTTP/1.1\r\n" HO UP CO KEY OR VE "Sec-WebSocket-Extensions: %s\r\n\r\n",
                 names[i][0]);
        snprintf(answer, sizeof answer, ANSWER UP CO ACCEPT "Sec-WebSocket-Extensions: %s\r\n\r\n",
                 names[i][0]);
        snprintf(expected, sizeof expected, "> ws.handshake.extension.unregistered: %.*s\n%s",
                 (int)n, names[i][0], names[i][1]);
        expect(request, answer, expected);
    }
}

static void a_refused_version_comes_with_the_supported_ones(void **state)
{
    (void)state;
    const char *old = "GET / HTTP/1.1\r\n" HO UP CO KEY OR "Sec-WebSocket-Version: 12\r\n\r\n";
    expect(old,
           "HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\n"
           "Sec-WebSocket-Version: 8, 7\r\nContent-Length: 0\r\n\r\n",
           "> ws.version.reserved: version 12\n< ws.handshake.refused: status 426\n");
    expect(old, "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n",
           "> ws.version.reserved: version 12\n< ws.handshake.refused: status 400\n"
           "< ws.response.versions.missing: status 400\n");
    expect(REQUEST(""), "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n",
           "< ws.handshake.refused: status 426\n< ws.response.versions.missing: status 426\n");
    expect("GET / HTTP/1.1\r\n" HO KEY VE OR "\r\n",
           "HTTP/1.1 426 Upgrade Required\r\nContent-Length: 0\r\n\r\n",
           "> ws.handshake.upgrade: it is missing\n> ws.handshake.connection: it is missing\n"
           "< ws.handshake.refused: status 426\n");
    struct world w;
    world_init(&w);
    const struct step steps[] = {C(REQUEST("")),
                                 S("HTTP/1.1 426 Upgrade Required\r\nSec-WebSocket-Version: 13\r\n"
                                   "Sec-WebSocket-Version: 8, 7\r\n\r\n")};
    converse(&w, steps, 2, (struct cut){SIZE_MAX, 0, false});
    assert_non_null(strstr(w.log.text, "handshake 426 "));
    assert_non_null(strstr(w.log.text, " supported_versions=13, 8, 7 "));
    world_done(&w);
}

static void a_client_that_offers_subprotocols_wants_one(void **state)
{
    (void)state;
    expect(REQUEST("Sec-WebSocket-Protocol: chat\r\n"), SWITCHING(""),
           "< ws.response.protocol.none\n" OPEN);
}

static void a_101_has_no_body(void **state)
{
    (void)state;
    expect(REQUEST(""), SWITCHING("Content-Length: 5\r\n") "frames",
           "< ws.response.body_headers\n" OPEN);
    expect(REQUEST(""), SWITCHING("Transfer-Encoding: chunked\r\n"),
           "< ws.response.body_headers\n" OPEN);
}

/* ---- What a handshake exposes ---- */

#define NO_ORIGIN(more) "GET / HTTP/1.1\r\n" REQUEST_LINES more "\r\n"

static void a_foreign_origin_matters_when_cookies_are_sent(void **state)
{
    (void)state;
    expect(NO_ORIGIN("Origin: http://evil\r\n"), SWITCHING(""), OPEN);
    expect(NO_ORIGIN("Origin: http://evil\r\nCookie: a=SECRET\r\n"), SWITCHING(""),
           "> security.origin.foreign: Origin http://evil, Host h\n> security.plain.cookie\n" OPEN);
    expect(NO_ORIGIN("Origin: http://h:8080\r\nCookie: a=SECRET\r\n"), SWITCHING(""),
           "> security.origin.foreign: Origin http://h:8080, Host h\n"
           "> security.plain.cookie\n" OPEN);
    // TLS ends before this hop: neither names a port.
    expect(NO_ORIGIN("Origin: https://h\r\nCookie: a=SECRET\r\n"), SWITCHING(""),
           "> security.plain.cookie\n" OPEN);
    expect("GET / HTTP/1.1\r\nHost: [::1]:8080\r\n" UP CO KEY VE
           "Origin: http://[::1]:8080\r\nCookie: a=SECRET\r\n\r\n",
           SWITCHING(""), "> security.plain.cookie\n" OPEN);
}

static void a_missing_or_null_origin_is_said(void **state)
{
    (void)state;
    expect(NO_ORIGIN(""), SWITCHING(""), "> ws.handshake.origin.missing\n" OPEN);
    expect(NO_ORIGIN("Origin: null\r\nCookie: a=SECRET\r\n"), SWITCHING(""),
           "> security.origin.null\n> security.plain.cookie\n" OPEN);
}

static void secrets_in_the_target_are_named_but_not_shown(void **state)
{
    (void)state;
    expect("GET /a?x=1&Access_Token=SECRET&key= HTTP/1.1\r\n" REQUEST_LINES OR "\r\n",
           SWITCHING(""), "> security.secret.url: parameter Access_Token\n" OPEN);
    expect("GET http://user:SECRET@h/ HTTP/1.1\r\n" REQUEST_LINES OR "\r\n", SWITCHING(""),
           "> security.secret.url: user information\n" OPEN);
    expect("GET /a?tokens=1&monkey=2 HTTP/1.1\r\n" REQUEST_LINES OR "\r\n", SWITCHING(""), OPEN);
}

static void secrets_among_the_subprotocols_are_not_shown(void **state)
{
    (void)state;
    static const char *const lists[][2] = {
        {"v4.channel.k8s.io, base64url.bearer.authorization.k8s.io.SECRET", "name 2 of the list"},
        {"realtime, openai-insecure-api-key.SECRET, openai-beta.realtime-v1", "name 2 of the list"},
        {"access_token, SECRET", "name 2 of the list"},
        {"Bearer, SECRET", "name 2 of the list"},
        {"eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.SECRET", "name 1 of the list"},
    };
    for (size_t i = 0; i < sizeof lists / sizeof lists[0]; i++) {
        char request[512], expected[512];
        snprintf(request, sizeof request,
                 "GET / HTTP/1.1\r\n" REQUEST_LINES OR "Sec-WebSocket-Protocol: %s\r\n\r\n",
                 lists[i][0]);
        snprintf(expected, sizeof expected,
                 "> security.secret.protocol: %s\n< ws.response.protocol.none\n" OPEN, lists[i][1]);
        expect(request, SWITCHING(""), expected);
    }
    expect(REQUEST("Sec-WebSocket-Protocol: mqtt, chat\r\n"),
           SWITCHING("Sec-WebSocket-Protocol: mqtt\r\n"), OPEN);
}

static void credentials_without_tls_are_said(void **state)
{
    (void)state;
    expect(REQUEST("Authorization: Basic SECRET\r\n"), SWITCHING(""),
           "> security.plain.authorization\n" OPEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handshake_in_good_order_has_no_findings),
        cmocka_unit_test(the_method_is_get),
        cmocka_unit_test(the_http_version_is_1_1),
        cmocka_unit_test(the_target_is_a_path_or_names_the_host),
        cmocka_unit_test(there_is_exactly_one_host),
        cmocka_unit_test(upgrade_holds_websocket),
        cmocka_unit_test(connection_holds_upgrade),
        cmocka_unit_test(the_key_decodes_to_16_bytes),
        cmocka_unit_test(the_key_appears_once),
        cmocka_unit_test(a_key_is_not_used_again),
        cmocka_unit_test(a_key_that_a_proxy_passes_on_is_not_used_again),
        cmocka_unit_test(the_version_is_13),
        cmocka_unit_test(a_strange_version_with_a_wrong_accept_is_not_read),
        cmocka_unit_test(subprotocols_are_unique_tokens),
        cmocka_unit_test(extensions_fit_their_grammar),
        cmocka_unit_test(extension_names_are_registered),
        cmocka_unit_test(the_client_waits_for_the_answer),
        cmocka_unit_test(a_client_connects_once_at_a_time),
        cmocka_unit_test(any_status_but_101_is_a_refusal),
        cmocka_unit_test(the_answers_upgrade_is_websocket),
        cmocka_unit_test(the_answers_connection_holds_upgrade),
        cmocka_unit_test(accept_answers_the_key),
        cmocka_unit_test(a_chosen_extension_was_offered),
        cmocka_unit_test(extension_parameters_answer_the_offer),
        cmocka_unit_test(a_chosen_subprotocol_was_offered),
        cmocka_unit_test(an_empty_subprotocol_is_not_none),
        cmocka_unit_test(extensions_in_two_lines_are_one_list),
        cmocka_unit_test(older_compressions_are_known_by_name),
        cmocka_unit_test(a_refused_version_comes_with_the_supported_ones),
        cmocka_unit_test(a_client_that_offers_subprotocols_wants_one),
        cmocka_unit_test(a_101_has_no_body),
        cmocka_unit_test(a_foreign_origin_matters_when_cookies_are_sent),
        cmocka_unit_test(a_missing_or_null_origin_is_said),
        cmocka_unit_test(secrets_in_the_target_are_named_but_not_shown),
        cmocka_unit_test(secrets_among_the_subprotocols_are_not_shown),
        cmocka_unit_test(credentials_without_tls_are_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
