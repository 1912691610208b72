/* The word nearest to one that was mistyped: optimal string alignment distance. */
#include "suggest.h"

#include <string.h>

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t distance(const char *a, size_t a_n, const char *b, size_t b_n)
{
    size_t row[3][SUGGEST_MAX_BYTES + 1];
    for (size_t j = 0; j <= b_n; j++) {
        row[0][j] = j;
    }
    for (size_t i = 1; i <= a_n; i++) {
        size_t *now = row[i % 3];
        const size_t *before = row[(i + 2) % 3], *earlier = row[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= b_n; j++) {
            size_t change = before[j - 1] + (a[i - 1] != b[j - 1]);
            now[j] = least(change, least(before[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
                now[j] = least(now[j], earlier[j - 2] + 1);
            }
        }
    }
    return row[a_n % 3][b_n];
}

const char *suggest(const char *word, size_t length, const char *const *names, size_t n)
{
    const char *nearest = NULL;
    size_t nearest_distance = 1 + length / 4; /* a slip in four letters */
    if (length == 0 || length > SUGGEST_MAX_BYTES) {
        return NULL;
    }
    for (size_t i = 0; i < n; i++) {
        size_t name_length = strlen(names[i]);
        if (name_length > SUGGEST_MAX_BYTES) {
            continue;
        }
        size_t d = distance(word, length, names[i], name_length);
        if (d < nearest_distance || (nearest == NULL && d == nearest_distance)) {
            nearest = names[i];
            nearest_distance = d;
        }
    }
    return nearest;
}
