/*
 * wsight's story in order: options, open, run, report, exit status. Only this file prints errors
 * and decides the exit status.
 */
#include "config.h"
#include "filters.h"
#include "first_pass.h"
#include "interfaces.h"
#include "live_run.h"
#include "memory.h"
#include "merge.h"
#include "names.h"
#include "options.h"
#include "output.h"
#include "report/fields_print.h"
#include "report/registry_print.h"
#include "run.h"
#include "tui/settings.h"
#include "tui/start.h"

#include <errno.h>
#include <expat.h>
#include <openssl/crypto.h>
#include <pcap/pcap.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

enum exit_status {
    EXIT_FINE = 0,
    EXIT_FAILED = 1,  /* an input could not be read, or the output not be written */
    EXIT_USAGE = 2,   /* the command line makes no sense */
    EXIT_FINDINGS = 4 /* --fail-on was given, and there is such a finding */
};

#define WIDTH_MIN 40 /* a terminal that says less does not know */

/* Prints "wsight: ..." as a line on standard error. File names may hold anything: control
 * characters become question marks. */
static void complain(const char *text)
{
    char line[sizeof((struct err *)0)->text + 64];
    snprintf(line, sizeof line, "%s", text);
    for (char *c = line; *c != '\0'; c++) {
        bool c1 = (unsigned char)c[0] == 0xc2 && (c[1] & 0xe0) == 0x80; /* U+0080 to U+009F */
        if ((unsigned char)*c < 0x20 || *c == 0x7f || c1) {
            *c = '?';
        }
    }
    fprintf(stderr, "wsight: %s\n", line);
}

static void notice(void *context, const char *text)
{
    (void)context;
    complain(text);
}

static int finish_output(struct output *output, int status)
{
    struct err err;
    if (output_close(output, &err) != 0) {
        complain(err.text);
        return EXIT_FAILED;
    }
    return status;
}

static int version(const struct options *o, struct output *output)
{
    fprintf(output->stream, "wsight %s\n", WSIGHT_VERSION);
    if (o->verbose) {
        fprintf(output->stream, "%s\nzlib %s\n%s\n%s\nregistry of %s, %s\n", pcap_lib_version(),
                zlibVersion(), OpenSSL_version(OPENSSL_VERSION), XML_ExpatVersion(),
                registry_builtin()->updated, registry_builtin()->source);
        char held[160];
        privileges_describe(held, sizeof held);
        fprintf(output->stream, "this process holds: %s\n", held);
    }
    return finish_output(output, EXIT_FINE);
}

static int registry(const struct options *o, const struct names *names, struct output *output)
{
    char why[256];
    const char *what = o->n_operands > 0 ? o->operands[0] : NULL;
    if (registry_print(output->stream, names->registry, what, why, sizeof why) != 0) {
        complain(why);
        return finish_output(output, EXIT_FAILED);
    }
    return finish_output(output, EXIT_FINE);
}

/* Columns of the terminal that the report goes to, or what the user or a usual page has. */
static unsigned width_of(const struct options *o, FILE *stream)
{
    struct winsize size;
    if (o->width > 0) {
        return o->width;
    }
    if (ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col >= WIDTH_MIN) {
        return size.ws_col;
    }
    return REPORT_WIDTH_DEFAULT;
}

static int fields(const struct options *o, struct output *output)
{
    struct err err;
    const char *word = o->n_operands > 0 ? o->operands[0] : NULL;
    bool as_json = o->format != NULL && strcmp(o->format, "json") == 0;
    int result = fields_print(output->stream, word, as_json, width_of(o, output->stream), &err);
    if (result != 0) {
        complain(err.text);
    }
    return finish_output(output, result == 0 ? EXIT_FINE : EXIT_FAILED);
}

static int interfaces(struct output *output)
{
    struct err err;
    if (interfaces_print(output->stream, &err) != 0) {
        complain(err.text);
        return finish_output(output, EXIT_FAILED);
    }
    return finish_output(output, EXIT_FINE);
}

