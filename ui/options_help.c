/* The help: of the program, and of a command. */
#include "options_rows.h"

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
    for (const struct option_row *row = option_rows; row < option_rows + OPTION_ROWS; row++) {
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
        fprintf(out, "  %-12s%s%s\n", command_rows[i].name, command_rows[i].summary,
                i == COMMAND_REPORT ? " (when the output is no terminal)"
                : i == COMMAND_UI   ? " (when it is one)"
                                    : "");
    }
    fputs("\nOptions of report, follow, export and ui:\n", out);
    help_rows(out, CAPTURES & ~RUN, REGISTRY, NULL);
    fputs("\nOptions of report, follow, run and export:\n", out);
    help_rows(out, READING, UI | REGISTRY,
              "text, json, html, markdown (report); text, jsonl, ecs (follow)");
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
          "  sudo wsight run -- node client.js\n"
          "  ssh host tcpdump -U -w - tcp | wsight follow -\n"
          "  wsight registry 1006\n",
          out);
}

static void help_command(FILE *out, enum command command)
{
    const struct command_row *c = &command_rows[command];
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
