/* Saving packets: files, rotation, and which packets. */
#include "recorder.h"

#include "connections.h"
#include "lookback.h"
#include "pcapng_write.h"
#include "privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define SAVE_BUFFER_BYTES ((size_t)1 << 20)
#define SAVE_NAME_MAX_BYTES 256
#define SAVE_BATCH_MAX 256
#define SAVE_TAKE_MAX 1024 /* packets of a look-back written at once */

enum fate { FATE_NONE, FATE_KEEP, FATE_WRITE };

/* Secrets of a connection that is being saved. */
struct kept_secrets {
    struct kept_secrets *next;
    uint64_t connection;
    struct bytes keylog;
};

/* A packet of the batch that the engine works through. */
struct expected {
    uint64_t connection;
    enum fate fate;
};

struct recorder {
    struct recorder_options options;
    int directory, fd;
    int unnamed[RECORDER_KEPT_FILES]; /* -1: not opened */
    bool held;
    char *path;
    const char *base; /* of the path */
    char name[SAVE_NAME_MAX_BYTES];
    char (*names)[SAVE_NAME_MAX_BYTES]; /* of the files kept, a ring */
    uint8_t *buffer;
    size_t used;
    uint64_t written; /* bytes of this file that are on their way to the disk */
    size_t described; /* interfaces that the file tells of */
    int64_t opened, last_ts;
    bool rotate;
    const struct source *source; /* of the last packets, for the statistics at the end of a file */
    struct err problem;
    struct recorder_counts counts;

    const struct packet *batch;
    size_t batch_n;
    struct expected expected[SAVE_BATCH_MAX];
    struct connections wanted;
    struct lookback *lookback;
    struct kept_secrets *secrets;
    size_t secrets_n;
};

/*--- Files --------------------------------------------------------------------------------------*/

static bool rotates(const struct recorder *s)
{
    return s->options.rotate_bytes > 0 || s->options.rotate_seconds > 0;
}

static void close_file(struct recorder *s)
{
    if (s->fd >= 0 && !s->options.unnamed) {
        close(s->fd);
    }
    s->fd = -1;
}

static void stop_writing(struct recorder *s, const char *what)
{
    err_set(&s->problem, "%.80s: %s: %s; nothing more is saved", s->name, what, strerror(errno));
    close_file(s);
    s->used = 0;
}

/* Hands the buffer over. What the disk does not take whole is taken back, so that the file ends
 * with a whole block. */
static void write_out(struct recorder *s)
{
    size_t done = 0;
    while (s->fd >= 0 && done < s->used) {
        ssize_t n = write(s->fd, s->buffer + done, s->used - done);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n < 0) {
            int why = errno;
            size_t whole = pcapng_whole_blocks(s->buffer, done);
            (void)!ftruncate(s->fd, (off_t)(s->written + whole));
            errno = why;
            stop_writing(s, "cannot be written");
            return;
        }
        done += (size_t)n;
    }
    s->written += done;
    s->used = 0;
}

static uint8_t *room(struct recorder *s, size_t n)
{
    if (n > SAVE_BUFFER_BYTES - s->used) {
        write_out(s);
    }
    return s->buffer + s->used;
}

/* The name for a file that begins at ts: strftime's conversions filled in, or a number put before
 * the extension. false: it is too long. */
static bool make_name(struct recorder *s, int64_t ts)
{
    char name[SAVE_NAME_MAX_BYTES];
    time_t seconds = (time_t)(ts / SECOND_NS);
    struct tm tm;
    bool timed = strchr(s->base, '%') != NULL;
    if (!timed) {
        (void)snprintf(name, sizeof name, "%s", s->base);
    } else if (gmtime_r(&seconds, &tm) == NULL || strftime(name, sizeof name, s->base, &tm) == 0) {
        return false;
    }
    bool same = timed && strcmp(name, s->names[0]) == 0;
    memcpy(s->names[0], name, sizeof name);
    if ((timed && !same) || !rotates(s)) {
        return (size_t)snprintf(s->name, sizeof s->name, "%s", name) < sizeof s->name;
    }
    const char *dot = strrchr(name, '.');
    int stem = dot != NULL && dot != name ? (int)(dot - name) : (int)strlen(name);
    int n = snprintf(s->name, sizeof s->name, "%.*s-%05llu%s", stem, name,
                     (unsigned long long)s->counts.files + 1, name + stem);
    return n > 0 && (size_t)n < sizeof s->name;
}

