/* TLS connections that cannot be read, for the text report: those that say the same are counted
 * together, by server, name, client's fingerprint, and why. */
#ifndef WSIGHT_TLS_GROUPS_H
#define WSIGHT_TLS_GROUPS_H

#include "analyzer/model.h"

#define TLS_GROUPS_MAX 64
#define TLS_TEXT_MAX_BYTES 128

struct tls_group {
    struct tls_text { /* the beginning of a longer one */
        uint8_t bytes[TLS_TEXT_MAX_BYTES];
        size_t n;
    } name, alpn, ja4;
    struct tls_text certificate; /* of the first */
    uint16_t version, cipher;
    enum tls_why why;
    struct endpoint server;
    uint8_t family;
    uint64_t connections, bytes;
};

struct tls_groups {
    struct tls_group list[TLS_GROUPS_MAX]; /* in the order of their first end */
    size_t n;
    uint64_t others; /* connections of further names */
};

void tls_groups_add(struct tls_groups *g, const struct session *s);
/* The most connections first; equal ones stay in their order. */
void tls_groups_sort(struct tls_groups *g);

#endif