/* https://no-color.org/: NO_COLOR counts when it is not empty. */
static bool has_color(const struct options *o, FILE *stream)
{
    const char *no_color = getenv("NO_COLOR"), *terminal = getenv("TERM");
    if (o->color != COLOR_AUTO) {
        return o->color == COLOR_ALWAYS;
    }
    return isatty(fileno(stream)) && (no_color == NULL || no_color[0] == '\0') &&
           terminal != NULL && strcmp(terminal, "dumb") != 0;
}

static struct run_output run_output(const struct options *o, const struct names *names,
                                    const struct output *output)
{
    FILE *stream = output->stream;
    bool interleaved = o->command != COMMAND_REPORT && isatty(fileno(stream));
    return (struct run_output){.stream = stream,
                               .folder = output->folder,
                               .width = width_of(o, stream),
                               .color = has_color(o, stream),
                               .progress = !o->quiet && isatty(STDERR_FILENO) && !interleaved,
                               .registry = names->registry,
                               .notice = notice};
}

static bool has_findings(const struct options *o, const struct run *run)
{
    const struct totals *t = model_totals(run->model);
    for (int i = (int)o->fail_on; o->fails && i < SEVERITY_COUNT; i++) {
        if (t->findings_by_severity[i] > 0 || run->findings_before[i] > 0) {
            return true;
        }
    }
    return false;
}

/* Reads, reports, and tells of what could not be read. */
static int report(struct run *run, const struct run_output *look, struct output *output)
{
    struct err err;
    if (run_packets(run, look, output) != 0) {
        complain(run->problem.text);
        output_abandon(output);
        return EXIT_FAILED;
    }
    int status = has_findings(run->options, run) ? EXIT_FINDINGS : EXIT_FINE;
    if (summary_is_void(run->source)) {
        output_abandon(output);
    } else if (run_report(run, &err) == 0) {
        status = finish_output(output, status);
    } else {
        complain(err.text);
        output_abandon(output);
        status = EXIT_FAILED;
    }
    if (memory_ran_out()) {
        complain("out of memory: the reading was ended, and the report is not complete");
        status = EXIT_FAILED;
    }
    return summary_complaints(run->source, complain) == 0 ? status : EXIT_FAILED;
}

static int merge(const struct options *o, struct output *output)
{
    struct err err;
    int result = merge_reports(output->stream, o->operands, o->n_operands, &err);
    if (result != 0 || memory_ran_out()) {
        complain(result != 0 ? err.text : "out of memory");
        output_abandon(output);
        return EXIT_FAILED;
    }
    return finish_output(output, EXIT_FINE);
}

/* The command's exit status goes before that of the run, unless it is 0. */
static int status_of_program(const struct run *run, int status)
{
    const struct child *child = &run->child;
    const struct totals *t = model_totals(run->model);
    char text[256];
    if (child->failure != 0) {
        snprintf(text, sizeof text, "%.200s: %s", child->command[0], strerror(child->failure));
        complain(text);
    } else if (t->tls_connections > 0 && tls_secrets_counts(run->keylogs.secrets).secrets == 0) {
        snprintf(text, sizeof text,
                 "%.120s gave no TLS keys, so its TLS stays closed: it does not heed SSLKEYLOGFILE",
                 child->command[0]);
        complain(text);
    }
    return child->status != 0 ? child->status : status;
}

static int one_pass(const struct options *o, const struct run_output *look, struct output *output)
{
    struct run run;
    struct err err;
    struct privileges_account account;
    if (o->n_interfaces > 0 && privileges_find(o->user, &account, &err) != 0) {
        complain(err.text);
        output_abandon(output);
        return EXIT_FAILED;
    }
    if (run_open(&run, o, look, &err) != 0) {
        complain(err.text);
        output_abandon(output);
        return EXIT_FAILED;
    }
    if (o->n_interfaces > 0 && live_confine(&run, output, &account, &err) != 0) {
        complain(err.text);
        run_close(&run);
        output_abandon(output);
        return EXIT_FAILED;
    }
    int status = report(&run, look, output);
    if (o->program != NULL) {
        status = status_of_program(&run, status);
    }
    run_close(&run);
    output_abandon(output);
    return status;
}

