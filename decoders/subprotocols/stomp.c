/*
 * STOMP 1.0 to 1.2 (stomp.github.io): a command, headers, an empty line, a body up to NUL or of
 * content-length bytes. An end of line alone is a heartbeat. A message may hold several frames.
 */
#include "subprotocol.h"

#define FRAMES_SHOWN_MAX 64

static struct bytes without_return(struct bytes line)
{
    return line.n > 0 && line.p[line.n - 1] == '\r' ? bytes_part(line, 0, line.n - 1) : line;
}

static struct bytes take_line(struct bytes *b)
{
    size_t end = bytes_find(*b, '\n');
    struct bytes line = bytes_part(*b, 0, end);
    *b = bytes_from(*b, end < b->n ? end + 1 : end);
    return without_return(line);
}

/* Headers that say what a frame is about. */
static bool is_telling(struct bytes name)
{
    static const char *const names[] = {"destination", "id", "version", "receipt-id", "message"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        if (bytes_equal(name, bytes_of(names[i]))) {
            return true;
        }
    }
    return false;
}

/* Up to the empty line. Returns the body's length by content-length, SIZE_MAX when there is none.
 */
static uint64_t read_headers(struct dissection *d, struct bytes *b)
{
    uint64_t length = UINT64_MAX;
    while (b->n > 0) {
        struct bytes line = take_line(b);
        size_t colon = bytes_find(line, ':');
        if (line.n == 0) {
            return length;
        }
        struct bytes name = bytes_part(line, 0, colon), value = bytes_from(line, colon + 1);
        if (colon == line.n) {
            dissect_wrong(d, "a header has no colon");
        }
        if (bytes_equal(name, bytes_of("content-length")) && !bytes_to_u64(value, &length)) {
            dissect_wrong(d, "the content-length is no number");
        }
        if (is_telling(name)) {
            dissect_say(d, value);
        }
        dissect_named(d, 1, name, value);
    }
    dissect_wrong(d, "the headers do not end");
    return length;
}

static struct bytes read_frame(struct dissection *d, struct bytes b)
{
    struct bytes command = take_line(&b);
    dissect_say(d, command);
    dissect_part(d, 0, command);
    uint64_t length = read_headers(d, &b);
    length = length == UINT64_MAX ? bytes_find(b, 0) : length;
    struct bytes body = bytes_part(b, 0, length < b.n ? (size_t)length : b.n);
    if (body.n > 0) {
        dissect_say(d, body);
        dissect_data(d, 1, "Body", body);
    }
    b = bytes_from(b, body.n);
    if (b.n == 0 || b.p[0] != 0) {
        dissect_wrong(d, "the frame does not end in NUL");
    }
    return bytes_from(b, 1);
}

static struct bytes skip_ends_of_line(struct bytes b)
{
    while (b.n > 0 && (b.p[0] == '\n' || b.p[0] == '\r')) {
        b = bytes_from(b, 1);
    }
    return b;
}

static void stomp_read(struct dissection *d, struct bytes unit, const struct subprotocol_hint *hint)
{
    (void)hint;
    unit = skip_ends_of_line(unit);
    if (unit.n == 0) {
        dissect_say_text(d, "heartbeat");
        dissect_heading(d, 0, "heartbeat");
    }
    for (size_t i = 0; i < FRAMES_SHOWN_MAX && unit.n > 0; i++) {
        unit = skip_ends_of_line(read_frame(d, unit));
    }
}

static const char *const tokens[] = {"v10.stomp", "v11.stomp", "v12.stomp", "stomp", NULL};

const struct subprotocol stomp_subprotocol = {
    .name = "STOMP", .tokens = tokens, .read = stomp_read};
