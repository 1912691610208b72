/* Key logs: files that may grow, and what captures carry. */
#include "keylogs.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECRETS_TLS_KEY_LOG 0x544c534bU /* pcapng's type of such a block */

/* Reads what there is; a file that does not grow any more is closed. -1: it cannot be read. */
static int read_log(struct keylogs *k, struct keylog *log)
{
    char buffer[65536];
    ssize_t n;
    while ((n = read(log->fd, buffer, sizeof buffer)) > 0) {
        tls_secrets_add(k->secrets, (struct bytes){(const uint8_t *)buffer, (size_t)n});
    }
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
    *log = (struct keylog){path, -1};
    if (open_log(k, log) != 0 && named && !(k->follow && errno == ENOENT)) {
        return err_set(err, "%s: %s", path, strerror(errno));
    }
    if (!k->follow) {
        tls_secrets_end(k->secrets);
    }
    return 0;
}

int keylogs_open(struct keylogs *k, const char *const *paths, size_t n, bool follow,
                 struct err *err)
{
    uint64_t seed = 0;
    *k = (struct keylogs){.follow = follow};
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
    tls_secrets_expect(k->secrets, follow && k->n > 0);
    return 0;
}

int keylogs_add(struct keylogs *k, const char *path, struct err *err)
{
    tls_secrets_expect(k->secrets, true);
    return add_log(k, path, true, err);
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

void keylogs_read(struct keylogs *k)
{
    for (size_t i = 0; k->follow && i < k->n; i++) {
        if (k->list[i].fd >= 0) {
            (void)read_log(k, &k->list[i]);
        }
    }
}

void keylogs_poll(struct keylogs *k)
{
    keylogs_read(k);
    for (size_t i = 0; k->follow && !k->sealed && i < k->n; i++) {
        struct keylog *log = &k->list[i];
        if (log->fd >= 0 && is_new_file(log)) {
            close(log->fd);
            log->fd = -1;
        }
        if (log->fd < 0) {
            tls_secrets_end(k->secrets);
            (void)open_log(k, log);
        }
    }
}

void keylogs_from_capture(void *keylogs, uint32_t type, struct bytes secrets)
{
    struct keylogs *k = keylogs;
    if (type == SECRETS_TLS_KEY_LOG) {
        tls_secrets_add(k->secrets, secrets);
        tls_secrets_end(k->secrets);
        tls_secrets_expect(k->secrets, true); /* where there is one block there may be more */
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
