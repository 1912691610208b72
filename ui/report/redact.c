/* Masking secrets in what reports show of a handshake and of findings. */
#include "ui/report/redact.h"
#include "ui/report/list.h"

#define NAME_MAX_BYTES 64 /* a longer parameter name is compared by its beginning */
#define JWT_MIN_BYTES 20
#define COUNTED_NAME_BYTES 256 /* the model counts names by their beginning */
#define OPAQUE_MIN_BYTES 32    /* a random-looking subprotocol of this length is a token */

void redact_init(struct redactor *r, bool show_secrets)
{
    r->show = show_secrets;
    r->names_n = 0;
    r->names_full = false;
    buffer_init(&r->room, REDACTED_TEXT_MAX_BYTES);
}

void redact_done(struct redactor *r)
{
    buffer_done(&r->room);
}

/*--- Characters and names -----------------------------------------------------------------------*/

static inline uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + 32) : c;
}

static inline bool is_word(uint8_t c)
{
    return (lower(c) >= 'a' && lower(c) <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
}

static bool is_name(uint8_t c)
{
    return is_word(c) || c == '.' || c == '%' || c == '[' || c == ']';
}

static bool starts_with_nocase(struct bytes b, const char *prefix)
{
    struct bytes want = bytes_of(prefix);
    return b.n >= want.n && bytes_equal_nocase(bytes_part(b, 0, want.n), want);
}

static int hex_value(uint8_t c)
{
    return c >= '0' && c <= '9'                 ? c - '0'
           : lower(c) >= 'a' && lower(c) <= 'f' ? lower(c) - 'a' + 10
                                                : -1;
}

/* In lower case, without percent-encoding, '-', '_' and ']'; returns its length. */
static size_t plain_name(char out[NAME_MAX_BYTES + 1], struct bytes name)
{
    size_t n = 0;
    for (size_t i = 0; i < name.n && n < NAME_MAX_BYTES; i++) {
        uint8_t c = name.p[i];
        if (c == '%' && name.n - i > 2 && hex_value(name.p[i + 1]) >= 0 &&
            hex_value(name.p[i + 2]) >= 0) {
            c = (uint8_t)(hex_value(name.p[i + 1]) << 4 | hex_value(name.p[i + 2]));
            i += 2;
        }
        if (c != '-' && c != '_' && c != ']' && c != '\0') {
            out[n++] = (char)lower(c);
        }
    }
    out[n] = '\0';
    return n;
}

/* Is a parameter of this name a secret? */
static bool is_secret_name(struct bytes raw)
{
    static const char *const whole[] = {"auth", "key", "sig", "sid",    "pass",
                                        "pw",   "pwd", "otp", "ticket", "hmac"};
    static const char *const parts[] = {
        "token",   "secret", "passw",    "apikey",    "jwt",       "credential", "signature",
        "session", "bearer", "authoriz", "authentic", "accesskey", "privatekey", "authkey"};
    char name[NAME_MAX_BYTES + 1];
    if (plain_name(name, raw) == 0) {
        return false;
    }
    const char *last = name + strlen(name); /* "auth[key]" and "auth.key" are keys */
    while (last > name && last[-1] != '[' && last[-1] != '.') {
        last--;
    }
    for (size_t i = 0; i < sizeof whole / sizeof whole[0]; i++) {
        if (strcmp(last, whole[i]) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (strstr(name, parts[i]) != NULL) {
            return true;
        }
    }
    return false;
}

/*--- Texts --------------------------------------------------------------------------------------*/

/* The length of the JSON Web Token (RFC 7519) that b begins with, or 0. */
static size_t jwt_length(struct bytes b)
{
    size_t dots = 0;
    size_t n = 0;
    if (!bytes_start_with(b, bytes_of("eyJ"))) {
        return 0;
    }
    while (n < b.n && (is_word(b.p[n]) || b.p[n] == '.')) {
        dots += b.p[n] == '.';
        n++;
    }
    return dots >= 2 && n >= JWT_MIN_BYTES ? n : 0;
}

static bool ends_value(uint8_t c)
{
    return c == '&' || c == ';' || c == '#' || c <= ' ';
}

/* What stands before a secret that b begins with, and is kept: "token=", "Bearer ". */
static size_t announcer_length(struct bytes b)
{
    size_t n = 0;
    static const char *const schemes[] = {"bearer ", "basic ", "digest "};
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        if (starts_with_nocase(b, schemes[i])) {
            return strlen(schemes[i]);
        }
    }
    while (n < b.n && n < 3 * NAME_MAX_BYTES && is_name(b.p[n])) {
        n++;
    }
    bool assigned = n > 0 && n < b.n && b.p[n] == '=';
    return assigned && is_secret_name(bytes_part(b, 0, n)) ? n + 1 : 0;
}

/* The length of "user:password" when b is what follows "//", without the '@'; or 0. */
static size_t userinfo_length(struct bytes b)
{
    size_t length = 0;
    for (size_t i = 0; i < b.n && b.p[i] > ' ' && strchr("/?#", b.p[i]) == NULL; i++) {
        if (b.p[i] == '@') {
            length = i;
        }
    }
    return length;
}

/* Looks at `at`: how much is kept, and how much after that is a secret (0: nothing is). */
static size_t find_secret(struct bytes text, size_t at, size_t *keep)
{
    struct bytes b = bytes_from(text, at);
    *keep = 0;
    if (at >= 2 && text.p[at - 1] == '/' && text.p[at - 2] == '/') {
        size_t n = userinfo_length(b);
        if (n > 0) {
            return n;
        }
    }
    if (at > 0 && is_word(text.p[at - 1])) {
        return 0;
    }
    size_t n = jwt_length(b);
    if (n > 0) {
        return n;
    }
    *keep = announcer_length(b);
    for (n = 0; *keep > 0 && n < b.n - *keep && !ends_value(b.p[*keep + n]);) {
        n++;
    }
    return n;
}

static bool may_hold_secret(struct bytes b)
{
    return bytes_find(b, '=') < b.n || bytes_find(b, '@') < b.n || bytes_find(b, ' ') < b.n ||
           bytes_find_bytes(b, bytes_of("eyJ")) < b.n;
}

static struct bytes mask(void)
{
    return bytes_of("***");
}

bool redact_is_credential(struct bytes name)
{
    static const char *const names[] = {"cookie",        "set-cookie",          "cookie2",
                                        "authorization", "proxy-authorization", "x-api-key",
                                        "x-auth-token",  "x-csrf-token"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (bytes_equal_nocase(name, bytes_of(names[i]))) {
            return true;
        }
    }
    return false;
}

struct bytes redact_text(struct redactor *r, struct bytes text)
{
    if (r->show || !may_hold_secret(text)) {
        return text;
    }
    size_t done = 0; /* of the text, what is in the room */
    bool whole = true;
    buffer_clear(&r->room);
    for (size_t at = 0; at < text.n;) {
        size_t keep = 0;
        size_t secret = find_secret(text, at, &keep);
        if (secret == 0) {
            do { /* nothing begins within a word */
                at++;
            } while (at < text.n && is_word(text.p[at - 1]) && is_word(text.p[at]));
            continue;
        }
        whole = whole && buffer_append(&r->room, bytes_part(text, done, at + keep - done)) &&
                buffer_append(&r->room, mask());
        at += keep + secret;
        done = at;
    }
    if (done == 0) {
        return text;
    }
    whole = whole && buffer_append(&r->room, bytes_from(text, done));
    return whole ? buffer_bytes(&r->room) : mask();
}

/*--- Subprotocols -------------------------------------------------------------------------------*/

/* Does the name announce that the next one in the list is a token? */
static bool is_announcer(struct bytes name)
{
    static const char *const names[] = {
        "access_token", "access-token", "accesstoken", "authorization", "authentication",
        "auth",         "bearer",       "basic",       "token",         "jwt",
        "api_key",      "api-key",      "apikey",      "password",      "secret"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (bytes_equal_nocase(name, bytes_of(names[i]))) {
            return true;
        }
    }
    return false;
}

/* The length of the part of a name that says that a token follows in it, or 0. */
static size_t token_prefix(struct bytes name)
{
    static const char *const prefixes[] = {
        "base64url.bearer.authorization.k8s.io.",
        "base64url.bearer.phx.",
        "base64url.bearer.",
        "openai-insecure-api-key.",
        "access_token.",
        "access-token.",
        "authorization.bearer.",
        "authorization.basic.",
        "authorization.",
        "bearer.",
        "basic.",
        "token.",
        "jwt.",
        "auth.",
        "api_key.",
        "api-key.",
        "apikey.",
        "bearer-",
    };
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        if (starts_with_nocase(name, prefixes[i])) {
            return strlen(prefixes[i]);
        }
    }
    return 0;
}

