/*
 * The units of a subprotocol in the messages that the store keeps: what of other messages belongs
 * to one.
 */
#ifndef WSIGHT_UNITS_H
#define WSIGHT_UNITS_H

#include "decoders/subprotocols/subprotocol.h"
#include "store.h"

/* Messages of one direction that are looked through for the other pieces of a unit. */
#define UNITS_MESSAGES_MAX 4096U

/* The message, with what of its first unit came before it and what of its last one comes after it,
 * at most `most` bytes; *partial: there is more of it, here or still to come. `into` is cleared.
 * false: bytes of it are lost, or there is no memory. */
bool units_read(const struct store *, const struct store_session *, uint32_t message, size_t most,
                struct buffer *into, bool *partial);

/* Reads and dissects; `into` holds what the fields borrow. false as above, or when the session's
 * subprotocol is not known or the message is a control frame. */
bool units_dissect(const struct store *, const struct store_session *, uint32_t message,
                   size_t most, struct buffer *into, struct dissection *);

#endif
