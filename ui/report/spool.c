/* Text of sessions that waits until all are there, to be written in the order of their ids. */
#include "ui/report/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define WINDOW_BYTES 65536
#define LIMIT_MAX 65536       /* of a larger limit no account is kept: all texts are taken */
#define FIRST_READ_BYTES 4096 /* after a jump, when little of what follows may be wanted */

/* A text is kept as its length (8 bytes, of this machine) and its bytes. */
#define LENGTH_BYTES sizeof(uint64_t)

struct entry {
    uint64_t id;
    uint64_t offset; /* of its length */
};

struct spool {
    struct entry *entries;
    size_t n, cap;
    bool sorted;
    uint64_t limit; /* 0: none */
    uint64_t
        *lowest; /* the lowest ids so far, ascending, at most `limit`; NULL: no account is kept */
    size_t lowest_n;
    uint8_t *memory; /* what is not in the file yet */
    size_t used, size, max;
    int fd;        /* -1: no file yet */
    uint64_t file; /* bytes in it */
    uint64_t dropped;
    bool in_memory;
    int error;
    /* A piece of the file, for reading. */
    uint8_t *window;
    uint64_t window_at;
    size_t window_n;
};

struct spool *spool_new(size_t memory_bytes, uint64_t limit)
{
    struct spool *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return NULL;
    }
    s->max = memory_bytes;
    s->fd = -1;
    s->sorted = true;
    s->limit = limit;
    if (limit > 0 && limit <= LIMIT_MAX) {
        s->lowest = malloc((size_t)limit * sizeof *s->lowest);
        if (s->lowest == NULL) {
            free(s);
            return NULL;
        }
    }
    return s;
}

void spool_free(struct spool *s)
{
    if (s == NULL) {
        return;
    }
    if (s->fd >= 0) {
        close(s->fd);
    }
    free(s->entries);
    free(s->lowest);
    free(s->memory);
    free(s->window);
    free(s);
}

size_t spool_count(const struct spool *s)
{
    return s->limit > 0 && s->n > s->limit ? (size_t)s->limit : s->n;
}

void spool_stay_in_memory(struct spool *s)
{
    s->in_memory = true;
}

uint64_t spool_dropped(const struct spool *s)
{
    return s->dropped;
}

int spool_error(const struct spool *s)
{
    return s->error;
}

/*--- Writing ------------------------------------------------------------------------------------*/

static int open_unlinked(void)
{
    const char *folder = getenv("TMPDIR");
    char path[4096];
    if (folder == NULL || *folder == '\0') {
        folder = "/tmp";
    }
    int n = snprintf(path, sizeof path, "%s/wsight.XXXXXX", folder);
    if (n < 0 || (size_t)n >= sizeof path) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = mkostemp(path, O_CLOEXEC);
    if (fd >= 0) {
        unlink(path);
    }
    return fd;
}

static bool write_file(struct spool *s, struct bytes b)
{
    while (b.n > 0) {
        ssize_t n = pwrite(s->fd, b.p, b.n, (off_t)s->file);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            s->error = n < 0 ? errno : EIO;
            return false;
        }
        b = bytes_from(b, (size_t)n);
        s->file += (uint64_t)n;
    }
    return true;
}

/* Memory to file. */
static bool move_out(struct spool *s)
{
    if (s->fd < 0 && (s->fd = open_unlinked()) < 0) {
        s->error = errno;
        return false;
    }
    uint64_t before = s->file;
    if (!write_file(s, (struct bytes){s->memory, s->used})) {
        s->file = before; /* what is in memory is still read from there */
        return false;
    }
    s->used = 0;
    return true;
}

static bool grow_entries(struct spool *s)
{
    if (s->n < s->cap) {
        return true;
    }
    size_t cap = s->cap < 256 ? 256 : s->cap + s->cap / 2;
    struct entry *entries = realloc(s->entries, cap * sizeof *entries);
    if (entries == NULL) {
        s->error = ENOMEM;
        return false;
    }
    s->entries = entries;
    s->cap = cap;
    return true;
}

/* Room for n more bytes in memory, which was emptied into the file if need be. */
static bool make_room(struct spool *s, size_t n)
{
    bool fits = s->used <= s->max && n <= s->max - s->used;
    if (!fits && s->in_memory) {
        return false;
    }
    if (!fits && s->used > 0 && !move_out(s)) {
        return false;
    }
    if (n <= s->size - s->used) {
        return true;
    }
    size_t size = s->used + n > 2 * s->size ? s->used + n : 2 * s->size;
    uint8_t *memory = realloc(s->memory, size);
    if (memory == NULL) {
        s->error = ENOMEM;
        return false;
    }
    s->memory = memory;
    s->size = size;
    return true;
}

