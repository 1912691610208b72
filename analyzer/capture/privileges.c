/* Giving privileges away: credentials(7), capabilities(7), seccomp(2). */
#include "privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <pwd.h>
#include <seccomp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

/* libseccomp's own macros for arguments leave their last field out; clang minds. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/*--- Who to become ------------------------------------------------------------------------------*/

static int take_account(const struct passwd *p, struct privileges_account *account)
{
    account->change = true;
    account->uid = p->pw_uid;
    account->gid = p->pw_gid;
    snprintf(account->name, sizeof account->name, "%s", p->pw_name);
    return 0;
}

/* A number of the environment that sudo set; -1: none. */
static long sudo_number(const char *name)
{
    const char *text = getenv(name);
    char *end;
    if (text == NULL || text[0] < '0' || text[0] > '9') {
        return -1;
    }
    errno = 0;
    long n = strtol(text, &end, 10);
    return errno == 0 && *end == '\0' && n > 0 && n < (long)UINT32_MAX ? n : -1;
}

static bool sudo_account(struct privileges_account *account)
{
    long uid = sudo_number("SUDO_UID"), gid = sudo_number("SUDO_GID");
    if (uid < 0 || gid < 0) {
        return false;
    }
    const char *name = getenv("SUDO_USER");
    account->change = true;
    account->uid = (uid_t)uid;
    account->gid = (gid_t)gid;
    snprintf(account->name, sizeof account->name, "%s", name != NULL ? name : "sudo's user");
    return true;
}

int privileges_find(const char *user, struct privileges_account *account, struct err *err)
{
    *account = (struct privileges_account){.uid = getuid(), .gid = getgid()};
    if (geteuid() != 0) {
        return user == NULL ? 0 : err_set(err, "only root can become another user (--user)");
    }
    if (user == NULL && sudo_account(account)) {
        return 0;
    }
    const struct passwd *p = getpwnam(user != NULL ? user : "nobody");
    if (p == NULL) {
        return err_set(err, "there is no user %.60s; --user names another one",
                       user != NULL ? user : "nobody");
    }
    return take_account(p, account);
}

void privileges_invoker(struct privileges_account *account)
{
    *account = (struct privileges_account){.uid = getuid(), .gid = getgid()};
    if (geteuid() == 0) {
        (void)sudo_account(account);
    }
}

/*--- Becoming it --------------------------------------------------------------------------------*/

static int read_capabilities(struct __user_cap_data_struct data[2])
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    return (int)syscall(SYS_capget, &header, data);
}

static int clear_capabilities(void)
{
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    struct __user_cap_data_struct none[2] = {0};
    (void)prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0);
    return (int)syscall(SYS_capset, &header, none);
}

static int become(const struct privileges_account *a)
{
    if (!a->change) {
        return 0;
    }
    return setgroups(1, &a->gid) == 0 && setresgid(a->gid, a->gid, a->gid) == 0 &&
                   setresuid(a->uid, a->uid, a->uid) == 0
               ? 0
               : -1;
}

int privileges_leave(const struct privileges_account *a, struct err *err)
{
    bool root = geteuid() == 0 && !a->change;
    bool done =
        !a->change || (initgroups(a->name, a->gid) == 0 && setresgid(a->gid, a->gid, a->gid) == 0 &&
                       setresuid(a->uid, a->uid, a->uid) == 0);
    if (!done || (!root && clear_capabilities() != 0)) {
        return err_set(err, "cannot become %.60s: %s", a->name, strerror(errno));
    }
    return 0;
}

static bool holds_something(const struct privileges_account *a)
{
    struct __user_cap_data_struct data[2] = {0};
    if (read_capabilities(data) != 0) {
        return true;
    }
    for (int i = 0; i < 2; i++) {
        if ((data[i].effective | data[i].permitted | data[i].inheritable) != 0) {
            return true;
        }
    }
    /* Whoever gave root away must not get it back. */
    return a->change && a->uid != 0 && (setuid(0) == 0 || geteuid() == 0);
}

