/*
 * The request and the response of an HTTP Archive's entry (HAR 1.2), from an opening handshake.
 *
 * Header fields are those of the captured heads; where there are none (HTTP/2, mid-stream) those
 * that are known from the handshake. Cookies and credentials are masked, unless all is shown.
 */
#ifndef WSIGHT_HAR_HTTP_H
#define WSIGHT_HAR_HTTP_H

#include "analyzer/model.h"
#include "ui/report/json.h"
#include "ui/report/redact.h"

struct har_http {
    struct redactor *redactor;
    const struct session *session;
};

void har_request(struct json *w, const struct har_http *http);
void har_response(struct json *w, const struct har_http *http);

#endif
