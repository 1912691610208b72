/*
 * SignalR's hub protocol in JSON (aspnetcore, HubProtocol.md): records that end in 0x1e. It agrees
 * on no subprotocol; the client's first record names the encoding.
 */
#include "json_fields.h"
#include "subprotocol.h"

#define RECORD_END 0x1e
#define RECORDS_SHOWN_MAX 64

static const char *const types[] = {
    NULL,   "Invocation", "StreamItem", "Completion", "StreamInvocation", "CancelInvocation",
    "Ping", "Close",      "Ack",        "Sequence"};
#define TYPES (sizeof types / sizeof *types)

static bool signalr_guess(struct bytes target, struct bytes first)
{
    (void)target;
    return bytes_find(first, RECORD_END) < first.n && json_member(first, "protocol").n > 0;
}

static void read_record(struct dissection *d, struct bytes record)
{
    uint64_t type = 0;
    bool known = bytes_to_u64(json_member(record, "type"), &type) && type > 0 && type < TYPES;
    const char *name = known ? types[type] : "Handshake";
    struct bytes target = json_unquoted(json_member(record, "target"));
    struct bytes error = json_unquoted(json_member(record, "error"));
    dissect_say_text(d, name);
    dissect_say(d, json_unquoted(json_member(record, "invocationId")));
    dissect_say(d, target.n > 0 ? target : error);
    dissect_say(d, json_member(record, target.n > 0 ? "arguments" : "result"));
    dissect_heading(d, 0, name);
    dissect_json_object(d, 1, record);
}

static void signalr_read(struct dissection *d, struct bytes unit,
                         const struct subprotocol_hint *hint)
{
    (void)hint;
    for (size_t i = 0; i < RECORDS_SHOWN_MAX && unit.n > 0; i++) {
        size_t end = bytes_find(unit, RECORD_END);
        if (end == unit.n) {
            dissect_wrong(d, "a record does not end");
        }
        read_record(d, bytes_part(unit, 0, end));
        unit = bytes_from(unit, end < unit.n ? end + 1 : end);
    }
}

const struct subprotocol signalr_subprotocol = {
    .name = "SignalR", .guess = signalr_guess, .read = signalr_read};