/* One long word of hexadecimal digits, or of both cases and digits, as no name is. */
static bool is_opaque(struct bytes name)
{
    bool small = false;
    bool large = false;
    bool digit = false;
    bool hex = true;
    for (size_t i = 0; i < name.n; i++) {
        uint8_t c = name.p[i];
        if (!is_word(c) && c != '+' && c != '/' && c != '=') {
            return false;
        }
        small = small || (c >= 'a' && c <= 'z');
        large = large || (c >= 'A' && c <= 'Z');
        digit = digit || (c >= '0' && c <= '9');
        hex = hex && hex_value(c) >= 0;
    }
    return name.n >= OPAQUE_MIN_BYTES && digit && (hex || (small && large));
}

static struct bytes masked_after(struct redactor *r, struct bytes name, size_t keep)
{
    buffer_clear(&r->room);
    if (!buffer_append(&r->room, bytes_part(name, 0, keep)) || !buffer_append(&r->room, mask())) {
        return mask();
    }
    return buffer_bytes(&r->room);
}

struct bytes redact_subprotocol(struct redactor *r, struct bytes name, struct bytes before)
{
    if (r->show || name.n == 0) {
        return name;
    }
    size_t keep = token_prefix(name);
    if (keep > 0 && keep < name.n) {
        return masked_after(r, name, keep);
    }
    if (is_announcer(before) || is_opaque(name)) {
        return mask();
    }
    return redact_text(r, name);
}

