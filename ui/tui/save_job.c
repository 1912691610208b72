/*
 * Saving in pieces. pcapng: the files are read again. JSON lines and text: the sessions are told to
 * the formats of `wsight follow`. Payloads: a file for each message, or the one that is wanted.
 */
#include "save_job.h"

#include "analyzer/capture/privileges.h"
#include "analyzer/capture/rewrite.h"
#include "config.h"
#include "ui/output.h"
#include "ui/report/report.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define MESSAGES_AT_ONCE 64
#define SESSIONS_AT_ONCE 256

struct save_job {
    enum save_format format;
    char *path;
    struct output output;
    int folder; /* as struct tui has it */
    bool opened, one_message;
    uint32_t message; /* the one */
    struct index_list sessions;
    size_t at; /* the one under way; of packets: the next to be told to the rewrite */
    bool reads;
    uint32_t at_message;
    uint64_t written;
    struct filter *filter; /* of messages */
    struct rewrite *rewrite;
    struct recorder *held; /* whose files are being read; or NULL */
    const struct report_format *report;
    void *report_state;
    struct model_listener listener;
    struct report_context context;
    struct capture_summary capture;
    struct engine_stats stats;
    struct session session; /* the copy that the report may write to */
    struct buffer body;
};

/*--- What is to be saved ------------------------------------------------------------------------*/

static bool in_scope(struct tui *t, enum save_scope scope, const struct subject *s, uint32_t i)
{
    return scope == SAVE_ALL || (scope == SAVE_MARKED && tui_is_marked(t, i)) ||
           (scope == SAVE_THIS && s != NULL && s->session == i);
}

size_t save_count(struct tui *t, enum save_scope scope, const struct subject *s)
{
    const struct store *store = t->feed->store;
    switch (scope) {
    case SAVE_ALL:
        return store_count(store) - (size_t)store_gave_way(store);
    case SAVE_FILTERED:
        return order_count(&t->order);
    case SAVE_MARKED:
        return t->marked_n;
    default:
        return s != NULL ? 1 : 0;
    }
}

static bool collect(struct save_job *j, struct tui *t, const struct save_request *r)
{
    const struct store *store = t->feed->store;
    bool filtered = r->scope == SAVE_FILTERED;
    size_t n = filtered ? order_count(&t->order) : store_count(store);
    for (size_t i = filtered ? 0 : store_first(store); i < n; i++) {
        uint32_t session = filtered ? order_at(&t->order, i) : (uint32_t)i;
        if ((filtered || in_scope(t, r->scope, r->subject, session)) &&
            !store_is_gone(store_session(store, session)) &&
            !index_list_push(&j->sessions, session)) {
            return false;
        }
    }
    return true;
}

/*--- Opening ------------------------------------------------------------------------------------*/

/* What came through a pipe or an interface was kept in files without names. */
static int read_kept(struct save_job *j, struct tui *t, struct err *err)
{
    int fds[RECORDER_KEPT_FILES];
    struct recorder *recorder = t->feed->saving.recorder;
    if (recorder == NULL) {
        return err_set(err, "packets were not kept: %.150s", t->feed->not_saved.text);
    }
    if (recorder_problem(recorder) != NULL) {
        return err_set(err, "%s", recorder_problem(recorder));
    }
    recorder_flush(recorder);
    recorder_hold(recorder, true);
    j->held = recorder;
    return rewrite_open_kept(j->rewrite, fds, recorder_kept(recorder, fds), err);
}

static int begin_rewrite(struct save_job *j, struct tui *t, bool with_keys, struct err *err)
{
    j->rewrite = rewrite_new(j->output.stream);
    if (j->rewrite == NULL) {
        return err_set(err, "out of memory");
    }
    if (with_keys) {
        rewrite_with_secrets(j->rewrite, t->feed->secrets);
    }
    return 0;
}

/* Some of the sessions; then the packets can be read. */
static int take_sessions(struct save_job *j, struct tui *t, struct err *err)
{
    for (unsigned i = 0; i < SESSIONS_AT_ONCE && j->at < j->sessions.n; i++) {
        uint32_t session = j->sessions.at[j->at++];
        if (!rewrite_take(j->rewrite, store_session(t->feed->store, session)->session)) {
            return err_set(err, "out of memory");
        }
    }
    if (j->at < j->sessions.n) {
        return 0;
    }
    int result = t->feed->paths == NULL ? read_kept(j, t, err)
                                        : rewrite_open(j->rewrite, t->feed->paths, t->feed->n_paths,
                                                       t->feed->bpf, err);
    j->reads = result == 0;
    return result;
}

