/*
 * The versions of the WebSocket protocol: hixie-75 and the values 0 to 13 of IANA's version
 * registry, one line each.
 *
 * A line says how the version shakes hands and frames, who spoke it, and which of the rules of
 * RFC 6455 it had already: what did not exist yet is not held against it. Lines are constant and
 * are never freed, so that events and models may point to them.
 *
 * Sources where the drafts' texts are silent: what their implementations sent and took.
 */
#ifndef WSIGHT_WEBSOCKET_VERSION_H
#define WSIGHT_WEBSOCKET_VERSION_H

#include "framing.h"

#define VERSION_HIXIE_75 (-1) /* has no number in the registry */
#define VERSION_LAST 13
#define VERSION_COUNT (VERSION_LAST - VERSION_HIXIE_75 + 1)

/* How client and server agree. */
enum version_handshake {
    VERSION_HANDSHAKE_KEYLESS, /* no key at all: hixie-75 */
    VERSION_HANDSHAKE_KEYS,    /* two keys and 8 bytes, answered by 16 bytes of MD5: 0 to 3 */
    VERSION_HANDSHAKE_NONCE,   /* Key and Accept, and a Nonce in the answer: 4 */
    VERSION_HANDSHAKE_ACCEPT   /* Key and Accept: 5 and later */
};

/* What the payload of a Close frame is. */
enum version_close {
    VERSION_CLOSE_NONE,   /* there is no Close, or it has no payload */
    VERSION_CLOSE_FREE,   /* any bytes */
    VERSION_CLOSE_ECHOED, /* any bytes, and the answer carries the same */
    VERSION_CLOSE_MARKER, /* 'C' from the client, 'S' from the server */
    VERSION_CLOSE_CODE    /* code and reason */
};

struct version_close_code {
    uint16_t code;
    const char *name;
};

struct websocket_version {
    int number;            /* in the registry; VERSION_HIXIE_75 */
    const char *draft;     /* "hixie-76", "hybi-08 to hybi-12", "RFC 6455" */
    const char *spoken_by; /* who is known to have spoken it */
    const struct framing *framing;
    enum version_handshake handshake;
    enum version_close close;
    const struct version_close_code *codes; /* ends with code 0; NULL: as the registry has them */
    bool closes;         /* a Close from each side ends it; else the end of TCP will do */
    bool judges_mask;    /* a missing or unexpected mask is an error */
    bool judges_utf8;    /* so is text that is not UTF-8; before, it was mended by the receiver */
    bool judges_rsv;     /* ... a reserved bit without an extension */
    bool judges_length;  /* ... a length that is not in its shortest form */
    bool limits_control; /* control frames have at most 125 bytes */
    bool pongs_freely;   /* a Pong needs no Ping */
};

/* The line of a number; NULL when it is none of -1 to 13. */
const struct websocket_version *websocket_version(int number);

/* What a close code means in a version: by the version's own table where it has one and it covers
 * the code (below 3000). NULL: ask the registry. */
const char *version_close_code_name(const struct websocket_version *, int code);

#endif
