/*
 * The table of options and the table of commands, for those parts of the command line that are made
 * of them: parsing (options.c), values, checks and help.
 */
#ifndef WSIGHT_OPTIONS_ROWS_H
#define WSIGHT_OPTIONS_ROWS_H

#include "options.h"

enum option_id {
    OPTION_BPF = 256,
    OPTION_FILTER,
    OPTION_READ,
    OPTION_KEYS,
    OPTION_RSA_KEY,
    OPTION_INTERFACE,
    OPTION_SNAPLEN,
    OPTION_PROMISCUOUS,
    OPTION_BUFFER,
    OPTION_COUNT,
    OPTION_DURATION,
    OPTION_EVERY,
    OPTION_WRITE,
    OPTION_ONLY_SESSIONS,
    OPTION_WITH_KEYS,
    OPTION_ROTATE_SIZE,
    OPTION_ROTATE_EVERY,
    OPTION_ROTATE_FILES,
    OPTION_MEMORY,
    OPTION_METRICS,
    OPTION_USER,
    OPTION_SESSIONS,
    OPTION_FORMAT,
    OPTION_OUTPUT,
    OPTION_BODIES,
    OPTION_FRAMES,
    OPTION_DIGEST,
    OPTION_TABLE,
    OPTION_PER,
    OPTION_LIMIT,
    OPTION_FAIL_ON,
    OPTION_SHOW_SECRETS,
    OPTION_REGISTRY,
    OPTION_MAX_CONNECTIONS,
    OPTION_SHARD,
    OPTION_COLOR,
    OPTION_WIDTH,
    OPTION_NO_NAMES,
    OPTION_SCRIPT,
    OPTION_QUIET,
    OPTION_VERBOSE,
    OPTION_HELP,
    OPTION_VERSION,
    OPTION_END
};
#define OPTION_ROWS (OPTION_END - OPTION_BPF)

/* Sets of commands that have an option. */
#define REPORT (1U << COMMAND_REPORT)
#define FOLLOW (1U << COMMAND_FOLLOW)
#define RUN (1U << COMMAND_RUN)
#define EXPORT (1U << COMMAND_EXPORT)
#define MERGE (1U << COMMAND_MERGE)
#define DIFF (1U << COMMAND_DIFF)
#define FIELDS (1U << COMMAND_FIELDS)
#define REGISTRY (1U << COMMAND_REGISTRY)
#define INTERFACES (1U << COMMAND_INTERFACES)
#define UI (1U << COMMAND_UI)
#define CONFIG (1U << COMMAND_CONFIG)
#define READING (REPORT | FOLLOW | RUN | EXPORT)
#define CAPTURES (READING | UI)
#define ALL (CAPTURES | REGISTRY | INTERFACES | CONFIG | MERGE | DIFF | FIELDS)

struct option_row {
    int id;
    char letter;      /* 0: none */
    const char *name; /* NULL: only a letter */
    const char *argument;
    unsigned commands;
    const char *help; /* NULL: accepted and not shown */
};

extern const struct option_row option_rows[OPTION_ROWS];

struct command_row {
    const char *name, *operands, *summary, *format_help;
};

extern const struct command_row command_rows[COMMAND_COUNT];

/* Takes the value of an option, or that it is there. -1 with err filled: it makes no sense. */
int option_take(struct options *options, int id, const char *value, struct err *err);

/* Sets the format that the word names. -1 with err filled: the command has none of that name. */
int option_take_format(struct options *options, const char *word, struct err *err);

/* Whether what was given makes sense together. -1 with err filled: it does not. */
int options_check(const struct options *options, struct err *err);

#endif