static int open_report(struct save_job *j, struct tui *t, struct err *err)
{
    j->capture.digits = (unsigned)tui_digits(t);
    j->context = (struct report_context){
        .out = j->output.stream,
        .options = {.width = 200,
                    .show_secrets = t->show_secrets,
                    .bodies = j->format == SAVE_TEXT ? 4096 : REPORT_BODIES_ALL},
        .tool_name = "wsight",
        .tool_version = WSIGHT_VERSION,
        .registry = t->registry,
        .capture = &j->capture,
        .stats = &j->stats,
        .model = t->feed->model};
    j->report = report_find("follow", j->format == SAVE_JSON ? "jsonl" : "text");
    j->report_state = j->report->start(&j->context);
    if (j->report_state == NULL) {
        return err_set(err, "out of memory");
    }
    j->listener = j->report->listener(j->report_state);
    return 0;
}

static int open_output(struct save_job *j, struct tui *t, bool with_keys, struct err *err)
{
    if (j->format == SAVE_PAYLOADS && !j->one_message) {
        if (j->folder < 0 && mkdir(j->path, 0777) != 0 && errno != EEXIST) {
            return err_set(err, "%.150s: %s", j->path, strerror(errno));
        }
        return 0;
    }
    if ((j->folder >= 0 ? output_open_in(&j->output, j->folder, j->path, err)
                        : output_open(&j->output, j->path, err)) != 0) {
        return -1;
    }
    j->opened = true;
    return j->format == SAVE_PCAPNG     ? begin_rewrite(j, t, with_keys, err)
           : j->format == SAVE_PAYLOADS ? 0
                                        : open_report(j, t, err);
}

struct save_job *save_begin(struct tui *t, const struct save_request *r, struct err *err)
{
    struct save_job *j = calloc(1, sizeof *j);
    struct filter_error ignored;
    if (j == NULL || (j->path = strdup(r->path)) == NULL || !collect(j, t, r)) {
        err_set(err, "out of memory");
        save_end(j);
        return NULL;
    }
    j->format = r->format;
    j->folder = t->folder;
    buffer_init(&j->body, UINT32_MAX);
    if (r->scope == SAVE_FILTERED && t->filter_text[0] != '\0') {
        j->filter = filter_compile(t->filter_text, &ignored);
        if (j->filter != NULL) {
            filter_set_origin(j->filter, t->feed->first_ts);
        }
    }
    if (r->scope == SAVE_THIS && r->subject != NULL && r->subject->kind == SUBJECT_MESSAGE) {
        j->one_message = true;
        j->message = r->subject->message;
    }
    if (j->sessions.n == 0) {
        err_set(err, "there is nothing to save");
    } else if (open_output(j, t, r->with_keys, err) == 0) {
        return j;
    }
    save_end(j);
    return NULL;
}

/*--- Working ------------------------------------------------------------------------------------*/

static struct event event_of(struct save_job *j, struct tui *t, const struct store_session *s,
                             const struct store_message *m)
{
    struct event e = store_event(s, m);
    bool kept = store_body(t->feed->store, m, SIZE_MAX, &j->body);
    store_event_body(&e, buffer_bytes(&j->body));
    e.message.flags |= kept ? 0 : MESSAGE_BODY_IS_CUT;
    return e;
}

static bool wants_message(struct save_job *j, struct tui *t, const struct store_session *s,
                          uint32_t i)
{
    if (j->one_message) {
        return i == j->message;
    }
    return j->filter == NULL || store_filter_message(j->filter, t->feed->store, s, &s->messages[i]);
}

static void begin_session(struct save_job *j, const struct store_session *s)
{
    j->session = *s->session;
    j->session.user = NULL;
    if (j->listener.session_opened != NULL && !j->one_message) {
        j->listener.session_opened(j->listener.self, &j->session);
    }
}

static void end_session(struct save_job *j, const struct store_session *s)
{
    for (uint32_t i = 0; i < s->session->finding_count && !j->one_message; i++) {
        if (j->listener.finding != NULL) {
            j->listener.finding(j->listener.self, &j->session, &s->session->findings[i]);
        }
    }
    if (j->listener.session_ended != NULL && s->session->ended && !j->one_message) {
        j->listener.session_ended(j->listener.self, &j->session);
    } else {
        free(j->session.user);
    }
    j->session.user = NULL;
}

/* Where no folder can be made, the files lie side by side. */
static FILE *open_payload(const struct save_job *j, const char *path)
{
    int fd = j->folder >= 0 ? openat(j->folder, path, SEAL_OPEN_FLAGS_NEW, 0666) : -1;
    return j->folder < 0 ? fopen(path, "w") : fd >= 0 ? fdopen(fd, "w") : NULL;
}

