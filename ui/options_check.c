/* What a command line may ask for together: commands, their files and interfaces. */
#include "analyzer/suggest.h"
#include "options_rows.h"
#include "report/report.h"

#include <string.h>
#include <unistd.h>

/* 'wsight reprot x.pcap': a word that is no file, where a command could stand. */
static int check_command(const struct options *o, struct err *err)
{
    const char *names[COMMAND_COUNT];
    const char *word = o->operands[0];
    if (o->command_given || strpbrk(word, "/.-") != NULL || access(word, F_OK) == 0) {
        return 0;
    }
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        names[i] = command_rows[i].name;
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

static bool reads_standard_input(const struct options *o)
{
    for (size_t i = 0; i < o->n_operands; i++) {
        if (strcmp(o->operands[i], "-") == 0) {
            return true;
        }
    }
    return false;
}

/* Standard output and input will not do for every format. */
static int check_export(const struct options *o, struct err *err)
{
    unsigned needs = report_find("export", o->format)->needs;
    if (o->output == NULL && needs & REPORT_NEEDS_FOLDER) {
        return err_set(err, "export %s needs a folder to write to: -o FOLDER", o->format);
    }
    if (o->output == NULL && needs & REPORT_NEEDS_PATH) {
        return err_set(err, "export %s needs a file to write to: -o FILE", o->format);
    }
    if (needs & REPORT_NEEDS_FILES && reads_standard_input(o)) {
        return err_set(err, "export %s reads the files twice: standard input will not do",
                       o->format);
    }
    if (o->frames && strcmp(o->format, "sqlite") != 0) {
        return err_set(err, "export %s has no table of frames: export sqlite has one", o->format);
    }
    return 0;
}

int options_check(const struct options *o, struct err *err)
{
    if (o->with_keys && (o->write == NULL || !o->only_sessions)) {
        return err_set(err, "--with-keys goes with -w FILE --only-sessions: it saves their keys");
    }
    if (o->command == COMMAND_EXPORT && check_export(o, err) != 0) {
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
    if (o->command == COMMAND_FIELDS) {
        return o->n_operands <= 1 ? 0 : err_set(err, "fields looks for one word at a time");
    }
    if (o->command == COMMAND_CONFIG) {
        return o->n_operands == 0 ? 0 : err_set(err, "config takes no file");
    }
    if (o->command == COMMAND_MERGE && o->n_operands == 0) {
        return err_set(err, "merge needs reports. For example: wsight merge a.json b.json");
    }
    if (o->command == COMMAND_DIFF && o->n_operands != 2) {
        return err_set(err, "diff compares two captures or JSON reports");
    }
    if (o->n_operands == 0) {
        return err_set(err, "no capture file given. For example: wsight %s %scapture.pcapng",
                       command_rows[o->command].name, o->command == COMMAND_EXPORT ? "csv " : "");
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
