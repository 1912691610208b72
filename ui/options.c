/* The command line, from one table of options: getopt_long's tables and the help are made of it. */
#include "options.h"

#include "analyzer/limits.h"
#include "report/report.h"
#include "suggest.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum option_id {
    OPTION_BPF = 256,
    OPTION_READ,
    OPTION_KEYS,
    OPTION_INTERFACE,
    OPTION_SNAPLEN,
    OPTION_PROMISCUOUS,
    OPTION_BUFFER,
    OPTION_COUNT,
    OPTION_DURATION,
    OPTION_EVERY,
    OPTION_WRITE,
    OPTION_ONLY_SESSIONS,
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
    OPTION_COLOR,
    OPTION_WIDTH,
    OPTION_NO_NAMES,
    OPTION_SCRIPT,
    OPTION_QUIET,
    OPTION_VERBOSE,
    OPTION_HELP,
    OPTION_VERSION
};

#define REPORT (1U << COMMAND_REPORT)
#define FOLLOW (1U << COMMAND_FOLLOW)
#define EXPORT (1U << COMMAND_EXPORT)
#define REGISTRY (1U << COMMAND_REGISTRY)
#define INTERFACES (1U << COMMAND_INTERFACES)
#define UI (1U << COMMAND_UI)
#define CONFIG (1U << COMMAND_CONFIG)
#define READING (REPORT | FOLLOW | EXPORT)
#define CAPTURES (READING | UI)
#define ALL (CAPTURES | REGISTRY | INTERFACES | CONFIG)

struct option_row {
    int id;
    char letter;      /* 0: none */
    const char *name; /* NULL: only a letter */
    const char *argument;
    unsigned commands;
    const char *help; /* NULL: accepted and not shown */
};

