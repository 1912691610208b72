/*
 * export pcapng: the packets of the sessions, and those alone, read a second time from their files.
 * Secrets and comments that the files carry are kept, and packets with findings get a comment of
 * each.
 *
 * Before the end it is not known which sessions there are, so that standard input will not do; what
 * is kept until then is two ends and times of each session, and the comments.
 */
#include "analyzer/capture/rewrite.h"
#include "ui/report/plain.h"
#include "ui/report/redact.h"
#include "ui/report/report.h"

#include <errno.h>
#include <stdlib.h>

#define COMMENT_MAX_BYTES 4096
#define DETAIL_COLUMNS 200

struct pcapng {
    struct report_context context;
    struct redactor redactor;
    struct rewrite *rewrite;
    bool short_of_memory;
    struct buffer text;
    struct out out; /* to the text */
};

static void pcapng_free(void *self)
{
    struct pcapng *x = self;
    if (x != NULL) {
        rewrite_free(x->rewrite);
        redact_done(&x->redactor);
        buffer_done(&x->text);
        free(x);
    }
}

static void *pcapng_start(const struct report_context *context)
{
    struct pcapng *x = calloc(1, sizeof *x);
    if (x == NULL) {
        return NULL;
    }
    x->context = *context;
    redact_init(&x->redactor, context->options.show_secrets);
    buffer_init(&x->text, COMMENT_MAX_BYTES);
    out_init(&x->out, NULL, &x->text);
    x->rewrite = rewrite_new(context->out);
    if (x->rewrite == NULL) {
        pcapng_free(x);
        return NULL;
    }
    rewrite_copy_secrets(x->rewrite);
    return x;
}

/* A comment that there is no room for is left out. */
static void on_finding(void *self, const struct session *s, const struct finding_record *r)
{
    struct pcapng *x = self;
    const struct finding_kind *kind = finding_kind(r->id);
    if (s == NULL) {
        return;
    }
    buffer_clear(&x->text);
    out_printf(&x->out, "%s %s: %s", finding_severity_name(kind->severity), kind->id,
               kind->sentence);
    if (kind->section[0] != '\0') {
        out_printf(&x->out, " (%s)", kind->section);
    }
    if (r->detail.n > 0) {
        out_text(&x->out, ": ");
        plain_put(&x->out, redact_text(&x->redactor, r->detail), DETAIL_COLUMNS);
    }
    out_flush(&x->out);
    (void)rewrite_comment(x->rewrite, r->pkt, buffer_bytes(&x->text));
}

static void on_end(void *self, struct session *s)
{
    struct pcapng *x = self;
    if (s->outcome != OUTCOME_TLS && !rewrite_take(x->rewrite, s)) {
        x->short_of_memory = true;
    }
}

static struct model_listener pcapng_listener(void *self)
{
    return (struct model_listener){.finding = on_finding, .session_ended = on_end, .self = self};
}

static int pcapng_flush(void *self)
{
    (void)self; /* nothing is written before the end */
    return 0;
}

static int pcapng_finish(void *self, struct err *err)
{
    struct pcapng *x = self;
    const struct capture_summary *c = x->context.capture;
    const char **paths = calloc(c->files_n + 1, sizeof *paths);
    if (paths == NULL || x->short_of_memory) {
        free(paths);
        return err_set(err, "out of memory");
    }
    for (size_t i = 0; i < c->files_n; i++) {
        paths[i] = c->files[i].name;
    }
    int result = rewrite_open(x->rewrite, paths, c->files_n, c->filter, err);
    while (result == 0 && !ferror(x->context.out) && rewrite_step(x->rewrite)) {
    }
    free(paths);
    if (result == 0 && (fflush(x->context.out) != 0 || ferror(x->context.out))) {
        result = report_output_error(errno != 0 ? errno : EIO, err);
    }
    return result;
}

const struct report_format export_pcapng = {.command = "export",
                                            .name = "pcapng",
                                            .needs = REPORT_NEEDS_FILES,
                                            .start = pcapng_start,
                                            .listener = pcapng_listener,
                                            .flush = pcapng_flush,
                                            .finish = pcapng_finish,
                                            .free = pcapng_free};
