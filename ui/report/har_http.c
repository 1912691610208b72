/* The request and the response of an HTTP Archive's entry. HAR 1.2; RFC 9112 for the heads. */
#include "ui/report/har_http.h"

#include "ui/report/list.h"
#include "ui/report/session_url.h"

#include <ctype.h>
#include <stdlib.h>

/*--- Header fields ------------------------------------------------------------------------------*/

/* Takes the next line off the head, without its end; false when nothing or the empty line is left.
 */
static bool next_line(struct bytes *head, struct bytes *line)
{
    size_t end = bytes_find(*head, '\n');
    *line = bytes_trim(bytes_part(*head, 0, end));
    *head = bytes_from(*head, end < head->n ? end + 1 : end);
    return line->n > 0;
}

static void write_subprotocols(struct json *w, const struct har_http *http, struct bytes value)
{
    struct buffer joined;
    buffer_init(&joined, REDACTED_TEXT_MAX_BYTES);
    json_bytes(w, "value",
               redact_subprotocol_field(http->redactor, &http->session->handshake, value, &joined));
    buffer_done(&joined);
}

static void write_field(struct json *w, const struct har_http *http, struct bytes name,
                        struct bytes value)
{
    json_object_begin(w, NULL);
    json_bytes(w, "name", name);
    if (bytes_equal_nocase(name, bytes_of("sec-websocket-protocol")) && !http->redactor->show) {
        write_subprotocols(w, http, value);
    } else if (redact_is_credential(name) && !http->redactor->show) {
        json_text(w, "value", "***");
    } else {
        json_bytes(w, "value", redact_text(http->redactor, value));
    }
    json_end(w);
}

static void write_head(struct json *w, const struct har_http *http, struct bytes head)
{
    struct bytes line;
    (void)next_line(&head, &line); /* the request or status line */
    while (next_line(&head, &line)) {
        size_t colon = bytes_find(line, ':');
        if (colon < line.n) {
            write_field(w, http, bytes_part(line, 0, colon),
                        bytes_trim(bytes_from(line, colon + 1)));
        }
    }
}

struct known_field {
    const char *name;
    struct bytes value;
};
#define KNOWN_FIELDS_MAX 7

/* The fields of a head, or what is known of them when there is none (HTTP/2). */
static void write_headers(struct json *w, const struct har_http *http, struct bytes head,
                          const struct known_field known[KNOWN_FIELDS_MAX])
{
    json_array_begin(w, "headers");
    if (head.n > 0) {
        write_head(w, http, head);
    }
    for (size_t i = 0; head.n == 0 && i < KNOWN_FIELDS_MAX; i++) {
        if (known[i].value.p != NULL) {
            write_field(w, http, bytes_of(known[i].name), known[i].value);
        }
    }
    json_end(w);
}

/*--- URL, query and cookies ---------------------------------------------------------------------*/

/* May it stand in a URI (RFC 3986 section 2)? Brackets are left to those who wrote them. */
static bool is_of_uri(struct bytes url, size_t at)
{
    uint8_t c = url.p[at];
    if (c == '%') {
        return url.n - at > 2 && isxdigit(url.p[at + 1]) && isxdigit(url.p[at + 2]);
    }
    return c > ' ' && c < 0x7f && strchr("<>\"\\^`{|}", c) == NULL;
}

/* What a URI cannot hold is percent-encoded, or who reads the file refuses all of it. */
static void write_url(struct json *w, const struct har_http *http)
{
    static const char digits[] = "0123456789ABCDEF";
    struct buffer url;
    struct buffer encoded;
    buffer_init(&url, REDACTED_TEXT_MAX_BYTES);
    buffer_init(&encoded, 3 * REDACTED_TEXT_MAX_BYTES);
    bool whole = session_url(http->session, &url);
    struct bytes text = whole ? redact_text(http->redactor, buffer_bytes(&url)) : bytes_of("***");
    for (size_t i = 0; i < text.n; i++) {
        const uint8_t code[] = {'%', (uint8_t)digits[text.p[i] >> 4],
                                (uint8_t)digits[text.p[i] & 15]};
        (void)buffer_append(&encoded, is_of_uri(text, i) ? bytes_part(text, i, 1)
                                                         : (struct bytes){code, sizeof code});
    }
    json_bytes(w, "url", buffer_bytes(&encoded));
    buffer_done(&url);
    buffer_done(&encoded);
}

