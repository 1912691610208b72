/* Values in the text of a filter: quoted and bare words, numbers with units, names, addresses. */
#include "decoders/registry/registry.h"
#include "tree.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>
#include <time.h>

#define LITERAL_MAX_BYTES 1024

/* A value as it stands in the text. */
struct word {
    char text[LITERAL_MAX_BYTES + 1];
    size_t n, at;
    bool quoted;
};

/*--- Words --------------------------------------------------------------------------------------*/

static int hex_digit(char c)
{
    return isdigit((unsigned char)c)    ? c - '0'
           : isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10
                                        : -1;
}

/* What a backslash at p->at begins; any that is none of these stays, so that "\d" is a regular
 * expression's. */
static char take_escape(struct filter_parser *p)
{
    static const char letters[] = "\"'\\nrt", values[] = "\"'\\\n\r\t";
    const char *next = p->text + p->at + 1;
    const char *letter = *next != '\0' ? strchr(letters, *next) : NULL;
    if (letter != NULL) {
        p->at += 2;
        return values[letter - letters];
    }
    if (*next == 'x' && hex_digit(next[1]) >= 0 && hex_digit(next[2]) >= 0) {
        p->at += 4;
        return (char)(hex_digit(next[1]) << 4 | hex_digit(next[2]));
    }
    p->at++;
    return '\\';
}

/* From the opening quote, either kind, to the closing one; raw: a backslash is one. */
static int read_quoted(struct filter_parser *p, struct word *w, bool raw)
{
    char quote = p->text[p->at++];
    while (p->text[p->at] != quote) {
        char c = p->text[p->at];
        if (c == '\0') {
            return filter_fail(p, w->at, "the closing %c is missing", quote);
        }
        if (w->n == LITERAL_MAX_BYTES) {
            return filter_fail(p, w->at, "this is too long");
        }
        if (c == '\\' && !raw) {
            c = take_escape(p);
        } else {
            p->at++;
        }
        w->text[w->n++] = c;
    }
    p->at++;
    return 0;
}

static bool ends_bare(const char *text)
{
    return *text == '\0' || isspace((unsigned char)*text) || strchr("(){},\"", *text) != NULL ||
           strncmp(text, "&&", 2) == 0 || strncmp(text, "||", 2) == 0;
}

static int read_word(struct filter_parser *p, struct word *w)
{
    filter_skip_blanks(p);
    const char *text = p->text + p->at;
    *w = (struct word){.at = p->at};
    if (text[0] == '"' || text[0] == '\'' || (text[0] == 'r' && text[1] == '"')) {
        w->quoted = true;
        p->at += text[0] == 'r';
        if (read_quoted(p, w, text[0] == 'r') != 0) {
            return -1;
        }
    }
    while (!w->quoted && !ends_bare(p->text + p->at)) {
        if (w->n == LITERAL_MAX_BYTES) {
            return filter_fail(p, w->at, "this is too long");
        }
        w->text[w->n++] = p->text[p->at++];
    }
    w->text[w->n] = '\0';
    return w->quoted || w->n > 0 ? 0 : filter_fail(p, p->at, "a value is missing here");
}

/*--- Names for numbers --------------------------------------------------------------------------*/

/* "going_away", "going-away" or "Going Away" for the registry's "Going Away". */
static bool is_name(const char *own, const char *text)
{
    while (*own != '\0' && *text != '\0') {
        bool same = tolower((unsigned char)*own) == tolower((unsigned char)*text) ||
                    (strchr(" .", *own) != NULL && strchr("_- ", *text) != NULL);
        if (!same) {
            return false;
        }
        own++;
        text++;
    }
    return (*own == '\0' || strcmp(own, ".") == 0) && *text == '\0';
}

static bool close_by_name(const char *text, int64_t *number)
{
    const struct registry_table *t = &registry_builtin()->table[REGISTRY_CLOSE_CODES];
    for (size_t i = 0; i < t->n; i++) {
        if (t->entries[i].low == t->entries[i].high && is_name(t->entries[i].name, text)) {
            *number = t->entries[i].low;
            return true;
        }
    }
    return false;
}

