/* The model, told by hand-made events through a batch. */
#include "analyzer/model.h"

#include "analyzer/limits.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct fixture {
    struct model *model;
    struct batch *batch;
    struct session ended; /* the newest that ended, without what it owns */
    struct direction_counts counts[2];
    enum close_how how;
    unsigned opened, ended_count, messages, findings;
    char detail[64];
};

static void to_model(void *ctx, const struct batch *b)
{
    struct fixture *f = ctx;
    model_take(f->model, b);
}

static void on_opened(void *self, struct session *s)
{
    (void)s;
    ((struct fixture *)self)->opened++;
}

static void on_message(void *self, const struct session *s, const struct event *e)
{
    (void)s;
    (void)e;
    ((struct fixture *)self)->messages++;
}

static void on_finding(void *self, const struct session *s, const struct finding_record *r)
{
    struct fixture *f = self;
    (void)s;
    (void)r;
    f->findings++;
}

static void on_ended(void *self, struct session *s)
{
    struct fixture *f = self;
    f->ended = *s;
    f->counts[0] = s->dir[0];
    f->counts[1] = s->dir[1];
    f->how = session_close_how(s);
    f->ended_count++;
    if (s->finding_count > 0) {
        snprintf(f->detail, sizeof f->detail, "%.*s", (int)s->findings[0].detail.n,
                 (const char *)s->findings[0].detail.p);
    }
}

static int setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    f->model = model_new(&(struct model_options){0});
    f->batch = batch_new(to_model, f);
    model_listen(f->model, &(struct model_listener){.session_opened = on_opened,
                                                    .message = on_message,
                                                    .finding = on_finding,
                                                    .session_ended = on_ended,
                                                    .self = f});
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    struct fixture *f = *state;
    batch_free(f->batch);
    model_free(f->model);
    free(f);
    return 0;
}

static void emit(struct fixture *f, struct event e)
{
    f->batch->sink.emit(&f->batch->sink, &e);
}

static void begin(struct fixture *f, uint64_t session, enum session_kind kind)
{
    struct connection connection = {.family = 4};
    struct event e = {.type = EVENT_SESSION, .session = session, .ts = 1, .pkt = 1};
    e.begin.kind = kind;
    e.begin.connection = &connection;
    emit(f, e);
}

static void handshake(struct fixture *f, uint64_t session, int status)
{
    char offered[] = "chat, superchat";
    struct handshake h = {.status = status,
                          .version = 13,
                          .offered_subprotocols = bytes_of(offered),
                          .subprotocol = bytes_of("chat"),
                          .extensions = bytes_of("permessage-deflate; server_no_context_takeover")};
    struct event e = {.type = EVENT_HANDSHAKE, .session = session, .ts = 2, .pkt = 2};
    e.handshake = &h;
    emit(f, e);
    memset(offered, 'x', sizeof offered - 1); /* the batch must have its own copy */
}

static void message(struct fixture *f, uint64_t session, enum dir dir, struct message m)
{
    struct event e = {.type = EVENT_MESSAGE, .session = session, .dir = dir, .ts = 3, .pkt = 3};
    e.message = m;
    emit(f, e);
}

static void close_frame(struct fixture *f, uint64_t session, enum dir dir, int code)
{
    message(f, session, dir,
            (struct message){.opcode = 8,
                             .flags = MESSAGE_FINISHED,
                             .frames = 1,
                             .close_code = code,
                             .rtt = -1,
                             .body = bytes_of("\x03\xe8"
                                              "bye")});
}

static void end(struct fixture *f, uint64_t session, enum end_how how)
{
    struct session_end end = {.how = how, .first_fin = -1, .last_ts = 9};
    struct event e = {.type = EVENT_END, .session = session, .ts = 9, .pkt = 9};
    e.end = &end;
    emit(f, e);
}

static void flush(struct fixture *f)
{
    batch_flush(f->batch);
}

