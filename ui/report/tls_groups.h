/* TLS connections that cannot be read, counted by server name and address, for the text report. */
#ifndef WSIGHT_TLS_GROUPS_H
#define WSIGHT_TLS_GROUPS_H

#include "analyzer/model.h"

#define TLS_GROUPS_MAX 64
#define TLS_NAME_MAX_BYTES 128

struct tls_group {
    uint8_t name[TLS_NAME_MAX_BYTES]; /* from the ClientHello, its beginning */
    size_t name_n;
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