/* Remembers the file, and removes the oldest when there are enough. names[0] is the last name that
 * time gave. */
static void keep_count(struct recorder *s)
{
    if (s->options.files == 0) {
        return;
    }
    char *slot = s->names[1 + s->counts.files % s->options.files];
    if (slot[0] != '\0' && strcmp(slot, s->name) != 0) {
        (void)unlinkat(s->directory, slot, 0);
    }
    memcpy(slot, s->name, SAVE_NAME_MAX_BYTES);
}

/* Not every file system makes files without names: there the name is taken away at once. */
static int make_unnamed(struct recorder *s, unsigned number)
{
    char name[SAVE_NAME_MAX_BYTES + 32];
    int fd = openat(s->directory, ".", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (fd < 0 && errno != ENOSPC) {
        snprintf(name, sizeof name, "%s-%ld-%u", s->base, (long)getpid(), number);
        fd = openat(s->directory, name, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
        if (fd >= 0) {
            (void)unlinkat(s->directory, name, 0);
        }
    }
    return fd;
}

/* Which of them is the next one. */
static unsigned next_unnamed(const struct recorder *s)
{
    return (unsigned)(s->counts.files % RECORDER_KEPT_FILES);
}

static int open_unnamed(struct recorder *s)
{
    for (unsigned i = 0; i < RECORDER_KEPT_FILES; i++) {
        if (s->unnamed[i] < 0 && (s->unnamed[i] = make_unnamed(s, i)) < 0) {
            return -1;
        }
    }
    int fd = s->unnamed[next_unnamed(s)];
    return ftruncate(fd, 0) == 0 && lseek(fd, 0, SEEK_SET) == 0 ? fd : -1;
}

static int open_named(struct recorder *s, int64_t ts)
{
    if (!make_name(s, ts)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = openat(s->directory, s->name, SEAL_OPEN_FLAGS_NEW, 0666);
    if (fd >= 0) {
        keep_count(s);
    }
    return fd;
}

int recorder_open(struct recorder *s, int64_t ts, struct err *err)
{
    s->fd = s->options.unnamed ? open_unnamed(s) : open_named(s, ts);
    if (s->fd < 0) {
        return err_set(err, "cannot write %.100s: %s", s->options.unnamed ? s->path : s->name,
                       strerror(errno));
    }
    s->counts.files++;
    s->opened = ts;
    s->written = 0;
    s->described = 0;
    s->used = pcapng_section(s->buffer, s->options.application);
    return 0;
}

/* What the interfaces received and lost, at the end of a live capture's file. */
static void write_statistics(struct recorder *s)
{
    struct source_info info;
    if (s->source == NULL || !source_is_live(s->source) || s->fd < 0) {
        return;
    }
    source_info(s->source, &info);
    for (size_t i = 0; i < s->described; i++) {
        s->used += pcapng_statistics(room(s, PCAPNG_BLOCK_MAX_BYTES), (uint32_t)i,
                                     &info.interfaces[i], s->last_ts);
    }
}

static void end_file(struct recorder *s)
{
    write_statistics(s);
    write_out(s);
    close_file(s);
}

void recorder_end(struct recorder *s)
{
    end_file(s);
}

static void write_secrets(struct recorder *s, struct bytes keylog)
{
    if (s->fd >= 0) {
        s->used += pcapng_secrets(room(s, keylog.n + PCAPNG_BLOCK_MAX_BYTES),
                                  PCAPNG_SECRETS_TLS_KEY_LOG, keylog);
    }
}

static void next_file(struct recorder *s, int64_t ts)
{
    struct err err;
    s->rotate = false;
    if (s->fd < 0) {
        return;
    }
    end_file(s);
    if (s->problem.text[0] == '\0' && recorder_open(s, ts, &err) != 0) {
        err_set(&s->problem, "%.180s; nothing more is saved", err.text);
    }
    for (const struct kept_secrets *k = s->secrets; k != NULL; k = k->next) {
        write_secrets(s, k->keylog);
    }
}

static bool is_full(const struct recorder *s, int64_t ts)
{
    const struct recorder_options *o = &s->options;
    if (s->held) {
        return false;
    }
    return s->rotate || (o->rotate_bytes > 0 && s->written + s->used >= o->rotate_bytes) ||
           (o->rotate_seconds > 0 &&
            llabs(ts - s->opened) >= (int64_t)o->rotate_seconds * SECOND_NS);
}

/*--- Packets ------------------------------------------------------------------------------------*/

static void describe_interfaces(struct recorder *s, uint32_t needed)
{
    struct source_info info;
    if (needed < s->described) {
        return;
    }
    source_info(s->source, &info);
    for (; s->described < info.interfaces_n; s->described++) {
        s->used +=
            pcapng_interface(room(s, PCAPNG_BLOCK_MAX_BYTES), &info.interfaces[s->described]);
    }
}

static void write_packet(struct recorder *s, const struct packet *p)
{
    if (s->fd < 0) {
        return;
    }
    if (is_full(s, p->ts)) {
        next_file(s, p->ts);
    }
    describe_interfaces(s, p->interface);
    s->used += pcapng_packet(room(s, p->b.n + PCAPNG_BLOCK_MAX_BYTES), p);
    s->last_ts = p->ts;
    s->counts.packets++;
    s->counts.bytes += p->b.n;
}

void recorder_expect(struct recorder *s, const struct source *source, const struct packet *packets,
                     size_t n)
{
    s->source = source;
    s->batch = packets;
    s->batch_n = n < SAVE_BATCH_MAX ? n : SAVE_BATCH_MAX;
    memset(s->expected, 0, s->batch_n * sizeof *s->expected);
}

/* The packet's place in the batch, by its number; NULL: it is of an earlier batch. */
static struct expected *find_expected(struct recorder *s, uint64_t packet)
{
    size_t low = 0, high = s->batch_n;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->batch[middle].no < packet) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low < s->batch_n && s->batch[low].no == packet ? &s->expected[low] : NULL;
}

void recorder_note_packet(struct recorder *s, uint64_t packet, uint64_t connection, bool wanted)
{
    struct expected *e = find_expected(s, packet);
    if (e == NULL || !wanted) {
        return;
    }
    e->connection = connection;
    e->fate = connection == 0 || connections_has(&s->wanted, connection) ? FATE_WRITE : FATE_KEEP;
}

void recorder_note_session(struct recorder *s, uint64_t connection)
{
    struct packet before[SAVE_TAKE_MAX];
    if (s->lookback == NULL || connections_has(&s->wanted, connection) ||
        !connections_add(&s->wanted, connection)) {
        return;
    }
    size_t n = lookback_take(s->lookback, connection, before, SAVE_TAKE_MAX);
    bool begun = n > 0 && before[0].no == connection;
    for (size_t i = 0; i < n; i++) {
        write_packet(s, &before[i]);
    }
    for (size_t i = 0; i < s->batch_n; i++) {
        if (s->expected[i].connection == connection && s->expected[i].fate == FATE_KEEP) {
            s->expected[i].fate = FATE_WRITE;
            begun = begun || s->batch[i].no == connection;
        }
    }
    s->counts.forgotten += !begun;
}

void recorder_note_secrets(struct recorder *s, uint64_t connection, struct bytes keylog)
{
    if (connections_has(&s->wanted, connection) || s->secrets_n == SAVE_SECRETS_MAX) {
        return;
    }
    struct kept_secrets *k = malloc(sizeof *k + keylog.n);
    if (k != NULL) {
        uint8_t *copy = (uint8_t *)(k + 1);
        memcpy(copy, keylog.p, keylog.n);
        *k = (struct kept_secrets){s->secrets, connection, {copy, keylog.n}};
        s->secrets = k;
        s->secrets_n++;
        write_secrets(s, keylog);
    }
}

static void forget_secrets(struct recorder *s, uint64_t connection)
{
    struct kept_secrets **link = &s->secrets;
    while (*link != NULL && (*link)->connection != connection) {
        link = &(*link)->next;
    }
    if (*link != NULL) {
        struct kept_secrets *k = *link;
        *link = k->next;
        free(k);
        s->secrets_n--;
    }
}

void recorder_note_end(struct recorder *s, uint64_t connection)
{
    if (connections_has(&s->wanted, connection)) {
        forget_secrets(s, connection);
    }
    connections_remove(&s->wanted, connection);
}

void recorder_packets(struct recorder *s)
{
    for (size_t i = 0; i < s->batch_n && s->fd >= 0; i++) {
        const struct packet *p = &s->batch[i];
        const struct expected *e = &s->expected[i];
        if (!s->options.only_sessions || e->fate == FATE_WRITE) {
            write_packet(s, p);
        } else if (e->fate == FATE_KEEP) {
            lookback_add(s->lookback, e->connection, p);
        }
    }
    s->batch_n = 0;
}

void recorder_flush(struct recorder *s)
{
    write_out(s);
}

void recorder_rotate(struct recorder *s)
{
    s->rotate = true;
}

/*--- Life ---------------------------------------------------------------------------------------*/

static int open_directory(struct recorder *s, struct err *err)
{
    const char *path = s->path;
    const char *slash = strrchr(path, '/');
    s->base = slash != NULL ? slash + 1 : path;
    char *folder = slash == NULL   ? strdup(".")
                   : slash == path ? strdup("/")
                                   : strndup(path, (size_t)(slash - path));
    if (folder == NULL) {
        return err_set(err, "out of memory");
    }
    s->directory = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (s->directory < 0) {
        err_set(err, "%.120s: %s", folder, strerror(errno));
    } else if (s->base[0] == '\0') {
        err_set(err, "%.120s: the name of a file is missing", path);
        close(s->directory);
        s->directory = -1;
    }
    free(folder);
    return s->directory >= 0 ? 0 : -1;
}

struct recorder *recorder_new(const struct recorder_options *options, struct err *err)
{
    struct recorder *s = calloc(1, sizeof *s);
    if (s == NULL) {
        err_set(err, "out of memory");
        return NULL;
    }
    s->options = *options;
    s->fd = s->directory = s->unnamed[0] = s->unnamed[1] = -1;
    size_t lookback = options->lookback_bytes > 0 ? options->lookback_bytes : SAVE_LOOKBACK_BYTES;
    s->path = strdup(options->path);
    s->buffer = malloc(SAVE_BUFFER_BYTES + PCAPNG_BLOCK_MAX_BYTES);
    s->names = calloc((size_t)options->files + 1, sizeof *s->names);
    s->lookback = options->only_sessions ? lookback_new(lookback) : NULL;
    if (s->path == NULL || s->buffer == NULL || s->names == NULL ||
        (options->only_sessions && s->lookback == NULL)) {
        recorder_free(s);
        err_set(err, "out of memory");
        return NULL;
    }
    if (open_directory(s, err) != 0) {
        recorder_free(s);
        return NULL;
    }
    return s;
}

void recorder_free(struct recorder *s)
{
    if (s == NULL) {
        return;
    }
    end_file(s);
    for (unsigned i = 0; i < RECORDER_KEPT_FILES; i++) {
        if (s->unnamed[i] >= 0) {
            close(s->unnamed[i]);
        }
    }
    if (s->directory >= 0) {
        close(s->directory);
    }
    while (s->secrets != NULL) {
        forget_secrets(s, s->secrets->connection);
    }
    lookback_free(s->lookback);
    connections_done(&s->wanted);
    free(s->names);
    free(s->path);
    free(s->buffer);
    free(s);
}

int recorder_directory(const struct recorder *s)
{
    return s->directory;
}

const char *recorder_problem(const struct recorder *s)
{
    return s->problem.text[0] != '\0' ? s->problem.text : NULL;
}

struct recorder_counts recorder_counts(const struct recorder *s)
{
    return s->counts;
}

size_t recorder_kept(const struct recorder *s, int fds[RECORDER_KEPT_FILES])
{
    unsigned n =
        s->counts.files < RECORDER_KEPT_FILES ? (unsigned)s->counts.files : RECORDER_KEPT_FILES;
    for (unsigned i = 0; i < n; i++) {
        fds[i] = s->unnamed[n < RECORDER_KEPT_FILES ? i : (next_unnamed(s) + i) % n];
    }
    return n;
}

void recorder_hold(struct recorder *s, bool hold)
{
    s->held = hold;
}
