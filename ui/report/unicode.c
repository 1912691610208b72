/* Bytes from the wire as characters (RFC 3629), for those who print them. */
#include "ui/report/unicode.h"

size_t unicode_decode(struct bytes b, uint32_t *character)
{
    uint8_t lead = b.p[0];
    if (lead < 0x80) {
        *character = lead;
        return 1;
    }
    *character = UNICODE_INVALID;
    if (lead < 0xc2 || lead > 0xf4) {
        return 1;
    }
    size_t length = lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;
    uint32_t c = lead & (0x7fU >> length);
    for (size_t i = 1; i < length; i++) {
        uint8_t low = 0x80;
        uint8_t high = 0xbf;
        if (i == 1) { /* no shorter forms, no surrogates, nothing above U+10FFFF */
            low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : low;
            high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : high;
        }
        if (i >= b.n || b.p[i] < low || b.p[i] > high) {
            return i;
        }
        c = c << 6 | (b.p[i] & 0x3fU);
    }
    *character = c;
    return length;
}

size_t unicode_encode(uint32_t c, uint8_t out[UNICODE_BYTES_MAX])
{
    static const uint8_t leads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    size_t n = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = n; i > 1; i--) {
        out[i - 1] = (uint8_t)(0x80 | (c & 0x3f));
        c >>= 6;
    }
    out[0] = (uint8_t)(leads[n] | c);
    return n;
}

bool unicode_is_unsafe(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0xad || c == 0x34f || c == 0x61c ||
           c == 0x115f || c == 0x1160 || c == 0x17b4 || c == 0x17b5 ||
           (c >= 0x180b && c <= 0x180f) || (c >= 0x200b && c <= 0x200f) ||
           (c >= 0x2028 && c <= 0x202e) || (c >= 0x2060 && c <= 0x206f) || c == 0x3164 ||
           c == 0xfeff || c == 0xffa0 || (c >= 0xfff0 && c <= 0xfffb) ||
           (c >= 0xe0000 && c <= 0xe0fff);
}
