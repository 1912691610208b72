/*
 * A session in the text report: two lines in fixed columns, and more where there is more to say.
 *
 *     #  client                 server                 host and path
 *        lasted       client sent       server sent      ping  how it ended
 */
#ifndef WSIGHT_SESSION_ROWS_H
#define WSIGHT_SESSION_ROWS_H

#include "ui/report/out.h"
#include "ui/report/redact.h"
#include "ui/report/report.h"

void session_rows_heading(struct out *o);
void session_rows(struct out *o, const struct session *s, struct redactor *r,
                  const struct report_context *context);

#define CHANNEL_TEXT_BYTES 160
/* "channel 2: 12 frames, 1.2 kB, dropped by server with 1000"; its target is not in it. */
const char *channel_text(const struct mux_channel *, char out[CHANNEL_TEXT_BYTES]);

/* A refused handshake: who, what, and the server's answer. */
/* "version 4, hybi-04, Interim". */
void put_version_name(struct out *o, const struct websocket_version *, const struct registry *);

void refused_rows_heading(struct out *o);
void refused_rows(struct out *o, const struct session *s, struct redactor *r,
                  const struct report_context *context);

#endif