static void write_pair(struct json *w, struct bytes pair, bool secret)
{
    size_t equals = bytes_find(pair, '=');
    json_object_begin(w, NULL);
    json_bytes(w, "name", bytes_part(pair, 0, equals));
    if (secret) {
        json_text(w, "value", "***");
    } else {
        json_bytes(w, "value", bytes_from(pair, equals < pair.n ? equals + 1 : equals));
    }
    json_end(w);
}

/* name=value pairs with a separator. */
static void write_pairs(struct json *w, struct bytes list, uint8_t separator, bool secret)
{
    while (list.n > 0) {
        size_t end = bytes_find(list, separator);
        struct bytes pair = bytes_trim(bytes_part(list, 0, end));
        list = bytes_from(list, end < list.n ? end + 1 : end);
        if (pair.n > 0) {
            write_pair(w, pair, secret);
        }
    }
}

static void write_query(struct json *w, const struct har_http *http)
{
    struct bytes target = redact_text(http->redactor, http->session->handshake.target);
    size_t fragment = bytes_find(target, '#');
    target = bytes_part(target, 0, fragment);
    size_t question = bytes_find(target, '?');
    json_array_begin(w, "queryString");
    if (question < target.n) {
        write_pairs(w, bytes_from(target, question + 1), '&', false);
    }
    json_end(w);
}

/* The cookies of a head's fields of this name; of Set-Cookie what stands before its attributes. */
static void write_cookies(struct json *w, const struct har_http *http, struct bytes head,
                          const char *field)
{
    struct bytes line;
    bool secret = !http->redactor->show;
    bool set = strcmp(field, "set-cookie") == 0;
    json_array_begin(w, "cookies");
    while (next_line(&head, &line)) {
        size_t colon = bytes_find(line, ':');
        if (colon < line.n && bytes_equal_nocase(bytes_part(line, 0, colon), bytes_of(field))) {
            struct bytes value = bytes_from(line, colon + 1);
            value = set ? bytes_part(value, 0, bytes_find(value, ';')) : value;
            write_pairs(w, value, ';', secret);
        }
    }
    json_end(w);
}

/*--- The two ------------------------------------------------------------------------------------*/

static void write_version(struct json *w, const struct session *s)
{
    json_text(w, "httpVersion", s->connection.layers & LAYER_HTTP2 ? "HTTP/2" : "HTTP/1.1");
}

/* -1 where it is not known, as HAR has it. */
static void write_sizes(struct json *w, struct bytes head)
{
    json_i64(w, "headersSize", head.n > 0 ? (int64_t)head.n : -1);
    json_i64(w, "bodySize", 0);
}

void har_request(struct json *w, const struct har_http *http)
{
    const struct session *s = http->session;
    const struct handshake *h = &s->handshake;
    const struct known_field known[KNOWN_FIELDS_MAX] = {
        {"Host", h->host},
        {"Origin", h->origin},
        {"User-Agent", h->user_agent},
        {"Sec-WebSocket-Version", h->version_text},
        {"Sec-WebSocket-Key", h->key},
        {"Sec-WebSocket-Protocol", h->offered_subprotocols},
        {"Sec-WebSocket-Extensions", h->offered_extensions},
    };
    json_object_begin(w, "request");
    json_bytes(w, "method", h->method.n > 0 ? h->method : bytes_of("GET"));
    write_url(w, http);
    write_version(w, s);
    write_cookies(w, http, h->request_head, "cookie");
    write_headers(w, http, h->request_head, known);
    write_query(w, http);
    write_sizes(w, h->request_head);
    json_end(w);
}

void har_response(struct json *w, const struct har_http *http)
{
    const struct session *s = http->session;
    const struct handshake *h = &s->handshake;
    const struct known_field known[KNOWN_FIELDS_MAX] = {
        {"Server", h->server},
        {"Sec-WebSocket-Accept", h->accept},
        {"Sec-WebSocket-Version", h->supported_versions},
        {"Sec-WebSocket-Protocol", h->subprotocol},
        {"Sec-WebSocket-Extensions", h->extensions},
    };
    json_object_begin(w, "response");
    json_i64(w, "status", h->status);
    json_bytes(w, "statusText", redact_text(http->redactor, h->reason));
    write_version(w, s);
    write_cookies(w, http, h->response_head, "set-cookie");
    write_headers(w, http, h->response_head, known);
    json_object_begin(w, "content");
    json_u64(w, "size", 0);
    json_text(w, "mimeType", "x-unknown");
    json_end(w);
    json_text(w, "redirectURL", "");
    write_sizes(w, h->response_head);
    json_end(w);
}
