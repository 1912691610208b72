/* Key logs: files that may grow, and what captures carry. */
#include "keylogs.h"

#include "analyzer/capture/pcapng_write.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEYLOG_READ_BYTES 65536

/* Of a file that is being written: the line that is not over is left for the next time, as that of
 * another file may come before its rest. A line longer than the buffer is none, and what cannot be
 * read again (a pipe) is taken. */
static size_t leave_last_line(const struct keylog *log, const char *buffer, size_t n)
{
    const char *end = memrchr(buffer, '\n', n);
    size_t whole = end != NULL ? (size_t)(end + 1 - buffer) : n < KEYLOG_READ_BYTES ? 0 : n;
    return lseek(log->fd, -(off_t)(n - whole), SEEK_CUR) >= 0 ? whole : n;
}

/* Reads what there is. -1: it cannot be read. */
static int read_log(struct keylogs *k, struct keylog *log)
{
    char buffer[KEYLOG_READ_BYTES];
    ssize_t n;
    struct tls_secrets_counts before = tls_secrets_counts(k->secrets);
    while ((n = read(log->fd, buffer, sizeof buffer)) > 0) {
        size_t taken =
            k->growth != KEYLOGS_WHOLE ? leave_last_line(log, buffer, (size_t)n) : (size_t)n;
        tls_secrets_add(k->secrets, (struct bytes){(const uint8_t *)buffer, taken});
        if (taken == 0) {
            break;
        }
    }
    if (k->growth == KEYLOGS_WHOLE) {
        tls_secrets_end(k->secrets);
    }
    struct tls_secrets_counts after = tls_secrets_counts(k->secrets);
    log->secrets += after.lines - before.lines;
    log->malformed += after.malformed - before.malformed;
    return n < 0 && errno != EAGAIN && errno != EINTR ? -1 : 0;
}