static void frames_and_messages_are_counted_apart(void **state)
{
    struct fixture *f = *state;
    begin(f, 1, SESSION_UPGRADE);
    handshake(f, 1, 101);
    message(f, 1, DIR_CLIENT_TO_SERVER,
            (struct message){.opcode = 1,
                             .flags = MESSAGE_FINISHED | MESSAGE_FRAGMENTED | MESSAGE_COMPRESSED,
                             .frames = 3,
                             .masked = 3,
                             .wire_len = 10,
                             .overhead = 18,
                             .len = 40});
    message(f, 1, DIR_CLIENT_TO_SERVER,
            (struct message){.opcode = 2, .frames = 1, .masked = 1, .wire_len = 7, .len = 7});
    message(f, 1, DIR_SERVER_TO_CLIENT,
            (struct message){
                .opcode = 2, .flags = MESSAGE_DAMAGED, .frames = 1, .wire_len = 5, .len = 2});
    end(f, 1, END_OPEN);
    flush(f);
    assert_int_equal(f->messages, 3);
    const struct direction_counts *c = &f->counts[0];
    assert_int_equal(c->frames, 4);
    assert_int_equal(c->opcodes[0], 2);
    assert_int_equal(c->opcodes[1], 1);
    assert_int_equal(c->opcodes[2], 1);
    assert_int_equal(c->text, 1);
    assert_int_equal(c->binary, 0); /* not finished */
    assert_int_equal(c->unfinished, 1);
    assert_int_equal(c->fragmented, 1);
    assert_int_equal(c->compressed, 1);
    assert_int_equal(c->payload_bytes, 17);
    assert_int_equal(c->message_bytes, 40);
    assert_int_equal(direction_unmasked(c), 0);
    assert_int_equal(f->counts[1].damaged, 1);
    assert_int_equal(direction_unmasked(&f->counts[1]), 1);
    const struct totals *t = model_totals(f->model);
    assert_int_equal(t->dir[0].payload_bytes, 17);
    assert_int_equal(t->message_sizes[0].count, 1);
    assert_int_equal(t->ends[CLOSE_STILL_OPEN], 1);
}

static void a_run_counts_like_its_messages(void **state)
{
    struct fixture *f = *state;
    static const uint32_t lengths[] = {5, 125, 126, 65536};
    begin(f, 1, SESSION_UPGRADE);
    handshake(f, 1, 101);
    struct event e = {.type = EVENT_RUN, .session = 1, .ts = 3, .pkt = 3};
    e.run = (struct message_run){.opcode = 1, .masked = true, .n = 4, .lengths = lengths};
    emit(f, e);
    end(f, 1, END_OPEN);
    flush(f);
    const struct direction_counts *c = &f->counts[0];
    assert_int_equal(c->frames, 4);
    assert_int_equal(c->masked, 4);
    assert_int_equal(c->text, 4);
    assert_int_equal(c->opcodes[1], 4);
    assert_int_equal(c->payload_bytes, 5 + 125 + 126 + 65536);
    assert_int_equal(c->message_bytes, c->payload_bytes);
    assert_int_equal(c->overhead_bytes, 6 + 6 + 8 + 14);
    assert_int_equal(model_totals(f->model)->message_sizes[0].count, 4);
    assert_int_equal(model_totals(f->model)->message_sizes[0].max, 65536);
}

static void how_a_session_closed(void **state)
{
    struct fixture *f = *state;
    static const struct {
        bool closed[2];
        enum end_how end;
        enum close_how how;
    } cases[] = {
        {{true, true}, END_FIN, CLOSE_CLEAN},
        {{true, true}, END_OPEN, CLOSE_CLEAN},
        {{true, false}, END_FIN, CLOSE_UNANSWERED},
        {{false, true}, END_RESET, CLOSE_UNANSWERED},
        {{false, true}, END_OPEN, CLOSE_STILL_OPEN},
        {{false, false}, END_FIN, CLOSE_FIN},
        {{false, false}, END_RESET, CLOSE_RESET},
        {{false, false}, END_IDLE, CLOSE_IDLE},
        {{false, false}, END_EVICTED, CLOSE_EVICTED},
        {{false, false}, END_REPLACED, CLOSE_REPLACED},
        {{false, false}, END_OPEN, CLOSE_STILL_OPEN},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        begin(f, i + 1, SESSION_UPGRADE);
        handshake(f, i + 1, 101);
        for (int d = 0; d < 2; d++) {
            if (cases[i].closed[d]) {
                close_frame(f, i + 1, (enum dir)d, 1000);
            }
        }
        end(f, i + 1, cases[i].end);
        flush(f);
        assert_int_equal(f->how, cases[i].how);
    }
    assert_int_equal(model_totals(f->model)->close_codes[0][1000], 3);
}

