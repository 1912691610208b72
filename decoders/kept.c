/*
 * Kept bytes. What is taken from the front only moves an index; the buffers are closed up when that
 * pays, so that taking many small things out of a large buffer costs no more than its size.
 */
#include "kept.h"

#include "base/buffer.h"

#include <assert.h>
#include <stdlib.h>

#define MARKS_MAX 4096 /* pieces that kept bytes may consist of */

/* A piece: bytes, or a gap behind the bytes before it. */
struct mark {
    size_t end; /* offset of its end in the buffer */
    int64_t ts;
    uint64_t pkt;
    uint64_t gap;
};

struct kept {
    struct buffer bytes;
    struct buffer marks; /* of struct mark */
    size_t taken;        /* bytes at the front that are gone */
    size_t first;        /* marks at the front that are gone */
    size_t next;         /* the first mark that was not shown */
    size_t want;
};

struct kept *kept_new(size_t max)
{
    struct kept *k = calloc(1, sizeof *k);
    if (k != NULL) {
        buffer_init(&k->bytes, 2 * max); /* half of it may be gone at the front */
        buffer_init(&k->marks, 2 * MARKS_MAX * sizeof(struct mark));
    }
    return k;
}

void kept_free(struct kept *k)
{
    if (k != NULL) {
        buffer_done(&k->bytes);
        buffer_done(&k->marks);
        free(k);
    }
}

static size_t mark_count(const struct kept *k)
{
    return k->marks.n / sizeof(struct mark);
}

static struct mark *mark_at(const struct kept *k, size_t i)
{
    return (struct mark *)(void *)k->marks.p + i;
}

size_t kept_bytes(const struct kept *k)
{
    return k != NULL ? k->bytes.n - k->taken : 0;
}

struct bytes kept_view(const struct kept *k)
{
    return bytes_from(buffer_bytes(&k->bytes), k->taken);
}

bool kept_is_empty(const struct kept *k)
{
    return k == NULL || k->first == mark_count(k);
}

uint64_t kept_first_pkt(const struct kept *k)
{
    return mark_at(k, k->first)->pkt;
}

/* Closes the buffers up once more of them is gone than is left. */
static void close_up(struct kept *k)
{
    if (k->taken > k->bytes.n / 2) {
        for (size_t i = k->first; i < mark_count(k); i++) {
            mark_at(k, i)->end -= k->taken;
        }
        buffer_drop(&k->bytes, k->taken);
        k->taken = 0;
    }
    if (k->first > mark_count(k) / 2) {
        buffer_drop(&k->marks, k->first * sizeof(struct mark));
        k->next -= k->first;
        k->first = 0;
    }
}

static bool append_mark(struct kept *k, struct mark m)
{
    return mark_count(k) - k->first < MARKS_MAX &&
           buffer_append(&k->marks, (struct bytes){(const uint8_t *)&m, sizeof m});
}

bool kept_append(struct kept *k, const struct chunk *c)
{
    close_up(k);
    if (!buffer_append(&k->bytes, c->b)) {
        return false;
    }
    struct mark m = {k->bytes.n, c->ts, c->pkt, 0};
    if (append_mark(k, m)) {
        return true;
    }
    size_t count = mark_count(k);
    struct mark *last = count > k->first ? mark_at(k, count - 1) : NULL;
    if (last == NULL || last->gap > 0) {
        k->bytes.n -= c->b.n;
        return false;
    }
    *last = m; /* many tiny pieces: they share the newest mark */
    k->next = k->next == count ? count - 1 : k->next;
    return true;
}

bool kept_append_gap(struct kept *k, uint64_t n, int64_t ts, uint64_t pkt)
{
    close_up(k);
    size_t count = mark_count(k);
    struct mark *last = count > k->first ? mark_at(k, count - 1) : NULL;
    if (last != NULL && last->gap > 0) {
        last->gap = n > UINT64_MAX - last->gap ? UINT64_MAX : last->gap + n;
        return true;
    }
    return append_mark(k, (struct mark){k->bytes.n, ts, pkt, n});
}

bool kept_next(struct kept *k, uint64_t last, struct kept_offer *out)
{
    size_t i = k->next;
    while (i < mark_count(k) && mark_at(k, i)->gap == 0 &&
           mark_at(k, i)->end - k->taken < k->want) {
        i++;
    }
    if (i == mark_count(k) || mark_at(k, i)->pkt > last) {
        return false;
    }
    struct mark *m = mark_at(k, i);
    size_t n = m->end - k->taken;
    *out = (struct kept_offer){.ts = m->ts, .pkt = m->pkt};
    if (m->gap > 0) {
        m->gap = n > UINT64_MAX - m->gap ? UINT64_MAX : m->gap + n;
        k->taken = m->end;
        k->first = i;
        k->want = 0;
        out->gap = m->gap;
    } else {
        out->b = bytes_part(kept_view(k), 0, n);
    }
    k->next = i + 1;
    return true;
}

void kept_take(struct kept *k, size_t n)
{
    assert(n <= kept_bytes(k));
    k->taken += n;
    while (k->first < mark_count(k) && mark_at(k, k->first)->gap == 0 &&
           mark_at(k, k->first)->end <= k->taken) {
        k->first++;
    }
    kept_again(k);
}

void kept_take_gap(struct kept *k)
{
    assert(k->first < mark_count(k) && mark_at(k, k->first)->gap > 0);
    k->first++;
    kept_again(k);
}

void kept_want(struct kept *k, size_t n)
{
    k->want = n;
}

size_t kept_wanted(const struct kept *k)
{
    return k->want;
}

void kept_shown(struct kept *k)
{
    k->next = mark_count(k);
}

void kept_again(struct kept *k)
{
    k->next = k->first;
    k->want = 0;
}
