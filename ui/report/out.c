/* Buffered output that remembers its first error. */
#include "ui/report/out.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>

#define PAGE_BYTES 4096

void out_init(struct out *o, FILE *file, struct buffer *into)
{
    assert((file == NULL) != (into == NULL));
    o->file = file;
    o->into = into;
    o->error = 0;
    o->n = 0;
}

static void hand_over(struct out *o, struct bytes b)
{
    if (o->error != 0 || b.n == 0) {
        return;
    }
    if (o->into != NULL) {
        if (!buffer_append(o->into, b)) {
            o->error = ENOMEM;
        }
        return;
    }
    errno = 0;
    if (fwrite(b.p, 1, b.n, o->file) != b.n) {
        o->error = errno != 0 ? errno : EIO;
    }
}

void out_drain(struct out *o)
{
    size_t rest = o->file != NULL && o->n >= PAGE_BYTES ? o->n % PAGE_BYTES : 0;
    hand_over(o, (struct bytes){o->buffer, o->n - rest});
    memmove(o->buffer, o->buffer + o->n - rest, rest);
    o->n = rest;
}

int out_flush(struct out *o)
{
    hand_over(o, (struct bytes){o->buffer, o->n});
    o->n = 0;
    if (o->error == 0 && o->file != NULL) {
        errno = 0;
        if (fflush(o->file) != 0) {
            o->error = errno != 0 ? errno : EIO;
        }
    }
    return o->error;
}

void out_bytes(struct out *o, struct bytes b)
{
    while (b.n > OUT_BUFFER_BYTES - o->n) {
        size_t some = OUT_BUFFER_BYTES - o->n;
        memcpy(o->buffer + o->n, b.p, some);
        o->n += some;
        b = bytes_from(b, some);
        out_drain(o);
    }
    if (b.n > 0) {
        memcpy(o->buffer + o->n, b.p, b.n);
        o->n += b.n;
    }
}

void out_repeat(struct out *o, char c, size_t n)
{
    while (n > 0) {
        size_t some = n < OUT_ROOM_MAX_BYTES ? n : OUT_ROOM_MAX_BYTES;
        memset(out_room(o, some), c, some);
        o->n += some;
        n -= some;
    }
}

static const char pairs[] = "00010203040506070809101112131415161718192021222324"
                            "25262728293031323334353637383940414243444546474849"
                            "50515253545556575859606162636465666768697071727374"
                            "75767778798081828384858687888990919293949596979899";

size_t number_write(uint8_t *p, uint64_t v)
{
    if (v < 10) {
        *p = (uint8_t)('0' + v);
        return 1;
    }
    uint8_t digits[20];
    size_t at = sizeof digits;
    while (v >= 100) {
        at -= 2;
        memcpy(digits + at, pairs + v % 100 * 2, 2);
        v /= 100;
    }
    if (v >= 10) {
        at -= 2;
        memcpy(digits + at, pairs + v * 2, 2);
    } else {
        digits[--at] = (uint8_t)('0' + v);
    }
    memcpy(p, digits + at, sizeof digits - at);
    return sizeof digits - at;
}

void out_u64(struct out *o, uint64_t v)
{
    o->n += number_write(out_room(o, OUT_NUMBER_BYTES), v);
}

void out_i64(struct out *o, int64_t v)
{
    if (v < 0) {
        out_char(o, '-');
    }
    out_u64(o, v < 0 ? 0 - (uint64_t)v : (uint64_t)v);
}

void out_fixed(struct out *o, int64_t v, unsigned scale, unsigned digits)
{
    static const uint64_t powers[] = {1,      10,      100,      1000,      10000,
                                      100000, 1000000, 10000000, 100000000, 1000000000};
    assert(digits <= scale && scale <= 9);
    uint64_t all = v < 0 ? 0 - (uint64_t)v : (uint64_t)v;
    uint64_t drop = powers[scale - digits];
    all = all / drop + (all % drop >= (drop + 1) / 2 && drop > 1);
    if (v < 0 && all > 0) {
        out_char(o, '-');
    }
    out_u64(o, all / powers[digits]);
    if (digits > 0) {
        uint8_t *p = out_room(o, 10);
        uint64_t fraction = all % powers[digits];
        p[0] = '.';
        for (unsigned i = digits; i > 0; i--) {
            p[i] = (uint8_t)('0' + fraction % 10);
            fraction /= 10;
        }
        o->n += digits + 1;
    }
}

void out_printf(struct out *o, const char *fmt, ...)
{
    char text[256];
    va_list args;
    va_start(args, fmt);
    int n = vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    if (n > 0) {
        size_t used = (size_t)n < sizeof text ? (size_t)n : sizeof text - 1;
        out_bytes(o, (struct bytes){(const uint8_t *)text, used});
    }
}