static int write_payload(struct save_job *j, struct tui *t, const struct store_session *s,
                         uint32_t i, struct err *err)
{
    const struct store_message *m = &s->messages[i];
    char path[4096];
    if (!store_body(t->feed->store, m, SIZE_MAX, &j->body)) {
        return err_set(err, "the payload of message %u of session %llu was lost", i + 1,
                       (unsigned long long)s->session->id);
    }
    if (j->one_message) {
        fwrite(j->body.p, 1, j->body.n, j->output.stream);
        return 0;
    }
    snprintf(path, sizeof path, "%s%csession-%06llu-%06u-%s.%s", j->path, j->folder < 0 ? '/' : '-',
             (unsigned long long)s->session->id, i + 1,
             store_dir(m) == DIR_CLIENT_TO_SERVER ? "client" : "server",
             store_opcode(m) == 1 ? "txt" : "bin");
    FILE *f = open_payload(j, path);
    if (f == NULL) {
        return err_set(err, "%.150s: %s", path, strerror(errno));
    }
    size_t n = j->body.n > 0 ? fwrite(j->body.p, 1, j->body.n, f) : 0;
    bool bad = n != j->body.n;
    return fclose(f) != 0 || bad ? err_set(err, "%.150s: %s", path, strerror(errno)) : 0;
}

static int save_message(struct save_job *j, struct tui *t, const struct store_session *s,
                        uint32_t i, struct err *err)
{
    bool data = store_opcode(&s->messages[i]) < 8;
    if (!wants_message(j, t, s, i) || (j->format == SAVE_PAYLOADS && !data && !j->one_message)) {
        return 0;
    }
    j->written++;
    if (j->format == SAVE_PAYLOADS) {
        return write_payload(j, t, s, i, err);
    }
    struct event e = event_of(j, t, s, &s->messages[i]);
    j->listener.message(j->listener.self, &j->session, &e);
    return 0;
}

/* Some messages of the session under way. */
static int step_session(struct save_job *j, struct tui *t, struct err *err)
{
    const struct store_session *s = store_session(t->feed->store, j->sessions.at[j->at]);
    bool reports = j->format != SAVE_PAYLOADS;
    if (j->at_message == 0 && reports) {
        begin_session(j, s);
    }
    for (unsigned k = 0; k < MESSAGES_AT_ONCE && j->at_message < s->n; k++) {
        if (save_message(j, t, s, j->at_message++, err) != 0) {
            return -1;
        }
    }
    if (j->at_message >= s->n) {
        if (reports) {
            end_session(j, s);
        }
        j->at++;
        j->at_message = 0;
    }
    return 0;
}

static int finish(struct save_job *j, struct err *err)
{
    if (j->report_state != NULL && j->report->finish(j->report_state, err) != 0) {
        return -1;
    }
    if (j->opened) {
        j->opened = false;
        return output_close(&j->output, err);
    }
    return 0;
}

/* A piece of work: as save_step. */
static int step(struct save_job *j, struct tui *t, struct err *err)
{
    if (j->rewrite == NULL) {
        return j->at == j->sessions.n ? finish(j, err) : step_session(j, t, err) != 0 ? -1 : 1;
    }
    if (!j->reads) {
        return take_sessions(j, t, err) != 0 ? -1 : 1;
    }
    uint64_t read, total;
    bool more = rewrite_step(j->rewrite);
    rewrite_progress(j->rewrite, &read, &total, &j->written);
    return more ? 1 : finish(j, err);
}

int save_step(struct save_job *j, struct tui *t, int64_t until, struct err *err)
{
    do {
        int result = step(j, t, err);
        if (result != 1) {
            return result;
        }
        if (j->opened && ferror(j->output.stream)) {
            j->opened = false;
            output_close(&j->output, err); /* it fails, and says why */
            return -1;
        }
    } while (t->now() < until);
    return 1;
}

unsigned save_progress(const struct save_job *j, uint64_t *written)
{
    uint64_t read = j->at, total = j->sessions.n, ignored;
    if (j->reads) {
        rewrite_progress(j->rewrite, &read, &total, &ignored);
    }
    *written = j->written;
    return total > 0 ? (unsigned)(read * 100 / total) : 0;
}

void save_end(struct save_job *j)
{
    if (j == NULL) {
        return;
    }
    free(j->session.user);
    if (j->report_state != NULL) {
        j->report->free(j->report_state);
    }
    rewrite_free(j->rewrite);
    if (j->held != NULL) {
        recorder_hold(j->held, false);
    }
    if (j->opened) {
        output_abandon(&j->output);
        if (j->folder >= 0) {
            (void)unlinkat(j->folder, j->path, 0);
        }
    }
    filter_free(j->filter);
    buffer_done(&j->body);
    index_list_done(&j->sessions);
    free(j->path);
    free(j);
}
