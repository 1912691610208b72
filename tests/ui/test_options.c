/* The command line: what is understood, what is refused and in which words. */
#include "ui/options.h"
#include "ui/report/report.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define MAX_WORDS 24

static struct options o;
static struct err err;

/* Parses a command line whose words are separated by one blank. */
static enum options_result parse(const char *line)
{
    static char text[512];
    char *argv[MAX_WORDS + 1] = {"wsight"}, *rest = text, *word;
    int argc = 1;
    options_done(&o);
    err.text[0] = '\0';
    snprintf(text, sizeof text, "%s", line);
    while (argc < MAX_WORDS && (word = strsep(&rest, " ")) != NULL && *line != '\0') {
        argv[argc++] = word;
    }
    return options_parse(&o, argc, argv, &err);
}

static void assert_wrong(const char *line, const char *why)
{
    assert_int_equal(parse(line), OPTIONS_WRONG);
    assert_string_equal(err.text, why);
}

static void a_file_alone_is_reported_on(void **state)
{
    (void)state;
    assert_int_equal(parse("a.pcap"), OPTIONS_RUN);
    assert_int_equal(o.command, COMMAND_REPORT);
    assert_int_equal(o.n_operands, 1);
    assert_string_equal(o.operands[0], "a.pcap");
    assert_null(o.format);
    assert_null(o.output);
    assert_int_equal(o.limit, REPORT_LIMIT_DEFAULT);
    assert_false(o.fails);
}

static void options_stand_before_and_after_the_command_and_its_files(void **state)
{
    (void)state;
    assert_int_equal(parse("-q follow a.pcap --frames -r b.pcap -f tcp --bodies=2K -"),
                     OPTIONS_RUN);
    assert_int_equal(o.command, COMMAND_FOLLOW);
    assert_true(o.quiet && o.frames);
    assert_string_equal(o.bpf, "tcp");
    assert_int_equal(o.bodies, 2048);
    assert_int_equal(o.n_operands, 3);
    assert_string_equal(o.operands[0], "a.pcap");
    assert_string_equal(o.operands[1], "b.pcap");
    assert_string_equal(o.operands[2], "-");
}

static void a_command_to_run_takes_what_follows_it(void **state)
{
    (void)state;
    assert_int_equal(parse("run --frames -o out -- node -c a.js"), OPTIONS_RUN);
    assert_int_equal(o.command, COMMAND_FOLLOW);
    assert_true(o.frames);
    assert_string_equal(o.output, "out");
    assert_string_equal(o.program[0], "node");
    assert_string_equal(o.program[1], "-c");
    assert_string_equal(o.program[2], "a.js");
    assert_null(o.program[3]);
    assert_int_equal(o.n_operands, 0);
    assert_string_equal(o.interfaces[0], "any");
    assert_int_equal(parse("run -i lo --format=jsonl curl -k -o page"), OPTIONS_RUN);
    assert_string_equal(o.program[1], "-k");
    assert_string_equal(o.format, "jsonl");
    assert_int_equal(o.n_keylogs, 0);
    assert_null(o.output);
    assert_int_equal(o.n_interfaces, 1);
    assert_string_equal(o.interfaces[0], "lo");
    assert_int_equal(parse("run"), OPTIONS_WRONG);
    assert_int_equal(parse("run -r a.pcap -- node"), OPTIONS_WRONG);
    assert_int_equal(parse("run --limit=3 -- node"), OPTIONS_WRONG);
}

static void what_follows_two_hyphens_is_a_file(void **state)
{
    (void)state;
    assert_int_equal(parse("report -- -q report"), OPTIONS_RUN);
    assert_int_equal(o.n_operands, 2);
    assert_false(o.quiet);
}

static void habits_from_tcpdump_do_no_harm(void **state)
{
    (void)state;
    assert_int_equal(parse("-nn -q -r a.pcap"), OPTIONS_RUN);
    assert_int_equal(o.n_operands, 1);
    assert_true(o.quiet);
}

static void every_value_of_an_option_is_understood(void **state)
{
    (void)state;
    assert_int_equal(parse("a.pcap --format json --fail-on warning --color=never --width 100 "
                           "--limit all --max-connections 5 -o x --digest --show-secrets"),
                     OPTIONS_RUN);
    assert_string_equal(o.format, "json");
    assert_true(o.fails);
    assert_int_equal(o.fail_on, SEVERITY_WARNING);
    assert_int_equal(o.color, COLOR_NEVER);
    assert_int_equal(o.width, 100);
    assert_int_equal(o.limit, 0);
    assert_int_equal(o.max_connections, 5);
    assert_string_equal(o.output, "x");
    assert_true(o.digest && o.show_secrets);
    assert_int_equal(parse("follow a.pcap --bodies all"), OPTIONS_RUN);
    assert_true(o.bodies == OPTIONS_UNLIMITED);
    assert_int_equal(parse("follow a.pcap --bodies none -o -"), OPTIONS_RUN);
    assert_int_equal(o.bodies, 0);
    assert_null(o.output);
}

