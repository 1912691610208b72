/* A small HTTP responder for the metrics. */
#include "metrics.h"

#include "run.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define REQUEST_MAX_BYTES 4096
#define RESPONSE_MAX_BYTES ((size_t)1 << 20)
#define PATIENCE_NS (5 * SECOND_NS)
#define SERVE_EVERY_NS (SECOND_NS / 100)

struct client {
    int fd; /* -1: free */
    int64_t deadline;
    size_t asked;   /* bytes of the request */
    char *response; /* NULL: still asking */
    size_t length, sent;
    char request[REQUEST_MAX_BYTES];
};

struct metrics {
    int listener;
    int64_t next;
    bool changed;
    struct client clients[METRICS_CONNECTIONS_MAX];
    struct totals before, now; /* before: of the intervals that are over */
};

/*--- Opening ------------------------------------------------------------------------------------*/

static bool parse_port(const char *text, uint16_t *port)
{
    char *end;
    errno = 0;
    unsigned long n = strtoul(text, &end, 10);
    *port = (uint16_t)n;
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && errno == 0 && n > 0 && n < 65536;
}

/* Addresses are numbers: no name is looked up. */
static bool parse_address(const char *text, struct sockaddr_storage *address, socklen_t *size)
{
    struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr_in6 v6 = {.sin6_family = AF_INET6};
    char host[64];
    uint16_t port;
    const char *colon = strrchr(text, ':');
    const char *digits = colon != NULL ? colon + 1 : text;
    size_t n = colon != NULL ? (size_t)(colon - text) : 0;
    bool bracketed = n >= 2 && text[0] == '[' && text[n - 1] == ']';
    if (!parse_port(digits, &port) || n >= sizeof host) {
        return false;
    }
    (void)snprintf(host, sizeof host, "%.*s", (int)(bracketed ? n - 2 : n), text + bracketed);
    v4.sin_port = v6.sin6_port = htons(port);
    if (bracketed ? inet_pton(AF_INET6, host, &v6.sin6_addr) == 1 : false) {
        memcpy(address, &v6, sizeof v6);
        *size = sizeof v6;
        return true;
    }
    if (bracketed || (n > 0 && inet_pton(AF_INET, host, &v4.sin_addr) != 1)) {
        return false;
    }
    memcpy(address, &v4, sizeof v4);
    *size = sizeof v4;
    return true;
}

static int listen_on(const char *text, struct err *err)
{
    struct sockaddr_storage address;
    socklen_t size;
    int yes = 1;
    if (!parse_address(text, &address, &size)) {
        return err_set(err, "--metrics=%.80s: it takes PORT, ADDRESS:PORT or [ADDRESS]:PORT", text);
    }
    int fd = socket(address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
        bind(fd, (struct sockaddr *)&address, size) == 0 && listen(fd, 16) == 0) {
        return fd;
    }
    err_set(err, "--metrics=%.80s: %s", text, strerror(errno));
    if (fd >= 0) {
        close(fd);
    }
    return -1;
}

struct metrics *metrics_open(const char *address, struct err *err)
{
    struct metrics *m = calloc(1, sizeof *m);
    if (m == NULL) {
        err_set(err, "out of memory");
        return NULL;
    }
    m->changed = true;
    for (size_t i = 0; i < METRICS_CONNECTIONS_MAX; i++) {
        m->clients[i].fd = -1;
    }
    m->listener = listen_on(address, err);
    if (m->listener < 0) {
        free(m);
        return NULL;
    }
    return m;
}

static void hang_up(struct metrics *m, struct client *c)
{
    close(c->fd);
    free(c->response);
    *c = (struct client){.fd = -1};
    m->changed = true;
}

void metrics_free(struct metrics *m)
{
    if (m == NULL) {
        return;
    }
    for (size_t i = 0; i < METRICS_CONNECTIONS_MAX; i++) {
        if (m->clients[i].fd >= 0) {
            hang_up(m, &m->clients[i]);
        }
    }
    close(m->listener);
    free(m);
}

/*--- What there is to tell ----------------------------------------------------------------------*/

void metrics_keep(struct metrics *m, const struct totals *totals)
{
    totals_keep(&m->before, totals);
}

