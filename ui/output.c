/* Where a report goes, and whether it got there. */
#include "output.h"

#include "analyzer/capture/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int cannot_write(const struct output *o, struct err *err)
{
    return err_set(err, "cannot write to %s: %s", o->name,
                   errno != 0 ? strerror(errno) : "not everything was taken");
}

/* The mode of a new file, or of the one that is replaced. */
static mode_t mode_for(const struct stat *old)
{
    if (old != NULL) {
        return old->st_mode & 07777;
    }
    mode_t mask = umask(0);
    umask(mask);
    return 0666 & ~mask;
}

static char *temporary_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    int directory = slash != NULL ? (int)(slash + 1 - path) : 0;
    char *name;
    if (asprintf(&name, "%.*s.%s.XXXXXX", directory, path, path + directory) < 0) {
        return NULL;
    }
    return name;
}

static int open_temporary(struct output *o, const struct stat *old)
{
    o->temporary = temporary_name(o->path);
    if (o->temporary == NULL) {
        return -1;
    }
    int fd = mkostemp(o->temporary, O_CLOEXEC);
    if (fd < 0) {
        free(o->temporary);
        o->temporary = NULL;
        return -1;
    }
    o->stream = fchmod(fd, mode_for(old)) == 0 ? fdopen(fd, "w") : NULL;
    if (o->stream == NULL) {
        close(fd);
        return -1;
    }
    return 0;
}

static int open_path(struct output *o, const char *path)
{
    struct stat old;
    bool exists = stat(path, &old) == 0;
    if (!exists && errno != ENOENT) {
        return -1;
    }
    if (exists && S_ISDIR(old.st_mode)) {
        errno = EISDIR;
        return -1;
    }
    if (exists && !S_ISREG(old.st_mode)) {
        o->stream = fopen(path, "we");
        return o->stream != NULL ? 0 : -1;
    }
    o->path = exists ? realpath(path, NULL) : strdup(path);
    return o->path != NULL ? open_temporary(o, exists ? &old : NULL) : -1;
}

int output_open(struct output *o, const char *path, struct err *err)
{
    *o = (struct output){.stream = stdout,
                         .name = path != NULL ? path : "standard output",
                         .directory = -1,
                         .folder = -1};
    errno = 0;
    if (path != NULL && open_path(o, path) != 0) {
        cannot_write(o, err);
        o->stream = NULL;
        output_abandon(o);
        return -1;
    }
    return 0;
}

/* The directory, so that the file can be opened anew when paths cannot be any more. -1 with errno
 * set. */
static int open_directory_of(struct output *o, const char *path)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash == NULL   ? strdup(".")
                      : slash == path ? strdup("/")
                                      : strndup(path, (size_t)(slash - path));
    if (directory == NULL) {
        return -1;
    }
    o->base = slash != NULL ? slash + 1 : path;
    o->directory = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
    free(directory);
    return o->directory;
}

int output_open_growing(struct output *o, const char *path, struct err *err)
{
    struct stat old;
    if (path == NULL || (stat(path, &old) == 0 && !S_ISREG(old.st_mode))) {
        return output_open(o, path, err);
    }
    *o = (struct output){.name = path, .directory = -1, .folder = -1};
    errno = 0;
    int fd = open_directory_of(o, path) >= 0
                 ? openat(o->directory, o->base, SEAL_OPEN_FLAGS_NEW & ~O_NOFOLLOW, 0666)
                 : -1;
    o->stream = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (o->stream == NULL) {
        cannot_write(o, err);
        output_abandon(o);
        return -1;
    }
    return 0;
}

int output_open_in(struct output *o, int directory, const char *name, struct err *err)
{
    *o = (struct output){.name = name, .directory = -1, .folder = -1};
    errno = 0;
    int fd = openat(directory, name, SEAL_OPEN_FLAGS_NEW, 0666);
    o->stream = fd >= 0 ? fdopen(fd, "w") : NULL;
    return o->stream != NULL ? 0 : cannot_write(o, err);
}

bool output_is_in(int directory, const char *name)
{
    int fd = openat(directory, name, SEAL_OPEN_FLAGS_FRESH, 0666);
    if (fd < 0) {
        return errno == EEXIST;
    }
    close(fd);
    (void)unlinkat(directory, name, 0);
    return false;
}

int output_open_empty(struct output *o, const char *path, struct err *err)
{
    struct stat old;
    *o = (struct output){.name = path, .directory = -1, .folder = -1};
    if (stat(path, &old) == 0 && !S_ISREG(old.st_mode)) {
        return err_set(err, "%s: is no regular file", path);
    }
    errno = 0;
    if (lstat(path, &old) == 0 && S_ISREG(old.st_mode)) {
        (void)unlink(path); /* who has it open goes on with what was in it */
    }
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd >= 0) {
        close(fd);
        o->stream = fopen("/dev/null", "we");
    }
    return o->stream != NULL ? 0 : cannot_write(o, err);
}

/* Makes the folder if it is not there, and opens it. */
static int open_folder(struct output *o, const char *path)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST) {
        return -1;
    }
    o->folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return o->folder >= 0 ? 0 : -1;
}

static int open_index(struct output *o, const char *folder)
{
    char *index = NULL;
    struct stat old;
    if (fstatat(o->folder, "index.tsv", &old, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST; /* what is there would be mixed with what comes */
        return -1;
    }
    if (asprintf(&index, "%s/index.tsv", folder) < 0) {
        return -1;
    }
    int result = open_path(o, index);
    free(index);
    return result;
}

int output_open_folder(struct output *o, const char *path, struct err *err)
{
    *o = (struct output){.name = path, .directory = -1, .folder = -1};
    if (open_folder(o, path) != 0 || open_index(o, path) != 0) {
        cannot_write(o, err);
        output_abandon(o);
        return -1;
    }
    return 0;
}

int output_reopen(struct output *o, struct err *err)
{
    if (o->directory < 0) {
        return 0;
    }
    errno = 0;
    (void)fflush(o->stream);
    int fd = openat(o->directory, o->base, SEAL_OPEN_FLAGS_APPEND, 0666);
    if (fd < 0 || dup3(fd, fileno(o->stream), O_CLOEXEC) < 0) {
        return cannot_write(o, err);
    }
    close(fd);
    return 0;
}

static void close_folders(struct output *o)
{
    int *open[] = {&o->directory, &o->folder};
    for (size_t i = 0; i < 2; i++) {
        if (*open[i] >= 0) {
            close(*open[i]);
            *open[i] = -1;
        }
    }
}

/* Standard output is closed too: only then does a network file system tell that it is full. */
int output_close(struct output *o, struct err *err)
{
    errno = 0;
    bool wrong = fflush(o->stream) != 0 || ferror(o->stream) != 0;
    int why = errno;
    if (fclose(o->stream) != 0 && !wrong) {
        wrong = true;
        why = errno;
    }
    o->stream = NULL;
    errno = why;
    if (!wrong && o->path != NULL) {
        wrong = rename(o->temporary, o->path) != 0;
    }
    if (wrong) {
        cannot_write(o, err);
        output_abandon(o);
        return -1;
    }
    free(o->temporary);
    free(o->path);
    o->temporary = o->path = NULL;
    close_folders(o);
    return 0;
}

void output_abandon(struct output *o)
{
    if (o->stream != NULL && o->stream != stdout) {
        fclose(o->stream);
    }
    o->stream = NULL;
    if (o->temporary != NULL) {
        unlink(o->temporary);
    }
    free(o->temporary);
    free(o->path);
    o->temporary = o->path = NULL;
    close_folders(o);
}
