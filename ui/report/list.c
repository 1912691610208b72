/* Comma-separated lists of HTTP header fields (RFC 9110 section 5.6.1). */
#include "ui/report/list.h"

/* Index of the first comma outside quotes, or b.n. */
static size_t find_comma(struct bytes b)
{
    bool quoted = false;
    for (size_t i = 0; i < b.n; i++) {
        if (quoted && b.p[i] == '\\' && b.n - i > 1) {
            i++;
        } else if (b.p[i] == '"') {
            quoted = !quoted;
        } else if (b.p[i] == ',' && !quoted) {
            return i;
        }
    }
    return b.n;
}

bool quoted_list_next(struct bytes *list, struct bytes *item)
{
    while (list->n > 0) {
        size_t end = find_comma(*list);
        *item = bytes_trim(bytes_part(*list, 0, end));
        *list = bytes_from(*list, end + 1);
        if (item->n > 0) {
            return true;
        }
    }
    return false;
}