static void outcomes(void **state)
{
    struct fixture *f = *state;
    begin(f, 1, SESSION_UPGRADE);
    handshake(f, 1, 403);
    end(f, 1, END_FIN);
    flush(f);
    assert_int_equal(f->ended.outcome, OUTCOME_REFUSED);
    assert_int_equal(f->how, CLOSE_NEVER_OPENED);
    begin(f, 2, SESSION_UPGRADE);
    handshake(f, 2, 0);
    end(f, 2, END_FIN);
    flush(f);
    assert_int_equal(f->ended.outcome, OUTCOME_INCOMPLETE);
    begin(f, 3, SESSION_MIDSTREAM);
    end(f, 3, END_FIN);
    flush(f);
    assert_int_equal(f->ended.outcome, OUTCOME_MIDSTREAM);
    begin(f, 4, SESSION_TLS);
    end(f, 4, END_FIN);
    flush(f);
    assert_int_equal(f->ended.outcome, OUTCOME_TLS);
    assert_int_equal(f->ended.tls.why_not, TLS_WHY_HANDSHAKE);
    const struct totals *t = model_totals(f->model);
    assert_int_equal(t->sessions, 3);
    assert_int_equal(t->tls_connections, 1);
    assert_int_equal(t->open_now, 0);
    assert_int_equal(t->open_peak, 1);
}

static void names_are_counted_as_offered_and_as_chosen(void **state)
{
    struct fixture *f = *state;
    for (uint64_t id = 1; id <= 3; id++) {
        begin(f, id, SESSION_UPGRADE);
        handshake(f, id, 101);
        end(f, id, END_FIN);
    }
    flush(f);
    const struct name_counts *names = &model_totals(f->model)->subprotocols;
    assert_int_equal(names->n, 2);
    assert_true(bytes_equal(names->list[0].name, bytes_of("chat")));
    assert_int_equal(names->list[0].sessions, 3);
    assert_int_equal(names->list[0].offered, 3);
    assert_true(bytes_equal(names->list[1].name, bytes_of("superchat")));
    assert_int_equal(names->list[1].sessions, 0);
    const struct name_counts *extensions = &model_totals(f->model)->extensions;
    assert_int_equal(extensions->n, 1);
    assert_true(bytes_equal(extensions->list[0].name, bytes_of("permessage-deflate")));
}

static struct event finding(uint64_t session, enum finding_id id, enum dir dir, const char *detail)
{
    struct event e = {.type = EVENT_FINDING, .session = session, .dir = dir, .ts = 4, .pkt = 4};
    e.finding.id = id;
    e.finding.detail = bytes_of(detail);
    return e;
}

static void findings_repeat_as_a_count(void **state)
{
    struct fixture *f = *state;
    begin(f, 1, SESSION_UPGRADE);
    for (int i = 0; i < 100; i++) {
        emit(f, finding(1, FINDING_MASK_MISSING, DIR_CLIENT_TO_SERVER, i == 0 ? "first" : "later"));
    }
    emit(f, finding(1, FINDING_MASK_MISSING, DIR_SERVER_TO_CLIENT, "other"));
    end(f, 1, END_FIN);
    flush(f);
    assert_int_equal(f->ended.finding_count, 2);
    assert_string_equal(f->detail, "first");
    assert_int_equal(f->findings, 101);
    assert_int_equal(model_totals(f->model)->findings[FINDING_MASK_MISSING], 101);
    assert_int_equal(model_totals(f->model)->findings_by_severity[SEVERITY_ERROR], 101);
}