struct bytes redact_chosen(struct redactor *r, const struct handshake *h)
{
    struct bytes list = h->offered_subprotocols;
    struct bytes before = {0};
    struct bytes name;
    while (quoted_list_next(&list, &name)) {
        if (bytes_equal(name, h->subprotocol)) {
            return redact_subprotocol(r, name, before);
        }
        before = name;
    }
    return redact_subprotocol(r, h->subprotocol, (struct bytes){0});
}

struct bytes redact_subprotocol_field(struct redactor *r, const struct handshake *h,
                                      struct bytes value, struct buffer *joined)
{
    struct bytes item;
    struct bytes before = {0};
    bool whole = true;
    if (bytes_equal(value, h->subprotocol)) {
        return redact_chosen(r, h);
    }
    while (quoted_list_next(&value, &item)) {
        whole = whole && (before.p == NULL || buffer_append(joined, bytes_of(", "))) &&
                buffer_append(joined, redact_subprotocol(r, item, before));
        before = item;
    }
    return whole ? buffer_bytes(joined) : mask();
}

/* FNV-1a. A collision masks a name too many. */
static uint64_t hash_of(struct bytes b)
{
    b = bytes_part(b, 0, COUNTED_NAME_BYTES);
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t i = 0; i < b.n; i++) {
        hash = (hash ^ b.p[i]) * UINT64_C(0x100000001b3);
    }
    return hash;
}

static bool knows(const struct redactor *r, uint64_t hash)
{
    for (size_t i = 0; i < r->names_n; i++) {
        if (r->names[i] == hash) {
            return true;
        }
    }
    return false;
}

void redact_learn(struct redactor *r, const struct handshake *h)
{
    struct bytes list = h->offered_subprotocols;
    struct bytes before = {0};
    struct bytes name;
    if (r->show) {
        return;
    }
    while (quoted_list_next(&list, &name)) {
        uint64_t hash = is_announcer(before) ? hash_of(name) : 0;
        before = name;
        if (hash == 0 || knows(r, hash)) {
            continue;
        }
        if (r->names_n == REDACT_NAMES_MAX) {
            r->names_full = true;
            return;
        }
        r->names[r->names_n++] = hash;
    }
}

struct bytes redact_counted_name(struct redactor *r, struct bytes name, bool chosen)
{
    if (!r->show && (knows(r, hash_of(name)) || (r->names_full && !chosen))) {
        return mask();
    }
    return redact_subprotocol(r, name, (struct bytes){0});
}
