/* The connections of a process's descendants: real ones, over loopback. */
#include "analyzer/capture/sockets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

struct told {
    struct flow_key keys[16];
    size_t n;
};

static void take(void *context, const struct flow_key *key)
{
    struct told *t = context;
    assert_in_range(t->n, 0, 15);
    t->keys[t->n++] = *key;
}

static struct told look(struct sockets *s)
{
    struct told t = {.n = 0};
    sockets_look(s, getpid(), take, &t);
    return t;
}

/* A listening socket on a port of the kernel's choice; -1: there is no such family here. */
static int listen_on(int family, uint16_t *port)
{
    struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_ANY_INIT};
    struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct sockaddr *a = family == AF_INET ? (struct sockaddr *)&a4 : (struct sockaddr *)&a6;
    socklen_t n = family == AF_INET ? sizeof a4 : sizeof a6;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || bind(fd, a, n) != 0 || listen(fd, 8) != 0) {
        return -1;
    }
    assert_int_equal(getsockname(fd, a, &n), 0);
    *port = ntohs(family == AF_INET ? a4.sin_port : a6.sin6_port);
    return fd;
}

static int connect_to(const char *address, uint16_t port)
{
    struct sockaddr_in a4 = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 a6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};
    bool old = inet_pton(AF_INET, address, &a4.sin_addr) == 1;
    assert_true(old || inet_pton(AF_INET6, address, &a6.sin6_addr) == 1);
    int fd = socket(old ? AF_INET : AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int status = old ? connect(fd, (struct sockaddr *)&a4, sizeof a4)
                     : connect(fd, (struct sockaddr *)&a6, sizeof a6);
    assert_int_equal(status, 0);
    return fd;
}

/* A grandchild holds what is open here until `hold` is closed; then this process lets go of fd. */
struct holder {
    int hold;
    pid_t child;
};

static struct holder hold_in_grandchild(int fd)
{
    int ready[2], hold[2];
    char byte;
    assert_int_equal(pipe(ready) | pipe(hold), 0);
    pid_t child = fork();
    if (child == 0) {
        close(hold[1]);
        pid_t grandchild = fork();
        if (grandchild == 0) {
            (void)!write(ready[1], "x", 1);
            _exit((int)read(hold[0], &byte, 1));
        }
        close(fd);
        _exit(waitpid(grandchild, NULL, 0) == grandchild ? 0 : 1);
    }
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    close(ready[1]);
    close(hold[0]);
    close(fd);
    return (struct holder){hold[1], child};
}

static void let_go(struct holder h)
{
    close(h.hold);
    assert_int_equal(waitpid(h.child, NULL, 0), h.child);
}

static bool has_port(const struct told *t, uint16_t port, uint8_t family, struct bytes address)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct flow_key *k = &t->keys[i];
        if (k->port[1] == port && k->family == family &&
            memcmp(k->ip[1], address.p, address.n) == 0) {
            return true;
        }
    }
    return false;
}

static void a_descendants_connection_is_told_of_once(void **state)
{
    static const uint8_t loopback[16] = {127, 0, 0, 1};
    struct sockets *s = sockets_new();
    uint16_t port = 0;
    (void)state;
    int server = listen_on(AF_INET, &port);
    assert_true(server >= 0);
    struct told before = look(s);
    assert_int_equal(before.n, 0);
    struct holder h = hold_in_grandchild(connect_to("127.0.0.1", port));
    struct told first = look(s);
    assert_true(has_port(&first, port, 4, (struct bytes){loopback, 16}));
    assert_int_equal(look(s).n, 0);
    let_go(h);
    h = hold_in_grandchild(connect_to("127.0.0.1", port));
    assert_int_equal(look(s).n, 1);
    let_go(h);
    close(server);
    sockets_free(s);
}

static void the_own_connections_are_not_a_descendants(void **state)
{
    struct sockets *s = sockets_new();
    uint16_t port = 0;
    (void)state;
    int server = listen_on(AF_INET, &port);
    int fd = connect_to("127.0.0.1", port);
    assert_int_equal(look(s).n, 0);
    close(fd);
    close(server);
    sockets_free(s);
}

/* A connection to this address of a server on IPv6 is told of with that family and address. */
static void through_ipv6(const char *address, uint8_t family, const uint8_t told[16])
{
    struct sockets *s = sockets_new();
    uint16_t port = 0;
    int server = listen_on(AF_INET6, &port);
    if (server < 0) {
        sockets_free(s);
        skip();
    }
    struct holder h = hold_in_grandchild(connect_to(address, port));
    struct told t = look(s);
    assert_true(has_port(&t, port, family, (struct bytes){told, 16}));
    let_go(h);
    close(server);
    sockets_free(s);
}

static void ipv4_through_a_socket_of_ipv6_is_ipv4(void **state)
{
    (void)state;
    through_ipv6("::ffff:127.0.0.1", 4, (const uint8_t[16]){127, 0, 0, 1});
}

static void ipv6_has_its_own_table(void **state)
{
    (void)state;
    through_ipv6("::1", 6, (const uint8_t[16]){[15] = 1});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_descendants_connection_is_told_of_once),
        cmocka_unit_test(the_own_connections_are_not_a_descendants),
        cmocka_unit_test(ipv4_through_a_socket_of_ipv6_is_ipv4),
        cmocka_unit_test(ipv6_has_its_own_table),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