static void findings_of_no_session_belong_to_the_capture(void **state)
{
    struct fixture *f = *state;
    emit(f, finding(0, FINDING_CAPTURE_TRUNCATED, DIR_CLIENT_TO_SERVER, "file"));
    emit(f, finding(0, FINDING_CAPTURE_TRUNCATED, DIR_CLIENT_TO_SERVER, "file"));
    flush(f);
    size_t n = 0;
    const struct finding_record *list = model_findings(f->model, &n);
    assert_int_equal(n, 1);
    assert_int_equal(list[0].count, 2);
    assert_true(bytes_equal(list[0].detail, bytes_of("file")));
}

static void thousands_of_sessions_come_and_go(void **state)
{
    struct fixture *f = *state;
    for (uint64_t id = 1; id <= 5000; id++) {
        begin(f, id, SESSION_UPGRADE);
        handshake(f, id, 101);
    }
    for (uint64_t id = 5000; id >= 1; id -= 2) {
        close_frame(f, id, DIR_CLIENT_TO_SERVER, 1001);
        end(f, id, END_RESET);
    }
    flush(f);
    assert_int_equal(f->ended_count, 2500);
    assert_int_equal(model_totals(f->model)->open_now, 2500);
    for (uint64_t id = 1; id <= 4999; id += 2) {
        end(f, id, END_IDLE);
    }
    flush(f);
    assert_int_equal(f->ended_count, 5000);
    assert_int_equal(f->opened, 5000);
    assert_int_equal(model_totals(f->model)->ends[CLOSE_IDLE], 2500);
    assert_int_equal(model_totals(f->model)->ends[CLOSE_UNANSWERED], 2500);
}

static void bodies_larger_than_the_arena_reach_the_model(void **state)
{
    struct fixture *f = *state;
    uint8_t *body = malloc(BATCH_ARENA_BYTES * 2);
    memset(body, 'x', BATCH_ARENA_BYTES * 2);
    begin(f, 1, SESSION_UPGRADE);
    for (int i = 0; i < 4; i++) {
        message(f, 1, DIR_CLIENT_TO_SERVER,
                (struct message){.opcode = 2,
                                 .flags = MESSAGE_FINISHED,
                                 .frames = 1,
                                 .body = {body, BATCH_ARENA_BYTES * 2}});
    }
    flush(f);
    free(body);
    assert_int_equal(f->messages, 4);
    assert_int_equal(f->batch->dropped, 0);
}

static void text(struct fixture *f, uint64_t session)
{
    message(f, session, DIR_CLIENT_TO_SERVER,
            (struct message){
                .opcode = 1, .flags = MESSAGE_FINISHED, .frames = 1, .wire_len = 5, .len = 5});
}

static void an_interval_counts_what_came_in_it(void **state)
{
    struct fixture *f = *state;
    begin(f, 1, SESSION_UPGRADE);
    handshake(f, 1, 101);
    text(f, 1);
    text(f, 1);
    flush(f);
    assert_int_equal(model_totals(f->model)->dir[0].text, 0); /* added up when told */
    model_interval_end(f->model);
    assert_int_equal(f->ended_count, 1);
    assert_int_equal(f->counts[0].text, 2);
    assert_int_equal(f->how, CLOSE_STILL_OPEN);
    assert_int_equal(model_totals(f->model)->dir[0].text, 2);
    model_interval_begin(f->model);
    assert_int_equal(model_totals(f->model)->sessions, 1);
    assert_int_equal(model_totals(f->model)->open_now, 1);
    assert_int_equal(model_totals(f->model)->dir[0].text, 0);
    assert_int_equal(model_totals(f->model)->message_sizes[0].count, 0);
    text(f, 1);
    end(f, 1, END_FIN);
    flush(f);
    assert_int_equal(f->ended_count, 2);
    assert_int_equal(f->counts[0].text, 1);
    assert_int_equal(model_totals(f->model)->dir[0].text, 1);
    assert_int_equal(model_sessions_ended(f->model), 1);
}

