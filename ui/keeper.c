/* The process that keeps a command. */
#include "keeper.h"

#include "analyzer/capture/sockets.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECOND_NS INT64_C(1000000000)
/* A look takes about 0.1 ms for a process with 30 descriptors. Between two passes so much time that
 * looking is a twentieth of it, and at least this: what lives shorter is known by its keys alone.
 */
#define LOOK_PAUSE_NS (SECOND_NS / 500)
#define LOOK_PAUSE_MAX_NS (SECOND_NS / 10)
#define LOOK_SHARE 20
#define TOLD_EVERY_NS (SECOND_NS / 50)
#define PATIENCE_NS (2 * SECOND_NS) /* from SIGTERM to SIGKILL */

#define STATUS_NOT_RUN 126 /* as shells have it */
#define STATUS_NOT_FOUND 127
#define STATUS_SIGNAL 128

struct keeping {
    const struct keeper *keeper;
    struct sockets *sockets;
    pid_t command;
    bool abandoned; /* wsight is gone */
};

/* Ctrl-C at a terminal goes to the command as well: it must not get it twice. */
static volatile sig_atomic_t interrupted;

static void note_interrupt(int number)
{
    interrupted = number;
}

static int64_t clock_of(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return t.tv_sec * SECOND_NS + t.tv_nsec;
}

static void say(const struct keeping *k, const struct keeper_message *m)
{
    while (send(k->keeper->channel, m, sizeof *m, MSG_NOSIGNAL) < 0 && errno == EINTR) {
    }
}

static void remove_keys(const struct keeper *k)
{
    (void)unlink(k->keylog);
    (void)rmdir(k->folder);
}

/*--- The command --------------------------------------------------------------------------------*/

static void set_identity(const struct privileges_account *who)
{
    const struct passwd *p = who->change ? getpwuid(who->uid) : NULL;
    if (p != NULL) { /* sudo left those of root */
        setenv("HOME", p->pw_dir, 1);
        setenv("USER", p->pw_name, 1);
        setenv("LOGNAME", p->pw_name, 1);
    }
}

static void set_keylog(const char *path)
{
    const char *before = getenv("NODE_OPTIONS");
    char *options = NULL;
    setenv("SSLKEYLOGFILE", path, 1);
    before = before != NULL ? before : "";
    if (asprintf(&options, "%s%s--tls-keylog=%s", before, before[0] != '\0' ? " " : "", path) > 0) {
        setenv("NODE_OPTIONS", options, 1);
    }
    free(options);
}

static _Noreturn void become_command(const struct keeper *k, int failure)
{
    static const int usual[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGPIPE};
    for (size_t i = 0; i < sizeof usual / sizeof *usual; i++) {
        (void)signal(usual[i], SIG_DFL);
    }
    set_identity(&k->who);
    set_keylog(k->keylog);
    execvp(k->command[0], (char *const *)(uintptr_t)k->command);
    int problem = errno;
    (void)!write(failure, &problem, sizeof problem);
    _exit(problem == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUN);
}

/* 0, or errno of why it could not be started. */
static int start_command(struct keeping *k)
{
    int failure[2], problem = 0;
    if (pipe2(failure, O_CLOEXEC) != 0) {
        return errno;
    }
    k->command = fork();
    if (k->command == 0) {
        become_command(k->keeper, failure[1]);
    }
    close(failure[1]);
    if (k->command < 0 || read(failure[0], &problem, sizeof problem) < 0) {
        problem = errno;
    }
    close(failure[0]);
    return problem;
}

static int status_of(int status)
{
    return WIFSIGNALED(status) ? STATUS_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

/* Whether it has ended, with *status as a shell has it. Orphans of its own are taken leave of. */
static bool has_ended(const struct keeping *k, int *status)
{
    int how;
    pid_t who;
    while ((who = waitpid(-1, &how, WNOHANG)) > 0) {
        if (who == k->command) {
            *status = status_of(how);
            return true;
        }
    }
    return false;
}

/*--- Watching -----------------------------------------------------------------------------------*/

static void tell_connection(void *context, const struct flow_key *key)
{
    say(context, &(struct keeper_message){.type = KEEPER_CONNECTION, .key = *key});
}

static void tell_looked(const struct keeping *k, int64_t ts)
{
    say(k, &(struct keeper_message){.type = KEEPER_LOOKED, .ts = ts});
}

static void look(struct keeping *k)
{
    sockets_look(k->sockets, getpid(), tell_connection, k);
}

static void take_word(struct keeping *k)
{
    unsigned char number;
    ssize_t n = recv(k->keeper->channel, &number, 1, MSG_DONTWAIT);
    if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR)) {
        k->abandoned = true;
    } else if (n == 1 && number != 0 && !(number == SIGINT && interrupted == SIGINT)) {
        (void)kill(k->command, number);
    }
}

