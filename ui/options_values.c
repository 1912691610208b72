/* The values of options. */
#include "analyzer/limits.h"
#include "options_rows.h"
#include "report/report.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

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

int option_take_format(struct options *o, const char *value, struct err *err)
{
    static const char *const formats[] = {"text", "json", "markdown"};
    if (o->command == COMMAND_DIFF || o->command == COMMAND_FIELDS) {
        o->format = value;
        return parse_word(value, formats, o->command == COMMAND_DIFF ? 3 : 2) >= 0
                   ? 0
                   : wrong_value(err, "format", value, command_rows[o->command].format_help);
    }
    bool follows = o->command == COMMAND_FOLLOW || o->command == COMMAND_RUN;
    if (report_find(command_rows[follows ? COMMAND_FOLLOW : o->command].name, value) == NULL) {
        return o->command == COMMAND_EXPORT
                   ? err_set(err, "there is no format '%s' to export: it is one of %s", value,
                             command_rows[COMMAND_EXPORT].format_help)
                   : wrong_value(err, "format", value,
                                 follows
                                     ? "text, jsonl or ecs"
                                     : "text, json, html or markdown (jsonl and ecs are follow's)");
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

static int take_shard(struct options *o, const char *value, struct err *err)
{
    char *end;
    char *last = NULL;
    unsigned long part = strtoul(value, &end, 10);
    unsigned long of = *end == '/' ? strtoul(end + 1, &last, 10) : 0;
    bool digits = value[strspn(value, "0123456789/")] == '\0' && last != NULL && *last == '\0';
    if (!digits || part == 0 || part > of || of > SHARDS_MAX) {
        return wrong_value(err, "shard", value, "K/N, the K-th of N parts: 1/4 to 4/4");
    }
    o->shard = of > 1 ? (uint32_t)part : 0;
    o->shards = of > 1 ? (uint32_t)of : 0;
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

int option_take(struct options *o, int id, const char *value, struct err *err)
{
    switch (id) {
    case OPTION_BPF:
        o->bpf = value;
        return 0;
    case OPTION_FILTER:
        o->filter = value;
        return 0;
    case OPTION_READ:
        o->operands[o->n_operands++] = value;
        return 0;
    case OPTION_KEYS:
        o->keylogs[o->n_keylogs++] = value;
        return 0;
    case OPTION_RSA_KEY:
        o->rsa_keys[o->n_rsa_keys++] = value;
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
    case OPTION_WITH_KEYS:
        o->with_keys = true;
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
        return option_take_format(o, value, err);
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
    case OPTION_SHARD:
        return take_shard(o, value, err);
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
