/*
 * OCPP-J, the Open Charge Point Protocol over WebSocket (1.6 JSON section 4.2, 2.0.1 part 4
 * section 4.2): an array of the message type, an id and what belongs to the type.
 */
#include "json_fields.h"
#include "subprotocol.h"

static const struct {
    const char *name;
    const char *elements[7];
} types[] = {
    [2] = {"CALL", {"Type", "Id", "Action", "Payload", NULL}},
    [3] = {"CALLRESULT", {"Type", "Id", "Payload", NULL}},
    [4] = {"CALLERROR", {"Type", "Id", "Error code", "Description", "Details", NULL}},
    [5] = {"CALLRESULTERROR", {"Type", "Id", "Error code", "Description", "Details", NULL}},
    [6] = {"SEND", {"Type", "Id", "Action", "Payload", NULL}},
};
#define TYPES (sizeof types / sizeof *types)

static void ocpp_read(struct dissection *d, struct bytes unit, const struct subprotocol_hint *hint)
{
    uint64_t type = 0;
    (void)hint;
    if (!bytes_to_u64(json_element(unit, 0), &type) || type >= TYPES || types[type].name == NULL) {
        dissect_wrong(d, "the message type is not known");
        return;
    }
    dissect_say_text(d, types[type].name);
    for (size_t i = type == 2 || type == 6 ? 2 : 1; i < 4; i++) {
        dissect_say(d, json_unquoted(json_element(unit, i)));
    }
    dissect_heading(d, 0, types[type].name);
    dissect_json_array(d, 1, unit, types[type].elements);
}

static const char *const tokens[] = {"ocpp1.2",   "ocpp1.5", "ocpp1.6", "ocpp2.0",
                                     "ocpp2.0.1", "ocpp2.1", NULL};

const struct subprotocol ocpp_subprotocol = {.name = "OCPP", .tokens = tokens, .read = ocpp_read};
