/*
 * Every subprotocol reads the same bytes, as a whole unit and as a part of one; fields stay within
 * them or within the dissection. As a stream, cut into messages by the first byte, units end where
 * they began to be counted.
 */
#include "decoders/subprotocols/json_members.h"
#include "decoders/subprotocols/subprotocol.h"

#include <assert.h>
#include <stdlib.h>

static bool lies_in(struct bytes b, const void *room, size_t n)
{
    const uint8_t *from = room;
    return b.n == 0 || (b.p >= from && b.p <= from + n && b.n <= (size_t)(from + n - b.p));
}

static void read_unit(const struct subprotocol *p, struct bytes unit, bool text, bool partial)
{
    struct dissection *d = malloc(sizeof *d);
    struct subprotocol_hint hint = {.text = text,
                                    .opening = bytes_part(unit, 0, SUBPROTOCOL_OPENING_BYTES)};
    if (d == NULL) {
        return;
    }
    dissection_begin(d, partial);
    p->read(d, unit, &hint);
    assert(d->n <= DISSECTION_FIELDS_MAX && d->summary_n <= DISSECTION_SUMMARY_BYTES);
    assert(d->wrong == NULL || !partial);
    for (size_t i = 0; i < d->n; i++) {
        struct bytes value = d->fields[i].value;
        assert(lies_in(value, unit.p, unit.n) || lies_in(value, d->arena, sizeof d->arena));
    }
    free(d);
}

static void track(const struct subprotocol *p, struct bytes all, size_t step)
{
    struct subprotocol_track t = {.opening_n = 0};
    uint64_t before = 0;
    for (; all.n > 0; all = bytes_from(all, step)) {
        struct bytes body = bytes_part(all, 0, step);
        struct message m = {.opcode = 2, .flags = MESSAGE_FINISHED, .len = body.n, .body = body};
        uint32_t begun = subprotocol_track_message(&t, p, DIR_CLIENT_TO_SERVER, &m);
        assert(begun <= before);
        before += step;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const tokens[] = {"mqtt",    "graphql-ws", "wamp.2.json",   "stomp",
                                         "ocpp1.6", "jsonrpc",    "channel.k8s.io"};
    static const char *const targets[] = {"/socket.io/?EIO=4", "/e/000/s/websocket"};
    struct bytes all = {data, size};
    const struct subprotocol *list[sizeof tokens / sizeof *tokens + 3];
    size_t n = 0;
    for (size_t i = 0; i < sizeof tokens / sizeof *tokens; i++) {
        struct handshake h = {.subprotocol = bytes_of(tokens[i])};
        list[n++] = subprotocol_of_handshake(&h);
    }
    for (size_t i = 0; i < sizeof targets / sizeof *targets; i++) {
        struct handshake h = {.target = bytes_of(targets[i])};
        list[n++] = subprotocol_of_handshake(&h);
    }
    list[n++] = subprotocol_of_message(bytes_of("{\"protocol\":\"json\"}\x1e"));
    for (size_t i = 0; i < n; i++) {
        assert(list[i] != NULL);
        read_unit(list[i], all, true, false);
        read_unit(list[i], all, false, true);
    }
    subprotocol_of_message(all);
    struct handshake h = {.target = all};
    subprotocol_of_handshake(&h);
    if (size > 0) {
        track(list[0], bytes_from(all, 1), data[0] % 7U + 1);
    }
    return 0;
}
