/* What is left after the seal: each test tries it in a process of its own. */
#include "analyzer/capture/privileges.h"

#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* How a process ends that gives its privileges away and then does this: its exit status, or minus
 * the signal that killed it. */
static int sealed(int (*act)(int directory), const char *directory)
{
    pid_t child = fork();
    if (child == 0) {
        struct err err = {0};
        struct privileges_account account;
        struct seal seal = {0};
        if (directory != NULL) {
            seal.directories[0] = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
            seal.directories_n = 1;
        }
        if (privileges_find(NULL, &account, &err) != 0 || privileges_drop(&account, &err) != 0 ||
            privileges_seal(&seal, &err) != 0) {
            fprintf(stderr, "%s\n", err.text);
            _exit(99);
        }
        _exit(act(seal.directories_n > 0 ? seal.directories[0] : -1));
    }
    int status;
    waitpid(child, &status, 0);
    return WIFSIGNALED(status) ? -WTERMSIG(status) : WEXITSTATUS(status);
}

static int nothing(int directory)
{
    (void)directory;
    return 0;
}

static int work(int directory)
{
    (void)directory;
    char *p = malloc(8 << 20);
    memset(p, 1, 8 << 20);
    free(p);
    return write(STDERR_FILENO, "", 0) == 0 ? 0 : 1;
}

static int open_shadow(int directory)
{
    (void)directory;
    return open("/etc/shadow", O_RDONLY);
}

static int open_socket(int directory)
{
    (void)directory;
    return socket(AF_INET, SOCK_STREAM, 0);
}

static int start_program(int directory)
{
    (void)directory;
    return execl("/bin/true", "true", (char *)NULL);
}

static int run_memory(int directory)
{
    (void)directory;
    return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == NULL;
}

static int read_through_directory(int directory)
{
    return openat(directory, "/etc/shadow", O_RDONLY);
}

static int create_in_directory(int directory)
{
    char name[64];
    snprintf(name, sizeof name, "wsight-privileges-test-%d", (int)getpid());
    int fd = openat(directory, name, SEAL_OPEN_FLAGS_NEW, 0600);
    bool written = fd >= 0 && write(fd, "x", 1) == 1;
    close(fd);
    return written && unlinkat(directory, name, 0) == 0 ? 0 : 1;
}

static void decoding_goes_on_behind_the_seal(void **state)
{
    (void)state;
    assert_int_equal(sealed(nothing, NULL), 0);
    assert_int_equal(sealed(work, NULL), 0);
}

static void opening_a_file_kills(void **state)
{
    (void)state;
    assert_int_equal(sealed(open_shadow, NULL), -SIGSYS);
}

static void opening_a_socket_kills(void **state)
{
    (void)state;
    assert_int_equal(sealed(open_socket, NULL), -SIGSYS);
}

static void starting_a_program_or_running_data_kills(void **state)
{
    (void)state;
    assert_int_equal(sealed(start_program, NULL), -SIGSYS);
    assert_int_equal(sealed(run_memory, NULL), -SIGSYS);
}

static void files_are_made_only_in_the_directory_kept_for_them(void **state)
{
    (void)state;
    assert_int_equal(sealed(create_in_directory, "/tmp"), 0);
    assert_int_equal(sealed(read_through_directory, "/tmp"), -SIGSYS);
    assert_int_equal(sealed(open_shadow, "/tmp"), -SIGSYS);
}

static int drop_and_look(void)
{
    struct err err;
    struct privileges_account account;
    if (privileges_find(NULL, &account, &err) != 0 || privileges_drop(&account, &err) != 0) {
        return 1;
    }
    char line[256];
    FILE *status = fopen("/proc/self/status", "re");
    int wrong = 0, seen = 0;
    while (status != NULL && fgets(line, sizeof line, status) != NULL) {
        if (strncmp(line, "Cap", 3) == 0 && strncmp(line, "CapBnd", 6) != 0) {
            wrong += strtoull(line + 7, NULL, 16) != 0;
            seen++;
        }
    }
    return geteuid() == 0 || wrong > 0 || seen != 4 || setuid(0) == 0 ||
           prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1;
}

static void root_and_capabilities_are_gone_for_good(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    pid_t child = fork();
    if (child == 0) {
        _exit(drop_and_look());
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void root_becomes_who_called_sudo_or_who_is_named(void **state)
{
    struct privileges_account account;
    struct err err;
    (void)state;
    if (geteuid() != 0) {
        skip();
    }
    setenv("SUDO_UID", "1234", 1);
    setenv("SUDO_GID", "1235", 1);
    assert_int_equal(privileges_find(NULL, &account, &err), 0);
    assert_int_equal(account.uid, 1234);
    assert_int_equal(account.gid, 1235);
    assert_int_equal(privileges_find("daemon", &account, &err), 0);
    assert_string_equal(account.name, "daemon");
    assert_int_equal(privileges_find("no-such-user", &account, &err), -1);
    setenv("SUDO_UID", "0", 1); /* root called sudo */
    assert_int_equal(privileges_find(NULL, &account, &err), 0);
    assert_string_equal(account.name, "nobody");
    unsetenv("SUDO_UID");
    unsetenv("SUDO_GID");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(decoding_goes_on_behind_the_seal),
        cmocka_unit_test(opening_a_file_kills),
        cmocka_unit_test(opening_a_socket_kills),
        cmocka_unit_test(starting_a_program_or_running_data_kills),
        cmocka_unit_test(files_are_made_only_in_the_directory_kept_for_them),
        cmocka_unit_test(root_and_capabilities_are_gone_for_good),
        cmocka_unit_test(root_becomes_who_called_sudo_or_who_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