static const struct option_row rows[] = {
    {OPTION_BPF, 'f', "bpf", "EXPRESSION", CAPTURES,
     "only packets that match, as tcpdump takes it"},
    {OPTION_READ, 'r', "read", "FILE", CAPTURES, "read this file too; the same as naming it"},
    {OPTION_KEYS, 'k', "keys", "FILE", CAPTURES,
     "open TLS with the secrets of this key log, as SSLKEYLOGFILE makes"},
    {OPTION_INTERFACE, 'i', "interface", "NAME", READING | UI,
     "capture on this interface, or on any; may be repeated"},
    {OPTION_SNAPLEN, 's', "snaplen", "N", READING | UI, "live: keep N bytes of each packet"},
    {OPTION_PROMISCUOUS, 0, "promiscuous", NULL, READING | UI, "live: packets for others, too"},
    {OPTION_BUFFER, 'B', "buffer", "SIZE", READING | UI,
     "live: the kernel's buffer for each interface; default 64M"},
    {OPTION_COUNT, 'c', "count", "PACKETS", READING, "stop after so many packets"},
    {OPTION_DURATION, 0, "duration", "SECONDS", READING, "live: stop after so long"},
    {OPTION_EVERY, 0, "every", "SECONDS", REPORT, "live: a report of each interval"},
    {OPTION_USER, 0, "user", "NAME", READING | UI,
     "live: become this user once the interfaces are open; default: nobody"},
    {OPTION_WRITE, 'w', "write", "FILE", READING, "save the packets, too (pcapng)"},
    {OPTION_ONLY_SESSIONS, 0, "only-sessions", NULL, READING,
     "save those of WebSocket connections alone"},
    {OPTION_ROTATE_SIZE, 0, "rotate-size", "SIZE", READING,
     "save to a new file when it is so long"},
    {OPTION_ROTATE_EVERY, 0, "rotate-every", "SECONDS", READING, "... or so old"},
    {OPTION_ROTATE_FILES, 0, "rotate-files", "N", READING, "keep so many files"},
    {OPTION_MEMORY, 0, "memory", "SIZE", READING,
     "live: the oldest connections give way beyond so much; default 512M"},
    {OPTION_METRICS, 0, "metrics", "[ADDRESS:]PORT", READING,
     "live: metrics for Prometheus, over HTTP on loopback"},
    {OPTION_SESSIONS, 0, "sessions", "N", READING, "stop after so many sessions"},
    {OPTION_FORMAT, 0, "format", "FORMAT", READING, NULL},
    {OPTION_OUTPUT, 'o', "output", "FILE", ALL, "write to a file, which appears when it is whole"},
    {OPTION_BODIES, 0, "bodies", "N|all|none", READING, "how many bytes of each message are shown"},
    {OPTION_FRAMES, 0, "frames", NULL, FOLLOW, "a line for each frame, too"},
    {OPTION_TABLE, 0, "table", "TABLE", EXPORT, "csv, tsv, zeek: rows of sessions or messages"},
    {OPTION_PER, 0, "per", "WHAT", EXPORT, "payloads: a file for each message or direction"},
    {OPTION_DIGEST, 0, "digest", NULL, READING, "SHA-256 of all messages of each direction"},
    {OPTION_LIMIT, 0, "limit", "N|all", REPORT,
     "list at most N sessions (not in JSON); all for all"},
    {OPTION_FAIL_ON, 0, "fail-on", "SEVERITY", READING,
     "exit with 4 at such a finding: note, warning or error"},
    {OPTION_SHOW_SECRETS, 0, "show-secrets", NULL, CAPTURES,
     "do not mask cookies, tokens, credentials and keys"},
    {OPTION_REGISTRY, 0, "registry", "FILE", ALL, "take the names from this IANA registry (XML)"},
    {OPTION_MAX_CONNECTIONS, 0, "max-connections", "N", CAPTURES,
     "follow at most N TCP connections at once"},
    {OPTION_COLOR, 0, "color", "WHEN", CAPTURES, "auto, always or never"},
    {OPTION_WIDTH, 0, "width", "N", READING, "columns of the text; default: those of the terminal"},
    {OPTION_NO_NAMES, 'n', NULL, NULL, CAPTURES, NULL},
    {OPTION_QUIET, 'q', "quiet", NULL, READING, "no progress on standard error"},
    {OPTION_SCRIPT, 0, "script", "FILE", UI, "take keys from this file, and save screens"},
    {OPTION_VERBOSE, 'v', "verbose", NULL, ALL, NULL},
    {OPTION_HELP, 'h', "help", NULL, ALL, "show this help"},
    {OPTION_VERSION, 'V', "version", NULL, ALL,
     "show the version; with --verbose, also those of the libraries"},
};
#define ROWS (sizeof rows / sizeof *rows)

struct command_row {
    const char *name, *operands, *summary, *format_help;
};

static const struct command_row commands[COMMAND_COUNT] = {
    [COMMAND_REPORT] = {"report", "FILE...", "a summary of the captures",
                        "text, json, html or markdown"},
    [COMMAND_FOLLOW] = {"follow", "FILE...", "a line for each message", "text or jsonl"},
    [COMMAND_UI] = {"ui", "FILE...", "browse the sessions on the screen", NULL},
    [COMMAND_CONFIG] = {"config", "", "the screen's settings and their defaults", NULL},
    [COMMAND_EXPORT] = {"export", "FORMAT FILE...", "sessions and messages for other programs",
                        "har, csv, tsv, zeek, zeek-json, eve or payloads"},
    [COMMAND_REGISTRY] = {"registry", "[TABLE|NAME|CODE]", "the names that IANA has registered",
                          NULL},
    [COMMAND_INTERFACES] = {"interfaces", "", "the network interfaces of this machine", NULL},
};

const char *command_name(enum command command)
{
    return commands[command].name;
}

/*--- Help ---------------------------------------------------------------------------------------*/

static void help_row(FILE *out, const struct option_row *row, const char *help)
{
    char left[64];
    const char *argument = row->argument != NULL ? row->argument : "";
    const char *sign = row->argument == NULL ? "" : row->name != NULL ? "=" : " ";
    if (row->letter != 0) {
        snprintf(left, sizeof left, "-%c, --%s%s%s", row->letter, row->name, sign, argument);
    } else {
        snprintf(left, sizeof left, "    --%s%s%s", row->name, sign, argument);
    }
    fprintf(out, "  %-26s  %s\n", left, help);
}