/* -1 with errno set. */
static int open_log(struct keylogs *k, struct keylog *log)
{
    struct stat st;
    log->fd = open(log->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (log->fd < 0) {
        return -1;
    }
    log->came = true;
    if (fstat(log->fd, &st) == 0 && S_ISDIR(st.st_mode)) {
        errno = EISDIR;
        return -1;
    }
    return read_log(k, log);
}

static int add_log(struct keylogs *k, const char *path, bool named, struct err *err)
{
    if (k->n == KEYLOGS_MAX) {
        return err_set(err, "more than %d key logs", KEYLOGS_MAX);
    }
    struct keylog *log = &k->list[k->n++];
    *log = (struct keylog){.path = path, .fd = -1, .named = named};
    if (open_log(k, log) == 0 || !named) {
        return 0;
    }
    if (errno == ENOENT && k->growth != KEYLOGS_WHOLE) {
        return k->growth == KEYLOGS_COMING
                   ? 0
                   : err_set(err, "%.160s: must be there before a live capture, empty or not",
                             path);
    }
    return err_set(err, "%s: %s", path, strerror(errno));
}

static bool is_pipe(const char *path)
{
    struct stat st;
    int status = strcmp(path, "-") == 0 ? fstat(STDIN_FILENO, &st) : stat(path, &st);
    return status == 0 && (S_ISFIFO(st.st_mode) || S_ISSOCK(st.st_mode));
}

enum keylogs_growth keylogs_growth(bool live, const char *const *paths, size_t n)
{
    for (size_t i = 0; i < n && !live; i++) {
        if (is_pipe(paths[i])) {
            return KEYLOGS_COMING;
        }
    }
    return live ? KEYLOGS_GROWING : KEYLOGS_WHOLE;
}

int keylogs_open(struct keylogs *k, const char *const *paths, size_t n, enum keylogs_growth growth,
                 struct err *err)
{
    uint64_t seed = 0;
    *k = (struct keylogs){.growth = growth};
    if (getrandom(&seed, sizeof seed, GRND_NONBLOCK) != (ssize_t)sizeof seed) {
        seed = (uint64_t)(uintptr_t)&seed; /* where the stack happens to be */
    }
    k->secrets = tls_secrets_new(seed);
    if (k->secrets == NULL) {
        return err_set(err, "out of memory");
    }
    for (size_t i = 0; i < n; i++) {
        if (add_log(k, paths[i], true, err) != 0) {
            return -1;
        }
    }
    const char *usual = getenv("SSLKEYLOGFILE");
    if (usual != NULL && usual[0] != '\0' && k->n < KEYLOGS_MAX) {
        (void)add_log(k, usual, false, err);
    }
    tls_secrets_expect(k->secrets, growth != KEYLOGS_WHOLE && k->n > 0);
    return 0;
}

int keylogs_add(struct keylogs *k, const char *path, struct err *err)
{
    tls_secrets_expect(k->secrets, true);
    if (add_log(k, path, true, err) != 0) {
        return -1;
    }
    k->list[k->n - 1].named = false; /* no option names it, so no notice either */
    return 0;
}

static int add_rsa(struct keylogs *k, const char *path, struct err *err)
{
    uint8_t pem[TLS_PEM_MAX_BYTES + 1];
    FILE *f = fopen(path, "re");
    size_t n = f != NULL ? fread(pem, 1, sizeof pem, f) : 0;
    int problem = f == NULL || ferror(f) ? errno : 0;
    if (f != NULL) {
        fclose(f);
    }
    const char *why =
        problem != 0 ? strerror(problem) : tls_rsa_keys_add(k->rsa, (struct bytes){pem, n});
    OPENSSL_cleanse(pem, n);
    return why == NULL ? 0 : err_set(err, "%.160s: %s", path, why);
}

int keylogs_add_rsa(struct keylogs *k, const char *const *paths, size_t n, struct err *err)
{
    if (n > 0) {
        k->rsa = tls_rsa_keys_new();
        if (k->rsa == NULL) {
            return err_set(err, "out of memory");
        }
        tls_secrets_use_rsa(k->secrets, k->rsa);
    }
    for (size_t i = 0; i < n; i++) {
        if (add_rsa(k, paths[i], err) != 0) {
            return -1;
        }
    }
    return 0;
}

void keylogs_close(struct keylogs *k)
{
    for (size_t i = 0; i < k->n; i++) {
        if (k->list[i].fd >= 0) {
            close(k->list[i].fd);
        }
    }
    tls_secrets_free(k->secrets);
    tls_rsa_keys_free(k->rsa);
    *k = (struct keylogs){0};
}

/* Was it emptied, or replaced by another file of that name? */
static bool is_new_file(const struct keylog *log)
{
    struct stat now, open_one;
    off_t at = lseek(log->fd, 0, SEEK_CUR);
    return stat(log->path, &now) == 0 && fstat(log->fd, &open_one) == 0 &&
           (now.st_ino != open_one.st_ino || now.st_dev != open_one.st_dev ||
            (S_ISREG(open_one.st_mode) && at > open_one.st_size));
}

static void look_for(struct keylogs *k, struct keylog *log)
{
    if (log->fd >= 0 && is_new_file(log)) {
        close(log->fd);
        log->fd = -1;
    }
    if (log->fd < 0) {
        (void)open_log(k, log);
    }
}

void keylogs_read(struct keylogs *k)
{
    for (size_t i = 0; k->growth != KEYLOGS_WHOLE && i < k->n; i++) {
        struct keylog *log = &k->list[i];
        if (log->fd >= 0) {
            (void)read_log(k, log);
        }
        if (k->growth == KEYLOGS_COMING) {
            look_for(k, log);
        }
    }
}

void keylogs_from_capture(void *keylogs, uint32_t type, struct bytes secrets)
{
    struct keylogs *k = keylogs;
    if (type == PCAPNG_SECRETS_TLS_KEY_LOG) {
        k->capture_keys_late |= k->packets_came && !tls_secrets_expected(k->secrets);
        tls_secrets_add(k->secrets, secrets);
        tls_secrets_end(k->secrets);
        tls_secrets_expect(k->secrets, true); /* where there is one block there may be more */
    }
}

void keylogs_notices(const struct keylogs *k, void (*notice)(void *, const char *))
{
    if (k->capture_keys_late) {
        notice(NULL, "the capture has its TLS secrets behind packets: what began before them stays "
                     "closed; 'editcap --inject-secrets' puts them first");
    }
    char text[sizeof((struct err *)0)->text];
    for (size_t i = 0; i < k->n; i++) {
        const struct keylog *log = &k->list[i];
        if (!log->named || log->secrets > 0) {
            continue;
        }
        if (!log->came) {
            snprintf(text, sizeof text, "%s: there is no such key log yet", log->path);
        } else if (log->malformed > 0) {
            snprintf(text, sizeof text, "%s: no key log: it has no TLS secrets, but other lines",
                     log->path);
        } else {
            snprintf(text, sizeof text,
                     "%s: no TLS secrets in it: did the program that should write them use TLS?",
                     log->path);
        }
        notice(NULL, text);
    }
}

static void emit(struct event_sink *sink, enum finding_id id, const char *text)
{
    struct event e = {.type = EVENT_FINDING};
    e.finding.id = id;
    e.finding.detail = bytes_of(text);
    sink->emit(sink, &e);
}

void keylogs_findings(const struct keylogs *k, struct event_sink *sink)
{
    struct tls_secrets_counts c = tls_secrets_counts(k->secrets);
    char text[96];
    if (c.malformed > 0) {
        snprintf(text, sizeof text, "%" PRIu64 " lines, the first is line %" PRIu64, c.malformed,
                 c.first_malformed);
        emit(sink, FINDING_TLS_KEYLOG_MALFORMED, text);
    }
    if (c.left_out > 0) {
        snprintf(text, sizeof text, "%" PRIu64 " secrets", c.left_out);
        emit(sink, FINDING_TLS_KEYLOG_LIMIT, text);
    }
}
