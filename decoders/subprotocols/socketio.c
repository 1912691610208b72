/*
 * Socket.IO (socket.io-protocol 4 and 5) inside Engine.IO (engine.io-protocol 3 and 4): a digit for
 * the Engine.IO packet; in a message one for the Socket.IO packet, then attachments, namespace, ack
 * id and a JSON payload. It agrees on no subprotocol; the query has EIO=.
 */
#include "json_fields.h"
#include "subprotocol.h"

static const char *const engine_types[] = {"open",    "close",   "ping", "pong",
                                           "message", "upgrade", "noop"};
static const char *const socket_types[] = {"CONNECT",       "DISCONNECT",   "EVENT",     "ACK",
                                           "CONNECT_ERROR", "BINARY_EVENT", "BINARY_ACK"};
#define TYPES 7U

static bool socketio_guess(struct bytes target, struct bytes first)
{
    (void)first;
    size_t query = bytes_find(target, '?');
    return bytes_find_bytes(bytes_from(target, query), bytes_of("EIO=")) < target.n - query;
}

static struct bytes take_digits(struct bytes *b)
{
    size_t n = 0;
    while (n < b->n && b->p[n] >= '0' && b->p[n] <= '9') {
        n++;
    }
    struct bytes digits = bytes_part(*b, 0, n);
    *b = bytes_from(*b, n);
    return digits;
}

/* "2-": how many binary messages follow that belong to this one. */
static void take_attachments(struct dissection *d, struct bytes *b)
{
    struct bytes rest = *b, digits = take_digits(&rest);
    if (digits.n > 0 && rest.n > 0 && rest.p[0] == '-') {
        dissect_value(d, 1, "Attachments", digits);
        *b = bytes_from(rest, 1);
    }
}

static void take_namespace(struct dissection *d, struct bytes *b)
{
    if (b->n > 0 && b->p[0] == '/') {
        struct bytes name = bytes_part(*b, 0, bytes_find(*b, ','));
        dissect_value(d, 1, "Namespace", name);
        dissect_say(d, name);
        *b = bytes_from(*b, name.n + 1);
    }
}

/* An event's arguments begin with its name. */
static void read_payload(struct dissection *d, unsigned type, struct bytes payload)
{
    struct bytes name = json_unquoted(json_element(payload, 0));
    if (payload.n == 0) {
        return;
    }
    if ((type == 2 || type == 5) && name.n > 0) {
        dissect_value(d, 1, "Event", name);
        dissect_say(d, name);
        for (size_t i = 1; i < 4; i++) {
            dissect_say(d, json_element(payload, i));
        }
        dissect_json_value(d, 1, bytes_of("Arguments"), payload);
        return;
    }
    dissect_say(d, payload);
    dissect_json_value(d, 1, bytes_of("Payload"), payload);
}

static void read_socket_packet(struct dissection *d, struct bytes b)
{
    unsigned type = b.n > 0 ? b.p[0] - (unsigned)'0' : TYPES;
    if (type >= TYPES) {
        dissect_say_text(d, "message");
        dissect_data(d, 0, "Message", b);
        return;
    }
    dissect_say_text(d, socket_types[type]);
    dissect_heading(d, 0, socket_types[type]);
    b = bytes_from(b, 1);
    if (type >= 5) {
        take_attachments(d, &b);
    }
    take_namespace(d, &b);
    struct bytes ack = take_digits(&b);
    if (ack.n > 0) {
        dissect_value(d, 1, "Ack id", ack);
    }
    read_payload(d, type, b);
    if (ack.n > 0) {
        dissect_say_text(d, "ack");
        dissect_say(d, ack);
    }
}

static void socketio_read(struct dissection *d, struct bytes unit,
                          const struct subprotocol_hint *hint)
{
    unsigned type = unit.n > 0 ? unit.p[0] - (unsigned)'0' : TYPES;
    if (!hint->text) {
        dissect_say_text(d, "attachment");
        dissect_data(d, 0, "Attachment", unit);
        return;
    }
    if (type >= TYPES) {
        dissect_wrong(d, "no Engine.IO packet begins so");
        return;
    }
    dissect_code(d, 0, "Engine.IO packet", type, engine_types[type]);
    if (type == 4) {
        read_socket_packet(d, bytes_from(unit, 1));
        return;
    }
    dissect_say_text(d, engine_types[type]);
    dissect_say(d, bytes_from(unit, 1));
    if (unit.n > 1) {
        dissect_json_value(d, 0, bytes_of("Data"), bytes_from(unit, 1));
    }
}

const struct subprotocol socketio_subprotocol = {
    .name = "Socket.IO", .guess = socketio_guess, .read = socketio_read};
