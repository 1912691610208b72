/*
 * What a session's messages say to the subprotocol that is spoken, as they come: MQTT, GraphQL and
 * whatever else decoders/subprotocols/ knows, by what was agreed, the request's target or the first
 * message.
 */
#ifndef WSIGHT_SPOKEN_H
#define WSIGHT_SPOKEN_H

#include "analyzer/model.h"
#include "decoders/subprotocols/subprotocol.h"

/* A session's. */
struct spoken {
    const struct subprotocol *subprotocol; /* NULL: not known */
    struct subprotocol_track track;
    bool begun; /* a data message came */
};

/* When the session is opened. */
void spoken_begin(struct spoken *, const struct session *);

/* Each message in its order. true: d has a summary of it, which borrows from the message. A message
 * that does not begin with a unit, or is malformed, has none. */
bool spoken_dissect(struct spoken *, enum dir, const struct message *, struct dissection *d);

#endif
