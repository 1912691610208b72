/* The first of two passes over files. */
#include "first_pass.h"

#include <sys/stat.h>

static bool are_files(const struct options *o)
{
    struct stat s;
    for (size_t i = 0; i < o->n_operands; i++) {
        if (stat(o->operands[i], &s) != 0 || !S_ISREG(s.st_mode)) {
            return false;
        }
    }
    return o->n_interfaces == 0;
}

bool first_pass_helps(const struct options *o, const struct filter *filter)
{
    unsigned needs = filter != NULL ? filter_needs(filter) : 0;
    const struct report_format *format = report_find(command_name(o->command), o->format);
    bool on_the_way = o->command == COMMAND_FOLLOW || o->messages || needs & FILTER_MESSAGES ||
                      (format != NULL && format->needs & REPORT_NEEDS_MESSAGES);
    return needs & FILTER_LATE && on_the_way && are_files(o);
}

int first_pass(const struct options *o, const struct run_output *look, struct output *output,
               struct late_values *late, struct err *err)
{
    struct run run;
    struct options counting = *o; /* what decides about packets and connections stays */
    struct run_output instead = *look;
    struct model_listener listener = late_listener(late);
    counting.command = COMMAND_REPORT;
    counting.format = counting.write = counting.metrics = NULL;
    counting.sessions = 0;
    counting.messages = counting.frames = counting.digest = false;
    instead.filter = NULL;
    instead.instead = &listener;
    if (run_open(&run, &counting, &instead, err) != 0) {
        return -1;
    }
    int result = run_packets(&run, &instead, output);
    if (result != 0) {
        *err = run.problem;
    }
    run_close(&run);
    return result == 0 && late->failed ? err_set(err, "out of memory") : result;
}
