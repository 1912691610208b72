/*
 * The WebSocket decoders: frames to messages, control frames, close, extensions.
 *
 * It is only ever switched to: by the HTTP upgrade once the 101 was seen, or by the mid-stream
 * pickup. Both give it a websocket_setup, which says what the handshake negotiated.
 */
#ifndef WSIGHT_WEBSOCKET_H
#define WSIGHT_WEBSOCKET_H

#include "../decoder.h"

enum deflate_use {
    DEFLATE_NONE,   /* not negotiated: RSV1 is an error */
    DEFLATE_IN_USE, /* permessage-deflate was negotiated */
    DEFLATE_UNKNOWN /* mid-stream: RSV1 on the first frame of a message means it is in use */
};

/* What a compressed message holds; permessage-deflate is then DEFLATE_IN_USE, whatever it is. */
enum message_coding { CODING_DEFLATE, CODING_BZIP2, CODING_SNAPPY };

/* The extensions before permessage-deflate; deflate is then DEFLATE_IN_USE as well. */
enum deflate_frames {
    DEFLATE_FRAMES_NONE,
    DEFLATE_FRAMES_RSV1, /* deflate-frame: those with RSV1, continuations too */
    DEFLATE_FRAMES_ALL   /* deflate-application-data: every data frame, and no bit says so */
};

struct websocket_setup {
    int version;              /* as in version.h; 13 when it is not known */
    enum deflate_use deflate; /* RFC 7692 */
    enum message_coding coding;
    bool no_context_takeover[2]; /* by the sender: [DIR_CLIENT_TO_SERVER] client_no_context_takeover
                                  */
    uint8_t window_bits[2];      /* agreed for the sender, by enum dir; 0: the largest */
    bool other_extensions;       /* extensions were negotiated that are not decoded: RSV bits may be
                                    theirs */
    bool midstream;              /* the bytes before were not seen: inflate windows are unknown */
    bool synced[2];              /* midstream: a frame begins with the next byte; else search */
    bool search[2];             /* what follows may not be a frame yet: the first one is searched */
    bool lost[2];               /* so it is, and bytes just before were not seen */
    bool deflate_stream;        /* both directions are DEFLATE streams, frames inside */
    bool mux;                   /* messages carry the frames of channels */
    enum deflate_frames frames; /* whether frames are compressed, each by itself */
    bool unsure;                /* the first bytes decide between this version and its kin */
    bool has_connection_key;    /* hybi-04 */
    uint8_t connection_key[20];
};

/* Frames of hybi-07 and later. */
extern const struct decoder websocket_decoder;
/* Frames of the versions before, and whatever has to be told apart first. */
extern const struct decoder websocket_draft_decoder;
/* Whatever a deflate-stream holds. */
extern const struct decoder websocket_deflate_stream_decoder;

/* Do these bytes, which stand where a frame may begin, begin with frames of hybi-07 or later, as
 * far as they are read? MORE: not even the first header is there. Enough only where WebSocket is
 * expected, as behind a request whose answer was lost. */
enum verdict websocket_frames_follow(enum dir, struct bytes);

/* Was this program built with what unpacks such messages? */
bool websocket_unpacks(enum message_coding);

/* The one of them that reads what this setup says. */
const struct decoder *websocket_decoder_for(const struct websocket_setup *);

#endif
