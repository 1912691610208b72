/*
 * A session as JSON, in the words of wsight.report/1 (report.schema.json); for the report and for
 * the lines of `follow`.
 */
#ifndef WSIGHT_SESSION_JSON_H
#define WSIGHT_SESSION_JSON_H

#include "ui/report/json.h"
#include "ui/report/redact.h"
#include "ui/report/report.h"

/* What all of these need to know. */
struct json_style {
    const struct registry *registry;
    const struct capture_summary *capture;
    struct redactor *redactor;
};

/* "client_to_server" and "server_to_client". */
const char *direction_name(enum dir dir);

#define CLOSE_CODELESS "without a code" /* of a version whose Close never had one */

/* The name of a close code; of CLOSE_CODE_NONE "No Status Rcvd". */
const char *close_name(const struct registry *r, int code);
/* The same in a session, by the table of its version. */
const char *session_close_name(const struct registry *r, const struct handshake *h, int code);
/* The code that a Close's body begins with; CLOSE_CODE_NONE when its version has none there. */
int session_close_code(const struct handshake *h, struct bytes body);
/* "Interim", "Reserved", "Standard"; "Unregistered" for hixie-75. */
const char *version_status(const struct registry *r, const struct websocket_version *v);

/* The value of an object or array that the caller has begun is left open; others are whole. */
void json_endpoint(struct json *w, const char *name, const struct endpoint *e, uint8_t family);
void json_handshake(struct json *w, const char *name, const struct handshake *h,
                    const struct json_style *style);
/* The members that a session's direction and the totals share. */
void json_direction_counts(struct json *w, const struct direction_counts *d);
void json_tcp_counts(struct json *w, const char *name, const struct tcp_counts *t);
void json_close(struct json *w, const char *name, const struct session *s, int dir,
                const struct json_style *style);
/* How the session ended. */
void json_ending(struct json *w, const char *name, const struct session *s);
/* count, min_ms, avg_ms, max_ms; null when there is nothing. */
void json_rtt(struct json *w, const char *name, const struct rtt_counts *r, unsigned digits);
/* A list of supported versions, subprotocols or extensions; null when the field was not seen. */
void json_list(struct json *w, const char *name, struct bytes list, struct redactor *secrets);
/* id, severity, class, section, text: the kind of a finding. */
void json_finding_kind(struct json *w, enum finding_id id);
/* A whole record. */
void json_finding(struct json *w, const struct finding_record *r, const struct json_style *style);

/* version (null for hixie-75), draft and status. */
void json_version_members(struct json *w, const struct websocket_version *,
                          const struct registry *);
/* `protocol`: these, and who spoke it; null when it is not known what is spoken. */
void json_protocol(struct json *w, const struct session *s, const struct registry *);

/* The element of `sessions`, as an object. */
void json_session(struct json *w, const struct session *s, const struct json_style *style);

/* A TLS connection that cannot be read. */
void json_tls(struct json *w, const char *name, const struct session *s,
              const struct json_style *style);

/* Milliseconds of a round trip, as exact as the capture. */
void json_ms(struct json *w, const char *name, int64_t ns, unsigned digits);

#endif