/* "1.3", "TLS 1.3", "TLSv1.3", "SSL3.0" */
static bool tls_by_name(const char *text, int64_t *number)
{
    bool ssl = strncasecmp(text, "ssl", 3) == 0;
    text += ssl || strncasecmp(text, "tls", 3) == 0 ? 3 : 0;
    text += strspn(text, " _");
    text += *text == 'v' || *text == 'V';
    if (text[0] == (ssl ? '3' : '1') && text[1] == '.' && text[2] >= '0' &&
        text[2] <= (ssl ? '0' : '3') && text[3] == '\0') {
        *number = ssl ? 0x300 : 0x301 + (text[2] - '0');
        return true;
    }
    return false;
}

static bool word_of(const char *text, const char *const *words, size_t n, int64_t *number)
{
    for (size_t i = 0; i < n; i++) {
        if (words[i] != NULL && strcasecmp(text, words[i]) == 0) {
            *number = (int64_t)i;
            return true;
        }
    }
    return false;
}

static bool number_by_name(enum filter_type type, const char *text, int64_t *number)
{
    static const char *const opcodes[] = {"continuation", "text", "binary", NULL,   NULL,  NULL,
                                          NULL,           NULL,   "close",  "ping", "pong"};
    static const char *const severities[] = {"note", "warning", "error"};
    static const char *const flags[] = {"false", "true"};
    switch (type) {
    case TYPE_OPCODE:
        return word_of(text, opcodes, sizeof opcodes / sizeof *opcodes, number);
    case TYPE_SEVERITY:
        return word_of(text, severities, 3, number);
    case TYPE_FLAG:
        return word_of(text, flags, 2, number);
    case TYPE_CLOSE:
        return close_by_name(text, number);
    case TYPE_TLS:
        return tls_by_name(text, number);
    default:
        return false;
    }
}

/*--- Numbers ------------------------------------------------------------------------------------*/

/* What a unit stands for; 0: it is none of the type. */
static int64_t unit_of(enum filter_type type, const char *unit)
{
    static const struct {
        const char *name;
        int64_t factor;
        enum filter_type type;
    } units[] = {{"b", 1, TYPE_SIZE},
                 {"k", 1024, TYPE_SIZE},
                 {"kb", 1024, TYPE_SIZE},
                 {"kib", 1024, TYPE_SIZE},
                 {"m", 1048576, TYPE_SIZE},
                 {"mb", 1048576, TYPE_SIZE},
                 {"mib", 1048576, TYPE_SIZE},
                 {"g", 1073741824, TYPE_SIZE},
                 {"gb", 1073741824, TYPE_SIZE},
                 {"gib", 1073741824, TYPE_SIZE},
                 {"ns", 1, TYPE_DURATION},
                 {"us", 1000, TYPE_DURATION},
                 {"ms", 1000000, TYPE_DURATION},
                 {"s", 1000000000, TYPE_DURATION},
                 {"m", 60 * INT64_C(1000000000), TYPE_DURATION},
                 {"min", 60 * INT64_C(1000000000), TYPE_DURATION},
                 {"h", 3600 * INT64_C(1000000000), TYPE_DURATION},
                 {"d", 86400 * INT64_C(1000000000), TYPE_DURATION}};
    if (*unit == '\0') {
        return type == TYPE_DURATION || type == TYPE_TIME ? 1000000000 : 1;
    }
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (units[i].type == type && strcasecmp(units[i].name, unit) == 0) {
            return units[i].factor;
        }
    }
    return 0;
}

/* Digits, or 0x and digits, perhaps with a fraction, and a unit. */
static bool read_number(enum filter_type type, const char *text, int64_t *number)
{
    char *end;
    bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
    if (!isdigit((unsigned char)text[0])) {
        return false;
    }
    errno = 0;
    unsigned long long whole = strtoull(text, &end, hex ? 16 : 10);
    if (errno != 0 || whole > INT64_MAX) {
        return false;
    }
    double fraction = 0;
    if (*end == '.' && (type == TYPE_SIZE || type == TYPE_DURATION || type == TYPE_TIME)) {
        const char *point = end;
        char digits[20] = "0";
        size_t n = strspn(point + 1, "0123456789");
        snprintf(digits + 1, sizeof digits - 1, "%.*s", n < 17 ? (int)n + 1 : 18, point);
        fraction = strtod(digits, NULL);
        end += 1 + n;
    }
    int64_t unit = unit_of(type, end);
    if (unit == 0 || (int64_t)whole > INT64_MAX / unit - 1) {
        return false;
    }
    *number = (int64_t)whole * unit + (int64_t)(fraction * (double)unit + 0.5);
    return true;
}

