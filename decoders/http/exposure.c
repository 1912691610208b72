/* What an opening handshake exposes: foreign origins, secrets in the wrong place (RFC 6455 10). */
#include "exposure.h"

#define JWT_MIN_BYTES 20
#define SECRET_PARAMETERS_MAX 8 /* of one target that are findings */

bool uri_read(struct uri *u, struct bytes text)
{
    *u = (struct uri){0};
    size_t colon = bytes_find(text, ':');
    struct bytes rest = bytes_from(text, colon);
    if (!bytes_start_with(rest, bytes_of("://")) || !is_token(bytes_part(text, 0, colon))) {
        return false;
    }
    u->scheme = bytes_part(text, 0, colon);
    rest = bytes_from(rest, 3);
    size_t end = 0;
    while (end < rest.n && rest.p[end] != '/' && rest.p[end] != '?' && rest.p[end] != '#') {
        end++;
    }
    rest.n = end;
    size_t at = bytes_find(rest, '@');
    if (at < rest.n) {
        u->userinfo = bytes_part(rest, 0, at);
        rest = bytes_from(rest, at + 1);
    }
    /* The colon before the port stands behind the brackets of an IPv6 address. */
    size_t bracket = bytes_find(rest, ']');
    size_t from = bracket < rest.n ? bracket : 0;
    size_t port = from + bytes_find(bytes_from(rest, from), ':');
    u->host = bytes_part(rest, 0, port);
    u->port = bytes_from(rest, port + 1);
    return true;
}

static struct bytes default_port(struct bytes scheme)
{
    bool secure = bytes_equal_nocase(scheme, bytes_of("https")) ||
                  bytes_equal_nocase(scheme, bytes_of("wss"));
    return bytes_of(secure ? "443" : "80");
}

bool uri_is_host(const struct uri *u, struct bytes host)
{
    size_t bracket = bytes_find(host, ']');
    size_t from = bracket < host.n ? bracket : 0;
    size_t colon = from + bytes_find(bytes_from(host, from), ':');
    struct bytes port = bytes_from(host, colon + 1);
    struct bytes normal = default_port(u->scheme);
    return bytes_equal_nocase(u->host, bytes_part(host, 0, colon)) &&
           bytes_equal(u->port.n > 0 ? u->port : normal, port.n > 0 ? port : normal);
}

static bool starts_with_nocase(struct bytes b, const char *prefix)
{
    struct bytes want = bytes_of(prefix);
    return b.n > want.n && bytes_equal_nocase(bytes_part(b, 0, want.n), want);
}

/* Three parts of base64url, the first of which begins as '{"' does. */
static bool is_jwt(struct bytes b)
{
    size_t first = bytes_find(b, '.');
    return b.n >= JWT_MIN_BYTES && bytes_start_with(b, bytes_of("eyJ")) && first < b.n &&
           bytes_find(bytes_from(b, first + 1), '.') < bytes_from(b, first + 1).n;
}

bool subprotocol_is_secret(struct bytes name, struct bytes before)
{
    static const char *const prefixes[] = {
        "base64url.bearer.",
        "openai-insecure-api-key.",
        "access_token.",
        "access-token.",
        "authorization.",
        "bearer.",
        "token.",
        "jwt.",
    };
    /* "access_token, VALUE": a name that announces the next item. */
    static const char *const announcers[] = {"access_token", "access-token", "authorization",
                                             "bearer",       "token",        "jwt"};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (starts_with_nocase(name, prefixes[i])) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof announcers / sizeof announcers[0]; i++) {
        if (bytes_equal_nocase(before, bytes_of(announcers[i]))) {
            return true;
        }
    }
    return is_jwt(name);
}

static void check_subprotocols(struct stream *s, struct bytes list)
{
    struct bytes name;
    struct bytes before = {0};
    unsigned number = 0;
    while (list_next(&list, &name)) {
        number++;
        if (subprotocol_is_secret(name, before)) {
            stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_SECRET_IN_PROTOCOL,
                           "name %u of the list", number);
            return;
        }
        before = name;
    }
}

static bool names_secret(struct bytes name)
{
    static const char *const names[] = {
        "token",      "access_token", "accesstoken", "access-token", "id_token",  "refresh_token",
        "api_key",    "apikey",       "api-key",     "key",          "auth",      "authorization",
        "jwt",        "password",     "passwd",      "pwd",          "secret",    "client_secret",
        "session",    "sessionid",    "session_id",  "sig",          "signature", "bearer",
        "credential", "credentials",  "auth_token",  "authtoken",
    };
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (name.n > 0 && (name.p[0] | 0x20) == names[i][0] &&
            bytes_equal_nocase(name, bytes_of(names[i]))) {
            return true;
        }
    }
    return false;
}

static void check_target(struct stream *s, struct bytes target)
{
    struct uri uri;
    if (uri_read(&uri, target) && uri.userinfo.n > 0) {
        stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_SECRET_IN_URL, "user information");
    }
    struct bytes query = bytes_from(target, bytes_find(target, '?') + 1);
    unsigned found = 0;
    while (query.n > 0 && found < SECRET_PARAMETERS_MAX) {
        size_t end = 0;
        while (end < query.n && query.p[end] != '&' && query.p[end] != ';') {
            end++;
        }
        struct bytes pair = bytes_part(query, 0, end);
        size_t equals = bytes_find(pair, '=');
        struct bytes name = bytes_part(pair, 0, equals);
        query = bytes_from(query, end + 1);
        if (bytes_from(pair, equals + 1).n > 0 && names_secret(name)) {
            found++;
            stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_SECRET_IN_URL, "parameter %.*s",
                           (int)name.n, (const char *)name.p);
        }
    }
}

static void check_origin(struct stream *s, const struct handshake *h)
{
    struct uri uri;
    if (h->origin.p == NULL) {
        stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_HANDSHAKE_ORIGIN_MISSING, NULL);
        return;
    }
    if (bytes_equal_nocase(h->origin, bytes_of("null"))) {
        stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_ORIGIN_NULL, NULL);
        return;
    }
    if (h->has_cookie && h->host.n > 0 &&
        !(uri_read(&uri, h->origin) && uri_is_host(&uri, h->host))) {
        struct bytes origin = bytes_part(h->origin, 0, 64);
        struct bytes host = bytes_part(h->host, 0, 64);
        stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_ORIGIN_FOREIGN, "Origin %.*s, Host %.*s",
                       (int)origin.n, (const char *)origin.p, (int)host.n, (const char *)host.p);
    }
}

void exposure_check(struct stream *s, const struct handshake *h)
{
    check_origin(s, h);
    check_target(s, h->target);
    check_subprotocols(s, h->offered_subprotocols);
    if (stream_connection(s)->layers & LAYER_TLS) {
        return;
    }
    if (h->has_authorization) {
        stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_PLAIN_AUTHORIZATION, NULL);
    }
    if (h->has_cookie) {
        stream_finding(s, DIR_CLIENT_TO_SERVER, FINDING_PLAIN_COOKIE, NULL);
    }
}
