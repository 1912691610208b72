/*
 * The head of an HTTP/1 message: start line and header fields (RFC 9112 sections 2 to 5).
 */
#ifndef WSIGHT_HEAD_H
#define WSIGHT_HEAD_H

#include "../decoder.h"
#include "fields.h"

#define HTTP_HEAD_MAX_BYTES 65536 /* browsers and servers stop between 8 and 256 KB */

struct http_head {
    struct bytes whole;          /* with the empty line at its end */
    struct bytes method, target; /* of a request */
    struct bytes reason;         /* of a response */
    int status;                  /* of a response; 0 in a request */
    int major, minor;            /* HTTP version */
    struct fields fields;
};

/* Do the bytes begin with a request line of HTTP/1? MORE: they are the beginning of one. */
enum verdict http_request_line(struct bytes b);
/* The same for a status line. */
enum verdict http_status_line(struct bytes b);

/* Length of the head that b begins with, including its empty line; 0 when its end is not there yet.
 * *scanned, 0 at first, remembers how far the search went. */
size_t http_head_end(struct bytes b, size_t *scanned);

/* Reads a whole head; false when its start line is malformed. The views are into `whole`. */
bool http_request_read(struct http_head *head, struct bytes whole);
bool http_response_read(struct http_head *head, struct bytes whole);

#endif
