/* Opens what the screen needs, in an order in which every error can still be told. */
#include "start.h"

#include "script.h"
#include "tui.h"
#include "ui/keylogs.h"

#include <fcntl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>
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
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
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

static int run_tui(const struct screen_options *o, struct feed *feed, struct terminal *terminal,
                   struct settings *settings, struct complaints *c, struct err *err)
{
    struct tui t;
    int result = 0;
    if (tui_init(&t, feed, terminal, settings, err) != 0) {
        return -1;
    }
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

static int run_source(const struct screen_options *o, struct source *source,
                      struct tls_secrets *secrets, struct settings *settings, struct complaints *c,
                      struct err *err)
{
    struct packet_feed packets = feed_of_source(source);
    struct feed_options options = {seed(o->script != NULL), o->max_connections, secrets};
    struct feed feed;
    char name[256];
    packets.blocks = is_pipe(o);
    packets.live = source_is_live(source);
    packets.fd = source_fd(source);
    if (feed_open(&feed, &packets, &options, err) != 0) {
        return -1;
    }
    name_all(o, name, sizeof name);
    feed.name = name;
    feed.paths = o->paths;
    feed.n_paths = o->n_paths;
    feed.bpf = o->bpf;
    struct terminal *terminal =
        o->script != NULL ? terminal_open_null(24, 80, err) : terminal_open(err);
    int result = terminal != NULL ? run_tui(o, &feed, terminal, settings, c, err) : -1;
    feed_close(&feed);
    return result;
}

/* The captures, or the interfaces; with those, privileges are given away before the first packet.
 * The seal is for runs without a screen: settings and what the user saves are files. */
static struct source *open_source(const struct screen_options *o, struct keylogs *keylogs,
                                  struct err *err)
{
    struct source_options options = {
        .filter = o->bpf, .secrets = keylogs_from_capture, .context = keylogs, .live = o->live};
    if (o->n_interfaces == 0) {
        return source_open(o->paths, o->n_paths, &options, err);
    }
    struct source *source = source_open_live(o->interfaces, o->n_interfaces, &options, err);
    if (source != NULL && privileges_drop(o->account, err) != 0) {
        source_free(source);
        return NULL;
    }
    return source;
}

int screen_run(const struct screen_options *o, void (*complain)(const char *))
{
    struct keylogs keylogs;
    struct complaints complaints = {.n = 0};
    struct settings settings;
    struct err err;
    setlocale(LC_CTYPE, "");
    settings_init(&settings);
    if (o->script == NULL) {
        settings_load(&settings, note, &complaints);
    }
    settings.color &= !o->no_color;
    if (keylogs_open(&keylogs, o->keylogs, o->n_keylogs, false, &err) != 0 ||
        keylogs_add_rsa(&keylogs, o->rsa_keys, o->n_rsa_keys, &err) != 0) {
        keylogs_close(&keylogs);
        complain(err.text);
        return -1;
    }
    struct source *source = open_source(o, &keylogs, &err);
    if (source == NULL) {
        keylogs_close(&keylogs);
        complain(err.text);
        return -1;
    }
    int result = run_source(o, source, keylogs.secrets, &settings, &complaints, &err);
    for (size_t i = 0; i < complaints.n; i++) {
        complain(complaints.list[i].text);
    }
    if (result != 0) {
        complain(err.text);
    }
    bool fine = tell_problems(source, complain);
    source_free(source);
    keylogs_close(&keylogs);
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
