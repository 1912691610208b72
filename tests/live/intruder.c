/*
 * For LD_PRELOAD: whoever took over the program, the first time it waits for packets. $INTRUDER
 * tells what is tried: to read a file, to make a socket, to start a program, or nothing.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

int poll(struct pollfd *fds, nfds_t n, int milliseconds)
{
    const char *what = getenv("INTRUDER");
    if (what != NULL && strcmp(what, "file") == 0) {
        (void)!open("/etc/shadow", O_RDONLY);
    } else if (what != NULL && strcmp(what, "socket") == 0) {
        (void)!socket(AF_INET, SOCK_STREAM, 0);
    } else if (what != NULL && strcmp(what, "program") == 0) {
        (void)!execl("/bin/true", "true", (char *)NULL);
    }
    return (int)syscall(SYS_poll, fds, n, milliseconds);
}
