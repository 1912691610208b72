/*
 * Giving away what a capture needed to begin and decoding must not have: root, capabilities, and
 * every system call but the few that go on with what is open.
 *
 *     struct privileges_account account;
 *     privileges_find("--user's name, or NULL", &account, &err);
 *     ... open interfaces, key logs, outputs, directories ...
 *     privileges_drop(&account, &err);
 *     privileges_seal(&seal, &err);
 *     ... the first packet ...
 *
 * After privileges_seal a forbidden call kills the process (SECCOMP_RET_KILL_PROCESS): whoever
 * takes over a decoder can open nothing for reading, start nothing, and connect to nobody.
 */
#ifndef WSIGHT_CAPTURE_PRIVILEGES_H
#define WSIGHT_CAPTURE_PRIVILEGES_H

#include "../err.h"

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct privileges_account {
    bool change; /* false: the process is not root, and stays who it is */
    uid_t uid;
    gid_t gid;
    char name[64];
};

/* Who to become: the user named, else who called sudo, else nobody. Only root can become anybody
 * else: for others a name is an error. -1 with err filled. */
int privileges_find(const char *user, struct privileges_account *account, struct err *err);

/* Who called: whom sudo names, else the process's own user. */
void privileges_invoker(struct privileges_account *account);

/* Becomes that user with its groups and without capabilities, to start a program of the user's in a
 * process of its own; root that stays root keeps everything. -1 with err filled. */
int privileges_leave(const struct privileges_account *account, struct err *err);

/* Becomes that user for good, without supplementary groups; clears every set of capabilities, and
 * lets no program that is started gain any. -1 with err filled: then do not go on. */
int privileges_drop(const struct privileges_account *account, struct err *err);

#define SEAL_DIRECTORIES_MAX 4

struct seal {
    int directories[SEAL_DIRECTORIES_MAX]; /* in which files may be made, or -1 ended early */
    size_t directories_n;
    const int *sockets; /* of packet(7), borrowed: each may be bound to another interface */
    size_t sockets_n;
    bool accepts;  /* connections to a listening socket that is open */
    bool terminal; /* a screen: how the terminal is set, and Ctrl-Z */
};

/* How a file in such a directory is opened: no other flags pass. */
#define SEAL_OPEN_FLAGS_NEW (O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC)
#define SEAL_OPEN_FLAGS_APPEND (O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC)
#define SEAL_OPEN_FLAGS_FRESH (O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC)

/* Leaves the calls that decoding uses. -1 with err filled when the kernel cannot. */
int privileges_seal(const struct seal *seal, struct err *err);

/* What this process holds, in words: "root", "CAP_NET_RAW", "no privileges"... */
void privileges_describe(char *text, size_t n);

#endif
