/*
 * The opening handshake alone: a request's head, a byte of value 0, the answer's head. Then the
 * lists among its texts are read, as the reports do.
 */
#include "decoders/http/upgrade.h"

#include <assert.h>
#include <stdlib.h>

// The stream runs no decoder here, but its table wants these.
static enum verdict match_nothing(const struct hint *hint)
{
    (void)hint;
    return VERDICT_NO;
}

extern const struct decoder tls_decoder;
extern const struct decoder websocket_pickup_decoder;
const struct decoder websocket_decoder = {.match = match_nothing};
const struct decoder websocket_draft_decoder = {.match = match_nothing};
const struct decoder websocket_deflate_stream_decoder = {.match = match_nothing};
const struct decoder tls_decoder = {.match = match_nothing};
const struct decoder websocket_pickup_decoder = {.match = match_nothing};

static unsigned touched;

static void touch(struct bytes b)
{
    for (size_t i = 0; i < b.n; i++) {
        touched += b.p[i];
    }
}

static void read_lists(const struct handshake *h)
{
    struct bytes rest = h->offered_subprotocols;
    struct bytes item;
    while (list_next(&rest, &item)) {
        assert(item.n > 0);
        touch(item);
    }
    struct bytes lists[] = {h->offered_extensions, h->extensions};
    for (size_t i = 0; i < 2; i++) {
        struct extension e;
        while (extension_list_next(&lists[i], &e)) {
            struct extension_parameter p;
            while (extension_parameter_next(&e.parameters, &p)) {
                assert(p.bad || p.name.n > 0);
                touch(p.name);
                touch(p.value);
            }
            touch(e.name);
        }
    }
}

static void read_event(struct event_sink *sink, const struct event *e)
{
    (void)sink;
    if (e->type == EVENT_HANDSHAKE) {
#define TOUCH(name) touch(e->handshake->name);
        HANDSHAKE_TEXTS(TOUCH)
#undef TOUCH
        read_lists(e->handshake);
    } else if (e->type == EVENT_FINDING) {
        touch(e->finding.detail);
    }
}

static void answer(struct stream *s, struct upgrade *u, struct bytes text)
{
    struct http_head head;
    struct websocket_setup setup;
    size_t scanned = 0;
    size_t end = http_head_end(text, &scanned);
    if (end == 0 || end > HTTP_HEAD_MAX_BYTES ||
        !http_response_read(&head, bytes_part(text, 0, end)) || (u == NULL && head.status != 101)) {
        upgrade_unanswered(s, u);
        return;
    }
    struct bytes behind = bytes_part(text, end, upgrade_answer_behind(u, &head));
    if (behind.n >= 8) {
        upgrade_key3(u, bytes_part(behind, 0, 8));
    }
    enum upgrade_outcome outcome = upgrade_answer(s, u, &head, behind, false, &setup);
    assert(outcome == UPGRADE_REFUSED || head.status == 101);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes all = {data, size};
    struct bytes request = bytes_part(all, 0, bytes_find(all, 0));
    struct event_sink sink = {read_event};
    struct decode_options options = {.heads = true};
    struct stream_shared shared = {.options = &options, .sink = &sink, .next_session = 1};
    struct connection connection = {.family = 4};
    struct http_head head;
    size_t scanned = 0;
    size_t end = http_head_end(request, &scanned);
    shared.scratch = malloc(STREAM_SCRATCH_BYTES);
    struct stream *s = stream_new(&shared, &connection, true);
    if (s != NULL && shared.scratch != NULL) {
        struct upgrade *u = NULL;
        if (end > 0 && end <= HTTP_HEAD_MAX_BYTES &&
            http_request_read(&head, bytes_part(request, 0, end))) {
            u = upgrade_new(s, &head, false);
        }
        answer(s, u, bytes_from(all, request.n + 1));
    }
    stream_close(s, &(struct session_end){.first_fin = -1, .last_ts = 1});
    free(shared.scratch);
    return 0;
}