static void values_that_make_no_sense_are_refused(void **state)
{
    (void)state;
    assert_wrong(
        "a.pcap --format=xml",
        "--format=xml: it takes text, json, html or markdown (jsonl and ecs are follow's)");
    assert_wrong("follow a.pcap --format=json", "--format=json: it takes text, jsonl or ecs");
    assert_wrong("a.pcap --fail-on=fatal", "--fail-on=fatal: it takes note, warning or error");
    assert_wrong("follow a.pcap --bodies=-1",
                 "--bodies=-1: it takes a number of bytes (200, 64K), all or none");
    assert_wrong(
        "follow a.pcap --bodies=99999999999999999999",
        "--bodies=99999999999999999999: it takes a number of bytes (200, 64K), all or none");
    assert_wrong("a.pcap --width=39", "--width=39: it takes a number of columns from 40 to 10000");
    assert_wrong("a.pcap --max-connections=0", "--max-connections=0: it takes a number from 1 on");
    assert_wrong("a.pcap --limit=x", "--limit=x: it takes a number, or all");
    assert_wrong("a.pcap --color=red", "--color=red: it takes auto, always or never");
}

static void mistakes_are_told_with_what_may_have_been_meant(void **state)
{
    (void)state;
    assert_wrong("--fromat=json a.pcap", "unknown option --fromat: did you mean --format?");
    assert_wrong("--xyzzy a.pcap", "unknown option --xyzzy");
    assert_wrong("-x a.pcap", "unknown option -x");
    assert_wrong("a.pcap -o", "option -o needs an argument");
    assert_wrong("a.pcap --output", "option --output needs an argument");
    assert_wrong("a.pcap --quiet=yes", "option --quiet takes no argument");
    assert_wrong("reprot", "there is no command or file 'reprot': did you mean 'report'?");
    assert_wrong("xyzzy", "there is no command or file 'xyzzy'");
    assert_wrong("report a.pcap --frames", "report has no option --frames; 'wsight follow' has it");
}

static void without_a_file_an_example_is_given(void **state)
{
    (void)state;
    assert_wrong("", "no capture file given. For example: wsight report capture.pcapng");
    assert_wrong("follow", "no capture file given. For example: wsight follow capture.pcapng");
    assert_wrong("follow - -", "standard input (-) can be read only once");
}

static void the_registry_looks_up_one_thing(void **state)
{
    (void)state;
    assert_int_equal(parse("registry"), OPTIONS_RUN);
    assert_int_equal(o.command, COMMAND_REGISTRY);
    assert_int_equal(parse("registry 1006"), OPTIONS_RUN);
    assert_wrong("registry 1006 1007", "registry looks up one thing at a time");
}

static void help_and_version_need_no_file(void **state)
{
    (void)state;
    assert_int_equal(parse("--help"), OPTIONS_HELP);
    assert_false(o.command_given);
    assert_int_equal(parse("help"), OPTIONS_HELP);
    assert_int_equal(parse("help follow"), OPTIONS_HELP);
    assert_int_equal(o.command, COMMAND_FOLLOW);
    assert_int_equal(parse("registry --help"), OPTIONS_HELP);
    assert_true(o.command_given);
    assert_int_equal(parse("--version"), OPTIONS_VERSION);
    assert_int_equal(parse("-V --verbose"), OPTIONS_VERSION);
    assert_true(o.verbose);
}

static int release(void **state)
{
    (void)state;
    options_done(&o);
    return 0;
}

static void what_is_exported_stands_before_the_files(void **state)
{
    (void)state;
    assert_int_equal(parse("export --table=messages csv a.pcap b.pcap"), OPTIONS_RUN);
    assert_int_equal(o.command, COMMAND_EXPORT);
    assert_string_equal(o.format, "csv");
    assert_true(o.messages);
    assert_int_equal(o.n_operands, 2);
    assert_string_equal(o.operands[0], "a.pcap");
    assert_int_equal(o.bodies, BODIES_JSON_DEFAULT_BYTES);
    assert_int_equal(parse("export har a.pcap"), OPTIONS_RUN);
    assert_true(o.bodies == OPTIONS_UNLIMITED);
    assert_int_equal(parse("export --per=direction payloads -o folder a.pcap"), OPTIONS_RUN);
    assert_true(o.directions);
    assert_wrong(
        "export",
        "export needs a format: har, csv, tsv, zeek, zeek-json, eve, payloads, pcapng or sqlite");
    assert_wrong("export a.pcap",
                 "there is no format 'a.pcap' to export: it is one of har, csv, tsv, zeek, "
                 "zeek-json, eve, payloads, pcapng or sqlite");
    assert_wrong("export csv",
                 "no capture file given. For example: wsight export csv capture.pcapng");
    assert_wrong("export csv --table=x a.pcap", "--table=x: it takes sessions or messages");
    assert_wrong("export pcapng a.pcap -",
                 "export pcapng reads the files twice: standard input will not do");
    assert_wrong("export payloads a.pcap", "export payloads needs a folder to write to: -o FOLDER");
    assert_wrong("report --table=messages a.pcap",
                 "report has no option --table; 'wsight export' has it");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_alone_is_reported_on),
        cmocka_unit_test(options_stand_before_and_after_the_command_and_its_files),
        cmocka_unit_test(a_command_to_run_takes_what_follows_it),
        cmocka_unit_test(what_follows_two_hyphens_is_a_file),
        cmocka_unit_test(habits_from_tcpdump_do_no_harm),
        cmocka_unit_test(every_value_of_an_option_is_understood),
        cmocka_unit_test(values_that_make_no_sense_are_refused),
        cmocka_unit_test(mistakes_are_told_with_what_may_have_been_meant),
        cmocka_unit_test(without_a_file_an_example_is_given),
        cmocka_unit_test(the_registry_looks_up_one_thing),
        cmocka_unit_test(help_and_version_need_no_file),
        cmocka_unit_test(what_is_exported_stands_before_the_files),
    };
    return cmocka_run_group_tests(tests, NULL, release);
}
