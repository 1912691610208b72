/* TLS and HTTP/2 below a session, in words for people and for JSON. */
#ifndef WSIGHT_TLS_TEXT_H
#define WSIGHT_TLS_TEXT_H

#include "analyzer/model.h"

#define TLS_NUMBER_BYTES 8
#define TRANSPORT_TEXT_BYTES 128

/* "TLS 1.3"; NULL: no version that there is. */
const char *tls_version_name(uint16_t version);
/* IANA's name of a suite that is decrypted, else its number, written to out. */
const char *tls_cipher_name(uint16_t cipher, char out[TLS_NUMBER_BYTES]);
/* Why a connection stays closed; NULL: it does not. */
const char *tls_why_not_name(enum tls_why);

/* "TLS 1.3, HTTP/2 stream 5": what the session is in besides TCP, or an empty text. With `cipher`
 * also the suite. */
const char *transport_text(const struct session *, bool cipher, char out[TRANSPORT_TEXT_BYTES]);

#endif
