/* The command line: what was given, in which order, and for which command. */
#include "options.h"

#include "analyzer/limits.h"
#include "analyzer/suggest.h"
#include "options_rows.h"
#include "report/report.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct given {
    const struct option_row *row;
    const char *value;
};

struct parse {
    struct given *options; /* in order; argc of them at most, each letter of -qn counts */
    size_t n, size;
    bool help, version;
};

static const struct option_row *row_of(int id)
{
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        if (option_rows[i].id == id || (id < OPTION_BPF && option_rows[i].letter == id)) {
            return &option_rows[i];
        }
    }
    return NULL;
}

/* What getopt_long wants: "-" so that operands come in their places, ":" so that a missing argument
 * is told from an unknown option. */
static void getopt_tables(char *letters, struct option *names)
{
    *letters++ = '-';
    *letters++ = ':';
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        if (option_rows[i].letter != 0) {
            *letters++ = option_rows[i].letter;
        }
        if (option_rows[i].letter != 0 && option_rows[i].argument != NULL) {
            *letters++ = ':';
        }
        if (option_rows[i].name != NULL) {
            *names++ =
                (struct option){option_rows[i].name,
                                option_rows[i].argument != NULL ? required_argument : no_argument,
                                NULL, option_rows[i].id};
        }
    }
    *letters = '\0';
    *names = (struct option){0};
}

static int unknown_option(const char *word, struct err *err)
{
    const char *names[OPTION_ROWS];
    size_t n = 0;
    for (size_t i = 0; i < OPTION_ROWS; i++) {
        if (option_rows[i].name != NULL) {
            names[n++] = option_rows[i].name;
        }
    }
    size_t length = strcspn(word + 2, "=");
    const char *near = suggest(word + 2, length, names, n);
    if (near != NULL) {
        return err_set(err, "unknown option %.*s: did you mean --%s?", (int)(length + 2), word,
                       near);
    }
    return err_set(err, "unknown option %.*s", (int)(length + 2), word);
}

static int bad_option(int result, const char *word, struct err *err)
{
    bool is_long = strncmp(word, "--", 2) == 0;
    if (result == ':') {
        return is_long ? err_set(err, "option %s needs an argument", word)
                       : err_set(err, "option -%c needs an argument", optopt);
    }
    if (!is_long) {
        return err_set(err, "unknown option -%c", optopt);
    }
    const struct option_row *row = optopt != 0 ? row_of(optopt) : NULL;
    if (row != NULL) {
        return err_set(err, "option --%s takes no argument", row->name);
    }
    return unknown_option(word, err);
}

static bool name_command(struct options *o, const char *word)
{
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (strcmp(word, command_rows[i].name) == 0) {
            o->command = (enum command)i;
            o->command_given = true;
            return true;
        }
    }
    return false;
}

static void take_operand(struct parse *p, struct options *o, const char *word)
{
    if (o->n_operands == 0 && !o->command_given && !p->help) {
        if (name_command(o, word)) {
            return;
        }
    }
    if (o->n_operands == 0 && !o->command_given &&
        (strcmp(word, "help") == 0 && access(word, F_OK) != 0)) {
        p->help = true; /* wsight help [COMMAND] */
        return;
    }
    if (p->help && name_command(o, word)) {
        return;
    }
    o->operands[o->n_operands++] = word;
}

static int scan(struct parse *p, struct options *o, int argc, char **argv, struct err *err)
{
    char letters[2 * OPTION_ROWS + 3];
    struct option names[OPTION_ROWS + 1];
    int result;
    getopt_tables(letters, names);
    optind = 0; /* from the beginning, whoever used getopt before */
    opterr = 0;
    while ((result = getopt_long(argc, argv, letters, names, NULL)) != -1) {
        if (result == 1) {
            take_operand(p, o, optarg);
            if (o->command == COMMAND_RUN && o->n_operands > 0 && !p->help) {
                break; /* what follows belongs to the command */
            }
            continue;
        }
        if (result == '?' || result == ':') {
            return bad_option(result, argv[optind - 1], err);
        }
        const struct option_row *row = row_of(result);
        p->help |= row->id == OPTION_HELP;
        p->version |= row->id == OPTION_VERSION;
        if (row->id == OPTION_READ && o->command != COMMAND_RUN) {
            o->operands[o->n_operands++] = optarg;
        } else {
            p->options[p->n++] = (struct given){row, optarg};
        }
    }
    for (; optind < argc; optind++) { /* after "--" */
        o->operands[o->n_operands++] = argv[optind];
    }
    return 0;
}

static const char *command_of_option(const struct option_row *row)
{
    for (int i = 0; i < COMMAND_COUNT; i++) {
        if (row->commands & 1U << i) {
            return command_rows[i].name;
        }
    }
    return "no command";
}

