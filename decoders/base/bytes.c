/* Borrowed views of bytes: the searches and conversions that are too long for the header. */
#include "bytes.h"

static uint8_t ascii_lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c + ('a' - 'A')) : c;
}

bool bytes_equal_nocase(struct bytes a, struct bytes b)
{
    if (a.n != b.n) {
        return false;
    }
    for (size_t i = 0; i < a.n; i++) {
        if (a.p[i] != b.p[i] && ascii_lower(a.p[i]) != ascii_lower(b.p[i])) {
            return false;
        }
    }
    return true;
}

struct bytes bytes_trim(struct bytes b)
{
    while (b.n > 0 && (b.p[0] == ' ' || b.p[0] == '\t')) {
        b.p++;
        b.n--;
    }
    while (b.n > 0 && (b.p[b.n - 1] == ' ' || b.p[b.n - 1] == '\t')) {
        b.n--;
    }
    return b;
}

size_t bytes_find_bytes(struct bytes hay, struct bytes needle)
{
    const uint8_t *at = hay.n > 0 ? memmem(hay.p, hay.n, needle.p, needle.n) : NULL;
    return at != NULL ? (size_t)(at - hay.p) : hay.n;
}

bool bytes_to_u64(struct bytes b, uint64_t *out)
{
    uint64_t value = 0;
    if (b.n == 0) {
        return false;
    }
    for (size_t i = 0; i < b.n; i++) {
        unsigned digit = (unsigned)b.p[i] - '0';
        if (digit > 9 || value > (UINT64_MAX - digit) / 10) {
            return false;
        }
        value = value * 10 + digit;
    }
    *out = value;
    return true;
}
