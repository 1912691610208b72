// Feeds every file of the given folders to a fuzz target, so that 'make check' replays its corpus
// with any compiler. Files go in by name, each in a buffer of exactly its size: a sanitizer sees
// one byte too far.
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int replay_file(const char *path)
{
    FILE *file = fopen(path, "rb");
    struct stat status;
    if (!file || fstat(fileno(file), &status) != 0) {
        perror(path);
        if (file)
            fclose(file);
        return -1;
    }
    size_t size = (size_t)status.st_size;
    uint8_t *data = malloc(size ? size : 1);
    if (!data || fread(data, 1, size, file) != size) {
        fprintf(stderr, "%s: cannot be read whole\n", path);
        free(data);
        fclose(file);
        return -1;
    }
    fclose(file);
    // Said before the run: if the target dies, the last line names the input.
    fprintf(stderr, "%s\n", path);
    LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 0;
}

static int is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static int replay_folder(const char *folder, size_t *files)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, is_visible, alphasort);
    if (count < 0) {
        perror(folder);
        return -1;
    }
    int result = 0;
    for (int i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (replay_file(path) != 0)
            result = -1;
        else
            ++*files;
        free(entries[i]);
    }
    free(entries);
    return result;
}

int main(int argc, char **argv)
{
    int result = 0;
    size_t files = 0;
    for (int i = 1; i < argc; i++) {
        if (replay_folder(argv[i], &files) != 0)
            result = 1;
    }
    if (files == 0) {
        fprintf(stderr, "no corpus file in the folders given\n");
        return 1;
    }
    return result;
}