/* What is to be exported stands before the files. */
static int take_export(struct options *o, struct err *err)
{
    if (o->format != NULL) {
        return 0;
    }
    if (o->n_operands == 0) {
        return err_set(err, "export needs a format: %s", command_rows[COMMAND_EXPORT].format_help);
    }
    if (option_take_format(o, o->operands[0], err) != 0) {
        return -1;
    }
    o->n_operands--;
    memmove(o->operands, o->operands + 1, o->n_operands * sizeof *o->operands);
    return 0;
}

static uint64_t bodies_default(const struct options *o)
{
    if (o->command == COMMAND_EXPORT) {
        const struct report_format *format = report_find("export", o->format);
        return format->needs & REPORT_NEEDS_BODIES ? OPTIONS_UNLIMITED : BODIES_JSON_DEFAULT_BYTES;
    }
    bool text = o->command == COMMAND_REPORT || o->format == NULL || strcmp(o->format, "text") == 0;
    return text ? BODIES_TEXT_DEFAULT_BYTES : BODIES_JSON_DEFAULT_BYTES;
}

static int apply(const struct parse *p, struct options *o, struct err *err)
{
    o->bodies = OPTIONS_UNLIMITED - 1; /* not given */
    for (size_t i = 0; i < p->n; i++) {
        const struct option_row *row = p->options[i].row;
        if ((row->commands & 1U << o->command) == 0) {
            return err_set(err, "%s has no option --%s; 'wsight %s' has it",
                           command_rows[o->command].name, row->name, command_of_option(row));
        }
        if (option_take(o, row->id, p->options[i].value, err) != 0) {
            return -1;
        }
    }
    if (o->command == COMMAND_EXPORT && !p->version && take_export(o, err) != 0) {
        return -1;
    }
    if (o->limit == OPTIONS_UNLIMITED) {
        bool page = o->format != NULL && strcmp(o->format, "html") == 0;
        o->limit = page ? REPORT_LIMIT_PAGE : REPORT_LIMIT_DEFAULT;
    }
    if (o->bodies == OPTIONS_UNLIMITED - 1 && !p->version) {
        o->bodies = bodies_default(o);
    }
    return 0;
}

/* The operands are a command to run, whose packets are followed as they come. */
static int take_program(struct options *o, struct err *err)
{
    if (o->n_operands == 0) {
        return err_set(err, "run needs a command. For example: wsight run -- node client.js");
    }
    o->program = o->operands;
    o->n_operands = 0;
    o->command = COMMAND_FOLLOW;
    if (o->n_interfaces == 0) {
        o->interfaces[o->n_interfaces++] = "any";
    }
    return 0;
}

static enum options_result interpret(const struct parse *p, struct options *o, struct err *err)
{
    if (p->help) {
        return OPTIONS_HELP;
    }
    if (apply(p, o, err) != 0) {
        return OPTIONS_WRONG;
    }
    if (p->version) {
        return OPTIONS_VERSION;
    }
    if (o->command == COMMAND_RUN && take_program(o, err) != 0) {
        return OPTIONS_WRONG;
    }
    return options_check(o, err) != 0 ? OPTIONS_WRONG : OPTIONS_RUN;
}

enum options_result options_parse(struct options *o, int argc, char **argv, struct err *err)
{
    struct parse p = {0};
    size_t words = 0;
    for (int i = 0; i < argc; i++) {
        words += strlen(argv[i]) + 1; /* more than there can be options and operands */
    }
    *o = (struct options){.command = COMMAND_REPORT,
                          .limit = OPTIONS_UNLIMITED,
                          .buffer = CAPTURE_RING_BYTES,
                          .memory = LIVE_MEMORY_BYTES};
    o->operands = calloc(words + 1, sizeof *o->operands);
    o->keylogs = calloc(words + 1, sizeof *o->keylogs);
    o->rsa_keys = calloc(words + 1, sizeof *o->rsa_keys);
    o->interfaces = calloc(words + 1, sizeof *o->interfaces);
    p.options = calloc(words + 1, sizeof *p.options);
    enum options_result result = OPTIONS_WRONG;
    if (o->operands == NULL || o->keylogs == NULL || o->rsa_keys == NULL || o->interfaces == NULL ||
        p.options == NULL) {
        err_set(err, "out of memory");
    } else if (scan(&p, o, argc, argv, err) == 0) {
        result = interpret(&p, o, err);
    }
    free(p.options);
    return result;
}

void options_done(struct options *o)
{
    free(o->operands);
    free(o->keylogs);
    free(o->rsa_keys);
    free(o->interfaces);
    o->operands = o->keylogs = o->rsa_keys = o->interfaces = NULL;
}
