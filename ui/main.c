/*
 * wsight's story in order: options, open, run, report, exit status. Only this file prints errors
 * and decides the exit status.
 */
#include "config.h"
#include "names.h"
#include "options.h"
#include "output.h"
#include "report/registry_print.h"
#include "run.h"

#include <expat.h>
#include <openssl/crypto.h>
#include <pcap/pcap.h>
#include <signal.h>
#include <stdarg.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

enum exit_status {
    EXIT_FINE = 0,
    EXIT_FAILED = 1,  /* an input could not be read, or the output not be written */
    EXIT_USAGE = 2,   /* the command line makes no sense */
    EXIT_FINDINGS = 4 /* --fail-on was given, and there is such a finding */
};

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

/* What could not be read, or not in full. */
static int complain_about_input(const struct run *run)
{
    struct source_info info;
    int status = EXIT_FINE;
    source_info(run->source, &info);
    for (size_t i = 0; i < info.files_n; i++) {
        if (info.files[i].error.text[0] != '\0') {
            complain(info.files[i].error.text);
            status = EXIT_FAILED;
        }
    }
    if (info.filter_problem != NULL) {
        complain(info.filter_problem);
    }
    return status;
}

static int captures(const struct options *o, const struct names *names, struct output *output)
{
    struct run run;
    struct err err;
    (void)names;
    if (run_open(&run, o, &err) != 0) {
        complain(err.text);
        return EXIT_FAILED;
    }
    run_packets(&run, output, !o->quiet && isatty(STDERR_FILENO));
    const struct totals *t = model_totals(run.model);
    struct engine_stats s = engine_stats(run.engine);
    fprintf(output->stream, "packets %llu\nsessions %llu\nfindings %llu\n",
            (unsigned long long)s.packets, (unsigned long long)t->sessions,
            (unsigned long long)t->findings_by_severity[0]);
    int status = complain_about_input(&run);
    run_close(&run);
    return finish_output(output, status);
}

static int carry_out(const struct options *o, enum options_result what)
{
    struct output output;
    struct names names;
    struct err err;
    int status;
    if (output_open(&output, o->output, &err) != 0) {
        complain(err.text);
        return EXIT_FAILED;
    }
    if (what == OPTIONS_HELP) {
        options_help(output.stream, o);
        return finish_output(&output, EXIT_FINE);
    }
    if (what == OPTIONS_VERSION) {
        return version(o, &output);
    }
    if (names_open(&names, o->registry, &err) != 0) {
        complain(err.text);
        output_abandon(&output);
        return EXIT_FAILED;
    }
    status = o->command == COMMAND_REGISTRY ? registry(o, &names, &output)
                                            : captures(o, &names, &output);
    names_done(&names);
    return status;
}

int main(int argc, char **argv)
{
    struct options options;
    struct err err;
    int status = EXIT_USAGE;
    signal(SIGPIPE, SIG_IGN); /* a closed pipe is a write error like any other */
    enum options_result what = options_parse(&options, argc, argv, &err);
    if (what == OPTIONS_WRONG) {
        complain(err.text);
        fputs("try 'wsight --help'\n", stderr);
    } else {
        status = carry_out(&options, what);
    }
    options_done(&options);
    return status;
}