static void write_metrics(struct metrics *m, struct run *run, FILE *out)
{
    struct source_info info;
    struct engine_stats stats = engine_stats(run->engine);
    batch_flush(run->batch);
    source_refresh(run->source);
    source_info(run->source, &info);
    model_totals_now(run->model, &m->now);
    totals_add_counters(&m->now, &m->before);
    metrics_write(out, &m->now, &info, &stats, run->options->memory);
}

/*--- HTTP ---------------------------------------------------------------------------------------*/

static void respond(struct metrics *m, struct client *c, struct run *run)
{
    char *body = NULL;
    size_t body_n = 0;
    const char *status = "200 OK";
    FILE *out = open_memstream(&body, &body_n);
    if (out == NULL) {
        hang_up(m, c);
        return;
    }
    if (strncmp(c->request, "GET ", 4) != 0) {
        status = "405 Method Not Allowed";
    } else if (strncmp(c->request + 4, "/metrics ", 9) == 0) {
        write_metrics(m, run, out);
    } else {
        status = "404 Not Found";
        fputs("wsight: see /metrics\n", out);
    }
    fclose(out);
    int n = asprintf(&c->response,
                     "HTTP/1.1 %s\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\n"
                     "Content-Length: %zu\r\nConnection: close\r\n\r\n%s",
                     status, body_n, body);
    free(body);
    c->length = n > 0 ? (size_t)n : 0;
    if (n < 0) {
        c->response = NULL;
        hang_up(m, c);
    }
}

static bool is_whole(const struct client *c)
{
    return memmem(c->request, c->asked, "\r\n\r\n", 4) != NULL || c->asked == REQUEST_MAX_BYTES - 1;
}

/* One step of a connection. */
static void serve_client(struct metrics *m, struct client *c, struct run *run)
{
    if (c->response == NULL) {
        ssize_t n = read(c->fd, c->request + c->asked, REQUEST_MAX_BYTES - 1 - c->asked);
        if (n == 0 || (n < 0 && errno != EAGAIN)) {
            hang_up(m, c);
            return;
        }
        c->asked += n > 0 ? (size_t)n : 0;
        if (!is_whole(c)) {
            return;
        }
        m->changed = true; /* from now on it is waited for otherwise */
        respond(m, c, run);
    }
    if (c->fd < 0) {
        return;
    }
    ssize_t n = write(c->fd, c->response + c->sent, c->length - c->sent);
    c->sent += n > 0 ? (size_t)n : 0;
    if (c->sent == c->length || (n < 0 && errno != EAGAIN)) {
        hang_up(m, c);
    }
}

static void accept_client(struct metrics *m, int64_t time)
{
    for (size_t i = 0; i < METRICS_CONNECTIONS_MAX; i++) {
        struct client *c = &m->clients[i];
        if (c->fd < 0) {
            int fd = accept4(m->listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
            if (fd < 0) {
                return;
            }
            *c = (struct client){.fd = fd, .deadline = time + PATIENCE_NS};
            m->changed = true;
        }
    }
}

bool metrics_serve(struct metrics *m, struct run *run, int64_t time)
{
    if (time < m->next && !m->changed) {
        return false;
    }
    m->next = time + SERVE_EVERY_NS;
    accept_client(m, time);
    for (size_t i = 0; i < METRICS_CONNECTIONS_MAX; i++) {
        struct client *c = &m->clients[i];
        if (c->fd >= 0) {
            serve_client(m, c, run);
        }
        if (c->fd >= 0 && time > c->deadline) {
            hang_up(m, c);
        }
    }
    bool changed = m->changed;
    m->changed = false;
    return changed;
}

size_t metrics_watched(const struct metrics *m, struct pollfd *fds)
{
    size_t n = 0;
    for (size_t i = 0; i < METRICS_CONNECTIONS_MAX; i++) {
        const struct client *c = &m->clients[i];
        if (c->fd >= 0) {
            fds[n++] = (struct pollfd){.fd = c->fd,
                                       .events = (short)(c->response != NULL ? POLLOUT : POLLIN)};
        }
    }
    if (n < METRICS_CONNECTIONS_MAX) {
        fds[n++] = (struct pollfd){.fd = m->listener, .events = POLLIN};
    }
    return n;
}
