/* The registry that names come from. */
#include "names.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The whole file, at most one byte more than the reader takes. NULL with errno set. */
static uint8_t *read_file(const char *path, size_t *n)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        return NULL;
    }
    uint8_t *bytes = malloc(REGISTRY_XML_MAX_BYTES + 1);
    if (bytes != NULL) {
        *n = fread(bytes, 1, REGISTRY_XML_MAX_BYTES + 1, file);
        if (ferror(file)) {
            int why = errno;
            free(bytes);
            bytes = NULL;
            errno = why;
        }
    }
    int why = errno;
    fclose(file);
    errno = why;
    return bytes;
}

int names_open(struct names *names, const char *path, struct err *err)
{
    struct registry_error error = {0};
    size_t n;
    *names = (struct names){.registry = registry_builtin()};
    if (path == NULL) {
        return 0;
    }
    uint8_t *xml = read_file(path, &n);
    if (xml == NULL) {
        return err_set(err, "cannot read the registry %s: %s", path, strerror(errno));
    }
    names->loaded = registry_load(xml, n, &error);
    free(xml);
    if (names->loaded == NULL && error.line > 0) {
        return err_set(err, "%s, line %lu: %s", path, error.line, error.text);
    }
    if (names->loaded == NULL) {
        return err_set(err, "%s: %s", path, error.text);
    }
    names->registry = names->loaded;
    return 0;
}

void names_done(struct names *names)
{
    registry_free(names->loaded);
    *names = (struct names){0};
}
