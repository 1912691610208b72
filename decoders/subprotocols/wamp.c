/*
 * WAMP, the Web Application Messaging Protocol (draft-oberstet-hybi-crossbar-wamp, sections 6 and
 * 9 to 14), in its JSON serialization: an array of the message type and what belongs to it.
 */
#include "json_fields.h"
#include "subprotocol.h"

static const struct {
    uint64_t code;
    const char *name;
    const char *elements[8];
} types[] = {
    {1, "HELLO", {"Type", "Realm", "Details", NULL}},
    {2, "WELCOME", {"Type", "Session", "Details", NULL}},
    {3, "ABORT", {"Type", "Details", "Reason", NULL}},
    {4, "CHALLENGE", {"Type", "Method", "Extra", NULL}},
    {5, "AUTHENTICATE", {"Type", "Signature", "Extra", NULL}},
    {6, "GOODBYE", {"Type", "Details", "Reason", NULL}},
    {8,
     "ERROR",
     {"Type", "Request type", "Request", "Details", "Error", "Arguments", "Named", NULL}},
    {16, "PUBLISH", {"Type", "Request", "Options", "Topic", "Arguments", "Named", NULL}},
    {17, "PUBLISHED", {"Type", "Request", "Publication", NULL}},
    {32, "SUBSCRIBE", {"Type", "Request", "Options", "Topic", NULL}},
    {33, "SUBSCRIBED", {"Type", "Request", "Subscription", NULL}},
    {34, "UNSUBSCRIBE", {"Type", "Request", "Subscription", NULL}},
    {35, "UNSUBSCRIBED", {"Type", "Request", NULL}},
    {36, "EVENT", {"Type", "Subscription", "Publication", "Details", "Arguments", "Named", NULL}},
    {48, "CALL", {"Type", "Request", "Options", "Procedure", "Arguments", "Named", NULL}},
    {49, "CANCEL", {"Type", "Request", "Options", NULL}},
    {50, "RESULT", {"Type", "Request", "Details", "Arguments", "Named", NULL}},
    {64, "REGISTER", {"Type", "Request", "Options", "Procedure", NULL}},
    {65, "REGISTERED", {"Type", "Request", "Registration", NULL}},
    {66, "UNREGISTER", {"Type", "Request", "Registration", NULL}},
    {67, "UNREGISTERED", {"Type", "Request", NULL}},
    {68, "INVOCATION", {"Type", "Request", "Registration", "Details", "Arguments", "Named", NULL}},
    {69, "INTERRUPT", {"Type", "Request", "Options", NULL}},
    {70, "YIELD", {"Type", "Request", "Options", "Arguments", "Named", NULL}},
};
#define TYPES (sizeof types / sizeof *types)

/* Options and details say little, so the summary goes without them. */
static void say(struct dissection *d, struct bytes unit, const char *const *elements)
{
    struct json_members m;
    struct bytes key, value;
    json_members_of(&m, unit);
    for (size_t i = 0; elements[i] != NULL && json_members_next(&m, &key, &value); i++) {
        bool dull = strcmp(elements[i], "Options") == 0 || strcmp(elements[i], "Details") == 0;
        if (i > 0 && !dull) {
            dissect_say(d, json_unquoted(value));
        }
    }
}

static void wamp_read(struct dissection *d, struct bytes unit, const struct subprotocol_hint *hint)
{
    uint64_t code = 0;
    (void)hint;
    bool there = bytes_to_u64(json_element(unit, 0), &code);
    for (size_t i = 0; there && i < TYPES; i++) {
        if (types[i].code == code) {
            dissect_say_text(d, types[i].name);
            say(d, unit, types[i].elements);
            dissect_heading(d, 0, types[i].name);
            dissect_json_array(d, 1, unit, types[i].elements);
            return;
        }
    }
    dissect_wrong(d, "the message type is not known");
}

static const char *const tokens[] = {"wamp", "wamp.2.json", NULL};

const struct subprotocol wamp_subprotocol = {.name = "WAMP", .tokens = tokens, .read = wamp_read};
