/* Processes and their sockets, from proc(5). */
#include "sockets.h"

#include "../limits.h"

#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define LINE_BYTES 512

struct inodes {
    uint64_t *p; /* SOCKETS_MAX of them; sorted once all are there */
    size_t n;
};

struct sockets {
    pid_t *processes;
    size_t processes_n;
    struct inodes open;   /* sockets of all processes */
    struct inodes before; /* ... that were told of */
    struct inodes told;   /* ... or are told of this time */
};

struct sockets *sockets_new(void)
{
    struct sockets *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return NULL;
    }
    s->processes = calloc(SOCKETS_PROCESSES_MAX, sizeof *s->processes);
    s->open.p = calloc(SOCKETS_MAX, sizeof *s->open.p);
    s->before.p = calloc(SOCKETS_MAX, sizeof *s->before.p);
    s->told.p = calloc(SOCKETS_MAX, sizeof *s->told.p);
    if (s->processes == NULL || s->open.p == NULL || s->before.p == NULL || s->told.p == NULL) {
        sockets_free(s);
        return NULL;
    }
    return s;
}

void sockets_free(struct sockets *s)
{
    if (s != NULL) {
        free(s->processes);
        free(s->open.p);
        free(s->before.p);
        free(s->told.p);
        free(s);
    }
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static void add(struct inodes *list, uint64_t inode)
{
    if (list->n < SOCKETS_MAX) {
        list->p[list->n++] = inode;
    }
}

static bool contains(const struct inodes *sorted, uint64_t inode)
{
    return bsearch(&inode, sorted->p, sorted->n, sizeof inode, compare) != NULL;
}

/*--- Processes ----------------------------------------------------------------------------------*/

/* A thread's children stand in a file of its own, as numbers with a space behind each. */
static void add_children_of_thread(struct sockets *s, pid_t process, const char *thread)
{
    char path[64];
    int child;
    snprintf(path, sizeof path, "/proc/%d/task/%.20s/children", (int)process, thread);
    FILE *f = fopen(path, "re");
    while (f != NULL && s->processes_n < SOCKETS_PROCESSES_MAX && fscanf(f, "%d", &child) == 1) {
        s->processes[s->processes_n++] = (pid_t)child;
    }
    if (f != NULL) {
        fclose(f);
    }
}

/* Calls fn for each entry of a folder of the process's. */
static void each_entry(struct sockets *s, pid_t process, const char *folder,
                       void (*fn)(struct sockets *, pid_t, const char *name))
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/%s", (int)process, folder);
    DIR *d = opendir(path);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        if (e->d_name[0] != '.') {
            fn(s, process, e->d_name);
        }
    }
    if (d != NULL) {
        closedir(d);
    }
}

static void add_socket(struct sockets *s, pid_t process, const char *descriptor)
{
    char path[64], target[64];
    unsigned long long inode;
    snprintf(path, sizeof path, "/proc/%d/fd/%.20s", (int)process, descriptor);
    ssize_t n = readlink(path, target, sizeof target - 1);
    target[n > 0 ? n : 0] = '\0';
    if (sscanf(target, "socket:[%llu]", &inode) == 1) {
        add(&s->open, inode);
    }
}

static void find_sockets(struct sockets *s, pid_t ancestor)
{
    s->processes_n = 0;
    s->open.n = 0;
    each_entry(s, ancestor, "task", add_children_of_thread);
    for (size_t i = 0; i < s->processes_n; i++) { /* which grows meanwhile */
        each_entry(s, s->processes[i], "task", add_children_of_thread);
        each_entry(s, s->processes[i], "fd", add_socket);
    }
    qsort(s->open.p, s->open.n, sizeof *s->open.p, compare);
}

/*--- Connections --------------------------------------------------------------------------------*/

/* An address in hex: words of 32 bits, each as the machine keeps the bytes of the network. */
static bool read_address(const char *text, unsigned words, uint8_t ip[16])
{
    for (unsigned i = 0; i < words; i++) {
        unsigned word;
        if (sscanf(text + (size_t)8 * i, "%8x", &word) != 1) {
            return false;
        }
        memcpy(ip + (size_t)4 * i, &word, 4);
    }
    return true;
}

/* IPv4 in a socket of IPv6 (RFC 4291 section 2.5.5.2) is IPv4 on the wire. */
static void unmap(struct flow_key *key)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    if (memcmp(key->ip[0], mapped, sizeof mapped) == 0 &&
        memcmp(key->ip[1], mapped, sizeof mapped) == 0) {
        key->family = 4;
        for (int end = 0; end < 2; end++) {
            memmove(key->ip[end], key->ip[end] + 12, 4);
            memset(key->ip[end] + 4, 0, 12);
        }
    }
}

static bool read_line(const char *line, uint8_t family, struct flow_key *key, unsigned *state,
                      uint64_t *inode)
{
    char address[2][33];
    unsigned port[2];
    unsigned long long number;
    *key = (struct flow_key){.vlan = {0xffff, 0xffff}, .family = family};
    if (sscanf(line, " %*d: %32[0-9A-F]:%4x %32[0-9A-F]:%4x %2x %*x:%*x %*x:%*x %*x %*u %*u %llu",
               address[0], &port[0], address[1], &port[1], state, &number) != 6) {
        return false;
    }
    for (int end = 0; end < 2; end++) {
        size_t words = family == 4 ? 1 : 4;
        if (strlen(address[end]) != 8 * words ||
            !read_address(address[end], (unsigned)words, key->ip[end])) {
            return false;
        }
        key->port[end] = (uint16_t)port[end];
    }
    *inode = number;
    if (family == 6) {
        unmap(key);
    }
    return true;
}

static void tell_of(struct sockets *s, const char *path, uint8_t family,
                    void (*tell)(void *, const struct flow_key *), void *context)
{
    char line[LINE_BYTES];
    FILE *f = fopen(path, "re");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        struct flow_key key;
        unsigned state;
        uint64_t inode;
        if (!read_line(line, family, &key, &state, &inode) || state == TCP_LISTEN || inode == 0 ||
            !contains(&s->open, inode) || contains(&s->before, inode)) {
            continue;
        }
        tell(context, &key);
        if (state != TCP_SYN_SENT) { /* it may be refused, and the socket used again */
            add(&s->told, inode);
        }
    }
    if (f != NULL) {
        fclose(f);
    }
}

void sockets_look(struct sockets *s, pid_t ancestor,
                  void (*tell)(void *context, const struct flow_key *), void *context)
{
    bool new = false;
    find_sockets(s, ancestor);
    s->told.n = 0;
    for (size_t i = 0; i < s->open.n; i++) {
        if (contains(&s->before, s->open.p[i])) {
            add(&s->told, s->open.p[i]);
        } else {
            new = true;
        }
    }
    if (new) {
        tell_of(s, "/proc/net/tcp", 4, tell, context);
        tell_of(s, "/proc/net/tcp6", 6, tell, context);
    }
    struct inodes told = s->told;
    qsort(told.p, told.n, sizeof *told.p, compare);
    s->told = s->before;
    s->before = told;
}
