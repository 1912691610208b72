/* A command beside the capture. */
#include "child.h"

#include "keeper.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define SECOND INT64_C(1000000000)
/* The kernel hands packets over within milliseconds; the last of them are FINs. */
#define LAST_PACKETS_NS (SECOND / 4)

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * SECOND + t.tv_nsec;
}

/*--- The key log --------------------------------------------------------------------------------*/

/* Root does not trust a folder of somebody else's; and in NODE_OPTIONS a path needs to be plain. */
static const char *folder_for_keys(void)
{
    static const char *const names[] = {"XDG_RUNTIME_DIR", "TMPDIR"};
    for (size_t i = 0; geteuid() != 0 && i < sizeof names / sizeof *names; i++) {
        const char *path = getenv(names[i]);
        if (path != NULL && path[0] == '/' && strpbrk(path, " \t\"'\\") == NULL &&
            strlen(path) < 200 && access(path, W_OK | X_OK) == 0) {
            return path;
        }
    }
    return "/tmp";
}

/* The folder becomes the user's last: until then nobody else can put anything into it. */
static int make_keylog(const struct child *c, const struct privileges_account *who)
{
    int fd = open(c->keylog, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) {
        return -1;
    }
    int status = who->change ? fchown(fd, who->uid, who->gid) : 0;
    close(fd);
    return status == 0 && who->change ? chown(c->folder, who->uid, who->gid) : status;
}

static void remove_keylog(const struct child *c)
{
    (void)unlink(c->keylog);
    (void)rmdir(c->folder);
}

int child_prepare(struct child *c, const char *const *command, struct err *err)
{
    struct privileges_account who;
    *c = (struct child){.command = command, .channel = -1};
    privileges_invoker(&who);
    snprintf(c->folder, sizeof c->folder, "%s/wsight-XXXXXX", folder_for_keys());
    if (mkdtemp(c->folder) == NULL) {
        return err_set(err, "a folder for the keys cannot be made: %s", strerror(errno));
    }
    snprintf(c->keylog, sizeof c->keylog, "%s/keys", c->folder);
    if (make_keylog(c, &who) != 0) {
        int problem = errno;
        remove_keylog(c);
        return err_set(err, "a file for the keys cannot be made: %s", strerror(problem));
    }
    c->prepared = true;
    return 0;
}

/*--- The keeper ---------------------------------------------------------------------------------*/

static int fork_keeper(struct child *c, struct err *err)
{
    int ends[2];
    struct keeper keeper = {.folder = c->folder, .keylog = c->keylog, .command = c->command};
    privileges_invoker(&keeper.who);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0) {
        return err_set(err, "the command cannot be started: %s", strerror(errno));
    }
    pid_t pid = fork();
    if (pid == 0) {
        keeper.channel = ends[1];
        keeper_run(&keeper);
    }
    close(ends[1]);
    if (pid < 0) {
        close(ends[0]);
        return err_set(err, "the command cannot be started: %s", strerror(errno));
    }
    c->channel = ends[0];
    return 0;
}

int child_fork(struct child *c, uint64_t seed, const struct tls_secrets *secrets, struct err *err)
{
    c->gate = gate_new(seed, secrets);
    return c->gate != NULL ? fork_keeper(c, err) : err_set(err, "out of memory");
}

static void say(struct child *c, int number)
{
    unsigned char byte = (unsigned char)number;
    if (c->channel >= 0) {
        (void)!write(c->channel, &byte, 1);
    }
}

void child_start(struct child *c)
{
    say(c, 0);
}

void child_signal(struct child *c, int number)
{
    if (number != c->passed_on) {
        c->passed_on = number;
        say(c, number);
    }
}

static void note_end(struct child *c, int status)
{
    c->status = status;
    c->ended = true;
    c->ended_at = now();
    close(c->channel);
    c->channel = -1;
}

static void take_message(struct child *c, const struct keeper_message *m)
{
    switch (m->type) {
    case KEEPER_CONNECTION:
        gate_admit(c->gate, &m->key);
        break;
    case KEEPER_LOOKED:
        gate_told_until(c->gate, m->ts);
        break;
    case KEEPER_FAILED:
        c->failure = m->value;
        break;
    case KEEPER_ENDED:
        note_end(c, m->value);
        break;
    }
}

void child_serve(struct child *c)
{
    struct keeper_message m;
    while (c->channel >= 0) {
        ssize_t n = recv(c->channel, &m, sizeof m, MSG_DONTWAIT);
        if (n == (ssize_t)sizeof m) {
            take_message(c, &m);
        } else if (n < 0 && (errno == EAGAIN || errno == EINTR)) {
            return;
        } else {
            note_end(c, EXIT_FAILURE); /* the keeper is gone without a word */
        }
    }
}

size_t child_packets(struct child *c, const struct packet *packets, size_t n, struct packet *taken,
                     size_t max)
{
    for (size_t i = 0; i < n; i++) {
        gate_add(c->gate, &packets[i]);
    }
    return gate_take(c->gate, taken, max);
}

bool child_is_over(const struct child *c)
{
    return c->ended && now() - c->ended_at > LAST_PACKETS_NS;
}

void child_done(struct child *c)
{
    if (c->channel >= 0) {
        close(c->channel);
    } else if (c->prepared && !c->ended) {
        remove_keylog(c);
    }
    gate_free(c->gate);
    *c = (struct child){.channel = -1};
}
