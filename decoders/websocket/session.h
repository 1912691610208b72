/*
 * The state of a WebSocket connection, inside this folder only. Each field stands in the struct
 * whose lifetime it has: connection > direction > message > frame, so that ending a message is one
 * assignment and nothing can leak.
 */
#ifndef WSIGHT_WEBSOCKET_SESSION_H
#define WSIGHT_WEBSOCKET_SESSION_H

#include "../base/buffer.h"
#include "../base/utf8.h"
#include "held.h"
#include "sync.h"
#include "version.h"
#include "websocket.h"

/* The frame under way. Its header was read; left counts the payload bytes that are still to come.
 */
struct ws_frame {
    uint64_t left;
    uint8_t key[4];
    uint8_t phase; /* index of the key byte for the next payload byte */
    bool fin, masked;
    bool control; /* the rest of a control frame that is too long to be one */
};

/* The message under way. One that comes whole in one piece lives only on the stack. */
struct ws_message {
    bool open;   /* begun and not ended */
    bool whole;  /* comes in one piece: the body needs no buffer */
    bool orphan; /* began with a continuation frame */
    bool begun;  /* compressed, and a byte of it came */
    bool held;   /* compressed, and held back whole so far */
    struct utf8 utf8;
    enum inflate_result inflated; /* compressed, and inflated as it came */
    struct message m;
};

/* What the masking keys of a direction have shown so far (RFC 6455 section 10.3). */
struct ws_mask_keys {
    uint32_t last, step, varying;
    uint16_t count;
    uint8_t equal_steps;
    bool told_entropy;
};

struct ws_pings;
struct ws_digest;
struct inflater;
struct unpacker;
struct ws_search;

#define RUN_MESSAGES 15

/* Plain messages that were not told yet: one line of the cache. */
struct ws_run {
    uint32_t lengths[RUN_MESSAGES];
    uint8_t n;
    uint8_t opcode;
    bool masked;
};

/* The first line of the cache and that of the run are all that a plain message needs. */
struct ws_direction {
    struct ws_frame frame;
    int64_t close_ts; /* of the first Close; 0: none was sent */
    struct ws_mask_keys keys;
    bool searching;                 /* frame boundaries are unknown */
    bool after_close;               /* a data frame followed the Close: said once */
    bool joined;                    /* a search is over and no message has begun since */
    uint8_t on_trial;               /* frames after a search that must be legal, or it goes on */
    int close_code;                 /* of the first Close; CLOSE_CODE_NONE when it had none */
    struct ws_message message;      /* its flags are still in the first line */
    struct inflater *inflater;      /* NULL until the first compressed message */
    struct unpacker *unpacker;      /* the same for other codings than DEFLATE */
    struct ws_search *search;       /* while searching */
    struct ws_digest *digest;       /* NULL unless options.digest */
    _Alignas(64) struct ws_run run; /* options.late */
    struct held held;               /* compressed messages held back: options.late */
    struct ws_pings *pings;         /* NULL until the first Ping */
    struct ws_pings *early_pongs;   /* whose Pings of the other side may still come; NULL: none */
    bool missed_pings;              /* Pings may have been lost since the last one seen */
    uint32_t close_body; /* a hash of the first Close's: hybi-03 wants the same answered */
    struct buffer body;  /* of the message under way, when it comes in more than one piece */
};

struct ws {
    const struct websocket_version *version; /* its rules; looked at only where one is broken */
    struct websocket_setup setup;
    struct ws_direction dir[2];
};

/* A frame whose payload is still to come. */
static inline struct ws_frame ws_frame_of(const struct frame *f)
{
    struct ws_frame frame = {.left = f->len,
                             .fin = f->fin,
                             .masked = f->masked,
                             .control = opcode_is_control(f->opcode)};
    memcpy(frame.key, f->masking_key, 4);
    return frame;
}

/* message.c: the life of a message */

