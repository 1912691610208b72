/*
 * GraphQL over WebSocket: graphql-transport-ws (enisdenjo/graphql-ws PROTOCOL.md) and the older
 * graphql-ws of subscriptions-transport-ws. JSON objects with a type and, for an operation, an id.
 */
#include "json_fields.h"
#include "subprotocol.h"

#define ID_SHOWN_BYTES 8 /* of a UUID */

/* What follows the type: the query of an operation, else the payload as it is. */
static struct bytes gist(struct bytes payload)
{
    struct bytes query = json_member(payload, "query");
    struct bytes name = json_member(payload, "operationName");
    return name.n > 2 && name.p[0] == '"' ? json_unquoted(name)
           : query.n > 0                  ? json_unquoted(query)
                                          : payload;
}

static void graphql_read(struct dissection *d, struct bytes unit,
                         const struct subprotocol_hint *hint)
{
    struct bytes payload = json_member(unit, "payload");
    (void)hint;
    dissect_say(d, json_unquoted(json_member(unit, "type")));
    dissect_say(d, bytes_part(json_unquoted(json_member(unit, "id")), 0, ID_SHOWN_BYTES));
    dissect_say(d, gist(payload));
    dissect_json_object(d, 0, unit);
    if (d->summary_n == 0) {
        dissect_wrong(d, "there is no type");
    }
}

static const char *const tokens[] = {"graphql-transport-ws", "graphql-ws", NULL};

const struct subprotocol graphql_subprotocol = {
    .name = "GraphQL", .tokens = tokens, .read = graphql_read};
