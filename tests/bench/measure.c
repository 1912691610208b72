/*
 * measure [-n TIMES] -o OUTPUT COMMAND...: runs a command, its standard output going to OUTPUT, and
 * prints as JSON the least CPU time (user and system) and wall time of its runs, its peak memory in
 * KiB, and the exit status of the last run (128 + signal when killed by one).
 */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

struct result {
    double cpu, wall;
    long peak_kib;
    int status;
};

static double seconds(struct timeval t)
{
    return (double)t.tv_sec + (double)t.tv_usec * 1e-6;
}

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void become(char **command, const char *output)
{
    int fd = open(output, O_WRONLY | O_CREAT | O_TRUNC, 0666);

    if (fd < 0 || dup2(fd, STDOUT_FILENO) < 0) {
        perror(output);
        _exit(127);
    }
    close(fd);
    execvp(command[0], command);
    perror(command[0]);
    _exit(127);
}

static int run_once(char **command, const char *output, struct result *r)
{
    struct rusage usage;
    double start = now();
    pid_t pid = fork();
    int status;

    if (pid == 0)
        become(command, output);
    if (pid < 0 || wait4(pid, &status, 0, &usage) < 0)
        return -1;
    r->wall = now() - start;
    r->cpu = seconds(usage.ru_utime) + seconds(usage.ru_stime);
    r->peak_kib = usage.ru_maxrss;
    r->status = WIFSIGNALED(status) ? 128 + WTERMSIG(status) : WEXITSTATUS(status);
    return 0;
}

int main(int argc, char **argv)
{
    struct result best = {0}, r;
    const char *output = "/dev/null";
    int times = 1, option;

    while ((option = getopt(argc, argv, "+n:o:")) != -1) {
        if (option == 'n')
            times = atoi(optarg);
        else if (option == 'o')
            output = optarg;
        else
            return 2;
    }
    if (optind == argc || times < 1) {
        fputs("usage: measure [-n TIMES] [-o OUTPUT] COMMAND...\n", stderr);
        return 2;
    }
    for (int i = 0; i < times; i++) {
        if (run_once(argv + optind, output, &r) != 0) {
            perror("measure");
            return 1;
        }
        if (i == 0 || r.cpu < best.cpu)
            best.cpu = r.cpu;
        if (i == 0 || r.wall < best.wall)
            best.wall = r.wall;
        if (r.peak_kib > best.peak_kib)
            best.peak_kib = r.peak_kib;
        best.status = r.status;
    }
    printf("{\"cpu\": %.4f, \"wall\": %.4f, \"peak_kib\": %ld, \"status\": %d}\n", best.cpu,
           best.wall, best.peak_kib, best.status);
    return 0;
}