/* The options that belong to all of `with` and to none of `without`. */
static void help_rows(FILE *out, unsigned with, unsigned without, const char *format_help)
{
    for (const struct option_row *row = rows; row < rows + ROWS; row++) {
        const char *help = row->id == OPTION_FORMAT ? format_help : row->help;
        if (help != NULL && (row->commands & with) == with && (row->commands & without) == 0) {
            help_row(out, row, help);
        }
    }
}

static void help_program(FILE *out)
{
    fputs(
        "Usage: wsight [COMMAND] [OPTION]... FILE...\n"
        "       wsight [COMMAND] [OPTION]... -i INTERFACE\n"
        "\n"
        "Shows what the WebSocket traffic in network captures was. A file is pcap or pcapng, may\n"
        "be compressed with gzip, and - is standard input; several are read in order of time.\n"
        "\n"
        "Commands:\n",
        out);
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        fprintf(out, "  %-10s%s%s\n", commands[i].name, commands[i].summary,
                i == COMMAND_REPORT ? " (when the output is no terminal)"
                : i == COMMAND_UI   ? " (when it is one)"
                                    : "");
    }
    fputs("\nOptions of report, follow, export and ui:\n", out);
    help_rows(out, CAPTURES, REGISTRY, NULL);
    fputs("\nOptions of report, follow and export:\n", out);
    help_rows(out, READING, UI | REGISTRY,
              "text, json, html, markdown (report); text, jsonl (follow)");
    fputs("\nOptions of report:\n", out);
    help_rows(out, REPORT, FOLLOW, NULL);
    fputs("\nOptions of follow:\n", out);
    help_rows(out, FOLLOW, REPORT, NULL);
    fputs("\nOptions of ui:\n", out);
    help_rows(out, UI, READING, NULL);
    fputs("\nOptions of export:\n", out);
    help_rows(out, EXPORT, REPORT, NULL);
    fputs("\nOptions of every command:\n", out);
    help_rows(out, ALL, 0, NULL);
    fputs("\nExamples:\n"
          "  wsight capture.pcapng\n"
          "  wsight ui --show-secrets capture.pcapng\n"
          "  wsight report --format=json -o report.json monday.pcap.gz tuesday.pcap.gz\n"
          "  wsight export har -o capture.har capture.pcapng\n"
          "  wsight follow -f 'tcp port 8080' capture.pcapng\n"
          "  sudo wsight follow -i eth0\n"
          "  ssh host tcpdump -U -w - tcp | wsight follow -\n"
          "  wsight registry 1006\n",
          out);
}

static void help_command(FILE *out, enum command command)
{
    const struct command_row *c = &commands[command];
    fprintf(out, "Usage: wsight %s [OPTION]... %s\n\n%c%s.\n\nOptions:\n", c->name, c->operands,
            c->summary[0] - 'a' + 'A', c->summary + 1);
    help_rows(out, 1U << command, 0, c->format_help);
}

void options_help(FILE *out, const struct options *options)
{
    if (options->command_given) {
        help_command(out, options->command);
    } else {
        help_program(out);
    }
}

/*--- Values -------------------------------------------------------------------------------------*/

/* A number with an optional K, M or G (1024 and its powers). false: it is none. */
static bool parse_number(const char *text, uint64_t *number)
{
    static const char units[] = "KMG";
    char *end;
    if (text[0] < '0' || text[0] > '9') {
        return false;
    }
    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    const char *unit = *end != '\0' ? strchr(units, *end >= 'a' ? *end - 32 : *end) : NULL;
    unsigned shift = unit != NULL ? 10 * (unsigned)(unit - units + 1) : 0;
    if (errno != 0 || n > UINT64_MAX >> shift || end[unit != NULL] != '\0') {
        return false;
    }
    *number = (uint64_t)n << shift;
    return true;
}

/* The index of text among n words; -1 when it is none of them. */
static int parse_word(const char *text, const char *const *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (strcmp(text, words[i]) == 0) {
            return (int)i;
        }
    }
    return -1;
}

