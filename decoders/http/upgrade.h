/*
 * The opening handshake of WebSocket (RFC 6455 section 4): from the heads of a request and its
 * answer to EVENT_HANDSHAKE, its findings, and what was negotiated.
 *
 * Who follows the HTTP connection finds the request with upgrade_is_request and makes a struct
 * upgrade of it, which begins the session. Then one of these ends it: upgrade_answer when the
 * answer came, upgrade_unanswered when none will, upgrade_went_on when it was not captured.
 */
#ifndef WSIGHT_UPGRADE_H
#define WSIGHT_UPGRADE_H

#include "../websocket/websocket.h"
#include "head.h"

/* ---- What is remembered across connections: the keys seen, the handshakes under way ---- */

struct upgrade_memory;

/* About 0.6 MB, whatever the number of connections. NULL when out of memory. */
struct upgrade_memory *upgrade_memory_new(void);
void upgrade_memory_free(struct upgrade_memory *);

/* ---- One handshake ---- */

struct upgrade;

/* Is the request an opening handshake, however broken? */
bool upgrade_is_request(const struct http_head *request);

/* A request of HTTP/2 has HTTP version 2, and is answered by any 2xx (RFC 8441 section 5); who
 * makes it sees that it is an extended CONNECT. */

/* Begins a session with the request, ending the stream's earlier one (refused or incomplete), and
 * makes the findings about it. The head is copied. NULL when out of memory. */
struct upgrade *upgrade_new(struct stream *, const struct http_head *request, bool through_proxy);

/* The 8 bytes that belong to the request although they follow its head: are there to be any
 * (hixie-76 to hybi-03), and here they are. */
bool upgrade_has_key3(const struct upgrade *);
void upgrade_key3(struct upgrade *, struct bytes key3);

/* How many bytes behind the head of a 101 belong to the answer: 16 in those versions, else 0. The
 * upgrade is NULL when the request was not seen. */
size_t upgrade_answer_behind(const struct upgrade *, const struct http_head *response);

/* The client sent bytes behind its request at that time, before the answer was seen. */
void upgrade_note_early(struct upgrade *, int64_t ts, uint64_t pkt);

enum upgrade_outcome {
    UPGRADE_REFUSED,   /* HTTP goes on */
    UPGRADE_WEBSOCKET, /* WebSocket follows, as *setup says */
    UPGRADE_UNKNOWN    /* the protocol was changed to one that is not decoded */
};

/* Findings about the answer, then EVENT_HANDSHAKE. `status` is final: any but 1xx, or 101; behind
 * is what upgrade_answer_behind asked for. Frees the upgrade, which is NULL when the answer was
 * seen without its request (only for a 101). */
enum upgrade_outcome upgrade_answer(struct stream *, struct upgrade *,
                                    const struct http_head *response, struct bytes behind,
                                    bool through_proxy, struct websocket_setup *setup);

/* EVENT_HANDSHAKE without an answer. Frees the upgrade; NULL is accepted. */
void upgrade_unanswered(struct stream *, struct upgrade *);

/* May its frames be told by websocket_frames_follow? */
bool upgrade_frames_are_known(const struct upgrade *);

/* The same when frames follow all the same: the answer was not captured, and said yes. *setup is
 * made; who knows where frames begin sets its `synced`. */
void upgrade_went_on(struct stream *, struct upgrade *, struct websocket_setup *);

#endif