int privileges_drop(const struct privileges_account *account, struct err *err)
{
    for (unsigned long c = 0; c < 64; c++) {
        (void)prctl(PR_CAPBSET_DROP, c, 0, 0, 0); /* works for root; nobody else needs it */
    }
    if (become(account) != 0) {
        return err_set(err, "cannot become %.60s: %s; --user names another user", account->name,
                       strerror(errno));
    }
    if (clear_capabilities() != 0 || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0 ||
        prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) != 0) {
        return err_set(err, "cannot give privileges away: %s", strerror(errno));
    }
    if (holds_something(account)) {
        return err_set(err, "privileges could not be given away");
    }
    return 0;
}

/*--- The seal -----------------------------------------------------------------------------------*/

/* Calls that only go on with what is open or with the process's own memory and time. */
static const int plain_calls[] = {
    SCMP_SYS(read),
    SCMP_SYS(readv),
    SCMP_SYS(pread64),
    SCMP_SYS(write),
    SCMP_SYS(writev),
    SCMP_SYS(pwrite64),
    SCMP_SYS(lseek),
    SCMP_SYS(close),
    SCMP_SYS(fstat),
    SCMP_SYS(fsync),
    SCMP_SYS(fdatasync),
    SCMP_SYS(ftruncate),
    SCMP_SYS(poll),
    SCMP_SYS(ppoll),
    SCMP_SYS(recvfrom),
    SCMP_SYS(getsockopt),
    SCMP_SYS(getsockname),
    SCMP_SYS(shutdown),
    SCMP_SYS(dup3),
    SCMP_SYS(sysinfo), /* qsort asks for the size of the memory */
    SCMP_SYS(brk),
    SCMP_SYS(munmap),
    SCMP_SYS(mremap),
    SCMP_SYS(madvise),
    SCMP_SYS(futex),
    SCMP_SYS(clock_gettime),
    SCMP_SYS(gettimeofday),
    SCMP_SYS(time),
    SCMP_SYS(clock_nanosleep),
    SCMP_SYS(nanosleep),
    SCMP_SYS(getrandom),
    SCMP_SYS(rt_sigreturn),
    SCMP_SYS(rt_sigaction),
    SCMP_SYS(rt_sigprocmask),
    SCMP_SYS(sigaltstack),
    SCMP_SYS(restart_syscall),
    SCMP_SYS(sched_yield),
    SCMP_SYS(getpid),
    SCMP_SYS(gettid),
    SCMP_SYS(exit),
    SCMP_SYS(exit_group),
};

/* What may be asked of a descriptor: a terminal's shape, an interface's state. */
static const unsigned long plain_requests[] = {TCGETS, TIOCGWINSZ, SIOCGIFFLAGS, SIOCGIFINDEX,
                                               SIOCGIFHWADDR};

/* How a screen sets its terminal; nothing is typed into it (TIOCSTI). */
static const unsigned long terminal_requests[] = {TCSETS, TCSETSW, TCSETSF, TCFLSH, FIONREAD};

static int allow_calls(scmp_filter_ctx filter, const int *calls, size_t n)
{
    int status = 0;
    for (size_t i = 0; i < n && status == 0; i++) {
        status = seccomp_rule_add(filter, SCMP_ACT_ALLOW, calls[i], 0);
    }
    return status;
}

static int allow_requests(scmp_filter_ctx filter, const unsigned long *requests, size_t n)
{
    int status = 0;
    for (size_t i = 0; i < n && status == 0; i++) {
        status = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1,
                                  SCMP_A1(SCMP_CMP_EQ, requests[i]));
    }
    return status;
}

#define ALL(list) list, sizeof(list) / sizeof *(list)

static int allow_plain(scmp_filter_ctx filter)
{
    int status = allow_calls(filter, ALL(plain_calls));
    return status == 0 ? allow_requests(filter, ALL(plain_requests)) : status;
}

static int allow_terminal(scmp_filter_ctx filter)
{
    int status = allow_requests(filter, ALL(terminal_requests));
    return status == 0 ? seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(kill), 1,
                                          SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()))
                       : status;
}