static int wrong_value(struct err *err, const char *option, const char *value, const char *expected)
{
    return err_set(err, "--%s=%s: it takes %s", option, value, expected);
}

static int take_format(struct options *o, const char *value, struct err *err)
{
    if (report_find(commands[o->command].name, value) == NULL) {
        return o->command == COMMAND_EXPORT
                   ? err_set(err, "there is no format '%s' to export: it is one of %s", value,
                             commands[COMMAND_EXPORT].format_help)
                   : wrong_value(err, "format", value,
                                 o->command == COMMAND_FOLLOW
                                     ? "text or jsonl"
                                     : "text, json, html or markdown (jsonl is follow's)");
    }
    o->format = value;
    return 0;
}

static int take_bodies(struct options *o, const char *value, struct err *err)
{
    if (strcmp(value, "all") == 0) {
        o->bodies = OPTIONS_UNLIMITED;
    } else if (strcmp(value, "none") == 0) {
        o->bodies = 0;
    } else if (!parse_number(value, &o->bodies)) {
        return wrong_value(err, "bodies", value, "a number of bytes (200, 64K), all or none");
    }
    return 0;
}

static int take_severity(struct options *o, const char *value, struct err *err)
{
    for (int i = 0; i < SEVERITY_COUNT; i++) {
        if (strcmp(value, finding_severity_name((enum finding_severity)i)) == 0) {
            o->fails = true;
            o->fail_on = (enum finding_severity)i;
            return 0;
        }
    }
    return wrong_value(err, "fail-on", value, "note, warning or error");
}

static int take_color(struct options *o, const char *value, struct err *err)
{
    static const char *const words[] = {"auto", "always", "never"};
    int word = parse_word(value, words, 3);
    if (word < 0) {
        return wrong_value(err, "color", value, "auto, always or never");
    }
    o->color = (enum color_when)word;
    return 0;
}

static int take_number(uint64_t *number, uint64_t most, const char *option, const char *value,
                       struct err *err)
{
    if (!parse_number(value, number) || *number == 0 || *number > most) {
        return wrong_value(err, option, value, "a number from 1 on");
    }
    return 0;
}

/* One of two words; true is the second. */
static int take_choice(bool *choice, const char *first, const char *second, const char *option,
                       const char *value, struct err *err)
{
    char expected[64];
    const char *words[] = {first, second};
    int word = parse_word(value, words, 2);
    if (word < 0) {
        snprintf(expected, sizeof expected, "%s or %s", first, second);
        return wrong_value(err, option, value, expected);
    }
    *choice = word == 1;
    return 0;
}

static int take_limit(struct options *o, const char *value, struct err *err)
{
    if (strcmp(value, "all") == 0) {
        o->limit = 0;
    } else if (!parse_number(value, &o->limit)) {
        return wrong_value(err, "limit", value, "a number, or all");
    }
    return 0;
}

static int take_width(struct options *o, const char *value, struct err *err)
{
    uint64_t width;
    if (!parse_number(value, &width) || width < 40 || width > 10000) {
        return wrong_value(err, "width", value, "a number of columns from 40 to 10000");
    }
    o->width = (unsigned)width;
    return 0;
}