/* A data message begins with a frame of this opcode. */
void message_begin(struct stream *s, enum dir dir, struct ws_message *m, uint8_t opcode,
                   bool compressed);
/* A data frame's header: it begins, continues or breaks a message (section 5.4). The frame before
 * must still stand, as this may end its message. */
void message_data_frame(struct stream *s, enum dir dir, const struct frame *f);
/* EVENT_FRAME: for options.frames. */
void message_emit_frame(struct stream *s, enum dir dir, const struct frame *f);
void message_count_frame(struct ws_message *m, const struct frame *f);
/* The next payload bytes of frame f, as they are on the wire: masked or not. */
void message_piece(struct stream *s, enum dir dir, struct ws_message *m, const struct ws_frame *f,
                   struct bytes wire);
/* A message that is all there, in one plain frame: judged, counted and told. */
void message_whole(struct stream *s, enum dir dir, const struct frame *f, struct bytes payload);
/* The last frame of the message is complete. */
void message_finish(struct stream *s, enum dir dir, struct ws_message *m);
/* Payload bytes of the message under way are missing. */
void message_damage(struct stream *s, enum dir dir);
/* The message under way ends before it is finished. */
void message_abandon(struct stream *s, enum dir dir);
void message_direction_open(struct stream *s, struct ws_direction *d);
/* No more bytes come. in_frame: a frame lacks some. */
void message_direction_end(struct stream *s, enum dir dir, bool in_frame);
void message_direction_close(struct stream *s, enum dir dir);
/* A piece of a message as the application gets it: unmasked and inflated. ascii: known to be. */
void message_plain(struct stream *s, struct ws_direction *d, struct ws_message *m,
                   struct bytes plain, bool ascii);
/* All of it was given to message_plain: the last checks, then EVENT_MESSAGE with that time. */
void message_complete(struct stream *s, enum dir dir, struct ws_message *m, int64_t ts,
                      uint64_t pkt);

/* compressed.c: messages of permessage-deflate and its kin, inflated as they come or held back */

void compressed_direction_open(struct ws_direction *d);
void compressed_piece(struct stream *s, enum dir dir, struct ws_message *m,
                      const struct ws_frame *f, struct bytes wire);
void compressed_finish(struct stream *s, enum dir dir, struct ws_message *m);
/* The message under way will not be finished, or bytes of it are missing. */
void compressed_lost(struct stream *s, enum dir dir);
/* Inflates and emits what is held back. */
void compressed_flush(struct stream *s, enum dir dir);
void compressed_direction_close(struct stream *s, enum dir dir);

/* control.c: Ping, Pong and Close */

/* A control frame and its payload, unmasked, or of one too long to be one the first
 * CONTROL_PAYLOAD_MAX bytes: judged and told. */
void control_whole(struct stream *s, enum dir dir, const struct frame *f, struct bytes payload);
/* One that means nothing: counted. */
void control_passed_over(struct stream *s, enum dir dir, const struct frame *f);
/* A frame that follows the sender's own Close. */
void control_after_close(struct stream *s, enum dir dir, uint8_t opcode);
/* What an ended connection has left undone. */
void control_ended(struct stream *s);
void control_direction_close(struct ws_direction *d);
/* Frames of this direction may have been missed. */
void control_missed(struct stream *s, enum dir dir);

/* search.c: frames are found again after a loss, or first of all mid-stream */

void search_open(struct stream *s, enum dir dir);
/* n bytes are missing, and with them the place of the next header. */
void search_after_gap(struct stream *s, enum dir dir, uint64_t n);
/* Bytes to pass over. After that it is still searching, or stands at a header. */
size_t search_data(struct stream *s, enum dir dir, struct bytes b);
/* What the last search found proves to be no frame. */
void search_again(struct stream *s, enum dir dir);
void search_end(struct stream *s, enum dir dir);
void search_close(struct ws_direction *d);

/* mask_keys.c: what masking keys give away */
void mask_key_seen(struct stream *s, enum dir dir, const uint8_t key[4]);

#endif
