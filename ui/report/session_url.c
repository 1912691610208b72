/* The URL that a session's client asked for. */
#include "ui/report/session_url.h"

#include "ui/report/address.h"

bool session_url(const struct session *s, struct buffer *url)
{
    const struct handshake *h = &s->handshake;
    char address[ADDRESS_BYTES];
    size_t n = address_port_text(address, &s->connection.server, s->connection.family);
    struct bytes host = h->host.n > 0 ? h->host : (struct bytes){(const uint8_t *)address, n};
    bool absolute = bytes_find_bytes(bytes_part(h->target, 0, 8), bytes_of("://")) < 8 &&
                    h->target.n > 8 && h->target.p[0] != '/';
    bool whole = absolute || (buffer_append(url, bytes_of(s->has_tls ? "wss://" : "ws://")) &&
                              buffer_append(url, host));
    return whole && buffer_append(url, h->target.n > 0 ? h->target : bytes_of("/"));
}
