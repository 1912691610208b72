/*
 * SockJS (sockjs-protocol 0.3.3, "Framing"): from the server o, h, a[...], c[code,"reason"], from
 * the client an array of strings. It agrees on no subprotocol; the path ends in
 * /SERVER/SESSION/websocket.
 */
#include "json_fields.h"
#include "subprotocol.h"

#define SERVER_DIGITS 3
#define MESSAGES_SHOWN_MAX 256

/* The last part of the path without its query. */
static struct bytes last_part(struct bytes *path)
{
    size_t i = path->n;
    while (i > 0 && path->p[i - 1] != '/') {
        i--;
    }
    struct bytes part = bytes_from(*path, i);
    path->n = i > 0 ? i - 1 : 0;
    return part;
}

static bool sockjs_guess(struct bytes target, struct bytes first)
{
    (void)first;
    struct bytes path = bytes_part(target, 0, bytes_find(target, '?'));
    uint64_t number;
    if (!bytes_equal(last_part(&path), bytes_of("websocket")) || last_part(&path).n == 0) {
        return false;
    }
    struct bytes server = last_part(&path);
    return server.n == SERVER_DIGITS && bytes_to_u64(server, &number);
}

static void read_messages(struct dissection *d, struct bytes array)
{
    struct json_members m;
    struct bytes key, value;
    bool there = json_members_of(&m, array) && !m.object;
    for (size_t i = 0; there && i < MESSAGES_SHOWN_MAX && json_members_next(&m, &key, &value);
         i++) {
        dissect_say(d, value);
        dissect_value(d, 1, "Message", json_unquoted(value));
    }
    if (!there || m.bad) {
        dissect_wrong(d, "an array of messages is expected");
    }
}

static void sockjs_read(struct dissection *d, struct bytes unit,
                        const struct subprotocol_hint *hint)
{
    static const char *const closes[] = {"Code", "Reason", NULL};
    uint8_t kind = unit.n > 0 ? unit.p[0] : 0;
    const char *name = kind == 'o'   ? "open"
                       : kind == 'h' ? "heartbeat"
                       : kind == 'c' ? "close"
                                     : "messages";
    (void)hint;
    dissect_say_text(d, name);
    dissect_heading(d, 0, name);
    if (kind == 'c') {
        dissect_say(d, json_element(bytes_from(unit, 1), 0));
        dissect_say(d, json_unquoted(json_element(bytes_from(unit, 1), 1)));
        dissect_json_array(d, 1, bytes_from(unit, 1), closes);
    } else if (kind != 'o' && kind != 'h') {
        read_messages(d, bytes_from(unit, kind == 'a'));
    }
}

const struct subprotocol sockjs_subprotocol = {
    .name = "SockJS", .guess = sockjs_guess, .read = sockjs_read};
