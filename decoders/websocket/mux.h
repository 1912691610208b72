/*
 * The multiplexing draft (draft-ietf-hybi-websocket-multiplexing-06, "mux"): the binary messages of
 * one connection carry the frames of many channels. Each message begins with the number of a
 * channel. On channel 0 come blocks that add and drop channels and grant quota; channel 1 is the
 * connection that shook hands. On all but 0 a byte of FIN, reserved bits and opcode follows, then
 * payload up to the end of the message.
 *
 * Messages are told as they are on the wire. Of the channels it is known who asked for what, and
 * how much went over each.
 */
#ifndef WSIGHT_MUX_H
#define WSIGHT_MUX_H

#include "../decoder.h"

#define MUX_CHANNELS_MAX 64         /* of a connection, that are told of */
#define MUX_MESSAGE_MAX_BYTES 16384 /* of a message on channel 0, that is read */

/* An extension's name is that of the draft, or what its one implementation called it. */
bool mux_is_name(struct bytes extension);
/* The channel that a message of such a connection belongs to. false: it is too short to say. */
bool mux_channel_of(struct bytes message, uint32_t *channel);

struct mux;

struct mux *mux_new(void); /* NULL when out of memory */
void mux_free(struct mux *);

/* Payload of the message under way, unmasked. */
void mux_piece(struct mux *, enum dir, struct bytes plain);
/* The message is complete; opcode: of RFC 6455. */
void mux_message(struct stream *, struct mux *, enum dir, uint8_t opcode);
/* The message under way is not going to be complete. */
void mux_lost(struct mux *, enum dir);
/* Tells of the channels: EVENT_CHANNEL for each. */
void mux_tell(struct stream *, const struct mux *);

#endif
