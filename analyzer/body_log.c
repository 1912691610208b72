/* A log in chunks: a chunk is in memory or, once it is full and old, in the spool file. */
#include "body_log.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

struct body_log {
    uint8_t **chunks; /* NULL: in the file, or lost */
    bool *lost;
    size_t n, size; /* chunks begun; room in the arrays */
    size_t first;   /* the oldest chunk in memory */
    size_t most;    /* chunks in memory */
    uint64_t used;  /* bytes appended */
    size_t slots;   /* chunks that the file has room for; 0: there is none */
    bool opened;    /* or tried to */
    int file;       /* -1: there is none (yet) */
    int error;
    uint64_t lost_bytes;
};

static size_t chunks_of(uint64_t bytes)
{
    return (size_t)(bytes / BODY_LOG_CHUNK_BYTES) + (bytes % BODY_LOG_CHUNK_BYTES != 0);
}

struct body_log *body_log_new(uint64_t budget, uint64_t file_bytes)
{
    struct body_log *l = calloc(1, sizeof *l);
    if (l != NULL) {
        l->most = chunks_of(budget) < 2 ? 2 : chunks_of(budget);
        l->slots = chunks_of(file_bytes);
        l->file = -1;
    }
    return l;
}

void body_log_free(struct body_log *l)
{
    if (l == NULL) {
        return;
    }
    for (size_t i = 0; i < l->n; i++) {
        free(l->chunks[i]);
    }
    if (l->file >= 0) {
        close(l->file);
    }
    free(l->chunks);
    free(l->lost);
    free(l);
}

/* A file without a name. */
static int spool_open(void)
{
    const char *folder = getenv("TMPDIR");
    char path[4096];
    static const char name[] = "/wsight-XXXXXX";
    if (folder == NULL || folder[0] != '/' || strlen(folder) > sizeof path - sizeof name) {
        folder = "/tmp";
    }
    size_t n = strlen(folder);
    memcpy(path, folder, n);
    memcpy(path + n, name, sizeof name);
    int file = mkstemp(path);
    if (file >= 0) {
        unlink(path);
    }
    return file;
}

void body_log_open(struct body_log *l)
{
    if (!l->opened && l->slots > 0) {
        l->opened = true;
        l->file = spool_open();
        l->error = l->file < 0 ? errno : 0;
    }
}

static void lose(struct body_log *l, size_t chunk)
{
    l->lost_bytes += l->lost[chunk] ? 0 : BODY_LOG_CHUNK_BYTES;
    l->lost[chunk] = true;
}

/* Where a chunk is in the file: in the place of the one that went there when it was full. */
static uint64_t place_of(const struct body_log *l, size_t chunk)
{
    return (uint64_t)(chunk % l->slots) * BODY_LOG_CHUNK_BYTES;
}

static bool spool_write(struct body_log *l, size_t chunk)
{
    const uint8_t *p = l->chunks[chunk];
    size_t done = 0;
    body_log_open(l);
    if (l->file < 0) {
        return false;
    }
    if (chunk >= l->slots) {
        lose(l, chunk - l->slots);
    }
    while (done < BODY_LOG_CHUNK_BYTES) {
        ssize_t n = pwrite(l->file, p + done, BODY_LOG_CHUNK_BYTES - done,
                           (off_t)(place_of(l, chunk) + done));
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            l->error = n < 0 ? errno : ENOSPC;
            return false;
        }
        done += (size_t)n;
    }
    return true;
}

/* Takes the oldest chunk out of memory, for its room to be used again. */
static uint8_t *spool_oldest(struct body_log *l)
{
    size_t chunk = l->first++;
    uint8_t *p = l->chunks[chunk];
    if (!spool_write(l, chunk)) {
        lose(l, chunk);
    }
    l->chunks[chunk] = NULL;
    return p;
}

static bool add_chunk(struct body_log *l)
{
    if (l->n == l->size) {
        size_t size = l->size == 0 ? 64 : l->size * 2;
        uint8_t **chunks = realloc(l->chunks, size * sizeof *chunks);
        if (chunks != NULL) {
            l->chunks = chunks;
        }
        bool *lost = realloc(l->lost, size * sizeof *lost);
        if (lost != NULL) {
            l->lost = lost;
        }
        if (chunks == NULL || lost == NULL) {
            return false;
        }
        l->size = size;
    }
    uint8_t *p = l->n - l->first >= l->most ? spool_oldest(l) : malloc(BODY_LOG_CHUNK_BYTES);
    if (p == NULL) {
        return false;
    }
    l->lost[l->n] = false;
    l->chunks[l->n++] = p;
    return true;
}

bool body_log_append(struct body_log *l, struct bytes b, uint64_t *at)
{
    uint64_t before = l->used;
    while (b.n > 0) {
        size_t used = (size_t)(l->used % BODY_LOG_CHUNK_BYTES);
        if (l->used == (uint64_t)l->n * BODY_LOG_CHUNK_BYTES && !add_chunk(l)) {
            return false; /* what was copied already stays, unreferred to */
        }
        struct bytes piece = bytes_part(b, 0, BODY_LOG_CHUNK_BYTES - used);
        memcpy(l->chunks[l->used / BODY_LOG_CHUNK_BYTES] + used, piece.p, piece.n);
        l->used += piece.n;
        b = bytes_from(b, piece.n);
    }
    *at = before;
    return true;
}

static bool spool_read(int file, uint64_t at, uint8_t *to, size_t n)
{
    while (n > 0) {
        ssize_t got = pread(file, to, n, (off_t)at);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got <= 0) {
            return false;
        }
        to += got;
        at += (uint64_t)got;
        n -= (size_t)got;
    }
    return true;
}

bool body_log_read(const struct body_log *l, uint64_t at, void *to, size_t n)
{
    uint8_t *p = to;
    if (at > l->used || n > l->used - at) {
        return false;
    }
    while (n > 0) {
        size_t chunk = (size_t)(at / BODY_LOG_CHUNK_BYTES);
        size_t from = (size_t)(at % BODY_LOG_CHUNK_BYTES);
        size_t piece = BODY_LOG_CHUNK_BYTES - from < n ? BODY_LOG_CHUNK_BYTES - from : n;
        if (l->chunks[chunk] != NULL) {
            memcpy(p, l->chunks[chunk] + from, piece);
        } else if (l->lost[chunk] || !spool_read(l->file, place_of(l, chunk) + from, p, piece)) {
            return false;
        }
        p += piece;
        at += piece;
        n -= piece;
    }
    return true;
}

struct body_log_stats body_log_stats(const struct body_log *l)
{
    return (struct body_log_stats){.bytes = l->used,
                                   .spooled =
                                       (uint64_t)l->first * BODY_LOG_CHUNK_BYTES - l->lost_bytes,
                                   .lost = l->lost_bytes,
                                   .error = l->error};
}