static int captures(const struct options *o, const struct names *names, struct filter *filter,
                    struct output *output)
{
    struct run_output look = run_output(o, names, output);
    struct late_values late;
    struct err err;
    int status = EXIT_FAILED;
    look.filter = filter;
    late_init(&late, filter);
    if (!first_pass_helps(o, filter)) {
        status = one_pass(o, &look, output);
    } else if (first_pass(o, &look, output, &late, &err) == 0) {
        look.late = &late;
        status = one_pass(o, &look, output);
    } else {
        complain(err.text);
        output_abandon(output);
    }
    late_done(&late);
    return status;
}

/* A file that is no JSON is a capture: its report, in a temporary file. *status becomes that of the
 * reading, when there was one. */
static FILE *open_report(const struct options *o, const struct names *names, struct filter *filter,
                         const char *path, int *status, struct err *err)
{
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        err_set(err, "%s: %s", path, strerror(errno));
        return NULL;
    }
    int first = ungetc(getc(file), file);
    if (first == '{' && filter == NULL) {
        return file;
    }
    fclose(file);
    if (first == '{') {
        err_set(err, "%s: is a report: -Y selects sessions of captures", path);
        return NULL;
    }
    struct options one = *o;
    one.command = COMMAND_REPORT;
    one.operands = &path;
    one.n_operands = 1;
    one.format = "json";
    one.output = NULL;
    one.quiet = true;
    FILE *copy = tmpfile();
    int fd = copy != NULL ? dup(fileno(copy)) : -1;
    struct output output = {.name = path, .directory = -1, .folder = -1};
    output.stream = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (output.stream != NULL) {
        *status = captures(&one, names, filter, &output);
    }
    if (copy == NULL || fseek(copy, 0, SEEK_END) != 0 || ftell(copy) <= 0) {
        err_set(err, "%s: no report could be made of it", path);
        if (copy != NULL) {
            fclose(copy);
        }
        return NULL;
    }
    rewind(copy);
    return copy;
}

static int diff(const struct options *o, const struct names *names, struct filter *filter,
                struct output *output)
{
    struct err err;
    FILE *files[2] = {NULL, NULL};
    int result = -1, status[2] = {EXIT_FINE, EXIT_FINE};
    const char *format = o->format != NULL ? o->format : "text";
    for (int i = 0; i < 2 && (i == 0 || files[0] != NULL); i++) {
        files[i] = open_report(o, names, filter, o->operands[i], &status[i], &err);
    }
    if (files[0] != NULL && files[1] != NULL) {
        result = diff_reports(output->stream, format, files, o->operands, &err);
    }
    for (int i = 0; i < 2; i++) {
        if (files[i] != NULL) {
            fclose(files[i]);
        }
    }
    if (result != 0 || memory_ran_out()) {
        complain(result != 0 ? err.text : "out of memory");
        output_abandon(output);
        return EXIT_FAILED;
    }
    return finish_output(output, status[0] != EXIT_FINE ? status[0] : status[1]);
}

static int screen(const struct options *o, const struct names *names)
{
    struct screen_options s = {.paths = o->operands,
                               .n_paths = o->n_operands,
                               .keylogs = o->keylogs,
                               .n_keylogs = o->n_keylogs,
                               .rsa_keys = o->rsa_keys,
                               .n_rsa_keys = o->n_rsa_keys,
                               .bpf = o->bpf,
                               .filter = o->filter,
                               .script = o->script,
                               .registry = names->registry,
                               .max_connections = (size_t)o->max_connections,
                               .show_secrets = o->show_secrets,
                               .no_color = o->color == COLOR_NEVER};
    struct privileges_account account;
    struct err err;
    if (o->n_interfaces > 0 && privileges_find(o->user, &account, &err) != 0) {
        complain(err.text);
        return EXIT_FAILED;
    }
    s.interfaces = o->interfaces;
    s.n_interfaces = o->n_interfaces;
    s.account = &account;
    s.memory = o->memory;
    s.live = (struct source_live_options){.snaplen = (uint32_t)o->snaplen,
                                          .promiscuous = o->promiscuous,
                                          .prompt = true,
                                          .buffer_bytes = (size_t)o->buffer};
    int result = screen_run(&s, complain);
    if (memory_ran_out()) {
        complain("out of memory: some of what was read could not be kept");
        result = -1;
    }
    return result == 0 ? EXIT_FINE : EXIT_FAILED;
}