/* Memory that is never run, state of what is open but of no path, signals to itself. */
static int allow_narrow(scmp_filter_ctx filter)
{
    int status = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1,
                                  SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    if (status == 0) {
        status = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1,
                                  SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0));
    }
    if (status == 0) {
        status = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1,
                                  SCMP_A3(SCMP_CMP_MASKED_EQ, AT_EMPTY_PATH, AT_EMPTY_PATH));
    }
    if (status == 0) { /* fdopen() asks for what the file was opened */
        status = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1,
                                  SCMP_A1(SCMP_CMP_EQ, F_GETFL));
    }
    if (status == 0) { /* libpcap gives its ring back at the end */
        status = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 2,
                                  SCMP_A1(SCMP_CMP_EQ, SOL_PACKET),
                                  SCMP_A2(SCMP_CMP_EQ, PACKET_RX_RING));
    }
    if (status == 0) {
        status = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1,
                                  SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid()));
    }
    return status;
}

/* Files are made in these directories and nowhere else, and never opened for reading. */
static int allow_directory(scmp_filter_ctx filter, int directory)
{
    static const uint64_t flags[] = {SEAL_OPEN_FLAGS_NEW, SEAL_OPEN_FLAGS_APPEND,
                                     SEAL_OPEN_FLAGS_FRESH};
    int status =
        seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(unlinkat), 2,
                         SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)directory), SCMP_A2(SCMP_CMP_EQ, 0));
    for (size_t i = 0; i < sizeof flags / sizeof *flags && status == 0; i++) {
        status = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(openat), 2,
                                  SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)directory),
                                  SCMP_A2(SCMP_CMP_EQ, flags[i]));
    }
    return status;
}

/* An interface that was made anew. A packet socket sends nothing unless it is asked to, and what it
 * may be told here is to receive. */
static int allow_socket(scmp_filter_ctx filter, int fd)
{
    int status = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(bind), 1,
                                  SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)fd));
    return status == 0 ? seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(setsockopt), 3,
                                          SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)fd),
                                          SCMP_A1(SCMP_CMP_EQ, SOL_PACKET),
                                          SCMP_A2(SCMP_CMP_EQ, PACKET_ADD_MEMBERSHIP))
                       : status;
}

static int fill_filter(scmp_filter_ctx filter, const struct seal *seal)
{
    int status = allow_plain(filter);
    if (status == 0) {
        status = allow_narrow(filter);
    }
    for (size_t i = 0; i < seal->directories_n && status == 0; i++) {
        status = allow_directory(filter, seal->directories[i]);
    }
    for (size_t i = 0; i < seal->sockets_n && status == 0; i++) {
        status = allow_socket(filter, seal->sockets[i]);
    }
    if (status == 0 && seal->terminal) {
        status = allow_terminal(filter);
    }
    if (status == 0 && seal->accepts) {
        status = seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(accept4), 0);
    }
    return status;
}

int privileges_seal(const struct seal *seal, struct err *err)
{
    scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
    if (filter == NULL) {
        return err_set(err, "out of memory");
    }
    int status = fill_filter(filter, seal);
    if (status == 0) { /* threads that run already are sealed, too */
        status = seccomp_attr_set(filter, SCMP_FLTATR_CTL_TSYNC, 1);
    }
    if (status == 0) {
        status = seccomp_load(filter);
    }
    seccomp_release(filter);
    if (status != 0) {
        return err_set(err, "the sandbox cannot be entered: %s", strerror(-status));
    }
    return 0;
}

/*--- In words -----------------------------------------------------------------------------------*/

void privileges_describe(char *text, size_t n)
{
    struct __user_cap_data_struct data[2] = {0};
    (void)read_capabilities(data);
    uint64_t held = (uint64_t)data[1].permitted << 32 | data[0].permitted;
    uint64_t raw = UINT64_C(1) << CAP_NET_RAW;
    const char *capabilities = held == 0           ? "no capabilities"
                               : held == raw       ? "CAP_NET_RAW"
                               : (held & raw) != 0 ? "CAP_NET_RAW and other capabilities"
                                                   : "capabilities, but not CAP_NET_RAW";
    snprintf(text, n, "%s%s%s", geteuid() == 0 ? "root, " : "", capabilities,
             geteuid() == 0 || held != 0 ? " (given away before the first packet)" : "");
}
