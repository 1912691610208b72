/* Which registry the names come from: the built-in one, or a file of IANA's XML. */
#ifndef WSIGHT_NAMES_H
#define WSIGHT_NAMES_H

#include "analyzer/err.h"
#include "decoders/registry/registry.h"

struct names {
    const struct registry *registry;
    struct registry *loaded; /* what names_done frees */
};

/* path NULL: the built-in registry. -1 with err filled when the file cannot be read or is none. */
int names_open(struct names *names, const char *path, struct err *err);
void names_done(struct names *names);

#endif
