/* The head of an HTTP/1 message: recognising, finding its end, reading its start line. */
#include "head.h"

#define METHOD_MAX_BYTES 24 /* the longest registered one, UPDATEREDIRECTREF, has 17 */

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

/* Leading empty lines are skipped (RFC 9112 section 2.2). */
static struct bytes skip_empty_lines(struct bytes b)
{
    while (b.n > 0 && (b.p[0] == '\r' || b.p[0] == '\n')) {
        b = bytes_from(b, 1);
    }
    return b;
}

/* Compares b with "HTTP/d.d", as far as b goes. */
static enum verdict version_verdict(struct bytes b)
{
    static const char pattern[] = "HTTP/0.0";
    if (bytes_start_with(b, bytes_of("HTTP/1.1"))) {
        return VERDICT_YES; /* nearly all of them */
    }
    for (size_t i = 0; i < sizeof pattern - 1; i++) {
        if (i >= b.n) {
            return VERDICT_MORE;
        }
        if (pattern[i] == '0' ? !is_digit(b.p[i]) : b.p[i] != pattern[i]) {
            return VERDICT_NO;
        }
    }
    return VERDICT_YES;
}

enum verdict http_request_line(struct bytes b)
{
    b = skip_empty_lines(b);
    struct bytes method = bytes_part(b, 0, METHOD_MAX_BYTES + 1);
    method.n = bytes_find(method, ' ');
    if (method.n > METHOD_MAX_BYTES || (method.n > 0 && !is_token(method)) ||
        (method.n == 0 && b.n > 0)) {
        return VERDICT_NO;
    }
    if (method.n == b.n) {
        return VERDICT_MORE;
    }
    struct bytes rest = bytes_from(b, method.n + 1);
    size_t end = 0;
    while (end < rest.n && rest.p[end] > ' ' && rest.p[end] != 0x7f) {
        end++;
    }
    if (end == rest.n) {
        return VERDICT_MORE;
    }
    if (end == 0 || rest.p[end] != ' ') {
        return VERDICT_NO;
    }
    struct bytes version = bytes_from(rest, end + 1);
    if (bytes_start_with(version, bytes_of("HTTP/2")) && bytes_equal(method, bytes_of("PRI"))) {
        return VERDICT_NO; /* the preface of HTTP/2 */
    }
    return version_verdict(version);
}

enum verdict http_status_line(struct bytes b)
{
    b = skip_empty_lines(b);
    enum verdict v = version_verdict(b);
    if (v != VERDICT_YES) {
        return v;
    }
    struct bytes code = bytes_part(b, 8, 4);
    for (size_t i = 0; i < code.n; i++) {
        if (i == 0 ? code.p[i] != ' ' : !is_digit(code.p[i])) {
            return VERDICT_NO;
        }
    }
    return code.n == 4 ? VERDICT_YES : VERDICT_MORE;
}

size_t http_head_end(struct bytes b, size_t *scanned)
{
    size_t at = *scanned <= b.n ? *scanned : 0;
    for (;;) {
        at += bytes_find(bytes_from(b, at), '\n');
        if (at >= b.n) {
            *scanned = b.n;
            return 0;
        }
        struct bytes next = bytes_part(b, at + 1, 2);
        if (next.n > 0 && next.p[0] == '\n') {
            return at + 2;
        }
        if (next.n == 2 && next.p[0] == '\r' && next.p[1] == '\n') {
            return at + 3;
        }
        if (next.n == 0 || (next.n == 1 && next.p[0] == '\r')) {
            *scanned = at;
            return 0;
        }
        at++;
    }
}

/* Takes the start line off *lines, without its line break. */
static struct bytes start_line(struct bytes *lines)
{
    size_t end = bytes_find(*lines, '\n');
    struct bytes line = bytes_part(*lines, 0, end);
    *lines = bytes_from(*lines, end + 1);
    if (line.n > 0 && line.p[line.n - 1] == '\r') {
        line.n--;
    }
    return line;
}

static bool read_version(struct http_head *head, struct bytes version)
{
    if (version.n != 8 || version_verdict(version) != VERDICT_YES) {
        return false;
    }
    head->major = version.p[5] - '0';
    head->minor = version.p[7] - '0';
    return true;
}

bool http_request_read(struct http_head *head, struct bytes whole)
{
    struct bytes lines = whole;
    struct bytes line = start_line(&lines);
    size_t space = bytes_find(line, ' ');
    struct bytes rest = bytes_from(line, space + 1);
    size_t second = bytes_find(rest, ' ');
    head->whole = whole;
    head->status = 0;
    head->reason = (struct bytes){0};
    head->method = bytes_part(line, 0, space);
    head->target = bytes_part(rest, 0, second);
    if (!is_token(head->method) || head->target.n == 0 ||
        !read_version(head, bytes_trim(bytes_from(rest, second)))) {
        return false;
    }
    fields_read(&head->fields, lines);
    return true;
}

bool http_response_read(struct http_head *head, struct bytes whole)
{
    struct bytes lines = whole;
    struct bytes line = start_line(&lines);
    if (http_status_line(line) != VERDICT_YES || !read_version(head, bytes_part(line, 0, 8)) ||
        (line.n > 12 && line.p[12] != ' ')) {
        return false;
    }
    uint64_t status = 0;
    if (!bytes_to_u64(bytes_part(line, 9, 3), &status) || status < 100) {
        return false;
    }
    head->whole = whole;
    head->status = (int)status;
    head->method = head->target = (struct bytes){0};
    head->reason = bytes_trim(bytes_from(line, 12));
    fields_read(&head->fields, lines);
    return true;
}