static void what_never_opened_is_told_of_once(void **state)
{
    struct fixture *f = *state;
    begin(f, 1, SESSION_UPGRADE);
    handshake(f, 1, 403);
    flush(f);
    model_interval_end(f->model);
    assert_int_equal(model_totals(f->model)->outcomes[OUTCOME_REFUSED], 1);
    model_interval_begin(f->model);
    assert_int_equal(model_totals(f->model)->sessions, 0);
    model_interval_end(f->model);
    end(f, 1, END_FIN);
    flush(f);
    assert_int_equal(f->ended_count, 1);
    assert_int_equal(model_totals(f->model)->outcomes[OUTCOME_REFUSED], 0);
    assert_int_equal(model_totals(f->model)->open_now, 0);
}

static void end_interval(struct fixture *f, struct totals *kept)
{
    flush(f);
    model_interval_end(f->model);
    totals_keep(kept, model_totals(f->model));
    model_interval_begin(f->model);
}

static void over_intervals_each_session_counts_once(void **state)
{
    struct fixture *f = *state;
    struct totals *kept = calloc(1, sizeof *kept);
    assert_non_null(kept);
    begin(f, 1, SESSION_UPGRADE);
    handshake(f, 1, 101);
    begin(f, 2, SESSION_MIDSTREAM);
    begin(f, 3, SESSION_UPGRADE);
    handshake(f, 3, 404);
    for (int i = 0; i < 3; i++) {
        text(f, 1);
        text(f, 2);
        close_frame(f, 1, DIR_CLIENT_TO_SERVER, 1000);
        close_frame(f, 1, DIR_SERVER_TO_CLIENT, 1000);
        end_interval(f, kept);
        assert_int_equal(kept->sessions, 1); /* the others go on */
        assert_int_equal(kept->outcomes[OUTCOME_OPEN], 0);
        assert_int_equal(kept->outcomes[OUTCOME_MIDSTREAM], 0);
        assert_int_equal(kept->outcomes[OUTCOME_REFUSED], 1);
        assert_int_equal(kept->dir[0].text, 2 * (i + 1));
    }
    for (uint64_t id = 1; id <= 3; id++) {
        end(f, id, END_FIN);
    }
    end_interval(f, kept);
    assert_int_equal(kept->sessions, 3);
    assert_int_equal(kept->outcomes[OUTCOME_OPEN], 1);
    assert_int_equal(kept->outcomes[OUTCOME_MIDSTREAM], 1);
    assert_int_equal(kept->outcomes[OUTCOME_REFUSED], 1);
    free(kept);
}

static void totals_now_hold_what_open_sessions_have(void **state)
{
    struct fixture *f = *state;
    static struct totals now;
    begin(f, 1, SESSION_UPGRADE);
    handshake(f, 1, 101);
    text(f, 1);
    flush(f);
    model_totals_now(f->model, &now);
    assert_int_equal(now.dir[0].text, 1);
    assert_int_equal(model_totals(f->model)->dir[0].text, 0);
}

static void a_listener_that_was_forgotten_is_told_no_more(void **state)
{
    struct fixture *f = *state;
    begin(f, 1, SESSION_UPGRADE);
    flush(f);
    model_forget(f->model, f);
    end(f, 1, END_FIN);
    flush(f);
    assert_int_equal(f->ended_count, 0);
}

int main(void)
{
#define MODEL_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        MODEL_TEST(frames_and_messages_are_counted_apart),
        MODEL_TEST(a_run_counts_like_its_messages),
        MODEL_TEST(how_a_session_closed),
        MODEL_TEST(outcomes),
        MODEL_TEST(names_are_counted_as_offered_and_as_chosen),
        MODEL_TEST(findings_repeat_as_a_count),
        MODEL_TEST(findings_of_no_session_belong_to_the_capture),
        MODEL_TEST(thousands_of_sessions_come_and_go),
        MODEL_TEST(an_interval_counts_what_came_in_it),
        MODEL_TEST(over_intervals_each_session_counts_once),
        MODEL_TEST(what_never_opened_is_told_of_once),
        MODEL_TEST(totals_now_hold_what_open_sessions_have),
        MODEL_TEST(a_listener_that_was_forgotten_is_told_no_more),
        MODEL_TEST(bodies_larger_than_the_arena_reach_the_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
