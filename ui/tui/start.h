/* The screen, from the command line's side: opens captures and terminal, runs, gives both back. */
#ifndef WSIGHT_START_H
#define WSIGHT_START_H

#include "analyzer/capture/privileges.h"
#include "analyzer/capture/source.h"
#include "decoders/registry/registry.h"

#include <stdbool.h>
#include <stddef.h>

struct screen_options {
    const char *const *paths;
    size_t n_paths;
    const char *const *interfaces; /* to capture on instead of files */
    size_t n_interfaces;
    struct source_live_options live;
    uint64_t memory;                          /* live: bytes that may be allocated */
    const struct privileges_account *account; /* who to be once they are open */
    const char *const *keylogs;               /* of TLS secrets */
    size_t n_keylogs;
    const char *const *rsa_keys; /* of servers */
    size_t n_rsa_keys;
    const char *bpf;    /* capture filter, or NULL */
    const char *filter; /* display filter that compiles, or NULL */
    const char *script; /* instead of a terminal, or NULL */
    const struct registry *registry;
    size_t max_connections;
    bool show_secrets, no_color;
};

/* 0; -1 when the screen could not be opened or an input not be read. complain() is told why, with
 * the terminal given back. */
int screen_run(const struct screen_options *, void (*complain)(const char *));

/* There is a terminal for it: for keys and for showing. */
bool screen_is_possible(void);

#endif