static void wait_a_little(struct keeping *k, int64_t ns)
{
    struct pollfd channel = {.fd = k->keeper->channel, .events = POLLIN};
    struct timespec pause = {.tv_nsec = ns};
    if (ppoll(&channel, 1, &pause, NULL) > 0) {
        take_word(k);
    }
}

/* Until the command has ended, or wsight is gone. Returns the command's status. */
static int watch(struct keeping *k)
{
    int status = 0;
    int64_t told = 0;
    while (!k->abandoned && !has_ended(k, &status)) {
        int64_t begun = clock_of(CLOCK_MONOTONIC), ts = clock_of(CLOCK_REALTIME);
        look(k);
        if (begun - told >= TOLD_EVERY_NS) {
            told = begun;
            tell_looked(k, ts);
        }
        int64_t pause = (clock_of(CLOCK_MONOTONIC) - begun) * LOOK_SHARE;
        pause = pause > LOOK_PAUSE_NS ? pause : LOOK_PAUSE_NS;
        wait_a_little(k, pause < LOOK_PAUSE_MAX_NS ? pause : LOOK_PAUSE_MAX_NS);
    }
    return status;
}

/* Nobody sees what it does any more. */
static void end_command(const struct keeping *k)
{
    int status;
    int64_t until = clock_of(CLOCK_MONOTONIC) + PATIENCE_NS;
    (void)kill(k->command, SIGTERM);
    while (!has_ended(k, &status)) {
        if (clock_of(CLOCK_MONOTONIC) > until) {
            (void)kill(k->command, SIGKILL);
            return;
        }
        (void)poll(NULL, 0, 20);
    }
}

/*--- Its life -----------------------------------------------------------------------------------*/

static void close_all_but(int fd)
{
    if (fd > STDERR_FILENO + 1) {
        (void)close_range(STDERR_FILENO + 1, (unsigned)fd - 1, 0);
    }
    (void)close_range((unsigned)fd + 1, ~0U, 0);
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = note_interrupt};
    (void)sigaction(SIGINT, &action, NULL);
    (void)signal(SIGTERM, SIG_IGN); /* wsight passes it on, or goes: then so does the command */
    (void)signal(SIGHUP, SIG_IGN);
    (void)signal(SIGQUIT, SIG_IGN);
}

/* false: wsight went before it said so. */
static bool wait_for_start(const struct keeper *k)
{
    unsigned char word;
    ssize_t n;
    do {
        n = recv(k->channel, &word, 1, 0);
    } while (n < 0 && errno == EINTR);
    return n == 1 && word == 0;
}

static void run_command(struct keeping *k)
{
    int problem = start_command(k);
    struct keeper_message m = {.type = KEEPER_ENDED};
    if (problem != 0) {
        remove_keys(k->keeper);
        say(k, &(struct keeper_message){.type = KEEPER_FAILED, .value = problem});
        m.value = problem == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_RUN;
    } else {
        m.value = watch(k);
        remove_keys(k->keeper);
        tell_looked(k, INT64_MAX);
    }
    if (k->abandoned) {
        end_command(k);
    } else {
        say(k, &m);
    }
}

void keeper_run(const struct keeper *keeper)
{
    struct keeping k = {.keeper = keeper};
    struct err err;
    close_all_but(keeper->channel);
    catch_signals();
    (void)prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); /* orphans of the command's stay below */
    int status = privileges_leave(&keeper->who, &err);
    k.sockets = sockets_new();
    if (status == 0 && k.sockets != NULL && wait_for_start(keeper)) {
        run_command(&k);
    } else {
        remove_keys(keeper);
    }
    sockets_free(k.sockets);
    _exit(status == 0 ? 0 : 1);
}
