/* The bytes of a capture file: read(2) or memory, and zlib where they are compressed. */
#include "input.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

/* Compressed bytes are read so many at a time. */
#define INPUT_GZIP_BYTES 65536

enum input_kind { INPUT_UNKNOWN, INPUT_PLAIN, INPUT_GZIP };

struct input {
    const char *path;
    int fd;    /* -1: memory */
    bool kept; /* who opened it closes it; it is read at `done`, up to `total` */
    struct bytes memory, memory_left;
    enum input_kind kind;
    bool waits;
    uint64_t done, total;

    uint8_t *packed; /* compressed bytes that inflate has not taken yet lie in here */
    z_stream z;
    bool in_member;
    bool ended;
    const char *gzip_problem;
};

static struct input *input_new(struct err *err)
{
    struct input *in = calloc(1, sizeof *in);
    if (in == NULL) {
        err_set(err, "out of memory");
    }
    return in;
}

static int look_at_file(struct input *in, struct err *err)
{
    struct stat status;
    if (fstat(in->fd, &status) != 0) {
        return err_set(err, "%s: %s", in->path, strerror(errno));
    }
    if (S_ISDIR(status.st_mode)) {
        return err_set(err, "%s is a directory, not a capture file", in->path);
    }
    if (isatty(in->fd)) {
        return err_set(err, "%s is a terminal; give a capture file, or pipe one in", in->path);
    }
    if (S_ISREG(status.st_mode)) {
        in->total = status.st_size > 0 ? (uint64_t)status.st_size : 0;
        (void)posix_fadvise(in->fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    } else {
        in->waits = true;
    }
    return 0;
}

struct input *input_open(const char *path, struct err *err)
{
    struct input *in = input_new(err);
    if (in == NULL) {
        return NULL;
    }
    bool standard = strcmp(path, "-") == 0;
    in->path = standard ? "standard input" : path;
    in->fd = standard ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (in->fd < 0) {
        err_set(err, "%s: %s", path, strerror(errno));
        free(in);
        return NULL;
    }
    if (look_at_file(in, err) != 0) {
        input_free(in);
        return NULL;
    }
    return in;
}

struct input *input_open_kept(int fd, struct err *err)
{
    struct stat status;
    struct input *in = input_new(err);
    if (in == NULL) {
        return NULL;
    }
    if (fstat(fd, &status) != 0) {
        err_set(err, "what was kept: %s", strerror(errno));
        free(in);
        return NULL;
    }
    in->path = "what was kept";
    in->fd = fd;
    in->kept = true;
    in->total = (uint64_t)status.st_size;
    return in;
}

struct input *input_open_memory(struct bytes bytes, struct err *err)
{
    struct input *in = input_new(err);
    if (in != NULL) {
        in->path = "memory";
        in->fd = -1;
        in->memory = in->memory_left = bytes;
        in->total = bytes.n;
    }
    return in;
}

static void forget_gzip(struct input *in)
{
    if (in->kind == INPUT_GZIP) {
        inflateEnd(&in->z);
    }
    free(in->packed);
    in->packed = NULL;
}

void input_free(struct input *in)
{
    if (in == NULL) {
        return;
    }
    if (in->fd > STDIN_FILENO && !in->kept) {
        close(in->fd);
    }
    forget_gzip(in);
    free(in);
}

int input_rewind(struct input *in, struct err *err)
{
    forget_gzip(in);
    in->kind = INPUT_UNKNOWN;
    in->ended = false;
    in->gzip_problem = NULL;
    in->done = 0;
    in->memory_left = in->memory;
    if (in->fd >= 0 && !in->kept && lseek(in->fd, 0, SEEK_SET) != 0) {
        return err_set(err, "%s: %s", in->path, strerror(errno));
    }
    return 0;
}

static ssize_t read_memory(struct input *in, uint8_t *to, size_t n)
{
    struct bytes part = bytes_part(in->memory_left, 0, n);
    memcpy(to, part.p, part.n);
    in->memory_left = bytes_from(in->memory_left, part.n);
    return (ssize_t)part.n;
}

static ssize_t read_kept(struct input *in, uint8_t *to, size_t n)
{
    uint64_t left = in->total - in->done;
    return pread(in->fd, to, n < left ? n : (size_t)left, (off_t)in->done);
}

static ssize_t read_raw(struct input *in, uint8_t *to, size_t n, struct err *err)
{
    ssize_t got;
    if (in->fd < 0) {
        got = in->memory_left.n > 0 ? read_memory(in, to, n) : 0;
    } else {
        got = in->kept ? read_kept(in, to, n) : read(in->fd, to, n);
    }
    if (got < 0 && errno == EINTR) {
        return INPUT_INTERRUPTED;
    }
    if (got < 0) {
        return err_set(err, "%s: %s", in->path, strerror(errno));
    }
    in->done += (uint64_t)got;
    return got;
}

/* Goes on in the compressed bytes of `first`, which were read to tell what the file is. */
static int start_gzip(struct input *in, struct bytes first, struct err *err)
{
    size_t room = first.n > INPUT_GZIP_BYTES ? first.n : INPUT_GZIP_BYTES;
    in->packed = malloc(room);
    if (in->packed == NULL || inflateInit2(&in->z, 15 + 16) != Z_OK) {
        return err_set(err, "%s: out of memory", in->path);
    }
    memcpy(in->packed, first.p, first.n);
    in->z.next_in = in->packed;
    in->z.avail_in = (uInt)first.n;
    in->kind = INPUT_GZIP;
    in->in_member = true;
    return 0;
}

/* More compressed bytes: 1, 0 at the end of the file, or as input_read. */
static int fill_packed(struct input *in, struct err *err)
{
    ssize_t got = read_raw(in, in->packed, INPUT_GZIP_BYTES, err);
    if (got <= 0) {
        return (int)got;
    }
    in->z.next_in = in->packed;
    in->z.avail_in = (uInt)got;
    return 1;
}

/* Between two members. What follows the last one and is no member (gzip files are padded on tapes)
 * is not looked at. */
static void next_member(struct input *in)
{
    if (in->z.next_in[0] != 0x1f || inflateReset(&in->z) != Z_OK) {
        in->ended = true;
        return;
    }
    in->in_member = true;
}

static void inflate_step(struct input *in)
{
    switch (inflate(&in->z, Z_SYNC_FLUSH)) {
    case Z_OK:
    case Z_BUF_ERROR:
        return;
    case Z_STREAM_END:
        in->in_member = false;
        return;
    default:
        in->gzip_problem = "the gzip data is damaged";
        in->ended = true;
    }
}

static ssize_t read_gzip(struct input *in, uint8_t *to, size_t n, struct err *err)
{
    in->z.next_out = to;
    in->z.avail_out = (uInt)n;
    while (!in->ended && in->z.avail_out == n) {
        if (in->z.avail_in == 0) {
            int got = fill_packed(in, err);
            if (got < 0) {
                return got;
            }
            if (got == 0) {
                in->gzip_problem = in->in_member ? "the gzip data ends early" : NULL;
                in->ended = true;
                break;
            }
        }
        if (in->in_member) {
            inflate_step(in);
        } else {
            next_member(in);
        }
    }
    return (ssize_t)(n - in->z.avail_out);
}

/* The first bytes, at least the two of gzip's magic where the file has them. */
static ssize_t read_first(struct input *in, uint8_t *to, size_t n, struct err *err)
{
    size_t have = 0;
    while (have < 2) {
        ssize_t got = read_raw(in, to + have, n - have, err);
        if (got == INPUT_INTERRUPTED && have > 0) {
            continue; /* a byte in hand cannot be given back: wait for the second */
        }
        if (got < 0) {
            return got;
        }
        if (got == 0) {
            break;
        }
        have += (size_t)got;
    }
    if (have < 2 || to[0] != 0x1f || to[1] != 0x8b) {
        in->kind = INPUT_PLAIN;
        return (ssize_t)have;
    }
    if (start_gzip(in, (struct bytes){to, have}, err) != 0) {
        return INPUT_FAILED;
    }
    return read_gzip(in, to, n, err);
}

ssize_t input_read(struct input *in, uint8_t *to, size_t n, struct err *err)
{
    n = n > INT32_MAX ? INT32_MAX : n;
    switch (in->kind) {
    case INPUT_PLAIN:
        return read_raw(in, to, n, err);
    case INPUT_GZIP:
        return read_gzip(in, to, n, err);
    default:
        return read_first(in, to, n, err);
    }
}

const char *input_name(const struct input *in)
{
    return in->path;
}

bool input_waits(const struct input *in)
{
    return in->waits;
}

bool input_is_gzip(const struct input *in)
{
    return in->kind == INPUT_GZIP;
}

const char *input_gzip_problem(const struct input *in)
{
    return in->gzip_problem;
}

void input_progress(const struct input *in, uint64_t *done, uint64_t *total)
{
    *done = in->done;
    *total = in->total;
}
