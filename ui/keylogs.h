/*
 * Key logs that the user names (-k, SSLKEYLOGFILE), read into a store of TLS secrets; the secrets
 * that captures carry; and servers' private keys (--rsa-key).
 */
#ifndef WSIGHT_KEYLOGS_H
#define WSIGHT_KEYLOGS_H

#include "analyzer/capture/source.h"
#include "decoders/event.h"
#include "decoders/tls/rsa.h"
#include "decoders/tls/secrets.h"

#define KEYLOGS_MAX 64

struct keylog {
    const char *path;            /* borrowed */
    int fd;                      /* -1: not open (any more, or yet) */
    bool named;                  /* by an option, not by the environment */
    bool came;                   /* it could be opened */
    uint64_t secrets, malformed; /* lines of it */
};

enum keylogs_growth {
    KEYLOGS_WHOLE,   /* they are read at once */
    KEYLOGS_GROWING, /* they may grow; nothing can be opened later */
    KEYLOGS_COMING   /* ... and those that are not there yet may come */
};

struct keylogs {
    struct tls_secrets *secrets;
    struct tls_rsa_keys *rsa; /* NULL: none was given */
    struct keylog list[KEYLOGS_MAX];
    size_t n;
    enum keylogs_growth growth;
    bool packets_came;      /* set by who reads them */
    bool capture_keys_late; /* secrets of a capture came behind packets that did not wait for any */
};

/* For captures of these paths ("-" is standard input), or of interfaces: programs may still be
 * writing their logs when packets come from an interface, or through a pipe. */
enum keylogs_growth keylogs_growth(bool live, const char *const *paths, size_t n);

/* Opens and reads the files, and the one that SSLKEYLOGFILE names when that can be read. -1 with
 * err filled when a named file cannot be read. */
int keylogs_open(struct keylogs *, const char *const *paths, size_t n, enum keylogs_growth,
                 struct err *err);
/* Reads files with servers' RSA private keys. -1 with err filled. */
int keylogs_add_rsa(struct keylogs *, const char *const *paths, size_t n, struct err *);
/* One more file that may grow. -1 with err filled. */
int keylogs_add(struct keylogs *, const char *path, struct err *);
void keylogs_close(struct keylogs *);

/* Reads what was added since, and of KEYLOGS_COMING opens files that came or were replaced: before
 * packets that may need it, since programs log a secret before they use it. Costs a read() a file,
 * and two stat() of KEYLOGS_COMING. */
void keylogs_read(struct keylogs *);

/* For source_options: takes the secrets of a capture; the context is the struct keylogs. */
void keylogs_from_capture(void *keylogs, uint32_t type, struct bytes secrets);

/* Says which of the logs that options name had no secrets, and that a capture has its own too late,
 * once everything is read. */
void keylogs_notices(const struct keylogs *, void (*notice)(void *, const char *text));
/* Findings about the logs. */
void keylogs_findings(const struct keylogs *, struct event_sink *);

#endif