/* "15:59", "15:59:57": its end; NULL: it is none. */
static const char *read_clock(const char *text, struct tm *tm)
{
    const char *end = strptime(text, "%H:%M:%S", tm);
    return end != NULL ? end : strptime(text, "%H:%M", tm);
}

/* "2026-11-22", or with a time behind a blank or T: "15:59:57.250", and perhaps Z. The day also as
 * "Nov 22, 2026", as Wireshark shows it. */
static bool read_time(const char *text, int64_t *ns)
{
    struct tm tm = {0};
    const char *end = strptime(text, "%Y-%m-%d", &tm);
    end = end != NULL ? end : strptime(text, "%b %d, %Y", &tm);
    int64_t fraction = 0;
    if (end != NULL && (*end == 'T' || *end == ' ')) {
        end = read_clock(end + 1, &tm);
    }
    if (end == NULL) {
        return false;
    }
    if (*end == '.') {
        int64_t unit = 100000000;
        for (end++; isdigit((unsigned char)*end); end++) {
            fraction += (*end - '0') * unit;
            unit /= 10;
        }
    }
    end += *end == 'Z';
    if (*end != '\0' || tm.tm_year < 70 || tm.tm_year > 300) {
        return false;
    }
    *ns = (int64_t)timegm(&tm) * 1000000000 + fraction;
    return true;
}

/* A unit that stands apart from its number, as in "2 KB", comes to it. */
static void join_unit(struct filter_parser *p, enum filter_type type, struct word *w)
{
    struct filter_parser ahead = *p;
    struct word unit;
    if (w->quoted || !isdigit((unsigned char)w->text[w->n - 1])) {
        return;
    }
    filter_skip_blanks(&ahead);
    if (isalpha((unsigned char)ahead.text[ahead.at]) && read_word(&ahead, &unit) == 0 &&
        unit_of(type, unit.text) != 0 && unit.n < LITERAL_MAX_BYTES - w->n) {
        memcpy(w->text + w->n, unit.text, unit.n + 1);
        w->n += unit.n;
        p->at = ahead.at;
    }
}

static const char *const expected[TYPE_COUNT] = {
    [TYPE_NUMBER] = "number",
    [TYPE_SIZE] = "size, such as 800 or 64KB",
    [TYPE_DURATION] = "time, such as 2s or 150ms",
    [TYPE_TIME] = "time, such as \"2026-11-22 15:59:57\"",
    [TYPE_OPCODE] = "opcode: text, binary, close, ping, pong, or a number",
    [TYPE_CLOSE] = "close code, such as 1000 or going_away",
    [TYPE_SEVERITY] = "severity: note, warning or error",
    [TYPE_TLS] = "version of TLS, such as 1.3",
    [TYPE_FLAG] = "flag: true or false, 1 or 0",
    [TYPE_TEXT] = "text",
    [TYPE_BYTES] = "bytes, such as 0a:1b:2c or a text",
    [TYPE_ADDRESS] = "address, such as 10.0.0.1, 10.0.0.0/8 or fd00::/8",
};

static int refuse(struct filter_parser *p, size_t at, const char *text, enum filter_type type)
{
    return filter_fail(p, at, "'%.40s' is no %s", text, expected[type]);
}

static int number_literal(struct filter_parser *p, const struct word *w, const char *text,
                          enum filter_type type, int64_t *number)
{
    if (w->quoted && (type == TYPE_NUMBER || type == TYPE_SIZE || type == TYPE_FLAG)) {
        return filter_fail(p, w->at, "a text is no %s", expected[type]);
    }
    bool is_number = number_by_name(type, text, number) || read_number(type, text, number) ||
                     (type == TYPE_TIME && read_time(text, number));
    if (!is_number || (type == TYPE_FLAG && *number > 1)) {
        return refuse(p, w->at, text, type);
    }
    return 0;
}

/*--- Addresses and bytes ------------------------------------------------------------------------*/

static bool read_address(const char *text, size_t n, struct filter_address *a)
{
    char address[64];
    snprintf(address, sizeof address, "%.*s", n < sizeof address ? (int)n : 0, text);
    a->family = inet_pton(AF_INET, address, a->ip) == 1    ? 4
                : inet_pton(AF_INET6, address, a->ip) == 1 ? 6
                                                           : 0;
    return a->family != 0;
}

