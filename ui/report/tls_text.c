/* TLS and HTTP/2 below a session, in words. */
#include "ui/report/tls_text.h"

#include "decoders/tls/protection.h"

#include <stdio.h>

const char *tls_version_name(uint16_t version)
{
    static const char *const names[] = {"SSL 3.0", "TLS 1.0", "TLS 1.1", "TLS 1.2", "TLS 1.3"};
    return version >= 0x300 && version <= 0x304 ? names[version - 0x300] : NULL;
}

const char *tls_cipher_name(uint16_t cipher, char out[TLS_NUMBER_BYTES])
{
    const struct tls_suite *suite = tls_suite_find(cipher);
    if (suite != NULL) {
        return suite->name;
    }
    snprintf(out, TLS_NUMBER_BYTES, "0x%04x", cipher);
    return out;
}

const char *tls_why_not_name(enum tls_why why)
{
    static const char *const names[] = {
        [TLS_WHY_DECRYPTED] = NULL,
        [TLS_WHY_NO_KEYS] = "no keys",
        [TLS_WHY_WRONG_KEYS] = "wrong keys",
        [TLS_WHY_UNSUPPORTED] = "unsupported",
        [TLS_WHY_HANDSHAKE] = "handshake not captured",
        [TLS_WHY_LOST] = "records lost",
    };
    return names[why];
}

const char *transport_text(const struct session *s, bool cipher, char out[TRANSPORT_TEXT_BYTES])
{
    char name[TLS_NUMBER_BYTES];
    const char *version = s->has_tls ? tls_version_name(s->tls.version) : NULL;
    uint32_t stream = s->connection.http2_stream;
    int n = 0;
    out[0] = '\0';
    if (s->has_tls) {
        n = snprintf(out, TRANSPORT_TEXT_BYTES, "%s", version != NULL ? version : "TLS");
    }
    if (s->has_tls && cipher && s->tls.cipher != 0) {
        n += snprintf(out + n, TRANSPORT_TEXT_BYTES - (size_t)n, ", %s",
                      tls_cipher_name(s->tls.cipher, name));
    }
    if (stream != 0) {
        snprintf(out + n, TRANSPORT_TEXT_BYTES - (size_t)n, "%sHTTP/2 stream %u", n > 0 ? ", " : "",
                 stream);
    }
    return out;
}