static int take_option(struct options *o, int id, const char *value, struct err *err)
{
    switch (id) {
    case OPTION_BPF:
        o->bpf = value;
        return 0;
    case OPTION_READ:
        o->operands[o->n_operands++] = value;
        return 0;
    case OPTION_KEYS:
        o->keylogs[o->n_keylogs++] = value;
        return 0;
    case OPTION_INTERFACE:
        o->interfaces[o->n_interfaces++] = value;
        return 0;
    case OPTION_SNAPLEN:
        return take_number(&o->snaplen, CAPTURE_PACKET_MAX_BYTES, "snaplen", value, err);
    case OPTION_PROMISCUOUS:
        o->promiscuous = true;
        return 0;
    case OPTION_BUFFER:
        return take_number(&o->buffer, CAPTURE_RING_MAX_BYTES, "buffer", value, err);
    case OPTION_COUNT:
        return take_number(&o->count, UINT64_MAX, "count", value, err);
    case OPTION_DURATION:
        return take_number(&o->duration, DURATION_MAX_SECONDS, "duration", value, err);
    case OPTION_WRITE:
        o->write = value;
        return 0;
    case OPTION_ONLY_SESSIONS:
        o->only_sessions = true;
        return 0;
    case OPTION_ROTATE_SIZE:
        return take_number(&o->rotate_size, INT64_MAX, "rotate-size", value, err);
    case OPTION_ROTATE_EVERY:
        return take_number(&o->rotate_every, DURATION_MAX_SECONDS, "rotate-every", value, err);
    case OPTION_ROTATE_FILES:
        return take_number(&o->rotate_files, SAVE_FILES_MAX, "rotate-files", value, err);
    case OPTION_MEMORY:
        return take_number(&o->memory, SIZE_MAX, "memory", value, err);
    case OPTION_METRICS:
        o->metrics = value;
        return 0;
    case OPTION_EVERY:
        return take_number(&o->every, DURATION_MAX_SECONDS, "every", value, err);
    case OPTION_USER:
        o->user = value;
        return 0;
    case OPTION_SESSIONS:
        return take_number(&o->sessions, UINT64_MAX, "sessions", value, err);
    case OPTION_FORMAT:
        return take_format(o, value, err);
    case OPTION_OUTPUT:
        o->output = strcmp(value, "-") == 0 ? NULL : value;
        return 0;
    case OPTION_BODIES:
        return take_bodies(o, value, err);
    case OPTION_FRAMES:
        o->frames = true;
        return 0;
    case OPTION_TABLE:
        return take_choice(&o->messages, "sessions", "messages", "table", value, err);
    case OPTION_PER:
        return take_choice(&o->directions, "message", "direction", "per", value, err);
    case OPTION_DIGEST:
        o->digest = true;
        return 0;
    case OPTION_LIMIT:
        return take_limit(o, value, err);
    case OPTION_FAIL_ON:
        return take_severity(o, value, err);
    case OPTION_SCRIPT:
        o->script = value;
        return 0;
    case OPTION_SHOW_SECRETS:
        o->show_secrets = true;
        return 0;
    case OPTION_REGISTRY:
        o->registry = value;
        return 0;
    case OPTION_MAX_CONNECTIONS:
        return take_number(&o->max_connections, UINT32_MAX, "max-connections", value, err);
    case OPTION_COLOR:
        return take_color(o, value, err);
    case OPTION_WIDTH:
        return take_width(o, value, err);
    case OPTION_QUIET:
        o->quiet = true;
        return 0;
    case OPTION_VERBOSE:
        o->verbose = true;
        return 0;
    default: /* -n: addresses are always numbers */
        return 0;
    }
}

/*--- Parsing ------------------------------------------------------------------------------------*/

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
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].id == id || (id < OPTION_BPF && rows[i].letter == id)) {
            return &rows[i];
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
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].letter != 0) {
            *letters++ = rows[i].letter;
        }
        if (rows[i].letter != 0 && rows[i].argument != NULL) {
            *letters++ = ':';
        }
        if (rows[i].name != NULL) {
            *names++ = (struct option){rows[i].name,
                                       rows[i].argument != NULL ? required_argument : no_argument,
                                       NULL, rows[i].id};
        }
    }
    *letters = '\0';
    *names = (struct option){0};
}