static int address_literal(struct filter_parser *p, const struct word *w, const char *second,
                           struct filter_literal *l)
{
    size_t n = strcspn(w->text, "/");
    bool known = read_address(w->text, n, &l->address);
    unsigned long most = l->address.family == 4 ? 32 : 128, prefix = most;
    if (known && w->text[n] == '/') {
        char *end;
        prefix = strtoul(w->text + n + 1, &end, 10);
        known = *end == '\0' && isdigit((unsigned char)w->text[n + 1]) && prefix <= most;
    }
    if (known && second != NULL) {
        known = prefix == most && read_address(second, strlen(second), &l->address_to) &&
                l->address_to.family == l->address.family;
    }
    l->prefix = (uint8_t)prefix;
    return known ? 0 : refuse(p, w->at, w->text, TYPE_ADDRESS);
}

/* "48:65:6c": pairs of hexadecimal digits between colons, at least one colon. A bare word that is
 * anything else is text. */
static void bytes_literal(struct word *w)
{
    size_t n = (w->n + 1) / 3;
    if (w->quoted || w->n < 5 || w->n % 3 != 2) {
        return;
    }
    for (size_t i = 0; i < w->n; i++) {
        if (i % 3 == 2 ? w->text[i] != ':' : hex_digit(w->text[i]) < 0) {
            return;
        }
    }
    for (size_t i = 0; i < n; i++) {
        w->text[i] = (char)(hex_digit(w->text[3 * i]) << 4 | hex_digit(w->text[3 * i + 1]));
    }
    w->n = n;
    w->text[n] = '\0';
}

static int regex_literal(struct filter_parser *p, const struct word *w, struct filter_literal *l,
                         bool of_bytes)
{
    int number;
    size_t where;
    uint32_t options = PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C |
                       (of_bytes ? 0 : PCRE2_CASELESS);
    l->code = pcre2_compile((PCRE2_SPTR)w->text, w->n, options, &number, &where, NULL);
    if (l->code == NULL) {
        char why[120];
        pcre2_get_error_message(number, (PCRE2_UCHAR *)why, sizeof why);
        return filter_fail(p, w->at, "regular expression: %s", why);
    }
    return 0;
}

/*--- A literal ----------------------------------------------------------------------------------*/

static int keep_text(struct filter_parser *p, const struct word *w, struct filter_literal *l)
{
    l->text = malloc(w->n + 1);
    if (l->text == NULL) {
        return filter_fail(p, w->at, "out of memory");
    }
    memcpy(l->text, w->text, w->n + 1);
    l->n = w->n;
    return 0;
}

/* "1000..1003": cuts it into two words and returns the second; NULL: it is none. */
static char *cut_range(struct word *w, enum filter_type type)
{
    char *dots =
        w->quoted || type == TYPE_TEXT || type == TYPE_BYTES ? NULL : strstr(w->text, "..");
    if (dots == NULL) {
        return NULL;
    }
    *dots = '\0';
    return dots + 2;
}

int filter_read_literal(struct filter_parser *p, const struct filter_kind *kind,
                        enum filter_relation relation)
{
    struct word w;
    if (read_word(p, &w) != 0) {
        return -1;
    }
    if (p->f->n_literals == FILTER_NODES_MAX) {
        return filter_fail(p, w.at, "this is too long");
    }
    struct filter_literal *l = &p->f->literals[p->f->n_literals++];
    if (relation == RELATION_MATCHES) {
        return regex_literal(p, &w, l, kind->type == TYPE_BYTES);
    }
    if (kind->type == TYPE_BYTES) {
        bytes_literal(&w);
    }
    if (kind->type == TYPE_TEXT || kind->type == TYPE_BYTES) {
        return keep_text(p, &w, l);
    }
    join_unit(p, kind->type, &w);
    const char *second = relation == RELATION_IN ? cut_range(&w, kind->type) : NULL;
    l->is_range = second != NULL;
    if (kind->type == TYPE_ADDRESS) {
        return address_literal(p, &w, second, l);
    }
    if (number_literal(p, &w, w.text, kind->type, &l->number) != 0) {
        return -1;
    }
    return second != NULL ? number_literal(p, &w, second, kind->type, &l->to) : 0;
}
