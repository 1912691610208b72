/*
 * What the two halves of the mid-stream pickup share: pickup.c finds the frames of RFC 6455
 * anywhere, pickup_drafts.c those of the versions before hybi-07 from the first bytes. Evidence is
 * counted in bits, as in sync.h.
 */
#ifndef WSIGHT_PICKUP_H
#define WSIGHT_PICKUP_H

#include "../event.h"

/* What speaks for a direction being made of frames. */
struct evidence {
    int bits;
    unsigned frames;   /* headers in a row */
    uint64_t searched; /* bytes of the direction that were looked at */
};

/* Confidence in percent that two directions are WebSocket; 0: not enough. A client's frames weigh
 * more, as they are masked. */
int pickup_confidence(const struct evidence *client, const struct evidence *server);

/* Frames of a version before hybi-07. */
struct draft_pickup {
    int version; /* the one of its framing that says least of its own: 0, 2, 4 or 6 */
    int confidence;
    bool swapped;   /* client and server are the other way round */
    bool synced[2]; /* a frame begins with the first byte; else behind the first FF. By the sides
                       as they really are */
};

/* Do these first bytes of both directions begin with such frames? They are to be asked after RFC
 * 6455's, and both directions must be frames throughout, as far as they are read. */
bool pickup_drafts(struct bytes client, struct bytes server, struct draft_pickup *out);

#endif
