/* Addresses as text. */
#include "ui/report/address.h"
#include "ui/report/out.h"

#include <arpa/inet.h>

static size_t ipv4_text(char *out, const uint8_t *ip)
{
    size_t n = 0;
    for (int i = 0; i < 4; i++) {
        if (i > 0) {
            out[n++] = '.';
        }
        n += number_write((uint8_t *)out + n, ip[i]);
    }
    out[n] = '\0';
    return n;
}

size_t address_text(char out[ADDRESS_BYTES], const struct endpoint *e, uint8_t family)
{
    if (family != 6) {
        return ipv4_text(out, e->ip);
    }
    if (inet_ntop(AF_INET6, e->ip, out, ADDRESS_BYTES) == NULL) {
        out[0] = '\0';
    }
    return strlen(out);
}

size_t address_port_text(char out[ADDRESS_BYTES], const struct endpoint *e, uint8_t family)
{
    size_t n = 0;
    if (family == 6) {
        char ip[ADDRESS_BYTES];
        size_t length = address_text(ip, e, family);
        out[n++] = '[';
        memcpy(out + n, ip, length);
        n += length;
        out[n++] = ']';
    } else {
        n = ipv4_text(out, e->ip);
    }
    out[n++] = ':';
    n += number_write((uint8_t *)out + n, e->port);
    out[n] = '\0';
    return n;
}