bool spool_wants(const struct spool *s, uint64_t id)
{
    return s->lowest == NULL || s->lowest_n < s->limit || id < s->lowest[s->lowest_n - 1];
}

static void note_lowest(struct spool *s, uint64_t id)
{
    size_t at = s->lowest_n;
    while (at > 0 && s->lowest[at - 1] > id) {
        at--;
    }
    size_t moved = s->lowest_n - at;
    if (s->lowest_n == s->limit) {
        moved -= moved > 0;
    } else {
        s->lowest_n++;
    }
    if (at < s->lowest_n) {
        memmove(s->lowest + at + 1, s->lowest + at, moved * sizeof *s->lowest);
        s->lowest[at] = id;
    }
}

void spool_add(struct spool *s, uint64_t id, struct bytes text)
{
    uint64_t length = text.n;
    if (s->error != 0 || !grow_entries(s) || !make_room(s, LENGTH_BYTES + text.n)) {
        s->dropped++;
        return;
    }
    if (s->lowest != NULL) {
        note_lowest(s, id);
    }
    s->sorted = s->sorted && (s->n == 0 || s->entries[s->n - 1].id <= id);
    s->entries[s->n++] = (struct entry){.id = id, .offset = s->file + s->used};
    memcpy(s->memory + s->used, &length, LENGTH_BYTES);
    if (text.n > 0) {
        memcpy(s->memory + s->used + LENGTH_BYTES, text.p, text.n);
    }
    s->used += LENGTH_BYTES + text.n;
}

/*--- Reading ------------------------------------------------------------------------------------*/

static int by_id(const void *a, const void *b)
{
    const struct entry *x = a;
    const struct entry *y = b;
    return x->id != y->id ? (x->id < y->id ? -1 : 1)
                          : (x->offset > y->offset) - (x->offset < y->offset);
}

/* Fills the window from `offset` of the file: much of it when that is where the last one ended. */
static bool fill_window(struct spool *s, uint64_t offset)
{
    bool goes_on = offset == s->window_at + s->window_n;
    uint64_t left = s->file - offset;
    size_t want = goes_on ? WINDOW_BYTES : FIRST_READ_BYTES;
    want = want < left ? want : (size_t)left;
    s->window_at = offset;
    s->window_n = 0;
    while (s->window_n < want) {
        ssize_t n = pread(s->fd, s->window + s->window_n, want - s->window_n,
                          (off_t)(offset + s->window_n));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            s->error = n < 0 ? errno : EIO;
            return false;
        }
        s->window_n += (size_t)n;
    }
    return true;
}

/* The bytes at `offset`, as many as lie together, at most n; empty when they cannot be read. */
static struct bytes view(struct spool *s, uint64_t offset, uint64_t n)
{
    if (offset >= s->file) {
        struct bytes memory = {s->memory, s->used};
        return bytes_part(memory, (size_t)(offset - s->file), (size_t)n);
    }
    if (offset < s->window_at || offset - s->window_at >= s->window_n) {
        if (!fill_window(s, offset)) {
            return (struct bytes){0};
        }
    }
    struct bytes window = {s->window, s->window_n};
    return bytes_part(window, (size_t)(offset - s->window_at), (size_t)n);
}

static bool read_length(struct spool *s, uint64_t offset, uint64_t *length)
{
    uint8_t raw[LENGTH_BYTES];
    for (size_t have = 0; have < LENGTH_BYTES;) {
        struct bytes b = view(s, offset + have, LENGTH_BYTES - have);
        if (b.n == 0) {
            return false;
        }
        memcpy(raw + have, b.p, b.n);
        have += b.n;
    }
    memcpy(length, raw, LENGTH_BYTES);
    return true;
}

static bool read_text(struct spool *s, uint64_t offset,
                      void (*take)(void *ctx, struct bytes piece, bool first), void *ctx)
{
    uint64_t length = 0;
    if (!read_length(s, offset, &length)) {
        return false;
    }
    if (length == 0) {
        take(ctx, (struct bytes){0}, true);
    }
    for (uint64_t done = 0; done < length;) {
        struct bytes b = view(s, offset + LENGTH_BYTES + done, length - done);
        if (b.n == 0) {
            return false;
        }
        take(ctx, b, done == 0);
        done += b.n;
    }
    return true;
}

int spool_read(struct spool *s, void (*take)(void *ctx, struct bytes piece, bool first), void *ctx)
{
    if (s->window == NULL && (s->window = malloc(WINDOW_BYTES)) == NULL) {
        return ENOMEM;
    }
    if (!s->sorted) {
        qsort(s->entries, s->n, sizeof *s->entries, by_id);
        s->sorted = true;
    }
    for (size_t i = 0; i < spool_count(s); i++) {
        if (!read_text(s, s->entries[i].offset, take, ctx)) {
            return s->error != 0 ? s->error : EIO;
        }
    }
    return 0;
}
