/* The versions of the protocol and the close codes that each of them had. */
#include "version.h"

#include "websocket.h"

static const struct version_close_code codes_06[] = {
    {1000, "Normal Closure"},         {1001, "Going Away"},        {1002, "Protocol error"},
    {1003, "Unacceptable Data Type"}, {1004, "Message Too Large"}, {0, NULL}};

/* hybi-08 added the two that are never sent, hybi-10 the last. */
static const struct version_close_code codes_08[] = {
    {1000, "Normal Closure"},         {1001, "Going Away"},        {1002, "Protocol error"},
    {1003, "Unacceptable Data Type"}, {1004, "Message Too Large"}, {1005, "No Status Rcvd"},
    {1006, "Abnormal Closure"},       {1007, "Invalid UTF-8"},     {0, NULL}};

static const struct version_close_code codes_none[] = {{0, NULL}};

#define KEYS_BY_NUMBER(n, name, who, closing)                                                      \
    {                                                                                              \
        .number = n, .draft = name, .spoken_by = who, .framing = &framing_hybi01,                  \
        .handshake = VERSION_HANDSHAKE_KEYS, .close = closing, .codes = codes_none, .closes = true \
    }
#define RESERVED(n)                                                                                \
    {                                                                                              \
        .number = n, .draft = "no draft", .spoken_by = "", .framing = &framing_rfc6455,            \
        .handshake = VERSION_HANDSHAKE_ACCEPT, .close = VERSION_CLOSE_CODE, .closes = true,        \
        .judges_mask = true, .judges_utf8 = true, .judges_rsv = true, .judges_length = true,       \
        .limits_control = true, .pongs_freely = true                                               \
    }

/* In the order of their numbers, from -1 on. */
static const struct websocket_version versions[] = {
    {.number = VERSION_HIXIE_75,
     .draft = "hixie-75",
     .spoken_by = "Chrome 4-5, Safari 5.0.0",
     .framing = &framing_sentinel,
     .handshake = VERSION_HANDSHAKE_KEYLESS,
     .codes = codes_none},
    {.number = 0,
     .draft = "hixie-76 (hybi-00)",
     .spoken_by = "Chrome 6-13, Safari 5.0.1-5.1, iOS 4.2-5, Firefox 4-5, Opera 11",
     .framing = &framing_sentinel,
     .handshake = VERSION_HANDSHAKE_KEYS,
     .codes = codes_none},
    KEYS_BY_NUMBER(1, "hybi-01", "test clients and servers", VERSION_CLOSE_FREE),
    KEYS_BY_NUMBER(2, "hybi-02 or hybi-03",
                   "pywebsocket, em-websocket, Jetty 7.2, gevent-websocket", VERSION_CLOSE_FREE),
    KEYS_BY_NUMBER(3, "hybi-03", "em-websocket, libwebsockets before 0.3", VERSION_CLOSE_ECHOED),
    {.number = 4,
     .draft = "hybi-04",
     .spoken_by = "pywebsocket, libwebsockets",
     .framing = &framing_hybi04,
     .handshake = VERSION_HANDSHAKE_NONCE,
     .close = VERSION_CLOSE_FREE,
     .codes = codes_none,
     .closes = true},
    {.number = 5,
     .draft = "hybi-05",
     .spoken_by = "libwebsockets, em-websocket 0.3",
     .framing = &framing_hybi05,
     .handshake = VERSION_HANDSHAKE_ACCEPT,
     .close = VERSION_CLOSE_MARKER,
     .codes = codes_none,
     .closes = true,
     .limits_control = true},
    {.number = 6,
     .draft = "hybi-06",
     .spoken_by = "HTML5 Labs for Internet Explorer 8-9, Jetty 7.4, libwebsockets, em-websocket",
     .framing = &framing_hybi05,
     .handshake = VERSION_HANDSHAKE_ACCEPT,
     .close = VERSION_CLOSE_CODE,
     .codes = codes_06,
     .closes = true,
     .limits_control = true},
    {.number = 7,
     .draft = "hybi-07",
     .spoken_by = "Firefox 6, Jetty 7.4-7.5, libwebsockets, em-websocket, Netty",
     .framing = &framing_rfc6455,
     .handshake = VERSION_HANDSHAKE_ACCEPT,
     .close = VERSION_CLOSE_CODE,
     .codes = codes_06,
     .closes = true,
     .limits_control = true,
     .pongs_freely = true},
    {.number = 8,
     .draft = "hybi-08 to hybi-12",
     .spoken_by = "Chrome 14-15, Firefox 7-10, Internet Explorer 10 preview",
     .framing = &framing_rfc6455,
     .handshake = VERSION_HANDSHAKE_ACCEPT,
     .close = VERSION_CLOSE_CODE,
     .codes = codes_08,
     .closes = true,
     .limits_control = true,
     .pongs_freely = true},
    RESERVED(9),
    RESERVED(10),
    RESERVED(11),
    RESERVED(12),
    {.number = 13,
     .draft = "RFC 6455",
     .spoken_by = "Chrome 16, Firefox 11, Internet Explorer 10, Opera 12.10, Safari 6 and later",
     .framing = &framing_rfc6455,
     .handshake = VERSION_HANDSHAKE_ACCEPT,
     .close = VERSION_CLOSE_CODE,
     .closes = true,
     .judges_mask = true,
     .judges_utf8 = true,
     .judges_rsv = true,
     .judges_length = true,
     .limits_control = true,
     .pongs_freely = true},
};

const struct websocket_version *websocket_version(int number)
{
    return number >= VERSION_HIXIE_75 && number <= VERSION_LAST
               ? &versions[number - VERSION_HIXIE_75]
               : NULL;
}

const char *version_close_code_name(const struct websocket_version *v, int code)
{
    if (v == NULL || v->codes == NULL || code < 1000 || code >= 3000) {
        return NULL;
    }
    for (const struct version_close_code *c = v->codes; c->code != 0; c++) {
        if (c->code == code) {
            return c->name;
        }
    }
    return "Unassigned";
}

const struct decoder *websocket_decoder_for(const struct websocket_setup *setup)
{
    const struct websocket_version *v = websocket_version(setup->version);
    if (setup->deflate_stream) {
        return &websocket_deflate_stream_decoder;
    }
    bool draft = setup->unsure || setup->mux || setup->frames != DEFLATE_FRAMES_NONE ||
                 (v != NULL && v->framing != &framing_rfc6455);
    return draft ? &websocket_draft_decoder : &websocket_decoder;
}
