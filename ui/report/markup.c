/* Text from the wire inside HTML and Markdown. HTML, section 13.1.4 (character references). */
#include "ui/report/markup.h"

#include "ui/report/unicode.h"

void markup_put(struct out *o, struct bytes b, size_t most)
{
    bool cut = b.n > most;
    b = bytes_part(b, 0, most);
    while (b.n > 0) {
        uint32_t c;
        size_t n = unicode_decode(b, &c);
        if (c == UNICODE_INVALID) {
            out_text(o, "\xef\xbf\xbd");
        } else if (unicode_is_unsafe(c)) {
            out_printf(o, "\\u{%x}", (unsigned)c);
        } else if (c < 0x80 && strchr("&<>\"'`|*_[]\\~#@!{}$", (int)c) != NULL) {
            out_printf(o, "&#%u;", (unsigned)c);
        } else {
            out_bytes(o, bytes_part(b, 0, n));
        }
        b = bytes_from(b, n);
    }
    out_text(o, cut ? "..." : "");
}

void markup_text(struct out *o, const char *s)
{
    markup_put(o, bytes_of(s), SIZE_MAX);
}
