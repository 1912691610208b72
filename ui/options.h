/*
 * The command line: what was asked for, and the help that tells what can be asked for.
 *
 * Every option is a line of one table; getopt_long's own tables and the help come from it. Nothing
 * here prints an error or exits: what is wrong is a text for main.c.
 */
#ifndef WSIGHT_OPTIONS_H
#define WSIGHT_OPTIONS_H

#include "analyzer/err.h"
#include "decoders/finding.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum command {
    COMMAND_REPORT,
    COMMAND_FOLLOW,
    COMMAND_RUN, /* options_parse makes it COMMAND_FOLLOW with a program */
    COMMAND_UI,
    COMMAND_EXPORT,
    COMMAND_MERGE,
    COMMAND_DIFF,
    COMMAND_FIELDS,
    COMMAND_REGISTRY,
    COMMAND_INTERFACES,
    COMMAND_CONFIG,
    COMMAND_COUNT
};

enum color_when { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };

#define OPTIONS_UNLIMITED UINT64_MAX
#define SHARDS_MAX 1000000 /* no batch system has more jobs at once */
#define DURATION_MAX_SECONDS UINT32_MAX

/* Bytes of a message that follow shows unless told otherwise: a line or two for a reader, and what
 * nearly every message fits in for a program. */
#define BODIES_TEXT_DEFAULT_BYTES 256
#define BODIES_JSON_DEFAULT_BYTES 65536

struct options {
    enum command command;
    const char **operands; /* files, or what to look up in the registry; owned */
    size_t n_operands;
    const char *const *program; /* run: the command, ending with NULL; else NULL */
    const char **keylogs;       /* TLS key logs; owned */
    size_t n_keylogs;
    const char **rsa_keys; /* servers' private keys; owned */
    size_t n_rsa_keys;
    const char **interfaces;  /* to capture on; owned */
    size_t n_interfaces;      /* 0: files are read */
    const char *bpf;          /* capture filter, or NULL */
    const char *filter;       /* display filter, or NULL */
    const char *output;       /* NULL: standard output */
    const char *script;       /* ui: keys and pictures instead of a terminal, or NULL */
    const char *registry;     /* XML file, or NULL: the built-in one */
    const char *format;       /* text, json, jsonl, har: the command has it; NULL: its own */
    uint64_t bodies;          /* follow, export: bytes of each message; OPTIONS_UNLIMITED: all */
    uint64_t limit;           /* report: sessions that the text lists; 0: all */
    uint64_t max_connections; /* 0: the engine's own */
    uint32_t shard, shards;   /* the part and of how many; 0: everything */
    uint64_t count, sessions; /* stop after so many packets or sessions; 0: never */
    uint64_t duration;        /* ... or seconds */
    const char *write;        /* save what is read to this file; NULL: nowhere */
    uint64_t rotate_size, rotate_every,
        rotate_files;    /* bytes, seconds, files kept; 0: never, all */
    uint64_t memory;     /* live: bytes that it may take */
    const char *metrics; /* live: ADDRESS:PORT, or NULL */
    uint64_t every;      /* live report: seconds of an interval; 0: one at the end */
    const char *user;    /* live: whom root becomes; NULL: who called sudo, or nobody */
    uint64_t snaplen;    /* live: bytes of each packet; 0: all */
    uint64_t buffer;     /* live: bytes of the kernel's ring */
    unsigned width;      /* columns; 0: those of the terminal */
    enum color_when color;
    bool command_given;
    bool frames, digest, show_secrets, quiet, verbose, promiscuous, only_sessions, with_keys;
    bool messages;                 /* export: rows are messages, not sessions */
    bool directions;               /* export: a file for each direction, not each message */
    bool fails;                    /* --fail-on was given */
    enum finding_severity fail_on; /* ... the lowest severity that fails */
};

enum options_result {
    OPTIONS_RUN,     /* do what options.command says */
    OPTIONS_HELP,    /* --help: options_help prints it */
    OPTIONS_VERSION, /* --version */
    OPTIONS_WRONG    /* err says why */
};

/* Fills options, which options_done releases in every case. Texts are borrowed from argv. */
enum options_result options_parse(struct options *options, int argc, char **argv, struct err *err);
void options_done(struct options *options);

/* The help of the command that was named, or of the program. */
void options_help(FILE *out, const struct options *options);

const char *command_name(enum command command);

#endif