static int unknown_option(const char *word, struct err *err)
{
    const char *names[ROWS];
    size_t n = 0;
    for (size_t i = 0; i < ROWS; i++) {
        if (rows[i].name != NULL) {
            names[n++] = rows[i].name;
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
        if (strcmp(word, commands[i].name) == 0) {
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
    char letters[2 * ROWS + 3];
    struct option names[ROWS + 1];
    int result;
    getopt_tables(letters, names);
    optind = 0; /* from the beginning, whoever used getopt before */
    opterr = 0;
    while ((result = getopt_long(argc, argv, letters, names, NULL)) != -1) {
        if (result == 1) {
            take_operand(p, o, optarg);
            continue;
        }
        if (result == '?' || result == ':') {
            return bad_option(result, argv[optind - 1], err);
        }
        const struct option_row *row = row_of(result);
        p->help |= row->id == OPTION_HELP;
        p->version |= row->id == OPTION_VERSION;
        if (row->id == OPTION_READ) {
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
            return commands[i].name;
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
        return err_set(err, "export needs a format: %s", commands[COMMAND_EXPORT].format_help);
    }
    if (take_format(o, o->operands[0], err) != 0) {
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
                           commands[o->command].name, row->name, command_of_option(row));
        }
        if (take_option(o, row->id, p->options[i].value, err) != 0) {
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

/* 'wsight reprot x.pcap': a word that is no file, where a command could stand. */
static int check_command(const struct options *o, struct err *err)
{
    const char *names[COMMAND_COUNT];
    const char *word = o->operands[0];
    if (o->command_given || strpbrk(word, "/.-") != NULL || access(word, F_OK) == 0) {
        return 0;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        names[i] = commands[i].name;
    }
    const char *near = suggest(word, strlen(word), names, COMMAND_COUNT);
    if (near != NULL) {
        return err_set(err, "there is no command or file '%s': did you mean '%s'?", word, near);
    }
    return err_set(err, "there is no command or file '%s'", word);
}

/* Files or interfaces, and options of the one only. */
static int check_live(const struct options *o, struct err *err)
{
    if (o->command == COMMAND_EXPORT) {
        return err_set(err, "export reads files: save them first, with wsight report -i %s -w FILE",
                       o->interfaces[0]);
    }
    if (o->n_operands > 0) {
        return err_set(err, "-i captures on interfaces: '%s' cannot be read in the same run",
                       o->operands[0]);
    }
    return 0;
}

/* A folder has no standard output to stand in for it. */
static int check_export(const struct options *o, struct err *err)
{
    if (o->command == COMMAND_EXPORT && o->output == NULL &&
        report_find("export", o->format)->needs & REPORT_NEEDS_FOLDER) {
        return err_set(err, "export %s needs a folder to write to: -o FOLDER", o->format);
    }
    if (o->command == COMMAND_EXPORT && o->n_interfaces > 0 &&
        report_find("export", o->format)->needs & REPORT_NEEDS_FOLDER) {
        return err_set(err, "export %s reads files: a live capture can make no new ones",
                       o->format);
    }
    return 0;
}

static int check_operands(const struct options *o, struct err *err)
{
    if (check_export(o, err) != 0) {
        return -1;
    }
    if (o->n_interfaces > 0) {
        return check_live(o, err);
    }
    if (o->command == COMMAND_INTERFACES) {
        return o->n_operands == 0 ? 0 : err_set(err, "interfaces takes no '%s'", o->operands[0]);
    }
    if (o->command == COMMAND_REGISTRY) {
        return o->n_operands <= 1 ? 0 : err_set(err, "registry looks up one thing at a time");
    }
    if (o->command == COMMAND_CONFIG) {
        return o->n_operands == 0 ? 0 : err_set(err, "config takes no file");
    }
    if (o->n_operands == 0) {
        return err_set(err, "no capture file given. For example: wsight %s %scapture.pcapng",
                       commands[o->command].name, o->command == COMMAND_EXPORT ? "csv " : "");
    }
    size_t inputs = 0;
    for (size_t i = 0; i < o->n_operands; i++) {
        inputs += strcmp(o->operands[i], "-") == 0;
    }
    if (inputs > 1) {
        return err_set(err, "standard input (-) can be read only once");
    }
    return check_command(o, err);
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
    return check_operands(o, err) != 0 ? OPTIONS_WRONG : OPTIONS_RUN;
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
    o->interfaces = calloc(words + 1, sizeof *o->interfaces);
    p.options = calloc(words + 1, sizeof *p.options);
    enum options_result result = OPTIONS_WRONG;
    if (o->operands == NULL || o->keylogs == NULL || o->interfaces == NULL || p.options == NULL) {
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
    free(o->interfaces);
    o->operands = o->keylogs = o->interfaces = NULL;
}
