/* HTTP/1 message bodies: length and chunked coding (RFC 9112 sections 6 and 7). */
#include "body.h"

/* Content-Length: one number, which may be repeated (RFC 9110 section 8.6). */
static bool content_length(const struct fields *f, uint64_t *out)
{
    struct bytes lines = f->lines;
    struct field field;
    bool seen = false;
    while (field_next(&lines, &field)) {
        if (!bytes_equal_nocase(field.name, bytes_of("Content-Length"))) {
            continue;
        }
        struct bytes item;
        uint64_t n = 0;
        while (list_next(&field.value, &item)) {
            if (!bytes_to_u64(item, &n) || (seen && n != *out)) {
                return false;
            }
            *out = n;
            seen = true;
        }
    }
    return seen;
}

static void set_length(struct body *b, uint64_t n)
{
    b->left = n;
    b->phase = n > 0 ? BODY_LENGTH : BODY_DONE;
}

/* Is chunked the last transfer coding? */
static bool is_chunked(const struct fields *f)
{
    struct bytes list = fields_last(f, FIELD_TRANSFER_ENCODING);
    struct bytes item;
    bool chunked = false;
    while (list_next(&list, &item)) {
        chunked = bytes_equal_nocase(item, bytes_of("chunked"));
    }
    return chunked;
}

bool body_of_request(struct body *b, const struct http_head *head)
{
    uint64_t n = 0;
    if (fields_have(&head->fields, FIELD_TRANSFER_ENCODING)) {
        b->phase = BODY_CHUNK_SIZE;
        return is_chunked(&head->fields);
    }
    if (fields_have(&head->fields, FIELD_CONTENT_LENGTH) && !content_length(&head->fields, &n)) {
        return false;
    }
    set_length(b, n);
    return true;
}

bool body_of_response(struct body *b, const struct http_head *head, bool no_body)
{
    uint64_t n = 0;
    if (no_body || head->status < 200 || head->status == 204 || head->status == 304) {
        b->phase = BODY_DONE;
        return true;
    }
    if (fields_have(&head->fields, FIELD_TRANSFER_ENCODING)) {
        b->phase = is_chunked(&head->fields) ? BODY_CHUNK_SIZE : BODY_UNTIL_CLOSE;
        return true;
    }
    if (!fields_have(&head->fields, FIELD_CONTENT_LENGTH)) {
        b->phase = BODY_UNTIL_CLOSE;
        return true;
    }
    if (!content_length(&head->fields, &n)) {
        return false;
    }
    set_length(b, n);
    return true;
}

/* The hexadecimal size that a chunk's line begins with. */
static bool chunk_size(struct bytes line, uint64_t *out)
{
    uint64_t n = 0;
    size_t i = 0;
    for (; i < line.n; i++) {
        uint8_t c = line.p[i];
        unsigned digit = c >= '0' && c <= '9'   ? c - (unsigned)'0'
                         : c >= 'a' && c <= 'f' ? c - (unsigned)'a' + 10
                         : c >= 'A' && c <= 'F' ? c - (unsigned)'A' + 10
                                                : 16;
        if (digit > 15) {
            break;
        }
        if (n > UINT64_MAX >> 4) {
            return false;
        }
        n = n << 4 | digit;
    }
    *out = n;
    return i > 0 && (i == line.n || memchr(" \t;", line.p[i], 3) != NULL);
}

/* Works on one line, without its line break. */
static bool take_line(struct body *b, struct bytes line)
{
    switch (b->phase) {
    case BODY_CHUNK_SIZE:
        if (!chunk_size(line, &b->left)) {
            return false;
        }
        b->phase = b->left > 0 ? BODY_CHUNK : BODY_TRAILER;
        return true;
    case BODY_CHUNK_BREAK:
        b->phase = BODY_CHUNK_SIZE;
        return line.n == 0;
    default:
        b->phase = line.n == 0 ? BODY_DONE : BODY_TRAILER;
        return true;
    }
}

static size_t take_left(struct body *b, uint64_t have)
{
    uint64_t n = have < b->left ? have : b->left;
    b->left -= n;
    if (b->left == 0) {
        b->phase = b->phase == BODY_CHUNK ? BODY_CHUNK_BREAK : BODY_DONE;
    }
    return (size_t)n;
}

size_t body_take(struct body *b, struct bytes bytes, bool *bad)
{
    if (b->phase == BODY_UNTIL_CLOSE) {
        return bytes.n;
    }
    if (b->phase == BODY_LENGTH || b->phase == BODY_CHUNK) {
        return take_left(b, bytes.n);
    }
    size_t end = bytes_find(bytes_part(bytes, 0, HTTP_LINE_MAX_BYTES), '\n');
    if (end == bytes.n) {
        return 0;
    }
    struct bytes line = bytes_part(bytes, 0, end);
    if (line.n > 0 && line.p[line.n - 1] == '\r') {
        line.n--;
    }
    if (end == HTTP_LINE_MAX_BYTES || !take_line(b, line)) {
        *bad = true;
    }
    return *bad ? 0 : end + 1;
}

bool body_gap(struct body *b, uint64_t n)
{
    if (b->phase == BODY_UNTIL_CLOSE) {
        return true;
    }
    if ((b->phase != BODY_LENGTH && b->phase != BODY_CHUNK) || n > b->left) {
        return false;
    }
    (void)take_left(b, n);
    return true;
}