/* On a terminal the screen is what a person wants, unless the command line tells of a report. */
static bool wants_screen(const struct options *o)
{
    return o->command == COMMAND_UI || (o->command == COMMAND_REPORT && !o->command_given &&
                                        o->format == NULL && o->output == NULL && !o->fails &&
                                        !o->digest && o->n_interfaces == 0 && screen_is_possible());
}

/* A report must not take the place of what it is about. */
static bool is_input(const struct options *o)
{
    struct stat output, input;
    if (o->command == COMMAND_REGISTRY || o->output == NULL || stat(o->output, &output) != 0 ||
        !S_ISREG(output.st_mode)) {
        return false;
    }
    for (size_t i = 0; i < o->n_operands; i++) {
        if (stat(o->operands[i], &input) == 0 && input.st_dev == output.st_dev &&
            input.st_ino == output.st_ino) {
            return true;
        }
    }
    return false;
}

static int open_output(const struct options *o, enum options_result what, struct output *output,
                       struct err *err)
{
    const struct report_format *format =
        what == OPTIONS_RUN ? report_find(command_name(o->command), o->format) : NULL;
    if (format != NULL && format->needs & REPORT_NEEDS_FOLDER) {
        return output_open_folder(output, o->output, err);
    }
    if (format != NULL && format->needs & REPORT_NEEDS_PATH) {
        return output_open_empty(output, o->output, err);
    }
    return o->n_interfaces > 0 ? output_open_growing(output, o->output, err)
                               : output_open(output, o->output, err);
}

/* With the output open and the filter compiled. */
static int run_command(const struct options *o, struct filter *filter, struct output *output)
{
    struct names names;
    struct err err;
    int status;
    if (names_open(&names, o->registry, &err) != 0) {
        complain(err.text);
        output_abandon(output);
        return EXIT_FAILED;
    }
    if (wants_screen(o)) {
        status = screen(o, &names);
        output_abandon(output);
    } else if (o->command == COMMAND_CONFIG) {
        settings_print(output->stream);
        status = finish_output(output, EXIT_FINE);
    } else {
        status = o->command == COMMAND_REGISTRY     ? registry(o, &names, output)
                 : o->command == COMMAND_INTERFACES ? interfaces(output)
                 : o->command == COMMAND_FIELDS     ? fields(o, output)
                 : o->command == COMMAND_MERGE      ? merge(o, output)
                 : o->command == COMMAND_DIFF       ? diff(o, &names, filter, output)
                                                    : captures(o, &names, filter, output);
    }
    names_done(&names);
    return status;
}

static int carry_out(const struct options *o, enum options_result what)
{
    struct output output;
    struct filter *filter;
    struct err err;
    if (is_input(o)) {
        complain("the output file is one of the captures");
        return EXIT_USAGE;
    }
    if (filters_open(o, &filter, complain) != 0) {
        return EXIT_USAGE;
    }
    int status = EXIT_FAILED;
    if (open_output(o, what, &output, &err) != 0) {
        complain(err.text);
    } else if (what == OPTIONS_HELP) {
        options_help(output.stream, o);
        status = finish_output(&output, EXIT_FINE);
    } else if (what == OPTIONS_VERSION) {
        status = version(o, &output);
    } else {
        status = run_command(o, filter, &output);
    }
    filter_free(filter);
    return status;
}

int main(int argc, char **argv)
{
    struct options options;
    struct err err;
    int status = EXIT_USAGE;
    memory_watch();
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is a write error like any other */
    enum options_result what = options_parse(&options, argc, argv, &err);
    if (what == OPTIONS_WRONG && memory_ran_out()) {
        complain("out of memory");
        status = EXIT_FAILED;
    } else if (what == OPTIONS_WRONG) {
        complain(err.text);
        fputs("try 'wsight --help'\n", stderr);
    } else {
        status = carry_out(&options, what);
    }
    options_done(&options);
    return status;
}
