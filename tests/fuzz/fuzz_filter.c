/*
 * The display filter: any text is compiled or refused with a place within it, and what is compiled
 * can be asked about every session and message of a small store.
 */
#include "analyzer/filter/store_filter.h"

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
                                  .status = 101,
                                  .version = 13};
    struct session_end end = {.how = END_FIN, .first_fin = 1};
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

static void ask(struct filter *f, const struct store *store)
{
    for (size_t i = 0; i < store_count(store); i++) {
        const struct store_session *s = store_session(store, i);
        (void)store_filter_session(f, store, s);
        for (uint32_t j = 0; j < s->n; j++) {
            (void)store_filter_message(f, store, s, &s->messages[j]);
        }
    }
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
        ask(f, world.store);
        filter_free(f);
    } else if (error.at > strlen(text) || memchr(error.text, '\0', sizeof error.text) == NULL) {
        abort();
    }
    free(text);
    return 0;
}
