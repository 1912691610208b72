/* JSON-RPC 2.0 (jsonrpc.org/specification): objects, or a batch of them in an array. */
#include "json_fields.h"
#include "subprotocol.h"

#define BATCH_SHOWN_MAX 64

static bool jsonrpc_guess(struct bytes target, struct bytes first)
{
    struct json_members m;
    (void)target;
    if (!json_members_of(&m, first)) {
        return false;
    }
    return json_member(m.object ? first : json_element(first, 0), "jsonrpc").n > 0;
}

static const char *kind_of(struct bytes method, struct bytes id, struct bytes error)
{
    return method.n > 0  ? (id.n > 0 ? "request" : "notification")
           : error.n > 0 ? "error"
                         : "response";
}

static void read_one(struct dissection *d, unsigned depth, struct bytes object)
{
    struct bytes method = json_unquoted(json_member(object, "method"));
    struct bytes id = json_unquoted(json_member(object, "id"));
    struct bytes error = json_member(object, "error"), result = json_member(object, "result");
    dissect_say_text(d, kind_of(method, id, error));
    dissect_say(d, id);
    dissect_say(d, method);
    dissect_say(d, method.n > 0  ? json_member(object, "params")
                   : error.n > 0 ? json_unquoted(json_member(error, "message"))
                                 : result);
    dissect_json_object(d, depth, object);
}

static void jsonrpc_read(struct dissection *d, struct bytes unit,
                         const struct subprotocol_hint *hint)
{
    struct json_members m;
    struct bytes key, value;
    (void)hint;
    if (!json_members_of(&m, unit) || m.object) {
        read_one(d, 0, unit);
        return;
    }
    for (size_t i = 0; i < BATCH_SHOWN_MAX && json_members_next(&m, &key, &value); i++) {
        dissect_heading(d, 0, "Of a batch");
        read_one(d, 1, value);
    }
}

static const char *const tokens[] = {"jsonrpc", NULL};

const struct subprotocol jsonrpc_subprotocol = {
    .name = "JSON-RPC", .tokens = tokens, .guess = jsonrpc_guess, .read = jsonrpc_read};
