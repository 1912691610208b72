/* Opens what the screen needs, in an order in which every error can still be told. */
#include "start.h"

#include "script.h"
#include "tui.h"
#include "ui/clock.h"
#include "ui/confine.h"
#include "ui/keylogs.h"

#include <errno.h>
#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

#define COMPLAINTS_MAX 8

struct complaints {
    struct err list[COMPLAINTS_MAX];
    size_t n;
};

static void note(void *ctx, const char *text)
{
    struct complaints *c = ctx;
    if (c->n < COMPLAINTS_MAX) {
        err_set(&c->list[c->n++], "%s", text);
    }
}

static int64_t monotonic(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

static uint64_t seed(bool scripted)
{
    uint64_t s = 1;
    if (!scripted && getrandom(&s, sizeof s, GRND_NONBLOCK) != (ssize_t)sizeof s) {
        s = (uint64_t)monotonic();
    }
    return s;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return strcmp(path, "-") == 0 ? "standard input" : slash != NULL ? slash + 1 : path;
}

/* What to call all of it in the title. */
static void name_all(const struct screen_options *o, char *out, size_t n)
{
    if (o->n_interfaces > 0) {
        snprintf(out, n, "%s%s", o->interfaces[0], o->n_interfaces > 1 ? " and more" : "");
    } else if (o->n_paths > 1) {
        snprintf(out, n, "%s and %zu more", base_name(o->paths[0]), o->n_paths - 1);
    } else {
        snprintf(out, n, "%s", o->n_paths == 1 ? base_name(o->paths[0]) : "");
    }
}

/* What the source is opened with, and tells to. */
struct inputs {
    struct keylogs keylogs;
    struct feed feed;
    int folder; /* live: where the screen was started, for what is saved; -1: no matter */
};

static void take_secrets(void *context, uint32_t type, struct bytes secrets)
{
    struct inputs *in = context;
    keylogs_from_capture(&in->keylogs, type, secrets);
}

static void take_notice(void *context, const char *text)
{
    struct inputs *in = context;
    feed_notice(&in->feed, text);
}

/* The terminal is open, and no packet was looked at: nothing more is to be opened but what the user
 * saves. */
static int seal(struct inputs *in, struct err *err)
{
    struct seal seal = {.directories = {in->folder}, .directories_n = 1, .terminal = true};
    seal.sockets = source_sockets(in->feed.packets.self, &seal.sockets_n);
    return in->feed.packets.live ? privileges_seal(&seal, err) : 0;
}

static int run_tui(const struct screen_options *o, struct inputs *in, struct terminal *terminal,
                   struct settings *settings, struct complaints *c, struct err *err)
{
    struct tui t;
    struct feed *feed = &in->feed;
    int result = 0;
    if (tui_init(&t, feed, terminal, settings, err) != 0) {
        return -1;
    }
    if (o->script == NULL && tui_display(&t, err) != 0) {
        tui_done(&t);
        return -1;
    }
    if (seal(in, err) != 0) {
        tui_done(&t);
        return -1;
    }
    t.folder = in->folder;
    feed->give_way = tui_give_way;
    feed->give_way_context = &t;
    t.now = monotonic;
    t.show_secrets = o->show_secrets;
    t.registry = o->registry;
    struct filter_error ignored; /* it compiled before */
    tui_filter(&t, o->filter, &ignored);
    if (c->n > 0) {
        tui_say(&t, true, "%s", c->list[0].text);
    }
    if (o->script != NULL) {
        feed_step(feed, t.now, INT64_MAX);
        result = script_run(&t, o->script, err);
    } else {
        tui_loop(&t, feed);
    }
    tui_done(&t);
    return result;
}

/* true when nothing was wrong with the files. */
static bool tell_problems(struct source *source, void (*complain)(const char *))
{
    struct source_info info;
    bool fine = true;
    source_info(source, &info);
    for (size_t i = 0; i < info.files_n; i++) {
        if (info.files[i].error.text[0] != '\0') {
            complain(info.files[i].error.text);
            fine = false;
        }
    }
    return fine;
}

static bool is_pipe(const struct screen_options *o)
{
    for (size_t i = 0; i < o->n_paths; i++) {
        if (strcmp(o->paths[i], "-") == 0) {
            return true;
        }
    }
    return false;
}

static int run_source(const struct screen_options *o, struct source *source, struct inputs *in,
                      struct settings *settings, struct complaints *c, struct err *err)
{
    struct packet_feed packets = feed_of_source(source);
    struct feed_options options = {.seed = seed(o->script != NULL),
                                   .max_connections = o->max_connections,
                                   .secrets = in->keylogs.secrets,
                                   .keep_packets = is_pipe(o) || source_is_live(source),
                                   .upkeep = {.source = source,
                                              .keylogs = &in->keylogs,
                                              .memory = o->memory,
                                              .ring = o->live.buffer_bytes}};
    char name[256];
    packets.blocks = is_pipe(o);
    packets.live = source_is_live(source);
    packets.fd = source_fd(source);
    if (feed_open(&in->feed, &packets, &options, err) != 0) {
        return -1;
    }
    name_all(o, name, sizeof name);
    in->feed.name = name;
    in->feed.paths = options.keep_packets ? NULL : o->paths;
    in->feed.n_paths = o->n_paths;
    in->feed.bpf = o->bpf;
    struct terminal *terminal =
        o->script != NULL ? terminal_open_null(24, 80, err) : terminal_open(err);
    int result = terminal != NULL ? run_tui(o, in, terminal, settings, c, err) : -1;
    feed_close(&in->feed);
    return result;
}

static struct source *open_interfaces(const struct screen_options *o, struct inputs *in,
                                      const struct source_options *options, struct err *err)
{
    struct source *source = source_open_live(o->interfaces, o->n_interfaces, options, err);
    if (source == NULL) {
        return NULL;
    }
    in->folder = open(".", O_PATH | O_DIRECTORY | O_CLOEXEC);
    if (in->folder < 0) {
        err_set(err, "the present folder: %s", strerror(errno));
    } else if (confine_prepare(err) == 0 && privileges_drop(o->account, err) == 0) {
        return source;
    }
    source_free(source);
    return NULL;
}

/* The captures, or the interfaces; with those, privileges are given away at once. */
static struct source *open_source(const struct screen_options *o, struct inputs *in,
                                  struct err *err)
{
    struct source_options options = {
        .filter = o->bpf, .secrets = take_secrets, .context = in, .live = o->live};
    options.live.notice = take_notice;
    return o->n_interfaces > 0 ? open_interfaces(o, in, &options, err)
                               : source_open(o->paths, o->n_paths, &options, err);
}

static void close_inputs(struct inputs *in)
{
    keylogs_close(&in->keylogs);
    if (in->folder >= 0) {
        close(in->folder);
    }
}

int screen_run(const struct screen_options *o, void (*complain)(const char *))
{
    struct inputs in = {.folder = -1};
    struct complaints complaints = {.n = 0};
    struct settings settings;
    struct err err;
    setlocale(LC_CTYPE, "");
    settings_init(&settings);
    if (o->script == NULL) {
        settings_load(&settings, note, &complaints);
    }
    settings.color &= !o->no_color;
    enum keylogs_growth growth = keylogs_growth(o->n_interfaces > 0, o->paths, o->n_paths);
    if (keylogs_open(&in.keylogs, o->keylogs, o->n_keylogs, growth, &err) != 0 ||
        keylogs_add_rsa(&in.keylogs, o->rsa_keys, o->n_rsa_keys, &err) != 0) {
        close_inputs(&in);
        complain(err.text);
        return -1;
    }
    struct source *source = open_source(o, &in, &err);
    if (source == NULL) {
        close_inputs(&in);
        complain(err.text);
        return -1;
    }
    int result = run_source(o, source, &in, &settings, &complaints, &err);
    for (size_t i = 0; i < complaints.n; i++) {
        complain(complaints.list[i].text);
    }
    if (result != 0) {
        complain(err.text);
    }
    bool fine = tell_problems(source, complain);
    source_free(source);
    close_inputs(&in);
    return result != 0 || !fine ? -1 : 0;
}

bool screen_is_possible(void)
{
    const char *term = getenv("TERM");
    if (!isatty(STDOUT_FILENO) || term == NULL || strcmp(term, "dumb") == 0) {
        return false;
    }
    if (isatty(STDIN_FILENO)) {
        return true;
    }
    int tty = open("/dev/tty", O_RDONLY | O_CLOEXEC);
    if (tty >= 0) {
        close(tty);
    }
    return tty >= 0;
}
