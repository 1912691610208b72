/*
 * The display filter: any text is compiled or refused with a place within it, and what is compiled
 * can be asked about every session and message of a small store. Two answers have to agree: "not"
 * around the same text is the opposite, and what a session's end tells is the same when it was
 * learnt before (filter_late).
 */
#include "analyzer/filter/store_filter.h"

#include <stdio.h>
#include <stdlib.h>

#define TEXT_MAX_BYTES 2048

struct world {
    struct model *model;
    struct store *store;
};

static void to_model(void *model, const struct batch *b)
{
    model_take(model, b);
}

static void emit(struct batch *b, struct event e, uint64_t session)
{
    e.session = session;
    e.ts = (int64_t)session * 1000000000;
    e.pkt = session;
    b->sink.emit(&b->sink, &e);
}

static void fill_session(struct batch *b, uint64_t id)
{
    struct connection connection = {
        .family = id % 2 ? 4 : 6, .client.port = 4000, .server.port = 80};
    struct handshake handshake = {.method = bytes_of("GET"),
                                  .target = bytes_of("/chat?room=7"),
                                  .host = bytes_of("example.org"),
                                  .origin = bytes_of("https://example.org"),
                                  .subprotocol = bytes_of("graphql-ws"),
                                  .extensions = bytes_of("permessage-deflate"),
                                  .request_head = bytes_of("GET / HTTP/1.1\r\nHost: a\r\n\r\n"),
                                  .response_head = bytes_of("HTTP/1.1 101 Yes\r\nhost: b\r\n\r\n"),
                                  .status = 101,
                                  .version = 13};
    struct session_end end = {.how = END_FIN, .first_fin = 1};
    struct tls_hello tls = {.sni = bytes_of("example.org"),
                            .alpn = bytes_of("http/1.1"),
                            .ja4 = bytes_of("t13d1516h2_8daaf6152771_b186095e22b6"),
                            .version = 0x304,
                            .cipher = 0x1301};
    struct frame frame = {.fin = true, .masked = true, .opcode = 1, .header_len = 6, .len = 11};
    struct message text = {.opcode = 1,
                           .flags = MESSAGE_FINISHED,
                           .frames = 1,
                           .masked = 1,
                           .wire_len = 11,
                           .len = 11,
                           .rtt = -1,
                           .close_code = CLOSE_CODE_NONE,
                           .body = bytes_of("{\"op\":\"hi\"}")};
    struct message bye = {.opcode = 8,
                          .flags = MESSAGE_FINISHED,
                          .frames = 1,
                          .rtt = -1,
                          .close_code = 1001,
                          .body = bytes_of("\x03\xe9gone")};
    emit(b, (struct event){.type = EVENT_SESSION, .begin = {SESSION_UPGRADE, 0, &connection}}, id);
    emit(b, (struct event){.type = EVENT_HANDSHAKE, .handshake = &handshake}, id);
    emit(b, (struct event){.type = EVENT_TLS, .tls = tls}, id);
    emit(b, (struct event){.type = EVENT_FRAME, .frame = frame}, id);
    emit(b, (struct event){.type = EVENT_MESSAGE, .message = text}, id);
    emit(b, (struct event){.type = EVENT_MESSAGE, .dir = DIR_SERVER_TO_CLIENT, .message = bye}, id);
    emit(b, (struct event){.type = EVENT_FINDING, .finding = {FINDING_TEXT_UTF8, bytes_of("x")}},
         id);
    emit(b, (struct event){.type = EVENT_END, .end = &end}, id);
}

static struct world build_world(void)
{
    struct world w = {model_new(&(struct model_options){.retain = true}),
                      store_new(&(struct store_options){.budget_bytes = 1 << 16})};
    struct model_listener listener = store_listener(w.store);
    model_listen(w.model, &listener);
    struct batch *b = batch_new(to_model, w.model);
    for (uint64_t id = 1; id <= 3; id++) {
        fill_session(b, id);
    }
    batch_flush(b);
    batch_free(b);
    return w;
}

/* The session by itself is asked the same question in both ways. */
static void ask_late(struct filter *f, const struct session *s)
{
    uint64_t late = filter_late(f, s);
    struct filter_subject now = {.session = s}, before = {.session = s, .late = &late};
    if (filter_holds(f, &now) != filter_holds(f, &before)) {
        abort();
    }
}

/* opposite: NULL when there is none, as that would be too long or too deep. */
static void ask(struct filter *f, struct filter *opposite, const struct store *store)
{
    filter_set_origin(f, 1000000000);
    for (size_t i = 0; i < store_count(store); i++) {
        const struct store_session *s = store_session(store, i);
        (void)store_filter_session(f, store, s);
        ask_late(f, s->session);
        for (uint32_t j = 0; j < s->n; j++) {
            bool holds = store_filter_message(f, store, s, &s->messages[j]);
            if (opposite != NULL &&
                store_filter_message(opposite, store, s, &s->messages[j]) == holds) {
                abort();
            }
        }
    }
}

static struct filter *opposite_of(const char *text)
{
    struct filter_error error;
    size_t n = strlen(text) + sizeof "not ()";
    char *negated = malloc(n);
    if (negated == NULL || text[strspn(text, " \t\n\v\f\r")] == '\0') {
        free(negated);
        return NULL; /* nothing asked has no opposite */
    }
    snprintf(negated, n, "not (%s)", text);
    struct filter *f = filter_compile(negated, &error);
    if (f != NULL) {
        filter_set_origin(f, 1000000000);
    }
    free(negated);
    return f;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct world world; /* one for all inputs: asking changes nothing in it */
    if (world.store == NULL) {
        world = build_world();
    }
    size_t n = size < TEXT_MAX_BYTES ? size : TEXT_MAX_BYTES;
    char *text = malloc(n + 1);
    if (text == NULL) {
        return 0;
    }
    if (n > 0) {
        memcpy(text, data, n);
    }
    text[n] = '\0';
    struct filter_error error = {.at = 0};
    struct filter *f = filter_compile(text, &error);
    if (f != NULL) {
        struct filter *opposite = opposite_of(text);
        ask(f, opposite, world.store);
        filter_free(opposite);
        filter_free(f);
    } else if (error.at > strlen(text) || memchr(error.text, '\0', sizeof error.text) == NULL) {
        abort();
    }
    free(text);
    return 0;
}
