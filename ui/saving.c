/* -w. */
#include "saving.h"

#include "clock.h"
#include "config.h"
#include "decoders/tls/secrets.h"

#include <stdlib.h>
#include <time.h>

static void note_segment(void *self, uint64_t packet, uint64_t connection, bool wanted)
{
    recorder_note_packet(self, packet, connection, wanted);
}

static void note_over(void *self, uint64_t connection)
{
    recorder_note_end(self, connection);
}

/* A session in TLS is told of in TLS's words right afterwards: then its secrets can stand before
 * its packets. */
static void note_session(struct saving *s, const struct connection *c)
{
    if (s->secrets != NULL && (c->layers & LAYER_TLS)) {
        s->waiting = c->first_pkt;
    } else {
        recorder_note_session(s->recorder, c->first_pkt);
    }
}

static void note_secrets(struct saving *s, struct bytes client_random)
{
    char log[TLS_SESSION_LOG_MAX_BYTES];
    size_t n = client_random.n > 0 ? tls_secrets_write(s->secrets, client_random.p, log) : 0;
    if (n > 0) {
        recorder_note_secrets(s->recorder, s->waiting, (struct bytes){(uint8_t *)log, n});
    }
    recorder_note_session(s->recorder, s->waiting);
    s->waiting = 0;
}

static void emit(struct event_sink *sink, const struct event *e)
{
    struct saving *s = (struct saving *)sink;
    if (e->type == EVENT_SESSION && e->begin.kind != SESSION_TLS) {
        note_session(s, e->begin.connection);
    } else if (e->type == EVENT_TLS && s->waiting != 0) {
        note_secrets(s, e->tls.client_random);
    }
    s->next->emit(s->next, e);
}

struct recorder_options saving_options(const struct options *o)
{
    return (struct recorder_options){.path = o->write,
                                     .rotate_bytes = o->rotate_size,
                                     .rotate_seconds = o->rotate_every,
                                     .files = o->rotate_files,
                                     .only_sessions = o->only_sessions,
                                     .with_keys = o->with_keys,
                                     .application = "wsight " WSIGHT_VERSION};
}

int saving_open(struct saving *s, const struct recorder_options *o, struct event_sink *next,
                struct engine_options *engine, struct err *err)
{
    *s = (struct saving){.sink = {emit}, .next = next};
    if (o->path == NULL) {
        return 0;
    }
    /* Names tell UTC. strftime() would look for the machine's time zone again and again, which it
     * may not behind the seal. */
    if (!o->unnamed && setenv("TZ", "UTC0", 1) != 0) {
        return err_set(err, "out of memory");
    }
    tzset();
    s->recorder = recorder_new(o, err);
    if (s->recorder == NULL) {
        return -1;
    }
    if (recorder_open(s->recorder, clock_ns(CLOCK_REALTIME), err) != 0) {
        recorder_free(s->recorder);
        s->recorder = NULL;
        return -1;
    }
    s->secrets = o->with_keys ? engine->secrets : NULL;
    if (o->only_sessions) {
        engine->watch = (struct engine_watch){note_segment, note_over, s->recorder};
    }
    return 0;
}

void saving_check(struct saving *s, void (*notice)(void *, const char *text))
{
    const char *problem = s->recorder != NULL ? recorder_problem(s->recorder) : NULL;
    if (problem != NULL && !s->told) {
        s->told = true;
        notice(NULL, problem);
    }
}

void saving_end(struct saving *s, void (*notice)(void *, const char *text))
{
    if (s->recorder != NULL) {
        recorder_end(s->recorder);
        saving_check(s, notice);
    }
}

void saving_close(struct saving *s)
{
    recorder_free(s->recorder);
    s->recorder = NULL;
}
